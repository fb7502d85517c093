"""Skew and latency: `questions`, and the limits of the model."""
