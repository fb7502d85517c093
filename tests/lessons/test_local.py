"""Lesson 5: its questions and the closing task."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from k8sexpose.lessons import Feedback, five_cases, try_placement, which_policy
from k8sexpose.lessons.extra_hop.questions import stand_with
from k8sexpose.lessons.local.five_cases import CASES, REASON, missed, solution
from k8sexpose.lessons.local.questions import end_of_loss, first_loss, lost_with_pod
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.traffic.policies import PolicyShares

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
        ("hop-healthy", "node-1, node-2, node-3", 25),
        ("hop-red", "2/3", 25),
        ("hop-lone", 33.3, 25),
    ],
)
def test_wrong_answers_name_their_belief(question: str, answer: object, belief: int) -> None:
    sheet = Sheet()
    sheet.predict(question, answer)
    assert sheet.check(question).misconception == belief


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("hop-even", "a, d", 25),
        ("hop-even", "a, b, c", 25),
        ("hop-even", "a", 25),
        ("hop-pod-gone", "0", 25),
    ],
)
def test_wrong_answers_on_placement_and_failure(question: str, answer: object, belief: int) -> None:
    sheet = Sheet()
    sheet.predict(question, answer)
    assert sheet.check(question).misconception == belief


# -- placements ----


@pytest.mark.parametrize(("per_node", "busiest"), [([1, 1, 1], 1), ([5, 5, 0], 1), ([2, 1], 1.5), ([3, 1, 0], 2)])
def test_a_placement_is_as_even_as_the_nodes_that_have_pods(per_node: list[int], busiest: float) -> None:
    """The formula of the lesson: average number of Pods on the nodes that have any, over the smallest such number."""
    counts = [count for count in per_node if count]
    found = try_placement(per_node)
    assert isinstance(found, PolicyShares)
    assert found["Local"].hottest_over_mean == pytest.approx(busiest)
    assert found["Local"].hottest_over_mean == pytest.approx(sum(counts) / len(counts) / min(counts))
    assert found["Cluster"].hottest_over_mean == 1


def test_each_policy_has_its_failure() -> None:
    """Local loses less when a node fails, Cluster when a Pod is missing."""
    local, cluster = stand_with([1, 1, 1], "Local"), stand_with([1, 1, 1])
    assert (first_loss(local), first_loss(cluster)) == ("1/3", "5/9")
    assert (end_of_loss(local), end_of_loss(cluster)) == ("20", "50")
    assert (lost_with_pod(local), lost_with_pod(cluster)) == ("1/3", "0")


def test_a_reason_that_does_not_decide_says_why() -> None:
    assert "the case does not ask for it" in which_policy({1: ("Local", "address")}).rows[0].text
    assert "both policies do equally well here" in which_policy({1: ("Local", "skew")}).rows[0].text


@pytest.mark.parametrize("given", ["5,5,0", None, [], [5, -5, 10], [0, 0, 0], [5.0, 5, 0], [True], [10**9], 3])
def test_what_is_no_placement_is_told_so(given: Any) -> None:
    told = try_placement(given)
    assert isinstance(told, Feedback) and "such as [2, 1]; this is not" in told.text


@pytest.mark.parametrize(
    "answer", ["Cluster, skew", ("skew", "Cluster"), ["cluster", "load skew"], "skew; Cluster", ("Cluster", "Skew")]
)
def test_a_case_may_be_answered_in_any_order(answer: object) -> None:
    assert which_policy({3: answer}).rows[2].solved


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Local", "two words are asked"),
        (("Local", "weather"), "none of the four reasons"),
        (("Weather", "hop"), "names no policy"),
        (7, "two words are asked"),
    ],
)
def test_what_is_missing_in_a_case_is_said(answer: object, said: str) -> None:
    row = which_policy({1: answer}).rows[0]
    assert said in row.text and "such as" in row.text


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("hop-healthy", set(), "If no node had a ready Pod"),
        ("hop-red", "1", "If all targets were unhealthy"),
        ("hop-crash", "1", "always uses the address of node-1"),
    ],
)
def test_a_belief_of_its_own_is_met(question: str, answer: object, said: str) -> None:
    assert said in Sheet().check(question, answer=answer).text
