"""Questions of the leaflet rolling_updates."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/rolling_updates"

QUESTIONS: tuple[Question, ...] = ()
