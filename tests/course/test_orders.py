"""Each lesson in three orders: every cell twice, the whole again in the same kernel, and one section alone after a restart.

A cell gives what is stored in the solution, or says what to run first. In this process, without a kernel; three runs of
every notebook are for make deep all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from k8sexpose import NotExposed
from tests.course.helpers import plain, run

pytestmark = pytest.mark.deep

SOLUTIONS = Path(__file__).resolve().parents[2] / "instructor" / "solutions"
# With the folder of a leaflet: leaflets/session_affinity.
LESSONS = [
    path.relative_to(SOLUTIONS).with_suffix("").as_posix()
    for path in (*sorted(SOLUTIONS.glob("*.ipynb")), *sorted(SOLUTIONS.glob("leaflets/*.ipynb")))
]
every_lesson = pytest.mark.parametrize("lesson", LESSONS)

# It lists the learner's tries, which are more now.
TRIES = re.compile(r"\bprogress\(")
# A name of a cell above, in Python and in a query of pandas; a Service whose address has not come yet.
SAYS_WHAT_FIRST = (NameError, NotExposed)
# The same from %kubectl, which prints it and raises nothing.
NO_VARIABLE = "There is no variable '"
# Cells that show something else when their section runs alone, each with the reason why this misleads nobody.
AS_IT_IS = {
    ("01_nodeport", "try-selector"): "it lists the endpoints of all Services, and those of section 3 are not there",
    ("leaflets/session_affinity", "run-office"): "a node chooses the Pod at random, and section 1 has used its choices",
}
# Tests of an answer whose cell has ended in a NameError, so that there is no answer yet.
WITHOUT_AN_ANSWER = {("07_ways_out", "graded-all-three")}
EXCEPTIONS = {*AS_IT_IS, *WITHOUT_AN_ANSWER}


def code(lesson: str) -> Iterator[tuple[str, Any]]:
    """(H2 heading above it, the cell) of every code cell."""
    section = ""
    for cell in nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=4).cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            section = cell.source.splitlines()[0]
        elif cell.cell_type == "code":
            yield section, cell


def stored(cell: Any) -> list[str]:
    streams = [output.text for output in cell.outputs if output.output_type == "stream"]
    shown = [output.data.get("text/plain", "") for output in cell.outputs if output.output_type != "stream"]
    return plain("\n".join([*streams, *shown]))


def same(cell: Any, told: list[str]) -> bool:
    """Whether a cell gives what is stored; a wide table is laid out otherwise here, so its frame is not compared."""
    return bool(TRIES.search(cell.source)) or told == stored(cell) or _is_table(cell)


def _is_table(cell: Any) -> bool:
    return any("dataframe" in output.get("data", {}).get("text/html", "") for output in cell.outputs)


@every_lesson
def test_each_cell_twice_then_all_again(lesson: str, shell: InteractiveShell) -> None:
    for _, cell in code(lesson):
        for time in "first", "second":
            told, error = run(shell, cell)
            assert error is None, f"{cell.id}, {time} time: {error}"
            # Some things have changed (created: unchanged), but no answer has become wrong.
            assert not any(line.startswith("✗") for line in told), f"{cell.id}, {time} time: {told}"
    for _, cell in code(lesson):
        told, error = run(shell, cell)
        assert error is None, f"{cell.id}, again: {error}"
        assert same(cell, told), f"{cell.id}: {told}\n\nis not what is stored:\n\n{stored(cell)}"
    # Who comes back to a question at the end finds it judged as in its section, whatever later ones have done.
    for _, cell in code(lesson):
        if cell.source.startswith("check("):
            told, error = run(shell, cell)
            assert error is None and same(cell, told), f"{cell.id}, at the end: {error or told}"


@every_lesson
def test_a_section_alone_after_a_restart(lesson: str, shell: InteractiveShell) -> None:
    cells = list(code(lesson))
    first_prediction = next(
        k
        for k, (_, cell) in enumerate(cells)
        if "ask(" in cell.source or ("predict(" in cell.source and "nbgrader" in cell.metadata)
    )
    above, rest = cells[:first_prediction], cells[first_prediction:]
    for section in dict.fromkeys(section for section, _ in rest):
        shell.reset(new_session=False)
        for _, cell in above:
            assert run(shell, cell)[1] is None
        for mine, cell in rest:
            if mine == section:
                told, error = run(shell, cell)
                _judge((lesson, cell.id), cell, told, error)


def _judge(name: tuple[str, str], cell: Any, told: list[str], error: BaseException | None) -> None:
    """Check what a cell gives in a section alone; an exception must be one, or it goes from the lists above."""
    if name in WITHOUT_AN_ANSWER:
        assert isinstance(error, AssertionError), f"{name} is no exception: {error!r}"
    elif error is not None:
        assert isinstance(error, SAYS_WHAT_FIRST), f"{name}: {error!r}"
    elif name in AS_IT_IS:
        assert not same(cell, told), f"{name} is no exception: it gives what is stored"
    elif not any(line.startswith(NO_VARIABLE) for line in told):
        assert same(cell, told), f"{name}: {told}\n\nis not what is stored:\n\n{stored(cell)}"


def test_each_exception_is_a_cell_of_the_course() -> None:
    cells = {(lesson, cell.id) for lesson in LESSONS for _, cell in code(lesson)}
    assert not EXCEPTIONS - cells
