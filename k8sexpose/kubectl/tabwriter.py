r"""How kubectl lays out text: columns, tables, ages.

Sources: ``text/tabwriter`` of Go; ``pkg/printers/{tabwriter,tableprinter,terminal}.go`` (cli-runtime);
``pkg/util/duration/duration.go`` (apimachinery).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["age", "escaped", "more", "pairs", "tabbed", "table"]

NONE = "<none>"
SHOWN = 3


def tabbed(text: str, *, min_width: int = 0, padding: int = 2) -> str:
    r"""Align cells that end in a tab: a column is as wide as its widest cell in the lines that follow one another.

    Parameters
    ----------
    text : str
        Lines; what stands behind the last tab of a line is not aligned.
    min_width, padding : int
        The least width of a column; the blanks behind its widest cell.

    Returns
    -------
    str
        The lines without tabs.

    Examples
    --------
    >>> print(tabbed("Name:\tweb\nPort:\thttp\t80/TCP\nTargetPort:\t8080/TCP\n"), end="")
    Name:        web
    Port:        http  80/TCP
    TargetPort:  8080/TCP
    """
    lines = [line.split("\t") for line in text.split("\n")]
    widths: list[list[int]] = [[] for _ in lines]
    column, waiting = 0, True
    while waiting:
        waiting, start = False, 0
        while start < len(lines):
            end = start
            while end < len(lines) and len(lines[end]) > column + 1 and len(widths[end]) == column:
                end += 1
            if end > start:
                waiting = True
                width = max(min_width, *(len(line[column]) + padding for line in lines[start:end]))
                for known in widths[start:end]:
                    known.append(width)
            start = max(end, start + 1)
        column += 1
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(line, known, strict=False)) + line[-1]
        for line, known in zip(lines, widths, strict=True)
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, headers: bool = True) -> str:
    """Lay out a table as kubectl does: columns at least six wide, three blanks between, the last one not padded.

    Parameters
    ----------
    head : sequence of str
        Column names, in capitals.
    rows : iterable of sequence of str
        The cells.
    headers : bool
        False with ``--no-headers``.

    Returns
    -------
    str
        Lines that end in a newline.

    Examples
    --------
    >>> print(table(["NAME", "AGE"], [["web", "9s"]]), end="")
    NAME   AGE
    web    9s
    """
    lines = [list(head)] if headers else []
    lines += [[_cell(text) for text in row] for row in rows]
    return tabbed("".join("\t".join(line) + "\n" for line in lines), min_width=6, padding=3)


def _cell(text: str) -> str:
    first = re.split(r"[\f\n\r]", text, maxsplit=1)[0]
    return escaped(first) + ("..." if first != text else "")


def escaped(text: str) -> str:
    r"""Take the escape character out of the hands of the terminal.

    Examples
    --------
    >>> print(escaped("\x1b[31mred"))
    ^[[31mred
    """
    return text.replace("\x1b", "^[").replace("\r", "\\r")


def pairs(mapping: Iterable[tuple[str, str]]) -> str:
    """Print labels: ``app=web,tier=front``.

    Examples
    --------
    >>> pairs({"tier": "front", "app": "web"}.items())
    'app=web,tier=front'
    """
    return ",".join(f"{key}={value}" for key, value in sorted(mapping)) or NONE


def more(texts: Sequence[str], empty: str) -> str:
    """Print a list of which only the first three are shown.

    Examples
    --------
    >>> more(["a", "b", "c", "d"], "<none>"), more([], "<none>")
    ('a,b,c + 1 more...', '<none>')
    """
    if len(texts) > SHOWN:
        return f"{','.join(texts[:SHOWN])} + {len(texts) - SHOWN} more..."
    return ",".join(texts) or empty


def age(seconds: float) -> str:
    """Print a duration as kubectl does.

    Parameters
    ----------
    seconds : float
        How long.

    Returns
    -------
    str
        Two units at most.

    Examples
    --------
    >>> [age(s) for s in (9, 130, 3 * 3600 + 120, 50 * 3600)]
    ['9s', '2m10s', '3h2m', '2d2h']
    """
    if seconds <= -2:
        return "<invalid>"
    total = max(int(seconds), 0)
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    years = days // 365
    if years < 2:
        return f"{days}d"
    if years < 8:
        return f"{years}y{days % 365}d" if days % 365 else f"{years}y"
    return f"{years}y"
