"""The same requests under two policies, side by side: what a hop costs, and what skew costs.

Under ``externalTrafficPolicy: Cluster`` every Pod gets the same share, and most requests take an extra hop; under
``Local`` no request does, and Pods that share a node with few others get more. Expected numbers come from the router's
exact shares and the formulas of `queueing`, and the sampled ones beside them from `simulate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .._display import html_table, milliseconds, percent
from ..api.checks import check_arguments, count, positive
from ..cloud.internal import AWS
from ..model import Cluster
from .policies import PolicyView, crossover, expected, view
from .queueing import check_service, jain_index, max_over_mean, sticky_max_over_mean
from .simulation import Traffic, simulate
from .timeline import fresh

__all__ = [
    "CONFIGURATIONS",
    "Configuration",
    "Expected",
    "PolicyComparison",
    "compare_policies",
    "expect",
    "latency_curves",
    "sticky_skew",
]

# What an argument may be at most: the work grows with it.
MOST_UTILISATION = 1e6
MOST_POINTS = 1_000
MOST_RUNS = 1_000
MOST_CLIENTS = 2_000_000

HEAD = ("policy", "extra hops", "busiest Pod", "fairness", "mean", "p50", "p99")
GKE = {"cloud.google.com/l4-rbs": "enabled", "networking.gke.io/weighted-load-balancing": "pods-per-node"}
IP_TARGETS = {
    f"{AWS}type": "external",
    f"{AWS}nlb-target-type": "ip",
    f"{AWS}attributes": "load_balancing.cross_zone.enabled=true",
}
LOCAL: dict[str, Any] = {"externalTrafficPolicy": "Local"}


class Configuration(NamedTuple):
    """How requests are spread: the provider of the load balancer, and the patch of the Service."""

    provider: str
    patch: dict[str, Any]


CONFIGURATIONS = {
    "Local": Configuration("generic", {"spec": LOCAL}),
    "Local, weighted by Pods": Configuration("gcp", {"metadata": {"annotations": GKE}, "spec": LOCAL}),
    "Cluster, PreferSameZone": Configuration("generic", {"spec": {"trafficDistribution": "PreferSameZone"}}),
    "IP targets, cross-zone on": Configuration("aws", {"metadata": {"annotations": IP_TARGETS}}),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect of a Service under a policy, in the long run and for many clients.

    Parameters
    ----------
    shares : dict of str to float
        The share of each Pod.
    utilisation : float
        Of each worker of the average Pod.
    hop_share, hop_ms : float
        The share of requests with an extra hop, and what it adds, in milliseconds.
    network_ms : float
        Mean round trip of all legs, in milliseconds.
    mean_ms, p50_ms, p99_ms : float
        Time to the answer; infinite where a Pod is overloaded.
    """

    shares: dict[str, float]
    utilisation: float
    hop_share: float
    hop_ms: float
    network_ms: float
    mean_ms: float
    p50_ms: float
    p99_ms: float

    @property
    def busiest(self) -> float:
        """Utilisation of the busiest Pod: from 1 on its queue grows without end."""
        return self.utilisation * max_over_mean(list(self.shares.values()))

    @property
    def fairness(self) -> float:
        """Jain's index of the shares."""
        return jain_index(list(self.shares.values()))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PolicyComparison:
    """The same requests under two policies (or more).

    Parameters
    ----------
    expected : dict of str to Expected
        By name of the policy.
    traffic : dict of str to Traffic
        What was sampled.
    table : DataFrame
        A row per policy: ``hop_share, busiest`` (utilisation of the busiest Pod), ``jain_index, mean_ms, p50_ms,
        p99_ms`` as expected, ``sampled_mean_ms, sampled_p50_ms, sampled_p99_ms``.
    """

    expected: dict[str, Expected]
    traffic: dict[str, Traffic]
    table: pd.DataFrame

    @property
    def faster(self) -> dict[str, str]:
        """Name of the policy that is expected to answer sooner: on average (``mean``), and at the ``p99``."""
        by_mean = min(self.expected, key=lambda name: self.expected[name].mean_ms)
        return {"mean": by_mean, "p99": min(self.expected, key=lambda name: self.expected[name].p99_ms)}

    @property
    def caption(self) -> str:
        """The result in a line."""
        busy = next(iter(self.expected.values())).utilisation
        each = (
            f"{name} mean {milliseconds(one.mean_ms)}, p99 {milliseconds(one.p99_ms)}"
            for name, one in self.expected.items()
        )
        return f"{busy:.0%} busy; " + "; ".join(each)

    def __repr__(self) -> str:
        return f"<PolicyComparison: {self.caption}>"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table in words: expected, and sampled in brackets."""
        return [
            (
                str(name), percent(row.hop_share), percent(row.busiest), f"{row.jain_index:.3f}",
                *(_beside(row[column], row[f"sampled_{column}"]) for column in ("mean_ms", "p50_ms", "p99_ms")),
            )
            for name, row in self.table.iterrows()
        ]  # fmt: skip

    def _repr_html_(self) -> str:
        return html_table("Expected (sampled in brackets)", HEAD, self.rows())


def _beside(expected_ms: float, sampled_ms: float) -> str:
    return f"{milliseconds(expected_ms)} ({milliseconds(sampled_ms)})"


def expect(
    cluster: Cluster,
    target: str,
    *,
    utilisation: float,
    service_ms: float = 10.0,
    workers: int = 1,
    hop_ms: float | None = None,
) -> Expected:
    """Return the load and the latency that many clients can expect, without a simulation; see `compare_policies`.

    Raises
    ------
    ValueError
        If the utilisation is not above 0, or nobody answers.
    """
    positive(utilisation, "utilisation", at_most=MOST_UTILISATION)
    check_service(service_ms, workers, 0.0 if hop_ms is None else hop_ms)
    found = _view(cluster, target, hop_ms)
    response = expected(found, utilisation, service_ms, workers)
    return Expected(
        shares={pod.pod: float(pod.share / (1 - found.lost)) for pod in found.pods},
        utilisation=utilisation,
        hop_share=found.hop_share,
        hop_ms=found.hop_ms,
        network_ms=found.round_trip_ms,
        mean_ms=response.mean_ms,
        p50_ms=response.p50_ms,
        p99_ms=response.p99_ms,
    )


def _view(cluster: Cluster, target: str, hop_ms: float | None) -> PolicyView:
    """Return the view of clients that no node remembers, from memory as long as the cluster does not change."""
    version = cluster.version()
    views: dict[tuple[str, float | None], PolicyView] = cluster.store.cached("views", version, dict)
    if (target, hop_ms) not in views:
        views[target, hop_ms] = view(fresh(cluster), target, hop_ms=hop_ms)
    found = views[target, hop_ms]
    if found.lost == 1:
        raise ValueError(f"nobody answers at {target}")
    return found


def compare_policies(
    clusters: Mapping[str, Cluster],
    target: str,
    *,
    utilisation: float,
    requests: int = 50_000,
    clients: int = 1000,
    requests_per_connection: int = 1,
    service_ms: float = 10.0,
    workers: int = 1,
    hop_ms: float | None = None,
    sticky: bool | None = None,
    seed: int = 0,
) -> PolicyComparison:
    """Send the same load through several clusters that differ in a policy: expected numbers beside sampled ones.

    Parameters
    ----------
    clusters : mapping of str to Cluster
        By name of the policy; `both_policies` makes two.
    target : str
        A Service or an address, as for `send`.
    utilisation : float
        Of each worker of the average Pod, above 0: it gives the rate of the requests.
    requests, clients, requests_per_connection, service_ms, workers, hop_ms, sticky, seed
        As for `simulate`.

    Returns
    -------
    PolicyComparison
        Expected and sampled, for each cluster.

    Raises
    ------
    ValueError
        If a number makes no sense, or nobody answers.

    Examples
    --------
    >>> from k8sexpose import Cluster, both_policies, example
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> both = both_policies(cluster, "public-api-lb")
    >>> compare_policies(both, "public-api-lb", utilisation=0.1, hop_ms=1, requests=1000).faster
    {'mean': 'Local', 'p99': 'Cluster'}
    """
    check_arguments(compare_policies, locals())
    forecasts, traffic, rows = {}, {}, {}
    for name, cluster in clusters.items():
        one = expect(cluster, target, utilisation=utilisation, service_ms=service_ms, workers=workers, hop_ms=hop_ms)
        seen = simulate(
            cluster, target, requests=requests, rate_rps=utilisation * workers * len(one.shares) * 1000 / service_ms,
            clients=clients, requests_per_connection=requests_per_connection, service_ms=service_ms, workers=workers,
            hop_ms=hop_ms, sticky=sticky, seed=seed,
        )  # fmt: skip
        forecasts[name], traffic[name] = one, seen
        rows[name] = {
            "hop_share": one.hop_share, "busiest": one.busiest, "jain_index": one.fairness, "mean_ms": one.mean_ms,
            "p50_ms": one.p50_ms, "p99_ms": one.p99_ms, "sampled_mean_ms": seen.mean_ms,
            "sampled_p50_ms": seen.summary["p50_ms"], "sampled_p99_ms": seen.summary["p99_ms"],
        }  # fmt: skip
    return PolicyComparison(forecasts, traffic, pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy"))


def latency_curves(
    clusters: Mapping[str, Cluster],
    target: str,
    *,
    service_ms: float = 10.0,
    workers: int = 1,
    hop_ms: float | None = None,
    points: int = 49,
) -> pd.DataFrame:
    """Compute latency against utilisation, and where the second policy begins to be slower than the first.

    Parameters
    ----------
    clusters : mapping of str to Cluster
        Two, by name of the policy: the first one even (Cluster), the second one skewed (Local).
    target, service_ms, workers, hop_ms
        As for `expect`.
    points : int
        At how many utilisations, from 2 % to 98 %.

    Returns
    -------
    DataFrame
        Index ``utilisation``; for each policy the columns ``… mean_ms`` and ``… p99_ms``. Its ``attrs`` hold the two
        names (``policies``), ``workers``, ``hop_ms``, and the crossovers ``mean`` and ``p99`` (see
        `crossover_utilisation`).

    Raises
    ------
    ValueError
        If there are not two clusters, or nobody answers.

    Examples
    --------
    >>> from k8sexpose import Cluster, both_policies, example
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> found = latency_curves(both_policies(cluster, "public-api-lb"), "public-api-lb", hop_ms=1, points=3).attrs
    >>> round(found["mean"], 3), round(found["p99"], 3)
    (0.195, 0.065)
    """
    check_arguments(latency_curves, locals())
    if len(clusters) != 2:
        raise ValueError(f"two clusters are compared, not {len(clusters)}")
    check_service(service_ms, workers, 0.0 if hop_ms is None else hop_ms)
    count(points, "points", at_most=MOST_POINTS)
    busy = np.linspace(0.02, 0.98, points)
    columns: dict[str, list[float]] = {}
    views = {name: _view(cluster, target, hop_ms) for name, cluster in clusters.items()}
    for name, one in views.items():
        found = [expected(one, float(utilisation), service_ms, workers) for utilisation in busy]
        columns[f"{name} mean_ms"] = [response.mean_ms for response in found]
        columns[f"{name} p99_ms"] = [response.p99_ms for response in found]
    table = pd.DataFrame(columns, index=pd.Index(busy, name="utilisation"))
    crossings = crossover(tuple(views.values()), service_ms=service_ms, workers=workers)
    table.attrs.update({**crossings, "policies": tuple(clusters), "workers": workers, "hop_ms": hop_ms})
    return table


def sticky_skew(
    cluster: Cluster,
    target: str,
    clients: Sequence[int] = (30, 100, 300, 1000, 3000, 10_000),
    *,
    runs: int = 15,
    requests: int = 20_000,
) -> pd.DataFrame:
    """Sample how busy the busiest node gets when each client always arrives at the same node.

    Parameters
    ----------
    cluster, target
        As for `simulate`; Pods evenly on the nodes.
    clients : sequence of int
        Numbers of clients.
    runs : int
        How many simulations for each, with seeds 0, 1, …
    requests : int
        Of each simulation.

    Returns
    -------
    DataFrame
        Index ``clients``; ``expected`` (`sticky_max_over_mean`), and of the runs ``mean, lowest, highest``: load of the
        busiest node that has Pods, over the mean.

    Raises
    ------
    NotExposed, KeyError, ValueError
        As for `simulate`.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[1, 1, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> sticky_skew(cluster, "public-api-lb", [100], runs=2).columns.tolist()
    ['expected', 'mean', 'lowest', 'highest']
    """
    check_arguments(sticky_skew, locals())
    count(runs, "runs", at_most=MOST_RUNS)
    rows = {}
    for position, number in enumerate(clients):
        count(number, f"clients[{position}]", at_most=MOST_CLIENTS)
        found, nodes = [], 0
        for seed in range(runs):
            traffic = simulate(
                cluster, target, requests=requests, clients=number, sticky=True, seed=seed, workers=1, rate_rps=1.0
            )
            entered = traffic.by_node[traffic.by_node["pods"] > 0]["requests"]
            nodes = len(entered)
            found.append(float(entered.max() / entered.mean()))
        rows[number] = {
            "expected": sticky_max_over_mean(nodes, number),
            "mean": float(np.mean(found)),
            "lowest": min(found),
            "highest": max(found),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("clients")
