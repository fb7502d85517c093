"""What the latency explorer compares and draws: a setting, the two clusters behind it, and a picture of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, Element, document, grid, path, rect, side_by_side, text
from ...data import example
from ...model import Cluster
from ...plots.traffic import Look, side_looks
from ...traffic.policies import crossover, view
from ...traffic.policy_comparison import (
    CONFIGURATIONS,
    Configuration,
    Expected,
    PolicyComparison,
    compare_policies,
)
from ...traffic.simulation import Traffic

__all__ = ["LatencySetting", "clusters_of", "draw_sides", "reading", "sample", "turns_at"]

NAME, APP, SERVICE_MS = "public-api-lb", "api-backend", 10.0
PLACES = ("1 + 1 + 1", "2 + 1", "2 + 1 + 0", "3 + 1", "4 + 3 + 3", "5 + 4 + 1", " + ".join(["2"] * 9 + ["1"]), "10 × 1")


@dataclass(frozen=True, slots=True)
class LatencySetting:
    """What can be set in the explorer.

    Parameters
    ----------
    pods : str
        Pods per node: ``2 + 1``, or ``10 × 1`` for one on each of ten.
    workers : int
        How many requests a Pod serves at once.
    policy : str
        What stands beside Cluster: a key of `CONFIGURATIONS`.
    utilisation : int
        Of each worker of the average Pod, in percent.
    clients : int
        From how many clients the requests come.
    requests_per_connection : int
        How many requests a client sends before it opens its next connection.
    sticky : bool
        Whether the load balancer sends all connections of a client to the same place.
    hop_ms : float
        What an extra hop adds, in milliseconds; the work itself takes 10 ms on average.
    crossover : bool
        Whether the picture marks the crossover.

    Examples
    --------
    >>> LatencySetting("10 × 1").per_node
    (1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    """

    pods: str = "2 + 1"
    workers: int = 1
    policy: str = "Local"
    utilisation: int = 60
    clients: int = 1000
    requests_per_connection: int = 1
    sticky: bool = False
    hop_ms: float = 1.0
    crossover: bool = False

    @property
    def per_node(self) -> tuple[int, ...]:
        """Pods of each node."""
        nodes, times, each = self.pods.partition("×")
        if times:
            return (int(each),) * int(nodes)
        return tuple(int(count) for count in self.pods.split("+"))

    @property
    def requests(self) -> int:
        """How many requests are sampled for each policy: fewer where a slower loop computes them."""
        return 50_000 if self.workers == 1 else 10_000

    @property
    def by_chance(self) -> bool:
        """Whether few clients or long connections make the shares uneven by chance, so that the sample decides."""
        return self.sticky or self.requests_per_connection > 1

    @property
    def python(self) -> str:
        """The same as a program."""
        way, nodes = CONFIGURATIONS[self.policy], len(self.per_node)
        lines = [f'name, clusters = "{NAME}", {{}}']
        for policy, provider, patch in (("Cluster", "generic", None), (self.policy, way.provider, way.patch)):
            lines += [
                f'cluster = clusters["{policy}"] = kx.Cluster(nodes={nodes}, provider="{provider}")',
                f'cluster.deploy("{APP}", per_node={list(self.per_node)})',
                "cluster.apply(kx.example(name))",
            ]
            lines += [f"cluster.patch(name, {patch})"] if patch else []
        lines += [
            "kx.compare_policies(",
            f"    clusters, name, utilisation={self.utilisation / 100:g}, workers={self.workers}, "
            f"hop_ms={self.hop_ms:g}, clients={self.clients},",
            f"    requests_per_connection={self.requests_per_connection}, sticky={self.sticky}, "
            f"requests={self.requests},",
            ")",
        ]
        return "\n".join(lines)


@lru_cache(maxsize=64)
def clusters_of(pods: str, policy: str) -> dict[str, Cluster]:
    """Build the two clusters of a setting.

    Examples
    --------
    >>> list(clusters_of("2 + 1", "Local"))
    ['Cluster', 'Local']
    """
    found, per_node = {}, LatencySetting(pods).per_node
    for name, way in (("Cluster", Configuration("generic", {})), (policy, CONFIGURATIONS[policy])):
        cluster = found[name] = Cluster(nodes=len(per_node), provider=way.provider)
        cluster.deploy(APP, per_node=list(per_node))
        cluster.apply(example(NAME))
        if way.patch:
            cluster.patch(NAME, way.patch)
    return found


def sample(setting: LatencySetting) -> PolicyComparison:
    """Send the requests of a setting through both clusters.

    Examples
    --------
    >>> sample(LatencySetting(utilisation=10)).faster
    {'mean': 'Local', 'p99': 'Cluster'}
    """
    return compare_policies(
        clusters_of(setting.pods, setting.policy), NAME, utilisation=setting.utilisation / 100,
        requests=setting.requests, clients=setting.clients, requests_per_connection=setting.requests_per_connection,
        service_ms=SERVICE_MS, workers=setting.workers, hop_ms=setting.hop_ms, sticky=setting.sticky,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _turns_at(pods: str, policy: str, workers: int, hop_ms: float) -> dict[str, float]:
    views = [view(one, NAME, hop_ms=hop_ms) for one in clusters_of(pods, policy).values()]
    return crossover(views, service_ms=SERVICE_MS, workers=workers)


def turns_at(setting: LatencySetting) -> dict[str, float]:
    """Return the crossover of a setting, for the ``mean`` and the ``p99``; see `crossover_utilisation`.

    Examples
    --------
    >>> round(turns_at(LatencySetting())["mean"], 3)
    0.195
    """
    return _turns_at(setting.pods, setting.policy, setting.workers, setting.hop_ms)


# -- drawing -----------------------------------------------------------------------------------------------------------

# Each policy has a drawing of its own, which fits a phone.
WIDTH, LEFT = 300, 36
PANEL = WIDTH - LEFT - 4
LOAD_TOP, LOAD_HEIGHT, FULLEST = 44, 120, 1.5  # the load axis ends at 150 %
SPEED_TOP, SPEED_HEIGHT, FASTEST_MS, SLOWEST_MS, BINS = 248, 80, 0.1, 30_000.0, 80
HEIGHT, STRIP = SPEED_TOP + SPEED_HEIGHT + 26, 74
INK = "#111111"


def draw_sides(setting: LatencySetting, both: PolicyComparison) -> str:
    """Draw load and latency of two policies side by side, as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> setting = LatencySetting(utilisation=10)
    >>> 'aria-label="Load at 10 % utilisation. Cluster:' in draw_sides(setting, sample(setting))
    True
    """
    looks = side_looks(list(both.expected))
    drawings = []
    for name, one in both.expected.items():
        seen = both.traffic[name]
        parts = [
            text(0, 16, name, size=15, bold=True),
            text(0, 34, "load of each Pod, % of what it can serve", size=12, color=FAINT),
            *_load(LEFT, one, seen, looks[name]),
            text(0, SPEED_TOP - 42, "response time, sampled", size=12, color=FAINT),
            *_speed(LEFT, seen, looks[name]),
        ]
        loads = ", ".join(f"{pod} {100 * busy:.0f}" for pod, busy in seen.by_pod["utilisation"].items())
        quantiles = f"p50 {seen.summary['p50_ms']:.3g} ms, p99 {seen.summary['p99_ms']:.3g} ms"
        said = f"Load at {setting.utilisation} % utilisation. {name}: {loads} percent, {quantiles}."
        drawings.append(document(said, WIDTH, HEIGHT, parts))
    if setting.crossover:
        turns = ", ".join(f"{kind} at {100 * turn:.3g} %" for kind, turn in turns_at(setting).items())
        drawings.append(document(f"Where the order changes: {turns}.", WIDTH, STRIP + 26, _strip(setting)))
    return side_by_side(*drawings)


def reading(setting: LatencySetting, both: PolicyComparison) -> str:
    """Return how to read the picture of a setting."""
    said = (
        "Above, a bar is a Pod: filled as sampled in a simulation, its outline as expected by formula for very many "
        "clients. The dotted line is the mean, the solid line is 100%: all that a Pod can serve. Below, how many "
        "requests took how long in the simulation, on a logarithmic axis."
    )
    if any(_busiest(one) >= 1 for one in both.expected.values()):
        said += (
            " More arrives at a Pod above 100% than it can serve. It is overloaded: its queue grows as long as "
            "requests come. So no response time can be expected, and the sampled ones only say how long the "
            "simulation lasted."
        )
    if setting.crossover:
        said += " The strips show at which utilisation which of the two answers sooner."
    return said


def _busiest(one: Expected) -> float:
    """Return the expected utilisation of the busiest Pod."""
    return one.utilisation * len(one.shares) * max(one.shares.values(), default=0.0)


def _load(left: float, one: Expected, seen: Traffic, look: Look) -> list[Element]:
    """Draw a bar for each Pod: sampled filled, expected as an outline; Pods of a node are side by side."""
    parts = list(grid(left, PANEL, ((_y(percent / 100), str(percent)) for percent in (0, 50, 100))))
    parts.append(path(f"M{left} {_y(1):.1f} h{PANEL}", stroke=CONCEPTS["dropped"].color, stroke_width=1.6))
    nodes: dict[object, list[tuple[float, float]]] = {}
    for pod, node, busy in zip(seen.by_pod.index, seen.by_pod["node"], seen.by_pod["utilisation"], strict=True):
        expected = one.utilisation * len(one.shares) * one.shares.get(str(pod), 0.0)
        nodes.setdefault(node, []).append((float(busy), expected))
    each = PANEL / (len(seen.by_pod) + 0.6 * len(nodes))
    x = left + 0.3 * each
    for node, pods in nodes.items():
        middle = x + each * len(pods) / 2
        words = str(node) if len(nodes) < 4 else str(node).rpartition("-")[2]
        parts.append(text(middle, _y(0) + 16, words, "middle"))
        for busy, expected in pods:
            parts.append(_bar(x + 0.06 * each, 0.88 * each, busy, fill=look.color))
            parts.append(_bar(x + 0.06 * each, 0.88 * each, expected, fill="none", stroke=TEXT, stroke_width=1.5))
            if each > 26:
                inside = busy > 0.2  # dark ink reads on the colours of both themes
                up, ink = (_y(0) - 7, INK) if inside else (_y(busy) - 5, TEXT)
                parts.append(text(x + each / 2, up, f"{100 * busy:.0f}", "middle", color=ink, bold=True))
            x += each
        x += 0.6 * each
    mean = _y(sum(seen.by_pod["utilisation"]) / len(seen.by_pod))
    parts.append(path(f"M{left} {mean:.1f} h{PANEL}", stroke_width=1.2, stroke_dasharray="2 4"))
    return parts


def _y(busy: float) -> float:
    return LOAD_TOP + LOAD_HEIGHT * (1 - min(busy, FULLEST) / FULLEST)


def _bar(x: float, width: float, busy: float, **look: str | float) -> Element:
    return rect(x, _y(busy), width, _y(0) - _y(busy), **look)


def _x(left: float, ms: float) -> float:
    decades = math.log10(SLOWEST_MS / FASTEST_MS)
    return left + PANEL * min(max(math.log10(max(ms, 1e-9) / FASTEST_MS) / decades, 0.0), 1.0)


def _speed(left: float, seen: Traffic, look: Look) -> list[Element]:
    """Draw the histogram of latencies over a logarithmic axis, and three quantiles."""
    decades = math.log10(SLOWEST_MS / FASTEST_MS)
    place = ((np.log10(np.maximum(seen.latency_ms, FASTEST_MS)) - math.log10(FASTEST_MS)) * (BINS / decades)).astype(
        int
    )
    counts = np.bincount(np.minimum(place, BINS - 1), minlength=BINS)
    foot = SPEED_TOP + SPEED_HEIGHT
    heights = foot - SPEED_HEIGHT * counts / max(int(counts.max()), 1)
    step = PANEL / BINS
    outline = "".join(f"L{left + k * step:.1f} {y:.1f}h{step:.1f}" for k, y in enumerate(heights.tolist()))
    parts = [path(f"M{left} {foot}{outline}V{foot}Z", fill=look.color, fill_opacity=0.7)]
    for ms, words in ((1, "1 ms"), (10, "10"), (100, "100"), (1000, "1 s"), (10_000, "10 s")):
        x = _x(left, ms)
        parts += [path(f"M{x:.1f} {foot} v5", stroke=FAINT), text(x, foot + 18, words, "middle", size=12)]
    for name, column, up in (("p50", "p50_ms", 6), ("p99", "p99_ms", 6)):
        value = float(seen.summary[column])
        if not math.isfinite(value):
            continue
        x = _x(left, value)
        parts.append(path(f"M{x:.1f} {SPEED_TOP - up} V{foot}", stroke_width=1.5, stroke_dasharray="3 3"))
        # A p99 at the right edge goes to the left of its line, and above the p50.
        edge = name == "p99" and x > left + PANEL - 80
        anchor, shift = ("end", 4) if name == "p50" or edge else ("start", -4)
        shown = f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"
        parts.append(text(x + shift, SPEED_TOP - up - (18 if edge else 5), f"{name} {shown}", anchor, bold=True))
    return parts


def _strip(setting: LatencySetting) -> list[Element]:
    """Draw the utilisation on a line from 0 to 100 %, and where each policy answers sooner."""
    length = WIDTH - LEFT - 20
    parts = [path(f"M{LEFT} {STRIP} h{length}", stroke=FAINT, stroke_width=2)]
    for percent in (0, 20, 40, 60, 80, 100):
        parts.append(text(LEFT + length * percent / 100, STRIP + 20, f"{percent} %", "middle", size=12))
    looks = side_looks(["Cluster", setting.policy])
    for row, (kind, crossing) in enumerate(turns_at(setting).items()):
        y, at = STRIP - 34 + 15 * row, LEFT + length * crossing
        for name, x, width in ((setting.policy, LEFT, at - LEFT), ("Cluster", at, LEFT + length - at)):
            if width > 0.5:
                parts.append(rect(x, y, width, 14, fill=looks[name].color, stroke=TEXT, stroke_width=0.7))
            if width > 130:
                parts.append(text(x + width / 2, y + 11, f"{name} answers sooner", "middle", size=12, color=INK))
        parts.append(text(LEFT - 6, y + 11, kind, "end", size=12))
    here = LEFT + length * setting.utilisation / 100
    parts.append(path(f"M{here:.1f} {STRIP + 6} v-44", stroke_width=3))
    parts.append(text(here, STRIP - 42, f"{setting.utilisation} % busy", "middle", bold=True, size=12))
    return parts
