"""Lesson 5: the decision table and the ways out."""

from __future__ import annotations

import pytest

from k8sexpose.lessons import clusters_of_case, decide, five_clusters, ways_out
from k8sexpose.lessons.ways_out.decisions import CASES, REASON, solve
from tests.lessons.test_questions import Hostile


def test_the_decision_table() -> None:
    right = {name: solve(name)[:2] for name in CASES}
    assert set(right) == set(five_clusters().cases) and {why for _, why in right.values()} == set(REASON.options)
    assert decide(right).solved
    assert decide({name: [policy.upper(), f" {why} "] for name, (policy, why) in right.items()}).solved
    for name, (policy, why) in right.items():
        for other in REASON.options:
            row = next(row for row in decide({name: (policy, other)}).rows if row.name == name)
            assert row.solved is (other == why)
        wrong = "cluster" if policy == "local" else "local"
        row = next(row for row in decide({name: (wrong, why)}).rows if row.name == name)
        assert not row.solved and len(row.text) > 30
        assert row.misconception == {"address": 7, "hop": None}.get(why, 25)
        assert len(clusters_of_case(name)) == 2


@pytest.mark.parametrize(
    "answer", [None, 3, ..., "Local", {"shop": ...}, {"shop": ("Local",)}, {"shop": ("x", "hop")}, {"shop": Hostile()},
               {"shop": (Hostile(), Hostile())}, {"shop": (float("nan"), None)}, {Hostile: 1}],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_absurd_tables(answer: object) -> None:
    table = decide(answer)
    assert not table.solved and repr(table) and "<table" in table._repr_html_()


def test_ways_out() -> None:
    assert list(ways_out(2, 1)) == ["weights", "ip targets", "same zone", "proxy protocol"]
