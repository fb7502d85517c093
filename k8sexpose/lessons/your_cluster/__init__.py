"""TODO: lessons.your_cluster."""
