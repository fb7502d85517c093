"""``kubectl describe service``.

Source: ``pkg/describe/describe.go`` (kubectl): ``describeService``, ``DescribeEvents``, ``formatEndpointSlices``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..api.addresses import address
from ..api.objects import EndpointSlice
from ..api.service import LAST_APPLIED, LoadBalancerIngress, Service, ServicePort
from .event_series import EventSeries
from .tabwriter import NONE, SHOWN, age, escaped, pairs, tabbed

__all__ = ["describe_service"]

LONGEST_ANNOTATION = 140


def describe_service(
    service: Service,
    slices: Sequence[EndpointSlice] = (),
    events: Sequence[EventSeries] | None = (),
    now_s: float = 0.0,
) -> str:
    """Print ``kubectl describe service``.

    Parameters
    ----------
    service : Service
        The Service.
    slices : sequence of EndpointSlice
        Its EndpointSlices.
    events : sequence of EventSeries, optional
        The events about it; None to leave them out.
    now_s : float
        Cluster time, in seconds.

    Returns
    -------
    str
        Lines that end in a newline.

    Examples
    --------
    >>> print(describe_service(Service("db", type="ExternalName", external_name="db.example.com")).splitlines()[0])
    Name:              db
    """
    lines = "".join(f"{line}\n" for line in _lines(service, slices))
    if events is None:
        return tabbed(escaped(lines))
    if not events:
        return tabbed(escaped(lines + f"Events:\t{NONE}\n"))
    return tabbed(escaped(lines)) + tabbed(escaped("".join(f"{line}\n" for line in _events(events, now_s))))


def _lines(service: Service, slices: Sequence[EndpointSlice]) -> Iterator[str]:
    yield f"Name:\t{service.name}"
    yield f"Namespace:\t{service.namespace}"
    yield from _labels(service.labels)
    yield from _annotations(service.annotations)
    yield f"Selector:\t{pairs(service.selector.items())}"
    yield f"Type:\t{service.type}"
    if service.ip_family_policy is not None:
        yield f"IP Family Policy:\t{service.ip_family_policy}"
    yield f"IP Families:\t{','.join(service.ip_families) or NONE}"
    yield f"IP:\t{service.cluster_ip}"
    yield f"IPs:\t{','.join(service.cluster_ips) or NONE}"
    if service.external_ips:
        yield f"External IPs:\t{','.join(service.external_ips)}"
    if service.load_balancer_ip:
        yield f"Desired LoadBalancer IP:\t{service.load_balancer_ip}"
    if service.external_name:
        yield f"External Name:\t{service.external_name}"
    if service.load_balancer_ingress:
        yield f"LoadBalancer Ingress:\t{', '.join(map(_ingress, service.load_balancer_ingress))}"
    for port in service.ports:
        yield from _port(port, slices)
    yield f"Session Affinity:\t{service.session_affinity}"
    if service.external_traffic_policy:
        yield f"External Traffic Policy:\t{service.external_traffic_policy}"
    if service.internal_traffic_policy is not None:
        yield f"Internal Traffic Policy:\t{service.internal_traffic_policy}"
    if service.health_check_node_port:
        yield f"HealthCheck NodePort:\t{service.health_check_node_port}"
    if service.load_balancer_source_ranges:
        yield f"LoadBalancer Source Ranges:\t{','.join(service.load_balancer_source_ranges)}"
    if service.traffic_distribution is not None:
        yield f"Traffic Distribution:\t{service.traffic_distribution}"


def _labels(labels: Mapping[str, str]) -> Iterator[str]:
    shown = [f"{key}={value}" for key, value in sorted(labels.items())] or [NONE]
    yield f"Labels:\t{shown[0]}"
    yield from (f"\t{text}" for text in shown[1:])


def _annotations(annotations: Mapping[str, str]) -> Iterator[str]:
    """Print annotations; a long value, or one of several lines, gets lines of its own."""
    title = "Annotations:"
    for key, value in sorted(annotations.items()):
        if key == LAST_APPLIED:
            continue
        value = value.removesuffix("\n")
        if len(f"{key}{value}".encode()) + 2 > LONGEST_ANNOTATION or "\n" in value:
            yield f"{title}\t{key}:"
            for line in value.split("\n"):
                shown = line[: LONGEST_ANNOTATION - 2]
                yield f"\t  {shown}{'...' if shown != line else ''}"
        else:
            yield f"{title}\t{key}: {value}"
        title = ""
    if title:
        yield f"{title}\t{NONE}"


def _ingress(ingress: LoadBalancerIngress) -> str:
    return f"{ingress.address} ({ingress.ip_mode})" if ingress.ip and ingress.ip_mode is not None else ingress.address


def _port(port: ServicePort, slices: Sequence[EndpointSlice]) -> Iterator[str]:
    name = port.name or "<unset>"
    yield f"Port:\t{name}\t{port.port}/{port.protocol}"
    yield f"TargetPort:\t{port.target_port}/{port.protocol}"
    if port.app_protocol is not None:
        yield f"AppProtocol:\t{port.app_protocol}"
    if port.node_port:
        yield f"NodePort:\t{name}\t{port.node_port}/{port.protocol}"
    yield f"Endpoints:\t{_endpoints(port.name, slices)}"


def _endpoints(port_name: str, slices: Sequence[EndpointSlice]) -> str:
    """Print the ready endpoints; as in the source, one that is not ready behind three ready ones says "0 more"."""
    if not slices:
        return NONE
    shown: list[str] = []
    count, cut = 0, False
    for part in slices:
        numbers = [port.port for port in part.ports if port.name == port_name] if part.ports else [None]
        for number in numbers:
            for endpoint in part.endpoints:
                cut = cut or len(shown) == SHOWN
                if endpoint.ready:
                    count += 1
                    shown += [] if cut else [address(endpoint.ip, number)]
    return ",".join(shown) + (f" + {count - SHOWN} more..." if cut else "")


def _events(events: Iterable[EventSeries], now_s: float) -> Iterator[str]:
    yield "Events:"
    yield "  Type\tReason\tAge\tFrom\tMessage"
    yield "  ----\t------\t----\t----\t-------"
    for seen in sorted(events, key=lambda seen: seen.last_s):
        event, first = seen.event, age(now_s - seen.event.at_s)
        when = f"{age(now_s - seen.last_s)} (x{seen.count} over {first})" if seen.count > 1 else first
        yield f"  {event.type}\t{event.reason}\t{when}\t{event.source}\t{event.message.strip()}"
