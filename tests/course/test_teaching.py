"""The tables of the teaching kit: minute plans that add up; `make lessons` compares the files themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_notebook

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402
import teaching  # noqa: E402


def part(number: int) -> course.Part:
    return course.Part(f"{number:02}_x", new_notebook())


def steps(*lessons: list[int]) -> list[teaching.Step]:
    """Sections of so many minutes each."""
    return [
        teaching.Step(part(number), k + 1, minutes)
        for number, some in enumerate(lessons)
        for k, minutes in enumerate(some)
    ]


def test_sessions_are_even_and_keep_the_order() -> None:
    every = steps([10, 10, 20], [20, 20], [10, 10, 10, 10])
    found = teaching.divided(every, 3, 60)
    assert [step for session in found for step in session] == every
    assert [sum(step.minutes for step in session) for session in found] == [40, 40, 40]


def test_a_cut_between_lessons_is_preferred() -> None:
    found = teaching.divided(steps([10, 10, 10], [9, 9, 9]), 2, 60)
    assert [{step.lesson.number for step in session} for session in found] == [{"0"}, {"1"}]
    found = teaching.divided(steps([10, 30, 20], [10, 10]), 2, 60)
    assert [sum(step.minutes for step in session) for session in found] == [40, 40]


def test_no_session_is_too_long_where_that_can_be() -> None:
    every = steps([20, 20], [21])
    assert len(teaching.divided(every, 2, 60)[0]) == 2, "the cut between the lessons"
    assert len(teaching.divided(steps([20, 20, 2], [21, 3]), 2, 41)[0]) == 2, "42 minutes would be too long"


def test_the_plans_hold_every_lesson() -> None:
    """Each lesson stands in the plan of 75 minutes, and those at home in no session of the plan of 90."""
    in_class = teaching.plan(4, 75)
    assert all(f"lesson {one.number}" in in_class for one in course.lessons())
    sessions = teaching.plan(3, 90, ("0", "3", "8")).partition("| session")[2]
    assert not [number for number in "038" if f"lesson {number}" in sessions]


def test_what_is_between_the_marks_is_replaced() -> None:
    text = f"before <!-- lessons: {teaching.BY}\nold\n{teaching.END} after"
    assert teaching.filled(text, {"lessons": lambda: "new"}) == text.replace("old", "new")
    with pytest.raises(SystemExit, match="no marks for leaflets"):
        teaching.filled(text, {"leaflets": lambda: "new"})
