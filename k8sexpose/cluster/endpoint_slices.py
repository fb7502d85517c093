"""The EndpointSlice controller: from a Service and the Pods to the list of addresses behind it.

Source: ``staging/src/k8s.io/endpointslice/{reconciler,utils}.go`` and ``trafficdist/`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address

from ..api.objects import SERVICE_NAME_LABEL, Endpoint, EndpointPort, EndpointSlice, Node, Pod
from ..api.service import Service, ServicePort

__all__ = ["endpoint_slices", "target_port"]

MAX_ENDPOINTS_PER_SLICE = 100
MANAGED_BY_LABEL, CONTROLLER = "endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"
TOPOLOGY_ANNOTATIONS = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
OVERLOAD = 0.2  # how much more than its part an endpoint may get
SAME_ZONE = ("PreferSameZone", "PreferClose", "PreferSameNode")


def endpoint_slices(
    service: Service,
    pods: Iterable[Pod],
    node: Callable[[str], Node | None],
    suffix: Callable[[int], str],
    nodes: Iterable[Node] = (),
) -> tuple[EndpointSlice, ...]:
    """Build the slices that the controller keeps for a Service: one empty slice where no Pod matches."""
    if not service.selector or service.type == "ExternalName":
        return ()
    groups: dict[tuple[str, tuple[EndpointPort, ...]], list[Endpoint]] = {}
    families = service.ip_families or ("IPv4",)
    for pod in pods:
        home = node(pod.node) if pod.node else None
        if not _selects(service, pod) or (home is None and not service.publish_not_ready_addresses):
            continue
        for ip in pod.addresses:
            family = f"IPv{ip_address(ip).version}"
            if family in families:
                endpoint = _endpoint(service, pod, home, ip)
                groups.setdefault((family, resolved_ports(service, pod)), []).append(endpoint)
    # Each family has a slice, also one without an endpoint.
    for family in families:
        if not any(found == family for found, _ in groups):
            groups[family, ()] = []
    if asks_for_topology(service):
        groups = _with_topology_hints(groups, cpu_ratios(nodes))
    slices: list[EndpointSlice] = []
    for (family, ports), found in groups.items():
        hinted = found if asks_for_topology(service) else [_with_hints(service, endpoint) for endpoint in found]
        for start in range(0, max(len(hinted), 1), MAX_ENDPOINTS_PER_SLICE):
            name = f"{service.name}-{suffix(len(slices))}"
            chunk = tuple(hinted[start : start + MAX_ENDPOINTS_PER_SLICE])
            labels = {**service.labels, SERVICE_NAME_LABEL: service.name, MANAGED_BY_LABEL: CONTROLLER}
            slices.append(
                EndpointSlice(
                    name, service.namespace, service.name, ports, chunk, family, labels, created_s=service.created_s
                )
            )
    return tuple(slices)


def asks_for_topology(service: Service) -> bool:
    """Return True if a Service has the annotation ``topology-mode: Auto``; it goes before ``trafficDistribution``."""
    return any(service.annotations.get(key) in ("Auto", "auto") for key in TOPOLOGY_ANNOTATIONS)


def cpu_ratios(nodes: Iterable[Node]) -> dict[str, float]:
    """Return the share of each zone in the CPUs of the ready workers; all nodes of the model count alike.

    Empty if a node has no zone: the controller then knows too little, and gives no hints.
    """
    workers = [node for node in nodes if node.is_ready and not any(role in node.labels for role in CONTROL_PLANE)]
    if not all(node.zone for node in workers):
        return {}
    counted = Counter(node.zone or "" for node in workers)
    return {zone: count / len(workers) for zone, count in counted.items()}


Groups = dict[tuple[str, tuple[EndpointPort, ...]], list[Endpoint]]


def _with_topology_hints(groups: Groups, ratios: Mapping[str, float]) -> Groups:
    """Return the endpoints with hints for their zones, some for zones that have too few; without any where that fails.

    Source: ``topologycache/topologycache.go``. Each address family is looked at by itself.
    """
    hinted: Groups = {}
    for family in dict.fromkeys(name for name, _ in groups):
        mine = {key: list(found) for key, found in groups.items() if key[0] == family}
        ready = [endpoint for found in mine.values() for endpoint in found if endpoint.ready]
        hints = _zones_for(ready, ratios)
        for key, found in mine.items():
            hinted[key] = [replace(one, zone_hints=(hints[one.ip],)) if hints and one.ready else one for one in found]
    return hinted


def _zones_for(ready: list[Endpoint], ratios: Mapping[str, float]) -> dict[str, str]:
    """Return the zone for which each ready endpoint is meant, by address; empty if no fair division is possible."""
    count = len(ready)
    if len(ratios) < 2 or len(ratios) > count or not all(endpoint.zone in ratios for endpoint in ready):
        return {}
    least = {zone: math.ceil(ratio * count / (1 + OVERLOAD)) for zone, ratio in ratios.items()}
    if sum(least.values()) > count:
        return {}
    hints = {endpoint.ip: endpoint.zone or "" for endpoint in ready}
    have = Counter(hints.values())
    while any(have[zone] < number for zone, number in least.items()):
        poorest = min(ratios, key=lambda zone: (have[zone] - ratios[zone] * count, zone))
        richest = max(ratios, key=lambda zone: (have[zone] - ratios[zone] * count, zone))
        given = next(ip for ip, zone in hints.items() if zone == richest)
        hints[given] = poorest
        have[richest] -= 1
        have[poorest] += 1
    return hints


def target_port(port: ServicePort, pod: Pod) -> int | None:
    """Return the number that ``targetPort`` has on one Pod; None where the Pod has no port of this name."""
    if isinstance(port.target_port, int):
        return port.target_port
    protocol = port.protocol or "TCP"
    matches = (p.port for p in pod.ports if p.name == port.target_port and p.protocol == protocol)
    return next(matches, None)


def resolved_ports(service: Service, pod: Pod) -> tuple[EndpointPort, ...]:
    """Return the ports of the Service that this Pod offers; a port whose name the Pod lacks is left out."""
    resolved = ((port, target_port(port, pod)) for port in service.ports)
    return tuple(
        EndpointPort(number, port.name, port.protocol or "TCP", port.app_protocol)
        for port, number in resolved
        if number
    )


def _selects(service: Service, pod: Pod) -> bool:
    return (
        pod.namespace == service.namespace
        and pod.phase not in ("Succeeded", "Failed")
        and bool(pod.ip)
        and service.selector.items() <= pod.labels.items()
    )


def _endpoint(service: Service, pod: Pod, home: Node | None, ip: str) -> Endpoint:
    return Endpoint(
        ip=ip,
        node=pod.node,
        zone=home.zone if home else None,
        ready=service.publish_not_ready_addresses or (pod.ready and not pod.terminating),
        serving=pod.ready,
        terminating=pod.terminating,
        pod=pod.name,
    )


def _with_hints(service: Service, endpoint: Endpoint) -> Endpoint:
    """Return an endpoint with the hints of ``trafficDistribution``, which only a ready one gets."""
    if service.traffic_distribution not in SAME_ZONE or not endpoint.ready:
        return endpoint
    same_node = service.traffic_distribution == "PreferSameNode"
    return replace(
        endpoint,
        zone_hints=(endpoint.zone,) if endpoint.zone else (),
        node_hints=(endpoint.node,) if same_node and endpoint.node else (),
    )
