"""Findings as cards: what it is, why, what to do, the command that shows it, and where one can read about it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .._display import LITERAL, listed
from .document import Card, Cell, Code, Link
from .findings import Finding

__all__ = ["SIGNS", "finding_cards", "findings_table"]

SIGNS = {"problem": "✗ problem", "warning": "! warning", "note": "· note"}
MOST_NAMED = 40  # Services of one card


def finding_cards(findings: Sequence[Finding]) -> Iterator[Card]:
    """Yield a card for each finding; Services of which the very same is said share one."""
    alike: dict[Finding, list[Finding]] = {}
    for one in findings:
        alike.setdefault(replace(one, service="", command=""), []).append(one)
    for group in alike.values():
        one, names = group[0], [one.service or "the cluster" for one in group]
        about = names[0] if len(names) == 1 else f"{len(names)} Services"
        yield Card(SIGNS[one.severity], about, one.what, tuple(_lines(one, names)))


def _lines(one: Finding, names: Sequence[str]) -> Iterator[tuple[str, Cell]]:
    if len(names) > 1:
        yield "Services", listed(names, MOST_NAMED)
    yield "Why", one.why
    yield "What to do", one.fix
    if one.command:
        yield "To see it", Code(one.command)
    if one.source:
        yield "Source", Link(one.source, one.url)
    if one.lesson:
        yield "Lesson", f"{one.lesson}, opened by k8sexpose lab"


TABLE = "font-family: var(--jp-ui-font-family, sans-serif); text-align: left; table-layout: auto; width: 100%"
CELL = "text-align: left; vertical-align: top; white-space: normal; overflow-wrap: anywhere"


def findings_table(caption: str, findings: Sequence[Finding]) -> str:
    """Return a table in HTML that fits a narrow page: all that is said of a finding is in one cell.

    A column for each of its texts would leave the longest one two words a line, and cut off the command.

    Examples
    --------
    >>> findings_table("One", [Finding("k", "note", "shop/web", "What.", "Why.", "Fix.", "kubectl get pods")]).count(
    ...     "<td"
    ... )
    3
    """
    head = "".join(
        f'<th scope="col" style="text-align: left">{name}</th>' for name in ("severity", "object", "finding")
    )
    body = "".join(map(_row, findings))
    title = f'<caption style="text-align: left; white-space: normal">{html.escape(caption)}</caption>'
    return (
        f'<table class="{LITERAL}" style="{TABLE}">{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _row(one: Finding) -> str:
    lines = [f"<strong>{html.escape(one.what)}</strong>", html.escape(one.why), f"To do: {html.escape(one.fix)}"]
    if one.command:
        lines.append(f'To see it: <code style="white-space: pre-wrap">{html.escape(one.command)}</code>')
    sign = f'<td style="{CELL}; white-space: nowrap">{html.escape(SIGNS[one.severity])}</td>'
    name = html.escape(one.service or "the cluster").replace("/", "/<wbr>")
    about = f'<td style="{CELL}; overflow-wrap: break-word">{name}</td>'
    return f'<tr>{sign}{about}<td style="{CELL}">{"<br>".join(lines)}</td></tr>'
