"""kube-proxy: what one node does with the first packet of a connection.

Sources (kubernetes/kubernetes): ``pkg/proxy/iptables/proxier.go``, ``pkg/proxy/nftables/proxier.go``,
``pkg/proxy/util/nodeport_addresses.go``, ``pkg/proxy/conntrack/cleanup.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from ..api.addresses import address_of, canonical_ip, ip_version, network_of, of_family
from ..api.checks import check_arguments
from ..api.objects import Node, ProxyConfig
from ..api.service import Service
from ..cluster.state import ClusterState
from ..cluster.store import Store
from .service_ports import ServicePortInfo, Target, categorize_endpoints, cluster_ip_of, is_watched, service_ports

__all__ = [
    "Detector",
    "PortPlan",
    "Verdict",
    "categorize_endpoints",
    "from_local_pod",
    "keeps_flow",
    "kube_proxy",
    "node_port_addresses",
    "pod_detector",
    "port_plan",
    "takes_localhost",
]

POD = "pod"
NODE = "node"
EXTERNAL = "external"
PRIMARY = ("primary",)
LOOPBACK = "127.0.0.1"


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
    hairpin_node : str, optional
        The node whose endpoints alone are masqueraded when they reach themselves (nftables); None for all endpoints.

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
    hairpin_node: str | None = None

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The possible destinations as ``ip:port``."""
        return tuple(map(str, self.targets))

    @property
    def masquerade(self) -> bool | None:
        """True if some possible path replaces the source address by the node's; None unless DNAT."""
        return any(map(self.masquerades, self.targets)) if self.action == "DNAT" else None

    def masquerades(self, target: Target) -> bool:
        """Return True if the source address is replaced on the way to this endpoint."""
        reaches_itself = target.endpoint.ip == self.src
        return self.marked or (reaches_itself and self.hairpin_node in (None, target.endpoint.node))

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
    check_arguments(kube_proxy, locals())
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
    elif packet.to_this_node and not packet.nftables:
        # The rules that refuse a nodePort ask for an address of the node, not for one that takes nodePorts.
        for info in _ports(packet, packet.store.services_on(packet.port), as_if):
            plan = port_plan(info, packet.node)
            if info.port.node_port == packet.port and plan.external_refusal:
                return _refuse(packet, info, plan.external_refusal)
    return _no_service_port(packet)


# -- the policies of a Service port, applied on one node: for the verdicts, and for the rules as text ---------


@dataclass(frozen=True, slots=True)
class PortPlan:
    """What one node does with a Service port, before it looks at a packet."""

    cluster: tuple[Target, ...]  # the endpoints of the policy Cluster; empty where no traffic follows it
    local: tuple[Target, ...]  # those of the policy Local, likewise
    internal: tuple[Target, ...]  # where traffic to the clusterIP goes
    external: tuple[Target, ...]  # where traffic from outside to any other address goes
    has_any: bool  # a usable endpoint exists somewhere

    @property
    def reachable(self) -> tuple[Target, ...]:
        """Every endpoint that the node has rules for: those of Cluster, then those of Local alone."""
        return tuple(dict.fromkeys((*self.cluster, *self.local)))

    @property
    def internal_refusal(self) -> str | None:
        """REJECT or DROP for traffic to the clusterIP; None where it has an endpoint."""
        return self._refusal(self.internal)

    @property
    def external_refusal(self) -> str | None:
        """REJECT or DROP for traffic from outside; None where it has an endpoint."""
        return self._refusal(self.external)

    def _refusal(self, targets: tuple[Target, ...]) -> str | None:
        if not self.has_any:
            return "REJECT"
        return None if targets else "DROP"


def port_plan(info: ServicePortInfo, node: Node) -> PortPlan:
    """Return what both traffic policies of a Service port lead to on one node."""
    chosen = info.categorize(node.name, node.zone)
    return PortPlan(
        chosen.cluster,
        chosen.local,
        chosen.local if info.internal_local else chosen.cluster,
        chosen.local if info.external_local else chosen.cluster,
        chosen.has_any,
    )


# -- the decision table: one function for each kind of destination -------------------------------------------


def _cluster_ip(packet: _Packet, info: ServicePortInfo) -> Verdict:
    """clusterIP:port. Here internalTrafficPolicy counts."""
    plan = port_plan(info, packet.node)
    if plan.internal_refusal:
        return _refuse(packet, info, plan.internal_refusal, "internalTrafficPolicy")
    marked = packet.masquerade_all or (packet.detector is not None and packet.source != POD)
    return _verdict(packet, info, "DNAT", plan.internal, marked, "clusterIP")


def _load_balancer_vip(packet: _Packet, info: ServicePortInfo) -> Verdict:
    """The load balancer's address: guarded by loadBalancerSourceRanges, then as any external address."""
    # iptables writes the guard only where there are endpoints; in nftables it stands before everything else.
    guarded = packet.nftables or port_plan(info, packet.node).has_any
    if guarded and not packet.in_ranges(info.source_ranges):
        return _verdict(packet, info, "DROP", reason="the source is in none of the loadBalancerSourceRanges")
    return _external(packet, info)


def _external(packet: _Packet, info: ServicePortInfo) -> Verdict:
    """nodePort, load balancer address or external IP. Here externalTrafficPolicy counts."""
    plan = port_plan(info, packet.node)
    if not plan.has_any:
        if packet.source == NODE and not packet.to_this_node and not packet.nftables:
            # The REJECT stands in INPUT and FORWARD: a packet from the node to elsewhere meets neither.
            return _verdict(packet, info, "NO_MATCH", reason="no endpoints, and no rule in OUTPUT: leaves the node")
        return _refuse(packet, info, "REJECT")
    if not info.external_local:
        return _verdict(packet, info, "DNAT", plan.external, True, "externalTrafficPolicy Cluster")
    if packet.source == POD:
        return _verdict(packet, info, "DNAT", plan.cluster, False, "Local does not bind traffic of Pods")
    if packet.source == NODE:
        return _verdict(packet, info, "DNAT", plan.cluster, True, "Local does not bind traffic of the node itself")
    if plan.external_refusal:
        return _refuse(packet, info, plan.external_refusal)
    return _verdict(packet, info, "DNAT", plan.external, False, "externalTrafficPolicy Local")


def _refuse(packet: _Packet, info: ServicePortInfo, action: str, policy: str = "externalTrafficPolicy") -> Verdict:
    """REJECT where no endpoint exists, DROP where only this node has none."""
    if action == "REJECT":
        return _verdict(packet, info, action, reason="the Service has no endpoints")
    return _verdict(packet, info, action, reason=f"{policy} Local, and no endpoint on this node")


def _no_service_port(packet: _Packet) -> Verdict:
    """No Service has this address and port."""
    services = [service for service in packet.store.services_at(packet.dst) if is_watched(service)]
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
    return Verdict(action, targets, marked, packet.src, reason, info, packet.node.name if packet.nftables else None)


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
        source = None if src is None else str(address_of(src))
        return cls(cluster, found, source, str(address_of(dst)), port, protocol)

    @property
    def store(self) -> Store:
        """What kube-proxy on this node knows about Services and endpoints."""
        return self.cluster.rules(self.node.name)

    @property
    def family(self) -> int:
        return ip_version(self.dst) or 4  # `arriving` has checked the address

    @property
    def nftables(self) -> bool:
        return self.cluster.proxy.mode == "nftables"

    @property
    def masquerade_all(self) -> bool:
        return self.cluster.proxy.masquerade_all

    @property
    def source(self) -> str:
        """Who sent it, as far as this node can tell."""
        if self.src is not None and self.detector is not None and self._is_detected(self.src):
            return POD
        return NODE if self.src is not None and is_own_address(self.node, self.src) else EXTERNAL

    @property
    def detector(self) -> Detector | None:
        """How this node tells a Pod's packet (``--detect-local-mode``)."""
        return pod_detector(self.cluster, self.node, self.family)

    def _is_detected(self, src: str) -> bool:
        assert self.detector is not None
        if self.detector.kind == "source":
            return address_of(src) in network_of(self.detector.value)
        return from_local_pod(self.cluster, self.node, src)

    def in_ranges(self, ranges: tuple[str, ...]) -> bool:
        """Return True if loadBalancerSourceRanges admit the packet."""
        if not ranges:
            return True
        networks = [network_of(text, strict=False) for text in ranges]
        if self.src is not None and any(address_of(self.src) in network for network in networks):
            return True
        # A node that is let in may reach the address through itself, with that address as the source.
        primary = primary_ip(self.node, self.family)
        return self.src == self.dst and any(primary and address_of(primary) in network for network in networks)

    @property
    def to_this_node(self) -> bool:
        return is_own_address(self.node, self.dst)

    @property
    def to_node_port_address(self) -> bool:
        """True if nodePorts answer on the destination (``--nodeport-addresses``)."""
        if not self.to_this_node:
            return False
        config = self.cluster.proxy
        if address_of(self.dst).is_loopback and not takes_localhost(config, self.family):
            return False
        listed = node_port_addresses(config, self.node, self.family)
        return listed is None or self.dst in listed

    @property
    def in_service_cidr(self) -> bool:
        return any(address_of(self.dst) in network_of(cidr) for cidr in service_cidrs(self.cluster, self.family))

    @property
    def to_health_check(self) -> bool:
        return any(map(is_watched, self.store.health_checks_on(self.port or 0)))


def _ports(packet: _Packet, services: Iterable[Service], as_if: Service | None) -> Iterator[ServicePortInfo]:
    """Yield the ports that have the packet's protocol; `as_if` replaces the stored Service of its name."""
    if as_if is not None:
        services = (as_if, *(service for service in services if service.key != as_if.key))
    for service in services:
        for info in service_ports(packet.store, service, packet.family):
            if (info.port.protocol or "TCP") == packet.protocol:
                yield info


@dataclass(frozen=True, slots=True)
class Detector:
    """How kube-proxy recognises the packet of a Pod (``--detect-local-mode``)."""

    kind: str  # ``source`` (an address in a CIDR), ``interface``, or ``prefix`` (of the interface's name)
    value: str


def pod_detector(cluster: ClusterState, node: Node, family: int) -> Detector | None:
    """Return how a node recognises a Pod's packet in a family (only its first CIDR counts); None where it cannot.

    Source: ``pkg/proxy/util/localdetector.go``.
    """
    config = cluster.proxy
    if config.detect_local == "BridgeInterface":
        return Detector("interface", config.bridge_interface)
    if config.detect_local == "InterfaceNamePrefix":
        return Detector("prefix", config.interface_name_prefix)
    if config.detect_local is None:
        return None
    listed = node.pod_cidr if config.detect_local == "NodeCIDR" else config.cluster_cidr or cluster.pod_cidr
    cidrs = of_family(listed, family)
    return Detector("source", cidrs[0]) if cidrs else None


def from_local_pod(cluster: ClusterState, node: Node, src: str) -> bool:
    """Return True if a packet of this sender comes in by the interface of a Pod: a Pod of this very node sent it."""
    pod = cluster.store.pod_at(src)
    if pod is not None:
        return pod.node == node.name and not pod.host_network
    ranges = of_family(node.pod_cidr, address_of(src).version)
    return any(address_of(src) in network_of(cidr) for cidr in ranges)


def takes_localhost(config: ProxyConfig, family: int) -> bool:
    """Return True if nodePorts may answer on 127.0.0.0/8: only iptables can, and only where the ranges hold it."""
    if config.mode == "nftables" or family == 6 or not config.localhost_nodeports:
        return False
    if config.nodeport_addresses == PRIMARY:
        return False
    ranges = _node_port_ranges(config.nodeport_addresses, family)
    return any(network.network_address.is_loopback or address_of("127.0.0.0") in network for network in ranges)


def node_port_addresses(config: ProxyConfig, node: Node, family: int) -> tuple[str, ...] | None:
    """Return the addresses of a node on which nodePorts answer, in the order of the ranges; None for all of them.

    Source: ``pkg/proxy/util/nodeport_addresses.go``.
    """
    if (config.nodeport_addresses or _default_addresses(config)) == PRIMARY:
        primary = primary_ip(node, family)
        return (primary,) if primary else ()
    ranges = _node_port_ranges(config.nodeport_addresses, family)
    if any(network.prefixlen == 0 for network in ranges):
        return None
    own = [canonical_ip(ip) for ip in node.addresses if ip_version(ip) == family]
    if takes_localhost(config, family):
        own.insert(0, LOOPBACK)
    found: dict[str, None] = {}
    for network in ranges:
        found |= {ip: None for ip in own if address_of(ip) in network}
    return tuple(found)


@lru_cache(maxsize=1 << 10)
def _node_port_ranges(listed: tuple[str, ...] | None, family: int) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the ranges of ``--nodeport-addresses``; without one of the family, all addresses of it."""
    ranges = () if listed == PRIMARY else of_family(",".join(listed or ()), family)
    return tuple(map(network_of, ranges or ("0.0.0.0/0" if family == 4 else "::/0",)))


def _default_addresses(config: ProxyConfig) -> tuple[str, ...]:
    return PRIMARY if config.mode == "nftables" else ()


def service_cidrs(cluster: ClusterState, family: int) -> tuple[str, ...]:
    """Return the ranges of clusterIPs that kube-proxy knows, in a family."""
    known = cluster.proxy.service_cidrs
    return of_family(cluster.service_cidr if known is None else ",".join(known), family)


def is_own_address(node: Node, ip: str) -> bool:
    """Return True if a node has this address on an interface, loopback included."""
    if ip in node.addresses or canonical_ip(ip) in map(canonical_ip, node.addresses):
        return True
    return address_of(ip).is_loopback


def primary_ip(node: Node, family: int) -> str | None:
    """Return the first address of a node in a family: where its own packets come from."""
    return next((canonical_ip(ip) for ip in node.addresses if ip_version(ip) == family), None)


# -- connections that exist already --------------------------------------------------------------------------


def keeps_flow(cluster: ClusterState, *, node: str, dst: str, port: int, endpoint: str, protocol: str = "TCP") -> bool:
    """Return True if an open flow stays with its endpoint, ``ip:port``, given the endpoints of now.

    TCP and SCTP stay in any case: kube-proxy never touches them. A UDP flow is assigned anew once its endpoint no
    longer serves and another one does; with no endpoint left it stays where it was. Policies and hints play no part.

    Source: ``pkg/proxy/conntrack/cleanup.go``.
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
