"""The rules as text: against the real kube-proxy, and against the model's own verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from tests.conformance import rules
from tests.kubeproxy.random_clusters import random_cluster
from tests.kubeproxy.rule_walker import IptablesRules, NftRules, Packet

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[1] / "conformance" / "kube-proxy-rules.json"
SCENARIOS = {row["id"]: row for row in json.loads(DATA.read_text())["scenarios"]}
OUTSIDE, UNALLOCATED, NOWHERE = "203.0.113.7", "10.96.200.200", "10.0.0.99"
HUGE = 40  # Service ports; beyond, every seventh is asked


def test_the_recorded_rules() -> None:
    report = rules.run(DATA)
    assert report.disagreements == []
    assert report.summary == "agree 108 of 108, 0 left out"


# -- the rules and the verdicts never differ ----


@pytest.mark.parametrize("name", SCENARIOS)
def test_rules_do_what_the_verdict_says(name: str) -> None:
    row = SCENARIOS[name]
    for step in row["steps"]:
        assert asked(rules.cluster_of(row, step), row["node"]) >= 4


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
@pytest.mark.parametrize("seed", range(15))
def test_rules_do_what_the_verdict_says_in_any_cluster(seed: int, mode: str) -> None:
    cluster = random_cluster(seed, mode)
    assert asked(cluster, "node-1") + asked(cluster, "node-2") > 50


def asked(cluster: kx.Cluster, name: str) -> int:
    """Walk every packet through the rules of a node, and compare with the verdict; return how many there were."""
    written, node = kx.proxy_rules(cluster, node=name), cluster.store.nodes[name]
    walker = NftRules(written.transaction) if written.mode == "nftables" else IptablesRules(written.text)
    count = 0
    for src, dst, port, protocol in packets(cluster, name):
        count += 1
        packet = Packet(src, dst, port, protocol.lower(), interface(cluster, node, src), node.addresses)
        fate = walker.through(packet)
        verdict = kx.kube_proxy(cluster, node=name, src=src, dst=dst, port=port, protocol=protocol)
        told = (src, dst, port, protocol)
        assert fate.action == verdict.action, told
        if verdict.action == "DNAT":
            share = Fraction(1, len(verdict.targets))
            assert fate.endpoints == dict.fromkeys(verdict.endpoints, share), told
            assert fate.masquerade == {str(t): verdict.masquerades(t) for t in verdict.targets}, told
    return count


def packets(cluster: kx.Cluster, name: str) -> Iterator[tuple[str, str, int, str]]:
    """Every kind of sender, to every address and port that a Service has, and to some that none has."""
    own, *others = [node.addresses[0] for node in sorted(cluster.nodes, key=lambda node: node.name != name)]
    endpoints = sorted({ip for service in cluster.services for ip in endpoint_ips(cluster, service)})
    senders = [OUTSIDE, others[0], own, "10.244.1.200", "10.244.2.200", *endpoints[:4]]
    for dst, port, protocol in destinations(cluster, name):
        for src in senders:
            yield src, dst, port, protocol
        if dst.startswith("198.51.100."):
            yield dst, dst, port, protocol  # a node that has the load balancer's address as its own
            yield "192.0.2.7", dst, port, protocol
    for _, port, protocol in node_ports(cluster):
        yield "127.0.0.1", "127.0.0.1", port, protocol


def destinations(cluster: kx.Cluster, name: str) -> Iterator[tuple[str, int, str]]:
    node = cluster.store.nodes[name]
    ports = [(service, port) for service in cluster.services for port in service.ports]
    for service, port in ports[:: 7 if len(ports) > HUGE else 1]:
        ips = [entry.ip for entry in service.load_balancer_ingress if entry.ip]
        for ip in (service.cluster_ip, *service.external_ips, *ips):
            if ip and ip != "None" and ":" not in ip:
                yield ip, port.port, port.protocol or "TCP"
                yield ip, 7, port.protocol or "TCP"
        if service.health_check_node_port:
            yield node.addresses[0], service.health_check_node_port, "TCP"
    for _, number, protocol in node_ports(cluster):
        for ip in (*node.addresses, "10.0.0.2", NOWHERE):
            yield ip, number, protocol
    yield node.addresses[0], 9, "TCP"
    yield UNALLOCATED, 80, "TCP"


def node_ports(cluster: kx.Cluster) -> list[tuple[str, int, str]]:
    found = []
    for service in cluster.services:
        found += [(service.name, port.node_port, port.protocol or "TCP") for port in service.ports if port.node_port]
    return found


def endpoint_ips(cluster: kx.Cluster, service: kx.Service) -> list[str]:
    found = []
    for one in cluster.store.slices(service):
        found += [endpoint.ip for endpoint in one.endpoints if one.address_type == "IPv4"]
    return found


def interface(cluster: kx.Cluster, node: kx.Node, src: str) -> str:
    """By which interface a packet of this sender comes in; none for the node's own processes."""
    if src in node.addresses or src.startswith("127."):
        return ""
    here = (node.pod_cidr or "").removesuffix("0/24")
    if not src.startswith(here):
        return "eth0"
    return cluster.proxy.bridge_interface or f"{cluster.proxy.interface_name_prefix or 'veth'}7"


# -- what the recorded rows do not ask ----

WEB = """apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  clusterIP: 10.96.0.9
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"""


def two_services(mode: str) -> kx.Cluster:
    cluster = kx.Cluster(nodes=2, proxy=kx.ProxyConfig(mode=mode))
    cluster.deploy("web", per_node=[1, 1], port=8080)
    cluster.apply(WEB)
    cluster.apply(WEB.replace("web", "shop").replace("10.96.0.9", "10.96.0.10").replace("30080", "30081"))
    return cluster


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_the_rules_of_one_service(mode: str) -> None:
    cluster = two_services(mode)
    whole = kx.proxy_rules(cluster, node="node-1").text.splitlines()
    web = kx.proxy_rules(cluster, node="node-1", service="default/web")
    other = {line for line in whole if "default/shop" in line or "10.96.0.10" in line}
    assert other
    assert not other & set(web.text.splitlines())
    rules = [line for line in whole if "default/web" in line and "elements" not in line and "\t\t\t" not in line]
    assert rules
    assert set(rules) <= set(web.text.splitlines())
    assert "POSTROUTING" not in web.text
    assert "masquerading" not in web.text
    assert repr(web).startswith(f"<ProxyRules of default/web on node-1, {mode}: ")


def test_a_stopped_kube_proxy_keeps_its_rules() -> None:
    cluster = two_services("iptables")
    before = kx.proxy_rules(cluster, node="node-1").text
    cluster.stop_proxy("node-1")
    cluster.delete("shop")
    assert kx.proxy_rules(cluster, node="node-1").text == before
    assert "default/shop" not in kx.proxy_rules(cluster, node="node-2").text


def test_unknown_names_are_refused() -> None:
    cluster = two_services("iptables")
    with pytest.raises(KeyError, match="there are node-2, node-1"):
        kx.proxy_rules(cluster, node="node-9")
    with pytest.raises(kx.ApiError, match="not found"):
        kx.proxy_rules(cluster, node="node-1", service="nope")


@pytest.mark.parametrize(
    ("ranges", "listed"),
    [
        (["10.0.0.0/24"], "ip saddr != 10.0.0.0/24 drop"),
        (["10.0.0.1/32"], "ip saddr != 10.0.0.1 drop"),
        (["10.0.0.0/8", "10.1.0.0/16"], "ip saddr != { 10.0.0.0/8 } drop"),
        (["10.0.0.0/25", "10.0.0.128/25", "192.0.2.7/32"], "ip saddr != { 10.0.0.0/24, 192.0.2.7 } drop"),
        (["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"], "ip saddr != { 10.0.0.0-10.0.2.255 } drop"),
    ],
)
def test_nft_joins_source_ranges(ranges: list[str], listed: str) -> None:
    """What nft 1.0.6 printed for these sets; the node's own address stands outside all of them."""
    cluster = kx.Cluster(nodes=[kx.Node("node-1", addresses=("172.16.0.1",))], proxy=kx.ProxyConfig(mode="nftables"))
    spec = {"type": "LoadBalancer", "loadBalancerSourceRanges": ranges, "ports": [{"port": 80}]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    cluster.set_load_balancer("web", [{"ip": "198.51.100.7"}])
    assert f"\t\t{listed}\n" in kx.proxy_rules(cluster, node="node-1").text


def test_nft_lists_two_addresses_a_line_and_the_highest_mark_as_a_prefix() -> None:
    """As nft 1.0.6 printed it."""
    cluster = two_services("nftables")
    cluster.proxy = kx.ProxyConfig(mode="nftables", masquerade_bit=31)
    text = kx.proxy_rules(cluster, node="node-1").text
    assert "\t\telements = { 10.96.0.1, 10.96.0.9,\n\t\t\t     10.96.0.10 }\n" in text
    assert "meta mark != 0x00000000/1 meta mark set meta mark ^ 0x80000000 masquerade fully-random" in text
    assert "add rule ip kube-proxy masquerading mark and 0x80000000 != 0" in (
        kx.proxy_rules(cluster, node="node-1").transaction
    )


@pytest.mark.parametrize(("endpoints", "quiet"), [(1000, False), (1001, True)])
def test_more_than_a_thousand_endpoints_make_a_large_cluster(endpoints: int, quiet: bool) -> None:
    cluster = kx.Cluster(nodes=5)
    cluster.deploy("web", per_node=[endpoints - 800, 200, 200, 200, 200], port=8080)
    cluster.apply(WEB)
    text = kx.proxy_rules(cluster, node="node-1").text
    assert ("default/web -> " not in text) is quiet
    assert '"default/web cluster IP"' in text


def test_a_range_of_loopback_addresses_opens_localhost_even_without_a_node_address_in_it() -> None:
    """``ContainsIPv4Loopback`` asks the range, not the node: KUBE-FIREWALL has its rule, no address takes nodePorts."""
    config = kx.ProxyConfig(nodeport_addresses=("127.5.0.0/16",))
    text = kx.proxy_rules(kx.Cluster(nodes=1, proxy=config), node="node-1").text
    assert "block incoming localnet connections" in text
    assert "-j KUBE-NODEPORTS" not in text.partition("*nat")[2]


# -- the runner can say no ----


def broken(tmp_path: Path, name: str, field: str, old: str, new: str) -> Any:
    row = json.loads(json.dumps(SCENARIOS[name]))
    assert old in row["steps"][0][field]
    row["steps"][0][field] = row["steps"][0][field].replace(old, new, 1)
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"scenarios": [row]}))
    return rules.run(file)


@pytest.mark.parametrize(
    ("name", "field", "old", "new"),
    [
        ("ipt-api-backend-3", "iptables_save", "0.33333333349", "0.33333333350"),
        ("ipt-public-lb-several-addresses", "iptables_save", "loadbalancer IP", "load balancer IP"),
        ("ipt-api-backend-3", "restore_input", "--random-fully", ""),
        ("nft-api-backend-3", "dump", "mod 3", "mod 4"),
        ("nft-three-services", "nft_list_table", "10.96.0.20", "10.96.0.21"),
        ("nft-three-services", "nft_list_table", "policy accept", "policy drop"),
    ],
)
def test_a_wrong_rule_is_found(tmp_path: Path, name: str, field: str, old: str, new: str) -> None:
    report = broken(tmp_path, name, field, old, new)
    assert report.exit_code == 1
    assert field in report.disagreements[0]


def test_the_order_within_a_service_port_counts(tmp_path: Path) -> None:
    row = json.loads(json.dumps(SCENARIOS["ipt-public-lb-several-addresses"]))
    lines = row["steps"][0]["iptables_save"].splitlines()
    first, second = (number for number, line in enumerate(lines) if "loadbalancer IP" in line)
    lines[first], lines[second] = lines[second], lines[first]
    row["steps"][0]["iptables_save"] = "\n".join(lines) + "\n"
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"scenarios": [row]}))
    assert rules.run(file).exit_code == 1


# -- values that no API server of today would store, in a dump ----


def dump_of(**odd: Any) -> kx.Cluster:
    name, protocol, port_name = odd.get("name", "web"), odd.get("protocol", "TCP"), odd.get("port_name", "")
    port = {"name": port_name, "port": 80, "protocol": protocol}
    spec = {
        "type": "NodePort", "clusterIP": odd.get("cluster_ip", "10.96.0.9"), "ports": [port | {"nodePort": 30080}],
        "sessionAffinity": odd.get("affinity", "None"), "externalIPs": odd.get("external_ips", []),
    }  # fmt: skip
    labels = {"kubernetes.io/service-name": name}
    endpoint = {"addresses": [odd.get("endpoint", "10.244.1.2")], "nodeName": "node-1"}
    items = [
        {"kind": "Node", "metadata": {"name": "node-1"}, "status": {"addresses": [IP]}},
        {"kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec},
        {
            "kind": "EndpointSlice", "metadata": {"name": "s", "namespace": "default", "labels": labels},
            "addressType": "IPv4", "endpoints": [endpoint], "ports": [port],
        },
    ]  # fmt: skip
    return kx.Cluster.from_json({"items": items}, proxy=kx.ProxyConfig(mode=odd["mode"]))


IP = {"type": "InternalIP", "address": "10.0.0.1"}
ODD = {
    "a name that a terminal would obey": {"name": "a\x1b[31mb"},
    "a protocol without ports": {"protocol": "ICMP"},
    "an external IP that is none": {"external_ips": ["y"]},
    "an endpoint that is no address": {"endpoint": "abc"},
    "an endpoint of the other family": {"endpoint": "2001:db8::7"},
    "affinity without a time": {"affinity": "ClientIP"},
    "a quote in a port's name": {"port_name": 'é"'},
}


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_dump_has_rules_all_the_same(mode: str, odd: str) -> None:
    found = kx.proxy_rules(dump_of(mode=mode, **ODD[odd]), node="node-1")
    assert found.text.endswith(("COMMIT\n", "}\n"))
    usable = odd in ("a name that a terminal would obey", "an external IP that is none", "a quote in a port's name")
    assert ("10.244.1.2" in found.text) is (usable or odd == "affinity without a time")
    if odd == "affinity without a time":
        assert ("--seconds 10800 " if mode == "iptables" else "timeout 3h") in found.text


def test_a_notebook_shows_no_control_character() -> None:
    class Printer:
        shown = ""

        def text(self, text: str) -> None:
            self.shown = text

    printer = Printer()
    kx.proxy_rules(dump_of(mode="iptables", name="a\x1b[31mb"), node="node-1")._repr_pretty_(printer, cycle=False)
    assert "\x1b" not in printer.shown
    assert r"a\x1b[31mb" in printer.shown
