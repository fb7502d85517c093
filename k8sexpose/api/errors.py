"""The errors of the API server, in its own words.

A refused manifest is answered with a *Status*: a code, a reason, a message and a list of causes.
`FieldError` is one cause, `ApiError` the whole answer. The words are those of
``staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .._display import visible

__all__ = ["ApiError", "FieldError", "ManifestError", "NotExposed", "UnknownName"]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One cause of a refusal: which field, what kind of error, the server's sentence.

    Parameters
    ----------
    field : str
        Path of the field, such as ``spec.ports[0].nodePort``.
    reason : str
        Machine-readable kind, such as ``FieldValueInvalid``; empty for an internal error.
    message : str
        The server's text without the path.

    Examples
    --------
    >>> print(required("spec.ports"))
    spec.ports: Required value
    """

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def _error(field: str, kind: str, reason: str, value: str | None, detail: str) -> FieldError:
    field = cut(field, MOST_VALUE)
    value = None if value is None else cut(value, MOST_VALUE)
    detail = cut(detail, MOST_VALUE)
    parts = [kind] + ([] if value is None else [value]) + ([detail] if detail else [])
    return FieldError(field, reason, ": ".join(parts))


def required(field: str, detail: str = "") -> FieldError:
    """Return the error of a field that must be set."""
    return _error(field, "Required value", "FieldValueRequired", None, detail)


def forbidden(field: str, detail: str) -> FieldError:
    """Return the error of a field that may not be set here."""
    return _error(field, "Forbidden", "FieldValueForbidden", None, detail)


MOST_SHOWN = 200
MOST_VALUE = 10_000  # characters of a value that the server would repeat as a whole
MOST_MESSAGE = 100_000
MOST_CAUSES = 1_000


def cut(text: str, most: int = MOST_SHOWN) -> str:
    """Return a text as it stands in an error: the beginning, where it is long.

    Examples
    --------
    >>> cut("x" * 1000)[-2:]
    'x…'
    """
    return text if len(text) <= most else text[:most] + "…"


class Named(str):
    """A text whose Go type has a name of its own, such as ``v1.Protocol``: the server prints it as JSON."""

    __slots__ = ()


def invalid(field: str, value: object, detail: str) -> FieldError:
    """Return the error of a value that `field` does not take."""
    return _error(field, "Invalid value", "FieldValueInvalid", go_value(value), detail)


def duplicate(field: str, value: object) -> FieldError:
    """Return the error of a value that is in the list already."""
    return _error(field, "Duplicate value", "FieldValueDuplicate", go_value(value), "")


def unsupported(field: str, value: object, supported: Sequence[str]) -> FieldError:
    """Return the error of a value that is none of the `supported` ones (kept in the given order)."""
    detail = "supported values: " + ", ".join(go_quote(word) for word in supported)
    return _error(field, "Unsupported value", "FieldValueNotSupported", go_value(value), detail)


def go_value(value: object) -> str:
    """Print a value as the server does: strings Go-quoted, plain numbers, all else as JSON."""
    if isinstance(value, str) and not isinstance(value, Named):
        return go_quote(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"',
}  # fmt: skip


def go_quote(text: str) -> str:
    r"""Quote a string as Go's ``%q`` does.

    Examples
    --------
    >>> print(go_quote('a "b"\n'))
    "a \"b\"\n"
    """
    return '"' + "".join(map(_go_char, text)) + '"'


def _go_char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class ApiError(Exception):
    """The API server refuses; nothing has changed.

    Parameters
    ----------
    code : int
        HTTP status code.
    reason : str
        The Status reason, such as ``Invalid`` or ``AlreadyExists``.
    message : str
        The server's text, to the letter.
    causes : tuple of FieldError
        One per refused field; empty for most reasons.
    warnings : tuple of str
        Warnings sent along with the refusal.
    hint : str, optional
        Our help, kept apart from the server's words.
    details_kind, details_name : str
        Kind and name in the Status details; kubectl builds its sentence from them.

    Examples
    --------
    >>> print(ApiError(404, "NotFound", 'services "web" not found'))
    services "web" not found
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        causes: Iterable[FieldError] = (),
        *,
        warnings: Iterable[str] = (),
        hint: str | None = None,
        details_kind: str = "",
        details_name: str = "",
    ) -> None:
        message = cut(message, MOST_MESSAGE)
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = tuple(islice(causes, MOST_CAUSES))
        self.warnings = tuple(warnings)
        self.hint = hint
        self.details_kind = details_kind
        self.details_name = cut(details_name, MOST_VALUE)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """Show a notebook these lines in place of a stack trace (IPython's hook)."""
        return [visible(f"{self.code} {self.reason}".strip() + f": {self}")]

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _remade(kind: type[ApiError], given: tuple[Any, ...]) -> ApiError:
    """Return an error without its fields, which pickle and copy fill in."""
    return kind.__new__(kind, *given)


def invalid_object(kind: str, name: str, errors: Sequence[FieldError]) -> ApiError:
    """Bundle field errors into the 422 the server answers; the message names each error once."""
    texts = list(dict.fromkeys(map(str, errors[:MOST_CAUSES])))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return ApiError(
        422, "Invalid", f"{kind} {go_quote(name)} is invalid: {listed}", errors,
        details_kind=kind, details_name=name,
    )  # fmt: skip


def internal_error(detail: str) -> ApiError:
    """Build the 500 that stands for a failed automatic or healthCheckNodePort allocation."""
    return ApiError(500, "InternalError", f"Internal error occurred: {detail}", [FieldError("", "", detail)])


def not_found(resource: str, name: str) -> ApiError:
    """Build the 404 for an object that does not exist."""
    return ApiError(404, "NotFound", f"{resource} {go_quote(name)} not found", details_kind=resource, details_name=name)


def already_exists(name: str, *, generated: bool) -> ApiError:
    """Build the 409 for the name of a Service that is taken; `generated` where the request has a generateName, too."""
    why = ", the server was not able to generate a unique name for the object" if generated else ""
    return ApiError(409, "AlreadyExists", f"services {go_quote(name)} already exists{why}")


def conflict(name: str, detail: str) -> ApiError:
    """Build the 409 for a change of a Service that is not in the state that the request names."""
    return ApiError(409, "Conflict", f"Operation cannot be fulfilled on services {go_quote(name)}: {detail}")


def plain_error(detail: str) -> ApiError:
    """Build the 500 for an error that the server has no status for: no reason, no causes."""
    return ApiError(500, "", detail)


def missing(resource: str, name: str, known: Iterable[str]) -> ApiError:
    """Build the 404 for a name, with the names that exist as a hint."""
    error = not_found(resource, name)
    names = sorted(known)
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    error.hint = f"There are: {listed}." if names else "There are none yet."
    return error


def bad_request(message: str) -> ApiError:
    """Build the 400 for a body that cannot be read as the object it should be."""
    return ApiError(400, "BadRequest", message)


class ManifestError(ValueError):
    """Text that never reaches the server: not YAML or JSON, too large, or of a kind not modelled.

    Parameters
    ----------
    message : str
        What is wrong and where.
    hint : str, optional
        What people usually did, and how to mend it.

    Examples
    --------
    >>> print(ManifestError("yaml: line 4: did not find expected key"))
    yaml: line 4: did not find expected key
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        message = cut(message, MOST_MESSAGE)
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        return [visible(f"ManifestError: {self}")]


class NotExposed(LookupError):
    """The Service has no way in for this client; the text names the way that exists.

    Parameters
    ----------
    message : str
        Why there is none, and what to use instead.

    Examples
    --------
    >>> print(NotExposed("web waits for a load balancer"))
    web waits for a load balancer
    """

    def _render_traceback_(self) -> list[str]:
        return [visible(f"NotExposed: {self}")]


class UnknownName(KeyError):
    """Something of this name does not exist; the text lists what does.

    Parameters
    ----------
    message : str
        The sentence.

    Examples
    --------
    >>> print(UnknownName("no node 'node-9'; there are node-1, node-2"))
    no node 'node-9'; there are node-1, node-2
    """

    def __str__(self) -> str:
        return str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        return [visible(f"UnknownName: {self}")]


def unknown(kind: str, name: str, existing: Iterable[str]) -> UnknownName:
    """Build the error for a name that does not exist: the nearest names, else the first ones."""
    from difflib import get_close_matches  # only an error needs it

    listed = list(existing)
    shown = get_close_matches(name, listed, n=3) or listed[:5]
    more = f", … ({len(listed)} in all)" if len(listed) > len(shown) else ""
    return UnknownName(f"no {kind} {name!r}; there are {', '.join(shown) or 'none'}{more}")
