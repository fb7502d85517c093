"""What kube-proxy answers when a load balancer asks whether a node is fit to receive traffic.

Sources (kubernetes/kubernetes): ``pkg/proxy/healthcheck/service_health.go``,
``pkg/proxy/healthcheck/proxy_health.go``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..api.checks import check_arguments
from ..api.errors import NotExposed
from ..cluster.clock import timestamp
from ..cluster.state import ClusterState
from .service_ports import is_watched, targets

if TYPE_CHECKING:
    from ..api.objects import Node
    from ..api.service import Service

__all__ = ["HealthResponse", "eligible", "health_check", "healthz", "ready_local_endpoints"]

HEALTHZ_PORT = 10256
AUTOSCALER_TAINT = "ToBeDeletedByClusterAutoscaler"
JSON_HEADERS = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class HealthResponse:
    """The HTTP answer to a health check.

    Parameters
    ----------
    status : int
        200 or 503.
    headers : mapping of str to str
        The headers that kube-proxy sets.
    body : str
        JSON, laid out as kube-proxy lays it out.

    Examples
    --------
    >>> HealthResponse(200, {}, "{}").status
    200
    """

    status: int
    headers: Mapping[str, str]
    body: str


def ready_local_endpoints(cluster: ClusterState, service: Service, node: str) -> int:
    """Return the number of addresses of ready endpoints on a node, over all ports; terminating ones do not count."""
    store = cluster.rules(node)
    found: set[str] = set()
    for port in service.ports:
        for family in (4, 6):
            here = targets(store, service, port, family).on_node.get(node, ())
            found.update(target.endpoint.ip for target in here if target.endpoint.ready)
    return len(found)


NO_ANSWER = HealthResponse(0, {}, "")


def _silent(cluster: ClusterState, node: str) -> bool:
    """Return True if a node is down, or no kube-proxy runs on it: then nobody listens."""
    return cluster.is_down(node) or cluster.proxy_stopped(node)


def health_check(cluster: ClusterState, service: str, *, node: str, proxy_healthy: bool = True) -> HealthResponse:
    """Ask a node's healthCheckNodePort whether it has endpoints of a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    service : str
        ``name`` or ``namespace/name``.
    node : str
        The node that is asked.
    proxy_healthy : bool
        Whether kube-proxy on that node is up to date.

    Returns
    -------
    HealthResponse
        200 where the node has a ready endpoint and kube-proxy is healthy, else 503. Status 0, without headers, where
        nobody answers: the node is down, or its kube-proxy is stopped.

    Raises
    ------
    ApiError
        404 NotFound: there is no such Service.
    NotExposed
        If the Service has no healthCheckNodePort: a real node refuses the connection.
    UnknownName
        If there is no such node (it is a KeyError).

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 31000}
    >>> cluster = Cluster.from_json(
    ...     {
    ...         "items": [
    ...             {"kind": "Node", "metadata": {"name": "node-1"}},
    ...             {"kind": "Service", "metadata": {"name": "web"}, "spec": spec},
    ...         ]
    ...     }
    ... )
    >>> health_check(cluster, "web", node="node-1").headers["X-Load-Balancing-Endpoint-Weight"]
    '0'
    """
    check_arguments(health_check, locals())
    found = cluster.service(service)
    cluster.store.node(node)  # an UnknownName, if there is none
    if not (found.needs_health_check_node_port and found.health_check_node_port and is_watched(found)):
        raise NotExposed(
            f"{found.name} has no healthCheckNodePort: kube-proxy keeps one for Services of type LoadBalancer with "
            "externalTrafficPolicy Local. Every other check asks kube-proxy itself: healthz(cluster, node=...)"
        )
    if _silent(cluster, node):
        return NO_ANSWER
    count = ready_local_endpoints(cluster, found, node)
    body = {
        "service": {"namespace": found.namespace, "name": found.name},
        "localEndpoints": count,
        "serviceProxyHealthy": proxy_healthy,
    }
    headers = {**JSON_HEADERS, "X-Load-Balancing-Endpoint-Weight": str(count)}
    status = 200 if count > 0 and proxy_healthy else 503
    return HealthResponse(status, headers, json.dumps(body, indent="\t"))


def healthz(
    cluster: ClusterState, *, node: str, path: str = "/healthz", sync_overdue: bool = False, node_known: bool = True
) -> HealthResponse:
    """Ask kube-proxy itself (port 10256), as load balancers do under ``externalTrafficPolicy: Cluster``.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    node : str
        The node that is asked; readiness and cordoning of the node play no part.
    path : str
        ``/healthz``, or ``/livez``, which does not ask whether the node is about to go.
    sync_overdue : bool
        Whether a change has waited longer than two sync periods.
    node_known : bool
        Whether kube-proxy knows its own Node object. One that does not, since the object is deleted or has not
        come yet, runs all the same, and counts its node as one that is about to go.

    Returns
    -------
    HealthResponse
        200 or 503. Status 0, without headers, where nobody answers: the node is down, or its kube-proxy is stopped.

    Raises
    ------
    UnknownName
        If the node's object should be known, and there is no such node (it is a KeyError).
    ValueError
        If the path is neither.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> healthz(Cluster(nodes=[Node("node-1", deleting=True)]), node="node-1").status
    503
    """
    check_arguments(healthz, locals())
    if path not in ("/healthz", "/livez"):
        raise ValueError(f"path {path!r} is neither /healthz nor /livez")
    if _silent(cluster, node):
        return NO_ANSWER
    can_serve = node_known and eligible(cluster.store.node(node))
    now = timestamp(cluster.now_s)
    body: dict[str, Any] = {"lastUpdated": now, "currentTime": now}
    if path == "/healthz":
        body["nodeEligible"] = can_serve
    body["healthy"] = not sync_overdue
    body["status"] = {name: {"lastUpdated": now, "healthy": not sync_overdue} for name in ("IPv4", "IPv6")}
    healthy = not sync_overdue and (can_serve or path == "/livez")
    return HealthResponse(200 if healthy else 503, JSON_HEADERS, json.dumps(body))


def eligible(node: Node) -> bool:
    """Return True if a node may get new traffic: nobody is about to remove it (KEP-3836)."""
    return not node.deleting and all(taint.key != AUTOSCALER_TAINT for taint in node.taints)
