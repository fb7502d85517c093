"""What Ingress objects cost on AWS, alone and in one group."""

from __future__ import annotations

from ...cost.billing import Bill, bill_for
from ...cost.charges import BilledEntry
from ...cost.prices import PriceSource, price_book

__all__ = ["ingress_bill"]


def ingress_bill(
    objects: int = 50, grouped: bool = False, gb_per_month: float = 36_500, prices: PriceSource = None
) -> Bill:
    """Write the AWS bill for Ingress objects: a load balancer (ALB) for each, unless they name one group.

    That is what the AWS Load Balancer Controller does: Ingress objects share a load balancer where their annotation
    ``alb.ingress.kubernetes.io/group.name`` is the same. Source: its guide, "IngressGroup".

    Parameters
    ----------
    objects : int
        How many Ingress objects.
    grouped : bool
        Whether all of them name the same group.
    gb_per_month : float
        Of all together.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices; see `price_book`.

    Returns
    -------
    Bill
        The bill, of load balancers in three zones.

    Examples
    --------
    >>> ingress_bill(50).load_balancers, ingress_bill(50, grouped=True).load_balancers
    (50, 1)
    """
    names = ["the group"] if grouped and objects else [f"ingress-{number}" for number in range(objects)]
    gb = gb_per_month / max(len(names), 1)
    return bill_for("aws", [BilledEntry(name, "alb", zones=3, gb=gb) for name in names], price_book(prices))
