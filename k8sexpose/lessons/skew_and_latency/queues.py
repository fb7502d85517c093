"""The queue of one Pod, drawn: how many requests it has at every moment, and how precise a simulated time is."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pandas as pd

from ..._display import LITERAL
from ..._palette import CONCEPTS
from ..._svg import FAINT, Element, document, grid, images, readable, rect, text
from ...api.checks import positive
from ...traffic.policies import both_policies
from ...traffic.policy_comparison import latency_curves
from ...traffic.precision import plus_minus
from ...traffic.simulation import Traffic
from ...widgets.explorers.base import VIEW
from ...widgets.explorers.queue_view import QueueView, requests_of
from .questions import NAME, cluster_with

__all__ = ["Queues", "crossovers", "queues", "response_time"]

WINDOW_MS = 1000.0
SEED = 12  # a second in which the queues are about as long as they are on average
# So wide that a phone shows it whole; a request is a row of this height in every panel, so that they can be compared.
WIDTH, LEFT, UNIT, HEAD, GROWS, SPARE = 300, 28, 5, 34, 1.6, 2
CRISP = {"shape_rendering": "crispEdges"}
READING = (
    "Time runs to the right: one second. The height is the number of requests in the Pod, on the same scale in all "
    "panels. The blue row is the request that the Pod works on, the grey part above it are the requests that wait. "
    "Where the dots are played, a line moves over the picture: the dots show the moment at which it is."
)
KINDS = ("mean", "p50", "p95", "p99")


def counts_over_time(requests: list[list[float]], step_ms: float = 2.0) -> list[int]:
    """Return how many requests are in the Pod, every few milliseconds of the stretch.

    Examples
    --------
    >>> counts_over_time([[0.0, 0.0, 400.0], [300.0, 400.0, 700.0]], step_ms=250)
    [1, 1, 1, 0]
    """
    moments = [number * step_ms for number in range(round(WINDOW_MS / step_ms))]
    return [sum(arrives <= moment < ends for arrives, _, ends in requests) for moment in moments]


CURSOR = [LEFT / WIDTH, (WIDTH - 4) / WIDTH]  # where the second begins and ends, as parts of the picture's width


def draw_queues(stretches: dict[float, list[list[float]]]) -> str:
    """Return the picture of several utilisations, one below the other."""
    parts: list[Element] = []
    said, foot = [], 0
    for busy, requests in stretches.items():
        counts = counts_over_time(requests)
        top = foot + HEAD
        foot = top + UNIT * (max(counts, default=0) + SPARE)
        parts.append(text(0, top - 14, f"{busy:g} % busy", bold=True))
        parts.append(text(84, top - 14, "number of requests in the Pod", color=FAINT, size=12))
        parts += _panel(top, foot, counts)
        said.append(f"{busy:g} % busy: {sum(max(count - 1, 0) for count in counts) / len(counts):.1f} requests wait")
        foot += 18
    told = f"Requests in a Pod over one second, on average: {'; '.join(said)}."
    return readable(document(told, WIDTH, foot + 4, parts, grows=GROWS))


def _panel(top: float, foot: float, counts: list[int]) -> list[Element]:
    """Return the panel of one utilisation: axes, the request in work, and those that wait."""
    width, right = WIDTH - LEFT - 4, WIDTH - 4
    marks = [mark for mark in (0, 5, 10, 20) if foot - UNIT * mark >= top]
    parts = list(grid(LEFT, width, ((foot - UNIT * mark, str(mark)) for mark in marks)))
    for part, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        parts.append(text(LEFT + part * width, foot + 14, f"{part:g} s", anchor, size=12, color=FAINT))
    step = (right - LEFT) / len(counts)
    for begin, end, count in _steps(counts):
        x, wide = LEFT + begin * step, (end - begin) * step
        parts.append(rect(x, foot - UNIT, wide, UNIT, fill=CONCEPTS["Pod"].color, **CRISP))
        if count > 1:
            parts.append(rect(x, foot - UNIT * count, wide, UNIT * (count - 1), fill=FAINT, opacity=0.8, **CRISP))
    return parts


def _steps(counts: list[int]) -> list[tuple[int, int, int]]:
    """Return the stretches in which a count above 0 stays the same: begin, end, count."""
    found: list[tuple[int, int, int]] = []
    for at, count in enumerate(counts):
        if found and found[-1][1] == at and found[-1][2] == count:
            found[-1] = (found[-1][0], at + 1, count)
        elif count:
            found.append((at, at + 1, count))
    return found


class Queues(ipywidgets.VBox):  # type: ignore[misc]
    """One Pod at several utilisations: dots that arrive, wait and are served, and the same second as a picture."""

    def __init__(self, busy: tuple[float, ...]) -> None:
        stretches = {one: requests_of(one / 100, 1, WINDOW_MS, (SEED, round(one))) for one in busy}
        self.page = f"<div>{draw_queues(stretches)}<p><strong>How to read this.</strong> {READING}</p></div>"
        self.moving = QueueView()
        self.moving.rows = [
            {
                "policy": "One Pod, one request at a time", "color": CONCEPTS["Pod"].color, "pod": "the Pod",
                "busy": round(one), "requests": requests, "window": WINDOW_MS, "cursor": CURSOR,
            }
            for one, requests in stretches.items()
        ]  # fmt: skip
        self.busy = busy
        picture = ipywidgets.HTML(self.page)
        picture.add_class("k8sexpose-page")  # queue_view.css lets the picture scroll, and its words wrap
        super().__init__([self.moving, picture])
        self.add_class("k8sexpose-queues")  # queue_view.js moves its line over this picture

    def __repr__(self) -> str:
        return f"<The queue of one Pod at {', '.join(f'{one:g} %' for one in self.busy)}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the live widget, and where none can live the picture."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        page = f'<div class="{LITERAL}">{images(self.page)}</div>'
        return {VIEW: view, "text/plain": repr(self), "text/html": page}


def queues(*utilisations: float) -> Queues:
    """Show the queue of one Pod that works on one request at a time, 10 ms on average, at several utilisations.

    Parameters
    ----------
    *utilisations : float
        In percent, above 0 and below 100.

    Returns
    -------
    Queues
        A widget; without a kernel, a picture.

    Examples
    --------
    >>> queues(30, 60, 90)
    <The queue of one Pod at 30 %, 60 %, 90 %>
    """
    if not utilisations:
        raise ValueError("queues needs one utilisation or more, in percent, such as queues(30, 60, 90)")
    for one in utilisations:
        positive(one, "utilisation", at_most=99)
    return Queues(utilisations)


def response_time(traffic: Traffic, kind: str = "mean") -> str:
    """Write a response time of a simulation with its standard error.

    Parameters
    ----------
    traffic : Traffic
        What `simulate` returned.
    kind : str
        ``"mean"``, ``"p50"``, ``"p95"`` or ``"p99"``.

    Returns
    -------
    str
        Such as ``87 ± 2 ms``.

    Examples
    --------
    >>> from k8sexpose import simulate
    >>> response_time(simulate(cluster_with(1), NAME, requests=100_000, rate_rps=60)).endswith(" ms")
    True
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    return plus_minus(float(traffic.summary[f"{kind}_ms"]), float(traffic.summary[f"{kind}_se_ms"]))


def crossovers(*placements: str, workers: tuple[int, ...] | list[int] = (1, 4), hop_ms: float = 1.0) -> pd.DataFrame:
    """List above which utilisation Local is slower than Cluster, for several placements and numbers of workers.

    Parameters
    ----------
    *placements : str
        Pods on each node, such as ``"2 + 1"``.
    workers : sequence of int
        How many requests a Pod serves at once.
    hop_ms : float
        What an extra hop adds.

    Returns
    -------
    DataFrame
        A row for each placement and number of workers.

    Examples
    --------
    >>> crossovers("2 + 1", "1 + 1", workers=[1]).T
    Pods per node                             2 + 1  1 + 1
    workers                                       1      1
    Local is slower on average above         19.5 %  never
    Local is slower at the p99 above         6.51 %  never
    """
    rows = []
    for placement in placements:
        per_node = [int(count) for count in placement.split("+")]
        for each in workers:
            both = both_policies(cluster_with(*per_node), NAME)
            found = latency_curves(both, NAME, hop_ms=hop_ms, workers=each, points=2).attrs
            rows.append((placement, each, _above(found["mean"]), _above(found["p99"])))
    head = ["Pods per node", "workers", "Local is slower on average above", "Local is slower at the p99 above"]
    return pd.DataFrame(rows, columns=head).set_index("Pods per node")


def _above(utilisation: float) -> str:
    return "never" if utilisation >= 1 else f"{100 * utilisation:.3g} %"
