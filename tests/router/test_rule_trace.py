"""The trace of a connection says what the router says, and names the rules for it."""

from __future__ import annotations

from fractions import Fraction

import pytest

import k8sexpose as kx
from k8sexpose.router.route import NODE
from k8sexpose.router.rule_trace import RuleStep
from tests.conformance import rules as recorded
from tests.kubeproxy.test_rules import SCENARIOS
from tests.router.helpers import CLIENT, cluster_with

MODES = ("iptables", "nftables")
CLIENTS = (CLIENT, "node/node-1", "pod/web-1", "10.244.2.99")
SPECS = {
    "Cluster": {},
    "Local": {"externalTrafficPolicy": "Local"},
    "internal Local": {"internalTrafficPolicy": "Local"},
    "sticky": {"sessionAffinity": "ClientIP"},
    "load balancer": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
    "guarded": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24"]},
}
TARGETS = ("web", "10.96.0.9:80", "10.0.0.1:30080", "10.0.0.2:30080", "10.0.0.1:9", "10.96.0.9:7", "10.244.1.2:8080")


def traced(mode: str, per_node: list[int], spec: dict[str, object]) -> kx.Cluster:
    return cluster_with(per_node, spec, proxy=kx.ProxyConfig(mode=mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("per_node", [[2, 1, 0], [0, 1, 0], [0, 0, 0]], ids=str)
@pytest.mark.parametrize("spec", SPECS)
def test_every_way_has_its_rules(mode: str, per_node: list[int], spec: str) -> None:
    cluster = traced(mode, per_node, SPECS[spec])
    if not any(per_node):
        cluster.deploy("other", per_node=[1], port=1)
    for target in TARGETS:
        for client in CLIENTS:
            if client == "pod/web-1" and per_node[0] == 0 and per_node[1] == 0:
                continue
            for route in ways(cluster, target, client):
                check(cluster, route)


def ways(cluster: kx.Cluster, target: str, client: str) -> tuple[kx.Route, ...]:
    try:
        return kx.routes(cluster, target, client)
    except kx.NotExposed:
        return ()


def check(cluster: kx.Cluster, route: kx.Route) -> None:
    """The rules that decided say what the hops say."""
    trace = kx.trace(cluster, route)
    for hop in route.hops:
        if hop.kind != NODE or hop.at not in cluster.store.nodes:
            continue
        steps = [step for step in trace.steps if step.node == hop.at]
        decided = [step.rule for step in steps if step.decided]
        if hop.new_dst is not None:
            assert len(decided) == 1, (route, decided)
            ip, _, port = hop.new_dst.rpartition(":")
            assert f"{ip}:{port}" in decided[0] or f"{ip} . {port}" in decided[0]
            assert any(map(masquerades, steps)) is hop.action.startswith("DNAT, SNAT:"), (route, steps)
        elif hop.action in ("REJECT", "DROP"):
            assert len(decided) == 1, (route, decided)
            assert hop.action in decided[0].upper() or "vmap" in decided[0]
        elif hop.action == "forwarded":
            assert decided == [], (route, decided)


def masquerades(step: RuleStep) -> bool:
    return step.matched and ("-j MASQUERADE" in step.rule or "masquerade fully-random" in step.rule)


@pytest.mark.parametrize("mode", MODES)
def test_a_target_is_asked_without_being_sent(mode: str) -> None:
    cluster = traced(mode, [1, 1], {"sessionAffinity": "ClientIP"})
    first = kx.trace(cluster, "10.0.0.1:30080", seed=3)
    assert (cluster.sends, cluster.affinity) == (0, {})
    assert first.route == kx.send(cluster, "10.0.0.1:30080", seed=3)
    assert str(kx.trace(cluster, first.route)) == str(first)


@pytest.mark.parametrize("mode", MODES)
def test_affinity_and_chance_are_told_apart(mode: str) -> None:
    cluster = traced(mode, [2, 2], {"sessionAffinity": "ClientIP"})
    first = kx.send(cluster, "10.0.0.1:30080", seed=1)
    second = kx.send(cluster, "10.0.0.1:30080", seed=2)
    assert first.pod == second.pod
    by_chance, remembered = kx.trace(cluster, first), kx.trace(cluster, second)
    chances = [step.probability for step in by_chance.matched if step.probability != 1]
    assert chances in ([Fraction(1, n)] for n in (2, 3, 4)) or mode == "iptables"
    assert all(step.probability == 1 for step in remembered.matched)
    word = "--rcheck" if mode == "iptables" else "ip saddr @affinity-"
    assert any(word in step.rule for step in remembered.matched)
    assert not any(word in step.rule for step in by_chance.matched)


def test_the_chances_along_the_way_multiply_to_one_in_all_endpoints() -> None:
    cluster = traced("iptables", [2, 2], {})
    seen = set()
    for route in kx.routes(cluster, "10.0.0.1:30080", CLIENT):
        share = Fraction(1)
        for step in kx.trace(cluster, route).steps:
            if "--probability" in step.rule:
                share *= step.probability if step.matched else 1 - step.probability
        assert share == Fraction(1, 4)
        seen.add(route.pod)
    assert len(seen) == 4


def test_the_rules_come_in_the_order_of_the_hooks() -> None:
    cluster = traced("iptables", [0, 1], {})
    route = kx.send(cluster, "10.0.0.1:30080", CLIENT)
    order = list(dict.fromkeys((step.node, step.hook) for step in kx.trace(cluster, route).steps))
    hooks = ["PREROUTING", "FORWARD", "POSTROUTING"]
    assert order == [("node-1", hook) for hook in hooks] + [("node-2", hook) for hook in hooks]
    own = kx.send(cluster, "10.0.0.1:9", "node/node-1")
    assert [hook for _, hook in dict.fromkeys((s.node, s.hook) for s in kx.trace(cluster, own).steps)] == [
        "OUTPUT", "POSTROUTING", "INPUT",
    ]  # fmt: skip


def test_a_pending_load_balancer_is_traced_as_it_will_be() -> None:
    cluster = traced("iptables", [1, 1], {"type": "LoadBalancer"})
    assert not cluster.service("web").load_balancer_ingress
    assert kx.trace(cluster, "web", "pod/web-1").decisions


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("affinity", ["None", "ClientIP"])
def test_a_route_of_another_time_is_refused(mode: str, affinity: str) -> None:
    cluster = traced(mode, [1, 1], {"sessionAffinity": affinity})
    route = next(way for way in kx.routes(cluster, "10.0.0.1:30080", CLIENT) if way.node == "node-2")
    cluster.scale("web", per_node=[1, 0])
    with pytest.raises(ValueError, match=r"10\.244\.2\.2:8080 on node-1, the rules of now to 10\.244\.1\.2:8080"):
        kx.trace(cluster, route)
    cluster.scale("web", per_node=[0, 0])
    with pytest.raises(ValueError, match=r"10\.244\.2\.2:8080 on node-1, the rules of now to none"):
        kx.trace(cluster, route)


def test_ipv6_is_refused() -> None:
    cluster = kx.Cluster(nodes=[kx.Node("node-1", addresses=("2001:db8::1",))])
    with pytest.raises(ValueError, match="IPv4 only"):
        kx.trace(cluster, "[2001:db8::1]:30080", "2001:db8:7::7")


def test_a_node_that_is_down_has_no_rules() -> None:
    cluster = traced("iptables", [1, 1], {})
    cluster.fail("node-1")
    assert kx.trace(cluster, "10.0.0.1:30080", CLIENT).steps == ()


def test_the_table_counts_what_did_not_fit() -> None:
    cluster = recorded.cluster_of(SCENARIOS["ipt-eight-services"], SCENARIOS["ipt-eight-services"]["steps"][0])
    trace = kx.trace(cluster, "10.0.0.1:9", CLIENT)
    rows = list(trace.rows())
    assert any(rule.startswith("… ") for _, _, rule, _ in rows)
    assert len(rows) < len(trace.steps)
    assert "&lt;" not in trace._repr_html_()
    assert "<td" in trace._repr_html_()
    assert str(trace).startswith(f"{len(trace.steps)} rules tried, {len(trace.matched)} matched: refused")
