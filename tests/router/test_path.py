"""The path of a packet behind the verdict: who is remembered, what the CNI replaces, and what is said when it ends."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from tests.router.helpers import CLIENT, add_service, cluster_with


def pods(cluster: kx.Cluster, target: str = "10.0.0.1:30080", client: str = CLIENT) -> set[str | None]:
    return {way.pod for way in kx.routes(cluster, target, client)}


def test_affinity_that_is_switched_off_frees_a_client_and_switched_on_again_binds_it() -> None:
    cluster = cluster_with([4], {"sessionAffinity": "ClientIP"})
    first = kx.send(cluster, "10.0.0.1:30080", CLIENT).pod
    assert pods(cluster) == {first}
    cluster.patch("web", {"spec": {"sessionAffinity": "None"}})
    assert len(pods(cluster)) == 4
    assert len({kx.send(cluster, "10.0.0.1:30080", CLIENT, seed=seed).pod for seed in range(40)}) == 4
    cluster.patch("web", {"spec": {"sessionAffinity": "ClientIP"}})
    assert pods(cluster) == {first}


def test_affinity_binds_on_one_node_and_for_one_service() -> None:
    cluster = cluster_with([2, 2], {"sessionAffinity": "ClientIP"})
    add_service(
        cluster, "shop", clusterIP="10.96.0.10", sessionAffinity="ClientIP",
        ports=[{"port": 80, "targetPort": 8080, "nodePort": 30081}],
    )  # fmt: skip
    kx.send(cluster, "10.0.0.1:30080", CLIENT)
    assert len(pods(cluster, "10.0.0.1:30080")) == 1
    assert len(pods(cluster, "10.0.0.2:30080")) == 4
    assert len(pods(cluster, "10.0.0.1:30081")) == 4


@pytest.mark.parametrize(
    ("pod_cidr", "seen"),
    [
        ("10.244.0.0/16", "10.0.0.1"),  # the other Pod is outside the Pod network: the CNI replaces the address
        ("10.244.1.0/24,10.244.2.0/24", "10.0.0.1"),
        ("10.244.1.0/24,10.245.0.0/16", "10.244.1.3"),
        ("10.245.0.0/16,10.244.1.0/24", "10.244.1.3"),
    ],
)
def test_every_range_of_pods_is_inside_for_the_cni(pod_cidr: str, seen: str) -> None:
    nodes = [
        kx.Node("node-1", addresses=("10.0.0.1",), pod_cidr="10.244.1.0/24"),
        kx.Node("node-2", addresses=("10.0.0.2",), pod_cidr="10.245.2.0/24"),
    ]
    cluster = kx.Cluster(nodes=nodes, pod_cidr=pod_cidr)
    cluster.deploy("web", per_node=[0, 1], port=8080)
    cluster.store.put_pod(kx.Pod("client", node="node-1", ip="10.244.1.3"))
    add_service(cluster, type="ClusterIP")
    [way] = kx.routes(cluster, "10.245.2.2:8080", "pod/client")
    assert (way.pod, way.client_seen) == ("web-1", seen)


def slice_with(**endpoint: Any) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}], "endpoints": [endpoint],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ({"addresses": ["10.244.1.77"], "nodeName": "node-1"}, "no Pod has the address 10.244.1.77 any more"),
        ({"addresses": ["10.244.9.9"]}, "no Pod has the address 10.244.9.9 any more"),  # in the Pod network
        ({"addresses": ["192.0.2.9"], "nodeName": "node-9"}, "no Pod has the address 192.0.2.9 any more"),
    ],
)
def test_why_an_endpoint_that_is_gone_does_not_answer(endpoint: dict[str, Any], reason: str) -> None:
    cluster = cluster_with([1, 1])
    cluster.apply(slice_with(**endpoint))
    [way] = kx.routes(cluster, "10.0.0.1:30080", CLIENT)
    assert (way.outcome, way.reason, way.hops[-1].kind) == ("timeout", reason, "Pod")


def test_an_endpoint_outside_the_cluster_answers() -> None:
    cluster = cluster_with([1, 1])
    cluster.apply(slice_with(addresses=["192.0.2.9"]))
    [way] = kx.routes(cluster, "10.0.0.1:30080", CLIENT)
    assert (way.outcome, way.pod, way.node) == ("delivered", "192.0.2.9:8080", None)
