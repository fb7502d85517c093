"""The explorer of lesson 1: what becomes of one request to a node port, and what a single change would do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, Element, document, element, marker, path, text
from ...api.checks import check_arguments
from ...model import Cluster
from ...plots import Stretch, legs
from ...plots.network import told
from ...router.route import NOWHERE, Route
from ...router.router import send
from .base import Control, Explorer, Parts, changes, table_of

__all__ = ["NODE_PORT_WAY", "NodePortSetting", "draw_route", "nodeport_explorer"]

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
        Node to whose address the client connects.
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
        """The route of one request from outside."""
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


CONTROLS = (
    Control("entry", "Node to which the client connects", NODES),
    Control("entry_down", "This node has crashed"),
    Control("pods", "Pods", tuple(PLACES)),
    Control("selector_matches", "Selector matches the Pods' labels"),
    Control("target_port", "targetPort (the process listens on 8080)", (LISTENS, 8081)),
    Control("firewall_closed", "Firewall closes 30000–32767"),
)


# -- drawing ----

STEP, LEFT, TOP = 270, 80, 62


def draw_route(route: Route) -> str:
    """Draw a way as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_route(NodePortSetting().route).startswith('<svg role="img" aria-label="The path of one request')
    True
    """
    width = 2 * LEFT + STEP * max(len(route.hops) - 1, 1)
    parts: list[Element] = []
    for number, leg in enumerate(legs(route)):
        parts += _arrow(number, leg)
    for number, hop in enumerate(route.hops):
        at, action = hop.at, hop.action.partition(":")[0]
        if at == NOWHERE and route.reason.startswith("the firewall"):
            at, action = "firewall", "drops it"
        parts += _sign(hop.kind, LEFT + STEP * number, at, action)
    return document(told(route), width, 130, parts)


def _sign(kind: str, x: float, name: str, doing: str) -> list[Element]:
    look = CONCEPTS.get(kind, CONCEPTS["node"])
    drawn = marker(look.marker, x, TOP, 15, **{"stroke" if look.marker == "X" else "fill": look.color})
    return [
        drawn,
        text(x, TOP + 33, name, "middle", size=14, bold=True),
        text(x, TOP + 51, doing, "middle", size=12, color=FAINT),
    ]


def _arrow(number: int, leg: Stretch) -> list[Element]:
    """Draw one stretch: dashed for the extra hop, dotted into silence, solid and red where the answer is a refusal."""
    concept, look = leg.concept, CONCEPTS[leg.concept]
    start, end = LEFT + STEP * number + 22, LEFT + STEP * (number + 1) - 22
    middle = (start + end) / 2
    color = TEXT if concept == "client" else look.color
    silent = concept == "dropped" and leg.words == "timeout"
    dashes = "9 5" if concept == "extra hop" else "2 5" if silent else None
    source, _, target = leg.packet.partition(" → ")
    return [
        path(f"M{start} {TOP} H{end - 8}", stroke=color, stroke_width=3, stroke_dasharray=dashes),
        element("polygon", "", points=f"{end - 10},{TOP - 6} {end},{TOP} {end - 10},{TOP + 6}", fill=color),
        text(middle, TOP - 27, f"from {source}", "middle", size=12),
        text(middle, TOP - 10, f"to {target}", "middle", size=12),
        text(middle, TOP + 18, leg.words, "middle", size=12, bold=True),
    ]


def reading(setting: NodePortSetting) -> str:
    """Return how to read the picture of a setting."""
    route, said = setting.route, "Above each arrow are the packet's source and destination. "
    if route.outcome == "timeout":
        said += "The dotted arrow ends in silence: no answer comes. "
    elif not route.delivered:
        said += "The solid red arrow ends in an answer: the connection is refused. "
    elif route.extra_hop:
        said += "The dashed arrow is the extra hop. "
    return said + "The table says what each single change would do."


def verdict(setting: NodePortSetting) -> str:
    """Return what becomes of the request."""
    return setting.route.summary


def rows(setting: NodePortSetting) -> list[tuple[str, str, str]]:
    """Return what each single change would do.

    Examples
    --------
    >>> rows(NodePortSetting())[0]
    ('Node to which the client connects: node-1', 'delivered', 'debug-tools-1 answers')
    """
    found = [(words, changed.route) for words, changed in changes(CONTROLS, setting)]
    return [(words, route.outcome, _why(route)) for words, route in found]


def _why(route: Route) -> str:
    """Return why a request ended so; of several Pods, one is shown."""
    return route.reason if route.probability == 1 else f"{route.reason}; another connection may get another Pod"


NODE_PORT_WAY: Parts[NodePortSetting] = Parts(
    "NodePort explorer", CONTROLS, lambda setting: draw_route(setting.route), verdict, reading,
    lambda setting: table_of("One change away from here", ("change", "outcome", "why"), rows(setting)),
)  # fmt: skip


def nodeport_explorer(setting: NodePortSetting | None = None) -> Explorer[NodePortSetting]:
    """Explore what a client gets at a node port, and why.

    Parameters
    ----------
    setting : NodePortSetting, optional
        Where to begin; by default one Pod on node-1, dialled through node-2.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> nodeport_explorer()
    <NodePort explorer: delivered to debug-tools-1 (the Pod sees 10.0.0.2, extra hop into another zone)>
    """
    check_arguments(nodeport_explorer, locals())
    return Explorer(NODE_PORT_WAY, setting or NodePortSetting())
