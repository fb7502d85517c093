"""The arrow keys, for controls inside a notebook."""

from __future__ import annotations

from pathlib import Path

import anywidget

__all__ = ["Keys"]


class Keys(anywidget.AnyWidget):
    """Lets the controls beside it have the arrow keys, which the notebook would take; it shows nothing.

    Examples
    --------
    >>> "data-lm-suppress-shortcuts" in Keys()._esm
    True
    """

    _esm = Path(__file__).parent / "keys.js"

    def __repr__(self) -> str:
        return "<Keys>"
