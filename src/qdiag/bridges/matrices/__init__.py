"""A circuit's operations as matrices of our own, checked against PennyLane's."""
