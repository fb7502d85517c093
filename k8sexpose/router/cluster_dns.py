"""The DNS of a cluster, in its simplest form: the names of Services, as CoreDNS answers them to a Pod.

Source: the specification of Kubernetes DNS-based service discovery (kubernetes/dns, ``docs/specification.md``), and the
search path that the kubelet writes into a Pod's ``/etc/resolv.conf``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..api.addresses import canonical_ip
from ..api.service import Service
from ..cluster.state import ClusterState
from ..kubeproxy.service_ports import cluster_ip_of, targets

__all__ = ["resolve"]

# What may follow ``name.namespace``; the search path of a Pod adds the rest.
DOMAINS: tuple[list[str], ...] = (["svc", "cluster", "local"], ["svc"], [])
MOST_ALIASES = 8


def resolve(cluster: ClusterState, host: str, namespace: str) -> tuple[str, ...]:
    """Return the addresses that a name has for the Pods of a namespace; none where the cluster does not know it.

    A Service has its clusterIP, a headless one the addresses of its ready Pods, an ExternalName that of its alias.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> resolve(Cluster(), "kubernetes.default.svc.cluster.local", "shop"), resolve(Cluster(), "kubernetes", "shop")
    (('10.96.0.1',), ())
    """
    for _ in range(MOST_ALIASES):
        service = _service(cluster, host, namespace)
        if service is None:
            return ()
        if service.type != "ExternalName":
            return _addresses(cluster, service)
        host = service.external_name
    return ()


def alias(cluster: ClusterState, host: str, namespace: str) -> str:
    """Return the name at the end of a chain of ExternalName Services; the name itself where it is none."""
    for _ in range(MOST_ALIASES):
        service = _service(cluster, host, namespace)
        if service is None or service.type != "ExternalName":
            return host
        host = service.external_name.removesuffix(".")
    return host


def _service(cluster: ClusterState, host: str, namespace: str) -> Service | None:
    """Return the Service that ``web``, ``web.shop`` or ``web.shop.svc.cluster.local`` means in a namespace."""
    name, *rest = host.removesuffix(".").lower().split(".")
    home, domain = (rest[0], rest[1:]) if rest else (namespace, [])
    return cluster.store.services.get((home, name)) if domain in DOMAINS else None


def _addresses(cluster: ClusterState, service: Service) -> tuple[str, ...]:
    if service.headless:
        found: Iterable[str | None] = sorted(
            {target.endpoint.ip for port in service.ports for target in targets(cluster.store, service, port, 4).ready}
        )
    else:
        found = (cluster_ip_of(service, 4) or cluster_ip_of(service, 6),)
    return tuple(canonical_ip(ip) for ip in found if ip)
