"""Who is wrong: each method held against a simulation of our own that shares no gradient rule with any of them."""
