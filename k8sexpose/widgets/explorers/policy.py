"""The explorer of lesson 4: the same Service under Cluster and under Local, on the same scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..._display import scrolling
from ..._palette import CONCEPTS
from ..._svg import FAINT, RAISED, TEXT, Element, document, grid, path, rect, stripes, text
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

    pods: str = "2 + 1 + 0 + 1"
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


CONTROLS = (
    Control("pods", "Pods on each node", PLACES),
    Control("balancer", "Load balancer", tuple(BALANCERS)),
    Control("crashed", "node-1 has just crashed, and nobody knows yet"),
)


# -- drawing ----

PANEL, GAP, LEFT, TOP, HEIGHT, FLOOR = 390, 26, 46, 58, 190, 258
HOP, LOST = "url(#kx-hop-stripes)", "url(#kx-lost-stripes)"


def draw_policies(setting: PolicySetting) -> str:
    """Draw both policies side by side, as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_policies(PolicySetting()).startswith('<svg role="img" aria-label="Cluster: node-1 gets')
    True
    """
    found, crashed = setting.found, CRASHED if setting.crashed else ""
    highest = max((float(pod.share) for side in found.sides for pod in side.pods), default=0.0)
    top = next((step for step in (0.08, 0.2, 0.4, 0.6, 0.8) if highest <= step), 1.0)
    hop, lost = CONCEPTS["extra hop"].color, CONCEPTS["dropped"].color
    parts = [
        stripes("kx-hop-stripes", hop, "#1a1a1a"),
        stripes("kx-lost-stripes", lost, lost, width=3, opacity=0.2),
    ]
    for number, side in enumerate(found.sides):
        parts += _panel(found, side, LEFT + number * (PANEL + GAP), top, crashed, scale=number == 0)
    width, height = LEFT + 2 * PANEL + GAP + 8, FLOOR + 162
    parts += _legend(found, height - 12)
    return document(_told(found, crashed), width, height, parts)


def _panel(
    found: PolicyShares, side: PolicyView, left: float, top: float, crashed: str, *, scale: bool
) -> list[Element]:
    """Draw one policy: bars, nodes, and what holds for all."""
    parts = [
        text(left, 18, f"externalTrafficPolicy: {side.policy}", bold=True, size=15),
        text(left, 38, f"the Pods see {_short(found, side)}", color=FAINT),
    ]
    levels = [(FLOOR - HEIGHT * step / 4, f"{100 * top * step / 4:.3g} %" if scale else "") for step in range(5)]
    parts += grid(left, PANEL, levels)
    room = PANEL / max(len(found.nodes), 1)
    for column, (node, zone) in enumerate(found.nodes.items()):
        x = left + column * room
        pods = [pod for pod in side.pods if pod.node == node]
        width = min((room - 18) / max(len(pods), 1), 44)
        start = x + (room - width * len(pods)) / 2
        for k, pod in enumerate(pods):
            at, tall = start + k * width, HEIGHT * float(pod.share) / top
            passed = HEIGHT * float(pod.passed_on) / top
            parts += _bar(at, width - 3, FLOOR - tall + passed, tall - passed, CONCEPTS["Pod"].color)
            parts += _bar(at, width - 3, FLOOR - tall, passed, HOP)
            words = f"{100 * float(pod.share):.3g}"
            parts.append(text(at + (width - 3) / 2, FLOOR - tall - 5, words, "middle", size=12))
        parts += _node(side, node, zone, x, room, crashed == node)
    pods_total = len(side.pods)
    equal = sum(float(pod.share) for pod in side.pods) / pods_total if pods_total else 0.0
    if equal and not side.lost:
        y = FLOOR - HEIGHT * equal / top
        parts.append(path(f"M{left} {y:.1f} h{PANEL}", stroke_dasharray="6 4"))
    hottest = f"busiest Pod: {side.hottest_over_mean:.3g} × the average Pod"
    lines = (
        f"extra hop: {side.extra_hop} = {float(side.extra_hop):.1%}, mean round trip {side.round_trip_ms:.2f} ms",
        f"lost: {side.lost} = {float(side.lost):.1%}" if side.lost else hottest,
    )
    return parts + [text(left, FLOOR + 84 + 22 * row, line, size=14) for row, line in enumerate(lines)]


def _node(side: PolicyView, node: str, zone: str, x: float, room: float, crashed: bool) -> list[Element]:
    """Draw a node with what arrives there; one that has crashed is drawn as one."""
    share = side.entries.get(node, 0)
    color = CONCEPTS["dropped" if crashed else "node"].color
    dashes = "5 4" if crashed else None
    fill = LOST if crashed and share else RAISED if crashed else color
    comes = "gets nothing" if not share else f"gets {share}, lost" if crashed else f"gets {share}"
    middle = x + room / 2
    parts = [
        rect(
            x + 4,
            FLOOR,
            room - 8,
            54,
            fill=fill,
            fill_opacity=None if crashed else 0.2,
            stroke=color,
            stroke_width=2,
            stroke_dasharray=dashes,
        ),
        # Words are not written on stripes.
        *([rect(x + 22, FLOOR + 4, room - 44, 46, fill=RAISED)] if crashed and share else []),
        text(middle, FLOOR + 17, node, "middle", bold=True, size=12),
        text(middle, FLOOR + 32, "crashed" if crashed else f"zone {zone}" if zone else "", "middle", size=12),
        text(middle, FLOOR + 47, comes, "middle", size=12),
    ]
    if crashed:
        parts.append(path(f"M{x + 10:.1f} {FLOOR + 6} l9 9 m0 -9 l-9 9", stroke=color, stroke_width=3))
    return parts


def _bar(x: float, width: float, y: float, height: float, fill: str) -> list[Element]:
    return [] if height < 0.01 else [rect(x, y, width, height, fill=fill, stroke=TEXT)]


def _legend(found: PolicyShares, y: float) -> list[Element]:
    hop = any(pod.passed_on for side in found.sides for pod in side.pods)
    signs = [(CONCEPTS["Pod"].color, "arrived at the Pod's own node")]
    signs += [(HOP, "forwarded by another node: extra hop")] if hop else []
    parts, x = [], float(LEFT)
    for fill, words in signs:
        parts += [*_bar(x, 20, y - 13, 14, fill), text(x + 28, y - 1, words)]
        x += 290
    if not any(side.lost for side in found.sides):
        parts += [path(f"M{x:g} {y - 6} h24", stroke_dasharray="6 4"), text(x + 32, y - 1, "an equal share")]
    return parts


def reading(setting: PolicySetting) -> str:
    """Return how to read the picture of a setting."""
    found = setting.found
    said = "Both halves have the same scale. A bar is a Pod, above its node; its height is its share of connections."
    if any(pod.passed_on for side in found.sides for pod in side.pods):
        said += " The striped part arrived at another node and made the extra hop."
    if not any(side.lost for side in found.sides):
        said += " The dashed line is an equal share."
    said += " Each node's box says what the load balancer sends to it."
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


def _told(found: PolicyShares, crashed: str) -> str:
    said = []
    for side in found.sides:
        nodes = []
        for node in found.nodes:
            comes = side.entries.get(node, 0)
            pods = ", ".join(f"{float(pod.share):.1%}" for pod in side.pods if pod.node == node) or "no Pod"
            nodes.append(f"{node}{' (crashed)' if node == crashed else ''} gets {comes}, Pods {pods}")
        lost = f", lost {float(side.lost):.1%}" if side.lost else ""
        said.append(
            f"{side.policy}: {'; '.join(nodes)}; extra hop {float(side.extra_hop):.1%}{lost}, the Pods see "
            f"{_short(found, side)}."
        )
    return " ".join(said)


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
        Where to begin; by default two Pods on node-1, one on node-2, none on node-3, one on node-4.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> policy_explorer()
    <Policy explorer: Cluster: extra hop 75.0%, busiest Pod 1 × the average, the Pods see 10.0.0.1, …, ...>
    """
    check_arguments(policy_explorer, locals())
    return Explorer(POLICY, setting or PolicySetting())
