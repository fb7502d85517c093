"""Where everything stands: from a scene and a width to boxes and frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .scene import NodeView, PodView, Scene
from .steps import BETWEEN, ELSEWHERE, FRONT, OUTSIDE

__all__ = ["Band", "Box", "Layout", "Zone", "lay_out"]

MIN_WIDTH, MAX_WIDTH = 420, 1400
GAP = 10
PLACE_WIDTH, PLACE_HEIGHT = 176, 44  # client, load balancer, nobody there
LEG = 42  # height of the free way between two places, for a number and milliseconds
TITLE = 22  # height of a frame's title
WINDOW_WIDTH, WINDOW_HEIGHT = 64, 18
ARC = 30  # room above the nodes, where the extra hop passes

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
    columns : int
        Pods beside each other on a node.

    Examples
    --------
    >>> Layout(100, 50, {"client": Box(0, 0, 20, 10)}).point("client")
    (10.0, 5.0)
    """

    width: float
    height: float
    boxes: dict[str, Box] = field(default_factory=dict)
    windows: dict[str, Box] = field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    bands: tuple[Band, ...] = ()
    frames: dict[str, Box] = field(default_factory=dict)
    more: Box | None = None
    columns: int = 1

    def point(self, place: str, by_window: bool = False) -> Point:
        """Where a packet rests that has come to a place."""
        if by_window and place in self.windows:
            return self.windows[place].center[0], self.windows[place].y
        box = self.boxes.get(place)
        if place.startswith("node:") and box:
            return box.x + 14, box.y + 16
        if box is None:
            inside = place.partition(":")[1]
            return self.more.center if inside and self.more else (self.width - 24, 24)
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
    >>> from k8sexpose.widgets.flow.scene import FlowQuery, make_scene
    >>> layout = lay_out(make_scene(Cluster(), FlowQuery("10.0.0.1:30007")), 600)
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
        boxes[FRONT] = Box(_middle(width), y + 14, PLACE_WIDTH, PLACE_HEIGHT)
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
    return Layout(
        width, y + 4, {**boxes, **strips.boxes}, strips.windows if windows else {}, tuple(strips.zones),
        tuple(strips.bands), frames, more, sizes.pods_beside,
    )  # fmt: skip


def _top(boxes: dict[str, Box], places: set[str], width: float) -> float:
    """Place what stands outside the cluster; return where the cluster begins."""
    middle = _middle(width)
    side = min(PLACE_WIDTH, width - middle - PLACE_WIDTH - 2 * GAP)
    if OUTSIDE in places:
        boxes[OUTSIDE] = Box(middle, 4, PLACE_WIDTH, PLACE_HEIGHT)
    if ELSEWHERE in places:
        boxes[ELSEWHERE] = Box(width - side - 2, 4, side, PLACE_HEIGHT)
    if BETWEEN in places:
        boxes[BETWEEN] = Box(2, 4, min(PLACE_WIDTH, middle - 2 * GAP), PLACE_HEIGHT)
    return 4 + PLACE_HEIGHT + LEG if boxes else 4


def _middle(width: float) -> float:
    """Where client and load balancer begin: in the middle, or left of it where their card needs the room."""
    return (width - PLACE_WIDTH) / 2 if width >= 660 else width * 0.38 - PLACE_WIDTH / 2


def _sizes(scene: Scene, room: float) -> Sizes:
    smallest = 92 if scene.dense else 136
    count = max(len(scene.nodes), 1)
    columns = max(min(count, int((room + GAP) // (smallest + GAP))), 1)
    # Rows of nearly the same length look calmer than a full row and a rest.
    rows = -(-count // columns)
    columns = -(-count // rows)
    node_width = min((room - (columns - 1) * GAP) / columns, 150 if scene.dense else 300)
    if scene.dense:
        beside = max(int((node_width - 8) // 14), 1)
        return Sizes(node_width, columns, 42, 14, beside, beside * 4)
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
