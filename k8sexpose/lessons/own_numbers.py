"""Exercises with numbers of one's own: the same for a student on every machine, others for the neighbour."""

from __future__ import annotations

import html
from dataclasses import dataclass

from .._display import LITERAL
from ..model import Cluster
from .feedback import Feedback
from .forms import Question, shown
from .sheet import SHEET, Sheet
from .tasks import TASKS, Draw

__all__ = ["Exercise", "exercise"]


@dataclass(frozen=True, slots=True, repr=False)
class Exercise:
    """One exercise, with the numbers of one student.

    Parameters
    ----------
    name, student : str
        Which exercise, and whose.
    question : Question, optional
        What is asked; None if there is no such exercise.
    sheet : Sheet
        Where the answers are kept, see `progress`.

    Examples
    --------
    >>> exercise("hops", student="ada").check("1/2").correct
    False
    """

    name: str
    student: str
    question: Question | None
    sheet: Sheet

    @property
    def text(self) -> str:
        """The task, in words."""
        if self.question is None:
            return f"There is no exercise {self.name}. There are: {', '.join(TASKS)}."
        return f"{self.question.text} Answer with .check(…): {self.question.form.example}."

    @property
    def cluster(self) -> Cluster:
        """A fresh cluster of the task, to try things on."""
        return self.question.setup() if self.question else Cluster(nodes=0)

    def check(self, answer: object = ...) -> Feedback:
        """Compare an answer with what the model computes; nothing is ever raised.

        Parameters
        ----------
        answer : object
            Your answer.

        Returns
        -------
        Feedback
            Right, or what is behind the wrong answer, or how an answer is written.
        """
        if self.question is None:
            return Feedback(None, None, self.text)
        return self.sheet.judge_own(self.question, answer, self.student)

    @property
    def _whose(self) -> str:
        return f"{self.name}, for {self.student}" if self.student else f"{self.name} (no student id: numbers for all)"

    def __repr__(self) -> str:
        return f"{self._whose}: {self.text}"

    def _repr_html_(self) -> str:
        style = "max-width: 60em; color: var(--jp-ui-font-color1, inherit)"
        told = f"<strong>{html.escape(self._whose)}.</strong> {html.escape(self.text)}"
        return f'<p class="{LITERAL}" style="{style}">{told}</p>'


def exercise(name: str, student: str = "") -> Exercise:
    """Give an exercise with numbers of the student's own.

    Parameters
    ----------
    name : str
        ``"window"``, ``"crash"``, ``"entry"``, ``"hops"``, ``"queue"`` or ``"broken"``: one for each lesson, 1 to 6.
    student : str
        Your id; the same id gets the same numbers on every machine.

    Returns
    -------
    Exercise
        Shows the task; ``.cluster`` is a fresh cluster of it, ``.check(answer)`` judges.

    Examples
    --------
    >>> exercise("entry", student="ada").check("$ 0").misconception
    24
    >>> exercise("hop").check(3).correct is None
    True
    """
    key, who = shown(name).strip(), "" if student is None else shown(student).strip()
    return Exercise(key, who, TASKS[key](Draw(key, who)) if key in TASKS else None, SHEET)
