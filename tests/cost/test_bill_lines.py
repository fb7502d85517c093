"""How a charge becomes lines, and what a bill says of itself: tiers at their boundaries, missing prices, quotas, words."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

import k8sexpose as kx
from k8sexpose.cost.billing import (
    Line,
    QuotaUse,
    _lines_for,
    _priced,
    bill_for,
    bill_of,
    currency_of,
    entries_of,
    lines_of,
    total_of,
)
from k8sexpose.cost.charges import BilledEntry, Charge
from k8sexpose.cost.prices import PriceBook
from k8sexpose.cost.usage import MonthlyTraffic
from tests.cost.helpers import manifest, three_zones


def row(price: float, tier: tuple[float, float] | None = None, **changes: Any) -> dict[str, Any]:
    found = {"price": price, "currency": "EUR", "unit": "LB-month", "region": "all", "source": "me", "as_of": "2026-05"}
    return found | ({"tier": list(tier)} if tier else {}) | changes


def book_of(*rows: dict[str, Any]) -> PriceBook:
    return kx.price_book({"hetzner": {"lb11": {"lb11_month": list(rows)}}})


def priced(quantity: float, book: PriceBook, *, unit: str = "LB-month", by_tier: bool = True) -> list[Line]:
    charge = Charge("Load balancer", "lb11", ("lb11_month",), unit, quantity, by_tier)
    return list(_priced("hetzner", charge, book, "fsn1"))


TIERS = book_of(row(10, (0, 5)), row(7, (5, 20)), row(1, (20, math.inf)))


@pytest.mark.parametrize(
    ("quantity", "parts"),
    [
        (0, []), (1, [1]), (5, [5]), (5.5, [5, 0.5]), (6, [5, 1]), (20, [5, 15]), (21, [5, 15, 1]),
        (120, [5, 15, 100]),
    ],
)  # fmt: skip
def test_each_tier_prices_its_part_of_the_quantity(quantity: float, parts: list[float]) -> None:
    lines = priced(quantity, TIERS)
    assert [line.monthly_quantity for line in lines] == parts
    assert [line.unit_price for line in lines] == [10, 7, 1][: len(parts)]
    assert [line.monthly_cost for line in lines] == [
        part * price for part, price in zip(parts, [10, 7, 1], strict=False)
    ]
    assert not any(line.missing for line in lines)


def test_what_no_tier_covers_has_no_amount() -> None:
    above = priced(8, book_of(row(10, (0, 5))))
    assert [(line.monthly_quantity, line.missing) for line in above] == [
        (5, ""), (3, "lb11_month (hetzner lb11, fsn1)"),
    ]  # fmt: skip
    assert math.isnan(above[1].unit_price) and math.isnan(above[1].monthly_cost)
    below = priced(8, book_of(row(10, (2, 100))))
    assert [(line.monthly_quantity, bool(line.missing)) for line in below] == [(6, False), (2, True)]
    [only] = priced(2, book_of(row(10, (2, 100))))
    assert only.missing and only.monthly_quantity == 2
    # A rest that is rounding is none.
    assert len(priced(5.000000000001, book_of(row(10, (0, 5))))) == 1
    assert len(priced(5.00001, book_of(row(10, (0, 5))))) == 2


def test_a_quantity_that_is_cut_already_is_not_cut_again() -> None:
    [line] = priced(8, book_of(row(10, (0, 5))), by_tier=False)
    assert (line.monthly_quantity, line.monthly_cost) == (8, 80)


@pytest.mark.parametrize(("priced_in", "counted_in", "shown"), [
    ("GB", "GB", "GB"), ("GiB", "GB", "GiB"), ("GB", "GiB", "GB"), ("LB-month", "LB-month", "LB-month"),
])  # fmt: skip
def test_bytes_are_counted_as_the_provider_counts_them(priced_in: str, counted_in: str, shown: str) -> None:
    [line] = priced(3, book_of(row(2, unit=priced_in)), unit=counted_in)
    assert (line.unit, line.monthly_cost) == (shown, 6)


@pytest.mark.parametrize(("priced_in", "counted_in"), [("GB", "LB-month"), ("LB-hour", "LB-month"), ("GiB", "hour")])
def test_the_price_of_one_thing_is_not_that_of_another(priced_in: str, counted_in: str) -> None:
    with pytest.raises(ValueError, match=rf"^lb11_month is the price of one {priced_in}, but {counted_in} is counted$"):
        priced(3, book_of(row(2, unit=priced_in)), unit=counted_in)


def test_a_line_has_the_source_the_date_and_the_address_of_its_price() -> None:
    entry = BilledEntry("a", "alb")
    lines = {line.name: line for line in lines_of("aws", [entry], kx.price_book(), None)}
    [found] = kx.price_book().find("aws", "alb", "alb_hour", "us-east-1")
    line = lines["Application load balancer"]
    assert (line.source, line.as_of, line.url, line.currency) == (found.source, found.as_of, found.url, "USD")
    assert found.url.startswith("https://")
    assert bill_for("aws", [entry], kx.price_book()).links[found.source] == found.url
    assert bill_for("hetzner", [BilledEntry("a", "lb11")], book_of(row(3))).links == {}


def test_a_provider_without_a_list_is_named_with_those_that_have_one() -> None:
    with pytest.raises(ValueError, match=r"^there is no price list for provider 'mars'; there are: aws, gcp, azure, "):
        lines_of("mars", [], kx.price_book(), None)


def test_the_sum_of_lines_is_none_where_one_is_missing() -> None:
    lines = priced(8, book_of(row(10, (0, 5))))
    assert total_of(lines[:1]) == 50 and total_of(lines) is None and total_of([]) == 0


def test_a_bill_has_one_currency_or_that_of_its_provider() -> None:
    lines = priced(6, book_of(row(10, (0, 5)), row(7, (5, 20), currency="USD")))
    with pytest.raises(ValueError, match=r"^a bill has one currency; the prices of hetzner are in EUR and USD$"):
        currency_of("hetzner", lines, kx.price_book())
    assert currency_of("hetzner", lines[1:], kx.price_book()) == "USD"
    assert currency_of("hetzner", [], kx.price_book()) == kx.price_book().currency("hetzner") == "EUR"
    missing = priced(2, book_of(row(10, (2, 100))))
    assert currency_of("hetzner", missing, kx.price_book()) == "EUR"


# -- estimates ----


def units(book: PriceBook, region: str, estimate: bool) -> list[Line]:
    """The lines of three capacity units, which the book does not price in Paris (eu-west-3); London is nearest."""
    charge = Charge("Units", "nlb", ("nlb_nlcu_hour",), "NLCU-hour", 3)
    return list(_lines_for("aws", charge, book, region, estimate))


def london(*tiers: tuple[float, tuple[float, float]]) -> PriceBook:
    rows = [row(price, tier, region="eu-west-2", unit="NLCU-hour", currency="USD") for price, tier in tiers]
    return kx.price_book({"aws": {"nlb": {"nlb_nlcu_hour": rows}}})


def test_an_estimate_takes_every_tier_of_the_nearest_region() -> None:
    book = london((10, (0, 1)), (7, (1, math.inf)))
    [strict] = units(book, "eu-west-3", False)
    assert strict.missing == "nlb_nlcu_hour (aws nlb, eu-west-3)" and not strict.estimated
    guessed = units(book, "eu-west-3", True)
    assert [line.name for line in guessed] == ["Units (estimated: price of eu-west-2)"] * 2
    assert [(line.monthly_cost, line.estimated, line.missing) for line in guessed] == [(10, True, ""), (14, True, "")]
    assert [(line.name, line.estimated) for line in units(book, "eu-west-2", True)] == [("Units", False)] * 2


def test_an_estimate_that_would_lack_a_part_too_is_none() -> None:
    guessed = units(london((10, (0, 1))), "eu-west-3", True)
    assert [(line.name, line.monthly_quantity, line.estimated) for line in guessed] == [("Units", 3, False)]
    assert guessed[0].missing == "nlb_nlcu_hour (aws nlb, eu-west-3)"


# -- what a bill says ----

COLUMNS = ["name", "monthly_quantity", "unit", "unit_price", "monthly_cost", "source", "as_of"]


def made(*lines: tuple[str, float], **changes: Any) -> kx.Bill:
    """A bill with a line of one piece for each name and price; NaN is a price that nobody shows."""
    rows = [(name, 1.0, "LB", price, price, "me", "2026-05-01" if price == price else "") for name, price in lines]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return kx.Bill(**{"provider": "aws", "region": "us-east-1", "currency": "USD", "items": frame} | changes)


LACKING = {"missing": ("x (aws nlb, us-east-1)", "y (aws nlb, us-east-1)")}


@pytest.mark.parametrize(
    ("bill", "headline"),
    [
        (made(("a", 1000.5), ("b", 234)), "1,234.50 USD a month"),
        (made(), "0.00 USD a month: nothing here is charged for"),
        (made(provider="kind"), "0.00 USD a month: nobody charges for what kind does"),
        (made(("a", math.nan), ("b", math.nan), **LACKING), "unknown: the price book has no price for a, b"),
        (made(("a", 2), ("b", math.nan), **LACKING), "at least 2.00 USD a month; one line without a price"),
        (made(("a", 2), ("b", math.nan), ("c", math.nan), **LACKING),
         "at least 2.00 USD a month; 2 lines without a price"),
        (made(("a", 2), ("b", 5), estimated=("b",)),
         "at least 2.00 USD a month; one line estimated, about 7.00 USD with it"),
        (made(("a", 2), ("b", 5), ("c", 6), estimated=("b", "c")),
         "at least 2.00 USD a month; 2 lines estimated, about 13.00 USD with them"),
        (made(("a", 2), ("b", 5), ("c", math.nan), estimated=("b",), **LACKING),
         "at least 2.00 USD a month; one line estimated and one line without a price"),
        (made(("b", 5), estimated=("b",)), "about 5.00 USD a month; one line estimated"),
        (made(("a", 0), ("b", math.nan), **LACKING), "unknown: the price book has no price for b"),
    ],
)  # fmt: skip
def test_the_headline_says_what_is_known_and_what_is_left_open(bill: kx.Bill, headline: str) -> None:
    assert bill.headline == headline


def test_what_is_known_is_not_estimated_and_has_a_price() -> None:
    bill = made(("a", 2), ("b", 5), ("c", math.nan), ("d", 8), estimated=("b",), **LACKING)
    assert (bill.known_per_month, bill.total_per_month) == (10, None)
    assert made(("a", 2), ("b", 5), estimated=("b",)).total_per_month == 7
    assert made().total_per_month == 0 == made().known_per_month


FULL, OVER = QuotaUse("nlb_per_region", 50, 50), QuotaUse("clb_per_region", 21, 20, adjustable=True)


def test_a_quota_that_is_used_up_suffices_and_one_more_is_too_many() -> None:
    assert (FULL.over, str(FULL)) == (False, "nlb_per_region: 50 of 50")
    assert (OVER.over, str(OVER)) == (True, "clb_per_region: 21 of 20, too many")
    assert made(("a", 1), quotas=(FULL, OVER)).over_quota == (OVER,)


@pytest.mark.parametrize(
    ("bill", "summary"),
    [
        (made(("a", 1234.5)), "Estimate for aws us-east-1: 1,234.50 USD a month (list prices of 2026-05-01)"),
        (made(), "Estimate for aws us-east-1: 0.00 USD a month (list prices of no date)"),
        (made(provider="kind", region=""), "Estimate for kind: 0.00 USD a month (list prices of no date)"),
        (made(("a", math.nan), missing=("x", "y"), quotas=(FULL,)),
         "Estimate for aws us-east-1: unknown (list prices of no date); no price for x, y"),
        (made(("a", 1), ("b", 2), quotas=(FULL, OVER)),
         "Estimate for aws us-east-1: 3.00 USD a month (list prices of 2026-05-01); "
         "over quota: clb_per_region: 21 of 20, too many"),
    ],
)  # fmt: skip
def test_the_summary_is_one_line(bill: kx.Bill, summary: str) -> None:
    assert bill.summary == summary
    assert repr(bill) == f"<Bill: {summary}>"


def test_lines_are_printed_with_their_numbers() -> None:
    frame = pd.DataFrame(
        [("Hours", 1460.0, "LB-hour", 0.0225, 32.85, "me", "2026-05-01"), ("Bytes", 1234.5, "GB", math.nan, math.nan, "no price in the book", "")],
        columns=COLUMNS,
    )  # fmt: skip
    bill = made(items=frame, missing=("x",))
    assert list(bill.rows()) == [
        ("Hours", "1,460", "LB-hour", "0.0225", "32.85", "me", "2026-05-01"),
        ("Bytes", "1,234.50", "GB", "no price in the book", "", "no price in the book", ""),
    ]
    assert str(bill).splitlines()[1:] == [
        "  Hours: 1,460 LB-hour × 0.0225 = 32.85", "  Bytes: 1,234.50 GB × no price in the book = ",
    ]  # fmt: skip
    assert bill.as_of == ("2026-05-01",)


class Printer:
    def __init__(self) -> None:
        self.said = ""

    def text(self, words: str) -> None:
        self.said += words


def test_a_terminal_shows_all_lines_and_within_itself_one() -> None:
    bill = made(("a", 1))
    for cycle, expected in ((False, str(bill)), (True, repr(bill))):
        printer = Printer()
        bill._repr_pretty_(printer, cycle)
        assert printer.said == expected


# -- the bill of a cluster ----


def test_a_bill_without_numbers_is_that_of_a_thousand_gb_of_which_a_tenth_comes_in() -> None:
    for provider in ("aws", "gcp", "azure"):
        cluster = three_zones(provider, manifest())
        told = kx.bill(
            cluster, gb_per_month=1000, request_share=0.1, new_connections_per_s=0, active_connections=0,
            rule_evaluations_per_s=0, outbound_rule=False, estimate=False,
        )  # fmt: skip
        assert kx.bill(cluster).items.equals(told.items)
        assert not kx.bill(cluster, gb_per_month=1001).items.equals(told.items)


@pytest.mark.parametrize(("provider", "more"), [("azure", 1), ("aws", 0), ("gcp", 0)])
def test_only_aks_makes_an_outbound_rule(provider: str, more: int) -> None:
    cluster = three_zones(provider, manifest())
    plain, asked = (entries_of(cluster, MonthlyTraffic(), rule) for rule in (False, True))
    assert entries_of(cluster, MonthlyTraffic()) == plain  # nobody has such a rule who does not say so
    assert len(asked) - len(plain) == more
    if more:
        assert (asked[-1].name, asked[-1].kind) == ("the outbound rule", "standard")
        price = kx.bill(cluster, outbound_rule=True).total_per_month
        assert price == pytest.approx(kx.bill(cluster).total_per_month + 3.65)  # its address: 730 h at 0.005 USD
    assert entries_of(kx.Cluster(nodes=1, provider=None), MonthlyTraffic(), True) == ()


def test_no_cloud_no_bill() -> None:
    for provider in (None, "kind", "minikube"):
        bill = kx.bill(three_zones(provider, manifest()))
        name = provider or "none"
        assert (bill.provider, bill.region, bill.currency, len(bill.items)) == (name, "", "USD", 0)
        assert bill.total_per_month == 0 and bill.quotas == () and bill.load_balancers == 0


def test_prices_of_aws_are_those_of_the_region_in_its_names_unless_another_is_asked_for() -> None:
    there = kx.provider("aws", region="eu-central-1")
    assert kx.bill(three_zones(there, manifest())).region == "eu-central-1"
    assert kx.bill(three_zones(there, manifest()), region="us-west-2").region == "us-west-2"
    assert kx.bill(three_zones("aws", manifest())).region == "us-east-1"
    assert kx.bill(three_zones("gcp", manifest())).region == "us-central1"


def test_a_region_is_of_the_provider_and_not_of_software_on_its_nodes() -> None:
    nodes = [kx.Node("n1", addresses=("10.0.0.1",), provider_id="k3s://n1")]
    cluster = kx.Cluster(nodes=nodes)
    cluster.create(manifest())
    entries = entries_of(cluster, MonthlyTraffic())
    assert bill_of(cluster, entries, kx.price_book(), "mars").region == kx.price_book().region("k3s", None)
    with pytest.raises(ValueError, match="mars"):
        kx.bill(three_zones("aws"), region="mars")


def test_the_pool_of_metallb_is_a_quota_of_addresses() -> None:
    pool = "198.51.100.0/31, 203.0.113.0/30"
    cluster = three_zones(kx.provider("metallb", pool=pool), *(manifest(f"web-{k}") for k in range(6)))
    [use] = kx.bill(cluster).quotas
    assert (use.name, use.used, use.limit, use.over) == ("ip_pool", 6, 6, False)
    shared = [BilledEntry(f"web-{k}", "address", address="198.51.100.0") for k in range(3)]
    alone = [BilledEntry("alone", "address"), BilledEntry("by-node", "nodeport")]
    [use] = bill_of(cluster, [*shared, *alone], kx.price_book(), None).quotas
    assert use.used == 2


def test_what_nobody_uses_of_a_quota_is_not_listed() -> None:
    assert kx.bill(three_zones("aws")).quotas == ()
    used = {use.name: (use.used, use.limit) for use in kx.bill(three_zones("aws", manifest())).quotas}
    book = kx.price_book()
    assert used == {"clb_per_region": (1, book.quota("aws", "clb_per_region").value)}  # type: ignore[union-attr]
    [use] = kx.bill(three_zones("aws", manifest())).quotas
    quota = book.quota("aws", "clb_per_region")
    assert quota and (use.adjustable, use.source, use.as_of) == (quota.adjustable, quota.source, quota.as_of)


def test_nothing_is_estimated_unless_one_asks() -> None:
    """Capacity units have no price in Paris (eu-west-3)."""
    book, entry = kx.price_book(), BilledEntry("a", "nlb", gb=1000)
    assert total_of(lines_of("aws", [entry], book, "eu-west-3")) is None
    assert total_of(lines_of("aws", [entry], book, "eu-west-3", True)) is not None
    assert bill_for("aws", [entry], book, "eu-west-3").estimated == ()
    assert bill_of(three_zones("aws"), [entry], book, "eu-west-3").estimated == ()
    assert bill_of(three_zones("aws"), [entry], book, "eu-west-3", estimate=True).estimated


def test_a_price_of_ones_own_in_a_region_of_ones_own_is_no_estimate() -> None:
    mine = [row(3, region="my-region", unit="NLCU-hour", currency="USD")]
    book = kx.price_book({"aws": {"nlb": {"nlb_nlcu_hour": mine}}})
    for estimate in (False, True):
        assert [(line.name, line.monthly_cost, line.estimated) for line in units(book, "my-region", estimate)] == [
            ("Units", 9, False)
        ]


def test_a_price_without_a_unit_is_that_of_what_is_counted() -> None:
    book = kx.price_book({"hetzner": {"lb11": {"lb11_month": 4}}})
    [line] = priced(3, book)
    assert (line.unit, line.monthly_cost) == ("LB-month", 12)


def test_a_pool_is_a_matter_of_metallb() -> None:
    cluster = three_zones(kx.provider("aws", pool="198.51.100.0/29"), manifest())
    assert [use.name for use in kx.bill(cluster).quotas] == ["clb_per_region"]
