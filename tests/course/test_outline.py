"""Every lesson keeps the outline that CONTRIBUTING.md describes ("The outline of a lesson")."""

from __future__ import annotations

import ast
import itertools
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from k8sexpose.lessons.sheet import QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS, SOLUTIONS = ROOT / "notebooks", ROOT / "instructor" / "solutions"
LESSONS = sorted(path.stem for path in SOLUTIONS.glob("*.ipynb"))
Notebook = Any

# What a learner can be seen to do. "Understand", "know" and "learn" cannot be checked.
VERBS = set(
    """apply argue build calculate change choose compare compute count cut decide derive describe design
    diagnose distinguish draw estimate explain expose find fix follow give identify justify list locate match
    measure name order pick point predict prove reach read recognise repair run say separate set show sort
    spot state tell test trace use verify weigh write""".split()
)

# The start page is short.
CELLS = {"00_start_here": (12, 40)}
WORDS = {"00_start_here": (400, 1500)}

pytestmark = pytest.mark.skipif(not LESSONS, reason="no lessons in instructor/solutions yet")
every_lesson = pytest.mark.parametrize("lesson", LESSONS)


def read(lesson: str) -> Notebook:
    """The student notebook: what a learner opens."""
    return nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4)


def solution(lesson: str) -> Notebook:
    return nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=4)


def kind(cell: Notebook) -> str:
    """The first bold word (`**Predict.**`) or the H2 heading, lower case; "code" for code."""
    if cell.cell_type != "markdown":
        return "code"
    source = cell.source.lstrip()
    if bold := re.match(r"\*\*([^*]+?)\.?\*\*", source):
        return bold[1].lower()
    if heading := re.match(r"## (.+)", source):
        return heading[1].strip().lower()
    return ""


def headings(nb: Notebook) -> list[tuple[int, str]]:
    found = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
            found += [(len(m[1]), m[2].strip()) for m in re.finditer(r"^(#{1,6}) (.+)$", prose, re.MULTILINE)]
    return found


def section(nb: Notebook, title: str) -> str:
    """The markdown under one H2 heading."""
    everything = "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    found = re.search(rf"^## {title}\b.*?$(.*?)(?=^## |\Z)", everything, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return found[1] if found else ""


def bullets(markdown: str) -> list[str]:
    return re.findall(r"^(?:[-*]|\d+\.) +(.+)$", markdown, re.MULTILINE)


def code_of(nb: Notebook) -> Iterator[tuple[int, str]]:
    """(index, Python text) of every code cell, without magics."""
    for index, cell in enumerate(nb.cells):
        if cell.cell_type == "code" and not cell.source.startswith("%%"):
            lines = (line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!")))
            yield index, "\n".join(lines)


def calls(nb: Notebook, name: str) -> Iterator[tuple[int, str, ast.Call]]:
    """(index of the cell, first argument, the call) of every `name("…", …)` or `x.name("…", …)`."""
    for index, code in code_of(nb):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == name:
                    yield index, str(node.args[0].value), node


def asked(nb: Notebook) -> list[tuple[int, str, ast.Call]]:
    """Every question that a learner answers before the cells below are run: `ask`, or `predict` without controls."""
    return sorted([*calls(nb, "ask"), *calls(nb, "predict")], key=lambda found: found[0])


def outputs(nb: Notebook) -> Iterator[tuple[int, Notebook]]:
    for index, cell in enumerate(nb.cells):
        for output in cell.get("outputs", []):
            yield index, output


@every_lesson
def test_title_and_question(lesson: str) -> None:
    nb = read(lesson)
    first = nb.cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# "), "the first cell is the title"
    assert "?" in first.source, "the first cell asks the lesson's question"
    levels = [level for level, _ in headings(nb)]
    assert levels.count(1) == 1, "one H1"
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), "no heading level is skipped"


@every_lesson
def test_objectives(lesson: str) -> None:
    text = section(read(lesson), "Objectives")
    objectives = bullets(text)
    assert 2 <= len(objectives) <= 7
    for objective in objectives:
        verb = re.sub(r"\W", "", objective.split()[0]).lower()
        assert verb in VERBS, f"{verb!r} is not a checkable verb: {objective}"
    assert "**Prerequisites.**" in text
    assert re.search(r"\*\*Minutes\.\*\* \d+", text)


@every_lesson
def test_running_clock(lesson: str) -> None:
    nb = read(lesson)
    total = re.search(r"\*\*Minutes\.\*\* (\d+)", section(nb, "Objectives"))
    numbered = [c for c in nb.cells if c.cell_type == "markdown" and re.match(r"## \d+\. ", c.source)]
    assert numbered, "the core sections are '## 1. …', '## 2. …'"
    clock = []
    for cell in numbered:
        found = re.search(r"to here: (\d+) min", cell.source)
        assert found, f"no 'to here: N min' under {cell.source.splitlines()[0]}"
        clock.append(int(found[1]))
    assert clock == sorted(clock)
    assert total and clock[-1] == int(total[1]), "the last core section ends at the lesson's minutes"


@every_lesson
def test_order_of_sections(lesson: str) -> None:
    titles = [title.lower() for level, title in headings(read(lesson)) if level == 2]
    kinds = [re.sub(r"^\d+\. .*", "core", title) for title in titles]
    allowed = ["objectives", "core", "go further", "exercises", "recap", "next"]
    ranks = []
    for title in kinds:
        rank = next((i for i, name in enumerate(allowed) if title.startswith(name)), None)
        assert rank is not None, f"'## {title}' is none of {allowed}; core sections are numbered: '## 1. …'"
        ranks.append(rank)
    assert ranks == sorted(ranks), f"order is {allowed}, found {kinds}"
    needed = {"objectives", "core", "exercises", "recap", "next"}
    assert needed <= {allowed[rank] for rank in ranks}


@every_lesson
def test_recap_mirrors_objectives(lesson: str) -> None:
    nb = read(lesson)
    assert len(bullets(section(nb, "Recap"))) >= len(bullets(section(nb, "Objectives")))


@every_lesson
def test_predict_run_see_explain_check(lesson: str) -> None:
    nb = read(lesson)
    predictions, checks = list(asked(nb)), list(calls(nb, "check"))
    assert predictions, "a lesson asks for at least one prediction"
    for at, name, _ in predictions:
        before = [kind(cell) for cell in nb.cells[:at] if cell.cell_type == "markdown"]
        assert before[-1] == "predict", f"the prose before the question {name!r} starts with **Predict.**"
        checked = [index for index, other, _ in checks if other == name and index > at]
        assert checked, f"the question {name!r} is not followed by check({name!r})"
        between = [kind(cell) for cell in nb.cells[at + 1 : checked[0]]]
        for step in ("code", "see", "explain"):
            assert step in between, f"no {step} between the question {name!r} and its check"
        assert between.index("code") < between.index("explain"), f"{name}: explained before it was run"
        assert between.index("see") < between.index("explain"), f"{name}: explained before it was seen"


@every_lesson
def test_see_asks_numbered_questions(lesson: str) -> None:
    for cell in read(lesson).cells:
        if kind(cell) == "see":
            assert re.search(r"\(1\)|^1\. ", cell.source, re.MULTILINE), f"no numbered question in: {cell.source[:80]}"


@every_lesson
def test_size(lesson: str) -> None:
    core, further, exercises = parts(read(lesson))
    least, most = CELLS.get(lesson, (20, 40))
    # Questions in a row are one step of the lesson: each has a cell of its own, to be clicked, and one for its card.
    questions = sum(bool(re.match(r'(ask|check)\("[\w-]+"[^\n]*\)$', cell.source)) for cell in core)
    assert least <= len(core) - questions // 2 <= most
    assert len(exercises) <= 8
    fewest, highest = WORDS.get(lesson, (700, 1500))
    assert fewest <= words(core + exercises) <= highest, f"{words(core + exercises)} words"
    # What goes further is a part of its own: shorter, and not needed for the core.
    assert len(further) <= 40 and words(further) <= 1500, f"{len(further)} cells, {words(further)} words"
    for cells in (core + exercises, further):
        lines = [sum(bool(line.strip()) for line in c.source.splitlines()) for c in cells if c.cell_type == "code"]
        assert max(lines, default=0) <= 12
        assert statistics.median(lines or [0]) <= 3


def parts(nb: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """The core of a lesson, its section Go further, and its exercises without the instructor's tests."""
    core: list[Any] = []
    further: list[Any] = []
    exercises: list[Any] = []
    into = core
    for cell in nb.cells:
        heading = re.search(r"^## (\w+)", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if heading:
            into = {"Go": further, "Exercises": exercises}.get(heading[1], core)
        if not cell.metadata.get("nbgrader", {}).get("grade"):
            into.append(cell)
    return core, further, exercises


@every_lesson
def test_each_exercise_is_graded(lesson: str) -> None:
    """Two to four exercises, each with one answer and then one graded cell that asks for it."""
    nb = solution(lesson)
    asked = re.findall(r"^\*\*(\d)\. ", section(nb, "Exercises"), re.MULTILINE)
    assert asked == [str(k + 1) for k in range(len(asked))] and 2 <= len(asked) <= 4
    start = next(k for k, cell in enumerate(nb.cells) if cell.source.startswith("## Exercises"))
    marked = [cell for cell in nb.cells[start:] if "nbgrader" in cell.metadata]
    answers, tests = marked[::2], marked[1::2]
    assert len(answers) == len(tests) == len(asked)
    for answer, test in zip(answers, tests, strict=True):
        assert answer.metadata.nbgrader.solution and test.metadata.nbgrader.grade and test.metadata.nbgrader.points > 0
        names = {node.id for node in ast.walk(ast.parse(test.source)) if isinstance(node, ast.Name)}
        given = {node.id for node in ast.walk(ast.parse(answer.source)) if isinstance(node, ast.Name)}
        assert names & given, f"{test.metadata.nbgrader.grade_id} does not look at the answer before it"


def words(cells: list[Any]) -> int:
    prose = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    prose = re.sub(r"```.*?```|<[^>]+>", " ", prose, flags=re.DOTALL)
    return len(re.findall(r"\w[\w'’.:/-]*", prose))


@every_lesson
def test_links_lead_somewhere(lesson: str) -> None:
    for cell in read(lesson).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#\s]+)", cell.source):
                if not re.match(r"[a-z]+:", target):
                    assert (NOTEBOOKS / target).exists(), f"link to {target}"


@every_lesson
def test_student_notebook_is_clean(lesson: str) -> None:
    nb = read(lesson)
    assert not list(outputs(nb))
    assert all(cell.execution_count is None for cell in nb.cells if cell.cell_type == "code")
    assert "widgets" not in nb.metadata
    assert not any("BEGIN SOLUTION" in cell.source or "HIDDEN TESTS" in cell.source for cell in nb.cells)


@every_lesson
def test_solution_notebook_is_sound(lesson: str) -> None:
    nb = solution(lesson)
    assert not [index for index, output in outputs(nb) if output.output_type == "error"]
    assert not [index for index, output in outputs(nb) if output.get("name") == "stderr"]
    assert "widgets" not in nb.metadata, "stored widget state differs from run to run: make notebooks leaves it out"
    for cell in nb.cells:
        graded = cell.metadata.get("nbgrader", {})
        if graded.get("grade") and not graded.get("solution"):
            assert "### BEGIN HIDDEN TESTS" in cell.source, f"graded cell {graded.get('grade_id')} shows its asserts"


@every_lesson
def test_metadata(lesson: str) -> None:
    for nb in (read(lesson), solution(lesson)):
        assert nb.metadata.kernelspec.name == "python3"
        ids = [cell.id for cell in nb.cells]
        assert len(set(ids)) == len(ids)


def test_prediction_ids_are_unique() -> None:
    names = [name for lesson in LESSONS for _, name, _ in asked(read(lesson))]
    assert len(set(names)) == len(names)


PARTS = {"Go": "optional", "Exercises": "exercise"}


@every_lesson
def test_each_question_stands_where_its_part_says(lesson: str) -> None:
    """The part is a column of the table that is handed in."""
    section = "core"
    found: dict[str, str] = {}
    for cell in solution(lesson).cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"## (\w+)", cell.source)):
            section = PARTS.get(heading[1], "core")
        elif cell.cell_type == "code":
            for name in re.findall(r'(?:ask|predict|check)\(\s*"([\w-]+)"', cell.source):
                found.setdefault(name, section)
    asked = {name: question.part for name, question in QUESTIONS.items() if question.lesson == lesson}
    assert found == asked
