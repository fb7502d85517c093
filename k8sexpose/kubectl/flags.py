"""Flags as kubectl reads them: in any order between the words, ``--name=value``, ``--name value``, ``-nvalue``.

Source: ``github.com/spf13/pflag``, which kubectl uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from .result import KubectlError

__all__ = ["FALSE", "TRUE", "VALIDATE", "Flag", "Options", "duration_problem", "flags", "read_flags"]

TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")
UNITS = ("ns", "us", "µs", "μs", "ms", "s", "m", "h")
# What ``--validate`` means to the server.
VALIDATE = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}


class Options(SimpleNamespace):
    """What a command was given: ``args``, ``changed`` (the flags that were named) and each flag by its name.

    Examples
    --------
    >>> read_flags(["svc", "-oyaml"], flags("output/o=")).output
    'yaml'
    """

    args: list[str]
    changed: set[str]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag.

    Parameters
    ----------
    name, short : str
        ``output`` and ``o``.
    kind : str
        ``=`` for text, ``?`` for yes or no, ``#`` for a number, ``~`` for a duration, ``+`` for a list, ``*`` for texts
        that are not split.
    default : str
        Value if it is not given; of a yes or no flag ``true`` or nothing.
    bare : str
        Value if it is given without one.

    Examples
    --------
    >>> Flag("output", "o").attribute
    'output'
    """

    name: str
    short: str = ""
    kind: str = "="
    default: str = ""
    bare: str = field(default="")

    @property
    def attribute(self) -> str:
        """Its name in Python."""
        return self.name.replace("-", "_")

    @property
    def shown(self) -> str:
        """Its name as kubectl writes it in an error."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"

    @property
    def start(self) -> Any:
        """Value before any word is read."""
        if self.kind in "+*":
            return []
        return (
            self.read(self.default) if self.kind in "?#" and self.default else {"?": False}.get(self.kind, self.default)
        )

    def read(self, text: str) -> Any:
        """Return the value that a text means."""
        if self.kind == "?":
            if text not in TRUE + FALSE:
                raise KubectlError(self._invalid(text, "strconv.ParseBool"))
            return text in TRUE
        if self.kind == "~":
            problem = duration_problem(text)
            if problem:
                raise KubectlError(f'invalid argument "{text}" for "{self.shown}" flag: time: {problem}')
            return bool(re.search("[1-9]", text))  # whether it is above zero; nothing waits here
        if self.kind == "#":
            if not re.fullmatch(r"[-+]?[0-9]{1,9}", text):
                raise KubectlError(self._invalid(text, "strconv.ParseInt"))
            return int(text)
        return [part for part in text.split(",") if part] if self.kind == "+" else text

    def _invalid(self, text: str, parser: str) -> str:
        return f'invalid argument "{text}" for "{self.shown}" flag: {parser}: parsing "{text}": invalid syntax'


def duration_problem(text: str) -> str:
    """Return what Go's ``time.ParseDuration`` says of a text that is no duration.

    Examples
    --------
    >>> duration_problem("1m5s"), duration_problem("5")
    ('', 'missing unit in duration "5"')
    """
    rest = re.sub("^[-+]", "", text)
    if rest == "0":
        return ""
    while rest:
        part = re.match(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)", rest)
        if part is None:
            break
        if part[1] not in UNITS:
            return f'unknown unit "{part[1]}" in duration "{text}"' if part[1] else f'missing unit in duration "{text}"'
        rest = rest[part.end() :]
        if not rest:
            return ""
    return f'invalid duration "{text}"'


def flags(text: str) -> dict[str, Flag]:
    """Read a list of flags: ``output/o= wait?true port#-1 dry-run=none|unchanged``.

    Parameters
    ----------
    text : str
        Name, short name behind a slash, kind, default, and behind ``|`` the value of a flag without one.

    Returns
    -------
    dict of str to Flag
        By name.

    Examples
    --------
    >>> flags("port#-1")["port"].start
    -1
    """
    found = {}
    for name, short, kind, default, bare in re.findall(r"([a-z0-9-]+)(?:/(\w))?([=?#~+*])([^\s|]*)(?:\|(\S+))?", text):
        found[name] = Flag(name, short, kind, default, bare or ("true" if kind == "?" else ""))
    return found


def read_flags(words: Sequence[str], known: Mapping[str, Flag]) -> Options:
    """Separate flags from words.

    Parameters
    ----------
    words : sequence of str
        What stands behind the command.
    known : mapping of str to Flag
        The flags that it has.

    Returns
    -------
    Options
        All flags, and the words in ``args``.

    Raises
    ------
    KubectlError
        A flag is unknown, has no value, or one that cannot be read.

    Examples
    --------
    >>> read_flags(["svc", "-n", "shop", "web"], flags("namespace/n=")).args
    ['svc', 'web']
    """
    options = Options(args=[], changed=set(), **{flag.attribute: flag.start for flag in known.values()})
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            options.args += waiting
            break
        if word.startswith("--"):
            _long(word, waiting, known, options)
        elif word.startswith("-") and word != "-":
            _short(word, waiting, known, options)
        else:
            options.args.append(word)
    return options


def _long(word: str, waiting: list[str], known: Mapping[str, Flag], options: Options) -> None:
    name, equals, text = word.removeprefix("--").partition("=")
    if not name or name.startswith("-"):
        raise KubectlError(f"bad flag syntax: {word}")
    flag = known.get(name)
    if flag is None:
        raise KubectlError(f"unknown flag: --{name}")
    if not equals and flag.bare:
        text = flag.bare
    elif not equals:
        if not waiting:
            raise KubectlError(f"flag needs an argument: --{name}")
        text = waiting.pop(0)
    _set(options, flag, text)


def _short(word: str, waiting: list[str], known: Mapping[str, Flag], options: Options) -> None:
    """Read ``-A``, ``-Aw``, ``-n shop``, ``-nshop`` and ``-n=shop``."""
    by_letter = {flag.short: flag for flag in known.values() if flag.short}
    letters = word.removeprefix("-")
    while letters:
        flag = by_letter.get(letters[0])
        if flag is None:
            raise KubectlError(f"unknown shorthand flag: '{letters[0]}' in -{letters}")
        rest = letters[1:]
        if len(letters) > 2 and rest.startswith("="):
            _set(options, flag, rest[1:])
            return
        if flag.bare:
            _set(options, flag, flag.bare)
            letters = rest
            continue
        if not rest and not waiting:
            raise KubectlError(f"flag needs an argument: '{flag.short}' in -{letters}")
        _set(options, flag, rest or waiting.pop(0))
        return


def _set(options: Options, flag: Flag, text: str) -> None:
    value = flag.read(text)
    if flag.kind == "+":
        value = getattr(options, flag.attribute) + value
    elif flag.kind == "*":
        value = [*getattr(options, flag.attribute), value]
    setattr(options, flag.attribute, value)
    options.changed.add(flag.name)
