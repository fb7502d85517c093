"""Tables for notebooks: every value escaped, colours from the page."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Collection, Iterable, Sequence
from typing import SupportsFloat

__all__ = ["LITERAL", "html_table", "listed", "milliseconds", "percent", "scrolling", "visible"]

# All that a terminal would obey, and what changes the direction of writing; text has no need of it. (A text, not a
# pattern: to compile it would take a fiftieth of the time to import the model.)
CONTROLS = r"[^\n\t -~\u00a0-\u200d\u2010-\u2029\u202f-\u2065\u2070-\U0010ffff]"


# Classes that keep MathJax off a text, in JupyterLab and in a page of nbconvert: a name may hold $\\href{…}{…}$.
LITERAL = "tex2jax_ignore mathjax_ignore"


def html_table(
    caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], *, unbroken: Collection[int] = ()
) -> str:
    """Return a table in HTML in the colours of the page, every value escaped.

    The `unbroken` columns, counted from 0, keep each value on one line: a name such as node-2, or a date.

    >>> html_table("Nodes", ["node", "state"], [["node-2", "up"]], unbroken=[0]).count("nowrap")
    1
    """
    style = "font-family: var(--jp-ui-font-family, sans-serif); text-align: left"
    cells = "".join(f'<th scope="col" style="text-align: left">{html.escape(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(_cell(cell, k in unbroken) for k, cell in enumerate(row)) + "</tr>" for row in rows)
    title = f'<caption style="text-align: left">{html.escape(caption)}</caption>'
    return (
        f'<table class="{LITERAL}" style="{style}">{title}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'
    )


def _cell(value: str, unbroken: bool) -> str:
    whole = "; white-space: nowrap" if unbroken else ""
    return f'<td style="text-align: left{whole}">{html.escape(value)}</td>'


# Seen only where the page is narrower than what scrolls: as padding, a percentage is one of the page's width.
HINT = (
    '<div class="kx-hint" aria-hidden="true" style="position: relative; overflow: hidden; height: 0; '
    'padding-top: clamp(0px, ({least} - 100%) * 99, 1.5em)">'
    '<span style="position: absolute; top: 0; font-size: 12px">↔ wider than the page: scroll sideways</span></div>'
)


def scrolling(inner: str, label: str = "Table", least_px: float = 0) -> str:
    """Return HTML in a region that scrolls where the page is too narrow for it, also by the keyboard.

    With `least_px` it shrinks with the page to that width, and says so where it scrolls; without, it is as wide as it
    needs.

    >>> "min-width: 300px" in scrolling("<svg/>", "Picture", 300)
    True
    """
    width = f"min-width: {least_px:.0f}px" if least_px else "display: inline-block"
    region = (
        f'<div tabindex="0" role="region" aria-label="{html.escape(label)}" data-lm-suppress-shortcuts="true" '
        f'style="overflow-x: auto"><div style="{width}">{inner}</div></div>'
    )
    return f"<div>{HINT.format(least=f'{least_px:.0f}px')}{region}</div>" if least_px else region


def visible(text: str) -> str:
    """Return a text with each control character as its escape, so that a terminal does not obey it."""
    return re.sub(CONTROLS, lambda match: ascii(match[0])[1:-1], text)


def percent(share: SupportsFloat) -> str:
    """Return a part of one as percent, with at most one decimal.

    >>> percent(1 / 3), percent(0.25)
    ('33.3%', '25%')
    """
    return f"{float(share):.1%}".replace(".0%", "%")


def milliseconds(value: float) -> str:
    """Return a latency in words: in seconds from 1,000 ms on, and what an overloaded queue or no request gives.

    >>> milliseconds(12.34), milliseconds(2345.0), milliseconds(float("inf"))
    ('12.3 ms', '2.35 s', 'overloaded')
    """
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "overloaded"
    return f"{value:.3g} ms" if value < 1000 else f"{value / 1000:,.3g} s"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return a few names in words, and how many more there are.

    >>> listed(["a", "b"]), listed(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
