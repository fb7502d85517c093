"""How the packet runs from place to place: the curve of every leg, and where its two addresses are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import hypot

from .layout import DENSE_WIDTH, Box, Layout, Point
from .steps import ELSEWHERE, FRONT, OUTSIDE, Step

__all__ = ["CARD_HEIGHT", "CARD_WIDTH", "Curve", "beside", "card_point", "end_point", "rest_point", "trace"]

CURVE_POINTS, LONG_POINTS = 20, 60  # of a curve; of one that goes round the nodes
NODE_GAP = 40  # nodes whose upper edges differ by less are in one row
STRIP = 22  # from a node port up to the strip between the zones and what is above them, where nothing is written
ABOVE = 32  # from the nodes up to that strip
TURN = 14  # of a corner
CARD_WIDTH, CARD_HEIGHT = 230, 72
PACKET_WIDTH, PACKET_HEIGHT = 26, 20  # flow.css


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve on which the packet comes to the place of a step.

    Parameters
    ----------
    step : Step
        The step that it leads to.
    points : tuple of tuple of float
        From start to end; a single point where the packet stays.
    label : tuple of float
        Where its number stands.

    Examples
    --------
    >>> from k8sexpose.widgets.flow.steps import Step
    >>> Curve(Step(1, "client", "", "client", "", ("a", "b"), ("a", "b")), ((0, 0),), (0, 0)).moves
    False
    """

    step: Step
    points: tuple[Point, ...]
    label: Point

    @property
    def moves(self) -> bool:
        """Whether the packet goes from one place to another."""
        return len(self.points) > 1


def trace(steps: Iterable[Step], layout: Layout, node_port: int = 0) -> tuple[Curve, ...]:
    """Find the curves of a way.

    Parameters
    ----------
    steps : iterable of Step
        The way.
    layout : Layout
        Where everything stands.
    node_port : int
        A packet for this port is drawn to the mark of the node port.

    Returns
    -------
    tuple of Curve
        One for each step.

    Examples
    --------
    >>> from k8sexpose.widgets.flow.steps import Step
    >>> step = Step(1, "client", "", "client", "", ("a", "b"), ("a", "b"))
    >>> trace([step], Layout(100, 50, {"client": Box(0, 0, 20, 10)}))[0].points
    ((2, 5.0),)
    """
    legs: list[Curve] = []
    here: Point | None = None
    for step in steps:
        through = bool(node_port) and step.before[1].endswith(f":{node_port}")
        if here is None or step.at == step.came_from:
            points: tuple[Point, ...] = (here or _start(layout, step.at),)
        else:
            points = _curve(layout, step, here, through)
        here = points[-1]
        label = _label(layout, step, points) if len(points) > 1 else _beside(layout, step, points[0])
        legs.append(Curve(step, points, label))
    return tuple(legs)


def card_point(leg: Curve, layout: Layout, card_height: float = CARD_HEIGHT) -> Point:
    """Return where the card with the two addresses lies while the packet rests: beside the picture, at its height.

    Examples
    --------
    >>> step = Step(1, "client", "", "client", "", ("a", "b"), ("a", "b"))
    >>> card_point(Curve(step, ((10, 5),), (0, 0)), Layout(400, 50, {"client": Box(0, 0, 20, 10)}))
    (166, 0)
    """
    y = leg.points[-1][1] - card_height / 2
    return layout.width - CARD_WIDTH - 4, min(max(y, 0), max(layout.height - card_height, 0))


def end_point(last: Curve, layout: Layout) -> Point:
    """Return where the mark of a path's end is drawn: at the place where the packet ends, on nothing that is read.

    Examples
    --------
    >>> step = Step(1, "client", "", "client", "", ("a", "b"), ("a", "b"))
    >>> end_point(Curve(step, ((10, 5),), (0, 0)), Layout(400, 50, {"client": Box(0, 0, 20, 10)}))
    (16, 0)
    """
    place, (x, y) = last.step.at, last.points[-1]
    box, port = layout.boxes.get(place), layout.node_ports.get(place)
    if box is None or place in layout.folded:
        return x, y
    if box.width < 20:  # beside the packet
        return x + (PACKET_WIDTH if x < layout.width / 2 else -PACKET_WIDTH), y
    if place.startswith("node:"):
        at_port = port is not None and y == port.y
        if at_port and box.width <= DENSE_WIDTH:  # the name fills the node beside its nodePort
            return box.x + 44, box.bottom - 16
        return (port.x - 4, port.bottom + 15) if port is not None and at_port else (box.x + 18, box.bottom - 14)
    if place == ELSEWHERE:
        return box.right - 16, box.bottom + 10
    return (box.x + 14, box.bottom + 7) if place.startswith("pod:") else (box.right - 4, box.y)


def rest_point(leg: Curve, layout: Layout) -> Point:
    """Return where the packet rests at the end of a leg: beside the words that are written there, not on them.

    Examples
    --------
    >>> step = Step(1, "client", "", "client", "", ("a", "b"), ("a", "b"))
    >>> rest_point(Curve(step, ((10, 5),), (0, 0)), Layout(400, 50, {"client": Box(0, 0, 20, 10)}))
    (10, 5)
    """
    (x, y), place = leg.points[-1], leg.step.at
    port, rules = layout.node_ports.get(place), layout.rules.get(place)
    if port is not None and y == port.y:
        return x, y - PACKET_HEIGHT / 2 - 1
    if rules is not None and rules.y <= y <= rules.bottom:
        return rules.x - 5, y
    return x, y


def beside(points: Sequence[Point], distance: float) -> tuple[Point, ...]:
    """Return a line that runs beside another, on the right of who walks along it.

    Examples
    --------
    >>> beside([(0, 0), (10, 0)], 5)
    ((0.0, 5.0), (10.0, 5.0))
    """
    last = len(points) - 1
    found: list[Point] = []
    for k, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[max(k - 1, 0)], points[min(k + 1, last)]
        length = hypot(x1 - x0, y1 - y0) or 1.0
        found.append((round(x - distance * (y1 - y0) / length, 1), round(y + distance * (x1 - x0) / length, 1)))
    return tuple(found)


def _start(layout: Layout, place: str) -> Point:
    """Where the packet lies before it sets out: where it hides no name."""
    box = layout.boxes.get(place)
    if box is None or place.startswith("node:") or box.width < 20:
        return layout.point(place)
    return (box.x if place.startswith("pod:") else box.right - 18), box.center[1]


def _label(layout: Layout, step: Step, points: Sequence[Point]) -> Point:
    """Where the number of a leg stands: above the title of the nodes' frame, or in the free strip below it."""
    port = layout.node_ports.get(step.came_from)
    if step.extra_hop and port is not None and points[0][1] == port.y:
        return next((point for point in points if point[1] <= port.y - STRIP), points[len(points) // 2])
    if step.at.startswith("node:") and step.came_from in (OUTSIDE, FRONT):
        return _free(layout, points, len(points) // 3)
    return points[len(points) // 2]


def _free(layout: Layout, points: Sequence[Point], wanted: int) -> Point:
    """Return the point nearest to the wanted one that lies on no node, where words would be hidden."""
    boxes = _columns(layout)
    nearest = sorted(range(len(points)), key=lambda k: abs(k - wanted))
    found = (points[k] for k in nearest if not any(_near(box, points[k]) for box in boxes))
    return next(found, points[wanted])


def _near(box: Box, point: Point, margin: float = 9) -> bool:
    x, y = point
    return box.x - margin < x < box.right + margin and box.y - margin < y < box.bottom + margin


def _columns(layout: Layout) -> list[Box]:
    """Return the boxes of all nodes and folds that are drawn."""
    kinds = ("node", "fold")
    return [
        box for place, box in layout.boxes.items() if place.partition(":")[0] in kinds and place not in layout.folded
    ]


def _node_of(layout: Layout, target: Box) -> Box:
    """Return the node, or the fold, on which something is drawn."""
    x, y = target.center
    holds = (box for box in _columns(layout) if box.x <= x <= box.right and box.y <= y <= box.bottom)
    return next(holds, target)


def _beside(layout: Layout, step: Step, at: Point) -> Point:
    """Where the number of a step stands whose packet stays where it is."""
    box = layout.boxes.get(step.at)
    if box is None:
        return at
    if step.at.startswith("pod:") and box.width > 20:
        return box.x + 26, box.y
    return (box.x + 4, box.y + 4) if step.number == 1 else (box.x + 26, box.y + 4)


def _curve(layout: Layout, step: Step, start: Point, through: bool) -> tuple[Point, ...]:
    """Choose how a leg runs, by the two kinds of place it joins."""
    source, target = layout.boxes.get(step.came_from), layout.boxes.get(step.at)
    end = layout.point(step.at, through)
    inside = step.came_from.partition(":")[0] in ("node", "pod")
    if target is None or not inside:
        if source is not None and not inside:
            start = (source.center[0], source.bottom) if end[1] > source.bottom else _side(source, end)
        if target is not None and not inside and step.at.partition(":")[0] not in ("node", "pod"):
            end = (end[0], target.y) if target.y > start[1] else _side(target, start)
        elif target is not None and step.at.startswith("node:") and not through:
            # Where the packet is not for the nodePort it arrives beside its mark.
            end = target.x + 14, target.y
        elif target is not None and step.at.startswith("pod:") and source is not None and target.width >= 20:
            return _past_the_rules(layout, start, target)
        top = min((box.y for box in _columns(layout)), default=end[1])
        if through and end[1] > top + NODE_GAP:
            return _down_the_side(layout, start, end, top)
        rise = end[1] - start[1]
        lift = 0 if abs(rise) < 8 else rise / 2
        return _bezier(start, (start[0], start[1] + lift), (end[0], end[1] - lift), end)
    if step.at.startswith("pod:"):
        return _to_pod(layout, step, start, target)
    if step.came_from.startswith("pod:") and step.at.startswith("node:"):
        return _bezier(start, (target.x + 12, start[1]), (target.x + 12, end[1] + 20), (end[0] - 2, end[1] + 6))
    top = min(start[1], end[1]) - 48
    return _bezier(start, (start[0], top), (end[0], top), end)


def _past_the_rules(layout: Layout, start: Point, target: Box) -> tuple[Point, ...]:
    """Come to a Pod from a load balancer that sends to Pods: over the nodes and down the node's side, past its rules.

    Above the nodes it runs between the titles of the frames and the names of the zones.
    """
    gutter, y = _node_of(layout, target).x - 5, target.center[1]
    strip = min(box.y for box in _columns(layout)) - ABOVE
    side = TURN if start[0] > gutter else -TURN
    if abs(start[0] - gutter) < 2 * TURN:
        over = _bezier(start, (start[0], strip), (gutter, strip), (gutter, strip + TURN))
    else:
        over = (
            *_bezier(start, (start[0], strip), (start[0], strip), (start[0] - side, strip)),
            *_bezier((gutter + side, strip), (gutter, strip), (gutter, strip), (gutter, strip + TURN)),
        )
    return _evenly((*over, (gutter, y), (target.x - 7, y)))


def _side(box: Box, towards: Point) -> Point:
    return (box.right if towards[0] > box.right else box.x), box.center[1]


def _to_pod(layout: Layout, step: Step, start: Point, target: Box) -> tuple[Point, ...]:
    """Come to a Pod: on the same node down the right side, from another node over the nodes and down the left side."""
    node = layout.boxes.get(step.came_from)
    x, y = target.center
    port = layout.node_ports.get(step.came_from)
    same = node is not None and node.x <= x <= node.right and node.y <= y <= node.bottom
    small = target.width < 20
    if same and port is not None and start[1] == port.y:
        start = (start[0], port.bottom)
    if same and small:
        return _bezier(start, (start[0], y - 6), (x, start[1] + 12), (x, target.y))
    if same and node is not None:
        right = start[0] > node.center[0]
        gutter = node.right - 6 if right else node.x + 4
        edge = (target.right + 7, y) if right else (target.x - 5, y)
        return _bezier(start, (gutter, start[1] + 14), (gutter + (8 if right else -8), y), edge)
    return _round_the_nodes(layout, start, target)


def _down_the_side(layout: Layout, start: Point, end: Point, top: float) -> tuple[Point, ...]:
    """Come to a node port that is not in the first row: down beside all nodes, not across them."""
    gutter = max(box.right for box in _columns(layout)) + 7
    over = _bezier(start, (start[0], top - STRIP), (gutter, top - 2 * STRIP), (gutter, top))
    turn = _bezier((gutter, end[1] - 2 * STRIP), (gutter, end[1] - STRIP), (end[0], end[1] - STRIP), end)
    return _evenly((*over, *turn))


def _round_the_nodes(layout: Layout, start: Point, target: Box) -> tuple[Point, ...]:
    """Come from a node port to a Pod of another node: over the nodes, between the rows, down the Pod's node's side.

    The packet rests before the Pod's mark; a Pod without a name is reached from above.
    """
    node, y = _node_of(layout, target), target.center[1]
    gutter, strip = node.x - 5, start[1] - STRIP
    if abs(node.y - start[1]) < NODE_GAP:
        over = _bezier(start, (start[0], start[1] - 34), (gutter, start[1] - 34), (gutter, node.y - 26))
    else:
        side = 14 if start[0] > gutter else -14
        near = abs(start[0] - gutter) < 3 * abs(side)
        corner = (start[0] if near else start[0] - side, strip)
        end = (gutter, strip + (14 if node.y > start[1] else -14))
        over = (
            *_bezier(start, (start[0], strip), (start[0], strip), corner),
            *_bezier((gutter + side, strip), (gutter, strip), (gutter, strip), end),
        )
    ends: tuple[Point, ...]
    if target.width < 20:
        ends = ((gutter, target.y - 3), (target.center[0], target.y - 3), (target.center[0], target.y))
    else:
        ends = ((gutter, y), (target.x - 7, y))
    return _evenly((*over, *ends))


def _evenly(corners: Sequence[Point]) -> tuple[Point, ...]:
    """Return points at equal distances along a line through corners: the packet keeps its speed."""
    lengths = [hypot(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(corners)]
    reached = list(accumulate(lengths, initial=0.0))
    found, at = [], 0
    for k in range(LONG_POINTS + 1):
        distance = reached[-1] * k / LONG_POINTS
        while at < len(lengths) - 1 and reached[at + 1] < distance:
            at += 1
        part = (distance - reached[at]) / lengths[at] if lengths[at] else 0.0
        (x0, y0), (x1, y1) = corners[at], corners[at + 1]
        found.append((round(x0 + part * (x1 - x0), 1), round(y0 + part * (y1 - y0), 1)))
    return tuple(found)


def _bezier(start: Point, first: Point, second: Point, end: Point) -> tuple[Point, ...]:
    """Sample a cubic curve."""

    def at(t: float) -> Point:
        u = 1 - t
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        corners = (start, first, second, end)
        x = sum(w * p[0] for w, p in zip(weights, corners, strict=True))
        y = sum(w * p[1] for w, p in zip(weights, corners, strict=True))
        return round(x, 1), round(y, 1)

    return tuple(at(k / CURVE_POINTS) for k in range(CURVE_POINTS + 1))
