"""How a report is written: as Markdown, and as one HTML page that needs nothing else.

Both are made from the same parts: headings, paragraphs, lists and tables. Every text is escaped here and nowhere else,
so no name in a cluster can become markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .._display import LITERAL

__all__ = ["Heading", "Listing", "Paragraph", "Part", "Picture", "Table", "to_html", "to_markdown"]

MARK = "Made by k8sexpose"  # appears near the beginning of every report
LONGEST = 2000  # characters of one text; names and ranges of a broken dump may have no end


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
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, as `_svg.document` makes it, escaped; Markdown leaves it out, since tables hold its numbers."""

    svg: str


Part = Heading | Paragraph | Listing | Table | Picture


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


# -- Markdown ---------------------------------------------------------------------------------------------------------


def marked(text: str) -> str:
    r"""Return a text escaped for Markdown: no emphasis, link, image, HTML, mention or table border comes of it.

    Only what would become markup is escaped, so that the text is readable on a terminal, too.

    Examples
    --------
    >>> marked("*a* <b> [c](d) https://e | @f")
    '\\*a\\* \\<b\\> \\[c\\](d) https:\\//e \\| &#64;f'
    >>> marked("kube_proxy {a: 1}, 3 & 4")
    'kube_proxy {a: 1}, 3 & 4'
    """
    line = re.sub(r"([\\`*\[\]|$<>])", r"\\\1", plain(text))
    line = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", line)  # inside a word it is no emphasis
    line = re.sub(r"&(?=#?\w+;)", "&amp;", line)  # what would be read as one character
    line = re.sub(r"(?<!&)#(?=\d)|~(?=~)|(?<=~)~|!(?=\\\[)", r"\\\g<0>", line)
    line = re.sub(r"(?i)\b(www)\.", r"\1\\.", line.replace("@", "&#64;")).replace("://", ":\\//")
    line = re.sub(r"^[#~=]", r"\\\g<0>", line)
    return re.sub(r"^(-(?=-)|[-+](?=\s|$)|\d+[.)](?=\s|$))", lambda found: f"{found[1][:-1]}\\{found[1][-1]}", line)


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
    shown = (_markdown(part) for part in parts if not isinstance(part, Picture))
    return "\n\n".join([f"# {marked(title)}", *shown]) + "\n"


def _markdown(part: Part) -> str:
    match part:
        case Heading(text, level, _):
            return f"{'#' * level} {marked(text)}"
        case Paragraph(text, strong):
            return f"**{marked(strong)}** {marked(text)}" if strong else marked(text)
        case Picture():
            return ""
        case Listing(items):
            return "\n".join(f"- {marked(item)}" for item in items)
        case Table(caption, head, rows):
            lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
            return "\n".join([*([marked(caption), ""] if caption else []), *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(marked(cell) for cell in cells) + " |"


# -- HTML -------------------------------------------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #595959; --line: #c8c8c8; --band: #f4f4f4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181c; --soft: #b0b0b0; --line: #4a4d52; --band: #202329; }
}
:root { --jp-ui-font-color1: var(--ink); --jp-ui-font-color2: var(--soft); --jp-layout-color1: var(--paper);
  --jp-layout-color2: var(--band); --jp-border-color1: var(--line); --jp-ui-font-family: system-ui, sans-serif; }
nav { border: 1px solid var(--line); border-radius: 6px; padding: 0.2rem 1rem; margin: 1.2rem 0; max-width: 40rem; }
nav h2 { margin: 0.4rem 0; font-size: 1rem; } nav ul { margin: 0.3rem 0; padding-left: 1.2rem; }
a { color: inherit; } summary { color: var(--soft); cursor: pointer; }
figure { margin: 1rem 0; } figure svg { min-width: 34rem; }
body { color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; max-width: 75rem;
  margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.3rem; margin-top: 2.2rem; }
h3 { font-size: 1.05rem; margin-top: 1.8rem; overflow-wrap: anywhere; }
p, li { max-width: 60rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.8rem 0; font-size: 0.92rem; }
caption { text-align: left; color: var(--soft); padding: 0.2rem 0; }
th, td { border: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; min-width: 4rem; }
thead th { background: var(--band); overflow-wrap: normal; }
tbody th { font-weight: 600; min-width: 12rem; max-width: 16rem; } tbody th + td { min-width: 10.5rem; }
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #333; --line: #999; --band: #eee; }
  body { font-size: 10pt; max-width: none; padding: 0; } .wide { overflow: visible; }
  h2, h3 { break-after: avoid; } figure { break-inside: avoid; } figure svg { min-width: 0; }
  nav { display: none; } tr { break-inside: avoid; } table { font-size: 8.5pt; }
}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def to_html(title: str, parts: Iterable[Part]) -> str:
    """Return a page of HTML that prints well, as one file: no script, nothing fetched from elsewhere.

    Examples
    --------
    >>> "&lt;script&gt;" in to_html("<script>", [])
    True
    """
    listed = [
        replace(part, anchor=f"part-{number}") if isinstance(part, Heading) else part
        for number, part in enumerate(parts)
    ]
    first = next((number for number, part in enumerate(listed) if isinstance(part, Heading)), len(listed))
    body = "\n".join(
        [f"<h1>{_text(title)}</h1>", *map(_html, listed[:first]), _contents(listed), *map(_html, listed[first:])]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<main class="{LITERAL}">\n{body}\n</main>\n</body>\n'
        "</html>\n"
    )


def _contents(parts: Iterable[Part]) -> str:
    """Return the table of contents: the parts of the page, and what is below each of them."""
    entries: list[tuple[Heading, list[Heading]]] = []
    for part in parts:
        if isinstance(part, Heading) and part.level == 2:
            entries.append((part, []))
        elif isinstance(part, Heading) and entries:
            entries[-1][1].append(part)
    if len(entries) < 2:
        return ""
    items = "".join(f"<li>{_link(head)}{_folded(below)}</li>" for head, below in entries)
    return f'<nav aria-label="Contents"><h2>Contents</h2><ul>{items}</ul></nav>'


def _folded(below: Sequence[Heading]) -> str:
    if not below:
        return ""
    items = "".join(f"<li>{_link(head)}</li>" for head in below)
    return f"<details><summary>{len(below)} Services</summary><ul>{items}</ul></details>"


def _link(head: Heading) -> str:
    return f'<a href="#{head.anchor}">{_text(head.text)}</a>'


def _text(text: str) -> str:
    return html.escape(plain(text))


def _html(part: Part) -> str:
    match part:
        case Heading(text, level, anchor):
            return f'<h{level} id="{anchor}">{_text(text)}</h{level}>'
        case Paragraph(text, strong):
            return f"<p>{f'<strong>{_text(strong)}</strong> ' if strong else ''}{_text(text)}</p>"
        case Picture(svg):
            return f'<figure class="wide">{svg}</figure>'
        case Listing(items):
            return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"
        case Table(caption, head, rows):
            titles = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
            body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
            above = f"<caption>{_text(caption)}</caption>" if caption else ""
            return (
                f'<div class="wide"><table>{above}<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
            )


def _cells(row: Sequence[str]) -> str:
    first, *rest = row
    return f'<th scope="row">{_text(first)}</th>' + "".join(f"<td>{_text(cell)}</td>" for cell in rest)
