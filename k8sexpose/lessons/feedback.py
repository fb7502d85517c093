"""What a learner is told: right, not quite, or what to do first."""

from __future__ import annotations

import html
from dataclasses import dataclass

from .._display import LITERAL
from ..report.document import marked

__all__ = ["Feedback"]

# A word and a sign beside the colour: never colour alone. The colours are Okabe and Ito's.
LOOKS = {True: ("✓ Right.", "#009E73"), False: ("✗ Not quite.", "#D55E00"), None: ("→", "#0072B2")}


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
        What to say.

    Examples
    --------
    >>> Feedback(False, 8, "One window in every wall.")
    ✗ Not quite. One window in every wall.
    """

    correct: bool | None
    misconception: int | None
    text: str

    @property
    def _opening(self) -> str:
        return LOOKS[self.correct][0]

    def __repr__(self) -> str:
        return f"{self._opening} {self.text}"

    def _repr_markdown_(self) -> str:
        return f"**{marked(self._opening)}** {marked(self.text)}"

    def _repr_html_(self) -> str:
        style = (
            f"border-left: 4px solid {LOOKS[self.correct][1]}; padding: 0.3em 0.8em; max-width: 60em; "
            "color: var(--jp-ui-font-color1, inherit); font-family: var(--jp-ui-font-family, sans-serif)"
        )
        told = f"<strong>{html.escape(self._opening)}</strong> {html.escape(self.text)}"
        return f'<div class="{LITERAL}" style="{style}">{told}</div>'
