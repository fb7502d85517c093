"""The latency explorer: load and latency of two traffic policies, side by side."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets

from ..._display import html_table
from ..._svg import TEXT
from ...traffic.policy_comparison import CONFIGURATIONS, HEAD, PolicyComparison
from .base import Explorer, choice
from .latency_sides import PLACES, LatencySetting, draw_sides, sample, turns_at
from .slider import Slider

__all__ = ["LatencyExplorer", "latency_explorer", "latency_page"]

Compare = Callable[[LatencySetting], PolicyComparison]

# Name of the field, label of its control, what can be chosen; a check box where nothing is listed.
CONTROLS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("pods", "Pods per node", PLACES),
    ("workers", "Workers per Pod", (1, 2, 4, 16)),
    ("policy", "Beside Cluster", tuple(CONFIGURATIONS)),
    ("clients", "Clients", (1, 10, 100, 1000, 10_000)),
    ("requests_per_connection", "Requests per connection", (1, 10, 100, 1000)),
    ("hop_ms", "An extra hop costs, ms", (0.0, 0.1, 0.5, 1.0, 2.5, 5.0)),
    ("sticky", "Each client always by the same node", ()),
    ("crossover", "Show where it turns", ()),
    ("utilisation", "Utilisation, %", ()),
)
READING = (
    "Above, a bar is a Pod: filled as sampled, its outline as expected for very many clients; the dotted line is the "
    "mean, the red one all that a Pod can serve. Below, how many requests took how long; the axis grows by tens. The "
    "line at the bottom is the utilisation."
)


def verdict(setting: LatencySetting, both: PolicyComparison) -> str:
    """Say which policy answers sooner: expected, or as sampled where few clients decide by chance.

    Parameters
    ----------
    setting : LatencySetting
        What is set.
    both : PolicyComparison
        What came of it.

    Returns
    -------
    str
        Two sentences, or three.

    Examples
    --------
    >>> verdict(LatencySetting(utilisation=10), sample(LatencySetting(utilisation=10)))
    'On average Local answers sooner: 11.5 ms, Cluster 11.8 ms. At the p99 Cluster: 51.8 ms, Local 52.3 ms.'
    """
    suffix = "sampled_" if setting.by_chance else ""
    said = []
    for words, column in (("On average {} answers sooner", "mean_ms"), ("At the p99 {}", "p99_ms")):
        (slow, slow_ms), (fast, fast_ms) = sorted(
            ((str(name), float(value)) for name, value in both.table[suffix + column].items()),
            key=lambda pair: -pair[1],
        )
        if slow_ms == fast_ms or slow_ms - fast_ms < 1e-9:
            said.append(words.format("neither") + f": {_ms(fast_ms)}.")
        else:
            said.append(words.format(fast) + f": {_ms(fast_ms)}, {slow} {_ms(slow_ms)}.")
    if setting.by_chance:
        said.append("(As sampled: few clients are uneven by chance.)")
    return " ".join(said)


def _ms(value: float) -> str:
    return "overloaded" if value == float("inf") else f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"


def latency_page(setting: LatencySetting, both: PolicyComparison | None = None) -> str:
    """Write the picture, what it says, and the table.

    Parameters
    ----------
    setting : LatencySetting
        What is set.
    both : PolicyComparison, optional
        What `sample` returned for this setting, where it is known already.

    Returns
    -------
    str
        HTML; the sentence is announced to screen readers.

    Examples
    --------
    >>> "On average Local answers sooner" in latency_page(LatencySetting(utilisation=10))
    True
    """
    both = sample(setting) if both is None else both
    said = verdict(setting, both)
    if setting.crossover:
        turns = turns_at(setting)
        said += f" It turns at {100 * turns['mean']:.3g} % (mean) and {100 * turns['p99']:.3g} % (p99)."
    table = html_table("Expected for very many clients (sampled in brackets)", HEAD, both.rows())
    note = f"Work: 10 ms on average, exponential. Sampled: {setting.requests:,} requests for each policy."
    return (
        f'<div class="jp-RenderedHTMLCommon" style="padding: 0; color: {TEXT}">{draw_sides(setting, both)}'
        f'<p role="status"><strong>{html.escape(said)}</strong></p>'
        f"<p><strong>How to read this.</strong> {READING}</p>"
        f'<div style="display: inline-block">{table}</div><p>{note}</p></div>'
    )


class LatencyExplorer(Explorer[LatencySetting]):
    """Controls above load and latency of two policies; `setting` holds their values.

    Parameters
    ----------
    setting : LatencySetting, optional
        Where to begin, and where Reset leads back to.
    compare : callable, optional
        Computes what is drawn for a setting; by default `sample`.

    Examples
    --------
    >>> explorer = LatencyExplorer()
    >>> explorer.controls["utilisation"].value = 60
    >>> explorer
    <Latency explorer: 60 % busy; Cluster mean 25.7 ms, p99 116 ms; Local mean 59.3 ms, p99 391 ms>
    """

    tall_px = 766

    def __init__(self, setting: LatencySetting | None = None, compare: Compare = sample) -> None:
        self.compare = compare
        self._quiet = False
        super().__init__(setting or LatencySetting())

    def make_controls(self) -> dict[str, Any]:
        """Make the slider, drop-downs and check boxes."""
        return {name: _control(name, label, options, getattr(self.first, name)) for name, label, options in CONTROLS}

    def arrange(self) -> list[Any]:
        """Put the cluster and the policy beside the traffic, and the slider right above the picture."""
        made = list(self.controls.values())
        columns = ipywidgets.HBox([ipywidgets.VBox(made[:3]), ipywidgets.VBox(made[3:6])])
        ticks = ipywidgets.HBox(made[6:8])
        for box in (columns, ticks):
            box.layout.flex_flow = "row wrap"
        return [columns, ticks, made[8]]

    def page(self) -> str:
        """Sample the present setting, and write the page."""
        setting = self.setting
        return latency_page(setting, self.compare(setting))

    def summary(self) -> str:
        """Say what to expect of both policies."""
        return f"Latency explorer: {self.compare(self.setting).caption}"

    def _redraw(self, change: object) -> None:
        if not self._quiet:
            super()._redraw(change)

    def _set(self, setting: LatencySetting) -> None:
        # Nine controls change, and one picture is drawn.
        self._quiet = True
        super()._set(setting)
        self._quiet = False
        self._redraw(setting)


def _control(name: str, label: str, options: tuple[Any, ...], value: Any) -> Any:
    if name == "utilisation":
        return Slider(label=label, min=1, max=95, value=value)
    if not options:
        return ipywidgets.Checkbox(value, description=label, indent=False, layout=ipywidgets.Layout(width="22em"))
    choices = options if value in options else (*options, value)
    return choice(label, choices, value, label_em=13, width_em=29)


def latency_explorer(setting: LatencySetting | None = None, **options: Any) -> LatencyExplorer:
    """Explore what a traffic policy does to load and latency, beside policy Cluster.

    Parameters
    ----------
    setting : LatencySetting, optional
        Where to begin; by default two Pods on one node, one on another, 30 % busy.
    **options : object
        Fields of the setting that are to differ: ``utilisation=60``.

    Returns
    -------
    LatencyExplorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> latency_explorer()
    <Latency explorer: 30 % busy; Cluster mean 15 ms, p99 66.5 ms; Local mean 15.7 ms, p99 74.4 ms>
    """
    return LatencyExplorer(replace(setting or LatencySetting(), **options))
