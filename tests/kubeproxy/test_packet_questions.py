"""What kube-proxy's rules ask about a packet, question by question: settings, addresses, ranges, and words of verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.kubeproxy.proxy import (
    Detector,
    from_local_pod,
    is_own_address,
    node_port_addresses,
    pod_detector,
    port_plan,
    primary_ip,
    service_cidrs,
    takes_localhost,
)
from k8sexpose.kubeproxy.service_ports import service_ports
from tests.router.helpers import CLIENT, add_service, cluster_with

NODE = kx.Node("node-1", ("10.0.0.1", "192.168.7.1", "fd00::1", "fd00:7::1"), pod_cidr="10.244.1.0/24,fd00:10:1::/64")


def config(**options: Any) -> kx.ProxyConfig:
    return kx.ProxyConfig(**options)


# -- --nodeport-addresses ----


@pytest.mark.parametrize(
    ("mode", "listed", "v4", "v6"),
    [
        ("iptables", None, None, None),
        ("nftables", None, ("10.0.0.1",), ("fd00::1",)),
        ("iptables", ("primary",), ("10.0.0.1",), ("fd00::1",)),
        ("nftables", ("0.0.0.0/0",), None, None),  # no range of IPv6: all addresses of it
        ("iptables", ("192.168.0.0/16",), ("192.168.7.1",), None),
        ("nftables", ("192.168.0.0/16", "10.0.0.0/8"), ("192.168.7.1", "10.0.0.1"), None),
        ("nftables", ("10.0.0.0/8", "192.168.7.1/32", "fd00:7::/64"), ("10.0.0.1", "192.168.7.1"), ("fd00:7::1",)),
        ("nftables", ("172.16.0.0/12", "::/0"), (), None),
        ("iptables", ("127.0.0.0/8",), ("127.0.0.1",), None),
        ("nftables", ("127.0.0.0/8",), (), None),
        ("iptables", ("10.0.0.0/8", "127.0.0.0/8"), ("10.0.0.1", "127.0.0.1"), None),
        ("iptables", ("10.0.0.1/32", "10.0.0.0/8"), ("10.0.0.1",), None),
    ],
)  # fmt: skip
def test_on_which_addresses_node_ports_answer(
    mode: str, listed: tuple[str, ...] | None, v4: tuple[str, ...] | None, v6: tuple[str, ...] | None
) -> None:
    asked = config(mode=mode, nodeport_addresses=listed)
    assert (node_port_addresses(asked, NODE, 4), node_port_addresses(asked, NODE, 6)) == (v4, v6)


def test_a_node_without_an_address_of_a_family_has_no_primary_one() -> None:
    bare = kx.Node("bare", ("fd00::1",))
    assert (primary_ip(bare, 4), primary_ip(bare, 6), primary_ip(NODE, 6)) == (None, "fd00::1", "fd00::1")
    assert node_port_addresses(config(nodeport_addresses=("primary",)), bare, 4) == ()


@pytest.mark.parametrize(
    ("options", "family", "takes"),
    [
        ({}, 4, True), ({}, 6, False), ({"mode": "nftables"}, 4, False), ({"localhost_nodeports": False}, 4, False),
        ({"nodeport_addresses": ("primary",)}, 4, False),
        ({"nodeport_addresses": ("10.0.0.0/8",)}, 4, False),
        ({"nodeport_addresses": ("127.0.0.0/8",)}, 4, True),
        ({"nodeport_addresses": ("10.0.0.0/8", "127.0.0.1/32")}, 4, True),
        ({"nodeport_addresses": ("0.0.0.0/0",)}, 4, True),
        ({"nodeport_addresses": ("126.0.0.0/7",)}, 4, True),  # holds 127.0.0.0, and does not begin there
        ({"nodeport_addresses": ("fd00::/8",)}, 4, True),  # no range of IPv4: all addresses of it
    ],
)  # fmt: skip
def test_when_node_ports_answer_on_localhost(options: dict[str, Any], family: int, takes: bool) -> None:
    assert takes_localhost(config(**options), family) is takes


def test_the_addresses_of_a_node_are_its_own_and_those_of_loopback() -> None:
    for ip in ("10.0.0.1", "192.168.7.1", "fd00::1", "fd00:0::1", "127.0.0.1", "127.9.9.9", "::1"):
        assert is_own_address(NODE, ip)
    for ip in ("10.0.0.2", "fd00::2", "128.0.0.1", "::2"):
        assert not is_own_address(NODE, ip)


# -- --detect-local-mode ----


@pytest.mark.parametrize(
    ("options", "v4", "v6"),
    [
        ({}, Detector("source", "10.244.0.0/16"), None),
        ({"cluster_cidr": "10.200.0.0/16,fd00:10::/56"}, Detector("source", "10.200.0.0/16"),
         Detector("source", "fd00:10::/56")),
        ({"detect_local": "NodeCIDR"}, Detector("source", "10.244.1.0/24"), Detector("source", "fd00:10:1::/64")),
        ({"detect_local": None}, None, None),
        ({"detect_local": "BridgeInterface", "bridge_interface": "cbr0"}, Detector("interface", "cbr0"),
         Detector("interface", "cbr0")),
        ({"detect_local": "InterfaceNamePrefix", "interface_name_prefix": "veth"}, Detector("prefix", "veth"),
         Detector("prefix", "veth")),
    ],
)  # fmt: skip
def test_how_a_node_tells_the_packet_of_a_pod(
    options: dict[str, Any], v4: Detector | None, v6: Detector | None
) -> None:
    cluster = kx.Cluster(nodes=[NODE], pod_cidr="10.244.0.0/16", proxy=config(**options))
    assert (pod_detector(cluster, NODE, 4), pod_detector(cluster, NODE, 6)) == (v4, v6)


def test_the_interface_of_a_pod_is_that_of_its_own_node() -> None:
    nodes = [replace(NODE, addresses=(f"10.0.0.{k}",), name=f"node-{k}", pod_cidr=f"10.244.{k}.0/24") for k in (1, 2)]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[1, 1])
    cluster.deploy("host", per_node=[1, 0], host_network=True)
    one, two = cluster.store.node("node-1"), cluster.store.node("node-2")
    assert from_local_pod(cluster, one, "10.244.1.2") and not from_local_pod(cluster, two, "10.244.1.2")
    assert not from_local_pod(cluster, one, "10.0.0.1")  # a Pod on the host network is the node
    assert from_local_pod(cluster, two, "10.244.2.99") and not from_local_pod(cluster, one, "10.244.2.99")
    assert not from_local_pod(cluster, one, "fd00:10:1::9")


@pytest.mark.parametrize(("known", "found"), [
    (None, ("10.96.0.0/12",)), (("10.100.0.0/16", "fd00:96::/112"), ("10.100.0.0/16",)), ((), ()),
])  # fmt: skip
def test_ranges_of_cluster_ips_are_those_that_kube_proxy_was_told(known: Any, found: tuple[str, ...]) -> None:
    cluster = kx.Cluster(nodes=1, service_cidr="10.96.0.0/12", proxy=config(mode="nftables", service_cidrs=known))
    assert service_cidrs(cluster, 4) == found


# -- which policy leads where ----


@pytest.mark.parametrize("spec", [
    {}, {"externalTrafficPolicy": "Local"}, {"internalTrafficPolicy": "Local"},
    {"externalTrafficPolicy": "Local", "internalTrafficPolicy": "Local"},
])  # fmt: skip
@pytest.mark.parametrize("per_node", [[1, 1], [0, 1], [0, 0]])
def test_each_policy_chooses_for_its_own_traffic(spec: dict[str, str], per_node: list[int]) -> None:
    cluster = cluster_with(per_node, spec)
    [info] = service_ports(cluster.rules("node-1"), cluster.service("web"), 4)
    plan = port_plan(info, cluster.store.node("node-1"))
    pods = {name: tuple(pod.ip for pod in cluster.pods if pod.node == name) for name in ("node-1", "node-2")}
    everywhere, here = pods["node-1"] + pods["node-2"], pods["node-1"]

    def ips(targets: Any) -> tuple[str, ...]:
        return tuple(target.endpoint.ip for target in targets)

    for word, targets, refusal in (
        ("internalTrafficPolicy", plan.internal, plan.internal_refusal),
        ("externalTrafficPolicy", plan.external, plan.external_refusal),
    ):
        wanted = here if spec.get(word) == "Local" else everywhere
        assert ips(targets) == wanted
        assert refusal == (None if wanted else "DROP" if everywhere else "REJECT")
    assert plan.has_any is bool(everywhere)
    assert len(plan.reachable) == len(set(plan.reachable))


# -- what a verdict says ----

VIP, OUT = "198.51.100.7", "203.0.113.10"
ENDS = "10.244.1.2:8080", "10.244.2.2:8080"


def balanced(mode: str, per_node: list[int], **spec: Any) -> kx.Cluster:
    cluster = cluster_with(
        per_node, {"type": "LoadBalancer", "externalIPs": ["192.0.2.50"], **spec}, proxy=config(mode=mode)
    )
    cluster.set_load_balancer("web", ingress=[{"ip": VIP}])
    return cluster


def said(cluster: kx.Cluster, dst: str, port: int = 80, src: str | None = OUT, **asked: Any) -> tuple[Any, ...]:
    verdict = kx.kube_proxy(cluster, node="node-1", src=src, dst=dst, port=port, **asked)
    return verdict.action, len(verdict.endpoints), verdict.masquerade, verdict.reason


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_words_of_cluster(mode: str) -> None:
    cluster = balanced(mode, [1, 1])
    external = ("DNAT", 2, True, "externalTrafficPolicy Cluster")
    for dst, port in ((VIP, 80), ("192.0.2.50", 80), ("10.0.0.1", 30080)):
        for src in (OUT, "10.0.0.1", "10.244.2.2", None):
            assert said(cluster, dst, port, src) == external
    assert said(cluster, "10.96.0.9") == ("DNAT", 2, True, "clusterIP")
    assert said(cluster, "10.96.0.9", src="10.244.2.99") == ("DNAT", 2, False, "clusterIP")
    assert said(cluster, "10.96.0.9", src=None) == ("DNAT", 2, True, "clusterIP")


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_words_of_local(mode: str) -> None:
    cluster = balanced(mode, [1, 1], externalTrafficPolicy="Local")
    for dst, port in ((VIP, 80), ("192.0.2.50", 80), ("10.0.0.1", 30080)):
        assert said(cluster, dst, port) == ("DNAT", 1, False, "externalTrafficPolicy Local")
        assert said(cluster, dst, port, None) == ("DNAT", 1, False, "externalTrafficPolicy Local")
        pod = said(cluster, dst, port, "10.244.2.99")
        assert pod == ("DNAT", 2, False, "Local does not bind traffic of Pods")
        own = said(cluster, dst, port, "10.0.0.1")
        assert own == ("DNAT", 2, True, "Local does not bind traffic of the node itself")
    away = balanced(mode, [0, 1], externalTrafficPolicy="Local", internalTrafficPolicy="Local")
    here = "and no endpoint on this node"
    assert said(away, VIP) == ("DROP", 0, None, f"externalTrafficPolicy Local, {here}")
    assert said(away, "10.96.0.9") == ("DROP", 0, None, f"internalTrafficPolicy Local, {here}")
    assert said(away, VIP, src="10.244.2.99")[:2] == ("DNAT", 1)


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_words_where_there_is_no_endpoint(mode: str) -> None:
    cluster = balanced(mode, [0, 0])
    refused = ("REJECT", 0, None, "the Service has no endpoints")
    for dst, port in ((VIP, 80), ("192.0.2.50", 80), ("10.0.0.1", 30080), ("10.96.0.9", 80)):
        assert said(cluster, dst, port) == refused
    # iptables refuses in INPUT and FORWARD, which a packet of the node itself to elsewhere does not meet.
    leaves = ("NO_MATCH", 0, None, "no endpoints, and no rule in OUTPUT: leaves the node")
    for dst in (VIP, "192.0.2.50"):
        assert said(cluster, dst, src="10.0.0.1") == (leaves if mode == "iptables" else refused)
    assert said(cluster, "10.0.0.1", 30080, "10.0.0.1") == refused
    assert said(cluster, "10.96.0.9", src="10.0.0.1") == refused


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_words_where_no_service_port_is_meant(mode: str) -> None:
    cluster = balanced(mode, [1, 1])
    none = ("NO_MATCH", 0, None, "no rule of kube-proxy matches")
    for dst, port in ((VIP, 81), ("192.0.2.50", 81), ("10.0.0.1", 30081), ("10.0.0.2", 30080), ("8.8.8.8", 80)):
        assert said(cluster, dst, port) == none
    nft = mode == "nftables"
    wrong_port = ("REJECT", 0, None, "no port of the Service has this number")
    assert said(cluster, "10.96.0.9", 81) == (wrong_port if nft else none)
    assert said(cluster, "10.96.0.9", 80, protocol="UDP") == (wrong_port if nft else none)
    nobody = ("DROP", 0, None, "no Service has this clusterIP")
    assert said(cluster, "10.96.77.7", 80) == (nobody if nft else none)


@pytest.mark.parametrize(("src", "admitted"), [
    ("203.0.113.10", True), ("203.0.113.9", True), ("203.0.114.10", False), ("10.244.1.2", False),
    ("192.0.2.1", True), ("192.0.2.2", False), (None, False),
])  # fmt: skip
@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_source_ranges_guard_the_address_of_the_load_balancer_alone(mode: str, src: str | None, admitted: bool) -> None:
    ranges = ["203.0.113.0/24", "192.0.2.1/32"]
    cluster = balanced(mode, [1, 1], loadBalancerSourceRanges=ranges)
    refused = ("DROP", 0, None, "the source is in none of the loadBalancerSourceRanges")
    assert (said(cluster, VIP, src=src) == refused) is not admitted
    for dst, port in (("192.0.2.50", 80), ("10.0.0.1", 30080), ("10.96.0.9", 80)):
        assert said(cluster, dst, port, src)[0] == "DNAT"
    # A range that is stored may have bits behind its mask, which do not count.
    cluster.store.put_service(
        replace(cluster.service("web"), load_balancer_source_ranges=("203.0.113.9/24", "192.0.2.1/32"))
    )
    assert (said(cluster, VIP, src=src) == refused) is not admitted
    # Without endpoints iptables has no guard, and refuses everybody alike.
    empty = balanced(mode, [0, 0], loadBalancerSourceRanges=ranges)
    action = "DROP" if mode == "nftables" and not admitted else "REJECT"
    assert said(empty, VIP, src=src)[0] == action


@pytest.mark.parametrize(("ranges", "admitted"), [(["10.0.0.0/24"], True), (["10.9.0.0/24"], False)])
def test_a_node_that_is_let_in_reaches_the_address_through_itself(ranges: list[str], admitted: bool) -> None:
    """With that address as its source: then the node's own address is asked for, and no other's."""
    cluster = balanced("iptables", [1, 1], loadBalancerSourceRanges=ranges)
    assert (said(cluster, VIP, src=VIP)[0] == "DNAT") is admitted
    assert said(cluster, VIP, src="198.51.100.8")[0] == "DROP"


@pytest.mark.parametrize(("all_marked", "detect", "src", "marked"), [
    (True, "ClusterCIDR", "10.244.2.99", True), (False, "ClusterCIDR", "10.244.2.99", False),
    (False, "ClusterCIDR", CLIENT, True), (False, None, CLIENT, False), (True, None, CLIENT, True),
])  # fmt: skip
def test_which_packets_to_a_cluster_ip_are_masqueraded(
    all_marked: bool, detect: str | None, src: str, marked: bool
) -> None:
    proxy = config(masquerade_all=all_marked, detect_local=detect)
    cluster = cluster_with([1, 1], {"type": "ClusterIP"}, proxy=proxy)
    assert said(cluster, "10.96.0.9", src=src) == ("DNAT", 2, marked, "clusterIP")


def test_a_service_as_it_will_be_takes_the_place_of_the_stored_one() -> None:
    cluster = cluster_with([1, 1])
    add_service(cluster, "shop", clusterIP="10.96.0.10", ports=[{"port": 80, "targetPort": 8080, "nodePort": 30081}])
    later = replace(cluster.service("web"), external_traffic_policy="Local")
    assert said(cluster, "10.0.0.1", 30080, as_if=later)[3] == "externalTrafficPolicy Local"
    assert said(cluster, "10.0.0.1", 30081, as_if=later)[3] == "externalTrafficPolicy Cluster"
    assert said(cluster, "10.0.0.1", 30080)[3] == "externalTrafficPolicy Cluster"


def test_addresses_and_protocols_of_a_question_are_checked() -> None:
    cluster = cluster_with([1])
    for wrong, message in (
        ({"protocol": "HTTP"}, "protocol 'HTTP' is none of TCP, UDP, SCTP, ICMP"),
        ({"protocol": "ICMP"}, "ICMP has no ports"),
        ({"port": None}, "TCP, UDP and SCTP need a port"),
    ):
        with pytest.raises(ValueError, match=message):
            kx.kube_proxy(cluster, **{"node": "node-1", "src": CLIENT, "dst": "10.0.0.1", "port": 80} | wrong)
    ping = kx.kube_proxy(cluster, node="node-1", src="fd00:0::9", dst="fd00::1", protocol="ICMP")
    assert (ping.action, ping.src, ping.reason) == ("NO_MATCH", "fd00::9", "kube-proxy has no rules for ICMP")


def test_a_verdict_names_its_port_and_in_nftables_the_node() -> None:
    for mode, node in (("iptables", None), ("nftables", "node-1")):
        verdict = kx.kube_proxy(balanced(mode, [1, 1]), node="node-1", src=CLIENT, dst="10.96.0.9", port=80)
        assert (verdict.hairpin_node, verdict.port and verdict.port.port.port) == (node, 80)
        assert verdict.endpoints == ENDS
