"""Questions of the leaflet check_on_kind."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/check_on_kind"

QUESTIONS: tuple[Question, ...] = ()
