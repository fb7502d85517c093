"""What a learner is told: right, not quite, or what to do first."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from .._display import LITERAL, visible
from ..report.document import marked

__all__ = ["Feedback"]

# A word and a sign beside the colour: never colour alone. The colours are Okabe and Ito's.
LOOKS = {True: ("✓", "Right.", "#009E73"), False: ("✗", "Not quite.", "#D55E00"), None: ("→", "", "#0072B2")}


@dataclass(frozen=True, slots=True, repr=False)
class Feedback:
    """The answer to an answer.

    Parameters
    ----------
    correct : bool, optional
        Whether the answer is right; None while there is nothing to judge.
    misconception : int, optional
        Number of the belief behind a wrong answer, in the course's list of misconceptions.
    text : str
        What to say: why, and what is right in the belief behind a wrong answer.
    question, answer, right : str
        The question, the learner's answer and the correct answer, for the lines of the card; empty where there are
        none, or where the correct answer is not told yet.
    verdict : str
        The verdict in words where no question was answered; otherwise it is "Right." or "Not quite.".

    Examples
    --------
    >>> Feedback(False, 8, "Every node answers.", "Which nodes answer?", "node-1", "all three")
    ✗ Not quite.
    Question: Which nodes answer?
    Your answer: node-1
    Correct answer: all three
    Why: Every node answers.
    >>> Feedback(None, None, "Answer first.")
    → Answer first.
    """

    correct: bool | None
    misconception: int | None
    text: str
    question: str = ""
    answer: str = ""
    right: str = ""
    verdict: str = ""

    @property
    def opening(self) -> str:
        """The verdict in a word, with its sign."""
        sign, word, _ = LOOKS[self.correct]
        return f"{sign} {self.verdict or word}".strip()

    def __post_init__(self) -> None:
        # An answer is somebody's text: a terminal and a page get its control characters as escapes.
        for name in ("text", "question", "answer", "right"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the labelled lines of the card."""
        yield "Question", self.question
        yield "Your answer", self.answer
        if self.right:
            yield "Correct answer", self.right
        if self.text:
            # Where the correct answer is not told yet, what is said is a hint.
            yield "Hint" if self.correct is False and not self.right else "Why", self.text

    def __repr__(self) -> str:
        if not self.question:
            return f"{self.opening} {self.text}"
        return "\n".join([self.opening, *(f"{label}: {text}" for label, text in self.lines())])

    def _repr_markdown_(self) -> str:
        if not self.question:
            return f"**{marked(self.opening)}** {marked(self.text)}"
        lines = [f"**{label}:** {marked(text)}" for label, text in self.lines()]
        return "  \n".join([f"**{marked(self.opening)}**", *lines])

    def _repr_html_(self) -> str:
        style = (
            f"border-left: 4px solid {LOOKS[self.correct][2]}; padding: 0.3em 0.8em; max-width: 60em; "
            "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-content-font-size1, 14px); "
            "line-height: 1.5; overflow-wrap: anywhere"
        )
        opening = f"<strong>{html.escape(self.opening)}</strong>"
        if not self.question:
            return f'<div class="{LITERAL}" style="{style}">{opening} {html.escape(self.text)}</div>'
        lines = "".join(
            f'<p style="margin: 0.25em 0"><strong>{label}:</strong> {html.escape(text)}</p>'
            for label, text in self.lines()
        )
        return f'<div class="{LITERAL}" style="{style}"><p style="margin: 0.25em 0">{opening}</p>{lines}</div>'
