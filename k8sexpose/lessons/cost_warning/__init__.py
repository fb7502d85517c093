"""Lesson 3, the cost warning: `questions`, and the exercise `savings`."""
