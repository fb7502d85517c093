"""The explorer of lesson 4: the same Service under Cluster and under Local, on the same scale."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets

from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, label_text, svg
from ...data import example
from ...model import Cluster
from ...traffic.policies import PolicyShares, PolicyView, policy_shares
from .base import Explorer, choice

__all__ = ["PolicyExplorer", "PolicySetting", "draw_policies", "policy_explorer", "policy_page"]

NAME, APP, CRASHED = "public-api-lb", "api-backend", "node-1"
PLACES = ("1 + 1 + 1", "2 + 1", "2 + 1 + 0", "3 + 0 + 0", "3 + 1 + 1", "4 + 3 + 3", "5 + 5 + 0", "1 + 1 + 1 + 0")
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
        Pods on each node; the nodes stand in zones a, b, c, a.
    balancer : str
        Who makes the load balancer: a key of ``BALANCERS``.
    crashed : bool
        Whether node-1 has crashed this second, and nobody knows yet.

    Examples
    --------
    >>> PolicySetting("2 + 1").found["Local"].hottest_over_mean
    1.5
    """

    pods: str = "2 + 1 + 0"
    balancer: str = "even over all nodes"
    crashed: bool = False

    @property
    def per_node(self) -> tuple[int, ...]:
        """How many Pods stand on each node."""
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


# Name of the field, label of its control, what can be chosen; a check box where nothing is listed.
CONTROLS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("pods", "Pods on each node", PLACES),
    ("balancer", "Load balancer", tuple(BALANCERS)),
    ("crashed", "node-1 has just crashed, and nobody knows yet", ()),
)


# -- drawing ----

READING = (
    "Both halves have the same scale. A bar is a Pod, above its node; its height is its share of the connections. The "
    "striped part came in by another node and made the extra hop. The dashed line is an equal share. Under each node "
    "stands what the load balancer sends in there."
)
PANEL, GAP, LEFT, TOP, HEIGHT, FLOOR = 390, 26, 46, 58, 190, 258
STRIPES = (
    '<pattern id="kx-hop-stripes" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="7" height="7" fill="{CONCEPTS["extra hop"].color}"/>'
    '<path d="M0 0 V7" stroke="#1a1a1a" stroke-width="2"/></pattern>'
)


def draw_policies(found: PolicyShares) -> str:
    """Draw both policies side by side, as SVG that follows JupyterLab's theme.

    Parameters
    ----------
    found : PolicyShares
        What `policy_shares` returned.

    Returns
    -------
    str
        An ``<svg>`` element with a description.

    Examples
    --------
    >>> draw_policies(PolicySetting().found).startswith('<svg role="img" aria-label="Cluster: node-1 gets')
    True
    """
    highest = max((float(pod.share) for side in found.sides for pod in side.pods), default=0.0)
    top = next((step for step in (0.08, 0.2, 0.4, 0.6, 0.8) if highest <= step), 1.0)
    parts = [f"<defs>{STRIPES}</defs>"]
    for number, side in enumerate(found.sides):
        parts += _panel(found, side, LEFT + number * (PANEL + GAP), top, scale=number == 0)
    width, height = LEFT + 2 * PANEL + GAP + 8, FLOOR + 146
    parts += _legend(height - 12)
    return svg(_told(found), width, height, parts)


def _panel(found: PolicyShares, side: PolicyView, left: float, top: float, *, scale: bool) -> list[str]:
    """Draw one policy: bars, nodes, and what holds for all."""
    parts = [
        label_text(left, 18, f"externalTrafficPolicy: {side.policy}", bold=True, size=15),
        label_text(left, 38, f"the Pods see {_short(found, side)}", color=FAINT),
    ]
    for step in range(5):
        y = FLOOR - HEIGHT * step / 4
        parts.append(f'<path d="M{left} {y:.1f} h{PANEL}" stroke="{FAINT}" stroke-opacity="0.3"/>')
        if scale:
            parts.append(label_text(left - 6, y + 4, f"{100 * top * step / 4:.3g} %", "end", size=12))
    room = PANEL / max(len(found.nodes), 1)
    for column, (node, zone) in enumerate(found.nodes.items()):
        x = left + column * room
        pods = [pod for pod in side.pods if pod.node == node]
        bar = min((room - 18) / max(len(pods), 1), 44)
        start = x + (room - bar * len(pods)) / 2
        for k, pod in enumerate(pods):
            at, tall = start + k * bar, HEIGHT * float(pod.share) / top
            passed = HEIGHT * float(pod.passed_on) / top
            parts.append(_bar(at, bar - 3, FLOOR - tall + passed, tall - passed, CONCEPTS["Pod"].color))
            parts.append(_bar(at, bar - 3, FLOOR - tall, passed, "url(#kx-hop-stripes)"))
            words = f"{100 * float(pod.share):.3g}" if bar < 38 or len(pods) > 1 else f"{100 * float(pod.share):.3g} %"
            parts.append(label_text(at + (bar - 3) / 2, FLOOR - tall - 5, words, "middle", size=12))
        share = side.entries.get(node, 0)
        color = CONCEPTS["node"].color
        parts.append(
            f'<rect x="{x + 4:.1f}" y="{FLOOR}" width="{room - 8:.1f}" height="40" fill="{color}" fill-opacity="0.2" '
            f'stroke="{color}" stroke-width="2"/>'
        )
        where = f"{node} ({zone})" if zone and room > 90 else node
        parts.append(label_text(x + room / 2, FLOOR + 17, where, "middle", bold=True, size=12))
        comes = f"gets {share}" if share else "gets nothing"
        parts.append(label_text(x + room / 2, FLOOR + 33, comes, "middle", size=12))
    pods_total = len(side.pods)
    equal = sum(float(pod.share) for pod in side.pods) / pods_total if pods_total else 0.0
    if equal and not side.lost:
        y = FLOOR - HEIGHT * equal / top
        parts.append(f'<path d="M{left} {y:.1f} h{PANEL}" stroke="{TEXT}" stroke-dasharray="6 4"/>')
    hottest = f"hottest Pod: {side.hottest_over_mean:.3g} × the mean"
    lines = (
        f"extra hop: {side.extra_hop} = {float(side.extra_hop):.1%}, mean round trip {side.round_trip_ms:.2f} ms",
        f"lost: {side.lost} = {float(side.lost):.1%}" if side.lost else hottest,
    )
    parts += [label_text(left, FLOOR + 66 + 22 * row, line, size=14) for row, line in enumerate(lines)]
    return parts


def _bar(x: float, width: float, y: float, height: float, fill: str) -> str:
    if height < 0.01:
        return ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{TEXT}" '
        f'stroke-width="1"/>'
    )


def _legend(y: float) -> list[str]:
    parts, x = [], float(LEFT)
    for fill, words in (
        (CONCEPTS["Pod"].color, "came in by the Pod's own node"),
        ("url(#kx-hop-stripes)", "passed on by another node: extra hop"),
    ):
        parts += [_bar(x, 20, y - 13, 14, fill), label_text(x + 28, y - 1, words)]
        x += 300
    parts.append(f'<path d="M{x:g} {y - 6} h24" stroke="{TEXT}" stroke-dasharray="6 4"/>')
    parts.append(label_text(x + 32, y - 1, "an equal share"))
    return parts


def _short(found: PolicyShares, side: PolicyView) -> str:
    """Whose address the Pods see, short enough for a heading."""
    if not side.seen:
        return "nobody"
    if set(side.seen) == {found.client}:
        return f"the client ({found.client})"
    rest = "" if len(side.seen) == 1 else ", …"
    return f"{side.seen[0]}{rest}, not the client" if found.client not in side.seen else "clients and others"


def _told(found: PolicyShares) -> str:
    said = []
    for side in found.sides:
        nodes = []
        for node in found.nodes:
            comes = side.entries.get(node, 0)
            pods = ", ".join(f"{float(pod.share):.1%}" for pod in side.pods if pod.node == node) or "no Pod"
            nodes.append(f"{node} gets {comes}, Pods {pods}")
        lost = f", lost {float(side.lost):.1%}" if side.lost else ""
        said.append(
            f"{side.policy}: {'; '.join(nodes)}; extra hop {float(side.extra_hop):.1%}{lost}, the Pods see "
            f"{_short(found, side)}."
        )
    return " ".join(said)


def policy_page(setting: PolicySetting) -> str:
    """Write the picture, what it says in a line, and the table.

    Parameters
    ----------
    setting : PolicySetting
        What is set.

    Returns
    -------
    str
        HTML; the line is announced to screen readers.

    Examples
    --------
    >>> "hottest Pod 1.5 × the mean" in policy_page(PolicySetting())
    True
    """
    said = f'<p role="status" style="color: {TEXT}"><strong>{html.escape(verdict(setting.found))}</strong></p>'
    how = f'<p style="color: {TEXT}"><strong>How to read this.</strong> {READING}</p>'
    table = f'<div style="display: inline-block">{setting.found._repr_html_()}</div>'
    return (
        f'<div class="jp-RenderedHTMLCommon" style="padding: 0">{draw_policies(setting.found)}{said}{how}{table}</div>'
    )


def verdict(found: PolicyShares) -> str:
    """Say both policies in a line.

    Examples
    --------
    >>> verdict(PolicySetting("1 + 1 + 1").found).partition(". ")[0]
    'Cluster: extra hop 66.7%, hottest Pod 1 × the mean, the Pods see 10.0.0.1, …, not the client'
    """
    lines = []
    for side in found.sides:
        load = f"lost {float(side.lost):.1%}" if side.lost else f"hottest Pod {side.hottest_over_mean:.3g} × the mean"
        seen = _short(found, side)
        lines.append(f"{side.policy}: extra hop {float(side.extra_hop):.1%}, {load}, the Pods see {seen}.")
    return " ".join(lines)


# -- the widget ----


class PolicyExplorer(Explorer[PolicySetting]):
    """Controls above both policies; `setting` holds their values.

    Parameters
    ----------
    setting : PolicySetting
        Where to begin.

    Examples
    --------
    >>> explorer = PolicyExplorer()
    >>> explorer.controls["pods"].value = "5 + 5 + 0"
    >>> explorer.setting.found["Local"].hottest_over_mean
    1.0
    """

    tall_px = 1054

    def __init__(self, setting: PolicySetting | None = None) -> None:
        super().__init__(setting or PolicySetting())

    def make_controls(self) -> dict[str, Any]:
        """Make a drop-down or a check box for each field."""
        found: dict[str, Any] = {}
        for name, label, options in CONTROLS:
            value = getattr(self.first, name)
            if options:
                found[name] = choice(label, options, value, label_em=11, width_em=32)
            else:
                layout = ipywidgets.Layout(width="32em")
                found[name] = ipywidgets.Checkbox(value, description=label, indent=False, layout=layout)
        return found

    def page(self) -> str:
        """Write the page for the present setting."""
        return policy_page(self.setting)

    def summary(self) -> str:
        """Say both policies in a line."""
        return f"Policy explorer: {verdict(self.setting.found)}"


def policy_explorer(setting: PolicySetting | None = None) -> PolicyExplorer:
    """Explore what ``externalTrafficPolicy`` changes: shares, the extra hop, the address that Pods see.

    Parameters
    ----------
    setting : PolicySetting, optional
        Where to begin; by default two Pods on node-1, one on node-2, none on node-3.

    Returns
    -------
    PolicyExplorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> policy_explorer()
    <Policy explorer: Cluster: extra hop 66.7%, hottest Pod 1 × the mean, the Pods see 10.0.0.1, …, ...>
    """
    return PolicyExplorer(setting)
