"""The whole path of a packet through the cluster, node by node, until it is answered or lost.

kube-proxy decides on the first node the packet meets. Where it has no rule the packet is routed on: to this node's
own ports, to a Pod, to another node (whose kube-proxy decides then), or out of the cluster.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from ..api.addresses import address_of, canonical_ip, ip_version, network_of, of_family
from ..api.objects import Node, Pod
from ..api.service import Service
from ..cloud.front_door import Spread
from ..cluster.latency import crosses_zone, leg_ms
from ..cluster.state import ClusterState
from ..kubeproxy.health import HEALTHZ_PORT
from ..kubeproxy.proxy import Verdict, is_own_address, keeps_flow, kube_proxy, primary_ip
from ..kubeproxy.service_ports import ServicePortInfo, Target, is_watched
from .addressing import NODE, OUTSIDE, Client
from .entry import Arrival, Entry, Packet, load_balancer_at, node_arrival
from .route import CLIENT, LOAD_BALANCER, NOWHERE, POD, Hop, Route
from .route import NODE as AT_NODE

__all__ = ["AffinityKey", "Flow", "FlowKey", "PathSoFar", "PathTracer", "RandomPathTracer", "affinity_key"]

OPEN_FLOW = "the flow is open, and the kernel remembers its endpoint"
# For how long the kernel remembers a flow that is silent (nf_conntrack_udp_timeout_stream); a TCP one outlives it all.
FLOW_TIMEOUT_S = {"UDP": 120.0}


@dataclass(frozen=True, slots=True)
class AffinityKey:
    """Who is remembered for which endpoint: one list per node, Service port and endpoint, as iptables keeps it."""

    node: str
    port: str
    protocol: str
    src: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class FlowKey:
    """What a node knows a flow by: its first packet as it came in."""

    node: str
    protocol: str
    src: str
    source_port: int
    dst: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the packets of a flow go, as the kernel remembers it (conntrack), and when the last one came."""

    verdict: Verdict
    target: Target
    at_s: float


@dataclass(frozen=True, slots=True)
class PathSoFar:
    """The path of a packet so far, and how often packets come this far."""

    probability: Fraction = Fraction(1)
    hops: tuple[Hop, ...] = ()
    at: str | None = None  # the node that it comes from
    entry: str | None = None  # the node by which it came in from outside
    leg_ms: float = 0.0  # what the leg to the next place takes on top of the distance between nodes
    seen: frozenset[tuple[str, str]] = frozenset()  # the nodes behind it, with the destination it had there


class PathTracer:
    """Follows packets of one client through a cluster.

    A packet that leaves the cluster unmatched is routed to the nodes of `via`; `as_if` is a Service as it will be.
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

    def come_in(self, entry: Entry, path: PathSoFar, packet: Packet) -> Iterator[Route]:
        """Follow a packet to every node by which it may come in."""
        if not entry.spread.names:
            path = self._connect(packet, path)
            yield self._shut_out(packet, path, entry)
        for name, share in self.choose(entry.spread, entry.sticky):
            yield from self.arrive(entry, name, replace(path, probability=path.probability * share))

    def _shut_out(self, packet: Packet, path: PathSoFar, entry: Entry) -> Route:
        """End before the cluster: at the load balancer that has nobody to send to, at the name server, or nowhere."""
        if entry.at_balancer:
            return self._end(packet, path, "load balancer", "lost", entry.outcome, entry.reason, LOAD_BALANCER)
        at = "name server" if entry.outcome == "unresolved" else "nowhere"
        return self._end(packet, path, at, "lost", entry.outcome, entry.reason, NOWHERE)

    def arrive(self, entry: Entry, name: str, path: PathSoFar) -> Iterator[Route]:
        """Follow a packet that comes in by one node, or is delivered straight to a Pod."""
        assert entry.arrive is not None
        arrival = entry.arrive(name)
        packet = arrival.packet
        path = self._connect(arrival.dialled, path)
        path = replace(path, hops=(*path.hops, *arrival.hops), at=None)
        if not entry.hairpin and name == self.client.node:
            reason = f"the load balancer keeps the source address, and {name} discards a packet that seems its own"
            routes: Iterable[Route] = [self._lost(packet, path, name, "comes back", reason)]
        elif entry.to_pod:
            routes = [self._deliver(packet, path, None)]
        else:
            entered = name if self.client.kind == OUTSIDE else None
            routes = self.enter(name, packet, replace(path, entry=entered))
        for route in routes:
            reset = entry.proxies and not route.delivered
            yield replace(route, outcome="reset") if reset else route

    def _connect(self, packet: Packet, path: PathSoFar) -> PathSoFar:
        """Put the client first among the hops."""
        if path.hops:
            return path
        return replace(path, hops=(Hop(self.client.name, packet.src, packet.to, "sends", kind=CLIENT),))

    def choose(self, spread: Spread, sticky: str = "") -> Iterable[tuple[str, Fraction]]:
        """Return the places to which a new connection may go, with their shares."""
        return spread

    def to_itself(self, packet: Packet, path: PathSoFar) -> Route:
        """End at the Pod that dials its own loopback address: the packet never leaves it."""
        path = self._connect(packet, path)
        pod = self.store.pod_at(self.client.ip)
        name = self.client.name
        if packet.port is None or (pod is not None and pod.listens_on(packet.port)):
            return self._answered(packet, path, name, self.store.nodes.get(self.client.node or ""))
        reason = f"{name} asks itself, and does not listen on port {packet.port}"
        return self._refused(packet, path, name, "closed port", reason, POD)

    # -- at a node ----

    def enter(self, name: str, packet: Packet, path: PathSoFar) -> Iterator[Route]:
        """Follow a packet that has come to a node."""
        node, before = self.store.nodes[name], self.store.nodes.get(path.at or "")
        path = self._connect(packet, path)
        place = (name, packet.to)
        been_here = place in path.seen
        leg = leg_ms(before, node) if before is not node else 0.0
        path = replace(path, leg_ms=path.leg_ms + leg, seen=path.seen | {place})
        if self.cluster.is_down(name):
            yield self._lost(packet, path, name, "node is down", f"{name} is down: packets to it vanish")
        elif path.at != name and is_own_address(node, packet.src):
            reason = f"it comes back to {name} with that node's own source address, and is dropped"
            yield self._lost(packet, path, name, "martian source", reason)
        elif been_here:
            yield self._lost(packet, path, name, "goes in a circle", "no rule matches, and the packet comes back")
        else:
            yield from self._apply(node, self.verdict(name, packet), packet, path)

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

    def _apply(self, node: Node, verdict: Verdict, packet: Packet, path: PathSoFar) -> Iterator[Route]:
        """Follow a packet after the verdict of a node's kube-proxy."""
        if verdict.action == "DNAT":
            bound = self._bound(node, verdict)
            for target, share in self._assign(node, verdict, bound):
                further = replace(path, probability=path.probability * share)
                yield from self._forward(node, verdict, target, packet, further, affinity=bound is not None)
        elif verdict.action == "REJECT":
            yield self._refused(packet, path, node.name, "REJECT", f"{node.name} rejects: {verdict.reason}")
        elif verdict.action == "DROP":
            yield self._lost(packet, path, node.name, "DROP", f"{node.name} drops the packet: {verdict.reason}")
        elif is_own_address(node, packet.dst):
            yield self._local_port(node, packet, path)
        else:
            yield from self._route_on(node, verdict, packet, path)

    # -- DNAT: the Service's endpoints ----

    def _assign(self, node: Node, verdict: Verdict, bound: Target | None) -> Iterable[tuple[Target, Fraction]]:
        """Return the endpoints that a new connection may get: all alike, or the one that the client is bound to."""
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
        self, node: Node, verdict: Verdict, target: Target, packet: Packet, path: PathSoFar, *, affinity: bool
    ) -> Iterator[Route]:
        """Send a packet on to an endpoint, the source replaced where the mark or the CNI says so."""
        ip = canonical_ip(target.endpoint.ip)
        if not is_own_address(node, ip) and self._holds_back(node):
            yield self._held(node, packet, path)
            return
        src: str | None = packet.src
        action = f"DNAT: {verdict.reason}"
        # What goes to a process of this very node never passes POSTROUTING, where sources are replaced.
        leaves = not is_own_address(node, ip) or (self.client.kind == NODE and self.client.node == node.name)
        if leaves and verdict.masquerades(target):
            src, action = self._masquerade_address(node, ip), f"DNAT, SNAT: {verdict.reason}"
        elif leaves and self._cni_masquerades(packet.src, ip):
            src, action = self._masquerade_address(node, ip), f"DNAT, then SNAT by the CNI: {verdict.reason}"
        if src is None:
            yield self._no_source(node, packet, path)
            return
        rewritten = replace(packet, src=src, dst=ip, port=target.port)
        hop = Hop(
            node.name, packet.src, packet.to, action, path.leg_ms,
            new_src=src if src != packet.src else None, new_dst=rewritten.to, affinity=affinity,
        )  # fmt: skip
        path = replace(path, hops=(*path.hops, hop), leg_ms=0.0, at=node.name)
        # The answer goes to the source it sees; it must pass the node that rewrote the destination.
        returns = src != packet.src or self._home(ip) is node or self._home(packet.src) is node
        yield self._deliver(rewritten, path, target, returns=returns)

    def _holds_back(self, node: Node) -> bool:
        """Return True if a node passes on nothing but what its own processes send."""
        return not node.forwards and not (self.client.kind == NODE and self.client.node == node.name)

    def _held(self, node: Node, packet: Packet, path: PathSoFar) -> Route:
        """End at a node that does not forward."""
        reason = f"{node.name} forwards no packets (net.ipv4.ip_forward is 0, or its FORWARD chain drops them)"
        return self._lost(packet, path, node.name, "not forwarded", reason)

    def _no_source(self, node: Node, packet: Packet, path: PathSoFar) -> Route:
        """End at a node that shall put its own address in place of the source, and has none of this family.

        Source: ``net/netfilter/nf_nat_masquerade.c`` (Linux), which drops such a packet.
        """
        reason = f"{node.name} has no IPv{ip_version(packet.dst) or 4} address that MASQUERADE could write"
        return self._lost(packet, path, node.name, "DROP", reason)

    def _masquerade_address(self, node: Node, dst: str) -> str | None:
        """Return what MASQUERADE writes: the address of the interface by which the packet leaves."""
        family = ip_version(dst) or 4
        pod = self.store.pod_at(dst) if self.cluster.cni_bridge else None
        if pod is not None and pod.node == node.name:
            for cidr in of_family(node.pod_cidr, family):
                return str(network_of(cidr)[1])
        return primary_ip(node, family)

    def _cni_masquerades(self, src: str, dst: str) -> bool:
        """Return True if the CNI replaces a Pod's address: what leaves the Pod network carries the node's."""
        family = ip_version(dst) or 4
        pods = [network_of(cidr) for cidr in of_family(self.cluster.pod_cidr, family)]
        inside = [any(address_of(ip) in network for network in pods) for ip in (src, dst)]
        return self.cluster.cni_masquerade and inside == [True, False]

    def _home(self, ip: str) -> Node | None:
        """Return the node on which an address lives."""
        pod = self.store.pod_at(ip)
        return self.store.nodes.get(pod.node or "") if pod else self.store.node_at(ip)

    # -- no rule: the packet is routed as it is ----

    def _local_port(self, node: Node, packet: Packet, path: PathSoFar) -> Route:
        """End at a port of the node itself: a hostNetwork Pod, kube-proxy's health checks, or nobody."""
        if packet.port is None:
            return self._end(packet, path, node.name, "answers", "delivered", f"{node.name} answers the ping")
        pod = self._host_pod(node, packet.port, None)
        if pod is not None:
            return self._deliver(packet, path, None)
        mapped = self._host_port(node, packet)
        if mapped is not None:
            action = "DNAT: hostPort, by the CNI plugin portmap"
            hop = Hop(node.name, packet.src, packet.to, action, path.leg_ms, new_dst=mapped.to)
            return self._deliver(mapped, replace(path, hops=(*path.hops, hop), leg_ms=0.0, at=node.name), None)
        checks = packet.port == HEALTHZ_PORT or any(map(is_watched, self.store.health_checks_on(packet.port)))
        if packet.protocol == "TCP" and checks and not self.cluster.proxy_stopped(node.name):
            reason = f"kube-proxy on {node.name} answers health checks here"
            return self._end(packet, path, node.name, "answers", "delivered", reason)
        reason = f"nothing listens on port {packet.port} of {node.name}, and no Service has this nodePort"
        return self._refused(packet, path, node.name, "closed port", reason)

    def _route_on(self, node: Node, verdict: Verdict, packet: Packet, path: PathSoFar) -> Iterator[Route]:
        """Send a packet on that no rule of this node touches."""
        if self._holds_back(node):
            yield self._held(node, packet, path)
            return
        src: str | None = packet.src
        if self._cni_masquerades(packet.src, packet.dst):
            src = self._masquerade_address(node, packet.dst)
        if src is None:
            yield self._no_source(node, packet, path)
            return
        action = "forwarded" if src == packet.src else "forwarded, SNAT by the CNI"
        hop = Hop(node.name, packet.src, packet.to, action, path.leg_ms, new_src=src if src != packet.src else None)
        on = replace(path, hops=(*path.hops, hop), leg_ms=0.0, at=node.name)
        packet = replace(packet, src=src)
        other = self.store.node_at(packet.dst)
        if self.store.pod_at(packet.dst) is not None:
            yield self._deliver(packet, on, None)
        elif other is not None:
            yield from self.enter(other.name, packet, on)
        else:
            yield from self.leave(verdict, packet, on)

    def leave(self, verdict: Verdict, packet: Packet, path: PathSoFar) -> Iterator[Route]:
        """Follow a packet that leaves the cluster: to the nodes of `via`, to a load balancer, or to nobody."""
        if self.via:
            yield from self.come_in(Entry(Spread(self.via), lambda name: Arrival(packet, packet)), path, packet)
            return
        behind = self.store.node_behind(packet.dst)
        if behind is not None:
            # The cloud translates on the way out, and again on the way in.
            home = self.store.nodes.get(path.at or "")
            known = canonical_ip(home.external_ip) if home is not None and home.external_ip else packet.src
            outside = replace(packet, src=known)
            back = Entry(Spread((behind.name,)), lambda name: node_arrival(self.cluster, behind, outside))
            yield from self.come_in(back, path, outside)
            return
        through = load_balancer_at(self.cluster, packet)
        if through is not None:
            yield from self.come_in(through, path, packet)
            return
        reason = f"{verdict.reason}; the packet leaves by the default route, and nobody answers on {packet.to}"
        yield self._lost(packet, path, "outside", "no answer", reason, NOWHERE)

    # -- the end ----

    def _deliver(self, packet: Packet, path: PathSoFar, target: Target | None, returns: bool = True) -> Route:
        """End at a Pod, which answers, refuses, or is not there."""
        ip = packet.dst
        node, pod = self._home(ip), self.store.pod_at(ip)
        if node is not None and pod is None:
            pod = self._host_pod(node, packet.port or 0, target)
        name = pod.name if pod else (target.endpoint.pod if target else None) or packet.to
        path = replace(path, leg_ms=path.leg_ms + self._leg_to(path, node, pod))
        if node is None and (pod is not None or self._in_pod_network(ip) or (target and target.endpoint.node)):
            return self._lost(packet, path, name, "not there", f"no Pod has the address {ip} any more", POD)
        if node is not None and self.cluster.is_down(node.name):
            return self._lost(packet, path, name, "node is down", f"{node.name}, the node of {name}, is down", POD)
        if node is not None and not is_own_address(node, ip) and self._holds_back(node):
            return self._held(node, packet, path)
        if ip == self.client.ip and self.client.kind == "pod" and not self.cluster.cni_hairpin:
            reason = f"{name} is sent to itself, and this CNI lets no packet back in where it came from"
            return self._lost(packet, path, name, "no hairpin", reason, POD)
        if not returns:
            reason = "the answer goes straight to the client, not back through the node that rewrote the address"
            return self._lost(packet, path, name, "reply goes to the wrong place", reason, POD)
        if node is not None and packet.port is not None and (pod is None or not pod.listens_on(packet.port)):
            reason = f"{name} does not listen on port {packet.port}"
            return self._refused(packet, path, name, "closed port", reason, POD)
        return self._answered(packet, path, name, node)

    def _answered(self, packet: Packet, path: PathSoFar, name: str, node: Node | None) -> Route:
        """End with the answer of a Pod."""
        entry = self.store.nodes.get(path.entry or "")
        extra = entry is not None and node is not entry
        route = self._end(packet, path, name, "answers", "delivered", f"{name} answers", POD)
        return replace(
            route, pod=name, client_seen=packet.src, node=node.name if node else None, extra_hop=extra,
            crosses_zone=extra and crosses_zone(entry, node),
        )  # fmt: skip

    def _host_pod(self, node: Node, port: int, target: Target | None) -> Pod | None:
        """Return the hostNetwork Pod of a node that the target names, or that listens on this port."""
        pods = [pod for pod in self.store.pods_on(node.name) if pod.host_network]
        if target is not None and target.endpoint.pod:
            return next((pod for pod in pods if pod.name == target.endpoint.pod), None)
        return next((pod for pod in pods if pod.listens_on(port)), None)

    def _host_port(self, node: Node, packet: Packet) -> Packet | None:
        """Return the packet as it goes on to the Pod whose ``hostPort`` it names; None if there is none."""
        for pod in self.store.pods_on(node.name):
            for port in pod.ports if not pod.host_network and pod.phase == "Running" else ():
                fits = port.host_port == packet.port and port.protocol == packet.protocol
                if fits and port.host_ip in ("", "0.0.0.0", "::", packet.dst):
                    ip = next((one for one in pod.addresses if ip_version(one) == ip_version(packet.dst)), None)
                    return replace(packet, dst=canonical_ip(ip), port=port.port) if ip else None
        return None

    def _in_pod_network(self, ip: str) -> bool:
        """Return True if an address is in the range of Pod addresses."""
        networks = of_family(self.cluster.pod_cidr, ip_version(ip) or 4)
        return any(address_of(ip) in network_of(cidr) for cidr in networks)

    def _leg_to(self, path: PathSoFar, node: Node | None, pod: Pod | None) -> float:
        """Return the round trip of the last leg, in milliseconds."""
        start = self.store.nodes.get(path.at or "")
        if start is node and pod is not None and pod.host_network:
            return 0.0
        return leg_ms(start, node)

    def _lost(self, packet: Packet, path: PathSoFar, at: str, action: str, reason: str, kind: str = AT_NODE) -> Route:
        return self._end(packet, path, at, action, "timeout", reason, kind)

    def _refused(
        self, packet: Packet, path: PathSoFar, at: str, action: str, reason: str, kind: str = AT_NODE
    ) -> Route:
        return self._end(packet, path, at, action, "refused", reason, kind)

    def _end(
        self,
        packet: Packet,
        path: PathSoFar,
        at: str,
        action: str,
        outcome: str,
        reason: str,
        kind: str = AT_NODE,
    ) -> Route:
        hop = Hop(at, packet.src, packet.to, action, path.leg_ms, kind=kind)
        hops = (*path.hops, hop)
        return Route(
            path.probability, outcome, reason, hops=hops, entry=path.entry, protocol=packet.protocol, as_if=self.as_if
        )


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
        source_port: int | None = None,
    ) -> None:
        super().__init__(cluster, client, via, as_if)
        self.chance = chance
        self.source_port = source_port  # None: every connection has a port of its own

    def choose(self, spread: Spread, sticky: str = "") -> Iterable[tuple[str, Fraction]]:
        """Return one place, by chance; the same for the same `sticky`, as a hash does, and for the same source port."""
        if self.source_port is not None and not sticky:
            sticky = f"{self.client.ip}:{self.source_port}"
        chance = Random(f"{self.cluster.seed} {sticky}") if sticky else self.chance
        return [spread.pick(chance.random())]

    def _assign(self, node: Node, verdict: Verdict, bound: Target | None) -> Iterable[tuple[Target, Fraction]]:
        target, share = bound, Fraction(1)
        if target is None:
            target, share = self.chance.choice(verdict.targets), Fraction(1, len(verdict.targets))
        info = verdict.port
        if info is not None and info.service.session_affinity == "ClientIP":
            self.cluster.affinity[affinity_key(node, info, verdict.src, target)] = self.cluster.now_s
        return [(target, share)]

    # -- flows that are open ----

    def _apply(self, node: Node, verdict: Verdict, packet: Packet, path: PathSoFar) -> Iterator[Route]:
        """Send a packet of an open flow where the flow goes, past all rules; every other one by the verdict."""
        key = self._flow_key(node, packet)
        flow = self._open_flow(key) if key is not None else None
        if key is None:
            yield from super()._apply(node, verdict, packet, path)
        elif flow is not None:
            self.cluster.flows[key] = replace(flow, at_s=self.cluster.now_s)
            open_verdict = replace(flow.verdict, reason=OPEN_FLOW)
            yield from self._forward(node, open_verdict, flow.target, packet, path, affinity=False)
        elif verdict.action == "DNAT":
            bound = self._bound(node, verdict)
            for target, share in self._assign(node, verdict, bound):
                self.cluster.flows[key] = Flow(verdict, target, self.cluster.now_s)
                further = replace(path, probability=path.probability * share)
                yield from self._forward(node, verdict, target, packet, further, affinity=bound is not None)
        else:
            yield from super()._apply(node, verdict, packet, path)

    def _flow_key(self, node: Node, packet: Packet) -> FlowKey | None:
        if self.source_port is None:
            return None
        return FlowKey(node.name, packet.protocol, packet.src, self.source_port, packet.dst, packet.port)

    def _open_flow(self, key: FlowKey) -> Flow | None:
        """Return the flow that a packet belongs to; None if it begins one, also because kube-proxy cut the old one."""
        flow: Flow | None = self.cluster.flows.get(key)
        if flow is None or self.cluster.now_s - flow.at_s > FLOW_TIMEOUT_S.get(key.protocol, math.inf):
            return None
        kept = keeps_flow(
            self.cluster, node=key.node, dst=key.dst, port=key.port or 0, endpoint=str(flow.target),
            protocol=key.protocol,
        )  # fmt: skip
        return flow if kept else None


def affinity_key(node: Node, info: ServicePortInfo, src: str | None, target: Target) -> AffinityKey:
    """Return the key of the list in which kube-proxy remembers a client for an endpoint."""
    return AffinityKey(node.name, info.name, info.port.protocol or "TCP", src or "", str(target))
