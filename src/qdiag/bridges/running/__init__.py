"""A recorded circuit under a method."""
