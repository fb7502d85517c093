"""Where everything stands: from a scene and a width to boxes, frames and the curves of the legs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .scene import NodeView, PodView, Scene
from .steps import BETWEEN, ELSEWHERE, FRONT, OUTSIDE, Step

__all__ = ["Band", "Box", "Layout", "Leg", "Zone", "lay_out"]

MIN_WIDTH, MAX_WIDTH = 420, 1400
GAP = 10
PLACE_WIDTH, PLACE_HEIGHT = 176, 44  # client, load balancer, nobody there
LEG = 42  # height of the free way between two places, for a number and milliseconds
TITLE = 22  # height of a frame's title
WINDOW_WIDTH, WINDOW_HEIGHT = 64, 18
ARC = 30  # room above the nodes, where the extra hop passes
CURVE_POINTS = 12

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle.

    Parameters
    ----------
    x, y, width, height : float
        In pixels of the picture.

    Examples
    --------
    >>> Box(0, 0, 10, 20).center
    (5.0, 10.0)
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def center(self) -> Point:
        """The middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Zone:
    """Neighbouring nodes of one zone.

    Parameters
    ----------
    name : str
        The zone.
    box : Box
        Around its nodes.

    Examples
    --------
    >>> Zone("a", Box(0, 0, 10, 20)).name
    'a'
    """

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class Band:
    """The part of the clusterIP in one row of nodes: it holds the Pods.

    Parameters
    ----------
    box : Box
        Across all nodes of the row.
    titled : bool
        Whether the name of the Service's address is written on it.

    Examples
    --------
    >>> Band(Box(0, 0, 10, 20)).titled
    False
    """

    box: Box
    titled: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
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
    >>> from k8sexpose.visualizer.steps import Step
    >>> Leg(Step(1, "client", "", "client", "", ("a", "b"), ("a", "b")), ((0, 0),), (0, 0)).moves
    False
    """

    step: Step
    points: tuple[Point, ...]
    label: Point

    @property
    def moves(self) -> bool:
        """Whether the packet goes from one place to another."""
        return len(self.points) > 1


@dataclass(frozen=True, slots=True)
class Layout:
    """All positions of a picture.

    Parameters
    ----------
    width, height : float
        Of the whole.
    boxes : dict of str to Box
        By place: client, load balancer, nodes, Pods, …
    windows : dict of str to Box
        The nodePort of each node, by its place.
    zones : tuple of Zone
        Behind the nodes.
    bands : tuple of Band
        The clusterIP.
    frames : dict of str to Box
        ``front`` around ``nodeport`` around everything of the Service.
    more : Box or None
        Stands for the nodes that are not drawn.
    legs : tuple of Leg
        One for each step.
    columns : int
        Pods beside each other on a node.

    Examples
    --------
    >>> Layout(100, 50).point("client")
    (50.0, 25.0)
    """

    width: float
    height: float
    boxes: dict[str, Box] = field(default_factory=dict)
    windows: dict[str, Box] = field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    bands: tuple[Band, ...] = ()
    frames: dict[str, Box] = field(default_factory=dict)
    more: Box | None = None
    legs: tuple[Leg, ...] = ()
    columns: int = 1

    def point(self, place: str, by_window: bool = False) -> Point:
        """Where a packet rests that has come to a place."""
        if by_window and place in self.windows:
            return self.windows[place].center
        box = self.boxes.get(place)
        if place.startswith("node:") and box:
            return box.x + 14, box.y + 16
        if box is None:
            return self.more.center if self.more else (self.width / 2, self.height / 2)
        return box.center


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes that depend on how crowded the picture is."""

    node_width: float
    columns: int
    header: float
    pod_height: float
    pods_beside: int
    most_pods: int


def lay_out(scene: Scene, width: float = 900) -> Layout:
    """Give everything its place.

    Parameters
    ----------
    scene : Scene
        What to draw.
    width : float
        Of the picture, in pixels.

    Returns
    -------
    Layout
        The positions.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> from k8sexpose.visualizer.scene import Question, make_scene
    >>> layout = lay_out(make_scene(Cluster(), Question("10.0.0.1:30007")), 600)
    >>> sorted(layout.boxes)
    ['client', 'node:node-1', 'node:node-2', 'node:node-3']
    """
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    places = {step.at for step in scene.steps}
    service = scene.service
    windows = bool(service and service.window)
    boxes: dict[str, Box] = {}
    frames: dict[str, Box] = {}
    y = _top(boxes, places, width)
    inset = 2.0
    if scene.door:
        frames["front"] = Box(inset, y, width - 2 * inset, 0)
        boxes[FRONT] = Box((width - PLACE_WIDTH) / 2, y + 14, PLACE_WIDTH, PLACE_HEIGHT)
        y, inset = y + 14 + PLACE_HEIGHT + LEG, inset + GAP
    if windows:
        frames["nodeport"] = Box(inset, y, width - 2 * inset, 0)
        y, inset = y + TITLE, inset + GAP
    room = Box(inset, y + ARC - (12 if windows else 20), width - 2 * inset, 0)
    sizes = _sizes(scene, room.width)
    strips = _Strips(scene, sizes, room, bool(service and service.inner))
    more = None
    y = strips.bottom
    if scene.hidden_nodes:
        more = Box(room.x, y + GAP, room.width, 26)
        y = more.bottom
    for name in ("nodeport", "front"):
        if name in frames:
            y += GAP
            frame = frames[name]
            frames[name] = Box(frame.x, frame.y, frame.width, y - frame.y)
    bare = Layout(
        width, y + 4, {**boxes, **strips.boxes}, strips.windows if windows else {}, tuple(strips.zones),
        tuple(strips.bands), frames, more, columns=sizes.pods_beside,
    )  # fmt: skip
    return Layout(
        bare.width, bare.height, bare.boxes, bare.windows, bare.zones, bare.bands, bare.frames, bare.more,
        tuple(_legs(scene, bare)), bare.columns,
    )  # fmt: skip


def _top(boxes: dict[str, Box], places: set[str], width: float) -> float:
    """Place what stands outside the cluster; return where the cluster begins."""
    side = min(PLACE_WIDTH, (width - PLACE_WIDTH) / 2 - 2 * GAP)
    if OUTSIDE in places:
        boxes[OUTSIDE] = Box((width - PLACE_WIDTH) / 2, 4, PLACE_WIDTH, PLACE_HEIGHT)
    if ELSEWHERE in places:
        boxes[ELSEWHERE] = Box(width - side - 2, 4, side, PLACE_HEIGHT)
    if BETWEEN in places:
        boxes[BETWEEN] = Box(2, 4, side, PLACE_HEIGHT)
    return 4 + PLACE_HEIGHT + LEG if boxes else 4


def _sizes(scene: Scene, room: float) -> Sizes:
    smallest = 92 if scene.dense else 136
    count = max(len(scene.nodes), 1)
    columns = max(min(count, int((room + GAP) // (smallest + GAP))), 1)
    # Rows of nearly the same length look calmer than a full row and a rest.
    rows = -(-count // columns)
    columns = -(-count // rows)
    node_width = min((room - (columns - 1) * GAP) / columns, 150 if scene.dense else 240)
    if scene.dense:
        beside = max(int((node_width - 8) // 14), 1)
        return Sizes(node_width, columns, 38, 14, beside, beside * 4)
    return Sizes(node_width, columns, 44, 36, 1, 6)


class _Strips:
    """The rows of nodes, from top to bottom."""

    def __init__(self, scene: Scene, sizes: Sizes, room: Box, banded: bool) -> None:
        self.sizes = sizes
        self.boxes: dict[str, Box] = {}
        self.windows: dict[str, Box] = {}
        self.zones: list[Zone] = []
        self.bands: list[Band] = []
        self.bottom = room.y
        rows = [scene.nodes[k : k + sizes.columns] for k in range(0, len(scene.nodes), sizes.columns)]
        for number, row in enumerate(rows):
            last = number == len(rows) - 1
            top = self.bottom + (14 if number else 0)
            self._row(row, room, top, banded, last)

    def _row(self, row: Sequence[NodeView], room: Box, top: float, banded: bool, last: bool) -> None:
        sizes = self.sizes
        full = sizes.columns * (sizes.node_width + GAP) - GAP
        left = room.x + (room.width - full) / 2
        pods = max((min(len(node.pods), sizes.most_pods) + self._hides(node) for node in row), default=0)
        lines = max(-(-pods // sizes.pods_beside), 1)
        y = top + 14 + WINDOW_HEIGHT / 2
        height = sizes.header + lines * sizes.pod_height + 10
        for number, node in enumerate(row):
            box = Box(left + number * (sizes.node_width + GAP), y, sizes.node_width, height)
            self.boxes[node.place] = box
            wide = min(WINDOW_WIDTH, box.width * 0.5)
            self.windows[node.place] = Box(box.right - wide - 10, y - WINDOW_HEIGHT / 2, wide, WINDOW_HEIGHT)
            for pod, pod_box in self._pods(node, box):
                self.boxes[pod.place] = pod_box
        tail = (22 if last else 6) if banded else 0
        if banded:
            band = Box(room.x, y + sizes.header - 2, room.width, height - sizes.header + tail)
            self.bands.append(Band(band, last))
        self._zones(row, y)
        self.bottom = y + height + max(tail, 6)

    def _hides(self, node: NodeView) -> int:
        """One more place where some Pods are only counted."""
        return int(len(node.pods) > self.sizes.most_pods or bool(node.others and not self.dense))

    @property
    def dense(self) -> bool:
        return self.sizes.pods_beside > 1

    def _pods(self, node: NodeView, box: Box) -> Iterator[tuple[PodView, Box]]:
        sizes = self.sizes
        for number, pod in enumerate(node.pods[: sizes.most_pods]):
            line, column = divmod(number, sizes.pods_beside)
            y = box.y + sizes.header + 4 + line * sizes.pod_height
            if self.dense:
                left = box.x + (box.width - sizes.pods_beside * 14) / 2
                yield pod, Box(left + column * 14 + 1, y, 12, 12)
            else:
                yield pod, Box(box.x + 18, y, box.width - 36, sizes.pod_height - 6)

    def _zones(self, row: Sequence[NodeView], y: float) -> None:
        start = 0
        for k in range(1, len(row) + 1):
            if k < len(row) and row[k].zone == row[start].zone:
                continue
            first, final = self.boxes[row[start].place], self.boxes[row[k - 1].place]
            if row[start].zone:
                box = Box(first.x - 3, y - 24, final.right - first.x + 6, first.height + 28)
                self.zones.append(Zone(row[start].zone, box))
            start = k


def _legs(scene: Scene, layout: Layout) -> Iterator[Leg]:
    window = f":{scene.service.window}" if scene.service and scene.service.window else None
    here: Point | None = None
    for step in scene.steps:
        through = window is not None and step.before[1].endswith(window)
        if here is None or step.at == step.came_from:
            points: tuple[Point, ...] = (here or layout.point(step.at),)
        else:
            points = _curve(layout, step, here, through)
        here = points[-1]
        middle = points[len(points) // 2]
        yield Leg(step, points, middle)


def _curve(layout: Layout, step: Step, start: Point, through: bool) -> tuple[Point, ...]:
    """Choose how a leg runs, by the two kinds of place it joins."""
    source, target = layout.boxes.get(step.came_from), layout.boxes.get(step.at)
    end = layout.point(step.at, through)
    inside = step.came_from.partition(":")[0] in ("node", "pod")
    if target is None or not inside:
        if source is not None and not inside:
            start = (start[0], source.bottom) if end[1] > source.bottom else _side(source, end)
        if target is not None and not inside and step.at.partition(":")[0] not in ("node", "pod"):
            end = (end[0], target.y) if target.y > start[1] else _side(target, start)
        elif target is not None and step.at.startswith("node:"):
            # Where the packet is not for the nodePort it comes in beside the window.
            end = (end[0], end[1] - WINDOW_HEIGHT / 2) if through else (target.x + 14, target.y)
        lift = (end[1] - start[1]) * 0.5
        flat = abs(end[1] - start[1]) < 8
        return _bezier(start, (start[0], start[1] + (0 if flat else lift)), (end[0], end[1] - (0 if flat else lift)), end)
    if step.at.startswith("pod:"):
        return _to_pod(layout, step, start, target)
    if step.came_from.startswith("pod:") and step.at.startswith("node:"):
        return _bezier(start, (target.x + 8, start[1]), (target.x + 8, end[1] + 20), end)
    top = min(start[1], end[1]) - 48
    return _bezier(start, (start[0], top), (end[0], top), end)


def _side(box: Box, towards: Point) -> Point:
    return (box.right if towards[0] > box.right else box.x), box.center[1]


def _to_pod(layout: Layout, step: Step, start: Point, target: Box) -> tuple[Point, ...]:
    """Come to a Pod: on the same node down the right side, from another node over the walls and down the left side."""
    node = layout.boxes.get(step.came_from)
    x, y = target.center
    same = node is not None and node.x <= x <= node.right and node.y <= y <= node.bottom
    small = target.width < 20
    if same and small:
        return _bezier(start, (start[0], y - 6), (x, start[1] + 12), (x, target.y))
    if same and node is not None:
        right = start[0] > node.center[0]
        gutter = node.right - 6 if right else node.x + 6
        edge = (target.right, y) if right else (target.x, y)
        return _bezier(start, (gutter, start[1] + 14), (gutter + (8 if right else -8), y), edge)
    top = start[1] - 44
    if small:
        return _bezier(start, (start[0], top), (x, min(top, target.y - 60)), (x, target.y))
    gutter = target.x - 14
    over = _bezier(start, (start[0], top), (gutter, top - 6), (gutter, target.y - 22))
    return over + _bezier(over[-1], (gutter, y - 6), (gutter + 2, y), (target.x, y))[1::3]


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
