"""The parts of a report, and how they are written as Markdown; `html_page` writes the same parts as a page.

Headings, paragraphs, lists, tables and cards. Every text is escaped in these two files and nowhere else, so no name in
a cluster can become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Card", "Cell", "Code", "Heading", "Link", "Listing", "Paragraph", "Part", "Picture", "Table", "https", "plain",
    "to_markdown",
]  # fmt: skip

MARK = "Made by k8sexpose"  # appears near the beginning of every report
# No bracket, quote, blank or backslash, with which a text could leave the link, and nobody before an @ in the host.
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?([/?#][A-Za-z0-9._~:/?#@!$&*+,;=%-]*)?")
LONGEST = 2000  # characters of one text; names and ranges of a broken dump may have no end


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to an address of https, or as ``#anchor`` to a part of the page; all else is a plain text."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What one types: a command."""

    text: str


Cell: TypeAlias = "str | Link | Code"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 2 or 3; the title is the only one of level 1."""

    text: str
    level: int = 2
    anchor: str = ""  # where a link of the page leads


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text, and what is printed in bold before it."""

    text: str
    strong: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of texts."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading for each column; the first cell of a row is the heading of the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Link, ...], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to know: how grave it is, what it is about, what it is, and lines with a name that say more."""

    sign: str
    about: str
    text: str
    lines: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, as `_svg.document` makes it, escaped; Markdown leaves it out, since tables hold its numbers."""

    svg: str
    title: str


Part: TypeAlias = Heading | Paragraph | Listing | Table | Card | Picture


def plain(text: str) -> str:
    r"""Return one line of a text, without control characters, and of a bearable length.

    Examples
    --------
    >>> plain("a\n\tb\x1b[31m")
    'a b [31m'
    """
    line = re.sub(
        r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+", " ", text
    ).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def https(url: str) -> str:
    """Return an address that may become a link; empty for any other scheme, and for what is no plain address.

    Examples
    --------
    >>> https("https://example.com/a#b"), https("javascript:alert(1)"), https("https://example.com/<b>")
    ('https://example.com/a#b', '', '')
    """
    return url if len(url) <= LONGEST and ADDRESS.fullmatch(url) else ""


# -- Markdown ---------------------------------------------------------------------------------------------------------


def marked(text: str) -> str:
    r"""Return a text escaped for Markdown: no emphasis, link, image, HTML, mention or table border comes of it.

    Only what would become markup is escaped, so that the text is readable on a terminal, too.

    Examples
    --------
    >>> marked("*a* <b> [c](d) https://e | @f")
    '\\*a\\* \\<b\\> \\[c\\](d) https:\\//e \\| &#64;f'
    >>> marked("kube_proxy {a: 1}, 3 & 4: <pending>")
    'kube_proxy {a: 1}, 3 & 4: `<pending>`'
    """
    line = re.sub(r"([\\`*\[\]|$<>])", r"\\\1", plain(text))
    line = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", line)  # inside a word it is no emphasis
    line = re.sub(r"&(?=#?\w+;)", "&amp;", line)  # what would be read as one character
    line = re.sub(r"(?<!&)#(?=\d)|~(?=~)|(?<=~)~|!(?=\\\[)", r"\\\g<0>", line)
    line = re.sub(r"(?i)\b(www)\.", r"\1\\.", line.replace("@", "&#64;")).replace("://", ":\\//")
    line = re.sub(r"\\<(pending|none|unset)\\>", r"`<\1>`", line)  # kubectl's words; every other backtick is escaped
    line = re.sub(r"^[#~=]", r"\\\g<0>", line)
    return re.sub(r"^(-(?=-)|[-+](?=\s|$)|\d+[.)](?=\s|$))", lambda found: f"{found[1][:-1]}\\{found[1][-1]}", line)


def code(text: str) -> str:
    r"""Return a text as a code span: literal, whatever backticks it holds.

    Examples
    --------
    >>> code("kubectl get <b>"), code("a`b")
    ('`kubectl get <b>`', '``a`b``')
    """
    line = plain(text) or " "
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}"


def to_markdown(title: str, parts: Iterable[Part]) -> str:
    r"""Return a page in GitHub's Markdown.

    Examples
    --------
    >>> print(to_markdown("A", [Table("", ("b", "c"), (("1", "2|3"),))]))
    # A
    <BLANKLINE>
    | b | c |
    |---|---|
    | 1 | 2\|3 |
    <BLANKLINE>
    """
    return "\n\n".join([f"# {marked(title)}", *_blocks(parts)]) + "\n"


def _blocks(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the texts between which a line is left empty; cards that follow each other are one list."""
    cards: list[str] = []
    for part in parts:
        if isinstance(part, Card):
            cards.append(_markdown(part))
            continue
        if cards:
            yield "\n".join(cards)
            cards.clear()
        if not isinstance(part, Picture):
            yield _markdown(part)
    if cards:
        yield "\n".join(cards)


def _markdown(part: Part) -> str:
    match part:
        case Heading(text, level, _):
            return f"{'#' * level} {marked(text)}"
        case Paragraph(text, strong):
            return f"**{marked(strong)}** {marked(text)}" if strong else marked(text)
        case Picture():
            return ""
        case Card(sign, about, text, lines):
            return "\n".join([f"- **{marked(f'{sign} {about}')}:** {marked(text)}", *map(_line, lines)])
        case Listing(items):
            return "\n".join(f"- {marked(item)}" for item in items)
        case Table(caption, head, rows):
            table = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
            return "\n".join([*([marked(caption), ""] if caption else []), *table])


def _line(line: tuple[str, Cell]) -> str:
    name, cell = line
    return f"  - {marked(name)}: {_cell(cell)}"


def _row(cells: Sequence[Cell]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(cell: Cell) -> str:
    match cell:
        case Code(text):
            return code(text)
        case Link(text, url):
            return f"[{marked(text)}]({https(url)})" if https(url) else marked(text)
        case str():
            return marked(cell)
