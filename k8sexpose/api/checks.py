"""Checks of arguments that all public functions share: numbers, words, files and types.

Each check names the parameter in its sentence and says what would be right. Numbers of NumPy are numbers; True and
False are none, and neither is text.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import fields
from datetime import UTC, datetime
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

__all__ = [
    "CLOCK_END_S",
    "SURROGATE",
    "check_arguments",
    "check_fields",
    "count",
    "is_file",
    "one_of",
    "port_ranges",
    "positive",
    "quantile",
    "quantity",
    "seconds",
    "share",
    "shares",
    "shown",
    "utilisation",
]

# Cluster time starts with the year 2026, and no timestamp is later than the year 9999.
CLOCK_END_S = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()
LARGEST = 1e15  # of quantities: beyond it a float no longer counts single units
ROUNDING = 1e-9  # by which a sum of parts may exceed the whole
MOST_SHOWN = 60
LARGEST_PORT = 65535
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a pair of UTF-16, which is no character: UTF-8 cannot hold it


def shown(value: object) -> str:
    """Return a value as it stands in a sentence: cut, and an object without an address in memory.

    Examples
    --------
    >>> shown("x" * 100)[-4:], shown(3)
    ('xxx…', '3')
    """
    if value is None or isinstance(value, bool | int | float | str | bytes):
        start = value[: MOST_SHOWN + 2] if isinstance(value, str | bytes) else value
        try:
            text = repr(start)
        except ValueError:  # an integer of more digits than Python prints
            return "a very long number"
    elif isinstance(value, Real):
        text = str(value)
    else:
        name = type(value).__name__
        return f"{'an' if name[0] in 'AEIOUaeio' else 'a'} {name}"
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"


def is_file(path: Path) -> bool:
    """Return True if there is such a file; a name that is too long for the system is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _number(value: object, name: str, what: str) -> float:
    """Return a real number as a float; a ValueError says what is expected."""
    if isinstance(value, Real) and not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        try:
            return float(value)
        except (OverflowError, ValueError):
            pass
    raise ValueError(f"{name} is {what}, not {shown(value)}")


def quantity(value: object, name: str, *, at_most: float = LARGEST) -> float:
    """Return a finite number from 0 on.

    Examples
    --------
    >>> quantity(2, "hop_ms")
    2.0
    >>> quantity(float("nan"), "hop_ms")
    Traceback (most recent call last):
        ...
    ValueError: hop_ms is a number from 0 on, not nan
    """
    found = _number(value, name, "a number from 0 on")
    if not 0 <= found < math.inf:
        raise ValueError(f"{name} is a number from 0 on, not {shown(value)}")
    if found > at_most:
        raise ValueError(f"{name} is a number up to {at_most:g}, not {shown(value)}")
    return found


def positive(value: object, name: str, *, at_most: float = LARGEST, at_least: float = 1e-12) -> float:
    """Return a finite number above 0.

    Examples
    --------
    >>> positive(0, "service_ms")
    Traceback (most recent call last):
        ...
    ValueError: service_ms is a number above 0, not 0
    """
    found = _number(value, name, "a number above 0")
    if not 0 < found < math.inf:
        raise ValueError(f"{name} is a number above 0, not {shown(value)}")
    if not at_least <= found <= at_most:
        raise ValueError(f"{name} is a number from {at_least:g} to {at_most:g}, not {shown(value)}")
    return found


def seconds(value: object, name: str) -> float:
    """Return a number of seconds that the clock can hold.

    Examples
    --------
    >>> seconds(-5, "grace_s")
    Traceback (most recent call last):
        ...
    ValueError: grace_s is a number of seconds from 0 on, not -5
    """
    found = _number(value, name, "a number of seconds from 0 on")
    if not 0 <= found < math.inf:
        raise ValueError(f"{name} is a number of seconds from 0 on, not {shown(value)}")
    if found > CLOCK_END_S:
        raise ValueError(f"{name} is {shown(value)} seconds; the clock ends with the year 9999, after {CLOCK_END_S:g}")
    return found


def count(value: object, name: str, *, at_least: int = 1, at_most: int | None = None) -> int:
    """Return a whole number of things.

    Examples
    --------
    >>> count(True, "workers")
    Traceback (most recent call last):
        ...
    ValueError: workers is a whole number from 1 on, not True
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} is a whole number from {at_least} on, not {shown(value)}")
    found = operator.index(value)
    if at_most is not None and found > at_most:
        raise ValueError(f"{name} is a whole number from {at_least} to {at_most:,}, not {shown(value)}")
    return found


def share(value: object, name: str) -> float:
    """Return a part of the whole, from 0 to 1.

    Examples
    --------
    >>> share(1.5, "hop_share")
    Traceback (most recent call last):
        ...
    ValueError: hop_share is a number from 0 to 1, not 1.5
    """
    found = _number(value, name, "a number from 0 to 1")
    if not 0 <= found <= 1 + ROUNDING:
        raise ValueError(f"{name} is a number from 0 to 1, not {shown(value)}")
    return min(found, 1.0)


def quantile(value: object, name: str = "quantile") -> float:
    """Return a quantile: above 0, below 1.

    Examples
    --------
    >>> quantile(99)
    Traceback (most recent call last):
        ...
    ValueError: quantile is a number between 0 and 1, such as 0.99, not 99
    """
    found = _number(value, name, "a number between 0 and 1, such as 0.99")
    if not 0 < found < 1:
        raise ValueError(f"{name} is a number between 0 and 1, such as 0.99, not {shown(value)}")
    return found


def utilisation(value: object, name: str = "utilisation") -> float:
    """Return the part of the time in which a worker is busy: above 0, below 1.

    Examples
    --------
    >>> utilisation(1)
    Traceback (most recent call last):
        ...
    ValueError: utilisation is a number between 0 and 1, not 1
    """
    found = _number(value, name, "a number between 0 and 1")
    if not 0 < found < 1:
        raise ValueError(f"{name} is a number between 0 and 1, not {shown(value)}")
    return found


def shares(values: object, name: str) -> tuple[Any, ...]:
    """Return the numbers of a list, each from 0 on; an empty list is refused.

    Examples
    --------
    >>> shares((), "loads")
    Traceback (most recent call last):
        ...
    ValueError: loads is a list of numbers from 0 on, and not empty
    """
    listed = tuple(values) if isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping) else ()
    if not listed:
        raise ValueError(f"{name} is a list of numbers from 0 on, and not empty")
    for number, value in enumerate(listed):
        quantity(value, f"{name}[{number}]")
    return listed


def one_of(value: object, name: str, words: Iterable[str | None], note: str = "") -> None:
    """Check that a word is one of a closed set.

    Examples
    --------
    >>> one_of("banana", "mode", ("iptables", "nftables"))
    Traceback (most recent call last):
        ...
    ValueError: mode is one of iptables, nftables, not 'banana'
    """
    listed = list(words)
    if not (value is None or isinstance(value, str)) or value not in listed:
        raise ValueError(f"{name} is one of {', '.join(map(str, listed))}, not {shown(value)}{note}")


def port_ranges(values: object, name: str) -> tuple[tuple[int, int], ...]:
    """Return ranges of ports, each from the lower to the higher one.

    Examples
    --------
    >>> port_ranges((30000, 32767), "firewall")
    Traceback (most recent call last):
        ...
    ValueError: firewall is a list of port ranges such as ((30000, 32767),), and 30000 is none
    """
    what = f"{name} is a list of port ranges such as ((30000, 32767),)"
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping):
        raise ValueError(f"{what}, not {shown(values)}")
    found = []
    for entry in values:
        if not isinstance(entry, tuple | list) or len(entry) != 2:
            raise ValueError(f"{what}, and {shown(entry)} is none")
        low, high = (count(port, f"a port of {name}", at_least=0, at_most=LARGEST_PORT) for port in entry)
        if low > high:
            raise ValueError(f"{name} goes from the lower port to the higher one, not from {low} to {high}")
        found.append((low, high))
    return tuple(found)


# -- types, by the annotations -----------------------------------------------------------------------------------------

WORDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "True or False", "None": "None",
    "bytes": "bytes", "Path": "a Path", "Mapping": "a mapping", "dict": "a mapping", "ClusterState": "a Cluster",
    "Sequence": "a list", "Iterable": "a list", "tuple": "a tuple", "list": "a list", "Collection": "a list",
    "Callable": "a function", "Fraction": "a number",
}  # fmt: skip
ATOMS: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (float, int), "bool": (bool,), "bytes": (bytes,), "None": (type(None),),
}  # fmt: skip
LISTS = frozenset(("Sequence", "Iterable", "Collection", "list", "tuple"))
MAPPINGS = frozenset(("Mapping", "dict"))


def check_arguments(function: Callable[..., Any], given: Mapping[str, object]) -> None:
    """Check what a public function was given against its annotations, in its first line: ``(send, locals())``.

    Raises
    ------
    ValueError
        An argument is of a wrong type; the sentence names the parameter and says what it is.

    Examples
    --------
    >>> def greet(name: str) -> None:
    ...     check_arguments(greet, locals())
    >>> greet(3)
    Traceback (most recent call last):
        ...
    ValueError: name is text, not 3
    """
    for name, kind, spaces in _annotations(function):
        value = given[name]
        if value.__class__ not in kind.known:
            _check(value, name, kind, spaces)
            kind.remember(value)


def check_fields(value: Any) -> None:
    """Check the fields of a dataclass against their annotations, in its ``__post_init__``."""
    for name, kind, spaces in _field_annotations(value.__class__):
        found = getattr(value, name)
        if found.__class__ not in kind.known:
            _check(found, name, kind, spaces)
            kind.remember(found)


class _Annotation:
    """An annotation taken apart: the alternatives between bars, each with what stands in its brackets."""

    __slots__ = ("alternatives", "known", "simple", "words")

    def __init__(self, text: str) -> None:
        self.alternatives = [_parts(part) for part in _split(text, "|")]
        names = {name for name, _ in self.alternatives}
        self.known: set[type] = {kind for name, kinds in ATOMS.items() if name in names for kind in kinds}
        self.words = " or ".join(dict.fromkeys(_words(name, inner) for name, inner in self.alternatives))
        # Of lists and mappings of simple values: the classes that each entry, or each key and value, may have.
        self.simple: dict[type, tuple[frozenset[type], ...]] = {}
        for name, inner in self.alternatives:
            parts = _split(inner, ",")
            classes = tuple(frozenset(ATOMS.get(part, ())) for part in parts if part != "...")
            if name in MAPPINGS and len(classes) == 2:
                self.simple[dict] = classes
            elif name in LISTS and len(classes) == 1 and inner and (name != "tuple" or parts[-1] == "..."):
                self.simple |= {tuple: classes, list: classes}

    def holds_simple(self, value: Any) -> bool:
        """Return True for a list or mapping whose entries one look shows to be right; False says nothing."""
        classes = self.simple.get(value.__class__, ())
        if len(classes) == 1:
            return classes[0].issuperset(map(type, value))
        return len(classes) == 2 and (
            classes[0].issuperset(map(type, value)) and classes[1].issuperset(map(type, value.values()))
        )

    def remember(self, value: object) -> None:
        """Keep the class of a value that has passed, where every value of it would pass."""
        if not isinstance(value, str | bytes | Iterable):
            self.known.add(value.__class__)


def _words(name: str, inner: str) -> str:
    """Return an alternative of an annotation in words."""
    if name == "Literal":
        return "one of " + ", ".join(part.strip("'\"") for part in _split(inner, ","))
    if name in LISTS and inner:
        first = _split(inner, ",")[0]
        several = {"str": "texts", "int": "whole numbers", "float": "numbers"}.get(first, "")
        return f"{WORDS[name]} of {several}" if several else WORDS[name]
    return WORDS.get(name, f"{'an' if name[:1] in 'AEIO' else 'a'} {name}")


# Texts of annotations are few: each is taken apart once.
_annotation = functools.cache(_Annotation)


@functools.cache
def _annotations(function: Callable[..., Any]) -> tuple[tuple[str, _Annotation, Any], ...]:
    """Return the name, the annotation and the name space of each parameter that has an annotation."""
    function = inspect.unwrap(function)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.annotation is not parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD,
        ):  # fmt: skip
            found.append((name, _Annotation(str(parameter.annotation)), function.__globals__))
    return tuple(found)


@functools.cache
def _field_annotations(owner: Any) -> tuple[tuple[str, _Annotation, Any], ...]:
    """Return the same for the fields of a dataclass."""
    module = inspect.getmodule(owner)
    return tuple((field.name, _Annotation(str(field.type)), vars(module)) for field in fields(owner))


def _split(text: str, bar: str) -> list[str]:
    """Split an annotation at a sign, outside of brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == bar and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


@functools.cache
def _split_list(text: str) -> list[str]:
    """Return the parts of a text between commas, outside of brackets."""
    return _split(text, ",")


def _parts(text: str) -> tuple[str, str]:
    """Return the last name of an alternative, and what stands in its brackets."""
    match = re.fullmatch(r"([\w.]+)(?:\[(.*)\])?", text, re.DOTALL)
    return (match[1].rpartition(".")[2], match[2] or "") if match else ("Any", "")


def _check(value: object, name: str, kind: _Annotation, spaces: Mapping[str, Any]) -> None:
    """Raise a ValueError if a value is none of the alternatives."""
    if kind.holds_simple(value):
        return
    if any(_is(value, alternative, inner, spaces) for alternative, inner in kind.alternatives):
        return
    for alternative, inner in kind.alternatives:
        fits = _list_like(value) if alternative in LISTS else alternative in MAPPINGS and isinstance(value, Mapping)
        if fits and inner:
            _check_entries(value, name, alternative, inner, spaces)
    raise ValueError(f"{name} is {kind.words}, not {shown(value)}")


def _check_entries(value: Any, name: str, kind: str, inner: str, spaces: Mapping[str, Any]) -> None:
    """Raise a ValueError that names the first entry of a wrong type."""
    parts = _split(inner, ",")
    if kind in MAPPINGS:
        for key, entry in value.items():
            _check(key, f"a key of {name}", _Annotation(parts[0]), spaces)
            _check(entry, f"{name}[{shown(key)}]", _Annotation(parts[-1]), spaces)
    elif kind != "tuple" or parts[-1] == "...":
        for number, entry in enumerate(value):
            _check(entry, f"{name}[{number}]", _Annotation(parts[0]), spaces)


def _list_like(value: object) -> bool:
    """Return True for something that can be walked and counted, and is neither text nor a mapping."""
    return isinstance(value, Sized) and isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _is(value: object, kind: str, inner: str, spaces: Mapping[str, Any]) -> bool:
    """Return True if a value is of a kind, and its entries are of theirs."""
    if kind in ("Any", "object"):
        return True
    if kind == "None":
        return value is None
    if kind == "Literal":
        return isinstance(value, str) and value in [part.strip("'\"") for part in _split(inner, ",")]
    if kind == "bool":
        return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
    if kind in ("int", "float"):
        number = Integral if kind == "int" else Real
        return isinstance(value, number) and not isinstance(value, bool)
    if kind in LISTS:
        walkable = kind == "Iterable" and isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
        return (_list_like(value) and _entries_fit(value, kind, inner, spaces)) or (
            walkable and not isinstance(value, Sized)
        )
    if kind in MAPPINGS:
        return isinstance(value, Mapping) and _entries_fit(value, kind, inner, spaces)
    if kind == "Callable":
        return callable(value)
    found = spaces.get(kind)
    if found is not None and not isinstance(found, type):
        return _of_alias(value, found)
    if getattr(found, "_is_protocol", False):
        wanted = {*vars(found), *getattr(found, "__annotations__", ())}
        return all(hasattr(value, attribute) for attribute in wanted if not attribute.startswith("_"))
    return kind in [base.__name__ for base in type(value).__mro__]


def _of_alias(value: object, alias: Any) -> bool:
    """Return True if a value is of a named union of classes; other aliases are not looked into."""
    if isinstance(alias, UnionType):
        return isinstance(value, tuple(get_origin(part) or part for part in get_args(alias)))
    return get_args(alias) == () or not isinstance(alias, type(Literal["a"])) or value in get_args(alias)


def _entries_fit(value: Any, kind: str, inner: str, spaces: Mapping[str, Any]) -> bool:
    """Return True if every entry of a list or mapping is of the kind in the brackets."""
    parts = _split_list(inner) if inner else []
    if not parts or (len(parts) == 1 and parts[0] in ("Any", "object")):
        return True
    if kind in MAPPINGS:
        keys, entries = _annotation(parts[0]), _annotation(parts[-1])
        return all(_fits(key, keys, spaces) and _fits(entry, entries, spaces) for key, entry in value.items())
    if kind == "tuple" and parts[-1] != "...":
        listed = list(value)
        return len(listed) == len(parts) and all(
            _fits(entry, _annotation(part), spaces) for entry, part in zip(listed, parts, strict=True)
        )
    entry_kind = _annotation(parts[0])
    return all(_fits(entry, entry_kind, spaces) for entry in value)


def _fits(value: object, kind: _Annotation, spaces: Mapping[str, Any]) -> bool:
    """Return True if a value is one of the alternatives of an annotation."""
    if value.__class__ in kind.known:
        return True
    return any(_is(value, alternative, inner, spaces) for alternative, inner in kind.alternatives)
