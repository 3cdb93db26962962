"""A circuit as Python that a person would write."""
