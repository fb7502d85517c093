"""Why a text is no JSON, in the words of Go's library.

Source: ``encoding/json/scanner.go`` (Go).
"""

from __future__ import annotations

import json
import re

from ..api.errors import go_quote

__all__ = ["json_fault", "stream_fault"]

_END = "unexpected end of JSON input"
_SPACE = " \t\r\n"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
MAX_DEPTH = 500


def json_fault(text: str) -> str:
    """Return what is wrong with a JSON text; nothing if it can be read.

    Parameters
    ----------
    text : str
        One JSON value.

    Returns
    -------
    str
        Go's sentence, or an empty text.

    Examples
    --------
    >>> json_fault("{spec: 1}")
    "invalid character 's' looking for beginning of object key string"
    >>> json_fault('{"a": 1')
    'unexpected end of JSON input'
    """
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        reader = _Reader(text)
        try:
            reader.value(0)
            reader.end()
        except _Fault as fault:
            return str(fault)
        return _END
    return ""


def stream_fault(text: str) -> tuple[int, str]:
    """Return the number of the JSON value of a stream that cannot be read, counted from 0, and what is wrong with it.

    Parameters
    ----------
    text : str
        JSON values one behind the other.

    Returns
    -------
    tuple of int and str
        The number, and Go's sentence; nothing where the text is at its end.

    Examples
    --------
    >>> stream_fault('{"kind": 1} {"kind" 1}')
    (1, "json: offset 21: invalid character '1' after object key")
    """
    reader = _Reader(text)
    number = 0
    try:
        while reader.more():
            reader.value(0)
            number += 1
    except _Fault as fault:
        if str(fault) == _END:
            return number, "unexpected EOF"
        return number, f"json: offset {len(text[: reader.place + 1].encode('utf-8', 'replace'))}: {fault}"
    return number, ""


def _refuse(word: str) -> None:
    raise ValueError(word)


class _Fault(Exception):
    """The sentence."""


class _Reader:
    """Reads on until something is wrong."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def peek(self) -> str:
        """Skip blanks, and return the next character."""
        while self.place < len(self.text) and self.text[self.place] in _SPACE:
            self.place += 1
        return self.here()

    def more(self) -> bool:
        """Skip blanks, and return True unless the text is at its end."""
        while self.place < len(self.text) and self.text[self.place] in _SPACE:
            self.place += 1
        return self.place < len(self.text)

    def here(self) -> str:
        if self.place >= len(self.text):
            raise _Fault(_END)
        return self.text[self.place]

    def refuse(self, where: str) -> _Fault:
        """Return the error about the character here."""
        char = self.text[self.place]
        quoted = {"'": r"'\''", '"': "'\"'"}.get(char, f"'{go_quote(char)[1:-1]}'")
        return _Fault(f"invalid character {quoted} {where}")

    def value(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _Fault("exceeded max depth")
        char = self.peek()
        if char == "{":
            self.members(depth)
        elif char == "[":
            self.entries(depth)
        elif char == '"':
            self.string()
        elif char in "tfn":
            self.word({"t": "true", "f": "false", "n": "null"}[char])
        elif char == "-" or (char.isascii() and char.isdigit()):
            self.number()
        else:
            raise self.refuse("looking for beginning of value")

    def members(self, depth: int) -> None:
        self.place += 1
        if self.peek() == "}":
            self.place += 1
            return
        while True:
            if self.peek() != '"':
                raise self.refuse("looking for beginning of object key string")
            self.string()
            if self.peek() != ":":
                raise self.refuse("after object key")
            self.place += 1
            self.value(depth + 1)
            char = self.peek()
            if char not in ",}":
                raise self.refuse("after object key:value pair")
            self.place += 1
            if char == "}":
                return

    def entries(self, depth: int) -> None:
        self.place += 1
        if self.peek() == "]":
            self.place += 1
            return
        while True:
            self.value(depth + 1)
            char = self.peek()
            if char not in ",]":
                raise self.refuse("after array element")
            self.place += 1
            if char == "]":
                return

    def string(self) -> None:
        self.place += 1
        while self.here() != '"':
            char = self.here()
            if char < " ":
                raise self.refuse("in string literal")
            self.place += 1
            if char == "\\":
                if self.here() not in 'bfnrt\\/"u':
                    raise self.refuse("in string escape code")
                self.place += 1
                if self.text[self.place - 1] == "u":
                    self.hexadecimal()
        self.place += 1

    def hexadecimal(self) -> None:
        for _ in range(4):
            if self.here() not in "0123456789abcdefABCDEF":
                raise self.refuse(r"in \u hexadecimal character escape")
            self.place += 1

    def word(self, word: str) -> None:
        for place, letter in enumerate(word):
            if self.here() != letter:
                raise self.refuse(f"in literal {word} (expecting '{word[place]}')")
            self.place += 1

    def number(self) -> None:
        match = _NUMBER.match(self.text, self.place)
        if match is None:
            self.place += 1
            self.here()
            raise self.refuse("in numeric literal")
        self.place = match.end()
        rest = self.text[self.place : self.place + 1]
        if rest == "." or rest in ("e", "E"):
            self.place += 1
            if rest != "." and self.here() in "+-":
                self.place += 1
            self.here()
            raise self.refuse(
                "after decimal point in numeric literal" if rest == "." else "in exponent of numeric literal"
            )

    def end(self) -> None:
        while self.place < len(self.text) and self.text[self.place] in _SPACE:
            self.place += 1
        if self.place < len(self.text):
            raise self.refuse("after top-level value")
