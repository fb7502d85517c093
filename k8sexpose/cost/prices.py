"""The price book: every number of a bill that a cloud provider decides, with its source and its date.

The numbers are in ``data/prices.toml`` (read by `k8sexpose.cost.prices`); a book of your own is laid on top of it.
Nothing here guesses: what neither book prices is not priced.
"""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, TypeAlias

from ..api.checks import SURROGATE, check_arguments, count, is_file, positive, quantity, shown
from ..api.errors import cut
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
    url : str
        Where the source can be read, an address of https; empty where it has none.
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
    url: str = ""


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
TEXTS = ("currency", "unit", "region", "source", "as_of", "confidence", "note")
HTTPS = "https://"
OWN_PRICE, OWN_DATE = "your price", "yours"  # the source and the date of a price that the reader gives
DATE = re.compile(r"\b20\d\d-\d\d(?:-\d\d)?\b")  # some copies bear none, or a remark beside it
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
    check_arguments(price_book, locals())
    if prices is None:
        return _own_book()
    if isinstance(prices, PriceBook):
        return prices
    if isinstance(prices, Mapping):
        return _read(prices, _own_book())
    if isinstance(prices, str) and ("\n" in prices.strip() or not prices.strip().endswith(".toml")):
        return _read(_parsed(prices, "the price book"), _own_book())
    path = Path(prices)
    if not is_file(path):
        raise FileNotFoundError(f"the price file {str(path)[:200]!r} does not exist, or is no file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{path.name} has {size:,} bytes; of a price file no more than {MAX_BYTES:,} are read")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is no price file: byte {error.start} is no text in UTF-8") from None
    return _read(_parsed(text, path.name), _own_book())


MAX_BYTES = 1_000_000
MAX_DOTS = 8  # of a key: tomllib takes time with the square of them
MAX_DEPTH = 12


def _parsed(text: str, name: str) -> dict[str, Any]:
    """Parse TOML; a ValueError names the file and the place."""
    if len(text) > MAX_BYTES:
        raise ValueError(f"{name} has {len(text):,} characters; of a price book no more than {MAX_BYTES:,} are read")
    if SURROGATE.search(text):
        raise ValueError(f"{name}: a lone surrogate is no character")
    for number, line in enumerate(text.splitlines(), 1):
        if any(part.count(".") > MAX_DOTS for part in re.split(r"[=,{\[]", re.sub(r"#.*|\"[^\"]*\"", "", line))):
            raise ValueError(f"{name}, line {number}: a key has more than {MAX_DOTS} dots")
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError(f"{name}: the TOML is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{name} is no TOML: {cut(str(error))}") from None


def _read(data: Mapping[str, Any], under: PriceBook | None) -> PriceBook:
    """Return a book; `under` is the one that it lies on. A ValueError names the place of what is wrong."""
    _check_plain(data, "the price book", 0)
    if under is not None and not set(data) & set(TABLES):
        data = {"prices": data}
    if unknown := set(data) - set(TABLES):
        raise ValueError(f"a price book has the tables {', '.join(TABLES)}, not {cut(', '.join(sorted(unknown)))}")
    tables = {name: _table(name, data.get(name, {})) for name in TABLES}
    head = tables["book"]
    sources = {name: _table(f"sources.{name}", entry) for name, entry in tables["sources"].items()}
    for name, entry in sources.items():
        _text(f"sources.{name}.title", entry.get("title", ""))
        if not _text(f"sources.{name}.url", entry.get("url", HTTPS)).startswith(HTTPS):
            raise ValueError(f"{cut(f'sources.{name}.url')} is an address that begins with {HTTPS}")
    providers = dict(under.providers if under else {})
    for name, entry in tables["providers"].items():
        providers[book_name(name)] = _places(name, entry)
    known = under.layers[-1] if under else None
    layer: dict[Component, tuple[Price, ...]] = {}
    for key, listed in _components(tables["prices"]):
        if known is not None and key not in known:
            raise ValueError(_unknown(key, known))
        currency = providers[key[0]].currency
        layer[key] = tuple(_price(key, row, sources, currency) for row in listed)
    quotas: dict[tuple[str, str], Quota] = {}
    for provider, rows in tables["quotas"].items():
        owner = book_name(provider)
        for name, row in _table(f"quotas.{provider}", rows).items():
            quotas[owner, name] = _quota(owner, name, row, sources)
    units = {name: _unit(name, row, sources) for name, row in tables["capacity_units"].items()}
    hours = head.get("hours_per_month", under.hours_per_month if under else HOURS_PER_MONTH)
    every = _texts("book.every_region", head.get("every_region", ()))
    as_of = head.get("as_of", under.as_of if under else "")
    return PriceBook(
        (layer, *(under.layers if under else ())),
        providers,
        {**(under.quotas if under else {}), **quotas},
        {**(under.capacity_units if under else {}), **units},
        positive(hours, "book.hours_per_month", at_most=MOST_HOURS),
        frozenset(every) | (under.every_region if under else frozenset()),
        _text("book.as_of", as_of),
    )


MOST_HOURS = 744.0  # of a month of 31 days
MOST_TEXT = 2_000


def _check_plain(value: Any, where: str, depth: int) -> None:
    """Check that every key of a book is text, every text can be written, and nothing is nested too deeply."""
    if depth > MAX_DEPTH:
        raise ValueError(f"{cut(where)}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if not isinstance(key, str) or SURROGATE.search(key):
                what = "a lone surrogate is no character" if isinstance(key, str) else "a key is text"
                raise ValueError(f"{cut(where)}: the key {shown(key)}: {what}")
            _check_plain(entry, f"{where}.{cut(key)}" if depth else cut(key), depth + 1)
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            _check_plain(entry, f"{where}[{number}]", depth + 1)
    elif isinstance(value, str) and SURROGATE.search(value):
        raise ValueError(f"{cut(where)}: a lone surrogate is no character")


def _text(where: str, value: Any) -> str:
    """Return a text, or a date as text; a ValueError names the place of anything else."""
    if isinstance(value, datetime.date | datetime.time):
        return str(value)
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise ValueError(f"{cut(where)} is text of at most {MOST_TEXT:,} characters, not {shown(value)}")
    return value


def _texts(where: str, value: Any) -> tuple[str, ...]:
    """Return a list of texts; a ValueError names the place."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{cut(where)} is a list of texts, not {shown(value)}")
    return tuple(_text(f"{where}[{number}]", entry) for number, entry in enumerate(value))


def _fields(where: str, row: Any, wanted: Iterable[str], optional: Iterable[str]) -> dict[str, Any]:
    """Return a table that has all wanted fields and no unknown ones."""
    found = dict(_table(where, row))
    missing = [field for field in wanted if field not in found]
    if missing:
        raise ValueError(f"{cut(where)}: {', '.join(missing)} not set")
    unknown = sorted(set(found) - {*wanted, *optional})
    if unknown:
        raise ValueError(f"{cut(where)} does not know {cut(', '.join(unknown))}")
    return found


def _places(name: str, entry: Any) -> ProviderPlaces:
    """Return where a provider sells."""
    where = f"providers.{name}"
    entry = _fields(where, entry, ("currency", "default_region", "regions"), _table(where, entry))
    return ProviderPlaces(
        _text(f"{where}.currency", entry["currency"]),
        _text(f"{where}.default_region", entry["default_region"]),
        _texts(f"{where}.regions", entry["regions"]),
    )


def _components(prices: Mapping[str, Any]) -> Iterator[tuple[Component, Iterable[Any]]]:
    for provider, products in prices.items():
        for product, components in _table(provider, products).items():
            for component, rows in _table(f"{provider}.{product}", components).items():
                listed = rows if isinstance(rows, list | tuple) else [rows]
                yield (book_name(provider), product, component), listed


FORM = "prices are written as provider, product, component: "


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        form = "" if name.partition(".")[0] in TABLES[2:] or name in TABLES else FORM
        raise ValueError(f"{form}{cut(name)} is {shown(value)}, not a table")
    return value


def _unknown(key: Component, known: Iterable[Component]) -> str:
    """Return an error text that lists what there is at the place where a name is not known."""
    for depth in range(3):
        names = sorted({other[depth] for other in known if other[:depth] == key[:depth]})
        if key[depth] not in names:
            break
    return (
        f"nobody charges for {cut('.'.join(key))}; there are: {', '.join('.'.join((*key[:depth], n)) for n in names)}"
    )


def _price(key: Component, row: Any, sources: Mapping[str, Any], currency: str) -> Price:
    name = ".".join(key)
    if isinstance(row, int | float):
        row = {
            "price": row,
            "currency": currency,
            "unit": "",
            "region": "all",
            "source": OWN_PRICE,
            "as_of": OWN_DATE,
        }
    row = _table(name, row)
    missing = [field for field in REQUIRED if field not in row]
    unknown = sorted(set(row) - {*REQUIRED, *OPTIONAL})
    if missing or unknown:
        faults = (("lacks", missing), ("does not know", unknown))
        wrong = " and ".join(f"{verb} {', '.join(fields)}" for verb, fields in faults if fields)
        raise ValueError(f"a row of {name} {wrong}")
    lower, upper = _tier(name, row.get("tier", (0, math.inf)))
    price = quantity(row["price"], f"the price of a row of {name}")
    said = {field: _text(f"{field} of a row of {name}", row.get(field, "")) for field in TEXTS}
    source, url = _title(said["source"], sources), _url(said["source"], sources)
    return Price(
        *key, price, said["currency"], said["unit"], said["region"], lower, upper, source, said["as_of"],
        said["confidence"], said["note"], url,
    )  # fmt: skip


def _tier(name: str, value: Any) -> tuple[float, float]:
    """Return both ends of a tier; the upper one may be infinite."""
    problem = f"a row of {name} has the tier {shown(value)}; a tier goes from a lower to a higher number"
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(problem)
    if any(isinstance(edge, bool) or not isinstance(edge, int | float) for edge in value):
        raise ValueError(problem)
    try:
        lower, upper = (float(edge) for edge in value)
    except OverflowError:
        raise ValueError(problem) from None
    if not 0 <= lower < upper:
        raise ValueError(problem)
    return lower, upper


MOST_QUOTA = 10**9
UNIT_FIELDS = ("new_connections_per_s", "active_connections", "gb_per_hour")


def _quota(provider: str, name: str, row: Any, sources: Mapping[str, Any]) -> Quota:
    """Return a quota of a book."""
    where = f"quotas.{provider}.{name}"
    row = _fields(where, row, ("value", "source", "as_of"), ("adjustable", "confidence", "note"))
    adjustable = row.get("adjustable")
    if not isinstance(adjustable, bool | None):
        raise ValueError(f"{where}.adjustable is true or false, not {shown(adjustable)}")
    source, as_of = _title(_text(f"{where}.source", row["source"]), sources), _text(f"{where}.as_of", row["as_of"])
    value = count(row["value"], f"{where}.value", at_least=0, at_most=MOST_QUOTA)
    return Quota(provider, name, value, adjustable, source, as_of, _text(f"{where}.note", row.get("note", "")))


def _unit(name: str, row: Any, sources: Mapping[str, Any]) -> CapacityUnit:
    """Return a capacity unit of a book."""
    where = f"capacity_units.{name}"
    row = _fields(where, row, (*UNIT_FIELDS, "source", "as_of"), ("rule_evaluations_per_s",))
    numbers = {key: positive(row[key], f"{where}.{key}") for key in UNIT_FIELDS}
    rules = row.get("rule_evaluations_per_s", math.inf)
    if rules != math.inf:
        rules = positive(rules, f"{where}.rule_evaluations_per_s")
    source = _title(_text(f"{where}.source", row["source"]), sources)
    as_of = _text(f"{where}.as_of", row["as_of"])
    return CapacityUnit(name, **numbers, rule_evaluations_per_s=rules, source=source, as_of=as_of)


def _title(source: Any, sources: Mapping[str, Any]) -> str:
    return str(sources.get(source, {}).get("title", source))


def dates_in_words(as_of: Iterable[str]) -> str:
    """Return the first and the last date of prices; what authors noted beside a date is for authors.

    Examples
    --------
    >>> dates_in_words(["2024-08-30 / 2026-04-03", "undated excerpt"]), dates_in_words(["2026-09-24"])
    ('2024-08-30 to 2026-04-03', '2026-09-24')
    """
    dates = sorted({date for text in as_of for date in DATE.findall(text)})
    return f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else "".join(dates)


def _url(source: str, sources: Mapping[str, Any]) -> str:
    """Return where a source can be read: as its entry says, or the source itself where it is an address."""
    known = str(sources.get(source, {}).get("url", ""))
    return known or (source if source.startswith(HTTPS) else "")
