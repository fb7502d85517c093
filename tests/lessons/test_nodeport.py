"""Lesson 1: pinning, kept connections, affinity, slips."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons import repair
from k8sexpose.lessons.sheet import Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("np-keepalive", 3, 15),
        ("np-one-each", 100, 15),
        ("np-one-each", 33.3, None),
        ("np-pin", "same", 2),
        ("np-pin", 31000, 2),
        ("np-typos", {"a", "b", "c"}, 3),
        ("np-typos", {"a", "b", "d"}, 3),
        ("np-affinity-nodes", 1, 11),
        ("np-affinity-office", 3, 11),
        ("np-self-call", 0, 12),
        ("np-self-call", 100, 12),
        ("np-appliance", 50, 11),
        ("np-appliance-cure", {"more pods", "no affinity"}, 11),
        ("np-appliance-cure", "longer timeout", 11),
    ],
)
def test_misconceptions_about_lesson_one(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert not feedback.correct and feedback.misconception == belief


@pytest.mark.parametrize(("per_node", "percent"), [((1, 0, 0), 100), ((1, 1, 0), 50), ((2, 1, 1), 9.375)])
def test_connections_are_dealt_to_the_pods_of_the_learners_cluster(per_node: tuple[int, ...], percent: float) -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=list(per_node))
    cluster.apply(kx.example("debug-svc-nodeport"))
    # n! of the n ** n ways to deal give each of n Pods a connection.
    assert Sheet().check("np-one-each", cluster, answer=percent).correct
    assert Sheet().check("np-keepalive", cluster, answer=1).correct


def test_a_fix_of_a_wrong_shape_is_told_its_form() -> None:
    rows = repair({1: "nodePort: 30081", 2: {"name: web": "app: web"}}).rows
    assert rows[0].client.startswith('fix[1] must be {"old text": "new text"}') and not rows[0].solved
    assert rows[1].solved
    assert all("must be" in row.client for row in repair(["nodePort: 30081"]).rows)
    assert not any("must be" in row.client for row in repair({1: ...}).rows)


def test_a_number_just_above_the_range_is_refused() -> None:
    feedback = Sheet().check("np-number", answer={30500, 32768})
    assert not feedback.correct and "32767" in feedback.text
