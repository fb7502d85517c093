"""How the packet runs from place to place: the curve of every leg, and where its two addresses are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .layout import DENSE_WIDTH, Box, Layout, Point
from .steps import ELSEWHERE, FRONT, OUTSIDE, Step

__all__ = ["CARD_HEIGHT", "CARD_WIDTH", "Curve", "card_point", "end_point", "trace"]

CURVE_POINTS = 20
STRIP = 22  # from a node port up to the strip between the zones and what is above them, where nothing is written
CARD_WIDTH, CARD_HEIGHT = 230, 72


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
    if box is None or place in layout.folded or box.width < 20:
        return x, y
    if place.startswith("node:"):
        at_port = port is not None and y == port.y
        if at_port and box.width <= DENSE_WIDTH:  # the name fills the node beside its nodePort
            return box.x + 44, box.bottom - 16
        return (port.x - 4, port.bottom + 15) if port is not None and at_port else (box.x + 18, box.bottom - 14)
    if place == ELSEWHERE:
        return box.right - 16, box.bottom + 10
    return (box.x + 14, box.bottom + 7) if place.startswith("pod:") else (box.right - 4, box.y)


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
    above = step.at.startswith("node:") and step.came_from in (OUTSIDE, FRONT)
    return points[len(points) // 3 if above else len(points) // 2]


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
    """Come to a Pod from a load balancer that sends to Pods: down the node's left side, past node port and rules."""
    x, y = target.center
    nodes = (box for place, box in layout.boxes.items() if place.startswith("node:"))
    top = next((box.y for box in nodes if box.x <= x <= box.right and box.y <= y <= box.bottom), target.y)
    gutter = target.x - 14
    over = _bezier(start, (start[0], start[1] + 24), (gutter, start[1] - 4), (gutter, top))
    return over + _bezier(over[-1], (gutter, y - 6), (gutter + 2, y), (target.x - 2, y))[1::3]


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
    top = start[1] - 44
    if small:
        return _bezier(start, (start[0], top), (x, min(top, target.y - 60)), (x, target.y))
    gutter = target.x - 14
    over = _bezier(start, (start[0], top), (gutter, top - 6), (gutter, target.y - 22))
    # The packet rests before the Pod's mark.
    return over + _bezier(over[-1], (gutter, y - 6), (gutter + 2, y), (target.x - 7, y))[1::3]


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
