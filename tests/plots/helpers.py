"""Texts and ids of a figure."""

from __future__ import annotations

from typing import Any


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]
