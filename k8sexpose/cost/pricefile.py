"""Reads price books: the course's ``data/prices.toml``, and a learner's own prices on top of it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from ..data import load
from .prices import HOURS_PER_MONTH, CapacityUnit, Component, Price, PriceBook, ProviderPlaces, Quota, book_name

__all__ = ["PriceSource", "price_book"]

PriceSource: TypeAlias = str | Path | Mapping[str, Any] | PriceBook | None

# What every row says; the rest is optional.
REQUIRED = ("price", "currency", "unit", "region", "source", "as_of")
OPTIONAL = ("tier", "confidence", "note")
TABLES = ("book", "providers", "prices", "quotas", "capacity_units", "sources")


@cache
def _own_book() -> PriceBook:
    return _read(load("prices"), None)


def price_book(prices: PriceSource = None) -> PriceBook:
    """Read the price book, and yours on top of it.

    Parameters
    ----------
    prices : str, Path, mapping or PriceBook, optional
        Your own prices, in the form of ``data/prices.toml`` or a part of it: a path (or one line that ends in
        ``.toml``), the text, or the objects. In objects and text ``[prices.aws.nlb]`` may be written ``[aws.nlb]``,
        and a bare number stands for a price in all regions.

    Returns
    -------
    PriceBook
        Your rows hide those of the course for the same component; all others stay.

    Raises
    ------
    ValueError
        If a row is incomplete, or names something that nobody charges for.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> mine = price_book({"aws": {"nlb": {"nlb_hour": 0.02}}})
    >>> mine.find("aws", "nlb", "nlb_hour", "eu-west-1")[0].price
    0.02
    """
    if prices is None:
        return _own_book()
    if isinstance(prices, PriceBook):
        return prices
    if isinstance(prices, str) and ("\n" in prices.strip() or not prices.strip().endswith(".toml")):
        return _read(tomllib.loads(prices), _own_book())
    if isinstance(prices, str | Path):
        return _read(tomllib.loads(Path(prices).read_text(encoding="utf-8")), _own_book())
    return _read(prices, _own_book())


def _read(data: Mapping[str, Any], under: PriceBook | None) -> PriceBook:
    """Read a book; `under` is the one that it lies on."""
    if under is not None and not set(data) & set(TABLES):
        data = {"prices": data}
    if unknown := set(data) - set(TABLES):
        raise ValueError(f"a price book has the tables {', '.join(TABLES)}, not {', '.join(sorted(unknown))}")
    head, sources = data.get("book", {}), data.get("sources", {})
    providers = dict(under.providers if under else {})
    for name, entry in data.get("providers", {}).items():
        if missing := [field for field in ("currency", "default_region", "regions") if field not in entry]:
            raise ValueError(f"providers.{name}: {', '.join(missing)} not set")
        providers[book_name(name)] = ProviderPlaces(entry["currency"], entry["default_region"], tuple(entry["regions"]))
    known = under.layers[-1] if under else None
    layer: dict[Component, tuple[Price, ...]] = {}
    for key, listed in _components(data.get("prices", {})):
        if known is not None and key not in known:
            raise ValueError(_unknown(key, known))
        currency = providers[key[0]].currency
        layer[key] = tuple(_price(key, row, sources, currency) for row in listed)
    quotas = {
        (book_name(provider), name): _quota(book_name(provider), name, row, sources)
        for provider, rows in data.get("quotas", {}).items()
        for name, row in rows.items()
    }
    units = {name: _unit(name, row, sources) for name, row in data.get("capacity_units", {}).items()}
    return PriceBook(
        (layer, *(under.layers if under else ())),
        providers,
        {**(under.quotas if under else {}), **quotas},
        {**(under.capacity_units if under else {}), **units},
        head.get("hours_per_month", under.hours_per_month if under else HOURS_PER_MONTH),
        frozenset(head.get("every_region", ())) | (under.every_region if under else frozenset()),
        str(head.get("as_of", under.as_of if under else "")),
    )


def _components(prices: Mapping[str, Any]) -> Iterator[tuple[Component, Iterable[Any]]]:
    for provider, products in prices.items():
        for product, components in _table(provider, products).items():
            for component, rows in _table(f"{provider}.{product}", components).items():
                listed = rows if isinstance(rows, list | tuple) else [rows]
                yield (book_name(provider), product, component), listed


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"prices stand as provider, product, component: {name} is {value!r}, not a table")
    return value


def _unknown(key: Component, known: Iterable[Component]) -> str:
    """Say what there is at the place where a name is not known."""
    for depth in range(3):
        names = sorted({other[depth] for other in known if other[:depth] == key[:depth]})
        if key[depth] not in names:
            break
    return f"nobody charges for {'.'.join(key)}; there are: {', '.join('.'.join((*key[:depth], n)) for n in names)}"


def _price(key: Component, row: Any, sources: Mapping[str, Any], currency: str) -> Price:
    name = ".".join(key)
    if isinstance(row, int | float):
        row = {
            "price": row,
            "currency": currency,
            "unit": "",
            "region": "all",
            "source": "your price",
            "as_of": "yours",
        }
    row = _table(name, row)
    missing = [field for field in REQUIRED if field not in row]
    unknown = sorted(set(row) - {*REQUIRED, *OPTIONAL})
    if missing or unknown:
        told = (("lacks", missing), ("does not know", unknown))
        wrong = " and ".join(f"{verb} {', '.join(fields)}" for verb, fields in told if fields)
        raise ValueError(f"a row of {name} {wrong}")
    lower, upper = (float(edge) for edge in row.get("tier", (0, math.inf)))
    price = row["price"]
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < math.inf:
        raise ValueError(f"a row of {name} has the price {price!r}; a price is a number from 0 on")
    if not 0 <= lower < upper:
        raise ValueError(f"a row of {name} has the tier {row['tier']!r}; a tier goes from a lower to a higher number")
    return Price(
        *key, float(price), str(row["currency"]), str(row["unit"]), str(row["region"]), lower, upper,
        _title(row["source"], sources), str(row["as_of"]), str(row.get("confidence", "")), str(row.get("note", "")),
    )  # fmt: skip


def _quota(provider: str, name: str, row: Mapping[str, Any], sources: Mapping[str, Any]) -> Quota:
    source, as_of = _title(row["source"], sources), str(row["as_of"])
    return Quota(provider, name, int(row["value"]), row.get("adjustable"), source, as_of, row.get("note", ""))


def _unit(name: str, row: Mapping[str, Any], sources: Mapping[str, Any]) -> CapacityUnit:
    return CapacityUnit(name, **{**row, "source": _title(row["source"], sources), "as_of": str(row["as_of"])})


def _title(source: Any, sources: Mapping[str, Any]) -> str:
    return str(sources.get(source, {}).get("title", source))
