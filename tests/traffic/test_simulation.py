"""Many requests: the engine against theory, a plain loop, other simulators, and the router's exact shares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.cloud.front_door import front_door
from k8sexpose.traffic import queueing
from k8sexpose.traffic.path_table import RequestTarget, read_table
from k8sexpose.traffic.queueing import crossover_utilisation, jain_index, max_over_mean, wait_ms
from tests.conformance.chi_square import chi_square, survival
from tests.router.helpers import cluster_with
from tests.traffic.helpers import LB, LOCAL

pytestmark = pytest.mark.slow


def simulate(cluster: kx.Cluster, target: str = "web", **options: Any) -> kx.Traffic:
    return kx.simulate(cluster, target, **options)


def network_ms(traffic_of: kx.Cluster) -> float:
    """What the network adds where everything is on one node."""
    return next(iter(read_table(traffic_of, RequestTarget("web")).paths)).network_ms


# -- theory ---------------------------------------------------------------------------------------------------------


def batch_means(values: np.ndarray[Any, Any], batches: int = 40) -> tuple[float, float]:
    """Mean and its standard error, from batches: waits that follow each other are alike."""
    means = values[: len(values) // batches * batches].reshape(batches, -1).mean(1)
    return float(means.mean()), float(means.std(ddof=1) / math.sqrt(batches))


@pytest.mark.parametrize(
    ("workers", "distribution", "variation", "utilisation"),
    [
        (1, "exponential", 1.0, 0.5),
        (1, "exponential", 1.0, 0.8),
        (1, "constant", 0.0, 0.8),
        (1, "lognormal", math.e - 1, 0.7),
        (4, "exponential", 1.0, 0.8),
    ],
)
def test_waits_as_theory_says(workers: int, distribution: str, variation: float, utilisation: float) -> None:
    cluster = cluster_with([1], LB)
    traffic = simulate(
        cluster, requests=1_000_000 if workers == 1 else 400_000, rate_rps=utilisation * workers * 100, seed=3,
        workers=workers, distribution=distribution,
    )  # fmt: skip
    mean, error = batch_means(traffic.latency_ms)
    expected = wait_ms(utilisation, 10, workers=workers, variation=variation) + 10 + network_ms(cluster)
    assert abs(mean - expected) < 3 * error
    assert error < 0.05 * expected
    assert traffic.mean_ms == pytest.approx(float(traffic.latency_ms.mean()), rel=1e-6)


def test_quantiles_as_theory_says() -> None:
    cluster = cluster_with([1], LB)
    traffic = simulate(cluster, requests=1_000_000, rate_rps=50, seed=1)
    for level, name in ((0.5, "p50_ms"), (0.95, "p95_ms"), (0.99, "p99_ms")):
        exact = queueing.response_quantile_ms(level, 0.5, 10) + network_ms(cluster)
        assert traffic.summary[name] == pytest.approx(exact, rel=0.02)


def test_the_better_policy_changes_at_the_crossover() -> None:
    """Local is faster below the crossover and slower above it, in the simulation as in the formula."""
    local, spread = cluster_with([2, 1], LOCAL), cluster_with([2, 1], LB)
    exact = kx.shares(local, "web"), kx.shares(spread, "web")
    turn = crossover_utilisation(list(exact[0].by_pod.values()), hop_ms=2.5, hop_share=exact[1].extra_hop)
    assert turn == pytest.approx(0.299, abs=6e-4)
    for factor, sign in ((0.85, -1), (1.15, 1)):
        rate = factor * turn * 3 * 100
        gaps = []
        for seed in range(4):
            options = {"requests": 1_000_000, "rate_rps": rate, "seed": seed, "hop_ms": 2.5}
            gaps.append(simulate(local, **options).mean_ms - simulate(spread, **options).mean_ms)
        error = np.std(gaps, ddof=1) / math.sqrt(len(gaps))
        assert sign * np.mean(gaps) > 3 * error


# -- same seed, same numbers ----------------------------------------------------------------------------------------


def same(one: kx.Traffic, other: kx.Traffic) -> bool:
    frames = ((one.by_pod, other.by_pod), (one.by_node, other.by_node), (one.timeline, other.timeline))
    return (
        all(a.equals(b) for a, b in frames)
        and one.summary.equals(other.summary)
        and np.array_equal(one.latency_ms, other.latency_ms)
        and one.mean_ms == other.mean_ms
        and one.failed.equals(other.failed)
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"workers": 2},
        {"distribution": "lognormal"},
    ],
)
def test_the_size_of_blocks_changes_no_number(options: dict[str, Any]) -> None:
    cluster = cluster_with([2, 1, 1], LB)
    results = [simulate(cluster, requests=20_000, block=block, seed=5, **options) for block in (None, 20_000, 997, 64)]
    assert all(same(results[0], other) for other in results[1:])


@pytest.mark.parametrize("sticky", [False, True])
def test_remembered_clients_whatever_the_block(sticky: bool) -> None:
    cluster = cluster_with([2, 1, 1], LB | {"sessionAffinity": "ClientIP"})
    one, two = (simulate(cluster, requests=20_000, sticky=sticky, block=block) for block in (None, 777))
    assert same(one, two)


def test_same_seed_same_numbers() -> None:
    cluster = cluster_with([2, 1], LB)
    one, two, other = (simulate(cluster, requests=5000, seed=seed) for seed in (4, 4, 5))
    assert same(one, two)
    assert not same(one, other)
    # Recorded: the same on every machine.
    assert one.latency_ms[:3].round(6).tolist() == RECORDED


RECORDED = [3.209222, 2.479294, 1.693468]


# -- shares ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [LB, LOCAL])
@pytest.mark.parametrize("per_node", [[2, 1], [5, 4, 1], [3, 0, 0, 1]])
def test_sampled_shares_agree_with_the_exact_ones(per_node: list[int], policy: dict[str, Any]) -> None:
    cluster = cluster_with(per_node, policy)
    traffic = simulate(cluster, requests=200_000, seed=2)
    exact = kx.shares(cluster, "web")
    assert traffic.by_pod.expected_share.to_dict() == {pod: float(share) for pod, share in exact.by_pod.items()}
    statistic, freedom = chi_square(traffic.by_pod.requests.to_dict(), exact.by_pod)
    assert survival(statistic, freedom) > 1e-3
    for name, share in (("extra_hop_share", exact.extra_hop), ("cross_zone_share", exact.crosses_zone)):
        error = math.sqrt(float(share * (1 - share)) / 200_000)
        assert abs(traffic.summary[name] - float(share)) <= 4 * error
    assert traffic.summary.failed_share == 0
    assert traffic.by_pod.share.sum() == pytest.approx(1)
    loads = traffic.by_pod.requests.tolist()
    assert traffic.summary.max_over_mean == max_over_mean(loads)
    assert traffic.summary.jain_index == jain_index(loads)


def test_lost_requests_stay_in_the_sums() -> None:
    cluster = cluster_with([1, 0], LOCAL)
    traffic = simulate(cluster, requests=10_000, via=["node-1", "node-2"])
    assert traffic.summary.failed_share == pytest.approx(0.5, abs=0.02)
    assert traffic.by_pod.share.sum() + traffic.summary.failed_share == pytest.approx(1)
    assert traffic.failed.timeout + traffic.by_pod.requests.sum() == 10_000
    assert len(traffic.latency_ms) == traffic.by_pod.requests.sum()
    assert traffic.timeline.ok_share.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("requests", [1, 1000])
def test_nobody_answers(requests: int) -> None:
    traffic = simulate(cluster_with([0, 0], LB), requests=requests)
    assert traffic.summary.failed_share == 1
    assert len(traffic.by_pod) == 0 and len(traffic.latency_ms) == 0
    assert math.isnan(traffic.mean_ms)
    assert f"{requests:,} requests" in traffic._repr_html_() and repr(traffic)


def test_a_pod_without_traffic_is_listed() -> None:
    cluster = cluster_with([1, 1], LOCAL)
    cluster.store.put_node(
        kx.Node(**{
            **{name: getattr(cluster.nodes[1], name) for name in ("name", "addresses", "zone", "pod_cidr")},
            "labels": {"node.kubernetes.io/exclude-from-external-load-balancers": "true"},
        })
    )  # fmt: skip
    traffic = simulate(cluster, requests=1000)
    assert traffic.by_pod.requests.to_dict() == {"web-1": 1000, "web-2": 0}
    assert traffic.summary.max_over_mean == 2


def test_shown_in_a_notebook() -> None:
    cluster = cluster_with([40], LB)
    traffic = simulate(cluster, requests=1000)
    assert traffic._repr_html_().count("<tr>") == 31 and "10 more Pods" in traffic._repr_html_()
    assert str(traffic).count("\n") == 33 and "10 more Pods" in str(traffic)
    few = simulate(cluster_with([2], LB), requests=1000)
    assert few._repr_html_().count("<tr>") == 3 and "more Pods" not in str(few)
    with pytest.raises(AttributeError):
        few.requests = 3  # type: ignore[misc]


def test_empty_nodes_have_a_row() -> None:
    traffic = simulate(cluster_with([2, 0, 1], LB), requests=3000)
    assert traffic.by_node.index.tolist() == ["node-1", "node-2", "node-3"]
    assert traffic.by_node.requests["node-2"] == 0
    assert traffic.by_node.requests.sum() == 3000
    assert traffic.by_node.expected_share["node-1"] == pytest.approx(2 / 3)


# -- connections and clients ----------------------------------------------------------------------------------------


def test_kept_connections_pin() -> None:
    """user case keepalive-imbalance: one client, one connection, and new Pods get nothing."""
    cluster = cluster_with([1, 1], LB)
    options = {"requests": 1000, "clients": 1, "requests_per_connection": 1000, "rate_rps": 50}
    assert sorted(simulate(cluster, **options).by_pod.requests) == [0, 1000]
    grown = simulate(cluster, **options, events=(kx.Scale("web", at_s=5, replicas=4),))
    assert sorted(grown.by_pod.requests) == [0, 0, 0, 1000]
    # Shorter connections find the new Pods.
    grown = simulate(cluster, **options | {"requests_per_connection": 1}, events=(kx.Scale("web", at_s=5, replicas=4),))
    assert grown.by_pod.requests.min() > 150


def test_a_connection_carries_so_many_requests() -> None:
    cluster = cluster_with([4, 4], LB)
    traffic = simulate(cluster, requests=6000, clients=1, requests_per_connection=20, workers=50, rate_rps=50)
    # One client, so that connections follow each other: whole multiples of 20 everywhere.
    assert set(traffic.by_pod.requests % 20) == {0}


def test_affinity_binds_each_client_to_a_pod_on_each_node() -> None:
    cluster = cluster_with([2, 2], LB | {"sessionAffinity": "ClientIP"})
    few = simulate(cluster, requests=20_000, clients=1, via="node-1")
    assert sorted(few.by_pod.requests) == [0, 0, 0, 20_000]
    # Every node remembers for itself (facts D.3): one client may have two Pods.
    counts = {int((simulate(cluster, requests=500, clients=1, seed=k).by_pod.requests > 0).sum()) for k in range(12)}
    assert counts == {1, 2}
    many = simulate(cluster, requests=20_000, clients=20_000)
    assert many.summary.jain_index > 0.99


def test_sticky_clients_are_uneven_on_even_nodes() -> None:
    """Facts, queueing.md 2.4: the node shares vary by sqrt((K - 1) / C) of their mean."""
    cluster = cluster_with([1] * 10, LOCAL)
    spread = []
    for seed in range(30):
        shares = simulate(cluster, requests=50_000, clients=100, sticky=True, seed=seed).by_node.share
        spread.append(float(shares.var(ddof=0) / shares.mean() ** 2))
    assert math.sqrt(np.mean(spread)) == pytest.approx(math.sqrt(9 / 100), rel=0.1)
    assert simulate(cluster, requests=50_000, clients=100, sticky=False).summary.jain_index > 0.995


def test_a_sticky_client_always_comes_by_the_same_node() -> None:
    traffic = simulate(cluster_with([1, 1, 1], LOCAL), requests=3000, clients=1, sticky=True)
    assert sorted(traffic.by_pod.requests) == [0, 0, 3000]


@pytest.mark.parametrize(("provider", "rule"), [("generic", "flow_hash"), ("linode", "round_robin")])
def test_round_robin_is_more_even_than_chance(provider: str, rule: str) -> None:
    cluster = cluster_with([1, 1, 1, 1], LOCAL, provider=provider)
    assert front_door(cluster, cluster.service("web")).rule == rule
    counts = simulate(cluster, requests=20_000).by_pod.requests
    assert bool(counts.max() - counts.min() == 0) is (rule == "round_robin")


@pytest.mark.parametrize(
    ("provider", "rule"),
    [("gcp", "source_ip"), ("azure", "source_ip"), ("linode", "round_robin"), ("aws", "flow_hash")],
)
def test_affinity_makes_some_load_balancers_stick(provider: str, rule: str) -> None:
    """Google's and Azure's controllers set CLIENT_IP and SourceIP for sessionAffinity: ClientIP; the others do not."""
    ip_targets = {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb-ip",
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",  # its default is internal
    }  # the in-tree NLB refuses affinity
    cluster = cluster_with([1] * 4, LB | {"sessionAffinity": "ClientIP"}, provider=provider)
    if provider == "aws":
        cluster.patch("web", {"metadata": {"annotations": ip_targets}})
    assert front_door(cluster, cluster.service("web")).rule == rule
    clients = [f"203.0.113.{k}" for k in range(1, 21)]
    entries = [{kx.send(cluster, "web", client).hops[2].at for _ in range(8)} for client in clients]
    assert (max(map(len, entries)) == 1) is (rule == "source_ip")
    assert len(set().union(*entries)) == 4
    cluster.affinity.clear()
    nodes = simulate(cluster, requests=200, clients=1).by_pod.requests
    if provider == "gcp":
        cluster.patch("web", {"spec": {"sessionAffinity": "None"}})
        assert front_door(cluster, cluster.service("web")).rule == "flow_hash"
    assert (sorted(nodes)[:3] == [0, 0, 0]) is (rule == "source_ip")


def test_busy_clients_weigh_more() -> None:
    cluster = cluster_with([2, 2], LB | {"sessionAffinity": "ClientIP"})
    even, skewed = (simulate(cluster, requests=20_000, clients=1000, client_skew=skew) for skew in (0, 1.1))
    assert skewed.summary.jain_index < even.summary.jain_index
    assert queueing.effective_clients([1 / k**1.1 for k in range(1, 1001)]) == pytest.approx(21, abs=0.5)


def test_user_cases_on_skew() -> None:
    """user cases local-skew-2-1, local-skew-risk, local-spread-constraint."""
    for per_node, shares, hottest in (
        ([2, 1], [1 / 4, 1 / 4, 1 / 2], 1.5),
        ([3, 1, 1], [1 / 9] * 3 + [1 / 3] * 2, 5 / 3),
        ([2, 1, 1], [1 / 6, 1 / 6, 1 / 3, 1 / 3], 4 / 3),
        ([2, 2, 2], [1 / 6] * 6, 1),
    ):
        traffic = simulate(cluster_with(per_node, LOCAL), requests=200_000)
        assert traffic.by_pod.expected_share.tolist() == pytest.approx(shares)
        assert traffic.summary.max_over_mean == pytest.approx(hottest, rel=0.03)
        assert traffic.summary.extra_hop_share == 0
    assert simulate(cluster_with([2, 1], LB), requests=50_000).summary.extra_hop_share == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "bad",
    [
        {"requests": 0}, {"rate_rps": 0}, {"rate_rps": math.inf}, {"clients": 0}, {"service_ms": -1}, {"workers": 0},
        {"requests_per_connection": 0}, {"distribution": "normal"}, {"hop_ms": -1}, {"client_skew": -1}, {"block": 0},
        {"events": (kx.NodeDown("node-1", at_s=-1),)}, {"seed": -1}, {"requests": 1.5},
    ],
)  # fmt: skip
def test_numbers_that_make_no_sense(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        simulate(cluster_with([1], LB), **bad)


def test_unknown_names() -> None:
    with pytest.raises(KeyError):
        simulate(cluster_with([1], LB), "nobody")
    with pytest.raises((KeyError, kx.ApiError)):
        simulate(cluster_with([1], LB), events=(kx.NodeDown("node-9", at_s=1),))


def test_the_cluster_stays_as_it_is() -> None:
    cluster = cluster_with([2, 1], LB)
    before = cluster.now_s, cluster.pods, cluster.sends, dict(cluster.affinity), cluster.events
    simulate(cluster, requests=20_000, events=(kx.NodeDown("node-1", at_s=20), kx.Rollout("web", at_s=3)))
    assert (cluster.now_s, cluster.pods, cluster.sends, dict(cluster.affinity), cluster.events) == before
    assert not cluster.down


@pytest.mark.parametrize(
    "change",
    [
        lambda cluster: cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}}),
        lambda cluster: cluster.scale("web", per_node=[1, 1, 1]),
        lambda cluster: cluster.fail("node-1"),
        lambda cluster: cluster.rollout("web") or cluster.advance(40),
        lambda cluster: cluster.set_ready("web-1", False),
        lambda cluster: setattr(cluster, "proxy", kx.ProxyConfig(mode="nftables")),
        lambda cluster: cluster.stop_proxy("node-1"),
        lambda cluster: cluster.delete("node-3", kind="Node"),
        lambda cluster: setattr(cluster, "cni_masquerade", False),
    ],
)
def test_a_changed_cluster_is_asked_anew(change: Any) -> None:
    """What was remembered of a cluster never outlives a change: the same as a copy that nothing was asked about."""
    cluster = cluster_with([2, 1, 0], LB)
    untouched = cluster.copy()
    simulate(cluster, requests=2000)
    for one in (cluster, untouched):
        change(one)
    assert same(simulate(cluster, requests=2000), simulate(untouched, requests=2000))


def test_a_change_that_shows() -> None:
    cluster = cluster_with([2, 1], LB)
    before = simulate(cluster, requests=2000)
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    assert before.by_pod.expected_share.max() < 0.4 < simulate(cluster, requests=2000).by_pod.expected_share.max()
    cluster.fail("node-1")
    assert simulate(cluster, requests=2000).by_pod.expected_share["web-3"] == 1


def test_above_a_million_an_even_sample() -> None:
    traffic = simulate(cluster_with([1], LB), requests=2_500_000, rate_rps=50)
    assert len(traffic.latency_ms) == math.ceil(2_500_000 / 3)
    other = simulate(cluster_with([1], LB), requests=2_500_000, rate_rps=50, block=100_003)
    assert np.array_equal(traffic.latency_ms, other.latency_ms)
    assert not traffic.latency_ms.flags.writeable
    assert np.median(traffic.latency_ms) == pytest.approx(traffic.summary.p50_ms, rel=0.01)
    assert len(traffic.timeline) <= 601
