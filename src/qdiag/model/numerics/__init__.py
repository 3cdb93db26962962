"""The arithmetic that needs no framework: gates and states as arrays, derivatives, and what rounding may do."""
