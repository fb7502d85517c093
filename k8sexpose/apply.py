"""Strategic merge patches: a patch is laid over an object, and lists that have a *merge key* are merged entry by entry.

``spec.ports`` has ``port`` alone as its key, so that 80/TCP and 80/UDP can be mixed up, here as there.

Source: ``staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["strategic_merge"]

Json = dict[str, Any]
Path = tuple[str, ...]

MERGE_KEYS: dict[Path, str] = {
    ("spec", "ports"): "port",
    ("metadata", "ownerReferences"): "uid",
    ("status", "conditions"): "type",
}
MERGED_LISTS: set[Path] = {("metadata", "finalizers")}
ORDER = "$setElementOrder/"


def strategic_merge(live: Mapping[str, Any], patch: Mapping[str, Any], path: Path = ()) -> Json:
    """Apply a strategic merge patch to an object.

    Parameters
    ----------
    live, patch : mapping
        The object and the patch.
    path : tuple of str
        Where in the object both stand.

    Returns
    -------
    dict
        A new object.

    Examples
    --------
    >>> strategic_merge(
    ...     {"spec": {"type": "NodePort", "ports": [{"port": 80}]}},
    ...     {"spec": {"type": None, "ports": [{"port": 80, "nodePort": 30080}]}},
    ... )
    {'spec': {'ports': [{'port': 80, 'nodePort': 30080}]}}
    """
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    result = dict(live)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        here = (*path, key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = strategic_merge(before if isinstance(before, Mapping) else {}, value, here)
        elif _has_keys(value, here) and _has_keys(result.get(key) or [], here):
            order = patch.get(ORDER + key)
            result[key] = _merge_list(result.get(key) or [], value, order, here)
        elif isinstance(value, list) and here in MERGED_LISTS:
            before = result.get(key) or []
            result[key] = [*before, *(item for item in value if item not in before)]
        else:
            result[key] = value
    return result


def _has_keys(value: Any, path: Path) -> bool:
    """Tell whether a list can be merged entry by entry; one of a wrong shape goes to the server as it is."""
    return (
        path in MERGE_KEYS
        and isinstance(value, list)
        and all(isinstance(e, Mapping) and isinstance(e.get(MERGE_KEYS[path]), str | int | float) for e in value)
    )


def _merge_list(live: list[Json], patch: list[Json], order: list[Json] | None, path: Path) -> list[Json]:
    """Merge a list entry by entry; the first live entry with the same key is the one that is meant."""
    merge_key = MERGE_KEYS[path]
    if any(entry.get("$patch") == "replace" for entry in patch):
        return [dict(entry) for entry in patch if "$patch" not in entry]
    gone = {entry.get(merge_key) for entry in patch if entry.get("$patch") == "delete"}
    result = [dict(entry) for entry in live if entry.get(merge_key) not in gone]
    for entry in patch:
        if "$patch" in entry:
            continue
        keys = [known.get(merge_key) for known in result]
        if entry.get(merge_key) in keys:
            position = keys.index(entry.get(merge_key))
            result[position] = strategic_merge(result[position], entry, path)
        else:
            result.append(strategic_merge({}, entry, path))
    if order and _has_keys(order, path):
        wanted = [entry.get(merge_key) for entry in order]
        place = {key: number for number, key in enumerate(wanted)}
        # Entries that only the server knows stay where they were; the named ones take their order from the patch.
        named = iter(sorted((e for e in result if e.get(merge_key) in place), key=lambda e: place[e[merge_key]]))
        result = [next(named) if entry.get(merge_key) in place else entry for entry in result]
    return result
