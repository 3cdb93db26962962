"""qdiag: find the QNode call at which two differentiation methods part, say which is wrong and why, and prove it."""

__version__ = "0.1.0"
