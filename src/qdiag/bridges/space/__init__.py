"""The space of circuits: every operation, observable and measurement that the installed PennyLane has, made with generic numbers."""
