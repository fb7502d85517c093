"""What happens during a run: nodes crash and come back, Pods are replaced, and the cluster notices on its own clocks.

The events are played on a copy of the cluster, with its clock. Between two moments at which something is due (an
event, a health check, the end of a grace period) the cluster does not change, so that one path table holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ..api.addresses import address
from ..api.checks import check_fields, seconds
from ..api.errors import NotExposed
from ..cloud.load_balancer import next_change_s
from ..router.query import Query
from ..router.router import shares
from .path_table import PathRow, PathTable, RequestTarget, read_table

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Event", "NodeDown", "NodeUp", "Rollout", "Scale", "State", "fresh", "play", "standing"]

# After the last event the clock is followed for as long as a crash has consequences: 50 s until the Pods of a node
# count as lost, 300 s more until they are made anew elsewhere (see `operations`), and some for health checks.
QUIET_S = 400.0
PROVISIONING_S = 1800.0


class Event(Protocol):
    """Something that is done to the cluster at a moment."""

    @property
    def at_s(self) -> float:
        """Seconds after the first request."""

    def do(self, cluster: Cluster) -> None:
        """Do it."""


def check_event(event: Event) -> None:
    """Check the fields of an event; of a class of your own, only when it happens."""
    seconds(event.at_s, "at_s of an event")
    if isinstance(event, KnownEvent):
        check_fields(event)
    if isinstance(event, Rollout):
        seconds(event.interval_s, "interval_s of a Rollout")
        seconds(event.grace_s, "grace_s of a Rollout")


@dataclass(frozen=True, slots=True)
class NodeDown:
    """A node crashes: `Cluster.fail`.

    Parameters
    ----------
    node : str
        Its name.
    at_s : float
        When, in seconds after the start of the simulation.

    Examples
    --------
    >>> NodeDown("node-1", at_s=20).node
    'node-1'
    """

    node: str
    at_s: float

    def do(self, cluster: Cluster) -> None:
        """Crash the node."""
        cluster.fail(self.node)


@dataclass(frozen=True, slots=True)
class NodeUp:
    """A crashed node comes back: `Cluster.recover`.

    Parameters
    ----------
    node : str
        Its name.
    at_s : float
        When, in seconds after the start of the simulation.

    Examples
    --------
    >>> NodeUp("node-1", at_s=40).at_s
    40
    """

    node: str
    at_s: float

    def do(self, cluster: Cluster) -> None:
        """Bring the node back."""
        cluster.recover(self.node)


@dataclass(frozen=True, slots=True)
class Rollout:
    """The Pods of an app are replaced one after the other: `Cluster.rollout`.

    Parameters
    ----------
    name : str
        The app.
    at_s : float
        When the first Pod is replaced, in seconds after the start of the simulation.
    interval_s : float
        Seconds from one Pod to the next.
    grace_s : float
        Seconds for which an old Pod goes on serving.
    namespace : str
        Namespace of the app.

    Examples
    --------
    >>> Rollout("api-backend", at_s=10).grace_s
    30.0
    """

    name: str
    at_s: float
    interval_s: float = 5.0
    grace_s: float = 30.0
    namespace: str = "default"

    def do(self, cluster: Cluster) -> None:
        """Begin to replace the Pods."""
        cluster.rollout(self.name, namespace=self.namespace, interval_s=self.interval_s, grace_s=self.grace_s)


@dataclass(frozen=True, slots=True)
class Scale:
    """An app gets more or fewer Pods: `Cluster.scale`.

    Parameters
    ----------
    name : str
        The app.
    at_s : float
        When, in seconds after the start of the simulation.
    replicas : int, optional
        How many Pods in all.
    per_node : tuple of int, optional
        How many on each node.
    namespace : str
        Namespace of the app.

    Examples
    --------
    >>> Scale("api-backend", at_s=10, replicas=6).replicas
    6
    """

    name: str
    at_s: float
    replicas: int | None = None
    per_node: tuple[int, ...] | None = None
    namespace: str = "default"

    def do(self, cluster: Cluster) -> None:
        """Start or stop Pods."""
        cluster.scale(self.name, self.per_node, replicas=self.replicas, namespace=self.namespace)


KnownEvent = NodeDown | NodeUp | Rollout | Scale


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The cluster between two changes, as far as requests are concerned."""

    start_s: float  # after the first request
    end_s: float  # infinite for the last state
    table: PathTable  # how new connections are assigned
    crashed: frozenset[str] = frozenset()  # nodes that crash at the start
    # Paths whose open connections end at the start: the Pod is gone, or a UDP flow is assigned anew.
    closed: frozenset[PathRow] = frozenset()


def standing(cluster: Cluster, asking: RequestTarget) -> tuple[State, ...]:
    """Return the one state of a cluster to which nothing happens."""
    return (State(0.0, math.inf, read_table(fresh(cluster), asking)),)


def play(cluster: Cluster, asking: RequestTarget, events: Sequence[Event], duration_s: float) -> tuple[State, ...]:
    """Play events on a copy of a cluster; return a state for each time at which something changes for requests.

    Raises
    ------
    ValueError
        If an event lies before the start.
    NotExposed, KeyError
        As for `k8sexpose.routes`; and if an event names a node or an app that does not exist.
    """
    for event in events:
        check_event(event)
    twin = fresh(cluster.copy())
    asking = _provisioned(twin, asking)
    ahead = sorted(events, key=lambda event: event.at_s)
    begin_s = twin.now_s
    last_s = min(duration_s, (ahead[-1].at_s if ahead else 0.0) + QUIET_S)
    states: list[State] = []
    seen: set[PathRow] = set()
    # By which node a connection entered matters where that node crashes; an event of another class may crash any.
    by_place = not all(isinstance(event, KnownEvent) for event in ahead)
    apart = frozenset(event.node for event in ahead if isinstance(event, NodeDown))
    last: dict[str, object] = {}
    for at_s in _moments(twin, begin_s, ahead, last_s):
        down, pods = twin.down, set(twin.store.pods)
        twin.advance(begin_s + at_s - twin.now_s)
        while ahead and ahead[0].at_s <= at_s:
            ahead.pop(0).do(twin)
        twin.advance(0)
        before, last = last, twin.snapshot()
        if before == last:
            continue
        table = read_table(twin, asking, by_place=by_place, apart=apart)
        crashed = frozenset(twin.down - down)
        gone = {name for _, name in pods - set(twin.store.pods)}
        closed = frozenset(path for path in seen if path.pod in gone or not path.kept(twin, table.protocol))
        seen = (seen - closed) | table.paths.keys()
        if states and not crashed and not closed and states[-1].table.same_as(table):
            continue
        if states:
            states[-1] = replace(states[-1], end_s=at_s)
        states.append(State(at_s, math.inf, table, crashed, closed))
    return tuple(states)


def _moments(twin: Cluster, begin_s: float, ahead: Sequence[Event], last_s: float) -> Iterator[float]:
    """Yield the moments at which something may change: the start, events, steps on the clock."""
    at_s = 0.0
    while at_s <= last_s:
        yield at_s
        change_s = next_change_s(twin)
        at_s = min(math.inf if change_s is None else change_s - begin_s, ahead[0].at_s if ahead else math.inf)


def fresh(cluster: Cluster) -> Cluster:
    """Return the cluster without what nodes remember of earlier clients: those of a simulation are others."""
    if not cluster.affinity:
        return cluster
    twin = cluster.copy()
    twin.affinity = {}
    return twin


def _provisioned(twin: Cluster, asking: RequestTarget) -> RequestTarget:
    """Wait for the load balancer, and ask by its address from then on: by its name, no clock would matter."""
    query = Query.read(twin, asking.target, asking.client, asking.protocol, asking.via)
    if query.destination.service_port is None or query.door is None or query.destination.hostname is not None:
        return asking
    changes = twin.changes(twin.now_s + PROVISIONING_S)
    twin.advance(0)  # the controller sees the Service
    by_address = _by_address(twin, asking, query)
    while by_address is None or not _settled(twin, asking, by_address):
        if next(changes, None) is None:
            break
        by_address = _by_address(twin, asking, query)
    return by_address or asking


def _by_address(twin: Cluster, asking: RequestTarget, query: Query) -> RequestTarget | None:
    """Return the same question, asked by the address in the status; None as long as there is none."""
    service, port = query.destination.service, query.destination.service_port
    assert service is not None and port is not None
    host = twin.store.services[service.namespace, service.name].load_balancer_address
    if not host:
        return None
    target = f"http://{address(host, port.port)}"
    return replace(asking, protocol=query.destination.protocol, target=target, service=asking.target)


def _settled(twin: Cluster, asking: RequestTarget, by_address: RequestTarget) -> bool:
    """Return True if the load balancer sends connections now where it will send them in the end."""
    try:
        now, then = (shares(twin, a.target, a.client, protocol=a.protocol, via=a.via) for a in (by_address, asking))
    except NotExposed:
        return False
    return dict(now.by_pod) == dict(then.by_pod) and now.lost == then.lost
