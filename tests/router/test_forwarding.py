"""A node whose kernel forwards nothing: it answers itself, health checks included, and no Pod is reached through it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

import k8sexpose as kx
from tests.router.helpers import CLIENT, add_service

THIRD = Fraction(1, 3)
LB = {"type": "LoadBalancer"}


def cluster_of(
    per_node: list[int], closed: str = "node-2", provider: str | None = "generic", **spec: Any
) -> kx.Cluster:
    plain = kx.Cluster(nodes=len(per_node))
    nodes = [replace(node, forwards=node.name != closed) for node in plain.nodes]
    cluster = kx.Cluster(nodes=nodes, provider=provider)
    cluster.deploy("web", per_node=per_node)
    add_service(cluster, **spec)
    return cluster


def test_it_passes_nothing_on_and_nothing_in() -> None:
    cluster = cluster_of([1, 1, 0])
    by_closed = kx.routes(cluster, "10.0.0.2:30080")
    assert {route.outcome for route in by_closed} == {"timeout"} and "node-2 forwards no packets" in by_closed[0].reason
    found = {route.pod or route.outcome: route.probability for route in kx.routes(cluster, "10.0.0.3:30080")}
    # The Pod on node-2 is behind the same kernel.
    assert found == {"web-1": Fraction(1, 2), "timeout": Fraction(1, 2)}


def test_what_its_own_processes_send_leaves() -> None:
    cluster = cluster_of([1, 1, 0])
    assert kx.shares(cluster, "10.96.0.9:80", client="node/node-2").lost == 0
    assert kx.shares(cluster, "10.96.0.9:80", client="node/node-1").lost == Fraction(1, 2)
    assert kx.shares(cluster, "10.96.0.9:80", client="pod/web-2").lost == 1
    assert kx.send(cluster, "10.244.1.2:8080", client="pod/web-2").outcome == "timeout"
    assert kx.send(cluster, "10.0.0.2:10256", client=CLIENT).delivered


def test_a_host_network_pod_needs_no_forwarding() -> None:
    nodes = [kx.Node(f"node-{k}", (f"10.0.0.{k}",), forwards=k != 2) for k in (1, 2)]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[0, 1], host_network=True)
    add_service(cluster)
    assert kx.shares(cluster, "10.0.0.2:30080").lost == 0 and kx.shares(cluster, "10.0.0.1:30080").lost == 0


def test_the_load_balancer_keeps_it_where_kube_proxy_is_asked_and_drops_it_where_a_connection_is_tried() -> None:
    asked = cluster_of([1, 0, 1], **LB)
    assert kx.healthz(asked, node="node-2").status == 200
    assert kx.shares(asked, "web").lost == THIRD
    tried = cluster_of([1, 0, 1], provider="azure", **LB)
    assert set(kx.entries(tried, "web")) == {"node-1", "node-3"} and kx.shares(tried, "web").lost == 0


@pytest.mark.parametrize("per_node", [[1] * 5, [2, 0, 0, 1, 0]])
def test_shares_and_routes_agree(per_node: list[int]) -> None:
    cluster = cluster_of(per_node)
    found = kx.shares(cluster, "web")
    ways = kx.routes(cluster, "web")
    assert found.lost == sum((way.probability for way in ways if not way.delivered), Fraction(0)) > 0
    assert sum(found.by_pod.values(), found.lost) == 1
