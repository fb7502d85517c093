"""Lesson 8, your cluster: `questions`, and the exercise `mend`."""
