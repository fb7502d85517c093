"""Questions of lesson 7: how to get the client's address, no extra hop, and an even load."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "07_ways_out"

QUESTIONS: tuple[Question, ...] = ()
