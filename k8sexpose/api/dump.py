"""Reading a real cluster: what ``kubectl get nodes,pods,services,endpointslices -A -o json`` prints.

Only the fields that the model uses are read, and as they are stored: a real cluster may hold what the API server of
today would refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .addresses import ip_version
from .decode import checker, decode
from .documents import is_file
from .errors import ManifestError, go_quote
from .manifest import plain
from .objects import EndpointSlice, Node, Pod
from .schemas import SCHEMAS
from .service import Service

__all__ = ["read_dump"]

MAX_BYTES = 512 * 1024 * 1024
READERS: dict[tuple[str, str], Any] = {
    ("v1", "Service"): Service.from_dict,
    ("v1", "Pod"): Pod.from_dict,
    ("v1", "Node"): Node.from_dict,
    ("discovery.k8s.io/v1", "EndpointSlice"): EndpointSlice.from_dict,
}
CHECKS = {key: checker(SCHEMAS[key]) for key in READERS}


def read_dump(source: str | Path | Mapping[str, Any]) -> Iterator[Node | Pod | Service | EndpointSlice]:
    """Read the objects of a dump; other kinds are passed over.

    Examples
    --------
    >>> next(read_dump({"items": [{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}}]})).name
    'n1'
    """
    data = plain(source) if isinstance(source, Mapping) else _load(source)
    entries = data.get("items", [data]) if isinstance(data, Mapping) else None
    if not isinstance(entries, list):
        raise ManifestError("a dump is a JSON object with a list of items, as kubectl get -o json prints it")
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise ManifestError(f"items[{number}] is not an object")
        kind = str(entry.get("kind"))
        version = next((v for v, k in READERS if k == kind), "")
        if (version, kind) not in READERS:
            continue
        value = _checked(entry, version, kind, number)
        ip = (value.get("status") or {}).get("podIP") if kind == "Pod" else None
        if ip and not ip_version(ip):
            raise ManifestError(f"items[{number}], Pod {_name(entry)}: status.podIP: {go_quote(ip)} is no IP address")
        yield READERS[version, kind](value)


def _checked(entry: Mapping[str, Any], version: str, kind: str, number: int) -> Mapping[str, Any]:
    """Return an object whose known fields have their types; most are as they came, and need no decoder."""
    if CHECKS[version, kind](entry):
        return entry
    decoded = decode(entry, SCHEMAS[version, kind])
    if decoded.type_error:
        raise ManifestError(f"items[{number}], {kind} {_name(entry)}: {decoded.type_error}")
    return decoded.value


def _name(entry: Mapping[str, Any]) -> str:
    metadata = entry.get("metadata")
    parts = [metadata.get(key) for key in ("namespace", "name")] if isinstance(metadata, Mapping) else []
    return "/".join(str(part) for part in parts if part) or "without a name"


def _load(source: str | Path) -> Any:
    text: str | bytes
    if isinstance(source, str) and source.lstrip().startswith(("{", "[")):
        text = source
    else:
        path = Path(source)
        if not is_file(path):
            raise FileNotFoundError(f"the path {str(path)[:200]!r} does not exist")
        if path.stat().st_size > MAX_BYTES:
            raise ManifestError(f"{path.name} has {path.stat().st_size:,} bytes; more than {MAX_BYTES:,} are not read")
        text = path.read_bytes()
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"the dump is not JSON: {error}") from None
