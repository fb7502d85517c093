"""Recorded answers of the real programs, and the runners that compare the model with them."""
