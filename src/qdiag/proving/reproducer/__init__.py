"""A divergence as a short stand-alone script that exits 1 while it is there: written here, and run in a fresh process."""
