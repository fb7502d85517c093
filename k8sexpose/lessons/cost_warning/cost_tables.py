"""The tables of lesson 3: what idle Services cost on four clouds, and what traffic between zones costs on three."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..._display import html_table
from ...cost.alternatives import compare_exposure

__all__ = ["CostTable", "idle_costs", "zone_costs"]

CLOUDS = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "linode": "Linode"}
COUNTS = (1, 5, 6, 50)


ZONED = ("aws", "gcp", "azure")
FIFTY = 50


@dataclass(frozen=True, slots=True)
class CostTable:
    """A table of costs, one row for each cloud; shows as a table in a notebook.

    Parameters
    ----------
    caption : str
        What is shown.
    head : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        For each cloud its name and amounts.

    Examples
    --------
    >>> CostTable("Costs", ("cloud", "USD"), (("AWS", "1.00"),))
    Costs
    cloud | USD
    AWS | 1.00
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        return "\n".join([self.caption, " | ".join(self.head), *(" | ".join(row) for row in self.rows)])

    def _repr_html_(self) -> str:
        return html_table(self.caption, self.head, self.rows)


def idle_costs() -> CostTable:
    """Compare what one, five, six and fifty idle Services cost on four clouds.

    Returns
    -------
    CostTable
        A table.

    Examples
    --------
    >>> idle_costs().rows[-1]
    ('Linode', '10.00', '50.00', '60.00', '500.00')
    """
    head = ("cloud", *("1 Service" if count == 1 else f"{count} Services" for count in COUNTS))
    rows = tuple((title, *(f"{_cost(cloud, count):,.2f}" for count in COUNTS)) for cloud, title in CLOUDS.items())
    return CostTable("Cost of idle Services of type LoadBalancer, USD a month", head, rows)


def zone_costs(gb_per_month: float = 36_500) -> CostTable:
    """Compare what fifty Services cost under both policies on the clouds that have zones.

    Parameters
    ----------
    gb_per_month : float
        Traffic of all Services together.

    Returns
    -------
    CostTable
        A table; the last column is what traffic between zones costs.

    Examples
    --------
    >>> zone_costs().rows[-1][-1]
    '0.00'
    """
    head = ("cloud", "Cluster (default)", "Local", "difference: traffic between zones")
    caption = f"Cost of fifty Services with {gb_per_month:,.0f} GB a month in three zones, USD a month"
    return CostTable(caption, head, tuple(_zone_rows(gb_per_month)))


def _zone_rows(gb_per_month: float) -> Iterator[tuple[str, ...]]:
    for cloud in ZONED:
        default, local = (_cost(cloud, FIFTY, gb_per_month, policy) for policy in ("Cluster", "Local"))
        yield CLOUDS[cloud], f"{default:,.2f}", f"{local:,.2f}", f"{default - local:,.2f}"


def _cost(cloud: str, services: int, gb_per_month: float = 0, policy: str = "Local") -> float:
    """Return what Services with a load balancer each cost."""
    table = compare_exposure(services, cloud, gb_per_month=gb_per_month, policy=policy)
    return float(table["total_per_month"]["one_lb_each"])
