"""The learner's answers: noted, kept in the file, judged, listed."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakSet

from ..model import Cluster
from .answer_file import AnswerFile, Entry, answers_path, now, record_answer
from .cost_warning import questions as cost
from .extra_hop import questions as hop
from .feedback import Feedback
from .forms import Estimate, Question, Several, Unreadable, Wrong, accepts, plain, shown, unanswered
from .leaflets import LEAFLETS
from .loadbalancer import questions as concierge
from .local import questions as local
from .nodeport import questions as nodeport
from .progress_table import Progress, progress_table
from .skew_and_latency import limits
from .skew_and_latency import questions as skew
from .start import questions as start
from .table_questions import ASKED_WITH_OWN_NUMBERS, OWN, OWN_NUMBERS, TABLES
from .ways_out import questions as ways_out
from .your_cluster import questions as yours

__all__ = ["QUESTIONS", "SHEET", "Sheet", "find", "judge", "own_id", "progress", "reset_answers"]

LESSONS = (start, nodeport, concierge, cost, hop, local, skew, limits, ways_out, yours, *LEAFLETS)
QUESTIONS: dict[str, Question] = {question.id: question for lesson in LESSONS for question in lesson.QUESTIONS}


@dataclass(slots=True)
class Sheet:
    """The answers of one learner.

    Parameters
    ----------
    locate : callable
        Returns the path of the file that keeps them, or None for in memory only; asked at the first use.

    Examples
    --------
    >>> sheet = Sheet()
    >>> sheet.check("np-which-nodes")
    → Answer first, at the question above: “The only Pod of ...” Keep your answer there; this card then fills itself in.
    >>> sheet.predict("np-which-nodes", {"10.0.0.1"})
    → Noted: node-1 (10.0.0.1)
    >>> sheet.check("np-which-nodes").misconception
    8
    """

    locate: Callable[[], Path | None] = lambda: None
    memory: dict[str, Entry] = field(default_factory=dict)
    own: dict[str, Question] = field(default_factory=dict)
    drafts: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)
    problem: str = ""
    _file: AnswerFile | None = None
    _located: bool = False
    _watching: dict[str, WeakSet[Any]] = field(default_factory=dict)

    @property
    def file(self) -> AnswerFile | None:
        """The file that keeps the answers, if there is one."""
        if not self._located:
            path = self.locate()
            self._file, self._located = AnswerFile(path) if path else None, True
        return self._file

    @property
    def entries(self) -> dict[str, Entry]:
        """All answers, those of other notebooks too."""
        if self.file is None:
            return self.memory
        self.memory = self.file.read()
        self.problem = self.file.problem
        return self.memory

    def change(self, change: Callable[[dict[str, Entry]], None]) -> None:
        """Apply a change to the answers, in the file and in memory."""
        if self.file is None:
            change(self.memory)
            return
        entries = self.file.change(change)
        if entries is None:
            change(self.memory)
        else:
            self.memory = entries
        self.problem = self.file.problem

    def watch(self, id: str, watcher: Any) -> None:
        """Tell a widget about the answer to a question: its `answered` is called after each change."""
        self._watching.setdefault(id, WeakSet()).add(watcher)

    def _tell(self, id: str, feedback: Feedback | None = None) -> None:
        for watcher in list(self._watching.get(id, ())):
            watcher.answered(feedback)

    def kept(self, id: str) -> Entry | None:
        """Return what was answered to a question, if its form still reads it."""
        return self._readable().get(id)

    def _readable(self) -> dict[str, Entry]:
        """Return the answers to the questions of today; one that has changed since is asked anew."""
        entries = self.entries
        every = self._questions(entries)
        return {id: entry for id, entry in entries.items() if id in every and accepts(every[id].form, entry.answer)}

    def _questions(self, entries: Mapping[str, Entry]) -> dict[str, Question]:
        """Return all questions by id; after a restart those with one's own numbers are known from their answers."""
        every = {**QUESTIONS, **TABLES, **self.own}
        for id in entries:
            task = OWN_NUMBERS.get(id.partition(" ")[0])
            if task is not None and id not in every:
                every[id] = replace(task, id=id)
        return every

    def predict(self, id: str, answer: object = ...) -> Feedback:
        """Keep an answer; see `predict`."""
        question = find(id)
        return question if isinstance(question, Feedback) else self.note(question, answer)[0]

    def note(self, question: Question, answer: object) -> tuple[Feedback, bool]:
        """Keep an answer that can be read; say what happened, and whether it was kept."""
        if unanswered(answer):
            text = f"No answer yet. Give {question.form.example}, and run the cell again."
            return Feedback(None, None, text), False
        try:
            given = question.form.read(plain(answer))
        except Unreadable as problem:
            why = "" if str(problem) in ("", question.form.example) else f" ({problem})"
            text = f"Not noted: I could not read {shown(answer)}{why}. Please give {question.form.example}."
            kept = self.kept(question.id)
            return Feedback(None, None, f"{text} Kept: {question.show(kept.answer)}." if kept else text), False
        at = now()
        self.change(lambda entries: record_answer(entries, question.id, given, at))
        self._tell(question.id)
        noted = f"Noted: {question.show(given)}"
        return Feedback(None, None, f"{noted}. {self.problem}" if self.problem else noted), True

    def check(self, id: str, cluster: object = None, *, answer: object = None) -> Feedback:
        """Compare the kept answer with the model's; see `check`."""
        question = find(id)
        if isinstance(question, Feedback):
            return question
        if answer is not None:
            noted, read = self.note(question, answer)
            if not read:
                return noted
        self.seen[question.id] = cluster.copy() if isinstance(cluster, Cluster) else cluster
        if self.kept(question.id) is None:
            first = f"Answer first, at the question above: “{question.text}” Keep your answer there"
            return Feedback(None, None, f"{first}; this card then fills itself in.")
        feedback = self.judged(question)
        self._tell(question.id, feedback)
        return feedback

    def judged(self, question: Question) -> Feedback:
        """Judge the answer that was kept, on the cluster of the last check as it was then."""
        cluster = self.seen.get(question.id)
        feedback, yours = self._judge(question, cluster)
        if cluster is None or yours:
            return feedback
        return replace(feedback, text=f"{feedback.text} {FRESH}")

    def judge_own(self, question: Question, answer: object, student: str) -> Feedback:
        """Keep and judge the answer to an exercise with numbers of the student's own; see `exercise`."""
        mine = replace(question, id=own_id(question.id, student), exercise=question.id)
        self.own[mine.id] = mine
        noted, read = self.note(mine, answer)
        return self._judge(mine)[0] if read else noted

    def note_table(self, id: str, right: int) -> None:
        """Keep how many lines of an exercise's table are right."""
        _, read = self.note(TABLES[id], right)
        if read:
            self._judge(TABLES[id])

    def _judge(self, question: Question, cluster: object = None) -> tuple[Feedback, bool]:
        """Judge the answer that was kept; tell whether on the cluster that was given."""
        entry = self.memory[question.id]
        right, yours = question.solve(cluster)
        feedback = judge(question, entry.answer, right, told=question.part not in HIDE or entry.tries >= TRIES)

        def verdict(entries: dict[str, Entry]) -> None:
            found = entries.get(question.id)
            if found and found.answer == entry.answer:
                entries[question.id] = replace(
                    found, correct=feedback.correct, misconception=feedback.misconception
                )  # fmt: skip

        if (entry.correct, entry.misconception) != (feedback.correct, feedback.misconception):
            self.change(verdict)
        return feedback, yours

    def reset(self, lesson: str = "") -> int:
        """Forget the answers of a lesson, or all; return how many there were."""
        entries = self.entries
        every = self._questions(entries)
        gone = [id for id in entries if not lesson or (id in every and _begins(every[id].lesson, lesson))]

        def forget(entries: dict[str, Entry]) -> None:
            for id in gone:
                entries.pop(id, None)

        self.change(forget)
        for id in gone:
            self.drafts.pop(id, None)
            self._tell(id)
        return len(gone)

    def progress(self, student: str = "") -> Progress:
        """Return the table of answers; see `progress`."""
        entries = self._readable()
        asked = [*QUESTIONS.values(), *TABLES.values(), *self._with_own_numbers(entries)]
        return progress_table(asked, entries, student, self.problem)

    def _with_own_numbers(self, entries: Mapping[str, Entry]) -> list[Question]:
        """Return the exercises with one's own numbers: as last answered, and those of the lessons that are open."""
        found = {task: OWN_NUMBERS[task] for task in ASKED_WITH_OWN_NUMBERS}
        every = self._questions(entries)
        for id in sorted(entries, key=lambda id: entries[id].at):
            if every[id].part == OWN:
                found[every[id].exercise] = every[id]
        return list(found.values())


def _begins(lesson: str, name: str) -> bool:
    """Return True if a lesson or leaflet is meant: by its number, or by how its name begins."""
    number = name.zfill(2) if name.isdecimal() else name
    return lesson.startswith(number) or lesson.removeprefix("leaflets/").startswith(number)


def own_id(task: str, student: str) -> str:
    """Return the name of an exercise with numbers of one's own; the file shall not say whose they are."""
    if not student:
        return task
    who = unicodedata.normalize("NFKC", student).strip().casefold()
    return f"{task} {hashlib.sha256(who.encode()).hexdigest()[:8]}"


FRESH = "(Your cluster, as it was when this cell ran, cannot answer this question, so a fresh one did.)"
HIDE, TRIES = ("exercise", OWN), 3  # where, and for how many tries, the right answer is not told
SHEET = Sheet(answers_path)


def judge(question: Question, given: Any, right: Any, *, told: bool = True) -> Feedback:
    """Compare an answer with the model's, and find what to say; `told`: with the right answer."""
    words = {"given": shown(given), "right": shown(right)}
    card = {"question": question.text, "answer": question.show(given), "right": question.show(right) if told else ""}
    compared = question.form.compared(given, right) if isinstance(question.form, Estimate) else ""
    if question.same(given, right):
        why = REPEATED.sub("", question.right).format(**words)
        return Feedback(True, None, f"{why[:1].upper()}{why[1:]} {compared}".strip(), **card)
    first = _known(question, given, right)
    if told:
        text = _mistakes(question, given, right) or first.text
    else:
        # A hint for the next try is about one mistake; the card that tells the right answer speaks of each.
        sentences = re.split(r"(?<=[.!?]) ", first.text)
        text = " ".join([*(sentence for sentence in sentences if "{right}" not in sentence), "Try again."])
    return Feedback(False, first.misconception, f"{text.format(**words)} {compared}".strip(), **card)


def _mistakes(question: Question, given: Any, right: Any) -> str:
    """Return what to say to each of several mistakes, with what was ticked or not; empty where one text says all."""
    first = _known(question, given, right)
    if not isinstance(question.form, Several) or not callable(first.given):
        return ""
    options: dict[Wrong, list[str]] = {}
    for option in question.form.options:
        if option in given ^ right:
            alone = _known(question, right ^ {option}, right)
            # A text may be true only of the answer with this one mistake.
            if alone.fits(given, right):
                options.setdefault(alone, []).append(option)
    if len(options) < 2:
        return ""
    said = [f"{_ticked(question, mistaken, given)} {wrong.text}" for wrong, mistaken in options.items()]
    return " ".join(said if first in options else [first.text, *said])


def _ticked(question: Question, options: list[str], given: Any) -> str:
    """Return a sentence that says whether options were ticked, by which the text that follows can be told."""
    named = [f"“{question.show(frozenset({option}))}”" for option in options]
    did = "You ticked" if options[0] in given else "You did not tick"
    return f"{did} {' and '.join(named)}."


def _known(question: Question, given: Any, right: Any) -> Wrong:
    """Find the first known wrong answer that fits."""
    return next((one for one in question.wrong if one.fits(given, right)), Wrong(given, question.otherwise))


# The card has a line for the correct answer; its reason need not begin with it.
REPEATED = re.compile(r"^(?:about )?\{right\}[ %a-zA-Z]{0,5}: ")


def progress(student: str = "") -> Progress:
    """List the questions of the lessons you have begun, with your answers: a table to save and to hand in.

    Parameters
    ----------
    student : str
        Your id; it becomes the first column, so that an instructor can put the tables of a class under each other.

    Returns
    -------
    DataFrame
        One row for each question: part of the lesson, first and last answer, number of tries, result, misconception.
        A question of a leaflet that has no answer is "optional"; all others without one are "no answer". It shows
        itself as a table of four columns; ``.to_csv(path, student="id")`` writes all of it.

    Examples
    --------
    >>> list(progress().columns)[:3], progress("ada").columns[0]
    (['lesson', 'part', 'exercise'], 'student')
    """
    return SHEET.progress(student)


def reset_answers(lesson: str = "") -> Feedback:
    """Forget the answers of a lesson, so that it can be done again.

    Parameters
    ----------
    lesson : str
        The lesson's number, such as ``"04"``, or the beginning of its name or of a leaflet's, such as
        ``"session_affinity"``; ``"leaflets"`` for all leaflets; empty for the whole course.

    Returns
    -------
    Feedback
        Says how many answers were forgotten. Nothing is ever raised.

    Examples
    --------
    >>> reset_answers("no such lesson")
    → No answers were kept for lesson no such lesson.
    """
    name = lesson.strip() if isinstance(lesson, str) else shown(lesson)
    gone = SHEET.reset(name)
    where = f"lesson {name}" if name else "the course"
    forgotten = "1 answer" if gone == 1 else f"{gone} answers"
    told = f"Forgotten: {forgotten} of {where}." if gone else f"No answers were kept for {where}."
    return Feedback(None, None, f"{told} {SHEET.problem}".strip())


def find(id: object) -> Question | Feedback:
    """Find a question, or say what might have been meant."""
    name = id.strip() if isinstance(id, str) else ""
    if name in QUESTIONS:
        return QUESTIONS[name]
    near = difflib.get_close_matches(name, QUESTIONS, n=1)
    meant = f'Did you mean "{near[0]}"?' if near else "The cell below a question's text has its name."
    return Feedback(None, None, f"There is no question called {shown(id)}. {meant}")
