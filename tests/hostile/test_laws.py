"""Odd orders of verbs: after each of them the laws of a cluster hold, whatever was refused on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import k8sexpose as kx
from k8sexpose.kubectl import run

pytestmark = pytest.mark.slow

NODES = st.sampled_from(["node-1", "node-2", "node-3"])
APPS = st.sampled_from(["a", "b"])
SECONDS = st.sampled_from([0, 1, 7.5, 30, 60, 400, -1, float("nan"), float("inf"), 1e300])
COUNTS = st.integers(-1, 3)
POLICIES = st.sampled_from(["Cluster", "Local"])
REFUSED = (ValueError, kx.ApiError)


def service(name: str, policy: str) -> dict[str, Any]:
    spec = {"type": "LoadBalancer", "selector": {"app": name}, "externalTrafficPolicy": policy,
            "ports": [{"port": 80, "targetPort": 8080}]}  # fmt: skip
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


class Verbs(RuleBasedStateMachine):
    """Verbs in any order, sound and unsound."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = kx.Cluster(nodes=3)
        self.last_s = 0.0

    def do(self, verb: Callable[[], object]) -> None:
        """Call a verb; a refusal leaves everything as it was."""
        before = self.cluster.snapshot(), self.cluster.now_s, list(self.cluster.clock.queue)
        try:
            verb()
        except REFUSED:
            assert (self.cluster.now_s, self.cluster.clock.queue) == before[1:]
            assert {k: v for k, v in self.cluster.snapshot().items() if k != "changes"} == {
                k: v for k, v in before[0].items() if k != "changes"
            }

    @rule(app=APPS, counts=st.lists(COUNTS, max_size=4))
    def deploy(self, app: str, counts: list[int]) -> None:
        self.do(lambda: self.cluster.deploy(app, per_node=counts))

    @rule(app=APPS, replicas=COUNTS)
    def scale(self, app: str, replicas: int) -> None:
        self.do(lambda: self.cluster.scale(app, replicas=replicas))

    @rule(app=APPS, interval_s=SECONDS, grace_s=SECONDS)
    def rollout(self, app: str, interval_s: float, grace_s: float) -> None:
        self.do(lambda: self.cluster.rollout(app, interval_s=interval_s, grace_s=grace_s))

    @rule(app=APPS, policy=POLICIES)
    def apply(self, app: str, policy: str) -> None:
        self.do(lambda: self.cluster.apply(service(app, policy)))

    @rule(app=APPS)
    def delete(self, app: str) -> None:
        self.do(lambda: self.cluster.delete(app))

    @precondition(lambda self: self.cluster.pods)
    @rule(data=st.data(), grace_s=SECONDS)
    def terminate(self, data: st.DataObject, grace_s: float) -> None:
        name = data.draw(st.sampled_from([pod.name for pod in self.cluster.pods]))
        self.do(lambda: self.cluster.terminate(name, grace_s=grace_s))

    @precondition(lambda self: self.cluster.pods)
    @rule(data=st.data(), ready=st.booleans())
    def set_ready(self, data: st.DataObject, ready: bool) -> None:
        name = data.draw(st.sampled_from([pod.name for pod in self.cluster.pods]))
        self.do(lambda: self.cluster.set_ready(name, ready))

    @rule(node=NODES, verb=st.sampled_from(["fail", "recover", "stop_proxy", "start_proxy"]))
    def luck(self, node: str, verb: str) -> None:
        self.do(lambda: getattr(self.cluster, verb)(node))

    @rule(seconds=SECONDS)
    def advance(self, seconds: float) -> None:
        self.do(lambda: self.cluster.advance(seconds))

    @invariant()
    def the_clock_never_goes_back(self) -> None:
        assert self.cluster.now_s >= self.last_s and self.cluster.api.now_s <= self.cluster.now_s
        assert all(at_s >= self.cluster.now_s for at_s, _, _ in self.cluster.clock.queue)
        self.last_s = self.cluster.now_s

    @invariant()
    def no_number_and_no_address_is_given_twice(self) -> None:
        ports = [port.node_port for one in self.cluster.services for port in one.ports if port.node_port]
        addresses = [pod.ip for pod in self.cluster.pods if pod.ip]
        assert len(ports) == len(set(ports)) and len(addresses) == len(set(addresses))

    @invariant()
    def shares_are_parts_of_the_whole(self) -> None:
        """Together 1; only a Pod that is there, on a node that lives, answers; under Local nothing hops from outside."""
        for one in self.cluster.services:
            if one.type != "LoadBalancer":
                continue
            for node in self.cluster.nodes:
                target = f"{node.internal_ip}:{one.ports[0].node_port}"
                found = kx.shares(self.cluster, target)
                assert sum(found.by_pod.values(), Fraction(0)) + found.lost == 1
                for name, part in found.by_pod.items():
                    if part:
                        pod = self.cluster.pod(name)
                        assert pod.node not in self.cluster.down
                if one.external_traffic_policy == "Local" and not self.cluster.stopped_proxies:
                    assert found.extra_hop == 0


TestVerbs = Verbs.TestCase
TestVerbs.settings = settings(
    max_examples=settings().max_examples // 3, stateful_step_count=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


# -- dump and back -----------------------------------------------------------------------------------------------------

ZONES = st.sampled_from([None, "a", "b", "eu-west-1a"])


@st.composite
def nodes(draw: st.DrawFn) -> list[kx.Node]:
    """Nodes made by hand: with and without zone, label, external address, podCIDR."""
    found = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        zone = draw(ZONES)
        labels = draw(st.sampled_from([{}, {"disk": "ssd"}, {"topology.kubernetes.io/zone": zone or "c"}]))
        external = draw(st.sampled_from([None, f"192.0.2.{number}"]))
        pod_cidr = draw(st.sampled_from([None, f"10.200.{number}.0/24"]))
        found.append(kx.Node(f"node-{number}", (f"10.0.0.{number}",), external, zone, pod_cidr, labels))
    return found


@given(made=nodes(), policy=POLICIES, near=st.sampled_from([None, "PreferSameZone", "PreferSameNode"]), data=st.data())
def test_what_the_model_writes_it_can_read(made: list[kx.Node], policy: str, near: str | None, data: st.DataObject) -> None:  # fmt: skip
    cluster = kx.Cluster(nodes=made)
    cluster.deploy("a", per_node=data.draw(st.lists(st.integers(0, 2), max_size=len(made))))
    wanted = service("a", policy)
    cluster.apply({**wanted, "spec": {**wanted["spec"], **({"trafficDistribution": near} if near else {})}})
    cluster.advance(120)
    twin = kx.Cluster.from_json(run(cluster, "get nodes,pods,services,endpointslices -A -o json").stdout)
    assert [(n.name, n.zone, n.external_ip, n.pod_cidr) for n in twin.nodes] == [
        (n.name, n.zone, n.external_ip, n.pod_cidr) for n in cluster.nodes
    ]
    assert not twin.left_out
    for node in made:
        asked = f"{node.internal_ip}:{cluster.service('a').ports[0].node_port}"
        before, after = kx.shares(cluster, asked), kx.shares(twin, asked)
        assert (before.by_pod, before.lost, before.extra_hop) == (after.by_pod, after.lost, after.extra_hop)
        for client in ("203.0.113.7", f"node/{node.name}"):
            with contextlib.suppress(kx.NotExposed):
                assert kx.shares(cluster, asked, client).by_pod == kx.shares(twin, asked, client).by_pod


@pytest.mark.parametrize("kinds", ["svc", "pods", "nodes", "deployments"])
def test_what_get_writes_apply_leaves_as_it_is(kinds: str) -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.deploy("a", per_node=[1, 1])
    cluster.apply(service("a", "Local"))
    cluster.advance(60)
    text = run(cluster, f"get {kinds} -o yaml").stdout
    pods = cluster.pods
    first, second, third = (run(cluster, "apply -f -", text).stdout for _ in range(3))
    assert first and "created" not in first
    assert all(line.endswith(" unchanged") for line in (second + third).splitlines()) and second
    assert cluster.pods == pods
