"""Traffic while something happens: who notices a crash when, what is lost until then, what a rollout costs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.traffic.connections import Connections
from k8sexpose.traffic.path_table import PathRow, PathTable, RequestTarget, read_table
from k8sexpose.traffic.timeline import play
from tests.router.helpers import cluster_with

pytestmark = pytest.mark.slow

LB = {"type": "LoadBalancer"}
LOCAL = LB | {"externalTrafficPolicy": "Local"}
CRASH_S = 20.0


def simulate(cluster: kx.Cluster, **options: Any) -> kx.Traffic:
    return kx.simulate(cluster, "web", **{"service_ms": 1, "rate_rps": 500, "requests": 60_000} | options)


def ok_share(traffic: kx.Traffic, start_s: float, end_s: float) -> float:
    rows = traffic.timeline[(traffic.timeline.t_s >= start_s) & (traffic.timeline.t_s < end_s)]
    return float((rows.ok_share * rows.load_rps).sum() / rows.load_rps.sum())


@pytest.mark.parametrize("policy", [LB, LOCAL])
def test_nothing_happens(policy: dict[str, Any]) -> None:
    """The played cluster is dealt as the standing one: provisioned, and settled."""
    cluster = cluster_with([2, 1, 0], policy)
    played = simulate(cluster, requests=5000, events=(kx.NodeDown("node-1", at_s=1000),))
    assert played.by_pod.expected_share.to_dict() == {
        pod: float(share) for pod, share in kx.shares(cluster, "web").by_pod.items()
    }
    assert played.summary.failed_share == 0
    assert played.changes_s == ()


def test_local_loses_the_share_of_the_node_until_the_load_balancer_notices() -> None:
    """Lesson 4, 5: a crashed node hurts only its own share."""
    cluster = cluster_with([2, 1, 1], LOCAL)
    traffic = simulate(cluster, events=(kx.NodeDown("node-1", at_s=CRASH_S),))
    crash_s, noticed_s = traffic.changes_s[:2]
    # Every 10 s a check, two in a row: 10 to 20 s (facts, prices.md 3).
    assert crash_s == CRASH_S and CRASH_S + 10 <= noticed_s <= CRASH_S + 20
    assert ok_share(traffic, 0, CRASH_S - 1) == 1  # in the last second some were on their way
    assert ok_share(traffic, math.ceil(CRASH_S), math.floor(noticed_s)) == pytest.approx(2 / 3, abs=0.02)
    assert ok_share(traffic, math.ceil(noticed_s), 120) == 1
    lost = (noticed_s - CRASH_S) / 3 / traffic.duration_s
    assert traffic.summary.failed_share == pytest.approx(lost, rel=0.1)
    assert traffic.failed.timeout == round(traffic.summary.failed_share * 60_000)


def test_cluster_loses_the_pods_of_the_node_until_the_control_plane_notices() -> None:
    cluster = cluster_with([1, 1, 1], LB)
    traffic = simulate(cluster, events=(kx.NodeDown("node-1", at_s=CRASH_S),))
    noticed_s = next(at_s for at_s in traffic.changes_s if at_s > CRASH_S)
    # First every way in by the node and every way to its Pod; then only those to the Pod; after 50 s none.
    assert ok_share(traffic, math.ceil(CRASH_S), math.floor(noticed_s)) == pytest.approx(4 / 9, abs=0.03)
    assert ok_share(traffic, math.ceil(noticed_s), CRASH_S + 50) == pytest.approx(2 / 3, abs=0.02)
    assert ok_share(traffic, CRASH_S + 50, 120) == 1
    assert CRASH_S + 50 in traffic.changes_s


def test_a_node_comes_back() -> None:
    cluster = cluster_with([1, 1, 1], LOCAL)
    traffic = simulate(cluster, events=(kx.NodeDown("node-2", at_s=10), kx.NodeUp("node-2", at_s=45)))
    node = traffic.timeline.set_index("t_s")["node-2"]
    assert node[:9].mean() > 100 and node[95:110].mean() > 100
    assert node[11:44].sum() == 0
    healthy_again = max(traffic.changes_s)
    assert 45 + 10 <= healthy_again <= 45 + 20
    assert node[46 : healthy_again - 1].sum() == 0


def test_short_failures_go_unnoticed_by_the_load_balancer() -> None:
    cluster = cluster_with([1, 1, 1], LOCAL)
    traffic = simulate(cluster, events=(kx.NodeDown("node-2", at_s=30), kx.NodeUp("node-2", at_s=34)))
    assert traffic.summary.failed_share == pytest.approx(4 / 3 / traffic.duration_s, rel=0.15)
    assert ok_share(traffic, 35, 120) == 1


def test_requests_on_their_way_are_lost_with_the_node() -> None:
    """A queue of many seconds stands on the node when it crashes: who waits in it gets no answer."""
    cluster = cluster_with([1], LOCAL)
    options = {"requests": 5000, "rate_rps": 200, "service_ms": 10}
    calm = simulate(cluster, **options, events=(kx.NodeDown("node-1", at_s=1000),))
    traffic = simulate(cluster, **options, events=(kx.NodeDown("node-1", at_s=10),))
    # In 10 s 2,000 came and about 1,000 were served.
    assert traffic.by_pod.requests["web-1"] == pytest.approx(1000, rel=0.1)
    assert calm.by_pod.requests["web-1"] == 5000
    assert traffic.failed.sum() + traffic.by_pod.requests.sum() == 5000
    assert max(traffic.latency_ms) < 10_000


def test_the_backlog_is_gone_when_the_node_comes_back() -> None:
    cluster = cluster_with([1], LOCAL)
    crash = (kx.NodeDown("node-1", at_s=10), kx.NodeUp("node-1", at_s=12))
    for workers in (1, 2):
        traffic = simulate(
            cluster, requests=2600 * workers, rate_rps=200 * workers, service_ms=10, workers=workers, events=crash
        )
        assert traffic.latency_ms[-1] < 2000


def test_connections_break_once() -> None:
    """Each client whose connection leads through the dead node loses one request, then connects anew."""
    cluster = cluster_with([1, 1], LOCAL)
    options = {"clients": 100, "requests_per_connection": 10**6, "sticky": False, "requests": 30_000}
    traffic = simulate(cluster, **options, events=(kx.NodeDown("node-2", at_s=10),))
    before = simulate(cluster, **options | {"requests": 5000})
    pinned = before.by_pod.share["web-2"] * 100
    assert traffic.failed.sum() >= 0.8 * pinned
    # Until the load balancer has noticed, half of the new connections fail too; then none.
    assert traffic.failed.sum() < 4 * pinned
    assert ok_share(traffic, 31, 60) == 1


def pinned(per_node: list[int]) -> tuple[Connections, PathTable]:
    """A thousand clients, each with an open connection."""
    table = read_table(cluster_with(per_node, LB), RequestTarget("web"), by_place=True)
    dealer = Connections(clients=1000, per_connection=10**6, seed=0)
    dealer.enter(table)
    return dealer, table


def test_a_broken_connection_costs_one_request_and_a_closed_one_none() -> None:
    everybody, once = np.arange(1000), np.ones(1000, dtype=np.int64)
    for breaks in (True, False):
        dealer, table = pinned([1, 1])
        first, *_ = dealer.follow(everybody, once)
        dead = {k for k, path in enumerate(dealer.paths) if path.node == "node-2"}
        was_on = np.isin(first, list(dead))
        assert 400 < was_on.sum() < 600
        (dealer.cut if breaks else dealer.close)(dead)
        alive = {path: share for path, share in table.paths.items() if dealer.number(path) not in dead}
        dealer.enter(PathTable({path: share / sum(alive.values()) for path, share in alive.items()}))
        (second, *_), (third, *_) = (dealer.follow(everybody, once) for _ in range(2))
        lost = np.array([not dealer.paths[k].delivered for k in second])
        assert (lost == was_on).all() if breaks else not lost.any()
        assert (second[~was_on] == first[~was_on]).all()
        assert all(dealer.paths[k].delivered for k in third)
        assert not np.isin(third, list(dead)).any()


def test_a_crash_breaks_connections_of_clients_that_ask_much_later() -> None:
    """Every client asks about once in 50 s: most learn of the dead connection when all others have forgotten."""
    cluster = cluster_with([1, 1], LOCAL)
    options = {"clients": 100, "requests_per_connection": 10**6, "rate_rps": 2.0, "requests": 2000}
    traffic = simulate(cluster, **options, events=(kx.NodeDown("node-2", at_s=500),))
    assert 40 <= traffic.failed.sum() <= 80
    assert ok_share(traffic, 530, 700) < 1
    short = simulate(cluster, **options | {"requests_per_connection": 1}, events=(kx.NodeDown("node-2", at_s=500),))
    assert ok_share(short, 530, 700) == 1


def test_nodes_remember_their_clients_when_pods_are_added() -> None:
    cluster = cluster_with([2], LB | {"sessionAffinity": "ClientIP"})
    traffic = simulate(cluster, clients=20, events=(kx.Scale("web", at_s=20, replicas=6),))
    assert traffic.by_pod.requests[["web-3", "web-4", "web-5", "web-6"]].sum() == 0
    # One whose Pod goes is dealt anew, and the others stay.
    less = simulate(cluster, clients=20, events=(kx.Scale("web", at_s=60, replicas=1),))
    assert less.summary.failed_share == 0
    assert less.by_pod.requests["web-2"] < less.by_pod.requests["web-1"]


def test_established_connections_outlive_endpoints() -> None:
    """Facts, live.md 18: connections stay with a Pod that is no longer an endpoint, until it is gone."""
    cluster = cluster_with([2], LB)
    options = {"requests": 20_000, "clients": 40, "requests_per_connection": 10**6}
    roll = kx.Rollout("web", at_s=5, interval_s=0, grace_s=20)
    traffic = simulate(cluster, **options, events=(roll,))
    assert traffic.summary.failed_share == 0
    old = traffic.by_pod.requests[["web-1", "web-2"]].sum()
    assert old / 20_000 == pytest.approx(25 / traffic.duration_s, rel=0.03)
    # New connections leave at once.
    short = simulate(cluster, **options | {"requests_per_connection": 1}, events=(roll,))
    old = short.by_pod.requests[["web-1", "web-2"]].sum()
    assert old / 20_000 == pytest.approx(5 / short.duration_s, rel=0.06)


@pytest.mark.parametrize(("grace_s", "lossless"), [(30, True), (5, False)])
def test_rolling_update_under_local(grace_s: float, lossless: bool) -> None:
    """Lesson 5, 4: lossless when the grace period covers the load balancer's checks (interval × threshold).

    The new Pod is on another node: the old node's check says 503 while its Pod still serves.
    """
    cluster = cluster_with([1, 1, 1], LOCAL)
    events = (_Move("web-1", at_s=10, grace_s=grace_s),)
    traffic = simulate(cluster, events=events, requests=30_000)
    assert bool(traffic.failed.sum() == 0) is lossless


class _Move:
    """A Pod ends, and nothing replaces it on its node."""

    def __init__(self, pod: str, at_s: float, grace_s: float) -> None:
        self.pod, self.at_s, self.grace_s = pod, at_s, grace_s

    def do(self, cluster: kx.Cluster) -> None:
        cluster.terminate(self.pod, grace_s=self.grace_s)


def test_udp_flows_are_dealt_anew() -> None:
    udp = {"ports": [{"port": 53, "targetPort": 8080, "nodePort": 30080, "protocol": "UDP"}]}
    tcp = {"ports": [{"port": 53, "targetPort": 8080, "nodePort": 30080}]}
    shares = {}
    for name, ports in (("udp", udp), ("tcp", tcp)):
        cluster = kx.Cluster(nodes=1)
        cluster.deploy("web", per_node=[2], port=8080, protocol=name.upper())
        cluster.apply(
            {
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, **ports},
            }
        )  # fmt: skip
        unready = _Unready("web-1", at_s=5)
        traffic = simulate(cluster, events=(unready,), clients=20, requests_per_connection=10**6, requests=20_000)
        shares[name] = traffic.by_pod.requests["web-1"] / 20_000
    # Facts D.7: a UDP flow leaves an endpoint that no longer serves; a TCP connection stays.
    assert 0.02 < shares["udp"] < 0.1 < 0.3 < shares["tcp"]


class _Unready:
    """A readiness probe fails."""

    def __init__(self, pod: str, at_s: float) -> None:
        self.pod, self.at_s = pod, at_s

    def do(self, cluster: kx.Cluster) -> None:
        cluster.set_ready(self.pod, False)


def test_expected_shares_are_a_mean_over_time() -> None:
    cluster = cluster_with([1, 1], LOCAL)
    traffic = simulate(cluster, events=(kx.Scale("web", at_s=60, per_node=(1, 0)),))
    assert traffic.by_pod.expected_share["web-2"] == pytest.approx(0.25, abs=0.005)
    assert traffic.by_pod.share["web-2"] == pytest.approx(0.25, abs=0.01)


def test_states_in_words() -> None:
    cluster = cluster_with([1, 1], LOCAL)
    states = play(cluster, RequestTarget("web"), (kx.NodeDown("node-1", at_s=5),), 200)
    assert states[0].start_s == 0 and states[-1].end_s == math.inf
    assert all(a.end_s == b.start_s for a, b in pairwise(states))
    assert states[1].crashed == {"node-1"}
    outcomes = [{path.outcome for path in state.table.paths} for state in states]
    assert outcomes[0] == {"delivered"} and outcomes[1] == {"delivered", "timeout"} and outcomes[-1] == {"delivered"}
    assert PathRow("node-1", node="node-2").nodes == {"node-1", "node-2"}


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure", "digitalocean", "linode", "metallb"])
def test_every_provider_notices(provider: str) -> None:
    cluster = cluster_with([1, 1, 1], LOCAL, provider=provider)
    traffic = simulate(cluster, events=(kx.NodeDown("node-1", at_s=CRASH_S),), requests=100_000)
    assert ok_share(traffic, 0, CRASH_S - 1) == 1  # in the last second some were on their way
    assert ok_share(traffic, 150, 200) == 1
    assert 0 < traffic.summary.failed_share < 0.25 or provider == "metallb"


def test_the_timeline_is_complete() -> None:
    traffic = simulate(cluster_with([2, 1, 0], LB))
    assert traffic.timeline.t_s.tolist() == list(range(len(traffic.timeline)))
    complete(traffic)
    crash = simulate(cluster_with([2, 1, 0], LB), service_ms=5, events=(kx.NodeDown("node-1", at_s=30),))
    complete(crash)
    assert crash.failed.sum() > 1000


def complete(traffic: kx.Traffic) -> None:
    lasts_s = traffic.timeline.t_s.diff().shift(-1).fillna(traffic.duration_s - traffic.timeline.t_s.iloc[-1])
    assert (traffic.timeline.load_rps * lasts_s).sum() == pytest.approx(60_000)
    nodes = traffic.timeline[["node-1", "node-2", "node-3"]]
    assert (nodes.mul(lasts_s, axis=0)).sum().tolist() == pytest.approx(traffic.by_node.requests.tolist())
