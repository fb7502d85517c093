"""The table of answers: lessons and leaflets, each linked from where the notebook is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from k8sexpose.lessons import sheet
from k8sexpose.lessons.forms import Choice, Question
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.model import Cluster

LEAFLET, LESSON = "leaflets/session_affinity", "04_extra_hop"
CORE = Question("here", LESSON, "Refused?", Choice(("yes", "no")), Cluster, lambda _: "yes", "It is.")
OPTIONAL = replace(CORE, id="there", lesson=LEAFLET, part="optional")
ALSO = replace(OPTIONAL, id="there-too")


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Sheet:
    """One answer in a lesson, one in a leaflet."""
    monkeypatch.setattr(sheet, "QUESTIONS", {one.id: one for one in (CORE, OPTIONAL, ALSO)})
    mine = Sheet()
    mine.predict("here", "no")
    mine.predict("there", "yes")
    mine.check("here")
    mine.check("there")
    return mine


def test_a_leaflet_has_a_row_of_its_own(answered: Sheet) -> None:
    lesson, leaflet = answered.progress().lessons
    assert (lesson.lesson, lesson.core, lesson.open) == (LESSON, "1 of 1 answered, 0 right", ("here",))
    # What is optional is never open.
    assert (leaflet.lesson, leaflet.core, leaflet.open) == (LEAFLET, "1 of 2 answered, 1 right", ())


def test_an_exercise_of_two_questions_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = replace(CORE, id="first", part="exercise", exercise="both")
    asked = (first, replace(first, id="second"), replace(first, id="alone", exercise=""))
    monkeypatch.setattr(sheet, "QUESTIONS", {one.id: one for one in asked})
    mine = Sheet()
    counts = []
    for id in ("first", "second", "alone"):
        mine.check(id, answer="yes")
        counts.append(mine.progress().lessons[0].exercises)
    assert counts == ["0 of 2 answered", "1 of 2 answered, 1 right", "2 of 2 answered, 2 right"]


def test_links_lead_from_a_lesson_and_from_a_leaflet(
    answered: Sheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaflets").mkdir()
    (tmp_path / "00_start_here.ipynb").touch()
    for folder, address in ("", f"{LESSON}.ipynb"), ("leaflets", f"../{LESSON}.ipynb"):
        monkeypatch.chdir(tmp_path / folder)
        assert f'href="{address}"' in answered.progress()._repr_html_()


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("04", {"there"}),
        ("4", {"there"}),
        (LESSON, {"there"}),
        ("session", {"here"}),
        (LEAFLET, {"here"}),
        ("leaflets", {"here"}),
        ("05", {"here", "there"}),
        ("", set()),
    ],
)
def test_a_lesson_is_forgotten_by_number_and_a_leaflet_by_name(answered: Sheet, name: str, left: set[str]) -> None:
    answered.reset(name)
    assert set(answered.entries) == left
