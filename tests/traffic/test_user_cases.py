"""What people asked in public about traffic (tests/conformance/user-cases.json)."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons import cluster_with, ways_out
from k8sexpose.lessons.skew_and_latency.questions import NAME
from tests.router.test_user_cases import Case

LB = NAME


class _Replaced:
    """web-1 ends on node-a, and web-2 is ready on node-b at once."""

    def __init__(self, case: Case, at_s: float, grace_s: float) -> None:
        self.case, self.at_s, self.grace_s = case, at_s, grace_s

    def do(self, cluster: kx.Cluster) -> None:
        ports = [{"containerPort": 8080}]
        pod = {"name": "web-2", "node": "node-b", "ip": "10.244.2.10", "labels": {"app": "web"}, "ready": True}
        cluster.apply(self.case.pod(pod | {"ports": ports}))
        cluster.terminate("web-1", grace_s=self.grace_s)


@pytest.mark.parametrize("grace_s", [30, 10])
def test_local_rolling_terminating(grace_s: float) -> None:
    """user case local-rolling-terminating: checks every 10 s, two of them decide."""
    case = Case("local-rolling-terminating")
    cluster = case.cluster()
    during = cluster.copy()
    _Replaced(case, 0, grace_s).do(during)
    assert kx.health_check(during, "web", node="node-a").status == 503
    assert {way.pod for way in kx.routes(during, "web", via="node-a")} == {"web-1"}
    traffic = kx.simulate(cluster, "web", requests=6000, rate_rps=100, events=[_Replaced(case, 10, grace_s)])
    lost = traffic.timeline.t_s[traffic.timeline.ok_share < 0.999]
    assert lost.empty if grace_s == 30 else (lost.min(), lost.max()) == (20, 29)
    assert traffic.timeline.ok_share[20:29].max() == (1 if grace_s == 30 else 0)


def test_a_terminating_pod_beside_a_ready_one_gets_nothing() -> None:
    """user case local-rolling-terminating, third line: one ready and one terminating Pod on a node."""
    cluster = cluster_with(2, 0, policy="Local")
    cluster.terminate("api-backend-1", grace_s=30)
    assert {way.pod for way in kx.routes(cluster, LB, via="node-1")} == {"api-backend-2"}


def test_local_weighted_under_load() -> None:
    """user case local-weighted: a load balancer that reads the weights makes Local even."""
    weighted, plain = ways_out(3, 1, 1)["weights"], cluster_with(3, 1, 1, policy="Local")
    hottest = [kx.simulate(c, LB, requests=100_000, clients=100_000).summary.max_over_mean for c in (weighted, plain)]
    assert hottest == pytest.approx([1, 5 / 3], rel=0.03)


def test_affinity_not_shared_between_nodes_under_load() -> None:
    """user case affinity-not-shared-between-nodes: one client, up to a Pod per node; with a sticky one in front, one."""
    cluster = cluster_with(1, 1, 1, sessionAffinity="ClientIP")
    met = [int((kx.simulate(cluster, LB, requests=300, clients=1, seed=k).by_pod.requests > 0).sum()) for k in range(9)]
    assert 1 < max(met) <= 3
    one = kx.simulate(cluster, LB, requests=300, clients=1, sticky=True).by_pod.requests
    assert sorted(one) == [0, 0, 300]


def test_hop_fraction_one_per_node_under_load() -> None:
    """user case hop-fraction-one-per-node: 1 - 1/N, whatever the placement."""
    for per_node in ((1, 1), (1, 1, 1), (3, 0, 0), (10, 10, 10)):
        traffic = kx.simulate(cluster_with(*per_node), LB, requests=50_000, clients=50_000)
        assert traffic.summary.extra_hop_share == pytest.approx(1 - 1 / len(per_node), abs=0.01)
