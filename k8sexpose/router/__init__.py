"""TODO: router."""
