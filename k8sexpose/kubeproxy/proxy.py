"""kube-proxy: what one node does with the first packet of a connection.

Sources (kubernetes/kubernetes): ``pkg/proxy/iptables/proxier.go``, ``pkg/proxy/nftables/proxier.go``,
``pkg/proxy/util/nodeport_addresses.go``, ``pkg/proxy/conntrack/cleanup.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ..api.addresses import canonical_ip, ip_version, of_family
from ..api.objects import Node
from ..api.service import Service
from ..cluster.state import ClusterState
from ..cluster.store import Store
from .service_ports import ServicePortInfo, Target, categorize_endpoints, cluster_ip_of, service_ports

__all__ = ["Verdict", "categorize_endpoints", "keeps_flow", "kube_proxy"]

POD, NODE, EXTERNAL = "pod", "node", "external"


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What kube-proxy on one node decides about a packet.

    Parameters
    ----------
    action : str
        ``DNAT`` (rewrite the destination), ``DROP`` (silence, a timeout), ``REJECT`` (an answer at once:
        connection refused), ``ACCEPT`` (the healthCheckNodePort) or ``NO_MATCH`` (no rule: routed on).
    targets : tuple of Target
        The endpoints the packet may go to, each with the same probability, in kube-proxy's order.
    marked : bool
        Whether every path gets the masquerade mark.
    src : str, optional
        Source of the packet; an endpoint with this address is masqueraded in any case (hairpin).
    reason : str
        The rule that decided, in a sentence.
    port : ServicePortInfo, optional
        The Service port that matched.

    Examples
    --------
    >>> Verdict("NO_MATCH")
    Verdict(action='NO_MATCH', endpoints=(), masquerade=None)
    """

    action: str
    targets: tuple[Target, ...] = ()
    marked: bool = False
    src: str | None = None
    reason: str = ""
    port: ServicePortInfo | None = None

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The possible destinations as ``ip:port``."""
        return tuple(map(str, self.targets))

    @property
    def masquerade(self) -> bool | None:
        """True if some possible path replaces the source address by the node's; None unless DNAT."""
        return any(map(self.masquerades, self.targets)) if self.action == "DNAT" else None

    def masquerades(self, target: Target) -> bool:
        """Tell whether the source address is replaced on the way to this endpoint."""
        return self.marked or target.endpoint.ip == self.src

    def __repr__(self) -> str:
        return f"Verdict(action={self.action!r}, endpoints={self.endpoints}, masquerade={self.masquerade})"


def kube_proxy(
    cluster: ClusterState,
    *,
    node: str,
    src: str | None,
    dst: str,
    port: int | None = None,
    protocol: str = "TCP",
    as_if: Service | None = None,
) -> Verdict:
    """Decide, as kube-proxy on `node` does, what becomes of the first packet of a connection.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    node : str
        The node whose rules the packet meets.
    src : str or None
        Source address on arrival; None where it does not matter.
    dst, port : str, int
        Destination; without a port for ICMP.
    protocol : str
        TCP, UDP, SCTP or ICMP.
    as_if : Service, optional
        A Service taken in this form in place of the stored one: how the rules will be.

    Returns
    -------
    Verdict
        The action, the possible endpoints, and whether the source address is lost.

    Raises
    ------
    UnknownName
        If there is no such node (it is a KeyError); the text names those that exist.
    ValueError
        If an address is no IP address, or the protocol is unknown.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> kube_proxy(cluster, node="node-1", src="203.0.113.7", dst="10.0.0.1", port=30007).action
    'NO_MATCH'
    """
    packet = _Packet.arriving(cluster, node, src, dst, port, protocol)
    if packet.port is None:
        return Verdict("NO_MATCH", src=packet.src, reason="kube-proxy has no rules for ICMP")
    for info in _ports(packet, packet.store.services_at(packet.dst), as_if):
        if info.port.port != packet.port:
            continue
        if packet.dst == info.cluster_ip:
            return _cluster_ip(packet, info)
        if packet.dst in info.load_balancer_vips:
            return _load_balancer_vip(packet, info)
        if packet.dst in info.external_ips:
            return _external(packet, info)
    if packet.to_node_port_address:
        for info in _ports(packet, packet.store.services_on(packet.port), as_if):
            if info.port.node_port == packet.port:
                return _external(packet, info)
    return _no_service_port(packet)


# -- the decision table: one function for each kind of destination -------------------------------------------


def _cluster_ip(packet: _Packet, info: ServicePortInfo) -> Verdict:
    """clusterIP:port. Here internalTrafficPolicy counts."""
    chosen = info.categorize(packet.node.name, packet.node.zone)
    if not chosen.has_any:
        return _verdict(packet, info, "REJECT", reason="the Service has no endpoints")
    if info.internal_local and not chosen.local:
        return _verdict(packet, info, "DROP", reason="internalTrafficPolicy Local, and no endpoint on this node")
    targets = chosen.local if info.internal_local else chosen.cluster
    marked = packet.masquerade_all or (packet.detects_pods and packet.source != POD)
    return _verdict(packet, info, "DNAT", targets, marked, "clusterIP")


def _load_balancer_vip(packet: _Packet, info: ServicePortInfo) -> Verdict:
    """The load balancer's address: guarded by loadBalancerSourceRanges, then as any external address."""
    # iptables writes the guard only where there are endpoints; in nftables it stands before everything else.
    guarded = packet.nftables or info.categorize(packet.node.name, packet.node.zone).has_any
    if guarded and not packet.in_ranges(info.source_ranges):
        return _verdict(packet, info, "DROP", reason="the source is in none of the loadBalancerSourceRanges")
    return _external(packet, info)


def _external(packet: _Packet, info: ServicePortInfo) -> Verdict:
    """nodePort, load balancer address or external IP. Here externalTrafficPolicy counts."""
    chosen = info.categorize(packet.node.name, packet.node.zone)
    if not chosen.has_any:
        if packet.source == NODE and not packet.to_this_node and not packet.nftables:
            # The REJECT stands in INPUT and FORWARD: a packet from the node to elsewhere meets neither.
            return _verdict(packet, info, "NO_MATCH", reason="no endpoints, and no rule in OUTPUT: leaves the node")
        return _verdict(packet, info, "REJECT", reason="the Service has no endpoints")
    if not info.external_local:
        return _verdict(packet, info, "DNAT", chosen.cluster, True, "externalTrafficPolicy Cluster")
    if packet.source == POD:
        return _verdict(packet, info, "DNAT", chosen.cluster, False, "Local does not bind traffic of Pods")
    if packet.source == NODE:
        return _verdict(packet, info, "DNAT", chosen.cluster, True, "Local does not bind traffic of the node itself")
    if chosen.local:
        return _verdict(packet, info, "DNAT", chosen.local, False, "externalTrafficPolicy Local")
    return _verdict(packet, info, "DROP", reason="externalTrafficPolicy Local, and no endpoint on this node")


def _no_service_port(packet: _Packet) -> Verdict:
    """No Service has this address and port."""
    services = packet.store.services_at(packet.dst)
    if packet.nftables and any(cluster_ip_of(service, packet.family) == packet.dst for service in services):
        return Verdict("REJECT", src=packet.src, reason="no port of the Service has this number")
    if packet.nftables and packet.in_service_cidr:
        return Verdict("DROP", src=packet.src, reason="no Service has this clusterIP")
    if not packet.nftables and packet.to_this_node and packet.protocol == "TCP" and packet.to_health_check:
        return Verdict("ACCEPT", src=packet.src, reason="healthCheckNodePort")
    return Verdict("NO_MATCH", src=packet.src, reason="no rule of kube-proxy matches")


def _verdict(
    packet: _Packet,
    info: ServicePortInfo,
    action: str,
    targets: tuple[Target, ...] = (),
    marked: bool = False,
    reason: str = "",
) -> Verdict:
    return Verdict(action, targets, marked, packet.src, reason, info)


# -- what the table asks about a packet ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Packet:
    """A packet at a node, and the questions that rules ask about it."""

    cluster: ClusterState
    node: Node
    src: str | None
    dst: str
    port: int | None
    protocol: str

    @classmethod
    def arriving(
        cls, cluster: ClusterState, node: str, src: str | None, dst: str, port: int | None, protocol: str
    ) -> _Packet:
        found = cluster.store.node(node)
        if protocol not in ("TCP", "UDP", "SCTP", "ICMP"):
            raise ValueError(f"protocol {protocol!r} is none of TCP, UDP, SCTP, ICMP")
        if (port is None) != (protocol == "ICMP"):
            raise ValueError("TCP, UDP and SCTP need a port" if port is None else "ICMP has no ports")
        source = None if src is None else str(ip_address(src))
        return cls(cluster, found, source, str(ip_address(dst)), port, protocol)

    @property
    def store(self) -> Store:
        """What kube-proxy on this node knows about Services and endpoints."""
        return self.cluster.rules(self.node.name)

    @property
    def family(self) -> int:
        return ip_address(self.dst).version

    @property
    def nftables(self) -> bool:
        return self.cluster.proxy.mode == "nftables"

    @property
    def masquerade_all(self) -> bool:
        return self.cluster.proxy.masquerade_all

    @property
    def source(self) -> str:
        """Who sent it, as far as this node can tell."""
        if self.src is not None and any(ip_address(self.src) in ip_network(cidr) for cidr in self._pod_cidrs):
            return POD
        return NODE if self.src is not None and is_own_address(self.node, self.src) else EXTERNAL

    @property
    def detects_pods(self) -> bool:
        """True if the local traffic detector works for this family (``--detect-local-mode``)."""
        return bool(self._pod_cidrs)

    @property
    def _pod_cidrs(self) -> list[str]:
        config = self.cluster.proxy
        if config.detect_local == "ClusterCIDR":
            return of_family(config.cluster_cidr or self.cluster.pod_cidr, self.family)
        return of_family(self.node.pod_cidr, self.family) if config.detect_local == "NodeCIDR" else []

    def in_ranges(self, ranges: tuple[str, ...]) -> bool:
        """Tell whether loadBalancerSourceRanges let the packet in."""
        if not ranges:
            return True
        networks = [ip_network(text, strict=False) for text in ranges]
        if self.src is not None and any(ip_address(self.src) in network for network in networks):
            return True
        # A node that is let in may reach the address through itself, with that address as the source.
        primary = primary_ip(self.node, self.family)
        return self.src == self.dst and any(primary and ip_address(primary) in network for network in networks)

    @property
    def to_this_node(self) -> bool:
        return is_own_address(self.node, self.dst)

    @property
    def to_node_port_address(self) -> bool:
        """True if nodePorts answer on the destination (``--nodeport-addresses``)."""
        if not self.to_this_node:
            return False
        config = self.cluster.proxy
        listed = config.nodeport_addresses
        if listed is None and self.nftables:
            listed = ("primary",)
        if ip_address(self.dst).is_loopback and (self.nftables or self.family == 6 or not config.localhost_nodeports):
            return False
        if listed == ("primary",):
            return self.dst == primary_ip(self.node, self.family)
        ranges = [cidr for cidr in listed or () if ip_network(cidr).version == self.family]
        return not ranges or any(ip_address(self.dst) in ip_network(cidr) for cidr in ranges)

    @property
    def in_service_cidr(self) -> bool:
        ranges = of_family(self.cluster.service_cidr, self.family)
        return any(ip_address(self.dst) in ip_network(cidr) for cidr in ranges)

    @property
    def to_health_check(self) -> bool:
        return any(self.store.health_checks_on(self.port or 0))


def _ports(packet: _Packet, services: Iterable[Service], as_if: Service | None) -> Iterator[ServicePortInfo]:
    """Give the ports that have the packet's protocol; `as_if` stands in for itself as stored."""
    if as_if is not None:
        services = (as_if, *(service for service in services if service.key != as_if.key))
    for service in services:
        for info in service_ports(packet.store, service, packet.family):
            if (info.port.protocol or "TCP") == packet.protocol:
                yield info


def is_own_address(node: Node, ip: str) -> bool:
    """Tell whether a node has this address on an interface, loopback included."""
    return ip_address(ip).is_loopback or any(canonical_ip(own) == canonical_ip(ip) for own in node.addresses)


def primary_ip(node: Node, family: int) -> str | None:
    """Return the first address of a node in a family: where its own packets come from."""
    return next((canonical_ip(ip) for ip in node.addresses if ip_version(ip) == family), None)


# -- connections that exist already --------------------------------------------------------------------------


def keeps_flow(cluster: ClusterState, *, node: str, dst: str, port: int, endpoint: str, protocol: str = "TCP") -> bool:
    """Tell whether a flow that exists already stays with its endpoint, given the endpoints of now.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    node : str
        The node that rewrote the first packet of the flow.
    dst, port : str, int
        The destination that the client dials.
    endpoint : str
        ``ip:port`` of the endpoint that the flow was dealt to.
    protocol : str
        TCP, UDP or SCTP.

    Returns
    -------
    bool
        TCP and SCTP stay in any case: kube-proxy never touches them. A UDP flow is dealt anew once its
        endpoint no longer serves and another one does; with no endpoint left it stays where it was.

    Notes
    -----
    Source: ``pkg/proxy/conntrack/cleanup.go``. Policies and hints play no part in it.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> keeps_flow(cluster, node="node-1", dst="10.0.0.1", port=30007, endpoint="10.244.1.2:8080")
    True
    """
    if protocol != "UDP":
        return True
    packet = _Packet.arriving(cluster, node, None, dst, port, protocol)
    for info in _ports(packet, [*packet.store.services_at(packet.dst), *packet.store.services_on(port)], None):
        addresses = (info.cluster_ip, *info.load_balancer_vips, *info.external_ips)
        if (packet.dst in addresses and port == info.port.port) or (port == info.port.node_port):
            serving = [str(target) for target in info.targets.all if target.endpoint.serving]
            return not serving or endpoint in serving
    return True
