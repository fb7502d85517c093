"""The price book: every number of a bill that a cloud provider decides, with its source and its date.

The numbers are in ``data/prices.toml`` (read by `k8sexpose.cost.prices`); a book of your own is laid on top of it.
Nothing here guesses: what neither book prices is not priced.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, TypeAlias

from ..data import load

__all__ = ["CapacityUnit", "Price", "PriceBook", "PriceSource", "ProviderPlaces", "Quota", "book_name", "price_book"]

Component = tuple[str, str, str]  # provider, product, component

HOURS_PER_MONTH = 730  # as the cost tools count
# Names that the book knows under another one.
ALIASES = {"linode": "linode_akamai", "metallb": "onprem", "docker-desktop": "docker_desktop"}


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the book.

    Parameters
    ----------
    provider, product, component : str
        What is priced, such as aws, nlb, nlb_hour.
    price : float
        For one unit, in `currency`.
    currency, unit : str
        Such as USD and LB-hour. GB and GiB are the provider's, and never converted.
    region : str
        Where it is the price.
    lower, upper : float
        The part of a month's quantity that it is the price of, in units.
    source, as_of : str
        Who says so, and when. No price was read live.
    confidence, note : str
        How sure the source is; a remark.
    """

    provider: str
    product: str
    component: str
    price: float
    currency: str
    unit: str
    region: str
    lower: float
    upper: float
    source: str
    as_of: str
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit that a provider sets.

    Parameters
    ----------
    provider, name : str
        Such as aws, nlb_per_region.
    value : int
        How many there may be.
    adjustable : bool, optional
        Whether the provider raises it on request; None where the source does not say.
    source, as_of : str
        Who says so, and when.
    note : str
        A remark.
    """

    provider: str
    name: str
    value: int
    adjustable: bool | None
    source: str
    as_of: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CapacityUnit:
    """What one capacity unit of a load balancer can do at the same time.

    Parameters
    ----------
    name : str
        LCU (application load balancer), NLCU_TCP, NLCU_UDP or NLCU_TLS (network load balancer).
    new_connections_per_s, active_connections, gb_per_hour : float
        One unit of each dimension.
    rule_evaluations_per_s : float
        The same; infinite where nothing is evaluated.
    source, as_of : str
        Who says so, and when.
    """

    name: str
    new_connections_per_s: float
    active_connections: float
    gb_per_hour: float
    rule_evaluations_per_s: float = math.inf
    source: str = ""
    as_of: str = ""

    def unit_hours(
        self,
        *,
        gb: float = 0,
        new_connections_per_s: float = 0,
        active_connections: float = 0,
        rule_evaluations_per_s: float = 0,
        hours: float,
    ) -> float:
        """Return the unit-hours of a month of `gb` and `hours`: those of the dimension that needs the most."""
        return max(
            gb / self.gb_per_hour,
            new_connections_per_s / self.new_connections_per_s * hours,
            active_connections / self.active_connections * hours,
            rule_evaluations_per_s / self.rule_evaluations_per_s * hours,
        )


@dataclass(frozen=True, slots=True)
class ProviderPlaces:
    """Where a provider sells, priced in this book or not, and in which currency it bills."""

    currency: str
    default_region: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices, quotas and capacity units.

    Parameters
    ----------
    layers : tuple of mapping
        Rows by (provider, product, component); what an earlier layer prices in a region hides the later ones.
    providers : mapping of str to ProviderPlaces
        By name.
    quotas : mapping of (str, str) to Quota
        By provider and name.
    capacity_units : mapping of str to CapacityUnit
        By name.
    hours_per_month : float
        730, as the cost tools count.
    every_region : frozenset of str
        What a row says instead of a region when it is the price in all of them.
    as_of : str
        When the facts were collected.
    """

    layers: tuple[Mapping[Component, tuple[Price, ...]], ...]
    providers: Mapping[str, ProviderPlaces]
    quotas: Mapping[tuple[str, str], Quota] = field(default_factory=dict)
    capacity_units: Mapping[str, CapacityUnit] = field(default_factory=dict)
    hours_per_month: float = HOURS_PER_MONTH
    every_region: frozenset[str] = frozenset()
    as_of: str = ""

    @property
    def prices(self) -> tuple[Price, ...]:
        """Every row, your own first."""
        return tuple(_rows(self.layers))

    def find(self, provider: str, product: str, component: str, region: str) -> tuple[Price, ...]:
        """Return the rows of one price, by tier, those for this very region first; empty where no source shows it."""
        for layer in self.layers:
            rows = layer.get((book_name(provider), product, component), ())
            here = [row for row in rows if region in row.region.split(" / ")]
            found = here or [row for row in rows if row.region in self.every_region]
            if found:
                tiers = sorted(found, key=lambda row: row.lower)
                if any(low.upper > high.lower for low, high in pairwise(tiers)):
                    raise ValueError(f"{component} in {region} has two prices for one quantity: its tiers overlap")
                return tuple(tiers)
        return ()

    def quota(self, provider: str, name: str) -> Quota | None:
        """Return a quota, or None where no source shows a number."""
        return self.quotas.get((book_name(provider), name))

    def currency(self, provider: str) -> str:
        """Return the currency of a provider's bills."""
        return self.providers[book_name(provider)].currency

    def region(self, provider: str, region: str | None) -> str:
        """Return the region of a bill: the provider's default, or one that it has."""
        places = self.providers[book_name(provider)]
        if region is None:
            return places.default_region
        yours = (row.region for row in _rows(self.layers[:-1]))
        known = dict.fromkeys((*places.regions, *sorted(set(yours) - self.every_region)))
        if region not in known:
            raise ValueError(f"{provider} has no region {region!r}; there are: {'; '.join(known)}")
        return region

    def regions(self, provider: str) -> tuple[str, ...]:
        """Return the regions of a provider, priced or not."""
        return self.providers[book_name(provider)].regions

    def at(self, provider: str, region: str) -> PriceBook:
        """Return this book with another default region of a provider."""
        name = book_name(provider)
        return replace(self, providers={**self.providers, name: replace(self.providers[name], default_region=region)})

    def priced_regions(self, provider: str, product: str, component: str) -> tuple[str, ...]:
        """Return the regions of a provider in which the book shows a price, in the provider's order."""
        return tuple(region for region in self.regions(provider) if self.find(provider, product, component, region))

    def older_than(self, date: str) -> tuple[Price, ...]:
        """Return the rows that nobody can show to be newer than a date, such as ``2024-11-25``."""
        return tuple(row for row in self.prices if (_last_date(row.as_of) or "") < date)


def _rows(layers: Iterable[Mapping[Component, tuple[Price, ...]]]) -> Iterator[Price]:
    for layer in layers:
        yield from chain.from_iterable(layer.values())


def book_name(provider: str) -> str:
    """Return the name under which the book lists a provider."""
    return ALIASES.get(provider, provider)


def _last_date(text: str) -> str | None:
    """Return the last date in a text; a year or month without a day counts to its end."""
    dates = re.findall(r"\d{4}(?:-\d{2}){0,2}", text)
    return max(date + "-12-31"[len(date) - 4 :] for date in dates) if dates else None


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
        and a bare number is a price in all regions.

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
    """Return a book; `under` is the one that it lies on."""
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
    quotas: dict[tuple[str, str], Quota] = {}
    for provider, rows in data.get("quotas", {}).items():
        owner = book_name(provider)
        quotas |= {(owner, name): _quota(owner, name, row, sources) for name, row in rows.items()}
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
    """Return an error text that lists what there is at the place where a name is not known."""
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
        faults = (("lacks", missing), ("does not know", unknown))
        wrong = " and ".join(f"{verb} {', '.join(fields)}" for verb, fields in faults if fields)
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
