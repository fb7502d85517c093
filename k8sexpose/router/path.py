"""The whole way of a packet through the cluster, node by node, until somebody answers or nobody does.

kube-proxy decides on the first node the packet meets. Where it has no rule the packet is routed on: to this node's
own ports, to a Pod, to another node (whose kube-proxy decides then), or out of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from ipaddress import ip_address, ip_network
from random import Random

from ..api.addresses import canonical_ip, ip_version, of_family
from ..api.objects import Node, Pod
from ..api.service import Service
from ..cloud.front_door import Spread
from ..cluster.latency import crosses_zone, leg_ms
from ..cluster.state import ClusterState
from ..kubeproxy.health import HEALTHZ_PORT
from ..kubeproxy.proxy import Verdict, is_own_address, kube_proxy, primary_ip
from ..kubeproxy.service_ports import ServicePortInfo, Target
from .addressing import NODE, OUTSIDE, Client
from .entry import Arrival, Entry, Packet, load_balancer_at
from .route import CLIENT, NOWHERE, POD, Hop, Route
from .route import NODE as AT_NODE

__all__ = ["AffinityKey", "PathSoFar", "PathTracer", "RandomPathTracer", "affinity_key"]


@dataclass(frozen=True, slots=True)
class AffinityKey:
    """Who is remembered for which endpoint: one list per node, Service port and endpoint, as iptables keeps it.

    Parameters
    ----------
    node : str
        The node that dealt the connection.
    port : str
        ``namespace/name:port`` of the Service.
    protocol : str
        Of the Service port.
    src : str
        Source address as it arrived at the node.
    endpoint : str
        ``ip:port`` that the connection was dealt to.

    Examples
    --------
    >>> AffinityKey("node-1", "default/web", "TCP", "203.0.113.7", "10.244.1.2:8080").node
    'node-1'
    """

    node: str
    port: str
    protocol: str
    src: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class PathSoFar:
    """A way so far.

    Parameters
    ----------
    probability : Fraction
        How often a packet comes this far.
    hops : tuple of Hop
        The places behind it.
    at : str, optional
        The node it comes from.
    entry : str, optional
        The node by which it came in from outside.
    leg_ms : float
        What the leg to the next place takes on top of the distance between nodes.
    seen : frozenset of tuple of str
        The nodes behind it, each with the destination that the packet had there.
    """

    probability: Fraction = Fraction(1)
    hops: tuple[Hop, ...] = ()
    at: str | None = None
    entry: str | None = None
    leg_ms: float = 0.0
    seen: frozenset[tuple[str, str]] = frozenset()


class PathTracer:
    """Follows packets of one client through a cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    client : Client
        Who opened the connection.
    via : sequence of str
        Nodes to which a packet is routed that leaves the cluster unmatched.
    as_if : Service, optional
        A Service as it will be.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> way = PathTracer(cluster, Client("outside", "client", "203.0.113.7"))
    >>> next(way.enter("node-1", Packet("203.0.113.7", "10.0.0.1", 30007), PathSoFar(entry="node-1"))).outcome
    'refused'
    """

    def __init__(
        self, cluster: ClusterState, client: Client, via: Sequence[str] = (), as_if: Service | None = None
    ) -> None:
        self.cluster = cluster
        self.store = cluster.store
        self.client = client
        self.via = tuple(via)
        self.as_if = as_if

    # -- from outside ----

    def come_in(self, entry: Entry, trip: PathSoFar, packet: Packet) -> Iterator[Route]:
        """Follow a packet to every node by which it may come in."""
        if not entry.spread.names:
            trip = self._connect(packet, trip)
            at = "name server" if entry.outcome == "unresolved" else "nowhere"
            yield self._end(packet, trip, at, "lost", entry.outcome, entry.reason, NOWHERE)
        for name, share in self.choose(entry.spread, entry.sticky):
            yield from self.arrive(entry, name, replace(trip, probability=trip.probability * share))

    def arrive(self, entry: Entry, name: str, trip: PathSoFar) -> Iterator[Route]:
        """Follow a packet that comes in by one node, or is delivered straight to a Pod."""
        assert entry.arrive is not None
        arrival = entry.arrive(name)
        dialled, packet, hops = arrival.dialled, arrival.packet, arrival.hops
        trip = self._connect(dialled, trip)
        trip = replace(trip, hops=(*trip.hops, *hops), at=None)
        if not entry.hairpin and name == self.client.node:
            reason = f"the load balancer keeps the source address, and {name} discards a packet that seems its own"
            ways: Iterable[Route] = [self._lost(packet, trip, name, "comes back", reason)]
        elif entry.to_pod:
            ways = [self._deliver(packet, trip, None)]
        else:
            entered = name if self.client.kind == OUTSIDE else None
            ways = self.enter(name, packet, replace(trip, entry=entered))
        for route in ways:
            reset = entry.proxies and not route.delivered
            yield replace(route, outcome="reset") if reset else route

    def _connect(self, packet: Packet, trip: PathSoFar) -> PathSoFar:
        """Put the client first among the hops."""
        hop = Hop(self.client.name, packet.src, packet.to, "connects", kind=CLIENT)
        return trip if trip.hops else replace(trip, hops=(hop,))

    def choose(self, spread: Spread, sticky: str = "") -> Iterable[tuple[str, Fraction]]:
        """Give the places that a new connection may be dealt to."""
        return spread

    # -- at a node ----

    def enter(self, name: str, packet: Packet, trip: PathSoFar) -> Iterator[Route]:
        """Follow a packet that has come to a node."""
        node, before = self.store.nodes[name], self.store.nodes.get(trip.at or "")
        trip = self._connect(packet, trip)
        trip = replace(trip, leg_ms=trip.leg_ms + (leg_ms(before, node) if before is not node else 0.0))
        if self.cluster.is_down(name):
            yield self._lost(packet, trip, name, "node is down", f"{name} is down: packets to it vanish")
        elif trip.at != name and is_own_address(node, packet.src):
            reason = f"it comes back to {name} with that node's own source address, and is dropped"
            yield self._lost(packet, trip, name, "martian source", reason)
        elif (name, packet.to) in trip.seen:
            yield self._lost(packet, trip, name, "goes in a circle", "no rule matches, and the packet comes back")
        else:
            trip = replace(trip, seen=trip.seen | {(name, packet.to)})
            yield from self._obey(node, self.verdict(name, packet), packet, trip)

    def verdict(self, name: str, packet: Packet) -> Verdict:
        """Ask a node's kube-proxy."""
        return kube_proxy(
            self.cluster,
            node=name,
            src=packet.src,
            dst=packet.dst,
            port=packet.port,
            protocol=packet.protocol,
            as_if=self.as_if,
        )

    def _obey(self, node: Node, verdict: Verdict, packet: Packet, trip: PathSoFar) -> Iterator[Route]:
        if verdict.action == "DNAT":
            for target, share in self._deal(node, verdict):
                further = replace(trip, probability=trip.probability * share)
                yield from self._forward(node, verdict, target, packet, further)
        elif verdict.action == "REJECT":
            yield self._refused(packet, trip, node.name, "REJECT", f"{node.name} rejects: {verdict.reason}")
        elif verdict.action == "DROP":
            yield self._lost(packet, trip, node.name, "DROP", f"{node.name} drops it: {verdict.reason}")
        elif is_own_address(node, packet.dst):
            yield self._local_port(node, packet, trip)
        else:
            yield from self._route_on(node, verdict, packet, trip)

    # -- DNAT: the Service's endpoints ----

    def _deal(self, node: Node, verdict: Verdict) -> Iterable[tuple[Target, Fraction]]:
        """Give the endpoints that a new connection may get: all alike, or the one the client is bound to."""
        bound = self._bound(node, verdict)
        candidates = (bound,) if bound else verdict.targets
        share = Fraction(1, len(candidates))
        return ((target, share) for target in candidates)

    def _bound(self, node: Node, verdict: Verdict) -> Target | None:
        """Return the endpoint that ``sessionAffinity: ClientIP`` holds the client to, if any."""
        info = verdict.port
        if info is None or info.service.session_affinity != "ClientIP" or not self.cluster.affinity:
            return None
        oldest = self.cluster.now_s - (info.service.session_affinity_timeout_s or 0)
        times = (self.cluster.affinity.get(affinity_key(node, info, verdict.src, t)) for t in verdict.targets)
        alive = (t for t, at_s in zip(verdict.targets, times, strict=True) if at_s is not None and at_s > oldest)
        return next(alive, None)

    def _forward(
        self, node: Node, verdict: Verdict, target: Target, packet: Packet, trip: PathSoFar
    ) -> Iterator[Route]:
        """Send a packet on to an endpoint, the source replaced where the mark or the CNI says so."""
        ip = canonical_ip(target.endpoint.ip)
        rewritten = replace(packet, dst=ip, port=target.port)
        src, action = packet.src, f"DNAT: {verdict.reason}"
        # What goes to a process of this very node never passes POSTROUTING, where sources are replaced.
        leaves = not is_own_address(node, ip) or (self.client.kind == NODE and self.client.node == node.name)
        if leaves and verdict.masquerades(target):
            src, action = self._masquerade_address(node, ip), f"DNAT, SNAT: {verdict.reason}"
        elif leaves and self._cni_masquerades(packet.src, ip):
            src, action = self._masquerade_address(node, ip), f"DNAT, then SNAT by the CNI: {verdict.reason}"
        hop = Hop(
            node.name, packet.src, packet.to, action, trip.leg_ms,
            new_src=src if src != packet.src else None, new_dst=rewritten.to,
        )  # fmt: skip
        trip = replace(trip, hops=(*trip.hops, hop), leg_ms=0.0, at=node.name)
        home = self._home(ip)
        # The answer goes to the source it sees; it must pass the node that rewrote the destination.
        returns = src != packet.src or home is node or self._home(packet.src) is node
        yield self._deliver(replace(rewritten, src=src), trip, target, returns=returns)

    def _masquerade_address(self, node: Node, dst: str) -> str:
        """Return what MASQUERADE writes: the address of the interface by which the packet leaves."""
        family = ip_version(dst) or 4
        pod = self.store.pod_at(dst)
        if self.cluster.cni_bridge and pod is not None and pod.node == node.name:
            for cidr in of_family(node.pod_cidr, family):
                return str(ip_network(cidr)[1])
        return primary_ip(node, family) or ""

    def _cni_masquerades(self, src: str, dst: str) -> bool:
        """Tell whether the CNI hides a Pod's address: what leaves the Pod network carries the node's."""
        family = ip_version(dst) or 4
        pods = [ip_network(cidr) for cidr in of_family(self.cluster.pod_cidr, family)]
        inside = [any(ip_address(ip) in network for network in pods) for ip in (src, dst)]
        return self.cluster.cni_masquerade and inside == [True, False]

    def _home(self, ip: str) -> Node | None:
        """Return the node on which an address lives."""
        pod = self.store.pod_at(ip)
        return self.store.nodes.get(pod.node or "") if pod else self.store.node_at(ip)

    # -- no rule: the packet is routed as it is ----

    def _local_port(self, node: Node, packet: Packet, trip: PathSoFar) -> Route:
        """End at a port of the node itself: a hostNetwork Pod, kube-proxy's health checks, or nobody."""
        if packet.port is None:
            return self._end(packet, trip, node.name, "answers", "delivered", f"{node.name} answers the ping")
        pod = self._host_pod(node, packet.port, None)
        if pod is not None:
            return self._deliver(packet, trip, None)
        checks = packet.port == HEALTHZ_PORT or self.store.health_checks_on(packet.port)
        if packet.protocol == "TCP" and checks and not self.cluster.proxy_stopped(node.name):
            reason = f"kube-proxy on {node.name} answers health checks here"
            return self._end(packet, trip, node.name, "answers", "delivered", reason)
        reason = f"nothing listens on port {packet.port} of {node.name}, and no Service has this nodePort"
        return self._refused(packet, trip, node.name, "closed port", reason)

    def _route_on(self, node: Node, verdict: Verdict, packet: Packet, trip: PathSoFar) -> Iterator[Route]:
        """Send a packet on that no rule of this node touches."""
        src = packet.src
        if self._cni_masquerades(packet.src, packet.dst):
            src = self._masquerade_address(node, packet.dst)
        action = "routed on" if src == packet.src else "routed on, SNAT by the CNI"
        hop = Hop(node.name, packet.src, packet.to, action, trip.leg_ms, new_src=src if src != packet.src else None)
        on = replace(trip, hops=(*trip.hops, hop), leg_ms=0.0, at=node.name)
        packet = replace(packet, src=src)
        other = self.store.node_at(packet.dst)
        if self.store.pod_at(packet.dst) is not None:
            yield self._deliver(packet, on, None)
        elif other is not None:
            yield from self.enter(other.name, packet, on)
        else:
            yield from self.leave(verdict, packet, on)

    def leave(self, verdict: Verdict, packet: Packet, trip: PathSoFar) -> Iterator[Route]:
        """Follow a packet that leaves the cluster: to the nodes of `via`, to a load balancer, or to nobody."""
        if self.via:
            yield from self.come_in(Entry(Spread(self.via), lambda name: Arrival(packet, packet)), trip, packet)
            return
        through = load_balancer_at(self.cluster, packet)
        if through is not None:
            yield from self.come_in(through, trip, packet)
            return
        reason = f"{verdict.reason}; the packet leaves by the default route, and nobody answers on {packet.to}"
        yield self._lost(packet, trip, "outside", "no answer", reason, NOWHERE)

    # -- the end ----

    def _deliver(self, packet: Packet, trip: PathSoFar, target: Target | None, returns: bool = True) -> Route:
        """End at a Pod: it answers, refuses, or is not there."""
        ip = packet.dst
        node, pod = self._home(ip), self.store.pod_at(ip)
        if node is not None and pod is None:
            pod = self._host_pod(node, packet.port or 0, target)
        name = pod.name if pod else (target.endpoint.pod if target else None) or packet.to
        trip = replace(trip, leg_ms=trip.leg_ms + self._leg_to(trip, node, pod))
        if node is None and (pod is not None or self._in_pod_network(ip) or (target and target.endpoint.node)):
            return self._lost(packet, trip, name, "not there", f"no Pod has the address {ip} any more", POD)
        if node is not None and self.cluster.is_down(node.name):
            return self._lost(packet, trip, name, "node is down", f"{node.name}, the node of {name}, is down", POD)
        if ip == self.client.ip and self.client.kind == "pod" and not self.cluster.cni_hairpin:
            reason = f"{name} is dealt to itself, and this CNI lets no packet back in where it came from"
            return self._lost(packet, trip, name, "no hairpin", reason, POD)
        if not returns:
            reason = "the answer goes straight to the client, not back through the node that rewrote the address"
            return self._lost(packet, trip, name, "answer goes astray", reason, POD)
        if node is not None and packet.port is not None and (pod is None or not pod.listens_on(packet.port)):
            reason = f"{name} does not listen on port {packet.port}"
            return self._refused(packet, trip, name, "closed port", reason, POD)
        return self._answered(packet, trip, name, node)

    def _answered(self, packet: Packet, trip: PathSoFar, name: str, node: Node | None) -> Route:
        entry = self.store.nodes.get(trip.entry or "")
        extra = entry is not None and node is not entry
        route = self._end(packet, trip, name, "answers", "delivered", f"{name} answers", POD)
        return replace(
            route, pod=name, client_seen=packet.src, node=node.name if node else None, extra_hop=extra,
            crosses_zone=extra and crosses_zone(entry, node),
        )  # fmt: skip

    def _host_pod(self, node: Node, port: int, target: Target | None) -> Pod | None:
        """Find the Pod that uses the node's own network and is meant, or listens on this port."""
        pods = [pod for pod in self.store.pods_on(node.name) if pod.host_network]
        if target is not None and target.endpoint.pod:
            return next((pod for pod in pods if pod.name == target.endpoint.pod), None)
        return next((pod for pod in pods if pod.listens_on(port)), None)

    def _in_pod_network(self, ip: str) -> bool:
        networks = of_family(self.cluster.pod_cidr, ip_version(ip) or 4)
        return any(ip_address(ip) in ip_network(cidr) for cidr in networks)

    def _leg_to(self, trip: PathSoFar, node: Node | None, pod: Pod | None) -> float:
        start = self.store.nodes.get(trip.at or "")
        if start is node and pod is not None and pod.host_network:
            return 0.0
        return leg_ms(start, node)

    def _lost(self, packet: Packet, trip: PathSoFar, at: str, action: str, reason: str, kind: str = AT_NODE) -> Route:
        return self._end(packet, trip, at, action, "timeout", reason, kind)

    def _refused(
        self, packet: Packet, trip: PathSoFar, at: str, action: str, reason: str, kind: str = AT_NODE
    ) -> Route:
        return self._end(packet, trip, at, action, "refused", reason, kind)

    def _end(
        self,
        packet: Packet,
        trip: PathSoFar,
        at: str,
        action: str,
        outcome: str,
        reason: str,
        kind: str = AT_NODE,
    ) -> Route:
        hop = Hop(at, packet.src, packet.to, action, trip.leg_ms, kind=kind)
        return Route(trip.probability, outcome, reason, hops=(*trip.hops, hop), entry=trip.entry)


class RandomPathTracer(PathTracer):
    """Follows one packet of many: each choice is made by chance, and remembered where affinity asks for it."""

    def __init__(
        self,
        cluster: ClusterState,
        client: Client,
        via: Sequence[str] = (),
        as_if: Service | None = None,
        *,
        chance: Random,
    ) -> None:
        super().__init__(cluster, client, via, as_if)
        self.chance = chance

    def choose(self, spread: Spread, sticky: str = "") -> Iterable[tuple[str, Fraction]]:
        """Give one place, by chance; the same for the same `sticky`, as a hash does."""
        chance = Random(f"{self.cluster.seed} {sticky}") if sticky else self.chance
        return [spread.pick(chance.random())]

    def _deal(self, node: Node, verdict: Verdict) -> Iterable[tuple[Target, Fraction]]:
        dealt, share = self._bound(node, verdict), Fraction(1)
        if dealt is None:
            dealt, share = self.chance.choice(verdict.targets), Fraction(1, len(verdict.targets))
        info = verdict.port
        if info is not None and info.service.session_affinity == "ClientIP":
            self.cluster.affinity[affinity_key(node, info, verdict.src, dealt)] = self.cluster.now_s
        return [(dealt, share)]


def affinity_key(node: Node, info: ServicePortInfo, src: str | None, target: Target) -> AffinityKey:
    """Name the list in which kube-proxy remembers a client for an endpoint."""
    return AffinityKey(node.name, info.name, info.port.protocol or "TCP", src or "", str(target))
