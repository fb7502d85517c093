"""Questions that one clicks: what a question looks like, and the two functions of a notebook, `ask` and `check`.

`controls` turns the form of a question into a plain description of its controls, which ask.js draws; `text_page` and
`html_page` write the same question for a reader without a kernel. They are pure; `Ask` is the widget around them.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from .._display import LITERAL
from ..widgets.explorers.base import VIEW
from ..widgets.notebook_keys import with_notebook_keys
from . import sheet as answers
from .answer_file import Entry
from .feedback import Feedback
from .forms import Blanks, Choice, Estimate, Form, Percent, Quantity, Question, Several, unanswered
from .sheet import Sheet, find

__all__ = ["Ask", "ask", "check", "controls", "html_page", "read_draft", "text_page"]

HERE = Path(__file__).parent
NONE = "none of these"
WHY = "The card of the check says why."
EARLIER = "The card of the check is still about your earlier answer: run its cell again, and it says why."
MOST_TYPED = 2000
HINTS = {
    "%": "a number from 0 to 100: 20, 1/5 and 0.2 all mean 20 %, and 1 means 1 %",
    "s": "a time: 90, 1.5 min", "ms": "a time: 12, 0.2 s",
    "USD": "an amount: 70, $25,000", "GB": "an amount: 100, 1 TB",
}  # fmt: skip


def controls(question: Question) -> list[dict[str, Any]]:
    """Return the controls of a question: one for each blank, most questions have one.

    Examples
    --------
    >>> from .sheet import QUESTIONS
    >>> (control,) = controls(QUESTIONS["np-number"])
    >>> control["kind"], control["options"][0]
    ('several', ['80', '80'])
    """
    if isinstance(question.form, Blanks):
        return [{**_control(form), "label": name} for name, form in question.form.parts.items()]
    return [{**_control(question.form), "label": ""}]


def _control(form: Form) -> dict[str, Any]:
    match form:
        case Choice():
            return {"kind": "one", "options": [[option, form.show(option)] for option in form.options]}
        case Several():
            labels = form.labels or {}
            return {"kind": "several", "options": [[one, labels.get(one, one)] for one in form.options], "none": NONE}
        case Percent():
            return {"kind": "number", "unit": "%", "hint": HINTS["%"]}
        case Quantity() | Estimate():
            return {"kind": "number", "unit": form.unit, "hint": HINTS.get(form.unit, form.example)}
    return {"kind": "text", "unit": "", "hint": form.example}


def read_draft(question: Question, draft: object) -> object:
    """Return what the controls say as an answer; ``...`` where nothing is chosen or typed.

    Examples
    --------
    >>> from .sheet import QUESTIONS
    >>> read_draft(QUESTIONS["np-number"], [["80", "30500"]]), read_draft(QUESTIONS["np-ping"], [""])
    (['80', '30500'], Ellipsis)
    """
    described = controls(question)
    given = draft if isinstance(draft, list) and len(draft) == len(described) else [""] * len(described)
    values = [_value(control, one) for control, one in zip(described, given, strict=True)]
    if len(values) == 1:
        return values[0]
    return ... if all(unanswered(value) for value in values) else values


def _value(control: Mapping[str, Any], drafted: object) -> object:
    if control["kind"] == "several":
        if not isinstance(drafted, list) or not drafted:
            return ...
        return [] if drafted == [NONE] else [str(one)[:MOST_TYPED] for one in drafted]
    text = str(drafted)[:MOST_TYPED].strip() if isinstance(drafted, str) else ""
    return text or ...


def _nothing_given(described: list[dict[str, Any]]) -> str:
    """Return what to do where nothing was chosen or typed."""
    kinds = {control["kind"] for control in described}
    if "several" in kinds:
        return f'Nothing is ticked. If none is right, tick "{NONE}".'
    return "Choose one of the answers first." if kinds == {"one"} else "Write your answer into the box first."


def draft_of(question: Question, answer: Any) -> list[Any]:
    """Return the state of the controls that an answer stands for."""
    values = answer if isinstance(question.form, Blanks) and isinstance(answer, tuple) else (answer,)
    drafts: list[Any] = []
    for control, value in zip(controls(question), values, strict=False):
        if control["kind"] == "several":
            chosen = [option for option, _ in control["options"] if option in value]
            drafts.append(chosen or [NONE])
        else:
            drafts.append(f"{value:g}" if isinstance(value, float) else str(value))
    return drafts


def _options(question: Question) -> list[str]:
    """Return the lines that say what can be answered."""
    lines = []
    for control in controls(question):
        before = f"{control['label']}: " if control["label"] else ""
        match control["kind"]:
            case "one":
                sign = "( )"
            case "several":
                sign = "[ ]"
            case _:
                unit = f" {control['unit']}" if control["unit"] else ""
                lines.append(f"{before}____{unit}  ({control['hint']})")
                continue
        labels = [label for _, label in control["options"]]
        labels += [control["none"]] if "none" in control else []
        shown_options = [f"{sign} {label}" for label in labels]
        lines += [f"{before}{'  '.join(shown_options)}"] if before else shown_options
    return lines


def text_page(question: Question, kept: Entry | None) -> str:
    """Return the question, its options and what was kept, as plain text."""
    answer = f"Your answer: {question.show(kept.answer)}" if kept else "No answer kept yet."
    return "\n".join([question.text, *(f"  {line}" for line in _options(question)), answer])


def html_page(question: Question, kept: Entry | None) -> str:
    """Return the question and its options for a page without a kernel; the answer is folded."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in _options(question))
    answer = ""
    if kept:
        folded = html.escape(question.show(kept.answer))
        answer = f"<details><summary>Answer</summary><p>{folded}</p></details>"
    style = "border: 1px solid var(--jp-border-color1, #888); border-radius: 4px; padding: 0.5em 1em; max-width: 60em"
    return (
        f'<div class="{LITERAL}" style="{style}"><p><strong>{html.escape(question.text)}</strong></p>'
        f'<ul style="list-style: none; padding-left: 0.5em">{items}</ul>{answer}</div>'
    )


class Ask(anywidget.AnyWidget):
    """A question with its controls.

    Parameters
    ----------
    question : Question
        What is asked.
    sheet : Sheet
        Where the answer is kept.

    Attributes
    ----------
    draft : list
        State of the controls, one item for each blank.
    kept, said, verdict : str
        What is kept, the last line for the learner, and what `check` says of the answer, with where the reason is.
    problem, refused : bool
        Whether the last line is about something that went wrong, and whether the last answer was not kept.
    """

    _esm = with_notebook_keys(HERE / "ask.js")
    _css = HERE / "ask.css"

    text = traitlets.Unicode().tag(sync=True)
    controls: Any = traitlets.List().tag(sync=True)
    draft: Any = traitlets.List().tag(sync=True)
    request = traitlets.Dict().tag(sync=True)
    kept = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Bool(False).tag(sync=True)
    refused = traitlets.Bool(False).tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)  # the last request that was answered

    def __init__(self, question: Question, sheet: Sheet) -> None:
        self.question, self.sheet = question, sheet
        entry = sheet.kept(question.id)
        empty: list[Any] = [[] if control["kind"] == "several" else "" for control in controls(question)]
        draft = sheet.drafts.get(question.id) or (draft_of(question, entry.answer) if entry else empty)
        super().__init__(text=question.text, controls=controls(question), draft=draft)
        self._judged = entry is not None and entry.correct is not None
        self._on_card = ""  # the answer of which the card of the check speaks
        self._show(entry)
        if sheet.problem:
            self.said, self.problem = sheet.problem, True
        sheet.watch(question.id, self)
        self.observe(self._drafted, names="draft")
        self.observe(self._requested, names="request")

    def _show(self, entry: Entry | None) -> None:
        self.kept = self.question.show(entry.answer) if entry else ""

    def _drafted(self, change: Any) -> None:
        self.sheet.drafts[self.question.id] = self.draft

    def _requested(self, change: Any) -> None:
        """Keep what the controls say; what cannot be read stays where it was typed."""
        asked = self.request if isinstance(self.request, dict) else {}
        draft = asked.get("draft")
        self.sheet.drafts[self.question.id] = draft
        self.keep(read_draft(self.question, draft))
        number = asked.get("number")
        self.done = number if isinstance(number, int) else self.done + 1

    def keep(self, answer: object) -> bool:
        """Keep an answer, and say so; return whether it was kept."""
        if unanswered(answer):
            self.said = _nothing_given(controls(self.question))
            self.problem = self.refused = True
            return False
        noted, read = self.sheet.note(self.question, answer)
        if read:
            self.sheet.drafts.pop(self.question.id, None)
            self.said, self.problem = self.sheet.problem or "Your answer is kept.", bool(self.sheet.problem)
        else:
            self.said, self.problem = noted.text.removeprefix("Not noted: "), True
        self.refused = not read
        return read

    def answered(self, feedback: Feedback | None) -> None:
        """Show what was kept elsewhere, or what a check said."""
        entry = self.sheet.kept(self.question.id)
        before = self.kept
        self._show(entry)
        if entry and self.kept != before:
            self.draft = draft_of(self.question, entry.answer)
        if feedback and feedback.correct is not None:
            self.verdict = f"{feedback.opening} {WHY}"
            self._judged, self._on_card = True, self.kept
        elif not entry:
            self.verdict = ""
            self._judged = False
        elif self.kept != before and self._judged:
            # The card of a right answer is shown as it is and stays; that of a wrong one follows and says so itself.
            where = WHY if self.kept == self._on_card else EARLIER
            self.verdict = f"{self.sheet.judged(self.question).opening} {where}"

    def __repr__(self) -> str:
        page = text_page(self.question, self.sheet.kept(self.question.id))
        return f"{page}\n{self.said}" if self.problem else page

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the live controls, and where none can live the question as it reads."""
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        page = html_page(self.question, self.sheet.kept(self.question.id))
        return {**data, "text/html": page, "text/plain": repr(self)}, metadata


def ask(id: str, *, answer: object = ...) -> Ask | Feedback:
    """Ask a question of the course: its text, controls to answer it, and a button that keeps the answer.

    Nothing is said about right or wrong; `check` does that.

    Parameters
    ----------
    id : str
        Name of the question.
    answer : object, optional
        An answer, given without the controls: in solutions, in tests, on a page without a kernel.

    Returns
    -------
    Ask
        The widget; a `Feedback` if there is no such question. Nothing is ever raised.

    Examples
    --------
    >>> ask("np-ping", answer="it does")
    The Service at a node port has no endpoints. Somebody sends a ping to the address of the node. Is the ping answered?
      ( ) yes
      ( ) no
    Your answer: yes
    """
    question = find(id)
    if isinstance(question, Feedback):
        return question
    widget = Ask(question, answers.SHEET)
    if not unanswered(answer):
        widget.keep(answer)
    return widget


class Waiting(Feedback):
    """The card of a check that follows the answer: it fills itself in when one is kept, and when it is changed."""

    __slots__ = ("_asked", "card")

    _asked: tuple[str, object, Sheet]
    card: Card

    def __init__(self, feedback: Feedback, id: str, cluster: object, sheet: Sheet) -> None:
        super().__init__(
            feedback.correct, feedback.misconception, feedback.text,
            feedback.question, feedback.answer, feedback.right, feedback.verdict,
        )  # fmt: skip
        object.__setattr__(self, "_asked", (id, cluster, sheet))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        id, cluster, sheet = self._asked
        object.__setattr__(self, "card", Card(self, id, cluster, sheet))
        CARDS[id] = self.card
        # Not the widget's own bundle: ipywidgets 7 (Colab) makes none.
        view = {"version_major": 2, "version_minor": 0, "model_id": self.card.model_id}
        return {VIEW: view, "text/html": self._repr_html_(), "text/plain": repr(self)}, {}


class Card(ipywidgets.HTML):  # type: ignore[misc]
    """The verdict, as a widget that can change."""

    def __init__(self, feedback: Feedback, id: str, cluster: object, sheet: Sheet) -> None:
        super().__init__(value=f'<div role="status">{feedback._repr_html_()}</div>')
        self._asked = id, cluster, sheet
        self._busy = self._gone = False
        sheet.watch(id, self)

    def retire(self) -> None:
        """Follow the answer no longer: another card has taken this one's place."""
        self._gone = True

    def answered(self, feedback: Feedback | None) -> None:
        """Check, as soon as there is an answer."""
        if self._busy or self._gone:
            return
        id, cluster, sheet = self._asked
        self._busy = True
        try:
            judged = sheet.check(id, cluster)
            self.value = f'<div role="status">{judged._repr_html_()}</div>'
        finally:
            self._busy = False


CARDS: dict[str, Card] = {}  # for each question the last one that follows its answer


def check(id: str, cluster: object = None, *, answer: object = None) -> Feedback:
    """Compare your answer with what the model computes.

    Parameters
    ----------
    id : str
        Name of the question.
    cluster : Cluster, optional
        The cluster to ask, as it is now: it is copied, and what changes it later is not asked. Without one, a fresh
        cluster is asked.
    answer : object, optional
        An answer given on the spot, in place of an earlier `ask`.

    Returns
    -------
    Feedback
        A card: the question, your answer, right or not, the correct answer and why; or "Answer first", which fills
        itself in when the answer is kept. A card that says "Not quite" follows the answer when it is changed. Nothing
        is ever raised.

    Examples
    --------
    >>> check("np-which-nodes", answer="10.0.0.1, 10.0.0.2, 10.0.0.3").correct
    True
    """
    question = find(id)
    if not isinstance(question, Question) or answer is not None:
        return answers.SHEET.check(id, cluster, answer=answer)
    if question.id in CARDS:
        CARDS.pop(question.id).retire()
    feedback = answers.SHEET.check(id, cluster)
    cluster = answers.SHEET.seen.get(question.id, cluster)
    return feedback if feedback.correct else Waiting(feedback, question.id, cluster, answers.SHEET)
