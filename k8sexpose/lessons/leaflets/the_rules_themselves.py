"""Questions of the leaflet the_rules_themselves."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/the_rules_themselves"

QUESTIONS: tuple[Question, ...] = ()
