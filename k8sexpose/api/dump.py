"""Reading a real cluster: what ``kubectl get nodes,pods,services,endpointslices -A -o json`` prints.

Only the fields that the model uses are read, and as they are stored: a real cluster may hold what the API server of
today would refuse. What a dump lacks is kept apart from what it says: absent is not empty.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from .addresses import PLAIN_IPV4, ip_version, parse_ip
from .bundles import CUT_OFF, MESSAGE, Found, Source, read_source
from .decode import checker, decode
from .endpoints import mirrored_slices
from .errors import ManifestError, cut, go_quote
from .kinds import CLUSTER_WIDE, KEPT, KeptObject
from .manifest import plain
from .objects import EndpointSlice, Event, Node, Pod
from .schemas import KEPT_SCHEMAS, SCHEMAS, Struct
from .service import Service
from .wrong_types import wrong_type

__all__ = ["HIDDEN_IPS", "Dump", "LeftOut", "MaskedFields", "read_dump"]

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
# What is meant as an address begins like one, has digits alone, or digits, points and no word.
ADDRESS_LIKE = re.compile(r"\s*[0-9a-fA-F]{1,4}[.:]|::")
DIGITS, DIGIT, SEPARATOR = re.compile(r"\d+"), re.compile(r"\d"), re.compile(r"[.:,]")
WORD_LIKE = re.compile(r"[*#<>{}_\[\]]|[A-Za-z]{3}")
POD_IP, SOURCE_RANGES = "status.podIP", "spec.loadBalancerSourceRanges"
MOST_MASKED = 3  # named in a report
PROXY_CONFIG = ("kube-system", "kube-proxy")

# The API groups whose kinds of these names are meant; an object without a group counts as one of them.
GROUPS = {
    "Service": (), "Pod": (), "Node": (), "Endpoints": (), "Namespace": (), "ConfigMap": (),
    "EndpointSlice": ("discovery.k8s.io",), "Event": ("events.k8s.io",),
    "Ingress": ("networking.k8s.io", "extensions"), "Gateway": ("gateway.networking.k8s.io",),
    "HTTPRoute": ("gateway.networking.k8s.io",),
}  # fmt: skip
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
    labels : mapping of str to str
        Its labels, which tell the Services that it belongs to.

    Examples
    --------
    >>> str(LeftOut("Node", "n1", 'status.addresses[0].address: "x" is no IP address'))
    'Node n1: status.addresses[0].address: "x" is no IP address'
    """

    kind: str
    name: str
    problem: str
    labels: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.problem}"


@dataclass(frozen=True, slots=True)
class MaskedFields:
    """Fields of addresses in which a word stands, as tools write them that make dumps safe to share.

    Parameters
    ----------
    count : int
        How many fields.
    objects : mapping of str to int
        How many objects of each kind hold one.
    first : tuple of LeftOut
        The first few, each with its object, the field and what stands there.

    Examples
    --------
    >>> MaskedFields(1, {"Pod": 1}, (LeftOut("Pod", "web", 'status.podIP: "HIDDEN"'),)).count
    1
    """

    count: int = 0
    objects: Mapping[str, int] = field(default_factory=dict)
    first: tuple[LeftOut, ...] = ()


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
    masked : MaskedFields
        Fields in which a word stands in the place of an address.
    cut_off : tuple of str
        Files among several that end early, and are not read.
    messages : tuple of str
        Errors of kubectl that are in the file beside the objects.

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
    masked: MaskedFields = field(default_factory=MaskedFields)
    cut_off: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


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
    masked: int = 0
    masked_objects: dict[str, int] = field(default_factory=dict)
    first_masked: list[LeftOut] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def leave_out(self, kind: str, value: Mapping[str, Any], problem: str) -> None:
        """Note an object that cannot be used, and why."""
        self.left_out.append(LeftOut(kind, _name(value), problem, _labels(value)))

    def mask(self, kind: str, name: str, words: list[tuple[str, str]]) -> None:
        """Count the fields of one object that hold no address, and keep the first few."""
        self.masked += len(words)
        self.masked_objects[kind] = self.masked_objects.get(kind, 0) + 1
        for place, text in words[: MOST_MASKED - len(self.first_masked)]:
            self.first_masked.append(LeftOut(kind, name, f"{place}: {go_quote(cut(text))}"))


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
    _add_mirrored(reading)
    return Dump(
        tuple(reading.objects.values()),
        tuple(reading.kept.values()),
        tuple(event for _, event in sorted(reading.events, key=lambda pair: pair[0])),
        frozenset(NEEDED) - reading.seen,
        frozenset(reading.hidden),
        tuple(reading.left_out),
        MaskedFields(reading.masked, reading.masked_objects, tuple(reading.first_masked)),
        tuple(reading.cut_off),
        tuple(reading.messages),
    )


def _add_mirrored(reading: _Reading) -> None:
    """Add the EndpointSlices that are made of Endpoints, for the Services that have none of their own."""
    if not reading.mirrored:
        return
    sliced = {(one.namespace, one.service) for one in reading.objects.values() if isinstance(one, EndpointSlice)}
    for part in reading.mirrored:
        if (part.namespace, part.service) not in sliced:
            reading.objects["EndpointSlice", part.namespace, part.name] = part


def _take(reading: _Reading, found: Found) -> None:
    """Read one object, if it is of a kind that is used."""
    kind, value = found.kind, found.value
    if kind in (CUT_OFF, MESSAGE):
        (reading.cut_off if kind == CUT_OFF else reading.messages).append(found.where)
        return
    group = found.version.rpartition("/")[0]
    if group and group not in GROUPS.get(kind, (group,)):
        return  # another's kind of the same name: an Ingress of config.openshift.io, a Service of Knative
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
    # One check of text for every way in which a dump is given; one object at a time is copied.
    checked = _checked(reading, value if found.sound else plain(value, found.where), found)
    if checked is None:
        return
    words = () if _all_plain(found.kind, checked) else _odd_addresses(reading, found.kind, checked)
    if words is None:
        return
    made = READERS[found.kind](_without_hidden(found.kind, checked) if words else checked)
    scope = "" if found.kind == "Node" else made.namespace
    reading.objects[found.kind, scope, made.name] = made
    if words and any(place == POD_IP and parse_ip(text) is None for place, text in words):
        reading.hidden.add((made.namespace, made.name))


def _odd_addresses(reading: _Reading, kind: str, value: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return the fields that hold a word or an odd spelling; None if one is no address, which costs the object."""
    found: list[tuple[str, str]] = []
    for place, text, is_range in _addresses(kind, value):
        if not text or (_is_range(text) if is_range else ip_version(text) is not None):
            continue
        spelt = not is_range and parse_ip(text) is not None  # with leading zeros
        # Of source ranges none can be left away: the others would not be all.
        if not spelt and (_mistyped(text) or place.startswith(SOURCE_RANGES)):
            what = "is no range of addresses" if is_range else "is no IP address"
            reading.leave_out(kind, value, f"{place}: {go_quote(cut(text))} {what}")
            return None
        found.append((place, text))
    masked = [(place, text) for place, text in found if parse_ip(text) is None]
    if masked:
        reading.mask(kind, _name(value), masked)
    return found


def _checked(reading: _Reading, value: Mapping[str, Any], found: Found) -> Mapping[str, Any] | None:
    """Return an object whose known fields have their types; most are as they came, and need no decoder.

    None where a field has another type: that costs the object, and no other one.
    """
    if CHECKS[found.kind](value):
        return value
    version = next(version for version, kind in SCHEMAS if kind == found.kind)
    return _decoded(reading, value, found.kind, SCHEMAS[version, found.kind])


def _decoded(reading: _Reading, value: Mapping[str, Any], kind: str, schema: Struct) -> Mapping[str, Any] | None:
    decoded = decode(value, schema)
    if decoded.type_error is None:
        return decoded.value
    reading.leave_out(kind, value, wrong_type(value, schema) or decoded.type_error)
    return None


def _all_plain(kind: str, value: Mapping[str, Any]) -> bool:
    """Return True for a Pod or EndpointSlice that has IPv4 addresses in their one form only: none is wrong or hidden.

    These are the objects of which there are many.
    """
    if kind == "Pod":
        status = value.get("status") or {}
        ips = [status.get("podIP")]
        for entry in status.get("podIPs") or ():
            ips.append(entry.get("ip"))
    elif kind == "EndpointSlice" and value.get("addressType", "IPv4") == "IPv4":
        ips = []
        for entry in value.get("endpoints") or ():
            ips += entry.get("addresses") or ()
    else:
        return False
    return all([ip.__class__ is str and PLAIN_IPV4(ip) for ip in ips])


def _addresses(kind: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield the fields of an object that hold an address or (True) a range: the field, and what stands there."""
    spec, status = value.get("spec") or {}, value.get("status") or {}
    if kind == "Pod":
        yield POD_IP, status.get("podIP") or "", False
        for number, entry in enumerate(status.get("podIPs") or ()):
            yield f"status.podIPs[{number}].ip", entry.get("ip") or "", False
    elif kind == "Node":
        for number, entry in enumerate(status.get("addresses") or ()):
            if entry.get("type") in ("InternalIP", "ExternalIP"):
                yield f"status.addresses[{number}].address", entry.get("address") or "", False
        yield "spec.podCIDR", spec.get("podCIDR") or "", True
        for number, text in enumerate(spec.get("podCIDRs") or ()):
            yield f"spec.podCIDRs[{number}]", text or "", True
    elif kind == "Service":
        yield from _addresses_of_service(spec, status)
    elif kind == "Endpoints":
        for number, subset in enumerate(value.get("subsets") or ()):
            for key in ("addresses", "notReadyAddresses"):
                for place, entry in enumerate(subset.get(key) or ()):
                    yield f"subsets[{number}].{key}[{place}].ip", entry.get("ip") or "", False
    elif value.get("addressType", "IPv4") in ("IPv4", "IPv6"):
        for number, endpoint in enumerate(value.get("endpoints") or ()):
            for place, ip in enumerate(endpoint.get("addresses") or ()):
                yield f"endpoints[{number}].addresses[{place}]", ip or "", False


def _addresses_of_service(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    yield "spec.clusterIP", _unless_none(spec.get("clusterIP")), False
    for key in ("clusterIPs", "externalIPs"):
        for number, ip in enumerate(spec.get(key) or ()):
            yield f"spec.{key}[{number}]", _unless_none(ip), False
    for number, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield f"{SOURCE_RANGES}[{number}]", text.strip(), True
    for number, entry in enumerate((status.get("loadBalancer") or {}).get("ingress") or ()):
        yield f"status.loadBalancer.ingress[{number}].ip", entry.get("ip") or "", False


def _unless_none(ip: str | None) -> str:
    return "" if ip is None or ip == "None" else ip


def _mistyped(text: str) -> bool:
    """Return True if a text is meant as an address; a word in its place was put there to hide it."""
    if ADDRESS_LIKE.match(text) or DIGITS.fullmatch(text):
        return True
    return bool(DIGIT.search(text) and SEPARATOR.search(text)) and not WORD_LIKE.search(text)


@lru_cache(maxsize=1 << 12)
def _is_range(text: str) -> bool:
    """Return True if a text is a range of addresses; bits behind the mask do not count, as in Go."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return bool(text)


def _take_kept(reading: _Reading, found: Found, value: Mapping[str, Any]) -> None:
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    scope = "" if found.kind in CLUSTER_WIDE else str(metadata.get("namespace") or "default")
    name = str(metadata.get("name") or "")
    if found.kind == "ConfigMap" and (scope, name) != PROXY_CONFIG:
        return
    if found.kind == "Endpoints":
        reading.seen.add("EndpointSlice")
        decoded = _decoded(reading, value, "Endpoints", KEPT_SCHEMAS["v1", "Endpoints"])
        if decoded is not None and _odd_addresses(reading, "Endpoints", decoded) is not None:
            reading.mirrored += mirrored_slices(decoded)
        return
    reading.kept[found.kind, scope, name] = KeptObject(found.kind, scope, name, _labels(value), value)


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


def _without_hidden(kind: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object without texts in the place of addresses, as tools put them that make bundles safe to share."""
    if kind == "Pod":
        status = value.get("status") or {}
        ips = [{**entry, "ip": ip} for entry in status.get("podIPs") or () if (ip := _shown(entry.get("ip")))]
        return {**value, "status": {**status, "podIPs": ips, "podIP": _shown(status.get("podIP"))}}
    if kind == "Node":
        status = value.get("status") or {}
        addresses = [
            {**entry, "address": ip} if entry.get("type") in ("InternalIP", "ExternalIP") else entry
            for entry in status.get("addresses") or ()
            if (ip := _shown(entry.get("address"))) or entry.get("type") not in ("InternalIP", "ExternalIP")
        ]
        spec = value.get("spec") or {}
        ranges = [text for text in (spec.get("podCIDR"), *(spec.get("podCIDRs") or ())) if text and _is_range(text)]
        kept_ranges = {"podCIDR": next(iter(ranges), None), "podCIDRs": list(dict.fromkeys(ranges))}
        return {**value, "spec": {**spec, **kept_ranges}, "status": {**status, "addresses": addresses}}
    if kind == "EndpointSlice":
        endpoints = [
            {**entry, "addresses": [shown for ip in entry.get("addresses") or () if (shown := _shown(ip))]}
            for entry in value.get("endpoints") or ()
        ]
        return {**value, "endpoints": endpoints}
    return {**value, **_visible_service(value)}


def _shown(text: str | None) -> str | None:
    """Return an address in its one form, also where it was stored with leading zeros; None for a word."""
    parsed = parse_ip(text) if text else None
    return str(parsed) if parsed is not None else None


def _visible_service(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return spec and status of a Service without hidden addresses."""
    spec, status = dict(value.get("spec") or {}), value.get("status") or {}
    if spec.get("clusterIP") not in (None, "", "None") and not _shown(spec["clusterIP"]):
        # kube-proxy passes a Service without one over: an address that no cluster has stands in its place.
        number = zlib.crc32(_name(value).encode()) % 2**24
        spec["clusterIP"] = str(HIDDEN_IPS[number])
        spec["clusterIPs"] = [spec["clusterIP"]]
    for field_name in ("clusterIPs", "externalIPs"):
        if spec.get(field_name):
            spec[field_name] = [
                ip if ip == "None" else _shown(ip) for ip in spec[field_name] if ip == "None" or _shown(ip)
            ]
    balancer = status.get("loadBalancer") or {}
    ingress = [
        {**entry, "ip": _shown(entry.get("ip")) or "", "hostname": entry.get("hostname") or ""}
        for entry in balancer.get("ingress") or ()
    ]
    shown = [entry if entry["ip"] or entry["hostname"] else {**entry, "hostname": HIDDEN_HOST} for entry in ingress]
    return {"spec": spec, "status": {**status, "loadBalancer": {**balancer, "ingress": shown}}}


HIDDEN_HOST = "hidden.invalid"
HIDDEN_IPS = ip_network("240.0.0.0/8")  # reserved (RFC 1112): no cluster has them


def _labels(entry: Mapping[str, Any]) -> dict[str, str]:
    metadata = entry.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return {str(key): str(text) for key, text in labels.items()} if isinstance(labels, Mapping) else {}


def _name(entry: Mapping[str, Any]) -> str:
    metadata = entry.get("metadata")
    parts = [metadata.get(key) for key in ("namespace", "name")] if isinstance(metadata, Mapping) else []
    return cut("/".join(str(part) for part in parts if part)) or "without a name"
