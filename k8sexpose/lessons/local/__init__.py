"""Lesson 5, Local: `questions`, and the exercise `five_cases`."""
