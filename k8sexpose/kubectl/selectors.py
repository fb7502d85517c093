"""``-l`` and ``--field-selector``: which objects are meant.

Sources: ``pkg/labels/selector.go``, ``pkg/fields/selector.go`` (apimachinery); ``pkg/apis/core/v1/conversion.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..api.errors import go_quote
from ..api.formats import label_key, label_value
from ..api.strategic_patch import go_map

__all__ = ["FieldTerm", "Requirement", "field_terms", "requirements", "selects"]


# -- field selectors ---------------------------------------------------------------------------------------------------

# The fields that the API server can select by.
FIELDS: dict[str, tuple[str, ...]] = {
    "Service": ("metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"),
    "Node": ("metadata.name", "spec.unschedulable"),
    "Pod": (
        "metadata.name", "metadata.namespace", "spec.hostNetwork", "spec.nodeName", "spec.restartPolicy",
        "spec.schedulerName", "spec.serviceAccountName", "status.nominatedNodeName", "status.phase", "status.podIP",
    ),
    "Event": (
        "involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "metadata.name",
        "metadata.namespace", "reason", "reportingComponent", "source", "type",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One condition of a field selector."""

    path: str
    value: str
    equal: bool

    def holds(self, shown: Mapping[str, Any]) -> bool:
        """Return True if the field of an object has the value, or has another one."""
        found: Any = shown
        for name in self.path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if self.path == "source":
            found = shown.get("source", {}).get("component")
        text = go_map(found) if found is not None else "false" if self.value in ("true", "false") else ""
        return (text == self.value) == self.equal


def field_terms(kind: str, selector: str) -> tuple[FieldTerm, ...]:
    """Read a field selector: ``metadata.name=web,spec.type!=ClusterIP``.

    Examples
    --------
    >>> [term.path for term in field_terms("Service", "metadata.name=web,spec.type!=ClusterIP")]
    ['metadata.name', 'spec.type']
    """
    terms = []
    for part in filter(None, selector.split(",")):
        term = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", part)
        if term is None:
            raise ValueError(f"invalid selector: '{selector}'; can't understand '{part}'")
        if term[1] not in FIELDS.get(kind, ("metadata.name", "metadata.namespace")):
            raise ValueError(f"field label not supported: {term[1]}")
        terms.append(FieldTerm(term[1], term[3], term[2] != "!="))
    return tuple(terms)


# -- label selectors ---------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\s*(?P<token>==|!=|[!=,()<>]|[^\s!=,()<>]+|$)")
OPERATORS = ("!=", "<", "=", "==", ">", "in", "notin")
SPECIAL = ("", "!", ",", "(", ")", *OPERATORS)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a label selector.

    Parameters
    ----------
    key : str
        Key of the label.
    operator : str
        One of ``OPERATORS``, ``exists`` or ``!``.
    values : tuple of str
        What is compared with.

    Examples
    --------
    >>> Requirement("app", "in", ("web", "api")).holds({"app": "web"})
    True
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return True if labels satisfy the term."""
        value = labels.get(self.key)
        if self.operator in ("exists", "!"):
            return (value is not None) == (self.operator == "exists")
        if self.operator in ("<", ">"):
            numbers = [
                text for text in (value, self.values[0]) if text is not None and re.fullmatch("[0-9]{1,18}", text)
            ]
            if len(numbers) < 2:
                return False
            return int(numbers[0]) < int(numbers[1]) if self.operator == "<" else int(numbers[0]) > int(numbers[1])
        return (value in self.values) == (self.operator not in ("!=", "notin"))


@lru_cache(maxsize=256)
def requirements(selector: str) -> tuple[Requirement, ...]:
    """Read a label selector: ``app=web,tier!=back,zone in (a, b),!old``.

    Parameters
    ----------
    selector : str
        As behind ``-l``.

    Returns
    -------
    tuple of Requirement
        All of them must hold.

    Raises
    ------
    ValueError
        The selector cannot be read; the server's words.

    Examples
    --------
    >>> [term.key for term in requirements("app=web,!old")]
    ['app', 'old']
    """
    return tuple(_Selector(selector).terms())


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Return True if labels satisfy a selector; as `requirements`.

    Examples
    --------
    >>> selects("app=web,tier notin (back),!old", {"app": "web"})
    True
    """
    return all(term.holds(labels) for term in requirements(selector))


class _Selector:
    """Reads a selector token by token."""

    def __init__(self, text: str) -> None:
        self.tokens = [match["token"] for match in _TOKEN.finditer(text)]
        if not self.tokens or self.tokens[-1]:
            self.tokens.append("")

    def take(self) -> str:
        return self.tokens.pop(0) if len(self.tokens) > 1 else ""

    def terms(self) -> Iterator[Requirement]:
        if not self.tokens[0]:
            return
        while True:
            if self.tokens[0] in SPECIAL and self.tokens[0] != "!":
                raise ValueError(f"found '{self.tokens[0]}', expected: !, identifier, or 'end of string'")
            try:
                yield self.term()
            except ValueError as error:
                raise ValueError(f"unable to parse requirement: {error}") from None
            behind = self.take()
            if not behind:
                return
            if behind != ",":
                raise ValueError(f"found '{behind}', expected: ',' or 'end of string'")
            if self.tokens[0] in SPECIAL and self.tokens[0] != "!":
                raise ValueError(f"found '{self.tokens[0]}', expected: identifier after ','")

    def term(self) -> Requirement:
        key = self.take()
        absent = key == "!"
        key = self.take() if absent else key
        if key in SPECIAL:
            raise ValueError(f"found '{key}', expected: identifier")
        if problems := label_key(key):
            raise ValueError(f"<nil>: Invalid value: {go_quote(key)}: {'; '.join(problems)}")
        if absent or self.tokens[0] in ("", ","):
            return Requirement(key, "!" if absent else "exists")
        operator = self.take()
        if operator not in OPERATORS:
            raise ValueError(f"found '{operator}', expected: {', '.join(OPERATORS)}")
        values = self.listed() if operator in ("in", "notin") else (self.value(),)
        for place, value in enumerate(values):
            if problems := label_value(value):
                where = f"values[{place}][{key}]"
                raise ValueError(f"{where}: Invalid value: {go_quote(value)}: {'; '.join(problems)}")
        return Requirement(key, operator, values)

    def value(self) -> str:
        if self.tokens[0] in ("", ","):
            return ""
        value = self.take()
        if value in SPECIAL and value not in ("in", "notin"):
            raise ValueError(f"found '{value}', expected: identifier")
        return value

    def listed(self) -> tuple[str, ...]:
        start = self.take()
        if start != "(":
            raise ValueError(f"found '{start}' expected: '('")
        values: list[str] = []
        while True:
            values.append("" if self.tokens[0] in (",", ")") else self.take())
            behind = self.take()
            if behind == ")":
                return tuple(values)
            if behind != ",":
                raise ValueError(f"found '{behind}', expected: ',' or ')'")
