"""TODO: lessons.local."""
