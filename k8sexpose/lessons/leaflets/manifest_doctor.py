"""Questions of the leaflet manifest_doctor."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/manifest_doctor"

QUESTIONS: tuple[Question, ...] = ()
