"""The price book: complete, with the facts' numbers, and prices of one's own."""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cost.prices import OPTIONAL, REQUIRED
from tests.cost.helpers import FACTS

BOOK_FILE = Path(kx.__file__).parent / "data/prices.toml"
BOOK = tomllib.loads(BOOK_FILE.read_text(encoding="utf-8"))


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
