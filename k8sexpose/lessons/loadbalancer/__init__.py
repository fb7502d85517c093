"""Lesson 2, LoadBalancer: `questions`, and the exercises `offices` and `pending`."""
