"""A table that judges an exercise line by line: what it has in common with the others, and the card below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from .._display import html_table, scrolling
from .feedback import Feedback
from .sheet import SHEET
from .table_questions import TABLES

__all__ = ["ExerciseTable", "counted"]

SHORT = 14  # characters of a cell that is not broken into lines
Table = TypeVar("Table", bound="ExerciseTable")


class ExerciseTable:
    """What a table of an exercise shows: how many lines are right, the lines, and the card of every exercise."""

    __slots__ = ()

    ID: ClassVar[str]
    HEAD: ClassVar[tuple[str, ...]]

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which lines are right."""
        raise NotImplementedError

    @property
    def begun(self) -> bool:
        """Whether anything was answered."""
        raise NotImplementedError

    def _cells(self) -> Iterator[tuple[str, ...]]:
        raise NotImplementedError

    @property
    def solved(self) -> bool:
        """True when every line is right."""
        return bool(self.marks) and all(self.marks)

    @property
    def _remark(self) -> str:
        """What the caption says besides how many lines are right."""
        return ""

    @property
    def _caption(self) -> str:
        return TABLES[self.ID].show(sum(self.marks)) + self._remark

    @property
    def _answer(self) -> str:
        """What the card says of the answer."""
        return self._caption

    @property
    def card(self) -> Feedback:
        """How far the exercise is, as a card."""
        question = TABLES[self.ID]
        if not self.begun:
            return Feedback(None, None, "No answer yet. Write your answer into the cell, and run it again.")
        text = question.right if self.solved else f"{question.otherwise} Try again."
        return Feedback(self.solved, None, text, question.text, self._answer)

    def __repr__(self) -> str:
        return "\n".join([self._caption, *("  " + " | ".join(cells) for cells in self._cells()), repr(self.card)])

    def _repr_html_(self) -> str:
        rows = list(self._cells())
        # A sign and its word, such as ✓ repaired, stay on one line.
        short = [k for k in range(len(self.HEAD)) if all(len(row[k]) <= SHORT for row in rows)]
        return scrolling(html_table(self._caption, self.HEAD, rows, unbroken=short)) + self.card._repr_html_()


def counted(table: Table) -> Table:
    """Keep how many lines are right, for `progress`; a table that nobody has begun is no answer."""
    if table.begun:
        SHEET.note_table(table.ID, sum(table.marks))
    return table
