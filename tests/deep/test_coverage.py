"""Whether a standard error means what it says: of 2,000 seeds, two-sided 95 % intervals hold 92 to 98 %.

Minutes long, so `make deep` runs it and `make test` does not. Exact values: M/M/c, `k8sexpose.traffic.queueing`.
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
    [(1, 0.3, 20_000), (1, 0.5, 40_000), (1, 0.8, 300_000), (1, 0.9, 3_000_000), (4, 0.6, 60_000), (4, 0.9, 2_000_000)],
)
def test_intervals_hold_the_exact_value(workers: int, utilisation: float, requests: int, seeds: int = SEEDS) -> None:
    cluster = cluster_with([1], LB)
    network_ms = next(iter(read_table(cluster, RequestTarget("web")).lanes)).network_ms
    exact = {
        "mean": SERVICE_MS + queueing.wait_ms(utilisation, SERVICE_MS, workers=workers),
        **{
            name: queueing.response_quantile_ms(level, utilisation, SERVICE_MS, workers=workers)
            for name, level in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
    }
    held = dict.fromkeys(exact, 0)
    rate_rps = utilisation * workers * 1000 / SERVICE_MS
    for seed in range(seeds):
        summary = kx.simulate(
            cluster, "web", requests=requests, rate_rps=rate_rps, workers=workers, service_ms=SERVICE_MS, seed=seed
        ).summary
        for name, value in exact.items():
            error = summary[f"{name}_se_ms"]
            held[name] += abs(summary[f"{name}_ms"] - network_ms - value) <= 1.96 * error
    for name, count in held.items():
        assert 0.92 <= count / seeds <= 0.98, (name, held)


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
