"""What the API server accepts but advises against.

Source: ``pkg/api/service/warnings.go`` (kubernetes/kubernetes 1.36).
"""

from __future__ import annotations

from collections.abc import Iterator

from .service import Service

__all__ = ["service_warnings"]

TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"


def service_warnings(service: Service) -> tuple[str, ...]:
    """List what the server accepts but advises against.

    Examples
    --------
    >>> service_warnings(Service("web", type="ClusterIP", external_name="db.example.com"))
    ('spec.externalName is ignored when spec.type is not "ExternalName"',)
    """
    return tuple(_warnings(service))


def _warnings(service: Service) -> Iterator[str]:
    if TOPOLOGY_HINTS in service.annotations:
        yield f"annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
    headless = service.headless
    if headless:
        if service.load_balancer_ip:
            yield "spec.loadBalancerIP is ignored for headless services"
        if service.external_ips:
            yield "spec.externalIPs is ignored for headless services"
        if service.session_affinity not in ("", "None"):
            yield "spec.SessionAffinity is ignored for headless services"
    if service.type == "ExternalName":
        if service.external_ips:
            yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    elif service.external_name:
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if service.external_ips and not headless and service.type != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if service.traffic_distribution == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
