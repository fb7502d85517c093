"""A Service with its Pods and nodes, as a simulation sees it before any request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..kubeproxy.service_ports import targets
from ..router.addressing import find_destination
from .arrays import Floats
from .path_table import PathRow, RequestTarget
from .timeline import State
from .ways import Ways

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Scene"]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A Service with its Pods and nodes: what is the same for every run, so that it is kept while a slider moves."""

    states: tuple[State, ...]  # of the cluster, one after the other
    pods: list[str]  # all that can be asked at some time, and endpoints that get nothing
    zones: dict[str, str | None]  # of each node
    members: Floats  # shape (nodes, pods): 1 where a Pod is on a node
    index: pd.Index[str]  # the Pods, and below the nodes, for tables
    node_index: pd.Index[str]
    columns: dict[str, Any]  # what tables say of Pods (``node, zone``), and below of nodes (``zone``)
    node_columns: dict[str, Any]
    expected: Floats  # shape (pods,): the exact share of each Pod in the first state
    ways: Ways | None  # of requests with a connection of their own; None where it matters who asks or when
    nearest_ms: float  # the shortest path through the network

    @classmethod
    def of(cls, cluster: Cluster, asking: RequestTarget, states: tuple[State, ...]) -> Scene:
        """Find the Pods and nodes of all states."""
        table, zones = states[0].table, {name: node.zone for name, node in cluster.store.nodes.items()}
        paths = [path for state in states for path in state.table.paths]
        pods = _pods(cluster, asking, paths)
        home = {pod.name: pod.node for pod in cluster.store.pods.values()}
        home |= {path.pod: path.node for path in paths if path.pod is not None}
        nodes = [home.get(pod) for pod in pods]
        members = np.array(list(zones), dtype=object)[:, None] == np.array(nodes, dtype=object)
        plain = len(states) == 1 and table.assignment == "per_connection" and not table.affinity
        return cls(
            states=states,
            pods=pods,
            zones=zones,
            members=members.astype(np.float64),
            index=pd.Index(pods, name="pod", dtype=object),
            node_index=pd.Index(list(zones), name="node", dtype=object),
            columns={"node": _column(nodes), "zone": _column([zones.get(node or "") for node in nodes])},
            node_columns={"zone": _column(list(zones.values()))},
            expected=np.array([float(table.shares.get(pod, 0)) for pod in pods]),
            ways=Ways.of(list(table.paths), np.array(list(table.paths.values())), pods) if plain else None,
            nearest_ms=min((path.network_ms for path in paths if path.delivered), default=0.0),
        )

    @property
    def steady(self) -> bool:
        """True if nothing happens during the run."""
        return len(self.states) == 1

    def expected_share(self, duration_s: float) -> Floats:
        """Return the exact share of each Pod, averaged over the time of the states."""
        if self.steady:
            return self.expected
        found = np.zeros(len(self.pods))
        for state in self.states:
            part = Fraction((min(state.end_s, duration_s) - min(state.start_s, duration_s)) / duration_s)
            found += [float(state.table.shares.get(pod, 0) * part) for pod in self.pods]
        return found


def _column(values: list[str | None]) -> Any:
    """Return a column as a table holds it, so that it is made once for all tables."""
    return pd.Series(values).array


def _pods(cluster: Cluster, asking: RequestTarget, paths: Sequence[PathRow]) -> list[str]:
    """Name all Pods that can be asked at some time, and those that are endpoints but get nothing."""
    asked = find_destination(cluster, asking.target, asking.protocol)
    service, port = asked.service, asked.service_port
    found = {path.pod: None for path in paths if path.pod is not None}
    if service is not None and port is not None:
        ready = (target for family in (4, 6) for target in targets(cluster.store, service, port, family).ready)
        found.update((target.endpoint.pod, None) for target in ready if target.endpoint.pod is not None)
    order = {name: k for k, (_, name) in enumerate(cluster.store.pods)}
    return sorted(found, key=lambda pod: order.get(pod, len(order)))
