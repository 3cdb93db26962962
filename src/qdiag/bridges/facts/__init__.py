"""What only PennyLane can say about a circuit."""
