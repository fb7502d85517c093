"""Compute all that the visualizer may be asked on a page: each state of the cluster, each path, two widths.

A state is the policy and at most two faults (a node that crashed, a Pod that is not ready), or one where two would be
too many states. Where the clock can move, it is also which settled state it came from, and what the health checks have
noticed since. What comes long after (Pods leave a crashed node after five minutes) is not computed, and the page says
so. The widget makes each scene, once for all states that look the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from k8sexpose import Cluster, Route, routes
from k8sexpose.api.errors import NotExposed
from k8sexpose.api.service import Service
from k8sexpose.api.validation import POLICIES
from k8sexpose.cloud.load_balancer import target_health
from k8sexpose.widgets.flow.scene import ServiceView
from k8sexpose.widgets.flow.widget import Flow, lost_way

from .packing import packed

__all__ = ["Timeless", "flow_data", "states_of"]

WIDTHS = (920, 340)
MOST_FAULTS, MOST_PATHS, MOST_STATES = 2, 60, 8000
STEP_S, QUIET_S, LONGEST_S = 2, 70, 400  # the clock's step; settled after this long without a change
OWN = ("picture", "plays", "news", "now")  # of a scene: stored by its parts, or known to the page itself
INTERNED = 60  # characters from which on a part of a scene is stored once


@dataclass(frozen=True)
class Setting:
    """The policy of the Service, and what was clicked: ``{("node", "node-1")}``."""

    policy: str
    faults: frozenset[tuple[str, str]] = frozenset()

    def clicked(self, kind: str, name: str) -> Setting:
        """Return the setting after a click on a node or a Pod."""
        return replace(self, faults=self.faults ^ {(kind, name)})


@dataclass
class State:
    """A state of the page: its cluster, when it begins after the last change, and what comes next by itself."""

    setting: Setting
    came_from: Setting | None
    at_s: int
    cluster: Cluster
    seen: tuple[Any, ...]
    later: list[int]
    settled: bool = True


class Explored:
    """All states that the controls of one visualizer lead to, with so many faults at once."""

    def __init__(self, flow: Flow, most: int) -> None:
        self.flow, self.most = flow, most
        self.clock = "clock" in flow._controls
        service = flow._scene.service
        self.service = service
        self.start = Setting(service.policy if service else "")
        self.targets = [*_targets(flow)]
        self.states: list[State] = []
        self.settled: dict[Setting, State] = {}
        self.known: dict[tuple[Setting | None, Setting], int] = {}
        self.wanted: list[tuple[Setting | None, Setting]] = [(None, self.start)]
        for pair in self.wanted:  # it grows meanwhile
            if len(self.states) > MOST_STATES:
                raise ValueError("too many states for a page")
            self._explore(*pair)

    def choices(self, now: Setting) -> Iterator[tuple[str, Setting]]:
        """Yield what can be clicked in a setting, and the setting that it leads to."""
        if "policy" in self.flow._controls and now.policy:
            for policy in POLICIES:
                if policy != now.policy:
                    yield f"policy:{policy}", replace(now, policy=policy)
        for kind, name in self.targets:
            after = now.clicked(kind, name)
            if len(after.faults) <= self.most:
                yield f"{kind}:{name}", after

    def target(self, state: State, setting: Setting) -> tuple[Setting | None, Setting]:
        """Return the pair of settings that a click leads to: where it settled last, and where it is now."""
        if not self.clock:
            return None, setting
        return (state.setting if state.settled else state.came_from), setting

    def _explore(self, came_from: Setting | None, setting: Setting) -> None:
        """Follow one pair of settings until nothing changes any more."""
        if (came_from, setting) in self.known:
            return
        cluster = self._made(came_from, setting)
        first = len(self.states)
        self.known[came_from, setting] = first
        for at_s, moment, seen in self._moments(cluster):
            self.states.append(State(setting, came_from, at_s, moment, seen, [], settled=False))
        last = self.states[-1]
        last.settled = True
        self.settled.setdefault(setting, last)
        for number, state in enumerate(self.states[first:], first):
            state.later = list(range(number + 1, len(self.states)))
        for state in {id(one): one for one in (self.states[first], last)}.values():
            self.wanted += [self.target(state, leads_to) for _, leads_to in self.choices(setting)]

    def _made(self, came_from: Setting | None, setting: Setting) -> Cluster:
        """Return the cluster of a setting, from the settled one that it came from."""
        if came_from is None or not self.clock:
            cluster, before = self.flow.cluster.copy(), self.start
        else:
            cluster, before = self.settled[came_from].cluster.copy(), came_from
        for kind, name in sorted(before.faults ^ setting.faults):
            _click(cluster, kind, name)
        if before.policy != setting.policy and self.service:
            patch = {"spec": {"externalTrafficPolicy": setting.policy}}
            cluster.patch(self.service.name, patch, namespace=self.service.namespace)
        return cluster

    def _moments(self, cluster: Cluster) -> Iterator[tuple[int, Cluster, tuple[Any, ...]]]:
        """Yield the cluster as it is now, and whenever the clock changes what is seen of it, with that."""
        before, quiet_s, at_s = self._seen(cluster), 0, 0
        yield 0, cluster.copy(), before
        while self.clock and quiet_s < QUIET_S and at_s < LONGEST_S:
            cluster.advance(STEP_S)
            at_s, quiet_s = at_s + STEP_S, quiet_s + STEP_S
            now = self._seen(cluster)
            if now != before:
                before, quiet_s = now, 0
                yield at_s, cluster.copy(), now

    def _seen(self, cluster: Cluster) -> tuple[Any, ...]:
        """Return what can change by itself: the checks, the Pods' readiness, the load balancer's address."""
        checks: tuple[Any, ...] = ()
        if self.service:
            service = service_of(cluster, self.service)
            if service.key in cluster.load_balancers:
                checks = tuple((target.name, target.healthy) for target in target_health(cluster, service.key))
            checks = (*checks, str(service.load_balancer_ingress))
        return checks, tuple((pod.name, pod.ready, pod.terminating) for pod in cluster.pods)


def _targets(flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield the nodes and Pods that can be clicked."""
    if "nodes" in flow._controls:
        yield from (("node", node.name) for node in flow.cluster.nodes)
    if "pods" in flow._controls:
        for view in flow._scene.nodes:
            yield from (("pod", pod.place.partition(":")[2]) for pod in view.pods)


def service_of(cluster: Cluster, view: ServiceView) -> Service:
    """Return the Service that a picture shows."""
    return cluster.service(f"{view.namespace}/{view.name}")


def _click(cluster: Cluster, kind: str, name: str) -> None:
    """Do to a cluster what the widget does when a node or a Pod is clicked."""
    if kind == "pod":
        cluster.set_ready(name, not cluster.pod(name).ready)
    elif cluster.is_down(name):
        cluster.recover(name)
    else:
        cluster.fail(name)


def states_of(flow: Flow) -> Explored:
    """Return the states that a page can show of a visualizer; ValueError where they are too many."""
    try:
        return Explored(flow, MOST_FAULTS)
    except ValueError:
        return Explored(flow, 1)


class _Store:
    """Parts of scenes, each kept once."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.known: dict[str, int] = {}

    def put(self, value: Any) -> Any:
        """Return a value, or where it is long the number of its place in the store."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if len(text) < INTERNED:
            return {"v": value}
        if text not in self.known:
            self.known[text] = len(self.parts)
            self.parts.append(value)
        return self.known[text]

    def scene(self, scene: dict[str, Any]) -> dict[str, Any]:
        """Return a scene whose parts are places in the store; a picture is stored by its layers."""
        tag, look, attributes, inner = scene["picture"]
        rest = {name: self.put(value) for name, value in scene.items() if name not in OWN}
        return {**rest, "picture": [tag, look, self.put(attributes), [self.put(part) for part in inner]]}


def _plain(value: Any) -> Any:
    """Return plain lists and dicts, as the front end gets them."""
    return json.loads(json.dumps(value))


def _paths(flow: Flow, cluster: Cluster) -> list[Route]:
    """Return the paths that a page can show: all where they can be chosen or sent, else the next one."""
    asked = flow._question
    if not {"send", "path"} & set(flow._controls):
        return []
    found = routes(cluster, asked.target, asked.client, protocol=asked.protocol, via=asked.via)
    if len(found) > MOST_PATHS:
        raise ValueError("too many paths for a page")
    return list(found)


def _place(paths: list[Route], wanted: Route) -> int:
    """Return the place of a path in a list; -1 if it is not there."""
    return next((k for k, path in enumerate(paths) if path.hops == wanted.hops), -1)


class Timeless(Flow):
    """A visualizer that does not say since when a check has been so: its page came to the state at another time."""

    def _show(self) -> None:
        nodes = tuple(replace(node, since_s=None) for node in self._scene.nodes)
        self._scene = replace(self._scene, nodes=nodes)
        super()._show()


class _Looks:
    """The scenes of all states: what looks the same is drawn and stored once."""

    def __init__(self, flow: Flow, explored: Explored) -> None:
        self.flow, self.explored = flow, explored
        self.store = _Store()
        self.found: list[dict[str, Any]] = []
        self.known: dict[tuple[Any, ...], int] = {}
        self.numbers: dict[str, int] = {}

    def of(self, state: State) -> int:
        """Return the number of a state's look."""
        first = state is self.explored.states[0]  # it shows the path that the lesson chose
        key = (first, state.setting, state.seen)
        if key not in self.known:
            drawn = self._drawn(state.cluster, first)
            # Checks of one state may say what those of another say: what looks the same is the same look.
            text = json.dumps(drawn, sort_keys=True)
            if text not in self.numbers:
                self.numbers[text] = len(self.found)
                self.found.append(drawn)
            self.known[key] = self.numbers[text]
        return self.known[key]

    def _drawn(self, cluster: Cluster, first: bool) -> dict[str, Any]:
        """Return each path of a cluster, in both widths, with the flight of a request on it."""
        flow = self.flow
        try:
            found = _paths(flow, cluster)
            kind = Timeless if self.explored.clock else Flow
            own = kind(cluster, flow._question, flow.route if first else None, flow._controls)
        except NotExposed as error:
            return {"message": str(error)}
        paths = found or [own.route]
        lost = None if own._scene.dense else lost_way(cluster, flow._question)
        if lost is not None and _place(paths, lost) < 0:
            paths.append(lost)
        lamps = {node.name: node.lamp for node in own._scene.nodes}
        start, ends = max(_place(paths, own.route), 0), _place(paths, lost) if lost else -1
        return {"ways": [self._way(own, path) for path in paths], "start": start, "lost": ends, "lamps": lamps}

    def _way(self, own: Flow, path: Route) -> dict[str, Any]:
        """Return one path in both widths."""
        scenes, flights = [], []
        for width in WIDTHS:
            own.width = width
            own._set_route(path)
            scenes.append(self.store.scene(_plain(own.scene)))
            own._tell_counts([path])
            flights.append(self.store.put(_plain(own.batch["ways"][0])))
        return {"p": float(path.probability), "scenes": scenes, "flights": flights}


def _state_data(explored: Explored, looks: _Looks, state: State) -> dict[str, Any]:
    """Return one state: its look, where a click leads, and what comes by itself."""
    acts = {}
    if state.settled or state.at_s == 0:
        for act, leads_to in explored.choices(state.setting):
            acts[act] = explored.known[explored.target(state, leads_to)]
    later = [[explored.states[k].at_s - state.at_s, k] for k in state.later]
    return {"look": looks.of(state), "acts": acts, "later": later, "faults": len(state.setting.faults)}


def flow_data(flow: Flow) -> dict[str, Any] | None:
    """Return what site.js needs to play a visualizer without a kernel; None where it cannot be."""
    service = flow._scene.service
    if flow._scene.folds:
        return None
    if service and service_of(flow.cluster, service).session_affinity == "ClientIP":
        return None  # what the next request meets depends on those before it
    try:
        explored = states_of(flow)
        looks = _Looks(flow, explored)
        states = [_state_data(explored, looks, state) for state in explored.states]
    except ValueError:
        return None
    data = packed({"parts": looks.store.parts, "looks": looks.found, "states": states, "now": flow.cluster.now_s})
    return {"kind": "flow", "widths": WIDTHS, "most": explored.most, "quiet": QUIET_S, "data": data}
