"""A slider that has a name for screen readers and obeys the keyboard in JupyterLab and Notebook alike."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

__all__ = ["Slider"]


class Slider(anywidget.AnyWidget):
    """A whole number, dragged or set by the arrow keys.

    Parameters
    ----------
    label : str
        What it sets.
    value, min, max, step : int
        Where it stands, its ends, and what one arrow key does.

    Examples
    --------
    >>> Slider(label="Services", value=50, min=1, max=100)
    <Slider Services: 50>
    """

    _esm = Path(__file__).parent / "slider.js"
    _css = """
    .kx-slider { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.6em; max-width: 100%;
                 color: var(--jp-ui-font-color1, inherit);
                 font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); }
    .kx-slider input { width: 24em; max-width: 60vw; accent-color: #0072b2; }
    .kx-slider output { font-weight: bold; min-width: 3em; }
    """

    label = traitlets.Unicode("value").tag(sync=True)
    value = traitlets.Int(0).tag(sync=True)
    min = traitlets.Int(0).tag(sync=True)
    max = traitlets.Int(100).tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    @traitlets.validate("value")
    def _within(self, proposal: dict[str, int]) -> int:
        """Keep to the ends."""
        return int(min(max(proposal["value"], self.min), self.max))

    def __repr__(self) -> str:
        return f"<Slider {self.label}: {self.value}>"
