"""How a report is written as one HTML page that needs nothing else: light, dark, on paper, on a narrow screen.

No script, and nothing is fetched. The only links are to parts of the page and to addresses of https.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._display import LITERAL
from .document import Card, Cell, Code, Heading, Link, Listing, Paragraph, Part, Picture, Table, https, plain

__all__ = ["to_html"]

STACKED_FROM = 3  # columns, from which on a narrow screen shows each row as a list of its cells
LONG_WORD = 20  # characters, from which on a line may break inside a word
SHORT = 22  # characters of a cell that stays in one line; a longer one is marked, since there are fewer of them
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #595959; --line: #c8c8c8; --band: #f4f4f4;
  --link: #0b57a4; --problem: #c0392b; --warning: #9a5b00; --note: #6b7280; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181c; --soft: #b0b0b0; --line: #4a4d52; --band: #202329;
    --link: #8ab8ff; --problem: #ff8a7a; --warning: #f2b04a; --note: #9aa3ad; }
}
:root { --jp-ui-font-color1: var(--ink); --jp-ui-font-color2: var(--soft); --jp-layout-color1: var(--paper);
  --jp-layout-color2: var(--band); --jp-border-color1: var(--line); --jp-ui-font-family: system-ui, sans-serif; }
body { color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; max-width: 75rem;
  margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 0.6rem; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 0.4rem; overflow-wrap: anywhere; }
p, li { max-width: 60rem; overflow-wrap: anywhere; }
a { color: var(--link); }
nav { border: 1px solid var(--line); border-radius: 6px; padding: 0.2rem 1rem; margin: 1.2rem 0; max-width: 40rem; }
nav h2 { margin: 0.4rem 0; font-size: 1rem; }
nav ul { margin: 0.3rem 0; padding-left: 1.2rem; }
summary { color: var(--soft); cursor: pointer; }
figure { margin: 1.4rem 0; }
figure svg { min-width: 45rem; }
figcaption, caption { text-align: left; color: var(--soft); padding: 0.2rem 0; font-size: 0.92rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.6rem 0; font-size: 0.92rem; }
th, td { border: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--band); }
tbody th { font-weight: 600; }
tbody th, td { white-space: nowrap; }
tbody .long { white-space: normal; }
.card { border: 1px solid var(--line); border-left-width: 5px; border-radius: 4px; padding: 0.5rem 1rem;
  margin: 0.7rem 0; max-width: 60rem; overflow-wrap: anywhere; }
.card p { margin: 0.2rem 0; }
.card dl { display: grid; grid-template-columns: 6.5rem 1fr; gap: 0.15rem 0.8rem; margin: 0.4rem 0;
  font-size: 0.95rem; }
.card dt { color: var(--soft); }
.card dd { margin: 0; min-width: 0; }
.problem { border-left-color: var(--problem); } .problem strong:first-child { color: var(--problem); }
.warning { border-left-color: var(--warning); } .warning strong:first-child { color: var(--warning); }
.note { border-left-color: var(--note); } .note strong:first-child { color: var(--note); }
code { font: 0.875rem/1.5 ui-monospace, monospace; background: var(--band); padding: 0.1rem 0.3rem;
  border-radius: 3px; }
@media screen and (max-width: 48rem) {
  body { padding: 1rem; }
  .card dl { grid-template-columns: 1fr; gap: 0; }
  .card dd { margin-bottom: 0.4rem; }
  figcaption::after { content: " Scroll sideways to see all of it."; }
}
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #333; --line: #999; --band: #eee; --link: #000;
    --problem: #9b1c10; --warning: #7a4800; --note: #444; }
  body { font-size: 10pt; max-width: none; padding: 0; }
  h1, h2, h3, caption, figcaption { break-after: avoid; }
  p { orphans: 3; widows: 3; }
  figure, tr, .card, .few, nav { break-inside: avoid; }
  nav { display: none; }
  .wide { overflow: visible; }
  figure svg { min-width: 0; }
  .card { margin-right: 1px; }
  table, .card dl { font-size: 9pt; }
  code { font-size: 8.5pt; padding: 0; }
  th, td { padding: 0.2rem 0.4rem; }
  td { overflow-wrap: anywhere; }
}
"""
# On a narrow screen the rows of wide tables are lists; `_labels` adds what each cell is.
STACKED = """
  th, td { overflow-wrap: anywhere; }
  tbody th, td { white-space: normal; }
  .stack, .stack caption, .stack tbody, .stack tr, .stack tbody th, .stack td { display: block; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { border: 1px solid var(--line); border-radius: 4px; margin: 0.6rem 0; padding: 0.3rem 0.6rem; }
  .stack tbody th, .stack td { border: 0; padding: 0.15rem 0; }
  .stack td::before { color: var(--soft); }
"""


def to_html(title: str, parts: Iterable[Part]) -> str:
    """Return a page of HTML that prints well, as one file: no script, nothing fetched from elsewhere.

    Examples
    --------
    >>> "&lt;script&gt;" in to_html("<script>", [])
    True
    """
    listed = [
        replace(part, anchor=f"part-{number}") if isinstance(part, Heading) and not part.anchor else part
        for number, part in enumerate(parts)
    ]
    heads = list(dict.fromkeys(part.head for part in listed if isinstance(part, Table)))
    looks = {head: f"head-{number}" for number, head in enumerate(heads)}
    first = next((number for number, part in enumerate(listed) if isinstance(part, Heading)), len(listed))
    body = "\n".join(
        [
            f"<h1>{_text(title)}</h1>",
            *(_html(part, looks) for part in listed[:first]),
            _contents(listed),
            *(_html(part, looks) for part in listed[first:]),
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}{_labels(heads)}</style>\n</head>\n<body>\n"
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
    items = "".join(f"<li>{_jump(head)}{_folded(below)}</li>" for head, below in entries)
    return f'<nav aria-label="Contents"><h2>Contents</h2><ul>{items}</ul></nav>'


def _folded(below: Sequence[Heading]) -> str:
    if not below:
        return ""
    items = "".join(f"<li>{_jump(head)}</li>" for head in below)
    count = f"{len(below)} Service{'' if len(below) == 1 else 's'}"
    return f"<details><summary>{count}</summary><ul>{items}</ul></details>"


def _jump(head: Heading) -> str:
    return f'<a href="#{head.anchor}">{_text(head.text)}</a>'


def _text(text: str) -> str:
    return html.escape(plain(text))


def _html(part: Part, looks: Mapping[tuple[str, ...], str]) -> str:
    match part:
        case Heading(text, level, anchor):
            return f'<h{level} id="{anchor}">{_text(text)}</h{level}>'
        case Paragraph(text, strong):
            return f"<p>{f'<strong>{_text(strong)}</strong> ' if strong else ''}{_text(text)}</p>"
        case Picture(svg, title):
            # On a narrow screen it scrolls, which has to work by keyboard too.
            scrolled = f'<div class="wide" tabindex="0" role="group" aria-label="{_text(title)}">{svg}</div>'
            return f"<figure><figcaption>{_text(title)}</figcaption>{scrolled}</figure>"
        case Listing(items):
            return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"
        case Card(sign, about, text, lines):
            more = "".join(f"<dt>{_text(name)}</dt><dd>{_cell(cell)}</dd>" for name, cell in lines)
            words = f"<p><strong>{_text(sign)}</strong> <strong>{_text(about)}</strong></p><p>{_text(text)}</p>"
            return f'<section class="card {_kind(sign)}">{words}<dl>{more}</dl></section>'
        case Table():
            return _table(part, looks[part.head])


def _kind(sign: str) -> str:
    """Return the severity that a sign names, as a class of the style."""
    return next((kind for kind in ("problem", "warning") if kind in sign), "note")


def _labels(heads: Iterable[tuple[str, ...]]) -> str:
    """Return the style that puts the heading of its column before a cell, once for all tables with these headings."""
    rules = (
        f'.head-{number} td:nth-child({place})::before {{ content: "{_css(name)}: "; }}\n'
        for number, head in enumerate(heads)
        for place, name in enumerate(head, 1)
        if place > 1 and len(head) >= STACKED_FROM
    )
    return f"@media screen and (max-width: 60rem) {{{STACKED}{''.join(rules)}}}\n"


def _css(text: str) -> str:
    """Return a text as the inside of a string of CSS: all but letters, digits and spaces by their numbers."""
    return re.sub(r"[^A-Za-z0-9 ]", lambda found: f"\\{ord(found[0]):06x}", plain(text))


def _table(part: Table, look: str) -> str:
    titles = "".join(f'<th scope="col">{_text(name)}</th>' for name in part.head)
    stacked = len(part.head) >= STACKED_FROM
    body = "".join(f"<tr>{_row(row)}</tr>" for row in part.rows)
    above = f"<caption>{_text(part.caption)}</caption>" if part.caption else ""
    looks = " ".join(name for name, on in ((f"stack {look}", stacked), ("few", len(part.rows) <= FEW)) if on)
    return (
        f'<div class="wide"><table class="{looks}">{above}<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


FEW = 10  # rows that stay together on paper


def _row(row: Sequence[Cell]) -> str:
    first, *rest = row
    cells = (f"<td{_look(cell)}>{_cell(cell)}</td>" for cell in rest)
    return f'<th scope="row"{_look(first)}>{_cell(first)}</th>' + "".join(cells)


def _look(cell: Cell) -> str:
    return ' class="long"' if len(cell if isinstance(cell, str) else cell.text) > SHORT else ""


def _cell(cell: Cell) -> str:
    match cell:
        case Code(text):
            return f"<code>{_text(text)}</code>"
        case Link(text, url) if url.startswith("#"):
            return f'<a href="{_text(url)}">{_breaking(text)}</a>'
        case Link(text, url) if https(url):
            return f'<a href="{_text(url)}" rel="noopener noreferrer">{_breaking(text)}</a>'
        case Link(text, _):
            return _breaking(text)
        case str():
            return _breaking(cell)


def _breaking(text: str) -> str:
    """Return a text whose long words, such as names of load balancers, may break behind a dot, dash or slash."""
    return " ".join(_broken(word) if len(word) > LONG_WORD else html.escape(word) for word in plain(text).split(" "))


def _broken(word: str) -> str:
    return "<wbr>".join(html.escape(part) for part in re.split(r"(?<=[./=,-])(?=[^./=,-].{5})", word))
