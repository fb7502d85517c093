"""Clusters compared under load: expected beside sampled, and where their curves cross."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons import cluster_with
from k8sexpose.lessons.skew_and_latency.questions import NAME
from k8sexpose.traffic.policies import crossover, view
from k8sexpose.traffic.policy_comparison import expect

pytestmark = pytest.mark.slow

LB = NAME


@pytest.fixture(scope="module")
def both() -> dict[str, kx.Cluster]:
    return kx.both_policies(cluster_with(2, 1), LB)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("utilisation", [0.2, 0.5])
def test_expected_is_what_a_long_sample_shows(both: dict[str, kx.Cluster], workers: int, utilisation: float) -> None:
    requests = 400_000 if workers == 1 else 100_000
    table = kx.compare_policies(
        both, LB, utilisation=utilisation, workers=workers, hop_ms=1, requests=requests, clients=100_000
    ).table
    for name in both:
        assert table.loc[name, "sampled_mean_ms"] == pytest.approx(table.loc[name, "mean_ms"], rel=0.03)
        assert table.loc[name, "sampled_p50_ms"] == pytest.approx(table.loc[name, "p50_ms"], rel=0.03)
        assert table.loc[name, "sampled_p99_ms"] == pytest.approx(table.loc[name, "p99_ms"], rel=0.06)


def test_shares_and_hops_are_the_routers(both: dict[str, kx.Cluster]) -> None:
    for cluster in both.values():
        one, shares = expect(cluster, LB, utilisation=0.5), kx.shares(cluster, LB)
        assert one.shares == pytest.approx({pod: float(share) for pod, share in shares.by_pod.items()})
        assert one.hop_share == pytest.approx(float(shares.extra_hop))


def test_an_overloaded_pod_has_no_mean(both: dict[str, kx.Cluster]) -> None:
    result = kx.compare_policies(both, LB, utilisation=0.7, requests=2000)
    assert result.table.loc["Local", "mean_ms"] == float("inf") and result.expected["Local"].busiest > 1
    assert "overloaded" in repr(result) and result.faster == {"mean": "Cluster", "p99": "Cluster"}


def test_what_cannot_be_compared() -> None:
    nobody = kx.both_policies(cluster_with(0, 0), LB)
    with pytest.raises(ValueError, match="nobody answers"):
        expect(nobody["Local"], LB, utilisation=0.5)
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="utilisation"):
            expect(nobody["Local"], LB, utilisation=bad)
    with pytest.raises(ValueError, match="two clusters"):
        kx.latency_curves({"one": cluster_with(1)}, LB)
    with pytest.raises(kx.ApiError):
        kx.both_policies(cluster_with(1), "nobody")


def test_where_every_connection_hops_the_hop_still_costs() -> None:
    """MetalLB answers for the address on one node, here on the one without a Pod."""
    cluster = kx.Cluster(nodes=4, provider="metallb")
    cluster.deploy("api-backend", per_node=[1, 1, 1, 0])
    cluster.apply(kx.example(LB))
    assert [*kx.entries(cluster, LB)] == ["node-4"]
    found, ways = view(cluster, LB), kx.routes(cluster, LB)
    assert found.hop_share == 1 and found.hop_ms > 0.1
    assert found.round_trip_ms == pytest.approx(sum(float(way.probability) * way.latency_ms for way in ways))


@pytest.mark.parametrize(
    ("per_node", "mean", "p99", "four"),
    [((2, 1), 0.195, 0.065, 0.386), ((3, 1), 0.101, 0.029, 0.269), ((4, 3, 3), 0.491, 0.255, 0.653),
     ((5, 4, 1), 0.073, 0.020, 0.186), ((2,) * 9 + (1,), 0.334, 0.156, 0.442)],
)  # fmt: skip
def test_crossovers_as_recorded(per_node: tuple[int, ...], mean: float, p99: float, four: float) -> None:
    """Facts, queueing.md 2.4: hop 1 ms on work of 10 ms."""
    views = [view(one, LB, hop_ms=1) for one in kx.both_policies(cluster_with(*per_node), LB).values()]
    found = crossover(views)
    assert (found["mean"], found["p99"]) == pytest.approx((mean, p99), abs=0.001)
    assert crossover(views, workers=4)["mean"] == pytest.approx(four, abs=0.001)


def test_the_curves_cross_where_they_say(both: dict[str, kx.Cluster]) -> None:
    curves = kx.latency_curves(both, LB, hop_ms=1)
    for kind in ("mean", "p99"):
        ahead = curves[f"Local {kind}_ms"] < curves[f"Cluster {kind}_ms"]
        assert ahead[ahead.index < curves.attrs[kind]].all() and not ahead[ahead.index > curves.attrs[kind]].any()


def test_both_policies_of_a_service_in_another_namespace() -> None:
    cluster = kx.Cluster.from_json(kx.example("sample-cluster"), provider="aws")
    both = kx.both_policies(cluster, "shop/api")
    assert [copy.service("shop/api").external_traffic_policy for copy in both.values()] == ["Cluster", "Local"]
