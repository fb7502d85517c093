"""kube_proxy: one node's decision, row by row of the decision table, and what open connections do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.kubeproxy.proxy import keeps_flow, takes_localhost
from k8sexpose.kubeproxy.service_ports import Target, Targets, categorize_endpoints
from tests.router.helpers import CLIENT, add_service, cluster_with, outcomes

LB = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
POD = "10.244.1.2"  # web-1 on node-1


def ask(cluster: kx.Cluster, dst: str, port: int, *, node: str = "node-1", src: str | None = CLIENT) -> kx.Verdict:
    return kx.kube_proxy(cluster, node=node, src=src, dst=dst, port=port)


def test_a_question_has_a_port_where_the_protocol_has() -> None:
    cluster = cluster_with([1])
    with pytest.raises(ValueError, match="TCP, UDP and SCTP need a port"):
        kx.kube_proxy(cluster, node="node-1", src=CLIENT, dst="10.0.0.1", port=None)
    with pytest.raises(ValueError, match="ICMP has no ports"):
        kx.kube_proxy(cluster, node="node-1", src=CLIENT, dst="10.0.0.1", port=80, protocol="ICMP")


# -- clusterIP (rows 1 to 3) ----


def test_cluster_ip_from_a_pod_keeps_its_address() -> None:
    verdict = ask(cluster_with([1, 1]), "10.96.0.9", 80, src="10.244.2.9")
    assert (verdict.action, verdict.endpoints) == ("DNAT", ("10.244.1.2:8080", "10.244.2.2:8080"))
    assert verdict.masquerade is False


def test_cluster_ip_from_elsewhere_is_masqueraded() -> None:
    cluster = cluster_with([1, 1])
    assert ask(cluster, "10.96.0.9", 80, src="10.0.0.1").masquerade is True
    assert ask(cluster, "10.96.0.9", 80, src=CLIENT).masquerade is True


def test_hairpin_is_masqueraded_for_the_pod_itself_only() -> None:
    verdict = ask(cluster_with([1, 1]), "10.96.0.9", 80, src=POD)
    assert verdict.masquerade is True
    assert [verdict.masquerades(target) for target in verdict.targets] == [True, False]


def test_internal_policy_local() -> None:
    cluster = cluster_with([1, 0], {"type": "ClusterIP", "internalTrafficPolicy": "Local"})
    assert ask(cluster, "10.96.0.9", 80, src=POD).endpoints == ("10.244.1.2:8080",)
    assert ask(cluster, "10.96.0.9", 80, src="10.244.2.9", node="node-2").action == "DROP"


def test_no_endpoint_anywhere_is_a_reject_everywhere() -> None:
    cluster = cluster_with([0, 0], LB)
    cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7"}])
    for dst, port in (("10.96.0.9", 80), ("198.51.100.7", 80), ("10.0.0.1", 30080)):
        refused = ask(cluster, dst, port)
        assert (refused.action, refused.reason) == ("REJECT", "the Service has no endpoints")


# -- from outside (rows 4 to 10) ----


def test_policy_cluster_always_hides_the_client() -> None:
    verdict = ask(cluster_with([1, 1]), "10.0.0.1", 30080)
    assert len(verdict.endpoints) == 2
    assert verdict.masquerade is True


def test_policy_local() -> None:
    cluster = cluster_with([2, 0], LB)
    assert ask(cluster, "10.0.0.1", 30080).endpoints == ("10.244.1.2:8080", "10.244.1.3:8080")
    assert ask(cluster, "10.0.0.1", 30080).masquerade is False
    assert ask(cluster, "10.0.0.2", 30080, node="node-2").action == "DROP"


@pytest.mark.parametrize(("src", "masquerade"), [("10.244.2.9", False), ("10.0.0.2", True), ("127.0.0.1", True)])
def test_policy_local_does_not_bind_what_starts_inside(src: str, masquerade: bool) -> None:
    verdict = ask(cluster_with([2, 0], LB), "10.0.0.2", 30080, node="node-2", src=src)
    assert (len(verdict.endpoints), verdict.masquerade) == (2, masquerade)


def test_without_a_detector_a_pod_is_a_stranger() -> None:
    cluster = cluster_with([1, 1], LB, proxy=kx.ProxyConfig(detect_local=None))
    assert ask(cluster, "10.0.0.1", 30080, src="10.244.2.9").endpoints == ("10.244.1.2:8080",)
    assert ask(cluster, "10.96.0.9", 80).masquerade is False


def test_masquerade_all() -> None:
    cluster = cluster_with([1, 1], proxy=kx.ProxyConfig(masquerade_all=True))
    assert ask(cluster, "10.96.0.9", 80, src="10.244.2.9").masquerade is True


@pytest.mark.parametrize(
    "ranges",
    [
        ["203.0.113.0/24"], ["198.18.0.0/15", "0.0.0.0/0"], [" 203.0.113.0/24 "], ["192.0.2.0/24", "203.0.113.0/24"],
    ],
)  # fmt: skip
def test_source_ranges_let_in(ranges: list[str]) -> None:
    assert ask(guarded(ranges), "198.51.100.7", 80).action == "DNAT"


def test_a_range_of_everything_is_no_guard() -> None:
    assert ask(guarded(["203.0.113.0/24", "0.0.0.0/0"]), "198.51.100.7", 80, src=None).action == "DNAT"
    assert ask(guarded(["203.0.113.0/24"]), "198.51.100.7", 80, src=None).action == "DROP"


def test_source_ranges_guard_the_load_balancer_address_only() -> None:
    cluster = guarded(["192.0.2.0/24"])
    assert ask(cluster, "198.51.100.7", 80).action == "DROP"
    assert ask(cluster, "198.51.100.7", 80, src=POD).action == "DROP"
    assert ask(cluster, "10.0.0.1", 30080).action == "DNAT"
    assert ask(cluster, "10.96.0.9", 80).action == "DNAT"


def guarded(ranges: list[str], **options: Any) -> kx.Cluster:
    cluster = cluster_with([1, 1], {"type": "LoadBalancer", "loadBalancerSourceRanges": ranges}, **options)
    cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7"}])
    return cluster


@pytest.mark.parametrize(("mode", "action"), [("iptables", "REJECT"), ("nftables", "DROP")])
def test_source_ranges_without_endpoints(mode: str, action: str) -> None:
    cluster = guarded(["192.0.2.0/24"], proxy=kx.ProxyConfig(mode=mode))
    cluster.scale("web", per_node=[0, 0])
    assert ask(cluster, "198.51.100.7", 80).action == action


@pytest.mark.parametrize(("mode", "action"), [("iptables", "NO_MATCH"), ("nftables", "REJECT")])
def test_a_node_process_without_endpoints(mode: str, action: str) -> None:
    cluster = cluster_with([0, 0], {"type": "LoadBalancer"}, proxy=kx.ProxyConfig(mode=mode))
    cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7"}])
    assert ask(cluster, "198.51.100.7", 80, src="10.0.0.1").action == action


@pytest.mark.parametrize(
    ("ingress", "action"),
    [
        ({"ip": "198.51.100.7", "ipMode": "VIP"}, "DNAT"),
        ({"ip": "198.51.100.7", "ipMode": "Proxy"}, "NO_MATCH"),
        ({"hostname": "lb.example"}, "NO_MATCH"),
    ],
)
def test_ip_mode(ingress: dict[str, str], action: str) -> None:
    cluster = cluster_with([1], {"type": "LoadBalancer"})
    cluster.set_load_balancer("web", ingress=[ingress])
    assert ask(cluster, "198.51.100.7", 80).action == action


def test_external_ip() -> None:
    cluster = cluster_with([1, 1], {"type": "ClusterIP", "externalIPs": ["198.51.100.9"]})
    assert ask(cluster, "198.51.100.9", 80).masquerade is True


# -- ports, protocols, and Services taken in another form ----


def test_every_node_port_leads_to_its_own_target_port() -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080},
        {"name": "https", "port": 443, "targetPort": 8443, "nodePort": 30443},
    ]
    cluster = cluster_with([1], {"ports": ports})
    for port, number, target in ((30080, 80, 8080), (30443, 443, 8443)):
        assert ask(cluster, "10.0.0.1", port).endpoints == (f"10.244.1.2:{target}",)
        assert ask(cluster, "10.96.0.9", number).endpoints == (f"10.244.1.2:{target}",)
    assert ask(cluster, "10.0.0.1", 30081).action == "NO_MATCH"


def test_of_two_node_ports_the_one_that_is_refused_is_asked_for() -> None:
    """An address that takes no nodePorts: iptables refuses only the port whose own Service has no endpoint."""
    config = kx.ProxyConfig(nodeport_addresses=("192.168.0.0/16",))
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080},
        {"name": "none", "port": 81, "targetPort": "absent", "nodePort": 30081},
    ]
    cluster = cluster_with([1], {"ports": ports}, proxy=config)
    assert ask(cluster, "10.0.0.1", 30080).action == "NO_MATCH"
    assert ask(cluster, "10.0.0.1", 30081).action == "REJECT"


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
@pytest.mark.parametrize(
    ("src", "dst", "port", "iptables"),
    [
        ("10.0.0.1", "198.51.100.7", 80, "NO_MATCH"),  # leaves the node: no rule in OUTPUT
        ("10.0.0.1", "10.0.0.1", 30080, "REJECT"),  # stays on it: INPUT
        ("10.0.0.2", "198.51.100.7", 80, "REJECT"),  # another node is a stranger here: FORWARD
        (CLIENT, "198.51.100.7", 80, "REJECT"),
        (POD, "198.51.100.7", 80, "REJECT"),
    ],
)
def test_where_a_refusal_stands(mode: str, src: str, dst: str, port: int, iptables: str) -> None:
    cluster = cluster_with([0, 0], {"type": "LoadBalancer"}, proxy=kx.ProxyConfig(mode=mode))
    cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7"}])
    assert ask(cluster, dst, port, src=src).action == (iptables if mode == "iptables" else "REJECT")


@pytest.mark.parametrize(
    ("src", "ranges", "action"),
    [
        ("198.51.100.7", ["10.0.0.0/24"], "DNAT"),  # a node that is let in, through itself
        ("198.51.100.7", ["192.0.2.0/24", "10.0.0.0/24"], "DNAT"),
        ("198.51.100.7", ["10.9.0.0/24"], "DROP"),  # the node is not let in
        (POD, ["10.0.0.0/24"], "DROP"),  # the node is, the Pod is not
        ("10.0.0.1", ["10.0.0.0/24"], "DNAT"),
    ],
)
def test_a_node_that_is_let_in_may_carry_the_address_itself(src: str, ranges: list[str], action: str) -> None:
    assert ask(guarded(ranges), "198.51.100.7", 80, src=src).action == action


def test_a_service_taken_in_another_form_replaces_the_one_of_its_name_only() -> None:
    cluster = cluster_with([1])
    other = {"name": "web", "namespace": "shop"}
    spec = {"type": "NodePort", "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30090}]}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": other, "spec": spec | {"selector": {"app": "web"}}}
    )
    moved = replace(cluster.service("web"), ports=(kx.ServicePort(80, 8080, 30081, protocol="TCP"),))

    def verdict(port: int, as_if: kx.Service | None) -> str:
        return kx.kube_proxy(cluster, node="node-1", src=CLIENT, dst="10.0.0.1", port=port, as_if=as_if).action

    assert [verdict(port, None) for port in (30080, 30081, 30090)] == ["DNAT", "NO_MATCH", "REJECT"]
    assert [verdict(port, moved) for port in (30080, 30081, 30090)] == ["NO_MATCH", "DNAT", "REJECT"]


def test_a_port_without_a_protocol_is_tcp() -> None:
    cluster = cluster_with([1])
    bare = replace(cluster.service("web"), ports=(kx.ServicePort(80, 8080, 30080),))
    assert bare.ports[0].protocol in (None, "")
    for protocol, action in (("TCP", "DNAT"), ("UDP", "NO_MATCH")):
        asked = {"node": "node-1", "src": CLIENT, "dst": "10.0.0.1", "port": 30080, "protocol": protocol}
        assert kx.kube_proxy(cluster, **asked, as_if=bare).action == action


# -- what no Service has (rows 11 to 13), and which addresses answer ----


@pytest.mark.parametrize(
    ("mode", "wrong_port", "no_service"), [("iptables", "NO_MATCH", "NO_MATCH"), ("nftables", "REJECT", "DROP")]
)
def test_unknown_ports_and_addresses(mode: str, wrong_port: str, no_service: str) -> None:
    cluster = cluster_with([1], proxy=kx.ProxyConfig(mode=mode))
    assert ask(cluster, "10.96.0.9", 81).action == wrong_port
    assert ask(cluster, "10.96.77.77", 80).action == no_service
    assert ask(cluster, "10.0.0.1", 30081).action == "NO_MATCH"


ADDRESSES = ("10.0.0.1", "192.168.5.1")


@pytest.mark.parametrize(
    ("options", "answering"),
    [
        ({}, {"10.0.0.1", "192.168.5.1", "127.0.0.1"}),
        ({"localhost_nodeports": False}, {"10.0.0.1", "192.168.5.1"}),
        ({"nodeport_addresses": ("192.168.0.0/16",)}, {"192.168.5.1"}),
        ({"nodeport_addresses": ("192.168.0.0/16", "127.0.0.0/8")}, {"192.168.5.1", "127.0.0.1"}),
        ({"nodeport_addresses": ("fd00::/8",)}, {"10.0.0.1", "192.168.5.1", "127.0.0.1"}),
        ({"nodeport_addresses": ("primary",)}, {"10.0.0.1"}),
        ({"mode": "nftables"}, {"10.0.0.1"}),
        ({"mode": "nftables", "nodeport_addresses": ("0.0.0.0/0",)}, {"10.0.0.1", "192.168.5.1"}),
    ],
)
def test_addresses_on_which_node_ports_answer(options: dict[str, Any], answering: set[str]) -> None:
    nodes = [kx.Node("node-1", addresses=ADDRESSES, pod_cidr="10.244.1.0/24")]
    cluster = kx.Cluster(nodes=nodes, proxy=kx.ProxyConfig(**options))
    cluster.deploy("web", per_node=[1], port=8080)
    add_service(cluster)
    tried = (*ADDRESSES, "127.0.0.1")
    assert {ip for ip in tried if ask(cluster, ip, 30080).action == "DNAT"} == answering


def test_the_health_check_port_is_let_in_by_iptables() -> None:
    cluster = cluster_with([1, 0], LB)
    assert ask(cluster, "10.0.0.1", cluster.service("web").health_check_node_port).action == "ACCEPT"


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_the_health_check_port_is_one_tcp_port_of_the_node_itself(mode: str) -> None:
    cluster = cluster_with([1, 0], LB, proxy=kx.ProxyConfig(mode=mode))
    number = cluster.service("web").health_check_node_port

    def action(dst: str, port: int, protocol: str = "TCP") -> str:
        return kx.kube_proxy(cluster, node="node-1", src=CLIENT, dst=dst, port=port, protocol=protocol).action

    assert action("10.0.0.1", number) == ("ACCEPT" if mode == "iptables" else "NO_MATCH")
    assert action("127.0.0.1", number) == ("ACCEPT" if mode == "iptables" else "NO_MATCH")
    assert action("10.0.0.1", number, "UDP") == "NO_MATCH"
    assert action("10.0.0.2", number) == "NO_MATCH"
    assert action("10.0.0.1", number + 1) == "NO_MATCH"


def test_ping_matches_nothing() -> None:
    verdict = kx.kube_proxy(cluster_with([1]), node="node-1", src=CLIENT, dst="10.96.0.9", protocol="ICMP")
    assert (verdict.action, verdict.masquerade) == ("NO_MATCH", None)


@pytest.mark.parametrize("protocol", ["UDP", "SCTP"])
def test_protocols_are_apart(protocol: str) -> None:
    ports = [{"port": 53, "targetPort": 53, "nodePort": 30053, "protocol": protocol}]
    cluster = cluster_with([1], {"ports": ports})
    for used in ("TCP", "UDP", "SCTP"):
        verdict = kx.kube_proxy(cluster, node="node-1", src=CLIENT, dst="10.0.0.1", port=30053, protocol=used)
        assert verdict.action == ("DNAT" if used == protocol else "NO_MATCH")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"node": "node-9"}, KeyError),
        ({"protocol": "tcp"}, ValueError),
        ({"dst": "web"}, ValueError),
        ({"port": None}, ValueError),
    ],
)
def test_questions_without_a_sense(wrong: dict[str, Any], error: type[Exception]) -> None:
    question = {"node": "node-1", "src": CLIENT, "dst": "10.0.0.1", "port": 30080} | wrong
    with pytest.raises(error):
        kx.kube_proxy(cluster_with([1]), **question)


# -- which endpoints ----

endpoints = st.lists(
    st.builds(
        kx.Endpoint,
        ip=st.integers(2, 250).map(lambda k: f"10.244.0.{k}"),
        node=st.sampled_from(["node-1", "node-2", None]),
        zone=st.sampled_from(["a", "b", None]),
        ready=st.booleans(),
        serving=st.booleans(),
        terminating=st.booleans(),
        zone_hints=st.sampled_from([(), ("a",), ("a", "b"), ("c",)]),
        node_hints=st.sampled_from([(), ("node-1",), ("node-2",)]),
    ),
    max_size=8,
    unique_by=lambda endpoint: endpoint.ip,
)


@given(endpoints, st.sampled_from(["node-1", "node-2", "node-3"]), st.sampled_from(["a", "b", "c", None]))
def test_categories_hold_usable_endpoints_only(found: list[kx.Endpoint], node: str, zone: str | None) -> None:
    chosen = categorize_endpoints(Targets.of(Target(endpoint, 80) for endpoint in found), node=node, zone=zone)
    usable = [e for e in found if e.ready or (e.serving and e.terminating)]
    assert chosen.has_any == bool(usable) == bool(chosen.cluster)
    assert all(target.endpoint in usable for target in chosen.all_reachable)
    assert all(target.endpoint.node == node for target in chosen.local)
    for group in (chosen.cluster, chosen.local):
        ready = [target.endpoint.ready for target in group]
        assert all(ready) or not any(ready)  # never a terminating one beside a ready one
        assert list(group) == sorted(group, key=str)
    if any(e.ready and not e.zone_hints for e in found) and any(e.ready and not e.node_hints for e in found):
        assert len(chosen.cluster) == sum(e.ready for e in found)


# -- affinity and open connections ----


def test_affinity_slides_and_ends() -> None:
    spec = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10}}}
    cluster = cluster_with([4], spec)
    first = kx.send(cluster, "10.0.0.1:30080").pod
    for _ in range(5):
        cluster.advance(9)
        assert [way.pod for way in kx.routes(cluster, "10.0.0.1:30080")] == [first]
        assert kx.send(cluster, "10.0.0.1:30080").pod == first
    assert len(kx.routes(cluster, "10.0.0.1:30080", "203.0.113.99")) == 4  # somebody else
    assert len(kx.routes(cluster, "10.96.0.9:80", via="node-1")) == 1  # the clusterIP shares the list
    cluster.advance(10)
    assert len(kx.routes(cluster, "10.0.0.1:30080")) == 4


def test_affinity_forgets_an_endpoint_that_left_and_knows_it_again() -> None:
    cluster = cluster_with([3], {"sessionAffinity": "ClientIP"})
    first = kx.send(cluster, "10.0.0.1:30080").pod
    assert first is not None
    cluster.set_ready(first, False)
    assert first not in {way.pod for way in kx.routes(cluster, "10.0.0.1:30080")}
    cluster.set_ready(first, True)
    assert [way.pod for way in kx.routes(cluster, "10.0.0.1:30080")] == [first]


def test_routes_do_not_remember() -> None:
    cluster = cluster_with([3], {"sessionAffinity": "ClientIP"})
    kx.routes(cluster, "10.0.0.1:30080")
    kx.shares(cluster, "web")
    assert cluster.affinity == {} and cluster.sends == 0


DYNAMICS = json.loads((Path(__file__).parents[1] / "conformance/kube-proxy-dynamics.json").read_text())
NEW = {"ERR ECONNREFUSED": "refused", "ERR timed out": "timeout"}


def slices(*found: kx.Endpoint, protocol: str = "TCP") -> dict[str, Any]:
    """The EndpointSlice of `web`, as somebody writes it by hand."""
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "", "port": 8080, "protocol": protocol}],
        "endpoints": [
            {
                "addresses": [e.ip], "nodeName": e.node,
                "conditions": {"ready": e.ready, "serving": e.serving, "terminating": e.terminating},
                "targetRef": {"kind": "Pod", "name": e.pod},
            }
            for e in found
        ],
    }  # fmt: skip


P11 = kx.Endpoint("10.244.1.2", node="node-1", pod="web-1")
P21 = kx.Endpoint("10.244.2.2", node="node-2", pod="web-2")
P22 = kx.Endpoint("10.244.2.3", node="node-2", pod="web-3")
NAMES = {"p11": "web-1", "p21": "web-2", "p22": "web-3"}
# What was changed at each recorded step, in the words of the file.
STEPS = {
    "open long connection to node-2 nodePort; endpoint p21 ready": [P21],
    "p21 becomes not ready (no other endpoint)": [replace(P21, ready=False, serving=False)],
    "p21 terminating but still serving": [replace(P21, ready=False, terminating=True)],
    "p21 removed from the slice, p11 (node-1) ready instead": [P11],
    "no endpoints in the slice": [],
    "UDP from one source port, p21 ready": [P21],
    "p21 replaced by p11, same source port": [P11],
    "no endpoints, same source port": [],
    "p22 ready, same source port": [P22],
}


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_established_tcp_connections(mode: str, policy: str) -> None:
    cluster = cluster_with([1, 2], {"externalTrafficPolicy": policy}, proxy=kx.ProxyConfig(mode=mode))
    for step, *answers in DYNAMICS[mode][f"established_tcp_{policy}"]:
        if step in STEPS:
            cluster.apply(slices(*STEPS[step]))
        else:
            assert step == "service deleted"
            cluster.delete("web")
        new = answers[-1].removeprefix("new: ").removesuffix(" hi")
        assert set(outcomes(cluster, "10.0.0.2:30080")) == {NAMES.get(new) or NEW[new]}
        kept = keeps_flow(cluster, node="node-2", dst="10.0.0.2", port=30080, endpoint="10.244.2.2:8080")
        assert kept == (answers[0].removeprefix("old: ") == "p21 hi")


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_udp_flows_move(mode: str) -> None:
    ports = [{"port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "UDP"}]
    cluster = cluster_with([1, 2], {"ports": ports}, proxy=kx.ProxyConfig(mode=mode))
    flow = None
    for step, answer in DYNAMICS[mode]["udp_flow"]:
        cluster.apply(slices(*STEPS[step], protocol="UDP"))
        if flow is None or not keeps_flow(
            cluster, node="node-2", dst="10.0.0.2", port=30080, endpoint=flow[1], protocol="UDP"
        ):
            way = kx.send(cluster, "10.0.0.2:30080", protocol="UDP")
            flow = (way.pod, way.hops[-1].dst)
        assert flow[0] == NAMES[answer.removesuffix(" hi")]


def test_whether_a_udp_flow_moves_is_a_matter_of_its_own_port() -> None:
    """Two ports of one Service: the named one has lost its endpoints, the other still has one."""
    ports = [
        {"name": "a", "port": 53, "targetPort": 5353, "nodePort": 30053, "protocol": "UDP"},
        {"name": "b", "port": 54, "targetPort": "absent", "nodePort": 30054, "protocol": "UDP"},
    ]
    cluster = cluster_with([1], {"ports": ports, "externalIPs": ["198.51.100.9"]})

    def kept(dst: str, port: int, endpoint: str) -> bool:
        return keeps_flow(cluster, node="node-1", dst=dst, port=port, endpoint=endpoint, protocol="UDP")

    for dst, first, second in (("10.0.0.1", 30053, 30054), ("10.96.0.9", 53, 54), ("198.51.100.9", 53, 54)):
        assert kept(dst, first, "10.244.1.2:5353")
        assert not kept(dst, first, "10.244.1.9:5353")
        assert kept(dst, second, "10.244.1.9:5354")  # no endpoint is left, so that the flow stays where it was
    # An address that is none of the Service's, and a number that is none of its ports, are nobody's flow.
    assert kept("10.96.0.77", 53, "10.244.1.9:5353")
    assert kept("10.96.0.9", 55, "10.244.1.9:5353")
    assert kept("10.0.0.1", 53, "10.244.1.9:5353")


def test_a_udp_flow_is_known_by_address_and_port_together() -> None:
    """The port of one Service port is the nodePort of another; and an address of ipMode Proxy is not kube-proxy's."""
    ports = [
        {"name": "a", "port": 30054, "targetPort": "absent", "nodePort": 30053, "protocol": "UDP"},
        {"name": "b", "port": 54, "targetPort": 5353, "nodePort": 30054, "protocol": "UDP"},
    ]
    cluster = cluster_with([1], {"type": "LoadBalancer", "ports": ports})
    asked: dict[str, Any] = {"node": "node-1", "endpoint": "10.244.1.9:5353", "protocol": "UDP"}
    assert not keeps_flow(cluster, dst="10.0.0.1", port=30054, **asked)
    for mode, kept in (("VIP", False), ("Proxy", True)):
        cluster.set_load_balancer("web", ingress=[{"ip": "198.51.100.7", "ipMode": mode}])
        assert keeps_flow(cluster, dst="198.51.100.7", port=54, **asked) is kept


def test_a_service_without_slices_refuses() -> None:
    cluster = cluster_with([1], {"selector": {"app": "other"}})
    for mode in ("iptables", "nftables"):
        assert DYNAMICS[mode]["service_without_any_EndpointSlice"] == "ERR ECONNREFUSED"
        assert set(outcomes(cluster, "10.0.0.1:30080")) == {"refused"}


def test_a_stopped_proxy_keeps_its_rules() -> None:
    cluster = cluster_with([1, 1])
    cluster.stop_proxy("node-1")
    cluster.scale("web", per_node=[0, 1])
    assert len(ask(cluster, "10.0.0.1", 30080).endpoints) == 2
    assert len(ask(cluster, "10.0.0.2", 30080, node="node-2").endpoints) == 1
    cluster.start_proxy("node-1")
    assert len(ask(cluster, "10.0.0.1", 30080).endpoints) == 1


def test_an_unknown_node_is_answered_with_those_that_exist() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.apply(kx.example("public-api-lb"))
    asked = (
        lambda: kx.kube_proxy(cluster, node="worker", src=None, dst="10.0.0.1", port=80),
        lambda: kx.health_check(cluster, "public-api-lb", node="worker"),
        lambda: kx.healthz(cluster, node="worker"),
        lambda: kx.send(cluster, "10.0.0.1:80", via="worker"),
    )
    for ask in asked:
        with pytest.raises(KeyError) as refused:
            ask()
        assert str(refused.value) == "no node 'worker'; there are node-1, node-2"


# -- what kube-proxy does not watch ----

MINE = {"service.kubernetes.io/service-proxy-name": "other-proxy"}


def labelled(mode: str, labels: dict[str, str]) -> kx.Cluster:
    cluster = cluster_with([1, 1], LB, proxy=kx.ProxyConfig(mode=mode))
    cluster.patch("web", {"metadata": {"labels": labels}})
    return cluster


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_service_for_another_proxy_has_no_rules(mode: str) -> None:
    cluster = labelled(mode, MINE)
    number = cluster.service("web").health_check_node_port
    assert ask(cluster, "10.96.0.9", 80).action == ("NO_MATCH" if mode == "iptables" else "DROP")
    assert ask(cluster, "10.0.0.1", 30080).action == "NO_MATCH"
    assert ask(cluster, "10.0.0.1", number).action == "NO_MATCH"
    assert "default/web" not in kx.proxy_rules(cluster, node="node-1").text
    assert [way.outcome for way in kx.routes(cluster, f"10.0.0.1:{number}")] == ["refused"]
    with pytest.raises(kx.NotExposed, match="no healthCheckNodePort"):
        kx.health_check(cluster, "web", node="node-1")
    cluster.patch("web", {"metadata": {"labels": dict.fromkeys(MINE)}})
    assert ask(cluster, "10.96.0.9", 80).action == "DNAT"
    assert kx.health_check(cluster, "web", node="node-1").status == 200


def test_a_slice_that_is_labelled_as_headless_is_for_dns_alone() -> None:
    cluster = cluster_with([1, 1])
    written = slices(P11, P21)
    cluster.apply(written)
    assert len(ask(cluster, "10.0.0.1", 30080).endpoints) == 2
    written["metadata"]["labels"]["service.kubernetes.io/headless"] = ""
    cluster.apply(written)
    assert ask(cluster, "10.0.0.1", 30080).action == "REJECT"


@pytest.mark.parametrize("spec", [{}, {"type": "LoadBalancer"}, {"type": "ClusterIP"}])
def test_a_service_without_a_health_check_node_port_refuses_the_check(spec: dict[str, Any]) -> None:
    with pytest.raises(kx.NotExposed, match="healthz"):
        kx.health_check(cluster_with([1], spec), "web", node="node-1")


def test_no_node_port_answers_on_the_localhost_of_ipv6() -> None:
    config = kx.ProxyConfig(mode="iptables", nodeport_addresses=("127.0.0.0/8", "::1/128"))
    assert [takes_localhost(config, family) for family in (4, 6)] == [True, False]
