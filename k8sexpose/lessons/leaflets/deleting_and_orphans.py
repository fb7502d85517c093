"""Questions of the leaflet deleting_and_orphans."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/deleting_and_orphans"

QUESTIONS: tuple[Question, ...] = ()
