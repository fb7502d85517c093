"""Lesson 2: its questions and exercises."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons import connection_table, health_checks, pending_cases, shop_front, why_pending
from k8sexpose.lessons.loadbalancer.pending import CASES, WORDS, build, reason
from k8sexpose.lessons.sheet import Sheet
from tests.traffic.helpers import NAME, hired


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("lb-pending", "nobody", 1),
        ("lb-pending", "pods", 1),
        ("lb-laptop", {"address", "node port"}, 1),
        ("lb-laptop", "event, node port", 1),
        ("lb-laptop", set(), 1),
        ("lb-check-app", 0, 18),
        ("lb-one-node", 1, 13),
        ("lb-annotation", 1, 17),
        ("lb-delete", 0, 17),
        ("lb-stranger", "timeout", 22),
        ("lb-node-port-off", "gone", 23),
        ("lb-no-node-port", "delivered", 23),
        ("lb-mixed", "address", 16),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int) -> None:
    assert Sheet().check(question, answer=answer).misconception == belief


def test_the_learners_cluster_is_asked() -> None:
    cluster = hired()
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.advance(60)
    feedback = Sheet().check("lb-lost-first", cluster, answer="1/3")
    assert feedback.correct and "fresh" not in feedback.text


RIGHT = {1: "pool", 2: "nobody", 3: "protocols", 4: "quota", 5: "subnets"}


def test_each_case_is_pending_and_has_one_cure() -> None:
    assert [[word for word in WORDS.options if not reason(number, word)] for number in CASES] == [
        [RIGHT[number]] for number in CASES
    ]
    for cluster in pending_cases():
        assert not cluster.service("shop").load_balancer_ingress
    assert not [event for event in build(2).events if event.object == "service/shop"]


def test_why_pending() -> None:
    assert why_pending(RIGHT).solved and "5 of 5" in repr(why_pending(RIGHT))
    wrong = why_pending({1: "nobody", 2: "quota", 3: "pool", 4: 3})
    assert not any(row.solved for row in wrong.rows)
    assert [row.misconception for row in wrong.rows] == [1, 1, 1, None, None]
    assert "some controller handles it" in wrong.rows[0].text and "about shop there is none" in wrong.rows[1].text
    assert "<table" in wrong._repr_html_()
    # An event about shop is there, although the model's own reason of the case does not quote it.
    assert "another one" in why_pending({1: "quota"}).rows[0].text


@pytest.mark.parametrize("why", [None, ..., 3, {1: 3.7j}, {1: "<b>"}, [1], {"1": "pool"}, {1: ...}], ids=repr)
def test_reasons_that_make_no_sense(why: object) -> None:
    table = why_pending(why)
    assert not table.solved and "<b>" not in table._repr_html_()


def test_the_picture_counts_what_is_lost() -> None:
    cluster = hired()
    cluster.fail("node-1")
    lost = []
    for seconds in (0, 20, 40):
        cluster.advance(seconds)
        lost.append((connection_table(cluster).all, str(connection_table(cluster).lost)))
    assert lost == [(9, "5/9"), (6, "1/3"), (4, "0")]
    page = connection_table(cluster)._repr_html_()
    # On a phone the words must stay readable.
    assert "overflow-x: auto" in page and "min-width: 490px" in page
    assert "not in the list" in page and "no connections, failed" in page and 'role="img"' in page


def test_a_service_without_an_address_has_no_picture() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.apply(kx.example(NAME))
    with pytest.raises(kx.NotExposed, match="no address yet"):
        connection_table(cluster)


def test_the_picture_agrees_with_the_questions() -> None:
    cluster = hired()
    cluster.fail("node-1")
    assert Sheet().check("lb-lost-first", answer=str(connection_table(cluster).lost)).correct


def test_the_table_of_checks_is_the_providers() -> None:
    rows = {row[0]: row for row in health_checks().rows}
    assert rows["this course"][1:] == ("HTTP", "kube-proxy on the node", "10 s", "2", "20 s")
    assert rows["AWS: NLB, in-tree controller"][-1] == "90 s"
    assert [row[0] for row in health_checks().rows if row[2] == "the Pod itself"] == [
        "AWS: NLB that sends directly to Pods"
    ]
    assert "<table" in health_checks()._repr_html_()


def test_shop_front() -> None:
    assert shop_front("LoadBalancer", "nlb", 443, 8443).solved
    for wrong in (
        ("NodePort", "nlb", 443, 8443),
        ("LoadBalancer", "classic", 443, 8443),
        ("LoadBalancer", "nlb", 80, 8443),
        ("LoadBalancer", "nlb", 443, 443),
    ):
        assert not shop_front(*wrong).solved
    left_alone = repr(shop_front("LoadBalancer", "external", 443, 8443))
    assert "leave the Service to another controller" in left_alone and "still <pending>" in left_alone
    assert "asks for no load balancer" in repr(shop_front("NodePort", "nlb", 443, 8443))
    assert "does not listen on port 443" in repr(shop_front("LoadBalancer", "nlb", 443, 443))
    assert "the load balancer listens on port 80" in repr(shop_front("LoadBalancer", "nlb", 80, 8443))


@pytest.mark.parametrize("value", [None, ..., 3, {1: 2}, "a: [", "<b>", "\n---\n", float("nan"), 10**30], ids=repr)
def test_values_that_make_no_sense(value: object) -> None:
    for place in range(4):
        values: list[object] = ["LoadBalancer", "nlb", 443, 8443]
        values[place] = value
        table = shop_front(*values)
        assert not table.solved and "<b>" not in table._repr_html_()


def test_five_nodes() -> None:
    right = Sheet().check("lb-five-nodes", answer=("9/25", "1/5"))
    assert right.correct


def test_a_hint_leaves_something_to_calculate() -> None:
    for given in ((20, 20), (40, 20), (64, 20), (36, 0), (1, 1)):
        text = Sheet().check("lb-five-nodes", answer=given).text
        assert "Try again." in text and "4/5" not in text and "36" not in text, text


def test_who_counts_three_legs_is_not_told_that_a_drawing_shows_it() -> None:
    told = {given: Sheet().check("lb-legs", answer=given).text for given in ("1", "2", "3")}
    assert told["1"] == told["2"] and "drawings" in told["1"]
    assert "drawings" not in told["3"]
