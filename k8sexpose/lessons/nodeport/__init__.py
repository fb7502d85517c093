"""TODO: lessons.nodeport."""
