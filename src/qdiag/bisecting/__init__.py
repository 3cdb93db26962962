"""Which release broke it: layers of other releases, a script run on them, and a search that asks few of them."""
