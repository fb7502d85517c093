"""Reading the body of a request: is it an object of this kind, in its right form.

Sources: ``staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,rest}.go`` and
``staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json/{json,meta}.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .decode import decode, json_word
from .errors import ApiError, ManifestError, bad_request, go_quote
from .manifest import Document, parse, plain
from .schemas import SCHEMAS, SERVICE

__all__ = ["CORE_KINDS", "NOT_TYPED", "SCHEME", "Body", "check_field_validation", "read_body"]

SCHEME = "pkg/api/legacyscheme/scheme.go:30"
SHOWN_BYTES = 30
# What the server reads before it knows the kind, as Go prints the type.
NOT_TYPED = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
CORE_KINDS = frozenset(
    "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume "
    "PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount".split()
)  # of apiVersion v1


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded request body.

    Parameters
    ----------
    value : dict
        Known fields of the object.
    warnings : tuple of str
        What strict decoding would have refused.

    Examples
    --------
    >>> read_body({"metadata": {"name": "web"}}, "Strict").value
    {'metadata': {'name': 'web'}}
    """

    value: dict[str, Any]
    warnings: tuple[str, ...]


def read_body(source: str | bytes | Mapping[str, Any], field_validation: str) -> Body:
    """Decode the body of a POST or PUT of a Service.

    Parameters
    ----------
    source : str, bytes or mapping
        YAML text as it is posted, or plain objects (a JSON body).
    field_validation : str
        ``Strict`` refuses unknown and repeated fields, ``Warn`` warns, ``Ignore`` says nothing.

    Examples
    --------
    >>> read_body("spec: {type: 1}", "Strict")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    k8sexpose.api.errors.ApiError: Service in version "v1" cannot be handled as a Service: json: cannot unmarshal ...
    """
    check_field_validation(field_validation)
    document = Document(plain(source), (), "") if isinstance(source, Mapping) else _parsed(source)
    value = document.value if document.value is not None else {}
    kind, group, version = _kind(document, value)
    prefix = f"{kind} in version {go_quote(version)} cannot be handled as a Service: "
    if not version:
        raise bad_request(f"{prefix}Object 'apiVersion' is missing in '{document.text}'")
    shown = f"{group}/{version}" if group else version
    if (shown, kind) != ("v1", "Service"):
        if (shown, kind) in SCHEMAS:
            raise ManifestError(f"create and replace take a Service; give the {kind} to apply")
        if shown == "v1" and kind in CORE_KINDS:
            raise bad_request(f"{prefix}converting (v1.{kind}) to (core.Service): unknown conversion")
        unknown = f'no kind "{kind}" is registered for version "{shown}" in scheme "{SCHEME}"'
        raise bad_request(prefix + unknown)
    decoded = decode(value, SERVICE)
    if decoded.type_error:
        raise bad_request(prefix + decoded.type_error)
    repeats = [f"line {repeat.line}: key {repeat.key} already set in map" for repeat in document.duplicates]
    if field_validation == "Strict" and (repeats or decoded.strict_errors):
        listed = ["yaml: unmarshal errors:\n  " + "\n  ".join(repeats)] if repeats else []
        raise bad_request(prefix + "strict decoding error: " + ", ".join([*listed, *decoded.strict_errors]))
    warned = field_validation == "Warn"
    return Body(decoded.value, (*repeats, *decoded.strict_errors) if warned else ())


def check_field_validation(field_validation: str) -> None:
    """Refuse a fieldValidation that the server does not have."""
    if field_validation not in ("Strict", "Warn", "Ignore"):
        raise ValueError(f"field_validation is Strict, Warn or Ignore, not {field_validation!r}")


def _parsed(source: str | bytes) -> Document:
    try:
        return parse(source)
    except ManifestError as error:
        if not error.message.startswith(("yaml:", "json:")):
            raise
        raise _unrecognized(error.message, source) from None


def _kind(document: Document, value: Any) -> tuple[str, str, str]:
    """Return kind, group and version; missing ones are taken from the URL."""
    problem = ""
    if not isinstance(value, Mapping):
        problem = f"{json_word(value)} into Go value of type {NOT_TYPED}"
    else:
        for name in value:
            if name in ("apiVersion", "kind") and not isinstance(value[name], str | None):
                problem = f"{json_word(value[name])} into Go struct field .{name} of type string"
                break
    if problem:
        problem = f"couldn't get version/kind; json parse error: json: cannot unmarshal {problem}"
        raise _unrecognized(problem, document.text)
    given = value.get("apiVersion") or ""
    if given.count("/") > 1:
        raise _unrecognized(f"unexpected GroupVersion string: {given}", document.text)
    group, _, version = given.rpartition("/")
    return value.get("kind") or "Service", group, version if group or version else "v1"


def _unrecognized(problem: str, source: str | bytes) -> ApiError:
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    start = data[:SHOWN_BYTES]
    shown = (start.decode("utf-8", "replace") if data.startswith(b"{") else start.hex()) or "<empty>"
    shown += " ..." if len(data) > SHOWN_BYTES else ""
    return bad_request(f"the object provided is unrecognized (must be of type Service): {problem} ({shown})")
