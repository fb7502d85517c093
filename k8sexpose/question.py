"""A question to the router: one client, one target, and every way between them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .cloud import FrontDoor, Spread, front_door
from .dial import (
    DEFAULT_CLIENTS,
    OUTSIDE,
    Client,
    Destination,
    find_client,
    find_destination,
    node_names,
)
from .entrance import Entrance, Packet, dialled_ip, load_balancer_entrance, lost, outside_entrance
from .errors import NotExposed
from .objects import Node
from .proxy import Verdict
from .route import Route
from .service import Service
from .serviceport import cluster_ip_of, ip_version, targets
from .state import ClusterState
from .way import Trip, Way

__all__ = ["Question"]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One way, with all packets that take it, by whichever node they came in.

    Parameters
    ----------
    route : Route
        The way, as it is from the first of these nodes.
    probability : Fraction
        The share of all packets.
    extra_hop, crosses_zone : Fraction
        The share that changes the node, and the zone.
    """

    route: Route
    probability: Fraction
    extra_hop: Fraction
    crosses_zone: Fraction


class Group:
    """Nodes that decide alike, and the share of packets that enter by each.

    Parameters
    ----------
    verdict : Verdict, optional
        What they decide.
    """

    def __init__(self, verdict: Verdict | None) -> None:
        self.verdict = verdict  # kept, because its targets are known by their identity
        self.first = ""
        self.share = Fraction(0)
        self.members: dict[str, Fraction] = {}
        self.by_zone: dict[str | None, Fraction] = {}

    def add(self, node: Node, share: Fraction) -> None:
        """Add a node."""
        self.first = self.first or node.name
        self.share += share
        self.members[node.name] = share
        self.by_zone[node.zone] = self.by_zone.get(node.zone, Fraction(0)) + share

    def outside_zone_of(self, node: Node | None) -> Fraction:
        """Return the share that enters in another zone than a node's; unknown zones count as the same."""
        if node is None or not node.zone:
            return Fraction(0)
        return self.share - sum((self.by_zone.get(zone, Fraction(0)) for zone in {None, "", node.zone}), Fraction(0))


def _alone(route: Route) -> Bundle:
    share = route.probability
    return Bundle(route, share, share * route.extra_hop, share * route.crosses_zone)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A client, a target, and the nodes by which the packet must come."""

    cluster: ClusterState
    client: Client
    destination: Destination
    via: tuple[str, ...]

    @classmethod
    def read(
        cls,
        cluster: ClusterState,
        target: str,
        client: str | None,
        protocol: str,
        via: str | Sequence[str] | None,
    ) -> Question:
        """Read the texts of a question; nothing is asked yet."""
        destination = find_destination(cluster, target, protocol)
        service = destination.service
        if client is None and service is not None and service.type not in ("NodePort", "LoadBalancer"):
            client = _some_pod(cluster, service)
        family = ip_version(destination.ip or (_dialled_cluster_ip(service) if service else None)) or 4
        asker = find_client(cluster, client or DEFAULT_CLIENTS[family], family)
        return cls(cluster, asker, destination, node_names(cluster, via))

    # -- what the client dials ----

    @property
    def door(self) -> FrontDoor | None:
        """The load balancer that the target names."""
        service = self.destination.service
        if service is None or service.type != "LoadBalancer":
            return None
        port, named = self.destination.service_port, self.destination.hostname is None
        return front_door(self.cluster, service, port=port, settled=named)

    @property
    def as_if(self) -> Service | None:
        """The Service as it will be, where it is asked for by its name."""
        door = self.door
        return door.service if door and self.destination.hostname is None else None

    @property
    def packet(self) -> Packet:
        """The packet as it leaves the client."""
        dialled = self.destination
        ip = dialled.ip
        if ip is None and dialled.service is not None:
            door = self.door
            ip = door.address if door else _dialled_cluster_ip(dialled.service)
        return Packet(self.client.ip, ip or dialled.hostname or "", dialled.port, dialled.protocol)

    @property
    def entrance(self) -> Entrance:
        """How a client outside comes in."""
        return outside_entrance(self.cluster, self.destination, self.packet, self.via)

    # -- the ways ----

    def ways(self, way: Way) -> Iterator[Route]:
        """Give the ways, each as one route."""
        if self.client.kind == OUTSIDE:
            packet = self.packet
            yield from way.come_in(self.entrance, self._trip(), packet)
        else:
            yield from self._from_inside(way)

    def bundles(self) -> Iterator[Bundle]:
        """Give the ways, those through nodes that decide alike only once."""
        way = Way(self.cluster, self.client, self.via, self.as_if)
        entrance = self.entrance if self.client.kind == OUTSIDE else None
        if entrance is None or not entrance.spread.names or entrance.to_pod:
            yield from map(_alone, self.ways(way))
            return
        groups: dict[Hashable, Group] = {}
        for name, share in self._alike(entrance):
            key, verdict = self._decision(way, entrance, name)
            groups.setdefault(key, Group(verdict)).add(self.cluster.store.nodes[name], share)
        for group in groups.values():
            ways = way.arrive(entrance, group.first, self._trip(group.share))
            yield from map(self._bundle(group) if len(group.members) > 1 else _alone, ways)

    def _alike(self, entrance: Entrance) -> Iterator[tuple[str, Fraction]]:
        """Give the nodes of an entrance; of those without an endpoint, which differ by their zone only, one a zone."""
        groups: dict[Hashable, tuple[str, Fraction]] = {}
        alike = self._likeness()
        for name, share in entrance.spread:
            first, total = groups.get(alike(name), (name, Fraction(0)))
            groups[alike(name)] = (first, total + share)
        yield from groups.values()

    def _decision(self, way: Way, entrance: Entrance, name: str) -> tuple[Hashable, Verdict | None]:
        """Return what a node decides, where the ways behind it are the same for every node that decides so.

        That is so where the node replaces the source address: the answer comes back to it from wherever the Pod is.
        """
        if self.cluster.is_down(name) or self.cluster.affinity or entrance.arrive is None:
            return name, None
        verdict = way.verdict(name, entrance.arrive(name)[1])
        return (id(verdict.targets) if verdict.action == "DNAT" and verdict.marked else name), verdict

    def _bundle(self, group: Group) -> Callable[[Route], Bundle]:
        """Count, of the packets that take a way from one of several nodes, those that change the node."""

        def bundle(route: Route) -> Bundle:
            if not route.delivered:
                return _alone(route)
            home = self.cluster.store.nodes.get(route.node or "")
            each = route.probability / group.share
            elsewhere = group.share - group.members.get(route.node or "", Fraction(0))
            return Bundle(route, route.probability, each * elsewhere, each * group.outside_zone_of(home))

        return bundle

    def _trip(self, probability: Fraction = Fraction(1)) -> Trip:
        return Trip(probability, at=self.client.node)

    def _from_inside(self, way: Way) -> Iterator[Route]:
        """Follow the packet of a Pod or a node: its own node's kube-proxy sees it first."""
        service, port, packet = self.destination.service, self.destination.service_port, self.packet
        door = self.door
        if service is None and self.destination.hostname is not None:
            no_address = lost(f"there is no address for the name {self.destination.hostname}", "unresolved")
            yield from way.come_in(no_address, self._trip(), packet)
        elif door is not None and ip_version(door.address) is None:
            # A load balancer with a name only: kube-proxy knows nothing of it, the packet goes out.
            entrance = load_balancer_entrance(self.cluster, door, port, packet, self.via)
            yield from way.come_in(entrance, self._trip(), packet)
        else:
            for dialled, share in self._dialled(way, packet):
                yield from way.enter(self.client.node or "", dialled, self._trip(share))

    def _dialled(self, way: Way, packet: Packet) -> Iterator[tuple[Packet, Fraction]]:
        """Give the packets that a client inside may send: several where the name has several addresses."""
        service, port = self.destination.service, self.destination.service_port
        if service is not None and port is not None and service.headless:
            ready = targets(self.cluster.store, service, port, 4).ready
            if not ready:
                raise NotExposed(f"{service.name} is headless and has no ready Pod: its name has no address")
            for number, share in way.choose(Spread(tuple(str(k) for k in range(len(ready))))):
                found = ready[int(number)]
                pod_port = found.port if packet.port is not None else None
                yield replace(packet, dst=found.endpoint.ip, port=pod_port), share
        elif service is not None and port is not None and service.type == "NodePort":
            nodes = self.cluster.store.nodes
            for name, share in way.choose(Spread(tuple(nodes))):
                ip = dialled_ip(self.cluster, nodes[name], packet)
                yield replace(packet, dst=ip, port=port.node_port if packet.port is not None else None), share
        else:
            yield packet, Fraction(1)

    # -- nodes that decide alike ----

    def _likeness(self) -> Callable[[str], Hashable]:
        """Return what tells nodes apart."""
        cluster, store, packet = self.cluster, self.cluster.store, self.packet
        named = self.destination.service
        services = [named] if named else [*store.services_at(packet.dst), *store.services_on(packet.port or 0)]
        special = {name for service in services for name in self._special_nodes(service)}
        each = bool(cluster.affinity) or cluster.proxy.nodeport_addresses not in (None, ("primary",)) or not services

        def likeness(name: str) -> Hashable:
            if each or name in special or cluster.proxy_stopped(name):
                return name
            node = store.nodes[name]
            return node.zone, cluster.is_down(name), bool(node.addresses), bool(node.pod_cidr)

        return likeness

    def _special_nodes(self, service: Service) -> Iterator[str | None]:
        """Give the nodes that decide by themselves: the homes of endpoints, and those that hints name."""
        store = self.cluster.store
        for port in service.ports:
            for target in targets(store, service, port, ip_version(self.packet.src) or 4).all:
                pod, node = store.pod_at(target.endpoint.ip), store.node_at(target.endpoint.ip)
                yield target.endpoint.node
                yield from target.endpoint.node_hints
                yield pod.node if pod else node.name if node else None


def _dialled_cluster_ip(service: Service) -> str | None:
    return cluster_ip_of(service, 4) or cluster_ip_of(service, 6)


def _some_pod(cluster: ClusterState, service: Service) -> str:
    """Name a Pod that asks a Service which only Pods can ask: one of another app, where there is one."""
    own = service.selector.items()
    running = (pod for pod in cluster.store.pods.values() if pod.ip and pod.node and not cluster.is_down(pod.node))
    first = next(running, None)
    if first is None:
        raise NotExposed(f"{service.name} is a ClusterIP Service: only a Pod or a node can ask it, and no Pod runs")
    other = (
        first
        if not own <= first.labels.items()
        else next((pod for pod in running if not own <= pod.labels.items()), first)
    )
    return f"pod/{other.namespace}/{other.name}"
