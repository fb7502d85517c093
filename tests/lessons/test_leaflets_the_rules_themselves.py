"""The leaflet the_rules_themselves: its questions, on its clusters and on the learner's."""

from __future__ import annotations

import pytest

from k8sexpose.lessons.leaflets.the_rules_themselves import NAME, exposed, local
from k8sexpose.lessons.sheet import Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("rules-second", "1/3", None), ("rules-second", "2/3", None), ("rules-second", 1, None),
        ("rules-clusterip", 1, None), ("rules-clusterip", "2", None),
        ("rules-nat-only", "none", 8), ("rules-nat-only", "drop", None),
    ],
)  # fmt: skip
def test_wrong_answers(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and feedback.misconception == belief


@pytest.mark.parametrize(
    ("question", "answer"), [("rules-second", 0.5), ("rules-clusterip", 0), ("rules-nat-only", "same")]
)
def test_right_answers(question: str, answer: object) -> None:
    assert Sheet().check(question, answer=answer).correct is True


def test_the_answers_follow_the_learners_cluster() -> None:
    four = exposed((2, 1, 1))
    assert Sheet().check("rules-second", four, answer="1/3").correct
    gone = local()
    gone.delete(NAME)
    assert Sheet().check("rules-nat-only", gone, answer="same").correct, "a cluster without it is made anew"


def test_local_with_a_pod_on_the_node_drops_nothing() -> None:
    assert Sheet().check("rules-nat-only", exposed((1, 1, 0), "Local"), answer="same").correct
