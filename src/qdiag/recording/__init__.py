"""The user's script in a process of its own, observed without being changed."""
