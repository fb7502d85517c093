"""The two patches that know nothing of Kubernetes: JSON merge patch and JSON patch.

Both treat a list as one value: ``spec.ports`` is replaced as a whole, or changed by the number of an entry. The
server's library is more lenient than the RFCs (a ``replace`` of a missing member adds it, ``-1`` is the last entry, a
missing member reads as null), and it writes the members of every object that it has looked into in alphabetical order.

Sources: RFC 7386, RFC 6902; ``github.com/evanphx/json-patch`` v4 as the API server uses it.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import ApiError

__all__ = ["json_patch", "merge_patch"]

# Copies of copies double each time; the API server allows as much as one request may hold (JSONPatchMaxCopyBytes).
MAX_COPIED = 3 * 1024 * 1024
MAX_OPERATIONS = 10_000  # maxJSONPatchOperations (apiserver/pkg/endpoints/handlers/patch.go)
REJECTED = "the server rejected our request due to an error in our request"


class _Opened(dict[str, Any]):
    """An object that the library has looked into: it is written with its members in alphabetical order."""


def _opened(holder: Any, key: Any) -> Any:
    """Return a member of an object or list, opened if it is an object."""
    value = holder[key]
    if isinstance(value, dict) and not isinstance(value, _Opened):
        value = holder[key] = _Opened(value)
    return value


def _opened_deep(value: Any) -> Any:
    """Return the value with every object in it opened."""
    if isinstance(value, Mapping):
        return _Opened({key: _opened_deep(item) for key, item in value.items()})
    return [_opened_deep(item) for item in value] if isinstance(value, list) else value


def _written(value: Any) -> Any:
    """Return plain objects in the order in which the library writes them."""
    if isinstance(value, _Opened):
        return {key: _written(value[key]) for key in sorted(value)}
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    return [_written(item) for item in value] if isinstance(value, list) else value


# -- merge patch -------------------------------------------------------------------------------------------------------


def merge_patch(live: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: maps are merged, everything else is replaced, None takes a field out.

    Examples
    --------
    >>> merge_patch({"spec": {"type": "NodePort", "ports": [1, 2]}}, {"spec": {"type": None, "ports": [3]}})
    {'spec': {'ports': [3]}}
    """
    if not isinstance(patch, Mapping):
        return patch
    return _written(_merged(live if isinstance(live, Mapping) else {}, patch))


def _merged(live: Mapping[str, Any], patch: Mapping[str, Any]) -> _Opened:
    result = _Opened(live)
    for key, value in patch.items():
        before = result.get(key)
        if value is None:
            result.pop(key, None)
        elif not isinstance(before, Mapping):
            result[key] = _without_nulls(value)
        else:
            result[key] = _merged(before, value) if isinstance(value, Mapping) else value
    return result


def _without_nulls(value: Any) -> Any:
    """Take null members out of what a patch brings; a null in a list stays."""
    if isinstance(value, Mapping):
        return _Opened({key: _without_nulls(item) for key, item in value.items() if item is not None})
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


# -- JSON patch --------------------------------------------------------------------------------------------------------


def json_patch(live: Mapping[str, Any], operations: Sequence[Any]) -> Any:
    """Apply a JSON patch: a list of operations, each on the place that its path names.

    Examples
    --------
    >>> json_patch(
    ...     {"spec": {"ports": [{"port": 80}]}}, [{"op": "replace", "path": "/spec/ports/-1/nodePort", "value": 30080}]
    ... )
    {'spec': {'ports': [{'nodePort': 30080, 'port': 80}]}}
    """
    if len(operations) > MAX_OPERATIONS:
        much = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {much}")
    document = _Document(_Opened(copy.deepcopy(dict(live))))
    try:
        for operation in operations:
            document.do(operation)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise ApiError(422, "Invalid", REJECTED) from None
    return _written(document.root)


class _Document:
    """The object that a patch is applied to, and how much has been copied inside it."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.copied = 0

    def do(self, operation: Mapping[str, Any]) -> None:
        """Do one operation; whatever does not apply raises a LookupError, TypeError or ValueError."""
        verbs: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "add": self._add, "remove": self._remove, "replace": self._replace, "move": self._move,
            "copy": self._copy, "test": self._test,
        }  # fmt: skip
        verbs[operation["op"]](operation)

    def _place(self, path: str) -> tuple[Any, str]:
        """Return the object or list that holds the place of a path, and the place's name in it."""
        parts = path.split("/")[1:]  # what comes before the first / is ignored
        if not parts:
            raise KeyError(path)  # the whole document is no member of anything
        *parents, name = (part.replace("~1", "/").replace("~0", "~") for part in parts)
        holder = self.root
        for part in parents:
            holder = _opened(holder, _position(holder, part) if isinstance(holder, list) else part)
            if not isinstance(holder, list | dict):
                raise KeyError(path)
        return holder, name

    def _value(self, path: str) -> Any:
        """Return the value at a path; a member that is not there is null."""
        holder, name = self._place(path)
        return holder[_position(holder, name)] if isinstance(holder, list) else holder.get(name)

    def _put(self, path: str, value: Any) -> None:
        holder, name = self._place(path)
        if not isinstance(holder, list):
            holder[name] = value
        elif name == "-":
            holder.append(value)
        else:
            holder.insert(_position([*holder, None], name), value)

    def _add(self, operation: Mapping[str, Any]) -> None:
        self._put(operation["path"], copy.deepcopy(operation.get("value")))

    def _replace(self, operation: Mapping[str, Any]) -> None:
        path, value = operation["path"], copy.deepcopy(operation.get("value"))
        if path == "":
            if not isinstance(value, dict | list):
                raise ValueError(path)
            self.root = _Opened(value) if isinstance(value, dict) else value
            return
        holder, name = self._place(path)
        holder[_position(holder, name) if isinstance(holder, list) else name] = value

    def _remove(self, operation: Mapping[str, Any]) -> None:
        self._take(operation["path"])

    def _take(self, path: str) -> Any:
        holder, name = self._place(path)
        return holder.pop(_position(holder, name) if isinstance(holder, list) else name)

    def _move(self, operation: Mapping[str, Any]) -> None:
        self._put(operation["path"], self._take(operation["from"]))

    def _copy(self, operation: Mapping[str, Any]) -> None:
        value = _written(self._value(operation["from"]))
        self.copied += len(json.dumps(value))
        if self.copied > MAX_COPIED:
            raise ValueError("copied too much")
        self._put(operation["path"], value)

    def _test(self, operation: Mapping[str, Any]) -> None:
        path, wanted = operation["path"], operation.get("value")
        if path == "":
            if not _equal(self.root, wanted):
                raise ValueError(path)
            self.root = _opened_deep(self.root)
            return
        value = self._value(path)
        if not _equal(value, wanted):
            raise ValueError(path)
        if value is not None:
            holder, name = self._place(path)
            holder[_position(holder, name) if isinstance(holder, list) else name] = _opened_deep(value)


def _position(holder: Sequence[Any], part: str) -> int:
    """Read the number of an entry; a negative one counts from the end."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", part) or not -len(holder) <= int(part) < len(holder):
        raise IndexError(part)
    return int(part) % len(holder)


def _equal(one: Any, other: Any) -> bool:
    """Compare as JSON: 1 is not true, and 80 is not 80.0."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    kinds = tuple(bool if isinstance(v, bool) else float if isinstance(v, float) else type(v) for v in (one, other))
    return kinds[0] is kinds[1] and bool(one == other)
