"""How packets end, and what each leg takes: every branch of a path, with its hops, its milliseconds and its words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cluster.latency import latencies
from tests.router.helpers import CLIENT, add_service, cluster_with

MS = {name: one.ms for name, one in latencies().items()}


def zoned(per_node: list[int], zones: str = "aab", **options: Any) -> kx.Cluster:
    """Nodes in the zones of these letters, with a Pod network of their own each, and a NodePort Service."""
    nodes = [
        kx.Node(f"node-{k}", (f"10.0.0.{k}",), zone=zone, pod_cidr=f"10.244.{k}.0/24")
        for k, zone in enumerate(zones, 1)
    ]
    cluster = kx.Cluster(nodes=nodes, **options)
    cluster.deploy("web", per_node=per_node, port=8080)
    add_service(cluster)
    return cluster


def only(cluster: kx.Cluster, target: str, client: str = CLIENT, **options: Any) -> kx.Route:
    [route] = kx.routes(cluster, target, client, **options)
    return route


def told(route: kx.Route) -> tuple[str, str, str, str]:
    return route.outcome, route.hops[-1].at, route.hops[-1].action, route.reason


# -- milliseconds ----


@pytest.mark.parametrize(("per_node", "leg"), [
    ([1, 0, 0], "same_node"), ([0, 1, 0], "same_zone"), ([0, 0, 1], "cross_zone"),
])  # fmt: skip
def test_the_leg_to_the_pod_takes_as_long_as_the_nodes_are_apart(per_node: list[int], leg: str) -> None:
    route = only(zoned(per_node), "10.0.0.1:30080")
    assert [hop.latency_ms for hop in route.hops] == [0, 0, MS[leg]]
    assert (route.extra_hop, route.crosses_zone) == (leg != "same_node", leg == "cross_zone")


@pytest.mark.parametrize(("client", "first", "last"), [
    ("node/node-1", 0, "same_zone"), ("pod/dev-1", 0, "same_zone"), ("pod/dev-2", "cross_zone", "same_zone"), ("node/node-3", "cross_zone", "same_zone"),
])  # fmt: skip
def test_a_client_in_the_cluster_is_as_far_away_as_its_node(client: str, first: str | int, last: str) -> None:
    cluster = zoned([0, 1, 0])
    cluster.deploy("dev", per_node=[1, 0, 1])
    route = only(cluster, "10.0.0.1:30080", client)
    assert route.latency_ms == pytest.approx((MS[first] if isinstance(first, str) else 0) + MS[last])
    assert not route.extra_hop and not route.crosses_zone and route.entry is None


def test_a_pod_on_the_host_network_of_the_same_node_is_no_leg_away() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.deploy("web", per_node=[1, 1], host_network=True, port=8080)
    add_service(cluster)
    found = {route.node: route.hops[-1].latency_ms for route in kx.routes(cluster, "10.0.0.1:30080", CLIENT)}
    assert found["node-1"] == 0 and found["node-2"] > 0


# -- loopback of a Pod ----


@pytest.mark.parametrize(("port", "end"), [
    (8080, ("delivered", "web-1", "answers", "web-1 answers")),
    (9090, ("refused", "web-1", "closed port", "web-1 asks itself, and does not listen on port 9090")),
])  # fmt: skip
def test_a_pod_that_asks_itself(port: int, end: tuple[str, ...]) -> None:
    route = only(zoned([1, 0, 0]), f"127.0.0.1:{port}", "pod/web-1")
    assert told(route) == end
    assert (route.hops[-1].kind, route.node if route.delivered else "node-1") == ("Pod", "node-1")
    assert only(zoned([1, 0, 0]), "127.0.0.1", "pod/web-1", protocol="ICMP").delivered


# -- ports of a node ----


def test_what_answers_on_a_node_itself() -> None:
    cluster = zoned([1, 1, 0])
    checks = ("delivered", "node-1", "answers", "kube-proxy on node-1 answers health checks here")
    assert told(only(cluster, "10.0.0.1:10256")) == checks
    nobody = "nothing listens on port {} of node-1, and no Service has this nodePort"
    assert told(only(cluster, "10.0.0.1:10256", protocol="UDP"))[3] == nobody.format(10256)
    assert told(only(cluster, "10.0.0.1:10255")) == ("refused", "node-1", "closed port", nobody.format(10255))
    ping = only(cluster, "10.0.0.1", protocol="ICMP")
    assert told(ping) == ("delivered", "node-1", "answers", "node-1 answers the ping")
    cluster.stop_proxy("node-1")
    assert only(cluster, "10.0.0.1:10256").outcome == "refused"
    assert only(cluster, "10.0.0.2:10256").delivered


def test_a_health_check_node_port_answers_where_kube_proxy_runs() -> None:
    cluster = cluster_with([1, 1], {"type": "LoadBalancer", "externalTrafficPolicy": "Local"})
    number = cluster.service("web").health_check_node_port
    assert only(cluster, f"10.0.0.2:{number}").reason == "kube-proxy on node-2 answers health checks here"
    cluster.stop_proxy("node-2")
    assert only(cluster, f"10.0.0.2:{number}").outcome == "refused"
    assert only(cluster, f"10.0.0.1:{number}").delivered


def edge(**port: Any) -> kx.Cluster:
    """A node with the Pod `edge`, one port of which is a port of its node, too."""
    cluster = zoned([0, 0, 0])
    container = {"name": "edge", "ports": [{"containerPort": 8443, "hostPort": 443, **port}]}
    spec = {"nodeName": "node-1", "containers": [container]}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "edge"}, "spec": spec})
    return cluster


def test_a_host_port_is_rewritten_by_the_cni() -> None:
    route = only(edge(), "10.0.0.1:443")
    at, rewritten, end = route.hops
    assert (rewritten.at, rewritten.action, rewritten.new_dst) == (
        "node-1", "DNAT: hostPort, by the CNI plugin portmap", end.dst,
    )  # fmt: skip
    assert end.dst.endswith(":8443") and route.pod == "edge" and route.client_seen == CLIENT
    assert [hop.latency_ms for hop in route.hops] == [0, 0, MS["same_node"]] and at.at == "client"


@pytest.mark.parametrize(("port", "asked", "delivered"), [
    ({}, {"target": "10.0.0.1:443"}, True),
    ({}, {"target": "10.0.0.1:444"}, False),
    ({}, {"target": "10.0.0.2:443"}, False),
    ({}, {"target": "10.0.0.1:443", "protocol": "UDP"}, False),
    ({"protocol": "UDP"}, {"target": "10.0.0.1:443", "protocol": "UDP"}, True),
    ({"protocol": "UDP"}, {"target": "10.0.0.1:443"}, False),
    ({"hostIP": "0.0.0.0"}, {"target": "10.0.0.1:443"}, True),
    ({"hostIP": "10.0.0.1"}, {"target": "10.0.0.1:443"}, True),
    ({"hostIP": "10.0.0.9"}, {"target": "10.0.0.1:443"}, False),
])  # fmt: skip
def test_a_host_port_is_known_by_address_port_and_protocol(
    port: dict[str, Any], asked: dict[str, Any], delivered: bool
) -> None:
    assert only(edge(**port), **asked).delivered is delivered


def test_a_host_port_needs_a_pod_of_the_family() -> None:
    """The portmap plugin writes no rule for a family in which the Pod has no address."""
    cluster = edge()
    [node] = [one for one in cluster.nodes if one.name == "node-1"]
    cluster.store.put_node(replace(node, addresses=("10.0.0.1", "2001:db8::1")))
    assert only(cluster, "10.0.0.1:443").pod == "edge"
    route = only(cluster, "[2001:db8::1]:443", "2001:db8::99")
    assert (route.outcome, route.hops[-1].action) == ("refused", "closed port")


def test_a_node_without_an_address_of_the_family_cannot_masquerade() -> None:
    """Linux drops what MASQUERADE finds no source address for (net/netfilter/nf_nat_masquerade.c)."""
    nodes = [
        kx.Node("node-1", ("10.0.0.1", "2001:db8::1"), pod_cidr="10.244.1.0/24,fd00:10:1::/64"),
        kx.Node("node-2", ("10.0.0.2",), pod_cidr="10.244.2.0/24,fd00:10:2::/64"),
    ]
    cluster = kx.Cluster(nodes=nodes, provider=None, pod_cidr="10.244.0.0/16,fd00:10::/32")
    for k in (1, 2):
        pod = kx.Pod(f"web-{k}", node=f"node-{k}", ip=f"fd00:10:{k}::2", labels={"app": "web"} if k == 1 else {})
        cluster.store.put_pod(pod)
    cluster.create("{metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}")
    families = {"cluster_ip": "fd00:96::9", "cluster_ips": ("fd00:96::9",), "ip_families": ("IPv6",)}
    cluster.store.put_service(replace(cluster.service("web"), **families))
    assert only(cluster, "[fd00:96::9]:80", "2001:db8::99", via="node-1").client_seen == "2001:db8::1"
    lost = ("timeout", "node-2", "DROP", "node-2 has no IPv6 address that MASQUERADE could write")
    assert told(only(cluster, "[fd00:96::9]:80", "2001:db8::99", via="node-2")) == lost
    assert told(only(cluster, "[2001:db8::1]:80", "pod/web-2")) == lost


def test_only_a_pod_that_runs_has_a_host_port() -> None:
    cluster = edge()
    [pod] = [one for one in cluster.pods if one.name == "edge"]
    cluster.store.put_pod(replace(pod, phase="Pending"))
    assert only(cluster, "10.0.0.1:443").outcome == "refused"


# -- between nodes ----


def test_a_node_that_is_down_takes_packets_with_it() -> None:
    cluster = zoned([0, 1, 0])
    cluster.fail("node-1")
    assert told(only(cluster, "10.0.0.1:30080")) == (
        "timeout", "node-1", "node is down", "node-1 is down: packets to it vanish",
    )  # fmt: skip
    cluster.recover("node-1")
    cluster.fail("node-2")
    route = only(cluster, "10.0.0.1:30080")
    assert told(route) == ("timeout", "web-1", "node is down", "node-2, the node of web-1, is down")
    assert route.hops[-1].kind == "Pod"


def test_a_packet_for_another_node_is_passed_on() -> None:
    cluster = zoned([0, 0, 1])
    route = only(cluster, "10.0.0.3:30080", via="node-1")
    assert [(hop.at, hop.action) for hop in route.hops] == [
        ("client", "sends"), ("node-1", "forwarded"), ("node-3", "DNAT, SNAT: externalTrafficPolicy Cluster"),
        ("web-1", "answers"),
    ]  # fmt: skip
    assert [hop.latency_ms for hop in route.hops] == [0, 0, MS["cross_zone"], MS["same_node"]]
    assert route.entry == "node-1" and route.extra_hop and route.crosses_zone


def test_a_packet_that_nobody_knows_leaves_and_is_lost() -> None:
    route = only(zoned([1, 0, 0]), "192.0.2.77:80", "pod/web-1")
    reason = (
        "no rule of kube-proxy matches; the packet leaves by the default route, and nobody answers on 192.0.2.77:80"
    )
    assert told(route) == ("timeout", "outside", "no answer", reason)
    assert route.hops[-1].kind == "nowhere"


def test_a_node_with_a_public_address_is_reached_from_within() -> None:
    """The cloud translates on the way out, and again on the way in: the node sees the public address of the other."""
    nodes = [
        kx.Node(f"node-{k}", (f"10.0.0.{k}",), external_ip=f"198.51.100.{k}", pod_cidr=f"10.244.{k}.0/24")
        for k in (1, 2)
    ]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[0, 1], port=8080)
    cluster.deploy("dev", per_node=[1, 0])
    add_service(cluster, externalTrafficPolicy="Local")
    route = only(cluster, "198.51.100.2:30080", "pod/dev-1")
    assert route.pod == "web-1" and route.client_seen == "198.51.100.1"
    assert [hop.at for hop in route.hops] == ["dev-1", "node-1", "cloud", "node-2", "web-1"]


# -- at the Pod ----


def test_a_pod_that_does_not_listen_refuses() -> None:
    cluster = zoned([1, 0, 0])
    add_service(
        cluster, "wrong", clusterIP="10.96.0.10", ports=[{"port": 80, "targetPort": 9999, "nodePort": 30081}]
    )  # fmt: skip
    closed = only(cluster, "10.0.0.2:30081")
    assert told(closed) == ("refused", "web-1", "closed port", "web-1 does not listen on port 9999")
    assert closed.hops[-1].kind == "Pod" and closed.pod is None and closed.node is None


def test_a_pod_that_is_sent_to_itself_needs_a_hairpin() -> None:
    for hairpin in (True, False):
        cluster = zoned([1, 0, 0], cni_hairpin=hairpin)
        route = only(cluster, "10.96.0.9:80", "pod/web-1")
        assert route.delivered is hairpin
        if not hairpin:
            reason = "web-1 is sent to itself, and this CNI lets no packet back in where it came from"
            assert told(route) == ("timeout", "web-1", "no hairpin", reason)
    assert only(zoned([1, 0, 0], cni_hairpin=False), "10.96.0.9:80", "node/node-1").delivered


@pytest.mark.parametrize(("bridge", "seen"), [(True, "10.244.1.1"), (False, "10.0.0.1")])
def test_a_masqueraded_packet_has_the_address_of_the_interface_by_which_it_leaves(bridge: bool, seen: str) -> None:
    cluster = zoned([1, 1, 0], cni_bridge=bridge)
    found = {route.node: route.client_seen for route in kx.routes(cluster, "10.0.0.1:30080", CLIENT)}
    assert found == {"node-1": seen, "node-2": "10.0.0.1"}


def test_nothing_is_masqueraded_on_the_way_to_a_process_of_the_same_node() -> None:
    """It never passes POSTROUTING; what a process of the node itself sends does."""
    cluster = kx.Cluster(nodes=2)
    cluster.deploy("web", per_node=[1, 0], host_network=True, port=8080)
    add_service(cluster)
    assert only(cluster, "10.0.0.1:30080").client_seen == CLIENT
    assert only(cluster, "10.0.0.2:30080").client_seen == "10.0.0.2"
    own = only(cluster, "10.0.0.1:30080", "node/node-1")
    assert own.hops[1].action == "DNAT, SNAT: externalTrafficPolicy Cluster"


# -- chance ----


def test_a_client_without_a_source_port_of_its_own_is_sent_anywhere_each_time() -> None:
    cluster = cluster_with([1, 1, 1], {"type": "LoadBalancer", "externalTrafficPolicy": "Local"})
    assert len({kx.send(cluster, "web", CLIENT).pod for _ in range(40)}) == 3
    one = [kx.send(cluster, "web", CLIENT, source_port=40000).pod for _ in range(20)]
    assert len(set(one)) == 1
    route = kx.send(cluster, "web", CLIENT)
    assert route.probability == Fraction(1, 3)


def test_what_is_refused_makes_no_flow() -> None:
    cluster = cluster_with([0])
    assert kx.send(cluster, "10.0.0.1:30080", CLIENT, source_port=40000).outcome == "refused"
    assert not cluster.flows
    kx.send(cluster, "10.0.0.1:10256", CLIENT, source_port=40000)
    assert not cluster.flows


# -- refusals, and packets that go astray ----


def test_what_kube_proxy_refuses_is_told_in_its_words() -> None:
    empty = zoned([0, 0, 0])
    rejected = ("refused", "node-1", "REJECT", "node-1 rejects: the Service has no endpoints")
    assert told(only(empty, "10.0.0.1:30080")) == rejected
    away = zoned([0, 1, 0])
    away.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    reason = "node-1 drops the packet: externalTrafficPolicy Local, and no endpoint on this node"
    assert told(only(away, "10.0.0.1:30080")) == ("timeout", "node-1", "DROP", reason)


def test_an_answer_must_pass_the_node_that_rewrote_the_address() -> None:
    """Nothing detects Pods, so that nothing is masqueraded: an answer from another node goes straight to the client."""
    cluster = zoned([1, 1, 0], proxy=kx.ProxyConfig(detect_local=None))
    ways = {way.node or way.outcome: way for way in kx.routes(cluster, "10.96.0.9:80", via="node-1")}
    assert set(ways) == {"node-1", "timeout"}
    reason = "the answer goes straight to the client, not back through the node that rewrote the address"
    assert told(ways["timeout"]) == ("timeout", "web-2", "reply goes to the wrong place", reason)


def test_a_packet_that_comes_back_to_its_sender_is_dropped() -> None:
    reason = "it comes back to node-1 with that node's own source address, and is dropped"
    route = only(zoned([1, 0, 0]), "192.0.2.77:80", "node/node-1", via="node-1")
    assert told(route) == ("timeout", "node-1", "martian source", reason)


def test_a_node_without_a_public_address_is_seen_by_its_own() -> None:
    nodes = [
        kx.Node("node-1", ("10.0.0.1",), pod_cidr="10.244.1.0/24"),
        kx.Node("node-2", ("10.0.0.2",), external_ip="198.51.100.2", pod_cidr="10.244.2.0/24"),
    ]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[0, 1], port=8080)
    cluster.deploy("dev", per_node=[1, 0])
    add_service(cluster, externalTrafficPolicy="Local")
    assert only(cluster, "198.51.100.2:30080", "pod/dev-1").client_seen == "10.0.0.1"


@pytest.mark.parametrize(("target", "end"), [
    ("10.96.0.9:80",
     ("timeout", "nowhere", "lost", "no route: 10.96.0.9 is the clusterIP of web, known only inside the cluster")),
    ("db.example.com:80",
     ("unresolved", "name server", "lost", "there is no address for the name db.example.com")),
])  # fmt: skip
def test_where_a_packet_ends_that_never_comes_in(target: str, end: tuple[str, ...]) -> None:
    route = only(zoned([1, 0, 0]), target)
    assert told(route) == end
    assert [(hop.at, hop.kind) for hop in route.hops] == [("client", "client"), (end[1], "nowhere")]
