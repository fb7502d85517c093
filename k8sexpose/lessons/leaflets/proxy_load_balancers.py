"""Questions of the leaflet proxy_load_balancers."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/proxy_load_balancers"

QUESTIONS: tuple[Question, ...] = ()
