"""The extra hop: `questions`."""
