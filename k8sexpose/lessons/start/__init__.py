"""Start here: `questions`."""
