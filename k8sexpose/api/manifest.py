"""From text to plain objects, as the Kubernetes programs read it.

YAML is read by the rules of the Go library (YAML 1.1 without base 60 and dates), errors are worded as it words
them, and nothing in a text can build an object, grow without bounds or nest without end.

Sources: ``sigs.k8s.io/yaml/goyaml.v2/{resolve,decode,scannerc}.go``; document splitting in
``staging/src/k8s.io/apimachinery/pkg/util/yaml/decoder.go``.
"""

from __future__ import annotations

import binascii
import importlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser, ParserError
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner, ScannerError

from .checks import SURROGATE
from .errors import ManifestError, go_quote

__all__ = ["Document", "Duplicate", "JsonNumber", "SeparatorError", "documents", "parse", "plain", "split"]

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 60
MAX_VALUES = 500_000  # with what aliases repeat
# Keys and values as written in one document, and documents in one text: together less than a second's work.
MAX_NODES = 40_000
MAX_DOCUMENTS = 2_000
MAX_APOSTROPHES = 100  # scalars with an escaped apostrophe: for each the text is read once more


@dataclass(frozen=True, slots=True)
class Duplicate:
    r"""A key that stands twice in one map.

    Parameters
    ----------
    line : int
        Line of the repeat, counted from 1.
    key : str
        The key, as Go prints it.

    Examples
    --------
    >>> parse("a: 1\na: 2").duplicates
    (Duplicate(line=2, key='"a"'),)
    """

    line: int
    key: str


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed document.

    Parameters
    ----------
    value : object
        None, bool, int, `JsonNumber`, str, list or dict (with its keys sorted, as JSON made from YAML has them).
    duplicates : tuple of Duplicate
        Keys that stand twice; the last one counts.
    text : str
        What was parsed.

    Examples
    --------
    >>> parse("port: 0x50").value
    {'port': 80}
    """

    value: Any
    duplicates: tuple[Duplicate, ...]
    text: str


class JsonNumber(float):
    """A number that is no integer, together with the letters in which JSON writes it.

    Examples
    --------
    >>> JsonNumber(80.5).literal
    '80.5'
    """

    def __new__(cls, value: float, literal: str | None = None) -> JsonNumber:
        """Keep the letters beside the number."""
        self = super().__new__(cls, value)
        self.literal = literal if literal is not None else _go_float(value)
        return self

    literal: str


def split(text: str | bytes) -> list[str]:
    r"""Split a file into documents, where kubectl does: at lines that start with ``---``.

    Parameters
    ----------
    text : str or bytes
        YAML or JSON; a byte order mark and CRLF line ends are fine.

    Examples
    --------
    >>> split("a: 1\n---\nb: 2\n")
    ['a: 1\n', 'b: 2\n']
    """
    return list(documents(text))


def documents(text: str | bytes) -> Iterator[str]:
    r"""Yield the documents of a text one by one; as `split`."""
    text = _clean(text)
    parts = _split_json(text) if text.lstrip().startswith("{") else _split_yaml(text)
    for number, part in enumerate(parts, 1):
        if number > MAX_DOCUMENTS:
            raise ManifestError(f"the text has more than {MAX_DOCUMENTS:,} documents, which are not read")
        yield part


class SeparatorError(ManifestError):
    r"""A line begins like a separator of documents, and is none.

    Examples
    --------
    >>> split("a: 1\n----\nb: 2")
    Traceback (most recent call last):
        ...
    k8sexpose.api.manifest.SeparatorError: invalid Yaml document separator: -
    """


def _split_yaml(text: str) -> Iterator[str]:
    """Yield the lines between separators; one that follows nothing stays, so that line numbers do (YAMLReader)."""
    lines: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("---"):
            rest = line.removeprefix("---").strip()
            if rest and not rest.startswith("#"):
                raise SeparatorError(f"invalid Yaml document separator: {rest}")
            if lines:
                yield "\n".join([*lines, ""])
                lines = []
                continue
        lines.append(line)
    if lines:
        yield "\n".join([*lines, ""])


def parse(text: str | bytes) -> Document:
    """Parse the first document of a text.

    Parameters
    ----------
    text : str or bytes
        YAML; JSON is YAML, too.

    Examples
    --------
    >>> parse("name: y").value
    {'name': True}
    """
    text = _clean(text)
    if any(version != "1.1" for version in re.findall(r"^%YAML[ \t]+([0-9.]+)", _directives(text), re.MULTILINE)):
        raise ManifestError("yaml: found incompatible YAML document")
    node, names = _composed(text)
    builder = _Builder(names)
    value = builder.build(node) if node is not None else None
    if builder.has_no_json:
        _refuse_no_json(value)
    return Document(value, tuple(builder.duplicates), text)


def _directives(text: str) -> str:
    """Return the lines before the first document: directives, comments, empty lines."""
    match = re.match(r"(?:[%#][^\n]*\n|[ \t]*(?:#[^\n]*)?\n)*(?:%[^\n]*)?", text)
    return match[0] if match else ""


def _composed(text: str) -> tuple[Node | None, dict[int, str]]:
    r"""Return the node graph of the first document, and the anchors' names by the ids of their nodes.

    Go reads ``\'`` between double quotes as an apostrophe, which PyYAML does not know: such a scalar is written anew.
    """
    for _ in range(MAX_APOSTROPHES):
        loader = None
        try:
            loader = _Loader(text)
            loader.get_event()
            node = None if loader.check_event(yaml.StreamEndEvent) else loader.compose_document()
            return node, loader.names
        except yaml.MarkedYAMLError as error:
            again = _without_escaped_apostrophes(text, error)
            if again is None:
                raise ManifestError(f"yaml: {_go_words(error)}") from None
            text = again
        except ReaderError:
            raise ManifestError("yaml: control characters are not allowed") from None
        finally:
            if loader is not None:
                loader.dispose()
    raise ManifestError(f"yaml: more than {MAX_APOSTROPHES} texts with an escaped apostrophe")


def _without_escaped_apostrophes(text: str, error: yaml.MarkedYAMLError) -> str | None:
    """Rewrite the scalar in which the scanner met an unknown escape; None where that is no apostrophe."""
    if "unknown escape character" not in (error.problem or "") or error.context_mark is None:
        return None
    start = error.context_mark.index
    scalar_text = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, start)
    if scalar_text is None:
        return None
    written = re.sub(r"\\(.)", lambda escape: "'" if escape[1] == "'" else escape[0], scalar_text[0], flags=re.DOTALL)
    return None if written == scalar_text[0] else text[:start] + written + text[scalar_text.end() :]


def _clean(text: str | bytes) -> str:
    if not isinstance(text, str | bytes):
        raise ManifestError(f"a manifest is text, a Path or a mapping, not a {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ManifestError(f"the text has {len(text):,} characters; more than {MAX_CHARACTERS:,} are not read")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ManifestError(f"yaml: invalid UTF-8 at byte {error.start}") from None
    if SURROGATE.search(text):
        raise ManifestError("yaml: a lone surrogate is no character")
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _split_json(text: str) -> Iterator[str]:
    """Yield the JSON values that follow each other; what comes behind the first, or before it, may be YAML.

    Source: ``YAMLOrJSONDecoder`` in ``pkg/util/yaml/decoder.go`` (apimachinery).
    """
    decoder, count = json.JSONDecoder(parse_int=str, parse_constant=_no_constant), 0  # str: only the ends matter
    end = start = 0
    while (start := _behind_blanks(text, end)) < len(text):
        try:
            _, behind = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        yield text[start:behind]
        end, count = behind, count + 1
    rest = re.sub(r"\A[ \t\r]*\n?", "", text[end:])
    if start < len(text) and (count > 1 or len(rest.encode("utf-8", "replace")) < SHORTEST_YAML):
        raise ManifestError("a JSON object is followed by something that is neither JSON nor YAML")
    if start < len(text):
        yield from _split_yaml(rest)


SHORTEST_YAML = 4  # the bytes at which the Go library looks at once


def _behind_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _no_constant(word: str) -> None:
    raise ValueError(word)


# -- scalars -----------------------------------------------------------------------------------------------------------

_WORDS: dict[str, Any] = {word: None for word in ("", "~", "null", "Null", "NULL")}
_WORDS |= {w: True for word in ("y", "yes", "true", "on") for w in (word, word.capitalize(), word.upper())}
_WORDS |= {w: False for word in ("n", "no", "false", "off") for w in (word, word.capitalize(), word.upper())}
_WORDS |= {w: math.inf for word in (".inf", ".Inf", ".INF") for w in (word, "+" + word)}
_WORDS |= {w: -math.inf for w in ("-.inf", "-.Inf", "-.INF")}
_WORDS |= {w: math.nan for w in (".nan", ".NaN", ".NAN")}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}


def scalar(text: str) -> Any:
    """Read an unquoted YAML scalar as Go's YAML 1.1 does.

    Examples
    --------
    >>> [scalar(word) for word in ("0120", "8_080", "1e3", "off", "1:30", "2026-01-01")]
    [80, 8080, 1000, False, '1:30', '2026-01-01']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "")
    integer = _INTEGER.fullmatch(plain)
    if integer:
        base = integer.lastgroup or "dec"
        digits = integer[base].lstrip("0")[:66] or "0"  # more than 64 bits have; int() refuses very long texts
        value = int(digits, _BASES[base]) * (-1 if integer["sign"] == "-" else 1)
        if -(2**63) <= value < 2**64:
            return value
    # Beyond 64 bits a decimal number is a float, and where that overflows, or is no decimal one, a text (resolve.go).
    if _FLOAT.fullmatch(plain) and math.isfinite(float(plain)):
        return _number(float(plain))
    return text


def _number(value: float) -> int | JsonNumber:
    """Turn a float into what JSON made from YAML has: an integer where it is one."""
    if value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))  # as Go writes it: the shortest digits that mean this number, then zeros
    return JsonNumber(value)


def _go_float(value: float) -> str:
    """Write a float as Go's JSON does."""
    if value and not 1e-6 <= abs(value) < 1e21:
        mantissa, _, exponent = repr(value).partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}" if exponent else repr(value)
    return f"{Decimal(repr(value)):f}".removesuffix(".0")  # the shortest digits, and zeros behind them


# -- nodes to objects --------------------------------------------------------------------------------------------------

_TAG = "tag:yaml.org,2002:"
_PLAIN = _TAG + "plain"
_MERGE = _TAG + "merge"
_TAGGED = ("int", "float", "bool", "null", "timestamp")


class _PythonEvents(Reader, Scanner, Parser):
    """PyYAML's own parser: the browser's Python may have no other."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


# Where PyYAML was built with libyaml, that parses ten times faster.
_Events: Any = importlib.import_module("yaml.cyaml").CParser if yaml.__with_libyaml__ else _PythonEvents


class _Loader(Composer, _Events, BaseResolver):  # type: ignore[misc]
    """PyYAML up to the node graph, with plain scalars left unread and the depth bounded."""

    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.text = text
        self.depth = self.nodes = 0
        self.names: dict[int, str] = {}
        self.closing: list[str] = []  # of the flow collections around

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _TAG + "str"
        return _TAG + ("map" if kind is MappingNode else "seq")

    def compose_node(self, parent: Any, index: Any) -> Node | None:
        self.depth += 1
        self.nodes += 1
        if self.depth > MAX_DEPTH or self.nodes > MAX_NODES:
            line = self.peek_event().start_mark.line + 1
            much = (
                f"nested deeper than {MAX_DEPTH} levels"
                if self.depth > MAX_DEPTH
                else f"more than {MAX_NODES:,} values"
            )
            raise ManifestError(f"yaml: line {line}: {much}")
        event = self.peek_event()
        self._check_event(event)
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        if event.anchor is not None:
            self.names[id(node)] = event.anchor
        return node

    def _check_event(self, event: Any) -> None:
        """Do with an event what Go's library does and PyYAML does not."""
        if isinstance(event, yaml.AliasEvent):
            return
        self.anchors.pop(event.anchor, None)  # an anchor may be defined again
        if not isinstance(event, yaml.ScalarEvent):
            return
        start: Any = event.start_mark
        end: Any = event.end_mark
        written = self.text[start.index : end.index]
        if event.style == '"' and "/" in re.findall(r"\\(.)", written, re.DOTALL):
            raise ScannerError("", None, "found unknown escape character", start)
        if self.closing and event.implicit[0] and event.style in (None, "") and "?" in event.value[1:]:
            # Between brackets a question mark begins a key, and the text before it is a value without a comma.
            raise ParserError("", None, f"expected ',' or '{self.closing[-1]}'", end)

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        is_text = self.peek_event().tag == "!"
        node: ScalarNode = super().compose_scalar_node(anchor)
        if is_text:
            node.tag = _TAG + "str"
        return node

    def compose_sequence_node(self, anchor: Any) -> SequenceNode:
        with self._inside("]"):
            node: SequenceNode = super().compose_sequence_node(anchor)
        return node

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        with self._inside("}"):
            node: MappingNode = super().compose_mapping_node(anchor)
        return node

    @contextmanager
    def _inside(self, closing: str) -> Iterator[None]:
        flow = bool(self.peek_event().flow_style)
        if flow:
            self.closing.append(closing)
        yield
        if flow:
            self.closing.pop()


class _Builder:
    """Builds plain objects from nodes; an alias shares the object of its anchor."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names
        self.duplicates: list[Duplicate] = []
        self.built: dict[int, Any] = {}
        self.sizes: dict[int, int] = {}
        self.has_no_json = False

    def build(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if id(node) in self.sizes and id(node) not in self.built:
            raise ManifestError(f"yaml: anchor '{self.names.get(id(node), '')}' value contains itself")
        if id(node) not in self.built:
            self.sizes[id(node)] = 1
            self.built[id(node)] = self._make(node)
            if self.sizes[id(node)] > MAX_VALUES:
                raise ManifestError("yaml: document contains excessive aliasing")
        return self.built[id(node)]

    def _make(self, node: Node) -> Any:
        if isinstance(node, SequenceNode):
            return [self._child(node, item) for item in node.value]
        items: dict[str, Any] = {}
        written: set[str] = set()
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode) and key_node.value == "<<" and key_node.tag in (_PLAIN, _MERGE):
                items |= self._merge(node, value_node)  # what comes last wins, merged or not
                continue
            key = self._key(node, key_node, value_node)
            if key in written:
                printed = go_quote(key) if key_node.tag == _TAG + "str" or scalar(key) == key else key
                self.duplicates.append(Duplicate(key_node.start_mark.line + 1, printed))
            written.add(key)
            items[key] = self._child(node, value_node)
        return dict(sorted(items.items()))

    def _key(self, parent: Node, node: Node, value_node: Node) -> str:
        """Return a map key as the string that JSON needs."""
        value = self._child(parent, node)
        if value is None:
            there = _go_syntax(self._child(parent, value_node))
            raise ManifestError(f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {there}")
        return _key(value)

    def _child(self, parent: Node, node: Node) -> Any:
        value = self.build(node)
        self.sizes[id(parent)] += self.sizes.get(id(node), 1)  # a scalar is one value
        return value

    def _merge(self, parent: Node, node: Node) -> dict[str, Any]:
        sources = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in reversed(sources):
            value = self._child(parent, source)
            if not isinstance(value, dict):
                raise ManifestError("yaml: map merge requires map or sequence of maps as the value")
            merged |= value
        return merged

    def _scalar(self, node: ScalarNode) -> Any:
        if node.tag == _PLAIN:
            return self._noted(scalar(node.value))
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return node.value
        if kind == "binary":
            joined = re.sub(r"[\r\n]", "", node.value)
            try:
                return binascii.a2b_base64(joined, strict_mode=True).decode("utf-8", "replace")
            except ValueError:
                raise ManifestError("yaml: !!binary value contains invalid base64 data") from None
        if kind not in _TAGGED:
            return node.value
        found = _kind_of(node.value)
        if found != kind and (kind, found) != ("float", "int"):
            raise ManifestError(f"yaml: cannot decode !!{found} `{node.value}` as a !!{kind}")
        return node.value if kind == "timestamp" else self._noted(scalar(node.value))

    def _noted(self, value: Any) -> Any:
        """Note a number that JSON cannot write; whether it is the first is seen when all is built."""
        self.has_no_json = self.has_no_json or (isinstance(value, float) and not math.isfinite(value))
        return value


def _kind_of(text: str) -> str:
    """Name the type that Go's YAML resolves an unquoted scalar to."""
    value = scalar(text)
    if isinstance(value, bool):
        return "bool"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "timestamp" if _TIMESTAMP.fullmatch(text) else "str"
    return "int" if isinstance(value, int) and _INTEGER.fullmatch(text.replace("_", "")) else "float"


_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?)?)?"
)


def _refuse_no_json(value: Any) -> None:
    """Name the first number that JSON cannot write, as Go's encoder meets it."""
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise ManifestError(f"json: unsupported value: {name}")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_no_json(item)


def _key(value: Any) -> str:
    """Turn a map key into the string that JSON needs."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, JsonNumber):
        return value.literal
    if isinstance(value, float):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, str | int):
        return str(value)
    raise ManifestError(f"yaml: invalid map key: {_go_syntax(value)}")


def _go_syntax(value: Any) -> str:
    """Write what YAML holds as Go's ``%#v`` does."""
    if isinstance(value, dict):
        members = ", ".join(f"{go_quote(key)}:{_go_syntax(item)}" for key, item in value.items())
        return f"map[interface {{}}]interface {{}}{{{members}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    if isinstance(value, bool) or value is None:
        return "<nil>" if value is None else str(value).lower()
    return go_quote(value) if isinstance(value, str) else getattr(value, "literal", str(value))


# -- the words of the Go library ---------------------------------------------------------------------------------------

_EXPECTED = [
    (r"while parsing a block mapping", r"expected <block end>.*", "did not find expected key"),
    (r"while parsing a block collection", r"expected <block end>.*", "did not find expected '-' indicator"),
    (r"", r"expected '<document start>'.*", "did not find expected <document start>"),
    (r"", r"expected the node content.*", "did not find expected node content"),
    (r"", r"expected (',' or '[\]}]').*", r"did not find expected \1"),
    (r"", r"found character .* that cannot start any token", "found character that cannot start any token"),
    (r"", r"(mapping values|mapping keys) are not allowed here", r"\1 are not allowed in this context"),
    (r"", r"sequence entries are not allowed here", "block sequence entries are not allowed in this context"),
    (r"", r"expected alphabetic or numeric character.*", "did not find expected alphabetic or numeric character"),
    (r"", r"found unknown escape character.*", "found unknown escape character"),
    (r"", r"expected (.*), but found .*", r"did not find expected \1"),
]


def _go_words(error: yaml.MarkedYAMLError) -> str:
    """Word a PyYAML error as Go's library does, its line count (yaml.v2 ``parser.fail``) included."""
    alias = re.fullmatch(r"found undefined alias (.*)", error.problem or "", re.DOTALL)
    if alias:
        return f"unknown anchor {alias[1]} referenced"  # found only when the tree is built, without a line
    problem, context = error.problem or "unknown problem parsing YAML content", error.context or ""
    for where, pattern, words in _EXPECTED:
        if context.startswith(where) and re.fullmatch(pattern, problem, re.DOTALL):
            problem = re.sub(pattern, words, problem, flags=re.DOTALL)
            break
    if error.problem_mark is not None and error.problem_mark.line:
        line = error.problem_mark.line + isinstance(error, ScannerError)
    else:
        line = error.context_mark.line if error.context_mark is not None else 0
    return f"line {line}: {problem}" if line else problem


def lines_with_tabs(text: str) -> Iterator[int]:
    """Yield the numbers of the lines that are indented with a tab."""
    return (number for number, line in enumerate(text.split("\n"), 1) if re.match(r" *\t", line))


def plain(value: Any, where: str = "") -> Any:
    """Return a copy of Python objects as JSON would carry them: what code hands over is checked like text.

    Parameters
    ----------
    value : object
        Mappings with text as keys, lists and tuples, text, numbers, truth values, None.
    where : str
        The path of the value, for the message.

    Examples
    --------
    >>> plain({"ports": ({"port": b"80"},)})
    Traceback (most recent call last):
        ...
    k8sexpose.api.errors.ManifestError: ports[0].port: a value of type bytes cannot be sent as JSON
    """
    here = where or "the object"
    if where.count(".") + where.count("[") > MAX_DEPTH:
        raise ManifestError(f"{where[:60]}…: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or SURROGATE.search(key):
                raise ManifestError(f"{here}: the key {str(key)[:60]} of type {type(key).__name__} is no text")
        return {key: plain(one, f"{where}.{key}".lstrip(".")) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, f"{where}[{number}]") for number, one in enumerate(value)]
    if isinstance(value, str) and SURROGATE.search(value):
        raise ManifestError(f"{here}: a lone surrogate is no character")
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    what = f"the number {value}" if isinstance(value, float) else f"a value of type {type(value).__name__}"
    raise ManifestError(f"{here}: {what} cannot be sent as JSON")
