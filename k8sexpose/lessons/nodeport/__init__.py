"""NodePort: `questions`, and the exercise `repair`."""
