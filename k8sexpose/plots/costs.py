"""Bills: line by line, beside each other, against the number of Services or the traffic, and against latency."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from .._palette import BREAK_EVEN, BYTES, CONCEPTS
from ..api.checks import check_arguments
from ..cost.billing import NO_PRICE, Bill
from ..cost.prices import HOURS_PER_MONTH, dates_in_words
from .figure import INK, ON_PAPER, PAPER, SOFT, canvas, finish

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..traffic.simulation import Traffic

__all__ = ["PARTS", "WAYS", "Look", "part_of", "plot_bill", "plot_bills", "plot_candidates", "plot_costs"]


class Look(NamedTuple):
    """How a way of exposing, or a part of a bill, looks: never by colour alone."""

    label: str
    color: str
    marker: str = "o"
    line: str = "-"
    hatch: str = ""


# The colour of node ports, darker: a thin yellow line is lost on a white page.
WAYS = {
    "nodeport": Look("NodePort", "#B09A00", "p", ":"),
    "one_lb_each": Look("one load balancer each", CONCEPTS["load balancer"].color, "D", "-"),
    "one_ingress": Look("one shared entry", CONCEPTS["shared entry"].color, "v", "--"),
    "one_nlb_in_cluster_ingress": Look("one shared entry, in the cluster", CONCEPTS["gateway"].color, "^", "-."),
}
# What the provider builds for it, where that differs.
BUILT = {
    "aws": {
        "one_lb_each": "one load balancer (NLB) each",
        "one_ingress": "one shared entry (ALB)",
        "one_nlb_in_cluster_ingress": "one NLB, a gateway in the cluster behind it",
    },
    "gcp": {"one_lb_each": "one load balancer (forwarding rule) each"},
    "azure": {"one_lb_each": "a rule and an address each, on one load balancer"},
}
LABEL = 28  # characters of a line beside a drawing
PARTS = {
    "fixed": Look("load balancers, rules", CONCEPTS["load balancer"].color),
    "addresses": Look("addresses", CONCEPTS["cloud"].color, hatch=".."),
    "bytes": Look("bytes, capacity units", BYTES.color, hatch="||"),
    "cross-zone": Look("cross-zone", CONCEPTS["extra hop"].color, hatch="xx"),
}


def label_of(way: str, provider: str) -> str:
    """Name a way of exposing as the provider builds it."""
    return BUILT.get(provider, {}).get(way, WAYS[way].label)


def part_of(name: str, unit: str) -> str:
    """Say which part of a bill a line belongs to.

    Parameters
    ----------
    name, unit : str
        Of the line.

    Returns
    -------
    str
        A key of `PARTS`.

    Examples
    --------
    >>> part_of("cross-zone node to Pod, sender", "GB"), part_of("Public IPv4 address", "IP-hour")
    ('cross-zone', 'addresses')
    """
    if name.startswith("cross-zone"):
        return "cross-zone"
    if unit.startswith("IP"):
        return "addresses"
    return "bytes" if unit in ("GB", "GiB", "NLCU-hour", "LCU-hour") else "fixed"


def lines_of_label(way: str, provider: str) -> list[str]:
    """Name a way of exposing in lines that are short enough for the side of a drawing."""
    return textwrap.wrap(label_of(way, provider), LABEL)


class Item(NamedTuple):
    """A line of a bill."""

    name: str
    quantity: float
    unit: str
    price: float
    cost: float


def items_of(bill: Bill) -> list[Item]:
    """Give the lines of a bill; the cost of one without a price is NaN."""
    columns = ["name", "monthly_quantity", "unit", "unit_price", "monthly_cost"]
    return [
        Item(str(name), float(quantity), str(unit), float(price), float(cost))
        for name, quantity, unit, price, cost in bill.items[columns].to_numpy()
    ]


def plot_bill(bill: Bill, ax: Axes | None = None) -> Axes:
    """Draw a bill line by line: each bar begins where the one above it ends.

    Parameters
    ----------
    bill : Bill
        What `k8sexpose.bill` returned.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, bill
    >>> from k8sexpose.plots import describe
    >>> describe(plot_bill(bill(Cluster(provider="aws"))))
    'A bill of 0.00 USD a month (aws us-east-1): no lines.'
    """
    check_arguments(plot_bill, locals())
    lines = items_of(bill)
    ax = canvas(ax, 9.0, 0.8 + 0.5 * (len(lines) + 1))
    said, so_far = [], 0.0
    for row, line in enumerate(lines):
        look = PARTS[part_of(line.name, line.unit)]
        known = not math.isnan(line.cost)
        cost = line.cost if known else 0.0
        ax.barh(row, cost, left=so_far, height=0.6, color=look.color, hatch=look.hatch, edgecolor=INK, linewidth=0.8)
        so_far += cost
        words = f"{cost:,.2f}" if known else NO_PRICE
        ax.text(so_far, row, f" {words}", va="center", fontsize=10, color=INK)
        said.append(f"{line.name} {words}")
    total = "unknown" if bill.total_per_month is None else f"{bill.total_per_month:,.2f}"
    ax.barh(len(lines), so_far, height=0.6, color="none", edgecolor=INK, linewidth=1.4)
    ax.text(so_far, len(lines), f" {total}", va="center", fontsize=10, color=INK, weight="bold")
    names = [f"{line.name}\n{line.quantity:,.0f} {line.unit} × {line.price:g}" for line in lines]
    ax.set_yticks(range(len(lines) + 1), [*names, "total"], fontsize=10, color=INK)
    ax.invert_yaxis()
    _money(ax, bill.currency, max(so_far, 1.0))
    finish(
        ax,
        f"A bill of {total} {bill.currency} a month ({bill.provider} {bill.region}): {'; '.join(said) or 'no lines'}.",
        "Read from top to bottom: each bar begins where the one above it ends. On the left is how much of what, "
        f"and the price of one. An estimate from list prices of {dates_in_words(bill.as_of) or 'no date'}.",
        "The bill, line by line",
    )
    return ax


def plot_bills(bills: Mapping[str, Bill], ax: Axes | None = None) -> Axes:
    """Draw several bills as stacked bars, with the amount of each part.

    Parameters
    ----------
    bills : mapping of str to Bill
        By name; all in one currency.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Raises
    ------
    ValueError
        If the bills are in different currencies.

    Examples
    --------
    >>> from k8sexpose import Cluster, bill
    >>> from k8sexpose.plots import describe
    >>> describe(plot_bills({"none": bill(Cluster(provider="aws"))}))
    'Bills in USD a month: none 0.00.'
    """
    check_arguments(plot_bills, locals())
    currencies = sorted({bill.currency for bill in bills.values()})
    if len(currencies) > 1:
        raise ValueError(f"the bills are in {' and '.join(currencies)}: they have no common axis")
    ax = canvas(ax, 9.0, 1.3 + 0.6 * len(bills))
    said, shown = [], set()
    widest = max((math.fsum(_known(bill)) for bill in bills.values()), default=0.0) or 1.0
    for row, (name, bill) in enumerate(bills.items()):
        so_far, told = 0.0, []
        for part, look in PARTS.items():
            costs = [line.cost for line in items_of(bill) if part_of(line.name, line.unit) == part]
            cost = math.fsum(value for value in costs if not math.isnan(value))
            if cost <= 0:
                continue
            ax.barh(
                row, cost, left=so_far, height=0.6, color=look.color, hatch=look.hatch, edgecolor=INK, linewidth=0.8,
                label=None if part in shown else look.label,
            )  # fmt: skip
            if cost > 0.07 * widest:
                back = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"}
                ax.text(
                    so_far + cost / 2,
                    row,
                    f"{cost:,.0f}",
                    ha="center",
                    va="center",
                    fontsize=10,
                    color=ON_PAPER,
                    bbox=back,
                )
            shown.add(part)
            so_far += cost
            told.append(f"{look.label} {cost:,.2f}")
        total = "unknown" if bill.total_per_month is None else f"{bill.total_per_month:,.2f}"
        ax.text(so_far, row, f" {total}", va="center", fontsize=10, weight="bold", color=INK)
        said.append(f"{name} {total}" + (f" ({', '.join(told)})" if told else ""))
    ax.set_yticks(range(len(bills)), list(bills), fontsize=10, color=INK)
    ax.invert_yaxis()
    currency = currencies[0] if currencies else "USD"
    _money(ax, currency, widest)
    if shown:
        below = (0.5, -0.75 / (0.6 * len(bills) + 0.5))
        ax.legend(loc="upper center", bbox_to_anchor=below, ncols=4, frameon=False, fontsize=10, labelcolor=INK)
    finish(
        ax,
        f"Bills in {currency} a month: {'; '.join(said) or 'none'}.",
        "A bar is a bill, its length the total. The parts have different patterns; a part too narrow for its amount "
        "has none written in it.",
        "Bills compared",
    )
    return ax


def _known(bill: Bill) -> list[float]:
    return [line.cost for line in items_of(bill) if not math.isnan(line.cost)]


def _money(ax: Axes, currency: str, widest: float) -> None:
    ax.set_xlim(0, widest * 1.18)
    ax.set_xlabel(f"{currency} per month", color=INK)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.tick_params(colors=INK)
    for side in ("right", "top"):
        ax.spines[side].set_visible(False)


def plot_costs(costs: pd.DataFrame, at: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the bill grows with the number of Services, or with the traffic: a line for each way of exposing.

    Parameters
    ----------
    costs : DataFrame
        What `costs_by_services` or `costs_by_traffic` returned.
    at : float, optional
        A number of Services, or GB a month, to mark.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose.cost.alternatives import costs_by_services
    >>> from k8sexpose.plots import describe
    >>> describe(plot_costs(costs_by_services(100, "linode")))[:79]
    'Costs of 1 to 100 Services at linode (core regions), in USD a month: NodePort 0'
    """
    check_arguments(plot_costs, locals())
    by_services = costs.index.name == "services"
    facts = costs.attrs
    scale = 1.0 if by_services else 1.0 / HOURS_PER_MONTH
    ax = canvas(ax, 8.5, 4.0)
    x = [value * scale for value in costs.index]
    said = []
    for number, (way, values) in enumerate(costs.items()):
        look, name = WAYS[str(way)], label_of(str(way), facts["provider"])
        ax.plot(
            x, values, label=name, color=look.color, linestyle=look.line, marker=look.marker, linewidth=2,
            markeredgecolor=INK, markeredgewidth=0.6, markevery=(number * 3, max(len(x) // 8, 1)), gid=str(way),
            drawstyle="steps-mid" if by_services else "default",
        )  # fmt: skip
        ends = "no price" if values.isna().any() else f"{values.iloc[0]:,.0f} to {values.iloc[-1]:,.0f}"
        said.append(f"{name} {ends}")
    top = max(float(costs.max().max() or 0), 1.0) * 1.12
    quota, even = facts["quota"], facts["break_even"]
    said_too = ""
    if by_services and quota and quota < x[-1]:
        ax.axvline(quota + 0.5, color=INK, linewidth=1, linestyle=(0, (1, 2)), gid="quota")
        ax.text(quota + 1.2, top * 0.97, f"quota: {quota}", va="top", fontsize=10, color=INK)
        said_too += f"; the quota is {quota}"
    if even is not None and even * scale <= x[-1]:
        unit = f"{even:,.0f} Services" if by_services else f"{even * scale:,.0f} GB an hour"
        y = float(costs["one_lb_each"].loc[even]) if by_services else _between(x, costs["one_lb_each"], even * scale)
        ax.plot(
            [even * scale], [y], marker=BREAK_EVEN.marker, markersize=15, color=BREAK_EVEN.color, markeredgecolor=INK,
            zorder=6, linestyle="none", gid="break-even",
        )  # fmt: skip
        # Where no line runs: high above the foot of the stairs, or to the left of the crossing.
        away = (12, 95) if by_services else (-190, 34)
        ax.annotate(
            f"break-even: {unit}", (even * scale, y), xytext=away, textcoords="offset points", fontsize=10, color=INK,
            arrowprops={"arrowstyle": "-", "color": SOFT},
        )  # fmt: skip
        said_too += f"; the break-even is at {unit}"
    if at is not None:
        ax.axvline(at * scale, color=SOFT, linewidth=1, gid="at")
    ax.set_ylim(-0.02 * top, top)
    ax.set_xlim(0, x[-1] * 1.01)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("Services" if by_services else "GB an hour, of all Services together", color=INK)
    ax.set_ylabel(f"{facts['currency']} per month", color=INK)
    ax.tick_params(colors=INK)
    ax.grid(alpha=0.3)
    _names_at_ends(ax, costs, top)
    where = f"{facts['provider']} ({facts['region']})"
    span = f"1 to {len(x)} Services" if by_services else f"{facts['services']} Services"
    finish(
        ax,
        f"Costs of {span} at {where}, in {facts['currency']} a month: {', '.join(said)}{said_too}.",
        "A line is a way of exposing, with its name at its end; its height is the cost per month. "
        f"{_marks(by_services)} "
        f"List prices of {dates_in_words(facts['as_of']) or 'no date'}.",
        f"Costs by {'number of Services' if by_services else 'traffic'}",
    )
    return ax


def _names_at_ends(ax: Axes, costs: pd.DataFrame, top: float) -> None:
    """Write the name of each line at its end, none upon another."""
    ends = [(float(values.iloc[-1]), str(way)) for way, values in costs.items() if not values.isna().any()]
    free = -top  # above this height there is no name yet
    for y, way in sorted(ends):
        lines = lines_of_label(way, costs.attrs["provider"])
        half = (0.015 + 0.03 * len(lines)) * top
        middle = max(y, free + half)
        free = middle + half
        ax.annotate(
            "\n".join(lines), (1.0, y), xycoords=("axes fraction", "data"), xytext=(1.02, middle), va="center",
            textcoords=("axes fraction", "data"), fontsize=10, color=INK, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": WAYS[way].color, "relpos": (0, 0.5)},
        )  # fmt: skip


def _marks(by_services: bool) -> str:
    if by_services:
        return "The dotted vertical line is the quota; the star is where one shared entry begins to be cheaper."
    return "The star is where the shared entry and a load balancer each cost the same."


def _between(x: list[float], values: pd.Series, at: float) -> float:
    after = next(place for place, value in enumerate(x) if value >= at)
    if after == 0:
        return float(values.iloc[0])
    low, high = float(values.iloc[after - 1]), float(values.iloc[after])
    return low + (high - low) * (at - x[after - 1]) / (x[after] - x[after - 1])


def plot_candidates(candidates: Mapping[str, tuple[Bill, Traffic]], ax: Axes | None = None) -> Axes:
    """Draw what each design costs against how slow its slowest requests are.

    Parameters
    ----------
    candidates : mapping of str to (Bill, Traffic)
        By name, what `bill` and `simulate` returned for it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose.plots import describe
    >>> describe(plot_candidates({}))
    'Cost against p99 latency of 0 designs.'
    """
    check_arguments(plot_candidates, locals())
    ax = canvas(ax, 7.0, 3.6)
    shapes = ["<", "P", "H", "8", "$+$"]  # a design is none of the things of the palette
    said, currency = [], "USD"
    places: dict[tuple[float, float], list[str]] = {}
    for number, (name, (bill, traffic)) in enumerate(candidates.items()):
        marker = shapes[number % len(shapes)]
        cost, p99_ms = bill.total_per_month, float(traffic.summary["p99_ms"])
        currency = bill.currency
        if cost is None:
            continue
        at = round(p99_ms), round(cost)
        size = 11 + 6 * (len(places.get(at, ())) == 0)  # a second design at the same place lies inside the first
        ax.plot(
            [p99_ms], [cost], marker=marker, markersize=size, color=SOFT, gid=name,
            markeredgecolor=INK, linestyle="none",
        )  # fmt: skip
        places.setdefault(at, []).append(name)
        said.append(f"{name} {cost:,.0f} {currency} a month and {p99_ms:.0f} ms")
    middle = sum(x for x, _ in places) / max(len(places), 1)
    for (x, y), names in places.items():
        side, dx = ("right", -12) if x > middle else ("left", 12)
        ax.annotate(
            _together(names), (x, y), xytext=(dx, 10), textcoords="offset points", ha=side, fontsize=10, color=INK
        )
    ax.margins(0.3)
    ax.set_xlabel("p99 latency, ms", color=INK)
    ax.set_ylabel(f"{currency} per month", color=INK)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.tick_params(colors=INK)
    ax.grid(alpha=0.3)
    finish(
        ax,
        f"Cost against p99 latency of {len(candidates)} designs{': ' + '; '.join(said) if said else ''}.",
        "To the left is faster for the slowest of a hundred requests, further down is cheaper. A design above and to "
        "the right of another one loses twice.",
        "Cost and latency of the designs",
    )
    return ax


def _together(names: list[str]) -> str:
    """Return the names at one point: two designs on it are no mistake."""
    return names[0] if len(names) == 1 else f"{' and '.join(names)} (identical)"
