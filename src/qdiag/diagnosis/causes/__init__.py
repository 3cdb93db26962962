"""The causes, one file a family."""
