"""Lesson 4: its questions and the closing task."""

from __future__ import annotations

from itertools import product

import pytest

from k8sexpose.lessons import five_cases, which_policy
from k8sexpose.lessons.local.five_cases import CASES, REASON, missed, solution
from k8sexpose.lessons.sheet import Sheet

# -- the five cases ----

RIGHT = {number: (solution(number)[0], min(solution(number)[1])) for number in CASES}


def test_every_case_has_one_solution() -> None:
    assert which_policy(RIGHT).solved
    assert {policy for policy, _ in RIGHT.values()} == {"Cluster", "Local"}
    assert {reason for _, reason in RIGHT.values()} == set(REASON.options)
    assert all(len(missed(n, "Cluster")) != len(missed(n, "Local")) and len(solution(n)[1]) == 1 for n in CASES)
    assert five_cases().count("\n   ") >= 4 and five_cases().startswith("1. ")


@pytest.mark.parametrize(
    ("number", "policy", "reason"), list(product(CASES, ("Cluster", "Local"), REASON.options)), ids=str
)
def test_every_answer_is_judged(number: int, policy: str, reason: str) -> None:
    row = which_policy({number: (policy, reason)}).rows[number - 1]
    assert row.solved is ((policy, reason) == RIGHT[number])
    assert row.text and "{" not in row.text
    if row.solved:
        assert row.misconception is None


@pytest.mark.parametrize(
    ("number", "answer", "belief"),
    [(2, ("Cluster", "skew"), 7), (3, ("Local", "hop"), 25), (4, ("Local", "lost"), 25), (5, ("Local", "address"), 7)],
)
def test_beliefs(number: int, answer: tuple[str, str], belief: int) -> None:
    assert which_policy({number: answer}).rows[number - 1].misconception == belief


@pytest.mark.parametrize(
    "answer", [None, ..., "", "Local", ("Local",), ("Local", "hop", 1), ("maybe", "hop"), ("Local", "why"), 7, object()]
)
def test_absurd_answers(answer: object) -> None:
    found = which_policy({1: answer})
    assert not found.solved and not found.rows[0].solved and found.rows[0].text
    assert "0 of 5" in repr(found) and "<table" in found._repr_html_()
    assert not which_policy(answer).solved


# -- beliefs of this lesson ----


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("hop-address-near", "client", 7),
        ("hop-proxy-sees", "client", 7),
        ("hop-clusterip", "accepted", 10),
        ("hop-healthy", "node-1, node-2, node-3", 25),
        ("hop-red", "2/3", 25),
        ("hop-lone", 33.3, 25),
        ("hop-inside", "b", 5),
        ("hop-inside", "a, b, c", 5),
    ],
)
def test_wrong_answers_name_their_belief(question: str, answer: object, belief: int) -> None:
    sheet = Sheet()
    sheet.predict(question, answer)
    assert sheet.check(question).misconception == belief
