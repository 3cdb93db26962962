"""From a failing circuit to the few operations that matter."""
