"""The frameworks whose graphs carry gradients, behind one protocol."""
