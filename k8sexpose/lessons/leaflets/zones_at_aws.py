"""Questions of the leaflet zones_at_aws."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/zones_at_aws"

QUESTIONS: tuple[Question, ...] = ()
