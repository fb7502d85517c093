"""The learner's answers, and the three functions of a notebook: `predict`, `check`, `progress`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .cost_warning import questions as cost
from .extra_hop import questions as hop
from .feedback import Feedback
from .forms import Percent, Question, Unreadable, Wrong, shown, unanswered
from .leaflets import leftovers, sticky
from .loadbalancer import questions as concierge
from .local import questions as local
from .nodeport import questions as nodeport
from .skew_and_latency import limits
from .skew_and_latency import questions as skew
from .start import questions as start
from .your_cluster import questions as yours

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["QUESTIONS", "Sheet", "check", "predict", "progress"]

LESSONS = (start, nodeport, sticky, concierge, leftovers, cost, hop, local, skew, limits, yours)
QUESTIONS: dict[str, Question] = {question.id: question for lesson in LESSONS for question in lesson.QUESTIONS}


@dataclass(slots=True)
class Entry:
    """What a learner said to one question."""

    first: Any
    answer: Any
    tries: int = 1
    correct: bool | None = None
    misconception: int | None = None


@dataclass(slots=True)
class Sheet:
    """The answers of one learner.

    Examples
    --------
    >>> sheet = Sheet()
    >>> sheet.check("np-which-nodes")
    → Predict first: put your answer into predict("np-which-nodes", …) above, run that cell, then this one.
    >>> sheet.predict("np-which-nodes", {"10.0.0.1"})
    → Noted for np-which-nodes: 10.0.0.1
    >>> sheet.check("np-which-nodes").misconception
    8
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    own: dict[str, Question] = field(default_factory=dict)

    def predict(self, id: str, answer: object = ...) -> Feedback:
        """Keep an answer; see `predict`."""
        question = _find(id)
        return question if isinstance(question, Feedback) else self._note(question, answer)[0]

    def _note(self, question: Question, answer: object) -> tuple[Feedback, bool]:
        """Keep an answer that can be read; say what happened, and whether it was kept."""
        if unanswered(answer):
            text = f"Nothing noted for {question.id} yet. Put in {question.form.example}, and run the cell again."
            return Feedback(None, None, text), False
        try:
            given = question.form.read(answer)
        except Unreadable as problem:
            why = "" if str(problem) in ("", question.form.example) else f" ({problem})"
            text = f"Not noted: {shown(answer)} is no answer that I can read{why}. Put in {question.form.example}."
            kept = self.entries.get(question.id)
            return Feedback(None, None, f"{text} Kept: {shown(kept.answer)}." if kept else text), False
        entry = self.entries.get(question.id)
        if entry is None:
            self.entries[question.id] = Entry(given, given)
        elif entry.answer != given:
            self.entries[question.id] = Entry(entry.first, given, entry.tries + 1)
        noted = f"Noted for {question.id}: {shown(given)}"
        if isinstance(question.form, Percent) and 0 < given < 1:
            noted += ' percent. If you meant a share of 1, write it as a fraction, such as "1/4".'
        return Feedback(None, None, noted), True

    def check(self, id: str, cluster: object = None, *, answer: object = None) -> Feedback:
        """Compare the kept answer with the model's; see `check`."""
        question = _find(id)
        if isinstance(question, Feedback):
            return question
        if answer is not None:
            noted, read = self._note(question, answer)
            if not read:
                return noted
        entry = self.entries.get(question.id)
        if entry is None:
            where = f'put your answer into predict("{question.id}", …) above, run that cell, then this one.'
            return Feedback(None, None, f"Predict first: {where}")
        feedback, yours = self._judge(question, cluster)
        if cluster is not None and not yours:
            return Feedback(feedback.correct, feedback.misconception, f"{feedback.text} {FRESH}")
        return feedback

    def judge_own(self, question: Question, answer: object, student: str) -> Feedback:
        """Keep and judge the answer to an exercise with numbers of the student's own; see `exercise`."""
        mine = replace(question, id=f"{question.id} ({student})" if student else question.id)
        noted, read = self._note(mine, answer)
        if not read:
            return noted
        self.own[mine.id] = mine
        return self._judge(mine)[0]

    def _judge(self, question: Question, cluster: object = None) -> tuple[Feedback, bool]:
        """Judge the answer that was kept; tell whether on the cluster that was given."""
        entry = self.entries[question.id]
        right, yours = question.solve(cluster)
        feedback = judge(question, entry.answer, right, told=question.part not in HIDE or entry.tries >= TRIES)
        entry.correct, entry.misconception = feedback.correct, feedback.misconception
        return feedback, yours

    def progress(self, student: str = "") -> DataFrame:
        """Return the table of answers; see `progress`."""
        import pandas as pd

        every = [*QUESTIONS.values(), *self.own.values()]
        lessons = {question.lesson for question in every if question.id in self.entries}
        rows = [self._row(question) for question in every if question.lesson in lessons]
        table = pd.DataFrame(rows, columns=COLUMNS).sort_values("lesson", kind="stable", ignore_index=True)
        if student:
            table.insert(0, "student", student)
        return table

    def _row(self, question: Question) -> tuple[object, ...]:
        """Write one line of the table, in the order of COLUMNS."""
        asked = (question.lesson, question.part, question.id, question.text)
        entry = self.entries.get(question.id)
        if entry is None:
            return (*asked, "", "", 0, "optional" if question.part == "optional" else "no answer", "")
        belief = str(entry.misconception or "")
        return (*asked, shown(entry.first), shown(entry.answer), entry.tries, RESULTS[entry.correct], belief)


FRESH = "(Your cluster cannot answer this question any more, so a fresh one did.)"
RESULTS = {True: "right", False: "not yet", None: "not checked"}
COLUMNS = ["lesson", "part", "id", "question", "first answer", "answer", "tries", "result", "misconception"]
HIDE, TRIES = ("exercise", "own numbers"), 3  # where, and for how many tries, the right answer is not told
SHEET = Sheet()


def judge(question: Question, given: Any, right: Any, *, told: bool = True) -> Feedback:
    """Compare an answer with the model's, and find what to say; `told`: with the right answer."""
    words = {"given": shown(given), "right": shown(right)}
    if question.same(given, right):
        return Feedback(True, None, question.right.format(**words))
    wrong = next((one for one in question.wrong if one.fits(given, right)), Wrong(given, question.otherwise))
    text = wrong.text
    if not told:
        sentences = re.split(r"(?<=[.!?]) ", text)
        text = " ".join([*(sentence for sentence in sentences if "{right}" not in sentence), "Try again."])
    return Feedback(False, wrong.misconception, text.format(**words))


def predict(id: str, answer: object = ...) -> Feedback:
    """Commit to an answer; whether it is right stays open.

    Parameters
    ----------
    id : str
        Name of the question.
    answer : object
        Your answer; ``...`` while you have none.

    Returns
    -------
    Feedback
        Says what was noted, or how an answer is written. Nothing is ever raised.

    Examples
    --------
    >>> predict("np-which-nodes", ...).correct is None
    True
    """
    return SHEET.predict(id, answer)


def check(id: str, cluster: object = None, *, answer: object = None) -> Feedback:
    """Compare your answer with what the model computes.

    Parameters
    ----------
    id : str
        Name of the question.
    cluster : Cluster, optional
        The cluster to ask; it stays as it is. Without one, a fresh cluster is asked.
    answer : object, optional
        An answer given on the spot, in place of an earlier `predict`.

    Returns
    -------
    Feedback
        Right, or what is behind the wrong answer, or "Predict first". Nothing is ever raised.

    Examples
    --------
    >>> check("np-which-nodes", answer="10.0.0.1, 10.0.0.2, 10.0.0.3").correct
    True
    """
    return SHEET.check(id, cluster, answer=answer)


def progress(student: str = "") -> DataFrame:
    """List the questions of the lessons you have begun, with your answers: a table to save and to hand in.

    Parameters
    ----------
    student : str
        Your id; it becomes the first column, so that an instructor can put the tables of a class under each other.

    Returns
    -------
    DataFrame
        One row for each question: part of the lesson, first and last answer, number of tries, result, misconception.
        A question of Go further that has no answer is "optional"; all others without one are "no answer".

    Examples
    --------
    >>> list(progress().columns)[:3], progress("ada").columns[0]
    (['lesson', 'part', 'id'], 'student')
    """
    return SHEET.progress(student)


def _find(id: object) -> Question | Feedback:
    """Find a question, or say what might have been meant."""
    name = id.strip() if isinstance(id, str) else ""
    if name in QUESTIONS:
        return QUESTIONS[name]
    near = difflib.get_close_matches(name, QUESTIONS, n=1)
    meant = f' Did you mean "{near[0]}"?' if near else f" There are: {', '.join(QUESTIONS)}."
    return Feedback(None, None, f"There is no question {shown(id)}.{meant}")
