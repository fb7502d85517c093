"""TODO: lessons.skew_and_latency."""
