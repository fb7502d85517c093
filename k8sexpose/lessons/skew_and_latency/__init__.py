"""Lesson 6, skew and latency: `questions`, and the limits of the model."""
