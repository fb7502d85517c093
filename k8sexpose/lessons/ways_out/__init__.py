"""Lesson 7, ways out: the exercise `decisions`."""
