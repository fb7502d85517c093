"""Elements of a drawing: plain values that Python writes as SVG text and JavaScript builds in the page.

All text of users goes through `Element`: control characters that XML forbids are replaced, all else is escaped
when it is written. How an element looks is said once, in `STYLE`, by the name of its class.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeAlias

from ._palette import CONCEPTS

__all__ = ["STYLE", "Element", "clean", "element", "fit", "images", "label_text", "style_sheet", "svg"]

Value: TypeAlias = "str | float | int"

TEXT = "var(--jp-ui-font-color1, #212121)"
FAINT = "var(--jp-ui-font-color2, #616161)"
GROUND = "var(--jp-layout-color1, #ffffff)"
RAISED = "var(--jp-layout-color2, #f5f5f5)"
LINE = "var(--jp-border-color1, #9e9e9e)"
SANS = "font-family:var(--jp-ui-font-family, system-ui, sans-serif)"
MONO = "font-family:var(--jp-code-font-family, ui-monospace, monospace)"


def _color(concept: str) -> str:
    return CONCEPTS[concept].color


STYLE = {
    "ground": f"fill:{GROUND}",
    "place": f"fill:{RAISED};stroke:{FAINT};stroke-width:1",
    "front": f"fill:{_color('load balancer')};fill-opacity:.08;stroke:{_color('load balancer')};stroke-width:2",
    "nodeport": f"fill:{_color('window')};fill-opacity:.08;stroke:{_color('window')};stroke-width:2",
    "clusterip": (
        f"fill:{_color('Pod')};fill-opacity:.16;stroke:{_color('Pod')};stroke-width:2;stroke-dasharray:7 3;"
        "pointer-events:none"
    ),
    "zone": f"fill:{RAISED};fill-opacity:.55;stroke:{LINE};stroke-width:1;stroke-dasharray:2 3",
    "node": f"fill:{GROUND};stroke:{_color('node')};stroke-width:2",
    "down": f"fill:{RAISED};stroke:{_color('dropped')};stroke-width:2;stroke-dasharray:5 4",
    "window": f"fill:{_color('window')};stroke:#5c5500;stroke-width:1",
    "shut": f"fill:{RAISED};stroke:{FAINT};stroke-width:1;stroke-dasharray:3 2",
    "pod": f"fill:{GROUND};stroke:{FAINT};stroke-width:1",
    "ghost": f"fill:{RAISED};stroke:{FAINT};stroke-width:1;stroke-dasharray:3 2",
    "client-mark": f"fill:{_color('client')};stroke:{GROUND};stroke-width:1",
    "cloud-mark": f"fill:{_color('cloud')};stroke:{FAINT};stroke-width:1",
    "front-mark": f"fill:{_color('load balancer')};stroke:{FAINT};stroke-width:1",
    "node-mark": f"fill:{_color('node')};stroke:{FAINT};stroke-width:1",
    "pod-mark": f"fill:{_color('Pod')};stroke:{FAINT};stroke-width:1",
    "dead-mark": f"fill:none;stroke:{FAINT};stroke-width:1.5",
    "lost-mark": f"fill:none;stroke:{_color('dropped')};stroke-width:2.5",
    "track": f"fill:{RAISED};stroke:{LINE};stroke-width:.75",
    "fill": f"fill:{_color('Pod')}",
    "tick": f"stroke:{TEXT};stroke-width:2",
    "leg": f"fill:none;stroke:{TEXT};stroke-width:2",
    "leg-extra": f"fill:none;stroke:{_color('extra hop')};stroke-width:3.5;stroke-dasharray:9 4",
    "leg-lost": f"fill:none;stroke:{_color('dropped')};stroke-width:2.5;stroke-dasharray:2 4",
    "head": f"fill:{TEXT}",
    "head-extra": f"fill:{_color('extra hop')}",
    "head-lost": f"fill:{_color('dropped')}",
    "badge": f"fill:{TEXT};stroke:{GROUND};stroke-width:1.5",
    "badge-text": f"fill:{GROUND};{SANS};font-size:11px;font-weight:700;text-anchor:middle",
    "chip": f"fill:{GROUND};fill-opacity:.92;stroke:{LINE};stroke-width:.75",
    "chip-text": f"fill:{TEXT};{SANS};font-size:11px;text-anchor:middle",
    "end-good": f"fill:{_color('node')};stroke:{GROUND};stroke-width:2",
    "end-bad": f"fill:{_color('dropped')};stroke:{GROUND};stroke-width:2",
    "end-open": f"fill:{GROUND};stroke:{_color('dropped')};stroke-width:2;stroke-dasharray:3 3",
    "end-line": "fill:none;stroke:#ffffff;stroke-width:2.5;stroke-linecap:round",
    "end-dots": f"fill:{_color('dropped')}",
    "name": f"fill:{TEXT};{SANS};font-size:13px;font-weight:600",
    "small": f"fill:{TEXT};{SANS};font-size:11px",
    "strong": f"fill:{TEXT};{SANS};font-size:11px;font-weight:700",
    "mono": f"fill:{FAINT};{MONO};font-size:11px",
    "title": f"fill:{TEXT};{SANS};font-size:12px;font-weight:600",
    "label": f"fill:{FAINT};{SANS};font-size:11px",
    "window-text": f"fill:#212121;{MONO};font-size:11px;font-weight:700;text-anchor:middle",
    "shut-text": f"fill:{FAINT};{MONO};font-size:11px;text-anchor:middle;text-decoration:line-through",
}

# What XML 1.0 has no place for, and marks that would turn the direction of the text around them.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    r"""Return a text without characters that an SVG cannot hold.

    Examples
    --------
    >>> clean("a\x00b")
    'a�b'
    """
    return FORBIDDEN.sub("\ufffd", text)


def fit(text: str, width: float, size: float = 6.4) -> str:
    """Return a text shortened in the middle to `width` pixels, `size` for a character: names differ at both ends.

    Examples
    --------
    >>> fit("api-backend-7d9f8b-xk2lp", 90)
    'api-bac…-xk2lp'
    """
    room = max(int(width / size), 3)
    if len(text) <= room:
        return text
    left = room // 2
    return f"{text[:left]}…{text[left + 1 - room :]}"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a drawing.

    Parameters
    ----------
    tag : str
        Its name in SVG.
    look : str
        Its class, a key of `STYLE`, or nothing.
    attrs : mapping of str to str or float
        Its attributes.
    children : tuple of Element
        What it holds.
    text : str
        Its text.
    """

    tag: str
    look: str = ""
    attrs: Mapping[str, Value] = field(default_factory=dict)
    children: tuple[Element, ...] = ()
    text: str = ""

    def svg(self, styled: bool = False) -> str:
        """Return the element as XML; `styled` writes the looks into it, without the need of a style sheet."""
        attrs: dict[str, Value] = {name: value for name, value in self.attrs.items() if not name.startswith("data-")}
        if styled and self.look:
            attrs["style"] = STYLE[self.look]
        shown = "".join(f' {name}="{escape(clean(_text(value)))}"' for name, value in attrs.items())
        inner = escape(clean(self.text), quote=False) + "".join(child.svg(styled) for child in self.children)
        return f"<{self.tag}{shown}>{inner}</{self.tag}>" if inner else f"<{self.tag}{shown}/>"

    def plain(self) -> list[Any]:
        """Return lists and texts, as JavaScript reads them: tag, look, attributes, and a text or a list of elements."""
        attrs = {name: clean(value) if isinstance(value, str) else value for name, value in self.attrs.items()}
        return [self.tag, self.look, attrs, clean(self.text) or [child.plain() for child in self.children]]


def element(tag: str, look: str = "", inner: str | Iterable[Element] = (), /, **attrs: Value | None) -> Element:
    """Build an element; ``data_key=`` becomes the attribute ``data-key``, None no attribute.

    Examples
    --------
    >>> element("rect", "node", x=1, data_key="k", rx=None).plain()
    ['rect', 'node', {'x': 1, 'data-key': 'k'}, []]
    """
    given = {name.replace("_", "-"): value for name, value in attrs.items() if value is not None}
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in given.items()}
    if isinstance(inner, str):
        return Element(tag, look, rounded, text=inner)
    return Element(tag, look, rounded, tuple(inner))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def style_sheet(scope: str) -> str:
    """Return the looks as CSS rules inside `scope`.

    Examples
    --------
    >>> style_sheet(".kx-flow").splitlines()[0][:20]
    '.kx-flow .kx-ground{'
    """
    return "\n".join(f"{scope} .kx-{name}{{{rules}}}" for name, rules in STYLE.items())


def svg(label: str, width: int, height: int, parts: Iterable[str]) -> str:
    """Return the parts of a picture in an ``<svg>`` that has a description.

    Examples
    --------
    >>> svg("A <b>", 10, 5, []).startswith('<svg role="img" aria-label="A &lt;b&gt;"')
    True
    """
    return (
        f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" style="max-width: 100%; height: auto; font-family: var(--jp-ui-font-family, sans-serif)">'
        f"{''.join(parts)}</svg>"
    )


# An image knows no variables of the page that shows it: it brings its own ground, and ink that reads on it.
CARD = """<style>
svg { background: var(--jp-layout-color1); border-radius: 6px; color: #1f2328; font-family: system-ui, sans-serif;
  --jp-ui-font-family: system-ui, sans-serif; --jp-ui-font-color1: #1f2328; --jp-ui-font-color2: #57606a;
  --jp-layout-color1: #ffffff; --jp-layout-color2: #f4f6f8; --jp-border-color1: #8c959f }
@media (prefers-color-scheme: dark) { svg { color: #e6e9ec; --jp-ui-font-color1: #e6e9ec; --jp-ui-font-color2: #a3adb7;
  --jp-layout-color1: #14181c; --jp-layout-color2: #1e242a; --jp-border-color1: #7d8894 } }
</style>"""
DRAWING = re.compile(r"<svg\b[^>]*>.*?</svg>", re.DOTALL)
LABEL = re.compile(r'\baria-label="([^"]*)"')
WIDTH = re.compile(r'\bwidth="([0-9.]+)"')


def images(page: str) -> str:
    """Return a page with its drawings as images, each with its description.

    JupyterLab takes ``<svg>`` out of a notebook that is not trusted, and code hosts do so always; the words of the
    drawing then run together. An image of the same drawing stays.

    Examples
    --------
    >>> images("<p>" + svg("A wall.", 10, 5, []) + "</p>")[:67]
    '<p><img alt="A wall." width="10" style="max-width:100%;height:auto"'
    """
    return DRAWING.sub(_image, page)


def _image(found: re.Match[str]) -> str:
    drawing = found[0]
    head = drawing.index(">")
    opening = drawing[:head]
    if "xmlns=" not in opening:
        opening = opening.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    data = base64.b64encode(f"{opening}>{CARD}{drawing[head + 1 :]}".encode()).decode("ascii")
    label, width = LABEL.search(opening), WIDTH.search(opening)
    size = f' width="{width[1]}"' if width else ""
    return (
        f'<img alt="{label[1] if label else ""}"{size} style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def label_text(
    x: float, y: float, words: str, anchor: str = "start", *, color: str = TEXT, bold: bool = False, size: int = 13
) -> str:
    """Return a word as SVG text, escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in label_text(0, 0, "<b>")
    True
    """
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}"{weight}>'
        f"{escape(words)}</text>"
    )
