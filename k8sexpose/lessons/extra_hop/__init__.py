"""TODO: lessons.extra_hop."""
