"""The experiments: each asks the same question with exactly one thing changed. They change questions; only `diagnose` asks them."""
