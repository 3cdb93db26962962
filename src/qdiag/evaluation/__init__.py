"""A circuit under a method, evaluated: here, or in a warm worker process."""
