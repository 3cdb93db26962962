"""Two evaluations side by side: how far apart they are, and whether rounding explains it."""
