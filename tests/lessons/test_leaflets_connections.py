"""The leaflets on connections: kept ones, affinity, a Pod that calls itself, from inside, two protocols, updates."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons.sheet import QUESTIONS, Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("np-keepalive", 3, 15),
        ("np-one-each", 100, 15),
        ("np-one-each", 33.3, None),
        ("kept-remedies", {"scale", "close"}, 15),
        ("kept-remedies", "timeout", 15),
        ("kept-remedies", "none", 15),
    ],
)
def test_beliefs(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert not feedback.correct and feedback.misconception == belief


@pytest.mark.parametrize("id", ["np-keepalive", "np-one-each", "kept-remedies"])
def test_a_leaflet_is_optional(id: str) -> None:
    question = QUESTIONS[id]
    assert question.part == "optional" and question.lesson.startswith("leaflets/")


def test_a_new_pod_serves_a_kept_connection_only_after_it_was_closed() -> None:
    cluster = QUESTIONS["kept-remedies"].setup()
    assert Sheet().check("kept-remedies", cluster, answer="close").correct
    # With a single Pod there is nothing to choose from, until the app grows.
    cluster.scale("debug-tools", per_node=[1, 0, 0])
    assert Sheet().check("kept-remedies", cluster, answer="none").correct
