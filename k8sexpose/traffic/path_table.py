"""The ways of a packet as a table of numbers: what many requests need of one routing truth.

A *lane* is one way that a connection can take, from the node by which it enters to the Pod that answers it, or to
where it is lost. The router lists them (`k8sexpose.routes`); nothing here decides who may go where.
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
from ..router.path import PathSoFar, PathTracer
from ..router.query import Query
from ..router.route import NODE, Route

__all__ = ["LastLeg", "PathColumns", "PathRow", "PathTable", "RequestTarget", "read_table"]

IN_TURN = "round_robin"


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """Who asks what: the arguments of `k8sexpose.routes`, and the cost of a hop.

    Parameters
    ----------
    target : str
        An address or a Service.
    client : str, optional
        Where the requests come from.
    protocol : str
        TCP, UDP or SCTP.
    via : str or tuple of str, optional
        Nodes by which packets from outside arrive.
    hop_ms : float, optional
        What an extra hop adds, in milliseconds, in place of the table of latencies.
    sticky : bool, optional
        Whether the load balancer sends all connections of a client to the same place; None: as the provider does.
    service : str, optional
        The Service behind the target, where that is an address.

    Examples
    --------
    >>> RequestTarget("web").protocol
    'TCP'
    """

    target: str
    client: str | None = None
    protocol: str = "TCP"
    via: str | tuple[str, ...] | None = None
    hop_ms: float | None = None
    sticky: bool | None = None
    service: str | None = None


Assignment = Literal["per_connection", "per_client", "round_robin"]


@dataclass(frozen=True, slots=True)
class PathRow:
    """One way that a connection can take.

    Parameters
    ----------
    place : str
        Where the load balancer deals to: a node, or a Pod where it delivers to Pods; "" where nobody deals.
    pod, node : str, optional
        The Pod that answers and its node; None where the packet is lost.
    network_ms : float
        Round trip of all legs, in milliseconds.
    extra_hop, crosses_zone : bool
        As in a `Route`.
    outcome : str
        As in a `Route`.
    flow : tuple of str, optional
        Node, destination and endpoint of the rewriting, by which the node knows the connection again.

    Examples
    --------
    >>> PathRow("node-1", "web-1", "node-2", extra_hop=True).delivered
    True
    """

    place: str
    pod: str | None = None
    node: str | None = None
    network_ms: float = 0.0
    extra_hop: bool = False
    crosses_zone: bool = False
    outcome: str = "delivered"
    flow: tuple[str, str, str] | None = None

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
    """What is counted of paths, as arrays.

    Parameters
    ----------
    network_ms : ndarray of float64, shape (paths,)
        Round trip, in milliseconds; 0 where the packet is lost.
    delivered : ndarray of bool, shape (paths,)
        Whether there is an answer.
    kinds : ndarray of float64, shape (paths, 3)
        1 where there is an extra hop, where it crosses a zone, where there is no answer.
    """

    network_ms: NDArray[np.float64]
    delivered: NDArray[np.bool_]
    kinds: NDArray[np.float64]

    @classmethod
    def of(cls, paths: Sequence[PathRow]) -> PathColumns:
        """Write paths as columns."""
        kinds = np.array([(p.extra_hop, p.crosses_zone, not p.delivered) for p in paths], dtype=float).reshape(-1, 3)
        delivered = kinds[:, 2] == 0
        return cls(np.array([path.network_ms for path in paths]) * delivered, delivered, kinds)


@dataclass(frozen=True, slots=True, eq=False)
class PathTable:
    """How new connections are dealt, in one state of the cluster.

    Parameters
    ----------
    lanes : mapping of PathRow to float
        The probability of each, lanes of one place one after the other; together 1.
    shares : mapping of str to Fraction
        The exact share of each Pod.
    assignment : str
        How the load balancer chooses a place: ``per_connection`` (at random), ``per_client`` (all connections of a
        client go to one place) or ``round_robin`` (one place after the other, where they have equal shares).
    affinity : bool
        Whether a node remembers the Pod of each client (``sessionAffinity: ClientIP``).
    one_source : bool
        Whether the node sees one address for all clients, that of the load balancer.
    protocol : str
        TCP, UDP or SCTP.
    places : tuple of str
        The places among which a router chooses by a hash, in its order; empty where it does not matter.
    router_hash : str
        What happens to open connections when these places change: ``modulo`` or ``resilient``; empty: nothing.

    Examples
    --------
    >>> PathTable({PathRow("node-1", "web-1"): 1.0}).assignment
    'per_connection'
    """

    lanes: Mapping[PathRow, float] = field(default_factory=dict)
    shares: Mapping[str, Fraction] = field(default_factory=dict)
    assignment: Assignment = "per_connection"
    affinity: bool = False
    one_source: bool = False
    protocol: str = "TCP"
    places: tuple[str, ...] = ()
    router_hash: str = ""

    def same_as(self, other: PathTable) -> bool:
        """Return True if connections are assigned alike."""
        mine, its = ((t.assignment, t.affinity, t.places, list(t.lanes.items())) for t in (self, other))
        return mine == its


def read_table(
    cluster: ClusterState, asking: RequestTarget, *, by_place: bool = False, apart: Set[str] = frozenset()
) -> PathTable:
    """Ask the router for every way, and write them as lanes.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    asking : RequestTarget
        The question.
    by_place : bool
        Whether each lane must tell by which node it enters. Where it need not, nodes that decide alike are asked
        once, which is much faster in a large cluster. Where a node or a load balancer remembers clients, it must.
    apart : set of str
        Nodes whose lanes must tell it in any case.

    Returns
    -------
    PathTable
        The lanes with their probabilities.

    Raises
    ------
    NotExposed, KeyError, ValueError
        As for `k8sexpose.routes`.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> [lane.outcome for lane in read_table(cluster, RequestTarget("10.0.0.1:30007")).lanes]
    ['refused']
    """
    question = named = Query.read(cluster, asking.target, asking.client, asking.protocol, asking.via)
    if asking.service is not None:
        named = Query.read(cluster, asking.service, asking.client, asking.protocol, asking.via)
    balancer, service = named.door, _service(cluster, named)
    rule = balancer.rule if balancer is not None and not asking.via else ""
    assignment: Assignment = "round_robin" if rule == IN_TURN else "per_connection"
    if (rule == BY_CLIENT) if asking.sticky is None else asking.sticky:
        assignment = "per_client"
    affinity = service is not None and service.session_affinity == "ClientIP"
    hashed = balancer.router_hash if balancer is not None and not asking.via else ""
    lanes: dict[str, dict[PathRow, float]] = {}
    shares: dict[str, Fraction] = {}
    if by_place or hashed or affinity or assignment != "per_connection":
        way = PathTracer(cluster, question.client, question.via, question.as_if)
        ways: Iterator[Bundle] = (
            Bundle(route, route.probability, Fraction(0), Fraction(0)) for route in question.ways(way)
        )
        split = False
    else:
        ways, split = bundles(question), True
    for bundle in ways:
        lane = _lane(bundle.route, asking.hop_ms)
        if lane.pod is not None:
            shares[lane.pod] = shares.get(lane.pod, Fraction(0)) + bundle.probability
        parts = _split(cluster, bundle, lane, asking.hop_ms) if split else ((lane, float(bundle.probability)),)
        for part, share in parts:
            entry = lanes.setdefault(part.place, {})
            entry[part] = entry.get(part, 0.0) + share
    if split and apart and question.client.kind == OUTSIDE:
        lanes = _set_apart(question, asking, lanes, apart)
    return PathTable(
        {lane: share for entry in lanes.values() for lane, share in entry.items()},
        shares,
        assignment=assignment,
        affinity=affinity,
        one_source=bool(balancer and not balancer.preserves_source),
        protocol=question.destination.protocol,
        places=question.entry.spread.names if hashed else (),
        router_hash=hashed,
    )


@dataclass(frozen=True, slots=True)
class LastLeg:
    """What the last leg of a way costs by where its Pod is, in milliseconds, and what the legs before it cost.

    Parameters
    ----------
    before_ms : float
        All legs but the last.
    stays_ms, zone_ms, cross_ms : float
        The last one: on the node, to another node in the zone, to another zone.
    """

    before_ms: float
    stays_ms: float
    zone_ms: float
    cross_ms: float

    @classmethod
    def of(cls, cluster: ClusterState, route: Route, hop_ms: float | None) -> LastLeg:
        """Look at a way; `hop_ms` takes the place of what the table of latencies says of an extra hop."""
        last, table = route.hops[-1], latencies()
        near_ms = table["same_node"].ms
        ip = last.dst.rpartition(":")[0].strip("[]")
        stays_ms = 0.0 if cluster.store.node_at(ip) is not None else near_ms
        zone_ms, cross_ms = (
            table[leg].ms if hop_ms is None else near_ms + hop_ms for leg in ("same_zone", "cross_zone")
        )
        return cls(route.latency_ms - last.latency_ms, stays_ms, zone_ms, cross_ms)


def _split(
    cluster: ClusterState, bundle: Bundle, lane: PathRow, hop_ms: float | None
) -> Iterator[tuple[PathRow, float]]:
    """Divide the ways of several nodes to one Pod: those that stay on the node, in the zone, and the others."""
    together, hops, crosses = float(bundle.probability), float(bundle.extra_hop), float(bundle.crosses_zone)
    if hops in (0, together) and crosses in (0, together):
        yield lane, together
        return
    leg = LastLeg.of(cluster, bundle.route, hop_ms)
    before_ms, stays_ms, zone_ms, cross_ms = leg.before_ms, leg.stays_ms, leg.zone_ms, leg.cross_ms
    if bundle.extra_hop < bundle.probability:
        yield PathRow("", lane.pod, lane.node, before_ms + stays_ms, flow=lane.flow), together - hops
    if bundle.crosses_zone < bundle.extra_hop:
        yield PathRow("", lane.pod, lane.node, before_ms + zone_ms, extra_hop=True, flow=lane.flow), hops - crosses
    if bundle.crosses_zone:
        yield PathRow("", lane.pod, lane.node, before_ms + cross_ms, True, True, flow=lane.flow), crosses


def _set_apart(
    question: Query, asking: RequestTarget, lanes: Mapping[str, Mapping[PathRow, float]], apart: Set[str]
) -> dict[str, dict[PathRow, float]]:
    """Take the ways of some nodes out of those that stand for several nodes, and list them on their own."""
    entry = question.entry
    way = PathTracer(question.cluster, question.client, question.via, question.as_if)
    if entry.to_pod:
        return {place: dict(own) for place, own in lanes.items()}
    found: dict[str, dict[PathRow, float]] = {}
    others: dict[PathRow, tuple[PathRow, float]] = {}
    for own in lanes.values():
        for lane, share in own.items():
            kind = _kind(lane)
            others[kind] = (replace(lane, place=""), share + (others[kind][1] if kind in others else 0.0))
    for name, probability in entry.spread.shares().items():
        for route in way.arrive(entry, name, PathSoFar(probability)) if name in apart else ():
            lane, chance = _lane(route, asking.hop_ms), float(route.probability)
            place, kind = found.setdefault(lane.place, {}), _kind(lane)
            place[lane] = place.get(lane, 0.0) + chance
            others[kind] = (others[kind][0], others[kind][1] - chance)
    rest = {lane: share for lane, share in others.values() if share > 1e-12}
    return {"": rest, **found}


def _kind(lane: PathRow) -> PathRow:
    """Return the lane without what depends on the node by which it enters."""
    network_ms = round(lane.network_ms, 9) if lane.delivered else 0.0
    return replace(lane, place="", network_ms=network_ms, flow=None)


def _service(cluster: ClusterState, question: Query) -> Service | None:
    """Find the Service that a question is about, also where it names an address."""
    destination, store = question.destination, cluster.store
    if destination.service is not None:
        return destination.service
    at = (s for s in store.services_at(destination.ip or "") if any(p.port == destination.port for p in s.ports))
    return next(at, None) or next(iter(store.services_on(destination.port or 0)), None)


def _lane(route: Route, hop_ms: float | None) -> PathRow:
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
