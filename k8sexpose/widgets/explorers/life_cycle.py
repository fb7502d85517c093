"""The explorer of a load balancer's life: a timeline from apply over the address to its end."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..._palette import CONCEPTS
from ..._svg import FAINT, PAGE, TEXT, Element, document, path, rect, stripes, text
from ...api.checks import check_arguments
from ...cloud.load_balancer import target_health
from ...cloud.providers import Provider, provider
from ...cloud.provisioning import ProvisioningWatch
from ...data import example
from ...kubectl import run
from ...model import Cluster
from .base import Control, Explorer, Parts, printed, table_of

__all__ = ["LIFE", "LifeSetting", "draw_life", "life_explorer"]
END_S = 360
SPEAKING = "metallb-controller"
# MetalLB gives out the first address of its pool too, and of the usual pool this one looks like no host's.
METALLB, POOL = "metallb", "198.51.100.40/29"
PROVIDERS = {
    "generic: the cloud of this course": "generic",
    "aws": "aws",
    "metallb: a program for clusters without a cloud": METALLB,
    "none: nobody builds one": "none",
}
NAME, NODE, NODES = "public-api-lb", "node-1", ("node-1", "node-2", "node-3")
NO_TARGET = "no target"
NOTHING, CRASHES, DELETED = "nothing", f"{NODE} crashes", "the Service is deleted"
HAPPENED = {CRASHES: f" {NODE} has crashed.", DELETED: " The Service is being deleted."}


@dataclass(frozen=True, slots=True)
class LifeSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    seconds : int
        The moment that is shown: seconds since ``kubectl apply``, from 0 to 360.
    provider : str
        ``generic``, ``aws``, ``metallb`` or ``none``.
    happens : str
        ``nothing``, ``node-1 crashes`` or ``the Service is deleted``.
    happens_at_s : int
        When.

    Examples
    --------
    >>> LifeSetting(29).moment.address, LifeSetting(30).moment.address
    ('<pending>', '198.51.100.125')
    """

    seconds: int = 15
    provider: str = "generic"
    happens: str = NOTHING
    happens_at_s: int = 100  # not when new targets of AWS become healthy, at 90 s

    @property
    def life(self) -> Life:
        """The whole life."""
        at_s = 0 if self.happens == NOTHING else self.happens_at_s
        return _life(self.provider, self.happens, at_s)

    @property
    def moment(self) -> Moment:
        """What is the case at the moment that is shown."""
        return self.life.moments[self.seconds]

    @property
    def terminal(self) -> str:
        """What kubectl prints at that moment."""
        at_s = 0 if self.happens == NOTHING else self.happens_at_s
        return _terminal(self.provider, self.happens, at_s, self.seconds)

    @property
    def python(self) -> str:
        """The same as a program."""
        words = {"none": "None", METALLB: f'kx.provider("{METALLB}", pool="{POOL}")'}
        made = words.get(self.provider, f'"{self.provider}"')
        lines = [
            f"cluster = kx.Cluster(nodes=3, provider={made})",
            'cluster.deploy("api-backend", per_node=[1, 1, 1])',
            f'cluster.apply(kx.example("{NAME}"))',
        ]
        if self.happens == NOTHING or self.happens_at_s > self.seconds:
            lines.append(f"cluster.advance({self.seconds})")
        else:
            verb = f'cluster.fail("{NODE}")' if self.happens == CRASHES else f'cluster.delete("{NAME}")'
            lines += [f"cluster.advance({self.happens_at_s})", verb]
            lines.append(f"cluster.advance({self.seconds - self.happens_at_s})")
        return "\n".join([*lines, "%kubectl get svc", "%kubectl get events"]) + "\n"


@dataclass(frozen=True, slots=True)
class Moment:
    """What is the case at one moment.

    Parameters
    ----------
    address : str
        What EXTERNAL-IP shows; empty once the Service is gone.
    targets : tuple of (str, bool)
        The load balancer's targets, and whether it takes each for healthy.

    Examples
    --------
    >>> Moment("<pending>").state("node-1")
    'no target'
    """

    address: str
    targets: tuple[tuple[str, bool], ...] = ()

    def state(self, node: str) -> str:
        """Say what a node is to the load balancer."""
        healthy = dict(self.targets).get(node)
        return NO_TARGET if healthy is None else "healthy" if healthy else "unhealthy"


@dataclass(frozen=True, slots=True)
class Life:
    """A whole life: a moment for each second, and what happened.

    Parameters
    ----------
    moments : tuple of Moment
        From second 0 to the last.
    steps : tuple of (float, str, str, str)
        Seconds, who, what, and the reason of the event on the Service.

    Examples
    --------
    >>> [step[0] for step in LifeSetting().life.steps]
    [0.0, 0.0, 10.0, 30.0]
    """

    moments: tuple[Moment, ...]
    steps: tuple[tuple[float, str, str, str], ...]

    def spans(self, of: Any) -> Iterator[tuple[int, int, str]]:
        """Give the stretches in which a property of the moments stays the same: from, to, and what it is."""
        start, state = 0, of(self.moments[0])
        for second, moment in enumerate(self.moments[1:], 1):
            if of(moment) != state:
                yield start, second, state
                start, state = second, of(moment)
        yield start, len(self.moments) - 1, state


def _cloud(name: str) -> Provider | None:
    if name == "none":
        return None
    return provider(name, pool=POOL if name == METALLB else None)


def _applied(name: str) -> Cluster:
    cluster = Cluster(nodes=len(NODES), provider=_cloud(name))
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    cluster.apply(example(NAME))
    return cluster


def _happen(cluster: Cluster, happens: str) -> None:
    if happens == CRASHES:
        cluster.fail(NODE)
    elif happens == DELETED:
        cluster.delete(NAME)


def _moment(cluster: Cluster) -> Moment:
    service = cluster.store.services.get(("default", NAME))
    if service is None:
        # The cloud may still be taking it down; the Service itself is what kubectl sees.
        return Moment("")
    address = service.load_balancer_address or "<pending>"
    return Moment(address, tuple((target.name, target.healthy) for target in target_health(cluster, NAME)))


@lru_cache(maxsize=256)
def _life(provider: str, happens: str, happens_at_s: int) -> Life:
    cluster = _applied(provider)
    watch = ProvisioningWatch(cluster, cluster.service(NAME))
    moments: list[Moment] = []
    for second in range(END_S + 1):
        for _ in cluster.steps(second):
            watch.note()
        if happens != NOTHING and second == happens_at_s:
            _happen(cluster, happens)
            watch.add("you" if happens == DELETED else "bad luck", happens)
        moments.append(_moment(cluster))
        if second:
            _note_changes(watch, moments[-2], moments[-1])
    steps = ((step.at_s, step.actor, step.what, step.event) for step in watch.steps)
    return Life(tuple(moments), tuple(sorted(steps, key=lambda step: step[0])))


def _note_changes(watch: ProvisioningWatch, before: Moment, after: Moment) -> None:
    """Note what the load balancer has changed its mind about; that it has new targets is a step of its own."""
    if before.address and not after.address:
        watch.add("API server", "the Service is gone")
    changed: dict[str, list[str]] = {}
    for node in NODES:
        old, new = before.state(node), after.state(node)
        if old != new and NO_TARGET not in (old, new):
            changed.setdefault(new, []).append(node)
    for state, nodes in changed.items():
        # MetalLB runs no load balancer: its speakers watch each other.
        kind = watch.cluster.load_balancers["default/" + NAME].kind
        watch.add("speakers" if kind.controller == SPEAKING else "load balancer", f"{', '.join(nodes)}: {state}")


@lru_cache(maxsize=1024)
def _terminal(provider: str, happens: str, happens_at_s: int, seconds: int) -> str:
    cluster = _applied(provider)
    if happens == NOTHING or happens_at_s > seconds:
        cluster.advance(seconds)
    else:
        cluster.advance(happens_at_s)
        _happen(cluster, happens)
        cluster.advance(seconds - happens_at_s)
    shown = []
    for command in ("get svc", "get events"):
        done = run(cluster, command)
        shown.append(f"$ kubectl {command}\n{done.stdout}{done.stderr}")
    return "\n".join(shown)


# -- drawing ----

READING = (
    "Time runs to the right, in seconds since apply; the solid vertical line is the moment you have set. The upper bar "
    "is what EXTERNAL-IP shows, dashed while it is <pending>. The bars below are the targets of the load balancer: "
    "full is healthy, hatched is unhealthy, no bar: not a target. The numbers on top are the steps in the table; each "
    "is joined by a line to its moment."
)
NEW_TARGETS = " A new target is unhealthy until it has passed its first check."
SPEAKERS = (
    " MetalLB runs a program on each node, its speaker. The speakers agree which node answers for the address, and the "
    "event says so in MetalLB's words: layer2."
)
WIDTH, LEFT, RIGHT, TOP, ROW = 780, 120, 20, 58, 34


def _x(second: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * second / END_S


def draw_life(setting: LifeSetting) -> str:
    """Draw the timeline as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_life(LifeSetting()).startswith('<svg role="img" aria-label="15 s after apply: EXTERNAL-IP &lt;pending&gt;')
    True
    """
    life = setting.life
    floor = TOP + ROW * (1 + len(NODES))
    sick = CONCEPTS["dropped"].color
    parts = [stripes("kx-life-hatch", sick, sick, width=4, opacity=0.25)]
    parts += [text(_x(second), floor + 18, f"{second} s", "middle", size=12) for second in range(0, END_S + 1, 60)]
    words: list[Element] = []
    lanes = [("EXTERNAL-IP", lambda moment: moment.address)]
    lanes += [(node, lambda moment, node=node: moment.state(node)) for node in NODES]  # type: ignore[misc]
    for row, (name, of) in enumerate(lanes):
        y = TOP + ROW * row
        parts.append(text(LEFT - 10, y + 18, name, "end", bold=True))
        parts.append(path(f"M{LEFT} {y + 13} H{WIDTH - RIGHT}", stroke=FAINT, stroke_opacity=0.4))
        for start, end, state in life.spans(of):
            parts += _bar(start, end, y, state)
            words += _bar_words(start, end, y, state)
    if setting.happens != NOTHING:
        x = _x(setting.happens_at_s)
        parts.append(path(f"M{x:.1f} {TOP - 10} V{floor}", stroke_width=2, stroke_dasharray="2 4"))
    x = _x(setting.seconds)
    parts.append(path(f"M{x:.1f} 20 V{floor + 4}", stroke_width=2.5))
    anchor = "start" if x < 160 else "end" if x > WIDTH - 80 else "middle"
    parts.append(text(x, 14, f"{setting.seconds} s", anchor, bold=True))
    # All words come after the lines, which would cross them out.
    parts += [_rimmed(part) for part in words]
    parts += _numbers(life)
    return document(_told(setting), WIDTH, floor + 26, parts)


def _bar(start: int, end: int, y: int, state: str) -> Iterator[Element]:
    """Draw a stretch of one lane; an absent target, or an absent Service, is no bar."""
    if state in (NO_TARGET, ""):
        return
    x, width = _x(start), max(_x(end) - _x(start), 1.0)
    look = {"unhealthy": "url(#kx-life-hatch)", "<pending>": "none", "healthy": CONCEPTS["node"].color}
    fill = look.get(state, CONCEPTS["load balancer"].color)
    dashes = "5 4" if state == "<pending>" else None
    opacity = 0.5 if fill.startswith("#") else None
    yield rect(x, y, width, 26, fill=fill, fill_opacity=opacity, stroke=TEXT, stroke_dasharray=dashes)


def _bar_words(start: int, end: int, y: int, state: str) -> Iterator[Element]:
    """Write what a stretch of a lane is, as far as there is room for it."""
    x, width = _x(start), max(_x(end) - _x(start), 1.0)
    words = state if len(state) * 8 < width else state[: max(int(width / 8) - 2, 0)] + "…"
    if len(words) > 6 and state not in ("unhealthy", NO_TARGET):
        yield text(x + width / 2, y + 18, words, "middle", size=12)


def _rimmed(words: Element) -> Element:
    """Give a text a rim in the colour of the page, so that a line behind it does not cross it out."""
    rim: dict[str, str | int] = {"stroke": PAGE, "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke"}
    return replace(words, attrs={**words.attrs, **rim})


def _numbers(life: Life) -> Iterator[Element]:
    """Write the numbers of the steps above, side by side, each joined to its moment by a line."""
    groups: dict[float, list[int]] = {}
    for number, step in enumerate(life.steps, 1):
        groups.setdefault(step[0], []).append(number)
    words = {at_s: f"{found[0]}–{found[-1]}" if len(found) > 1 else f"{found[0]}" for at_s, found in groups.items()}
    places = _side_by_side([(_x(at_s), 8.0 * len(shown)) for at_s, shown in words.items()])
    for (at_s, shown), place in zip(words.items(), places, strict=True):
        yield path(f"M{place:.1f} {TOP - 15} L{_x(at_s):.1f} {TOP - 4}")
        yield _rimmed(text(place, TOP - 19, shown, "middle", size=12))


def _side_by_side(wanted: list[tuple[float, float]]) -> list[float]:
    """Return where the middles of labels go, given their wanted middles and widths: as near as there is room.

    Examples
    --------
    >>> _side_by_side([(150.0, 8.0), (151.0, 8.0), (300.0, 8.0)])
    [150.0, 164.0, 300.0]
    """
    places: list[float] = []
    left = 0.0
    for middle, width in wanted:
        places.append(max(middle, left + width / 2))
        left = places[-1] + width / 2 + 6
    right = float(WIDTH)
    for k in reversed(range(len(places))):
        places[k] = min(places[k], right - wanted[k][1] / 2)
        right = places[k] - wanted[k][1] / 2 - 6
    return places


def verdict(setting: LifeSetting) -> str:
    """Return what is the case at the moment that is shown.

    Examples
    --------
    >>> verdict(LifeSetting(5))
    '5 s after apply: EXTERNAL-IP <pending>; node-1 no target, node-2 no target, node-3 no target.'
    """
    moment = setting.moment
    if not moment.address:
        return f"{setting.seconds} s after apply: the Service is gone."
    nodes = ", ".join(f"{node} {moment.state(node)}" for node in NODES)
    happened = setting.seconds >= setting.happens_at_s
    since = HAPPENED.get(setting.happens, "") if happened else ""
    return f"{setting.seconds} s after apply: EXTERNAL-IP {moment.address}; {nodes}.{since}"


def _told(setting: LifeSetting) -> str:
    steps = "; ".join(f"{at_s:g} s {what}" for at_s, _, what, _ in setting.life.steps)
    return f"{verdict(setting)} The whole life: {steps}."


def rows(setting: LifeSetting) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield the table: number, time, who, what, event, and whether it is past.

    Examples
    --------
    >>> [row[5] for row in rows(LifeSetting(15))]
    ['past', 'past', 'past', 'to come']
    """
    for number, (at_s, who, what, event) in enumerate(setting.life.steps, 1):
        yield str(number), f"{at_s:g} s", who, what, event, "past" if at_s <= setting.seconds else "to come"


def reading(setting: LifeSetting) -> str:
    """Return how to read the picture of a setting."""
    new = NEW_TARGETS if _begins_unhealthy(setting.life) else ""
    speakers = SPEAKERS if setting.provider == METALLB else ""
    dotted = "" if setting.happens == NOTHING else f" The dotted line: {setting.happens}."
    return f"{READING}{new}{speakers}{dotted}"


def _begins_unhealthy(life: Life) -> bool:
    """Return True if a node that becomes a target is not healthy at once."""
    states = (state for _, _, state in life.spans(lambda moment: moment.state(NODE)) if state != NO_TARGET)
    return next(states, "") == "unhealthy"


def table(setting: LifeSetting) -> str:
    """Return what kubectl prints at the moment, and the steps."""
    box = printed(f"What kubectl prints after {setting.seconds} s", html.escape(setting.terminal), height_em=16)
    head = ("", "time", "who", "what", "event", "")
    return box + table_of(f"The life of {NAME}, provider {setting.provider}", head, rows(setting))


LIFE: Parts[LifeSetting] = Parts(
    "Life explorer",
    (
        Control("seconds", "Seconds", low=0, high=END_S),
        Control("provider", "Provider", tuple(PROVIDERS.items())),
        Control("happens", "What happens", (NOTHING, CRASHES, DELETED)),
        Control("happens_at_s", "Time of the event (s)", low=5, high=END_S, step=5),
    ),
    draw_life,
    verdict,
    reading,
    table,
)


def life_explorer(setting: LifeSetting | None = None) -> Explorer[LifeSetting]:
    """Explore the life of a LoadBalancer Service: pending, wired, reachable, hit by a crash, deleted.

    Parameters
    ----------
    setting : LifeSetting, optional
        Where to begin; by default 15 seconds after apply, at the generic provider.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> life_explorer(LifeSetting(360, "none"))
    <Life explorer: 360 s after apply: EXTERNAL-IP <pending>; node-1 no target, node-2 no target, node-3 no target.>
    """
    check_arguments(life_explorer, locals())
    return Explorer(LIFE, setting or LifeSetting())
