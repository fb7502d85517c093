"""A Service under a policy: who gets what, the extra hop, the address that Pods see, and the load at which Local loses.

`view` asks the router about one cluster as it is, `policy_shares` about a Service under both values of
``externalTrafficPolicy``. `expected` and `crossover` apply the formulas of `queueing` to views. Nothing is decided
here: to see another policy, the cluster is copied and the field is patched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .._display import html_table, percent
from ..api.addresses import address
from ..api.checks import check_arguments
from ..api.validation import POLICIES
from ..model import Cluster
from ..router.answers import ask
from ..router.node_classes import Bundle
from ..router.route import Shares
from ..router.router import routes
from .path_table import LastLeg
from .queueing import P99, Response, crossover_utilisation, jain_index, max_over_mean, response_ms

__all__ = [
    "POLICIES",
    "PodShare",
    "PolicyShares",
    "PolicyView",
    "both_policies",
    "crossover",
    "expected",
    "policy_shares",
    "view",
]

SETTLED_S = 900.0  # longer than any provider of the model needs for an address, targets and checks


@dataclass(frozen=True, slots=True)
class PodShare:
    """What one Pod gets: directly by its own node, and passed on by another one, with an extra hop."""

    pod: str
    node: str
    direct: Fraction = Fraction(0)
    passed_on: Fraction = Fraction(0)

    @property
    def share(self) -> Fraction:
        """Both together."""
        return self.direct + self.passed_on


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A Service under one policy.

    Parameters
    ----------
    policy : str
        Cluster or Local; empty where an address is asked.
    shares : Shares
        Where the connections go.
    entries : mapping of str to Fraction
        By which node connections enter, and how often by each.
    pods : tuple of PodShare
        The Pods that answer.
    seen : tuple of str
        Addresses that Pods see as the client; where many nodes decide alike, that of one of them.
    hop_ms, network_ms : float
        What an extra hop adds, and the mean round trip without it, in milliseconds. Neither the way through the
        internet nor the work of the Pod counts.
    idle : int
        How many ready Pods get nothing and are not in ``pods``; they count in the mean load.
    """

    policy: str
    shares: Shares = field(default_factory=Shares)
    entries: Mapping[str, Fraction] = field(default_factory=dict)
    pods: tuple[PodShare, ...] = ()
    seen: tuple[str, ...] = ()
    hop_ms: float = 0.0
    network_ms: float = 0.0
    idle: int = 0

    @property
    def loads(self) -> tuple[Fraction, ...]:
        """The share of each Pod, also of those that get nothing."""
        return *(pod.share for pod in self.pods), *(Fraction(0),) * self.idle

    @property
    def hottest_over_mean(self) -> float:
        """Load of the busiest Pod over the mean of all; not a number without load."""
        return max_over_mean(self.loads)

    @property
    def fairness(self) -> float:
        """Jain's index of the Pods' loads."""
        return jain_index(self.loads)

    @property
    def extra_hop(self) -> Fraction:
        """The share with an extra hop."""
        return self.shares.extra_hop

    @property
    def crosses_zone(self) -> Fraction:
        """The share whose extra hop leads into another zone."""
        return self.shares.crosses_zone

    @property
    def lost(self) -> Fraction:
        """The share that nobody answers."""
        return self.shares.lost

    @property
    def hop_share(self) -> float:
        """The share with an extra hop, of the connections that are answered."""
        return float(self.extra_hop / (1 - self.lost)) if self.lost < 1 else 0.0

    @property
    def round_trip_ms(self) -> float:
        """Mean round trip with the extra hops, in milliseconds; rounded, since the order of a sum changes its end."""
        return round(self.network_ms + self.hop_share * self.hop_ms, 12)


@dataclass(frozen=True, slots=True, repr=False)
class PolicyShares:
    """A Service under both policies, Cluster and Local, side by side.

    Parameters
    ----------
    service : str
        Its name.
    nodes : mapping of str to str
        The nodes and their zones, in order.
    sides : tuple of PolicyView
        Cluster, then Local.
    client : str
        Address of the client.
    """

    service: str
    nodes: Mapping[str, str]
    sides: tuple[PolicyView, ...] = ()
    client: str = ""

    def __getitem__(self, policy: str) -> PolicyView:
        """Return one side by its name."""
        return next(side for side in self.sides if side.policy == policy)

    def sees(self, side: PolicyView) -> str:
        """Return in words whom the Pods take for the client."""
        if not side.seen:
            return "nobody"
        others = [seen for seen in side.seen if seen != self.client]
        if not others:
            return f"the client, {self.client}"
        sometimes = "sometimes the client, else " if self.client in side.seen else ""
        return sometimes + ", ".join(others)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the table: each Pod's share, then what holds for all."""
        for pods in zip(*(side.pods for side in self.sides), strict=True):
            yield f"{pods[0].pod} on {pods[0].node}", *(_exact(pod.share) for pod in pods)
        cells = {
            "extra hop": lambda side: _exact(side.extra_hop),
            "crosses a zone": lambda side: _exact(side.crosses_zone),
            "lost": lambda side: _exact(side.lost),
            "mean round trip": lambda side: f"{side.round_trip_ms:.2f} ms",
            "busiest Pod ÷ average Pod": lambda side: f"{side.hottest_over_mean:.3g}" if side.pods else "no Pod",
            "the Pods see": self.sees,
        }
        for name, write in cells.items():
            yield name, *(write(side) for side in self.sides)

    @property
    def _caption(self) -> str:
        return f"{self.service} under Cluster and Local"

    def __repr__(self) -> str:
        return "\n".join([self._caption, *("  " + " | ".join(cells) for cells in self.rows())])

    def _repr_html_(self) -> str:
        return html_table(self._caption, ("", *(side.policy for side in self.sides)), self.rows())


def _exact(share: Fraction) -> str:
    return f"{share} ({percent(share)})"


def both_policies(cluster: Cluster, service: str) -> dict[str, Cluster]:
    """Copy a cluster twice, with each ``externalTrafficPolicy`` on a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service : str
        ``name`` or ``namespace/name``.

    Returns
    -------
    dict of str to Cluster
        The copies, by the name of the policy: Cluster, Local.

    Raises
    ------
    ApiError
        If there is no such Service, or it is not reachable from outside.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster()
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> list(both_policies(cluster, "public-api-lb"))
    ['Cluster', 'Local']
    """
    check_arguments(both_policies, locals())
    space, _, name = service.rpartition("/")
    copies = {policy: cluster.copy() for policy in POLICIES}
    for policy, copy in copies.items():
        copy.patch(name, {"spec": {"externalTrafficPolicy": policy}}, namespace=space or "default")
    return copies


def policy_shares(
    cluster: Cluster, service: str, client: str = "203.0.113.7", *, crashed: str | None = None
) -> PolicyShares:
    """Ask the router about a Service twice: with ``externalTrafficPolicy: Cluster``, and with Local.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service : str
        Name of a Service of type LoadBalancer or NodePort; its load balancer or its node ports are asked, see `send`.
    client : str
        Address of a client outside.
    crashed : str, optional
        A node that has crashed this very moment, when all was well: neither health checks nor the cluster know.

    Returns
    -------
    PolicyShares
        Exact shares; a table in a notebook.

    Raises
    ------
    ApiError
        If there is no such Service, or it is not reachable from outside.
    NotExposed
        If nobody makes load balancers here.

    Examples
    --------
    >>> from k8sexpose.data import example
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1]), cluster.apply(example("public-api-lb"))
    >>> found = policy_shares(cluster, "public-api-lb")
    >>> [str(pod.share) for pod in found["Local"].pods], str(found["Cluster"].extra_hop)
    (['1/4', '1/4', '1/2'], '1/2')
    """
    check_arguments(policy_shares, locals())
    views: dict[str, PolicyView] = {}
    pods: dict[str, str] = {}
    # No clock runs on: health checks are asked about the finished state, as by any name of a Service.
    for policy, copy in both_policies(cluster, service).items():
        found = view(copy, service, client)
        pods |= {pod.pod: pod.node for pod in found.pods}
        target = service
        if crashed is not None:
            target = _crash(copy, service, crashed)
            found = view(copy, target, client)
        seen = {route.client_seen for route in routes(copy, target, client) if route.delivered}
        views[policy] = replace(found, policy=policy, seen=tuple(sorted(filter(None, seen))))
    order = {node.name: number for number, node in enumerate(cluster.nodes)}
    listed = sorted(pods.items(), key=lambda pair: (order.get(pair[1], -1), len(pair[0]), pair[0]))
    sides = tuple(_with_pods(one, listed) for one in views.values())
    return PolicyShares(service, {node.name: node.zone or "" for node in cluster.nodes}, sides, client)


def _crash(copy: Cluster, service: str, node: str) -> str:
    """Crash a node when all clocks have run out; return the load balancer's address, which asks about that moment."""
    copy.advance(SETTLED_S)
    copy.fail(node)
    found = copy.service(service)
    host = found.load_balancer_address
    return f"http://{address(host, found.ports[0].port)}" if host else service


def _with_pods(found: PolicyView, listed: Iterable[tuple[str, str]]) -> PolicyView:
    """Return the view with these Pods in this order, also those that get nothing."""
    known = {pod.pod: pod for pod in found.pods}
    return replace(found, pods=tuple(known.get(pod, PodShare(pod, node)) for pod, node in listed))


def view(
    cluster: Cluster, service: str, client: str | None = None, *, protocol: str = "TCP", hop_ms: float | None = None
) -> PolicyView:
    """Return what a Service's connections meet in a cluster as it is.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service, client, protocol
        As for `k8sexpose.shares`; an address does as well as a name.
    hop_ms : float, optional
        What an extra hop adds, in milliseconds, in place of the table of latencies.

    Raises
    ------
    NotExposed, UnknownName, ValueError
        As for `k8sexpose.shares`.
    """
    answer = ask(cluster, service, client, protocol)
    found = answer.shares
    answered = [bundle for bundle in answer.bundles if bundle.route.delivered]
    legs = [_legs_ms(cluster, bundle, hop_ms) for bundle in answered]
    near_ms = sum(float(bundle.probability) * near for bundle, (near, _) in zip(answered, legs, strict=True))
    hops_ms = sum(float(bundle.extra_hop) * hop for bundle, (_, hop) in zip(answered, legs, strict=True))
    return PolicyView(
        policy=answer.service.external_traffic_policy if answer.service else "",
        shares=found,
        entries=answer.entries,
        pods=_pod_shares(answered),
        seen=tuple(sorted({bundle.route.client_seen for bundle in answered if bundle.route.client_seen})),
        hop_ms=hops_ms / float(found.extra_hop) if found.extra_hop else 0.0,
        network_ms=near_ms / float(1 - found.lost) if found.lost < 1 else 0.0,
    )


def _pod_shares(answered: Iterable[Bundle]) -> tuple[PodShare, ...]:
    """Return the share of each Pod, in the order of the routes."""
    found: dict[str, PodShare] = {}
    for bundle in answered:
        route = bundle.route
        name = route.pod or route.hops[-1].at
        pod = found.get(name, PodShare(name, route.node or ""))
        direct = pod.direct + bundle.probability - bundle.extra_hop
        found[name] = replace(pod, direct=direct, passed_on=pod.passed_on + bundle.extra_hop)
    return tuple(found.values())


def _legs_ms(cluster: Cluster, bundle: Bundle, hop_ms: float | None) -> tuple[float, float]:
    """Return the round trip of a route without its extra hop, which is the last leg, and what the hop adds."""
    if not bundle.extra_hop:
        return bundle.route.latency_ms, 0.0
    leg = LastLeg.of(cluster, bundle.route, hop_ms)
    crossing = float(bundle.crosses_zone / bundle.extra_hop)
    away_ms = crossing * leg.cross_ms + (1 - crossing) * leg.zone_ms
    return leg.before_ms + leg.stays_ms, away_ms - leg.stays_ms


def expected(found: PolicyView, utilisation: float, service_ms: float = 10.0, workers: int = 1) -> Response:
    """Return the response time of answered requests, in the long run and for many clients; NaN where none is answered.

    Parameters
    ----------
    found : PolicyView
        The Service.
    utilisation : float
        Of each worker of the average Pod.
    service_ms, workers
        As for `wait_ms`.
    """
    shares = _shares_of_answered(found)
    if not shares:
        return Response(math.nan, math.nan, math.nan)
    return response_ms(
        shares, utilisation, service_ms, workers=workers,
        hop_share=found.hop_share, hop_ms=found.hop_ms, network_ms=found.network_ms,
    )  # fmt: skip


def _shares_of_answered(found: PolicyView) -> list[Fraction]:
    """Return the share of each Pod in the connections that are answered; an empty list where none is."""
    answered = sum(found.loads, Fraction(0))
    return [load / answered for load in found.loads] if answered else []


def crossover(views: Sequence[PolicyView], *, service_ms: float = 10.0, workers: int = 1) -> dict[str, float]:
    """Return the utilisation from which the second view answers later than the first, for the mean and the p99.

    Parameters
    ----------
    views : sequence of PolicyView
        Two: the first one even (Cluster), the second one skewed (Local).
    service_ms, workers
        As for `wait_ms`.

    Returns
    -------
    dict of str to float
        For the ``mean`` and the ``p99``; see `crossover_utilisation`.
    """
    even, skewed = views
    shares = _shares_of_answered(skewed)
    if not shares:
        raise ValueError("nobody answers under the second policy, so there is no load at which it becomes slower")
    hop_share = max(even.hop_share - skewed.hop_share, 0.0)
    return {
        name: crossover_utilisation(
            shares, hop_ms=even.hop_ms, hop_share=hop_share, service_ms=service_ms, workers=workers, quantile=level
        )
        for name, level in (("mean", None), ("p99", P99))
    }
