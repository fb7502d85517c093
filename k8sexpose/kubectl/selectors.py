"""``-l`` and ``--field-selector``: which objects are meant.

Sources: ``pkg/labels/selector.go``, ``pkg/fields/selector.go`` (apimachinery); ``pkg/apis/core/v1/conversion.go``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import bad_request
from ..strategicpatch import go_map
from .completed import KubectlError

__all__ = ["FieldTerm", "field_terms", "selects"]


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


def field_terms(kind: str, group: str, plural: str, selector: str) -> tuple[FieldTerm, ...]:
    """Read a field selector: ``metadata.name=web,spec.type!=ClusterIP``.

    Examples
    --------
    >>> [term.path for term in field_terms("Service", "", "services", "metadata.name=web,spec.type!=ClusterIP")]
    ['metadata.name', 'spec.type']
    """
    terms = []
    for part in filter(None, selector.split(",")):
        term = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", part)
        if term is None:
            raise KubectlError(f"invalid selector: '{selector}'; can't understand '{part}'")
        if term[1] not in FIELDS.get(kind, ("metadata.name", "metadata.namespace")):
            what = f'"{group}/v1, Resource={plural}"'
            raise bad_request(
                f'Unable to find {what} that match label selector "", field selector "{selector}": '
                f"field label not supported: {term[1]}"
            )
        terms.append(FieldTerm(term[1], term[3], term[2] != "!="))
    return tuple(terms)


# -- label selectors ---------------------------------------------------------------------------------------------------

_TERM = re.compile(
    r"\s*(?:(?P<not>!)\s*)?(?P<key>[A-Za-z0-9][-A-Za-z0-9_./]*)\s*"
    r"(?:(?P<op>==|=|!=)\s*(?P<value>[-A-Za-z0-9_.]*)|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*(?:,|$)"
)


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Tell whether labels satisfy a selector: ``app=web,tier!=back,zone in (a, b),!old``.

    Parameters
    ----------
    selector : str
        As behind ``-l``.
    labels : mapping of str to str
        Labels of an object.

    Returns
    -------
    bool
        True if every term holds.

    Raises
    ------
    KubectlError
        The selector cannot be read.

    Examples
    --------
    >>> selects("app=web,tier notin (back),!old", {"app": "web"})
    True
    """
    position = 0
    while position < len(selector):
        term = _TERM.match(selector, position)
        if term is None or (term["not"] and (term["op"] or term["set"])):
            raise KubectlError(f"unable to parse requirement: found '{selector[position:]}', which is no requirement")
        if not _holds(term, labels):
            return False
        position = term.end()
    return True


def _holds(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    value = labels.get(term["key"])
    if term["set"]:
        listed = value in {text.strip() for text in term["values"].split(",")}
        return listed == (term["set"] == "in")
    if term["op"]:
        return (value == term["value"]) == (term["op"] != "!=")
    return (value is None) == bool(term["not"])
