"""By which nodes a packet from outside enters: straight, through a load balancer, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from ..api.addresses import address, canonical_ip, ip_version
from ..api.errors import NotExposed
from ..api.objects import Node
from ..api.service import Service, ServicePort
from ..cloud.front_door import NODE_PORT, TO_POD, VIP, FrontDoor, Spread, front_door
from ..cloud.internal import is_private
from ..cloud.kind_ports import GATEWAYS
from ..cloud.providers import BY_CLIENT
from ..cluster.state import ClusterState
from ..kubeproxy.proxy import primary_ip
from ..kubeproxy.service_ports import cluster_ip_of
from .addressing import Destination
from .route import CLOUD, LOAD_BALANCER, Hop

__all__ = ["Entry", "Packet", "load_balancer_at", "load_balancer_entry", "node_arrival", "outside_entry"]


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection."""

    src: str
    dst: str
    port: int | None  # None for ICMP
    protocol: str = "TCP"

    @property
    def to(self) -> str:
        """The destination as it is shown in a hop."""
        return address(self.dst, self.port)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the client dials, the packet as it arrives at the node, and the hops between the two."""

    dialled: Packet
    packet: Packet
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """The nodes by which a packet can enter; where the spread is empty, how and why it is lost."""

    spread: Spread
    arrive: Callable[[str], Arrival] | None = None
    to_pod: bool = False  # the names in the spread are the ``ip:port`` of endpoints
    proxies: bool = False  # a load balancer ends the connection: what fails behind it is a reset
    hairpin: bool = True  # the packet may enter by the node that it comes from
    sticky: str = ""  # what the load balancer hashes, where all connections of a client go to one target
    outcome: str = "timeout"
    reason: str = ""
    at_balancer: bool = False  # the packet comes as far as the load balancer, and no further


def lost(reason: str, outcome: str = "timeout", at_balancer: bool = False) -> Entry:
    """Build an entry by which no packet comes in."""
    return Entry(Spread(()), outcome=outcome, reason=reason, at_balancer=at_balancer)


def outside_entry(
    cluster: ClusterState, destination: Destination, balancer: FrontDoor | None, packet: Packet, via: tuple[str, ...]
) -> Entry:
    """Return the entry of a client outside the cluster; `NotExposed` if nothing leads to the Service from outside."""
    service, port = destination.service, destination.service_port
    if destination.hostname is not None and service is None:
        return lost(f"there is no address for the name {destination.hostname}", "unresolved")
    if service is None:
        return _address_entry(cluster, packet, via)
    if balancer is not None:
        return load_balancer_entry(cluster, balancer, port, packet, via)
    if service.type == "NodePort" and port is not None:
        return _node_port_entry(cluster, service, port, packet, via)
    if service.headless:
        raise NotExposed(f"{service.name} is headless: its Pods are found by DNS, inside the cluster only")
    return _address_entry(cluster, packet, via)


def load_balancer_entry(
    cluster: ClusterState, balancer: FrontDoor, port: ServicePort | None, packet: Packet, via: tuple[str, ...] = ()
) -> Entry:
    """Return the entry through a load balancer; `via` replaces the nodes that it would choose."""
    if packet.port is None:
        return lost("the load balancer passes on the ports of the Service, and no ping", at_balancer=True)
    if port is None:
        return lost(f"the load balancer does not listen on port {packet.port}", at_balancer=True)
    if balancer.internal and not _inside(cluster, packet.src):
        where = f"{balancer.address} is not on the internet, no route from {packet.src}"
        return lost(f"the load balancer is internal: {where}")
    if balancer.data_path != VIP and not _admits(balancer.service, packet.src):
        reason = f"the load balancer does not admit {packet.src}: it is outside loadBalancerSourceRanges"
        return lost(reason, at_balancer=True)
    if balancer.data_path == NODE_PORT and not port.node_port:
        return lost("the load balancer delivers to a nodePort, and the Service has none", at_balancer=True)
    spread = Spread(via) if via else balancer.spread
    if not spread.names:
        outcome = "reset" if balancer.proxies else "timeout"
        return lost("the load balancer finds no healthy node", outcome, at_balancer=True)
    to_pod = balancer.data_path == TO_POD and not via
    src = packet.src if balancer.preserves_source else balancer.source_ip or balancer.address

    def arrive(name: str) -> Arrival:
        if to_pod:
            ip, _, number = name.rpartition(":")
            new = replace(packet, src=src, dst=ip.strip("[]"), port=int(number))
        elif balancer.data_path != VIP:
            ip = _node_ip(cluster.store.nodes[name], packet)
            new = replace(packet, src=src, dst=ip, port=port.node_port)
        else:
            new = replace(packet, src=src)
        before, after = packet.to, new.to
        hop = Hop(
            "load balancer", packet.src, before, f"sends it to {name}", balancer.latency_ms,
            new_src=src if src != packet.src else None, new_dst=after if after != before else None,
            kind=LOAD_BALANCER,
        )  # fmt: skip
        return Arrival(packet, new, (hop,))

    sticky = f"{packet.src} {packet.dst}" if balancer.rule == BY_CLIENT and not via else ""
    return Entry(spread, arrive, to_pod, balancer.proxies, hairpin=balancer.hairpin, sticky=sticky)


def _inside(cluster: ClusterState, src: str) -> bool:
    """Return True if a packet comes out of the private network of the cluster."""
    return is_private(src) or cluster.store.node_at(src) is not None or cluster.store.pod_at(src) is not None


def _admits(service: Service, src: str) -> bool:
    """Return True if the load balancer's own firewall admits a source."""
    if not service.load_balancer_source_ranges:
        return True
    ranges = [ip_network(text.strip(), strict=False) for text in service.load_balancer_source_ranges]
    mine = [network for network in ranges if network.version == ip_version(src)]
    return not mine or any(ip_address(src) in network for network in mine)


def _node_port_entry(
    cluster: ClusterState, service: Service, port: ServicePort, packet: Packet, via: tuple[str, ...]
) -> Entry:
    """Return the entry by the nodes' addresses, each as likely as the others, whether healthy or not."""
    if not port.node_port:
        raise NotExposed(f"{service.name} has no nodePort")
    nodes = cluster.store.nodes
    reachable = [n.name for n in nodes.values() if via or cluster.nodes_routable or n.external_ip]
    if not reachable:
        raise NotExposed(f"{service.name}: no node has an address that can be reached from outside")
    number = port.node_port if packet.port is not None else None
    if number is not None and _firewall_closes(cluster, number):
        return lost(f"the firewall is closed for port {number}")

    def arrive(name: str) -> Arrival:
        dialled = replace(packet, dst=dialled_ip(cluster, nodes[name], packet), port=number)
        return node_arrival(cluster, nodes[name], dialled)

    return Entry(Spread(via or tuple(reachable)), arrive)


def node_arrival(cluster: ClusterState, node: Node, packet: Packet) -> Arrival:
    """Return the arrival at a node's address; the cloud translates an external one to the node's own."""
    if node.external_ip is None or canonical_ip(node.external_ip) != packet.dst:
        return Arrival(packet, packet)
    new = replace(packet, dst=_node_ip(node, packet))
    hop = Hop("cloud", packet.src, packet.to, "1:1 translation", new_dst=new.to, kind=CLOUD)
    return Arrival(packet, new, (hop,))


def _address_entry(cluster: ClusterState, packet: Packet, via: tuple[str, ...]) -> Entry:
    """Return the entry by an address, as things are now."""
    store = cluster.store
    if ip_address(packet.dst).is_loopback and not via:
        return _own_machine(cluster, packet)
    node = store.node_at(packet.dst)
    behind = store.node_behind(packet.dst)
    if (node or behind) and packet.port is not None and _firewall_closes(cluster, packet.port):
        return lost(f"the firewall is closed for port {packet.port}")
    if behind is not None:
        return Entry(Spread(via or (behind.name,)), lambda name: node_arrival(cluster, behind, packet))
    if via:
        return Entry(Spread(via), lambda name: Arrival(packet, packet))
    if node is not None and cluster.nodes_routable:
        return Entry(Spread((node.name,)), lambda name: Arrival(packet, packet))
    if node is not None:
        return lost(f"no route: {packet.dst} is a private address of {node.name}")
    return load_balancer_at(cluster, packet) or lost(f"no route: {_what_is(cluster, packet.dst)}")


def _own_machine(cluster: ClusterState, packet: Packet) -> Entry:
    """Return the entry by localhost: what the client's machine publishes of nodes that run on it."""
    mappings = cluster.provider.port_mappings if cluster.provider else ()
    found = next((one for one in mappings if one.takes(packet.dst, packet.port, packet.protocol)), None)
    names = tuple(cluster.store.nodes)
    if packet.port is None:
        return lost("localhost is the client's own machine, and no node")
    if found is None or not names:
        published = ", ".join(f"{one.host_port} to {one.container_port}" for one in mappings)
        shown = f"it publishes {published}" if published else "it publishes no port of a node"
        return lost(f"nothing listens on {packet.to}: that is the client's own machine, and {shown}", "refused")
    node = cluster.store.node(found.node or names[0])

    def arrive(name: str) -> Arrival:
        src = GATEWAYS[ip_version(packet.dst) or 4]
        new = Packet(src, _node_ip(node, packet), found.container_port, packet.protocol)
        hop = Hop(
            "this machine", packet.src, packet.to, f"publishes a port of {name}", new_src=src, new_dst=new.to,
            kind=CLOUD,
        )  # fmt: skip
        return Arrival(packet, new, (hop,))

    return Entry(Spread((node.name,)), arrive, proxies=True)


def load_balancer_at(cluster: ClusterState, packet: Packet) -> Entry | None:
    """Return the entry by the load balancer whose address the packet carries, as it is now; None if there is none."""
    for service in cluster.store.services_at(packet.dst):
        if any(canonical_ip(entry.ip) == packet.dst for entry in service.load_balancer_ingress if entry.ip):
            port = next((p for p in service.ports if fits(p, packet)), None)
            balancer = front_door(cluster, service, port=port, settled=False)
            return load_balancer_entry(cluster, balancer, port, packet)
    return None


def _what_is(cluster: ClusterState, ip: str) -> str:
    """Return what an address is that cannot be reached from outside, in words."""
    for service in cluster.store.services_at(ip):
        if cluster_ip_of(service, ip_version(ip) or 4) == ip:
            return f"{ip} is the clusterIP of {service.name}, known only inside the cluster"
        return f"{ip} is an externalIP of {service.name}, and nobody has told the network which node it leads to"
    pod = cluster.store.pod_at(ip)
    return f"{ip} is the address of Pod {pod.name}" if pod else f"nobody has the address {ip}"


def fits(port: ServicePort, packet: Packet) -> bool:
    """Return True if a packet to the Service means this port."""
    return port.port == packet.port and (port.protocol or "TCP") == packet.protocol


def dialled_ip(cluster: ClusterState, node: Node, packet: Packet) -> str:
    """Return the address by which a client reaches a node: the external one, where only that is routed."""
    if not cluster.nodes_routable and node.external_ip:
        return canonical_ip(node.external_ip)
    return _node_ip(node, packet)


def _node_ip(node: Node, packet: Packet) -> str:
    """Return the address of a node in the family of the packet."""
    return primary_ip(node, ip_version(packet.src) or 4) or node.internal_ip or ""


def _firewall_closes(cluster: ClusterState, port: int) -> bool:
    """Return True if the firewall closes this port of the nodes' addresses."""
    return any(first <= port <= last for first, last in cluster.firewall)
