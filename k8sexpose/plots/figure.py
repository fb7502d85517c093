"""What all figures share: a canvas, the signs of the palette, and `show`, which puts a figure on the page."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from .._display import LITERAL, scrolling
from .._palette import CONCEPTS
from ..api.checks import check_arguments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Picture", "describe", "show"]

# The ground is transparent: words in this grey read on a light page (4.5 : 1), and lines in the other one on any. What
# is written on a colour, or on paper of its own, is dark.
INK, SOFT = "#767676", "#808080"
# On a dark page of JupyterLab a figure is lighter by a sixth, so that its words have 4.5 : 1 there too. Of the numbers
# among the theme's variables this one tells dark (32) from light (0); other pages have none.
LIGHTER = "filter: brightness(calc(1 + var(--jp-shadow-base-lightness, 0) * 0.005))"
TINT = "18"  # of a box: how much of its colour its ground has, in hexadecimal
PAPER, ON_PAPER = "#ffffff", "#1a1a1a"
WIDTH, DPI = 9.6, 132  # inches; a figure is as wide as its cell
SHOWN = 110  # pixels of the page for an inch
SMALLEST = 0.8  # of its width: below that, its words are smaller than 12 pixels, and it scrolls instead
# Pixels of an output beside JupyterLab's list of files, in a window of 1300: what is wider would have to be scrolled.
CELL = 736
PAD = 0.1  # inches around a figure
NARROWEST = 3.0  # inches of axes


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A figure for the page, with a description for those who do not see it.

    Parameters
    ----------
    png : bytes
        The picture.
    alt : str
        What it shows, in a sentence.
    reading : str
        How to read it.
    title : str
        Its title.

    Examples
    --------
    >>> Picture(b"", "Three nodes.", "Boxes are nodes.")
    <Picture: Three nodes.>
    """

    png: bytes
    alt: str
    reading: str = ""
    title: str = ""

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode("ascii")
        # Bytes 16 to 19 of a PNG are its width; a figure is as wide as its cell, and no more blurred than it must be.
        width = round(int.from_bytes(self.png[16:20], "big") * SHOWN / DPI)
        image = (
            f'<img alt="{html.escape(self.alt)}" style="width: 100%; max-width: {width}px; {LIGHTER}" '
            f'src="data:image/png;base64,{data}">'
        )
        image = scrolling(image, "Picture", SMALLEST * width)
        if not self.reading:
            return image
        style = "margin: 0.4em 0; font-family: var(--jp-ui-font-family, sans-serif)"
        if self.title:
            image = f'<p style="{style}; font-weight: 600">{html.escape(self.title)}</p>{image}'
        caption = (
            f'<figcaption style="{style}"><strong>How to read this.</strong> {html.escape(self.reading)}</figcaption>'
        )
        return f'<figure class="{LITERAL}" style="margin: 0">{image}{caption}</figure>'


def show(ax: Axes) -> Picture:
    """Put a figure on the page.

    Parameters
    ----------
    ax : Axes
        What a plot returned.

    Returns
    -------
    Picture
        An image with a description, the same bytes every time.

    Examples
    --------
    >>> from k8sexpose import Cluster, plot_cluster
    >>> show(plot_cluster(Cluster(nodes=2))).alt
    'A cluster of 2 nodes: node-1 (10.0.0.1) without Pods, node-2 (10.0.0.2) without Pods.'
    """
    check_arguments(show, locals())
    # The figure of a figure is the outermost one, in every version; get_figure can be asked for it from 3.10 on.
    figure = ax.figure.figure if ax.figure else None
    stream = io.BytesIO()
    if figure is not None:
        _fit(ax, figure)
        figure.savefig(
            stream, format="png", dpi=DPI, transparent=True, bbox_inches="tight", pad_inches=PAD,
            metadata={"Software": None},
        )  # fmt: skip
    return Picture(stream.getvalue(), *READINGS.get(ax, ("", "", "")))


def _fit(ax: Axes, figure: Figure) -> None:
    """Make axes narrower if words outside them make the figure too wide for its place beside the list of files.

    A drawing without axes keeps its proportions.
    """
    excess = figure.get_tightbbox().width + 2 * PAD - CELL / (SMALLEST * SHOWN)
    if excess > 0 and ax.axison and len(figure.axes) == 1:
        place, whole = ax.get_position(), float(figure.get_figwidth())
        width = max(place.width * whole - excess, NARROWEST)
        ax.set_position((place.x0, place.y0, width / whole, place.height))


def describe(ax: Axes) -> str:
    """Say in a sentence what a figure of this module shows.

    Parameters
    ----------
    ax : Axes
        What a plot returned.

    Returns
    -------
    str
        The description, computed from the data.

    Examples
    --------
    >>> from k8sexpose import Cluster, plot_cluster
    >>> describe(plot_cluster(Cluster(nodes=1)))
    'A cluster of 1 node: node-1 (10.0.0.1) without Pods.'
    """
    check_arguments(describe, locals())
    return READINGS.get(ax, ("", "", ""))[0]


READINGS: WeakKeyDictionary[Axes, tuple[str, str, str]] = WeakKeyDictionary()


def finish(ax: Axes, alt: str, reading: str, title: str) -> None:
    """Keep what a figure shows, how to read it, and its title, and let its texts be drawn as they are.

    To matplotlib, ``$`` begins a formula: a name could be drawn as another one, or end in an error.
    """
    READINGS[ax] = alt, reading, title
    for text in ax.findobj(Text):
        text.set_parse_math(False)


def canvas(ax: Axes | None, width: float, height: float) -> Axes:
    """Return where to draw: the given axes, or those of a new figure that pyplot knows nothing of."""
    if ax is None:
        ax = Figure(figsize=(max(width, WIDTH), height), facecolor="none").add_subplot()
    ax.set_facecolor("none")
    ax.tick_params(colors=INK)
    for side in ax.spines.values():
        side.set_color(INK)
    return ax


def bare(ax: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    """Set the limits, and hide ticks and frame."""
    ax.set_xlim(*x)
    ax.set_ylim(*y)
    ax.set_axis_off()


def box(ax: Axes, x: float, y: float, width: float, height: float, color: str, filled: bool = True) -> None:
    """Draw a rounded box. One inside another is not filled: the tints would add up, and take contrast from the text."""
    ax.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08", edgecolor=color,
            facecolor=color + TINT if filled else "none", linewidth=2,
        )
    )  # fmt: skip


def mark(ax: Axes, kind: str, x: float, y: float, size: float = 11, key: str | None = None) -> None:
    """Put the sign of a concept at a point; `key` names the artist."""
    look = CONCEPTS[kind]
    ax.plot(
        [x], [y], linestyle="none", marker=look.marker, markersize=size, color=look.color, markeredgecolor=INK,
        markeredgewidth=0.8, zorder=5, gid=key or kind,
    )  # fmt: skip


def legend(ax: Axes, kinds: Sequence[str]) -> None:
    """Say under the figure what each sign stands for."""
    handles = []
    for kind in kinds:
        look = CONCEPTS[kind]
        sign = {"marker": look.marker, "color": look.color, "markeredgecolor": INK, "markersize": 8}
        if kind == "node":  # in these pictures a node is a box
            sign |= {"markerfacecolor": look.color + TINT, "markeredgecolor": look.color, "markeredgewidth": 2}
        handles.append(Line2D([], [], linestyle="none", label=look.label, **sign))  # type: ignore[arg-type]
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=len(kinds), frameon=False, fontsize=10,
        labelcolor=INK,
    )  # fmt: skip
