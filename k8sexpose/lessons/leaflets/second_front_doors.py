"""Questions of the leaflet second_front_doors."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/second_front_doors"

QUESTIONS: tuple[Question, ...] = ()
