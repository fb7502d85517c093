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
from tests.kubeproxy.rule_walker import IptablesRules, NftRules, Packet

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
    asked = 0
    for step in row["steps"]:
        cluster = rules.cluster_of(row, step)
        written = kx.proxy_rules(cluster, node=row["node"])
        walker = NftRules(written.transaction) if row["mode"] == "nftables" else IptablesRules(written.text)
        for src, dst, port, protocol in packets(cluster, row["node"]):
            asked += 1
            node = cluster.store.nodes[row["node"]]
            packet = Packet(src, dst, port, protocol.lower(), interface(cluster, node, src), node.addresses)
            fate = walker.through(packet)
            verdict = kx.kube_proxy(cluster, node=node.name, src=src, dst=dst, port=port, protocol=protocol)
            told = (src, dst, port, protocol)
            assert fate.action == verdict.action, told
            if verdict.action == "DNAT":
                share = Fraction(1, len(verdict.targets))
                assert fate.endpoints == dict.fromkeys(verdict.endpoints, share), told
                assert fate.masquerade == {str(t): verdict.masquerades(t) for t in verdict.targets}, told
    assert asked >= 4


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
