"""Questions of the leaflet session_affinity."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/session_affinity"

QUESTIONS: tuple[Question, ...] = ()
