"""The live picture: an anywidget around the cluster it was given.

A click in the page asks here, the cluster changes, the router is asked again, and the page draws the answer.
JavaScript (`flow.js`) knows no rule of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod, WeakSet

import anywidget
import ipywidgets
import traitlets

from ..._svg import clean, images, style_sheet
from ...api.checks import check_arguments
from ...api.errors import NotExposed
from ...api.validation import POLICIES
from ...router.route import Route
from ...router.router import routes, send
from ...router.rule_trace import trace as rule_trace
from ..notebook_keys import with_notebook_keys
from .curves import CARD_WIDTH, card_point, end_point, rest_point, trace
from .drawing import draw
from .layout import Layout, lay_out
from .scene import FlowQuery, Scene, make_scene, next_route
from .steps import Step, node_place, steps_of
from .still import Still, reading_of

if TYPE_CHECKING:
    from ...model import Cluster

__all__ = ["CONTROLS", "Flow", "flow", "lost_way"]

HERE = Path(__file__).parent
MANY = 100
MOST_WAYS = 24
ROOMY = 720  # from this width on, in pixels, the packet's card has a column of its own
# What a lesson can leave out: playback, its speed, sending, the policy, the clock, the choice of a path, clicks on
# nodes and on Pods, the rules behind a step, and the table of shares.
CONTROLS = ("play", "speed", "send", "policy", "clock", "path", "nodes", "pods", "rules", "shares")
_ALIVE: WeakSet[Flow] = WeakSet()
_FOLLOWING: list[bool] = []


class Flow(anywidget.AnyWidget):
    """The traffic flow visualizer; `flow` makes one.

    Parameters
    ----------
    cluster : Cluster
        The cluster, shown and changed.
    question : FlowQuery
        Who asks for what.
    route : Route, optional
        The path to show; without it, that of the next request.
    controls : sequence of str, optional
        Those of `CONTROLS` that are shown; without it, all.

    Attributes
    ----------
    cluster : Cluster
        Assign another one to show that. Changes that other cells make are seen when the cell has run.
    route : Route
        The way that is shown; assign any of `k8sexpose.routes`.
    target, client : str
        As for `k8sexpose.send`.
    step : int
        The step that is shown, from 1 on.
    message : str
        What went wrong at the last click; empty if nothing did.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> Flow(Cluster(), FlowQuery("10.0.0.1:30007"))
    <Flow: 3 nodes (zones a, b, c), 0 Pods. All connections take this path, and are refused.>
    """

    _esm = with_notebook_keys(HERE / "flow.js")
    _css = f"{style_sheet('.kx-flow')}\n{(HERE / 'flow.css').read_text(encoding='utf-8')}"

    cluster = traitlets.Any()
    route = traitlets.Any()
    target = traitlets.Unicode()
    client = traitlets.Unicode(None, allow_none=True)
    scene = traitlets.Dict().tag(sync=True)
    batch = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    answered = traitlets.Int(0).tag(sync=True)
    width = traitlets.Int(900).tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        cluster: Cluster,
        question: FlowQuery,
        route: Route | None = None,
        controls: Sequence[str] | None = None,
    ) -> None:
        self._question = question
        self._controls = _known(controls)
        self._unfolded: set[str] = set()
        self._news = ""
        self._plays = 0
        self._ways: tuple[Route, ...] = ()
        self._counts: dict[str, int] = {}
        self._ends: dict[str, tuple[Step, ...]] = {}
        self._seen: tuple[Any, ...] = ()
        if route is None:
            route = next_route(cluster, question)
        self._scene = make_scene(cluster, question, route)
        super().__init__(cluster=cluster, route=route, target=question.target, client=question.client)
        self._find_ways()
        self._show()
        self.observe(self._on_question, ["cluster", "target", "client"])
        self.observe(self._on_route, "route")
        self.observe(lambda change: self._guarded(self._show), "width")
        self.on_msg(self._on_message)
        _ALIVE.add(self)
        _follow_cells()

    # -- what Python sees ----

    def open(self) -> None:
        """Connect to the page; until it is shown there, nothing but the reader's own variables keeps it alive."""
        super().open()
        _registry().pop(self.model_id, None)
        listener = WeakMethod(self._handle_msg)
        self.comm.on_msg(lambda message: _pass_on(listener, message))

    def refresh(self) -> None:
        """Look at the cluster again, and play a connection: the next one, or a lost one where more are lost now."""
        before, route = self._scene, next_route(self.cluster, self._question)
        scene = make_scene(self.cluster, self._question, route, self._unfolded)
        self._news = _news(before, scene)
        self._plays += 1
        self._counts.clear()
        self._find_ways()
        lost = lost_way(self.cluster, self._question) if scene.lost > before.lost and not scene.dense else None
        self._set_route(lost or route)
        self._tell_counts([])

    def follow(self) -> None:
        """Look at the cluster again if it has changed."""
        if self._seen != _state(self.cluster):
            self.refresh()

    def static(self, width: float = 860) -> Still:
        """Return what is shown as a still picture.

        Parameters
        ----------
        width : float
            Of the picture, in pixels.

        Returns
        -------
        Still
            Shows itself in a notebook; `.svg`, `.html` and `.description` are texts.
        """
        return Still(self._scene, width)

    def __repr__(self) -> str:
        return f"<Flow: {self._scene.summary}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self.comm is not None:
            _registry()[self.model_id] = self  # the page holds it from now on
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        # Shown where no kernel runs: on code hosts, in exported pages, before the first run.
        # Older anywidgets cut the plain text short.
        return {**data, "text/html": images(self.static().html), "text/plain": repr(self)}, metadata

    # -- changes from Python ----

    def _on_question(self, change: Any) -> None:
        self._question = replace(self._question, target=self.target, client=self.client)
        self._guarded(self.refresh)

    def _on_route(self, change: Any) -> None:
        self._guarded(self._draw)

    def _set_route(self, route: Route) -> None:
        """Show a way, and draw even if it is the same as before: the cluster may have changed."""
        if route == self.route:
            self._draw()
        else:
            self.route = route

    def _draw(self) -> None:
        self._scene = make_scene(self.cluster, self._question, self.route, self._unfolded)
        self._show()
        self.step = 1

    def _show(self) -> None:
        self._seen = _state(self.cluster)
        self.scene = {
            **_plain(self._scene, self.width, self._controls), "plays": self._plays, "news": clean(self._news),
            "rules": self._plain_rules(), "marks": self._marks(), **self._plain_ways(),
        }  # fmt: skip

    def _marks(self) -> dict[str, tuple[float, float]]:
        """Return where the mark of each lost packet lies now: a new width moves the nodes, and the marks with them."""
        layout = _layout(self._scene, self.width)
        node_port = self._scene.node_port
        return {key: end_point(trace(steps, layout, node_port)[-1], layout) for key, steps in self._ends.items()}

    def _find_ways(self) -> None:
        """List all ways where they are few enough to choose from."""
        few = not self._scene.dense and len(self.cluster.nodes) * max(len(self.cluster.pods), 1) <= 10 * MOST_WAYS
        question = self._question
        found = (
            routes(self.cluster, question.target, question.client, protocol=question.protocol, via=question.via)
            if few else ()
        )  # fmt: skip
        self._ways = found if len(found) <= MOST_WAYS else ()

    def _plain_ways(self) -> dict[str, Any]:
        shown = [way for way in self._ways if way.hops == self.route.hops]
        return {
            "ways": [clean(f"{k}. {way.summary}, {way.probability}") for k, way in enumerate(self._ways, 1)],
            "way": self._ways.index(shown[0]) if shown else -1,
        }

    def _plain_rules(self) -> dict[str, list[list[str]]]:
        """Return the rules that matched on each node of the path; none where kube-proxy's rules say nothing of it."""
        if "rules" not in self._controls or self._scene.dense:
            return {}
        try:
            steps = rule_trace(self.cluster, self.route).matched
        except (ValueError, KeyError, NotExposed):
            return {}
        found: dict[str, list[list[str]]] = {}
        for step in steps:
            found.setdefault(clean(node_place(step.node)), []).append(
                [clean(step.where), clean(step.rule), step.answer]
            )
        return found

    # -- clicks ----

    def _on_message(self, widget: Any, content: Any, buffers: Any = None) -> None:
        """Do what the page asks for: ``{"do": "node", "name": "node-1"}``."""
        actions: dict[str, Callable[[Any], None]] = {
            "send": lambda asked: self._request(1),
            "many": lambda asked: self._request(MANY),
            "node": self._toggle_node,
            "pod": self._toggle_pod,
            "policy": self._set_policy,
            "advance": self._advance,
            "way": self._choose,
            "fold": self._unfold,
        }
        asked = content if isinstance(content, dict) else {}
        action = actions.get(str(asked.get("do")))
        if action is not None:
            self._guarded(lambda: action(asked))
            self.answered += 1
            _look_again(self)

    def _guarded(self, action: Callable[[], None], keep: bool = False) -> None:
        """Show in the page what goes wrong: an exception in a callback would be lost."""
        seen = self._seen
        try:
            action()
        except NotExposed as error:
            self.message = clean(str(error))
        except Exception as error:
            self.message = clean(f"{type(error).__name__}: {error}")
        else:
            if not keep or self._seen is not seen:
                self.message = ""

    def _toggle_node(self, asked: Any) -> None:
        name = str(asked["name"])
        if self.cluster.is_down(name):
            self.cluster.recover(name)
        else:
            self.cluster.fail(name)
        self.refresh()

    def _toggle_pod(self, asked: Any) -> None:
        name = str(asked["name"])
        self.cluster.set_ready(name, not self.cluster.pod(name).ready)
        self.refresh()

    def _set_policy(self, asked: Any) -> None:
        service = self._scene.service
        if service is None:
            raise ValueError("there is no Service here")
        patch = {"spec": {"externalTrafficPolicy": str(asked["policy"])}}
        self.cluster.patch(service.name, patch, namespace=service.namespace)
        self.refresh()

    def _choose(self, asked: Any) -> None:
        self._news = ""  # it was about the path before this one
        self._set_route(self._ways[int(asked["index"])])

    def _advance(self, asked: Any) -> None:
        """Let time pass: the path that is shown stays where nothing changes."""
        seconds = float(asked["seconds"])
        self.cluster.advance(seconds)
        now = make_scene(self.cluster, self._question, self.route, self._unfolded)
        if now.looks != self._scene.looks:
            self.refresh()
            return
        self._news = "" if asked.get("quietly") else f"Nothing changed in these {seconds:g} seconds."
        self._scene = now
        self._show()

    def _unfold(self, asked: Any) -> None:
        self._unfolded.add(str(asked["name"]))
        self._counts.clear()
        self._draw()
        self._tell_counts([])

    # -- requests ----

    def _request(self, count: int) -> None:
        """Send requests: one is followed step by step, many fly by and are counted."""
        question = self._question
        sent = [
            send(self.cluster, question.target, question.client, protocol=question.protocol, via=question.via)
            for _ in range(count)
        ]
        if count == 1:
            self._plays += 1
            self._news = ""
            self._set_route(sent[0])
        self._tell_counts(sent)

    def _tell_counts(self, sent: Sequence[Route]) -> None:
        """Give the page the counts so far, and the ways of the new requests in their order."""
        before = dict(self._counts)
        if not before:
            self._ends.clear()
        layout = _layout(self._scene, self.width)
        ways: dict[tuple[Any, ...], int] = {}
        plain: list[dict[str, Any]] = []
        order = []
        for route in sent:
            if route.hops not in ways:
                ways[route.hops] = len(plain)
                steps = steps_of(self.cluster, route)
                legs = trace(steps, layout, self._scene.node_port)
                points = [point for leg in legs for point in (leg.points[::5] or leg.points)]
                mark = f"{clean(steps[-1].at)} {clean(steps[-1].before[1])}"
                if route.outcome != "delivered":
                    self._ends[mark] = tuple(steps)
                plain.append(
                    {
                        "points": points,
                        "counts": self._counted(route, steps[-1].at),
                        "end": route.outcome,
                        "grave": end_point(legs[-1], layout),
                        "mark": mark,
                    }
                )
            order.append(ways[route.hops])
            for place in (*plain[ways[route.hops]]["counts"], "sent"):
                self._counts[place] = self._counts.get(place, 0) + 1
        number = self.batch.get("number", 0) + 1
        self.batch = {"number": number, "before": before, "ways": plain, "order": order}

    def _counted(self, route: Route, end: str) -> list[str]:
        """Name the lines of the table that a request counts for."""
        place = node_place(route.node or "") if self._scene.dense else end
        folded = (fold.place for fold in self._scene.folds for node in fold.nodes if node.name == route.node)
        if all(share.place != place for share in self._scene.shares):
            place = next(folded, "lost")
        return [clean(place) if route.delivered else "lost", *(["extra hop"] if route.extra_hop else [])]


def _known(controls: Sequence[str] | None) -> tuple[str, ...]:
    """Check the names of controls."""
    asked = CONTROLS if controls is None else tuple([controls] if isinstance(controls, str) else controls)
    unknown = [name for name in asked if name not in CONTROLS]
    if unknown:
        raise ValueError(f"no control is called {unknown[0]!r}; there are {', '.join(CONTROLS)}")
    return asked


def _layout(scene: Scene, width: float) -> Layout:
    return lay_out(scene, width, CARD_WIDTH + 14 if width >= ROOMY else 0)


def lost_way(cluster: Cluster, question: FlowQuery) -> Route | None:
    """Return the likeliest path on which a connection is lost; None if there is none."""
    found = routes(cluster, question.target, question.client, protocol=question.protocol, via=question.via)
    return max((way for way in found if not way.delivered), key=lambda way: way.probability, default=None)


def _news(before: Scene, after: Scene) -> str:
    """Return what has changed for the load balancer, and in what is lost, in sentences; site.js says the same."""
    lamps = {node.name: node.lamp for node in before.nodes}
    news = [
        f"{node.name} is now {node.lamp} for the load balancer."
        for node in after.nodes
        if node.lamp and lamps.get(node.name, node.lamp) != node.lamp
    ]
    if before.lost != after.lost:
        shown = " The packet shows one that is lost." if before.lost < after.lost < 1 and not after.dense else ""
        news.append(f"Before, {_lost_words(before)[0]}; now {_lost_words(after)[1]}.{shown}")
    return " ".join(news[-6:])


def _lost_words(scene: Scene) -> tuple[str, str]:
    """Return how many connections are lost, as said of the time before a change and of the time after it."""
    fixed = {0: ("no connection was lost", "none is lost"), 1: ("all connections were lost", "all are lost")}
    part = f"{scene.lost} of all connections"
    return next(
        (words for lost, words in fixed.items() if scene.lost == lost), (f"{part} were lost", f"{part} are lost")
    )


def _plain(scene: Scene, width: float, controls: Sequence[str]) -> dict[str, Any]:
    """Return a scene as lists and texts: what the page needs, and no more."""
    layout = _layout(scene, width)
    acts = [name.rstrip("s") for name in ("nodes", "pods") if name in controls]
    service = scene.service
    legs = trace(scene.steps, layout, scene.node_port)
    return {
        "picture": draw(scene, layout, live=True, acts=acts).plain(),
        "controls": list(controls),
        "roomy": width >= ROOMY,
        "size": [layout.width, layout.height],
        "summary": clean(scene.summary),
        "reading": reading_of(scene, card=True),
        "title": clean(service.label if service else scene.question.target),
        "policy": clean(service.policy) if service else "",
        "policies": list(POLICIES),
        "now": f"t = {scene.now_s:g} s",
        "only": clean(scene.only),
        "lost": [float(scene.lost), *_lost_words(scene)],
        "outcome": scene.outcome,
        "steps": [
            {
                "who": clean(step.who), "text": clean(step.text), "before": [clean(a) for a in step.before],
                "after": [clean(a) for a in step.after], "changed": list(step.changed), "rewriting": step.rewriting,
                "ms": step.latency_ms, "extra": step.extra_hop, "end": step.end,
                "points": leg.points, "rest": rest_point(leg, layout), "card": card_point(leg, layout),
                "at": clean(step.at),
            }
            for step, leg in zip(scene.steps, legs, strict=True)
        ],
        "shares": [
            {
                "place": clean(share.place), "label": clean(share.label), "text": share.text,
                "value": float(share.expected),
            }
            for share in scene.shares
        ],
    }  # fmt: skip


def flow(
    cluster: Cluster,
    target: str,
    client: str | None = None,
    *,
    protocol: str = "TCP",
    via: str | Sequence[str] | None = None,
    route: Route | None = None,
    controls: Sequence[str] | None = None,
) -> Flow:
    """Show how a packet goes from a client to a Pod, step by step, in a cluster that answers to clicks.

    Parameters
    ----------
    cluster : Cluster
        The cluster; clicks change it.
    target, client, protocol, via
        As for `k8sexpose.send`.
    route : Route, optional
        The path to show first, one of `k8sexpose.routes`; without it, that of the next request.
    controls : sequence of str, optional
        What is shown beside the picture: any of ``play``, ``speed``, ``send``, ``policy``, ``clock``, ``path``,
        ``nodes`` and ``pods`` (which answer to a click), ``rules``, ``shares``; without it, all.

    Returns
    -------
    Flow
        A widget; ``.static()`` is the same as a still picture.

    Raises
    ------
    NotExposed, KeyError, ValueError
        As for `k8sexpose.send`; ValueError also where no control has such a name.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> flow(Cluster(), "10.0.0.2:30007").static().description[-36:]
    'once that its connection is refused.'
    """
    check_arguments(flow, locals())
    return Flow(cluster, FlowQuery(target, client, protocol, via), route, controls)


# -- changes that other cells make ----


def _state(cluster: Cluster) -> tuple[Any, ...]:
    """What a picture depends on; the objects never change, so that comparing them is cheap."""
    store = cluster.store
    stopped = tuple(name for name in store.nodes if cluster.proxy_stopped(name))
    objects = (store.nodes, store.pods, store.services, store.applied_slices)
    return (
        *(tuple(kind.values()) for kind in objects), cluster.down, stopped, cluster.now_s, cluster.firewall,
        cluster.nodes_routable,
    )  # fmt: skip


def _follow_cells() -> None:
    """Look at the clusters again whenever a cell of the notebook has run."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None and not _FOLLOWING:
        shell.events.register("post_run_cell", _look_again)
        _FOLLOWING.append(True)


def _look_again(*which: Any) -> None:
    """Look at the clusters again, after a cell or after a click; the flow that is given has looked already."""
    for alive in list(_ALIVE):
        if alive.comm is not None and alive not in which:
            alive._guarded(alive.follow, keep=True)


def _registry() -> MutableMapping[str, Any]:
    """Return where ipywidgets keeps every widget: a table of its module, and of its class before version 8."""
    module = ipywidgets.widgets.widget
    found: MutableMapping[str, Any] = module._instances if hasattr(module, "_instances") else module.Widget.widgets
    return found


def _pass_on(listener: WeakMethod[Any], message: Any) -> None:
    """Hand a message of the page to a flow that is still there."""
    handle = listener()
    if handle is not None:
        handle(message)
