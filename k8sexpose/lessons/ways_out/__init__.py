"""Ways out: the exercise `decisions`."""
