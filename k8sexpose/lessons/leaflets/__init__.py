"""TODO: lessons.leaflets."""
