"""The explorer of lesson 4: the same Service under Cluster and under Local, on the same scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..._display import scrolling
from ..._palette import CONCEPTS
from ..._svg import FAINT, RAISED, TEXT, Element, document, grid, path, rect, side_by_side, stripes, text
from ...api.checks import check_arguments
from ...data import example
from ...model import Cluster
from ...traffic.policies import PolicyShares, PolicyView, policy_shares
from .base import Control, Explorer, Parts

__all__ = ["POLICY", "PolicySetting", "draw_policies", "policy_explorer"]

NAME, APP, CRASHED = "public-api-lb", "api-backend", "node-1"
PLACES = (
    "1 + 1 + 1", "2 + 1", "2 + 1 + 0", "2 + 2 + 0", "3 + 0 + 0", "3 + 1 + 0", "4 + 3 + 3", "1 + 1 + 1 + 0",
    "2 + 1 + 0 + 1",
)  # fmt: skip
BALANCERS = {
    "even over all nodes": "generic",
    "AWS NLB: zone by zone": "aws",
    "Linode: ends connections itself": "linode",
    "MetalLB layer 2: one node": "metallb",
}


@dataclass(frozen=True, slots=True)
class PolicySetting:
    """What can be set in the explorer.

    Parameters
    ----------
    pods : str
        Pods on each node; the nodes are in zones a, b, c, a.
    balancer : str
        Who makes the load balancer: a key of ``BALANCERS``.
    crashed : bool
        Whether node-1 has crashed this second, and nobody knows yet.

    Examples
    --------
    >>> PolicySetting("2 + 1").found["Local"].hottest_over_mean
    1.5
    """

    pods: str = "2 + 1"
    balancer: str = "even over all nodes"
    crashed: bool = False

    @property
    def per_node(self) -> tuple[int, ...]:
        """How many Pods are on each node."""
        return tuple(map(int, self.pods.split(" + ")))

    @property
    def found(self) -> PolicyShares:
        """The shares under both policies."""
        return _shares(self)

    @property
    def python(self) -> str:
        """The same as a program."""
        crashed = f', crashed="{CRASHED}"' if self.crashed else ""
        return (
            f'cluster = kx.Cluster(nodes={len(self.per_node)}, provider="{BALANCERS[self.balancer]}")\n'
            f'_ = cluster.deploy("{APP}", per_node={list(self.per_node)})\n'
            f'_ = cluster.apply(kx.example("{NAME}"))\n'
            f'kx.policy_shares(cluster, "{NAME}"{crashed})\n'
        )


@lru_cache(maxsize=128)
def _shares(setting: PolicySetting) -> PolicyShares:
    cluster = Cluster(nodes=len(setting.per_node), provider=BALANCERS[setting.balancer])
    cluster.deploy(APP, per_node=setting.per_node)
    cluster.apply(example(NAME))
    return policy_shares(cluster, NAME, crashed=CRASHED if setting.crashed else None)


def _counted(pods: str) -> str:
    """Return a placement with the number of nodes: 2 + 1 and 2 + 1 + 0 are easily taken for the same."""
    per_node = pods.split(" + ")
    empty = per_node.count("0")
    without = f", {empty} without Pods" if empty else ""
    return f"{pods} ({len(per_node)} nodes{without})"


CONTROLS = (
    Control("pods", "Pods on each node", tuple((_counted(pods), pods) for pods in PLACES)),
    Control("balancer", "Load balancer", tuple(BALANCERS)),
    Control("crashed", "node-1 has just crashed, and nobody knows yet"),
)


# -- drawing ----

# Each policy has a drawing of its own, which fits a phone.
WIDTH, LEFT, TOP, HEIGHT, FLOOR = 280, 40, 66, 170, 236
PANEL = WIDTH - LEFT


def draw_policies(setting: PolicySetting) -> str:
    """Draw both policies side by side, as SVG that follows JupyterLab's theme; on a narrow page one below the other.

    Examples
    --------
    >>> 'aria-label="Cluster: node-1 gets' in draw_policies(PolicySetting())
    True
    """
    found, crashed = setting.found, CRASHED if setting.crashed else ""
    highest = max((float(pod.share) for side in found.sides for pod in side.pods), default=0.0)
    top = next((step for step in (0.08, 0.2, 0.4, 0.6, 0.8) if highest <= step), 1.0)
    return side_by_side(*(_drawing(found, side, top, crashed) for side in found.sides))


def _drawing(found: PolicyShares, side: PolicyView, top: float, crashed: str) -> str:
    """Draw one policy, with a legend."""
    hop, lost = CONCEPTS["extra hop"].color, CONCEPTS["dropped"].color
    legend = list(_legend(side, FLOOR + 150))
    parts = [
        stripes(f"kx-hop-{side.policy}", hop, "#1a1a1a"),
        stripes(f"kx-lost-{side.policy}", lost, lost, width=3, opacity=0.2),
        *_panel(found, side, top, crashed),
        *(part for row in legend for part in row),
    ]
    return document(_told(found, side, crashed), WIDTH, FLOOR + 140 + 22 * len(legend), parts)


def _panel(found: PolicyShares, side: PolicyView, top: float, crashed: str) -> list[Element]:
    """Draw bars, nodes, and what holds for all."""
    parts = [
        text(0, 16, f"externalTrafficPolicy: {side.policy}", bold=True, size=14),
        text(0, 36, f"the Pods see {_short(found, side)}", size=12, color=FAINT),
    ]
    parts += grid(LEFT, PANEL, [(FLOOR - HEIGHT * step / 4, f"{100 * top * step / 4:.3g} %") for step in range(5)])
    room = PANEL / max(len(found.nodes), 1)
    for column, (node, zone) in enumerate(found.nodes.items()):
        x = LEFT + column * room
        pods = [pod for pod in side.pods if pod.node == node]
        width = min((room - 6) / max(len(pods), 1), 40)
        start = x + (room - width * len(pods)) / 2
        for k, pod in enumerate(pods):
            at, tall = start + k * width, HEIGHT * float(pod.share) / top
            passed = HEIGHT * float(pod.passed_on) / top
            parts += _bar(at, width - 3, FLOOR - tall + passed, tall - passed, CONCEPTS["Pod"].color)
            parts += _bar(at, width - 3, FLOOR - tall, passed, f"url(#kx-hop-{side.policy})")
            words = "" if node == crashed else f"{100 * float(pod.share):.{3 if width > 28 else 2}g}"
            parts.append(text(at + (width - 3) / 2, FLOOR - tall - 5, words, "middle", size=12))
        parts += _node(side, node, zone, x, room, crashed == node)
    pods_total = len(side.pods)
    equal = sum(float(pod.share) for pod in side.pods) / pods_total if pods_total else 0.0
    if equal and not side.lost:
        y = FLOOR - HEIGHT * equal / top
        parts.append(path(f"M{LEFT} {y:.1f} h{PANEL}", stroke_dasharray="6 4"))
    hottest = f"busiest Pod: {side.hottest_over_mean:.3g} × the average Pod"
    lines = (
        f"extra hop: {side.extra_hop} = {float(side.extra_hop):.1%}",
        f"lost: {side.lost} = {float(side.lost):.1%}" if side.lost else hottest,
        f"mean round trip: {side.round_trip_ms:.2f} ms",
    )
    return parts + [text(LEFT, FLOOR + 76 + 20 * row, line) for row, line in enumerate(lines)]


def _node(side: PolicyView, node: str, zone: str, x: float, room: float, crashed: bool) -> list[Element]:
    """Draw a node with what arrives there; one that has crashed is drawn as one."""
    share = side.entries.get(node, 0)
    color = CONCEPTS["dropped" if crashed else "node"].color
    fill = f"url(#kx-lost-{side.policy})" if crashed and share else RAISED if crashed else color
    comes = f"{share} lost" if crashed and share else f"gets {share}"
    middle = x + room / 2
    frame: dict[str, Any] = {"stroke": color, "stroke_width": 2, "stroke_dasharray": "5 4" if crashed else None}
    parts = [rect(x + 1.5, FLOOR, room - 3, 56, fill=fill, fill_opacity=None if crashed else 0.2, **frame)]
    if crashed and share:  # words are not written on stripes
        parts.append(rect(middle - 27, FLOOR + 4, 54, 48, fill=RAISED))
    parts += [
        text(middle, FLOOR + 17, node, "middle", bold=True, size=12),
        text(middle, FLOOR + 32, "crashed" if crashed else f"zone {zone}" if zone else "", "middle", size=12),
        text(middle, FLOOR + 47, comes, "middle", size=12),
    ]
    if crashed:
        parts.append(path(f"M{middle - 5:.1f} {FLOOR - 14} l10 10 m0 -10 l-10 10", stroke=color, stroke_width=3))
    return parts


def _bar(x: float, width: float, y: float, height: float, fill: str) -> list[Element]:
    return [] if height < 0.01 else [rect(x, y, width, height, fill=fill, stroke=TEXT)]


def _legend(side: PolicyView, y: float) -> Iterator[list[Element]]:
    """Yield the rows of the legend: what is drawn, and nothing else."""
    yield [*_bar(0, 20, y - 13, 14, CONCEPTS["Pod"].color), text(28, y - 1, "arrived at the Pod's own node")]
    if any(pod.passed_on for pod in side.pods):
        y += 22
        words = "forwarded by another node: extra hop"
        yield [*_bar(0, 20, y - 13, 14, f"url(#kx-hop-{side.policy})"), text(28, y - 1, words)]
    if not side.lost:
        y += 22
        yield [path(f"M0 {y - 6:g} h24", stroke_dasharray="6 4"), text(28, y - 1, "an equal share")]


def reading(setting: PolicySetting) -> str:
    """Return how to read the picture of a setting."""
    found = setting.found
    said = "Both pictures have the same scale. A bar is a Pod, above its node; its height is its share of connections."
    if any(pod.passed_on for side in found.sides for pod in side.pods):
        said += " The striped part arrived at another node and made the extra hop."
    if not any(side.lost for side in found.sides):
        said += " The dashed line is an equal share."
    said += " Each node's box says which part of the connections the load balancer sends to it."
    if setting.crashed:
        said += f" {CRASHED} is crossed out: what the load balancer still sends there is lost."
    return said


def _short(found: PolicyShares, side: PolicyView) -> str:
    """Return whose address the Pods see, short enough for a heading."""
    if not side.seen:
        return "nobody"
    if set(side.seen) == {found.client}:
        return f"the client ({found.client})"
    rest = "" if len(side.seen) == 1 else ", …"
    return f"{side.seen[0]}{rest}, not the client" if found.client not in side.seen else "clients and others"


def _told(found: PolicyShares, side: PolicyView, crashed: str) -> str:
    nodes = []
    for node in found.nodes:
        comes = side.entries.get(node, 0)
        pods = ", ".join(f"{float(pod.share):.1%}" for pod in side.pods if pod.node == node) or "no Pod"
        nodes.append(f"{node}{' (crashed)' if node == crashed else ''} gets {comes}, Pods {pods}")
    lost = f", lost {float(side.lost):.1%}" if side.lost else ""
    hop = f"extra hop {float(side.extra_hop):.1%}{lost}"
    return f"{side.policy}: {'; '.join(nodes)}; {hop}, the Pods see {_short(found, side)}."


def verdict(setting: PolicySetting) -> str:
    """Return both policies in a line.

    Examples
    --------
    >>> verdict(PolicySetting("1 + 1 + 1")).partition(". ")[0]
    'Cluster: extra hop 66.7%, busiest Pod 1 × the average, the Pods see 10.0.0.1, …, not the client'
    """
    found, lines = setting.found, []
    for side in found.sides:
        busiest = f"busiest Pod {side.hottest_over_mean:.3g} × the average"
        load = f"lost {float(side.lost):.1%}" if side.lost else busiest
        seen = _short(found, side)
        lines.append(f"{side.policy}: extra hop {float(side.extra_hop):.1%}, {load}, the Pods see {seen}.")
    return " ".join(lines)


POLICY: Parts[PolicySetting] = Parts(
    "Policy explorer", CONTROLS, draw_policies, verdict, reading,
    lambda setting: scrolling(setting.found._repr_html_()),
)  # fmt: skip


def policy_explorer(setting: PolicySetting | None = None) -> Explorer[PolicySetting]:
    """Explore what ``externalTrafficPolicy`` changes: shares, the extra hop, the address that Pods see.

    Parameters
    ----------
    setting : PolicySetting, optional
        Where to begin; by default two Pods on node-1, one on node-2.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> policy_explorer()
    <Policy explorer: Cluster: extra hop 50.0%, busiest Pod 1 × the average, the Pods see 10.0.0.1, …, ...>
    """
    check_arguments(policy_explorer, locals())
    return Explorer(POLICY, setting or PolicySetting())
