"""The server's first look at an object: are the types right, are the fields known.

The tables below are the Go structs of ``staging/src/k8s.io/api/core/v1/types.go`` as far as they matter here; the
sentences are those of ``sigs.k8s.io/json`` (a strict ``encoding/json``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import go_quote
from .formats import rfc3339_problem
from .manifest import JsonNumber
from .schemas import Anything, Bool, Int, IntOrText, Many, Schema, Struct, Text, Texts, Time

__all__ = ["Decoded", "checker", "decode"]

MAX_STRICT_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder made of an object.

    Parameters
    ----------
    value : dict
        The known fields; null ones are left out.
    type_error : str, optional
        The first wrong type, in the server's words.
    strict_errors : tuple of str
        Unknown fields.

    Examples
    --------
    >>> decode({"port": "80"}, Struct("ServicePort", {"port": Int()})).type_error
    'json: cannot unmarshal string into Go struct field ServicePort.port of type int32'
    """

    value: dict[str, Any]
    type_error: str | None
    strict_errors: tuple[str, ...]


def decode(value: Mapping[str, Any], schema: Struct) -> Decoded:
    """Check an object against a struct, field by field in its own order.

    Examples
    --------
    >>> decode({"foo": 1}, Struct("ServicePort", {"port": Int()})).strict_errors
    ('unknown field "foo"',)
    """
    reader = _Reader()
    try:
        decoded = reader.struct(value, schema, (), "")
    except _FinalError as error:
        return Decoded({}, str(error), tuple(reader.strict_errors))
    return Decoded(decoded, reader.type_error, tuple(reader.strict_errors))


Checker = Callable[[Any], bool]
TEXT = frozenset((str,))


def checker(schema: Schema) -> Checker:
    """Build a check that every known field has its type: then an object may be read as it is, without `decode`.

    Unknown fields are passed over, and so is null for a field of an object. Null in a list or in a map of texts is not
    well formed, because the decoder makes something of it.

    Examples
    --------
    >>> struct = Struct("ServicePort", {"port": Int()})
    >>> well_formed = checker(struct)
    >>> well_formed({"port": 80, "foo": 1}), well_formed({"port": "80"})
    (True, False)
    """
    match schema:
        case Struct():
            return _struct_checker(schema)
        case Many(item):
            each = checker(item)
            return lambda value: value.__class__ is list and all(map(each, value))
        case Texts():
            return _all_texts
        case Text():
            return lambda value: value.__class__ is str
        case Bool():
            return lambda value: value.__class__ is bool
        case Int():
            return lambda value: value.__class__ is int and _fits(value, schema.go)
        case Time():
            return lambda value: value.__class__ is str and not rfc3339_problem(value)
        case IntOrText():
            return lambda value: value.__class__ is str or (value.__class__ is int and _fits(value, schema.go))
        case _:
            return lambda value: True


def _all_texts(value: Any) -> bool:
    return value.__class__ is dict and TEXT.issuperset(map(type, value.values()))


def _struct_checker(schema: Struct) -> Checker:
    # A text needs no call, and most fields are texts.
    texts = frozenset(name for name, field in schema.fields.items() if isinstance(field, Text))
    others = {name: checker(field) for name, field in schema.fields.items() if name not in texts}

    def check(value: Any) -> bool:
        if value.__class__ is not dict:
            return False
        for name, item in value.items():
            if name in texts:
                if item.__class__ is not str and item is not None:
                    return False
            elif item is not None and name in others and not others[name](item):
                return False
        return True

    return check


class _FinalError(Exception):
    """A value that reads itself (a time, ``targetPort``) has refused: the decoder stops, and tells this error only."""


@dataclass(slots=True)
class _Reader:
    type_error: str | None = None
    strict_errors: list[str] = field(default_factory=list)

    def struct(self, value: Mapping[str, Any], schema: Struct, path: tuple[str, ...], shown: str) -> dict[str, Any]:
        result = {}
        for name, item in value.items():
            item_shown = f"{shown}.{name}" if shown else name
            if name in schema.fields:
                decoded = self.read(item, schema.fields[name], schema.name, (*path, name), item_shown)
                if decoded is not None:
                    result[name] = decoded
            elif not schema.open and len(self.strict_errors) < MAX_STRICT_ERRORS:
                self.strict_errors.append(f"unknown field {go_quote(item_shown)}")
        return result

    def read(self, value: Any, schema: Schema, owner: str, path: tuple[str, ...], shown: str) -> Any:
        """Read one value; None where it is null or of a wrong type."""
        if value is None:
            return None
        match schema:
            case Struct() if isinstance(value, Mapping):
                return self.struct(value, schema, path, shown)
            case Many(item) if isinstance(value, list | tuple):
                return [
                    _zero(item) if read is None else read
                    for number, entry in enumerate(value)
                    for read in [self.read(entry, item, owner, path, f"{shown}[{number}]")]
                ]
            case Texts() if isinstance(value, Mapping):
                read_items = {key: self.read(item, Text(), owner, path, shown) for key, item in value.items()}
                return {key: item or "" for key, item in read_items.items()}
            case Text() if isinstance(value, str):
                return value
            case Bool() if isinstance(value, bool):
                return value
            case Int() | IntOrText() if _is_int(value) and _fits(value, schema.go):
                return value
            case IntOrText() if isinstance(value, str):
                return value
            case Time() if isinstance(value, str):
                return self._time(value)
            case Anything():
                return value
        self._wrong(value, schema, owner, path)
        return None

    def _time(self, value: str) -> str:
        problem = rfc3339_problem(value)
        if problem:
            raise _FinalError(problem)
        return value

    def _wrong(self, value: Any, schema: Schema, owner: str, path: tuple[str, ...]) -> None:
        where = ".".join((owner, *path))
        word = json_word(value, literal=isinstance(schema, Int | IntOrText))
        problem = f"json: cannot unmarshal {word} into Go struct field {where} of type {schema.go}"
        if isinstance(schema, IntOrText | Time):
            raise _FinalError(problem)
        self.type_error = self.type_error or problem


def json_word(value: Any, *, literal: bool = False) -> str:
    """Name the JSON type of a value as Go does; `literal` adds the digits of a number."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case JsonNumber():
            return f"number {value.literal}" if literal else "number"
        case int() | float():
            return f"number {value}" if literal else "number"
        case Mapping():
            return "object"
        case _:
            return "array"


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fits(value: int, go: str) -> bool:
    bits = 63 if go == "int64" else 31
    return bool(-(2**bits) <= value < 2**bits)


def _zero(schema: Schema) -> Any:
    return {} if isinstance(schema, Struct) else ""


# -- the structs -------------------------------------------------------------------------------------------------------
