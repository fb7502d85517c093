"""The cost warning: `questions`, and the exercise `savings`."""
