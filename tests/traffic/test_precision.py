"""Standard errors: given where the run is long enough, and reached when asked for. Their coverage: tests/deep."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import k8sexpose as kx
from tests.router.helpers import cluster_with
from tests.traffic.helpers import LB, LOCAL


def simulate(**options: Any) -> kx.Traffic:
    return kx.simulate(cluster_with([2, 1], LB), "web", **{"rate_rps": 150, "requests": 50_000} | options)


def test_every_share_and_quantile_has_its_error() -> None:
    traffic = simulate()
    for name in ("p50_ms", "p95_ms", "p99_ms", "mean_ms"):
        assert 0 < traffic.summary[name.replace("_ms", "_se_ms")] < 0.1 * traffic.summary[name]
    for name in ("extra_hop_share", "cross_zone_share", "failed_share"):
        share = traffic.summary[name]
        assert traffic.summary[f"{name}_se"] == pytest.approx(math.sqrt(share * (1 - share) / 50_000))
    for name in ("share_se", "utilisation_se", "p50_se_ms", "p95_se_ms", "p99_se_ms"):
        assert (traffic.by_pod[name] > 0).all()
    assert "±" in traffic.caption and "±" in traffic._repr_html_()


@pytest.mark.parametrize("options", [{}, {"workers": 3, "rate_rps": 450}, {"requests_per_connection": 3, "clients": 9}])
def test_errors_are_the_spread_over_seeds(options: dict[str, Any]) -> None:
    runs = [simulate(seed=seed, **options) for seed in range(80)]
    for name in ("p50", "p95", "mean"):
        spread = np.std([run.summary[f"{name}_ms"] for run in runs], ddof=1)
        told = math.sqrt(np.mean([run.summary[f"{name}_se_ms"] ** 2 for run in runs]))
        assert told == pytest.approx(spread, rel=0.45), name
    for pod in runs[0].by_pod.index:
        spread = np.std([run.by_pod.share[pod] for run in runs], ddof=1)
        told = math.sqrt(np.mean([run.by_pod.share_se[pod] ** 2 for run in runs]))
        assert told == pytest.approx(spread, rel=0.45)


def test_nothing_is_said_where_the_run_is_too_short() -> None:
    short = simulate(rate_rps=285, requests=20_000, seed=1)
    assert math.isnan(short.summary.p99_se_ms) and "too short" in short.caption
    wanted = int(short.too_short.split(" about ")[1].split(" ")[0].replace(",", ""))
    long = simulate(rate_rps=285, requests=wanted * 11 // 10, seed=1)  # "about": how busy it is, a run only estimates
    assert long.summary.p99_se_ms > 0 and not long.too_short
    assert "overloaded" in simulate(rate_rps=330).too_short
    assert simulate(rate_rps=3).too_short == ""


def test_where_something_happens_there_is_no_long_run() -> None:
    traffic = simulate(events=(kx.NodeDown("node-1", at_s=20),))
    assert traffic.summary[[name for name in traffic.summary.index if "_se" in name]].isna().sum() >= 4
    with pytest.raises(ValueError, match="no long run"):
        simulate(events=(kx.NodeDown("node-1", at_s=20),), relative_error={"p99_ms": 0.05})


def test_runs_until_it_is_precise() -> None:
    traffic = simulate(requests=1000, relative_error={"p99_ms": 0.03, "mean_ms": 0.02})
    assert traffic.precision_reached is True
    assert traffic.summary.p99_se_ms <= 0.03 * traffic.summary.p99_ms
    assert traffic.summary.mean_se_ms <= 0.02 * traffic.mean_ms
    assert 1000 < traffic.requests < 3_000_000
    again = simulate(requests=traffic.requests)
    assert again.summary.equals(traffic.summary) and again.precision_reached is None


def test_stops_where_it_must() -> None:
    traffic = simulate(requests=1000, relative_error={"p99_ms": 0.005}, max_requests=40_000)
    assert traffic.precision_reached is False and traffic.requests == 40_000
    overloaded = simulate(requests=1000, rate_rps=400, relative_error={"p99_ms": 0.01})
    assert overloaded.precision_reached is False and overloaded.requests < 100_000


@pytest.mark.parametrize(
    "wanted", [{"p99_ms": 0.004}, {"p99_ms": 0}, {"mean_ms": -1}, {"p98_ms": 0.1}, {}, {"extra_hop_share": math.inf}]
)
def test_what_cannot_be_asked(wanted: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="relative_error"):
        simulate(relative_error=wanted)


def test_policies_of_one_seed() -> None:
    """compare_policies gives both the same requests."""
    both = {"Cluster": cluster_with([1, 1], LB), "Local": cluster_with([1, 1], LOCAL)}
    found = kx.compare_policies(both, "web", utilisation=0.7, requests=20_000, hop_ms=0.0)
    means = [one.mean_ms for one in found.traffic.values()]
    assert means[0] == pytest.approx(means[1], rel=1e-3)  # the same shares, a hop that costs nothing
