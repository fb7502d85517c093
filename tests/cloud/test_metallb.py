"""MetalLB: who announces an address when, and what a change of the nodes does to connections that are open."""

from __future__ import annotations

from fractions import Fraction

import pytest

import k8sexpose as kx
from tests.cloud.helpers import address, stand, told

LOCAL = "Local"


def ready(mode: str = "bgp", per_node: tuple[int, ...] = (1, 1, 1), **spec: object) -> kx.Cluster:
    cluster = stand(list(per_node), kx.provider("metallb", mode=mode), **spec)
    cluster.advance(5)
    return cluster


@pytest.mark.parametrize("mode", ["bgp", "l2"])
def test_endpoints_that_go_are_withdrawn_without_a_timer(mode: str) -> None:
    cluster = ready(mode)
    assert kx.entries(cluster, address(cluster))
    cluster.scale("web", replicas=0)
    assert kx.entries(cluster, address(cluster)) == {}
    assert not any(target.healthy for target in kx.target_health(cluster, "web"))
    cluster.scale("web", per_node=[0, 1, 0])
    assert len(kx.entries(cluster, address(cluster))) == (3 if mode == "bgp" else 1)


def test_local_announces_where_pods_are_at_once() -> None:
    cluster = ready(per_node=(2, 1, 0), externalTrafficPolicy=LOCAL)
    half = Fraction(1, 2)
    assert kx.entries(cluster, address(cluster)) == {"node-1": half, "node-2": half}
    cluster.scale("web", per_node=[2, 0, 1])
    assert kx.entries(cluster, address(cluster)) == {"node-1": half, "node-3": half}
    cluster.advance(0.1)
    assert told(cluster)[-1][:4:3] == (5.0, 'announcing from node "node-3" with protocol "bgp"')


def test_another_policy_is_followed_at_once() -> None:
    cluster = ready(per_node=(1, 0, 0))
    assert len(kx.entries(cluster, address(cluster))) == 3
    cluster.patch("web", {"spec": {"externalTrafficPolicy": LOCAL}})
    assert list(kx.entries(cluster, address(cluster))) == ["node-1"]


@pytest.mark.parametrize(("mode", "seconds"), [("bgp", 90), ("l2", 3)])
@pytest.mark.parametrize("policy", ["Cluster", LOCAL])
def test_only_a_dead_speaker_waits_for_its_timer(mode: str, seconds: int, policy: str) -> None:
    cluster = ready(mode, externalTrafficPolicy=policy)
    owner = next(iter(kx.entries(cluster, address(cluster))))
    cluster.fail(owner)
    interval = seconds // 3
    cluster.advance(seconds - interval - 1)
    assert owner in kx.entries(cluster, address(cluster))
    cluster.advance(interval + 2)
    assert owner not in kx.entries(cluster, address(cluster))


def lost_on_a_change(router_hash: str, left: int) -> float:
    """What share of 400 kept connections breaks when Pods under Local leave some of 4 nodes."""
    provider = kx.provider("metallb", mode="bgp", router_hash=router_hash)
    cluster = stand([1, 1, 1, 1], provider, externalTrafficPolicy=LOCAL)
    per_node = [1] * left + [0] * (4 - left)
    found = kx.simulate(
        cluster, "web", requests=40_000, rate_rps=1000, clients=400, requests_per_connection=10_000, service_ms=1,
        events=(kx.Scale("web", at_s=20, per_node=per_node),), seed=3,
    )  # fmt: skip
    return float(found.summary.failed_share) * 40_000 / 400


def test_a_router_that_counts_modulo_breaks_most_connections_and_a_resilient_one_only_those_that_left() -> None:
    # From 4 nodes to 3: h mod 4 and h mod 3 agree for 3 of 12 hashes. Of the 9 that move, 3 end with their Pod anyway.
    assert lost_on_a_change("modulo", 3) == pytest.approx(6 / 12, abs=0.08)
    assert lost_on_a_change("resilient", 3) == 0
    # From 4 to 2: h mod 2 follows from h mod 4, so that nobody moves but those whose node has left.
    assert lost_on_a_change("modulo", 2) == 0


def test_the_hash_is_one_of_two_and_belongs_to_bgp() -> None:
    with pytest.raises(ValueError, match="modulo"):
        kx.provider("metallb", mode="bgp", router_hash="crc")
    with pytest.raises(ValueError, match='mode="bgp"'):
        kx.provider("metallb", router_hash="modulo")


def test_a_node_whose_network_is_not_available_announces_nothing() -> None:
    cluster = ready()
    cut = [{"type": "NetworkUnavailable", "status": "True"}]
    addresses = [{"type": "InternalIP", "address": "10.0.0.2"}]
    status = {"addresses": addresses, "conditions": cut}
    cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-2"}, "status": status})
    assert list(kx.entries(cluster, address(cluster))) == ["node-1", "node-3"]


@pytest.mark.parametrize("mode", ["bgp", "l2"])
def test_a_node_that_has_just_been_deleted_is_not_taken_for_one_without_a_network(mode: str) -> None:
    """MetalLB: ``IsNetworkUnavailable`` is false for a node that is not found (``internal/k8s/nodes/nodes.go``)."""
    cluster = ready(mode)
    cluster.delete("node-2", kind="Node")
    healthy = [target.name for target in kx.target_health(cluster, "web") if target.healthy]
    assert healthy == ["node-1", "node-2", "node-3"]
    cluster.advance(1)  # by now it is no target any more
    assert [target.name for target in kx.target_health(cluster, "web")] == ["node-1", "node-3"]
