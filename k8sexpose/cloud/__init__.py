"""TODO: cloud."""
