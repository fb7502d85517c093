"""What the API server requires of Nodes, Pods, Deployments and EndpointSlices.

As in `k8sexpose.api.validation`, each rule is a small function that yields `FieldError`s. The sentences are the
server's, with two exceptions that are named in KNOWN_DIFFERENCES.md. The rules look at what the model uses and at
nothing else: an image, a volume or a probe is not checked.

Sources: ``pkg/apis/core/validation/validation.go`` (ValidateObjectMeta, ValidateNode, validateNodeTaints,
validateContainerPorts, ValidatePodSpec), ``pkg/apis/apps/validation/validation.go`` (ValidateDeploymentSpec),
``pkg/apis/discovery/validation/validation.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import formats
from .addresses import family, parse_ip
from .errors import FieldError, Named, duplicate, forbidden, invalid, invalid_object, required, unsupported

__all__ = ["check_metadata", "object_errors"]

QUALIFIED = {"Deployment": "Deployment.apps", "EndpointSlice": "EndpointSlice.discovery.k8s.io"}
PROTOCOLS = ("SCTP", "TCP", "UDP")
ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
NODE_ADDRESSES = ("ExternalIP", "InternalIP")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
MOST_ENDPOINTS, MOST_ADDRESSES, MOST_PORTS = 1000, 100, 100
NOT_NEGATIVE = "must be greater than or equal to 0"

Errors = Iterator[FieldError]
Json = Mapping[str, Any]


def check_metadata(kind: str, name: str, namespace: str, labels: Mapping[str, str]) -> None:
    """Check the names and labels of an object that a verb makes; an `ApiError` (422) says what is wrong."""
    value = {"metadata": {"name": name, "namespace": namespace, "labels": labels}}
    errors = list(_metadata(value["metadata"], kind))
    if errors:
        raise invalid_object(QUALIFIED.get(kind, kind), name, errors)


def object_errors(kind: str, value: Json) -> list[FieldError]:
    """Return what is wrong with a decoded object, in the server's order.

    Examples
    --------
    >>> print(*object_errors("Node", {"metadata": {"name": "n1"}, "spec": {"podCIDR": "x"}}))
    spec.podCIDR: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)
    """
    rules = {"Node": _node, "Pod": _pod, "Deployment": _deployment, "EndpointSlice": _slice}
    return [*_metadata(value.get("metadata") or {}, kind), *rules[kind](value)]


def _metadata(metadata: Json, kind: str) -> Errors:
    """Check name, namespace, labels and the keys of annotations."""
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if prefix:
        masked = f"{prefix[:-2]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        yield from (invalid("metadata.generateName", prefix, text) for text in formats.dns_subdomain(masked))
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid("metadata.name", name, text) for text in formats.dns_subdomain(name))
    if kind != "Node":
        namespace = metadata.get("namespace") or "default"
        yield from (invalid("metadata.namespace", namespace, text) for text in formats.dns_label(namespace))
    yield from _labels(metadata.get("labels") or {}, "metadata.labels")
    for key in metadata.get("annotations") or {}:
        yield from (invalid("metadata.annotations", key, text) for text in formats.label_key(key.lower()))


def _labels(labels: Mapping[str, str], field: str) -> Errors:
    for key, value in labels.items():
        yield from (invalid(field, key, text) for text in formats.label_key(key))
        yield from (invalid(field, value, text) for text in formats.label_value(value))


# -- Node --------------------------------------------------------------------------------------------------------------


def _node(value: Json) -> Errors:
    spec, status = value.get("spec") or {}, value.get("status") or {}
    seen: set[tuple[str, str]] = set()
    for number, taint in enumerate(spec.get("taints") or ()):
        field = f"metadata.taints[{number}]"
        key, effect = taint.get("key") or "", taint.get("effect") or ""
        yield from (invalid(f"{field}.key", key, text) for text in formats.label_key(key))
        text_value = taint.get("value") or ""
        yield from (invalid(f"{field}.value", text_value, text) for text in formats.label_value(text_value))
        if not effect:
            yield required(f"{field}.effect")
        elif effect not in EFFECTS:
            yield unsupported(f"{field}.effect", Named(effect), EFFECTS)
        if (key, effect) in seen:
            yield duplicate(field, dict(taint))
        seen.add((key, effect))
    if spec.get("podCIDR"):
        yield from (invalid("spec.podCIDR", spec["podCIDR"], text) for text in formats.cidr(spec["podCIDR"]))
    places: set[tuple[str, str]] = set()
    for number, entry in enumerate(status.get("addresses") or ()):
        place = entry.get("type") or "", entry.get("address") or ""
        if place in places:
            yield duplicate(f"status.addresses[{number}]", dict(entry))
        places.add(place)
        if place[0] in NODE_ADDRESSES and place[1]:
            texts = formats.ip(place[1])
            yield from (invalid(f"status.addresses[{number}].address", place[1], text) for text in texts)


# -- Pod and Deployment ------------------------------------------------------------------------------------------------


def _pod(value: Json) -> Errors:
    status = value.get("status") or {}
    yield from _pod_spec(value.get("spec") or {}, "spec")
    if status.get("podIP"):
        yield from (invalid("status.podIP", status["podIP"], text) for text in formats.ip(status["podIP"]))


def _pod_spec(spec: Json, path: str) -> Errors:
    """Check containers and their ports, and the node's name."""
    names: set[str] = set()
    for part in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(part) or ()):
            field = f"{path}.{part}[{number}]"
            name = container.get("name") or ""
            if name:
                yield from (invalid(f"{field}.name", name, text) for text in formats.dns_label(name))
            else:
                yield required(f"{field}.name")
            if name in names:
                yield duplicate(f"{field}.name", name)
            names.add(name)
            yield from _container_ports(container.get("ports") or (), f"{field}.ports")
    node = spec.get("nodeName")
    if node:
        yield from (invalid(f"{path}.nodeName", node, text) for text in formats.dns_subdomain(node))


def _container_ports(ports: Sequence[Json], path: str) -> Errors:
    names: set[str] = set()
    for number, port in enumerate(ports):
        field = f"{path}[{number}]"
        name = port.get("name") or ""
        texts = formats.port_name(name) if name else []
        yield from (invalid(f"{field}.name", name, text) for text in texts)
        if name and not texts and name in names:
            yield duplicate(f"{field}.name", name)
        names.add(name)
        for key in ("containerPort", "hostPort"):
            given = port.get(key) or 0
            if given:
                yield from (invalid(f"{field}.{key}", given, text) for text in formats.port_number(given))
            elif key == "containerPort":
                yield required(f"{field}.{key}")
        protocol = port.get("protocol") or "TCP"
        if protocol not in PROTOCOLS:
            yield unsupported(f"{field}.protocol", Named(protocol), PROTOCOLS)


def _deployment(value: Json) -> Errors:
    spec = value.get("spec") or {}
    replicas = spec.get("replicas")
    if replicas is not None and replicas < 0:
        yield invalid("spec.replicas", replicas, NOT_NEGATIVE)
    yield from _strategy(spec.get("strategy") or {})
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    else:
        wanted = selector.get("matchLabels") or {}
        yield from _labels(wanted, "spec.selector.matchLabels")
        if not wanted and not selector.get("matchExpressions"):
            yield invalid("spec.selector", selector, "empty selector is invalid for deployment")
    matched = selector is not None and (selector.get("matchLabels") or {}).items() <= labels.items()
    if not matched:
        yield invalid("spec.template.metadata.labels", dict(labels), "`selector` does not match template `labels`")
    yield from _labels(labels, "spec.template.labels")
    yield from _pod_spec(template.get("spec") or {}, "spec.template.spec")


def _strategy(strategy: Json) -> Errors:
    """Yield what is wrong with how a Deployment replaces its Pods (``ValidateDeploymentStrategy``)."""
    kind, rolling = strategy.get("type") or "RollingUpdate", strategy.get("rollingUpdate")
    path = "spec.strategy.rollingUpdate"
    if kind == "Recreate":
        if rolling is not None:
            yield forbidden(path, "may not be specified when strategy `type` is 'Recreate'")
        return
    if kind != "RollingUpdate":
        yield unsupported("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))
        return
    given = {key: (rolling or {}).get(key, "25%") for key in ("maxUnavailable", "maxSurge")}
    for key, value in given.items():
        if isinstance(value, str) and not re.fullmatch(r"[0-9]+%", value):
            text = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
            yield invalid(f"{path}.{key}", value, text + "regex used for validation is '[0-9]+%')")
        elif isinstance(value, int) and value < 0:
            yield invalid(f"{path}.{key}", value, NOT_NEGATIVE)
    if all(value in (0, "0%") for value in given.values()):
        yield invalid(f"{path}.maxUnavailable", given["maxUnavailable"], "may not be 0 when `maxSurge` is 0")


# -- EndpointSlice -----------------------------------------------------------------------------------------------------


def _slice(value: Json) -> Errors:
    kind = value.get("addressType") or ""
    if not kind:
        yield required("addressType")
    elif kind not in ADDRESS_TYPES:
        yield unsupported("addressType", Named(kind), ADDRESS_TYPES)
    endpoints = value.get("endpoints") or ()
    if len(endpoints) > MOST_ENDPOINTS:
        yield _too_many("endpoints", len(endpoints), MOST_ENDPOINTS)
    else:
        for number, endpoint in enumerate(endpoints):
            yield from _endpoint(endpoint, kind, f"endpoints[{number}]")
    ports = value.get("ports") or ()
    if len(ports) > MOST_PORTS:
        yield _too_many("ports", len(ports), MOST_PORTS)
    else:
        yield from _endpoint_ports(ports)


def _endpoint(endpoint: Json, kind: str, path: str) -> Errors:
    addresses = endpoint.get("addresses") or ()
    if not addresses:
        yield required(f"{path}.addresses", "must contain at least 1 address")
    elif len(addresses) > MOST_ADDRESSES:
        yield _too_many(f"{path}.addresses", len(addresses), MOST_ADDRESSES)
    for number, ip in enumerate(addresses[:MOST_ADDRESSES]):
        field = f"{path}.addresses[{number}]"
        if kind == "FQDN":
            yield from (invalid(field, ip, text) for text in formats.dns_subdomain(ip))
        elif kind in ("IPv4", "IPv6"):
            if parse_ip(ip) is None or family(ip) != kind:
                yield invalid(field, ip, f"must be a valid {kind} address")
            else:
                yield from (invalid(field, ip, text) for text in [*formats.ip(ip), *formats.special_ip(ip)])
    node = endpoint.get("nodeName")
    if node:
        yield from (invalid(f"{path}.nodeName", node, text) for text in formats.dns_subdomain(node))


def _endpoint_ports(ports: Sequence[Json]) -> Errors:
    names: set[str] = set()
    for number, port in enumerate(ports):
        field = f"ports[{number}]"
        name = port.get("name") or ""
        if name:
            yield from (invalid(f"{field}.name", name, text) for text in formats.dns_label(name))
        if name in names:
            yield duplicate(f"{field}.name", name)
        names.add(name)
        if port.get("port") is not None:
            yield from (invalid(f"{field}.port", port["port"], text) for text in formats.port_number(port["port"]))
        protocol = port.get("protocol") or "TCP"
        if protocol not in PROTOCOLS:
            yield unsupported(f"{field}.protocol", Named(protocol), PROTOCOLS)


def _too_many(field: str, found: int, most: int) -> FieldError:
    """Say that a list is longer than the server takes (field.TooMany)."""
    return FieldError(field, "FieldValueTooMany", f"Too many: {found}: must have at most {most} items")
