"""What a picture of the flow shows: the cluster, one way through it, and the shares of all ways, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...api.addresses import address
from ...api.errors import NotExposed
from ...api.objects import Node, Pod
from ...api.service import Service, ServicePort
from ...cloud.front_door import front_door
from ...cloud.load_balancer import target_health
from ...kubeproxy.service_ports import cluster_ip_of
from ...router.addressing import find_destination
from ...router.route import LOAD_BALANCER, Route
from ...router.router import send, shares
from .steps import FRONT, Step, ip_of, node_place, pod_place, steps_of

if TYPE_CHECKING:
    from ...model import Cluster

__all__ = ["FlowQuery", "NodeView", "PodView", "Scene", "ServiceView", "Share", "make_scene", "next_route"]


@dataclass(frozen=True, slots=True)
class FlowQuery:
    """What is asked of the router.

    Parameters
    ----------
    target : str
        As for `k8sexpose.send`.
    client : str, optional
        As for `k8sexpose.send`.
    protocol : str
        As for `k8sexpose.send`.
    via : str or sequence of str, optional
        As for `k8sexpose.send`.

    Examples
    --------
    >>> FlowQuery("web").protocol
    'TCP'
    """

    target: str
    client: str | None = None
    protocol: str = "TCP"
    via: str | Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """A Pod of the picture.

    Parameters
    ----------
    place, name, ip : str
        Its place, name and address.
    state : str
        ``ready``, ``not ready`` or ``terminating``.
    endpoint : bool
        Whether it belongs to the Service.
    asks : bool
        Whether it is the client.
    share : Fraction
        The share of all packets that it answers.
    port : int
        The port of its endpoint; 0 where it has none.

    Examples
    --------
    >>> PodView("pod:default/web-1", "web-1").state
    'ready'
    """

    place: str
    name: str
    ip: str = ""
    state: str = "ready"
    endpoint: bool = True
    asks: bool = False
    share: Fraction = Fraction(0)
    port: int = 0


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the picture.

    Parameters
    ----------
    name, ip, zone : str
        Its name, first address and zone.
    down, proxy_stopped : bool
        Crashed; kube-proxy stopped.
    pods : tuple of PodView
        The Pods that matter here.
    others : int
        How many more Pods run on it.
    lamp : str
        What the load balancer's check says: ``healthy``, ``unhealthy``, ``not a target``; empty where nobody checks.
    since_s : float or None
        Cluster time of the last change of that, in seconds; None where it is still to come.

    Examples
    --------
    >>> NodeView("node-1").place
    'node:node-1'
    """

    name: str
    ip: str = ""
    zone: str = ""
    down: bool = False
    proxy_stopped: bool = False
    pods: tuple[PodView, ...] = ()
    others: int = 0
    lamp: str = ""
    since_s: float | None = None

    @property
    def place(self) -> str:
        """Its place in the picture."""
        return node_place(self.name)

    @property
    def share(self) -> Fraction:
        """The share of all packets that its Pods answer."""
        return sum((pod.share for pod in self.pods), Fraction(0))


@dataclass(frozen=True, slots=True)
class ServiceView:
    """The Service of the picture, and its three entrances.

    Parameters
    ----------
    name, namespace, type : str
        Of the Service.
    inner : str
        ``clusterIP:port``; empty where there is none.
    node_port : int
        The nodePort; 0 where there is none.
    front : str
        ``address:port`` of the load balancer; empty where there is none.
    policy : str
        ``externalTrafficPolicy``; empty where the Service has none.

    Examples
    --------
    >>> ServiceView("web").label
    'web (ClusterIP)'
    """

    name: str
    namespace: str = "default"
    type: str = "ClusterIP"
    inner: str = ""
    node_port: int = 0
    front: str = ""
    policy: str = ""

    @property
    def label(self) -> str:
        """Name and type."""
        name = self.name if self.namespace == "default" else f"{self.namespace}/{self.name}"
        return f"{name} ({self.type})"


@dataclass(frozen=True, slots=True)
class Share:
    """One line of the table of shares.

    Parameters
    ----------
    place, label : str
        A Pod, a node, or ``lost`` and ``extra hop``.
    expected : Fraction
        The exact share.

    Examples
    --------
    >>> Share("lost", "lost", Fraction(1, 3)).text
    '1/3 = 33.3%'
    """

    place: str
    label: str
    expected: Fraction

    @property
    def text(self) -> str:
        """The share as a fraction and in percent."""
        percent = f"{float(self.expected):.1%}"
        return percent if self.expected.denominator in (1, 100) else f"{self.expected} = {percent}"


@dataclass(frozen=True, slots=True)
class Fold:
    """Nodes of one zone that are not drawn one by one.

    Parameters
    ----------
    zone : str
        Their zone.
    nodes : tuple of NodeView
        The nodes.

    Examples
    --------
    >>> Fold("a", (NodeView("node-1"),)).label
    '1 more in zone a'
    """

    zone: str
    nodes: tuple[NodeView, ...]

    @property
    def place(self) -> str:
        """Its place in the picture."""
        return f"fold:{self.zone}"

    @property
    def label(self) -> str:
        """How many nodes, and where."""
        return f"{len(self.nodes)} more{f' in zone {self.zone}' if self.zone else ' nodes'}"

    @property
    def pods(self) -> int:
        """How many Pods run on them."""
        return sum(len(node.pods) for node in self.nodes)

    @property
    def share(self) -> Fraction:
        """The share of all packets that their Pods answer."""
        return sum((node.share for node in self.nodes), Fraction(0))


# With more nodes than this, those of a zone that are alike are folded; one of them stays as an example.
MANY_NODES = 12
# With more than this the Pods are drawn without their names.
NAMED_NODES, NAMED_PODS, NAMED_PODS_ON_NODE = 9, 24, 6
EXPOSED = ("NodePort", "LoadBalancer")
# How the connections of a path end.
ENDS = {
    "delivered": "are answered in {ms} ms",
    "refused": "are refused",
    "timeout": "get no answer",
    "reset": "are reset",
    "unresolved": "fail, because the name has no address",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a picture shows.

    Parameters
    ----------
    question : FlowQuery
        What was asked.
    service : ServiceView or None
        The Service that the target means, if any.
    nodes : tuple of NodeView
        By zone.
    folds : tuple of Fold
        The nodes that are not drawn one by one, by zone.
    steps : tuple of Step
        The way of the packet.
    outcome : str
        How it ends.
    probability : Fraction
        How often a packet goes this way.
    shares : tuple of Share
        Of every Pod (of every node, where there are many), of folded nodes, ``lost`` and ``extra hop``.
    dense : bool
        Whether there are too many Pods to name them.
    now_s : float
        Cluster time, in seconds.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> make_scene(Cluster(nodes=1), FlowQuery("10.0.0.1:30007")).summary
    '1 node (zone a), 0 Pods. All connections take this path, and are refused.'
    """

    question: FlowQuery
    service: ServiceView | None
    nodes: tuple[NodeView, ...]
    folds: tuple[Fold, ...]
    steps: tuple[Step, ...]
    outcome: str
    probability: Fraction
    shares: tuple[Share, ...]
    dense: bool
    now_s: float

    @property
    def has_load_balancer(self) -> bool:
        """Whether there is a load balancer to draw."""
        return bool(self.service and self.service.front) or any(step.at == FRONT for step in self.steps)

    @property
    def node_port(self) -> int:
        """The nodePort; 0 where there is none."""
        return self.service.node_port if self.service else 0

    @property
    def lost(self) -> Fraction:
        """The share of all connections that nobody answers."""
        return next((share.expected for share in self.shares if share.place == "lost"), Fraction(0))

    @property
    def looks(self) -> tuple[object, ...]:
        """What is drawn of the cluster, whatever the time and the path: the same where nothing has changed."""
        nodes = tuple(replace(node, since_s=None) for node in self.nodes)
        return nodes, self.folds, self.service, self.shares

    @property
    def comes_back(self) -> bool:
        """Whether the answer goes back the way that is drawn: not past a load balancer that replaced nothing."""
        between = self.steps[1:-1]
        return self.outcome == "delivered" and all(step.rewriting or step.at != FRONT for step in between)

    @property
    def latency_ms(self) -> float:
        """Round trip of the way, in milliseconds."""
        return sum(step.latency_ms for step in self.steps)

    @property
    def only(self) -> str:
        """Which packets are counted, where not all that may come; "" for all."""
        via = self.question.via
        nodes = [via] if isinstance(via, str) else list(via or ())
        return f" that arrive at {' or '.join(nodes)}" if nodes else ""

    @property
    def summary(self) -> str:
        """The picture in two sentences."""
        nodes = [*self.nodes, *(node for fold in self.folds for node in fold.nodes)]
        drawn, pods = len(nodes), sum(len(node.pods) for node in nodes)
        zones = list(dict.fromkeys(node.zone for node in nodes if node.zone))
        where = f" ({_plural(len(zones), 'zone')[2:] if len(zones) == 1 else 'zones'} {', '.join(zones[:6])})"
        service = f"Service {self.service.label}: " if self.service else ""
        down = [node.name for node in self.nodes if node.down]
        crashed = f", {', '.join(down[:6])} crashed" if down else ""
        part = "All" if self.probability == 1 else f"{self.probability} of all"
        end = ENDS[self.outcome].format(ms=f"{self.latency_ms:g}")
        return (
            f"{service}{_plural(drawn, 'node')}{where if zones else ''}, {_plural(pods, 'Pod')}{crashed}. "
            f"{part} connections{self.only} take this path, and {end}."
        )

    @property
    def description(self) -> str:
        """The picture in words: the summary, then every step."""
        return " ".join([self.summary, *(f"{step.number}. {step.who}: {step.text}" for step in self.steps)])


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def next_route(cluster: Cluster, question: FlowQuery) -> Route:
    """Foretell the way of the next request, on a copy: the cluster does not count it.

    Raises
    ------
    NotExposed, KeyError, ValueError
        As for `k8sexpose.send`.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> next_route(Cluster(), FlowQuery("10.0.0.1:30007")).outcome
    'refused'
    """
    return send(cluster.copy(), question.target, question.client, protocol=question.protocol, via=question.via)


def make_scene(
    cluster: Cluster, question: FlowQuery, route: Route | None = None, unfolded: Collection[str] = ()
) -> Scene:
    """Read cluster and router.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    question : FlowQuery
        Who asks for what.
    route : Route, optional
        The way to show; without it, that of the next request.
    unfolded : collection of str
        Zones whose nodes are drawn one by one, however many they are.

    Returns
    -------
    Scene
        What to draw.

    Raises
    ------
    NotExposed, KeyError, ValueError
        As for `k8sexpose.send`.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("api-backend", per_node=[1, 1, 0])
    >>> _ = cluster.apply(example("flow-32000"))
    >>> scene = make_scene(cluster, FlowQuery("flow-32000"))
    >>> scene.service.node_port, [share.text for share in scene.shares[:2]]
    (32000, ['1/2 = 50.0%', '1/2 = 50.0%'])
    """
    if route is None:
        route = next_route(cluster, question)
    together = shares(cluster, question.target, question.client, protocol=question.protocol, via=question.via)
    steps = steps_of(cluster, route)
    service, port, named = _service(cluster, question)
    endpoints = _endpoints(cluster, service, port)
    on_way = {step.at for step in steps}
    lamps = _lamps(cluster, service, named)
    views = [_node_view(cluster, node, endpoints, service, on_way, steps[0].at) for node in cluster.nodes]
    views = [replace(view, **lamps(view.name)) for view in _with_shares(views, dict(together.by_pod))]
    drawn, folds = _folded(views, on_way, unfolded)
    dense = (
        len(drawn) > NAMED_NODES
        or sum(len(view.pods) for view in drawn) > NAMED_PODS
        or any(len(view.pods) > NAMED_PODS_ON_NODE for view in drawn)
    )
    lines = [Share(fold.place, fold.label, fold.share) for fold in folds]
    lines += [
        Share("lost", "nobody (lost)", together.lost), Share("extra hop", "with an extra hop", together.extra_hop),
    ]  # fmt: skip
    return Scene(
        question, _service_view(cluster, service, port, named, route), drawn, folds, steps, route.outcome,
        route.probability,
        (*_lines(drawn, dense), *lines), dense, cluster.now_s,
    )  # fmt: skip


def _service(cluster: Cluster, question: FlowQuery) -> tuple[Service | None, ServicePort | None, bool]:
    """Find the Service that the target means, its port, and whether it was named."""
    destination = find_destination(cluster, question.target, question.protocol)
    if destination.service is not None:
        return destination.service, destination.service_port, destination.hostname is None
    store = cluster.store
    number = destination.port or 0
    for service in store.services_at(destination.ip) if destination.ip else ():
        return service, next((port for port in service.ports if port.port == number), None), False
    for service in store.services_on(number):
        return service, next((port for port in service.ports if port.node_port == number), None), False
    return None, None, False


def _service_view(
    cluster: Cluster, service: Service | None, port: ServicePort | None, named: bool, route: Route
) -> ServiceView | None:
    if service is None:
        return None
    port = port or next(iter(service.ports), None)
    number = port.port if port else None
    inner = cluster_ip_of(service, 4) or cluster_ip_of(service, 6)
    front = service.load_balancer_address
    if service.type == "LoadBalancer" and named:
        try:
            front = front_door(cluster, service).address
        except NotExposed:
            front = ""
    front = front or next((ip_of(hop.dst) for hop in route.hops if hop.kind == LOAD_BALANCER), "")
    exposed = service.type in EXPOSED
    return ServiceView(
        service.name, service.namespace, service.type, address(inner, number) if inner else "",
        port.node_port if port and exposed else 0,
        address(front, number) if front and service.type == "LoadBalancer" else "",
        service.external_traffic_policy if exposed else "",
    )  # fmt: skip


def _endpoints(cluster: Cluster, service: Service | None, port: ServicePort | None) -> dict[tuple[str, str], int]:
    """Return the Pods of a Service, ready or not, each with the port of its endpoint."""
    found: dict[tuple[str, str], int] = {}
    if service is None:
        return found
    port = port or next(iter(service.ports), None)
    for part in cluster.store.slices(service):
        number = next((p.port for p in part.ports if port and p.name == port.name and p.port), 0)
        for endpoint in part.endpoints:
            pod = cluster.store.pod_at(endpoint.ip)
            name = pod.name if pod else endpoint.pod
            if name is not None:
                found[pod.namespace if pod else part.namespace, name] = number
    return found


def _lamps(cluster: Cluster, service: Service | None, named: bool) -> Callable[[str], dict[str, Any]]:
    """Return what the load balancer's check says of each node, and since when.

    A Service that is named is asked about once its checks have settled, an address as it is now.
    """
    known = {}
    if service is not None and service.key in cluster.load_balancers:
        known = {target.name: target for target in target_health(cluster, service.key)}
    settled = None
    if service is not None and named and service.type == "LoadBalancer":
        try:
            balancer = front_door(cluster, service)
        except NotExposed:
            balancer = None
        if balancer is not None and balancer.data_path != "pod" and balancer.rule != "one_node":
            settled = {name for name, share in balancer.spread if share}

    def lamp(node: str) -> dict[str, Any]:
        now = known.get(node)
        if settled is None:
            if now is None:
                return {"lamp": "not a target" if known else ""}
            return {"lamp": "healthy" if now.healthy else "unhealthy", "since_s": now.since_s}
        healthy = node in settled
        since_s = now.since_s if now is not None and now.healthy == healthy else None
        return {"lamp": "healthy" if healthy else "unhealthy", "since_s": since_s}

    return lamp


def _node_view(
    cluster: Cluster,
    node: Node,
    endpoints: Mapping[tuple[str, str], int],
    service: Service | None,
    on_way: Iterable[str],
    client: str,
) -> NodeView:
    """Show the Pods of the Service and those on the way; the others are counted. Without a Service all are shown."""
    pods = sorted(cluster.store.pods_on(node.name), key=_by_number)
    shown = [
        pod
        for pod in pods
        if service is None or (pod.namespace, pod.name) in endpoints or pod_place(pod) in on_way
    ]  # fmt: skip
    views = tuple(
        PodView(
            pod_place(pod), pod.name, pod.ip or "", _state(pod), (pod.namespace, pod.name) in endpoints,
            pod_place(pod) == client, port=endpoints.get((pod.namespace, pod.name), 0),
        )
        for pod in shown
    )  # fmt: skip
    return NodeView(
        node.name, node.internal_ip or "", node.zone or "", cluster.is_down(node.name),
        cluster.proxy_stopped(node.name), views, len(pods) - len(shown),
    )  # fmt: skip


def _by_number(pod: Pod) -> tuple[str, int, str]:
    """Order web-2 before web-10, whichever changed last."""
    stem, _, number = pod.name.rpartition("-")
    return (stem, int(number), "") if number.isdecimal() and number.isascii() else (pod.name, 0, pod.namespace)


def _state(pod: Pod) -> str:
    return "terminating" if pod.terminating else "ready" if pod.ready else "not ready"


def _with_shares(views: list[NodeView], by_pod: dict[str, Fraction]) -> list[NodeView]:
    """Write the shares to the Pods; they are known by name, so that the first of a name has it."""

    def given(pod: PodView) -> PodView:
        return replace(pod, share=by_pod.pop(pod.name)) if pod.endpoint and pod.name in by_pod else pod

    first = [replace(view, pods=tuple(given(pod) for pod in view.pods)) for view in views]
    if not by_pod:
        return first
    return [
        replace(view, pods=tuple(replace(p, share=by_pod.pop(p.name, p.share)) for p in view.pods)) for view in first
    ]


def _folded(
    views: Sequence[NodeView], on_way: Iterable[str], unfolded: Collection[str]
) -> tuple[tuple[NodeView, ...], tuple[Fold, ...]]:
    """Return the nodes to draw, by zone, and the folds of the others: of many nodes those that are alike."""
    places = set(on_way)
    zones = list(dict.fromkeys(view.zone for view in views))
    kept: list[NodeView] = []
    folds: list[Fold] = []
    for zone in zones:
        of_zone = [view for view in views if view.zone == zone]
        if len(views) <= MANY_NODES or zone in unfolded:
            kept += of_zone
            continue
        shown = [view for view in of_zone if _stands_out(view, places)] or of_zone[:1]
        rest = tuple(view for view in of_zone if view not in shown[:MANY_NODES])
        kept += shown[:MANY_NODES]
        if rest:
            folds.append(Fold(zone, rest))
    return tuple(kept), tuple(folds)


def _stands_out(view: NodeView, places: Collection[str]) -> bool:
    """Return True if the packet passes a node, or something is wrong with it."""
    passed = view.place in places or any(pod.place in places for pod in view.pods)
    return passed or view.down or view.proxy_stopped or any(pod.state != "ready" for pod in view.pods)


def _lines(nodes: Iterable[NodeView], dense: bool) -> Iterable[Share]:
    for node in nodes:
        if dense and node.pods:
            yield Share(node.place, node.name, node.share)
        elif not dense:
            yield from (Share(pod.place, pod.name, pod.share) for pod in node.pods if pod.endpoint or pod.share)
