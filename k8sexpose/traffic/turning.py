"""Where one policy overtakes the other as the load grows, and how much chance alone makes uneven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .policy_comparison import expect
from .queueing import P99, crossover_utilisation, sticky_max_over_mean
from .simulation import simulate

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["crossovers", "latency_curves", "sticky_skew"]


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
    if len(clusters) != 2:
        raise ValueError(f"two clusters are compared, not {len(clusters)}")
    busy = np.linspace(0.02, 0.98, points)
    columns: dict[str, list[float]] = {}
    for name, cluster in clusters.items():
        found = [
            expect(cluster, target, utilisation=float(rho), service_ms=service_ms, workers=workers, hop_ms=hop_ms)
            for rho in busy
        ]
        columns[f"{name} mean_ms"] = [one.mean_ms for one in found]
        columns[f"{name} p99_ms"] = [one.p99_ms for one in found]
    table = pd.DataFrame(columns, index=pd.Index(busy, name="utilisation"))
    turns = crossovers(tuple(clusters.values()), target, service_ms=service_ms, workers=workers, hop_ms=hop_ms)
    table.attrs.update({**turns, "policies": tuple(clusters), "workers": workers, "hop_ms": hop_ms})
    return table


def crossovers(
    clusters: Sequence[Cluster],
    target: str,
    *,
    service_ms: float = 10.0,
    workers: int = 1,
    hop_ms: float | None = None,
) -> dict[str, float]:
    """Find from which utilisation on the second cluster answers later than the first.

    Parameters
    ----------
    clusters : sequence of Cluster
        Two: the first one deals evenly (Cluster), the second one skewed (Local).
    target, service_ms, workers, hop_ms
        As for `expect`.

    Returns
    -------
    dict of str to float
        For the ``mean`` and the ``p99``; see `crossover_utilisation`.

    Raises
    ------
    ValueError
        If nobody answers.

    Examples
    --------
    >>> from k8sexpose import Cluster, both_policies, example
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> both = both_policies(cluster, "public-api-lb")
    >>> round(crossovers(tuple(both.values()), "public-api-lb", hop_ms=1, workers=4)["mean"], 3)
    0.386
    """
    even, skewed = (
        expect(cluster, target, utilisation=0.5, service_ms=service_ms, workers=workers, hop_ms=hop_ms)
        for cluster in clusters
    )
    hop_share = max(even.hop_share - skewed.hop_share, 0.0)
    return {
        name: crossover_utilisation(
            list(skewed.shares.values()), hop_ms=even.hop_ms, hop_share=hop_share, service_ms=service_ms,
            workers=workers, quantile=level,
        )
        for name, level in (("mean", None), ("p99", P99))
    }  # fmt: skip


def sticky_skew(
    cluster: Cluster,
    target: str,
    clients: Sequence[int] = (30, 100, 300, 1000, 3000, 10_000),
    *,
    runs: int = 15,
    requests: int = 20_000,
) -> pd.DataFrame:
    """Sample how hot the hottest node gets when each client always comes by the same one.

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
        hottest node that has Pods, over the mean.

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
    rows = {}
    for number in clients:
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
