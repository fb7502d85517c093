"""What has the wrong type in an object, in plain words: for people who read a file, and not the server's Go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .decode import checker
from .errors import cut, go_quote
from .schemas import Bool, Int, IntOrText, Many, Schema, Struct, Text, Texts, Time

__all__ = ["wrong_type"]


def wrong_type(value: Any, schema: Schema) -> str | None:
    """Return the first field whose value has another type than the schema says, what it is, and what belongs there.

    Examples
    --------
    >>> wrong_type({"ports": [{"port": "80"}]}, Struct("ServiceSpec", {"ports": Many(Struct("P", {"port": Int()}))}))
    'ports[0].port: the text "80" is given where a whole number belongs (write it without quotation marks)'
    """
    return next(_wrong(value, schema, ""), None)


def _wrong(value: Any, schema: Schema, place: str) -> Iterator[str]:
    if value is None:
        return
    match schema:
        case Struct() if isinstance(value, Mapping):
            for name, item in value.items():
                if name in schema.fields:
                    yield from _wrong(item, schema.fields[name], f"{place}.{name}" if place else name)
        case Many(item) if isinstance(value, list | tuple):
            for number, entry in enumerate(value):
                yield from _wrong(entry, item, f"{place}[{number}]")
        case Texts() if isinstance(value, Mapping):
            for key, item in value.items():
                yield from _wrong(item, Text(), f"{place}[{go_quote(cut(str(key)))}]")
        case _ if not checker(schema)(value):
            yield f"{place}: {_found(value)} is given where {_wanted(schema)} belongs{_remedy(value, schema)}"


def _is_leaf(schema: Schema) -> bool:
    return isinstance(schema, Text | Bool | Int | IntOrText | Time)


def _found(value: Any) -> str:
    match value:
        case bool():
            return f'the word "{str(value).lower()}"'
        case str():
            return f"the text {go_quote(cut(value))}"
        case int() | float():
            return f'the number "{value}"'
        case Mapping():
            return "a group of names with values"
        case _:
            return "a list"


def _wanted(schema: Schema) -> str:
    match schema:
        case Text():
            return "a text"
        case Bool():
            return "true or false"
        case Int():
            return "a whole number"
        case IntOrText():
            return "a whole number or a name"
        case Time():
            return "a date with a time (2026-01-31T08:00:00Z)"
        case Many():
            return "a list"
        case _:
            return "a group of names with values"


def _remedy(value: Any, schema: Schema) -> str:
    """Return how to write what was probably meant, in brackets; empty where nobody knows."""
    if isinstance(value, str) and isinstance(schema, Int) and re.fullmatch(r"-?\d{1,9}", value.strip()):
        return " (write it without quotation marks)"
    if isinstance(value, str) and isinstance(schema, Bool) and value.strip().lower() in ("true", "false"):
        return " (write it without quotation marks)"
    if isinstance(value, bool | int | float) and isinstance(schema, Text):
        return " (write it in quotation marks)"
    if isinstance(value, str) and not _is_leaf(schema) and re.fullmatch(r"[^\s=]+=[^\s=]+", value.strip()):
        return " (such as app: web)"
    if isinstance(value, int) and isinstance(schema, Int | IntOrText) and not isinstance(value, bool):
        return " (this one is too large)"
    return ""
