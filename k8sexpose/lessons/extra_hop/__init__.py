"""Lesson 4, the extra hop: `questions`."""
