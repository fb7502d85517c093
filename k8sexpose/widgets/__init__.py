"""TODO: widgets."""
