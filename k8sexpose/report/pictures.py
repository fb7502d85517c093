"""The pictures of the report: the entrances, the load of each Pod, the time to an answer, the bill.

Each is one drawing with a description that says in words what it shows; the tables of the report hold the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from .._palette import CONCEPTS
from .._svg import FAINT, LINE, Element, document, element, fit, path, rect, text
from ..traffic.policies import expected
from .policy_advice import ServiceComparison
from .reviewed import ReviewedFacts

__all__ = ["bill_bars", "entrances", "latency_curve", "pod_loads"]

ROWS = 12  # Services of the map, Pods of a Service, lines of a bill; the rest is counted in words
WIDTH = 720.0
LOADS = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.92)
POLICY_COLORS = {"Cluster": CONCEPTS["extra hop"].color, "Local": CONCEPTS["node"].color}
DASHES = {"Cluster": "7 4", "Local": None}


# -- the map ----------------------------------------------------------------------------------------------------------


def entrances(made: ReviewedFacts) -> str:
    """Return the map of entrances: the internet, the doors, the Services behind them, and the nodes of their Pods.

    Examples
    --------
    >>> from k8sexpose import Cluster, review
    >>> entrances(review(Cluster()))
    ''
    """
    shown = made.exposed[:ROWS]
    if not shown:
        return ""
    zones = _zones(made)
    homes = _homes(made, {one.name for one in shown})
    height = 58.0 + 34 * max(len(shown), len(zones))
    parts = [
        _column(x, words) for x, words in ((8, "outside"), (150, "door"), (330, "Service"), (590, "nodes by zone"))
    ]
    parts += [_box(8, 40, 96, 34 * len(shown) - 8, "client", ["the internet,", "your network"])]
    for number, one in enumerate(shown):
        y = 40.0 + 34 * number
        door = "load balancer" if one.type == "LoadBalancer" else "node port"
        words = "node port" if one.type == "NodePort" else fit(one.address, 120, 7.2)
        parts += [_box(150, y, 140, 26, door, [words]), _box(330, y, 220, 26, "Pod", [fit(one.name, 200)])]
        ready = one.ready > 0
        parts += [_arrow(104, y + 13, 150, y + 13, True), _arrow(290, y + 13, 330, y + 13, ready)]
        parts += [
            _arrow(550, y + 13, 590, 40.0 + 34 * place + 13, ready)
            for place, zone in enumerate(zones)
            if zone in homes[one.name]
        ]
    for place, (zone, nodes) in enumerate(zones.items()):
        parts.append(_box(590, 40.0 + 34 * place, 122, 26, "node", [f"{fit(zone or 'no zone', 80)}: {nodes:,}"]))
    rest = len(made.exposed) - len(shown)
    more = f" {rest:,} more Services are in the table." if rest else ""
    if more:
        parts.append(text(330, height - 4, more.strip(), color=FAINT, size=12))
    names = ", ".join(one.name for one in shown)
    return document(f"Map of entrances: from outside through load balancers and node ports to {names}.{more}",
                    WIDTH, height + 6, parts)  # fmt: skip


def _zones(made: ReviewedFacts) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for node in made.cluster.nodes:
        found[node.zone or ""] = found.get(node.zone or "", 0) + 1
    return dict(sorted(found.items())[:ROWS])


def _homes(made: ReviewedFacts, names: set[str]) -> dict[str, set[str]]:
    """Return the zones that hold ready endpoints, by Service."""
    store = made.cluster.store
    found: dict[str, set[str]] = {}
    for service in made.cluster.services:
        if service.key in names:
            endpoints = chain.from_iterable(one.endpoints for one in store.slices(service))
            hosts = {endpoint.node for endpoint in endpoints if endpoint.ready and endpoint.node in store.nodes}
            found[service.key] = {store.nodes[host].zone or "" for host in hosts if host is not None}
    return found


def _column(x: float, words: str) -> Element:
    return text(x, 22, words, color=FAINT, size=12)


def _box(x: float, y: float, width: float, height: float, concept: str, lines: Sequence[str]) -> Element:
    color = CONCEPTS[concept].color
    frame = rect(x, y, width, height, fill=color, fill_opacity=0.14, stroke=color, stroke_width=1.5, rx=4)
    first = y + height / 2 + 4 - 8 * (len(lines) - 1)
    words = (text(x + 8, first + 16 * k, line, size=12) for k, line in enumerate(lines))
    return element("g", "", [frame, *words])


def _arrow(x1: float, y1: float, x2: float, y2: float, passes: bool) -> Element:
    if passes:
        return path(f"M{x1:g} {y1:g} L{x2:g} {y2:g}", stroke_width=1.2)
    return path(
        f"M{x1:g} {y1:g} L{x2:g} {y2:g}", stroke=CONCEPTS["dropped"].color, stroke_width=2, stroke_dasharray="2 4"
    )


# -- one Service ------------------------------------------------------------------------------------------------------


def pod_loads(found: ServiceComparison) -> str:
    """Return bars with the share of each Pod under both policies, the mean as a line."""
    views = {policy: one.view for policy, one in found.views.items()}
    shares = {policy: {pod.pod: float(pod.share) for pod in one.pods} for policy, one in views.items()}
    pods = sorted({name for one in shares.values() for name in one})
    count = max(len(pods), *(len(one.loads) for one in views.values()))
    shown, most = pods[:ROWS], max((share for one in shares.values() for share in one.values()), default=0.0)
    if not shown or not most:
        return ""
    height, scale = 44.0 + 34 * len(shown), 400 / most
    parts = list(_legend(views))
    for number, pod in enumerate(shown):
        y = 38.0 + 34 * number
        parts.append(text(8, y + 16, fit(pod, 200), size=12))
        for place, policy in enumerate(views):
            share = shares[policy].get(pod, 0.0)
            parts.append(rect(220, y + 13 * place, share * scale, 11, **_fill(policy)))
            parts.append(text(226 + share * scale, y + 10 + 13 * place, f"{share:.1%}", size=11))
    mean = 220 + scale / count
    parts.append(path(f"M{mean:g} 32 V{height - 8:g}", stroke=FAINT, stroke_dasharray="2 3"))
    more = f" The first {ROWS} of {len(pods)} Pods." if len(pods) > len(shown) else ""
    words = "; ".join(f"{policy}: busiest Pod {one.hottest:.2f} times the mean" for policy, one in found.views.items())
    return document(f"Share of each Pod of {found.service} under both policies. {words}.{more}", WIDTH, height, parts)


def _legend(policies: Mapping[str, object]) -> Iterator[Element]:
    for place, policy in enumerate(policies):
        x = 220.0 + 130 * place
        yield rect(x, 10, 22, 11, **_fill(policy))
        yield text(x + 28, 20, policy, size=12)


def _fill(policy: str) -> dict[str, str | float | int | None]:
    color = POLICY_COLORS[policy]
    return {"fill": color, "stroke": color, "fill_opacity": 0.45 if policy == "Cluster" else 0.95}


def latency_curve(found: ServiceComparison, utilisation: float, service_ms: float, workers: int) -> str:
    """Return the p99 of both policies over the utilisation, with the point at which the Service is assumed to be."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for policy, one in found.views.items():
        values = ((load, expected(one.view, load, service_ms, workers).p99_ms) for load in LOADS)
        curves[policy] = [(load, p99) for load, p99 in values if math.isfinite(p99)]
    points = [point for curve in curves.values() for point in curve]
    today = found.views.get(found.now)
    if not points or today is None:
        return ""
    lowest = min(p99 for _, p99 in points)
    top = max(8 * lowest, 1.6 * today.p99_ms if math.isfinite(today.p99_ms) else 0.0)
    place = _axes(top)
    parts = list(_frame(top, place))
    for policy, curve in curves.items():
        inside = [place(load, p99) for load, p99 in curve if p99 <= top]
        line = " L".join(f"{x:.1f} {y:.1f}" for x, y in inside)
        color = POLICY_COLORS[policy]
        if inside:
            parts.append(path(f"M{line}", stroke=color, stroke_width=2.5, stroke_dasharray=DASHES[policy]))
            parts.append(text(inside[-1][0] + 6, inside[-1][1] + (14 if policy == "Local" else 0), policy, size=12))
    words = "overloaded"
    if math.isfinite(today.p99_ms):
        words = f"{today.p99_ms:.3g} ms"
        x, y = place(utilisation, today.p99_ms)
        parts.append(element("circle", "", cx=x, cy=y, r=6, fill=CONCEPTS["client"].color))
        parts.append(text(x, y - 11, f"now: {words}", "middle", size=12, bold=True))
    label = f"p99 of {found.service} over the utilisation of its Pods; now ({found.now}, {utilisation:.0%}): {words}."
    return document(label, WIDTH, 250, parts)


def _axes(top: float) -> Callable[[float, float], tuple[float, float]]:
    return lambda load, p99: (60 + 560 * load, 210 - 180 * min(p99 / top, 1))


def _frame(top: float, place: Callable[[float, float], tuple[float, float]]) -> Iterator[Element]:
    yield path("M60 30 V210 H620", stroke=LINE)
    for load in (0, 0.25, 0.5, 0.75, 1):
        yield text(place(load, 0)[0], 228, f"{load:.0%}", "middle", color=FAINT, size=11)
    for share in (0.5, 1):
        yield text(54, place(0, share * top)[1] + 4, f"{share * top:,.3g} ms", "end", color=FAINT, size=11)
    yield text(340, 246, "utilisation of the average Pod", "middle", color=FAINT, size=12)
    yield text(60, 20, "p99 of the time to an answer", color=FAINT, size=12)


# -- the bill ---------------------------------------------------------------------------------------------------------


def bill_bars(made: ReviewedFacts) -> str:
    """Return the lines of the bill as bars; an estimated line is hatched by its outline, one without price is named."""
    bill = made.estimate
    rows = list(bill.items[["name", "monthly_cost"]].itertuples(index=False))
    most = max((cost for _, cost in rows if not math.isnan(cost)), default=0.0)
    if not most:
        return ""
    shown = rows[:ROWS]
    parts: list[Element] = []
    color = CONCEPTS["load balancer"].color
    for number, (name, cost) in enumerate(shown):
        y = 12.0 + 26 * number
        parts.append(text(8, y + 13, fit(name, 320), size=12))
        if math.isnan(cost):
            parts.append(text(346, y + 13, "no price", color=CONCEPTS["dropped"].color, size=12))
            continue
        guessed = name in bill.estimated
        look: dict[str, str | float | int | None] = {"stroke_dasharray": "3 2", "fill_opacity": 0.25} if guessed else {}
        parts.append(rect(340, y, 270 * cost / most, 17, fill=color, stroke=color, **look))
        parts.append(text(346 + 270 * cost / most, y + 13, f"{cost:,.2f}", size=12))
    label = f"The bill, line by line, in {bill.currency}: {bill.headline}."
    return document(label, WIDTH, 20.0 + 26 * len(shown), parts)
