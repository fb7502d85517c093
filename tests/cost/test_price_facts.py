"""The later price facts in the book: what enters, and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8sexpose.cost.prices import price_book
from tests.cost.helpers import FACTS, HERE
from tools.generate.price_book import ITEMS, join, tables, write

LATER = json.loads((HERE / "conformance/prices-2.json").read_text(encoding="utf-8"))
BOOK = price_book()


def prices(provider: str, item: str, region: str) -> set[float]:
    return {row.price for row in BOOK.find(provider, ITEMS[provider][item], item, region)}


def fact(**fields: Any) -> dict[str, Any]:
    made = {"provider": "aws", "item": "nlb_hour", "unit": "LB-hour", "region": "eu-west-3", "price": 0.5, "note": "",
            "currency": "USD", "source": "somebody", "date": "2026-11", "sure": "read myself",
            "cross_check": "one source"}  # fmt: skip
    return {**made, **fields}


@pytest.mark.parametrize(
    ("provider", "item", "region", "price"),
    [
        ("aws", "alb_lcu_hour", "eu-west-2", 0.0084), ("aws", "nlb_nlcu_hour", "us-west-2", 0.006),
        ("gcp", "additional_rule", "europe-west3", 0.012), ("digitalocean", "regional_network_lb_month", "all", 15),
        ("hetzner", "lb11_month", "EU, ex VAT", 7.49), ("linode_akamai", "nodebalancer_month_cap", "br-gru", 14),
        ("gcp", "first_5_rules_bundle", "asia-northeast1", 0.038),
    ],
)  # fmt: skip
def test_a_price_of_the_later_facts_is_that_of_the_book(provider: str, item: str, region: str, price: float) -> None:
    assert prices(provider, item, region) == {price}


def test_the_file_is_what_the_generator_writes() -> None:
    book = tables(FACTS)
    book["book"]["as_of"] = BOOK.as_of
    join(book, LATER["rows"])
    path = HERE.parent / "k8sexpose/data/prices.toml"
    assert path.read_text(encoding="utf-8") == write(book)


@pytest.mark.parametrize(
    "facts",
    [
        [fact(sure="excerpt read; outdated")], [fact(region="fsn1, gross")], [fact(region="us-gov-west-1")],
        [fact(), fact(price=0.6)], [fact(sure="second-hand (fixture, maybe invented)")],
        [fact(item="global_lb_month")], [fact(provider="vultr")],
    ],
)  # fmt: skip
def test_what_is_doubtful_does_not_enter(facts: list[dict[str, Any]]) -> None:
    book = tables(FACTS)
    before = write(book)
    join(book, facts)
    assert write(book) == before


def test_an_outdated_price_does_not_contradict_a_newer_one() -> None:
    book = tables(FACTS)
    join(book, [fact(price=0.6, sure="read myself; outdated"), fact()])
    assert [row["price"] for row in book["prices"]["aws"]["nlb"]["nlb_hour"] if row["region"] == "eu-west-3"] == [0.5]


def test_no_title_of_a_source_names_where_a_copy_was_stored() -> None:
    later = {row.source for row in BOOK.prices}
    assert not [title for title in later if "stored-index" in title]
