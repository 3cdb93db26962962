"""From evaluations to divergences, and to who is wrong."""
