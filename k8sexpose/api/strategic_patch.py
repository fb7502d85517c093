"""How the API server applies a strategic merge patch: maps are merged, and some lists entry by entry.

``spec.ports`` is merged by ``port`` alone, so that 80/TCP and 80/UDP are taken for one entry. What a patch brings
comes before what only the server knows. Directives (``$patch``, ``$retainKeys``, ``$setElementOrder/…``,
``$deleteFromPrimitiveList/…``) are obeyed, and consumed: a refusal later shows what is left of the patch.

Source: ``staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .decode import json_word
from .errors import ApiError, bad_request, plain_error
from .schemas import SERVICE, Anything, Many, Schema, Struct, Texts

__all__ = ["MERGE_KEYS", "go_map", "go_type", "strategic_merge"]

Json = dict[str, Any]
Path = tuple[str, ...]
Key = tuple[str, Any]

MERGE_KEYS: dict[Path, str] = {
    ("spec", "ports"): "port",
    ("metadata", "ownerReferences"): "uid",
    ("status", "conditions"): "type",
}
MERGED_LISTS = {*MERGE_KEYS, ("metadata", "finalizers")}
# Fields that are pointers in Go: what they point to is not looked at where a list is expected.
POINTERS = {
    "allocateLoadBalancerNodePorts", "appProtocol", "clientIP", "deletionGracePeriodSeconds", "deletionTimestamp",
    "internalTrafficPolicy", "ipFamilyPolicy", "loadBalancerClass", "sessionAffinityConfig", "timeoutSeconds",
    "trafficDistribution",
}  # fmt: skip
SORTED_BLOCK = 20  # of Go's sort.SliceStable
DIRECTIVE, RETAIN_KEYS = "$patch", "$retainKeys"
ORDER, DELETE_FROM = "$setElementOrder", "$deleteFromPrimitiveList"
REJECTED = "the server rejected our request due to an error in our request"


def strategic_merge(live: Mapping[str, Any], patch: Json) -> Json:
    """Apply a strategic merge patch to a Service.

    Examples
    --------
    >>> strategic_merge(
    ...     {"spec": {"type": "NodePort", "ports": [{"port": 80}]}},
    ...     {"spec": {"type": None, "ports": [{"port": 443}, {"port": 80, "nodePort": 30080}]}},
    ... )
    {'spec': {'ports': [{'port': 443}, {'port': 80, 'nodePort': 30080}]}}
    """
    return _merge_map(_copied(live), patch, ())


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list | tuple) else value


# -- maps --------------------------------------------------------------------------------------------------------------


def _merge_map(live: Json, patch: Json, path: Path) -> Json:
    """Merge a patch into an object, and return the object."""
    if DIRECTIVE in patch:
        return _directed_map(patch)
    _retain_keys(live, patch)
    for key in [key for key in patch if key.startswith(ORDER)]:
        _merge_ordered_list(live, patch, key, path)
    for written, value in list(patch.items()):
        key, deleting = written, written.startswith(DELETE_FROM)
        if deleting:
            key = _field_of(written, DELETE_FROM, "invalid patch format of primitive list")
        if value is None:
            live.pop(key, None)
        elif key not in live or go_type(live[key]) != go_type(value):
            if not deleting:
                _take_over(live, key, value)
        elif isinstance(value, dict):
            _schema(path, key)
            live[key] = _merge_map(live[key], value, (*path, key))
        elif isinstance(value, list):
            _schema(path, key)
            live[key] = _merge_list(live[key], value, (*path, key), deleting=deleting)
        else:
            live[key] = value
    return live


def _directed_map(patch: Json) -> Json:
    """Obey a ``$patch`` in a map."""
    match patch[DIRECTIVE]:
        case "replace":
            del patch[DIRECTIVE]
            return patch
        case "delete":
            return {}
    raise _unknown_directive(patch)


def _unknown_directive(patch: Json) -> ApiError:
    word = patch[DIRECTIVE] if isinstance(patch[DIRECTIVE], str) else f"%!s({_go_typed(patch[DIRECTIVE])})"
    return plain_error(f"unknown patch type: {word} in map: {go_map(patch)}")


def _retain_keys(live: Json, patch: Json) -> None:
    """Obey ``$retainKeys``: only these stay in the object, and the patch may name no others."""
    if RETAIN_KEYS not in patch:
        return
    retained = patch.pop(RETAIN_KEYS)
    kept = [item for item in retained if isinstance(item, str)] if isinstance(retained, list) else []
    named = (key for key, value in patch.items() if value is not None and not key.startswith((ORDER, DELETE_FROM)))
    if not isinstance(retained, list) or not set(named) <= set(kept):
        raise bad_request("invalid patch format of retainKeys")
    for key in [key for key in live if key not in kept]:
        del live[key]


def _take_over(live: Json, key: str, value: Any) -> None:
    """Take a value from the patch, without nulls and without what carries a directive."""
    _drop_nulls(value)
    if isinstance(value, dict) and DIRECTIVE in value:
        live.pop(key, None)
    else:
        live[key] = _without_directed(value)


def _drop_nulls(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item is None]:
            del value[key]
        for item in value.values():
            _drop_nulls(item)
    elif isinstance(value, list):
        for item in value:
            _drop_nulls(item)


def _without_directed(value: Any) -> Any:
    """Take out the maps that carry a directive: in maps in place, in lists in a new list."""
    if isinstance(value, dict):
        for key, item in list(value.items()):
            if isinstance(item, dict) and DIRECTIVE in item:
                del value[key]
            else:
                value[key] = _without_directed(item)
    elif isinstance(value, list):
        return [_without_directed(item) for item in value if not (isinstance(item, dict) and DIRECTIVE in item)]
    return value


# -- lists -------------------------------------------------------------------------------------------------------------


def _merge_list(live: list[Any], patch: list[Any], path: Path, *, deleting: bool = False) -> list[Any]:
    """Merge a list; where the field is not merged, the patch's list takes its place, unless it says what to delete."""
    if path not in MERGED_LISTS and not deleting:
        return patch
    if not live and not patch:
        return live
    merge_key = MERGE_KEYS.get(path)
    if not _are_maps(live, patch):
        if deleting:
            gone = _first_places(patch, None)
            return [item for item in live if _key_of(item, None) not in gone]
        merged = [*live, *patch]
        merged = [merged[place] for place in _first_places(merged, None).values()]
        if merge_key is not None:
            raise _bad_type("map[string]interface {}", merged[0])
    else:
        if merge_key is None:
            raise plain_error("cannot merge lists without merge key for type string")
        live, patch = _obey_directives(live, patch, merge_key)
        merged = _merge_entries(live, patch, merge_key, path)
    return _in_order(merged, patch, live, merge_key)


def _merge_ordered_list(live: Json, patch: Json, written: str, path: Path) -> None:
    """Merge a list for which the patch gives the order (``$setElementOrder/ports``)."""
    order = patch.pop(written)
    if not isinstance(order, list):
        raise _bad_type("[]interface {}", order)
    key = _field_of(written, ORDER, "invalid patch format of setElementOrder list")
    for side in (live, patch):
        if key in side and not isinstance(side[key], list):
            raise _bad_type("[]interface {}", side[key])
    before, change = live.get(key), patch.get(key)
    if not isinstance(_schema(path, key), Many | Anything) and key not in POINTERS:
        raise plain_error("expected slice or array type, but got: struct")
    here = (*path, key)
    merge_key = MERGE_KEYS.get(here)
    _check_order(change or [], order, merge_key)
    if before is None and change is None:
        return
    if change is None:
        merged = before or []
    else:
        merged = _without_directed(change) if before is None else _merge_list(list(before), change, here)
    _are_maps(before or [], change or [])
    live[key] = _in_order(merged, order, before or [], merge_key)
    patch.pop(key, None)


def _check_order(patch: list[Any], order: list[Any], merge_key: str | None) -> None:
    """Check that the entries of the patch are in the order that the patch itself gives."""
    if not order or not patch:
        return
    kept = [item for item in patch if merge_key is None or not _is_deleted(item)]
    rest = iter(order)
    for item in kept:
        if isinstance(item, dict) and DIRECTIVE in item:
            continue
        if not any(_same_key(item, wanted, merge_key) for wanted in rest):
            listed = f"{go_map(patch)}\n doesn't match {ORDER} list:\n{go_map(order)}\n"
            raise plain_error(f"The order in patch list:\n{listed}")


def _same_key(item: Any, wanted: Any, merge_key: str | None) -> bool:
    for side in (item, wanted):
        if merge_key is not None and not isinstance(side, dict):
            raise _bad_type("map[string]interface {}", side)
    return _key_of(item, merge_key) == _key_of(wanted, merge_key)


def _obey_directives(live: list[Json], patch: list[Json], merge_key: str) -> tuple[list[Json], list[Json]]:
    """Obey the ``$patch`` of single entries; return the live list and the patch without them."""
    replaced, rest = False, []
    for entry in patch:
        if DIRECTIVE not in entry:
            rest.append(entry)
        elif entry[DIRECTIVE] == "delete":
            gone = _key_of(entry, merge_key)
            live = [known for known in live if merge_key not in known or _key_of(known, merge_key) != gone]
        elif entry[DIRECTIVE] == "replace":
            replaced = True
        elif entry[DIRECTIVE] == "merge":
            raise plain_error("merging lists cannot yet be specified in the patch")
        else:
            raise _unknown_directive(entry)
    return (rest, []) if replaced else (live, rest)


def _merge_entries(live: list[Json], patch: list[Json], merge_key: str, path: Path) -> list[Json]:
    """Merge the entries of a patch: each into the first entry with its key, or as a new one."""
    merged = list(live)
    places: dict[Key, int] = {}
    for number, known in enumerate(live):
        if merge_key in known:
            places.setdefault(_key_of(known, merge_key), number)
    for entry in patch:
        place = places.setdefault(_key_of(entry, merge_key), len(merged))
        if place < len(merged):
            merged[place] = _merge_map(merged[place], entry, path)
        else:
            merged.append(entry)
    return merged


def _in_order(merged: list[Any], named: list[Any], live: list[Any], merge_key: str | None) -> list[Any]:
    """Put the named entries in their order, and between them those that only the server knows, in the live order."""
    keys = [_key_of(item, merge_key) for item in merged]
    for number, item in enumerate(named):
        if merged and merge_key is not None and not isinstance(item, dict):
            raise plain_error(f"value for key {number} is not a map")
    named_places, live_places = (_first_places(items, merge_key) for items in (named, live))
    both = list(zip(keys, merged, strict=True))
    ours = _sorted_by([pair for pair in both if pair[0] in named_places], named_places)
    theirs = _sorted_by([pair for pair in both if pair[0] not in named_places], live_places)
    result = []
    while ours and theirs:
        first, second = (live_places.get(side[0][0]) for side in (theirs, ours))
        server_first = first is not None and second is not None and first < second
        result.append((theirs if server_first else ours).pop(0)[1])
    return result + [item for _, item in (*theirs, *ours)]


def _first_places(items: list[Any], merge_key: str | None) -> dict[Key, int]:
    places: dict[Key, int] = {}
    for number, item in enumerate(items):
        places.setdefault(_key_of(item, merge_key), number)
    return places


def _sorted_by(pairs: list[tuple[Key, Any]], places: dict[Key, int]) -> list[tuple[Key, Any]]:
    """Sort entries by their places.

    The server takes an entry without a place for less than every other one, and every other one for less than it. With
    that its insertion sort reverses such lists; lists longer than one block of that sort are left as they are.
    """
    if all(key in places for key, _ in pairs):
        return sorted(pairs, key=lambda pair: places[pair[0]])
    ordered = list(pairs)
    for number in range(1, len(ordered) if len(ordered) <= SORTED_BLOCK else 0):
        place = number
        while place > 0 and _less(ordered[place][0], ordered[place - 1][0], places):
            ordered[place - 1], ordered[place] = ordered[place], ordered[place - 1]
            place -= 1
    return ordered


def _less(one: Key, other: Key, places: dict[Key, int]) -> bool:
    return one not in places or other not in places or places[one] < places[other]


def _is_deleted(item: Any) -> bool:
    if not isinstance(item, dict):
        raise _bad_type("map[string]interface {}", item)
    return item.get(DIRECTIVE) == "delete"


def _key_of(item: Any, merge_key: str | None) -> Key:
    """Return what an entry is known by: its merge key, in a list of scalars the value itself."""
    if merge_key is not None:
        if not isinstance(item, dict):
            raise _bad_type("map[string]interface {}", item)
        if merge_key not in item:
            raise plain_error(f"map: {go_map(item)} does not contain declared merge key: {merge_key}")
        item = item[merge_key]
    return go_type(item), id(item) if isinstance(item, dict | list) else item


def _are_maps(live: list[Any], patch: list[Any]) -> bool:
    """Check that all entries are of one type; return True if they are maps."""
    types = [go_type(item) for item in (*live, *patch)]
    if types and types[0] == "[]interface {}":
        raise ApiError(422, "Invalid", REJECTED)
    if len(set(types)) > 1:
        raise plain_error(f"list element types are not identical: [{go_map(live)} {go_map(patch)}]")
    if not types:
        raise plain_error("no elements in any of the given slices")
    return types[0] == "map[string]interface {}"


def _bad_type(wanted: str, value: Any) -> ApiError:
    got = "%!s(<nil>)" if value is None else go_type(value)
    return plain_error(f"expected a {wanted}, but received a {got}")


# -- fields ------------------------------------------------------------------------------------------------------------


def _field_of(written: str, prefix: str, problem: str) -> str:
    start, slash, key = written.partition("/")
    if not slash or start != prefix:
        raise bad_request(problem)
    return key


def _schema(path: Path, key: str) -> Schema:
    """Return the schema of a field; a struct that has no such field is an error."""
    schema: Schema = SERVICE
    for name in (*path, key):
        schema = schema.item if isinstance(schema, Many) else schema
        if isinstance(schema, Texts):
            raise plain_error("merging an object in json but data type is not struct, instead is: map")
        if not isinstance(schema, Struct):
            return Anything()
        if name not in schema.fields:
            missing = f'unable to find api field in struct {schema.name} for the json field "{name}"'
            raise plain_error(missing)
        schema = schema.fields[name]
    return schema


# -- Go's words --------------------------------------------------------------------------------------------------------


def go_type(value: Any) -> str:
    """Name the type that Go gives a JSON value.

    Examples
    --------
    >>> [go_type(value) for value in ("80", 80, 80.5, True, [], {})]
    ['string', 'int64', 'float64', 'bool', '[]interface {}', 'map[string]interface {}']
    """
    names: list[tuple[type, str]] = [
        (bool, "bool"), (str, "string"), (int, "int64"), (float, "float64"), (Mapping, "map[string]interface {}"),
        (list, "[]interface {}"),
    ]  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "<nil>")


def _go_typed(value: Any) -> str:
    return "<nil>" if value is None else f"{go_type(value)}={go_map(value)}"


def go_map(value: Any) -> str:
    """Print plain objects as Go's ``%v`` does.

    Examples
    --------
    >>> go_map({"spec": {"ports": [{"port": 80}], "type": None}})
    'map[spec:map[ports:[map[port:80]] type:<nil>]]'
    """
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{go_map(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(map(go_map, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not hasattr(value, "literal"):
        return _go_float(value)
    return value if isinstance(value, str) else json_word(value, literal=True).removeprefix("number ")


def _go_float(value: float) -> str:
    """Print a float as Go's ``%v`` does: shortest digits, an exponent from the seventh place on."""
    number = Decimal(repr(value)).normalize()
    power = number.adjusted()
    if not value or -4 <= power < EXPONENT_FROM:
        return f"{number:f}"
    digits = "".join(map(str, number.as_tuple().digits))
    return f"{'-' if value < 0 else ''}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{power:+03d}"


EXPONENT_FROM = 6
