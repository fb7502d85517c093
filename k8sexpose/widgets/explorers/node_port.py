"""The explorer of lesson 1: what becomes of one request to a node port, and what a single change would do."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import ipywidgets

from ..._display import html_table
from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, svg
from ...model import Cluster
from ...plots import Stretch, legs
from ...plots.network import told
from ...router.route import Route
from ...router.router import send
from .base import Explorer, choice

__all__ = ["NodePortExplorer", "NodePortSetting", "draw_route", "nodeport_explorer"]

NODES = ("node-1", "node-2", "node-3")
NODE_PORT, LISTENS = 30007, 8080
PLACES = {"one on node-1": (1, 0, 0), "one on every node": (1, 1, 1), "none": (0, 0, 0)}
BOUNDARY = ((30000, 32767),)


@dataclass(frozen=True, slots=True)
class NodePortSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    entry : str
        Node whose address the client dials.
    pods : str
        Where Pods run.
    selector_matches : bool
        Whether the Service's selector matches the labels of the Pods.
    target_port : int
        ``targetPort`` of the Service; the process listens on 8080.
    firewall_closed : bool
        Whether the cloud's firewall closes 30000-32767.
    entry_down : bool
        Whether the dialled node has crashed.

    Examples
    --------
    >>> NodePortSetting(target_port=8081).route.outcome
    'refused'
    """

    entry: str = NODES[1]
    pods: str = "one on node-1"
    selector_matches: bool = True
    target_port: int = LISTENS
    firewall_closed: bool = False
    entry_down: bool = False

    @property
    def route(self) -> Route:
        """The way of one request from outside."""
        return _way(self)


@cache
def _way(setting: NodePortSetting) -> Route:
    """Build the cluster of a setting, and send one request."""
    cluster = Cluster(nodes=len(NODES), firewall=BOUNDARY if setting.firewall_closed else ())
    cluster.deploy("debug-tools", per_node=PLACES[setting.pods], port=LISTENS)
    port = {"port": 80, "nodePort": NODE_PORT, "targetPort": setting.target_port}
    selector = {"app" if setting.selector_matches else "name": "debug-tools"}
    spec = {"type": "NodePort", "selector": selector, "ports": [port]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "debug-svc"}, "spec": spec})
    if setting.entry_down:
        cluster.fail(setting.entry)
    return send(cluster, f"{cluster.node(setting.entry).addresses[0]}:{NODE_PORT}", seed=0)


# Name of the field, label of its control, what can be chosen; a check box where nothing is listed.
CONTROLS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("entry", "Node that the client dials", NODES),
    ("pods", "Pods", tuple(PLACES)),
    ("target_port", "targetPort (the process listens on 8080)", (LISTENS, 8081)),
    ("selector_matches", "Selector matches the Pods' labels", ()),
    ("firewall_closed", "Firewall closes 30000–32767", ()),
    ("entry_down", "The dialled node has crashed", ()),
)


def one_change(setting: NodePortSetting) -> Iterator[tuple[str, NodePortSetting]]:
    """Give every setting that is one control away, with the words for that change.

    Examples
    --------
    >>> [words for words, _ in one_change(NodePortSetting())][0]
    'Node that the client dials: node-1'
    """
    for name, label, options in CONTROLS:
        now = getattr(setting, name)
        for other in options or (not now,):
            if other != now:
                words = {True: "yes", False: "no"}.get(other, other) if not options else other
                yield f"{label}: {words}", replace(setting, **{name: other})


# -- drawing -----------------------------------------------------------------------------------------------------------

READING = (
    "Above the arrows stand the packet's source and destination. Dashes mark the extra hop, dots a request that ends "
    "without an answer. The table says what each single change would do."
)
STEP, LEFT, TOP = 270, 80, 62


def draw_route(route: Route) -> str:
    """Draw a way as SVG that follows JupyterLab's theme.

    Parameters
    ----------
    route : Route
        What to draw.

    Returns
    -------
    str
        An ``<svg>`` element with a description.

    Examples
    --------
    >>> draw_route(NodePortSetting().route).startswith('<svg role="img" aria-label="The way of one request')
    True
    """
    width = 2 * LEFT + STEP * max(len(route.hops) - 1, 1)
    parts = [_arrow(number, leg) for number, leg in enumerate(legs(route))]
    parts += [
        _sign(hop.kind, LEFT + STEP * number, hop.at, hop.action.partition(":")[0])
        for number, hop in enumerate(route.hops)
    ]
    return svg(told(route), width, 130, parts)


def _sign(kind: str, x: float, name: str, doing: str) -> str:
    color = CONCEPTS.get(kind, CONCEPTS["node"]).color
    shapes = {
        "client": f'<circle cx="{x}" cy="{TOP}" r="13"',
        "node": f'<rect x="{x - 13}" y="{TOP - 13}" width="26" height="26"',
        "Pod": f'<polygon points="{_around(x, 6)}"',
        "load balancer": f'<polygon points="{_around(x, 4)}"',
    }
    cross = f'<path d="M{x - 11} {TOP - 11} l22 22 m0 -22 l-22 22" stroke-width="6"'
    shape = shapes.get(kind)
    drawn = f'{shape} fill="{color}" stroke="{TEXT}"/>' if shape else f'{cross} stroke="{color}" fill="none"/>'
    return (
        f'{drawn}<text x="{x}" y="{TOP + 33}" text-anchor="middle" font-size="14" font-weight="bold" fill="{TEXT}">'
        f'{html.escape(name)}</text><text x="{x}" y="{TOP + 51}" text-anchor="middle" font-size="12" fill="{FAINT}">'
        f"{html.escape(doing)}</text>"
    )


def _around(x: float, corners: int) -> str:
    points = {
        6: ((0, -15), (13, -7.5), (13, 7.5), (0, 15), (-13, 7.5), (-13, -7.5)),
        4: ((0, -16), (16, 0), (0, 16), (-16, 0)),
    }[corners]
    return " ".join(f"{x + dx},{TOP + dy}" for dx, dy in points)


def _arrow(number: int, leg: Stretch) -> str:
    concept, look = leg.concept, CONCEPTS[leg.concept]
    start, end = LEFT + STEP * number + 22, LEFT + STEP * (number + 1) - 22
    middle = (start + end) / 2
    color = TEXT if concept == "client" else look.color
    dashes = {"extra hop": ' stroke-dasharray="9 5"', "dropped": ' stroke-dasharray="2 5"'}.get(concept, "")
    source, _, target = leg.packet.partition(" → ")
    return (
        f'<path d="M{start} {TOP} H{end - 8}" stroke="{color}" stroke-width="3" fill="none"{dashes}/>'
        f'<polygon points="{end - 10},{TOP - 6} {end},{TOP} {end - 10},{TOP + 6}" fill="{color}"/>'
        f'<text x="{middle}" y="{TOP - 27}" text-anchor="middle" font-size="12" fill="{TEXT}">'
        f"from {html.escape(source)}</text>"
        f'<text x="{middle}" y="{TOP - 10}" text-anchor="middle" font-size="12" fill="{TEXT}">'
        f"to {html.escape(target)}</text>"
        f'<text x="{middle}" y="{TOP + 18}" text-anchor="middle" font-size="12" font-style="italic" fill="{TEXT}">'
        f"{html.escape(leg.words)}</text>"
    )


def explorer_page(setting: NodePortSetting) -> str:
    """Write the picture, the outcome, and what one change would do.

    Parameters
    ----------
    setting : NodePortSetting
        What is set.

    Returns
    -------
    str
        HTML; the outcome is announced to screen readers.

    Examples
    --------
    >>> "<strong>delivered</strong>" in explorer_page(NodePortSetting())
    True
    """
    route = setting.route
    other = [(words, changed.route) for words, changed in one_change(setting)]
    rows = [(words, way.outcome, way.reason) for words, way in other]
    table = html_table("One change away from here", ("change", "outcome", "why"), rows)
    ends = f'<div style="display: inline-block">{table}</div>'
    outcome, _, rest = route.summary.partition(" ") if route.delivered else route.summary.partition(":")
    rest = f" {rest}" if route.delivered else f":{rest}"
    said = f'<p role="status" style="color: {TEXT}"><strong>{html.escape(outcome)}</strong>{html.escape(rest)}</p>'
    how = f'<p style="color: {TEXT}"><strong>How to read this.</strong> {READING}</p>'
    return f'<div class="jp-RenderedHTMLCommon" style="padding: 0">{draw_route(route)}{said}{how}{ends}</div>'


# -- the widget --------------------------------------------------------------------------------------------------------


class NodePortExplorer(Explorer[NodePortSetting]):
    """Controls above the way of one request; `setting` holds their values.

    Parameters
    ----------
    setting : NodePortSetting
        Where to begin.

    Examples
    --------
    >>> explorer = NodePortExplorer()
    >>> explorer.controls["target_port"].value = 8081
    >>> explorer
    <NodePort explorer: refused: debug-tools-1 does not listen on port 8081>
    """

    tall_px = 532

    def __init__(self, setting: NodePortSetting | None = None) -> None:
        super().__init__(setting or NodePortSetting())

    def make_controls(self) -> dict[str, Any]:
        """Make a drop-down for each list, a check box for each yes or no."""
        return {name: _control(label, options, getattr(self.first, name)) for name, label, options in CONTROLS}

    def arrange(self) -> list[Any]:
        """Put the controls into two columns."""
        half = [list(self.controls.values())[part] for part in (slice(0, 3), slice(3, 6))]
        columns = ipywidgets.HBox([ipywidgets.VBox(part) for part in half])
        columns.layout.flex_flow = "row wrap"
        return [columns]

    def page(self) -> str:
        """Write the page for the present setting."""
        return explorer_page(self.setting)

    def summary(self) -> str:
        """Say what becomes of the request."""
        return f"NodePort explorer: {self.setting.route.summary}"


def _control(label: str, options: tuple[Any, ...], value: Any) -> Any:
    if options:
        return choice(label, options, value, label_em=20, width_em=32)
    return ipywidgets.Checkbox(value, description=label, indent=False, layout=ipywidgets.Layout(width="32em"))


def nodeport_explorer(setting: NodePortSetting | None = None) -> NodePortExplorer:
    """Explore what a client gets at a node port, and why.

    Parameters
    ----------
    setting : NodePortSetting, optional
        Where to begin; by default one Pod on node-1, dialled through node-2.

    Returns
    -------
    NodePortExplorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> nodeport_explorer()
    <NodePort explorer: delivered to debug-tools-1 (the Pod sees 10.0.0.2, extra hop into another zone)>
    """
    return NodePortExplorer(setting)
