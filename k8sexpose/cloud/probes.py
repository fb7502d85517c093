"""What a load balancer asks its targets, and what of that annotations change on Azure.

Sources (kubernetes-sigs/cloud-provider-azure 7b31c76, 2026-08-19): ``pkg/provider/azure_loadbalancer_healthprobe.go``
(buildHealthProbeRulesForPort: protocol, path, port, interval, number of probes), ``pkg/provider/azure_loadbalancer.go``
(getExpectedLBRules: which ports have a probe, and what Local asks), ``pkg/consts/{consts,helpers}.go`` (the keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..api.service import Service, ServicePort

__all__ = ["HealthCheck", "azure_probe", "azure_problem"]

KUBE_PROXY, NODE_PORT, NOBODY_ASKED, SPEAKER = "kube_proxy", "node_port", "none", "speaker"
PREFIX = "service.beta.kubernetes.io/"
GLOBAL = f"{PREFIX}azure-load-balancer-health-probe-"
KUBE_PROXY_PORT = 10256
SHORTEST_S, FEWEST, LONGEST_S = 5, 2, 120


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a load balancer asks its targets, and how often.

    Parameters
    ----------
    protocol : str
        HTTP, HTTPS, TCP; ``memberlist`` or ``BGP`` where nodes watch each other.
    port : str
        ``kube_proxy`` (10256), ``health_check_node_port``, ``node_port``, ``pod``, ``speaker``, or ``none`` where
        nobody is asked and every target counts as healthy.
    path : str
        Of an HTTP check.
    interval_s : float
        Seconds from one check to the next.
    unhealthy, healthy : int
        How many answers in a row change the state.
    number : int
        The port that is asked, where an annotation names it; 0 for the first node port of the Service.
    """

    protocol: str
    port: str
    path: str
    interval_s: float
    unhealthy: int
    healthy: int
    number: int = 0

    @property
    def seconds_to_unhealthy(self) -> float:
        """Interval × threshold: the longest time for which a dead target keeps its place."""
        return self.interval_s * self.unhealthy


class ProbeError(ValueError):
    """An annotation has a value that the controller refuses; the text is the controller's."""


def azure_probe(service: Service, default: HealthCheck) -> HealthCheck:
    """Return the probe of a Service on Azure: that of its first port. `default` is the one without annotations.

    Examples
    --------
    >>> http = ServicePort(80, node_port=30080, app_protocol="http")
    >>> default = HealthCheck("TCP", "node_port", "", 5, 2, 2)
    >>> probe = azure_probe(Service("web", type="LoadBalancer", ports=(http,)), default)
    >>> probe.protocol, probe.path
    ('HTTP', '/')
    """
    notes = service.annotations
    port = next((port for port in service.ports), None)
    if port is None:
        return default
    if (_of_port(notes, port.port, "no_probe_rule") or "").lower() == "true":
        return replace(default, port=NOBODY_ASKED, path="")
    asked = _asked_port(service, port)
    local = service.needs_health_check_node_port
    if port.protocol not in ("", "TCP"):
        return default if local else replace(default, port=NOBODY_ASKED, path="")
    timing_port = service.health_check_node_port if local and asked is None else port.port
    timed = _timed(notes, timing_port or port.port, default)
    if local and asked is None:
        return timed  # what kube-proxy says of the node's Pods goes before all annotations on the protocol
    number = asked if asked is not None else port.node_port
    protocol = _protocol(notes, port)
    path = _path(notes, port) if protocol != "TCP" else ""
    kube_proxy = number == KUBE_PROXY_PORT
    return replace(timed, protocol=protocol, port=KUBE_PROXY if kube_proxy else NODE_PORT, path=path, number=number)


def azure_problem(service: Service, default: HealthCheck) -> str | None:
    """Return what the controller answers to annotations on probes that it cannot read; None if it can."""
    try:
        azure_probe(service, default)
    except ProbeError as refusal:
        return str(refusal)
    return None


def _of_port(notes: Mapping[str, str], port: int, key: str) -> str | None:
    """Return the annotation of one port; an empty one is there."""
    return notes.get(f"{PREFIX}port_{port}_{key}")


def _protocol(notes: Mapping[str, str], port: ServicePort) -> str:
    """Return the protocol: by the annotation of the port, then appProtocol, then the annotation for all, else TCP."""
    named = _of_port(notes, port.port, "health-probe_protocol")
    if named is None:
        named = port.app_protocol
    if named is None:
        named = notes.get(f"{GLOBAL}protocol")
    text = (named or "").strip().upper()
    return text if text in ("HTTP", "HTTPS") else "TCP"


def _path(notes: Mapping[str, str], port: ServicePort) -> str:
    """Return the path: by the annotation of the port, then the one for all, else ``/``."""
    own = _of_port(notes, port.port, "health-probe_request-path")
    return own if own is not None else notes.get(f"{GLOBAL}request-path", "/")


def _asked_port(service: Service, port: ServicePort) -> int | None:
    """Return the number of the port that the annotation names: a port of the Service by name or number, or any."""
    text = _of_port(service.annotations, port.port, "health-probe_port")
    if text is None:
        return None
    key = f"{PREFIX}port_{port.port}_health-probe_port"
    named = next((one for one in service.ports if one.name.lower() == text.lower()), None)
    if named is not None:
        return named.node_port
    if not text.strip().lstrip("-").isdigit():
        raise ProbeError(f"failed to parse annotation {key}: port {text} not found in service")
    number = int(text)
    if not 0 <= number <= 65535:
        raise ProbeError(f"failed to parse annotation {key}: port {number} is out of range")
    return next((one.node_port for one in service.ports if one.port == number), number)


def _timed(notes: Mapping[str, str], port: int, default: HealthCheck) -> HealthCheck:
    """Return the check with the interval and the number of probes that annotations give."""
    interval = _number(notes, port, "interval", SHORTEST_S) or int(default.interval_s)
    count = _number(notes, port, "num-of-probe", FEWEST) or default.unhealthy
    if interval * count >= LONGEST_S and {interval, count} != {int(default.interval_s), default.unhealthy}:
        raise ProbeError(
            f"failed to parse health probe config for port {port}: total probe should be less than 120, please "
            "adjust interval and number of probe accordingly"
        )
    if interval == int(default.interval_s) and count == default.unhealthy:
        return default
    return replace(default, interval_s=interval, unhealthy=count, healthy=count)


def _number(notes: Mapping[str, str], port: int, name: str, least: int) -> int | None:
    """Return the number that the annotation of a port gives, or the one for all; None for neither."""
    own = _of_port(notes, port, f"health-probe_{name}")
    key = f"{PREFIX}port_{port}_health-probe_{name}" if own is not None else f"{GLOBAL}{name}"
    text = own if own is not None else notes.get(key)
    if text is None:
        return None
    if not text.strip().lstrip("+-").isdigit():
        raise ProbeError(
            f"failed to parse health probe config for port {port}: failed to parse annotation {key}: error value: "
            f'strconv.ParseInt: parsing "{text.strip()}": invalid syntax: {text.strip()} value must be a whole number'
        )
    if int(text) < least:
        raise ProbeError(
            f"failed to parse health probe config for port {port}: failed to parse annotation {key}: error parsing "
            f"value: the minimum value of {name} is {least}"
        )
    return int(text)
