"""Questions of the leaflet from_inside."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/from_inside"

QUESTIONS: tuple[Question, ...] = ()
