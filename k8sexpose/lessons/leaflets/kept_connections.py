"""Questions of the leaflet kept_connections."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/kept_connections"

QUESTIONS: tuple[Question, ...] = ()
