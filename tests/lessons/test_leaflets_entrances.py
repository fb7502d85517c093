"""Leaflets on where a Service can be entered: laptops and MetalLB, orphans, second front doors, zones, proxies."""

from __future__ import annotations

from fractions import Fraction

import pytest

import k8sexpose as kx
from k8sexpose.lessons.leaflets.deleting_and_orphans import held_by_the_cloud, network_cluster
from k8sexpose.lessons.leaflets.laptops_and_metallb import install_metallb, metallb_cluster
from k8sexpose.lessons.leaflets.proxy_load_balancers import CLIENT, INSIDE, behind_a_proxy, path, with_proxy_mode
from k8sexpose.lessons.leaflets.second_front_doors import OFFICE, STRANGER, connect, guarded, without_node_port
from k8sexpose.lessons.leaflets.shop import front_door, node_port, shop_cluster
from k8sexpose.lessons.leaflets.zones_at_aws import cross_zone, network_load_balancer
from k8sexpose.lessons.sheet import Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("laptop-late", "no", 1),
        ("laptop-browser", "delivered", 6),
        ("lb-metallb", 3, 20),
        ("del-finalizer", "no", 17),
        ("lb-annotation", 1, 17),
        ("lb-delete", 0, 17),
        ("cost-orphan", 0, 17),
        ("cost-orphan", 2, 17),
        ("lb-stranger", "timeout", 22),
        ("lb-node-port-off", "gone", 23),
        ("lb-no-node-port", "delivered", 23),
        ("hop-external-ip", "server", 5),
        ("zones-local", 25, 25),
        ("hop-proxy-sees", "client", 7),
        ("proxy-inside", "yes", 5),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int) -> None:
    assert Sheet().check(question, answer=answer).misconception == belief


def test_metallb_acts_on_a_service_that_waits() -> None:
    waiting = shop_cluster("kind", wait_s=3600)
    after = install_metallb(waiting)
    assert not waiting.service("shop").load_balancer_ingress
    assert after.service("shop").load_balancer_ingress and after.service("shop").ports == waiting.service("shop").ports


def test_a_node_that_answers_for_the_address_crashes() -> None:
    """The leaflet says: everything is lost, for a few seconds."""
    steps = [step for step in kx.watch_crash(metallb_cluster("l2"), "shop", "node-1").steps if step.at_s >= 0]
    assert steps[0].lost == 1 and steps[1].lost < 1 and steps[1].at_s < 10


def test_what_the_cloud_holds(capsys: pytest.CaptureFixture[str]) -> None:
    cluster = network_cluster()
    held_by_the_cloud(cluster)
    cluster.delete("shop")
    cluster.advance(60)
    held_by_the_cloud(cluster)
    assert capsys.readouterr().out == "Network Load Balancer: belongs to shop\nno load balancer\n"


def test_the_shop_has_an_entrance() -> None:
    cluster = shop_cluster("metallb", [1, 0], policy="Local")
    assert cluster.service("shop").external_traffic_policy == "Local"
    for target in (front_door(cluster), node_port(cluster)):
        assert kx.send(cluster, target).outcome == "delivered"
    assert kx.send(cluster, node_port(cluster, 1)).outcome == "timeout"


def test_source_ranges_guard_one_entrance() -> None:
    cluster = guarded()
    assert connect(cluster, "shop", OFFICE) == connect(cluster, node_port(cluster), STRANGER) == "delivered"
    assert "loadBalancerSourceRanges" in connect(cluster, "shop", STRANGER)


@pytest.mark.parametrize(
    ("provider", "outcome"),
    [("generic", "timeout"), ("gcp", "delivered"), ("azure", "timeout: the load balancer finds no healthy node"),
     ("metallb", "delivered")],
)  # fmt: skip
def test_who_works_without_a_node_port(provider: str, outcome: str) -> None:
    assert connect(without_node_port(provider), "shop").startswith(outcome)


def test_the_table_of_zones() -> None:
    """The leaflet adds up, node by node, what goes on to another node."""
    cluster = network_load_balancer()
    two_thirds = Fraction(2, 3)
    goes_on = {"node-1": two_thirds, "node-2": two_thirds, "node-3": two_thirds, "node-4": Fraction(1)}
    rows = {node: share * goes_on[node] for node, share in kx.entries(cluster, "shop").items()}
    assert {node: row * 18 for node, row in rows.items()} == {"node-1": 2, "node-2": 4, "node-3": 4, "node-4": 3}
    assert sum(rows.values()) == kx.shares(cluster, "shop").extra_hop == Fraction(13, 18)


def test_cross_zone_load_balancing_costs_money() -> None:
    cluster = network_load_balancer((1, 1, 1, 1), "Local")
    assert set(kx.shares(cross_zone(cluster), "shop").by_pod.values()) == {Fraction(1, 4)}
    before, after = (kx.bill(each, gb_per_month=1000).total_per_month for each in (cluster, cross_zone(cluster)))
    assert before and after and after > before


def test_only_a_proxy_mode_leads_inside_traffic_to_the_load_balancer() -> None:
    cluster = behind_a_proxy()
    front = front_door(cluster)
    assert path(cluster, front, CLIENT) == "client → load balancer → node-1 → shop-1"
    assert path(cluster, front, INSIDE) == "curl-1 → node-2 → shop-1"
    assert path(with_proxy_mode(cluster), front, INSIDE) == "curl-1 → node-2 → load balancer → node-1 → shop-1"
