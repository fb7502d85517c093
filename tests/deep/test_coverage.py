"""Whether a standard error means what it says: of 2,000 seeds, two-sided 95 % intervals hold 92 to 98 %.

Three minutes on two cores, so `make deep` runs it and `make test` does not. Exact values: M/M/c,
`k8sexpose.traffic.queueing`. The runs are about as short as runs with a standard error of p99 can be, for there it is
least sure; one is long.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.traffic import queueing
from k8sexpose.traffic.path_table import RequestTarget, read_table
from tests.router.helpers import cluster_with

SEEDS = 2000
SERVICE_MS = 10.0
LB = {"type": "LoadBalancer"}


@pytest.mark.parametrize(
    ("workers", "utilisation", "requests"),
    [
        (1, 0.3, 20_000), (1, 0.5, 10_000), (1, 0.8, 50_000), (1, 0.8, 300_000), (1, 0.9, 200_000), (4, 0.6, 10_000),
        (4, 0.9, 300_000),
    ],
)  # fmt: skip
def test_intervals_hold_the_exact_value(workers: int, utilisation: float, requests: int, seeds: int = SEEDS) -> None:
    cluster = cluster_with([1], LB)
    network_ms = next(iter(read_table(cluster, RequestTarget("web")).paths)).network_ms
    exact = {
        "mean": SERVICE_MS + queueing.wait_ms(utilisation, SERVICE_MS, workers=workers),
        **{
            name: queueing.response_quantile_ms(level, utilisation, SERVICE_MS, workers=workers)
            for name, level in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
    }
    scores: dict[str, list[float]] = {name: [] for name in exact}
    rate_rps = utilisation * workers * 1000 / SERVICE_MS
    for seed in range(seeds):
        summary = kx.simulate(
            cluster, "web", requests=requests, rate_rps=rate_rps, workers=workers, service_ms=SERVICE_MS, seed=seed
        ).summary
        for name, value in exact.items():
            scores[name].append((summary[f"{name}_ms"] - network_ms - value) / summary[f"{name}_se_ms"])
    held = {name: np.mean(np.abs(found)[np.isfinite(found)] <= 1.96) for name, found in scores.items()}
    said = {name: np.mean(np.isfinite(found)) for name, found in scores.items()}
    print(f"{workers} workers, {utilisation}, {requests}:", {name: f"{part:.3f}" for name, part in held.items()})
    assert all(0.92 <= part <= 0.98 for part in held.values()), held
    assert all(part >= 0.95 for part in said.values()), said


def test_shares_hold_the_exact_value() -> None:
    """Also where connections are kept, so that the requests of a client go the same way for a while."""
    cluster = cluster_with([2, 1, 1], LB)
    exact = kx.shares(cluster, "web")
    for per_connection, requests in ((1, 5000), (5, 100_000)):
        found = []
        for seed in range(SEEDS // 4):
            traffic = kx.simulate(
                cluster, "web", requests=requests, clients=20, requests_per_connection=per_connection, seed=seed,
                rate_rps=100,
            )  # fmt: skip
            value, error = traffic.summary["extra_hop_share"], traffic.summary["extra_hop_share_se"]
            assert math.isfinite(error)
            found.append(abs(value - float(exact.extra_hop)) <= 1.96 * error)
        assert 0.92 <= np.mean(found) <= 0.98
