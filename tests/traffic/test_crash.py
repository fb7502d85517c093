"""A crash watched: two clocks, and what is lost until both have run."""

from __future__ import annotations

from fractions import Fraction

import pytest

import k8sexpose as kx
from k8sexpose.traffic.crash import Crash, CrashStep
from k8sexpose.widgets.explorers.failover import CrashSetting
from tests.traffic.helpers import NAME, hired


def test_two_clocks() -> None:
    crash = kx.watch_crash(hired(), NAME)
    assert [(step.at_s, step.lost) for step in crash.steps] == [
        (-20, 0), (0, Fraction(5, 9)), (20, Fraction(1, 3)), (50, 0),
    ]  # fmt: skip
    assert [step.lost_hard_coded for step in crash.steps] == [0, 1, 1, 1]
    assert crash.healed_s == 50


def test_an_internal_load_balancer_is_asked_by_a_client_of_its_network() -> None:
    cluster = kx.Cluster(nodes=3, provider="azure")
    cluster.deploy("web", per_node=[1, 1, 1])
    internal = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
    spec = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    metadata = {"name": "web", "annotations": internal}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    cluster.advance(300)
    crash = kx.watch_crash(cluster, "web")
    assert [step.lost for step in crash.steps] == [0, Fraction(5, 9), Fraction(1, 3), 0]


@pytest.mark.parametrize("nodes", [2, 3, 4, 5])
def test_steps_follow_the_formula(nodes: int) -> None:
    steps = kx.watch_crash(hired(per_node=(1,) * nodes), NAME).steps
    share = Fraction(nodes - 1, nodes)
    assert [step.lost for step in steps] == [0, 1 - share * share, 1 - share, 0]


@pytest.mark.parametrize(("interval_s", "healed_s"), [(5, 50), (10, 50), (20, 50), (30, 60), (60, 120)])
def test_the_slower_clock_decides(interval_s: int, healed_s: float) -> None:
    assert CrashSetting(interval_s).crash.healed_s == healed_s


def test_a_provider_that_asks_seldom_is_the_slower_clock() -> None:
    steps = kx.watch_crash(hired("aws", wait_s=300), NAME).steps
    assert [step.lost for step in steps] == [0, Fraction(5, 9), Fraction(1, 3), 0]
    assert "the cluster gives node-1 up" in steps[2].what and "the checks have failed" in steps[3].what


def test_only_its_own_clock_matters_where_no_pod_dies() -> None:
    crash = kx.watch_crash(hired(per_node=(0, 1, 1)), NAME)
    assert [(step.at_s, step.lost) for step in crash.steps] == [(-20, 0), (0, Fraction(1, 3)), (20, 0), (50, 0)]
    assert crash.healed_s == 20 and crash.steps[-1].what == "the cluster gives node-1 up"


def test_who_notices_is_told_while_everything_stays_lost() -> None:
    steps = kx.watch_crash(hired(per_node=(3, 0, 0)), NAME).steps
    assert [(step.at_s, step.lost) for step in steps] == [(-20, 0), (0, 1), (20, 1), (50, 1)]


def test_the_cluster_stays_as_it_is() -> None:
    cluster = hired()
    before = (cluster.now_s, cluster.down, cluster.sends, kx.target_health(cluster, NAME))
    kx.watch_crash(cluster, NAME)
    assert before == (cluster.now_s, cluster.down, cluster.sends, kx.target_health(cluster, NAME))


def test_what_cannot_be_watched() -> None:
    with pytest.raises(kx.NotExposed, match="no address yet"):
        kx.watch_crash(hired(wait_s=0), NAME)
    with pytest.raises(kx.ApiError):
        kx.watch_crash(hired(), "nobody")
    with pytest.raises(Exception, match="node-9"):
        kx.watch_crash(hired(), NAME, "node-9")


def test_no_node_port_and_no_end() -> None:
    cluster = kx.Cluster(nodes=3, provider="gcp")
    cluster.deploy("api-backend", per_node=[3, 0, 0])
    spec = {
        "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "selector": {"app": "api-backend"},
        "ports": [{"port": 80, "targetPort": 8080}],
    }  # fmt: skip
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    cluster.advance(120)
    crash = kx.watch_crash(cluster, "web")
    assert all(step.lost_hard_coded == 1 for step in crash.steps) and crash.healed_s is None
    assert "<table" in crash._repr_html_() and "100%" in repr(crash)


def test_a_crash_is_a_value() -> None:
    step = CrashStep(0, "x", Fraction(0), Fraction(1))
    assert Crash("default/web", "n", 1, 2, (step,)) == Crash("default/web", "n", 1, 2, (step,))
