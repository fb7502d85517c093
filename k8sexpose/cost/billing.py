"""What exposing Services costs in a month: the bill of a cluster, and methods of exposing compared.

An estimate from list prices, each with its source and date; no discount, no tax. What costs the same in every design
is left out: internet egress, nodes and their addresses, DNS, certificates, and the Pods of a gateway.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from .._display import LITERAL, html_table, visible
from ..api.checks import check_arguments
from .charges import DRIVERS, GB_UNITS, BilledEntry, Charge, load_balancers
from .nearest import nearest_priced
from .prices import HTTPS, OWN_DATE, OWN_PRICE, PriceBook, PriceSource, dates_in_words, price_book
from .usage import MonthlyTraffic, exposures, price_list

if TYPE_CHECKING:
    import pandas as pd

    from ..model import Cluster

__all__ = ["NO_CHARGE", "Bill", "QuotaUse", "bill", "bill_for", "bill_of", "entries_of"]

COLUMNS = ("name", "monthly_quantity", "unit", "unit_price", "monthly_cost", "source", "as_of")
NO_PRICE = "no price in the book"
NO_CHARGE = ("kind", "minikube", "k3s", "docker-desktop", "metallb")  # software that one runs oneself


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of a quota a bill uses; `adjustable` is None where the source does not say."""

    name: str
    used: int
    limit: int
    adjustable: bool | None = None
    source: str = ""
    as_of: str = ""

    @property
    def over(self) -> bool:
        """True if there are more than there may be."""
        return self.used > self.limit

    def __str__(self) -> str:
        return f"{self.name}: {self.used} of {self.limit}{', too many' if self.over else ''}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bill:
    """What a provider charges in a month of 730 hours: an estimate.

    Parameters
    ----------
    provider, region, currency : str
        Whose prices, where, and in what; no provider is ``none``.
    items : DataFrame
        The lines: name, monthly_quantity, unit, unit_price, monthly_cost, source, as_of. A line whose price nobody
        shows has no amount (NaN).
    missing : tuple of str
        The prices that the book lacks; your own price file fills them.
    quotas : tuple of QuotaUse
        Limits of the provider, and how much of each is used.
    load_balancers : int
        How many the provider runs.
    estimated : tuple of str
        The lines whose price is that of the nearest region, which is named in the line; only where `bill` was asked
        for estimates.
    links : mapping of str to str
        Where the sources of its prices can be read, by name; a source without an address is not in it.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> bill(Cluster(provider="aws")).total_per_month
    0.0
    """

    provider: str
    region: str
    currency: str
    items: pd.DataFrame
    missing: tuple[str, ...] = ()
    quotas: tuple[QuotaUse, ...] = ()
    load_balancers: int = 0
    estimated: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Whose prices, and where, in words."""
        every = ("", "all", "on-prem")
        return self.provider if self.region in every else f"{self.provider} {self.region}"

    @property
    def total_per_month(self) -> float | None:
        """The sum of the lines, not rounded; None if a price is missing."""
        return None if self.missing else math.fsum(self.items["monthly_cost"])

    @property
    def known_per_month(self) -> float:
        """The sum of the lines whose price the book shows for this region, not rounded."""
        known = self.items[~self.items["name"].isin(self.estimated)]
        return math.fsum(known["monthly_cost"].dropna())

    @property
    def headline(self) -> str:
        """What a month costs, in words: the amount, or the least that it is and what that leaves open."""
        if self.provider in NO_CHARGE:
            return f"0.00 {self.currency} a month: nobody charges for what {self.provider} does"
        if self.items.empty:
            return f"0.00 {self.currency} a month: nothing here is charged for"
        unpriced = list(self.items["name"][self.items["monthly_cost"].isna()])
        known, about = self.known_per_month, self.total_per_month
        if not unpriced and not self.estimated:
            return f"{known:,.2f} {self.currency} a month"
        guessed = _lines(len(self.estimated), "estimated")
        if not known:  # "at least 0.00" would say nothing
            missing = f"unknown: the price book has no price for {', '.join(dict.fromkeys(unpriced))}"
            return missing if about is None else f"about {about:,.2f} {self.currency} a month; {guessed}"
        open_lines = [guessed] if self.estimated else []
        open_lines += [_lines(len(unpriced), "without a price")] if unpriced else []
        least = f"at least {known:,.2f} {self.currency} a month; {' and '.join(open_lines)}"
        them = "it" if len(self.estimated) == 1 else "them"
        return least if about is None else f"{least}, about {about:,.2f} {self.currency} with {them}"

    @property
    def over_quota(self) -> tuple[QuotaUse, ...]:
        """The quotas that do not suffice."""
        return tuple(use for use in self.quotas if use.over)

    @property
    def as_of(self) -> tuple[str, ...]:
        """The dates of the prices."""
        return tuple(sorted(set(self.items["as_of"]) - {""}))

    @property
    def summary(self) -> str:
        """The total in a line, with what one must know about it."""
        total = self.total_per_month
        where = f"{self.provider} {self.region}".strip()
        amount = "unknown" if total is None else f"{total:,.2f} {self.currency} a month"
        own = ", and yours" if OWN_DATE in self.as_of else ""
        parts = [f"Estimate for {where}: {amount} (list prices of {dates_in_words(self.as_of) or 'no date'}{own})"]
        parts += [f"no price for {', '.join(self.missing)}"] if self.missing else []
        parts += [f"over quota: {use}" for use in self.over_quota]
        return "; ".join(parts)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the lines as texts, in the order of the columns."""
        for name, quantity, unit, price, cost, source, as_of in self.items[list(COLUMNS)].itertuples(index=False):
            amounts = (NO_PRICE, "") if math.isnan(price) else (f"{price:g}", f"{cost:,.2f}")
            yield name, f"{quantity:,.2f}".removesuffix(".00"), unit, *amounts, source, as_of

    def __repr__(self) -> str:
        return f"<Bill: {self.summary}>"

    def __str__(self) -> str:
        lines = (
            f"  {name}: {quantity} {unit} × {price} = {cost}" for name, quantity, unit, price, cost, *_ in self.rows()
        )
        return "\n".join([self.summary, *lines])

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the lines in a terminal (IPython's hook)."""
        printer.text(visible(repr(self) if cycle else str(self)))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        head = ("name", "monthly quantity", "unit", "unit price", f"monthly cost, {self.currency}", "date of price")
        rows = ((*cells, OWN_PRICE if as_of == OWN_DATE else as_of) for *cells, _, as_of in self.rows())
        unbroken = [head.index("unit"), head.index("date of price")]
        return html_table(self.summary, head, rows, unbroken=unbroken) + self._sources()

    def _sources(self) -> str:
        """Return below the table where its prices were read: in a column their long names would take all its room."""
        found = dict.fromkeys(self.items["source"])
        named = "; ".join(_link(name, self.links.get(name, "")) for name in found if name not in (OWN_PRICE, NO_PRICE))
        style = "font-family: var(--jp-ui-font-family, sans-serif)"
        return f'<p class="{LITERAL}" style="{style}">Sources of the prices: {named}.</p>' if named else ""


def _link(name: str, url: str) -> str:
    """Return a name, as a link where the address is one of the web."""
    words = html.escape(name)
    if not url.startswith(HTTPS):
        return words
    return f'<a href="{html.escape(url, quote=True)}" rel="noopener noreferrer">{words}</a>'


def _lines(count: int, what: str) -> str:
    return f"one line {what}" if count == 1 else f"{count} lines {what}"


def bill(
    cluster: Cluster,
    *,
    region: str | None = None,
    gb_per_month: float = 1000,
    traffic_gb: Mapping[str, float] | None = None,
    request_share: float = 0.1,
    new_connections_per_s: float = 0,
    active_connections: float = 0,
    rule_evaluations_per_s: float = 0,
    prices: PriceSource = None,
    outbound_rule: bool = False,
    estimate: bool = False,
) -> Bill:
    """Estimate what the provider charges for the Services of a cluster.

    Every LoadBalancer Service counts as if it were provisioned, also beyond a quota, and so does every load balancer
    that the cloud still holds for a Service that is gone. It faces the internet, in every zone that has nodes, unless
    an annotation says otherwise.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    region : str, optional
        Of the provider; us-east-1 or that of the profile (aws), us-central1 (gcp) and eastus (azure) by default.
    gb_per_month : float
        Request and response together; the exposed Services share it evenly. GB or GiB, as the provider counts.
    traffic_gb : mapping of str to float, optional
        Instead of that, GB by ``namespace/name``.
    request_share : float
        The part of the bytes that comes in, from 0 to 1 (GCP's load balancer processes only that).
    new_connections_per_s, active_connections, rule_evaluations_per_s : float
        Of all load balancers together, which share them evenly. Rules are evaluated by application load balancers
        only; those beyond the ten free ones of each request count.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.
    outbound_rule : bool
        Whether AKS made its default outbound rule, with an address of its own (azure).
    estimate : bool
        Whether a price that the book lacks is estimated by that of the nearest region of the same provider; the line
        names it. Without, a missing price makes the total None.

    Returns
    -------
    Bill
        Its lines, its total, and the quotas that it uses.

    Raises
    ------
    ValueError
        If the region is unknown (the text lists those that exist), or a number makes no sense.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3, provider="linode")
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> bill(cluster).total_per_month
    10.0
    """
    check_arguments(bill, locals())
    traffic = MonthlyTraffic(
        gb_per_month, traffic_gb, request_share, new_connections_per_s, active_connections, rule_evaluations_per_s
    )
    book = price_book(prices)
    return bill_of(cluster, entries_of(cluster, traffic, outbound_rule), book, region, estimate=estimate)


def entries_of(cluster: Cluster, traffic: MonthlyTraffic, outbound_rule: bool = False) -> tuple[BilledEntry, ...]:
    """Return what the provider of a cluster sees and charges for."""
    found = exposures(cluster, traffic)
    return (*found, BilledEntry("the outbound rule", "standard")) if outbound_rule and _is(cluster, "azure") else found


def bill_of(
    cluster: Cluster, found: Sequence[BilledEntry], book: PriceBook, region: str | None, *, estimate: bool = False
) -> Bill:
    """Return the bill of a cluster for what its provider sees."""
    profile, name = cluster.provider, price_list(cluster)
    if name not in DRIVERS:  # kind, minikube, nobody: no cloud, no bill
        return Bill(name, "", "USD", _frame([]))
    if region is None and profile is not None and name == "aws":
        region = profile.region  # part of the names that its load balancers get
    own = profile is not None and profile.name == name  # not software that was found on the nodes
    made = bill_for(name, found, book, region if own else None, estimate)
    if name == "metallb" and profile is not None and profile.pool:
        used = len({entry.address or entry.name for entry in found if entry.kind == "address"})
        made = replace(made, quotas=(*made.quotas, QuotaUse("ip_pool", used, _addresses_in(profile.pool))))
    return made


def _is(cluster: Cluster, name: str) -> bool:
    return cluster.provider is not None and cluster.provider.name == name


def _addresses_in(pool: str) -> int:
    return sum(ip_network(text.strip()).num_addresses for text in pool.split(","))


def bill_for(
    provider: str, found: Sequence[BilledEntry], book: PriceBook, region: str | None = None, estimate: bool = False
) -> Bill:
    """Return the bill for entries in any order; without a region in that of the provider's default."""
    lines = lines_of(provider, found, book, region, estimate)
    missing = dict.fromkeys(line.missing for line in lines if line.missing)
    return Bill(
        provider,
        book.region(provider, region),
        currency_of(provider, lines, book),
        _frame(lines),
        tuple(missing),
        quotas_of(provider, found, book),
        load_balancers(found),
        tuple(line.name for line in lines if line.estimated),
        {line.source: line.url for line in lines if line.url},
    )


class Line(NamedTuple):
    """One line of a bill; the columns first."""

    name: str
    monthly_quantity: float
    unit: str
    unit_price: float
    monthly_cost: float
    source: str
    as_of: str
    currency: str = ""
    missing: str = ""
    estimated: bool = False
    url: str = ""


def lines_of(
    provider: str, found: Sequence[BilledEntry], book: PriceBook, region: str | None, estimate: bool = False
) -> list[Line]:
    """Return the lines of a bill; see `bill_for`."""
    if provider not in DRIVERS:
        raise ValueError(f"there is no price list for provider {provider!r}; there are: {', '.join(DRIVERS)}")
    region = book.region(provider, region)
    charges = DRIVERS[provider][0](sorted(found, key=lambda entry: entry.name), book.at(provider, region))
    return list(chain.from_iterable(_lines_for(provider, charge, book, region, estimate) for charge in charges))


def total_of(lines: Sequence[Line]) -> float | None:
    """Return the sum of a bill; None if a price is missing."""
    return None if any(line.missing for line in lines) else math.fsum(line.monthly_cost for line in lines)


def quotas_of(provider: str, found: Sequence[BilledEntry], book: PriceBook) -> tuple[QuotaUse, ...]:
    """Return the quotas that are used."""
    uses = []
    for use in DRIVERS[provider][1](found):
        quota = book.quota(provider, use.quota)
        if use.used and quota is not None:
            uses.append(QuotaUse(quota.name, use.used, quota.value, quota.adjustable, quota.source, quota.as_of))
    return tuple(uses)


def _lines_for(provider: str, charge: Charge, book: PriceBook, region: str, estimate: bool) -> Iterator[Line]:
    """Yield the lines of a charge, by the prices of the nearest region where those of this one are not known."""
    lines = list(_priced(provider, charge, book, region))
    if estimate and any(line.missing for line in lines):
        near = nearest_priced(book, provider, charge.product, charge.components[-1], region)
        if near is not None and near != region:
            guessed = list(_priced(provider, charge, book, near))
            if not any(line.missing for line in guessed):
                name = f"{charge.name} (estimated: price of {near})"
                lines = [line._replace(name=name, estimated=True) for line in guessed]
    yield from lines


def _priced(provider: str, charge: Charge, book: PriceBook, region: str) -> Iterator[Line]:
    """Yield a line for each tier of a price that a quantity reaches; what no row covers is a line without amount."""
    found = (book.find(provider, charge.product, name, region) for name in charge.components)
    rest = charge.quantity
    for row in chain.from_iterable(found):
        if row.unit and row.unit != charge.unit and {row.unit, charge.unit} != set(GB_UNITS):
            raise ValueError(f"{row.component} is the price of one {row.unit}, but {charge.unit} is counted")
        part = min(charge.quantity, row.upper) - row.lower if charge.by_tier else charge.quantity
        if part > 0:
            rest -= part
            unit, cost = row.unit or charge.unit, part * row.price
            yield Line(charge.name, part, unit, row.price, cost, row.source, row.as_of, row.currency, url=row.url)
    if rest > 1e-9 * charge.quantity:
        missing = f"{charge.components[-1]} ({provider} {charge.product}, {region})"
        yield Line(charge.name, rest, charge.unit, math.nan, math.nan, NO_PRICE, "", missing=missing)


def currency_of(provider: str, lines: Sequence[Line], book: PriceBook) -> str:
    """Return the one currency of a bill."""
    found = sorted({line.currency for line in lines} - {""})
    if len(found) > 1:
        raise ValueError(f"a bill has one currency; the prices of {provider} are in {' and '.join(found)}")
    return found[0] if found else book.currency(provider)


def _frame(lines: Sequence[Line]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame([line[: len(COLUMNS)] for line in lines], columns=list(COLUMNS))
    return frame.astype({name: float for name in ("monthly_quantity", "unit_price", "monthly_cost")})
