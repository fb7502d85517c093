"""Requests that remember nothing: number by number, whatever the block, on every machine, and as theory says."""

from __future__ import annotations

import hashlib
import heapq
import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.traffic import queueing
from k8sexpose.traffic.path_table import PathRow, RequestTarget, read_table
from k8sexpose.traffic.tally import Tally
from k8sexpose.traffic.thinning import APART, Thinning
from k8sexpose.traffic.ways import Ways
from k8sexpose.traffic.workload import Workload
from tests.router.helpers import cluster_with
from tests.traffic.helpers import LB, LOCAL

pytestmark = pytest.mark.slow

PATHS = [
    PathRow("", f"web-{pod}", f"node-{pod}", ms, extra_hop=ms > 0.5, crosses_zone=ms > 1)
    for pod in range(3)
    for ms in (0.5, 0.75, 1.5)
] + [PathRow("node-9", outcome="timeout")]
CHANCES = np.array([0.1, 0.1, 0.2, 0.05, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1])


def run(workload: Workload, block: int | None = None) -> Tally:
    tally = Tally(workload, [f"web-{k}" for k in range(3)], [f"node-{k}" for k in range(3)], 0.5)
    Thinning(workload, Ways.of(PATHS, CHANCES, tally.pods), tally).run(tally, block)
    return tally


WORKLOADS = [
    Workload(requests=30_000, rate_rps=200, seed=1),
    Workload(requests=3000, rate_rps=200, seed=2, distribution="constant"),
    Workload(requests=3000, rate_rps=150, seed=3, distribution="lognormal"),
    Workload(requests=20_000, rate_rps=500, seed=4, workers=3),
    Workload(requests=1, rate_rps=200, seed=5),
    Workload(requests=420_000, rate_rps=200, seed=6),
]


def plain(workload: Workload) -> list[float]:
    """The latencies of each Pod one after the other, from the same draws, a request at a time."""
    tally = Tally(workload, [f"web-{k}" for k in range(3)], [f"node-{k}" for k in range(3)], 0.5)
    plan = Thinning(workload, Ways.of(PATHS, CHANCES, tally.pods), tally)
    found: list[float] = []
    for pod in range(3):
        chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence(workload.seed, spawn_key=(0,))))
        chance.bit_generator.advance((pod + 1) * APART)  # type: ignore[attr-defined]
        free, now = [0.0] * workload.workers, 0.0
        for chunk in np.flatnonzero((plan.chunk_pod == pod) & (plan.chunk_size > 0)).tolist():
            size = int(plan.chunk_size[chunk])
            shape = plan.drawn
            drawn = chance.standard_exponential(shape).T.reshape(-1)[:size]
            if workload.distribution == "exponential":
                work = chance.standard_exponential(shape)
            elif workload.distribution == "lognormal":
                work = chance.lognormal(-0.5, 1.0, shape)
            else:
                work = np.ones(shape)
            gaps = np.rint(drawn * (plan.chunk_lasts[chunk] / math.fsum(drawn))).tolist()
            ways = [
                ticks
                for ticks, count in zip(
                    tally.network_ticks(plan.ways.network_ms[pod]), plan.chunk_ways[chunk], strict=True
                )
                for _ in range(count)
            ]
            for gap, lasts, ticks in zip(gaps, work.T.reshape(-1).tolist(), ways, strict=False):
                now += gap
                leaves = max(free[0], now) + round(lasts * workload.service_ms / tally.tick_ms)
                heapq.heapreplace(free, leaves)
                found.append((leaves - now + ticks) * tally.tick_ms)
    return found


@pytest.mark.parametrize("workload", WORKLOADS)
def test_equals_a_plain_loop(workload: Workload) -> None:
    tally = run(workload)
    expected = plain(workload)
    latencies = tally.sample_ms
    assert len(latencies) == len(expected) == tally.answered.sum()
    # A gap may round to the next tick where a sum is taken in another order.
    np.testing.assert_allclose(latencies, expected, rtol=0, atol=100 * tally.tick_ms)
    total = math.fsum(expected)
    ways_ms = sum(path.network_ms * count for path, count in zip(tally.paths, tally.path_counts.sum(0), strict=True))
    assert tally.slice_busy.sum() * tally.tick_ms + ways_ms == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_nothing_is_lost_or_counted_twice(workload: Workload) -> None:
    tally = run(workload)
    lost = int(tally.path_counts[:, -1].sum())
    for counted in (tally.slice_counts, tally.histogram.counts, tally.histogram.sliced, tally.load[:, :-1]):
        assert counted.sum() == workload.requests - lost
    assert tally.path_counts.sum() == tally.load.sum() == workload.requests
    assert len(tally.sample_ms) == workload.requests - lost
    assert tally.load[:, :-1].sum(0).tolist() == tally.answered.tolist()
    by_pod = tally.path_counts.sum(0)[:-1].reshape(3, 3).sum(1)
    assert by_pod.tolist() == tally.answered.tolist()
    assert tally.slice_time.sum(1).max() * tally.tick_ms / 1000 <= tally.end_s * (1 + 1e-9)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_size_of_blocks_changes_no_bit(workload: Workload) -> None:
    whole = digest(run(workload))
    assert {digest(run(workload, block)) for block in (1, 2000, 10**6)} == {whole}


def test_looking_at_single_requests_changes_no_count() -> None:
    """Latencies and the timeline are drawn when somebody looks: the same for each, and what was counted stays."""
    tally, other = run(WORKLOADS[0]), run(WORKLOADS[0])
    before = [tally.histogram.counts.copy(), tally.slice_busy.copy(), tally.path_counts.copy()]
    assert (tally.sample_ms[:100] == other.sample_ms[:100]).all()
    counts, _ = np.histogram(tally.sample_ms, [0, 5, 20, np.inf])
    assert (tally.load == other.load).all()
    for one, two in zip(before, [tally.histogram.counts, tally.slice_busy, tally.path_counts], strict=True):
        assert (one == two).all()
    below = tally.histogram.quantiles([counts[0] / counts.sum()], tally.histogram.counts.sum(0)[None])[0, 0]
    assert below * tally.tick_ms == pytest.approx(5, rel=0.01)  # the histogram and the sample tell the same story


def digest(tally: Tally) -> str:
    """A digest of all that was counted."""
    found = hashlib.sha256()
    for counted in (
        tally.sample_ms, tally.histogram.counts, tally.histogram.sliced, tally.load, tally.path_counts,
        tally.slice_counts, tally.slice_busy, tally.slice_work, tally.slice_time,
    ):  # fmt: skip
        found.update(np.ascontiguousarray(counted).tobytes())
    return found.hexdigest()[:16]


def test_arrivals_are_spread_evenly() -> None:
    """Given how many come, they are as many points on the time of the run: the timeline is as even as chance."""
    tally = run(Workload(requests=300_000, rate_rps=1000, service_ms=0.1, seed=7))
    rows = tally.load[:-1].sum(1)
    assert abs(rows.mean() - 1000) < 4 * math.sqrt(1000 / len(rows))
    assert rows.var(ddof=1) == pytest.approx(1000, rel=0.3)
    assert tally.end_s == pytest.approx(300, abs=4 * 0.001 * math.sqrt(300_000))


PROGRAM = """
from tests.traffic.test_thinning import WORKLOADS, digest, run
print(*(digest(run(workload)) for workload in WORKLOADS if workload.distribution != "lognormal"))
"""


def test_the_same_on_every_machine() -> None:
    """Neither the hash seed nor the processor's extensions change a bit; recorded digests hold on other machines."""
    found, core = set(), getattr(np, "_core", None) or np.core  # the latter before NumPy 2
    for off, seed in (("", "0"), (" ".join(core._multiarray_umath.__cpu_dispatch__), "1")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "NPY_DISABLE_CPU_FEATURES": off}
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=env, check=True)
        found.add(done.stdout.strip())
    assert found == {RECORDED}


RECORDED = "33dab683af83ad2f fd599625420a9215 1aebb200afb5e98b e8f6e0e39b36c727 441025ff721e49d6"


# -- theory ---------------------------------------------------------------------------------------------------------


def parameter_sets(number: int) -> list[dict[str, Any]]:
    chance = np.random.default_rng(2024)
    kinds = [("exponential", 1), ("exponential", 4), ("constant", 1), ("lognormal", 1)]
    return [
        {
            "distribution": kinds[k % 4][0], "workers": kinds[k % 4][1], "sigma": 0.5 + 0.5 * float(chance.random()),
            "utilisation": 0.2 + 0.5 * float(chance.random()), "seed": k,
        }
        for k in range(number)
    ]  # fmt: skip


def test_a_hundred_parameter_sets_as_theory_says() -> None:
    """Mean, median and p99 over theory, in standard errors of the run: 100 z-scores, spread as chance spreads them."""
    cluster = cluster_with([1], LB)
    network_ms = next(iter(read_table(cluster, RequestTarget("web")).paths)).network_ms
    scores: dict[str, list[float]] = {"mean": [], "p50": [], "p99": []}
    for one in parameter_sets(100):
        utilisation = one.pop("utilisation")
        rate_rps = utilisation * one["workers"] * 100
        traffic = kx.simulate(cluster, "web", requests=60_000, rate_rps=rate_rps, **one)
        variation = {"constant": 0.0, "exponential": 1.0}.get(one["distribution"], math.expm1(one["sigma"] ** 2))
        exact = {"mean": 10 + queueing.wait_ms(utilisation, 10, workers=one["workers"], variation=variation)}
        if one["distribution"] == "exponential":
            for name, level in (("p50", 0.5), ("p99", 0.99)):
                exact[name] = queueing.response_quantile_ms(level, utilisation, 10, workers=one["workers"])
        for name, value in exact.items():
            error = traffic.summary[f"{name}_se_ms"]
            scores[name].append((traffic.summary[f"{name}_ms"] - network_ms - value) / error)
    for name, found in scores.items():
        size = len(found)
        assert abs(np.mean(found)) < 3.5 / math.sqrt(size), name
        assert 0.7 < np.std(found) < 1.35 and max(map(abs, found)) < 4.5, name


def test_policies_share_their_requests() -> None:
    """With one seed the difference of two policies is several times as sure as with two."""
    spread, local = cluster_with([2, 1], LB), cluster_with([2, 1], LOCAL)
    options: dict[str, Any] = {"requests": 20_000, "rate_rps": 120}

    def mean_ms(cluster: kx.Cluster, seed: int) -> float:
        return kx.simulate(cluster, "web", seed=seed, **options).mean_ms

    same = [mean_ms(local, seed) - mean_ms(spread, seed) for seed in range(40)]
    other = [mean_ms(local, seed) - mean_ms(spread, seed + 100) for seed in range(40)]
    assert np.var(other) > 1.5 * np.var(same)


def test_sticky_clients_and_affinity_go_where_they_always_go() -> None:
    """Drawn Pod by Pod, from what each client's hash decides: the same shares as when requests are followed."""
    for spec in (LOCAL, LB | {"sessionAffinity": "ClientIP"}):
        cluster = cluster_with([2, 1, 1], spec)
        options: dict[str, Any] = {"requests": 60_000, "clients": 30, "sticky": True, "client_skew": 0.7}
        drawn = kx.simulate(cluster, "web", **options).by_pod.share
        nothing = (kx.NodeDown("node-1", at_s=10**6),)
        followed = kx.simulate(cluster, "web", **options, events=nothing).by_pod.share
        assert drawn.tolist() == pytest.approx(followed.tolist(), abs=0.012)
        assert drawn.std() > 0.02
