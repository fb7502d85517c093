"""Figures of a cluster and of a route: artists and descriptions, not pixels."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.plots import describe, legs
from tests.plots.helpers import texts


def gids(ax: Any) -> list[str]:
    return [line.get_gid() for line in ax.lines]


def test_cluster(cluster: kx.Cluster) -> None:
    ax = kx.plot_cluster(cluster, "debug-svc-nodeport")
    assert len(ax.patches) == 3
    assert gids(ax).count("Pod debug-tools-1") == 1
    assert [gid for gid in gids(ax) if gid.startswith("node port")] == [
        "node port node-1",
        "node port node-2",
        "node port node-3",
    ]
    assert texts(ax).count("node port 30007 → answers") == 3
    assert "node-3 (10.0.0.3) without Pods, node port 30007 delivered." in describe(ax)
    assert "port 80; nodePort 30007; targetPort 8080" in describe(ax)


def test_cluster_shows_what_the_model_says(cluster: kx.Cluster) -> None:
    cluster.patch("debug-svc-nodeport", {"spec": {"externalTrafficPolicy": "Local"}})
    assert "node port 30007 → timeout" in texts(kx.plot_cluster(cluster, "debug-svc-nodeport"))
    cluster.fail("node-1")
    assert "node-1 (10.0.0.1) down" in describe(kx.plot_cluster(cluster, "debug-svc-nodeport"))


def test_a_proxy_that_never_heard_of_it_has_no_rule() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.stop_proxy("node-2")
    cluster.deploy("debug-tools")
    cluster.apply(kx.example("debug-svc-nodeport"))
    ax = kx.plot_cluster(cluster, "debug-svc-nodeport")
    assert [gid for gid in gids(ax) if gid.startswith("node port")] == ["node port node-1"]
    assert "node-2 (10.0.0.2) without Pods, node port 30007 no rule" in describe(ax)


def test_many_pods_and_no_nodes() -> None:
    cluster = kx.Cluster(nodes=1)
    cluster.deploy("web", per_node=[40])
    assert "… and 34 more" in texts(kx.plot_cluster(cluster))
    assert describe(kx.plot_cluster(kx.Cluster(nodes=[]))).startswith("A cluster of 0 nodes")


def test_route(cluster: kx.Cluster) -> None:
    route = kx.send(cluster, "10.0.0.2:30007")
    ax = kx.plot_route(route)
    assert gids(ax) == ["client", "node", "Pod"]
    said = texts(ax)
    for leg in legs(route):
        source, _, target = leg.packet.partition(" → ")
        assert f"from {source}" in said and f"to {target}" in said
    assert "extra hop" in said
    assert [leg.concept for leg in legs(route)] == ["client", "extra hop"]
    assert "to node-2, to debug-tools-1 as 10.0.0.2 → 10.244.1.2:8080" in describe(ax)


@pytest.mark.parametrize(("target", "word"), [("10.0.0.1:31000", "refused"), ("10.96.0.1:443", "timeout")])
def test_a_lost_route_says_how(cluster: kx.Cluster, target: str, word: str) -> None:
    ax = kx.plot_route(kx.send(cluster, target))
    assert word in texts(ax) and word in describe(ax)
