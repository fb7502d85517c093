"""Questions of the leaflet pod_calls_itself."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/pod_calls_itself"

QUESTIONS: tuple[Question, ...] = ()
