"""The cost explorer: a provider, a number of Services, and what each way of exposing them costs."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..._display import html_table
from ..._svg import FAINT, TEXT, label_text, svg
from ...cost.alternatives import compare_exposure, costs_by_services
from ...cost.billing import NO_PRICE
from ...cost.prices import HOURS_PER_MONTH, PriceSource, price_book
from ...plots.costs import WAYS, Look, label_of
from .base import Explorer, choice
from .slider import Slider

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CostExplorer", "CostSetting", "cost_explorer", "draw_costs", "explorer_page"]

PROVIDERS = ("aws", "gcp", "azure", "linode")
TRAFFIC_GB_PER_HOUR = (0, 5, 50, 500, 1000)
POLICIES = ("Local", "Cluster")
MOST = 100


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


# -- drawing -----------------------------------------------------------------------------------------------------------

LEFT, TOP, WIDTH, HEIGHT = 70, 34, 540, 230
DASHES = {"-": "", "--": "8 4", ":": "2 4", "-.": "9 4 2 4"}
READING = (
    "A line is a way of exposing, its height what it costs in a month; the upright with the signs is your number of "
    "Services. The dotted upright is the cloud's quota. The table says the same in numbers."
)


def draw_costs(costs: pd.DataFrame, services: int) -> str:
    """Draw the costs as SVG that follows JupyterLab's theme.

    Parameters
    ----------
    costs : DataFrame
        What `costs_by_services` returned.
    services : int
        The number to mark.

    Returns
    -------
    str
        An ``<svg>`` element with a description.

    Examples
    --------
    >>> draw_costs(curve(CostSetting()), 50).startswith('<svg role="img" aria-label="50 Services at aws')
    True
    """
    most = int(costs.index[-1])
    top = _nice(max(float(costs.max().max() or 0), 1.0))
    facts, said, parts = costs.attrs, [], []
    for step in range(5):
        y = TOP + HEIGHT * (1 - step / 4)
        parts.append(f'<path d="M{LEFT} {y:g} h{WIDTH}" stroke="{FAINT}" stroke-width="0.5" opacity="0.5"/>')
        parts.append(_label(LEFT - 8, y + 4, f"{top * step / 4:,.0f}", "end"))
    for number in (1, 20, 40, 60, 80, 100):
        if number <= most:
            parts.append(_label(_x(number, most), TOP + HEIGHT + 18, str(number), "middle"))
    parts.append(_label(LEFT + WIDTH / 2, TOP + HEIGHT + 36, "Services", "middle"))
    parts.append(_label(4, 14, f"{facts['currency']} a month", "start"))
    if facts["quota"] and facts["quota"] < most:
        x = _x(facts["quota"] + 0.5, most)
        parts.append(f'<path d="M{x:g} {TOP} v{HEIGHT}" stroke="{TEXT}" stroke-dasharray="1 3"/>')
        parts.append(_label(x + 5, TOP + 12, f"quota: {facts['quota']}", "start"))
    here = _x(services, most)
    parts.append(f'<path d="M{here:g} {TOP} v{HEIGHT}" stroke="{TEXT}" stroke-width="1.5"/>')
    for way, values in costs.items():
        look, name = WAYS[str(way)], label_of(str(way), facts["provider"])
        cost = float(values.loc[services])
        if values.isna().any():
            said.append(f"{name}: no price")
            continue
        points = " ".join(
            f"{_x(n, most):.1f},{_y(value, top):.1f}" for n, value in zip(costs.index, values, strict=True)
        )
        dash = f' stroke-dasharray="{DASHES[look.line]}"' if DASHES[look.line] else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{look.color}" stroke-width="2.5"{dash}/>')
        parts.append(_sign(look, here, _y(cost, top)))
        said.append(f"{name} {cost:,.2f}")
    for row, way in enumerate(costs):
        look, name = WAYS[str(way)], label_of(str(way), facts["provider"])
        x, y = LEFT + (row % 2) * 200, TOP + HEIGHT + 58 + 22 * (row // 2)
        dash = f' stroke-dasharray="{DASHES[look.line]}"' if DASHES[look.line] else ""
        parts.append(f'<path d="M{x} {y} h36" stroke="{look.color}" stroke-width="2.5"{dash}/>')
        parts.append(_sign(look, x + 18, y))
        parts.append(_label(x + 44, y + 4, name, "start"))
    width, height = LEFT + WIDTH + 30, TOP + HEIGHT + 70 + 22 * ((len(costs.columns) + 1) // 2 - 1)
    told = f"{services} Services at {facts['provider']} cost in {facts['currency']} a month: {', '.join(said)}."
    return svg(told, width, height, parts)


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


def _label(x: float, y: float, words: str, anchor: str) -> str:
    return label_text(x, y, words, anchor, size=12)


def _sign(look: Look, x: float, y: float) -> str:
    corners = {
        "D": ((0, -8), (8, 0), (0, 8), (-8, 0)),
        "s": ((-6, -6), (6, -6), (6, 6), (-6, 6)),
        "^": ((0, -8), (7, 6), (-7, 6)),
        "p": ((0, -7), (7, -2), (4, 6), (-4, 6), (-7, -2)),
    }[look.marker]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{look.color}" stroke="{TEXT}"/>'


def rows(setting: CostSetting, prices: PriceSource = None) -> Iterator[tuple[str, str, str, str, str]]:
    """Give the table: the way, load balancers, cost a month, cost of one Service, quota.

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
        over = f"over the quota of {row['quota']}" if row["over_quota"] else ""
        yield (
            label_of(str(way), setting.provider),
            f"{row['load_balancers']:,}",
            *(amounts if not math.isnan(total) else (NO_PRICE, "")),
            over,
        )


def explorer_page(setting: CostSetting, prices: PriceSource = None, costs: pd.DataFrame | None = None) -> str:
    """Write the picture, what it says, and the table.

    Parameters
    ----------
    setting : CostSetting
        What is set.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.
    costs : DataFrame, optional
        What `curve` returned for this setting, where it is known already.

    Returns
    -------
    str
        HTML; the sentence is announced to screen readers.

    Examples
    --------
    >>> "1,587.75 USD" in explorer_page(CostSetting())
    True
    """
    costs = curve(setting, prices) if costs is None else costs
    lines = list(rows(setting, prices))
    even = costs.attrs["break_even"]
    said = f"{setting.services} Services, {lines[1][0]}: {lines[1][2]} a month. "
    said += f"{lines[2][0][0].upper()}{lines[2][0][1:]}: {lines[2][2]}"
    said += f", cheaper from {even} Services on. " if even else ". "
    said += f"{lines[1][4].capitalize()}. " if lines[1][4] else ""
    head = ("way", "load balancers", "a month", "for each Service", "quota")
    table = html_table(f"{setting.services} Services at {setting.provider}", head, lines)
    dates = f"List prices of {', '.join(costs.attrs['as_of']) or 'no date'}, {costs.attrs['region']}; an estimate."
    return (
        f'<div class="jp-RenderedHTMLCommon" style="padding: 0; color: {TEXT}">{draw_costs(costs, setting.services)}'
        f'<p role="status"><strong>{html.escape(said)}</strong></p>'
        f"<p><strong>How to read this.</strong> {READING}</p>"
        f'<div style="display: inline-block">{table}</div><p>{html.escape(dates)}</p></div>'
    )


# -- the widget --------------------------------------------------------------------------------------------------------


class CostExplorer(Explorer[CostSetting]):
    """Controls above the costs of the ways of exposing; `setting` holds their values.

    Parameters
    ----------
    setting : CostSetting, optional
        Where to begin, and where Reset leads back to.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.

    Examples
    --------
    >>> explorer = CostExplorer()
    >>> explorer.controls["provider"].value = "azure"
    >>> explorer
    <Cost explorer: 50 Services at azure, a rule and an address each, on one load balancer: 711.75 USD, one ...>
    """

    tall_px = 692

    def __init__(self, setting: CostSetting | None = None, prices: PriceSource = None) -> None:
        self.prices = None if prices is None else price_book(prices)
        self._curves: dict[tuple[str, float, str], pd.DataFrame] = {}
        super().__init__(setting or CostSetting())

    def make_controls(self) -> dict[str, Any]:
        """Make three drop-downs and the slider."""
        first = self.first
        return {
            "provider": choice("Provider", PROVIDERS, first.provider),
            "services": Slider(label="Services", min=1, max=MOST, value=first.services),
            "gb_per_hour": choice("GB an hour", TRAFFIC_GB_PER_HOUR, first.gb_per_hour),
            "policy": choice("Traffic policy", POLICIES, first.policy),
        }

    def page(self) -> str:
        """Write the page; the costs are computed once for each line that the slider runs along."""
        setting = self.setting
        key = setting.provider, setting.gb_per_hour, setting.policy
        if key not in self._curves:
            self._curves[key] = curve(setting, self.prices)
        return explorer_page(setting, self.prices, self._curves[key])

    def summary(self) -> str:
        """Say what the two ways cost."""
        setting = self.setting
        _, each, shared, *_ = rows(setting, self.prices)
        costs = f"{each[0]}: {each[2]}, {shared[0]}: {shared[2]}"
        return f"Cost explorer: {setting.services} Services at {setting.provider}, {costs}"


def cost_explorer(setting: CostSetting | None = None, prices: PriceSource = None) -> CostExplorer:
    """Explore what the ways of exposing cost, on four clouds.

    Parameters
    ----------
    setting : CostSetting, optional
        Where to begin; by default fifty Services on AWS with 50 GB an hour.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.

    Returns
    -------
    CostExplorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> cost_explorer()
    <Cost explorer: 50 Services at aws, one load balancer (NLB) each: 1,587.75 USD, one shared entry (ALB): 319.38 USD>
    """
    return CostExplorer(setting, prices)
