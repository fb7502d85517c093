"""Which policy a Service should have, and why: two views of it, weighed.

The recommendation goes by the slowest request in a hundred at the load that is assumed, unless packets would be lost.
The utilisation from which it turns stands beside it, because nobody knows the load better than the reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .._display import html_table
from ..api.service import Service
from ..cloud.providers import TO_POD
from ..router.route import Shares
from ..traffic.queueing import crossover_utilisation, jain_index, max_over_mean
from .assumptions import Survey

__all__ = ["Comparison", "PolicyView", "Recommendation", "advise", "percent", "turns_at"]

EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A Service under one policy.

    Parameters
    ----------
    policy : str
        ``Cluster`` or ``Local``.
    shares : Shares
        Where the connections go, exactly.
    loads : tuple of Fraction
        The share of each ready Pod.
    hop_ms, mean_ms, p50_ms, p99_ms : float
        What an extra hop adds; time to the answer inside the cluster, in milliseconds; infinite where a Pod is
        overloaded.
    source : str
        Whose address the Pod sees.
    failure : str
        What a crash of the busiest node costs.
    cost : float, optional
        Of this Service alone in a month; None where a price is missing or there is no price list.

    Examples
    --------
    >>> thirds = (Fraction(1, 4), Fraction(1, 4), Fraction(1, 2))
    >>> PolicyView("Local", Shares(), thirds, 0, 20, 14, 90, "the client's address", "", None).hottest
    1.5
    """

    policy: str
    shares: Shares
    loads: tuple[Fraction, ...]
    hop_ms: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    source: str
    failure: str
    cost: float | None

    @property
    def hottest(self) -> float:
        """Load of the hottest Pod over that of the average one."""
        return max_over_mean(self.loads)

    @property
    def fairness(self) -> float:
        """Jain's index of the Pods' loads."""
        return jain_index(self.loads)

    @property
    def extra_hop(self) -> float:
        """Share of the connections that are answered on another node than they came in by."""
        return float(self.shares.extra_hop)

    @property
    def cross_zone(self) -> float:
        """Share of the connections whose extra hop leads into another zone."""
        return float(self.shares.crosses_zone)

    @property
    def lost(self) -> float:
        """Share of the connections that nobody answers."""
        return float(self.shares.lost)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Which policy to take, and why.

    Parameters
    ----------
    policy : str
        ``Cluster``, ``Local``, or ``either``.
    reasons : tuple of str
        Sentences with numbers, the weightiest first.

    Examples
    --------
    >>> Recommendation("Local", ("saves a hop",)).policy
    'Local'
    """

    policy: str
    reasons: tuple[str, ...]


ROWS = (
    "hottest Pod over the mean", "fairness (Jain's index)", "p50", "p99", "extra hop", "crosses a zone", "lost",
    "the Pod sees", "when a node crashes", "alone, in a month",
)  # fmt: skip


def _column(view: PolicyView, currency: str) -> tuple[str, ...]:
    cost = "no price" if view.cost is None else f"{view.cost:,.2f} {currency}".rstrip()
    return (
        f"{view.hottest:.2f}", f"{view.fairness:.3f}", _ms(view.p50_ms), _ms(view.p99_ms), f"{view.extra_hop:.1%}",
        f"{view.cross_zone:.1%}", f"{view.lost:.1%}", view.source, view.failure, cost,
    )  # fmt: skip


def _ms(value: float) -> str:
    return "overloaded" if math.isinf(value) else "none" if math.isnan(value) else f"{value:.3g} ms"


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """A Service under both policies.

    Parameters
    ----------
    service : str
        ``namespace/name``.
    now : str
        The policy that it has.
    views : mapping of str to PolicyView
        By policy.
    turns_at : float, optional
        Utilisation of the average Pod from which Local is slower on average: 1 for never, 0 for always; None where it
        cannot be said.
    turns_at_p99 : float, optional
        The same for the slowest request in a hundred.
    advice : Recommendation
        Which one to take.

    Examples
    --------
    >>> Comparison("default/web", "Cluster", {}, 0.2, 0.1, Recommendation("Local", ())).advice.policy
    'Local'
    """

    service: str
    now: str
    views: Mapping[str, PolicyView]
    turns_at: float | None
    turns_at_p99: float | None
    advice: Recommendation

    @property
    def titles(self) -> tuple[str, ...]:
        """The policies, and which one it is now."""
        return tuple(f"{policy} (now)" if policy == self.now else policy for policy in self.views)

    def rows(self, currency: str = "") -> Iterator[tuple[str, ...]]:
        """Give the table of both policies: what is compared, and a cell for each."""
        columns = (_column(view, currency) for view in self.views.values())
        yield from ((name, *cells) for name, *cells in zip(ROWS, *columns, strict=True))

    @property
    def summary(self) -> str:
        """The recommendation in a line."""
        return f"{self.service}: now {self.now}, recommended {self.advice.policy}"

    def __repr__(self) -> str:
        return f"<Comparison {self.summary}>"

    def __str__(self) -> str:
        return "\n".join([self.summary, *(f"  {reason}" for reason in self.advice.reasons)])

    def _repr_html_(self) -> str:
        reasons = " ".join(self.advice.reasons)
        return html_table(f"{self.summary}. {reasons}", ("", *self.titles), self.rows())

    @property
    def cluster(self) -> PolicyView:
        """The Service under Cluster."""
        return self.views["Cluster"]

    @property
    def local(self) -> PolicyView:
        """The Service under Local."""
        return self.views["Local"]


def turns_at(found: Survey, views: Mapping[str, PolicyView], quantile: float | None) -> float | None:
    """Return the utilisation from which Local answers later; None where Cluster is uneven too, or packets are lost.

    Parameters
    ----------
    found : Survey
        Service time and workers.
    views : mapping of str to PolicyView
        Both policies.
    quantile : float, optional
        0.99 for the slowest in a hundred; None for the mean.

    Returns
    -------
    float or None
        1 for never, 0 for always.
    """
    cluster, local = views["Cluster"], views["Local"]
    if local.shares.lost or cluster.shares.lost or cluster.hottest > 1 + EVEN:
        return None
    return crossover_utilisation(
        local.loads,
        hop_ms=cluster.hop_ms,
        hop_share=cluster.shares.extra_hop,
        service_ms=found.service_ms,
        workers=found.workers,
        quantile=quantile,
    )


def advise(
    found: Survey, service: Service, views: Mapping[str, PolicyView], turns: list[float | None]
) -> Recommendation:
    """Weigh both policies.

    Parameters
    ----------
    found : Survey
        The cluster.
    service : Service
        The Service.
    views : mapping of str to PolicyView
        Both policies.
    turns : list of float or None
        Where it turns, on average and at the p99.

    Returns
    -------
    Recommendation
        The policy, with the weightiest reason first.
    """
    cluster, local = views["Cluster"], views["Local"]
    if _to_pod(found, service):
        why = "The load balancer delivers straight to the Pods: the policy is not asked."
        return Recommendation("either", (why,))
    if local.lost > cluster.lost + EVEN:
        why = f"Under Local {percent(local.lost)} of the connections are lost: they come in by nodes without a Pod."
        return Recommendation("Cluster", (why, *_source_reason(cluster, local)))
    slower = local.p99_ms > cluster.p99_ms * (1 + EVEN)
    policy = "Cluster" if slower else "Local"
    reasons = (
        _speed(found, cluster, local),
        _turning(turns),
        _money(cluster, local),
        _source_reason(cluster, local),
    )
    return Recommendation(policy, tuple(text for texts in reasons for text in texts))


def _to_pod(found: Survey, service: Service) -> bool:
    kind = found.kind(service)
    return kind is not None and kind.data_path == TO_POD


def _speed(found: Survey, cluster: PolicyView, local: PolicyView) -> Iterator[str]:
    busy = f"At {found.utilisation:.0%} utilisation"
    if math.isinf(local.p99_ms):
        yield f"{busy} the hottest Pod under Local ({local.hottest:.2f} times the mean) is overloaded."
    elif local.hottest > 1 + EVEN:
        yield (
            f"{busy} p99 is {cluster.p99_ms:.3g} ms under Cluster, {local.p99_ms:.3g} ms under Local, whose hottest "
            f"Pod gets {local.hottest:.2f} times the mean."
        )
    else:
        hops = percent(cluster.shares.extra_hop)
        yield f"Local is even here, and saves the extra hop that {hops} of the connections take under Cluster."


def _turning(turns: list[float | None]) -> Iterator[str]:
    mean, p99 = turns
    if mean is None or p99 is None or mean >= 1:
        return
    if mean <= 0:
        yield "There is no hop to save, so Local is never faster."
        return
    yield (
        f"It turns: Local is faster on average below {percent(mean)} utilisation, at the p99 below "
        f"{percent(p99)}. Pods spread evenly over zones and nodes would remove the skew."
    )


def _money(cluster: PolicyView, local: PolicyView) -> Iterator[str]:
    if cluster.cost is not None and local.cost is not None and cluster.cost - local.cost >= 0.005:
        yield (
            f"Under Cluster {percent(cluster.shares.crosses_zone)} of the connections cross a zone on the extra hop: "
            f"{cluster.cost - local.cost:,.2f} more in a month."
        )


def _source_reason(cluster: PolicyView, local: PolicyView) -> Iterator[str]:
    if cluster.source != local.source:
        yield (
            f"If the Pods need the client's address, take Local: they see {local.source} under Local, {cluster.source} "
            "under Cluster."
        )
    elif "client" not in local.source:
        yield f"The Pods see {local.source} under both policies."


def percent(share: float | Fraction) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> percent(Fraction(1, 3)), percent(1)
    ('33.3%', '100%')
    """
    return f"{float(share):.1%}".replace(".0%", "%")
