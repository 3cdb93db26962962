"""What a report says, in chapters and sentences: the one place where values become words."""
