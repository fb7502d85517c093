"""Each of the 25 misconceptions is met: somewhere in the lessons its wrong answer is asked for, and told what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from k8sexpose.lessons import decide, mend, misconceptions, repair, save, which_policy, why_pending
from k8sexpose.lessons.misconceptions import Misconception
from k8sexpose.lessons.sheet import QUESTIONS, Sheet, judge
from tests.lessons.answers import right_answer
from tests.lessons.test_questions import answers
from tools import course

pytestmark = pytest.mark.slow

BELIEFS = {row.number: row for row in misconceptions().rows}

# A learner who holds the belief gives this answer; the feedback then speaks of what stands third.
HELD: dict[int, tuple[str, object, str]] = {
    1: ("lb-pending", "nobody", "controller"),
    2: ("np-collisions", {"a", "b", "c"}, "number"),
    3: ("np-selector", "delivered", "labels"),
    4: ("np-back-again", "freed", "nodePort"),
    5: ("hop-inside", {"b"}, "host name"),
    6: ("laptop-browser", "delivered", "Mac"),
    7: ("hop-address-near", "client", "address"),
    8: ("np-which-nodes", "10.0.0.1", "every node has rules"),
    9: ("np-number", "80, 8080, 30500", "any number"),
    10: ("hop-clusterip", "accepted", "default"),
    11: ("np-affinity-nodes", 1, "each node remembers"),
    12: ("np-self-call", 0, "hairpin"),
    13: ("lb-one-node", 1, "label"),
    14: ("sk-rollout", "no", "preStop"),
    15: ("sk-keepalive", 4, "connection"),
    16: ("lb-mixed", "address", "API"),
    17: ("lb-annotation", 1, "annotation"),
    18: ("lb-check-app", 0, "kube-proxy"),
    19: ("np-firewall", 3, "firewall"),
    20: ("lb-metallb", 3, "layer 2"),
    21: ("np-ping", "no", "ping"),
    22: ("lb-stranger", "timeout", "second entrance"),
    23: ("lb-node-port-off", "gone", "allocated"),
    24: ("cost-fifty", 30, "load balancer"),
    25: ("hop-healthy", {"node-1", "node-2", "node-3"}, "red"),
}
# Where the storyboards meet a belief: in the lesson's questions or its exercises.
PLACES = {
    "01_nodeport": {2, 3, 4, 8, 9, 19, 21},
    "02_loadbalancer": {1, 13, 18},
    "03_cost_warning": {24},
    "04_extra_hop": {7, 10, 25},
    "05_local": {7, 25},
    "06_skew_and_latency": {25},
    "07_ways_out": {7, 15, 25},
    "08_your_cluster": {3, 8, 16, 25},
}


def worked_wrong() -> Iterator[tuple[str, int | None]]:
    """Every exercise, done as those do it who hold a belief: (the function that the notebook calls, the belief)."""
    yield from (("repair", row.misconception) for row in repair().rows)
    yield from (("why_pending", row.misconception) for row in why_pending({1: "nobody", 2: "pool"}).rows[:2])
    yield from (("save", wish.misconception) for wish in save({"shop": {"type": "NodePort"}}).wishes)
    yield from (
        ("which_policy", row.misconception)
        for row in which_policy({3: ("Local", "skew"), 5: ("Local", "address")}).rows
    )
    yield from (
        ("decide", row.misconception) for row in decide({"search": ("Local", "hop"), "audit": ("Cluster", "hop")}).rows
    )
    yield from (("mend", goal.misconception) for goal in mend({}).goals if not goal.reached)


@cache
def wrong_work() -> tuple[tuple[str, int | None], ...]:
    return tuple(worked_wrong())


@cache
def asked() -> dict[str, set[str]]:
    """The questions of each notebook: those it asks, and those that it judges on the spot."""
    found: dict[str, set[str]] = {}
    for part in course.parts():
        judged = (name for cell in part.nb.cells for name in course.checks(cell))
        found[part.name] = {name for cell in part.nb.cells for name in course.asks(cell)} | set(judged)
    return found


def called(lesson: str) -> set[str]:
    """The plain functions that a notebook calls."""
    (part,) = (part for part in course.parts() if part.name == lesson)
    code = (course.python(cell.source) for cell in part.nb.cells if cell.cell_type == "code")
    return {course.called(node) for tree in code for node in ast.walk(tree) if isinstance(node, ast.Call)}


def beliefs_met(id: str) -> set[int]:
    """Give every answer that the question's form can take; the beliefs that the feedback names."""
    question = QUESTIONS[id]
    right = right_answer(id)
    return {found for answer in answers(question) if (found := judge(question, answer, right).misconception)}


def test_the_list_is_whole() -> None:
    assert list(BELIEFS) == list(range(1, 26))
    for row in BELIEFS.values():
        assert isinstance(row, Misconception)
        assert 10 < len(row.belief) <= 85 and row.truth.endswith(".")
    assert len({row.belief for row in BELIEFS.values()}) == 25


@pytest.mark.parametrize("number", BELIEFS)
def test_each_belief_is_met(number: int) -> None:
    id, answer, word = HELD[number]
    assert id in asked()[QUESTIONS[id].lesson], f"{id} is not asked in its lesson"
    sheet = Sheet()
    assert sheet.predict(id, answer).text.startswith("Noted")
    feedback = sheet.check(id)
    assert feedback.correct is False and feedback.misconception == number
    assert word in feedback.text, "the feedback speaks of something else"
    assert sheet.progress().set_index("id").loc[id, "misconception"] == str(number)


@pytest.mark.parametrize("lesson", PLACES)
def test_beliefs_are_met_where_they_stand(lesson: str) -> None:
    found = {belief for id in asked()[lesson] for belief in beliefs_met(id)}
    found |= {belief for name, belief in wrong_work() if belief and name in called(lesson)}
    assert PLACES[lesson] <= found, f"not met in {lesson}: {sorted(PLACES[lesson] - found)}"
    assert found <= set(BELIEFS)


def test_exercises_name_beliefs() -> None:
    named = {name: {b for other, b in wrong_work() if other == name and b} for name, _ in wrong_work()}
    assert named == {
        "repair": {2, 3, 9}, "why_pending": {1}, "save": {19, 24}, "which_policy": {7, 25},
        "decide": {7, 25}, "mend": {3, 8, 25},
    }  # fmt: skip


def test_every_question_is_asked_in_its_lesson() -> None:
    for question in QUESTIONS.values():
        assert question.id in asked()[question.lesson], f"{question.id} is asked nowhere"
    assert set().union(*asked().values()) == set(QUESTIONS)


def test_the_table_of_beliefs() -> None:
    table = misconceptions(8, 99, 3)
    assert [row.number for row in table.rows] == [3, 8]
    assert "<table" in table._repr_html_() and repr(misconceptions(99)) == "no belief of that number"
