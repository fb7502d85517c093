"""The path of a packet behind the verdict: who is remembered, what the CNI replaces, and what is said when it ends."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

import k8sexpose as kx
from tests.cloud.helpers import TYPE, address, stand
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


def test_affinity_that_is_off_binds_nobody_though_a_timeout_is_stored() -> None:
    """As a dump may have it: the API server would have taken the timeout out."""
    cluster = cluster_with([4], {"sessionAffinity": "ClientIP"})
    kx.send(cluster, "10.0.0.1:30080", CLIENT)
    cluster.store.put_service(replace(cluster.service("web"), session_affinity="None"))
    assert cluster.service("web").session_affinity_timeout_s
    assert len(pods(cluster)) == 4


def test_a_sent_connection_has_the_probability_of_its_way() -> None:
    cluster = cluster_with([4], {"sessionAffinity": "ClientIP"})
    sent = [kx.send(cluster, "10.0.0.1:30080", CLIENT).probability for _ in range(2)]
    assert sent == [Fraction(1, 4), 1]  # any of four Pods; then the one that the client is bound to


def test_affinity_without_a_timeout_binds_nobody() -> None:
    """As a dump may have it: the API server would have put a timeout in."""
    cluster = cluster_with([4], {"sessionAffinity": "ClientIP"})
    kx.send(cluster, "10.0.0.1:30080", CLIENT)
    cluster.store.put_service(replace(cluster.service("web"), session_affinity_timeout_s=None))
    assert len(pods(cluster)) == 4


def test_connections_without_a_source_port_enter_by_any_node() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    assert len({kx.send(cluster, address(cluster), seed=seed).entry for seed in range(40)}) == 3


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
        ("10.240.0.0/12", "10.244.1.3"),
        ("fd00:10::/56,10.240.0.0/12", "10.244.1.3"),
        ("10.240.0.0/12,fd00:10::/56", "10.244.1.3"),
        ("fd00:10::/56", "10.244.1.3"),  # no Pod network of this family: nobody is inside, and nobody leaves it
    ],
)
def test_the_range_of_a_family_is_inside_for_the_cni(pod_cidr: str, seen: str) -> None:
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
    told = "forwarded" if seen == "10.244.1.3" else "forwarded, SNAT by the CNI"
    assert [(hop.at, hop.action, hop.new_src) for hop in way.hops][1] == (
        "node-1", told, None if seen == "10.244.1.3" else seen,
    )  # fmt: skip


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


def test_a_pod_that_is_gone_is_called_by_the_name_that_its_endpoint_remembers() -> None:
    cluster = cluster_with([0, 1])
    gone = {"kind": "Pod", "name": "old-1", "namespace": "default"}
    cluster.apply(slice_with(addresses=["10.244.1.77"], nodeName="node-1", targetRef=gone))
    ways = kx.routes(cluster, "10.0.0.1:30080", CLIENT)
    assert {way.hops[-1].at for way in ways if not way.delivered} == {"old-1"}


def test_an_endpoint_outside_the_cluster_answers() -> None:
    cluster = cluster_with([1, 1])
    cluster.apply(slice_with(addresses=["192.0.2.9"]))
    [way] = kx.routes(cluster, "10.0.0.1:30080", CLIENT)
    assert (way.outcome, way.pod, way.node) == ("delivered", "192.0.2.9:8080", None)


@pytest.mark.parametrize("entry", ["10.0.0.1", "10.0.0.2"])
def test_a_node_itself_is_an_endpoint_without_a_pod_and_nothing_listens_there(entry: str) -> None:
    cluster = cluster_with([0, 0])
    cluster.apply(slice_with(addresses=["10.0.0.1"], nodeName="node-1"))
    [way] = kx.routes(cluster, f"{entry}:30080", CLIENT)
    assert (way.outcome, way.reason) == ("refused", "10.0.0.1:8080 does not listen on port 8080")


def test_a_load_balancer_that_keeps_the_source_fails_its_client_on_the_clients_own_node_only() -> None:
    cluster = stand([1, 1, 1], "aws", {TYPE: "nlb"})
    cluster.advance(300)
    ways = kx.routes(cluster, address(cluster), "node/node-1")
    assert sum(way.probability for way in ways if way.delivered) == Fraction(2, 3)
    [back] = [way for way in ways if not way.delivered]
    assert back.probability == Fraction(1, 3) and "node-1 discards a packet that seems its own" in back.reason


# -- flows: a source port that is used again (point 18 of the measurements, tests/conformance/kube-proxy-dynamics.json) ----

UDP = [{"port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "UDP"}]
FROM = 40000


def udp_flow(
    cluster: kx.Cluster, target: str = "10.0.0.1:30080", source_port: int | None = FROM, **how: Any
) -> kx.Route:
    return kx.send(cluster, target, CLIENT, protocol="UDP", source_port=source_port, **how)


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_udp_flow_is_moved_when_another_endpoint_serves_and_stays_when_none_is_left(mode: str) -> None:
    cluster = cluster_with([4], {"ports": UDP}, proxy=kx.ProxyConfig(mode=mode))
    first = udp_flow(cluster).pod
    assert first is not None
    assert {udp_flow(cluster).pod for _ in range(20)} == {first}
    cluster.set_ready(first, False)
    second = udp_flow(cluster).pod
    assert second is not None and second != first
    assert {udp_flow(cluster).pod for _ in range(20)} == {second}
    for pod in cluster.pods:
        cluster.set_ready(pod.name, False)
    assert udp_flow(cluster).pod == second
    assert udp_flow(cluster, source_port=FROM + 1).outcome == "refused"
    cluster.set_ready(first, True)
    assert udp_flow(cluster).pod == first


def test_an_open_tcp_connection_stays_with_its_endpoint_when_the_service_is_gone() -> None:
    cluster = cluster_with([2], {"externalTrafficPolicy": "Local"})
    first = kx.send(cluster, "10.0.0.1:30080", CLIENT, source_port=FROM)
    cluster.set_ready(str(first.pod), False)
    again = kx.send(cluster, "10.0.0.1:30080", CLIENT, source_port=FROM)
    assert (again.pod, again.client_seen) == (first.pod, CLIENT)
    assert "the flow is open" in again.hops[1].action
    assert kx.trace(cluster, again).decisions == ()  # what chooses an endpoint looks at the first packet only
    cluster.delete("web")
    assert kx.send(cluster, "10.0.0.1:30080", CLIENT, source_port=FROM).pod == first.pod
    assert kx.send(cluster, "10.0.0.1:30080", CLIENT).outcome == "refused"


def test_a_flow_to_a_pod_that_has_died_reaches_nobody() -> None:
    cluster = cluster_with([1], {"ports": UDP})
    assert udp_flow(cluster).pod == "web-1"
    cluster.scale("web", replicas=0)
    assert (udp_flow(cluster).outcome, udp_flow(cluster, source_port=FROM + 1).outcome) == ("timeout", "refused")
    cluster.scale("web", replicas=1)
    assert udp_flow(cluster).pod == "web-2"


def test_a_silent_udp_flow_is_forgotten_and_one_that_speaks_is_not() -> None:
    cluster = cluster_with([1], {"ports": UDP})
    udp_flow(cluster)
    cluster.set_ready("web-1", False)
    for seconds, outcome in ((100, "delivered"), (120, "delivered"), (121, "refused")):
        cluster.advance(seconds)
        assert udp_flow(cluster).outcome == outcome


def test_flows_are_told_apart_by_client_port_protocol_and_destination() -> None:
    cluster = cluster_with([8], {"ports": UDP, "externalIPs": ["198.51.100.9"]})
    asked = ("10.0.0.1:30080", "198.51.100.9:80", "10.96.0.9:80")
    found = {
        (target, port): udp_flow(cluster, target, port, via="node-1").pod for target in asked for port in (1, 2, 3)
    }
    assert len(set(found.values())) > 1
    for (target, port), pod in found.items():
        assert udp_flow(cluster, target, port, via="node-1").pod == pod
    assert len({udp_flow(cluster, source_port=None).pod for _ in range(40)}) == 8
    assert len(cluster.flows) == 9


def test_a_load_balancer_sends_the_packets_of_a_flow_to_one_node() -> None:
    cluster = cluster_with([1, 1, 1], {"type": "LoadBalancer", "externalTrafficPolicy": "Local"})
    for port in range(1, 6):
        assert len({kx.send(cluster, "web", CLIENT, source_port=port).pod for _ in range(10)}) == 1
    assert len({kx.send(cluster, "web", CLIENT, source_port=port).pod for port in range(1, 40)}) == 3


def test_flows_belong_to_a_cluster_and_no_question_makes_one() -> None:
    cluster = cluster_with([4], {"ports": UDP})
    first = udp_flow(cluster).pod
    twin = cluster.copy()
    udp_flow(twin, source_port=FROM + 1)
    assert udp_flow(twin).pod == first
    assert (len(cluster.flows), len(twin.flows)) == (1, 2)
    assert len(kx.routes(cluster, "10.0.0.1:30080", CLIENT, protocol="UDP")) == 4
    assert kx.trace(twin, kx.send(twin, "10.0.0.1:30080", CLIENT, protocol="UDP")) is not None


@pytest.mark.parametrize(("port", "protocol"), [(0, "UDP"), (65536, "TCP"), (-1, "TCP"), (5, "ICMP")])
def test_a_source_port_that_is_none(port: int, protocol: str) -> None:
    with pytest.raises(ValueError, match="source_port"):
        kx.send(cluster_with([1]), "10.0.0.1:30080", CLIENT, protocol=protocol, source_port=port)
