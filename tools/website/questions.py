"""Judge every answer to a question when the site is built, so that a page can give the same feedback without a kernel.

An answer that is a number has a feedback that changes only at some numbers: they are looked for between 0 and what the
form accepts. A question with several blanks has an axis for each, and a card for every field between them. The texts
are deflated and mixed with a key, so that nobody reads them by chance in the page's source; the folded answer, which is
there for paper and for readers without scripts, is written in numbers of letters. Neither is hidden from those who want
to read them.
"""

from __future__ import annotations

import itertools
import math
import re
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

from k8sexpose import Cluster
from k8sexpose.lessons.ask import controls
from k8sexpose.lessons.feedback import Feedback
from k8sexpose.lessons.forms import UNITS, Blanks, Choice, Estimate, Percent, Quantity, Question, Several
from k8sexpose.lessons.sheet import FRESH, HIDE, TRIES, judge

from .packing import squeezed

__all__ = ["card_of", "mixed", "number_line", "question_data", "veiled"]

ANSWER = "⟦answer⟧"  # where the page writes the answer that was given
MOST_TICKED, MOST_CARDS = 10, 4000  # options to tick; answers to one question that are told apart


def mixed(value: Any, key: str) -> str:
    """Return a value as text that cannot be read at a glance: deflated JSON, each byte changed by one of the key."""
    state = zlib.crc32(key.encode())
    changed = bytearray()
    for byte in squeezed(value):
        state = (state * 1664525 + 1013904223) % 2**32
        changed.append(byte ^ (state >> 24))
    return b64encode(changed).decode("ascii")


def veiled(html: str) -> str:
    """Return HTML that shows the same words, each letter of them by its number: for readers without scripts."""
    tags_and_words = re.split(r"(<[^>]*>)", html)
    for place in range(0, len(tags_and_words), 2):
        words = unescape(tags_and_words[place])
        tags_and_words[place] = "".join(f"&#{ord(letter)};" for letter in words)
    return "".join(tags_and_words)


def card_of(question: Question, given: Any, right: Any, note: str = "", *, told: bool = True) -> Feedback:
    """Return the feedback to one answer, as `check` gives it."""
    feedback = judge(question, given, right, told=told)
    return replace(feedback, text=f"{feedback.text} {note}") if note else feedback


def number_line(judged: Callable[[float], Feedback], points: list[float]) -> tuple[list[float], list[Feedback]]:
    """Return the edges between which the feedback stays the same, and the feedback of each stretch.

    A stretch holds its lower edge and not its upper one.
    """
    points = sorted(set(points))
    edges, found = [points[0]], [judged(points[0])]
    for low, high in itertools.pairwise(points):
        at, here = low, found[-1]
        while judged(high) != here:
            below, above = at, high
            for _ in range(60):
                middle = (below + above) / 2
                if middle in (below, above):
                    break
                below, above = (middle, above) if judged(middle) == here else (below, middle)
            at, here = above, judged(above)
            edges.append(above)
            found.append(here)
    return edges, found


def _points(form: Any, right: float) -> list[float]:
    """Return numbers at which to look; changes between two neighbours that cancel each other are not seen."""
    if isinstance(form, Percent):
        return [k / 4 for k in range(401)] + [right]
    most = min(getattr(form, "most", 1e9), 1e9)
    near = [right * (1 + k / 100) for k in range(-60, 61)]
    return [0.0, *(10 ** (k / 12) for k in range(-36, 109) if 10 ** (k / 12) < most), *near, most]


class Axis:
    """What one control of a question can say, as places: an option, a set of options, or a stretch of numbers."""

    def __init__(self, form: Any, right: Any) -> None:
        self.form, self.right = form, right
        self.number = isinstance(form, Percent | Quantity | Estimate)
        self.edges = [0.0]
        self._choices = {} if self.number else _choices(form)

    @property
    def answers(self) -> dict[str, Any]:
        """Every place, and an answer that lies there."""
        return {str(k): edge for k, edge in enumerate(self.edges)} if self.number else self._choices

    def extend(self, judged: Callable[[Any], Feedback]) -> bool:
        """Note the edges that a line of answers shows; return whether there was a new one."""
        if not self.number:
            return False
        edges, _ = number_line(judged, _points(self.form, float(self.right)))
        found = sorted({*self.edges, *edges})
        grown, self.edges = len(found) > len(self.edges), found
        return grown

    def described(self) -> dict[str, Any]:
        """Return what the page needs to find the place of an answer."""
        if not self.number:
            return {}
        unit = "%" if isinstance(self.form, Percent) else self.form.unit
        most = 100.0 if unit == "%" else min(getattr(self.form, "most", 1e9), 1e9)
        return {"units": UNITS[unit], "most": most, "example": self.form.example}


def _choices(form: Any) -> dict[str, Any]:
    """Return each option, or each set of options, by the numbers of its options."""
    if isinstance(form, Choice):
        return {str(k): option for k, option in enumerate(form.options)}
    if not isinstance(form, Several) or len(form.options) > MOST_TICKED:
        raise ValueError("the answers of this form are too many for a page")
    found = {}
    for size in range(len(form.options) + 1):
        for chosen in itertools.combinations(range(len(form.options)), size):
            found[",".join(map(str, chosen))] = frozenset(form.options[k] for k in chosen)
    return found


def _axes(question: Question, right: Any) -> list[Axis]:
    """Return an axis for each control."""
    if isinstance(question.form, Blanks):
        return [Axis(form, one) for form, one in zip(question.form.parts.values(), right, strict=True)]
    return [Axis(question.form, right)]


def _look(axes: list[Axis], judged: Callable[[tuple[Any, ...]], Feedback]) -> bool:
    """Follow each axis through every place of the others; return whether the feedback changed at a new number."""
    grown = False
    for number, axis in enumerate(axes):
        others = [list(one.answers.values()) for one in axes if one is not axis]
        for rest in itertools.product(*others):
            before, after = rest[:number], rest[number:]
            grown |= axis.extend(lambda given, before=before, after=after: judged((*before, given, *after)))
    return grown


def _cards(axes: list[Axis], judged: Callable[[tuple[Any, ...]], Feedback]) -> dict[str, list[str]]:
    """Return the card of every answer by its places: the verdict, the card as HTML, and the answer in words."""
    while _look(axes, judged) and len(axes) > 1:  # a new number of one axis may show new numbers of another
        pass
    if math.prod(len(axis.answers) for axis in axes) > MOST_CARDS:
        raise ValueError("too many answers for a page")
    cards = {}
    for places in itertools.product(*(axis.answers.items() for axis in axes)):
        found = judged(tuple(given for _, given in places))
        cards["|".join(place for place, _ in places)] = [found.opening, found._repr_html_(), found.answer]
    return cards


def _judged(question: Question, right: Any, note: str, told: bool) -> dict[str, Any]:
    """Return the edges between the numbers of each control, and the card of every answer."""
    axes = _axes(question, right)
    written = any(axis.number for axis in axes)  # the page writes the answer, in place of ANSWER
    if written and any("{given}" in text for text in (question.right, question.otherwise, *_wrong_texts(question))):
        raise ValueError("the feedback repeats the number")

    def judged(given: tuple[Any, ...]) -> Feedback:
        feedback = card_of(question, given if len(given) > 1 else given[0], right, note, told=told)
        return replace(feedback, answer=ANSWER) if written else feedback

    cards = _cards(axes, judged)
    return {"edges": [axis.edges if axis.number else None for axis in axes], "cards": cards}


def _wrong_texts(question: Question) -> list[str]:
    return [wrong.text for wrong in question.wrong]


def question_data(question: Question, cluster: Cluster | None = None) -> dict[str, Any] | None:
    """Return what site.js needs to ask and judge a question; None where its answers cannot be listed."""
    right, yours = question.solve(cluster)
    note = FRESH if cluster is not None and not yours else ""
    hidden = question.part in HIDE
    try:
        judged = {"told": _judged(question, right, note, told=True)}
        if hidden:
            judged["untold"] = _judged(question, right, note, told=False)
        described = [axis.described() for axis in _axes(question, right)]
    except ValueError:
        return None
    parts = [{**control, **more} for control, more in zip(controls(question), described, strict=True)]
    return {
        "kind": "question", "id": question.id, "text": question.text, "controls": parts,
        "tries": TRIES if hidden else 0, "seed": zlib.crc32(question.id.encode()), "judged": mixed(judged, question.id),
    }  # fmt: skip
