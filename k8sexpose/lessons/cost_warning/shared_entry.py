"""The picture of lesson 3: a load balancer for each Service, and one entry that reads the host name."""

from __future__ import annotations

from collections.abc import Iterator

from ..._display import LITERAL
from ..._palette import CONCEPTS
from ..._svg import FAINT, Element, document, marker, path, readable, rect, text

__all__ = ["SharedEntry", "shared_entry"]

APPS = ("shop", "api", "blog")
WIDTH, HEIGHT = 736, 250  # as wide as a cell beside JupyterLab's list of files
TOLD = (
    "On the left, clients reach three Services through three load balancers. On the right, clients reach one load "
    "balancer, which reads the host name and passes each request on to one of three Services without a load balancer."
)
READING = (
    "On the left, three Services have three load balancers. On the right, one load balancer reads the host name in the "
    "HTTP request, and passes the request on to the Service of that name. These Services have no load "
    "balancer of their own."
)


class SharedEntry:
    """Two ways to expose three apps; shows as a picture in a notebook.

    Examples
    --------
    >>> shared_entry()._repr_html_().count("LoadBalancer")
    3
    """

    def __repr__(self) -> str:
        return TOLD

    def _repr_html_(self) -> str:
        style = "margin: 0.4em 0; font-family: var(--jp-ui-font-family, sans-serif)"
        caption = f'<figcaption style="{style}"><strong>How to read this.</strong> {READING}</figcaption>'
        picture = readable(document(TOLD, WIDTH, HEIGHT, [*_each(), *_shared()]))
        return f'<figure class="{LITERAL}" style="margin: 0">{picture}{caption}</figure>'


def shared_entry() -> SharedEntry:
    """Draw a load balancer for each app beside one shared entry."""
    return SharedEntry()


def _box(x: float, y: float, concept: str, words: str, below: str, width: float) -> Iterator[Element]:
    """Draw a box with the sign of its concept."""
    look = CONCEPTS[concept]
    yield rect(x, y, width, 46, fill=look.color, fill_opacity=0.12, stroke=look.color, stroke_width=2, rx=4)
    yield marker(look.marker, x + 18, y + 23, 8, fill=look.color)
    yield text(x + 34, y + 20, words, bold=True)
    yield text(x + 34, y + 37, below, color=FAINT, size=12)


def _line(x1: float, y1: float, x2: float, y2: float) -> Element:
    return path(f"M{x1} {y1} L{x2} {y2}", stroke=FAINT, stroke_width=2)


def _each() -> Iterator[Element]:
    yield text(14, 22, "a load balancer for each Service", bold=True)
    for row, app in enumerate(APPS):
        y = 44.0 + 66 * row
        yield from _box(14, y, "load balancer", "load balancer", f"for {app}", 132)
        yield _line(146, y + 23, 180, y + 23)
        yield from _box(180, y, "Service", app, "type LoadBalancer", 144)


def _shared() -> Iterator[Element]:
    yield text(366, 22, "one shared entry", bold=True)
    yield from _box(366, 110, "load balancer", "load balancer", "reads the host name", 154)
    for row, app in enumerate(APPS):
        y = 44.0 + 66 * row
        yield _line(520, 133, 570, y + 23)
        yield from _box(570, y, "Service", app, f"{app}.example.com", 152)
