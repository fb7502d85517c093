"""What the pages of the explorers share: the frame of a picture, and of a page that keeps its height."""

from __future__ import annotations

import html

from ..._svg import TEXT

__all__ = ["framed", "printed"]

MONO = "var(--jp-code-font-family, monospace)"


def framed(picture: str, said: str, reading: str, rest: str, *, height_em: int, said_em: int = 3) -> str:
    """Write a page: the picture, the sentence that is announced, how to read it, and the rest.

    Parameters
    ----------
    picture, rest : str
        HTML.
    said, reading : str
        Plain text.
    height_em, said_em : int
        Height that the page, and the sentence, take at least.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "&lt;b&gt;" in framed("", "<b>", "", "", height_em=10)
    True
    """
    return (
        f'<div class="jp-RenderedHTMLCommon" style="padding: 0; color: {TEXT}; min-height: {height_em}em">{picture}'
        f'<p role="status" style="min-height: {said_em}em"><strong>{html.escape(said)}</strong></p>'
        f"<p><strong>How to read this.</strong> {html.escape(reading)}</p>{rest}</div>"
    )


def printed(label: str, body: str, *, height_em: int, wrap: bool = False) -> str:
    """Write what a terminal shows, in a box of fixed height that scrolls, also by the keyboard.

    Parameters
    ----------
    label : str
        Its name for screen readers.
    body : str
        HTML.
    height_em : int
        Height of the box.
    wrap : bool
        Break lines that are too long; tables are not to be broken.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> printed("kubectl", "", height_em=5).startswith('<pre tabindex="0" role="region" aria-label="kubectl"')
    True
    """
    lines = "pre-wrap" if wrap else "pre"
    return (
        f'<pre tabindex="0" role="region" aria-label="{html.escape(label, quote=True)}" '
        f'data-lm-suppress-shortcuts="true" '
        f'style="height: {height_em}em; overflow: auto; margin: 0 0 0.6em; padding: 0.5em; font-family: {MONO}; '
        f'font-size: 12px; color: {TEXT}; border: 1px solid var(--jp-border-color2, #bbb); white-space: {lines}">'
        f"{body}</pre>"
    )
