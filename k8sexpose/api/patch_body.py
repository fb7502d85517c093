"""Reading the body of a PATCH: lay it over the stored object, and decode what comes out.

Go's reflection makes the object out of a strategic merge patch, its JSON decoder out of the two others. So each
refuses a wrong type in its own words and in its own order, and shows something else: what is left of the patch, or the
whole object with the members of each patched map in alphabetical order.

Sources: ``staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go``,
``staging/src/k8s.io/apimachinery/pkg/runtime/converter.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .decode import decode, json_word
from .errors import ApiError, bad_request, go_value, invalid, invalid_object
from .formats import rfc3339_problem
from .json_patch import json_patch, merge_patch
from .request_body import CORE_KINDS, NOT_TYPED, SCHEME
from .schemas import (
    OBJECT_META,
    SERVICE,
    Anything,
    Bool,
    Int,
    IntOrText,
    Many,
    Schema,
    Struct,
    Text,
    Texts,
    Time,
)  # fmt: skip
from .strategic_patch import go_map, go_type, strategic_merge

__all__ = ["Patched", "patched_service"]

OPERATION = Struct("jsonPatchOp", {"op": Text(), "path": Text(), "from": Text(), "value": Anything()})
# What an object without an apiVersion is decoded as: the server's internal form, whose names are those of Go.
INTERNAL = Struct("Service", {
    "kind": Text(), "apiVersion": Text(), **OBJECT_META.fields, "Spec": Anything(), "Status": Anything(),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patched:
    """What a patch makes of an object.

    Parameters
    ----------
    value : dict
        The known fields of the new object.
    warnings : tuple of str
        What strict decoding would have refused.

    Examples
    --------
    >>> patched_service({"kind": "Service", "apiVersion": "v1"}, {"spec": {"type": "NodePort"}}, "strategic", "Strict")
    Patched(value={'apiVersion': 'v1', 'kind': 'Service', 'spec': {'type': 'NodePort'}}, warnings=())
    """

    value: dict[str, Any]
    warnings: tuple[str, ...]


def patched_service(live: Mapping[str, Any], patch: Any, patch_type: str, field_validation: str) -> Patched:
    """Lay a patch over a Service, and decode the outcome.

    Examples
    --------
    >>> patched_service({}, ["spec"], "merge", "Strict")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    k8sexpose.api.errors.ApiError: error decoding patch: json: cannot unmarshal array into Go value of type ...
    """
    if patch_type == "strategic":
        return _strategic(live, patch, field_validation)
    strict = field_validation != "Ignore"
    problems: tuple[str, ...] = ()
    if patch_type == "json":
        problems = _check_operations(patch, strict)
        result = json_patch(live, patch or [])
    else:
        result = _merge(live, patch, strict)
    return _decoded(result, problems, field_validation)


# -- strategic merge patch ---------------------------------------------------------------------------------------------


def _strategic(live: Mapping[str, Any], patch: Any, field_validation: str) -> Patched:
    patch = {} if patch is None else patch
    if not isinstance(patch, dict):
        raise bad_request(_cannot_unmarshal(patch, "map[string]interface {}"))
    merged = strategic_merge(live, patch)
    converter = _Converter()
    try:
        value = converter.struct(merged, SERVICE, "")
    except _ConversionError as error:
        raise _refused(go_map(patch), str(error)) from None
    unknown = tuple(sorted(converter.unknown))
    if unknown and field_validation == "Strict":
        raise _refused(go_map(patch), "strict decoding error: " + ", ".join(unknown))
    return Patched(value, unknown if field_validation == "Warn" else ())


class _ConversionError(Exception):
    """A value has a type that its field cannot hold; the text is the converter's."""


@dataclass(slots=True)
class _Converter:
    """Makes a struct of plain objects as Go's reflection does: field by field, in the order of the struct."""

    unknown: list[str] = field(default_factory=list)

    def struct(self, value: Any, schema: Struct, shown: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _ConversionError(f"cannot restore struct from: {_kind(value)}")
        result = {}
        for name, inner in schema.fields.items():
            if value.get(name) is not None:
                result[name] = self.read(value[name], inner, f"{shown}.{name}" if shown else name)
        for name in value:
            if name not in schema.fields and not schema.open:
                self.unknown.append(f'unknown field "{shown}.{name}"' if shown else f'unknown field "{name}"')
        return result

    def read(self, value: Any, schema: Schema, shown: str) -> Any:
        match schema:
            case Struct():
                return self.struct(value, schema, shown)
            case Many(item):
                if not isinstance(value, list):
                    raise _ConversionError(f"cannot restore slice from {_kind(value)}")
                return [
                    _zero(item) if entry is None else self.read(entry, item, f"{shown}[{number}]")
                    for number, entry in enumerate(value)
                ]
            case Texts():
                if not isinstance(value, Mapping):
                    raise _ConversionError(f"cannot restore map from {_kind(value)}")
                return {key: "" if item is None else self.read(item, Text(), shown) for key, item in value.items()}
            case IntOrText() | Time():
                return _reads_itself(value, schema)
            case Text() | Int() | Bool():
                return _scalar(value, schema)
        return value


def _scalar(value: Any, schema: Text | Int | Bool) -> Any:
    """Convert a scalar; Go converts numbers to each other, and would convert an integer to a text."""
    if (isinstance(schema, Bool) and isinstance(value, bool)) or (isinstance(schema, Text) and isinstance(value, str)):
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(schema, Int) and number:
        if value == int(value):
            return _wrapped(int(value), 64 if schema.go == "int64" else 32)
        raise _ConversionError(f"cannot convert float64 to {schema.go}")
    if isinstance(schema, Text) and isinstance(value, int) and number:
        raise _ConversionError(f"cannot convert int64 to {schema.go}")
    kind = "string" if isinstance(schema, Text) else "bool" if isinstance(schema, Bool) else schema.go
    raise _ConversionError(f"unrecognized type: {kind}")


def _wrapped(value: int, bits: int) -> int:
    """Cut an integer to its size, as a conversion in Go does."""
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def _reads_itself(value: Any, schema: IntOrText | Time) -> Any:
    """Read a value whose Go type has its own reader; that knows nothing of the field."""
    if isinstance(schema, Time):
        if not isinstance(value, str):
            raise _ConversionError(_cannot_unmarshal(value, "string"))
        problem = rfc3339_problem(value)
        if problem:
            raise _ConversionError(problem)
        return value
    fits = isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
    if not fits and not isinstance(value, str):
        raise _ConversionError(_cannot_unmarshal(value, "int32", literal=True))
    return value


def _kind(value: Any) -> str:
    return {"[]interface {}": "slice", "map[string]interface {}": "map"}.get(go_type(value), go_type(value))


def _zero(schema: Schema) -> Any:
    return {} if isinstance(schema, Struct) else ""


# -- JSON patch and merge patch ----------------------------------------------------------------------------------------


def _check_operations(patch: Any, strict: bool) -> tuple[str, ...]:
    """Check that a body is a JSON patch; return unknown members of its operations."""
    prefix, whole, entry = "", "jsonpatch.Patch", "jsonpatch.Operation"
    if strict:
        prefix, whole, entry = "error decoding patch: ", "[]handlers.jsonPatchOp", "handlers.jsonPatchOp"
    if patch is None:
        return ()
    if not isinstance(patch, list):
        raise bad_request(prefix + _cannot_unmarshal(patch, whole))
    unknown: list[str] = []
    for number, operation in enumerate(patch):
        if operation is None:
            continue
        if not isinstance(operation, Mapping):
            raise bad_request(prefix + _cannot_unmarshal(operation, entry))
        if strict:
            decoded = decode(operation, OPERATION)
            if decoded.type_error:
                raise bad_request(prefix + decoded.type_error)
            names = (name for name in operation if name not in OPERATION.fields)
            unknown += [f'json patch unknown field "[{number}].{name}"' for name in names]
    return tuple(unknown)


def _merge(live: Mapping[str, Any], patch: Any, strict: bool) -> Any:
    if isinstance(patch, Mapping):
        return merge_patch(live, patch)
    if patch is not None and strict:
        raise bad_request("error decoding patch: " + _cannot_unmarshal(patch, "map[string]interface {}"))
    if isinstance(patch, list):
        return [item for item in patch if item is not None]
    raise bad_request("Invalid JSON Patch")


def _decoded(result: Any, problems: tuple[str, ...], field_validation: str) -> Patched:
    """Decode the JSON that a patch has made."""
    echo = go_value(result)
    if not isinstance(result, dict):
        why = f"json: cannot unmarshal {json_word(result)} into Go value of type {NOT_TYPED}"
        raise _refused(echo, f"couldn't get version/kind; json parse error: {why}")
    decoded = decode(result, _schema(result, echo))
    if decoded.type_error:
        raise _refused(echo, decoded.type_error)
    problems = (*problems, *decoded.strict_errors)
    if problems and field_validation == "Strict":
        raise _refused(echo, "strict decoding error: " + ", ".join(problems))
    return Patched(decoded.value, problems if field_validation == "Warn" else ())


def _schema(result: Mapping[str, Any], echo: str) -> Struct:
    """Return what a patched object is decoded as, by its kind and apiVersion."""
    for name in ("apiVersion", "kind"):
        if not isinstance(result.get(name), str | None):
            wrong = f"json: cannot unmarshal {json_word(result[name])} into Go struct field .{name} of type string"
            raise _refused(echo, f"couldn't get version/kind; json parse error: {wrong}")
    kind, version = result.get("kind") or "Service", (result.get("apiVersion") or "").removeprefix("/")
    if version.count("/") > 1:
        raise _refused(echo, f"unexpected GroupVersion string: {version}")
    if kind == "Service" and version in ("v1", ""):
        return SERVICE if version else INTERNAL
    if version == "v1" and kind in CORE_KINDS:
        raise _refused(echo, f"converting (v1.{kind}) to (core.Service): unknown conversion")
    raise _refused(echo, f'no kind "{kind}" is registered for version "{version}" in scheme "{SCHEME}"')


# -- words -------------------------------------------------------------------------------------------------------------


def _refused(shown: str, problem: str) -> ApiError:
    return invalid_object("", "", [invalid("patch", shown, problem)])


def _cannot_unmarshal(value: Any, into: str, *, literal: bool = False) -> str:
    return f"json: cannot unmarshal {json_word(value, literal=literal)} into Go value of type {into}"
