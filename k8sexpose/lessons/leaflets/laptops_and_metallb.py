"""Questions of the leaflet laptops_and_metallb."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/laptops_and_metallb"

QUESTIONS: tuple[Question, ...] = ()
