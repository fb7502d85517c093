"""Your own cluster: its `questions`, the table `placement`, and the exercise `mend`."""
