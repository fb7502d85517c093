"""Which beliefs a class holds: the files of answers of many learners, judged anew by the model."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._display import LITERAL, html_table, visible
from ..plots.figure import INK, SOFT, canvas, finish, show
from .answer_file import MOST_BYTES, Damaged, Entries, Newer, parse
from .forms import Question, accepts
from .misconceptions import misconceptions
from .sheet import QUESTIONS, judge

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ClassReport", "class_report"]

MOST_FILES = 2000
READING = (
    "A ring is the number of learners whose first answer showed the belief, a dot the number whose last answer "
    "still shows it. A long line is a belief that the lesson changed."
)
COLUMNS = ["misconception", "belief", "first", "last", "asked"]


@dataclass(frozen=True, slots=True)
class Handed:
    """One file that counts: whose it may be (its name), and what it holds."""

    name: str
    entries: Entries


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ClassReport:
    """What a class believes, at first and in the end.

    Parameters
    ----------
    beliefs : DataFrame
        One row a belief: how many learners showed it in a first answer, in a last answer, and how many were asked.
    questions : DataFrame
        One row a question: how many answered it, and the share of right answers at first and in the end, in percent.
    answers : DataFrame
        One row an answer; the column ``learner`` is a number, or the name of the file where names were asked for.
    learners : int
        How many files count.
    skipped : tuple of str
        One line for each file that does not, with the reason.
    """

    beliefs: pd.DataFrame
    questions: pd.DataFrame
    answers: pd.DataFrame
    learners: int
    skipped: tuple[str, ...]

    def __repr__(self) -> str:
        head = f"{self.learners} learners, {len(self.answers)} answers"
        rows = [
            f"{row.first:4} → {row.last:<4} of {row.asked:<4} {row.misconception:>3}. {row.belief}"
            for row in self.beliefs.itertuples()
        ]
        table = ["held at first → in the end, of those asked", *rows] if rows else ["No belief was met."]
        return "\n".join([head, *table, *(f"left out: {line}" for line in self.skipped)])

    def _repr_html_(self) -> str:
        rows = [
            (str(row.misconception), str(row.belief), str(row.first), str(row.last), str(row.asked))
            for row in self.beliefs.itertuples()
        ]
        head = ("", "belief", "held at first", "in the end", "learners asked")
        table = html_table(f"Beliefs of {self.learners} learners", head, rows)
        left = "".join(f"<li>{html.escape(line)}</li>" for line in self.skipped)
        skipped = f"<p>Left out:</p><ul>{left}</ul>" if left else ""
        figure = show(self.plot())._repr_html_() if len(self.beliefs) else ""
        return f'<div class="jp-RenderedHTMLCommon {LITERAL}">{table}{figure}{skipped}</div>'

    def to_html(self) -> str:
        """Return the table and the figure as a page of their own."""
        head = (
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Beliefs of a class</title>'
        )
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{self._repr_html_()}</body></html>\n'

    def _described(self) -> str:
        """Return the figure in a sentence."""
        if self.beliefs.empty:
            return f"No belief was met in the answers of {self.learners} learners."
        top = self.beliefs.iloc[0]
        return (
            f"Beliefs of {self.learners} learners. The most common one, {top['belief']}, was behind the first answers "
            f"of {top['first']} learners and is behind the last answers of {top['last']}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many learners held each belief, at first and in the end.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; without one, a new figure.

        Returns
        -------
        Axes
            The axes, with the beliefs from the most to the least common.
        """
        table = self.beliefs.iloc[::-1]
        ax = canvas(ax, 8, 1.2 + 0.45 * max(1, len(table)))
        places = range(len(table))
        ax.hlines(places, table["last"], table["first"], color=SOFT, linewidth=2, zorder=1)
        ax.scatter(
            table["first"], places, marker="o", s=110, facecolors="none", edgecolors=INK, linewidths=2,
            label="first answers", zorder=3,
        )  # fmt: skip
        ax.scatter(table["last"], places, color=INK, marker="o", s=40, label="last answers", zorder=2)
        ax.set_yticks(list(places), [f"{row.misconception}. {_short(str(row.belief))}" for row in table.itertuples()])
        ax.set_xlabel(f"learners who showed the belief, of {self.learners}", color=INK)
        ax.set_xlim(-0.5, max(1, self.learners) + 0.5)
        ax.grid(axis="x", color=SOFT, alpha=0.3)
        if len(table):
            ax.legend(loc="lower right", frameon=False, labelcolor=INK)
        finish(ax, self._described(), READING, "The beliefs of a class")
        return ax


def _short(belief: str) -> str:
    return belief if len(belief) <= 60 else belief[:57].rstrip() + "…"


def class_report(files: str | Path | Iterable[str | Path], *, names: bool = False) -> ClassReport:
    """Read the answer files of a class, and count which beliefs are behind the answers.

    Files that are damaged, foreign, over 1 MB or handed in twice are left out, and named in one line each.

    Parameters
    ----------
    files : path, or iterable of paths
        Files, or folders in which all files that end in .json are read, also in their sub-folders.
    names : bool
        Show the names of files in the table of answers; without, learners are numbers.

    Returns
    -------
    ClassReport
        Shows itself as a table; ``.plot()`` draws it.

    Raises
    ------
    FileNotFoundError
        If one of the paths does not exist.

    Examples
    --------
    >>> class_report([]).learners
    0
    """
    given = [files] if isinstance(files, str | Path) else list(files)
    handed, skipped = _read_all(_paths(map(Path, given)))
    answers = pd.DataFrame(list(_judged(handed, names)), columns=ANSWERS)
    return ClassReport(_beliefs(answers), _questions(answers), answers, len(handed), tuple(skipped))


def _paths(given: Iterable[Path]) -> Iterator[Path]:
    """Yield each file that is named, and each .json file below a folder."""
    for path in given:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*.json") if one.is_file())
        elif path.exists():
            yield path
        else:
            raise FileNotFoundError(f"there is no file or folder {path}")


def _read_all(paths: Iterable[Path]) -> tuple[list[Handed], list[str]]:
    """Read the files; return those that count, and a line for each that does not."""
    handed: list[Handed] = []
    skipped: list[str] = []
    seen: dict[str, str] = {}
    for number, path in enumerate(paths):
        name = visible(str(path))
        if number >= MOST_FILES:
            skipped.append(f"{name} and all after it: more than {MOST_FILES} files")
            break
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            entries = parse(data)
        except (Damaged, Newer) as error:
            skipped.append(f"{name}: {error}")
            continue
        except OSError as error:
            skipped.append(f"{name}: {error.strerror or error}")
            continue
        content = hashlib.sha256(data).hexdigest()
        if content in seen:
            skipped.append(f"{name}: the same as {seen[content]}")
            continue
        seen[content] = name
        handed.append(Handed(name, entries))
    return handed, skipped


ANSWERS = [
    "learner",
    "lesson",
    "id",
    "first answer",
    "first right",
    "first belief",
    "answer",
    "right",
    "belief",
    "tries",
]


def _judged(handed: Iterable[Handed], names: bool) -> Iterator[tuple[Any, ...]]:
    """Yield a line for each answer, judged by the model on a fresh cluster: what a file says of itself is not used."""
    right: dict[str, Any] = {}
    for number, one in enumerate(handed, start=1):
        for id, entry in one.entries.items():
            question = QUESTIONS.get(id)
            if question is None or not (accepts(question.form, entry.first) and accepts(question.form, entry.answer)):
                continue
            if id not in right:
                right[id] = question.solve()[0]
            first, last = _told(question, entry.first, right[id]), _told(question, entry.answer, right[id])
            learner = one.name if names else number
            yield (learner, question.lesson, id, *first, *last, entry.tries)


def _told(question: Question, answer: Any, right: Any) -> tuple[str, bool, int | None]:
    feedback = judge(question, answer, right)
    return question.show(answer), bool(feedback.correct), feedback.misconception


def _beliefs(answers: pd.DataFrame) -> pd.DataFrame:
    """Count the learners behind each belief; asked is who answered a question that can show it."""
    words: Mapping[int, str] = {row.number: row.belief for row in misconceptions().rows}
    shows = {id: {wrong.misconception for wrong in question.wrong} for id, question in QUESTIONS.items()}
    rows = []
    for number, belief in words.items():
        asked = answers[[number in shows[id] for id in answers["id"]]] if len(answers) else answers
        first = asked[asked["first belief"] == number]["learner"].nunique()
        last = asked[asked["belief"] == number]["learner"].nunique()
        if first or last:
            rows.append((number, belief, first, last, asked["learner"].nunique()))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["first", "last"], ascending=False, kind="stable", ignore_index=True)


def _questions(answers: pd.DataFrame) -> pd.DataFrame:
    """Count how many answered each question, and how many of them rightly."""
    columns = ["id", "lesson", "answered", "first_right_percent", "right_percent"]
    rows = [
        (id, QUESTIONS[str(id)].lesson, len(given), 100 * given["first right"].mean(), 100 * given["right"].mean())
        for id, given in answers.groupby("id", sort=False)
    ]
    return pd.DataFrame(rows, columns=columns)
