"""The pictures of the report: the load of each Pod, the time to an answer, the bill; `entrance_map` has the ways in.

Each is one drawing with a description that says in words what it shows; the tables of the report hold the numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from .._display import milliseconds
from .._palette import CONCEPTS, POLICY_CONCEPTS
from .._svg import FAINT, GROUND, LINE, Element, document, element, fit, path, rect, text
from ..traffic.policies import expected
from .policy_advice import ServiceComparison
from .reviewed import ReviewedFacts

__all__ = ["bill_bars", "latency_curve", "pod_loads"]

ROWS = 12  # Pods of a Service, lines of a bill; the rest is counted in words
WIDTH = 720.0
LOADS = tuple(number / 100 for number in range(2, 100, 4))
DASHES = {"Cluster": "7 4", "Local": None}
Spot: TypeAlias = tuple[float, float]  # load and p99, or where they are in the picture


# -- one Service ------------------------------------------------------------------------------------------------------


def pod_loads(found: ServiceComparison) -> str:
    """Return bars with the share of each Pod under both policies, the mean as a line; empty for a single Pod."""
    views = {policy: one.view for policy, one in found.views.items()}
    shares = {policy: {pod.pod: float(pod.share) for pod in one.pods} for policy, one in views.items()}
    pods = sorted({name for one in shares.values() for name in one}, key=_natural)
    count = max(len(pods), *(len(one.loads) for one in views.values()))
    shown, most = pods[:ROWS], max((share for one in shares.values() for share in one.values()), default=0.0)
    if count < 2 or not most:
        return ""
    height, scale = 44.0 + 38 * len(shown), 400 / most
    parts = list(_legend(views))
    for number, pod in enumerate(shown):
        y = 38.0 + 38 * number
        parts.append(text(8, y + 18, fit(pod, 200, 7), size=12))
        for place, policy in enumerate(views):
            share = shares[policy].get(pod, 0.0)
            parts.append(rect(220, y + 15 * place, share * scale, 12, **_fill(policy)))
            parts.append(text(226 + share * scale, y + 11 + 15 * place, f"{share:.1%}", size=12))
    mean = 220 + scale / count
    parts.append(path(f"M{mean:g} 32 V{height - 8:g}", stroke=FAINT, stroke_dasharray="2 3"))
    more = ""
    if len(pods) > len(shown):
        more = f" The first {ROWS} of {len(pods)} Pods are drawn."
        parts.append(text(8, height + 8, more.strip(), color=FAINT, size=12))
        height += 16
    words = "; ".join(f"{policy}: busiest Pod {one.hottest:.2f} times the mean" for policy, one in found.views.items())
    return document(f"Share of each Pod of {found.service} under both policies. {words}.{more}", WIDTH, height, parts)


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what puts api-2 before api-10."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"([0-9]{1,18})", name)]


def _legend(policies: Mapping[str, object]) -> Iterator[Element]:
    for place, policy in enumerate(policies):
        x = 220.0 + 130 * place
        yield rect(x, 10, 22, 12, **_fill(policy))
        yield text(x + 28, 20, policy, size=12)


def _fill(policy: str) -> dict[str, str | float | int | None]:
    color = POLICY_CONCEPTS[policy].color
    return {"fill": color, "stroke": color, "fill_opacity": 0.45 if policy == "Cluster" else 0.95}


def latency_curve(found: ServiceComparison, utilisation: float, service_ms: float, workers: int) -> str:
    """Return the p99 of both policies over the utilisation, with the point at which the Service is assumed to be."""
    curves: dict[str, list[Spot]] = {}
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
    parts = [*_frame(top, place), *_curves(curves, top, place)]
    words = milliseconds(today.p99_ms)
    others = [one.p99_ms for one in found.views.values() if one is not today]
    if math.isfinite(today.p99_ms):
        x, y = place(utilisation, today.p99_ms)
        parts.append(element("circle", "", cx=x, cy=y, r=6, fill=CONCEPTS["client"].color))
        said = f"now ({found.now}): {words}"
        left, above = _beside(x, y, 7.2 * len(said), clear_above=all(p99 <= today.p99_ms for p99 in others))
        parts.append(rect(left, above, 7.2 * len(said), 16, fill=GROUND, fill_opacity=0.85))
        parts.append(text(left + 2, above + 12, said, size=12, bold=True))
    label = f"p99 of {found.service} over the utilisation of its Pods; now ({found.now}, {utilisation:.0%}): {words}."
    return document(label, WIDTH, 250, parts)


def _beside(x: float, y: float, width: float, *, clear_above: bool) -> Spot:
    """Return where to write the words of a point: curves rise, so left above the highest, or right below the lowest.

    Left of it there may be no room before the axis.
    """
    return (x - 8 - width, y - 20) if clear_above and x - 8 - width > 74 else (x + 8, y + 4)


def _axes(top: float) -> Callable[[float, float], Spot]:
    return lambda load, p99: (70 + 550 * load, 210 - 180 * min(p99 / top, 1))


def _curves(
    curves: Mapping[str, Sequence[Spot]], top: float, place: Callable[[float, float], Spot]
) -> Iterator[Element]:
    """Yield the curves, each with its name where it ends; two that are one and the same have one name."""
    same = len({tuple(curve) for curve in curves.values()}) == 1
    for number, (policy, curve) in enumerate(curves.items()):
        inside = [place(load, p99) for load, p99 in _below(curve, top)]
        if not inside:
            continue
        line = " L".join(f"{x:.1f} {y:.1f}" for x, y in inside)
        look = POLICY_CONCEPTS[policy].color
        yield path(f"M{line}", stroke=look, stroke_width=2.5, stroke_dasharray=DASHES[policy])
        if not same or number == 0:
            x, y = inside[-1]
            yield text(x + 6, y + 4 + 15 * number, " and ".join(curves) if same else policy, size=12)


def _below(curve: Sequence[Spot], top: float) -> Iterator[Spot]:
    """Yield the points of a rising curve up to a height, and the one at which it gets there."""
    before: Spot | None = None
    for load, p99 in curve:
        if p99 > top:
            if before is not None:
                part = (top - before[1]) / (p99 - before[1])
                yield before[0] + part * (load - before[0]), top
            return
        before = load, p99
        yield before


def _frame(top: float, place: Callable[[float, float], Spot]) -> Iterator[Element]:
    yield path("M70 30 V210 H620", stroke=LINE)
    for load in (0, 0.25, 0.5, 0.75, 1):
        yield text(place(load, 0)[0], 228, f"{load:.0%}", "middle", color=FAINT, size=12)
    step = _step(top)
    for count in range(int(top / step) + 1):
        height = place(0, count * step)[1]
        yield path(f"M66 {height:.1f} H70", stroke=LINE)
        yield text(62, height + 4, milliseconds(count * step), "end", color=FAINT, size=12)
    yield text(345, 246, "utilisation of the average Pod", "middle", color=FAINT, size=12)
    yield text(70, 20, "p99 of the time to an answer", color=FAINT, size=12)


def _step(top: float) -> float:
    """Return a round number that goes three to seven times into the height of an axis."""
    power = 10.0 ** math.floor(math.log10(top / 3))
    return next(power * factor for factor in (5, 2, 1) if top / (power * factor) >= 3)


# -- the bill ---------------------------------------------------------------------------------------------------------


def bill_bars(made: ReviewedFacts) -> str:
    """Return the lines of the bill as bars; an estimated line has a dashed outline, one without price is named."""
    bill = made.estimate
    rows = list(bill.items[["name", "monthly_cost"]].itertuples(index=False))
    most = max((cost for _, cost in rows if not math.isnan(cost)), default=0.0)
    if not most:
        return ""
    shown, height = rows[:ROWS], 16.0 + 26 * min(len(rows), ROWS)
    parts: list[Element] = []
    color = CONCEPTS["load balancer"].color
    for number, (name, cost) in enumerate(shown):
        y = 8.0 + 26 * number
        parts.append(text(8, y + 13, fit(name, 320), size=12))
        if math.isnan(cost):
            parts.append(text(346, y + 13, "no price", size=12, bold=True))
            continue
        guessed = name in bill.estimated
        look: dict[str, str | float | int | None] = {"stroke_dasharray": "3 2", "fill_opacity": 0.25} if guessed else {}
        words = f"{cost:,.2f} {bill.currency}{', estimated' if guessed else ''}"
        parts.append(rect(340, y, 220 * cost / most, 17, fill=color, stroke=color, **look))
        parts.append(text(346 + 220 * cost / most, y + 13, words, size=12))
    if len(rows) > ROWS:
        parts.append(text(8, height + 8, f"{len(rows) - ROWS} more lines are in the table.", color=FAINT, size=12))
        height += 16
    return document(f"The bill, line by line, in {bill.currency} a month: {bill.headline}.", WIDTH, height, parts)
