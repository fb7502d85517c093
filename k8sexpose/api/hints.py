"""Help beyond the API's words: what people usually did when they meet an error.

A hint never replaces the server's message; it stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import ApiError, ManifestError
from .manifest import lines_with_tabs, parse
from .schemas import SERVICE, Many, Schema, Struct

__all__ = ["hint_for", "hinted"]

LONGEST = 65_536  # characters: what people write is shorter, and longer texts would be read twice


def hint_for(error: ApiError | ManifestError, text: str = "", value: Any = None) -> str | None:
    """Return what to look at, if it is one of the mistakes that people really make; else None.

    Examples
    --------
    >>> hint_for(ApiError(422, "Invalid", 'spec.type: Unsupported value: "Nodeport": supported values: "NodePort"'))
    'Values are case-sensitive: write NodePort.'
    """
    return next(_hints(error.message, text, value if isinstance(value, Mapping) else {}), None)


def _hints(message: str, text: str, value: Mapping[str, Any]) -> Iterator[str]:
    lost = sorted(_misplaced(value))
    if lost:
        yield (
            f"The indentation was lost, as it happens when text is copied from a web page: {', '.join(lost)} stand"
            f"{'s' if len(lost) == 1 else ''} at the top level. Indent what belongs under metadata and spec."
        )
    if tabs := list(lines_with_tabs(text)):
        yield f"Line {tabs[0]} is indented with a tab; YAML wants spaces."
    for field in re.findall(r'unknown field "([^"]+)"', message):
        yield from _unknown_field(field)
    for wrong, supported in re.findall(r'Unsupported value: "([^"]*)": supported values: (.*)', message):
        matches = [word for word in re.findall(r'"([^"]+)"', supported) if word.casefold() == wrong.strip().casefold()]
        if matches:
            yield f"Values are case-sensitive: write {matches[0]}."
    if match := re.search(r"cannot unmarshal string into Go struct field \S+?\.(\w+) of type int32", message):
        yield f"{match[1]} is a number: write it without quotes, and not as a name."
    if match := re.search(r"cannot unmarshal (?:number|bool) into Go struct field (\S+) of type string", message):
        where = match[1].rpartition(".")[2]
        yield f'YAML read a value in {where} as a number or a boolean: put it in quotes, as in "1" or "yes".'
    if re.search(r'targetPort: Invalid value: "\d+"', message):
        yield "In quotes targetPort is the name of a container port: write a number without quotes."
    if "not in the valid range" in message:
        yield (
            "A nodePort is the number on the nodes, from the range above (leave it out and one is picked). The number "
            "that clients of the Service use inside the cluster is `port`, which is free to choose."
        )
    if "range is full" in message:
        yield "Every number of the range is taken: delete Services, or switch off node ports that nobody uses."
    if "provided port is already allocated" in message:
        yield "All Services, namespaces and protocols share one list of numbers: leave nodePort out, or take another."
    if re.search(r"spec\.ports\[\d+\]\.name: Required value", message):
        yield (
            "A Service with several ports needs a name for each. If you meant one port, a dash too many made two "
            "entries out of it."
        )
    if "does not contain declared merge key: port" in message:
        yield (
            "A strategic merge patch finds the entry of spec.ports that it changes by its `port`: write that into the "
            "patch, too, as in ports: [{port: 80, nodePort: 30080}]."
        )
    if "the object has been modified" in message or "resourceVersion should not be set" in message:
        yield "The manifest was exported from a cluster: take resourceVersion and uid out of its metadata."
    if "spec.clusterIPs[0]: Invalid value" in message and "may not change once set" in message:
        yield "A Service keeps its cluster IP as long as it lives: leave clusterIP out, or delete and create it."
    if "may only be set for externally-accessible services" in message:
        yield (
            "externalTrafficPolicy is for Services that are reached from outside: take it out, or make the type "
            "NodePort or LoadBalancer."
        )
    if "may not be used when `type` is 'ClusterIP'" in message:
        yield "A nodePort needs type: NodePort or LoadBalancer; without a type a Service is a ClusterIP."
    if message.endswith("spec.ports: Required value") or "spec.ports: Required value," in message:
        yield "spec.ports is a list: its entries start with a dash."


def _misplaced(value: Mapping[str, Any]) -> set[str]:
    """Name the fields of metadata and spec that stand at the top level while their own place is empty."""
    if value.get("metadata") and value.get("spec"):
        return set()
    inner = {name for part in ("metadata", "spec") for name in _fields(SERVICE, part)}
    inner |= set(_fields(SERVICE, "spec", "ports"))
    return {name for name in value if name in inner and name not in SERVICE.fields}


def _unknown_field(path: str) -> Iterator[str]:
    parts = [part for part in re.split(r"\.|\[\d+\]", path) if part]
    *parents, name = parts
    siblings = _fields(SERVICE, *parents)
    squeezed = re.sub(r"[-_]", "", name).casefold()
    for known in siblings:
        if known.casefold() == squeezed:
            yield f"Field names are case-sensitive: write {known}, not {name}."
    for where in (("spec",), ("spec", "ports"), ("metadata",)):
        for known in _fields(SERVICE, *where):
            if known.casefold() == squeezed and list(where) != parents:
                entry = "an entry of spec.ports" if where[-1] == "ports" else where[0]
                yield f"{known} belongs in {entry}: look at the indentation."


def _fields(schema: Schema, *path: str) -> Mapping[str, Schema]:
    for name in path:
        if isinstance(schema, Many):
            schema = schema.item
        if not isinstance(schema, Struct) or name not in schema.fields:
            return {}
        schema = schema.fields[name]
    if isinstance(schema, Many):
        schema = schema.item
    return schema.fields if isinstance(schema, Struct) else {}


@contextmanager
def hinted(source: Any, value: Any = None) -> Iterator[None]:
    """Add a hint to an `ApiError` that leaves the block; `source` is the manifest, `value` its parsed form."""
    try:
        yield
    except ApiError as error:
        if error.hint is None:
            text = source if isinstance(source, str) else ""
            if value is None:
                value = source if isinstance(source, Mapping) else _parsed_or_none(text)
            error.hint = hint_for(error, text, value)
        raise


def _parsed_or_none(text: str) -> Any:
    if len(text) > LONGEST:
        return None
    try:
        return parse(text).value
    except ManifestError:
        return None
