"""What targets answer to a health check is what the same question, asked another way, is answered.

Each shortcut of `answers` (one node asked for a whole zone, an answer for most targets with exceptions) is compared
with asking every target by itself: with connections from outside, with kube-proxy's own health checks.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cloud.health_checks import (
    CheckAnswers,
    CheckedTargets,
    TargetState,
    announced,
    answers,
    candidates,
    checks_until,
    excluded,
    new_target,
)
from k8sexpose.cloud.probes import HealthCheck
from tests.cloud.helpers import EXCLUDE, manifest

NODES = [f"node-{k}" for k in range(1, 6)]
TO_GO = kx.Taint("ToBeDeletedByClusterAutoscaler", "", "NoSchedule")


def check_of(port: str, path: str = "", number: int = 0, protocol: str = "TCP") -> HealthCheck:
    return HealthCheck(protocol, port, path, 10, 2, 2, number)


def some_cluster(seed: int, family: int = 4) -> kx.Cluster:
    """Five nodes in two zones, some of them closed, about to go, crashed, or with a kube-proxy that has stopped."""
    chance = Random(seed)
    nodes = [
        kx.Node(
            name,
            (f"10.0.0.{k}",) if family == 4 else (f"fd00::{k}",),
            zone=chance.choice(["a", "b"]),
            pod_cidr=f"10.244.{k}.0/24" if family == 4 else f"fd00:10:{k}::/64",
            deleting=chance.random() < 0.2,
            taints=(TO_GO,) if chance.random() < 0.2 else (),
            forwards=chance.random() > 0.25,
        )
        for k, name in enumerate(NODES, 1)
    ]
    ranges = {"pod_cidr": "fd00:10::/32", "service_cidr": "fd00:96::/112"} if family == 6 else {}
    mode = chance.choice(["iptables", "nftables"])
    cluster = kx.Cluster(nodes=nodes, provider="generic", proxy=kx.ProxyConfig(mode=mode), **ranges)
    host_network = chance.random() < 0.2  # then a node has one Pod of them: two would want the same port
    per_node = [chance.choice([0, 0, 1, 1 if host_network else 2]) for _ in NODES]
    cluster.deploy("web", per_node=per_node, port=8080, host_network=host_network)
    cluster.apply(manifest(externalTrafficPolicy=chance.choice(["Cluster", "Local"])))
    cluster.advance(30)
    for pod in cluster.pods:
        if chance.random() < 0.3:
            cluster.set_ready(pod.name, False)
    for name in NODES:
        if chance.random() < 0.2:
            cluster.fail(name)
        elif chance.random() < 0.2:
            cluster.stop_proxy(name)
    if chance.random() < 0.5:
        cluster.scale("web", per_node=[chance.choice([0, 1]) for _ in NODES])
    return cluster


def passing(cluster: kx.Cluster, check: HealthCheck) -> set[str]:
    found = answers(cluster, cluster.service("web"), check)
    return {name for name in NODES if found.of(name)}


@pytest.mark.parametrize("seed", range(60))
def test_a_node_port_passes_where_a_connection_from_outside_can_be_answered(seed: int) -> None:
    cluster = some_cluster(seed, family=4 if seed % 3 else 6)
    port = cluster.service("web").ports[0].node_port
    reached = set()
    for number, name in enumerate(NODES, 1):
        target, client = f"10.0.0.{number}:{port}", "203.0.113.10"
        if not seed % 3:
            target, client = f"[fd00::{number}]:{port}", "2001:db8::9"
        if any(way.delivered for way in kx.routes(cluster, target, client)):
            reached.add(name)
    assert passing(cluster, check_of("node_port")) == reached


@pytest.mark.parametrize("seed", range(20))
def test_kube_proxy_passes_where_it_says_so_itself(seed: int) -> None:
    cluster = some_cluster(seed)
    for path in ("/healthz", "/livez"):
        said = {name for name in NODES if kx.healthz(cluster, node=name, path=path).status == 200}
        assert passing(cluster, check_of("kube_proxy", path)) == said
    assert passing(cluster, check_of("kube_proxy", "")) == passing(cluster, check_of("kube_proxy", "/healthz"))
    assert passing(cluster, check_of("kube_proxy", "/elsewhere")) == set()
    assert passing(cluster, check_of("none")) == set(NODES)


@pytest.mark.parametrize("seed", range(40))
def test_a_health_check_node_port_passes_where_kube_proxy_says_so(seed: int) -> None:
    cluster = some_cluster(seed)
    if cluster.service("web").external_traffic_policy != "Local":
        cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    said = {name for name in NODES if kx.health_check(cluster, "web", node=name).status == 200}
    assert passing(cluster, check_of("health_check_node_port")) == said
    # A load balancer that still asks the port of before meets nobody.
    before = replace(cluster.service("web"), health_check_node_port=31999)
    found = answers(cluster, before, check_of("health_check_node_port"))
    assert not any(found.of(name) for name in NODES)


@pytest.mark.parametrize("seed", range(40))
def test_a_pod_passes_where_it_is_ready_and_its_node_lets_connections_through(seed: int) -> None:
    cluster = some_cluster(seed)
    closed = {node.name for node in cluster.nodes if not node.forwards}
    expected = {
        pod.ip
        for pod in cluster.pods
        if pod.ready and not cluster.is_down(pod.node or "") and (pod.node not in closed or pod.host_network)
    }
    found = answers(cluster, cluster.service("web"), check_of("pod"))
    assert {ip for ip in (pod.ip for pod in cluster.pods) if ip and found.of(ip)} == expected


# -- who announces an address (MetalLB) ----


@pytest.mark.parametrize("seed", range(40))
def test_speakers_live_or_not_and_announce_by_policy_and_endpoints(seed: int) -> None:
    cluster = some_cluster(seed)
    service, speaker = cluster.service("web"), check_of("speaker", protocol="memberlist")
    assert passing(cluster, speaker) == {name for name in NODES if not cluster.is_down(name)}
    ready = {pod.node for pod in cluster.pods if pod.ready}
    dead = {pod.node for pod in cluster.pods if cluster.is_down(pod.node or "")}
    # A dead node keeps announcing until the others miss it: it sees no change.
    if service.external_traffic_policy == "Local":
        expected = ready | dead
    elif ready:
        expected = set(NODES)
    else:
        expected = {name for name in NODES if cluster.is_down(name)} if cluster.pods else set()
    found = announced(cluster, service, speaker)
    assert {name for name in NODES if found.of(name)} == expected
    assert all(announced(cluster, service, check_of("kube_proxy")).of(name) for name in NODES)


@pytest.mark.parametrize(("status", "announces"), [("True", False), ("False", True), ("Unknown", True), (None, True)])
def test_a_node_without_a_network_announces_nothing(status: str | None, announces: bool) -> None:
    conditions = {"Ready": "True"} | ({"NetworkUnavailable": status} if status else {})
    nodes = [kx.Node("node-1", ("10.0.0.1",), conditions=conditions), kx.Node("node-2", ("10.0.0.2",))]
    cluster = kx.Cluster(nodes=nodes, provider="metallb")
    cluster.deploy("web", per_node=[1, 1])
    for policy in ("Cluster", "Local"):
        cluster.apply(manifest(externalTrafficPolicy=policy))
        found = announced(cluster, cluster.service("web"), check_of("speaker"))
        assert [found.of(name) for name in ("node-1", "node-2")] == [announces, True]


# -- which nodes are candidates ----


@pytest.mark.parametrize(
    ("value", "kept_out"),
    [*((no, False) for no in ("0", "f", "F", "false", "False", "FALSE")),
     *((yes, True) for yes in ("", "1", "true", "True", "fALSE", "no"))],
)  # fmt: skip
def test_the_label_that_keeps_a_node_out_is_read_as_go_reads_a_bool(value: str, kept_out: bool) -> None:
    assert excluded({EXCLUDE: value}) is kept_out
    assert not excluded({"another": value})


def test_candidates_are_the_nodes_that_stay_and_are_not_kept_out() -> None:
    nodes = [
        kx.Node("a", ("10.0.0.1",)), kx.Node("b", ("10.0.0.2",), labels={EXCLUDE: ""}),
        kx.Node("c", ("10.0.0.3",), deleting=True), kx.Node("d", ("10.0.0.4",), taints=(TO_GO,)),
        kx.Node("e", ("10.0.0.5",), conditions={"Ready": "False"}, unschedulable=True),
    ]  # fmt: skip
    assert candidates(kx.Cluster(nodes=nodes)) == ("a", "e")


# -- which port a check of the nodePort asks ----


def two_ports() -> kx.Cluster:
    cluster = kx.Cluster(nodes=2, provider="generic")
    cluster.deploy("web", per_node=[1, 0], port=8080)
    ports: list[dict[str, Any]] = [
        {"name": "a", "port": 80, "targetPort": 8080, "nodePort": 30080},
        {"name": "b", "port": 81, "targetPort": 9999, "nodePort": 30081},  # nobody listens there
    ]
    cluster.apply(manifest(ports=ports))
    return cluster


@pytest.mark.parametrize(("number", "passes"), [(0, True), (30080, True), (30081, False), (30082, False)])
def test_a_check_of_the_node_port_asks_the_first_port_or_the_one_that_is_named(number: int, passes: bool) -> None:
    found = answers(two_ports(), two_ports().service("web"), check_of("node_port", number=number))
    assert [found.of(name) for name in ("node-1", "node-2")] == [passes, passes]


@pytest.mark.parametrize(("protocol", "status", "passes"), [
    ("HTTP", 200, True), ("HTTP", 503, False), ("HTTPS", 503, False), ("TCP", 503, True),
])  # fmt: skip
def test_a_check_by_http_wants_status_200_and_one_by_tcp_does_not(protocol: str, status: int, passes: bool) -> None:
    cluster = two_ports()
    pod = replace(cluster.pods[0], answers={"/ready": status})
    cluster.store.put_pod(pod)
    for port, name in (("node_port", "node-2"), ("pod", pod.ip)):
        found = answers(cluster, cluster.service("web"), check_of(port, "/ready", protocol=protocol))
        assert found.of(str(name)) is passes


# -- states over time ----

CHECK = HealthCheck("HTTP", "kube_proxy", "/", 10, 3, 2)


@pytest.mark.parametrize(
    ("at_s", "count"), [(4, 0), (5, 0), (14.9, 0), (15, 1), (24.999, 1), (25, 2), (125, 12), (0, 0)]
)
def test_the_first_check_comes_an_interval_after_the_start(at_s: float, count: int) -> None:
    assert checks_until(5, CHECK, at_s) == count


def test_checks_are_counted_without_the_rounding_of_floats() -> None:
    tenth = replace(CHECK, interval_s=0.1)
    assert [checks_until(0, tenth, k * 0.1) for k in range(50)] == list(range(50))


@pytest.mark.parametrize(("first_passes", "at_s"), [(0, 0), (1, 110), (2, 120)])
def test_a_new_target_gets_connections_after_so_many_checks(first_passes: int, at_s: int) -> None:
    """By default a target needs two answers to become healthy; of a new one a provider may want fewer."""
    made = new_target(CHECK, first_passes, 100)
    assert (made.healthy, made.since_s, made.streak) == (False, 100, 2 - first_passes)
    flips = made.flips_at_s(True, CHECK, start_s=100, now_s=100)
    assert flips == 100 + 10 * first_passes == 100 + (at_s - 100 if at_s else 0)
    assert made.flips_at_s(False, CHECK, start_s=100, now_s=100) is None


def test_new_targets_wait_at_the_beginning_and_when_the_list_grows() -> None:
    first = CheckedTargets.wire(("a",), CHECK, CheckAnswers(True), 100, 1)
    assert first.healthy == () and first.last_flip_s == 100
    assert first.next_flip_s(CheckAnswers(True), 100) == 110
    on = first.after(CheckAnswers(True), 100, 111)
    assert on.state("a") == TargetState(True, 110) and on.healthy == ("a",) and on.last_flip_s == 110
    grown = on.rewired(("a", "b"), CHECK, CheckAnswers(True), 111, 2)
    assert grown.healthy == ("a",) and grown.state("b") == TargetState(False, 111, 0)
    assert grown.next_flip_s(CheckAnswers(True), 111) == 130  # the checks at 120 and 130


@pytest.mark.parametrize(("healthy", "passes", "streak", "flips_s"), [
    (True, True, 0, None), (False, False, 1, None), (True, False, 0, 50), (True, False, 2, 30),
    (False, True, 0, 40), (False, True, 1, 30),
])  # fmt: skip
def test_when_a_state_flips(healthy: bool, passes: bool, streak: int, flips_s: float | None) -> None:
    """Three checks against it take a target out, two bring it back; from 23 s on they come at 30, 40, 50 s."""
    state = TargetState(healthy, 0, streak)
    assert state.flips_at_s(passes, CHECK, start_s=0, now_s=23) == flips_s
    if flips_s is not None:
        just_before = state.after(passes, CHECK, start_s=0, since_s=23, until_s=flips_s - 1)
        then = state.after(passes, CHECK, start_s=0, since_s=23, until_s=flips_s)
        assert just_before.healthy is healthy and then == TargetState(passes, flips_s)


def test_one_good_answer_ends_a_streak_and_no_check_ends_none() -> None:
    failing = TargetState(True, 0, 2)
    assert failing.after(True, CHECK, start_s=0, since_s=21, until_s=29) == failing
    assert failing.after(True, CHECK, start_s=0, since_s=21, until_s=30) == TargetState(True, 0, 0)
    assert failing.after(False, CHECK, start_s=0, since_s=21, until_s=29) == failing


def test_targets_that_agree_with_the_others_are_not_kept_by_name() -> None:
    """The state of thousands of nodes is one state; only exceptions have a name."""
    found = CheckedTargets.wire(("a", "b", "c"), CHECK, CheckAnswers(True, frozenset({"b"})), 0)
    assert (found.healthy, dict(found.named)) == (("a", "c"), {"b": TargetState(False, 0)})
    assert found.after(CheckAnswers(True, frozenset({"b"})), 0, 100) is found  # at rest
    back = found.after(CheckAnswers(True), 0, 25)
    assert dict(back.named) == {"b": TargetState(True, 20)}
    all_fail = found.after(CheckAnswers(False), 0, 35)
    assert all_fail.healthy == () and all_fail.others == TargetState(False, 30)
    assert dict(all_fail.named) == {"b": TargetState(False, 0)}
    alike = CheckedTargets.wire(("a", "b"), CHECK, CheckAnswers(True), 0).after(CheckAnswers(False), 0, 35)
    assert dict(alike.named) == {}
    assert alike.next_flip_s(CheckAnswers(False), 35) is None
    assert alike.next_flip_s(CheckAnswers(False, frozenset({"a"})), 35) == 50


def test_zones_whose_endpoints_differ_are_asked_one_by_one() -> None:
    """Traffic stays in its zone: where the only Pod of a zone is dead, the nodes of that zone fail, and no others."""
    nodes = [
        kx.Node(f"node-{k}", (f"10.0.0.{k}",), zone="a" if k % 2 else "b", pod_cidr=f"10.244.{k}.0/24")
        for k in range(1, 7)
    ]
    cluster = kx.Cluster(nodes=nodes, provider="generic")
    cluster.deploy("web", per_node=[1, 1, 0, 0, 0, 0], port=8080)
    cluster.apply(manifest(trafficDistribution="PreferClose"))
    cluster.fail("node-1")
    found = answers(cluster, cluster.service("web"), check_of("node_port"))
    port = cluster.service("web").ports[0].node_port
    for number in range(1, 7):
        ways = kx.routes(cluster, f"10.0.0.{number}:{port}", "203.0.113.10")
        assert found.of(f"node-{number}") is any(way.delivered for way in ways) is (number % 2 == 0)


def test_an_endpoint_that_is_no_pod_answers_as_long_as_its_node_does() -> None:
    cluster = kx.Cluster(nodes=2, provider="generic")
    cluster.apply(manifest())
    cluster.apply(
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            "endpoints": [{"addresses": ["192.0.2.9"], "nodeName": "node-1"}],
        }
    )  # fmt: skip
    for down in (False, True):
        found = answers(cluster, cluster.service("web"), check_of("node_port"))
        assert found.of("node-2") is not down
        cluster.fail("node-1")
