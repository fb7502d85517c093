"""Where a question is asked: addresses of cells, for the links of `progress`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from .answer_file import FIRST_LESSON
from .forms import Question
from .table_questions import CALLS, OWN

__all__ = ["cell_links", "lesson_link"]

MOST_BYTES = 20_000_000  # of a notebook that is read


def _course() -> tuple[Path, str]:
    """Return the folder of the lessons, and what leads there from the notebook that runs: from a leaflet, one up."""
    here = Path.cwd()
    if not (here / FIRST_LESSON).is_file() and (here.parent / FIRST_LESSON).is_file():
        return here.parent, "../"
    return here, ""


def lesson_link(lesson: str) -> str:
    """Return the address of a lesson or a leaflet, as seen from the notebook that runs."""
    return f"{_course()[1]}{lesson}.ipynb"


def cell_links(questions: Iterable[Question]) -> dict[str, str]:
    """Return for each question the address of its cell; where that is not found, of its lesson."""
    folder, _ = _course()
    cells: dict[str, list[tuple[str, str]]] = {}
    found = {}
    for question in questions:
        lesson = question.lesson
        if lesson not in cells:
            cells[lesson] = list(_code_cells(folder / f"{lesson}.ipynb"))
        cell = _cell_of(question, cells[lesson])
        found[question.id] = lesson_link(lesson) + (f"#cell-id={cell}" if cell else "")
    return found


def _cell_of(question: Question, cells: Iterable[tuple[str, str]]) -> str:
    """Return the id of the cell that asks a question; that of an exercise is the last one that calls its function."""
    if question.id in CALLS:
        calling = [id for id, source in cells if CALLS[question.id] in source]
        return calling[-1] if calling else ""
    name = f'"{question.exercise or question.id}"' if question.part == OWN else f'"{question.id}"'
    return next((id for id, source in cells if name in source), "")


def _code_cells(path: Path) -> Iterator[tuple[str, str]]:
    """Yield id and source of the cells of code of a notebook, as far as it can be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                source = cell["source"]
                yield str(cell["id"]), source if isinstance(source, str) else "".join(source)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return
