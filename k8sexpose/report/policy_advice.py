"""Which policy a Service should have, and why: two views of it, weighed.

The recommendation goes by the slowest request in a hundred at the load that is assumed, unless packets would be lost.
The utilisation at which it changes is given beside it, because nobody knows the load better than the reader.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

from .._display import html_table, listed, milliseconds, percent
from ..api.errors import NotExposed
from ..api.service import Service
from ..api.validation import POLICIES
from ..cloud.front_door import front_door
from ..cloud.health_checks import is_candidate
from ..cloud.internal import PRIVATE_CLIENTS
from ..cloud.providers import TO_POD
from ..cost.billing import NO_CHARGE, lines_of, total_of
from ..cost.charges import DRIVERS, BilledEntry
from ..cost.prices import PriceBook
from ..cost.usage import MonthlyTraffic, admitted_client, exposures, price_list
from ..model import Cluster
from ..router.addressing import DEFAULT_CLIENTS
from ..router.route import Shares
from ..traffic.crash import watch_crash
from ..traffic.policies import PolicyView, crossover, expected, view
from ..traffic.queueing import Response
from .assumptions import ReviewedCluster, apart

__all__ = [
    "COST",
    "Recommendation",
    "ReviewedPolicy",
    "ServiceComparison",
    "advise",
    "cannot_follow",
    "compare_services",
    "glossary",
]

EVEN = 1e-9
UNSEEN = "not played for so many nodes and Services; kx.watch_crash plays one"
CRASHES = 50_000  # nodes times exposed Services, up to which every crash is played


@dataclass(frozen=True, slots=True)
class ReviewedPolicy:
    """What the report says of a Service under one policy.

    Parameters
    ----------
    view : PolicyView
        Where the connections go.
    response : Response
        Time to the answer inside the cluster.
    source : str
        Whose address the Pod sees.
    failure : str
        What a crash of the busiest node costs.
    cost : float, optional
        Of this Service alone in a month; None where a price is missing or there is no price list.
    """

    view: PolicyView
    response: Response
    source: str
    failure: str
    cost: float | None

    @property
    def shares(self) -> Shares:
        """Where the connections go, exactly."""
        return self.view.shares

    @property
    def hottest(self) -> float:
        """Load of the busiest Pod over that of the average one."""
        return self.view.hottest_over_mean if self.view.loads else math.nan

    @property
    def fairness(self) -> float:
        """Jain's index of the Pods' loads."""
        return self.view.fairness if self.view.loads else math.nan

    @property
    def extra_hop(self) -> float:
        """Share of the connections that are answered on another node than the one they entered by."""
        return float(self.view.extra_hop)

    @property
    def cross_zone(self) -> float:
        """Share of the connections whose extra hop leads into another zone."""
        return float(self.view.crosses_zone)

    @property
    def lost(self) -> float:
        """Share of the connections that nobody answers."""
        return float(self.view.lost)

    @property
    def mean_ms(self) -> float:
        """Mean time to the answer, in milliseconds."""
        return self.response.mean_ms

    @property
    def p50_ms(self) -> float:
        """Time to the answer of the faster half, in milliseconds."""
        return self.response.p50_ms

    @property
    def p99_ms(self) -> float:
        """Time to the answer of all but the slowest hundredth, in milliseconds."""
        return self.response.p99_ms


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Which policy to take (``Cluster``, ``Local`` or ``either``), and why, the weightiest reason first."""

    policy: str
    reasons: tuple[str, ...]


COST = "cost of this Service alone, in a month"
ROWS = (
    "busiest Pod over the mean", "fairness (Jain's index)", "p50", "p99", "extra hop", "crosses a zone", "lost",
    "the Pod sees", "when a node crashes", COST,
)  # fmt: skip
GLOSSARY = {  # by the lines of the table that a sentence explains
    ("busiest Pod over the mean",): "busiest Pod over the mean: its load divided by that of the average Pod.",
    ("fairness (Jain's index)",): "fairness: 1 where all Pods get the same load, less where they do not.",
    ("p50", "p99"): "p50, p99: the time within which 50, and 99, of 100 requests are answered.",
    ("extra hop", "crosses a zone"): "extra hop, crosses a zone: the share of the connections that are answered on "
    "another node than they enter by, and in another zone.",
    ("lost",): "lost: the share of the connections that nobody answers.",
    (COST,): "cost of this Service alone: what the bill would be if it were the only Service of the cluster.",
}


def glossary(lines: Collection[str] = ROWS) -> tuple[str, ...]:
    """Return the sentences that explain some lines of the table."""
    return tuple(words for names, words in GLOSSARY.items() if not set(names).isdisjoint(lines))


def _column(one: ReviewedPolicy, currency: str) -> tuple[str, ...]:
    cost = "no price" if one.cost is None else f"{one.cost:,.2f} {currency}".rstrip()
    hottest, fairness = (
        "none" if math.isnan(value) else form.format(value)
        for value, form in ((one.hottest, "{:.2f}"), (one.fairness, "{:.3f}"))
    )
    return (
        hottest, fairness, milliseconds(one.p50_ms), milliseconds(one.p99_ms),
        f"{one.extra_hop:.1%}", f"{one.cross_zone:.1%}", f"{one.lost:.1%}", one.source, one.failure, cost,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class ServiceComparison:
    """A Service under both policies.

    Parameters
    ----------
    service : str
        ``namespace/name``.
    now : str
        The policy that it has.
    views : mapping of str to ReviewedPolicy
        By policy.
    turns_at : float, optional
        Utilisation of the average Pod from which Local is slower on average: 1 for never, 0 for always; None where it
        cannot be said.
    turns_at_p99 : float, optional
        The same for the slowest request in a hundred.
    advice : Recommendation
        Which one to take.
    currency : str
        Of the costs.
    """

    service: str
    now: str
    views: Mapping[str, ReviewedPolicy]
    turns_at: float | None
    turns_at_p99: float | None
    advice: Recommendation
    currency: str = ""

    @property
    def titles(self) -> tuple[str, ...]:
        """The policies, and which one it is now."""
        return tuple(f"{policy} (now)" if policy == self.now else policy for policy in self.views)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the table of both policies: what is compared, and a cell for each."""
        columns = (_column(view, self.currency) for view in self.views.values())
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
    def cluster(self) -> ReviewedPolicy:
        """The Service under Cluster."""
        return self.views["Cluster"]

    @property
    def local(self) -> ReviewedPolicy:
        """The Service under Local."""
        return self.views["Local"]


def _crossings(found: ReviewedCluster, views: Mapping[str, ReviewedPolicy]) -> Mapping[str, float | None]:
    """Return `crossover` for Cluster and Local; None where Cluster is uneven too, or packets are lost."""
    cluster, local = views["Cluster"].view, views["Local"].view
    if local.lost or cluster.lost or cluster.hottest_over_mean > 1 + EVEN:
        return {"mean": None, "p99": None}
    return {**crossover((cluster, local), service_ms=found.service_ms, workers=found.workers)}


def advise(
    found: ReviewedCluster,
    service: Service,
    views: Mapping[str, ReviewedPolicy],
    crossings: Mapping[str, float | None],
) -> Recommendation:
    """Return the policy to take, by the p99 at the load that is assumed, unless connections would be lost."""
    cluster, local = views["Cluster"], views["Local"]
    if _to_pod(found, service):
        why = "The load balancer delivers straight to the Pods: the policy is not asked."
        return Recommendation("either", (why, *_zone_reason(cluster)))
    if local.lost > cluster.lost + EVEN:
        why = f"Under Local {percent(local.lost)} of the connections are lost: they arrive at nodes without a Pod."
        return Recommendation("Cluster", (why, *_source_reason(cluster, local)))
    if len(found.cluster.nodes) == 1:
        why = "The cluster has one node: both policies send every connection to its Pods, and there is no hop to save."
        return Recommendation("either (one node)", (why, *_source_reason(cluster, local)))
    slower = local.p99_ms > cluster.p99_ms * (1 + EVEN)
    policy = "Cluster" if slower else "Local"
    reasons = (
        _speed(found, cluster, local),
        _crossing(found, service, crossings),
        _money(found, cluster, local),
        _source_reason(cluster, local),
    )
    return Recommendation(policy, tuple(chain.from_iterable(reasons)))


def _to_pod(found: ReviewedCluster, service: Service) -> bool:
    kind = found.kind(service)
    return kind is not None and kind.data_path == TO_POD


def _zone_reason(one: ReviewedPolicy) -> Iterator[str]:
    if one.hottest > 1 + EVEN:
        yield (
            f"Zones with unequally many Pods get equal shares: the busiest Pod gets {one.hottest:.2f} times the mean. "
            "Pods spread evenly over the zones, or a load balancer that crosses zones, would remove that."
        )


def _speed(found: ReviewedCluster, cluster: ReviewedPolicy, local: ReviewedPolicy) -> Iterator[str]:
    busy = f"At {found.utilisation:.0%} utilisation"
    if math.isinf(local.p99_ms):
        yield f"{busy} the busiest Pod under Local ({local.hottest:.2f} times the mean) is overloaded."
    elif math.isnan(local.hottest) or math.isnan(cluster.hottest):
        yield "No connection comes through, so that there is nothing to weigh."
    elif local.hottest > 1 + EVEN:
        yield (
            f"{busy} p99 is {cluster.p99_ms:.3g} ms under Cluster, {local.p99_ms:.3g} ms under Local, whose busiest "
            f"Pod gets {local.hottest:.2f} times the mean."
        )
    else:
        hops = percent(cluster.shares.extra_hop)
        saved = f", and saves the extra hop that {hops} of the connections take under Cluster"
        yield f"Local is even here{saved if cluster.shares.extra_hop else ''}."


def _crossing(found: ReviewedCluster, service: Service, crossings: Mapping[str, float | None]) -> Iterator[str]:
    mean, p99 = crossings["mean"], crossings["p99"]
    if mean is None or p99 is None or mean >= 1:
        return
    if mean <= 0:
        yield "There is no hop to save, so Local is never faster."
        return
    kind = found.kind(service)
    skew = "Pods spread evenly over zones and nodes would remove the skew."
    if kind is not None and kind.spread == "one_node":
        skew = "In layer 2 only Pods of the node that announces the address get connections, however they are spread."
    elif not all(is_candidate(found.cluster.node(name)) for name in found.hosts(service)):
        skew = "Pods on nodes that are excluded from load balancers get nothing under Local, however they are spread."
    yield f"Local is faster on average below {percent(mean)} utilisation, at the p99 below {percent(p99)}. {skew}"


def _money(found: ReviewedCluster, cluster: ReviewedPolicy, local: ReviewedPolicy) -> Iterator[str]:
    if cluster.cost is not None and local.cost is not None and cluster.cost - local.cost >= 0.005:
        yield (
            f"Under Cluster {percent(cluster.shares.crosses_zone)} of the connections cross a zone on the extra hop, "
            f"which adds {cluster.cost - local.cost:,.2f} {found.currency} to the bill of a month."
        )


def _source_reason(cluster: ReviewedPolicy, local: ReviewedPolicy) -> Iterator[str]:
    if local.lost == 1:
        return
    balancer = "the load balancer's address"
    if balancer in (local.source, cluster.source) and "client" not in local.source:
        yield (
            f"The Pods see {local.source} under Local, {cluster.source} under Cluster: the load balancer "
            f"opens connections "
            "of its own. If they need the client's address, it is in the PROXY protocol (an annotation "
            "switches it on, and the "
            "Pods must understand it) or, behind an HTTP proxy, in X-Forwarded-For; the policy does not change that."
        )
    elif cluster.source != local.source:
        served = " and dial only nodes with a Pod" if local.lost else ""
        yield (
            f"If the Pods need the client's address, take Local{served}: they see {local.source} under Local, "
            f"{cluster.source} under Cluster."
        )
    elif "client" not in local.source:
        yield f"The Pods see {local.source} under both policies."


def compare_services(
    found: ReviewedCluster, *, traffic: MonthlyTraffic | None = None, book: PriceBook | None = None
) -> dict[str, ServiceComparison | str]:
    """Return each exposed Service under both policies, or why there is nothing to compare; without prices no costs."""
    twins = {policy: _under(found, policy) for policy in POLICIES}
    priced = {policy: _priced(found, policy, twin, traffic, book) for policy, twin in twins.items()}
    few = len(found.exposed) * len(found.cluster.nodes) <= CRASHES
    alone = apart(found.cluster)
    return {service.key: _compare(found, service, twins, priced, alone, few) for service in found.exposed}


def _under(found: ReviewedCluster, policy: str) -> Cluster:
    """Return the cluster with this policy on every exposed Service: a copy, unless all have it."""
    if all(_policy(service) == policy for service in found.exposed):
        return found.cluster
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
    reason = cannot_follow(found, service) or found.around.no_advice(service)
    if reason is not None:
        return reason
    if not found.ready(service):
        return "no endpoint is ready, so there is nobody to send to"
    if service.deletion_timestamp:
        return "it is being deleted"
    views = {}
    try:
        for policy, twin in twins.items():
            changed = replace(service, external_traffic_policy=policy)
            asked = _askable(found.cluster if _policy(service) == policy else twin, changed, alone)
            views[policy] = _reviewed(found, asked, changed, alone if few else None, priced[policy].get(service.key))
    except NotExposed as reason:
        return str(reason)
    except (ValueError, KeyError) as error:  # a value that no API server of today would store
        return f"the model cannot read it: {error}"
    crossings = _crossings(found, views)
    advice = advise(found, service, views, crossings)
    return ServiceComparison(service.key, _policy(service), views, crossings["mean"], crossings["p99"], advice)


def _policy(service: Service) -> str:
    """Return the policy in force."""
    return service.external_traffic_policy or "Cluster"


def cannot_follow(found: ReviewedCluster, service: Service) -> str | None:
    """Return what the dump lacks to follow a connection to a Service; None where nothing is missing."""
    # Endpoints of a Service without a selector are no Pods.
    needed = {"Node": "Nodes", "Pod": "Pods"} if service.selector else {"Node": "Nodes"}
    absent = [words for kind, words in needed.items() if kind in found.absent]
    if absent:
        return f"the dump holds no {' and no '.join(absent)}, which it takes to follow the route of a connection"
    if found.is_hidden(service):
        return "the addresses of its Pods were taken out of the dump"
    strays = found.strays(service)
    if strays:
        return f"the dump does not agree with itself: {listed(strays, 1)}"
    return None


def _askable(twin: Cluster, service: Service, alone: Callable[[Service], Cluster]) -> Cluster:
    """Return a cluster in which the Service can be reached; one beyond a quota is asked about as if there were none."""
    if service.type == "LoadBalancer":
        try:
            front_door(twin, service)
        except NotExposed:
            twin = alone(service)
            front_door(twin, service)
    return twin


def _reviewed(
    found: ReviewedCluster,
    cluster: Cluster,
    service: Service,
    alone: Callable[[Service], Cluster] | None,
    cost: float | None,
) -> ReviewedPolicy:
    """Return the Service as it is in this cluster; without `alone` no crash is played."""
    port, client = service.ports[0], admitted_client(service)
    seen = view(cluster, f"{service.key}:{port.port}", client, protocol=port.protocol or "TCP")
    answering = sum(1 for load in seen.loads if load)
    idle = max(sum(found.hosts(service).values()) - answering, 0)
    ready = replace(seen, policy=service.external_traffic_policy, idle=idle)
    failure = UNSEEN
    if alone is not None:
        failure = _failure(alone(replace(service, load_balancer_source_ranges=())), service, seen.shares)
    return ReviewedPolicy(
        ready,
        expected(ready, found.utilisation, found.service_ms, found.workers),
        _source(cluster, seen.seen, client),
        failure,
        cost,
    )


def _source(cluster: Cluster, seen: tuple[str, ...], client: str | None) -> str:
    """Return whose address Pods see; the policy makes it the same kind of address by whichever node one comes in."""
    if not seen:
        return "nothing: no connection came through"
    if cluster.store.node_at(seen[0]) is not None:
        return "a node's address"
    clients = (client, *DEFAULT_CLIENTS.values(), *PRIVATE_CLIENTS.values())
    return "the client's address" if seen[0] in clients else "the load balancer's address"


def _failure(cluster: Cluster, service: Service, found: Shares) -> str:
    """Return what a crash of the node that answers most costs, until somebody notices."""
    answering = {name: share for name, share in found.by_node.items() if name in cluster.store.nodes}
    if not answering:
        return "no Pod answers, so a crash changes nothing"
    worst = max(answering, key=lambda name: answering[name])
    if len(cluster.nodes) == 1:
        return f"nobody is served until {worst} is back: there is no other node"
    if service.type != "LoadBalancer":
        return f"a client that uses the address of {worst} loses everything until it uses another node"
    cluster.advance(900)
    try:
        crash = watch_crash(cluster, service.key, worst, seconds=600)
    except NotExposed as reason:
        return str(reason)
    lost = max((step.lost for step in crash.steps if step.at_s >= 0), default=Fraction(0))
    if crash.healed_s is None:
        lasts = "until it is back, or its Pods have been made anew elsewhere"
        return f"{worst} crashes: {percent(lost)} of new connections are lost {lasts}"
    if not lost:
        return f"{worst} crashes: no new connection is lost"
    return f"{worst} crashes: up to {percent(lost)} of new connections are lost, for {crash.healed_s:g} s"


def _priced(
    found: ReviewedCluster, policy: str, twin: Cluster, traffic: MonthlyTraffic | None, book: PriceBook | None
) -> dict[str, float | None]:
    """Return what each Service would cost alone under a policy; those that have it already are asked about as is."""
    if book is not None and price_list(found.cluster) in NO_CHARGE:
        return {one.key: 0.0 for one in found.exposed}
    if book is None or found.provider not in DRIVERS:
        return {}
    costs: dict[str, float | None] = {}
    unchanged = {one.key for one in found.exposed if _policy(one) == policy}
    changed = {one.key for one in found.exposed} - unchanged
    for cluster, names in ((found.cluster, unchanged), (twin, changed)):
        entries = exposures(cluster, traffic or MonthlyTraffic(), only=names) if names else ()
        costs |= {entry.name: _cost(found, entry, book) for entry in entries if entry.name in names}
    return costs


def _cost(found: ReviewedCluster, entry: BilledEntry, book: PriceBook) -> float | None:
    return total_of(lines_of(found.provider, [entry], book, found.region or None))
