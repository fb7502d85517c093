"""Ways of exposing N Services, compared by their bills: a NodePort each, a load balancer each, one shared entry."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any

import pandas as pd

from ..api.checks import check_arguments, count, positive
from ..api.objects import Node
from ..api.validation import POLICIES
from ..model import Cluster
from ..router.router import shares
from .billing import Line, currency_of, lines_of, quotas_of, total_of
from .charges import DRIVERS, KINDS, NODEPORT, BilledEntry, load_balancers
from .prices import PriceBook, PriceSource, price_book
from .usage import MonthlyTraffic

__all__ = ["break_even_gb", "break_even_services", "compare_exposure", "costs_by_services", "costs_by_traffic"]

INGRESSES = ("alb", "nlb")
MOST_SERVICES = 10_000  # where the search for a break-even ends, too
MOST_ZONES = 100
MOST_CURVE = 300  # points of a curve over services: the work grows with the square
FAR_GB = 1e9
POINTS = 60  # of a curve over traffic
TOLERANCE = 1e-6  # less than this is no difference, in money of a month


@dataclass(frozen=True, slots=True)
class Scenario:
    """N Services to expose, and everything that decides what they cost but the method of exposing them."""

    provider: str
    region: str | None
    book: PriceBook
    traffic: MonthlyTraffic
    zones: int
    policy: str
    kind: str
    ingress: str
    internal: bool

    @classmethod
    def read(
        cls,
        provider: str = "aws",
        region: str | None = None,
        gb_per_month: float = 0,
        request_share: float = 0.1,
        zones: int = 3,
        policy: str = "Local",
        load_balancer: str = "nlb",
        ingress: str = "alb",
        prices: PriceSource = None,
        internal: bool = False,
    ) -> Scenario:
        """Check what was asked for, and find the prices."""
        if provider not in DRIVERS:
            raise ValueError(f"there is no price list for provider {provider!r}; there are: {', '.join(DRIVERS)}")
        kinds = KINDS[provider]
        if load_balancer not in (*kinds, "nlb"):
            raise ValueError(f"{provider} has no load balancer {load_balancer!r}; there are: {', '.join(kinds)}")
        for name, value, known in (("policy", policy, POLICIES), ("ingress", ingress, INGRESSES)):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}, not {value!r}")
        count(zones, "zones", at_most=MOST_ZONES)
        kind = load_balancer if load_balancer in kinds else kinds[0]
        traffic, book = MonthlyTraffic(gb_per_month, request_share=request_share), price_book(prices)
        return cls(provider, region, book, traffic, zones, policy, kind, ingress, internal)

    def exposures(self, way: str, services: int) -> list[BilledEntry]:
        """Return the entries of one method of exposing the Services: all alike, each with an address of its own."""
        kind, count = {
            "nodeport": (NODEPORT, services),
            "one_lb_each": (self.kind, services),
            "one_ingress": (self.shared_kind, 1),
            "one_nlb_in_cluster_ingress": ("nlb", 1),
        }[way]
        gb = self.traffic.gb_per_month / max(count, 1)
        return [
            BilledEntry(
                f"{way}-{number}",
                kind,
                internal=self.internal,
                zones=self.zones,
                targets=self.zones,
                targets_per_zone=1,
                gb=gb,
                request_gb=gb * self.traffic.request_share,
                node_to_pod_gb=gb * _leaves_zone(self.zones, self.policy),
            )
            for number in range(count)
        ]

    def lines(self, way: str, services: int) -> list[Line]:
        """Return the lines of the bill of one method."""
        return lines_of(self.provider, self.exposures(way, services), self.book, self.region)

    def with_traffic(self, gb_per_month: float) -> Scenario:
        """Return the same Services with other traffic."""
        return replace(self, traffic=replace(self.traffic, gb_per_month=gb_per_month))

    def saving(self, services: int) -> float:
        """Return what one shared entry saves in a month; NaN if a price is missing."""
        each, shared = (total_of(self.lines(way, services)) for way in ("one_lb_each", "one_ingress"))
        return math.nan if each is None or shared is None else each - shared

    def break_even_services(self) -> int | None:
        """Return from how many Services on one shared entry is cheaper than a load balancer each."""
        known = [1, 1]  # not cheaper at the first, cheaper at the second
        while not self.saving(known[1]) > TOLERANCE:
            known = [known[1], known[1] * 2]
            if known[1] > MOST_SERVICES:
                return None
        number = bisect_left(range(known[0], known[1]), True, key=lambda count: self.saving(count) > TOLERANCE)
        return known[0] + number

    def break_even_gb(self, services: int) -> float | None:
        """Return at how much traffic one shared entry and a load balancer each cost the same."""
        _check_count(services)
        fixed = self.with_traffic(0).saving(services)
        slope = (self.with_traffic(FAR_GB).saving(services) - fixed) / FAR_GB
        if math.isnan(slope) or abs(slope) < TOLERANCE / FAR_GB or fixed * slope >= 0:
            return None
        gb = -fixed / slope
        if abs(self.with_traffic(gb).saving(services)) > 0.005:
            raise ValueError(f"the prices of bytes at {self.provider} have tiers: there is no single break-even")
        return gb

    @property
    def shared_kind(self) -> str:
        """What is in front of one shared entry: on AWS a load balancer that reads requests, unless asked otherwise."""
        return self.ingress if self.provider == "aws" else self.kind

    @property
    def ways(self) -> Iterator[str]:
        """The methods of exposing that the provider knows."""
        yield from ("nodeport", "one_lb_each", "one_ingress")
        if self.provider == "aws":
            yield "one_nlb_in_cluster_ingress"


def compare_exposure(
    services: int = 50,
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
    """Compare the methods of exposing N Services that are alike.

    Parameters
    ----------
    services : int
        How many Services, each with one port.
    provider : str
        aws, gcp, azure, digitalocean, hetzner, linode, metallb, oci, ovh; generic with a price of yours.
    region : str, optional
        Of the provider; None for its default.
    gb_per_month : float
        Request and response of all Services together.
    request_share : float
        The part of it that comes in, from 0 to 1.
    zones : int
        In how many zones there are nodes: one node each, and on it one Pod of each Service.
    policy : str
        ``externalTrafficPolicy``: Cluster or Local.
    load_balancer : str
        The kind of the load balancers: nlb or classic (aws), REGIONAL (digitalocean), S, M, L, XL (ovh), flexible or
        network (oci). Elsewhere nlb means what a Service gets unasked.
    ingress : str
        What is in front of the shared entry on AWS: alb, or nlb with the Ingress or Gateway in the cluster. On
        the others it is one load balancer of the kind above. What happens behind it in the cluster is not counted.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.
    internal : bool
        Whether the load balancers have no address on the internet.

    Returns
    -------
    DataFrame
        Rows nodeport, one_lb_each, one_ingress (aws: also one_nlb_in_cluster_ingress). Columns load_balancers,
        total_per_month (NaN if a price is missing, named in ``attrs["missing"]``), currency, quota (of load
        balancers, on Azure of rules; NA where no source shows one) and over_quota.

    Raises
    ------
    ValueError
        If there is no such provider, region or kind (the text lists those that exist), or a number makes no sense.

    Examples
    --------
    >>> compare_exposure(50, "aws", gb_per_month=50 * 730)["total_per_month"].round(2).to_dict()
    {'nodeport': 0.0, 'one_lb_each': 1587.75, 'one_ingress': 319.38, 'one_nlb_in_cluster_ingress': 246.38}
    """
    check_arguments(compare_exposure, locals())
    plan = Scenario.read(
        provider, region, gb_per_month, request_share, zones, policy, load_balancer, ingress, prices, internal
    )
    _check_count(services)
    rows, missing = {}, {}
    for way in plan.ways:
        found, lines = plan.exposures(way, services), plan.lines(way, services)
        missing.update(dict.fromkeys(line.missing for line in lines if line.missing))
        total = total_of(lines)
        quota = next(iter(quotas_of(provider, found, plan.book)), None)
        rows[way] = (
            load_balancers(found),
            math.nan if total is None else total,
            currency_of(provider, lines, plan.book),
            pd.NA if quota is None else quota.limit,
            quota is not None and quota.over,
        )
    columns = ["load_balancers", "total_per_month", "currency", "quota", "over_quota"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype({"quota": "Int64"})
    frame.attrs["missing"] = tuple(missing)
    return frame


def break_even_services(
    provider: str = "aws", region: str | None = None, gb_per_month: float = 1000, **scenario: Any
) -> int | None:
    """Return from how many Services on one shared entry is cheaper than a load balancer each.

    Parameters
    ----------
    provider, region, gb_per_month, **scenario
        As for `compare_exposure`.

    Returns
    -------
    int or None
        The number; None if it never is (up to 10,000 Services), or a price is missing.

    Examples
    --------
    >>> (
    ...     break_even_services("aws"),
    ...     break_even_services("aws", gb_per_month=918.75 * 730),
    ...     break_even_services("metallb"),
    ... )
    (2, 51, None)
    """
    check_arguments(break_even_services, locals())
    return Scenario.read(provider, region, gb_per_month, **scenario).break_even_services()


def break_even_gb(
    services: int = 50, provider: str = "aws", region: str | None = None, **scenario: Any
) -> float | None:
    """Return at how much traffic one shared entry and a load balancer each cost the same.

    On AWS, below it one application load balancer is cheaper, above it many network load balancers: their capacity
    unit costs less.

    Parameters
    ----------
    services, provider, region, **scenario
        As for `compare_exposure`.

    Returns
    -------
    float or None
        GB in a month, of all Services together; None if they never cost the same, or a price is missing.

    Raises
    ------
    ValueError
        As for `compare_exposure`; or if your prices of bytes have tiers, so that there may be several such points.

    Examples
    --------
    >>> round(break_even_gb(50) / 730, 2), break_even_gb(50, "azure")
    (918.75, None)
    """
    check_arguments(break_even_gb, locals())
    return Scenario.read(provider, region, **scenario).break_even_gb(services)


def _check_count(services: int) -> None:
    count(services, "services", at_least=0, at_most=MOST_SERVICES)


@cache
def _leaves_zone(zones: int, policy: str) -> float:
    """Return which share leaves its zone, as the router says, where every zone has one node, and every node one Pod."""
    nodes = [
        Node(f"node-{k}", addresses=(f"10.0.0.{k}",), zone=f"zone-{k}", pod_cidr=f"10.244.{k}.0/24")
        for k in range(1, zones + 1)
    ]
    cluster = Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[1] * zones, port=80)
    spec = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": policy,
        "selector": {"app": "web"},
        "ports": [{"port": 80}],
    }
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    return float(shares(cluster, "web").crosses_zone)


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
    """Compute what 1, 2, 3 … Services cost in a month, for each method of exposing them.

    Parameters
    ----------
    most : int
        The largest number of Services.
    provider, region, gb_per_month, request_share, zones, policy, load_balancer, ingress, prices, internal
        As for `compare_exposure`.

    Returns
    -------
    DataFrame
        Index services; a column for each method, with money per month (NaN if a price is missing). ``attrs`` holds
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
    check_arguments(costs_by_services, locals())
    count(most, "most", at_most=MOST_CURVE)
    plan = Scenario.read(
        provider, region, gb_per_month, request_share, zones, policy, load_balancer, ingress, prices, internal
    )
    lines = {way: [plan.lines(way, services) for services in range(1, most + 1)] for way in plan.ways}
    more = {"break_even": plan.break_even_services(), "gb_per_month": gb_per_month}
    return _frame(plan, "services", range(1, most + 1), lines, more)


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
    """Compute what N Services cost in a month as their traffic grows, for each method of exposing them.

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
        Index gb_per_month; a column for each method, with money per month. ``attrs`` as for `costs_by_services`, with
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
    check_arguments(costs_by_traffic, locals())
    plan = Scenario.read(provider, region, 0, request_share, zones, policy, load_balancer, ingress, prices, internal)
    found = plan.break_even_gb(services)
    end = most_gb if most_gb is not None else 1.5 * (found or 100_000.0)
    positive(end, "most_gb")
    gb = [end * point / POINTS for point in range(POINTS + 1)]
    plans = [plan.with_traffic(each) for each in gb]
    lines = {way: [each.lines(way, services) for each in plans] for way in plan.ways}
    return _frame(plan, "gb_per_month", gb, lines, {"break_even": found, "services": services})


def _frame(
    plan: Scenario, index: str, points: Iterable[float], lines: Mapping[str, list[list[Line]]], more: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the costs as a table, with what one must know about them in its attributes."""
    totals = {way: [total_of(each) for each in listed] for way, listed in lines.items()}
    frame = pd.DataFrame(totals, index=pd.Index(points, name=index), dtype=float)
    every = list(chain.from_iterable(chain.from_iterable(lines.values())))
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
