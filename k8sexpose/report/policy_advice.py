"""Which policy a Service should have, and why: two views of it, weighed.

The recommendation goes by the slowest request in a hundred at the load that is assumed, unless packets would be lost.
The utilisation from which it turns stands beside it, because nobody knows the load better than the reader.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from .._display import html_table
from ..api.errors import NotExposed
from ..api.service import Service
from ..api.validation import POLICIES
from ..cloud.front_door import front_door
from ..cloud.providers import TO_POD
from ..cluster.latency import latencies
from ..cost.billing import lines_of, total_of
from ..cost.charges import DRIVERS, BilledEntry
from ..cost.prices import PriceBook
from ..cost.usage import MonthlyTraffic, admitted_client, exposures
from ..model import Cluster
from ..router.addressing import DEFAULT_CLIENTS
from ..router.route import Shares
from ..router.router import send, shares
from ..traffic.crash import watch_crash
from ..traffic.queueing import Response, crossover_utilisation, jain_index, max_over_mean, response_ms
from .assumptions import ReviewedCluster, apart

__all__ = ["PolicyView", "Recommendation", "ServiceComparison", "advise", "compare_services", "percent", "turns_at"]

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
class ServiceComparison:
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
    >>> ServiceComparison("default/web", "Cluster", {}, 0.2, 0.1, Recommendation("Local", ())).advice.policy
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
        return f"<ServiceComparison {self.summary}>"

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


def turns_at(found: ReviewedCluster, views: Mapping[str, PolicyView], quantile: float | None) -> float | None:
    """Return the utilisation from which Local answers later; None where Cluster is uneven too, or packets are lost.

    Parameters
    ----------
    found : ReviewedCluster
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
    found: ReviewedCluster, service: Service, views: Mapping[str, PolicyView], turns: list[float | None]
) -> Recommendation:
    """Weigh both policies.

    Parameters
    ----------
    found : ReviewedCluster
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


def _to_pod(found: ReviewedCluster, service: Service) -> bool:
    kind = found.kind(service)
    return kind is not None and kind.data_path == TO_POD


def _speed(found: ReviewedCluster, cluster: PolicyView, local: PolicyView) -> Iterator[str]:
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


TRIES = 30  # connections, until one shows which source address the Pod sees
UNSEEN = "not played for so many nodes and Services; kx.watch_crash plays one"
CRASHES = 50_000  # nodes times exposed Services, up to which every crash is played


def compare_services(
    found: ReviewedCluster, *, traffic: MonthlyTraffic | None = None, book: PriceBook | None = None
) -> dict[str, ServiceComparison | str]:
    """Compare the policies for each exposed Service.

    Parameters
    ----------
    found : ReviewedCluster
        The cluster, and the load to assume.
    traffic : MonthlyTraffic, optional
        What passes in a month, for the costs.
    book : PriceBook, optional
        The prices; None for no costs.

    Returns
    -------
    dict of str to ServiceComparison or str
        By ``namespace/name``; a text where there is nothing to compare, and why.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> from k8sexpose.report.assumptions import survey
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1, 0])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> one = compare_services(survey(cluster))["default/public-api-lb"]
    >>> one.local.hottest, round(one.turns_at, 2), one.advice.policy
    (1.5, 0.19, 'Cluster')
    """
    twins = {policy: _under(found, policy) for policy in POLICIES}
    priced = {policy: _priced(found, twin, traffic, book) for policy, twin in twins.items()}
    few = len(found.exposed) * len(found.cluster.nodes) <= CRASHES
    alone = apart(found.cluster)
    return {
        service.key: _compare(found, service, twins, priced, alone, few)
        for service in found.exposed
    }  # fmt: skip


def _under(found: ReviewedCluster, policy: str) -> Cluster:
    """Copy the cluster with this policy on every exposed Service."""
    twin = found.cluster.copy()
    for service in found.exposed:
        twin.store.put_service(replace(service, external_traffic_policy=policy))
    return twin


def _compare(
    found: ReviewedCluster,
    service: Service,
    twins: Mapping[str, Cluster],
    priced: Mapping[str, Mapping[str, float | None]],
    alone: Callable[[Service], Cluster],
    few: bool,
) -> ServiceComparison | str:
    if not found.ready(service):
        return "no endpoint is ready, so there is nothing to deal to"
    if service.deletion_timestamp:
        return "it is being deleted"
    views = {}
    try:
        for policy, twin in twins.items():
            changed = replace(service, external_traffic_policy=policy)
            asked = _askable(twin, changed, alone)
            views[policy] = _view(found, asked, changed, alone if few else None, priced[policy].get(service.key))
    except NotExposed as reason:
        return str(reason)
    except (ValueError, KeyError) as error:  # a value that no API server of today would store
        return f"the model cannot read it: {error}"
    turns = [turns_at(found, views, quantile) for quantile in (None, 0.99)]
    advice = advise(found, service, views, turns)
    return ServiceComparison(
        service.key, service.external_traffic_policy or "Cluster", views, turns[0], turns[1], advice
    )


def _askable(twin: Cluster, service: Service, alone: Callable[[Service], Cluster]) -> Cluster:
    """Return a cluster in which the Service has its way in; one beyond a quota is asked about as if there were none.

    Raises
    ------
    NotExposed
        If nobody makes its load balancer.
    """
    if service.type == "LoadBalancer":
        try:
            front_door(twin, service)
        except NotExposed:
            twin = alone(service)
            front_door(twin, service)
    return twin


def _view(
    found: ReviewedCluster,
    cluster: Cluster,
    service: Service,
    alone: Callable[[Service], Cluster] | None,
    cost: float | None,
) -> PolicyView:
    port, client = service.ports[0], admitted_client(service)
    target, protocol = f"{service.key}:{port.port}", port.protocol or "TCP"
    dealt = shares(cluster, target, client, protocol=protocol)
    loads = _all_pods(found, service, [share for share in dealt.by_pod.values() if share])
    near_ms = latencies()["same_node"].ms + (front_door(cluster, service).latency_ms if _balanced(service) else 0.0)
    hop_ms = _hop_ms(dealt)
    expected = _expected(found, dealt, loads, near_ms, hop_ms)
    ways = (send(cluster, target, client, protocol=protocol, seed=seed) for seed in range(TRIES))
    seen = next((way.client_seen for way in ways if way.delivered), None)
    return PolicyView(
        service.external_traffic_policy,
        dealt,
        tuple(loads),
        hop_ms,
        expected.mean_ms,
        expected.p50_ms,
        expected.p99_ms,
        _source(cluster, seen, client),
        _failure(alone(replace(service, load_balancer_source_ranges=())), service, dealt) if alone else UNSEEN,
        cost,
    )


def _balanced(service: Service) -> bool:
    return service.type == "LoadBalancer"


def _all_pods(found: ReviewedCluster, service: Service, loads: list[Fraction]) -> list[Fraction]:
    """Add the ready Pods that get nothing: they are part of the mean."""
    idle = sum(found.hosts(service).values()) - len(loads)
    return loads + [Fraction(0)] * max(idle, 0)


def _hop_ms(dealt: Shares) -> float:
    """Return what an extra hop adds on average: the last leg leads to another node, perhaps in another zone."""
    if not dealt.extra_hop:
        return 0.0
    table, crossing = latencies(), float(dealt.crosses_zone / dealt.extra_hop)
    away_ms = crossing * table["cross_zone"].ms + (1 - crossing) * table["same_zone"].ms
    return away_ms - table["same_node"].ms


def _expected(found: ReviewedCluster, dealt: Shares, loads: list[Fraction], near_ms: float, hop_ms: float) -> Response:
    """Tell what the requests that are answered are to expect."""
    answered = sum(loads, Fraction(0))
    if not answered:
        return Response(math.nan, math.nan, math.nan)
    return response_ms(
        [load / answered for load in loads], found.utilisation, found.service_ms, workers=found.workers,
        hop_share=float(dealt.extra_hop / answered), hop_ms=hop_ms, network_ms=near_ms,
    )  # fmt: skip


def _source(cluster: Cluster, seen: str | None, client: str | None) -> str:
    if seen is None:
        return "nothing: no connection came through"
    if cluster.store.node_at(seen) is not None:
        return "a node's address"
    return "the client's address" if seen in (client, *DEFAULT_CLIENTS.values()) else "the load balancer's address"


def _failure(cluster: Cluster, service: Service, dealt: Shares) -> str:
    """Crash the node that answers most, and say what that costs until somebody notices."""
    answering = {name: share for name, share in dealt.by_node.items() if name in cluster.store.nodes}
    if not answering:
        return "no Pod answers, so a crash changes nothing"
    worst = max(answering, key=lambda name: answering[name])
    if not _balanced(service):
        return f"a client that wrote down {worst} loses everything, until it dials another node"
    cluster.advance(900)
    try:
        crash = watch_crash(cluster, service.key, worst, seconds=600)
    except NotExposed as reason:
        return str(reason)
    lost = max((step.lost for step in crash.steps if step.at_s >= 0), default=Fraction(0))
    if crash.healed_s is None:
        return f"{worst} crashes: {percent(lost)} of new connections are lost, and neither of the two clocks ends it"
    if not lost:
        return f"{worst} crashes: no new connection is lost"
    return f"{worst} crashes: up to {percent(lost)} of new connections are lost, for {crash.healed_s:g} s"


def _priced(
    found: ReviewedCluster, twin: Cluster, traffic: MonthlyTraffic | None, book: PriceBook | None
) -> dict[str, float | None]:
    """Return what each Service would cost alone."""
    if book is None or found.provider not in DRIVERS:
        return {}
    return {
        entry.name: _cost(found, entry, book)
        for entry in exposures(twin, traffic or MonthlyTraffic())
        if entry.name in {service.key for service in found.exposed}
    }


def _cost(found: ReviewedCluster, entry: BilledEntry, book: PriceBook) -> float | None:
    return total_of(lines_of(found.provider, [entry], book, found.region or None))
