"""Moved to explorers/keys.py."""

from .explorers.keys import Keys

__all__ = ["Keys"]
