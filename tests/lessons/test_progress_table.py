"""The table of answers: lessons and leaflets, each linked from where the notebook is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from k8sexpose.lessons import sheet
from k8sexpose.lessons.cell_links import cell_links
from k8sexpose.lessons.forms import Choice, Question
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.lessons.table_questions import ASKED_WITH_OWN_NUMBERS, OWN_NUMBERS
from k8sexpose.model import Cluster

LEAFLET, LESSON = "leaflets/session_affinity", "04_extra_hop"
CORE = Question("here", LESSON, "Refused?", Choice(("yes", "no")), Cluster, lambda _: "yes", "It is.")
OPTIONAL = replace(CORE, id="there", lesson=LEAFLET, part="optional")
ALSO = replace(OPTIONAL, id="there-too")


def only(monkeypatch: pytest.MonkeyPatch, *questions: Question) -> None:
    """Let these be all that the course asks."""
    monkeypatch.setattr(sheet, "QUESTIONS", {one.id: one for one in questions})
    monkeypatch.setattr(sheet, "TABLES", {})
    monkeypatch.setattr(sheet, "ASKED_WITH_OWN_NUMBERS", ())


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Sheet:
    """One answer in a lesson, one in a leaflet."""
    only(monkeypatch, CORE, OPTIONAL, ALSO)
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
    only(monkeypatch, *asked)
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


def test_what_is_open_is_said_in_the_words_of_its_question(answered: Sheet) -> None:
    told, page = repr(answered.progress()), answered.progress()._repr_html_()
    assert told.splitlines()[-2:] == ["Open questions:", f"  {LESSON}: Refused?"]
    assert "Open questions (1)" in page and ">Refused?</a>" in page and ">here<" not in page


LESSONS = Path(__file__).resolve().parents[2] / "notebooks"
EVERY = [*sheet.QUESTIONS.values(), *sheet.TABLES.values(), *(OWN_NUMBERS[name] for name in ASKED_WITH_OWN_NUMBERS)]


def test_every_question_is_linked_to_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, above in (LESSONS, ""), (LESSONS / "leaflets", "../"):
        monkeypatch.chdir(folder)
        for id, address in cell_links(EVERY).items():
            path, _, cell = address.partition("#cell-id=")
            assert path.startswith(above) and (folder / path).is_file() and cell, f"{id} is not found: {address}"
    # An exercise is answered in the cell that nbgrader hands out for it.
    links = cell_links(EVERY)
    for id in (*sheet.TABLES, "start-pairs", "own-worst-pod"):
        path, _, cell = links[id].partition("#cell-id=")
        cells = json.loads((LESSONS / "leaflets" / path).read_text(encoding="utf-8"))["cells"]
        assert next(one for one in cells if one["id"] == cell)["metadata"]["nbgrader"]["solution"], id


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', '{"cells": [null]}', "[" * 100_000])
def test_a_notebook_that_cannot_be_read_is_linked_as_a_whole(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cell_links([CORE]) == {"here": f"{LESSON}.ipynb"}
    (tmp_path / f"{LESSON}.ipynb").write_text(text, encoding="utf-8")
    assert cell_links([CORE]) == {"here": f"{LESSON}.ipynb"}


def test_a_cells_name_cannot_leave_its_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {"cell_type": "code", "id": '"><script>x</script>', "source": ['ask("here")']}
    (tmp_path / f"{LESSON}.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    only(monkeypatch, CORE)
    monkeypatch.chdir(tmp_path)
    mine = Sheet()
    mine.predict("here", "no")
    page = mine.progress()._repr_html_()
    assert "#cell-id=" in page and "<script" not in page
