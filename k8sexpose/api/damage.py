"""What can be wrong with the file of a dump: it is cut off, or kubectl's messages are in it, too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import ManifestError

__all__ = ["CutOff", "breaks_off", "is_cut_list", "without_messages", "yaml_breaks_off"]

EARLY = "the file seems to end early, as after a copy or a download that was cut off"
# What kubectl and its libraries write beside the objects, which `2>&1` puts into the same file.
WARNING = re.compile(r"(Warning: |[IW]\d{4} \d\d:\d\d:|Flag --)")
ERROR = re.compile(
    r"([Ee]rror: |Error from server|E\d{4} \d\d:\d\d:|Unable to connect to |The connection to the server )"
)
LONGEST = 4_000  # characters of a message
NEAR_END = 3  # lines: further up, what is open there is a slip
LITERALS = ("true", "false", "null", "-")  # how a value of JSON may begin that is cut off


class CutOff(ManifestError):
    """A file that seems to end early: what stood behind is not known.

    Examples
    --------
    >>> print(CutOff("pods.yaml", "its list has no end"))
    pods.yaml: its list has no end: the file seems to end early, as after a copy or a download that was cut off
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}: {EARLY}")


def is_cut_list(value: Any) -> bool:
    """Return True for a list as kubectl writes it in YAML, but without its end.

    Its keys are sorted: apiVersion, items, and behind them the kind, which no list can do without. A list without an
    apiVersion was written by somebody else, and may be whole.

    Examples
    --------
    >>> is_cut_list({"apiVersion": "v1", "items": []}), is_cut_list({"items": []})
    (True, False)
    >>> [is_cut_list({"apiVersion": "v1", "items": [], "kind": kind}) for kind in ("PodLi", "PodList")]
    [True, False]
    """
    if not isinstance(value, Mapping) or list(value)[:2] not in (["apiVersion"], ["apiVersion", "items"]):
        return False
    return set(value) <= {"apiVersion", "items", "kind"} and not str(value.get("kind")).endswith("List")


def breaks_off(text: str, at: int, problem: str) -> bool:
    """Return True if reading JSON failed because there is no more of it.

    Examples
    --------
    >>> breaks_off('{"a": ', 6, "Expecting value"), breaks_off("{'a': 1}", 1, "Expecting property name")
    (True, False)
    """
    rest = text[at:].strip() if len(text) - at < 100 else text[at:]
    return not rest or problem.startswith("Unterminated") or any(word.startswith(rest) for word in LITERALS)


def yaml_breaks_off(text: str, error: Exception) -> bool:
    """Return True if reading YAML failed because there is no more of it.

    A quotation mark that is opened far above and never closed is a slip, and no end of a file.

    Examples
    --------
    >>> import yaml
    >>> try:
    ...     yaml.safe_load("items: [1,")
    ... except yaml.YAMLError as error:
    ...     print(yaml_breaks_off("items: [1,", error))
    True
    """
    mark, begun = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None or len(text) - mark.index > 2 or text[mark.index :].strip(": \r\n"):
        return False
    return begun is None or text.count("\n", begun.index) <= NEAR_END


def without_messages(text: str) -> tuple[str, list[str]]:
    r"""Return a text without the messages of kubectl before and behind it, and those that tell of an error.

    Examples
    --------
    >>> without_messages("Warning: old\n{}\nError from server (Forbidden): nodes is forbidden\n")
    ('{}\n', ['Error from server (Forbidden): nodes is forbidden'])
    """
    errors: list[str] = []
    while found := WARNING.match(text) or ERROR.match(text):
        line, _, text = text.partition("\n")
        errors += [line.strip()] if found.re is ERROR else []
        text = text.lstrip()
    while True:
        tail = text[-LONGEST:].rstrip()
        line = tail[tail.rfind("\n") + 1 :]
        found = WARNING.match(line) or ERROR.match(line)
        if found is None:
            return text, errors
        errors += [line] if found.re is ERROR else []
        text = text[: max(len(text) - LONGEST, 0) + len(tail) - len(line)]
