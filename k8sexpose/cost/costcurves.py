"""How a bill grows: with the number of Services, and with the traffic, for each way of exposing them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .alternatives import Plan, break_even_gb, break_even_services
from .billing import Line, currency_of, quotas_of, total_of
from .pricefile import PriceSource

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["costs_by_services", "costs_by_traffic"]

POINTS = 60


def costs_by_services(
    most: int = 100,
    provider: str = "aws",
    region: str | None = None,
    gb_per_month: float = 1000,
    request_share: float = 0.1,
    zones: int = 3,
    policy: str = "Local",
    load_balancer: str = "nlb",
    ingress: str = "alb",
    prices: PriceSource = None,
    *,
    internal: bool = False,
) -> pd.DataFrame:
    """Compute what 1, 2, 3 … Services cost in a month, for each way of exposing them.

    Parameters
    ----------
    most : int
        The largest number of Services.
    provider, region, gb_per_month, request_share, zones, policy, load_balancer, ingress, prices, internal
        As for `compare_exposure`.

    Returns
    -------
    DataFrame
        Index services; a column for each way, with money per month (NaN if a price is missing). ``attrs`` holds
        provider, region, currency, quota, break_even (Services from which on one shared entry is cheaper),
        gb_per_month, as_of (the dates of the prices) and missing.

    Raises
    ------
    ValueError
        As for `compare_exposure`.

    Examples
    --------
    >>> costs = costs_by_services(60)
    >>> costs.attrs["quota"], costs.attrs["break_even"]
    (50, 2)
    """
    if most < 1:
        raise ValueError(f"most is a number from 1 on, not {most!r}")
    plan = Plan.read(
        provider, region, gb_per_month, request_share, zones, policy, load_balancer, ingress, prices, internal
    )
    lines = {way: [plan.lines(way, services) for services in range(1, most + 1)] for way in plan.ways}
    found = break_even_services(
        provider, region, gb_per_month, request_share, zones, policy, load_balancer, ingress, prices, internal=internal
    )
    return _frame(plan, "services", range(1, most + 1), lines, {"break_even": found, "gb_per_month": gb_per_month})


def costs_by_traffic(
    most_gb: float | None = None,
    services: int = 50,
    provider: str = "aws",
    region: str | None = None,
    request_share: float = 0.1,
    zones: int = 3,
    policy: str = "Local",
    load_balancer: str = "nlb",
    ingress: str = "alb",
    prices: PriceSource = None,
    *,
    internal: bool = False,
) -> pd.DataFrame:
    """Compute what N Services cost in a month as their traffic grows, for each way of exposing them.

    Parameters
    ----------
    most_gb : float, optional
        The largest traffic, in GB a month, of all Services together; by default one and a half times the traffic at
        which one shared entry and a load balancer each cost the same.
    services, provider, region, request_share, zones, policy, load_balancer, ingress, prices, internal
        As for `compare_exposure`.

    Returns
    -------
    DataFrame
        Index gb_per_month; a column for each way, with money per month. ``attrs`` as for `costs_by_services`, with
        services in place of gb_per_month, and break_even in GB a month.

    Raises
    ------
    ValueError
        As for `compare_exposure`.

    Examples
    --------
    >>> round(costs_by_traffic(services=50).attrs["break_even"])
    670688
    """
    plan = Plan.read(provider, region, 0, request_share, zones, policy, load_balancer, ingress, prices, internal)
    found = break_even_gb(
        services, provider, region, request_share, zones, policy, load_balancer, ingress, prices, internal=internal
    )
    end = most_gb if most_gb is not None else 1.5 * (found or 100_000.0)
    if not 0 < end < math.inf:
        raise ValueError(f"most_gb is a number above 0, not {most_gb!r}")
    gb = [end * point / POINTS for point in range(POINTS + 1)]
    plans = [replace(plan, traffic=replace(plan.traffic, gb_per_month=each)) for each in gb]
    lines = {way: [each.lines(way, services) for each in plans] for way in plan.ways}
    return _frame(plan, "gb_per_month", gb, lines, {"break_even": found, "services": services})


def _frame(
    plan: Plan, index: str, points: Iterable[float], lines: Mapping[str, list[list[Line]]], more: Mapping[str, Any]
) -> pd.DataFrame:
    import pandas as pd

    totals = {way: [total_of(each) for each in listed] for way, listed in lines.items()}
    frame = pd.DataFrame(totals, index=pd.Index(points, name=index), dtype=float)
    every = [line for listed in lines.values() for each in listed for line in each]
    quota = next(iter(quotas_of(plan.provider, plan.exposures("one_lb_each", 1), plan.book)), None)
    frame.attrs.update(more)
    frame.attrs |= {
        "provider": plan.provider,
        "region": plan.book.region(plan.provider, plan.region),
        "currency": currency_of(plan.provider, every, plan.book),
        "quota": quota.limit if quota else None,
        "as_of": tuple(sorted({line.as_of for line in every} - {""})),
        "missing": tuple(dict.fromkeys(line.missing for line in every if line.missing)),
    }
    return frame
