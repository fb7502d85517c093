"""Your own cluster: `questions`, and the exercise `mend`."""
