"""The leaflet on the manifest doctor: what is refused, what is created, and what is filled in."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons.leaflets.manifest_doctor import (
    MISTAKES,
    apply_with_mistake,
    with_mistake,
    without_target_port,
)
from k8sexpose.lessons.sheet import Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief", "words"),
    [
        ("np-typos", {"a", "b", "c"}, 3, "may be created tomorrow"),
        ("np-typos", {"a", "b", "d"}, 3, "nobody asks the container"),
        ("np-typos", {"a"}, None, "--validate=false"),
        ("np-typos", {"b"}, None, "every letter counts"),
        ("doctor-target-port", "process", 3, "takes the number of port"),
        ("doctor-target-port", "refused", None, "there is a default"),
    ],
)
def test_a_wrong_answer_is_told_what_is_right_in_it(
    question: str, answer: object, belief: int | None, words: str
) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and feedback.misconception == belief and words in feedback.text


@pytest.mark.parametrize(("letter", "outcome"), [("c", "refused"), ("d", "refused")])
def test_a_mistake_that_is_accepted_answers_nobody(letter: str, outcome: str) -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("web", per_node=[1, 1, 0])
    cluster.apply(with_mistake(letter))
    assert kx.send(cluster, "10.0.0.1:32000").outcome == outcome


def test_each_mistake_changes_one_word_of_the_manifest() -> None:
    right = kx.example("web-nodeport").read_text(encoding="utf-8").split()
    for letter in MISTAKES:
        changed = with_mistake(letter).split()
        assert sum(one != other for one, other in zip(right, changed, strict=True)) == 1


def test_the_server_says_where_a_word_or_a_field_is_unknown() -> None:
    assert 'spec.type: Unsupported value: "Nodeport"' in apply_with_mistake("a")
    assert 'unknown field "spec.ports[0].targetport"' in apply_with_mistake("b")


def test_on_the_learners_cluster_the_manifest_may_be_applied_already() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.apply(without_target_port())
    feedback = Sheet().check("doctor-target-port", cluster, answer="port")
    assert feedback.correct and "fresh one" not in feedback.text
