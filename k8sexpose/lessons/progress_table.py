"""The table of all answers: complete as a DataFrame, and in four columns of words where it is shown."""

from __future__ import annotations

import html
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .._display import LITERAL, scrolling
from .answer_file import Entry
from .cell_links import cell_links, lesson_link
from .forms import Question, shown

__all__ = ["Progress", "progress_table"]

RESULTS = {True: "right", False: "not yet", None: "not checked"}
COLUMNS = ["lesson", "part", "exercise", "id", "question", "first answer", "answer", "tries", "result", "misconception"]
OPEN = ("no answer", "not yet", "not checked")
EMPTY = "No answers yet. Keep the first one, then {}."
HEAD = ("lesson", "questions", "exercises", "open")
MOST_LINES = 20  # of open questions where there is only text


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
    links: dict[str, str]  # where each question is asked
    _metadata = ["problem", "words", "links"]  # noqa: RUF012  (pandas reads the list)

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
            return _with(EMPTY.format(_once_more()), self._problem)
        rows = [(row.lesson, row.core, row.exercises, str(len(row.open) or "nothing")) for row in self.lessons]
        widths = [max(len(line[k]) for line in [HEAD, *rows]) for k in range(len(HEAD))]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [HEAD, *rows]
        ]
        left = [f"  {row.lesson}: {_fitting(str(row.question))}" for row in self._open.itertuples()]
        more = [f"  and {len(left) - MOST_LINES} more"] if len(left) > MOST_LINES else []
        lines += ["Open questions:", *left[:MOST_LINES], *more] if left else []
        return _with("\n".join(lines), self._problem)

    def _repr_html_(self) -> str:
        if not set(COLUMNS) <= set(self.columns):
            return str(pd.DataFrame(self).to_html())
        if self.empty:
            return f"<p>{html.escape(repr(self))}</p>"
        problem = f'<p role="alert">{html.escape(self._problem)}</p>' if self._problem else ""
        return f'<div class="jp-RenderedHTMLCommon">{problem}{scrolling(self._overview())}{self._folded()}</div>'

    def _folded(self) -> str:
        """Write what is folded below the lessons: which questions are open, with links, and all answers."""
        words = getattr(self, "words", {})
        asked = [
            (html.escape(str(row["lesson"])), self._linked(row), html.escape(str(row["result"])))
            for _, row in self._open.iterrows()
        ]
        told = [
            [
                html.escape(str(cell))
                for cell in (
                    row["question"],
                    *words.get(row["id"], (row["first answer"], row["answer"])),
                    row["result"],
                )
            ]
            for _, row in self[self["tries"] > 0].iterrows()
        ]
        parts = (
            (f"Open questions ({len(asked)})", ("lesson", "question", "result"), asked),
            (f"All your answers ({len(told)})", ("question", "first answer", "last answer", "result"), told),
        )
        return "".join(
            f"<details><summary>{title}</summary>{scrolling(_table(title, head, rows), title)}</details>"
            for title, head, rows in parts
            if rows
        )

    @property
    def _open(self) -> pd.DataFrame:
        """The questions without a right answer, and those whose answer was not checked."""
        return pd.DataFrame(self[self["result"].isin(OPEN)])

    def _linked(self, row: Any) -> str:
        """Return a question as a link to its cell."""
        links = getattr(self, "links", {})
        return _link(links.get(row["id"], lesson_link(str(row["lesson"]))), str(row["question"]))

    def _overview(self) -> str:
        """Write the table of lessons, each with a link to it and how many questions are open."""
        rows = [
            (_link(lesson_link(row.lesson), row.lesson), row.core, row.exercises, str(len(row.open) or "nothing"))
            for row in self.lessons
        ]
        return _table("Your progress", HEAD, rows)

    @property
    def _problem(self) -> str:
        return str(getattr(self, "problem", "") or "")


def _once_more() -> str:
    """Return how a table is made anew: in Voilà, which shows no cells, with the page."""
    return "load the page again" if os.environ.get("SERVER_SOFTWARE", "").startswith("voila") else "run this cell again"


def _link(address: str, words: str) -> str:
    broken = html.escape(words).replace("_", "_<wbr>")  # on a narrow page
    return f'<a href="{html.escape(address, quote=True)}">{broken}</a>'


def _table(caption: str, head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of cells that are HTML; the first of each row is its head."""
    left = 'style="text-align: left"'
    names = "".join(f'<th scope="col" {left}>{html.escape(name)}</th>' for name in head)
    body = ""
    for first, *others in rows:
        cells = "".join(f"<td {left}>{cell}</td>" for cell in others)
        body += f'<tr><th scope="row" {left}>{first}</th>{cells}</tr>'
    title = f"<caption {left}>{html.escape(caption)}</caption>"
    return f'<table class="{LITERAL}" {left}>{title}<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>'


def _with(text: str, problem: str) -> str:
    return f"{text}\n{problem}" if problem else text


def _fitting(text: str, most: int = 90) -> str:
    """Return the beginning of a text, whole words only."""
    return textwrap.shorten(text, most, placeholder=" …")


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
    listed = set(table["id"])
    table.links = cell_links([one for one in asked if one.id in listed])
    table.words = {
        one.id: (one.show(entries[one.id].first), one.show(entries[one.id].answer))
        for one in asked
        if one.id in entries
    }
    return table
