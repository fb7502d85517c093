"""Questions of the leaflet tcp_and_udp."""

from __future__ import annotations

from ..forms import Question

__all__ = ["QUESTIONS"]

LESSON = "leaflets/tcp_and_udp"

QUESTIONS: tuple[Question, ...] = ()
