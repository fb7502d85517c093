"""The arrow keys, for controls inside a notebook."""

from __future__ import annotations

from pathlib import Path

import anywidget

from ..notebook_keys import with_notebook_keys

__all__ = ["Keys"]


class Keys(anywidget.AnyWidget):
    """Lets the controls beside it have the arrow keys, which the notebook would take; it shows nothing.

    Examples
    --------
    >>> "data-lm-suppress-shortcuts" in Keys()._esm
    True
    """

    _esm = with_notebook_keys(Path(__file__).parent / "keys.js")
    # Beside a table that is wider than the page, text is not cut: the table scrolls by itself. A label that is wider
    # than the page is broken, and its drop-down comes below it.
    _css = """
    .k8sexpose-page > .widget-html-content { min-width: 0 }
    .k8sexpose-keys .widget-dropdown, .k8sexpose-keys .widget-checkbox { height: auto; flex-wrap: wrap; }
    .k8sexpose-keys :is(.widget-dropdown, .widget-checkbox) :is(label, label > span) {
      white-space: normal; height: auto; line-height: 1.4; overflow: visible; }
    .k8sexpose-keys .widget-dropdown > select { flex: 0 1 auto; min-height: 28px; max-width: 100%; }
    /* The browser's own arrow has the colour of the text; that of ipywidgets is black, also on black. */
    .k8sexpose-keys .widget-dropdown > select { appearance: auto; background-image: none; padding-right: 0; }
    """

    def __repr__(self) -> str:
        return "<Keys>"
