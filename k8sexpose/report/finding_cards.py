"""Findings as cards: what it is, why, what to do, the command that shows it, and where one can read about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .._display import listed
from .document import Card, Cell, Code, Link
from .findings import Finding

__all__ = ["SIGNS", "finding_cards"]

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
