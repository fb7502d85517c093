"""Prices that the book lacks: strict without being asked, estimated by the nearest region when asked."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cost import billing
from k8sexpose.cost.charges import Charge
from k8sexpose.cost.nearest import nearest_priced
from k8sexpose.cost.prices import price_book
from k8sexpose.data import load
from tests.cost.helpers import AWS, manifest, three_zones
from tools.generate.price_table import page

ROOT = Path(__file__).parents[2]
NLB = manifest(annotations={f"{AWS}type": "nlb"})


def test_a_missing_price_makes_no_total_unless_an_estimate_is_asked_for() -> None:
    cluster = three_zones("aws", NLB)
    strict = kx.bill(cluster, region="eu-west-3")
    assert strict.total_per_month is None
    assert strict.estimated == ()
    assert strict.headline.startswith(f"at least {strict.known_per_month:,.2f} USD a month; one line without a price")


def test_an_estimated_line_names_the_region_and_stays_out_of_what_is_known() -> None:
    cluster = three_zones("aws", NLB)
    strict, guessed = (kx.bill(cluster, region="eu-west-3", estimate=on) for on in (False, True))
    assert guessed.estimated == ("Load balancer capacity units (NLCU) (estimated: price of eu-west-2)",)
    assert guessed.missing == ()
    assert guessed.known_per_month == pytest.approx(strict.known_per_month)
    near = kx.bill(cluster, region="eu-west-2").items.set_index("name")["monthly_cost"]
    units = float(near["Load balancer capacity units (NLCU)"])
    assert guessed.total_per_month == pytest.approx(strict.known_per_month + units)
    known = f"{guessed.known_per_month:,.2f} USD a month"
    assert guessed.headline.startswith(f"at least {known}; one line estimated")


def test_a_complete_bill_is_the_same_with_and_without_estimates() -> None:
    cluster = three_zones("aws", NLB)
    strict, asked = (kx.bill(cluster, region="us-west-2", estimate=on) for on in (False, True))
    assert strict.total_per_month == asked.total_per_month == strict.known_per_month
    assert strict.headline == asked.headline == f"{strict.total_per_month:,.2f} USD a month"


def test_a_charge_of_which_a_part_has_no_price_is_estimated_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def tier(upper: float) -> SimpleNamespace:
        return SimpleNamespace(
            unit="hour", component="c", lower=0, upper=upper, price=2.0, source="s", as_of="d", currency="USD", url="",
        )  # fmt: skip

    tiers = {"here": [tier(10)], "near": [tier(math.inf)]}
    book: Any = SimpleNamespace(find=lambda provider, product, name, region: tiers[region])
    monkeypatch.setattr(billing, "nearest_priced", lambda *asked: "near")
    charge = Charge("x", "product", ("c",), "hour", 20)
    [line] = billing._lines_for("aws", charge, book, "here", True)
    assert (line.estimated, line.monthly_cost) == (True, 40)
    assert [bool(line.missing) for line in billing._lines_for("aws", charge, book, "here", False)] == [False, True]


def test_where_no_region_has_a_price_nothing_is_guessed() -> None:
    made = kx.bill(three_zones("generic", manifest()), estimate=True)
    assert made.total_per_month is None
    assert made.headline == "unknown: the price book has no price for Load balancer"


@pytest.mark.parametrize(("region", "near"), [("ap-northeast-3", "ap-northeast-1"), ("us-west-1", "us-west-2"),
                                              ("eu-south-2", "eu-west-2"), ("ca-west-1", "us-west-2")])  # fmt: skip
def test_the_nearest_region_is_the_nearest_on_the_globe(region: str, near: str) -> None:
    assert nearest_priced(price_book(), "aws", "nlb", "nlb_nlcu_hour", region) == near


@pytest.mark.parametrize("provider", ["kind", "minikube", "metallb"])
def test_software_that_one_runs_oneself_costs_nothing_and_says_so(provider: str) -> None:
    made = kx.bill(three_zones(provider, manifest()))
    assert made.total_per_month == 0
    assert made.headline == f"0.00 USD a month: nobody charges for what {provider} does"


def test_a_cluster_of_k3s_pays_nobody() -> None:
    nodes = [kx.Node(f"n{n}", addresses=(f"10.0.0.{n}",), provider_id=f"k3s://n{n}") for n in (1, 2)]
    cluster = kx.Cluster(nodes=nodes)
    cluster.create(manifest())
    made = kx.bill(cluster)
    assert (made.provider, made.total_per_month, list(made.items["name"])) == ("k3s", 0, ["ServiceLB of k3s"])
    mixed = kx.Cluster(nodes=[*nodes, kx.Node("n3", addresses=("10.0.0.3",), provider_id="hcloud://3")])
    mixed.create(manifest())
    assert kx.bill(mixed).total_per_month is None


def test_the_annotation_scheme_is_read_by_the_aws_controller_only() -> None:
    in_tree = three_zones("aws", manifest(annotations={f"{AWS}type": "nlb", f"{AWS}scheme": "internal"}))
    assert "Public IPv4 address" in set(kx.bill(in_tree).items["name"])
    theirs = {f"{AWS}type": "external", f"{AWS}nlb-target-type": "ip", f"{AWS}scheme": "internal"}
    of_controller = three_zones(kx.provider("aws", load_balancer_controller=True), manifest(annotations=theirs))
    assert "Public IPv4 address" not in set(kx.bill(of_controller).items["name"])


def test_the_table_in_the_docs_is_that_of_the_book() -> None:
    assert (ROOT / "docs/prices.md").read_text(encoding="utf-8") == page(price_book())


def test_each_region_has_a_place_and_a_source() -> None:
    told = load("regions")
    sources = told.pop("sources")
    rows = [row for regions in told.values() for row in regions.values()]
    assert rows and all(row["place"] and row["source"] in sources for row in rows)
    assert {row["source"] for row in rows} == set(sources), "none is without a row"
    assert all(
        source["url"].startswith("https://") and source["title"] and source["read"] for source in sources.values()
    )
    assert all(-90 <= row["at"][0] <= 90 and -180 <= row["at"][1] <= 180 for row in rows)
