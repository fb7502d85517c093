"""Judge every answer to a question when the site is built, so that a page can give the same feedback without a kernel.

An answer that is a number has a feedback that changes only at some numbers: they are looked for between 0 and what the
form accepts. The texts are deflated and mixed with a key, so that nobody reads them by chance in the page's source.
They are not hidden from those who want to read them.
"""

from __future__ import annotations

import itertools
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from k8sexpose import Cluster
from k8sexpose.lessons.ask import controls
from k8sexpose.lessons.feedback import Feedback
from k8sexpose.lessons.forms import UNITS, Choice, Estimate, Percent, Quantity, Question, Several
from k8sexpose.lessons.sheet import FRESH, HIDE, TRIES, judge

from .packing import squeezed

__all__ = ["card_of", "mixed", "number_line", "question_data"]

ANSWER = "⟦answer⟧"  # where the page writes the number that was given
MOST_SETS = 10  # options of a question with several answers


def mixed(value: Any, key: str) -> str:
    """Return a value as text that cannot be read at a glance: deflated JSON, each byte changed by one of the key."""
    state = zlib.crc32(key.encode())
    changed = bytearray()
    for byte in squeezed(value):
        state = (state * 1664525 + 1013904223) % 2**32
        changed.append(byte ^ (state >> 24))
    return b64encode(changed).decode("ascii")


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


def _sets(form: Several) -> dict[str, frozenset[str]]:
    """Return every answer to a question with several answers, by the numbers of its options."""
    if len(form.options) > MOST_SETS:
        raise ValueError("too many options for a page")
    found = {}
    for size in range(len(form.options) + 1):
        for chosen in itertools.combinations(range(len(form.options)), size):
            found[",".join(map(str, chosen))] = frozenset(form.options[k] for k in chosen)
    return found


def _answers(question: Question, right: Any, note: str, told: bool) -> dict[str, Any]:
    """Return the feedback to every answer: by option, by set of options, or along the line of numbers."""

    def card(given: Any) -> list[Any]:
        feedback = card_of(question, given, right, note, told=told)
        return [feedback.opening, feedback._repr_html_(), feedback.answer]

    match question.form:
        case Choice(options=options):
            return {"cards": {str(k): card(option) for k, option in enumerate(options)}}
        case Several():
            return {"cards": {name: card(given) for name, given in _sets(question.form).items()}}
        case Percent() | Quantity() | Estimate():
            texts = (question.right, question.otherwise, *(wrong.text for wrong in question.wrong))
            if any("{given}" in text for text in texts):
                raise ValueError("the feedback repeats the number")

            def judged(given: float) -> Feedback:
                return replace(card_of(question, given, right, note, told=told), answer=ANSWER)

            edges, found = number_line(judged, _points(question.form, float(right)))
            return {"edges": edges, "line": [[one.opening, one._repr_html_(), one.answer] for one in found]}
    raise ValueError("this form of answer is not for a page")


def question_data(question: Question, cluster: Cluster | None = None) -> dict[str, Any] | None:
    """Return what site.js needs to ask and judge a question; None where its answers cannot be listed."""
    right, yours = question.solve(cluster)
    note = FRESH if cluster is not None and not yours else ""
    hidden = question.part in HIDE
    try:
        judged = {"told": _answers(question, right, note, told=True)}
        if hidden:
            judged["untold"] = _answers(question, right, note, told=False)
    except ValueError:
        return None
    form = question.form
    number = isinstance(form, Percent | Quantity | Estimate)
    unit = "%" if isinstance(form, Percent) else getattr(form, "unit", "")
    return {
        "kind": "question", "id": question.id, "text": question.text, "controls": controls(question),
        "unit": unit if number else "", "units": UNITS[unit] if number else {},
        "example": form.example, "most": getattr(form, "most", 100.0 if unit == "%" else 1e9) if number else 0,
        "tries": TRIES if hidden else 0, "seed": zlib.crc32(question.id.encode()), "judged": mixed(judged, question.id),
    }  # fmt: skip
