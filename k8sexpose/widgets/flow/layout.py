"""Where everything stands: from a scene and a width to boxes and frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .scene import Fold, NodeView, PodView, Scene
from .steps import BETWEEN, ELSEWHERE, FRONT, OUTSIDE

__all__ = ["DENSE_WIDTH", "Box", "Layout", "Zone", "lay_out"]

MIN_WIDTH, MAX_WIDTH = 320, 1400
GAP = 10
PLACE_WIDTH, PLACE_HEIGHT = 176, 44  # client, load balancer, nobody there
LEG = 42  # height of the free way between two places, for a number and milliseconds
TITLE = 22  # height of a frame's title
NODE_PORT_WIDTH, NODE_PORT_HEIGHT = 64, 18
DENSE_WIDTH = 170  # of a node at most, where there are many
ARC = 30  # room above the nodes, where the extra hop passes
LINE = 19  # height of a line in a node

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
    continued : bool
        Whether a row above holds other nodes of the zone.

    Examples
    --------
    >>> Zone("a", Box(0, 0, 10, 20)).name
    'a'
    """

    name: str
    box: Box
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """All positions of a picture.

    Parameters
    ----------
    width, height : float
        Of the whole.
    boxes : dict of str to Box
        By place: client, load balancer, nodes, Pods, …
    node_ports : dict of str to Box
        The nodePort of each node, by its place.
    zones : tuple of Zone
        Behind the nodes.
    rules : dict of str to Box
        The clusterIP as what it is: rules in each node, by its place.
    frames : dict of str to Box
        ``front`` around ``nodeport`` around everything of the Service.
    folds : dict of str to Box
        What stands for the nodes that are not drawn one by one, by place of the fold.
    columns : int
        Pods beside each other on a node.
    folded : frozenset of str
        Places that a fold stands for.

    Examples
    --------
    >>> Layout(100, 50, {"client": Box(0, 0, 20, 10)}).point("client")
    (10.0, 5.0)
    """

    width: float
    height: float
    boxes: dict[str, Box] = field(default_factory=dict)
    node_ports: dict[str, Box] = field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    rules: dict[str, Box] = field(default_factory=dict)
    frames: dict[str, Box] = field(default_factory=dict)
    folds: dict[str, Box] = field(default_factory=dict)
    columns: int = 1
    folded: frozenset[str] = frozenset()

    def point(self, place: str, by_node_port: bool = False) -> Point:
        """Return where a packet rests that has come to a place: at a node at its node port, or at its rules."""
        if by_node_port and place in self.node_ports:
            return self.node_ports[place].center[0], self.node_ports[place].y
        box = self.boxes.get(place)
        if place in self.rules:
            return self.rules[place].x + 9, self.rules[place].center[1]
        if place.startswith("node:") and box and place not in self.folded:
            return box.x + 14, box.y + 16
        return box.center if box is not None else (self.width - 24, 24)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes that depend on how crowded the picture is."""

    node_width: float
    rules: float  # where the rules begin, from the top of a node
    header: float
    pod_height: float
    pods_beside: int
    most_pods: int


Item = NodeView | Fold


def lay_out(scene: Scene, width: float = 900, aside: float = 0) -> Layout:
    """Return where everything is drawn.

    Parameters
    ----------
    scene : Scene
        What to draw.
    width : float
        Of the picture, in pixels.
    aside : float
        How much of it stays free on the right: the packet's card lies there, and covers nothing.

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
    whole = min(max(width, MIN_WIDTH), MAX_WIDTH)
    width = whole - aside
    places = {step.at for step in scene.steps}
    boxes: dict[str, Box] = {}
    frames: dict[str, Box] = {}
    y = _top(boxes, places, width)
    inset = 2.0
    if scene.has_load_balancer:
        frames["front"] = Box(inset, y, width - 2 * inset, 0)
        boxes[FRONT] = Box(_middle(width), y + 14, PLACE_WIDTH, PLACE_HEIGHT)
        y, inset = y + 14 + PLACE_HEIGHT + LEG, inset + GAP
    if scene.node_port:
        frames["nodeport"] = Box(inset, y, width - 2 * inset, 0)
        y, inset = y + TITLE, inset + GAP
    room = Box(inset, y + ARC - (12 if scene.node_port else 20), width - 2 * inset, 0)
    strips = _Strips(scene, room)
    y = strips.bottom
    for name in ("nodeport", "front"):
        if name in frames:
            y += GAP
            frame = frames[name]
            frames[name] = Box(frame.x, frame.y, frame.width, y - frame.y)
    return Layout(
        whole, y + 4, {**boxes, **strips.boxes}, strips.node_ports if scene.node_port else {}, tuple(strips.zones),
        strips.rules, frames, strips.folds, strips.sizes.pods_beside, frozenset(strips.folded),
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
    """Return where client and load balancer begin: in the middle, as far as there is room."""
    middle = (width - PLACE_WIDTH) / 2
    return max(middle, min(122, width - PLACE_WIDTH - 14))  # beside the title of its frame


def _rows(scene: Scene, most: int) -> list[list[Item]]:
    """Return the rows of nodes: a zone is not torn apart where it fits into a row."""
    zones = list(dict.fromkeys(node.zone for node in scene.nodes))
    zones += [fold.zone for fold in scene.folds if fold.zone not in zones]
    rows: list[list[Item]] = []
    for zone in zones:
        items: list[Item] = [node for node in scene.nodes if node.zone == zone]
        items += [fold for fold in scene.folds if fold.zone == zone]
        if rows and len(rows[-1]) + len(items) <= most:
            rows[-1] += items
            continue
        # Parts of nearly the same length look calmer than a full row and a rest.
        parts = -(-len(items) // most)
        each = -(-len(items) // parts)
        rows += [items[k : k + each] for k in range(0, len(items), each)]
    return rows


def _sizes(scene: Scene, rows: Sequence[Sequence[Item]], room: float) -> Sizes:
    columns = max((len(row) for row in rows), default=1)
    node_width = min((room - (columns - 1) * GAP) / columns, DENSE_WIDTH if scene.dense else 300)
    rules = bool(scene.service and scene.service.inner)
    if scene.dense:
        beside = max(int((node_width - 8) // 14), 1)
        top = 62 if any(node.lamp for node in scene.nodes) else 46
        return Sizes(node_width, top, top + LINE * rules, 14, beside, beside * 4)
    top = 46 + LINE * any(node.lamp for node in scene.nodes)
    return Sizes(node_width, top, top + (LINE + 2) * rules, 54, 1, 6)


class _Strips:
    """The rows of nodes, from top to bottom."""

    def __init__(self, scene: Scene, room: Box) -> None:
        self.boxes: dict[str, Box] = {}
        self.node_ports: dict[str, Box] = {}
        self.rules: dict[str, Box] = {}
        self.folds: dict[str, Box] = {}
        self.folded: list[str] = []
        self.zones: list[Zone] = []
        self.bottom = room.y
        self.dense = scene.dense
        smallest = 118 if scene.dense else 172
        rows = _rows(scene, max(int((room.width + GAP) // (smallest + GAP)), 1))
        self.sizes = _sizes(scene, rows, room.width)
        ruled = bool(scene.service and scene.service.inner)
        for number, row in enumerate(rows):
            self._row(row, room, self.bottom + (14 if number else 0), ruled)

    def _row(self, row: Sequence[Item], room: Box, top: float, ruled: bool) -> None:
        sizes = self.sizes
        full = len(row) * (sizes.node_width + GAP) - GAP
        left = room.x + (room.width - full) / 2
        nodes = [item for item in row if isinstance(item, NodeView)]
        pods = max((min(len(node.pods), sizes.most_pods) + self._hides(node) for node in nodes), default=0)
        lines = max(-(-pods // sizes.pods_beside), 1)
        y = top + 14 + NODE_PORT_HEIGHT / 2
        height = sizes.header + lines * sizes.pod_height + 12
        for number, item in enumerate(row):
            box = Box(left + number * (sizes.node_width + GAP), y, sizes.node_width, height)
            if isinstance(item, Fold):
                self._fold(item, box)
                continue
            self.boxes[item.place] = box
            wide = min(NODE_PORT_WIDTH, box.width * 0.5)
            self.node_ports[item.place] = Box(box.right - wide - 10, y - NODE_PORT_HEIGHT / 2, wide, NODE_PORT_HEIGHT)
            if ruled:
                self.rules[item.place] = Box(box.x + 8, y + sizes.rules, box.width - 16, LINE)
            for pod, pod_box in self._pods(item, box):
                self.boxes[pod.place] = pod_box
        self._zones(row, y)
        self.bottom = y + height + 6

    def _fold(self, fold: Fold, box: Box) -> None:
        """Place a fold; what is on its nodes is where it is."""
        self.folds[fold.place] = box
        self.boxes[fold.place] = box
        for node in fold.nodes:
            for place in (node.place, *(pod.place for pod in node.pods)):
                self.boxes[place] = box
                self.folded.append(place)

    def _hides(self, node: NodeView) -> int:
        """Return 1 where some Pods are only counted: that takes a place too."""
        return int(len(node.pods) > self.sizes.most_pods or bool(node.others and not self.dense))

    def _pods(self, node: NodeView, box: Box) -> Iterator[tuple[PodView, Box]]:
        sizes = self.sizes
        for number, pod in enumerate(node.pods[: sizes.most_pods]):
            line, column = divmod(number, sizes.pods_beside)
            y = box.y + sizes.header + 6 + line * sizes.pod_height
            if self.dense:
                left = box.x + (box.width - sizes.pods_beside * 14) / 2
                yield pod, Box(left + column * 14 + 1, y, 12, 12)
            else:
                yield pod, Box(box.x + 18, y, box.width - 36, sizes.pod_height - 10)

    def _zones(self, row: Sequence[Item], y: float) -> None:
        start = 0
        for k in range(1, len(row) + 1):
            if k < len(row) and row[k].zone == row[start].zone:
                continue
            first, final = self.boxes[row[start].place], self.boxes[row[k - 1].place]
            if row[start].zone:
                box = Box(first.x - 3, y - 24, final.right - first.x + 6, first.height + 28)
                again = any(zone.name == row[start].zone for zone in self.zones)
                self.zones.append(Zone(row[start].zone, box, again))
            start = k
