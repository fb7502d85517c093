"""The still picture: inline SVG with numbered legs, and the same in words, for pages where no kernel runs."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ..._display import LITERAL, scrolling
from ..._svg import SMALLEST, clean
from .drawing import draw
from .layout import lay_out
from .scene import Scene

__all__ = ["Still"]

FIGURE = (
    "margin:0;color:var(--jp-ui-font-color1, #212121);background:var(--jp-layout-color1, #ffffff);"
    "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:13px;line-height:1.45"
)


READING = (
    "The frames are the entrances of the Service, one inside the other; its ClusterIP is no place, but rules in every "
    "node. Circled numbers are the steps of the packet. {card}A Pod's number is its share of all requests."
)
LAMPS = " A node's lamp says what the load balancer thinks of the node{since}."
SINCE = ", and since when on the cluster's clock (t)"
CARD = "The card shows its source and destination; changed fields are highlighted. "


def reading_of(scene: Scene, card: bool = False) -> str:
    """Return how to read the picture of a scene: about what is drawn, and nothing else.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> from k8sexpose.widgets.flow.scene import FlowQuery, make_scene
    >>> reading_of(make_scene(Cluster(), FlowQuery("10.0.0.1:30007")))
    'Circled numbers are the steps of the packet.'
    """
    words = CARD if card else ""
    if scene.service is None:
        return f"Circled numbers are the steps of the packet. {words}".rstrip()
    since = SINCE if any(node.since_s is not None for node in scene.nodes) else ""
    lamps = LAMPS.format(since=since) if any(node.lamp for node in scene.nodes) else ""
    return READING.format(card=words) + lamps


@dataclass(frozen=True, slots=True)
class Still:
    """A scene as a still picture; a notebook shows it by itself.

    Parameters
    ----------
    scene : Scene
        What it shows.
    width : float
        Of the picture, in pixels.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> from k8sexpose.widgets.flow.scene import FlowQuery, make_scene
    >>> still = Still(make_scene(Cluster(), FlowQuery("10.0.0.1:30007")))
    >>> still.svg[:4], still.html[:7]
    ('<svg', '<figure')
    """

    scene: Scene
    width: float = 860

    @property
    def svg(self) -> str:
        """The picture alone."""
        return draw(self.scene, lay_out(self.scene, self.width)).svg(styled=True)

    @property
    def description(self) -> str:
        """The picture in words."""
        return self.scene.description

    @property
    def html(self) -> str:
        """The picture, and its steps as a list; the numbers are those of the legs."""
        steps = self.scene.steps
        items = "".join(
            f'<li><b>{_html(step.who)}</b>: {_html(step.text)}'
            + (f" <code>{_html(' → '.join(step.before))}</code>" if step.before == step.after or step.end else
               f" <code>{_html(' → '.join(step.before))}</code> leaves as <code>{_html(' → '.join(step.after))}</code>")
            + "</li>"
            for step in steps
        )  # fmt: skip
        reading = f'<p style="margin:4px 0 0"><strong>How to read this.</strong> {reading_of(self.scene)}</p>'
        caption = f"<figcaption>{_html(self.scene.summary)}{reading}</figcaption>"
        way = f'<ol style="margin:4px 0 0">{items}</ol>'
        picture = scrolling(self.svg, "Picture", SMALLEST * self.width)
        return f'<figure class="{LITERAL}" style="{FIGURE}">{picture}{caption}{way}</figure>'

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Still: {self.scene.summary}>"


def _html(text: str) -> str:
    return escape(clean(text))
