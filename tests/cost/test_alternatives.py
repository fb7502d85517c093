"""Ways of exposing compared: break-even, and what holds for every comparison."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.cost.alternatives import break_even_gb, break_even_services
from k8sexpose.cost.charges import DRIVERS
from k8sexpose.plots import describe
from k8sexpose.widgets.explorers.cost import (
    PROVIDERS,
)
from tests.cost.helpers import CASES, FACTS, FILLED


def test_break_even_of_load_balancers_and_one_ingress() -> None:
    wanted = FACTS["breakeven"]
    assert break_even_gb(50) / 730 == pytest.approx(wanted["G_GB_per_hour_N50"])
    assert break_even_gb(50, internal=True) / 730 == pytest.approx(wanted["internal_G_N50"])


def test_break_even_is_where_the_comparison_turns() -> None:
    gb = break_even_gb(50)
    for factor, sign in ((0.99, 1), (1.01, -1)):
        total = kx.compare_exposure(50, gb_per_month=gb * factor)["total_per_month"]
        assert math.copysign(1, total["one_lb_each"] - total["one_ingress"]) == sign
    number = break_even_services(gb_per_month=200_000)
    for services, cheaper in ((number - 1, False), (number, True)):
        total = kx.compare_exposure(services, gb_per_month=200_000)["total_per_month"]
        assert bool(total["one_ingress"] < total["one_lb_each"]) is cheaper


def test_break_even_of_what_costs_nothing() -> None:
    assert break_even_services("metallb") is None
    assert break_even_gb(50, "metallb") is None
    assert break_even_services("generic") is None  # no price
    # Up to five rules have one price.
    assert break_even_services("gcp") == 6


# -- what people asked in public --------------------------------------------------------------------------------------


def test_user_case_cost_one_lb_each() -> None:
    price, each, shared, saving = (
        float(re.search(r"\d+(?= USD)|(?<== )\d+", text)[0]) for text in CASES["cost-one-lb-each"]["checkable"]
    )
    prices = {"generic": {"load_balancer": {"lb_month": price}}}
    total = kx.compare_exposure(6, "generic", prices=prices)["total_per_month"]
    assert total["one_lb_each"] == each
    assert total["one_ingress"] == shared
    assert total["one_lb_each"] - total["one_ingress"] == saving


# -- errors say what exists -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provider": "mars"}, "there are: aws, gcp, azure"),
        ({"region": "mars"}, "there are: us-east-1; us-east-2"),
        ({"load_balancer": "huge"}, "there are: classic, nlb"),
        ({"policy": "local"}, "one of Cluster, Local"),
        ({"ingress": "nginx"}, "one of alb, nlb"),
        ({"services": -1}, "from 0"),
        ({"zones": 0}, "from 1"),
        ({"gb_per_month": math.nan}, "from 0 on"),
        ({"request_share": 1.1}, "from 0 to 1"),
    ],
)
def test_errors_of_a_comparison(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kx.compare_exposure(**options)


@given(
    st.sampled_from(sorted(DRIVERS)), st.integers(0, 80), st.floats(0, 1e5), st.integers(1, 5),
    st.sampled_from(["Cluster", "Local"]),
)  # fmt: skip
def test_a_comparison_never_falls_when_a_quantity_rises(
    provider: str, services: int, gb: float, zones: int, policy: str
) -> None:
    def totals(services: int, gb: float, zones: int) -> Any:
        frame = kx.compare_exposure(services, provider, gb_per_month=gb, zones=zones, policy=policy, prices=FILLED)
        return frame["total_per_month"]

    low = totals(services, gb, zones)
    for high in (totals(services + 1, gb, zones), totals(services, gb + 100, zones), totals(services, gb, zones + 1)):
        shared = [way for way in low.index if services or way not in ("nodeport", "one_lb_each")]
        assert (high[shared] >= low[shared] - 1e-9).all()


# -- curves ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_curves_are_the_comparison(provider: str) -> None:
    costs = kx.costs_by_services(60, provider, gb_per_month=5000)
    for services in (1, 5, 6, 50, 60):
        table = kx.compare_exposure(services, provider, gb_per_month=5000)["total_per_month"]
        assert costs.loc[services].to_dict() == pytest.approx(table.to_dict())
    assert costs["one_lb_each"].is_monotonic_increasing
    even = costs.attrs["break_even"]
    assert costs.loc[even, "one_ingress"] < costs.loc[even, "one_lb_each"]
    assert costs.loc[even - 1, "one_ingress"] >= costs.loc[even - 1, "one_lb_each"]


def test_traffic_curve_crosses_at_the_break_even() -> None:
    costs = kx.costs_by_traffic(services=50)
    saving = costs["one_lb_each"] - costs["one_ingress"]
    even = costs.attrs["break_even"]
    assert (saving[saving.index < even] > 0).all() and (saving[saving.index > even] < 0).all()


def test_curves_without_a_price_or_sense() -> None:
    costs = kx.costs_by_services(3, "aws", "eu-south-1")
    assert costs["one_lb_each"].isna().all() and costs.attrs["missing"] and costs.attrs["break_even"] is None
    assert "no price" in describe(kx.plot_costs(costs))
    for make in (lambda: kx.costs_by_services(0), lambda: kx.costs_by_traffic(0), lambda: kx.costs_by_traffic(-1)):
        with pytest.raises(ValueError, match="number"):
            make()
