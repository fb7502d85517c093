"""From scene and layout to a drawing: the one place that says how a node, a Pod, a node port and a leg look."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from math import atan2, cos, sin

from ..._display import percent
from ..._svg import Element, corners, element, fit
from ...router.route import NOWHERE
from .curves import Curve, beside, end_point, trace
from .layout import Box, Layout, Point, Zone
from .scene import Fold, NodeView, PodView, Scene
from .steps import BETWEEN, ELSEWHERE, FRONT, OUTSIDE, Step

__all__ = ["draw", "full_bar"]

LABEL = "The cluster and the path of the packet. Arrow keys move between nodes and Pods, Enter changes one."
MONO_WIDTH = 7.3  # of a letter of the 12 px font with letters of one width
SMALL_WIDTH = 6.5  # of a letter of the 12 px font, on the average
BACK_PX = 6  # from a leg to the line of the answer
WORDS = {"delivered": "answered", "timeout": "silence", "unresolved": "no such name"}


def draw(scene: Scene, layout: Layout, live: bool = False, acts: Collection[str] = ("node", "pod")) -> Element:
    """Draw a scene.

    Parameters
    ----------
    scene : Scene
        What to draw.
    layout : Layout
        Where everything stands.
    live : bool
        With what a page needs to make it answer: roles, keys, marks on what moves.
    acts : collection of str
        What answers to a click there: ``node``, ``pod``.

    Returns
    -------
    Element
        An ``svg``.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> from k8sexpose.widgets.flow.layout import lay_out
    >>> from k8sexpose.widgets.flow.scene import FlowQuery, make_scene
    >>> scene = make_scene(Cluster(), FlowQuery("10.0.0.1:30007"))
    >>> draw(scene, lay_out(scene)).attrs["role"]
    'img'
    """
    legs = trace(scene.steps, layout, scene.node_port)
    parts = [
        element("rect", "ground", x=0, y=0, width=layout.width, height=layout.height, rx=6),
        *_frames(scene, layout),
        *(part for zone in layout.zones for part in _zone(zone)),
        *(_node(scene, node, layout, live and "node" in acts) for node in scene.nodes),
        *(_fold(scene, fold, layout.folds[fold.place], live) for fold in scene.folds),
        *_pods(scene, layout, live and "pod" in acts),
        *_places(scene, layout),
        *_answer(scene, legs),
        *(part for leg in legs for part in _leg(leg, layout)),
        *_end(scene, legs[-1], layout),
    ]
    return element(
        "svg", "", parts,
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {layout.width:g} {layout.height:g}",
        role="group" if live else "img", aria_label=LABEL if live else scene.description,
        style=f"width:100%;max-width:{layout.width:g}px;height:auto;display:block",
    )  # fmt: skip


def _words(look: str, x: float, y: float, text: str, anchor: str | None = None) -> Element:
    return element("text", look, text, x=x, y=y, text_anchor=anchor)


def _rect(look: str, box: Box, radius: float = 6) -> Element:
    return element("rect", look, x=box.x, y=box.y, width=box.width, height=box.height, rx=radius)


# -- frames and places ----


def _frames(scene: Scene, layout: Layout) -> Iterator[Element]:
    service = scene.service
    for name in ("front", "nodeport"):
        if name not in layout.frames or (service is None and name == "nodeport"):
            continue
        box = layout.frames[name]
        yield _rect(name, box, 8)
        if name == "front":
            room = layout.boxes[FRONT].x - box.x - 16
            yield _words("title", box.x + 10, box.y + 18, "LoadBalancer")
            front = service.front if service else ""
            # Where it is too long it is left out: the load balancer beside it says the same.
            yield _words("mono", box.x + 10, box.y + 33, front if len(front) * MONO_WIDTH <= room else "")
        elif service is not None:
            title = f"NodePort :{service.node_port}"
            yield _words("title", box.x + 10, box.y + 17, title)
            if service.policy:
                left = box.x + 24 + len(title) * 8
                names = (f"externalTrafficPolicy: {service.policy}", f"policy: {service.policy}")
                policy = next((name for name in names if len(name) * 6.4 <= box.right - left - 8), "")
                yield _words("label", left, box.y + 17, policy)


def _zone(zone: Zone) -> Iterator[Element]:
    box, more = zone.box, "more of " if zone.continued else ""
    yield _rect("zone", box, 6)
    yield _words("label", box.x + 6, box.y + 12, fit(f"{more}zone {zone.name}", box.width - 70, 6))


def _places(scene: Scene, layout: Layout) -> Iterator[Element]:
    first = scene.steps[0]
    elsewhere = next((step.where for step in scene.steps if step.at == ELSEWHERE), "")
    looks = {
        OUTSIDE: ("client", first.before[0], "client-mark"),
        FRONT: ("load balancer", scene.service.front if scene.service else "", "front-mark"),
        BETWEEN: ("cloud", "1:1 translation", "cloud-mark"),
        ELSEWHERE: (elsewhere, "nobody answers" if elsewhere == NOWHERE else "not in the cluster", "lost-mark"),
    }
    for place, (name, detail, mark) in looks.items():
        box = layout.boxes.get(place)
        if box is None:
            continue
        x, y = box.x + 20, box.center[1]
        yield element(
            "g", "",
            [
                element("title", "", f"{name} {detail}"),
                _rect("place", box, 22 if place == OUTSIDE else 8),
                _mark(mark, x, y, 9),
                _words("name", box.x + 38, y - 3, fit(name, box.width - 44, 7)),
                _words("mono", box.x + 38, y + 12, fit(detail, box.width - 42, MONO_WIDTH)),
            ],
            data_key=place,
        )  # fmt: skip


def _mark(look: str, x: float, y: float, r: float) -> Element:
    """Return the marker of a concept: the shape says the same as the colour."""
    if look == "client-mark":
        return element("circle", look, cx=x, cy=y, r=r)
    if look == "node-mark":
        return element("rect", look, x=x - r, y=y - r, width=2 * r, height=2 * r, rx=1)
    if look in ("front-mark", "cloud-mark"):
        return element("polygon", look, points=corners("D", x, y, r * 1.15))
    if look in ("pod-mark", "dead-mark"):
        return element("polygon", look, points=corners("h", x, y, r))
    return element("path", look, d=_cross(x, y, r * 0.7))


def _cross(x: float, y: float, d: float) -> str:
    return f"M{x - d:.1f} {y - d:.1f}L{x + d:.1f} {y + d:.1f}M{x + d:.1f} {y - d:.1f}L{x - d:.1f} {y + d:.1f}"


# -- nodes and Pods ----


def _node(scene: Scene, node: NodeView, layout: Layout, live: bool) -> Element:
    box, port = layout.boxes[node.place], layout.node_ports.get(node.place)
    look = "down" if node.down else "sick" if node.lamp == "unhealthy" else "node"
    parts = [*_tooltip(live, _about_node(node)), _rect(look, box, 6)]
    x, y = box.x + 14, box.y + 16
    parts.append(_mark("lost-mark" if node.down else "node-mark", x, y, 6))
    if port is not None:
        parts.append(_rect("shut" if node.down else "node-port-mark", port, 3))
        text = f":{scene.node_port}"
        parts.append(_words("shut-text" if node.down else "node-port-text", port.center[0], port.y + 13, text))
    wide = box.width - 34
    if scene.dense:
        parts.append(_words("strong", box.x + 24, box.y + 22, _called(node, wide + 4, 6.8)))
        parts.append(_words("small", box.x + 8, box.y + 38, fit(_state_of(node), box.width - 12, 6.4)))
        parts += _bar(scene, node.place, Box(box.x + 8, box.bottom - 9, box.width - 16, 5))
    else:
        parts.append(_words("name", box.x + 28, box.y + 24, _called(node, wide, 7.2)))
        look = "strong" if node.down else "mono"
        parts.append(_words(look, box.x + 28, box.y + 40, fit(_under_name(node), wide, 7.2)))
    parts += _lamp(node, box.x + 14, layout, scene.dense)
    parts += _rules(scene, node, layout)
    return element("g", "", parts, **_acts(live, "node", node.place, _about_node(node), node.down))


def _lamp(node: NodeView, x: float, layout: Layout, dense: bool) -> Iterator[Element]:
    """Draw what the load balancer's check says of a node, and since when: by shape, colour and words."""
    if not node.lamp:
        return
    box = layout.boxes[node.place]
    y = box.y + (50 if dense else 53)
    healthy, target = node.lamp == "healthy", node.lamp != "not a target"
    yield element("circle", "lamp-good" if healthy else "lamp-bad" if target else "lamp-off", cx=x, cy=y, r=7)
    if healthy:
        yield element("path", "lamp-line", d=f"M{x - 3.5:.1f} {y:.1f}l2.5 3 4.5 -5.5")
    elif target:
        yield element("path", "lamp-cross", d=_cross(x, y, 3.2))
    words = _lamp_words(node)
    short = words.replace(" since t = ", ", t = ") if len(words) * 6.1 > box.width - 34 else words
    yield _words("small", x + 14, y + 4, fit(short, box.width - 34, 6.1))


def _lamp_words(node: NodeView) -> str:
    since = "" if node.since_s is None else f" since t = {node.since_s:g} s"
    return f"{node.lamp}{since}"


def _rules(scene: Scene, node: NodeView, layout: Layout) -> Iterator[Element]:
    """Draw the clusterIP as what it is: rules in the node's kernel, the same in every node."""
    box = layout.rules.get(node.place)
    if box is None or scene.service is None:
        return
    yield _rect("down-rules" if node.down or node.proxy_stopped else "rules", box, 3)
    yield _words("rules-text", box.x + 8, box.y + 14, "rules → Pods")


def _fold(scene: Scene, fold: Fold, box: Box, live: bool) -> Element:
    """Draw a fold: several sheets, how many nodes they are, their Pods, and what the checks say."""
    back = (_rect("node", Box(box.x + k, box.y - k, box.width - k, box.height), 6) for k in (6, 3))
    checked = [node for node in fold.nodes if node.lamp]
    healthy = sum(node.lamp == "healthy" for node in checked)
    lines = [f"{len(fold.nodes)} more nodes", f"{fold.pods} Pods", f"get {_share(fold.share)}"]
    lines += [f"{healthy} of {len(checked)} healthy"] if checked else []
    parts = [
        *back,
        _rect("node", Box(box.x, box.y, box.width - 3, box.height), 6),
        *(
            _words("strong" if k == 0 else "small", box.x + 10, box.y + 22 + 17 * k, line)
            for k, line in enumerate(lines)
        ),
        *_bar(scene, fold.place, Box(box.x + 8, box.bottom - 9, box.width - 18, 5)),
    ]
    about = f"{fold.label} with {fold.pods} Pods, {_share(fold.share)} of all packets"
    acts = {"data_key": fold.place, "data_act": "fold", "aria_label": f"{about}. Enter shows them one by one."}
    return element("g", "", [*_tooltip(live, about), *parts], **(acts if live else {}))


def _share(share: Fraction) -> str:
    return str(share) if len(str(share)) < 6 else f"{float(share):.1%}"


def _called(node: NodeView, width: float, size: float) -> str:
    """Name a node in the room there is: without its domain, which all nodes share, where the name is too long."""
    host = node.name.partition(".")[0]
    too_long = len(node.name) * size > width and not host.isdigit()  # of an address the first number says nothing
    return fit(host if too_long else node.name, width, size)


def _state_of(node: NodeView) -> str:
    if node.down:
        return "crashed"
    if node.proxy_stopped:
        return "no kube-proxy"
    ready = sum(pod.state == "ready" for pod in node.pods)
    count = f"{len(node.pods)} Pod{'' if len(node.pods) == 1 else 's'}"
    return count if ready == len(node.pods) else f"{ready} of {count}"


def _under_name(node: NodeView) -> str:
    if node.down:
        return "crashed"
    return node.ip + (" no kube-proxy" if node.proxy_stopped else "")


def _about_node(node: NodeView) -> str:
    zone = f", zone {node.zone}" if node.zone else ""
    others = f", and {node.others} of other Services" if node.others else ""
    pods = f"{len(node.pods)} Pod{'' if len(node.pods) == 1 else 's'}{others}"
    lamp = f", for the load balancer {_lamp_words(node)}" if node.lamp else ""
    return f"{node.name}, {node.ip}{zone}: {'crashed' if node.down else 'up'}{lamp}, {pods}"


def _tooltip(live: bool, text: str) -> Iterator[Element]:
    if not live:
        yield element("title", "", text)


def _acts(live: bool, kind: str, place: str, label: str, pressed: bool) -> dict[str, str]:
    """Mark what answers to a click; the page adds the rest, and shows the label as a tooltip."""
    if not live:
        return {}
    does = {
        "node": ("Enter crashes it", "Enter recovers it"),
        "pod": ("Enter makes it not ready", "Enter makes it ready"),
    }
    return {
        "data_key": place, "data_act": kind, "aria_pressed": "true" if pressed else "false",
        "aria_label": f"{label}. {does[kind][pressed]}.",
    }  # fmt: skip


def _pods(scene: Scene, layout: Layout, live: bool) -> Iterator[Element]:
    for node in scene.nodes:
        hidden = node.others if not scene.dense else 0
        last: Box | None = None
        for pod in node.pods:
            if pod.place in layout.boxes:
                last = layout.boxes[pod.place]
                yield _pod(scene, pod, node, last, live)
            else:
                hidden += 1
        if not node.pods and not hidden and not scene.dense:
            home = layout.boxes[node.place]
            yield _words("label", home.x + 24, _first_line(layout, node), "no Pod")
        if hidden:
            home = layout.boxes[node.place]
            what = f"+ {hidden} more" if len(node.pods) > 0 else f"{hidden} Pod{'' if hidden == 1 else 's'} of others"
            y = (last.bottom + 20) if last and not scene.dense else _first_line(layout, node)
            if scene.dense:
                yield _words("label", home.right - 6, home.y + 38, f"+{hidden}", "end")
            else:
                yield _words("label", home.x + 24, y, fit(what, home.width - 30, 6))


def _first_line(layout: Layout, node: NodeView) -> float:
    """Return where the first line below the head of a node is written."""
    rules = layout.rules.get(node.place)
    return rules.bottom + 22 if rules is not None else layout.boxes[node.place].y + 66


def _pod(scene: Scene, pod: PodView, node: NodeView, box: Box, live: bool) -> Element:
    good = pod.state == "ready" and not node.down
    address = f"{pod.ip}:{pod.port}" if pod.port else pod.ip
    label = f"Pod {pod.name}, {address} on {node.name}: {pod.state}{', the client' if pod.asks else ''}"
    about = f"{label}, {percent(pod.share)} of all packets" if pod.endpoint else label
    port = f":{pod.port}" if pod.port else ""
    mark = "client-mark" if pod.asks else "pod-mark" if good else "dead-mark"
    # Where the name needs the whole line, the port is written below it.
    below = bool(port) and len(pod.name) * SMALL_WIDTH > box.width - 84
    if scene.dense:
        x, y = box.center
        parts = [*_tooltip(live, about), _mark(mark, x, y, 6)]
    else:
        parts = [
            *_tooltip(live, about),
            _rect("pod" if good else "ghost", box, 5),
            _mark(mark, box.x + 12, box.y + 12, 7),
            _words("small", box.x + 24, box.y + 16, fit(pod.name, box.width - (28 if below else 84), SMALL_WIDTH)),
        ]
        if port:
            parts.append(_words("strong", box.right - 12, box.y + (33 if below else 16), port, "end"))
        if pod.state != "ready":
            parts.append(_words("strong", box.x + 24, box.y + 33, pod.state))
        elif not pod.endpoint:
            what = "the client" if pod.asks else "of another Service" if scene.service else pod.ip
            parts.append(_words("label", box.x + 24, box.y + 33, fit(what, box.width - 28, 6.4)))
        else:
            gets = "gets all" if pod.share == 1 else f"gets {_share(pod.share)}"
            parts.append(_words("small", box.x + 24, box.y + 33, gets))
            left = 34 + 6.6 * len(gets)
            room = Box(box.x + left, box.y + 26, box.width - left - 8, 7)
            if below:
                room = Box(box.x + 24, box.bottom - 6, box.width - 36, 4)
            if room.width > 36:
                parts += _bar(scene, pod.place, room, whole=True)
    acts = _acts(live, "pod", pod.place, about, pod.state != "ready")
    return element("g", "", parts, **acts, data_home=node.place if live else None)


def full_bar(scene: Scene) -> float:
    """Return the share of all connections that fills the bar of a node: half as much again as the largest one."""
    most = max((share.expected for share in scene.shares if share.place.partition(":")[1]), default=0)
    return min(1.0, float(most) * 1.5)


def _bar(scene: Scene, place: str, track: Box, whole: bool = False) -> Iterator[Element]:
    """A bar that fills with packets, and a tick where the exact share lies: on a scale of all, or of what most get."""
    scale = 1.0 if whole else full_bar(scene)
    share = next((share.expected for share in scene.shares if share.place == place), None)
    if share is None or not scale:
        return
    unit = track.width / scale
    yield _rect("track", track, 2)
    yield element(
        "rect", "fill", x=track.x, y=track.y, width=0, height=track.height, rx=2,
        data_bar=place, data_unit=unit, data_most=track.width,
    )  # fmt: skip
    x = track.x + float(share) * unit
    yield element("path", "tick", d=f"M{x:.1f} {track.y - 2:.1f}v{track.height + 4:.1f}")


# -- the way ----


def _leg(leg: Curve, layout: Layout) -> Iterator[Element]:
    """Draw the curve of a step with its number, its milliseconds, and whether it is the extra hop."""
    step = leg.step
    mx, my = leg.label
    parts: list[Element] = []
    if leg.moves:
        kind = _kind_of(step)
        head = _arrow(leg.points[-2], leg.points[-1])
        parts.append(element("polyline", f"leg{kind}", points=_points(leg.points)))
        parts.append(element("polygon", f"head{kind}", points=_points(head)))
    words = [f"{step.latency_ms:g} ms"] if step.latency_ms else []
    if step.extra_hop:
        words.insert(0, "extra hop, other zone" if step.crosses_zone else "extra hop")
    if words:
        text = ", ".join(words)
        # On its own node the leg runs down the right side: there is room to its left, above what the Pod says. Where it
        # runs down the left side there is none, and the milliseconds are said below the picture only.
        wide = len(text) * 6.3 + 26
        inside = step.at.startswith("pod:") and not step.extra_hop
        left = inside and mx > wide
        if left or not inside or step.came_from == FRONT:
            back = step.extra_hop and _room_behind(leg, wide, layout)
            parts += _chip(text, mx, my - 36 if left else my, left or back or mx + wide > layout.width)
    parts.append(element("circle", "badge", cx=mx, cy=my, r=9))
    parts.append(_words("badge-text", mx, my + 4, str(step.number)))
    yield element("g", "", parts, data_leg=step.number)


def _room_behind(leg: Curve, wide: float, layout: Layout) -> bool:
    """Return True if the words of an extra hop go left of its number: away from the node where the leg begins."""
    x = leg.label[0]
    edge = layout.frames["front"].right if "front" in layout.frames else layout.width
    goes_left = leg.points[-1][0] < leg.points[0][0]
    return x - wide > 0 and (goes_left or x + wide > edge)


def _kind_of(step: Step) -> str:
    """Return the look of a leg: dotted into silence, solid and red where an answer says no, dashed for an extra hop."""
    if step.end in ("refused", "reset"):
        return "-refused"
    if step.end not in ("", "delivered"):
        return "-lost"
    return "-extra" if step.extra_hop else ""


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _chip(text: str, x: float, y: float, left: bool) -> Iterator[Element]:
    """Write words beside a mark."""
    wide = len(text) * 6.3 + 14
    start = x - 12 - wide if left else x + 12
    yield element("rect", "chip", x=start, y=y - 9, width=wide, height=18, rx=9)
    yield _words("chip-text", start + wide / 2, y + 4, text)


def _end(scene: Scene, last: Curve, layout: Layout) -> Iterator[Element]:
    """Draw the end of the path: check mark, stop sign, three dots, zigzag or question mark, and its name."""
    x, y = end_point(last, layout)
    word = WORDS.get(scene.outcome, scene.outcome)
    left = x > layout.width - 110 or last.step.at == ELSEWHERE
    parts = [*_end_mark(scene.outcome, x, y), *_chip(word, x + (-2 if left else 2), y, left)]
    yield element("g", "", parts, data_end=last.step.number)


def _answer(scene: Scene, legs: Sequence[Curve]) -> Iterator[Element]:
    """Draw the way of the answer; it is shown with the end of the path."""
    if scene.comes_back:
        parts = (part for leg in reversed(legs) for part in _back(leg))
        yield element("g", "", parts, data_end=legs[-1].step.number, data_answer="")


def _back(leg: Curve) -> Iterator[Element]:
    """Draw the answer's way back over a leg: a thin line beside it, with its head where the leg begins."""
    if not leg.moves:
        return
    points = beside(leg.points, BACK_PX)
    (x, y), (x0, y0) = points[0], points[min(3, len(points) - 1)]
    yield element("polyline", "leg-back", points=_points(points))
    yield element("polygon", "head-back", points=_points(_arrow((x0, y0), (x, y), 7)))


def _arrow(start: Point, tip: Point, size: float = 9) -> list[Point]:
    """Return the corners of the head of a line."""
    (x0, y0), (x, y) = start, tip
    angle = atan2(y - y0, x - x0)
    return [tip, *((x - size * cos(angle + side), y - size * sin(angle + side)) for side in (-0.45, 0.45))]


def _end_mark(outcome: str, x: float, y: float) -> Sequence[Element]:
    if outcome == "delivered":
        tick = element("path", "end-line", d=f"M{x - 5:.1f} {y:.1f}l3.5 4 6 -7.5")
        return element("circle", "end-good", cx=x, cy=y, r=11), tick
    if outcome == "refused":
        bar = element("path", "end-line", d=f"M{x - 5:.1f} {y:.1f}h10")
        return element("polygon", "end-bad", points=corners("8", x, y, 12)), bar
    if outcome == "timeout":
        dots = [element("circle", "end-dots", cx=x + k * 5.5, cy=y, r=2) for k in (-1, 0, 1)]
        return element("circle", "end-open", cx=x, cy=y, r=11), *dots
    if outcome == "reset":
        zigzag = element("path", "end-line", d=f"M{x + 2:.1f} {y - 6:.1f}l-5 6h6l-5 6")
        return element("polygon", "end-bad", points=corners("D", x, y, 13)), zigzag
    query = _words("badge-text", x, y + 4, "?")
    return element("rect", "end-bad", x=x - 10, y=y - 10, width=20, height=20, rx=4), query
