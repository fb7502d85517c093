"""Both policies of one Service, side by side."""

from __future__ import annotations

from fractions import Fraction

import pytest

import k8sexpose as kx
from k8sexpose.lessons.extra_hop.questions import NAME, stand_with

PLACEMENTS = [(1, 1, 1), (2, 1), (2, 1, 0), (3, 1, 1), (5, 5, 0), (9, 1), (4, 3, 3)]
CLOUDS = ["generic", "aws", "gcp", "azure", "digitalocean", "linode", "metallb"]


@pytest.mark.parametrize("per_node", PLACEMENTS, ids=str)
def test_formulas_where_the_load_balancer_is_even(per_node: tuple[int, ...]) -> None:
    found = kx.policy_shares(stand_with(per_node), NAME)
    nodes, pods = len(per_node), sum(per_node)
    used = [count for count in per_node if count]
    assert found["Cluster"].extra_hop == 1 - Fraction(1, nodes)
    assert found["Local"].extra_hop == 0
    assert {pod.share for pod in found["Cluster"].pods} == {Fraction(1, pods)}
    assert [pod.share for pod in found["Local"].pods] == [
        Fraction(1, len(used) * count) for count in used for _ in range(count)
    ]
    # Hottest over mean is mean over minimum, fairness harmonic mean over mean, of the nodes that have Pods.
    assert found["Local"].hottest_over_mean == pytest.approx(pods / (len(used) * min(used)))
    harmonic = len(used) / sum(1 / count for count in used)
    fairness = kx.jain_index([pod.share for pod in found["Local"].pods])
    assert fairness == pytest.approx(harmonic / (pods / len(used)))


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("per_node", [(2, 1, 0), (1, 1, 1, 0)], ids=str)
def test_sides_agree_with_the_router(cloud: str, per_node: tuple[int, ...]) -> None:
    cluster = stand_with(per_node, provider=cloud)
    found = kx.policy_shares(cluster, NAME)
    for side in found.sides:
        copy = cluster.copy()
        copy.patch(NAME, {"spec": {"externalTrafficPolicy": side.policy}})
        exact = kx.shares(copy, NAME)
        assert {pod.pod: pod.share for pod in side.pods if pod.share} == dict(exact.by_pod)
        assert (side.extra_hop, side.lost, side.crosses_zone) == (exact.extra_hop, exact.lost, exact.crosses_zone)
        assert dict(side.entries) == kx.entries(copy, NAME)
    assert "the Pods see" in repr(found) and "<table" in found._repr_html_()
    assert cluster.service(NAME).external_traffic_policy == "Cluster", "the cluster stays as it is"


def test_four_nodes_in_three_zones_at_aws() -> None:
    assert kx.policy_shares(stand_with((1, 1, 1, 0), provider="aws"), NAME)["Cluster"].extra_hop == Fraction(13, 18)


def test_a_crash_that_nobody_knows_of() -> None:
    found = kx.policy_shares(stand_with((1, 1, 1)), NAME, crashed="node-1")
    assert (found["Cluster"].lost, found["Local"].lost) == (Fraction(5, 9), Fraction(1, 3))
    assert [pod.share for pod in found["Local"].pods] == [0, Fraction(1, 3), Fraction(1, 3)]
    for side in found.sides:
        copy = stand_with((1, 1, 1), side.policy)
        assert next(step.lost for step in kx.watch_crash(copy, NAME, "node-1").steps if step.at_s >= 0) == side.lost


def test_who_is_seen() -> None:
    assert kx.policy_shares(stand_with((1, 1)), NAME).sides[1].seen == ("203.0.113.7",)
    found = kx.policy_shares(stand_with((1, 1), provider="linode"), NAME)
    assert found.sees(found["Local"]) == "10.0.9.9"
    nobody = kx.policy_shares(stand_with((0, 0)), NAME)
    assert nobody.sees(nobody["Local"]) == "nobody" and "no Pod" in repr(nobody)


def test_what_cannot_be_compared() -> None:
    cluster = kx.Cluster()
    cluster.apply(kx.example("api-backend"))
    with pytest.raises(kx.ApiError):
        kx.policy_shares(cluster, "api-backend")
    with pytest.raises(kx.ApiError):
        kx.policy_shares(cluster, "nobody")
    with pytest.raises(kx.NotExposed):
        kx.policy_shares(stand_with((1, 1), provider="kind"), NAME)
