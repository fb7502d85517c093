"""Which addresses of a node take nodePorts, and what the others do with one (fact 4 of kube-proxy-rules.md)."""

from __future__ import annotations

import re

import pytest

import k8sexpose as kx
from tests.router.helpers import CLIENT, cluster_with

NODES = (
    kx.Node("node-1", addresses=("10.0.0.1", "192.168.7.1"), zone="a", pod_cidr="10.244.1.0/24"),
    kx.Node("node-2", addresses=("10.0.0.2",), zone="b", pod_cidr="10.244.2.0/24"),
)
PRIMARY = kx.ProxyConfig(nodeport_addresses=("primary",))


def verdict(cluster: kx.Cluster, dst: str, src: str = CLIENT) -> str:
    return kx.kube_proxy(cluster, node="node-1", src=src, dst=dst, port=30080).action


def cluster_of(per_node: list[int], config: kx.ProxyConfig, **spec: object) -> kx.Cluster:
    cluster = cluster_with(per_node, spec, proxy=config)
    cluster.store.put_node(NODES[0])
    return cluster


@pytest.mark.parametrize(("per_node", "policy", "action"), [([0, 0], "Cluster", "REJECT"), ([0, 1], "Local", "DROP")])
def test_iptables_refuses_a_node_port_on_every_address(per_node: list[int], policy: str, action: str) -> None:
    cluster = cluster_of(per_node, PRIMARY, externalTrafficPolicy=policy)
    assert verdict(cluster, "192.168.7.1") == action
    assert verdict(cluster, "127.0.0.1", "127.0.0.1") == action


def test_an_address_that_takes_no_node_ports_is_no_entrance() -> None:
    cluster = cluster_of([1, 1], PRIMARY)
    assert verdict(cluster, "10.0.0.1") == "DNAT"
    assert verdict(cluster, "192.168.7.1") == "NO_MATCH"


def test_nftables_refuses_only_where_it_takes_node_ports() -> None:
    cluster = cluster_of([0, 0], kx.ProxyConfig(mode="nftables"))
    assert verdict(cluster, "10.0.0.1") == "REJECT"
    assert verdict(cluster, "192.168.7.1") == "NO_MATCH"


def test_only_the_loopback_address_itself_is_listed() -> None:
    cluster = cluster_of([1, 1], kx.ProxyConfig(nodeport_addresses=("127.0.0.0/8",)))
    assert verdict(cluster, "127.0.0.1", "127.0.0.1") == "DNAT"
    assert verdict(cluster, "127.0.0.2", "127.0.0.2") == "NO_MATCH"


@pytest.mark.parametrize(
    ("source", "marked"),
    [("10.244.1.2", False), ("10.244.1.77", False), ("10.244.2.2", True), (CLIENT, True), ("10.0.0.1", True)],
)
@pytest.mark.parametrize(
    "config",
    [
        kx.ProxyConfig(detect_local="BridgeInterface", bridge_interface="cbr0"),
        kx.ProxyConfig(detect_local="InterfaceNamePrefix", interface_name_prefix="veth"),
    ],
    ids=["bridge", "prefix"],
)
def test_an_interface_tells_the_pods_of_its_own_node_only(config: kx.ProxyConfig, source: str, marked: bool) -> None:
    cluster = cluster_of([1, 1], config, type="ClusterIP")
    found = kx.kube_proxy(cluster, node="node-1", src=source, dst="10.96.0.9", port=80)
    assert found.marked is marked


def test_without_a_service_cidr_nothing_is_dropped_for_want_of_a_service() -> None:
    known = cluster_of([1, 1], kx.ProxyConfig(mode="nftables"))
    unknown = cluster_of([1, 1], kx.ProxyConfig(mode="nftables", service_cidrs=()))
    for cluster, action in ((known, "DROP"), (unknown, "NO_MATCH")):
        assert kx.kube_proxy(cluster, node="node-1", src=CLIENT, dst="10.96.200.1", port=80).action == action


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mode": "ipvs"}, "there are iptables and nftables"),
        ({"detect_local": "Magic"}, "ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix, and None"),
        ({"detect_local": "BridgeInterface"}, "bridge_interface='cbr0'"),
        ({"detect_local": "InterfaceNamePrefix", "interface_name_prefix": "a b"}, "interface_name_prefix='veth'"),
        ({"masquerade_bit": 32}, "from 0 to 31"),
        ({"nodeport_addresses": "primary"}, "nodeport_addresses is a tuple of texts or None, not 'primary'"),
    ],
)
def test_settings_that_kube_proxy_would_refuse(options: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        kx.ProxyConfig(**options)  # type: ignore[arg-type]


def test_bits_behind_a_mask_do_not_count() -> None:
    cluster = cluster_of([1, 1], kx.ProxyConfig(cluster_cidr="10.244.0.5/16"), type="ClusterIP")
    assert "! -s 10.244.0.0/16" in kx.proxy_rules(cluster, node="node-1").text
    assert not kx.kube_proxy(cluster, node="node-1", src="10.244.2.2", dst="10.96.0.9", port=80).marked


def test_nftables_masquerades_an_endpoint_that_reaches_itself_only_on_its_own_node() -> None:
    for mode, elsewhere in (("iptables", True), ("nftables", False)):
        cluster = cluster_of([1, 1], kx.ProxyConfig(mode=mode), type="ClusterIP")
        for node, expected in (("node-2", True), ("node-1", elsewhere)):
            found = kx.kube_proxy(cluster, node=node, src="10.244.2.2", dst="10.96.0.9", port=80)
            itself = next(target for target in found.targets if target.endpoint.ip == "10.244.2.2")
            assert found.masquerades(itself) is expected
