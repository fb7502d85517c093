"""Tables for notebooks: every value escaped, colours from JupyterLab's theme."""

from __future__ import annotations

import html
from collections.abc import Iterable

__all__ = ["LITERAL", "html_table"]

# Classes that keep MathJax off a text, in JupyterLab and in a page of nbconvert: a name may hold $\\href{…}{…}$.
LITERAL = "tex2jax_ignore mathjax_ignore"


def html_table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table that follows JupyterLab's theme, every value escaped.

    Parameters
    ----------
    caption : str
        Text above the table.
    head : iterable of str
        Titles of the columns.
    rows : iterable of iterable of str
        The cells.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "&lt;b&gt;" in html_table("", ["name"], [["<b>"]])
    True
    """
    style = (
        "color: var(--jp-ui-font-color1, inherit); background: var(--jp-layout-color1, transparent); "
        "font-family: var(--jp-ui-font-family, sans-serif); text-align: left"
    )
    cells = "".join(f'<th scope="col" style="text-align: left">{html.escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align: left">{html.escape(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    title = f'<caption style="text-align: left">{html.escape(caption)}</caption>'
    return (
        f'<table class="{LITERAL}" style="{style}">{title}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'
    )
