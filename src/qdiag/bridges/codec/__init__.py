"""PennyLane's objects to circuits of ours, and back."""
