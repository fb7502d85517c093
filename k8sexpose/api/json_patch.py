"""The two patches that know nothing of Kubernetes: JSON merge patch and JSON patch.

Both treat a list as one value: ``spec.ports`` is replaced as a whole, or changed by the number of an entry.

Sources: RFC 7386, RFC 6902; ``github.com/evanphx/json-patch`` as the API server uses it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .decode import json_word
from .errors import ApiError, bad_request

__all__ = ["json_patch", "merge_patch"]

# Copies of copies double each time; the API server allows as much as one request may hold (JSONPatchMaxCopyBytes).
MAX_COPIED = 3 * 1024 * 1024
MAX_OPERATIONS = 10_000  # maxJSONPatchOperations (apiserver/pkg/endpoints/handlers/patch.go)
REJECTED = "the server rejected our request due to an error in our request"


def merge_patch(live: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: maps are merged, everything else is replaced, None takes a field out.

    Parameters
    ----------
    live, patch : object
        Plain objects.

    Returns
    -------
    object
        A new object.

    Examples
    --------
    >>> merge_patch({"spec": {"type": "NodePort", "ports": [1, 2]}}, {"spec": {"type": None, "ports": [3]}})
    {'spec': {'ports': [3]}}
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(live) if isinstance(live, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def json_patch(live: Any, operations: Sequence[Any]) -> Any:
    """Apply a JSON patch: a list of operations, each on the place that its path names.

    Parameters
    ----------
    live : object
        Plain objects.
    operations : sequence of mapping
        ``op`` is add, remove, replace, move, copy or test.

    Returns
    -------
    object
        A new object.

    Raises
    ------
    ApiError
        422: a path does not exist or a test fails; the server does not say which. 400: it is no JSON patch. 413: it has
        more than 10,000 operations.

    Examples
    --------
    >>> json_patch(
    ...     {"spec": {"ports": [{"port": 80}]}}, [{"op": "replace", "path": "/spec/ports/0/port", "value": 8080}]
    ... )
    {'spec': {'ports': [{'port': 8080}]}}
    """
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise bad_request(
                "json: cannot unmarshal " + json_word(operation) + " into Go value of type jsonpatch.Operation"
            )
    if len(operations) > MAX_OPERATIONS:
        much = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {much}")
    box, copied = {"": copy.deepcopy(live)}, 0
    for operation in operations:
        copied += _do(box, operation)
        if copied > MAX_COPIED:
            raise ApiError(422, "Invalid", REJECTED)
    return box.get("")


def _do(box: dict[str, Any], operation: Mapping[str, Any]) -> int:
    """Do one operation; return how many characters it copied."""
    copied = 0
    try:
        name, path = operation["op"], _parts(operation["path"])
        if name in ("move", "copy"):
            source = _parts(operation["from"])
            value = copy.deepcopy(_get(box, source))
            copied = len(json.dumps(value)) if name == "copy" else 0
            if name == "move":
                _remove(box, source)
            _add(box, path, value)
        elif name == "remove":
            _remove(box, path)
        elif name == "add":
            _add(box, path, copy.deepcopy(operation.get("value")))
        elif name == "replace":
            _get(box, path)
            holder, key = _holder(box, path)
            holder[key] = copy.deepcopy(operation.get("value"))
        elif name != "test" or _get(box, path) != operation.get("value"):
            raise ValueError(name)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise ApiError(422, "Invalid", REJECTED) from None
    return copied


def _parts(path: str) -> list[str]:
    """Take a JSON pointer apart (RFC 6901); all values stand below the key ``""``."""
    if path and not path.startswith("/"):
        raise ValueError(path)
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]


def _get(box: Any, path: Sequence[str]) -> Any:
    for part in path:
        box = box[_index(box, part)] if isinstance(box, list) else box[part]
    return box


def _holder(box: Any, path: Sequence[str]) -> tuple[Any, Any]:
    holder = _get(box, path[:-1])
    return holder, _index(holder, path[-1]) if isinstance(holder, list) else path[-1]


def _add(box: Any, path: Sequence[str], value: Any) -> None:
    holder = _get(box, path[:-1])
    if not isinstance(holder, list):
        holder[path[-1]] = value
    elif path[-1] == "-":
        holder.append(value)
    else:
        holder.insert(_index([*holder, None], path[-1]), value)


def _remove(box: Any, path: Sequence[str]) -> None:
    holder, key = _holder(box, path)
    del holder[key]


def _index(holder: Sequence[Any], part: str) -> int:
    if not part.isdecimal() or int(part) >= len(holder):
        raise IndexError(part)
    return int(part)
