"""Reading a real cluster: what ``kubectl get nodes,pods,services,endpointslices -A -o json`` prints.

Only the fields that the model uses are read, and as they are stored: a real cluster may hold what the API server of
today would refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from .addresses import PLAIN_IPV4, parse_ip
from .checks import shown
from .decode import checker, decode
from .documents import is_file
from .errors import ManifestError, cut, go_quote
from .manifest import plain
from .objects import EndpointSlice, Node, Pod
from .schemas import SCHEMAS
from .service import Service

__all__ = ["LeftOut", "read_dump"]

MAX_BYTES = 512 * 1024 * 1024
READERS: dict[tuple[str, str], Any] = {
    ("v1", "Service"): Service.from_dict,
    ("v1", "Pod"): Pod.from_dict,
    ("v1", "Node"): Node.from_dict,
    ("discovery.k8s.io/v1", "EndpointSlice"): EndpointSlice.from_dict,
}
CHECKS = {key: checker(SCHEMAS[key]) for key in READERS}
# What JSON text can hold and no request can carry: halves of characters, and numbers that are none.
ODD = re.compile(r"\\u[dD][89a-fA-F]|NaN|Infinity|[\ud800-\udfff]")


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


def read_dump(
    source: str | bytes | Path | Mapping[str, Any],
) -> Iterator[Node | Pod | Service | EndpointSlice | LeftOut]:
    """Read the objects of a dump; other kinds are passed over, and what holds a bad address is left out.

    Examples
    --------
    >>> next(read_dump({"items": [{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}}]})).name
    'n1'
    """
    text = None if isinstance(source, Mapping) else _text(source)
    data = source if isinstance(source, Mapping) else _parsed(text or "")
    as_it_is = text is not None and not ODD.search(text)
    entries = data.get("items", [data]) if isinstance(data, Mapping) else None
    if not isinstance(entries, list | tuple):
        raise ManifestError("a dump is a JSON object with a list of items, as kubectl get -o json prints it")
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise ManifestError(f"items[{number}] is not an object")
        kind = entry.get("kind")
        version = next((v for v, k in READERS if k == kind), "")
        if not isinstance(kind, str) or (version, kind) not in READERS:
            continue
        value = _checked(entry, version, kind, number, as_it_is)
        problem = next(_bad_addresses(kind, value), None)
        if problem is not None:
            yield LeftOut(kind, _name(entry), problem)
        else:
            yield READERS[version, kind](value)


def _checked(entry: Mapping[str, Any], version: str, kind: str, number: int, as_it_is: bool) -> Mapping[str, Any]:
    """Return an object whose known fields have their types; most are as they came, and need no decoder."""
    if as_it_is and CHECKS[version, kind](entry):
        return entry
    value = plain(entry, f"items[{number}]")  # one check of text for every door; one object at a time is copied
    decoded = decode(value, SCHEMAS[version, kind])
    if decoded.type_error:
        raise ManifestError(f"items[{number}], {kind} {_name(entry)}: {decoded.type_error}")
    return decoded.value


def _name(entry: Mapping[str, Any]) -> str:
    metadata = entry.get("metadata")
    parts = [metadata.get(key) for key in ("namespace", "name")] if isinstance(metadata, Mapping) else []
    return cut("/".join(str(part) for part in parts if part)) or "without a name"


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
    if text and not PLAIN_IPV4(text) and parse_ip(text) is None:
        yield f"{field}: {go_quote(cut(text))} is no IP address"


def _no_range(field: str, text: str | None) -> Iterator[str]:
    if not text:
        return
    try:
        ip_network(text, strict=False)
    except ValueError:
        yield f"{field}: {go_quote(cut(text))} is no range of addresses"


def _text(source: str | bytes | Path) -> str:
    """Return JSON text: that of a file, or what was given."""
    text: str | bytes
    if isinstance(source, bytes) or (isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith(("{", "["))):
        text = source.removeprefix("\ufeff") if isinstance(source, str) else source
        _check_size("the dump", len(text))
    elif not isinstance(source, str | Path):
        raise ManifestError(f"a dump is a path, JSON text or a mapping, not {shown(source)}")
    else:
        path = Path(source)
        if not is_file(path):
            raise FileNotFoundError(f"the path {str(path)[:200]!r} does not exist")
        _check_size(path.name, path.stat().st_size)
        text = path.read_bytes()
    try:
        if isinstance(text, bytes):
            # json.loads would let halves of characters through, which no UTF-8 text can hold.
            text = text.decode(_encoding(text))
    except UnicodeDecodeError as error:
        raise ManifestError(f"the dump is not JSON: byte {error.start} is no text in {error.encoding}") from None
    return text


def _parsed(text: str) -> Any:
    """Return what JSON text says."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"the dump is not JSON: {cut(str(error))}") from None


def _encoding(text: bytes) -> str:
    """Return the encoding of JSON text: by its byte order mark, else by its zero bytes; UTF-8 where there are none."""
    found = json.detect_encoding(text)
    return "utf-8-sig" if found == "utf-8" else found


def _check_size(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise ManifestError(f"{name} has {size:,} bytes; more than {MAX_BYTES:,} are not read")
