"""The table of all answers: complete as a DataFrame, and in four columns of words where it is shown."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .._display import LITERAL, html_table, scrolling
from .answer_file import FIRST_LESSON, Entry
from .forms import Question, shown

__all__ = ["Progress", "progress_table"]

RESULTS = {True: "right", False: "not yet", None: "not checked"}
COLUMNS = ["lesson", "part", "exercise", "id", "question", "first answer", "answer", "tries", "result", "misconception"]
OPEN = ("no answer", "not yet", "not checked")
EMPTY = "No answers yet. Keep the first one, then run this cell again (in Voilà: load the page again)."
HEAD = ("lesson", "questions", "exercises", "open")


@dataclass(frozen=True, slots=True)
class LessonRow:
    """How far a learner is in one lesson."""

    lesson: str
    core: str
    exercises: str
    open: tuple[str, ...]


class Progress(pd.DataFrame):
    """All answers; it shows itself by lesson, in words."""

    problem: str
    words: dict[str, tuple[str, str]]  # the first and the last answer to a question, as the learner reads them
    _metadata = ["problem", "words"]  # noqa: RUF012  (pandas reads the list)

    @property
    def lessons(self) -> list[LessonRow]:
        """How far the learner is, lesson by lesson."""
        return [_lesson_row(str(name), rows) for name, rows in self.groupby("lesson", sort=False)]

    def to_csv(self, path_or_buf: Any = None, *args: Any, student: str = "", **options: Any) -> Any:
        """Write the whole table; `student` becomes its first column."""
        table = pd.DataFrame(self)
        if student and "student" not in table.columns:
            table.insert(0, "student", student)
        return table.to_csv(path_or_buf, *args, **options)

    def __repr__(self) -> str:
        if not set(COLUMNS) <= set(self.columns):
            return super().__repr__()
        if self.empty:
            return _with(EMPTY, self._problem)
        rows = [(row.lesson, row.core, row.exercises, _names(row.open)) for row in self.lessons]
        widths = [max(len(line[k]) for line in [HEAD, *rows]) for k in range(len(HEAD))]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [HEAD, *rows]
        ]
        return _with("\n".join(lines), self._problem)

    def _repr_html_(self) -> str:
        if not set(COLUMNS) <= set(self.columns):
            return str(pd.DataFrame(self).to_html())
        if self.empty:
            return f"<p>{html.escape(repr(self))}</p>"
        problem = f'<p role="alert">{html.escape(self._problem)}</p>' if self._problem else ""
        return f'<div class="jp-RenderedHTMLCommon">{problem}{scrolling(self._overview())}{self._folded()}</div>'

    def _folded(self) -> str:
        """Write what is folded below the lessons: which questions are open, and all answers."""
        left, answered = self[self["result"].isin(OPEN)], self[self["tries"] > 0]
        asked = [(str(row.lesson), str(row.id), str(row.question), str(row.result)) for row in left.itertuples()]
        words = getattr(self, "words", {})
        told = [
            (str(row["question"]), *words.get(row["id"], (row["first answer"], row["answer"])), str(row["result"]))
            for _, row in answered.iterrows()
        ]
        parts = (
            (f"Open questions ({len(asked)})", ("lesson", "name in its cell", "question", "result"), asked),
            (f"All your answers ({len(told)})", ("question", "first answer", "last answer", "result"), told),
        )
        return "".join(
            f"<details><summary>{title}</summary>{scrolling(html_table(title, head, rows), title)}</details>"
            for title, head, rows in parts
            if rows
        )

    def _overview(self) -> str:
        """Write the table of lessons, each with a link to it and how many questions are open."""
        body = ""
        for row in self.lessons:
            address = html.escape(f"{_to_the_course()}{row.lesson}.ipynb", quote=True)
            link = f'<a href="{address}">{html.escape(row.lesson)}</a>'
            name = f'<th scope="row" style="text-align: left">{link}</th>'
            cells = (html.escape(row.core), html.escape(row.exercises), str(len(row.open) or "nothing"))
            told = "".join(f'<td style="text-align: left">{cell}</td>' for cell in cells)
            body += f"<tr>{name}{told}</tr>"
        head = "".join(f'<th scope="col" style="text-align: left">{name}</th>' for name in HEAD)
        caption = '<caption style="text-align: left">Your progress</caption>'
        style = "text-align: left"
        rows = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f'<table class="{LITERAL}" style="{style}">{caption}{rows}</table>'

    @property
    def _problem(self) -> str:
        return str(getattr(self, "problem", "") or "")


def _to_the_course() -> str:
    """Return what leads from the notebook that runs to the folder of the lessons: from a leaflet, one folder up."""
    here = Path.cwd()
    return "../" if not (here / FIRST_LESSON).is_file() and (here.parent / FIRST_LESSON).is_file() else ""


def _with(text: str, problem: str) -> str:
    return f"{text}\n{problem}" if problem else text


def _names(open_ones: tuple[str, ...]) -> str:
    """Return the first names of what is open, and how many more there are."""
    more = f" and {len(open_ones) - 3} more" if len(open_ones) > 3 else ""
    return (", ".join(open_ones[:3]) + more) or "nothing"


def _counted(rows: pd.DataFrame, by: str) -> str:
    """Return in words how many questions, or exercises of several questions, are answered, and how many right."""
    if rows.empty:
        return "none"
    every = rows.assign(answered=rows["tries"] > 0, right=rows["result"] == "right").groupby(by)
    total, answered, right = every.ngroups, every["answered"].all().sum(), every["right"].all().sum()
    return f"{answered} of {total} answered, {right} right" if answered else f"0 of {total} answered"


def _lesson_row(name: str, rows: pd.DataFrame) -> LessonRow:
    """Return how far the learner is in a lesson; a leaflet has only optional questions, which count in its row."""
    core, exercises = rows[rows["part"] == "core"], rows[rows["part"].isin(("exercise", "own numbers"))]
    core = rows if core.empty and exercises.empty else core
    left = rows[rows["result"].isin(OPEN)]
    return LessonRow(name, _counted(core, "id"), _counted(exercises, "exercise"), tuple(left["id"]))


def _rows(questions: Iterable[Question], entries: Mapping[str, Entry]) -> Iterator[tuple[object, ...]]:
    """Yield one line for each question of the lessons that were begun, in the order of COLUMNS."""
    every = list(questions)
    begun = {question.lesson for question in every if question.id in entries}
    for question in every:
        if question.lesson not in begun:
            continue
        exercise = "" if question.part in ("core", "optional") else question.exercise or question.id
        asked = question.lesson, question.part, exercise, question.id, question.text
        entry = entries.get(question.id)
        if entry is None:
            yield (*asked, "", "", 0, "optional" if question.part == "optional" else "no answer", "")
        else:
            told = shown(entry.first), shown(entry.answer), entry.tries, RESULTS[entry.correct]
            yield (*asked, *told, str(entry.misconception or ""))


def progress_table(
    questions: Iterable[Question], entries: Mapping[str, Entry], student: str = "", problem: str = ""
) -> Progress:
    """Return the table of the lessons that were begun, with what went wrong with the file, if anything did."""
    asked = list(questions)
    rows = list(_rows(asked, entries))
    table = Progress(pd.DataFrame(rows, columns=COLUMNS).sort_values("lesson", kind="stable", ignore_index=True))
    if student:
        table.insert(0, "student", student)
    table.problem = problem
    table.words = {
        one.id: (one.show(entries[one.id].first), one.show(entries[one.id].answer))
        for one in asked
        if one.id in entries
    }
    return table
