"""Figures of a cluster and of a route: artists and descriptions, not pixels."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.colors import to_rgba

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


def test_a_pod_that_sends_is_a_pod_on_its_node() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[0, 1, 0])
    cluster.deploy("frontend", per_node=[0, 0, 1])
    cluster.apply(kx.example("public-api-lb"))
    address = cluster.service("public-api-lb").cluster_ip
    ax = kx.plot_route(kx.send(cluster, f"{address}:80", client="pod/frontend-1"))
    assert gids(ax) == ["Pod", "node", "Pod"], "and no client"
    assert [word for word in texts(ax) if word.startswith("on ")] == ["on node-3", "on node-2"]
    ours, theirs = ax.patches[:2]
    assert ours.get_x() < 0 and ours.get_x() + ours.get_width() > 1, "node-3 holds its Pod and its rules"
    assert 1 < theirs.get_x() < 2
    assert not kx.plot_route(kx.send(cluster, "10.0.0.1:31000")).patches, "no box without a Pod"


def test_in_the_legend_a_node_looks_as_it_is_drawn(cluster: kx.Cluster) -> None:
    ax = kx.plot_cluster(cluster)
    drawn, (sign, *_) = ax.patches[0], ax.get_legend().legend_handles
    assert to_rgba(sign.get_markerfacecolor()) == to_rgba(drawn.get_facecolor())
    assert to_rgba(sign.get_markeredgecolor()) == to_rgba(drawn.get_edgecolor())


@pytest.mark.parametrize(("target", "word"), [("10.0.0.1:31000", "refused"), ("10.96.0.1:443", "timeout")])
def test_a_lost_route_says_how(cluster: kx.Cluster, target: str, word: str) -> None:
    ax = kx.plot_route(kx.send(cluster, target))
    assert word in texts(ax) and word in describe(ax)
