"""A long list in a JSON text, read entry by entry: a dump of 50 MB never becomes objects all at once.

That takes less memory, and less time too: Python's garbage collector looks again and again through what is alive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["LONG", "ListInText"]

LONG = 100_000  # characters, from which on a list is read entry by entry
SPACE = re.compile(r"[ \t\n\r]*").match
NEXT = re.compile(r"[ \t\n\r]*,[ \t\n\r]*").match
SURROGATES = ("\\ud", "\\uD")  # how a lone surrogate is written in a text that is well-formed UTF-8


class ListInText:
    """The entries of a list, and the fields beside it: `head` before them, and once they are read, `tail` behind.

    Examples
    --------
    >>> found = ListInText.begin('{"kind": "List", "items": [{"a": 1}, {"b": 2}]} ', 0, long=0)
    >>> [entry for entry, _ in found], found.head, found.end
    ([{'a': 1}, {'b': 2}], {'kind': 'List'}, 47)
    """

    def __init__(self, text: str, head: dict[str, Any] | None, at: int) -> None:
        self.text, self.head, self.at = text, head, at
        self.tail: dict[str, Any] = {}
        self.end = at
        self._escaped = any(text.find(sign, at) >= 0 for sign in SURROGATES)
        self._constant = False
        self._read = json.JSONDecoder(parse_constant=self._no_number).raw_decode

    @classmethod
    def begin(cls, text: str, at: int, long: int | None = None) -> ListInText | None:
        """Return the long list that begins at a place of a text; None for any other value, or what is no JSON."""
        if len(text) - at < (LONG if long is None else long):
            return None
        if text[at] == "[":
            return cls(text, None, at + 1)
        head: dict[str, Any] = {}
        read = json.JSONDecoder().raw_decode
        try:
            while text[at] in "{,":
                key, at = read(text, _space(text, at + 1))
                at = _space(text, _sign(text, _space(text, at), ":"))
                if key == "items":
                    is_list = str(head.get("kind") or "List").endswith("List") and text[at] == "["
                    return cls(text, head, at + 1) if is_list else None
                head[key], at = read(text, at)
                at = _space(text, at)
        except (ValueError, IndexError, RecursionError):
            return None  # whoever reads the whole of it says what is wrong
        return None

    def __iter__(self) -> Iterator[tuple[Any, bool]]:
        """Yield each entry, and whether it holds nothing that JSON allows and Kubernetes does not."""
        text, at = self.text, _space(self.text, self.at)
        more = text[at : at + 1] != "]"
        while more:
            start, self._constant = at, False
            entry, at = self._read(text, at)
            yield entry, not (self._constant or (self._escaped and self._has_surrogate(start, at)))
            found = NEXT(text, at)
            more = found is not None
            at = found.end() if found is not None else _space(text, at)
        self._finish(_sign(text, at, "]"))

    def _finish(self, at: int) -> None:
        """Read the fields behind the list, and let go of the text: this object is part of a cycle, and lives on."""
        self.end, text, self.text = at, self.text, ""
        if self.head is None:
            return
        at = _space(text, at)
        while text[at : at + 1] == ",":
            key, at = self._read(text, _space(text, at + 1))
            at = _space(text, _sign(text, _space(text, at), ":"))
            self.tail[key], at = self._read(text, at)
            at = _space(text, at)
        self.end = _sign(text, at, "}")

    def _has_surrogate(self, start: int, end: int) -> bool:
        return any(self.text.find(sign, start, end) >= 0 for sign in SURROGATES)

    def _no_number(self, word: str) -> float:
        """Note that an entry holds NaN or Infinity."""
        self._constant = True
        return float(word)


def _space(text: str, at: int) -> int:
    """Return where the next sign is."""
    found = SPACE(text, at)
    return found.end() if found is not None else at


def _sign(text: str, at: int, sign: str) -> int:
    """Return the place behind a sign; an error if another one is there."""
    if text[at : at + 1] == sign:
        return at + 1
    wanted = "',' delimiter" if sign in "]}" else f"'{sign}' delimiter"
    raise json.JSONDecodeError(f"Expecting {wanted}", text, at)
