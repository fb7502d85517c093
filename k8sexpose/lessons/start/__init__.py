"""TODO: lessons.start."""
