"""The rules for what a cloud controller may write into the status of a Service.

Source: ``pkg/apis/core/validation/validation.go`` ValidateLoadBalancerStatus (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from . import formats
from .addresses import parse_ip
from .errors import FieldError, forbidden, invalid, required, unsupported
from .service import LoadBalancerIngress, Service

__all__ = ["status_errors"]


def status_errors(service: Service, ingress: Sequence[LoadBalancerIngress]) -> list[FieldError]:
    """Check what a cloud controller writes into ``status.loadBalancer.ingress``.

    Examples
    --------
    >>> print(status_errors(Service("web", type="NodePort"), [LoadBalancerIngress("198.51.100.7", ip_mode="VIP")])[0])
    status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'
    """
    field = "status.loadBalancer.ingress"
    if service.type != "LoadBalancer" and ingress:
        return [forbidden(field, "may only be used when `spec.type` is 'LoadBalancer'")]
    return [
        replace(error, field=f"{field}[{number}].{error.field}")
        for number, entry in enumerate(ingress)
        for error in _ingress(entry)
    ]


def _ingress(entry: LoadBalancerIngress) -> Iterator[FieldError]:
    if entry.ip:
        yield from (invalid("ip", entry.ip, text) for text in formats.ip(entry.ip))
        if entry.ip_mode is None:
            yield required("ipMode", "must be specified when `ip` is set")
    elif entry.ip_mode is not None:
        yield forbidden("ipMode", "may not be specified when `ip` is not set")
    if entry.ip_mode is not None and entry.ip and entry.ip_mode not in ("Proxy", "VIP"):
        yield unsupported("ipMode", entry.ip_mode, ("Proxy", "VIP"))
    if entry.hostname:
        yield from (invalid("hostname", entry.hostname, text) for text in formats.dns_subdomain(entry.hostname))
        if parse_ip(entry.hostname) is not None:
            yield invalid("hostname", entry.hostname, "must be a DNS name, not an IP address")
