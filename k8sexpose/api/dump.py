"""Reading a real cluster: what ``kubectl get nodes,pods,services,endpointslices -A -o json`` prints.

Only the fields that the model uses are read, and as they are stored: a real cluster may hold what the API server of
today would refuse. What a dump lacks is kept apart from what it says: absent is not empty.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import Any

from .addresses import PLAIN_IPV4, ip_version, parse_ip
from .bundles import Found, Source, read_source
from .decode import checker, decode
from .endpoints import mirrored_slices
from .errors import ManifestError, cut, go_quote
from .formats import cidr
from .kinds import CLUSTER_WIDE, KEPT, KeptObject
from .manifest import plain
from .objects import EndpointSlice, Event, Node, Pod
from .schemas import KEPT_SCHEMAS, SCHEMAS
from .service import Service

__all__ = ["Dump", "LeftOut", "read_dump"]

READERS: dict[str, Any] = {
    "Service": Service.from_dict,
    "Pod": Pod.from_dict,
    "Node": Node.from_dict,
    "EndpointSlice": EndpointSlice.from_dict,
}
# What a report needs to judge the way into a cluster.
NEEDED = ("Node", "Pod", "Service", "EndpointSlice")
# Kinds of others that say which data plane and which controllers a cluster has; only their names are kept.
SHOWN = (*KEPT, "ConfigMap")
ADDRESS_LIKE = re.compile(r"[0-9a-fA-F]{1,4}[.:]|::")
PROXY_CONFIG = ("kube-system", "kube-proxy")

CHECKS = {kind: checker(schema) for (_, kind), schema in SCHEMAS.items() if kind in READERS}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object of a dump that cannot be used, and why.

    Parameters
    ----------
    kind, name : str
        Which object; the name with its namespace.
    problem : str
        The field, what stands there, and what is wrong with it.

    Examples
    --------
    >>> str(LeftOut("Node", "n1", 'status.addresses[0].address: "x" is no IP address'))
    'Node n1: status.addresses[0].address: "x" is no IP address'
    """

    kind: str
    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Dump:
    """What a dump says, and what it lacks.

    Parameters
    ----------
    objects : tuple of Node, Pod, Service or EndpointSlice
        In the order of the dump, the last one of a name.
    kept : tuple of KeptObject
        Namespaces, Ingresses, Gateways, HTTPRoutes, and the ConfigMap of kube-proxy.
    events : tuple of Event
        What controllers reported, the oldest first.
    absent : frozenset of str
        The kinds of Node, Pod, Service and EndpointSlice of which it says nothing.
    hidden : frozenset of (str, str)
        Pods, by namespace and name, whose address was taken out of the dump.
    left_out : tuple of LeftOut
        Objects that cannot be used, and why.

    Examples
    --------
    >>> sorted(read_dump({"kind": "ServiceList", "apiVersion": "v1", "items": []}).absent)
    ['EndpointSlice', 'Node', 'Pod']
    """

    objects: tuple[Node | Pod | Service | EndpointSlice, ...] = ()
    kept: tuple[KeptObject, ...] = ()
    events: tuple[Event, ...] = ()
    absent: frozenset[str] = frozenset()
    hidden: frozenset[tuple[str, str]] = frozenset()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    objects: dict[tuple[str, str, str], Node | Pod | Service | EndpointSlice] = field(default_factory=dict)
    kept: dict[tuple[str, str, str], KeptObject] = field(default_factory=dict)
    events: list[tuple[str, Event]] = field(default_factory=list)
    mirrored: list[EndpointSlice] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)


def read_dump(source: Source) -> Dump:
    """Read a dump in any of its forms (`k8sexpose.api.bundles`); kinds that are not used are passed over.

    Parameters
    ----------
    source : str, bytes, Path, mapping or sequence
        A path of a file, a folder or an archive, several paths, the text, or the parsed objects.

    Returns
    -------
    Dump
        What it says, and what it lacks.

    Raises
    ------
    ManifestError
        The dump cannot be read; the text names the object and the field.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> read_dump({"items": [{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}}]}).objects[0].name
    'n1'
    """
    reading, kinds = _Reading(), set()
    for found in read_source(source):
        kinds.add(found.kind)
        _take(reading, found)
    if isinstance(source, Mapping) and not kinds and "items" not in source:
        raise ManifestError("a dump is a JSON object with a list of items, as kubectl get -o json prints it")
    sliced = {(one.namespace, one.service) for one in reading.objects.values() if isinstance(one, EndpointSlice)}
    for part in reading.mirrored:
        if (part.namespace, part.service) not in sliced:
            reading.objects["EndpointSlice", part.namespace, part.name] = part
    return Dump(
        tuple(reading.objects.values()),
        tuple(reading.kept.values()),
        tuple(event for _, event in sorted(reading.events, key=lambda pair: pair[0])),
        frozenset(NEEDED) - reading.seen,
        frozenset(reading.hidden),
        tuple(reading.left_out),
    )


def _take(reading: _Reading, found: Found) -> None:
    """Read one object, if it is of a kind that is used."""
    kind, value = found.kind, found.value
    if value is None:
        reading.seen.add("EndpointSlice" if kind == "Endpoints" else kind)
    elif kind == "Event":
        reading.events.append(_event(value))
    elif kind in READERS:
        reading.seen.add(kind)
        _take_object(reading, found, value)
    elif kind in SHOWN:
        _take_kept(reading, found, value)


def _take_object(reading: _Reading, found: Found, value: Mapping[str, Any]) -> None:
    # One check of text for every door; one object at a time is copied.
    checked = _checked(value if found.sound else plain(value, found.where), found)
    cleaned, hidden = checked, False
    if not _all_plain(found.kind, checked):
        cleaned, hidden = _without_hidden(found.kind, checked)
        wrong = chain(_bad_ranges(found.kind, checked), _bad_addresses(found.kind, checked))
        problem = next(wrong, None)
        if problem is not None:
            reading.left_out.append(LeftOut(found.kind, _name(value), problem))
            return
    made = READERS[found.kind](cleaned)
    scope = "" if found.kind == "Node" else made.namespace
    reading.objects[found.kind, scope, made.name] = made
    if hidden and found.kind == "Pod":
        reading.hidden.add((made.namespace, made.name))


def _checked(value: Mapping[str, Any], found: Found) -> Mapping[str, Any]:
    """Return an object whose known fields have their types; most are as they came, and need no decoder."""
    if CHECKS[found.kind](value):
        return value
    version = next(version for version, kind in SCHEMAS if kind == found.kind)
    decoded = decode(value, SCHEMAS[version, found.kind])
    if decoded.type_error:
        raise ManifestError(f"{found.where}, {found.kind} {_name(value)}: {decoded.type_error}")
    return decoded.value


def _all_plain(kind: str, value: Mapping[str, Any]) -> bool:
    """Return True for a Pod or EndpointSlice that has IPv4 addresses in their one form only: none is wrong or hidden.

    These are the objects of which there are many.
    """
    if kind == "Pod":
        status = value.get("status") or {}
        listed = status.get("podIPs")
        ips = [status.get("podIP"), *(entry.get("ip") for entry in listed)] if listed else [status.get("podIP")]
    elif kind == "EndpointSlice" and value.get("addressType", "IPv4") == "IPv4":
        ips = [ip for entry in value.get("endpoints") or () for ip in entry.get("addresses") or ()]
    else:
        return False
    return all([ip.__class__ is str and PLAIN_IPV4(ip) for ip in ips])


def _bad_ranges(kind: str, value: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the ranges of an object, of which none can be left away."""
    ranges = (value.get("spec") or {}).get("loadBalancerSourceRanges") if kind == "Service" else None
    for number, text in enumerate(ranges or ()):
        try:
            ip_network(text.strip(), strict=False)
        except ValueError:
            shown = go_quote(cut(text))
            yield f"spec.loadBalancerSourceRanges[{number}]: {shown} is no range of addresses"


def _bad_addresses(kind: str, value: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the addresses of an object, field by field; an empty one is none."""
    spec, status = value.get("spec") or {}, value.get("status") or {}
    if kind == "Node":
        for number, entry in enumerate(status.get("addresses") or ()):
            if entry.get("type") in ("InternalIP", "ExternalIP"):
                yield from _no_ip(f"status.addresses[{number}].address", entry.get("address"))
        yield from _no_range("spec.podCIDR", spec.get("podCIDR"))
    elif kind == "Pod":
        yield from _no_ip("status.podIP", status.get("podIP"))
    elif kind == "Service":
        for field in ("clusterIPs", "externalIPs"):
            for number, ip in enumerate(spec.get(field) or ()):
                yield from _no_ip(f"spec.{field}[{number}]", "" if ip == "None" else ip)
        if spec.get("clusterIP") != "None":
            yield from _no_ip("spec.clusterIP", spec.get("clusterIP"))
        for number, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
            yield from _no_range(f"spec.loadBalancerSourceRanges[{number}]", text.strip())
        for number, entry in enumerate((status.get("loadBalancer") or {}).get("ingress") or ()):
            yield from _no_ip(f"status.loadBalancer.ingress[{number}].ip", entry.get("ip"))
    elif value.get("addressType", "IPv4") in ("IPv4", "IPv6"):
        for number, endpoint in enumerate(value.get("endpoints") or ()):
            for place, ip in enumerate(endpoint.get("addresses") or ()):
                yield from _no_ip(f"endpoints[{number}].addresses[{place}]", ip)


def _no_ip(field: str, text: str | None) -> Iterator[str]:
    """Yield what is wrong with an address that is meant as one; a word in its place was put there to hide it."""
    if text and not PLAIN_IPV4(text) and ADDRESS_LIKE.match(text) and parse_ip(text) is None:
        yield f"{field}: {go_quote(cut(text))} is no IP address"


def _no_range(field: str, text: str | None) -> Iterator[str]:
    if not text or not ADDRESS_LIKE.match(text):
        return
    try:
        ip_network(text, strict=False)
    except ValueError:
        yield f"{field}: {go_quote(cut(text))} is no range of addresses"


def _take_kept(reading: _Reading, found: Found, value: Mapping[str, Any]) -> None:
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    scope = "" if found.kind in CLUSTER_WIDE else str(metadata.get("namespace") or "default")
    name = str(metadata.get("name") or "")
    if found.kind == "ConfigMap" and (scope, name) != PROXY_CONFIG:
        return
    if found.kind == "Endpoints":
        reading.seen.add("EndpointSlice")
        decoded = decode(value, KEPT_SCHEMAS["v1", "Endpoints"])
        if decoded.type_error:
            raise ManifestError(f"{found.where}, Endpoints {_name(value)}: {decoded.type_error}")
        reading.mirrored += mirrored_slices(decoded.value)
        return
    labels = metadata.get("labels")
    clean = {str(key): str(text) for key, text in labels.items()} if isinstance(labels, Mapping) else {}
    reading.kept[found.kind, scope, name] = KeptObject(found.kind, scope, name, clean, value)


def _event(value: Mapping[str, Any]) -> tuple[str, Event]:
    """Return when an event was last seen, and the event; both forms of the API are read."""
    about = value.get("involvedObject") or value.get("regarding")
    about = about if isinstance(about, Mapping) else {}
    seen = value.get("lastTimestamp") or value.get("deprecatedLastTimestamp") or value.get("eventTime") or ""
    source = value.get("source") or value.get("deprecatedSource")
    source = source.get("component") if isinstance(source, Mapping) else None
    made = Event(
        0.0,
        str(value.get("type") or "Normal"),
        str(value.get("reason") or ""),
        str(value.get("message") or value.get("note") or ""),
        f"{str(about.get('kind') or '').lower()}/{about.get('name') or ''}",
        str(about.get("namespace") or "default"),
        str(source or value.get("reportingController") or value.get("reportingComponent") or ""),
    )
    return str(seen), made


# -- redacted -------------------------------------------------------------------------------------------------------


def _without_hidden(kind: str, value: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return an object without texts in the place of addresses, as tools put them that make bundles safe to share."""
    if kind == "Pod":
        status = value.get("status") or {}
        ips = [entry for entry in status.get("podIPs") or () if ip_version(entry.get("ip"))]
        given = status.get("podIP")
        hidden = bool(given) and not ip_version(given)
        kept = {**status, "podIPs": ips}
        if hidden:
            kept["podIP"] = None
        return {**value, "status": kept}, hidden
    if kind == "Node":
        status = value.get("status") or {}
        addresses = [
            entry
            for entry in status.get("addresses") or ()
            if entry.get("type") not in ("InternalIP", "ExternalIP") or ip_version(entry.get("address"))
        ]
        spec = value.get("spec") or {}
        ranges = [text for text in (spec.get("podCIDR"), *(spec.get("podCIDRs") or ())) if text and not cidr(text)]
        kept_ranges = {"podCIDR": next(iter(ranges), None), "podCIDRs": list(dict.fromkeys(ranges))}
        return {**value, "spec": {**spec, **kept_ranges}, "status": {**status, "addresses": addresses}}, False
    if kind == "EndpointSlice" and value.get("addressType") != "FQDN":
        endpoints = [
            {**entry, "addresses": [ip for ip in entry.get("addresses") or () if ip_version(ip)]}
            for entry in value.get("endpoints") or ()
        ]
        return {**value, "endpoints": endpoints}, False
    if kind == "Service":
        return {**value, **_visible_service(value)}, False
    return value, False


def _visible_service(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return spec and status of a Service without hidden addresses."""
    spec, status = dict(value.get("spec") or {}), value.get("status") or {}
    if spec.get("clusterIP") not in (None, "", "None") and not ip_version(spec["clusterIP"]):
        # kube-proxy passes a Service without one over: an address that no cluster has stands in its place.
        number = zlib.crc32(_name(value).encode()) % 2**24
        spec["clusterIP"] = str(ip_address("240.0.0.0") + number)
        spec["clusterIPs"] = [spec["clusterIP"]]
    for field_name in ("clusterIPs", "externalIPs"):
        if spec.get(field_name):
            spec[field_name] = [ip for ip in spec[field_name] if ip == "None" or ip_version(ip)]
    balancer = status.get("loadBalancer") or {}
    ingress = [
        {**entry, "ip": entry.get("ip") if ip_version(entry.get("ip")) else "", "hostname": entry.get("hostname") or ""}
        for entry in balancer.get("ingress") or ()
    ]
    shown = [entry if entry["ip"] or entry["hostname"] else {**entry, "hostname": HIDDEN_HOST} for entry in ingress]
    return {"spec": spec, "status": {**status, "loadBalancer": {**balancer, "ingress": shown}}}


HIDDEN_HOST = "hidden.invalid"


def _name(entry: Mapping[str, Any]) -> str:
    metadata = entry.get("metadata")
    parts = [metadata.get(key) for key in ("namespace", "name")] if isinstance(metadata, Mapping) else []
    return cut("/".join(str(part) for part in parts if part)) or "without a name"
