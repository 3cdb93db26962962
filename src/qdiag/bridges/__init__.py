"""The only files that import a framework, and where versions differ."""
