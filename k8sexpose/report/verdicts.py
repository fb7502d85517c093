"""One Service under both policies: what ``externalTrafficPolicy: Cluster`` and ``Local`` would do, and which to take.

Shares, hops, zones and source addresses are the router's; latencies are the formulas of `queueing` on these shares;
the crash is played on a copy; the money is a bill for this Service alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from ..api.errors import NotExposed
from ..api.service import Service
from ..api.validation import POLICIES
from ..cloud.front_door import front_door
from ..cluster.latency import latencies
from ..cost.billing import lines_of, total_of
from ..cost.charges import DRIVERS, Exposure
from ..cost.prices import PriceBook
from ..cost.usage import Traffic, admitted_client, exposures
from ..model import Cluster
from ..router.addressing import DEFAULT_CLIENTS
from ..router.route import Shares
from ..router.router import send, shares
from ..traffic.crash import watch_crash
from ..traffic.queueing import Response, response_ms
from .assumptions import Survey, apart
from .policy_advice import Comparison, PolicyView, advise, percent, turns_at

__all__ = ["compare_services"]

TRIES = 30  # connections, until one shows which source address the Pod sees
UNSEEN = "not played for so many nodes and Services; kx.watch_crash plays one"
CRASHES = 50_000  # nodes times exposed Services, up to which every crash is played


def compare_services(
    found: Survey, *, traffic: Traffic | None = None, book: PriceBook | None = None
) -> dict[str, Comparison | str]:
    """Compare the policies for each exposed Service.

    Parameters
    ----------
    found : Survey
        The cluster, and the load to assume.
    traffic : Traffic, optional
        What passes in a month, for the costs.
    book : PriceBook, optional
        The prices; None for no costs.

    Returns
    -------
    dict of str to Comparison or str
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


def _under(found: Survey, policy: str) -> Cluster:
    """Copy the cluster with this policy on every exposed Service."""
    twin = found.cluster.copy()
    for service in found.exposed:
        twin.store.put_service(replace(service, external_traffic_policy=policy))
    return twin


def _compare(
    found: Survey,
    service: Service,
    twins: Mapping[str, Cluster],
    priced: Mapping[str, Mapping[str, float | None]],
    alone: Callable[[Service], Cluster],
    few: bool,
) -> Comparison | str:
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
    return Comparison(service.key, service.external_traffic_policy or "Cluster", views, turns[0], turns[1], advice)


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


# -- one policy -------------------------------------------------------------------------------------------------------


def _view(
    found: Survey, cluster: Cluster, service: Service, alone: Callable[[Service], Cluster] | None, cost: float | None
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


def _all_pods(found: Survey, service: Service, loads: list[Fraction]) -> list[Fraction]:
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


def _expected(found: Survey, dealt: Shares, loads: list[Fraction], near_ms: float, hop_ms: float) -> Response:
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


def _priced(found: Survey, twin: Cluster, traffic: Traffic | None, book: PriceBook | None) -> dict[str, float | None]:
    """Return what each Service would cost alone."""
    if book is None or found.provider not in DRIVERS:
        return {}
    return {
        entry.name: _cost(found, entry, book)
        for entry in exposures(twin, traffic or Traffic())
        if entry.name in {service.key for service in found.exposed}
    }


def _cost(found: Survey, entry: Exposure, book: PriceBook) -> float | None:
    return total_of(lines_of(found.provider, [entry], book, found.region or None))
