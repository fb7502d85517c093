"""Lesson 1, NodePort: `questions`, and the exercise `repair`."""
