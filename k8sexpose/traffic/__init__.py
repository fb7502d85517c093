"""TODO: traffic."""
