"""A Service with its Pods and nodes, as a simulation sees it before any request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..kubeproxy.service_ports import targets
from ..router.addressing import find_destination
from .path_table import RequestTarget
from .timeline import State
from .ways import Ways

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Scene"]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A Service with its Pods and nodes, before any request.

    Parameters
    ----------
    states : tuple of State
        Of the cluster, one after the other.
    pods : list of str
        All Pods that can be asked at some time, and those that are endpoints but get nothing.
    zones : dict of str to str
        The zone of each node.
    members : ndarray of float64, shape (nodes, pods)
        1 where a Pod is on a node.
    index, node_index : Index
        The Pods and the nodes, for tables.
    columns, node_columns : dict of str to array
        What tables say of Pods (``node, zone``) and of nodes (``zone``).
    expected : ndarray of float64, shape (pods,)
        The exact share of each Pod in the first state.
    ways : Ways, optional
        How requests come that have a connection of their own; None where it matters who asks or when.
    nearest_ms : float
        The shortest way through the network.
    """

    states: tuple[State, ...]
    pods: list[str]
    zones: dict[str, str | None]
    members: NDArray[np.float64]
    index: pd.Index[str]
    node_index: pd.Index[str]
    columns: dict[str, Any]
    node_columns: dict[str, Any]
    expected: NDArray[np.float64]
    ways: Ways | None
    nearest_ms: float

    @classmethod
    def of(cls, cluster: Cluster, asking: RequestTarget, states: tuple[State, ...]) -> Scene:
        """Look around."""
        table, zones = states[0].table, {name: node.zone for name, node in cluster.store.nodes.items()}
        lanes = [lane for state in states for lane in state.table.lanes]
        pods = _pods(cluster, asking, states)
        home = {pod.name: pod.node for pod in cluster.store.pods.values()}
        home |= {lane.pod: lane.node for lane in lanes if lane.pod is not None}
        nodes = [home.get(pod) for pod in pods]
        of_pods = {"node": nodes, "zone": [zones.get(node or "") for node in nodes]}
        of_nodes = {"zone": list(zones.values())}
        members = np.array([[node == name for node in nodes] for name in zones], dtype=float)
        plain = len(states) == 1 and table.assignment == "per_connection" and not table.affinity
        return cls(
            states, pods, zones, members.reshape(len(zones), len(pods)),
            pd.Index(pods, name="pod", dtype=object), pd.Index(list(zones), name="node", dtype=object),
            {name: pd.Series(column).array for name, column in of_pods.items()},
            {name: pd.Series(column).array for name, column in of_nodes.items()},
            np.array([float(table.shares.get(pod, 0)) for pod in pods]),
            Ways.of(list(table.lanes), np.array(list(table.lanes.values())), pods) if plain else None,
            min((lane.network_ms for lane in lanes if lane.delivered), default=0.0),
        )  # fmt: skip

    @property
    def steady(self) -> bool:
        """True if nothing happens."""
        return len(self.states) == 1

    def expected_share(self, duration_s: float) -> NDArray[np.float64]:
        """Return the exact share of each Pod, averaged over the time of the states."""
        if self.steady:
            return self.expected
        found = np.zeros(len(self.pods))
        for state in self.states:
            part = Fraction((min(state.end_s, duration_s) - min(state.start_s, duration_s)) / duration_s)
            found += [float(state.table.shares.get(pod, 0) * part) for pod in self.pods]
        return found


def _pods(cluster: Cluster, asking: RequestTarget, states: Sequence[State]) -> list[str]:
    """Name all Pods that can be asked at some time, and those that are endpoints but get nothing."""
    asked = find_destination(cluster, asking.target, asking.protocol)
    service, port = asked.service, asked.service_port
    found = {lane.pod: None for state in states for lane in state.table.lanes if lane.pod is not None}
    if service is not None and port is not None:
        ready = (target for family in (4, 6) for target in targets(cluster.store, service, port, family).ready)
        found.update((target.endpoint.pod, None) for target in ready if target.endpoint.pod is not None)
    order = {name: k for k, (_, name) in enumerate(cluster.store.pods)}
    return sorted(found, key=lambda pod: order.get(pod, len(order)))
