"""Health checks over time: who is asked, when a node leaves and comes back, and what clients lose until then."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.cloud.front_door import front_door
from k8sexpose.cloud.health_checks import CheckAnswers, CheckedTargets, TargetState, answers
from k8sexpose.cloud.load_balancer import TargetHealth, next_flip_s
from k8sexpose.cloud.probes import HealthCheck
from tests.cloud.helpers import TYPE, address, manifest, stand


def lost_over_time(cluster: kx.Cluster, target: str, seconds: int, step_s: int = 5) -> list[tuple[int, Fraction]]:
    """When the lost share changes, and to what."""
    found: list[tuple[int, Fraction]] = []
    for at_s in range(0, seconds + 1, step_s):
        lost = kx.shares(cluster, target).lost
        if not found or found[-1][1] != lost:
            found.append((at_s, lost))
        cluster.advance(step_s)
    return found


def test_the_crash_of_lesson_2() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    target = address(cluster)
    cluster.fail("node-1")
    assert lost_over_time(cluster, target, 80) == [(0, Fraction(5, 9)), (20, Fraction(1, 3)), (50, Fraction(0))]


@pytest.mark.parametrize("interval_s", [5, 10, 20])
def test_another_interval(interval_s: int) -> None:
    cluster = stand([1, 1, 1], kx.provider("generic", health_check_interval_s=interval_s))
    cluster.advance(30)
    target = address(cluster)
    cluster.fail("node-1")
    [(_, _), (at_s, lost), *_] = lost_over_time(cluster, target, 60)
    assert lost == Fraction(1, 3) and interval_s <= at_s <= 2 * interval_s


def test_the_client_that_wrote_an_address_down_stays_cut_off() -> None:
    cluster = stand([1, 1, 1])
    port = cluster.service("web").ports[0].node_port
    cluster.fail("node-1")
    cluster.advance(500)
    assert kx.shares(cluster, f"10.0.0.1:{port}").lost == 1


def test_a_node_that_comes_back_is_used_again() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    cluster.fail("node-1")
    cluster.advance(60)
    assert [target.healthy for target in kx.target_health(cluster, "web")] == [False, True, True]
    cluster.recover("node-1")
    cluster.advance(19)
    assert "node-1" not in kx.entries(cluster, address(cluster))
    cluster.advance(1)
    assert kx.target_health(cluster, "web")[0] == TargetHealth("node-1", True, 110.0)


def test_on_linode_the_targets_of_a_udp_port_stay_in_use() -> None:
    """By default Linode checks none of them (``getHealthCheckType`` in ``cloud/linode/loadbalancers.go``, b9aa901)."""
    cluster = kx.Cluster(nodes=2, provider="linode")
    cluster.deploy("web", per_node=[1, 0], port=5353, protocol="UDP")
    cluster.apply(manifest(ports=[{"port": 53, "targetPort": 5353, "protocol": "UDP"}]))
    cluster.advance(300)
    assert [target.healthy for target in kx.target_health(cluster, "web")] == [True, True]


def test_one_failed_check_is_not_enough() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    for _ in range(5):
        cluster.fail("node-1")
        cluster.advance(10)
        cluster.recover("node-1")
        cluster.advance(10)
    assert all(target.healthy for target in kx.target_health(cluster, "web"))


def test_local_nodes_without_pods_get_nothing_and_before_the_check_notices_it_times_out() -> None:
    cluster = stand([1, 1, 0], externalTrafficPolicy="Local")
    cluster.advance(30)
    target = address(cluster)
    assert (
        kx.entries(cluster, target)
        == kx.entries(cluster, "web")
        == {"node-1": Fraction(1, 2), "node-2": Fraction(1, 2)}
    )
    cluster.scale("web", per_node=[0, 2, 0])
    assert kx.shares(cluster, "web").lost == 0  # a name asks about the finished state
    assert {route.outcome for route in kx.routes(cluster, target)} == {"delivered", "timeout"}
    assert lost_over_time(cluster, target, 40) == [(0, Fraction(1, 2)), (20, Fraction(0))]


def test_until_the_controller_points_the_check_elsewhere_it_asks_a_closed_port() -> None:
    cluster = stand([1, 0], "azure", externalTrafficPolicy="Local")
    cluster.advance(200)
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    # Azure takes 20 s for a change, and two checks of 5 s to give a node up, or to take it back.
    assert lost_over_time(cluster, address(cluster), 40) == [(0, 0), (10, 1), (30, 0)]


def test_whom_the_check_asks() -> None:
    asked = {}
    for policy in ("Cluster", "Local"):
        for provider in ("generic", "azure"):
            cluster = stand([1], provider, externalTrafficPolicy=policy)
            check = front_door(cluster, cluster.service("web")).check
            asked[provider, policy] = check.port if check else ""
    assert asked == {
        ("generic", "Cluster"): "kube_proxy",
        ("azure", "Cluster"): "node_port",
        ("generic", "Local"): "health_check_node_port",
        ("azure", "Local"): "health_check_node_port",
    }


def test_a_stopped_kube_proxy_leaves_the_pool() -> None:
    cluster = stand([1, 1])
    cluster.advance(30)
    cluster.stop_proxy("node-1")
    cluster.advance(20)
    assert kx.entries(cluster, address(cluster)) == {"node-2": 1}


@pytest.mark.parametrize(
    ("provider", "outcomes"),
    [("generic", {"timeout"}), ("aws", {"reset"}), ("azure", {"timeout"}), ("linode", {"reset"})],
)
def test_none_healthy_none_served(provider: str, outcomes: set[str]) -> None:
    cluster = stand([1, 1], provider, externalTrafficPolicy="Local")
    cluster.advance(200)
    cluster.scale("web", replicas=0)
    cluster.advance(200)
    target = address(cluster)
    assert kx.entries(cluster, target) == {}
    assert {route.outcome for route in kx.routes(cluster, target)} == outcomes


@pytest.mark.parametrize(("provider", "annotations"), [("gcp", {}), ("aws", {TYPE: "nlb"})])
def test_none_healthy_all_served(provider: str, annotations: dict[str, str]) -> None:
    cluster = stand([1, 1], provider, annotations, externalTrafficPolicy="Local")
    cluster.advance(300)
    cluster.scale("web", replicas=0)
    cluster.advance(300)
    assert not any(target.healthy for target in kx.target_health(cluster, "web"))
    assert set(kx.entries(cluster, address(cluster))) == {"node-1", "node-2"}
    assert {route.outcome for route in kx.routes(cluster, address(cluster))} == {"refused"}


def test_a_connect_to_the_node_port_is_answered_by_any_pod() -> None:
    cluster = stand([1, 0, 0], "linode")
    cluster.advance(100)
    assert all(target.healthy for target in kx.target_health(cluster, "web"))
    cluster.set_ready("web-1", False)
    cluster.advance(10)
    assert not any(target.healthy for target in kx.target_health(cluster, "web"))


def healthy(cluster: kx.Cluster) -> dict[str, bool]:
    return {target.name: target.healthy for target in kx.target_health(cluster, "web")}


def test_a_crashed_node_without_pods_of_its_own_fails_a_check_of_the_node_port() -> None:
    cluster = stand([1, 0, 0, 0, 0], "linode")  # node-2 and node-5 are in one zone
    cluster.advance(100)
    cluster.fail("node-2")
    cluster.advance(20)
    assert healthy(cluster) == {"node-1": True, "node-2": False, "node-3": True, "node-4": True, "node-5": True}


def test_a_node_whose_kube_proxy_stopped_answers_a_check_of_the_node_port_by_its_old_rules() -> None:
    cluster = stand([0, 0, 0, 0, 0], "linode")
    cluster.advance(100)
    cluster.stop_proxy("node-2")
    cluster.scale("web", per_node=[1, 0, 0, 0, 0])
    cluster.advance(60)
    assert healthy(cluster) == {"node-1": True, "node-2": False, "node-3": True, "node-4": True, "node-5": True}
    cluster.start_proxy("node-2")
    cluster.advance(60)
    assert all(healthy(cluster).values())


def test_answers_are_asked_anew_when_cluster_or_service_have_changed() -> None:
    cluster = stand([1, 1], "linode")
    cluster.advance(100)
    service = cluster.service("web")
    check = HealthCheck("TCP", "node_port", "", 10, 3, 3)
    assert [answers(cluster, service, check).of(name) for name in ("node-1", "node-2")] == [True, True]
    cluster.fail("node-2")
    assert [answers(cluster, service, check).of(name) for name in ("node-1", "node-2")] == [True, False]
    cluster.recover("node-2")
    closed = replace(service, ports=(replace(service.ports[0], node_port=31999),))
    assert [answers(cluster, closed, check).of(name) for name in ("node-1", "node-2")] == [False, False]
    assert [answers(cluster, service, check).of(name) for name in ("node-1", "node-2")] == [True, True]
    # One Service, two checks: each has its own answers.
    pods = HealthCheck("TCP", "pod", "", 10, 3, 3)
    assert answers(cluster, service, pods).of("10.244.1.2") and not answers(cluster, service, pods).of("node-1")


@pytest.mark.parametrize("mode", ["l2", "bgp"])
def test_metallb_announces_no_address_without_a_ready_endpoint(mode: str) -> None:
    cluster = stand([1, 0], kx.provider("metallb", mode=mode))
    cluster.advance(120)
    assert set(kx.entries(cluster, address(cluster))) <= {"node-1", "node-2"}
    assert kx.entries(cluster, address(cluster))
    cluster.set_ready("web-1", False)
    cluster.advance(120)
    assert not any(healthy(cluster).values())
    assert kx.entries(cluster, address(cluster)) == {}
    cluster.set_ready("web-1", True)
    cluster.advance(120)
    assert all(healthy(cluster).values())
    cluster.fail("node-2")
    cluster.advance(120)
    assert healthy(cluster) == {"node-1": True, "node-2": False}


def test_a_new_target_counts_as_its_first_check_finds_it_and_an_old_one_keeps_its_state() -> None:
    check = HealthCheck("HTTP", "kube_proxy", "/", 10, 2, 2)
    targets = CheckedTargets.wire(("a", "b"), check, CheckAnswers(True, frozenset({"b"})), 0)
    later = targets.rewired(("a", "b", "c", "d"), check, CheckAnswers(True, frozenset({"a", "c"})), 7)
    # a passed and now fails: two checks are needed; b failed and now passes, likewise; c and d are new.
    assert [later.state(name) for name in "abcd"] == [
        TargetState(True, 0), TargetState(False, 0), TargetState(False, 7), TargetState(True, 0),
    ]  # fmt: skip
    assert later.healthy == ("a", "d")
    gone = later.rewired(("a",), check, CheckAnswers(True), 9)
    assert gone.healthy == ("a",)
    back = gone.rewired(("a", "b"), check, CheckAnswers(True), 11)
    assert back.state("b").healthy


def test_checks_cost_no_steps_of_the_clock() -> None:
    cluster = kx.Cluster(nodes=5000, pod_cidr="10.128.0.0/10")
    cluster.deploy("web", per_node=[1, 1, 1])
    cluster.apply(manifest())
    cluster.advance(30)
    cluster.fail("node-4000")
    assert len(cluster.clock.queue) == 2  # the node controller's
    cluster.advance(3600)
    [balancer] = cluster.load_balancers.values()
    assert balancer.targets is not None and len(balancer.targets.named) == 1
    assert len(kx.entries(cluster, address(cluster))) == 4999


@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=8),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_states_are_those_of_checking_one_by_one(
    stretches: list[tuple[int, bool]], interval_s: int, unhealthy: int, healthy: int
) -> None:
    check = HealthCheck("HTTP", "kube_proxy", "/", interval_s, unhealthy, healthy)
    targets = CheckedTargets.wire(("n", "m"), check, CheckAnswers(True), 0)
    state, since_s, streak, now_s = True, 0, 0, 0
    for seconds, passes in stretches:
        targets = targets.after(CheckAnswers(True, frozenset() if passes else frozenset({"n"})), now_s, now_s + seconds)
        for at_s in range(now_s + 1, now_s + seconds + 1):
            if at_s % interval_s == 0:
                streak = streak + 1 if passes is not state else 0
                if streak >= (unhealthy if state else healthy):
                    state, since_s, streak = passes, at_s, 0
        now_s += seconds
    assert targets.state("n") == TargetState(state, since_s, streak)
    assert targets.state("m") == TargetState(True, 0)


def test_next_flip_is_when_it_flips() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(33)
    assert next_flip_s(cluster) is None
    cluster.fail("node-2")
    flip_s = next_flip_s(cluster)
    assert flip_s == 50
    cluster.advance(flip_s - cluster.now_s - 0.5)
    assert kx.target_health(cluster, "web")[1].healthy
    cluster.advance(0.5)
    assert kx.target_health(cluster, "web")[1] == TargetHealth("node-2", False, 50.0)


def test_the_next_flip_is_the_first_of_several() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(33)
    cluster.fail("node-2")
    cluster.advance(8)
    cluster.fail("node-3")  # between the first failed check of node-2 and the second
    assert next_flip_s(cluster) == 50


def test_a_stopped_kube_proxy_answers_no_check_of_local() -> None:
    cluster = stand([1, 1], externalTrafficPolicy="Local")
    cluster.advance(30)
    cluster.stop_proxy("node-1")
    cluster.advance(20)
    assert healthy(cluster) == {"node-1": False, "node-2": True}


def test_a_node_that_forwards_nothing_answers_for_a_pod_in_its_own_network() -> None:
    nodes = [kx.Node(f"node-{k}", (f"10.0.0.{k}",), forwards=k != 2) for k in (1, 2)]
    cluster = kx.Cluster(nodes=nodes, provider="linode")
    cluster.deploy("web", per_node=[0, 1], host_network=True)
    cluster.apply(manifest())
    cluster.advance(100)
    assert healthy(cluster) == {"node-1": True, "node-2": True}
    cluster.scale("web", per_node=[1, 0])  # now it would have to forward
    cluster.advance(100)
    assert healthy(cluster) == {"node-1": True, "node-2": False}


@pytest.mark.parametrize(("ip", "down"), [("192.0.2.9", False), ("10.0.0.2", True)])
def test_an_endpoint_that_is_no_pod_answers_unless_it_is_a_node_that_has_crashed(ip: str, down: bool) -> None:
    cluster = stand([0, 0], "linode")
    cluster.apply(
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}], "endpoints": [{"addresses": [ip]}],
        }
    )  # fmt: skip
    cluster.advance(100)
    assert healthy(cluster) == {"node-1": True, "node-2": True}
    cluster.fail("node-2")
    cluster.advance(40)
    assert healthy(cluster) == {"node-1": not down, "node-2": False}
