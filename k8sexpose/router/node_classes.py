"""Nodes that decide alike: the paths through them are followed once, and counted for all.

A cluster has thousands of nodes, and most of them hold no endpoint of the Service: their verdict is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..api.addresses import ip_version
from ..api.objects import Node
from ..api.service import Service
from ..cluster.state import ClusterState
from ..kubeproxy.proxy import Verdict
from ..kubeproxy.service_ports import targets
from .addressing import OUTSIDE
from .entry import Entry
from .path import PathTracer
from .query import Query
from .route import Route

__all__ = ["Bundle", "bundles"]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One route with all packets that take it, and of these the shares that change the node, and the zone."""

    route: Route
    probability: Fraction
    extra_hop: Fraction
    crosses_zone: Fraction

    @classmethod
    def alone(cls, route: Route) -> Bundle:
        """Return the bundle of a route by one node."""
        share = route.probability
        return cls(route, share, share * route.extra_hop, share * route.crosses_zone)


class Group:
    """Nodes that decide alike, and the share of packets that enter by each."""

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
        self.by_zone[node.zone] = self.by_zone[node.zone] + share if node.zone in self.by_zone else share

    def outside_zone_of(self, node: Node | None) -> Fraction:
        """Return the share that enters in another zone than a node's; unknown zones count as the same."""
        if node is None or not node.zone:
            return Fraction(0)
        elsewhere = (share for zone, share in self.by_zone.items() if zone and zone != node.zone)
        return sum(elsewhere, Fraction(0))


def bundles(query: Query) -> Iterator[Bundle]:
    """Yield the routes, those through nodes that decide alike only once."""
    tracer = query.tracer()
    entry = query.entry if query.client.kind == OUTSIDE else None
    if entry is None or not entry.spread.names or entry.to_pod:
        yield from map(Bundle.alone, query.ways(tracer))
        return
    groups: dict[Hashable, Group] = {}
    for name, share in _alike(query, entry):
        key, verdict = _decision(query, tracer, entry, name)
        groups.setdefault(key, Group(verdict)).add(query.cluster.store.nodes[name], share)
    for group in groups.values():
        routes = tracer.arrive(entry, group.first, query.start(group.share))
        yield from map(_bundle(query, group) if len(group.members) > 1 else Bundle.alone, routes)


def _alike(query: Query, entry: Entry) -> Iterator[tuple[str, Fraction]]:
    """Yield the nodes of an entry; of those without an endpoint, which differ by their zone only, one a zone."""
    alone = _alone_nodes(query)
    spread = entry.spread
    if alone is None:
        yield from spread.shares().items()
        return
    shares = {name: spread.share_of(name) for name in alone if name is not None and spread.place_of(name) >= 0}
    found = list(shares.items())
    kinds = node_kinds(query.cluster)
    for one in spread.classes(kinds):
        apart = {name for name in shares if kinds[name] == one.kind}
        first = next((name for name in one.names if name not in apart), None)
        if first is not None:
            found.append((first, one.share - sum((shares[name] for name in apart), Fraction(0))))
    yield from sorted(found, key=lambda pair: spread.place_of(pair[0]))


def _decision(query: Query, tracer: PathTracer, entry: Entry, name: str) -> tuple[Hashable, Verdict | None]:
    """Return a key that nodes share whose packets go on alike, and the verdict.

    They go on alike where the node replaces the source address: the answer comes back to it from wherever the Pod is.
    """
    forwards = query.cluster.store.nodes[name].forwards
    if query.cluster.is_down(name) or not forwards or query.cluster.affinity or entry.arrive is None:
        return name, None
    verdict = tracer.verdict(name, entry.arrive(name).packet)
    return (id(verdict.targets) if verdict.action == "DNAT" and verdict.marked else name), verdict


def _bundle(query: Query, group: Group) -> Callable[[Route], Bundle]:
    """Return what counts, of the packets on a route from several nodes, those that change the node or the zone."""

    def bundle(route: Route) -> Bundle:
        if not route.delivered:
            return Bundle.alone(route)
        home = query.cluster.store.nodes.get(route.node or "")
        each = route.probability / group.share
        elsewhere = group.share - group.members.get(route.node or "", Fraction(0))
        return Bundle(route, route.probability, each * elsewhere, each * group.outside_zone_of(home))

    return bundle


def node_kinds(cluster: ClusterState) -> Mapping[str, Hashable]:
    """Return a key for each node, the same for nodes that decide alike where no endpoint tells them apart."""
    store, down = cluster.store, cluster.down

    def make() -> dict[str, Hashable]:
        return {
            name: (node.zone, name in down, bool(node.addresses), bool(node.pod_cidr), node.forwards)
            for name, node in store.nodes.items()
        }

    return store.cached("node kinds", (store.node_version, down), make)


def _alone_nodes(query: Query) -> set[str | None] | None:
    """Return the nodes that decide by themselves; None for all."""
    cluster, packet = query.cluster, query.packet
    store = cluster.store
    named = query.destination.service
    services = [named] if named else [*store.services_at(packet.dst), *store.services_on(packet.port or 0)]
    if cluster.affinity or cluster.proxy.nodeport_addresses not in (None, ("primary",)) or not services:
        return None
    return set[str | None](cluster.stopped_proxies).union(*(_special_nodes(query, service) for service in services))


def _special_nodes(query: Query, service: Service) -> Iterator[str | None]:
    """Yield the nodes that decide by themselves: the homes of endpoints, and those that hints name."""
    store = query.cluster.store
    for port in service.ports:
        for target in targets(store, service, port, ip_version(query.packet.src) or 4).all:
            pod, node = store.pod_at(target.endpoint.ip), store.node_at(target.endpoint.ip)
            yield target.endpoint.node
            yield from target.endpoint.node_hints
            yield pod.node if pod else node.name if node else None
