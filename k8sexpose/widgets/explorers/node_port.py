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
from ...router.route import NOWHERE, Hop, Route
from ...router.router import routes, send
from .base import Control, Explorer, Parts, changes, table_of

__all__ = ["NODE_PORT_WAY", "NodePortSetting", "draw_route", "nodeport_explorer"]

NODES = ("node-1", "node-2", "node-3")
CRASHED, NODE_PORT, LISTENS = NODES[1], 30007, 8080
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
    crashed : bool
        Whether node-2 has crashed; it stays the one that has, whichever node the client connects to.

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
    crashed: bool = False

    @property
    def route(self) -> Route:
        """The route of one request from outside."""
        return _way(self)


@cache
def _way(setting: NodePortSetting) -> Route:
    """Send one request in the cluster of a setting."""
    return send(*_asked(setting), seed=0)


@cache
def _asked(setting: NodePortSetting) -> tuple[Cluster, str]:
    """Build the cluster of a setting; return it with the address and port to which the client connects."""
    cluster = Cluster(nodes=len(NODES), firewall=BOUNDARY if setting.firewall_closed else ())
    cluster.deploy("debug-tools", per_node=PLACES[setting.pods], port=LISTENS)
    port = {"port": 80, "nodePort": NODE_PORT, "targetPort": setting.target_port}
    selector = {"app" if setting.selector_matches else "name": "debug-tools"}
    spec = {"type": "NodePort", "selector": selector, "ports": [port]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "debug-svc"}, "spec": spec})
    if setting.crashed:
        cluster.fail(CRASHED)
    return cluster, f"{cluster.node(setting.entry).addresses[0]}:{NODE_PORT}"


CONTROLS = (
    Control("entry", "Node to which the client connects", NODES),
    Control("crashed", f"{CRASHED} has crashed"),
    Control("pods", "Pods", tuple(PLACES)),
    Control("selector_matches", "Selector matches the Pods' labels"),
    Control("target_port", "targetPort (the process listens on 8080)", (LISTENS, 8081)),
    Control("firewall_closed", "Firewall closes 30000–32767"),
)


# -- drawing ----

# One place below the other: so the picture fits a phone too.
WIDTH, X, WORDS, TOP, STEP, ARROW = 280, 30, 62, 24, 118, 7
ACTIONS = {"REJECT": "refuses (REJECT)", "node is down": "has crashed: nothing there answers"}


def draw_route(route: Route) -> str:
    """Draw a way as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_route(NodePortSetting().route).startswith('<svg role="img" aria-label="The path of one request')
    True
    """
    parts: list[Element] = []
    for number, leg in enumerate(legs(route)):
        parts += _arrow(number, leg)
    for number, hop in enumerate(route.hops):
        parts += _sign(TOP + STEP * number, hop, firewall=route.reason.startswith("the firewall"))
    height = 2 * TOP + STEP * max(len(route.hops) - 1, 0)
    return document(told(route), WIDTH, height, parts)


def _sign(y: float, hop: Hop, *, firewall: bool) -> list[Element]:
    """Draw a place with what happens there; one that has crashed is dashed, not filled, and crossed out."""
    look, action = CONCEPTS.get(hop.kind, CONCEPTS["node"]), hop.action.partition(":")[0]
    name, doing = hop.at, ACTIONS.get(action, action)
    if hop.at == NOWHERE and firewall:
        name, doing = "firewall", "drops it"
    if action == "node is down":
        lost = CONCEPTS["dropped"]
        drawn = [
            marker(look.marker, X, y, 15, fill="none", stroke=look.color, stroke_width=2, stroke_dasharray="4 3"),
            marker(lost.marker, X, y, 12, stroke=lost.color),
        ]
    elif look.marker == "X":
        drawn = [marker(look.marker, X, y, 15, stroke=look.color)]
    else:
        drawn = [marker(look.marker, X, y, 15, fill=look.color)]
    return [
        *drawn,
        text(WORDS, y - 1, name, size=14, bold=True),
        text(WORDS, y + 16, doing, size=12, color=FAINT),
    ]


def _arrow(number: int, leg: Stretch) -> list[Element]:
    """Draw one stretch: dashed for the extra hop, dotted into silence; where there is a refusal, it comes back."""
    concept, look = leg.concept, CONCEPTS[leg.concept]
    start, end = TOP + STEP * number + 22, TOP + STEP * (number + 1) - 20
    color = TEXT if concept == "client" else look.color
    silent, refused = leg.words == "timeout", leg.words == "refused"
    dashes = "9 5" if concept == "extra hop" else "2 5" if silent else None
    x = X - ARROW if refused else X
    source, _, target = leg.packet.partition(" → ")
    parts = [
        *_line(x, start, end, color, dashes),
        text(WORDS, start + 20, f"from {source}", size=12),
        text(WORDS, start + 36, f"to {target}", size=12),
        text(WORDS, start + 54, LEG_WORDS.get(leg.words, leg.words), size=12, bold=True),
    ]
    return parts + (_line(X + ARROW, end, start, color, None) if refused else [])


LEG_WORDS = {"timeout": "timeout: no answer comes", "refused": "refused: an answer comes back"}


def _line(x: float, start: float, end: float, color: str, dashes: str | None) -> list[Element]:
    """Draw a line down or up, with a head at its end."""
    back = 10 if start > end else -10
    head = f"{x - 6},{end + back} {x},{end} {x + 6},{end + back}"
    return [
        path(f"M{x} {start} V{end + 0.8 * back:g}", stroke=color, stroke_width=3, stroke_dasharray=dashes),
        element("polygon", "", points=head, fill=color),
    ]


def reading(setting: NodePortSetting) -> str:
    """Return how to read the picture of a setting."""
    route, said = setting.route, "Beside each arrow are the packet's source and destination. "
    if route.outcome == "timeout":
        said += "The dotted arrow ends in silence: no answer comes. "
    elif not route.delivered:
        said += "The second arrow, which leads back, is an answer: it says that the connection is refused. "
    elif route.extra_hop:
        said += "The dashed arrow is the extra hop. "
    if any(hop.action.startswith("node is down") for hop in route.hops):
        said += f"What runs on {CRASHED} is dashed and crossed out, because the node has crashed. "
    elif setting.crashed:
        said += f"{CRASHED} has crashed, but this connection does not need it. "
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
    return [(words, changed.route.outcome, _why(changed)) for words, changed in changes(CONTROLS, setting)]


def _why(setting: NodePortSetting) -> str:
    """Return why a request ended so; of several Pods, one is shown."""
    route = setting.route
    if route.probability == 1:
        return route.reason
    failed = {way.outcome for way in routes(*_asked(setting))} == {route.outcome} and not route.delivered
    others = "it is the same with the other Pods" if failed else "another connection may get another Pod"
    return f"{route.reason}; {others}"


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
