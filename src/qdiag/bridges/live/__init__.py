"""A QNode of the user's while it is called: what it was given, what it gave, what its graph follows."""
