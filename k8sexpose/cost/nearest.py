"""Which region is nearest: its price is the best guess at one that the book lacks."""

from __future__ import annotations

from functools import cache
from math import acos, cos, radians, sin

from ..data import load
from .prices import PriceBook, book_name

__all__ = ["nearest_priced"]


@cache
def _places() -> dict[str, dict[str, list[float]]]:
    """Return degrees north and east, by provider and region."""
    told = {name: rows for name, rows in load("regions").items() if name != "sources"}
    return {name: {region: row["at"] for region, row in rows.items()} for name, rows in told.items()}


def nearest_priced(book: PriceBook, provider: str, product: str, component: str, region: str) -> str | None:
    """Return the nearest region of a provider in which the book shows a price; None where there is none.

    Parameters
    ----------
    book : PriceBook
        The prices.
    provider, product, component : str
        What is priced.
    region : str
        The region that lacks a price.

    Returns
    -------
    str or None
        A region. Where nobody says how far regions are from each other, the provider's default, if it is priced.

    Examples
    --------
    >>> from k8sexpose.cost.prices import price_book
    >>> nearest_priced(price_book(), "aws", "nlb", "nlb_nlcu_hour", "eu-west-3")
    'eu-west-2'
    """
    priced = book.priced_regions(provider, product, component)
    places = _places().get(book_name(provider), {})
    known = [name for name in priced if name in places]
    if region in places and known:
        return min(known, key=lambda name: (_angle(places[region], places[name]), name))
    default = book.region(provider, None)
    return default if default in priced else next(iter(priced), None)


def _angle(one: list[float], other: list[float]) -> float:
    """Return the angle between two places, seen from the centre of the Earth."""
    (north, east), (north2, east2) = ((radians(a), radians(b)) for a, b in (one, other))
    return acos(min(sin(north) * sin(north2) + cos(north) * cos(north2) * cos(east - east2), 1.0))
