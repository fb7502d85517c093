"""The still picture: inline SVG with numbered legs, and the same in words, for pages where no kernel runs."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ..._display import LITERAL, percent, scrolling
from ..._svg import SMALLEST, clean
from .drawing import draw, full_bar
from .layout import lay_out
from .scene import Scene
from .steps import Step

__all__ = ["Still", "reading_of"]

FIGURE = (
    "margin:0;color:var(--jp-ui-font-color1, #212121);background:var(--jp-layout-color1, #ffffff);"
    "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:13px;line-height:1.45"
)


FRONT = "The outer frame is all that the load balancer reaches. "
NODE_PORT = "The yellow boxes are the node port: the same port, open on every node. "
RULES = (
    "The dashed box in each node holds the rules of kube-proxy, which send packets on to the Pods. No packet travels "
    "to the ClusterIP: it is only an address in these rules. "
)
STEPS = "Circled numbers are the steps of the packet. "
BACK = "The thin dashed line is the way of the answer. "
BARS = (
    "The bar of each node fills with its part of the packets that are sent, and its tick marks the part to expect. So "
    "that small parts can be seen, the whole bar stands for {full} of all connections. "
)
SHARES = "Beside each Pod is its share of all connections. "
LAMPS = "The lamp of a node says what the load balancer has found out about it{since}. "
SINCE = ", and since when on the cluster's clock (t)"
CARD = "The card shows the packet's source and destination, and marks what a step has changed. "


def reading_of(scene: Scene, card: bool = False) -> str:
    """Return how to read the picture of a scene: about what is drawn, and nothing else.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> from k8sexpose.widgets.flow.scene import FlowQuery, make_scene
    >>> reading_of(make_scene(Cluster(), FlowQuery("10.0.0.1:30007")))
    'Circled numbers are the steps of the packet.'
    """
    service, full = scene.service, full_bar(scene)
    since = SINCE if any(node.since_s is not None for node in scene.nodes) else ""
    sentences = (
        (STEPS, True),
        (CARD, card),
        (BACK, scene.comes_back),
        (FRONT, scene.has_load_balancer),
        (NODE_PORT, bool(scene.node_port)),
        (RULES, bool(service and service.inner)),
        (SHARES, service is not None and not scene.dense),
        (BARS.format(full=percent(full)), scene.dense and 0 < full < 1),
        (LAMPS.format(since=since), any(node.lamp for node in scene.nodes)),
    )
    return "".join(words for words, shown in sentences if shown).rstrip()


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
        items = "".join(f"<li><b>{_html(step.who)}</b>: {_html(step.text)} {_addresses(step)}</li>" for step in steps)
        reading = f'<p style="margin:4px 0 0"><strong>How to read this.</strong> {reading_of(self.scene)}</p>'
        caption = f"<figcaption>{_html(self.scene.summary)}{reading}</figcaption>"
        way = f'<ol style="margin:4px 0 0">{items}</ol>'
        picture = scrolling(self.svg, "Picture", SMALLEST * self.width)
        return f'<figure class="{LITERAL}" style="{FIGURE}">{picture}{caption}{way}</figure>'

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Still: {self.scene.summary}>"


def _addresses(step: Step) -> str:
    """Return source and destination of the packet, as it comes to a place and as it leaves it, if it does."""
    arrives, leaves = (f"<code>{_html(' → '.join(pair))}</code>" for pair in (step.before, step.after))
    if step.number == 1:
        return f"The packet leaves as {arrives}."
    passes = "" if step.end else f" and leaves as {leaves}"
    return f"The packet arrives as {arrives}{passes}."


def _html(text: str) -> str:
    return escape(clean(text))
