"""Bills: worked examples, public questions, how they show, and what holds for every bill."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.cost.billing import _priced, bill_for, lines_of, total_of
from k8sexpose.cost.charges import DRIVERS, KINDS, NODEPORT, BilledEntry, Charge
from tests.conformance.prices import cluster, difference
from tests.cost.helpers import AWS, CASES, FACTS, FILLED, cost, manifest, three_zones
from tools.generate.price_book import tables

pytestmark = pytest.mark.slow

EXAMPLES = [row for row in FACTS["worked_examples"] if not row.get("for_information_only")]


# -- worked examples --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda row: row["id"])
def test_worked_example(example: dict[str, Any]) -> None:
    assert not difference(example, tables(FACTS))


@pytest.mark.parametrize(
    ("spec", "crossing_gb"), [({}, 2000 / 3), ({"externalTrafficPolicy": "Local"}, 0)], ids=["Cluster", "Local"]
)
def test_user_case_cost_cross_az(spec: dict[str, Any], crossing_gb: float) -> None:
    assert CASES["cost-cross-az"]["checkable"][0] == "Cluster: 666.7 GB cross -> 13.33 USD/month"
    bill = kx.bill(three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"}, **spec)), gb_per_month=1000)
    assert cost(bill, "cross-zone node to Pod") == pytest.approx(crossing_gb * 0.02)
    assert cost(bill, "cross-zone load balancer") == 0


def test_user_case_cost_cross_az_with_cross_zone_on() -> None:
    annotations = {f"{AWS}type": "nlb", f"{AWS}cross-zone-load-balancing-enabled": "true"}
    bill = kx.bill(three_zones("aws", manifest(annotations=annotations)), gb_per_month=1000)
    assert cost(bill, "cross-zone load balancer to node") == pytest.approx(1000 * 2 / 3 * 0.02)
    assert cost(bill, "cross-zone") == pytest.approx(2 * 1000 * 2 / 3 * 0.02)


def test_a_missing_price_is_a_line_without_amount() -> None:
    bill = kx.bill(three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"})), region="eu-south-1")
    assert bill.total_per_month is None
    assert len(bill.missing) == 2
    assert "nlb_hour" in bill.missing[0] and "eu-south-1" in bill.missing[0]
    assert bill.items["monthly_cost"].isna().sum() == 2
    assert "no price" in bill._repr_html_()
    mine = {"aws": {"nlb": {"nlb_hour": 0.0252, "nlb_nlcu_hour": 0.006}}}
    filled = kx.bill(three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"})), region="eu-south-1", prices=mine)
    assert filled.missing == ()
    # A price of one's own has no unit: it is the price of one of what is counted.
    priced = kx.bill(three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"})), region="us-east-1")
    assert list(filled.items["unit"]) == list(priced.items["unit"])
    assert all(filled.items["unit"])
    assert filled.total_per_month is not None


def test_a_missing_price_is_named_in_the_summary_and_a_known_one_is_not() -> None:
    annotations = {f"{AWS}type": "nlb"}
    bill = kx.bill(three_zones("aws", manifest(annotations=annotations)), region="eu-south-1")
    assert "; no price for nlb_hour (aws nlb, eu-south-1), nlb_nlcu_hour (aws nlb, eu-south-1)" in bill.summary
    assert bill.missing == ("nlb_hour (aws nlb, eu-south-1)", "nlb_nlcu_hour (aws nlb, eu-south-1)")
    assert "a month" not in bill.summary and ": unknown (" in bill.summary
    known = kx.bill(three_zones("aws", manifest(annotations=annotations)))
    assert known.missing == () and "no price" not in known.summary
    # Half of the prices is not enough for a total, and only the other half is missing.
    half = kx.bill(
        three_zones("aws", manifest(annotations=annotations)), region="eu-south-1",
        prices={"aws": {"nlb": {"nlb_hour": 0.0252}}},
    )  # fmt: skip
    assert half.missing == ("nlb_nlcu_hour (aws nlb, eu-south-1)",) and half.total_per_month is None


def test_of_several_prices_that_would_do_the_last_one_is_named_as_missing() -> None:
    charge = Charge("port", "nlb", ("of_the_region", "of_the_zone"), "hour", 10)
    [line] = _priced("aws", charge, kx.price_book(), "eu-south-1")
    assert line.missing == "of_the_zone (aws nlb, eu-south-1)"
    assert line.monthly_quantity == 10 and math.isnan(line.monthly_cost)


def test_the_sources_of_a_bill_stand_below_its_table() -> None:
    cluster = kx.Cluster(nodes=3, provider="aws")
    cluster.apply(kx.example("public-api-lb"))
    table, below = kx.bill(cluster, prices={"aws": {"nlb": {"nlb_hour": 0.018}}})._repr_html_().split("</table>")
    assert "AWS blog" not in table and "<td" in table and "your price" in table and ">yours<" not in table
    assert '<a href="https://aws.amazon.com/blogs/' in below and "your price" not in below


def test_a_source_links_to_the_web_only() -> None:
    row = {"price": 1, "currency": "EUR", "unit": "LB-month", "region": "all", "as_of": "2026", "source": "me"}
    prices = {"hetzner": {"lb11": {"lb11_month": [row]}}}
    bill = bill_for("hetzner", [BilledEntry("a", "lb11")], kx.price_book(prices))
    linked = [replace(bill, links={"me": url})._repr_html_() for url in ("javascript:alert(1)", "https://example.com/")]
    assert ["<a " in shown for shown in linked] == [False, True]


def test_two_currencies_do_not_add_up() -> None:
    row = {"price": 1, "currency": "EUR", "unit": "LB-hour", "region": "all", "source": "me", "as_of": "2026"}
    with pytest.raises(ValueError, match="one currency"):
        kx.compare_exposure(prices={"aws": {"nlb": {"nlb_hour": [row]}}})


# -- the bill of a cluster --------------------------------------------------------------------------------------------


def test_a_bill_in_a_notebook_is_escaped_dated_and_an_estimate() -> None:
    source = {"price": 1, "currency": "EUR", "unit": "LB-month", "region": "all", "as_of": "<i>", "source": "<b>me</b>"}
    bill = bill_for(
        "hetzner", [BilledEntry("a", "lb11")], kx.price_book({"hetzner": {"lb11": {"lb11_month": [source]}}})
    )
    for shown in (bill._repr_html_(), str(bill)):
        assert "Estimate" in shown
    assert "&lt;b&gt;me" in bill._repr_html_() and "<b>me" not in bill._repr_html_()
    assert bill.as_of == ("<i>",)
    assert list(bill.items) == ["name", "monthly_quantity", "unit", "unit_price", "monthly_cost", "source", "as_of"]


def test_a_bill_leaves_the_cluster_as_it_is() -> None:
    found = three_zones("aws", manifest())
    before = (repr(found), found.now_s, found.events, found.sends)
    kx.bill(found)
    assert (repr(found), found.now_s, found.events, found.sends) == before


def test_errors_of_a_bill() -> None:
    with pytest.raises(ValueError, match="there are: eastus"):
        kx.bill(three_zones("azure"), region="us-east-1")
    assert kx.bill(three_zones("azure", manifest()), region="westeurope").missing == ()


# -- what holds for every bill ----------------------------------------------------------------------------------------

SMALL = st.integers(0, 6)
AMOUNT = st.floats(0, 1e6, allow_nan=False)


@st.composite
def ways_in(draw: st.DrawFn, provider: str) -> list[BilledEntry]:
    """Some ways in, as a cluster may have them."""
    kinds = st.sampled_from([*KINDS[provider], NODEPORT])
    found = []
    for number in range(draw(st.integers(0, 12))):
        gb = draw(AMOUNT)
        share = draw(st.floats(0, 1))
        found.append(
            BilledEntry(
                f"default/web-{number:02}",
                draw(kinds),
                internal=draw(st.booleans()),
                ports=tuple(draw(st.lists(st.tuples(st.just(80), st.sampled_from(["TCP", "UDP"])), min_size=1))[:4]),
                zones=1 + draw(SMALL),
                size_units=1 + draw(SMALL),
                tls=draw(st.booleans()),
                gb=gb,
                request_gb=gb * share,
                node_to_pod_gb=gb * share,
                balancer_to_node_gb=gb * share,
                new_connections_per_s=draw(AMOUNT),
                active_connections=draw(AMOUNT),
                rule_evaluations_per_s=draw(AMOUNT),
            )
        )
    return found


CASE = st.sampled_from(sorted(DRIVERS)).flatmap(lambda name: st.tuples(st.just(name), ways_in(name)))
GROWING = (
    "zones size_units gb request_gb node_to_pod_gb balancer_to_node_gb new_connections_per_s active_connections "
    "rule_evaluations_per_s"
).split()


@given(CASE)
def test_a_bill_is_the_sum_of_its_lines_and_never_negative(case: tuple[str, list[BilledEntry]]) -> None:
    bill = bill_for(*case, FILLED)
    costs = list(bill.items["monthly_cost"])
    assert all(cost >= 0 for cost in costs)
    assert bill.total_per_month == math.fsum(costs)
    for _, line in bill.items.iterrows():
        assert line["monthly_cost"] == line["monthly_quantity"] * line["unit_price"]


@given(CASE, st.sampled_from(GROWING), st.data())
def test_a_bill_never_falls_when_a_quantity_rises(
    case: tuple[str, list[BilledEntry]], quantity: str, data: st.DataObject
) -> None:
    provider, ways = case
    if not ways:
        return
    number = data.draw(st.integers(0, len(ways) - 1))
    old = getattr(ways[number], quantity)
    more = [*ways[:number], replace(ways[number], **{quantity: old + data.draw(SMALL)}), *ways[number + 1 :]]
    before, after = (total_of(lines_of(provider, found, FILLED, None)) for found in (ways, more))
    assert after >= before or math.isclose(after, before, rel_tol=1e-12)
    one_more = [*ways, BilledEntry("default/zzz", data.draw(st.sampled_from(KINDS[provider])))]
    assert total_of(lines_of(provider, one_more, FILLED, None)) >= before


@given(CASE, st.randoms())
def test_a_bill_does_not_depend_on_the_order(case: tuple[str, list[BilledEntry]], chance: Any) -> None:
    provider, ways = case
    other = ways.copy()
    chance.shuffle(other)
    assert lines_of(provider, ways, FILLED, None) == lines_of(provider, other, FILLED, None)


def test_a_bill_of_a_cluster_does_not_depend_on_the_order_of_services() -> None:
    services = [manifest(f"web-{k}", {f"{AWS}type": "nlb"} if k % 2 else {}) for k in range(6)]
    for provider in ("aws", "gcp", "azure"):
        bills = [kx.bill(three_zones(provider, *listed)) for listed in (services, services[::-1])]
        assert bills[0].items.equals(bills[1].items)


def test_examples_build_what_they_say() -> None:
    assert len(cluster({"provider": "aws", "services": 3, "zones": 2}).nodes) == 2
