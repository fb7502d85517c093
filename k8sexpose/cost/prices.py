"""The price book: every number of a bill that a cloud provider decides, with its source and its date.

The numbers stand in ``data/prices.toml`` (read by `k8sexpose.cost.pricefile`); a book of your own is laid on top of it.
Nothing here guesses: what neither book prices is not priced.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["CapacityUnit", "Price", "PriceBook", "ProviderPlaces", "Quota", "book_name"]

Component = tuple[str, str, str]  # provider, product, component

HOURS_PER_MONTH = 730  # as the cost tools count
# Names that the book knows under another one.
ALIASES = {"linode": "linode_akamai", "metallb": "onprem"}


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

    Examples
    --------
    >>> from k8sexpose import price_book
    >>> price_book().find("aws", "nlb", "nlb_hour", "us-east-1")[0].price
    0.0225
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

    Examples
    --------
    >>> from k8sexpose import price_book
    >>> price_book().quota("aws", "nlb_per_region").value
    50
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

    Examples
    --------
    >>> from k8sexpose import price_book
    >>> price_book().capacity_units["NLCU_TCP"].unit_hours(gb=100, new_connections_per_s=400, hours=730)
    365.0
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
        """Return the unit-hours of a month: those of the dimension that needs the most, and of no other.

        Parameters
        ----------
        gb : float
            Bytes of the month, in GB.
        new_connections_per_s, active_connections, rule_evaluations_per_s : float
            Over the whole month.
        hours : float
            Hours of the month.

        Returns
        -------
        float
            Unit-hours; fractions are billed pro rata.
        """
        return max(
            gb / self.gb_per_hour,
            new_connections_per_s / self.new_connections_per_s * hours,
            active_connections / self.active_connections * hours,
            rule_evaluations_per_s / self.rule_evaluations_per_s * hours,
        )


@dataclass(frozen=True, slots=True)
class ProviderPlaces:
    """Where a provider sells, and in which currency.

    Parameters
    ----------
    currency, default_region : str
        Of its bills; where a bill is made when no region is given.
    regions : tuple of str
        Its regions, priced in this book or not.

    Examples
    --------
    >>> from k8sexpose import price_book
    >>> price_book().providers["gcp"].default_region
    'us-central1'
    """

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

    Examples
    --------
    >>> from k8sexpose import price_book
    >>> price_book().hours_per_month
    730
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
        return tuple(row for layer in self.layers for rows in layer.values() for row in rows)

    def find(self, provider: str, product: str, component: str, region: str) -> tuple[Price, ...]:
        """Return the rows of one price, by tier.

        Parameters
        ----------
        provider, product, component : str
            What is priced.
        region : str
            Where; a row for this very region goes before one for all regions.

        Returns
        -------
        tuple of Price
            Empty where no source shows the price.

        Raises
        ------
        ValueError
            If two rows price the same quantity.
        """
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
        """Return the region of a bill.

        Parameters
        ----------
        provider : str
            Whose.
        region : str, optional
            None for the provider's default.

        Returns
        -------
        str
            The region.

        Raises
        ------
        ValueError
            If the provider has no such region; the text lists those that exist.

        Examples
        --------
        >>> from k8sexpose import price_book
        >>> price_book().region("aws", None)
        'us-east-1'
        >>> price_book().region("hetzner", "mars")
        Traceback (most recent call last):
        ValueError: hetzner has no region 'mars'; there are: EU, ex VAT
        """
        places = self.providers[book_name(provider)]
        if region is None:
            return places.default_region
        yours = (row.region for layer in self.layers[:-1] for rows in layer.values() for row in rows)
        known = dict.fromkeys((*places.regions, *sorted(set(yours) - self.every_region)))
        if region not in known:
            raise ValueError(f"{provider} has no region {region!r}; there are: {'; '.join(known)}")
        return region

    def older_than(self, date: str) -> tuple[Price, ...]:
        """Return the rows that nobody can show to be newer than a date.

        Parameters
        ----------
        date : str
            Such as ``2024-11-25``.

        Returns
        -------
        tuple of Price
            Rows whose latest date is before it, and rows without a date.

        Examples
        --------
        >>> from k8sexpose import price_book
        >>> sorted({row.provider for row in price_book().older_than("2020-01-01") if row.as_of == "2018-11-12"})
        ['ibm']
        """
        return tuple(row for row in self.prices if (_last_date(row.as_of) or "") < date)


def book_name(provider: str) -> str:
    """Return the name under which the book lists a provider."""
    return ALIASES.get(provider, provider)


def _last_date(text: str) -> str | None:
    """Return the last date in a text, as far as it is known: 2026 counts to its end."""
    dates = re.findall(r"\d{4}(?:-\d{2}){0,2}", text)
    return max(date + "-12-31"[len(date) - 4 :] for date in dates) if dates else None
