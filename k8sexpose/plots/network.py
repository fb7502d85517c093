"""The cluster with its node ports, and the path of one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from .._palette import CONCEPTS
from ..api.checks import check_arguments
from ..api.service import Service, ServicePort
from ..kubeproxy.proxy import kube_proxy
from ..model import Cluster
from ..router.route import Hop, Route
from ..router.router import routes
from .figure import INK, SOFT, bare, box, canvas, finish, legend, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Stretch", "legs", "plot_cluster", "plot_route"]

SHOWN_PODS = 6
NODES_ACROSS = 4


def plot_cluster(cluster: Cluster, service: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the nodes with their addresses and Pods, and the node port that a Service has on them.

    Parameters
    ----------
    cluster : Cluster
        What to draw.
    service : str, optional
        A Service whose node ports are drawn, with what a client outside gets there.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> ax = plot_cluster(Cluster(nodes=3))
    >>> len(ax.patches)
    3
    """
    check_arguments(plot_cluster, locals())
    nodes = cluster.nodes
    tallest = max((len(cluster.store.pods_on(node.name)) for node in nodes), default=0)
    top = 0.85 + 0.24 * max(min(tallest, SHOWN_PODS + 1), 1)
    ports = [port for port in cluster.service(service).ports if port.node_port] if service else []
    across = min(max(len(nodes), 1), NODES_ACROSS)
    rows = -(-len(nodes) // NODES_ACROSS) or 1
    step = top + 0.45 + 0.34 * len(ports)
    ax = canvas(ax, 0.0, (top + 0.8) if rows == 1 else 0.6 + rows * step)
    said, outcomes = [], set()
    for column, node in enumerate(nodes):
        x, ip = 3.0 * (column % NODES_ACROSS), node.addresses[0] if node.addresses else ""
        low = -step * (column // NODES_ACROSS)
        color = CONCEPTS["dropped" if cluster.is_down(node.name) else "node"].color
        box(ax, x, low, 2.5, top, color)
        ax.text(x + 0.12, low + top - 0.15, node.name, va="top", weight="bold", fontsize=11, color=INK)
        ax.text(x + 2.38, low + top - 0.15, ip, va="top", ha="right", fontsize=10, color=INK)
        pods = [pod.name for pod in cluster.store.pods_on(node.name)]
        for row, pod in enumerate(pods[:SHOWN_PODS]):
            mark(ax, "Pod", x + 0.25, low + top - 0.65 - 0.24 * row, 9, f"Pod {pod}")
            ax.text(x + 0.42, low + top - 0.65 - 0.24 * row, pod, va="center", fontsize=10, color=INK)
        if len(pods) > SHOWN_PODS:
            ax.text(
                x + 0.42,
                low + top - 0.65 - 0.24 * SHOWN_PODS,
                f"… and {len(pods) - SHOWN_PODS} more",
                fontsize=10,
                color=INK,
            )
        words = "down" if cluster.is_down(node.name) else _with(pods)
        if cluster.is_down(node.name):
            mark(ax, "dropped", x + 2.25, low + 0.2, 12, f"down {node.name}")
            ax.text(x + 2.1, low + 0.2, "down", va="center", ha="right", fontsize=10, color=INK)
        for row, port in enumerate(ports):
            outcome = _node_port(cluster, node.name, ip, port)
            outcomes.add(outcome)
            if outcome != "no rule":
                y = low - 0.05 - 0.34 * row
                mark(ax, "node port" if outcome == "delivered" else "dropped", x + 0.3, y, 13, f"node port {node.name}")
                ax.text(
                    x + 0.52,
                    y - 0.02,
                    f"node port {port.node_port} → {_gets(outcome)}",
                    va="top",
                    fontsize=10,
                    color=INK,
                )
            words += f", node port {port.node_port} {outcome}"
        said.append(f"{node.name} ({ip}) {words}")
    for row, port in enumerate(ports):
        ax.text(0.0, top + 0.12 + 0.24 * row, _ports(cluster.service(service or ""), port), fontsize=10, color=INK)
    lowest = -step * (rows - 1) - 0.2 - 0.34 * len(ports)
    bare(ax, (-0.1, max(3.0 * across - 0.4, 5.6)), (lowest, top + 0.1 + 0.26 * len(ports)))
    kinds = ["node", "Pod"] + (["node port"] if "delivered" in outcomes else [])
    kinds += ["dropped"] if outcomes - {"delivered", "no rule"} or any(cluster.is_down(n.name) for n in nodes) else []
    legend(ax, kinds)
    many = "node" if len(nodes) == 1 else "nodes"
    reading = "A box is a node, with its address at the top right. A hexagon is a Pod, on the node where it runs."
    if ports:
        reading += " The yellow mark is the node port; beside it, what an outside client gets."
        reading += " The line above names all ports of the Service."
    lines = "".join(f" {_ports(cluster.service(service or ''), port)}." for port in ports)
    said_of_nodes = "; ".join(said) if ports else ", ".join(said)
    finish(ax, f"A cluster of {len(nodes)} {many}: {said_of_nodes}.{lines}", reading, "The cluster")
    return ax


def _gets(outcome: str) -> str:
    return "answers" if outcome == "delivered" else outcome


def _ports(service: Service, port: ServicePort) -> str:
    """Name the three ports of a Service."""
    return (
        f"{service.name}: clusterIP {service.cluster_ip}, port {port.port}; nodePort {port.node_port}; "
        f"targetPort {port.target_port}"
    )


def _node_port(cluster: Cluster, node: str, ip: str, port: ServicePort) -> str:
    """Say what a client outside gets at a node port, or that the node's kernel has no rule for it."""
    number, protocol = port.node_port or 0, port.protocol or "TCP"
    if kube_proxy(cluster, node=node, src=None, dst=ip, port=number, protocol=protocol).action == "NO_MATCH":
        return "no rule"
    found = {route.outcome for route in routes(cluster, f"{ip}:{number}", protocol=protocol)}
    return found.pop() if len(found) == 1 else "sometimes lost"


def _with(pods: Sequence[str]) -> str:
    if not pods:
        return "without Pods"
    return f"with {', '.join(pods[:SHOWN_PODS])}" + (" and more" if len(pods) > SHOWN_PODS else "")


# -- one request's way -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of a way, and what the packet says on it.

    Parameters
    ----------
    start, end : Hop
        Where it begins and ends.
    packet : str
        ``source → destination`` while the packet is on it.
    concept : str
        ``client`` for an ordinary stretch, ``extra hop`` or ``dropped``.
    words : str
        What to write on it: "extra hop", or how the request ends.

    Examples
    --------
    >>> a, b = Hop("client", "203.0.113.7", "10.0.0.1:80", "connects"), Hop("node-1", "", "", "")
    >>> Stretch(a, b, a.after).packet
    '203.0.113.7 → 10.0.0.1:80'
    """

    start: Hop
    end: Hop
    packet: str
    concept: str = "client"
    words: str = ""


def legs(route: Route) -> tuple[Stretch, ...]:
    """Cut a way into its stretches.

    Parameters
    ----------
    route : Route
        One way.

    Returns
    -------
    tuple of Stretch
        From the client to the end.

    Examples
    --------
    >>> from fractions import Fraction
    >>> legs(Route(Fraction(1), "timeout", "nobody"))
    ()
    """
    found = []
    for start, end in zip(route.hops, route.hops[1:], strict=False):
        last = end is route.hops[-1]
        concept, words = "client", ""
        if last and not route.delivered:
            concept, words = "dropped", route.outcome
        elif last and route.extra_hop:
            concept = words = "extra hop"
        found.append(Stretch(start, end, start.after, concept, words))
    return tuple(found)


def told(route: Route) -> str:
    """Tell a way in a sentence.

    Examples
    --------
    >>> from fractions import Fraction
    >>> told(Route(Fraction(1), "timeout", "nobody", hops=(Hop("client", "a", "b", "connects"),)))
    'The path of one request: from client as a → b; timeout: nobody.'
    """
    first = route.hops[0] if route.hops else None
    start = f"from {first.at} as {first.before}" if first else "no way"
    steps = "".join(
        f", to {leg.end.at}" + (f" as {leg.packet}" if leg.start is not first else "") for leg in legs(route)
    )
    return f"The path of one request: {start}{steps}; {route.summary}."


def plot_route(route: Route, ax: Axes | None = None) -> Axes:
    """Draw one request's way, with the packet's source and destination on each stretch.

    Parameters
    ----------
    route : Route
        What `send` or `routes` returned.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose.router.router import send
    >>> from k8sexpose.plots import describe
    >>> describe(plot_route(send(Cluster(nodes=1), "10.0.0.1:30007")))
    'The path of one request: from client as 203.0.113.7 → 10.0.0.1:30007, to node-1; refused: nothing listens ...'
    """
    check_arguments(plot_route, locals())
    hops = route.hops
    ax = canvas(ax, max(2.9 * len(hops), 4.0), 2.15)
    places = _nodes_of(route)
    for first, last, node in _stays(route, places):
        box(ax, first - 0.3, -0.9, last - first + 0.6, 1.1, CONCEPTS["node"].color)
        ax.text(first, -0.68, f"on {node}", ha="center", va="top", fontsize=10, color=INK)
    for column, hop in enumerate(hops):
        kind = _kind(hop, places[column])
        mark(ax, kind if kind in CONCEPTS else "node", column, 0.0, 22, kind)
        ax.text(column, -0.28, hop.at, ha="center", va="top", weight="bold", fontsize=10, color=INK)
        ax.text(column, -0.46, doing(hop), ha="center", va="top", fontsize=10, color=INK)
    for column, leg in enumerate(legs(route)):
        look = CONCEPTS[leg.concept]
        color = SOFT if leg.concept == "client" else look.color
        style = "-" if leg.words == "refused" else look.line  # dots end in silence, and a refusal is an answer
        ax.annotate(
            "", xy=(column + 0.88, 0.0), xytext=(column + 0.12, 0.0), gid=leg.concept,
            arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 2.5, "linestyle": style},
        )  # fmt: skip
        source, _, target = leg.packet.partition(" → ")
        words = [f"from {source}", f"to {target}"]
        for line, (word, changed) in enumerate(zip(words, _changes(leg), strict=True)):
            ax.text(
                column + 0.5, 0.43 - 0.18 * line, word, ha="center", va="bottom", fontsize=10, color=INK,
                weight="bold" if changed else "normal",
            )  # fmt: skip
        if leg.words:
            ax.text(column + 0.5, -0.1, leg.words, ha="center", va="top", fontsize=10, color=INK, style="italic")
    bare(ax, (-0.45, max(len(hops) - 0.55, 0.5)), (-0.95, 0.8))
    reading = "The request goes from left to right. Above each arrow are the packet's source and destination there"
    reading += "; bold is what the place before has changed." if len(legs(route)) > 1 else "."
    if any(_stays(route, places)):
        reading += " A box is a node, with what is on it: the square is its kernel, which holds the rules."
    finish(ax, told(route), reading, "The path of one request")
    return ax


def doing(hop: Hop) -> str:
    """Return what happens at a place, short enough to be written below it."""
    action = hop.action.partition(":")[0]
    return "refuses (REJECT)" if action == "REJECT" else action


def _nodes_of(route: Route) -> list[str | None]:
    """Return the node on which each place of a way is; what is outside the cluster is on none."""
    found = [hop.at if hop.kind == "node" else None for hop in route.hops]
    if len(found) > 1 and route.hops[0].kind == "client" and route.hops[0].at != "client":
        found[0] = found[1]  # a packet of a Pod first comes to the Pod's own node
    if found and route.pod and route.hops[-1].kind == "Pod":
        found[-1] = route.node
    return found


def _kind(hop: Hop, node: str | None) -> str:
    """Return the kind of a place: what sends is a Pod, or a node, where it is in the cluster."""
    if hop.kind != "client" or node is None:
        return hop.kind
    return "node" if hop.at == node else "Pod"


def _stays(route: Route, places: list[str | None]) -> Iterator[tuple[int, int, str]]:
    """Yield the stretches of a way on one node, where a Pod is: first place, last place, node."""
    for node, columns in groupby(range(len(places)), key=places.__getitem__):
        within = list(columns)
        if node and any(_kind(route.hops[column], node) == "Pod" for column in within):
            yield within[0], within[-1], node


def _changes(leg: Stretch) -> tuple[bool, bool]:
    hop = leg.start
    return bool(hop.new_src and hop.new_src != hop.src), bool(hop.new_dst and hop.new_dst != hop.dst)
