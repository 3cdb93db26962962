"""Damaged files by the hundred thousand, given to every reader: `python -m tests.mutants`."""
