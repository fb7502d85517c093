"""What localhost reaches: the machine that kind runs on, a node, a Pod itself."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.kubectl.curl import curl
from tests.router.helpers import cluster_with

WEB, EDGE = {"containerPort": 30080, "hostPort": 8080}, {"containerPort": 443, "hostPort": 443}
OTHER = {"containerPort": 30080, "hostPort": 9090, "listenAddress": "127.0.0.1", "node": "node-2"}


def kind(per_node: list[int], *mappings: dict[str, Any], **spec: Any) -> kx.Cluster:
    return cluster_with(per_node, spec, provider=kx.provider("kind", extra_port_mappings=mappings))


def test_a_mapped_port_leads_to_the_node_port() -> None:
    cluster = kind([0, 1], WEB, OTHER)
    [route] = kx.routes(cluster, "localhost:8080")
    assert route.delivered and route.entry == "node-1" and route.extra_hop
    assert [hop.at for hop in route.hops] == ["client", "this machine", "node-1", "web-1"]
    assert [one.entry for one in kx.routes(cluster, "127.0.0.1:9090")] == ["node-2"]
    assert curl(cluster, "http://localhost:8080").stdout.startswith("pod:    web-1\n")


def test_who_is_seen_under_local_is_dockers_gateway() -> None:
    cluster = kind([1], WEB, type="LoadBalancer", externalTrafficPolicy="Local")
    assert kx.send(cluster, "http://localhost:8080").client_seen == "172.18.0.1"


def test_a_port_that_is_not_mapped_is_refused_and_says_what_is() -> None:
    cluster = kind([1], WEB)
    route = kx.send(cluster, "http://localhost:30080")
    assert route.outcome == "refused" and "it publishes 8080 to 30080" in route.reason
    assert "Could not connect" in curl(cluster, "http://localhost:30080").stderr
    assert kx.send(kind([1]), "localhost:30080").reason.endswith("it publishes no port of a node")
    assert kx.send(cluster_with([1]), "127.0.0.1:30080").outcome == "refused"
    assert kx.send(cluster, "localhost:8080", protocol="UDP").outcome == "refused"


def test_a_mapped_port_behind_which_nobody_listens_is_reset() -> None:
    """Docker's proxy takes the connection, and drops it as soon as the node refuses."""
    cluster = kind([1], EDGE)
    assert kx.send(cluster, "localhost:443").outcome == "reset"
    assert curl(cluster, "http://localhost:443").rc == 56


def test_a_mapped_host_port_is_how_an_ingress_on_kind_is_reached() -> None:
    cluster = kx.Cluster(
        nodes=1, provider=kx.provider("kind", extra_port_mappings=[{"containerPort": 80, "hostPort": 80}])
    )
    container = {"name": "edge", "ports": [{"containerPort": 8080, "hostPort": 80}]}
    spec = {"nodeName": "node-1", "containers": [container]}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "edge"}, "spec": spec})
    assert kx.send(cluster, "http://localhost").pod == "edge"


def test_inside_localhost_is_the_node_or_the_pod_itself() -> None:
    cluster = kind([1, 1], WEB)
    assert kx.send(cluster, "localhost:8080", client="pod/web-1").pod == "web-1"
    assert kx.send(cluster, "127.0.0.1:30080", client="pod/web-1").outcome == "refused"
    assert kx.send(cluster, "http://localhost:30080", client="node/node-1").delivered


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"hostPort": 80}, "has no containerPort"),
        ({"containerPort": 80, "hostPort": 0}, "hostPort"),
        ({"containerPort": 80, "hostPort": 80, "port": 1}, "a key of extra_port_mappings"),
        ({"containerPort": 80, "hostPort": 80, "protocol": "tcp"}, "protocol"),
        ({"containerPort": 80, "hostPort": 80, "listenAddress": "here"}, "listenAddress"),
    ],
)
def test_entries_of_a_wrong_form(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        kx.provider("kind", extra_port_mappings=[entry])


def test_other_providers_publish_nothing() -> None:
    with pytest.raises(ValueError, match='provider\\("kind"\\)'):
        kx.provider("aws", extra_port_mappings=[WEB])
