"""Who reaches a Service: internet, private network, cluster; by which entrance, seen as whom."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api.objects import ContainerPort
from k8sexpose.router.reach import internet_entrances

PUBLIC = [kx.Node(f"n{k}", (f"10.0.0.{k}",), external_ip=f"203.0.113.{k}", pod_cidr=f"10.244.{k}.0/24") for k in (1, 2)]


def cluster_of(spec: dict[str, Any], per_node: list[int], **options: Any) -> kx.Cluster:
    cluster = kx.Cluster(**options)
    cluster.deploy("web", per_node=per_node)
    full = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": full})
    cluster.advance(300)
    return cluster


def rows(cluster: kx.Cluster) -> list[tuple[str, str, str, Fraction | None]]:
    return [(one.who, one.kind, one.seen_as, one.lost) for one in kx.reach(cluster, "web")]


def test_a_load_balancer_under_local() -> None:
    cluster = cluster_of({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, [1, 0, 0])
    assert rows(cluster) == [
        ("internet", "load balancer", "the client's address", 0),
        ("private network", "node port", "the client's address", Fraction(2, 3)),
        ("cluster", "cluster IP", "the client's address", 0),
    ]


def test_node_ports_on_public_addresses() -> None:
    cluster = cluster_of({"type": "NodePort", "externalTrafficPolicy": "Local"}, [1, 0], nodes=PUBLIC)
    assert rows(cluster)[0] == ("internet", "node port", "the client's address", Fraction(1, 2))
    assert kx.reach(cluster, "web").internet
    cluster.firewall = ((30000, 32767),)
    assert rows(cluster)[0][3] == 1


def test_a_cluster_ip_is_for_the_cluster() -> None:
    cluster = cluster_of({}, [1, 1], nodes=PUBLIC)
    found = kx.reach(cluster, "web")
    assert found.who == ("cluster",) and not found.internet
    assert internet_entrances(cluster) == ()


def test_external_ips_are_an_entrance() -> None:
    cluster = cluster_of({"externalIPs": ["198.51.100.9", "10.9.9.9"]}, [1, 1], nodes=PUBLIC)
    kinds = [(one.who, one.kind, one.address) for one in kx.reach(cluster, "web")]
    assert ("internet", "external IP", "198.51.100.9:80") in kinds
    assert ("private network", "external IP", "10.9.9.9:80") in kinds
    assert [one.address for one in internet_entrances(cluster)] == ["198.51.100.9:80"]


def test_source_ranges_stand_beside_the_entrance() -> None:
    cluster = cluster_of({"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24"]}, [1, 1, 1])
    first = kx.reach(cluster, "web").entrances[0]
    assert (first.kind, first.note, first.lost) == ("load balancer", "only 192.0.2.0/24", 0)


def test_a_private_address_is_not_on_the_internet() -> None:
    pool = kx.provider("metallb", pool="192.168.7.0/29")
    cluster = cluster_of({"type": "LoadBalancer"}, [1, 1, 1], provider=pool)
    assert kx.reach(cluster, "web").who == ("private network", "cluster")


def test_a_service_that_is_pending_has_no_load_balancer_entrance() -> None:
    cluster = cluster_of({"type": "LoadBalancer"}, [1], nodes=1, provider=None)
    assert [one.kind for one in kx.reach(cluster, "web")] == ["node port", "cluster IP"]


def pod(name: str, **given: Any) -> kx.Pod:
    return kx.Pod(name, labels={"app": "edge"}, **given)


def test_host_ports_lead_to_the_pod() -> None:
    cluster = kx.Cluster(nodes=PUBLIC)
    cluster.store.put_pod(pod("edge-1", node="n1", ip="10.244.1.9", ports=(ContainerPort(8080, host_port=80),)))
    route = kx.send(cluster, "203.0.113.1:80")
    assert (route.outcome, route.pod, route.client_seen) == ("delivered", "edge-1", "203.0.113.7")
    assert any("hostPort" in hop.action for hop in route.hops)
    assert kx.send(cluster, "203.0.113.2:80").outcome == "refused"
    assert kx.send(cluster, "203.0.113.1:80", protocol="UDP").outcome == "refused"
    assert [(one.kind, one.address) for one in internet_entrances(cluster)] == [("host port", "203.0.113.1:80")]


@pytest.mark.parametrize(
    ("host_ip", "outcome"), [("127.0.0.1", "refused"), ("10.0.0.1", "delivered"), ("", "delivered")]
)
def test_a_host_port_of_one_address(host_ip: str, outcome: str) -> None:
    cluster = kx.Cluster(nodes=PUBLIC)
    ports = (ContainerPort(8080, host_port=80, host_ip=host_ip),)
    cluster.store.put_pod(pod("edge-1", node="n1", ip="10.244.1.9", ports=ports))
    assert kx.send(cluster, "10.0.0.1:80").outcome == outcome


def test_a_host_network_pod_answers_on_declared_ports_only() -> None:
    cluster = kx.Cluster(nodes=PUBLIC)
    cluster.store.put_pod(pod("proxy-1", node="n1", ip="10.0.0.1", host_network=True))
    assert kx.send(cluster, "203.0.113.1:81").outcome == "refused"
    ports = (ContainerPort(9100),)
    cluster.store.put_pod(pod("exporter-1", node="n1", ip="10.0.0.1", host_network=True, ports=ports))
    assert kx.send(cluster, "203.0.113.1:9100").pod == "exporter-1"
    assert kx.send(cluster, "203.0.113.1:81").outcome == "refused"
    assert [(one.kind, one.address) for one in internet_entrances(cluster)] == [("host network", "203.0.113.1:9100")]


def test_the_table_is_escaped_and_shows_itself() -> None:
    cluster = cluster_of({"type": "NodePort"}, [1, 1, 1])
    found = kx.reach(cluster, "web")
    assert repr(found).splitlines()[0] == "Who reaches default/web"
    assert "<table" in found._repr_html_()
    with pytest.raises(kx.ApiError, match='services "nothing" not found'):
        kx.reach(cluster, "nothing")


def test_an_external_address_dialled_from_a_pod_comes_back_in() -> None:
    cluster = cluster_of({"type": "NodePort", "externalTrafficPolicy": "Local"}, [1, 1], nodes=PUBLIC)
    number = cluster.service("web").ports[0].node_port
    route = kx.send(cluster, f"203.0.113.2:{number}", client="pod/web-1")
    assert (route.outcome, route.pod, route.client_seen) == ("delivered", "web-2", "203.0.113.1")


def test_nobody_answers_health_checks_on_a_node_that_is_down() -> None:
    cluster = cluster_of({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, [1, 1, 1])
    cluster.fail("node-1")
    cluster.stop_proxy("node-2")
    for name, status in (("node-1", 0), ("node-2", 0), ("node-3", 200)):
        assert kx.health_check(cluster, "web", node=name).status == status
        assert kx.healthz(cluster, node=name).status == status


def test_a_port_that_only_some_nodes_answer_tells_what_those_pods_see() -> None:
    cluster = cluster_of({"type": "NodePort", "externalTrafficPolicy": "Local"}, [0, 0, 1])
    (entrance,) = [one for one in kx.reach(cluster, "web") if one.kind == "node port"]
    assert (entrance.seen_as, entrance.lost) == ("the client's address", Fraction(2, 3))
