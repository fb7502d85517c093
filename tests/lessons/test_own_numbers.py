"""Exercises with numbers of one's own: the same on every machine, others for the neighbour, judged by the model."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from k8sexpose.lessons import exercise
from k8sexpose.lessons import sheet as sheet_module
from k8sexpose.lessons.own_numbers import TASKS, Draw, Exercise
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.lessons.table_questions import ASKED_WITH_OWN_NUMBERS, OWN_NUMBERS

STUDENTS = ("ada", "grace", "7", "")
every_task = pytest.mark.parametrize("name", TASKS)


def task(name: str, student: str) -> Exercise:
    return Exercise(name, student, TASKS[name](Draw(name, student)), Sheet())


@every_task
@pytest.mark.parametrize("student", STUDENTS)
def test_the_models_answer_is_right_and_kept(name: str, student: str) -> None:
    mine = task(name, student)
    assert mine.question is not None
    right = mine.question.answer(mine.cluster)
    # A task that asks for a manifest compares what came of it; its own text for that is no manifest.
    answer = MANIFEST.format(**window_numbers(mine.text)) if name == "window" else right
    assert mine.check(answer).correct is True, (mine.text, right)
    assert mine.sheet.progress(student).result.tolist().count("right") == 1


MANIFEST = """
apiVersion: v1
kind: Service
metadata: {{name: {app}}}
spec: {{type: NodePort, selector: {{app: {app}}}, ports: [{{port: 80, targetPort: {target}, nodePort: {number}}}]}}
"""


def window_numbers(text: str) -> dict[str, str]:
    """Read what the task asks for, as a student would: which Pods, which of their ports, a number to pin."""
    app = re.search(r"Pods app: ([a-z-]+) listen on (\d+)", text)
    assert app, text
    return {"app": app[1], "target": app[2], "number": "30001" if "30001" not in text else "30002"}


@every_task
def test_numbers_do_not_depend_on_the_machine(name: str) -> None:
    assert task(name, "ada").text == task(name, " Ada ").text
    others = [task(name, f"student-{k}") for k in range(12)]
    assert len({other.text + repr([s.to_dict() for s in other.cluster.services]) for other in others}) > 1


def test_a_students_numbers_are_pinned() -> None:
    """Python's own hash differs from start to start: these were drawn once, by another process."""
    assert [Draw("hops", "ada").pick("nodes", range(1000)), Draw("crash", "7").pick("x", range(1000))] == PINNED


PINNED = [586, 747]


@every_task
@pytest.mark.parametrize("answer", [None, ..., "", 3.7j, {"a": object()}, b"\xff", "<script>", -1, float("nan"), [[]]])
def test_absurd_answers_never_raise(name: str, answer: object) -> None:
    told = task(name, "ada").check(answer)
    assert told.correct is not True and "<script>" not in told._repr_html_()


@every_task
def test_a_wrong_answer_names_what_is_behind_it(name: str) -> None:
    mine = task(name, "ada")
    assert mine.question is not None and mine.question.wrong
    assert all(len(wrong.text) > 20 for wrong in mine.question.wrong)


def test_unknown_names_are_told_what_there_is() -> None:
    assert "hops" in exercise("hop", student="<b>").text and "<b>" not in exercise("hop", "<b>")._repr_html_()


@every_task
def test_what_is_known_of_a_task_without_its_numbers_fits_the_task(name: str) -> None:
    known, mine = OWN_NUMBERS[name], TASKS[name](Draw(name, "ada"))
    assert (known.lesson, known.part) == (mine.lesson, mine.part)
    assert name == "window" or type(known.form) is type(mine.form)


def test_the_lessons_ask_what_is_said_to_be_asked() -> None:
    lessons = Path(__file__).resolve().parents[2] / "notebooks"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(lessons.glob("*.ipynb")))
    assert tuple(name for name in TASKS if f'exercise(\\"{name}\\"' in text) == ASKED_WITH_OWN_NUMBERS


def test_it_counts_before_it_is_begun_and_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lesson 4 has three exercises from its first answer on, and those with one's own numbers are found again."""

    def counted(sheet: Sheet) -> str:
        return next(row.exercises for row in sheet.progress().lessons if row.lesson == "04_extra_hop")

    def tried(student: str, sheet: Sheet, at: str, right: bool) -> None:
        monkeypatch.setattr(sheet_module, "now", lambda: at)
        mine = replace(task("hops", student), sheet=sheet)
        assert mine.question is not None
        assert mine.check(mine.question.answer(mine.cluster) if right else "1/100").correct is right

    path = tmp_path / "answers.json"
    first = Sheet(lambda: path)
    first.predict("hop-ms", "1")
    assert counted(first) == "0 of 3 answered"
    tried("student", first, "2026-11-30T10:00:00Z", False)
    after_a_restart = Sheet(lambda: path)
    assert counted(after_a_restart) == "1 of 3 answered, 0 right"
    # With another name there are other numbers, but it is the same exercise.
    tried("ada", after_a_restart, "2026-11-30T10:05:00Z", True)
    assert counted(Sheet(lambda: path)) == "1 of 3 answered, 1 right"
    assert after_a_restart.reset("04") == 3 and after_a_restart.progress().empty


def test_who_has_put_no_name_in_is_told() -> None:
    for nobody in ("", "student", " Student "):
        assert "has not put a name in" in exercise("hops", student=nobody).task
    ada = exercise("hops", student="ada")
    assert ada.question is not None and ada.task == ada.question.text
    assert exercise("hop").task.startswith("There is no exercise hop.")
