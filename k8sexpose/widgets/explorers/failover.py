"""The explorer of lesson 2: a node crashes, and for how long clients of the load balancer notice it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from ..._display import scrolling
from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, Element, document, grid, path, rect, text
from ...api.checks import check_arguments
from ...cloud.providers import provider
from ...cluster.state import NODE_MONITOR_GRACE_S
from ...data import example
from ...model import Cluster
from ...traffic.crash import Crash, watch_crash
from .base import Control, Explorer, Parts

__all__ = ["CRASH", "CrashSetting", "draw_crash", "failover_explorer"]

NAME, NODE, WATCHED_S, BEFORE_S = "public-api-lb", "node-1", 180, 20
WIRED_S, READY_S = 10, 30  # when the checks begin; how long the crash waits for the address at least
PLACES = {"one on every node": (1, 1, 1), "two, on node-2 and node-3": (0, 1, 1), "three, all on node-1": (3, 0, 0)}


@dataclass(frozen=True, slots=True)
class CrashSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    interval_s : int
        Seconds from one health check to the next; two that fail take the node out.
    pods : str
        Where Pods run.

    Examples
    --------
    >>> CrashSetting(interval_s=30).crash.healed_s
    60.0
    """

    interval_s: int = 10
    pods: str = "one on every node"

    @property
    def crash_at_s(self) -> int:
        """Cluster time of the crash: right after a check, so that the load balancer's clock runs its full length."""
        return WIRED_S + self.interval_s * -(-READY_S // self.interval_s)

    @property
    def clocks(self) -> tuple[tuple[str, float], ...]:
        """Who notices the crash, and after how many seconds."""
        check = provider("generic", health_check_interval_s=self.interval_s).kinds[0].check_cluster
        words = f"load balancer: {check.unhealthy} checks × {self.interval_s} s"
        return (words, check.seconds_to_unhealthy), ("cluster: node-monitor-grace-period", NODE_MONITOR_GRACE_S)

    @property
    def crash(self) -> Crash:
        """What the crash of node-1 costs."""
        return _crash(self)

    @property
    def python(self) -> str:
        """The same as a program."""
        return (
            f'cloud = kx.provider("generic", health_check_interval_s={self.interval_s})\n'
            f"cluster = kx.Cluster(nodes=3, provider=cloud)\n"
            f'_ = cluster.deploy("api-backend", per_node={list(PLACES[self.pods])})\n'
            f'_ = cluster.apply(kx.example("{NAME}"))\n'
            f"cluster.advance({self.crash_at_s})\n"
            f'kx.watch_crash(cluster, "{NAME}", "{NODE}", seconds={WATCHED_S})\n'
        )


@cache
def _crash(setting: CrashSetting) -> Crash:
    cluster = Cluster(nodes=3, provider=provider("generic", health_check_interval_s=setting.interval_s))
    cluster.deploy("api-backend", per_node=PLACES[setting.pods])
    cluster.apply(example(NAME))
    cluster.advance(setting.crash_at_s)
    return watch_crash(cluster, NAME, NODE, seconds=WATCHED_S, before_s=BEFORE_S)


CONTROLS = (
    Control("interval_s", "Seconds between checks", (5, 10, 20, 30, 60)),
    Control("pods", "Pods", tuple(PLACES)),
)


# -- drawing ----

READING = (
    "Time runs to the right, from 20 seconds before the crash. The height of a line is the percentage of new "
    "connections that is lost: the solid line for clients of the load balancer, the dashed one for a client that has "
    f"written down the address of {NODE}. The bars below are the two clocks; both begin at the crash."
)
WIDTH, LEFT, RIGHT, TOP, HEIGHT, CLOCKS = 760, 60, 20, 34, 170, 250


def _x(at_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (at_s + BEFORE_S) / (WATCHED_S + BEFORE_S)


def _y(lost: Fraction | float) -> float:
    return TOP + HEIGHT * (1 - float(lost))


def draw_crash(setting: CrashSetting) -> str:
    """Draw what two clients lose, and the two clocks, as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_crash(CrashSetting()).startswith('<svg role="img" aria-label="node-1 crashes.')
    True
    """
    crash = setting.crash
    parts = [text(14, TOP - 16, "new connections lost", color=FAINT)]
    parts += grid(LEFT, WIDTH - LEFT - RIGHT, ((_y(percent / 100), f"{percent} %") for percent in (0, 50, 100)))
    for at_s in range(0, WATCHED_S + 1, 30):
        parts.append(text(_x(at_s), TOP + HEIGHT + 18, f"{at_s} s", "middle"))
    start = f"M{_x(0):.1f} {TOP} v{HEIGHT} M{_x(0):.1f} {CLOCKS - 8} v66"
    parts.append(path(start, stroke=FAINT, stroke_dasharray="2 4"))
    hard = [step.lost_hard_coded for step in crash.steps]
    parts += [_line(crash, hard, "dropped", "8 5"), _line(crash, [step.lost for step in crash.steps], "client", "")]
    ends = {f"a client of {NODE} alone": hard[-1], "clients of the load balancer": crash.steps[-1].lost}
    for row, (words, lost) in enumerate(ends.items()):
        above = _y(lost) - 8 if lost < 1 or row == 0 else _y(lost) + 18
        parts.append(text(WIDTH - RIGHT, above, words, "end", bold=True))
    for before, step in pairwise(crash.steps):
        if 0 < step.lost < 1 and step.lost != before.lost:
            parts.append(text(_x(step.at_s) + 6, _y(step.lost) - 7, str(step.lost), bold=True))
    for row, (words, length_s) in enumerate(setting.clocks):
        y = CLOCKS + 30 * row
        color = CONCEPTS["load balancer" if row == 0 else "node"].color
        width = _x(length_s) - _x(0)
        parts.append(rect(_x(0), y, width, 20, fill=color, fill_opacity=0.6, stroke=TEXT))
        room_beside = WIDTH - _x(length_s) > 320
        parts.append(text(_x(length_s if room_beside else 0) + 8, y + 15, f"{length_s:g} s  {words}"))
    return document(_told(setting), WIDTH, CLOCKS + 62, parts)


def _line(crash: Crash, lost: list[Fraction], concept: str, dashes: str) -> Element:
    d = f"M{_x(crash.steps[0].at_s):.1f} {_y(lost[0]):.1f}"
    for step, part in zip(crash.steps[1:], lost[1:], strict=True):
        d += f" H{_x(step.at_s):.1f} V{_y(part):.1f}"
    d += f" H{_x(crash.end_s):.1f}"
    return path(d, stroke=CONCEPTS[concept].color, stroke_width=3, stroke_dasharray=dashes or None)


def _told(setting: CrashSetting) -> str:
    crash = setting.crash
    steps = ", ".join(f"from {step.at_s:g} s {float(step.lost):.1%}" for step in crash.steps if step.at_s >= 0)
    clocks = "; ".join(f"{words}: {length_s:g} s" for words, length_s in setting.clocks)
    return f"{crash.node} crashes. Lost through the load balancer: {steps}. Clocks: {clocks}."


def verdict(setting: CrashSetting) -> str:
    """Return for how long clients of the load balancer lose something.

    Examples
    --------
    >>> verdict(CrashSetting())
    'Through the load balancer: nothing more is lost after 50 s'
    """
    crash = setting.crash
    if crash.healed_s is None:
        return f"Through the load balancer: something is lost for as long as you look, {crash.end_s:g} s"
    return f"Through the load balancer: nothing more is lost after {crash.healed_s:g} s"


CRASH: Parts[CrashSetting] = Parts(
    "Crash explorer", CONTROLS, draw_crash, verdict, lambda setting: READING,
    lambda setting: scrolling(setting.crash._repr_html_()),
)  # fmt: skip


def failover_explorer(setting: CrashSetting | None = None) -> Explorer[CrashSetting]:
    """Explore how long the clients of a load balancer notice the crash of a node.

    Parameters
    ----------
    setting : CrashSetting, optional
        Where to begin; by default a check every 10 s, a Pod on every node.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> failover_explorer()
    <Crash explorer: Through the load balancer: nothing more is lost after 50 s>
    """
    check_arguments(failover_explorer, locals())
    return Explorer(CRASH, setting or CrashSetting())
