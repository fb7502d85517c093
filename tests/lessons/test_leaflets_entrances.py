"""Leaflets on where a Service can be entered: laptops and MetalLB, orphans, second front doors, zones, proxies."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons.leaflets.deleting_and_orphans import held_by_the_cloud, network_cluster
from k8sexpose.lessons.leaflets.laptops_and_metallb import install_metallb, metallb_cluster
from k8sexpose.lessons.leaflets.second_front_doors import OFFICE, STRANGER, connect, guarded, without_node_port
from k8sexpose.lessons.leaflets.shop import front_door, node_port, shop_cluster
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
    """The leaflet says: everything is lost, for a few seconds; with BGP 5/9, up to 90 s."""
    losses = {}
    for mode in ("l2", "bgp"):
        steps = [step for step in kx.watch_crash(metallb_cluster(mode), "shop", "node-1").steps if step.at_s >= 0]
        gone = next(step.at_s for step in steps if "leaves the load balancer" in step.what)
        losses[mode] = (str(steps[0].lost), gone)
    assert losses["l2"][0] == "1" and losses["l2"][1] < 10
    assert losses["bgp"][0] == "5/9" and losses["bgp"][1] <= 90


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
