"""Leaflets of ten minutes: questions on what is left over, and on sticky sessions."""
