"""What must not leave this machine with a report."""
