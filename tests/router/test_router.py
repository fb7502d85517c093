"""The whole way: entries, shares, routes and send, by their properties and by single ways."""

from __future__ import annotations

import inspect
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.router.node_classes import bundles
from k8sexpose.router.query import Query
from tests.router.helpers import CLIENT, add_service, cluster_with, outcomes

pytestmark = pytest.mark.slow

HALF = Fraction(1, 2)
placements = st.lists(st.integers(0, 3), min_size=1, max_size=4)
types = st.sampled_from(["NodePort", "LoadBalancer"])
policies = st.sampled_from(["Cluster", "Local"])
clients = st.sampled_from([CLIENT, "node/node-1", "pod/client-1"])


@st.composite
def clusters(draw: st.DrawFn) -> kx.Cluster:
    per_node = draw(placements)
    spec = {"type": draw(types), "externalTrafficPolicy": draw(policies)}
    if draw(st.booleans()):
        spec["trafficDistribution"] = "PreferClose"
    cluster = cluster_with(
        per_node,
        spec,
        proxy=kx.ProxyConfig(
            mode=draw(st.sampled_from(["iptables", "nftables"])),
            detect_local=draw(st.sampled_from(["ClusterCIDR", "NodeCIDR", None])),
        ),
        cni_masquerade=draw(st.booleans()),
        cni_hairpin=draw(st.booleans()),
    )
    cluster.deploy("client", per_node=[1] * len(per_node))
    for pod in cluster.pods:
        if pod.app == "web" and draw(st.integers(0, 5)) == 0:
            cluster.set_ready(pod.name, False)
    if draw(st.integers(0, 4)) == 0:
        cluster.fail(f"node-{draw(st.integers(1, len(per_node)))}")
    return cluster


TARGETS = ["web", "10.0.0.1:30080", "10.96.0.9:80"]


@given(clusters(), st.sampled_from(TARGETS), clients, st.sampled_from(["none", "one", "all"]))
def test_routes_and_shares_agree(cluster: kx.Cluster, target: str, client: str, via: str) -> None:
    nodes = {"none": None, "one": "node-1", "all": list(cluster.store.nodes)}
    question: dict[str, Any] = {"target": target, "client": client, "via": nodes[via]}
    ways = kx.routes(cluster, **question)
    shares = kx.shares(cluster, **question)
    assert sum(way.probability for way in ways) == 1
    assert sum(shares.by_pod.values()) + shares.lost == 1
    assert sum(shares.by_node.values()) == sum(shares.by_pod.values())
    for pod in {way.pod for way in ways if way.delivered}:
        assert shares.by_pod[str(pod)] == sum(way.probability for way in ways if way.pod == pod)
    assert shares.extra_hop == sum(way.probability for way in ways if way.extra_hop)
    assert shares.crosses_zone == sum(way.probability for way in ways if way.crosses_zone)
    assert shares.crosses_zone <= shares.extra_hop


@given(clusters())
def test_shares_are_entries_times_verdicts(cluster: kx.Cluster) -> None:
    """Where everything works, a Pod's share is the sum over nodes of entry × 1/(number of targets)."""
    if cluster.failed or cluster.service("web").type != "NodePort":
        return
    expected: dict[str, Fraction] = {}
    pods = {pod.ip: pod.name for pod in cluster.pods}
    for node, share in kx.entries(cluster, "web").items():
        ip = cluster.store.nodes[node].internal_ip or ""
        verdict = kx.kube_proxy(cluster, node=node, src="203.0.113.7", dst=ip, port=30080)
        for target in verdict.targets:
            name = str(pods[target.endpoint.ip])
            expected[name] = expected.get(name, Fraction(0)) + share / len(verdict.targets)
    assert kx.shares(cluster, "web").by_pod == expected


@given(clusters(), st.sampled_from(["web", "10.0.0.1:30080"]))
def test_under_local_no_packet_from_outside_changes_the_node(cluster: kx.Cluster, target: str) -> None:
    for way in kx.routes(cluster, target, CLIENT):
        if cluster.service("web").external_traffic_policy == "Local":
            assert not way.extra_hop
            assert way.client_seen in (None, CLIENT)
        elif way.delivered:
            assert way.client_seen != CLIENT


@given(clusters(), st.sampled_from(TARGETS), clients)
def test_send_takes_one_of_the_routes(cluster: kx.Cluster, target: str, client: str) -> None:
    ways = {(way.pod, way.outcome, way.hops): way.probability for way in kx.routes(cluster, target, client)}
    taken = kx.send(cluster, target, client)
    assert ways[taken.pod, taken.outcome, taken.hops] == taken.probability
    assert cluster.sends == 1


@given(clusters(), clients)
def test_asking_changes_nothing(cluster: kx.Cluster, client: str) -> None:
    before = (dict(cluster.store.services), dict(cluster.store.pods), cluster.now_s, cluster.events)
    kx.routes(cluster, "web", client)
    kx.shares(cluster, "web", client)
    kx.entries(cluster, "web", client)
    assert before == (dict(cluster.store.services), dict(cluster.store.pods), cluster.now_s, cluster.events)
    assert (cluster.sends, cluster.affinity) == (0, {})


@given(clusters())
def test_latencies_add_up_and_the_hops_are_a_chain(cluster: kx.Cluster) -> None:
    for way in kx.routes(cluster, "web", CLIENT):
        assert way.latency_ms == sum(hop.latency_ms for hop in way.hops)
        for here, there in zip(way.hops, way.hops[1:], strict=False):
            assert here.after == there.before
        if way.delivered:
            leg = 0.8 if way.crosses_zone else (0.25 if way.extra_hop else 0.07)
            added = 0.1 if cluster.service("web").type == "LoadBalancer" else 0.0
            assert way.latency_ms == pytest.approx(leg + added)


# -- from outside ----


def test_every_node_answers_on_the_node_port() -> None:
    cluster = cluster_with([1, 0, 0])
    for n in (1, 2, 3):
        [way] = kx.routes(cluster, f"10.0.0.{n}:30080", CLIENT)
        assert (way.pod, way.client_seen, way.extra_hop) == ("web-1", f"10.0.0.{n}", n != 1)


def test_the_hops_show_both_rewrites() -> None:
    [way] = kx.routes(cluster_with([1, 0]), "10.0.0.2:30080", CLIENT)
    assert [(hop.at, hop.before, hop.after) for hop in way.hops] == [
        ("client", "203.0.113.10 → 10.0.0.2:30080", "203.0.113.10 → 10.0.0.2:30080"),
        ("node-2", "203.0.113.10 → 10.0.0.2:30080", "10.0.0.2 → 10.244.1.2:8080"),
        ("web-1", "10.0.0.2 → 10.244.1.2:8080", "10.0.0.2 → 10.244.1.2:8080"),
    ]


def test_the_cluster_ip_has_no_route_from_outside() -> None:
    cluster = cluster_with([1])
    [way] = kx.routes(cluster, "10.96.0.9:80", CLIENT)
    assert way.outcome == "timeout" and "no route" in way.reason and "clusterIP" in way.reason
    assert outcomes(cluster, "10.96.0.9:80", via="node-1") == {"web-1": "10.0.0.1"}


def test_without_a_detector_answers_to_outside_go_astray() -> None:
    cluster = cluster_with([1, 1], proxy=kx.ProxyConfig(detect_local=None))
    assert outcomes(cluster, "10.96.0.9:80", via="node-1") == {"web-1": CLIENT, "timeout": ""}


def test_closed_port_and_unknown_address() -> None:
    cluster = cluster_with([1])
    assert outcomes(cluster, "10.0.0.1:30081") == {"refused": ""}
    assert outcomes(cluster, "10.0.0.77:30080") == {"timeout": ""}
    assert outcomes(cluster, "10.244.1.2:8080") == {"timeout": ""}
    assert outcomes(cluster, "http://shop.example") == {"unresolved": ""}


def test_a_pod_that_does_not_listen_refuses() -> None:
    ports = [{"port": 80, "targetPort": 9999, "nodePort": 30080}]
    [way] = kx.routes(cluster_with([1], {"ports": ports}), "10.0.0.1:30080", CLIENT)
    assert (way.outcome, way.pod) == ("refused", None)
    assert "9999" in way.reason


def test_a_failed_node() -> None:
    cluster = cluster_with([1, 1])
    cluster.fail("node-2")
    assert outcomes(cluster, "10.0.0.2:30080") == {"timeout": ""}
    assert outcomes(cluster, "10.0.0.1:30080") == {"web-1": "10.0.0.1", "timeout": ""}
    assert kx.shares(cluster, "web").lost == HALF + HALF * HALF


def test_firewall_and_private_addresses() -> None:
    nodes = [kx.Node("node-1", addresses=("10.0.0.1",), external_ip="192.0.2.1", pod_cidr="10.244.1.0/24")]
    cluster = kx.Cluster(nodes=nodes, nodes_routable=False, firewall=[(30000, 32767)])
    cluster.deploy("web", per_node=[1], port=8080)
    add_service(cluster)
    assert outcomes(cluster, "192.0.2.1:30080") == {"timeout": ""}
    cluster.firewall = ()
    assert outcomes(cluster, "192.0.2.1:30080") == {"web-1": "10.0.0.1"}
    assert outcomes(cluster, "10.0.0.1:30080") == {"timeout": ""}
    assert outcomes(cluster, "web") == {"web-1": "10.0.0.1"}
    assert outcomes(cluster, "10.0.0.1:30080", client="node/node-1") == {"web-1": "10.0.0.1"}


def test_answers_that_go_astray_are_counted_for_each_node() -> None:
    cluster = cluster_with([1, 1], proxy=kx.ProxyConfig(detect_local=None))
    shares = kx.shares(cluster, "10.96.0.9:80", CLIENT, via=["node-1", "node-2"])
    assert (shares.lost, set(shares.by_pod.values())) == (HALF, {Fraction(1, 4)})


def test_via_several_nodes() -> None:
    cluster = cluster_with([1, 0, 0], {"type": "LoadBalancer", "externalTrafficPolicy": "Local"})
    assert kx.shares(cluster, "web").lost == 0
    assert kx.entries(cluster, "web", via=["node-1", "node-2"]) == {"node-1": HALF, "node-2": HALF}
    assert kx.shares(cluster, "web", via=["node-1", "node-2"]).lost == HALF


def test_a_packet_that_arrives_at_the_wrong_node_is_passed_on() -> None:
    [way] = kx.routes(cluster_with([1, 1], {"externalTrafficPolicy": "Local"}), "10.0.0.1:30080", CLIENT, via="node-2")
    assert (way.pod, way.entry, way.extra_hop) == ("web-1", "node-2", True)


# -- from Pods and nodes ----


def test_in_the_cluster_there_is_no_extra_hop() -> None:
    cluster = cluster_with([1, 1])
    cluster.deploy("client", per_node=[1, 0])
    for target in ("10.96.0.9:80", "10.0.0.2:30080", "web"):
        assert not any(way.extra_hop or way.crosses_zone for way in kx.routes(cluster, target, "pod/client-1"))


def test_a_pod_dealt_to_itself() -> None:
    assert outcomes(cluster_with([1]), "10.96.0.9:80", "pod/web-1") == {"web-1": "10.0.0.1"}
    assert outcomes(cluster_with([1], cni_bridge=True), "10.96.0.9:80", "pod/web-1") == {"web-1": "10.244.1.1"}
    assert outcomes(cluster_with([1], cni_hairpin=False), "10.96.0.9:80", "pod/web-1") == {"timeout": ""}


def test_what_the_cni_hides() -> None:
    for masquerade, seen in ((True, {"web-1": "10.0.0.2"}), (False, {"web-1": "10.244.2.2", "timeout": ""})):
        cluster = cluster_with([1, 0], {"externalTrafficPolicy": "Local"}, cni_masquerade=masquerade)
        cluster.deploy("client", per_node=[0, 1])
        cluster.scale("web", per_node=[1, 1])
        assert outcomes(cluster, "10.0.0.1:30080", "pod/client-1") == seen


def test_a_cluster_ip_service_is_asked_by_a_pod() -> None:
    cluster = cluster_with([1], {"type": "ClusterIP"})
    cluster.deploy("client", per_node=[1])
    assert kx.send(cluster, "web").hops[0].at == "client-1"
    assert kx.send(cluster, "web", CLIENT).outcome == "timeout"


def test_a_headless_service_leads_straight_to_its_pods() -> None:
    cluster = cluster_with([1, 1], {"type": "ClusterIP", "clusterIP": "None"})
    cluster.deploy("client", per_node=[1, 0])
    assert outcomes(cluster, "web", "pod/client-1") == {"web-1": "10.244.1.3", "web-2": "10.244.1.3"}
    with pytest.raises(kx.NotExposed, match="headless"):
        kx.send(cluster, "web", CLIENT)


def test_ping_reaches_machines_and_no_service() -> None:
    cluster = cluster_with([1])
    assert kx.send(cluster, "10.0.0.1", protocol="ICMP").outcome == "delivered"
    assert kx.send(cluster, "10.244.1.2", "node/node-1", protocol="ICMP").outcome == "delivered"
    assert kx.send(cluster, "10.96.0.9", "node/node-1", protocol="ICMP").outcome == "timeout"


@pytest.mark.parametrize(("kind", "outcome"), [("NodePort", "delivered"), ("LoadBalancer", "timeout")])
def test_ping_by_name(kind: str, outcome: str) -> None:
    # A NodePort Service is dialled by the nodes' addresses, and nodes answer pings: that says nothing about it.
    assert kx.send(cluster_with([1], {"type": kind}), "web", protocol="ICMP").outcome == outcome


def test_ipv6() -> None:
    nodes = [kx.Node("node-1", addresses=("10.0.0.1", "2001:db8::1"), pod_cidr="fd00:10::/64")]
    cluster = kx.Cluster(nodes=nodes, pod_cidr="10.244.0.0/16,fd00:10::/56")
    cluster.store.put_pod(kx.Pod("web-1", node="node-1", ip="fd00:10::2", labels={"app": "web"}))
    ports = (kx.ServicePort(80, 8080, 30080, protocol="TCP"),)
    families = {"cluster_ip": "fd00:96::9", "ip_families": ("IPv6",), "selector": {"app": "web"}}
    cluster.store.put_service(kx.Service("web", type="NodePort", ports=ports, **families))  # type: ignore[arg-type]
    [way] = kx.routes(cluster, "[2001:db8::1]:30080")
    assert (way.pod, way.client_seen, way.hops[-1].dst) == ("web-1", "2001:db8::1", "[fd00:10::2]:8080")
    assert kx.send(cluster, "web").pod == "web-1"
    assert outcomes(cluster, "10.0.0.1:30080") == {"refused": ""}
    assert outcomes(cluster, "[fd00:96::9]:80", "pod/web-1") == {"web-1": "2001:db8::1"}


# -- the load balancer ----


def test_without_a_controller_there_is_no_load_balancer() -> None:
    cluster = cluster_with([1], {"type": "LoadBalancer"}, provider=None)
    with pytest.raises(kx.NotExposed, match="30080"):
        kx.send(cluster, "web")
    assert outcomes(cluster, "10.0.0.1:30080") == {"web-1": "10.0.0.1"}


def test_the_name_of_a_load_balancer() -> None:
    cluster = cluster_with([1, 1], {"type": "LoadBalancer"})
    cluster.set_load_balancer("web", ingress=[{"hostname": "lb.example"}])
    assert set(outcomes(cluster, "http://lb.example")) == {"web-1", "web-2"}
    assert set(outcomes(cluster, "http://lb.example:81")) == {"timeout"}
    cluster.deploy("client", per_node=[1, 0])
    ways = kx.routes(cluster, "http://lb.example", "pod/client-1")
    assert all("load balancer" in [hop.at for hop in way.hops] for way in ways)


def test_a_pod_never_meets_the_load_balancer_whose_address_its_node_knows() -> None:
    cluster = cluster_with([1, 1], {"type": "LoadBalancer"})
    cluster.deploy("client", per_node=[1, 0])
    for _ in range(2):
        ways = kx.routes(cluster, "web", "pod/client-1")
        assert all("load balancer" not in [hop.at for hop in way.hops] for way in ways)
        cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7"}])
    cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7", "ipMode": "Proxy"}])
    ways = kx.routes(cluster, "198.51.100.7:80", "pod/client-1")
    assert all("load balancer" in [hop.at for hop in way.hops] for way in ways)


# -- chance, errors, displays ----


def test_the_same_cluster_replays() -> None:
    first, second = (cluster_with([2, 2], seed=5) for _ in range(2))
    taken = [kx.send(first, "web").pod for _ in range(20)]
    assert taken == [kx.send(second, "web").pod for _ in range(20)]
    assert len(set(taken)) > 1
    assert len({kx.send(first, "web", seed=3).pod for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("question", "error", "text"),
    [
        ({"target": "wep"}, KeyError, "web"),
        ({"target": "other/web"}, KeyError, "web"),
        ({"target": "web:81"}, ValueError, "80"),
        ({"target": "10.0.0.1"}, ValueError, "port"),
        ({"target": "web", "client": "pod/web-9"}, KeyError, "web-1"),
        ({"target": "web", "client": "node/node-9"}, KeyError, "node-1"),
        ({"target": "web", "client": "somebody"}, ValueError, "pod/NAME"),
        ({"target": "web", "via": "node-9"}, KeyError, "node-1"),
        ({"target": "web", "protocol": "http"}, ValueError, "TCP"),
    ],
)
def test_errors_say_what_exists(question: dict[str, Any], error: type[Exception], text: str) -> None:
    cluster = cluster_with([1])
    with pytest.raises(error, match=text):
        kx.send(cluster, **question)
    assert cluster.sends == 0


def test_several_ports_ask_which() -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080},
        {"name": "admin", "port": 81, "targetPort": 8080, "nodePort": 30081},
    ]
    cluster = cluster_with([1], {"ports": ports})
    with pytest.raises(ValueError, match="http, admin"):
        kx.send(cluster, "web")
    assert kx.send(cluster, "web:admin").hops[0].dst == "10.0.0.1:30081"
    assert kx.send(cluster, "default/web:80").hops[0].dst == "10.0.0.1:30080"


def test_displays_escape_and_hold_no_memory_address() -> None:
    nodes = [kx.Node("<b>node</b>", addresses=("10.0.0.1",))]
    route = kx.send(kx.Cluster(nodes=nodes), "10.0.0.1:30080")
    assert "<b>" not in route._repr_html_() and "&lt;b&gt;" in route._repr_html_()
    assert "0x" not in repr(route) and "10.0.0.1" in str(route)
    shares = kx.shares(cluster_with([1, 1]), "web")
    assert "web-1: 1/2" in str(shares) and "web-1" in shares._repr_html_()


def test_one_node_of_many_that_decide_alike_is_asked() -> None:
    def node(n: int) -> kx.Node:
        address = f"10.0.{n // 200}.{n % 200 + 1}"
        return kx.Node(
            f"node-{n}", addresses=(address,), zone="ab"[n % 2], pod_cidr=f"10.{n // 250 + 1}.{n % 250}.0/24"
        )

    nodes = [node(n) for n in range(1000)]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[1, 1], port=8080)
    add_service(cluster)
    question = Query.read(cluster, "web", None, "TCP", None)
    assert len(list(bundles(question))) == 2  # one for each Pod: under Cluster all nodes decide alike
    assert kx.shares(cluster, "web").extra_hop == 1 - Fraction(1, 1000)


def test_one_signature_for_all() -> None:
    plain = list(inspect.signature(kx.routes).parameters)
    assert list(inspect.signature(kx.shares).parameters) == list(inspect.signature(kx.entries).parameters) == plain
    assert [*plain, "seed", "source_port"] == list(inspect.signature(kx.send).parameters)
