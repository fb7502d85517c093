"""One Service under both values of ``externalTrafficPolicy``: the shares, the extra hop, the address that Pods see.

Nothing is decided here: the cluster is copied, the field is patched, and the router is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .._display import html_table
from ..api.addresses import address
from ..api.validation import POLICIES
from ..model import Cluster
from ..router.route import Route
from ..router.router import entries, routes
from .queueing import max_over_mean

__all__ = ["POLICIES", "PodShare", "PolicyShares", "PolicySide", "both_policies", "policy_shares"]

SETTLED_S = 900.0  # longer than any provider of the model needs for an address, targets and checks


@dataclass(frozen=True, slots=True)
class PodShare:
    """What one Pod gets.

    Parameters
    ----------
    pod, node : str
        Which Pod, and where it runs.
    direct : Fraction
        The share that came in by its own node.
    passed_on : Fraction
        The share that came in by another node: with an extra hop.

    Examples
    --------
    >>> PodShare("web-1", "node-1", Fraction(1, 9), Fraction(2, 9)).share
    Fraction(1, 3)
    """

    pod: str
    node: str
    direct: Fraction = Fraction(0)
    passed_on: Fraction = Fraction(0)

    @property
    def share(self) -> Fraction:
        """Both together."""
        return self.direct + self.passed_on


@dataclass(frozen=True, slots=True)
class PolicySide:
    """A Service under one policy.

    Parameters
    ----------
    policy : str
        Cluster or Local.
    entries : mapping of str to Fraction
        By which node connections come in, and how often by each.
    pods : tuple of PodShare
        Every Pod of the Service that answers under either policy.
    lost : Fraction
        The share that nobody answers.
    crosses_zone : Fraction
        The share whose extra hop leads into another zone.
    seen : tuple of str
        The addresses that Pods see as the client.
    latency_ms : float
        Mean round trip of those that are answered, in milliseconds, without the internet and the Pod's work.

    Examples
    --------
    >>> PolicySide("Local", {}, (PodShare("web-1", "node-1", Fraction(1)),)).hottest_over_mean
    1.0
    """

    policy: str
    entries: Mapping[str, Fraction]
    pods: tuple[PodShare, ...] = ()
    lost: Fraction = Fraction(0)
    crosses_zone: Fraction = Fraction(0)
    seen: tuple[str, ...] = ()
    latency_ms: float = 0.0

    @property
    def extra_hop(self) -> Fraction:
        """The share with an extra hop."""
        return sum((pod.passed_on for pod in self.pods), Fraction(0))

    @property
    def hottest(self) -> PodShare | None:
        """The Pod with the largest share; None where there is no Pod."""
        return max(self.pods, key=lambda pod: pod.share, default=None)

    @property
    def hottest_over_mean(self) -> float:
        """Load of the hottest Pod over the mean of all; not a number without load."""
        return max_over_mean([pod.share for pod in self.pods])


@dataclass(frozen=True, slots=True, repr=False)
class PolicyShares:
    """A Service under both policies, side by side.

    Parameters
    ----------
    service : str
        Its name.
    nodes : mapping of str to str
        The nodes and their zones, in order.
    sides : tuple of PolicySide
        Cluster, then Local.
    client : str
        Address of the client.

    Examples
    --------
    >>> PolicyShares("web", {}, (PolicySide("Cluster", {}), PolicySide("Local", {})))["Local"].lost
    Fraction(0, 1)
    """

    service: str
    nodes: Mapping[str, str]
    sides: tuple[PolicySide, ...] = ()
    client: str = ""

    def __getitem__(self, policy: str) -> PolicySide:
        """Return one side by its name."""
        return next(side for side in self.sides if side.policy == policy)

    def sees(self, side: PolicySide) -> str:
        """Say in words whom the Pods take for the client."""
        whose = [self.client == address for address in side.seen]
        if not whose:
            return "nobody"
        if all(whose):
            return f"the client, {self.client}"
        return ("sometimes the client, else " if any(whose) else "") + ", ".join(
            address for address in side.seen if address != self.client
        )

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Give the table: each Pod's share, then what holds for all."""
        for pods in zip(*(side.pods for side in self.sides), strict=True):
            yield f"{pods[0].pod} on {pods[0].node}", *(f"{pod.share} ({_percent(pod.share)})" for pod in pods)
        told = {
            "extra hop": lambda side: f"{side.extra_hop} ({_percent(side.extra_hop)})",
            "crosses a zone": lambda side: _percent(side.crosses_zone),
            "lost": lambda side: f"{side.lost} ({_percent(side.lost)})",
            "mean round trip": lambda side: f"{side.latency_ms:.2f} ms",
            "hottest Pod over mean": lambda side: f"{side.hottest_over_mean:.3g}" if side.pods else "no Pod",
            "the Pods see": self.sees,
        }
        for name, tell in told.items():
            yield name, *(tell(side) for side in self.sides)

    @property
    def _caption(self) -> str:
        return f"{self.service} under Cluster and Local"

    def __repr__(self) -> str:
        return "\n".join([self._caption, *("  " + " | ".join(cells) for cells in self.rows())])

    def _repr_html_(self) -> str:
        return html_table(self._caption, ("", *(side.policy for side in self.sides)), self.rows())


def both_policies(cluster: Cluster, service: str) -> dict[str, Cluster]:
    """Copy a cluster twice, with each ``externalTrafficPolicy`` on a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service : str
        Name of the Service.

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
    copies = {policy: cluster.copy() for policy in POLICIES}
    for policy, copy in copies.items():
        copy.patch(service, {"spec": {"externalTrafficPolicy": policy}})
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
        Name of a Service of type LoadBalancer or NodePort; its front door is asked, see `send`.
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
    ways: dict[str, tuple[Route, ...]] = {}
    comes: dict[str, dict[str, Fraction]] = {}
    pods: set[tuple[str, str]] = set()
    # No clock runs on: health checks are asked about the finished state, as by any name of a Service.
    for policy, copy in both_policies(cluster, service).items():
        pods |= {(way.node or "", way.pod or "") for way in routes(copy, service, client) if way.delivered}
        target = service if crashed is None else _crash(copy, service, crashed)
        ways[policy], comes[policy] = routes(copy, target, client), entries(copy, target, client)
    order = {node.name: number for number, node in enumerate(cluster.nodes)}
    listed = sorted(pods, key=lambda pair: (order.get(pair[0], -1), len(pair[1]), pair[1]))
    sides = tuple(_side(policy, comes[policy], ways[policy], listed) for policy in POLICIES)
    return PolicyShares(service, {node.name: node.zone or "" for node in cluster.nodes}, sides, client)


def _crash(copy: Cluster, service: str, node: str) -> str:
    """Let all clocks run out, crash a node, and return the address of the front door, which asks about now."""
    copy.advance(SETTLED_S)
    copy.fail(node)
    found = copy.service(service)
    host = next((entry.address for entry in found.load_balancer_ingress if entry.address), None)
    return f"http://{address(host, found.ports[0].port)}" if host else service


def _side(
    policy: str, comes: Mapping[str, Fraction], ways: tuple[Route, ...], listed: list[tuple[str, str]]
) -> PolicySide:
    """Add the ways of one policy up."""
    answered = [way for way in ways if way.delivered]
    total = sum((way.probability for way in answered), Fraction(0))

    def part(pod: str, hop: bool) -> Fraction:
        return sum((way.probability for way in answered if way.pod == pod and way.extra_hop is hop), Fraction(0))

    return PolicySide(
        policy,
        dict(comes),
        tuple(PodShare(pod, node, part(pod, False), part(pod, True)) for node, pod in listed),
        1 - total,
        sum((way.probability for way in answered if way.crosses_zone), Fraction(0)),
        tuple(sorted({way.client_seen for way in answered if way.client_seen})),
        sum(float(way.probability) * way.latency_ms for way in answered) / float(total) if total else 0.0,
    )


def _percent(share: Fraction) -> str:
    return f"{float(share):.1%}"
