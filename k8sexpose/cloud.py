"""The load balancer in front of the cluster: which nodes it deals to, and how its packets reach them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .errors import NotExposed
from .health import healthz, ready_local_endpoints
from .latency import latencies
from .service import LoadBalancerIngress, Service
from .serviceport import targets
from .store import Store

if TYPE_CHECKING:
    from .cluster import Cluster

__all__ = ["FrontDoor", "Spread", "front_door"]

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
AUTOSCALER_TAINT = "ToBeDeletedByClusterAutoscaler"
FALSE = ("0", "f", "F", "false", "False", "FALSE")  # what Go's strconv.ParseBool calls false
NODE_PORT, VIP, TO_POD = "node_port", "vip", "pod"


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How new connections are dealt to nodes (or Pods).

    Parameters
    ----------
    names : tuple of str
        The places.
    weights : tuple of Fraction, optional
        The share of each, together 1; None deals evenly.

    Examples
    --------
    >>> Spread(("node-1", "node-2")).shares()
    {'node-1': Fraction(1, 2), 'node-2': Fraction(1, 2)}
    """

    names: tuple[str, ...]
    weights: tuple[Fraction, ...] | None = None

    def __iter__(self) -> Iterator[tuple[str, Fraction]]:
        even = Fraction(1, len(self.names)) if self.names else Fraction(0)
        return zip(self.names, self.weights or (even,) * len(self.names), strict=True)

    def shares(self) -> dict[str, Fraction]:
        """Return the share of each place; one that is named twice has both."""
        total: dict[str, Fraction] = {}
        for name, share in self:
            total[name] = total.get(name, Fraction(0)) + share
        return total

    def pick(self, number: float) -> tuple[str, Fraction]:
        """Return the place that a random number from 0 to 1 stands for, and its share."""
        if self.weights is None:
            return self.names[int(number * len(self.names))], Fraction(1, len(self.names))
        at = next((k for k, edge in enumerate(accumulate(self.weights)) if number < edge), len(self.names) - 1)
        return self.names[at], self.weights[at]


@dataclass(frozen=True, slots=True, eq=False)
class FrontDoor:
    """The load balancer of one Service, as far as a packet is concerned.

    Parameters
    ----------
    service : Service
        The Service with the load balancer's address in its status.
    address : str
        Where clients connect: an IP address or a DNS name.
    spread : Spread
        How new connections are dealt to nodes; to ``ip:port`` of endpoints where `data_path` is ``pod``.
    data_path : str
        ``node_port`` (to NodeIP:nodePort), ``vip`` (the node sees the load balancer's address as destination)
        or ``pod`` (straight to the Pod).
    preserves_source : bool
        Whether the node sees the client's address.
    proxies : bool
        Whether the load balancer ends connections itself and opens its own.
    latency_ms : float
        What the load balancer adds to a round trip, in milliseconds.
    source_ip : str, optional
        Its own address towards the nodes, where the client's is not preserved.

    Examples
    --------
    >>> FrontDoor(Service("web"), "198.51.100.7", Spread(())).data_path
    'node_port'
    """

    service: Service
    address: str
    spread: Spread
    data_path: str = NODE_PORT
    preserves_source: bool = True
    proxies: bool = False
    latency_ms: float = 0.0
    source_ip: str | None = None


def front_door(cluster: Cluster, service: Service, *, settled: bool = True) -> FrontDoor:
    """Describe the load balancer of a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    service : Service
        A Service of type LoadBalancer.
    settled : bool
        True: as it will be once provisioning is done and the health checks have settled.
        False: as it is now.

    Returns
    -------
    FrontDoor
        The load balancer; its spread is empty where no node is healthy.

    Raises
    ------
    NotExposed
        If nobody builds a load balancer for this Service.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> front_door(cluster, Service("web", type="LoadBalancer")).spread.shares()
    {'node-1': Fraction(1, 1)}
    """
    if cluster.provider != "generic" or service.load_balancer_class is not None:
        ports = ", ".join(str(port.node_port) for port in service.ports if port.node_port)
        raise NotExposed(
            f"{service.name} stays <pending>: no controller here builds load balancers for it"
            + (f"; every node answers on its nodePort {ports}" if ports else "")
        )
    address = next((entry.address for entry in service.load_balancer_ingress if entry.address), None)
    if address is None:
        address = f"198.51.100.{1 + zlib.crc32(f'{cluster.seed}/{service.key}'.encode()) % 254}"
        service = replace(service, load_balancer_ingress=(LoadBalancerIngress(ip=address, ip_mode="VIP"),))
    return FrontDoor(service, address, healthy_nodes(cluster, service), latency_ms=latencies()["load_balancer_l4"].ms)


def healthy_nodes(cluster: Cluster, service: Service) -> Spread:
    """Deal evenly to the nodes that pass the health check of the Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    service : Service
        Under ``externalTrafficPolicy: Local`` its healthCheckNodePort is asked, else kube-proxy itself.

    Returns
    -------
    Spread
        The healthy nodes.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> healthy_nodes(Cluster(nodes=[Node("node-1")]), Service("web")).names
    ('node-1',)
    """
    if not service.needs_health_check_node_port:
        return _all_healthy(cluster)
    hosts = {
        node: None
        for port in service.ports
        for family in (4, 6)
        for node in targets(cluster.store, service, port, family).on_node
    }
    found = (node for node in hosts if node in cluster.store.nodes and _is_target(cluster, node))
    return Spread(
        tuple(sorted(n for n in found if ready_local_endpoints(cluster, service, n) and _answers(cluster, n)))
    )


# The nodes that answer kube-proxy's own health check; asked anew only when nodes change.
_HEALTHY: WeakKeyDictionary[Store, tuple[object, Spread]] = WeakKeyDictionary()


def _all_healthy(cluster: Cluster) -> Spread:
    version = (cluster.store.node_version, tuple(cluster.failed), tuple(cluster._stopped_proxies))
    found = _HEALTHY.get(cluster.store)
    if found is None or found[0] != version:
        names = (node for node in cluster.store.nodes if _is_target(cluster, node) and _answers(cluster, node))
        healthy = Spread(tuple(node for node in names if healthz(cluster, node=node).status == 200))
        found = _HEALTHY[cluster.store] = (version, healthy)
    return found[1]


def _is_target(cluster: Cluster, name: str) -> bool:
    """Tell whether the service controller hands the node to load balancers."""
    node = cluster.store.nodes[name]
    label = node.labels.get(EXCLUDED)
    excluded = label is not None and label not in FALSE
    return not excluded and not node.deleting and all(taint.key != AUTOSCALER_TAINT for taint in node.taints)


def _answers(cluster: Cluster, node: str) -> bool:
    return not cluster.is_down(node) and not cluster.proxy_stopped(node)
