"""The keys that run a cell, for widgets that keep the other keys from the notebook."""

from __future__ import annotations

from pathlib import Path

__all__ = ["with_notebook_keys"]

KEYS = Path(__file__).with_suffix(".js")


def with_notebook_keys(script: Path) -> str:
    """Return a widget's script, to which Shift+Enter and Escape get back from its controls to the notebook.

    Examples
    --------
    >>> "Escape" in with_notebook_keys(Path(__file__).parent / "explorers" / "keys.js")
    True
    """
    # As text: of a file, anywidget would keep a listener for ever, and with it the widget.
    return script.read_text(encoding="utf-8") + KEYS.read_text(encoding="utf-8")
