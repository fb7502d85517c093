"""JSONPath as kubectl has it: ``-o jsonpath=``, ``-o custom-columns=`` and ``--sort-by=``.

A template is text with paths in braces; a path walks over plain objects. Beyond plain JSONPath there are
``{range PATH}…{end}``, texts in quotes, and a union of names or places in brackets.

Source: ``staging/src/k8s.io/client-go/util/jsonpath`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ..api.errors import go_quote
from ..api.manifest import JsonNumber
from ..api.strategic_patch import go_map
from .result import KubectlError

__all__ = ["find", "path_of", "render"]

MAX_STEPS = 200
Values = list[Any]
Step = Callable[[Values], Values]


def render(template: str, value: Any, *, as_json: bool = False) -> str:
    r"""Fill in a template.

    Parameters
    ----------
    template : str
        What stands behind ``-o jsonpath=``.
    value : object
        Plain objects.
    as_json : bool
        Print each part as a JSON list of what it leads to.

    Returns
    -------
    str
        The text; what is missing in the objects leaves nothing.

    Raises
    ------
    KubectlError
        The template cannot be read, or a place is outside of its list.

    Examples
    --------
    >>> services = {"items": [{"name": "a", "ports": [80, 443]}, {"name": "b", "ports": []}]}
    >>> print(render(r'{range .items[*]}{.name}{"\t"}{.ports[*]}{"\n"}{end}', services).replace("\t", "|"), end="")
    a|80 443
    b|
    """
    pieces = list(_pieces(template))
    show = _as_list if as_json else _as_words
    try:
        text, rest = _filled(pieces, [value], value, show)
        if rest:
            raise _CannotFollow("not in range, nothing to end")
    except _CannotFollow as error:
        raise KubectlError(
            f"error executing jsonpath {go_quote(template)}: Error executing template: {error}. Printing more "
            f"information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath "
            f"engine was:\n\t\t{_go_syntax(value)}\n\n"
        ) from None
    return text


def find(path: str, value: Any) -> Values:
    """Return what a path leads to.

    Examples
    --------
    >>> find(
    ...     path_of(".spec.ports[?(@.name=='http')].nodePort"),
    ...     {"spec": {"ports": [{"name": "http", "nodePort": 30080}]}},
    ... )
    [30080]
    """
    return _walk(path, [value], value)


def path_of(text: str) -> str:
    """Return a path that may stand without braces and without its first dot, as for ``--sort-by``.

    Examples
    --------
    >>> path_of("{.metadata.name}"), path_of("metadata.name")
    ('.metadata.name', '.metadata.name')
    """
    bare = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if not bare or "{" in bare or "}" in bare:
        wanted = "a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        raise KubectlError(f"unexpected path string, expected {wanted}")
    return bare if bare.startswith((".", "[", "$", "@")) else f".{bare}"


class _CannotFollow(KubectlError):
    """A path that can be read leads nowhere."""


def _go_syntax(value: Any) -> str:
    """Write plain objects as Go's ``%#v`` does."""
    if isinstance(value, Mapping):
        members = ", ".join(f"{go_quote(key)}:{_go_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{members}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    if value is None:
        return "interface {}(nil)"
    return go_quote(value) if isinstance(value, str) else go_map(value)


# -- templates ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: text, or what stands in braces."""

    text: str
    action: bool = False


def _pieces(template: str) -> Iterator[Piece]:
    place = 0
    while place < len(template):
        start = template.find("{", place)
        if start < 0:
            yield Piece(template[place:])
            return
        if start > place:
            yield Piece(template[place:start])
        end = _closing(template, start)
        yield Piece(template[start + 1 : end].strip(), action=True)
        place = end + 1


def _closing(template: str, start: int) -> int:
    """Return the place of the brace that closes an action; one in quotes does not."""
    quote = ""
    place = start + 1
    while place < len(template):
        char = template[place]
        if char == "\\":
            place += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "}":
            return place
        place += 1
    raise KubectlError(f"error parsing jsonpath {template}, unclosed action")


def _filled(pieces: Sequence[Piece], here: Values, root: Any, show: Callable[[Values], str]) -> tuple[str, list[Piece]]:
    """Fill in pieces up to the ``end`` of this range; return the text, and the pieces behind it."""
    text = ""
    waiting = list(pieces)
    while waiting:
        piece = waiting.pop(0)
        if not piece.action:
            text += show([piece.text])
        elif piece.text == "end":
            return text, [piece, *waiting]
        elif piece.text.startswith("range"):
            inside, behind = _range(waiting)
            for value in _walk(piece.text.removeprefix("range").strip(), here, root):
                text += _filled(inside, [value], root, show)[0]
            waiting = behind
        else:
            found = chain.from_iterable(_part(part, here, root) for part in _words(piece.text) or ["@"])
            text += show(list(found))
    return text, []


def _as_words(values: Values) -> str:
    return " ".join(map(_shown, values))


def _as_list(values: Values) -> str:
    return _json_text(values, indent=4) + "\n"


def _range(pieces: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Split at the ``end`` that belongs to a range."""
    depth = 1
    for place, piece in enumerate(pieces):
        depth += piece.action and piece.text.startswith("range")
        depth -= piece.action and piece.text == "end"
        if not depth:
            return pieces[:place], pieces[place + 1 :]
    return pieces, []


def _words(action: str) -> list[str]:
    """Split an action into paths and quoted texts; blanks in quotes or brackets do not split."""
    words = re.findall(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[[^\]]*\]|\\.|[^\s"'\[])+""", action)
    return words if "".join("".join(words).split()) == "".join(action.split()) else [action]


def _part(part: str, here: Values, root: Any) -> Values:
    quoted = re.fullmatch(r"""(["'])(.*)\1""", part, re.DOTALL)
    if quoted:
        return [_unquoted(quoted[2])]
    if re.fullmatch(r"true|false|-?\d{1,18}(\.\d{1,18})?", part):
        return [part]
    return _walk(part, here, root)


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), text, flags=re.DOTALL)


def _shown(value: Any) -> str:
    """Print a value: a text as it is, a map or list as JSON."""
    if isinstance(value, Mapping | list):
        return _json_text(value)
    return value.literal if isinstance(value, JsonNumber) else go_map(value)


def _json_text(value: Any, indent: int | None = None) -> str:
    """Write JSON as Go does, which escapes what HTML would read."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, sort_keys=True)
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


# -- paths -------------------------------------------------------------------------------------------------------------

_STEP = re.compile(
    r"""\.\.(?P<deep>\*|[^.\[\]\s]*)|\.(?P<name>(?:\\.|[^.\[\]\s\\])+)?|\[(?P<inside>(?:'[^']*'|"[^"]*"|[^\]'"])*)\]"""
    r"""|(?P<root>[$@])|(?P<bare>[^.\[\]$@]+)"""
)


def _walk(path: str, here: Values, root: Any) -> Values:
    """Follow a path from some values."""
    values = here
    place = steps = 0
    while place < len(path):
        step = _STEP.match(path, place)
        steps += 1
        if step is None or step.end() == place or steps > MAX_STEPS:
            char = path[place]
            wrong = f"unrecognized character in action: U+{ord(char):04X} {char!r}"
            raise KubectlError(f"error parsing jsonpath {{{path}}}, {'unterminated array' if char == '[' else wrong}")
        if step["root"]:
            values = [root] if step["root"] == "$" else values
        elif step["bare"]:
            raise _CannotFollow(f"unrecognized identifier {step['bare'].strip()}")
        elif step["inside"] is not None:
            values = _brackets(step["inside"].strip(), values, root, path)
        elif step["deep"] is not None:
            values = _deep(values, step["deep"])
        elif step["name"]:
            values = _members(values, re.sub(r"\\(.)", r"\1", step["name"]))
        place = step.end()
    return values


def _members(values: Values, name: str) -> Values:
    if name == "*":
        return _entries(values)
    return [value[name] for value in values if isinstance(value, Mapping) and name in value]


def _entries(values: Values) -> Values:
    """Return the members or entries of all values."""
    return list(chain.from_iterable(map(_children, values)))


def _children(value: Any) -> Values:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _deep(values: Values, name: str) -> Values:
    """Look for a name at every depth."""
    found: Values = []
    for value in values:
        found += _members([value], name) if name else [value]
        found += _deep(_children(value), name)
    return found


def _brackets(inside: str, values: Values, root: Any, path: str) -> Values:
    condition = re.fullmatch(r"\?\((.*)\)", inside, re.DOTALL)
    if condition:
        return [entry for entry in _entries(values) if _holds(condition[1].strip(), entry, root)]
    if inside == "*":
        return _entries(values)
    found: Values = []
    for part in re.findall(r"'[^']*'|\"[^\"]*\"|[^,\s]+", inside):
        name = re.fullmatch(r"'(.*)'", part)
        places = re.fullmatch(r"(-?\d{0,6})(?::(-?\d{0,6}))?(?::(-?\d{0,6}))?", part)
        if name:
            found += _walk(f".{name[1]}", values, root)
        elif places:
            found += chain.from_iterable(_places(part, value) for value in values)
        else:
            raise KubectlError(f"error parsing jsonpath {{{path}}}, invalid array index {part}")
    return found


def _places(part: str, value: Any) -> Values:
    """Return the entry, or the entries, that a place or ``start:end:step`` means."""
    if not isinstance(value, list):
        raise _CannotFollow(f"{go_map(value)[:60]} is not array or slice")
    bounds = [int(bound) if bound else None for bound in part.split(":")]
    if len(bounds) > 1:
        if len(bounds) == 3 and bounds[2] is not None and bounds[2] < 1:
            raise _CannotFollow("step must be > 0")
        return value[slice(*bounds)]
    place = bounds[0] or 0
    if not -len(value) <= place < len(value):
        raise _CannotFollow(f"array index out of bounds: index {place}, length {len(value)}")
    return [value[place]]


_CONDITION = re.compile(r"(?P<left>.+?)\s*(?P<op>==|!=|<=|>=|<|>)\s*(?P<right>.+)", re.DOTALL)


def _holds(condition: str, entry: Any, root: Any) -> bool:
    """Return True if a condition such as ``@.port==80`` holds; a bare path asks whether there is something."""
    unknown = re.search(r"[=<>!]=?([~&|])", condition)
    if unknown:
        char = f"U+{ord(unknown[1]):04X} '{unknown[1]}'"
        raise KubectlError(f"error parsing jsonpath, unrecognized character in action: {char} in {condition}")
    compared = _CONDITION.fullmatch(condition)
    if not compared:
        return bool(_walk(condition, [entry], root))
    sides = [_side(compared[name].strip(), entry, root) for name in ("left", "right")]
    if any(len(side) > 1 for side in sides):
        raise _CannotFollow("can only compare one element at a time")
    if not all(sides):
        return False
    left, right = sides[0][0], sides[1][0]
    if isinstance(left, str) != isinstance(right, str) or isinstance(left, bool) != isinstance(right, bool):
        return False
    return _compare(left, compared["op"], right)


def _compare(left: Any, op: str, right: Any) -> bool:
    if op in ("==", "!="):
        return bool((left == right) == (op == "=="))
    if isinstance(left, Mapping | list | bool | None) or isinstance(right, Mapping | list | bool | None):
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op])


def _side(text: str, entry: Any, root: Any) -> Values:
    """Return the values of one side of a condition: of a path, or the text or number itself."""
    quoted = re.fullmatch(r"""(["'])(.*)\1""", text, re.DOTALL)
    if quoted:
        return [_unquoted(quoted[2])]
    if text in ("true", "false"):
        return [text == "true"]
    if re.fullmatch(r"-?\d{1,18}", text):
        return [int(text)]
    if re.fullmatch(r"-?\d{1,18}\.\d{1,18}", text):
        return [float(text)]
    return _walk(text, [entry], root)
