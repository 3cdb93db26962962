"""What a device may be trusted with: every specimen of the space under every method that it offers, each held against the arbiter."""
