"""Lesson 4: its questions, and the table of where connections arrive."""

from __future__ import annotations

from fractions import Fraction

import pytest

from k8sexpose import Cluster, example
from k8sexpose.lessons import hop_table
from k8sexpose.lessons.extra_hop.questions import APP, NAME, lost_after_switch, stand_with
from k8sexpose.lessons.sheet import Sheet

# -- the table ----


@pytest.mark.parametrize("per_node", [[1, 1, 1], [10, 10, 10], [3, 0, 0], [0, 2, 1], [1, 0, 0, 0, 4]], ids=str)
def test_the_table_has_every_connection_once(per_node: list[int]) -> None:
    found = hop_table(stand_with(per_node), NAME)
    assert sum(part for row in found.parts.values() for part in row.values()) == 1
    assert list(found.pods.values()) == [count for count in per_node if count]
    assert found.extra_hop == 1 - Fraction(1, len(per_node))


def test_the_table_under_local_has_only_nodes_with_pods() -> None:
    found = hop_table(stand_with([2, 0, 1], "Local"), NAME)
    assert list(found.parts) == ["node-1", "node-3"] and found.extra_hop == 0
    assert "2 Pods on node-1" in repr(found) and "1/2 stays" in repr(found) and "extra hop |" not in repr(found)
    assert "<table" in found._repr_html_()


def test_the_table_without_pods_is_empty() -> None:
    assert hop_table(stand_with([0, 0]), NAME).pods == {}


# -- questions ----


def test_the_switch_is_asked_of_a_cluster_that_has_made_it() -> None:
    """The learner's cluster has the new line already, and knows which nodes have a Pod."""
    cluster = Cluster(nodes=3)
    cluster.deploy(APP, per_node=[1, 0, 0])
    cluster.apply(example("public-api-local"))
    cluster.advance(60)
    assert lost_after_switch(cluster) == "2/3"


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("hop-address-near", "client", 7),
        ("hop-address-far", "client", 7),
        ("hop-clusterip", "accepted", 10),
        ("hop-switch", "0", 25),
    ],
)
def test_wrong_answers_name_their_belief(question: str, answer: object, belief: int) -> None:
    sheet = Sheet()
    sheet.predict(question, answer)
    assert sheet.check(question).misconception == belief


def test_both_manifests_differ_by_one_line() -> None:
    lines = [line.split("#")[0].strip() for line in example("public-api-local").read_text().splitlines()]
    before = [line.split("#")[0].strip() for line in example("public-api-lb").read_text().splitlines()]
    assert [line for line in lines if line not in before] == ["externalTrafficPolicy: Local"]
    assert [line for line in before if line not in lines] == []


@pytest.mark.parametrize(
    ("answer", "granted"),
    [(2, "does not need the extra hop"), (6, "Three of the fifty nodes"), (94, "without a Pod"), (40, "1/50")],
)
def test_what_is_right_in_a_share_of_fifty_nodes_is_granted(answer: float, granted: str) -> None:
    feedback = Sheet().check("hop-fifty-nodes", answer=answer)
    assert feedback.correct is False and granted in repr(feedback)
