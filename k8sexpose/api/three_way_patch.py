"""What ``kubectl apply`` sends: the difference between three objects, as a strategic merge patch.

kubectl keeps what was applied last in an annotation. It compares that with the new manifest (what did the user take
out?) and the live object with the new manifest (what is different?), and sends both differences as one patch. A list
that has a *merge key* is compared entry by entry; ``spec.ports`` has ``port`` alone, so that 53/UDP and 53/TCP are one
entry to kubectl, and of two that are applied over one the last in the patch counts.

Source: ``staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from .errors import ApiError
from .strategic_patch import MERGE_KEYS, MERGED_LISTS, go_map, go_type

__all__ = ["PatchError", "sorted_keys", "three_way_patch", "without_nulls"]

Json = dict[str, Any]
Path = tuple[str, ...]

# Lists that are merged; None for those of plain values.
MERGED: dict[Path, str | None] = {path: MERGE_KEYS.get(path) for path in MERGED_LISTS}
ORDER, TAKEN_OUT, DIRECTIVE = "$setElementOrder/", "$deleteFromPrimitiveList/", "$patch"


class PatchError(ApiError):
    """No patch can be computed: kubectl stops before it asks the server.

    Parameters
    ----------
    message : str
        Why.

    Examples
    --------
    >>> PatchError("map: map[name:http] does not contain declared merge key: port").code
    400
    """

    def __init__(self, message: str) -> None:
        super().__init__(400, "", message)


@dataclass(frozen=True, slots=True)
class Side:
    """Which half of the difference is wanted: what was taken out, or what is new or different."""

    deletions: bool

    @property
    def additions(self) -> bool:
        return not self.deletions


def three_way_patch(original: Mapping[str, Any], modified: Mapping[str, Any], live: Mapping[str, Any]) -> Json:
    """Compute the patch that turns the live object into what the manifest says.

    Examples
    --------
    >>> three_way_patch({"spec": {"type": "NodePort"}}, {"spec": {}}, {"spec": {"type": "NodePort"}})
    {'spec': {'type': None}}
    """
    changed = _diff(live, modified, (), Side(deletions=False))
    deleted = _diff(original, modified, (), Side(deletions=True))
    patch: Json = sorted_keys(_lay_over(deleted, changed, ()))
    return patch


def without_nulls(value: Any) -> Any:
    """Drop the members that are null, as ``kubectl apply`` does before it creates an object; list entries stay.

    Examples
    --------
    >>> without_nulls({"spec": {"selector": {"app": None}, "ports": [None]}})
    {'spec': {'selector': {}, 'ports': [None]}}
    """
    if isinstance(value, Mapping):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


# -- two objects -------------------------------------------------------------------------------------------------------


def _diff(before: Mapping[str, Any], after: Mapping[str, Any], path: Path, side: Side) -> Json:
    """Compare two maps."""
    patch: Json = {}
    for key, new in after.items():
        here = (*path, key)
        if key not in before:
            if side.additions:
                patch[key] = new
            continue
        old = before[key]
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            if inner := _diff(old, new, here, side):
                patch[key] = inner
        elif isinstance(old, list) and isinstance(new, list) and here in MERGED:
            patch |= _diff_lists(old, new, here, side)
        elif side.additions and not _same(old, new):
            patch[key] = new
    if side.deletions:
        patch |= {key: None for key in before if key not in after}
    return patch


def _diff_lists(before: list[Any], after: list[Any], path: Path, side: Side) -> Json:
    """Compare two lists that are merged: the entries, and the order that they shall have."""
    name, merge_key = path[-1], MERGED[path]
    if not before:
        return {name: after} if after and side.additions else {}
    if not _element_kind(before, after):
        return _diff_scalars(before, after, name, side)
    if merge_key is None:
        return {name: after} if side.additions and not _same(before, after) else {}
    changed, gone = _diff_entries(before, after, path, side)
    entries = [*_in_order(changed, after, merge_key), *gone]
    patch: Json = {name: entries} if entries else {}
    moved = side.additions and not _same(_keys(before, merge_key), _keys(after, merge_key))
    if after and (entries or moved):
        patch[ORDER + name] = [{merge_key: key} for key in _keys(after, merge_key)]
    return patch


def _diff_scalars(before: list[Any], after: list[Any], name: str, side: Side) -> Json:
    """Compare two lists of plain values, such as finalizers."""
    old, new = _go_sorted(before, _word), _go_sorted(after, _word)
    added = [value for value in new if _word(value) not in map(_word, old)]
    gone = list(dict.fromkeys(value for value in old if _word(value) not in map(_word, new)))
    patch: Json = {}
    if side.additions and added:
        patch[name] = _in_order(added, after, None)
    if side.deletions and gone:
        patch[TAKEN_OUT + name] = gone
    if after and (gone if side.deletions else not _same(old, after)):
        patch[ORDER + name] = after
    return patch


def _diff_entries(before: list[Json], after: list[Json], path: Path, side: Side) -> tuple[list[Json], list[Json]]:
    """Compare two lists of maps, both sorted by the merge key, like a zip that may slip."""
    merge_key = MERGED[path] or ""

    def word(entry: Json) -> str:
        return _word(_key(entry, merge_key))

    old, new = _go_sorted(before, word), _go_sorted(after, word)
    changed: list[Json] = []
    gone: list[Json] = []
    while old or new:
        if old and new and word(old[0]) == word(new[0]):
            left, come = old.pop(0), new.pop(0)
            if inner := _diff(left, come, path, side):
                changed.append({**inner, merge_key: come[merge_key]})
        elif new and (not old or word(old[0]) > word(new[0])):
            come = new.pop(0)
            if side.additions:
                changed.append(come)
        else:
            left = old.pop(0)
            if side.deletions:
                gone.append({DIRECTIVE: "delete", merge_key: left[merge_key]})
    return changed, gone


# -- two patches -------------------------------------------------------------------------------------------------------


def _lay_over(first: Json, second: Json, path: Path) -> Json:
    """Lay one patch over the other; where only one says something about a member, that is taken as it is."""
    result, rest = dict(first), dict(second)
    for order_key in [key for key in second if key.startswith(ORDER)]:
        name = order_key.removeprefix(ORDER)
        order = rest.pop(order_key)
        if not _same(result.setdefault(order_key, order), order):
            raise PatchError("invalid patch format of setElementOrder list")
        if name in result or name in rest:
            result[name] = _ordered_lists(result.get(name), rest.pop(name, None), order, (*path, name))
    for key, value in rest.items():
        before = result.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[key] = _lay_over(dict(before), dict(value), (*path, key))
        else:
            result[key] = value
    return result


def _ordered_lists(first: list[Any] | None, second: list[Any] | None, order: list[Any], path: Path) -> list[Any]:
    """Merge the entries of two patches to one list, and give them the order."""
    merge_key = MERGED[path]
    _check_order(second or [], order, merge_key)
    merged = list(first or [])
    for entry in second or ():
        keys = _keys(merged, merge_key)
        place = _index(keys, _key(entry, merge_key)) if first is not None else -1
        if place < 0:
            merged.append(entry)
        else:
            merged[place] = _lay_over(merged[place], entry, path)
    wanted = _keys(order, merge_key)
    named = [entry for entry in merged if _index(wanted, _key(entry, merge_key)) >= 0]
    others = [entry for entry in merged if _index(wanted, _key(entry, merge_key)) < 0]
    return _zipped(
        _in_order(others, first or [], merge_key), _in_order(named, order, merge_key), first or [], merge_key
    )


def _check_order(entries: list[Any], order: list[Any], merge_key: str | None) -> None:
    """Check that the entries stand in the given order."""
    waiting = [entry for entry in entries if not (isinstance(entry, Mapping) and DIRECTIVE in entry)]
    place = 0
    for wanted in order:
        if place < len(waiting) and _same(_key(waiting[place], merge_key), _key(wanted, merge_key)):
            place += 1
    if entries and order and place < len(waiting):
        shown = f"{go_map(entries)}\n doesn't match $setElementOrder list:\n{go_map(order)}\n"
        raise PatchError(f"The order in patch list:\n{shown}")


def _zipped(left: list[Any], right: list[Any], known: list[Any], merge_key: str | None) -> list[Any]:
    """Put the entries of `left` between those of `right`, in front of the first that stood behind them."""
    keys = _keys(known, merge_key)
    result: list[Any] = []
    left, right = list(left), list(right)
    while left and right:
        places = _index(keys, _key(left[0], merge_key)), _index(keys, _key(right[0], merge_key))
        result.append(left.pop(0) if 0 <= places[0] < places[1] else right.pop(0))
    return result + left + right


# -- entries and their keys --------------------------------------------------------------------------------------------


def _key(entry: Any, merge_key: str | None) -> Any:
    """Return what tells an entry from the others; an entry without it stops kubectl."""
    if merge_key is None:
        return entry
    if merge_key not in entry:
        raise PatchError(f"map: {go_map(entry)} does not contain declared merge key: {merge_key}")
    return entry[merge_key]


def _keys(entries: Sequence[Any], merge_key: str | None) -> list[Any]:
    return [_key(entry, merge_key) for entry in entries]


def _index(keys: Sequence[Any], key: Any) -> int:
    """Return the first place of a key; -1 if it is not there."""
    return next((place for place, known in enumerate(keys) if _same(known, key)), -1)


def _in_order(entries: list[Any], order: Sequence[Any], merge_key: str | None) -> list[Any]:
    """Sort entries as they stand in another list; those to be deleted come last."""
    wanted = _keys(order, merge_key)
    kept = [entry for entry in entries if not (isinstance(entry, Mapping) and entry.get(DIRECTIVE) == "delete")]
    gone = [entry for entry in entries if isinstance(entry, Mapping) and entry.get(DIRECTIVE) == "delete"]
    places = [(_index(wanted, _key(entry, merge_key)), entry) for entry in kept]
    # One that the order does not name goes to the front, whatever stands there.
    _insertion_sort(places, lambda one, other: min(one[0], other[0]) < 0 or one[0] < other[0])
    return [entry for _, entry in places] + gone


def _go_sorted(entries: Sequence[Any], word: Callable[[Any], str]) -> list[Any]:
    """Sort by a text; kubectl's comparison holds for equal texts, too, so that equal ones change their order."""
    result = list(entries)
    _insertion_sort(result, lambda one, other: word(one) <= word(other))
    return result


def _insertion_sort(entries: list[Any], less: Callable[[Any, Any], bool]) -> None:
    """Sort in place as Go sorts a short list (up to twelve entries; a longer one is sorted the same way here)."""
    for start in range(1, len(entries)):
        place = start
        while place and less(entries[place], entries[place - 1]):
            entries[place - 1], entries[place] = entries[place], entries[place - 1]
            place -= 1


def _element_kind(*lists: list[Any]) -> bool:
    """Return True for lists of maps, False for lists of plain values; a mixture stops kubectl."""
    kinds = {go_type(entry) for entry in chain.from_iterable(lists)}
    if go_type([]) in kinds:
        raise PatchError("lists of lists are not supported")
    if len(kinds) > 1:
        raise PatchError(f"list element types are not identical: {go_map(list(lists))}")
    return go_type({}) in kinds


def _same(one: Any, other: Any) -> bool:
    """Return True if two values are equal and of the same types: ``80`` is not ``true`` and not ``"80"``."""
    if go_type(one) != go_type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _word(value: Any) -> str:
    """Return the text by which kubectl sorts: the number 80 and the text "80" are one."""
    return go_map(value)


def sorted_keys(value: Any) -> Any:
    """Sort the keys of every map, as Go writes them.

    Examples
    --------
    >>> sorted_keys({"b": 1, "a": [{"d": 2, "c": 3}]})
    {'a': [{'c': 3, 'd': 2}], 'b': 1}
    """
    if isinstance(value, Mapping):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(item) for item in value]
    return value
