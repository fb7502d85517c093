"""What the API server accepts but advises against.

Source: ``pkg/api/service/warnings.go`` and ``staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go``
(kubernetes/kubernetes 1.36).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_network

from . import formats
from .addresses import parse_ip
from .errors import go_quote
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
    headless = service.type == "ClusterIP" and service.headless
    for number, ip in enumerate(service.cluster_ips):
        yield from _ip(f"spec.clusterIPs[{number}]", ip)
    if headless:
        if service.load_balancer_ip:
            yield "spec.loadBalancerIP is ignored for headless services"
        if service.external_ips:
            yield "spec.externalIPs is ignored for headless services"
        if service.session_affinity != "None":
            yield "spec.SessionAffinity is ignored for headless services"
    for number, ip in enumerate(service.external_ips):
        yield from _ip(f"spec.externalIPs[{number}]", ip)
    if service.external_ips and not headless and service.type != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    yield from _ip("spec.loadBalancerIP", service.load_balancer_ip)
    for number, text in enumerate(service.load_balancer_source_ranges):
        yield from _cidr(f"spec.loadBalancerSourceRanges[{number}]", text)
    if service.type == "ExternalName" and service.external_ips:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if service.type != "ExternalName" and service.external_name:
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if service.traffic_distribution == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _ip(field: str, value: str) -> Iterator[str]:
    """Advise on the form of an address (GetWarningsForIP); what is no address at all is no matter for advice."""
    address = parse_ip(value)
    if address is None:
        return
    if formats.ip(value):
        usual = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        yield f'{field}: non-standard IP address {go_quote(value)} is invalid: use "{usual}"'
    elif isinstance(address, IPv6Address) and str(address) != value:
        yield f'{field}: IPv6 address {go_quote(value)} should be in RFC 5952 canonical format ("{address}")'


def _cidr(field: str, value: str) -> Iterator[str]:
    """Advise on the form of an address range (GetWarningsForCIDR)."""
    problems = formats.cidr(value)
    if formats.CIDR_TEXT in problems:
        return
    address = parse_ip(value.partition("/")[0])
    network = ip_network(f"{address}/{int(value.partition('/')[2])}", strict=False)
    if address != network.network_address:
        single = f"{address}/{network.max_prefixlen}"
        choice = f'should be "{network}" or "{single}"?'
        yield f"{field}: CIDR value {go_quote(value)} is ambiguous in this context ({choice})"
    if any("leading 0s" in text or "IPv4-mapped" in text for text in problems):
        yield f'{field}: non-standard CIDR value {go_quote(value)} is invalid: use "{network}"'
    elif network.version == 6 and f"{address}/{network.prefixlen}" != value:
        canonical = f"{address}/{network.prefixlen}"
        yield f'{field}: IPv6 CIDR value {go_quote(value)} should be in RFC 5952 canonical format ("{canonical}")'
