"""One outline of a result, rendered four ways."""
