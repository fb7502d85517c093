"""Elements of a drawing: plain values that Python writes as SVG text and JavaScript builds in the page.

All text of users goes through `Element`: control characters that XML forbids are replaced, all else is escaped
when it is written. How an element looks is said once, in `STYLE`, by the name of its class.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from math import cos, pi, sin
from typing import Any, TypeAlias

from ._display import scrolling
from ._palette import CONCEPTS

__all__ = [
    "STYLE", "Element", "clean", "corners", "document", "element", "fit", "grid", "images", "marker", "path",
    "readable", "rect", "side_by_side", "stripes", "style_sheet", "text",
]  # fmt: skip

Value: TypeAlias = "str | float | int"

# Ink and ground come from the same theme or from the same fallback: VS Code has light values of JupyterLab's variables,
# whatever its own theme is. So what has no ground of its own inherits its colour instead.
TEXT = "var(--jp-ui-font-color1, #212121)"
FAINT = "var(--jp-content-font-color2, var(--jp-ui-font-color2, #616161))"
GROUND = "var(--jp-layout-color1, #ffffff)"
PAGE = f"var(--jp-layout-color0, {GROUND})"  # what is behind the outputs of a notebook
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
    "nodeport": f"fill:{_color('node port')};fill-opacity:.08;stroke:{_color('node port')};stroke-width:2",
    "rules": f"fill:{RAISED};stroke:{FAINT};stroke-width:1;stroke-dasharray:7 3",
    "down-rules": f"fill:none;stroke:{FAINT};stroke-width:1;stroke-dasharray:2 4",
    "rules-text": f"fill:{TEXT};{SANS};font-size:12px",
    "lamp-good": f"fill:{_color('node')};stroke:{TEXT};stroke-width:1",
    "lamp-bad": f"fill:{GROUND};stroke:{_color('dropped')};stroke-width:2.5",
    "lamp-off": f"fill:none;stroke:{FAINT};stroke-width:1;stroke-dasharray:2 2",
    "lamp-line": "fill:none;stroke:#ffffff;stroke-width:2;stroke-linecap:round",
    "lamp-cross": f"fill:none;stroke:{_color('dropped')};stroke-width:2.2",
    "zone": f"fill:{RAISED};fill-opacity:.55;stroke:{LINE};stroke-width:1;stroke-dasharray:2 3",
    "node": f"fill:{GROUND};stroke:{_color('node')};stroke-width:2",
    "down": f"fill:{RAISED};stroke:{_color('dropped')};stroke-width:2;stroke-dasharray:5 4",
    "sick": f"fill:{GROUND};stroke:{_color('dropped')};stroke-width:2;stroke-dasharray:14 4",
    "node-port-mark": f"fill:{_color('node port')};stroke:#5c5500;stroke-width:1",
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
    "leg-refused": f"fill:none;stroke:{_color('dropped')};stroke-width:3",
    "head-refused": f"fill:{_color('dropped')}",
    "leg-back": f"fill:none;stroke:{FAINT};stroke-width:1.3;stroke-dasharray:4 3",
    "head-back": f"fill:{FAINT}",
    "head": f"fill:{TEXT}",
    "head-extra": f"fill:{_color('extra hop')}",
    "head-lost": f"fill:{_color('dropped')}",
    "badge": f"fill:{TEXT};stroke:{GROUND};stroke-width:1.5",
    "badge-text": f"fill:{GROUND};{SANS};font-size:12px;font-weight:700;text-anchor:middle",
    "chip": f"fill:{GROUND};fill-opacity:.92;stroke:{LINE};stroke-width:.75",
    "chip-text": f"fill:{TEXT};{SANS};font-size:12px;text-anchor:middle",
    "end-good": f"fill:{_color('client')};stroke:{GROUND};stroke-width:2",
    "end-bad": f"fill:{_color('dropped')};stroke:{GROUND};stroke-width:2",
    "end-open": f"fill:{GROUND};stroke:{_color('dropped')};stroke-width:2;stroke-dasharray:3 3",
    "end-line": "fill:none;stroke:#ffffff;stroke-width:2.5;stroke-linecap:round",
    "end-dots": f"fill:{_color('dropped')}",
    "name": f"fill:{TEXT};{SANS};font-size:14px;font-weight:600",
    "small": f"fill:{TEXT};{SANS};font-size:12px",
    "strong": f"fill:{TEXT};{SANS};font-size:12px;font-weight:700",
    "mono": f"fill:{FAINT};{MONO};font-size:12px",
    "title": f"fill:{TEXT};{SANS};font-size:13px;font-weight:600",
    "label": f"fill:{FAINT};{SANS};font-size:12px",
    "node-port-text": f"fill:#212121;{MONO};font-size:12px;font-weight:700;text-anchor:middle",
    "shut-text": f"fill:{FAINT};{MONO};font-size:12px;text-anchor:middle;text-decoration:line-through",
}

# What XML 1.0 has no place for (controls, surrogates and two that are no characters), and marks that would turn the
# direction of the text around them. (A text, not a pattern: whoever imports this may never draw.)
FORBIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"


def clean(text: str) -> str:
    r"""Return a text without characters that an SVG cannot hold.

    Examples
    --------
    >>> clean("a\x00b")
    'a�b'
    """
    return re.sub(FORBIDDEN, "\ufffd", text)


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


# -- drawings of explorers: elements with their colours ----


def text(
    x: float, y: float, words: str, anchor: str = "start", *, color: str = TEXT, bold: bool = False, size: int = 13
) -> Element:
    """Return a line of text.

    Examples
    --------
    >>> "&lt;b&gt;" in text(0, 0, "<b>").svg()
    True
    """
    weight = "bold" if bold else None
    return element(
        "text", "", words, x=float(x), y=float(y), text_anchor=anchor, font_size=size, fill=color, font_weight=weight
    )


def rect(x: float, y: float, width: float, height: float, **attrs: Value | None) -> Element:
    """Return a rectangle.

    Examples
    --------
    >>> rect(0, 0, 2, 1, fill="none").svg()
    '<rect x="0" y="0" width="2" height="1" fill="none"/>'
    """
    return element("rect", "", x=float(x), y=float(y), width=float(width), height=float(height), **attrs)


def path(d: str, **attrs: Value | None) -> Element:
    """Return a path, drawn in the colour of text unless `stroke` says otherwise, and not filled.

    Examples
    --------
    >>> path("M0 0 h9", stroke="red").svg()
    '<path d="M0 0 h9" fill="none" stroke="red"/>'
    """
    return element("path", "", **{"d": d, "fill": "none", "stroke": TEXT, **attrs})


def grid(left: float, width: float, levels: Iterable[tuple[float, str]]) -> Iterator[Element]:
    """Yield a thin line at each height, with its words to the left, if any."""
    for y, words in levels:
        yield path(f"M{left:g} {y:.1f} h{width:g}", stroke=FAINT, stroke_opacity=0.35)
        if words:
            yield text(left - 8, y + 4, words, "end", size=12)


# Corners of a regular polygon, and by how much of a circle it is turned.
POLYGONS = {"D": (4, 0.0), "h": (6, 1 / 12), "p": (5, -0.25), "^": (3, -0.25), "v": (3, 0.25), "8": (8, 1 / 16)}


def marker(shape: str, x: float, y: float, r: float = 8, **attrs: Value | None) -> Element:
    """Return the sign of a concept; the shape says the same as the colour.

    Parameters
    ----------
    shape : str
        matplotlib's name of the marker, as in `CONCEPTS`.
    x, y, r : float
        Centre and radius, in pixels.
    **attrs : str or float
        Colours; by default a thin line around it in the colour of text.

    Examples
    --------
    >>> marker("o", 5, 5, 2, fill="red", stroke=None).svg()
    '<circle cx="5" cy="5" r="2" fill="red"/>'
    """
    given: dict[str, Value | None] = {"stroke": TEXT, **attrs}
    if shape == "o":
        return element("circle", "", cx=float(x), cy=float(y), r=float(r), **given)
    if shape == "s":
        return rect(x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r, **given)
    if shape == "X":
        d = 0.7 * r
        cross = f"M{x - d:.1f} {y - d:.1f} l{2 * d:.1f} {2 * d:.1f} m0 {-2 * d:.1f} l{-2 * d:.1f} {2 * d:.1f}"
        return path(cross, **{"stroke_width": 4, **attrs})
    return element("polygon", "", points=corners(shape, x, y, r), **given)


def corners(shape: str, x: float, y: float, r: float) -> str:
    """Return the points of a regular polygon of `POLYGONS`."""
    count, turn = POLYGONS[shape]
    angles = [2 * pi * (turn + k / count) for k in range(count)]
    return " ".join(f"{x + r * cos(angle):.1f},{y + r * sin(angle):.1f}" for angle in angles)


def stripes(name: str, ground: str, line: str, *, width: float = 2, opacity: float = 1) -> Element:
    """Return a pattern of slanted stripes; ``fill="url(#name)"`` uses it.

    Examples
    --------
    >>> stripes("kx-hop", "orange", "black").children[0].attrs["id"]
    'kx-hop'
    """
    inner = (
        element("rect", "", width=7, height=7, fill=ground, fill_opacity=opacity),
        path("M0 0 V7", stroke=line, stroke_width=width),
    )
    box: dict[str, Value | None] = {"width": 7, "height": 7, "patternUnits": "userSpaceOnUse"}
    turned = element("pattern", "", inner, id=name, patternTransform="rotate(45)", **box)
    return element("defs", "", [turned])


def document(label: str, width: float, height: float, parts: Iterable[Element], grows: float = 1) -> str:
    """Return a drawing as an ``<svg>`` that has a description and takes the width it is given, as far as it needs it.

    One that grows takes up to so many times its width, where there is room.

    Examples
    --------
    >>> document("A <b>", 10, 5, []).startswith('<svg role="img" aria-label="A &lt;b&gt;"')
    True
    """
    size = "max-width: 100%" if grows == 1 else f"width: 100%; max-width: {grows * width:g}px"
    return (
        f'<svg role="img" aria-label="{escape(clean(label), quote=True)}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" style="{size}; height: auto; background: {PAGE}; '
        'font-family: var(--jp-ui-font-family, sans-serif)">'
        f"{''.join(part.svg() for part in parts)}</svg>"
    )


def side_by_side(*drawings: str) -> str:
    """Return drawings beside each other, and one below the other where the page is too narrow for that.

    Examples
    --------
    >>> side_by_side(document("A.", 10, 5, []), document("B.", 10, 5, [])).count("flex: 0 1 auto")
    2
    """
    items = "".join(f'<div style="flex: 0 1 auto; max-width: 100%">{one}</div>' for one in drawings)
    return f'<div style="display: flex; flex-wrap: wrap; gap: 8px 28px">{items}</div>'


LABEL = re.compile(r'\baria-label="([^"]*)"')
WIDTH = re.compile(r'\bwidth="([0-9.]+)"')
NARROW = 320  # a drawing that a phone shows whole
GROWS = re.compile(r"width: 100%; max-width: ([0-9.]+)px")
SMALLEST = 1.0  # of its width: words of 12 pixels get no smaller, the drawing scrolls instead


def readable(drawing: str) -> str:
    """Return a drawing in a region that scrolls where the page is too narrow for its words.

    Examples
    --------
    >>> "min-width: 100px" in readable(document("A node.", 100, 5, []))
    True
    """
    width = WIDTH.search(drawing)
    return scrolling(drawing, "Picture", SMALLEST * float(width[1]) if width else 0)


# An image knows no variables of the page that shows it: it brings its own ground, and ink that reads on it.
CARD = """<style>
svg { background: var(--jp-layout-color1); border-radius: 6px; color: #1f2328; font-family: system-ui, sans-serif;
  --jp-ui-font-family: system-ui, sans-serif; --jp-ui-font-color1: #1f2328; --jp-ui-font-color2: #57606a;
  --jp-content-font-color2: var(--jp-ui-font-color2); --jp-layout-color0: #ffffff; --jp-layout-color1: #ffffff;
  --jp-layout-color2: #f4f6f8;
  --jp-border-color1: #8c959f }
@media (prefers-color-scheme: dark) { svg { color: #e6e9ec; --jp-ui-font-color1: #e6e9ec;
  --jp-ui-font-color2: #a3adb7; --jp-layout-color0: #14181c; --jp-layout-color1: #14181c;
  --jp-layout-color2: #1e242a;
  --jp-border-color1: #7d8894 } }
</style>"""
DRAWING = re.compile(r"<svg\b[^>]*>.*?</svg>", re.DOTALL)


def images(page: str) -> str:
    """Return a page with its drawings as images, each with its description.

    JupyterLab takes ``<svg>`` out of a notebook that is not trusted, and code hosts do so always; the words of the
    drawing then run together. An image of the same drawing stays.

    Examples
    --------
    >>> images("<p>" + document("A node.", 10, 5, []) + "</p>")[:66]
    '<p><img alt="A node." width="10" style="max-width:100%;min-width:0'
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
    grows = GROWS.search(opening)
    style = f"width:100%;max-width:{grows[1]}px" if grows else "max-width:100%"
    if width and float(width[1]) <= NARROW:  # a page may ask for a width at which others can still be read
        style += ";min-width:0"
    return (
        f'<img alt="{label[1] if label else ""}"{size} style="{style};height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )
