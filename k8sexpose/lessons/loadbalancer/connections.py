"""The picture of equally likely connections: where each arrives, which Pod it is sent to, and which are lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..._display import LITERAL
from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, Element, document, fit, marker, readable, rect, text
from ...api.errors import NotExposed
from ...model import Cluster
from ...router.router import routes

__all__ = ["Connections", "connection_table"]

DELIVERED, LOST = "delivered", "lost"
LEFT, TOP, WIDTH, HEIGHT, GAP = 148, 84, 106, 46, 6  # as narrow as its words allow, for small screens


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of one moment, each as likely as the others; shows as a picture in a notebook.

    Parameters
    ----------
    rows : tuple of (str, str)
        Each node, and what it is to the load balancer.
    columns : tuple of (str, str)
        Each Pod, and where it is.
    ends : tuple of tuple of str
        For each row and column how the connection ends; empty where there is none.

    Examples
    --------
    >>> Connections((("node-1", "healthy"),), (("web-1", "node-1"),), (("lost",),)).lost
    Fraction(1, 1)
    """

    rows: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    ends: tuple[tuple[str, ...], ...]

    @property
    def all(self) -> int:
        """How many connections there are."""
        return sum(bool(end) for row in self.ends for end in row)

    @property
    def lost(self) -> Fraction:
        """The fraction of them that is lost."""
        return Fraction(sum(end == LOST for row in self.ends for end in row), self.all)

    @property
    def title(self) -> str:
        """What one counts in the picture."""
        lost = int(self.lost * self.all)
        return f"{self.all} equally likely connections: {lost} lost, {self.all - lost} delivered"

    def __repr__(self) -> str:
        lines = [f"arrives at {node} ({state}): {', '.join(self._told(row))}" for row, (node, state) in self._rows()]
        return "\n".join([self.title, *lines])

    def _rows(self) -> Iterator[tuple[int, tuple[str, str]]]:
        return enumerate(self.rows)

    def _told(self, row: int) -> Iterator[str]:
        found = [(pod, end) for (pod, _), end in zip(self.columns, self.ends[row], strict=True) if end]
        yield from (f"{pod} {end}" for pod, end in found)
        if not found:
            yield "no connection"

    def _repr_html_(self) -> str:
        reading = (
            "A row is the node at which a connection arrives, and a column is the Pod to which that node sends it. "
            "Each box is one connection, and all of them are equally likely. A circle means delivered, a cross means "
            "lost, and in an empty, dashed box there is no such connection any more."
        )
        style = "margin: 0.4em 0; font-family: var(--jp-ui-font-family, sans-serif)"
        caption = f'<figcaption style="{style}"><strong>How to read this.</strong> {reading}</figcaption>'
        return f'<figure class="{LITERAL}" style="margin: 0">{readable(self._svg())}{caption}</figure>'

    def _svg(self) -> str:
        parts = [text(14, 24, self.title, bold=True), text(14, TOP - 12, "arrives at ↓   sent to →", color=FAINT)]
        for column, (pod, node) in enumerate(self.columns):
            x = LEFT + column * (WIDTH + GAP) + WIDTH / 2
            parts += [text(x, TOP - 28, fit(pod, WIDTH, 7.4), "middle", bold=True)]
            parts.append(text(x, TOP - 12, node, "middle", color=FAINT))
        for row, (node, state) in self._rows():
            y = TOP + row * (HEIGHT + GAP)
            parts += [text(14, y + 20, node, bold=True), text(14, y + 37, state, color=FAINT, size=12)]
            for column, end in enumerate(self.ends[row]):
                parts += _square(LEFT + column * (WIDTH + GAP), y, end)
        width = LEFT + len(self.columns) * (WIDTH + GAP) + 6
        return document(repr(self).replace("\n", "; "), width, TOP + len(self.rows) * (HEIGHT + GAP) + 4, parts)


def _square(x: float, y: float, end: str) -> list[Element]:
    """Draw one connection; an empty place is a dashed frame."""
    if not end:
        return [rect(x, y, WIDTH, HEIGHT, fill="none", stroke=FAINT, stroke_dasharray="3 4", rx=4)]
    color = CONCEPTS["dropped" if end == LOST else "client"].color
    frame = rect(x, y, WIDTH, HEIGHT, fill=color, fill_opacity=0.15, stroke=color, stroke_width=2, rx=4)
    middle = y + HEIGHT / 2
    if end == LOST:
        sign = marker("X", x + 18, middle, 10, stroke=color)
    else:
        sign = marker("o", x + 18, middle, 8, fill=color, stroke=TEXT)
    return [frame, sign, text(x + 36, middle + 5, end)]


def connection_table(cluster: Cluster, service: str = "public-api-lb") -> Connections:
    """Tell for each node and each Pod what happens to a connection through the load balancer at this moment.

    Parameters
    ----------
    cluster : Cluster
        The cluster, as it is now.
    service : str
        Name of a Service of type LoadBalancer that has its address.

    Returns
    -------
    Connections
        A picture with one square for each combination that is possible.

    Raises
    ------
    NotExposed
        The Service has no address yet.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[1, 1, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> cluster.advance(40)
    >>> cluster.fail("node-1")
    >>> connection_table(cluster).lost
    Fraction(5, 9)
    """
    found = cluster.service(service)
    if not found.load_balancer_ingress:
        raise NotExposed(f"{found.name} has no address yet: move the clock with cluster.advance(seconds)")
    address = found.load_balancer_ingress[0].address
    nodes = {node.name for node in cluster.nodes}
    pods = {pod.name: str(pod.node) for pod in cluster.pods}
    ends: dict[str, dict[str, str]] = {name: {} for name in nodes}
    for route in routes(cluster, f"{address}:{found.ports[0].port}"):
        entry = next(hop.at for hop in route.hops if hop.at in nodes)
        # A node that is down chooses no Pod: whichever it would have been, the connection is lost.
        chosen = [route.hops[-1].at] if route.hops[-1].at in pods else list(pods)
        for pod in chosen:
            ends[entry][pod] = DELIVERED if route.delivered else LOST
    listed = {pod for row in ends.values() for pod in row}
    columns = tuple((pod, f"on {node}" if pod in listed else "not in the list") for pod, node in pods.items())
    rows = tuple((node.name, _state(cluster, node.name, bool(ends[node.name]))) for node in cluster.nodes)
    return Connections(rows, columns, tuple(tuple(ends[name].get(pod, "") for pod in pods) for name, _ in rows))


def _state(cluster: Cluster, node: str, entered: bool) -> str:
    """Return what a node is to the load balancer, and whether it is down."""
    down = cluster.is_down(node)
    if not entered:
        return "no connections" + (", failed" if down else "")
    return "failed" if down else "works"
