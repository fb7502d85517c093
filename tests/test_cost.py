"""Bills: worked examples, public questions, the price book, and what holds for every bill."""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.cost.alternatives import break_even_gb, break_even_services
from k8sexpose.cost.billing import bill_for, lines_of, total_of
from k8sexpose.cost.charges import DRIVERS, KINDS, NODEPORT, BilledEntry
from k8sexpose.cost.prices import OPTIONAL, REQUIRED
from tests.conformance.prices import cluster, difference
from tools.price_book import tables

HERE = Path(__file__).parent
FACTS = json.loads((HERE / "conformance/prices.json").read_text(encoding="utf-8"))
CASES = {c["id"]: c for c in json.loads((HERE / "conformance/user-cases.json").read_text(encoding="utf-8"))}
BOOK_FILE = Path(kx.__file__).parent / "data/prices.toml"
BOOK = tomllib.loads(BOOK_FILE.read_text(encoding="utf-8"))
EXAMPLES = [row for row in FACTS["worked_examples"] if not row.get("for_information_only")]
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
# Prices that no source shows, so that every provider's bill has a total.
FILLED = kx.price_book(
    {
        "generic": {"load_balancer": {"lb_month": 20}},
        "digitalocean": {"load_balancer": {"regional_network_lb_month": 15}},
    }
)


def manifest(name: str = "web", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A LoadBalancer Service for the Pods app=web."""
    spec = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    metadata = {"name": name, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def three_zones(provider: Any, *manifests: dict[str, Any]) -> kx.Cluster:
    """A node in each of three zones, a Pod on each."""
    found = kx.Cluster(nodes=3, provider=provider)
    found.deploy("web", per_node=[1, 1, 1])
    for one in manifests:
        found.create(one)
    return found


def cost(bill: kx.Bill, text: str) -> float:
    """What the lines cost whose name starts with a text."""
    items = bill.items
    return float(items.loc[items["name"].str.startswith(text), "monthly_cost"].sum())


# -- worked examples --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda row: row["id"])
def test_worked_example(example: dict[str, Any]) -> None:
    assert not difference(example, tables(FACTS))


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


# -- the price book ---------------------------------------------------------------------------------------------------


def rows() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{provider}.{product}.{component}", row)
        for provider, products in BOOK["prices"].items()
        for product, components in products.items()
        for component, listed in components.items()
        for row in listed
    ]


@pytest.mark.parametrize(("name", "row"), rows(), ids=[f"{name} {row['region']}" for name, row in rows()])
def test_every_row_is_complete(name: str, row: dict[str, Any]) -> None:
    assert {*REQUIRED, "tier"} <= set(row) <= {*REQUIRED, *OPTIONAL}
    assert row["price"] >= 0
    assert row["currency"] in ("USD", "EUR")
    assert row["source"] in BOOK["sources"]
    assert all(row[field] for field in ("unit", "region", "as_of"))
    assert 0 <= row["tier"][0] < row["tier"][1]


def test_every_price_of_the_facts_stands_in_the_book() -> None:
    assert len(rows()) >= sum(
        len(product["components"]) for entry in FACTS["providers"].values() for product in entry["products"].values()
    )


def test_tiers_join() -> None:
    for layer in kx.price_book().layers:
        for (provider, product, component), listed in layer.items():
            for region in {row.region for row in listed}:
                found = kx.price_book().find(provider, product, component, region)
                edges = [(row.lower, row.upper) for row in found]
                assert all(high == low for (_, high), (low, _) in pairwise(edges))


def test_drivers_count_in_the_units_of_the_book() -> None:
    known = kx.price_book().layers[-1]
    for provider, (charges, quotas) in DRIVERS.items():
        ways = [
            BilledEntry(f"{kind}", kind, gb=1, request_gb=1, internal=k % 2) for k, kind in enumerate(KINDS[provider])
        ]
        for charge in charges(ways, kx.price_book()):
            for component in charge.components:
                key = (kx.pricebook.book_name(provider), charge.product, component)
                units = {row.unit for row in known[key]}
                assert units <= ({"GB", "GiB"} if charge.unit == "GB" else {charge.unit})
        for use in quotas(ways):
            assert kx.price_book().quota(provider, use.quota) is not None, use


def test_a_missing_price_is_a_line_without_amount() -> None:
    bill = kx.bill(three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"})), region="eu-west-1")
    assert bill.total_per_month is None
    assert len(bill.missing) == 2
    assert "nlb_hour" in bill.missing[0] and "eu-west-1" in bill.missing[0]
    assert bill.items["monthly_cost"].isna().sum() == 2
    assert "no price" in bill._repr_html_()
    mine = {"aws": {"nlb": {"nlb_hour": 0.0252, "nlb_nlcu_hour": 0.006}}}
    filled = kx.bill(three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"})), region="eu-west-1", prices=mine)
    assert filled.missing == ()
    assert filled.total_per_month is not None


def test_prices_of_your_own_as_file_text_and_objects(tmp_path: Path) -> None:
    text = (
        "[prices.hetzner.lb11]\n"
        'lb11_month = [{ price = 7.5, currency = "EUR", unit = "LB-month", region = "all", '
        'source = "my invoice", as_of = 2026-12-01 }]\n'
    )
    path = tmp_path / "prices.toml"
    path.write_text(text)
    for prices in (path, str(path), text, tomllib.loads(text), {"hetzner": {"lb11": {"lb11_month": 7.5}}}):
        total = kx.compare_exposure(10, "hetzner", prices=prices)["total_per_month"]
        assert total["one_lb_each"] == 75


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({"aws": {"nlb": {"nlb_hours": 1}}}, r"aws\.nlb\.nlb_hours; there are: aws\.nlb\.nlb_hour"),
        ({"mars": {"nlb": {"nlb_hour": 1}}}, "there are: aws"),
        ({"aws": {"nlb": {"nlb_hour": -1}}}, "from 0 on"),
        ({"aws": {"nlb": {"nlb_hour": math.nan}}}, "from 0 on"),
        ({"aws": {"nlb": {"nlb_hour": [{"price": 1}]}}}, "lacks currency, unit"),
        ({"aws": 3}, "not a table"),
        ("this is no TOML", "Expected"),
    ],
)
def test_prices_that_make_no_sense(prices: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kx.compare_exposure(prices=prices)


def test_a_price_for_another_unit_is_not_taken() -> None:
    row = {"price": 20, "currency": "USD", "unit": "LB-month", "region": "all", "source": "me", "as_of": "2026"}
    with pytest.raises(ValueError, match="price of one LB-month, but LB-hour"):
        kx.compare_exposure(prices={"aws": {"nlb": {"nlb_hour": [row]}}})


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


@pytest.mark.parametrize(
    ("annotations", "spec", "kind"),
    [
        ({}, {}, "Classic load balancer"),
        ({f"{AWS}type": "nlb"}, {}, "Network load balancer"),
        ({f"{AWS}type": "external"}, {}, "Network load balancer"),
        ({}, {"loadBalancerClass": "service.k8s.aws/nlb"}, "Network load balancer"),
    ],
)
def test_annotations_choose_the_load_balancer(annotations: dict[str, str], spec: dict[str, Any], kind: str) -> None:
    bill = kx.bill(three_zones("aws", manifest(annotations=annotations, **spec)))
    assert kind in set(bill.items["name"])
    assert bill.load_balancers == 1


@pytest.mark.parametrize(
    ("annotations", "public"),
    [
        ({f"{AWS}type": "nlb"}, True),
        ({f"{AWS}type": "nlb", f"{AWS}internal": "true"}, False),
        ({f"{AWS}type": "nlb", f"{AWS}internal": "false"}, True),
        # The AWS load balancer controller keeps to itself unless told.
        ({f"{AWS}type": "external"}, False),
        ({f"{AWS}type": "external", f"{AWS}scheme": "internet-facing"}, True),
    ],
)
def test_internal_load_balancers_have_no_public_address(annotations: dict[str, str], public: bool) -> None:
    bill = kx.bill(three_zones("aws", manifest(annotations=annotations)))
    assert (cost(bill, "Public IPv4") == pytest.approx(3 * 730 * 0.005)) is public


def test_azure_services_share_a_load_balancer_and_may_share_an_address() -> None:
    own = kx.bill(three_zones("azure", *(manifest(f"web-{k}") for k in range(50))), gb_per_month=0)
    pip = {"service.beta.kubernetes.io/azure-pip-name": "shared"}
    shared = kx.bill(
        three_zones("azure", *(manifest(f"web-{k}", pip) for k in range(50))),
        gb_per_month=0,
    )
    assert own.load_balancers == shared.load_balancers == 1
    assert own.total_per_month - shared.total_per_month == pytest.approx(49 * 3.65)
    assert {use.name: use.used for use in own.quotas}["rules_per_nic"] == 50
    assert [use.name for use in own.over_quota] == ["standard_public_ips_per_subscription_region_payg"]


def test_ports_are_rules_on_azure_and_free_on_aws_and_gcp() -> None:
    ports = [{"name": f"p{k}", "port": 80 + k, "targetPort": 8080} for k in range(7)]
    for provider, more in (("azure", 2 * 730 * 0.01), ("gcp", 0), ("aws", 0)):
        one, many = (three_zones(provider, manifest(**spec)) for spec in ({}, {"ports": ports}))
        assert kx.bill(many).total_per_month - kx.bill(one).total_per_month == pytest.approx(more)


def test_services_beyond_a_quota_are_billed_and_reported() -> None:
    nlb = [manifest(f"web-{k}", {f"{AWS}type": "nlb"}) for k in range(51)]
    bill = kx.bill(three_zones("aws", *nlb), gb_per_month=0)
    assert cost(bill, "Network load balancer") == pytest.approx(51 * 730 * 0.0225)
    assert [str(use) for use in bill.over_quota] == ["nlb_per_region: 51 of 50, too many"]
    frame = kx.compare_exposure(51)
    assert frame["over_quota"].to_dict()["one_lb_each"]
    assert not frame["over_quota"].to_dict()["one_ingress"]
    assert kx.compare_exposure(21, load_balancer="classic").loc["one_lb_each", "quota"] == 20


def test_bytes_beyond_a_quota_cross_zones_too() -> None:
    nlb = [manifest(f"web-{k}", {f"{AWS}type": "nlb"}) for k in range(52)]
    assert cost(kx.bill(three_zones("aws", *nlb), gb_per_month=300), "cross-zone") == pytest.approx(200 * 0.02)


def test_what_the_cloud_forgot_is_billed() -> None:
    found = three_zones("aws", manifest())
    found.advance(1000)
    before = kx.bill(found, gb_per_month=0)
    found.apply(manifest(annotations={f"{AWS}type": "nlb"}))
    found.advance(1000)
    after = kx.bill(found, gb_per_month=0)
    assert (before.load_balancers, after.load_balancers) == (1, 2)
    orphan, new = 730 * (0.025 + 3 * 0.005), 730 * (0.0225 + 3 * 0.005)
    assert before.total_per_month == pytest.approx(orphan)
    assert after.total_per_month == pytest.approx(orphan + new)


def test_source_ranges_let_somebody_in() -> None:
    ranges = {"loadBalancerSourceRanges": ["192.0.2.0/24"]}
    bill = kx.bill(three_zones("gcp", manifest(**ranges)), gb_per_month=300)
    assert cost(bill, "cross-zone") == pytest.approx(200 * 0.01)


def test_targets_count_once_for_each_port() -> None:
    nodes = [kx.Node(f"n{k}", addresses=(f"10.0.{k}.1",), zone="a") for k in range(101)]
    found = kx.Cluster(nodes=nodes, provider="aws")
    ports = [{"name": f"p{k}", "port": 80 + k} for k in range(5)]
    found.create(manifest(annotations={f"{AWS}type": "nlb"}, ports=ports))
    assert [use.name for use in kx.bill(found, gb_per_month=0).over_quota] == ["targets_per_nlb_per_az"]


def test_capacity_units_are_those_of_the_busiest_dimension() -> None:
    def units(**usage: float) -> float:
        found = three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"}, externalTrafficPolicy="Local"))
        items = kx.bill(found, **usage).items.set_index("name")
        return float(items["monthly_quantity"].get("Load balancer capacity units (NLCU)", 0.0))

    assert units(gb_per_month=1460) == pytest.approx(1460)
    assert units(gb_per_month=1460, new_connections_per_s=800) == pytest.approx(1460)
    assert units(gb_per_month=1460, new_connections_per_s=2400) == pytest.approx(3 * 730)
    assert units(gb_per_month=1460, active_connections=400_000) == pytest.approx(4 * 730)
    assert units(gb_per_month=0, rule_evaluations_per_s=1e6) == 0


def test_rule_evaluations_are_the_application_load_balancers() -> None:
    # 50 host rules, 500 requests a second: 8.2 LCU (prices.md, section 8).
    way = BilledEntry("ingress", "alb", gb=1, rule_evaluations_per_s=820 / 50 * 500)
    items = bill_for("aws", [way], kx.price_book()).items.set_index("name")
    assert items.loc["Load balancer capacity units (LCU)", "monthly_quantity"] == pytest.approx(8.2 * 730)


def test_udp_needs_more_units_than_tcp() -> None:
    flows = {"new_connections_per_s": 400, "gb": 0.0}
    tcp, udp, both = (
        BilledEntry("web", "nlb", ports=ports, **flows)
        for ports in (((80, "TCP"),), ((53, "UDP"),), ((80, "TCP"), (53, "UDP")))
    )
    units = [lines_of("aws", [way], kx.price_book(), None)[1].monthly_quantity / 730 for way in (tcp, udp, both)]
    assert units == [0.5, 1, 1]


def test_traffic_by_service() -> None:
    local = {f"{AWS}type": "nlb"}
    found = three_zones("aws", manifest("a", local), manifest("b", local, externalTrafficPolicy="Local"))
    assert cost(kx.bill(found, traffic_gb={"default/b": 900}), "cross-zone") == 0
    assert cost(kx.bill(found, traffic_gb={"a": 900}), "cross-zone") == pytest.approx(600 * 0.02)
    with pytest.raises(ValueError, match=r"default/c; the exposed Services are: default/a, default/b"):
        kx.bill(found, traffic_gb={"default/c": 1})


def test_a_nodeport_costs_the_bytes_that_cross_only() -> None:
    found = three_zones("aws", manifest(type="NodePort"))
    bill = kx.bill(found, gb_per_month=300)
    assert bill.load_balancers == 0
    assert bill.total_per_month == pytest.approx(200 * 0.02)


def test_services_that_nobody_serves_are_not_billed() -> None:
    assert kx.bill(three_zones("aws", manifest(loadBalancerClass="example.com/other"))).items.empty
    for provider in (None, "kind", "minikube"):
        bill = kx.bill(three_zones(provider, manifest()))
        assert (bill.total_per_month, bill.load_balancers) == (0, 0)


def test_metallb_gives_addresses_only() -> None:
    bill = kx.bill(three_zones("metallb", manifest("a"), manifest("b")))
    assert (bill.total_per_month, bill.load_balancers) == (0, 0)
    assert list(bill.items["monthly_quantity"]) == [2]
    assert [str(use) for use in bill.quotas] == ["ip_pool: 2 of 256"]
    small = three_zones(kx.provider("metallb", pool="198.51.100.0/31"), *(manifest(f"web-{k}") for k in range(3)))
    assert [str(use) for use in kx.bill(small).over_quota] == ["ip_pool: 3 of 2, too many"]


def test_digitalocean_has_a_price_for_one_of_its_types() -> None:
    unasked = kx.bill(three_zones("digitalocean", manifest()))
    assert unasked.total_per_month is None and "regional_network_lb_month" in unasked.missing[0]
    annotations = {
        "service.beta.kubernetes.io/do-loadbalancer-type": "REGIONAL",
        "service.beta.kubernetes.io/do-loadbalancer-size-unit": "3",
    }
    assert kx.bill(three_zones("digitalocean", manifest(annotations=annotations))).total_per_month == 36


def test_a_bill_leaves_the_cluster_as_it_is() -> None:
    found = three_zones("aws", manifest())
    before = (repr(found), found.now_s, found.events, found.sends)
    kx.bill(found)
    assert (repr(found), found.now_s, found.events, found.sends) == before


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


@settings(max_examples=150, deadline=None)
@given(CASE)
def test_a_bill_is_the_sum_of_its_lines_and_never_negative(case: tuple[str, list[BilledEntry]]) -> None:
    bill = bill_for(*case, FILLED)
    costs = list(bill.items["monthly_cost"])
    assert all(cost >= 0 for cost in costs)
    assert bill.total_per_month == math.fsum(costs)
    for _, line in bill.items.iterrows():
        assert line["monthly_cost"] == line["monthly_quantity"] * line["unit_price"]


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=100, deadline=None)
@given(CASE, st.randoms())
def test_a_bill_does_not_depend_on_the_order(case: tuple[str, list[BilledEntry]], chance: Any) -> None:
    provider, ways = case
    other = ways.copy()
    chance.shuffle(other)
    assert lines_of(provider, ways, FILLED, None) == lines_of(provider, other, FILLED, None)


@settings(max_examples=60, deadline=None)
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


def test_a_bill_of_a_cluster_does_not_depend_on_the_order_of_services() -> None:
    services = [manifest(f"web-{k}", {f"{AWS}type": "nlb"} if k % 2 else {}) for k in range(6)]
    for provider in ("aws", "gcp", "azure"):
        bills = [kx.bill(three_zones(provider, *listed)) for listed in (services, services[::-1])]
        assert bills[0].items.equals(bills[1].items)


def test_examples_build_what_they_say() -> None:
    assert len(cluster({"provider": "aws", "services": 3, "zones": 2}).nodes) == 2
