"""The cost explorer: a provider, a number of Services, and what each way of exposing them costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from ..._svg import FAINT, Element, document, element, grid, marker, path, rect, text
from ...api.checks import check_arguments
from ...cost.alternatives import compare_exposure, costs_by_services
from ...cost.billing import NO_PRICE
from ...cost.prices import HOURS_PER_MONTH, OWN_DATE, PriceSource, dates_in_words, price_book
from ...plots.costs import WAYS, label_of, lines_of_label
from .base import Control, Explorer, Parts, table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CostSetting", "cost_explorer", "cost_parts", "curve", "draw_costs", "rows"]

Facts: TypeAlias = "dict[Any, Any]"  # what `costs_by_services` says beside the costs
Row: TypeAlias = "tuple[str, str, str, str, str]"

PROVIDERS = ("aws", "gcp", "azure", "linode")
TRAFFIC_GB_PER_HOUR = (0, 5, 50, 500, 1000)
POLICIES = ("Local", "Cluster")
MOST = 100
ZONES = {
    "Local": "The policy Local avoids traffic between zones, so these costs contain none of it.",
    "Cluster": "Where a cloud charges for traffic between zones, the costs contain what the policy Cluster causes.",
}


@dataclass(frozen=True, slots=True)
class CostSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    provider : str
        aws, gcp, azure or linode.
    services : int
        How many, from 1 to 100.
    gb_per_hour : float
        Of all Services together; a month has 730 hours.
    policy : str
        ``externalTrafficPolicy`` of every Service.

    Examples
    --------
    >>> print(CostSetting(services=20).python)
    kx.compare_exposure(services=20, provider="aws", gb_per_month=50 * 730, policy="Local")
    """

    provider: str = "aws"
    services: int = 50
    gb_per_hour: float = 50
    policy: str = "Local"

    @property
    def python(self) -> str:
        """The line of Python that gives the same table."""
        return (
            f'kx.compare_exposure(services={self.services}, provider="{self.provider}", '
            f'gb_per_month={self.gb_per_hour:g} * {HOURS_PER_MONTH}, policy="{self.policy}")'
        )


@lru_cache(maxsize=64)
def _list_prices(provider: str, gb_per_hour: float, policy: str) -> pd.DataFrame:
    return costs_by_services(MOST, provider, gb_per_month=gb_per_hour * HOURS_PER_MONTH, policy=policy)


def curve(setting: CostSetting, prices: PriceSource = None) -> pd.DataFrame:
    """Return the costs of 1 to 100 Services; see `costs_by_services`.

    Examples
    --------
    >>> float(curve(CostSetting(provider="linode")).loc[50, "one_lb_each"])
    500.0
    """
    if prices is None:
        return _list_prices(setting.provider, setting.gb_per_hour, setting.policy)
    gb = setting.gb_per_hour * HOURS_PER_MONTH
    return costs_by_services(MOST, setting.provider, gb_per_month=gb, policy=setting.policy, prices=prices)


# -- drawing ----

LEFT, TOP, WIDTH, HEIGHT, BESIDE = 62, 34, 470, 250, 204  # together as wide as a cell beside the list of files
LINE = 15  # between two lines of a name
DASHES = {"-": None, "--": "8 4", ":": "2 4", "-.": "9 4 2 4"}


def draw_costs(costs: pd.DataFrame, services: int) -> str:
    """Draw the costs as SVG that follows JupyterLab's theme; each line bears its name at its end.

    Examples
    --------
    >>> draw_costs(curve(CostSetting()), 50).startswith('<svg role="img" aria-label="50 Services at aws')
    True
    """
    most = int(costs.index[-1])
    top = _nice(max(float(costs.max().max() or 0), 1.0))
    facts, said, ends = costs.attrs, [], list[tuple[float, str]]()
    parts = _axes(costs, services, most, top)
    here = _x(services, most)
    for way, values in costs.items():
        look, name = WAYS[str(way)], label_of(str(way), facts["provider"])
        cost = float(values.loc[services])
        if values.isna().any():
            said.append(f"{name}: no price")
            continue
        points = " ".join(
            f"{_x(n, most):.1f},{_y(value, top):.1f}" for n, value in zip(costs.index, values, strict=True)
        )
        parts.append(
            element(
                "polyline", "", points=points, fill="none", stroke=look.color, stroke_width=2.5,
                stroke_dasharray=DASHES[look.line],
            )
        )  # fmt: skip
        parts.append(marker(look.marker, here, _y(cost, top), fill=look.color))
        ends.append((_y(float(values.iloc[-1]), top), str(way)))
        said.append(f"{name} {cost:,.2f}")
    parts += _names(ends, facts["provider"])
    told = f"{_counted(services)} at {facts['provider']} cost in {facts['currency']} per month: {', '.join(said)}."
    return document(told, LEFT + WIDTH + BESIDE, TOP + HEIGHT + 46, parts)


def _names(ends: Sequence[tuple[float, str]], provider: str) -> Iterator[Element]:
    """Write the name of each way at the end of its line, none upon another, and none below the drawing."""
    x = LEFT + WIDTH
    free = float(TOP + HEIGHT + LINE)  # the name above ends there
    for y, way in sorted(ends, reverse=True):
        look, lines = WAYS[way], lines_of_label(way, provider)
        half = (LINE * len(lines) + 3) / 2
        middle = min(y, free - half)
        free = middle - half
        yield path(f"M{x + 2} {y:.1f} L{x + 10} {middle:.1f}", stroke=FAINT, stroke_width=0.75)
        yield marker(look.marker, x + 18, middle, 6, fill=look.color)
        for number, line in enumerate(lines):
            yield text(x + 29, middle + 4 + LINE * (number - (len(lines) - 1) / 2), line, size=12)


def _axes(costs: pd.DataFrame, services: int, most: int, top: float) -> list[Element]:
    """Draw the axes, the quota, and the line that marks the number of Services."""
    facts = costs.attrs
    parts = list(grid(LEFT, WIDTH, ((TOP + HEIGHT * (1 - step / 4), f"{top * step / 4:,.0f}") for step in range(5))))
    for number in (1, 20, 40, 60, 80, 100):
        if number <= most:
            parts.append(text(_x(number, most), TOP + HEIGHT + 18, str(number), "middle", size=12))
    parts.append(text(LEFT + WIDTH / 2, TOP + HEIGHT + 36, "Services", "middle", size=12))
    parts.append(text(4, 14, f"{facts['currency']} per month", size=12))
    if facts["quota"] and facts["quota"] < most:
        x = _x(facts["quota"] + 0.5, most)
        parts.append(rect(x, TOP, LEFT + WIDTH - x, HEIGHT, fill=FAINT, fill_opacity=0.1))
        parts.append(path(f"M{x:g} {TOP} v{HEIGHT}", stroke_dasharray="1 3"))
        parts.append(text(x + 5, TOP + 12, f"over the quota of {facts['quota']}", size=12))
    here = _x(services, most)
    parts.append(path(f"M{here:g} {TOP - 4} v{HEIGHT + 4}", stroke_width=1.5))
    words = _counted(services)
    parts.append(text(here, TOP - 8, words, "start" if here < 130 else "middle", size=12, bold=True))
    return parts


def _x(services: float, most: int) -> float:
    return LEFT + WIDTH * services / most


def _y(cost: float, top: float) -> float:
    return TOP + HEIGHT * (1 - cost / top)


def _nice(top: float) -> float:
    """Round up to a number that divides well by four."""
    size = 1.0
    while size * 10 < top:
        size *= 10
    return next(size * step for step in (1, 2, 4, 6, 8, 10, 12) if size * step >= top)


def rows(setting: CostSetting, prices: PriceSource = None) -> Iterator[Row]:
    """Yield the table: the way, load balancers, cost a month, cost of one Service, quota.

    Examples
    --------
    >>> list(rows(CostSetting(provider="linode")))[1][:4]
    ('one load balancer each', '50', '500.00 USD', '10.00 USD')
    """
    table = compare_exposure(
        setting.services,
        setting.provider,
        gb_per_month=setting.gb_per_hour * HOURS_PER_MONTH,
        policy=setting.policy,
        prices=prices,
    )
    for way, row in table.iterrows():
        total = float(row["total_per_month"])
        amounts = (f"{total:,.2f} {row['currency']}", f"{total / setting.services:,.2f} {row['currency']}")
        quota = (
            "" if pd.isna(row["quota"]) else f"{'over' if row['over_quota'] else 'within'} the quota of {row['quota']}"
        )
        yield (
            label_of(str(way), setting.provider),
            f"{row['load_balancers']:,}",
            *(amounts if not math.isnan(total) else (NO_PRICE, "")),
            quota,
        )


def _counted(services: int) -> str:
    return f"{services} Service{'' if services == 1 else 's'}"


def verdict(setting: CostSetting, facts: Facts, lines: Sequence[Row]) -> str:
    """Return what the two ways of getting a load balancer cost."""
    even = facts["break_even"]
    said = f"{_counted(setting.services)}, traffic policy {setting.policy}, {lines[1][0]}: {lines[1][2]} per month. "
    said += f"{lines[2][0][0].upper()}{lines[2][0][1:]}: {lines[2][2]}"
    said += f", cheaper from {even} Services upwards. " if even else ". "
    return said + (f"{lines[1][4].capitalize()}. " if lines[1][4].startswith("over") else "")


def reading(facts: Facts) -> str:
    """Return how to read the picture."""
    said = (
        "Each line is a way of exposing the Services, with its name at its end; its height is the cost per month. The "
        "vertical line marks your number of Services."
    )
    said += " The shaded part is over the cloud's quota." if facts["quota"] and facts["quota"] < MOST else ""
    return said + " The table says the same in numbers."


def table(setting: CostSetting, facts: Facts, lines: Sequence[Row]) -> str:
    """Return the costs of each way, and how old the prices are."""
    head = ("way of exposing", "load balancers", "per month", "per Service", "quota")
    columns = len(head) if any(line[-1] for line in lines) else len(head) - 1  # not every cloud has a quota
    dated = dates_in_words(facts["as_of"])
    own = ", and yours" if OWN_DATE in facts["as_of"] else ""
    prices = f"List prices {f'of {dated}' if dated else 'without a date'}{own}; region: {facts['region']}. An estimate."
    return table_of(
        f"{_counted(setting.services)} at {setting.provider}, traffic policy {setting.policy}",
        head[:columns],
        [line[:columns] for line in lines],
        f"{ZONES[setting.policy]} {prices}",
    )


def summary(setting: CostSetting, lines: Sequence[Row]) -> str:
    """Return in a line what the two ways cost."""
    _, each, shared, *_ = lines
    return f"{_counted(setting.services)} at {setting.provider}, {each[0]}: {each[2]}, {shared[0]}: {shared[2]}"


CONTROLS = (
    Control("provider", "Provider", PROVIDERS),
    Control("gb_per_hour", "GB per hour", TRAFFIC_GB_PER_HOUR),
    Control("policy", "Traffic policy", POLICIES),
    Control("services", "Services", low=1, high=MOST),
)


def cost_parts(prices: PriceSource = None) -> Parts[CostSetting]:
    """Return what the explorer is made of; the costs are computed once for each line that the slider runs along.

    Parameters
    ----------
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.

    Examples
    --------
    >>> "1,587.75 USD" in cost_parts().page(CostSetting())
    True
    """
    book = None if prices is None else price_book(prices)
    known: dict[tuple[str, float, str], pd.DataFrame] = {}
    latest: dict[CostSetting, tuple[Row, ...]] = {}

    def costs(setting: CostSetting) -> pd.DataFrame:
        key = setting.provider, setting.gb_per_hour, setting.policy
        if key not in known:
            known[key] = curve(setting, book)
        return known[key]

    def lines(setting: CostSetting) -> tuple[Row, ...]:
        """Return the table of a setting, computed once for all of its page."""
        if setting not in latest:
            latest.clear()
            latest[setting] = tuple(rows(setting, book))
        return latest[setting]

    return Parts(
        "Cost explorer",
        CONTROLS,
        lambda setting: draw_costs(costs(setting), setting.services),
        lambda setting: verdict(setting, costs(setting).attrs, lines(setting)),
        lambda setting: reading(costs(setting).attrs),
        lambda setting: table(setting, costs(setting).attrs, lines(setting)),
        lambda setting: summary(setting, lines(setting)),
    )


def cost_explorer(setting: CostSetting | None = None, prices: PriceSource = None) -> Explorer[CostSetting]:
    """Explore what the ways of exposing cost, on four clouds.

    Parameters
    ----------
    setting : CostSetting, optional
        Where to begin; by default fifty Services on AWS with 50 GB an hour.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> cost_explorer()
    <Cost explorer: 50 Services at aws, one load balancer (NLB) each: 1,587.75 USD, one shared entry (ALB): 319.38 USD>
    """
    check_arguments(cost_explorer, locals())
    return Explorer(cost_parts(prices), setting or CostSetting())
