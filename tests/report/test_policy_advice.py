"""The two policies of a Service beside each other: views, latency, the turning point, a crash, costs."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.traffic import policies
from tests.report.helpers import cluster_of


def test_uneven_by_nodes_or_by_zones(sample: kx.Review) -> None:
    [zones] = [one.why for one in sample.findings if one.kind == "uneven-local"]
    assert zones == (
        "The load balancer spreads over zones, then over nodes, and they have 3, 1, 1, 1, 1, 1, 1 ready Pods; nodes with a "
        "Pod by zone: us-east-1a: 3, us-east-1b: 2, us-east-1c: 2."
    )
    plain = kx.review(cluster_of({"externalTrafficPolicy": "Local"}, per_node=(3, 1, 1))).findings
    [nodes] = [one.why for one in plain if one.kind == "uneven-local"]
    assert nodes == "The load balancer spreads over nodes, and they have 3, 1, 1 ready Pods."


@pytest.mark.parametrize(("per_node", "hottest"), [((2, 1, 0), 1.5), ((1, 1, 1), 1.0), ((3, 1, 1), 5 / 3)])
def test_the_views_are_the_routers(per_node: tuple[int, ...], hottest: float) -> None:
    cluster = cluster_of({}, per_node=per_node)
    one = kx.review(cluster).service("web").comparison
    assert one is not None
    for policy, view in one.views.items():
        cluster.patch("web", {"spec": {"externalTrafficPolicy": policy}})
        assert view.shares == kx.shares(cluster, "web")
    assert one.local.hottest == pytest.approx(hottest) and one.cluster.hottest == 1
    assert one.cluster.source == "a node's address" and one.local.source == "the client's address"


def test_latency_agrees_with_the_simulation() -> None:
    cluster = cluster_of({}, per_node=(2, 1, 0))
    one = kx.review(cluster, utilisation=0.5).service("web").comparison
    assert one is not None
    for policy, view in one.views.items():
        cluster.patch("web", {"spec": {"externalTrafficPolicy": policy}})
        drawn = kx.simulate(cluster, "web", requests=200_000, rate_rps=150, clients=5000)
        assert drawn.mean_ms == pytest.approx(view.mean_ms, rel=0.05)
        assert drawn.summary["p99_ms"] == pytest.approx(view.p99_ms, rel=0.08)


def test_the_advice_turns_where_it_says() -> None:
    cluster = cluster_of({}, per_node=(2, 1, 0))
    one = kx.review(cluster).service("web").comparison
    assert one is not None and one.turns_at_p99 is not None and one.turns_at is not None
    assert one.turns_at_p99 < one.turns_at
    for step, policy in ((-0.01, "Local"), (0.01, "Cluster")):
        found = kx.review(cluster, utilisation=one.turns_at_p99 + step).service("web").comparison
        assert found is not None and found.advice.policy == policy


def test_the_turn_is_that_of_lesson_5() -> None:
    cluster = cluster_of({}, per_node=(2, 1, 0))
    one = kx.review(cluster).service("web").comparison
    found = policies.crossover([policies.view(one, "web") for one in kx.both_policies(cluster, "web").values()])
    assert one is not None and sorted(found.values()) == pytest.approx([one.turns_at_p99, one.turns_at], abs=0.002)
    assert (
        "<table" in one._repr_html_()
        and "recommended Cluster" in repr(one)
        and "Local is faster on average below" in str(one)
    )


def test_even_placement_never_turns() -> None:
    one = kx.review(cluster_of({})).service("web").comparison
    assert one is not None and one.turns_at == 1 and one.advice.policy == "Local"


def test_local_that_loses_is_not_recommended() -> None:
    one = kx.review(cluster_of({"type": "NodePort", "externalTrafficPolicy": "Local"}, per_node=(1, 0, 0)))
    found = one.service("web").comparison
    assert found is not None and found.advice.policy == "Cluster" and found.local.lost == pytest.approx(2 / 3)


def test_an_overloaded_pod_is_said() -> None:
    made = kx.review(cluster_of({}, per_node=(4, 1, 0)), utilisation=0.9)
    assert "overloaded" in made.to_markdown()


def test_the_crash_is_the_models() -> None:
    one = kx.review(cluster_of({})).service("web").comparison
    assert one is not None and "55.6%" in one.cluster.failure and "50 s" in one.cluster.failure
    assert "33.3%" in one.local.failure and "20 s" in one.local.failure


def test_the_crash_of_a_service_with_source_ranges(sample: kx.Review) -> None:
    one = sample.service("payments/checkout").comparison
    assert one is not None and "100%" not in one.cluster.failure


def test_costs_differ_by_the_bytes_between_zones() -> None:
    one = kx.review(cluster_of({}, provider="aws"), gb_per_month=300).service("web").comparison
    assert one is not None and one.cluster.cost is not None and one.local.cost is not None
    assert one.cluster.cost - one.local.cost == pytest.approx(300 * 2 / 3 * 0.02)
