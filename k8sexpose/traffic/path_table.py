"""The paths of a connection as a table of numbers: what many requests need of one routing truth.

A *path* is one way that a connection can take, from the node by which it enters to the Pod that answers it, or to where
it is lost. The router lists them (`k8sexpose.routes`); nothing here decides who may go where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..api.service import Service
from ..cloud.providers import BY_CLIENT
from ..cluster.latency import latencies
from ..cluster.state import ClusterState
from ..kubeproxy.proxy import keeps_flow
from ..router.addressing import OUTSIDE
from ..router.node_classes import Bundle, bundles
from ..router.path import PathSoFar
from ..router.query import Query
from ..router.route import NODE, Route

__all__ = ["LastLeg", "PathColumns", "PathRow", "PathTable", "RequestTarget", "read_table"]

# How a load balancer chooses a place: at random, the same one for all connections of a client, or one after the other.
Assignment = Literal["per_connection", "per_client", "round_robin"]
NEGLIGIBLE = 1e-12  # a share that is left over by rounding


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """Who asks what: the arguments of `k8sexpose.routes`, and those of `simulate` that change the paths."""

    target: str
    client: str | None = None
    protocol: str = "TCP"
    via: str | tuple[str, ...] | None = None
    hop_ms: float | None = None  # what an extra hop adds, in place of the table of latencies
    sticky: bool | None = None  # whether the load balancer chooses by client; None: as the provider does
    service: str | None = None  # the Service behind the target, where that is an address


@dataclass(frozen=True, slots=True)
class PathRow:
    """One path that a connection can take."""

    place: str  # where the load balancer sends it, a node or a Pod; "" where that is not chosen, or does not matter
    pod: str | None = None  # the Pod that answers, and its node; None where the packet is lost
    node: str | None = None
    network_ms: float = 0.0  # the round trip of all legs
    extra_hop: bool = False
    crosses_zone: bool = False
    outcome: str = "delivered"  # as in a `Route`
    flow: tuple[str, str, str] | None = None  # where a node rewrites it: the node, the destination, the endpoint

    @property
    def delivered(self) -> bool:
        """True if the client gets an answer."""
        return self.outcome == "delivered"

    @property
    def nodes(self) -> set[str]:
        """The nodes that it passes: where one of them crashes, the connection is dead."""
        return {name for name in (self.place, self.node) if name}

    def kept(self, cluster: ClusterState, protocol: str) -> bool:
        """Return True if a node keeps an open connection where it is, given the endpoints of now."""
        if self.flow is None:
            return True
        node, dst, endpoint = self.flow
        ip, _, port = dst.rpartition(":")
        return keeps_flow(cluster, node=node, dst=ip.strip("[]"), port=int(port), endpoint=endpoint, protocol=protocol)


@dataclass(frozen=True, slots=True, eq=False)
class PathColumns:
    """What is counted of paths, as arrays with an element, or a row, for each path."""

    network_ms: NDArray[np.float64]  # the round trip; 0 where the packet is lost
    delivered: NDArray[np.bool_]
    kinds: NDArray[np.float64]  # shape (paths, 3): 1 where there is an extra hop, a crossed zone, no answer

    @classmethod
    def of(cls, paths: Sequence[PathRow]) -> PathColumns:
        """Write paths as columns."""
        kinds = np.array([(p.extra_hop, p.crosses_zone, not p.delivered) for p in paths], dtype=float).reshape(-1, 3)
        delivered = kinds[:, 2] == 0
        return cls(np.array([path.network_ms for path in paths]) * delivered, delivered, kinds)


@dataclass(frozen=True, slots=True, eq=False)
class PathTable:
    """The paths that a new connection can take, and how one is chosen, in one state of the cluster."""

    # The probability of each path, together 1; those of one place follow each other.
    paths: Mapping[PathRow, float] = field(default_factory=dict)
    shares: Mapping[str, Fraction] = field(default_factory=dict)  # exact, of each Pod
    assignment: Assignment = "per_connection"
    affinity: bool = False  # whether a node remembers the Pod of each client (``sessionAffinity: ClientIP``)
    one_source: bool = False  # whether the node sees one address for all clients, that of the load balancer
    protocol: str = "TCP"
    places: tuple[str, ...] = ()  # those among which a router chooses by a hash, in its order; else empty
    router_hash: str = ""  # its kind: ``modulo`` or ``resilient``; it says which open connections a new place breaks

    def same_as(self, other: PathTable) -> bool:
        """Return True if connections are assigned alike."""
        return (
            self.assignment == other.assignment
            and self.affinity == other.affinity
            and self.places == other.places
            and list(self.paths.items()) == list(other.paths.items())
        )


def read_table(
    cluster: ClusterState, asking: RequestTarget, *, by_place: bool = False, apart: Set[str] = frozenset()
) -> PathTable:
    """Ask the router for every path.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    asking : RequestTarget
        The question.
    by_place : bool
        Whether each path must tell by which node it enters. Where it need not, nodes that decide alike are asked
        once, which is much faster in a large cluster. Where a node or a load balancer remembers clients, it must.
    apart : set of str
        Nodes whose paths must tell it in any case.

    Raises
    ------
    NotExposed, KeyError, ValueError
        As for `k8sexpose.routes`.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> [path.outcome for path in read_table(cluster, RequestTarget("10.0.0.1:30007")).paths]
    ['refused']
    """
    query = named = Query.read(cluster, asking.target, asking.client, asking.protocol, asking.via)
    if asking.service is not None:
        named = Query.read(cluster, asking.service, asking.client, asking.protocol, asking.via)
    balancer, service = named.door, _service(cluster, named)
    chooser = None if asking.via else balancer
    assignment = _assignment(chooser.rule if chooser is not None else "", asking.sticky)
    router_hash = chooser.router_hash if chooser is not None else ""
    affinity = service is not None and service.session_affinity == "ClientIP"
    one_by_one = by_place or bool(router_hash) or affinity or assignment != "per_connection"
    found = map(Bundle.alone, query.ways(query.tracer())) if one_by_one else bundles(query)
    grouped: dict[str, dict[PathRow, float]] = {}  # by place
    shares: dict[str, Fraction] = {}
    for bundle in found:
        path = _path(bundle.route, asking.hop_ms)
        if path.pod is not None:
            shares[path.pod] = shares.get(path.pod, Fraction(0)) + bundle.probability
        for part, share in _split(cluster, bundle, path, asking.hop_ms):
            _add(grouped, part, share)
    if apart and not one_by_one and query.client.kind == OUTSIDE:
        grouped = _set_apart(query, asking.hop_ms, grouped, apart)
    return PathTable(
        {path: share for paths in grouped.values() for path, share in paths.items()},
        shares,
        assignment=assignment,
        affinity=affinity,
        one_source=balancer is not None and not balancer.preserves_source,
        protocol=query.destination.protocol,
        places=query.entry.spread.names if router_hash else (),
        router_hash=router_hash,
    )


def _assignment(rule: str, sticky: bool | None) -> Assignment:
    """Return how places are chosen by a load balancer with this rule; `sticky` overrides it where it is not None."""
    by_client = rule == BY_CLIENT if sticky is None else sticky
    if by_client:
        return "per_client"
    return "round_robin" if rule == "round_robin" else "per_connection"


def _add(grouped: dict[str, dict[PathRow, float]], path: PathRow, share: float) -> None:
    """Add the share of a path to the others of its place."""
    paths = grouped.setdefault(path.place, {})
    paths[path] = paths.get(path, 0.0) + share


def _service(cluster: ClusterState, query: Query) -> Service | None:
    """Find the Service that a question is about, also where it names an address."""
    destination, store = query.destination, cluster.store
    if destination.service is not None:
        return destination.service
    at = (s for s in store.services_at(destination.ip or "") if any(p.port == destination.port for p in s.ports))
    return next(at, None) or next(iter(store.services_on(destination.port or 0)), None)


def _path(route: Route, hop_ms: float | None) -> PathRow:
    """Write a route as a row."""
    rewriting = next((hop for hop in route.hops if hop.kind == NODE and hop.new_dst), None)
    pod = (route.pod or route.hops[-1].at) if route.delivered else None
    network_ms = route.latency_ms
    if hop_ms is not None and route.extra_hop:
        network_ms += hop_ms + latencies()["same_node"].ms - route.hops[-1].latency_ms
    return PathRow(
        place=route.entry or (pod if rewriting is None else None) or "",
        pod=pod,
        node=route.node if route.delivered else None,
        network_ms=network_ms,
        extra_hop=route.extra_hop and route.delivered,
        crosses_zone=route.crosses_zone and route.delivered,
        outcome=route.outcome,
        flow=(rewriting.at, rewriting.dst, rewriting.new_dst or "") if rewriting and pod else None,
    )


# -- several nodes taken together --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastLeg:
    """What the legs before the last one cost, and the last one: on the node, within its zone, to another zone."""

    before_ms: float
    stays_ms: float
    zone_ms: float
    cross_ms: float

    @classmethod
    def of(cls, cluster: ClusterState, route: Route, hop_ms: float | None) -> LastLeg:
        """Look at a route; `hop_ms` takes the place of what the table of latencies says of an extra hop."""
        last, table = route.hops[-1], latencies()
        near_ms = table["same_node"].ms
        ip = last.dst.rpartition(":")[0].strip("[]")
        stays_ms = 0.0 if cluster.store.node_at(ip) is not None else near_ms
        zone_ms, cross_ms = (
            table[leg].ms if hop_ms is None else near_ms + hop_ms for leg in ("same_zone", "cross_zone")
        )
        return cls(route.latency_ms - last.latency_ms, stays_ms, zone_ms, cross_ms)


def _split(
    cluster: ClusterState, bundle: Bundle, path: PathRow, hop_ms: float | None
) -> Iterator[tuple[PathRow, float]]:
    """Divide a bundle of routes to one Pod: those that stay on the node, that stay in the zone, and the others."""
    together, hops, crosses = float(bundle.probability), float(bundle.extra_hop), float(bundle.crosses_zone)
    if hops in (0, together) and crosses in (0, together):
        yield path, together
        return
    leg = LastLeg.of(cluster, bundle.route, hop_ms)
    stays = replace(path, place="", network_ms=leg.before_ms + leg.stays_ms, extra_hop=False, crosses_zone=False)
    if bundle.extra_hop < bundle.probability:
        yield stays, together - hops
    if bundle.crosses_zone < bundle.extra_hop:
        yield replace(stays, network_ms=leg.before_ms + leg.zone_ms, extra_hop=True), hops - crosses
    if bundle.crosses_zone:
        crossing = replace(stays, network_ms=leg.before_ms + leg.cross_ms, extra_hop=True, crosses_zone=True)
        yield crossing, crosses


def _set_apart(
    query: Query, hop_ms: float | None, together: dict[str, dict[PathRow, float]], apart: Set[str]
) -> dict[str, dict[PathRow, float]]:
    """Take the paths by some nodes out of those that are listed for several nodes, and list them on their own."""
    entry, tracer = query.entry, query.tracer()
    if entry.to_pod:
        return together
    rows: dict[PathRow, PathRow] = {}
    left: dict[PathRow, float] = {}
    for paths in together.values():
        for path, share in paths.items():
            kind = _kind(path)
            rows[kind] = replace(path, place="")
            left[kind] = left.get(kind, 0.0) + share
    found: dict[str, dict[PathRow, float]] = {}
    for name, probability in entry.spread.shares().items():
        for route in tracer.arrive(entry, name, PathSoFar(probability)) if name in apart else ():
            path, share = _path(route, hop_ms), float(route.probability)
            _add(found, path, share)
            left[_kind(path)] -= share
    rest = {rows[kind]: share for kind, share in left.items() if share > NEGLIGIBLE}
    return {"": rest, **found}


def _kind(path: PathRow) -> PathRow:
    """Return the path without what depends on the node by which it enters."""
    network_ms = round(path.network_ms, 9) if path.delivered else 0.0
    return replace(path, place="", network_ms=network_ms, flow=None)
