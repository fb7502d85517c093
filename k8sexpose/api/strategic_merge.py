"""What ``kubectl apply`` sends: the difference between three objects, as a strategic merge patch.

kubectl keeps what was applied last in an annotation. It compares that with the new manifest (what did the user take
out?) and the new manifest with the live object (what is different?), and sends both differences as one patch. Lists
that have a *merge key* are merged entry by entry; ``spec.ports`` has ``port`` alone, so that 80/TCP and 80/UDP can be
mixed up, here as there.

Sources: ``staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go``; ``pkg/cmd/apply`` and
``pkg/util/apply.go`` of kubectl (kubernetes/kubernetes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .errors import go_value
from .service import LAST_APPLIED
from .strategic_patch import MERGE_KEYS

__all__ = ["last_applied", "three_way_patch", "with_last_applied"]

Json = dict[str, Any]
Path = tuple[str, ...]

ORDER = "$setElementOrder/"


def with_last_applied(manifest: Mapping[str, Any], namespace: str) -> Json:
    """Add kubectl's bookkeeping annotation to a manifest.

    Parameters
    ----------
    manifest : mapping
        The object as the user wrote it.
    namespace : str
        Where it goes.

    Returns
    -------
    dict
        The object that kubectl sends.

    Examples
    --------
    >>> sent = with_last_applied({"metadata": {"name": "web"}}, "default")
    >>> print(sent["metadata"]["annotations"][LAST_APPLIED], end="")
    {"metadata":{"annotations":{},"name":"web","namespace":"default"}}
    """
    metadata = dict(manifest.get("metadata") or {})
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != LAST_APPLIED}
    metadata |= {"namespace": metadata.get("namespace") or namespace, "annotations": annotations}
    bare = _sorted({**manifest, "metadata": metadata})
    text = go_value(bare) + "\n"
    return {**bare, "metadata": {**bare["metadata"], "annotations": {**annotations, LAST_APPLIED: text}}}


def last_applied(live: Mapping[str, Any]) -> Json:
    """Return the manifest that was applied last; empty where the object was not made by apply.

    Examples
    --------
    >>> last_applied({"metadata": {"name": "web"}})
    {}
    """
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        value = {}
    return value if isinstance(value, dict) else {}


def three_way_patch(original: Mapping[str, Any], modified: Mapping[str, Any], live: Mapping[str, Any]) -> Json:
    """Compute the patch that turns the live object into what the manifest says.

    Parameters
    ----------
    original, modified, live : mapping
        The manifest applied last, the one applied now, the stored object.

    Returns
    -------
    dict
        A strategic merge patch; empty if there is nothing to do.

    Examples
    --------
    >>> three_way_patch({"spec": {"type": "NodePort"}}, {"spec": {}}, {"spec": {"type": "NodePort"}})
    {'spec': {'type': None}}
    """
    changed = _diff(live, modified, (), deletions=False)
    deleted = _diff(original, modified, (), deletions=True)
    patch: Json = _sorted(_merge_patches(deleted, changed))
    return patch


def _has_keys(value: Any, path: Path) -> bool:
    """Tell whether a list can be merged entry by entry; one of a wrong shape goes to the server as it is."""
    return (
        path in MERGE_KEYS
        and isinstance(value, list)
        and all(isinstance(e, Mapping) and isinstance(e.get(MERGE_KEYS[path]), str | int | float) for e in value)
    )


def _diff(before: Mapping[str, Any], after: Mapping[str, Any], path: Path, *, deletions: bool) -> Json:
    """Compare two maps: only what is gone (`deletions`), or only what is new or different."""
    patch: Json = {}
    for key, old in before.items():
        here = (*path, key)
        if key not in after:
            if deletions:
                patch[key] = None
            continue
        new = after[key]
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            if inner := _diff(old, new, here, deletions=deletions):
                patch[key] = inner
        elif _has_keys(old, here) and _has_keys(new, here):
            if entries := _diff_list(old, new, here, deletions=deletions):
                patch[key] = entries
                patch[ORDER + key] = [{MERGE_KEYS[here]: entry.get(MERGE_KEYS[here])} for entry in new]
        elif not deletions and old != new:
            patch[key] = new
    if not deletions:
        patch |= {key: value for key, value in after.items() if key not in before}
    return patch


def _diff_list(before: list[Json], after: list[Json], path: Path, *, deletions: bool) -> list[Json]:
    """Compare two lists that have a merge key: both in the key's order, like a zip that may slip."""
    merge_key = MERGE_KEYS[path]

    def sort_key(entry: Json) -> str:
        return str(entry.get(merge_key))

    old, new = sorted(before, key=sort_key), sorted(after, key=sort_key)
    patch: list[Json] = []
    while old or new:
        if old and new and sort_key(old[0]) == sort_key(new[0]):
            gone, come = old.pop(0), new.pop(0)
            if inner := _diff(gone, come, path, deletions=deletions):
                patch.append({**inner, merge_key: come.get(merge_key)})
        elif new and (not old or sort_key(new[0]) < sort_key(old[0])):
            come = new.pop(0)
            if not deletions:
                patch.append(come)
        else:
            gone = old.pop(0)
            if deletions:
                patch.append({"$patch": "delete", merge_key: gone.get(merge_key)})
    return patch


def _merge_patches(first: Mapping[str, Any], second: Mapping[str, Any], path: Path = ()) -> Json:
    """Lay one patch over the other; entries of a merged list that mean the same entry become one."""
    result = dict(first)
    for key, value in second.items():
        here, before = (*path, key), result.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[key] = _merge_patches(before, value, here)
        elif _has_keys(before, here) and _has_keys(value, here):
            merge_key = MERGE_KEYS[here]
            by_key = {str(entry.get(merge_key)): entry for entry in before or ()}
            for entry in value:
                known = by_key.get(str(entry.get(merge_key)), {})
                by_key[str(entry.get(merge_key))] = _merge_patches(known, entry, here)
            result[key] = list(by_key.values())
        else:
            result[key] = value
    return result


def _sorted(value: Any) -> Any:
    """Sort the keys of every map, as Go writes them."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value
