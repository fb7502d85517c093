"""What a question is: how its answer is written, how the model answers it, and what is behind wrong answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from numbers import Number
from typing import Any, Protocol

from ..api.objects import Node
from ..model import Cluster

__all__ = [
    "Choice",
    "Form",
    "Percent",
    "Quantity",
    "Question",
    "Several",
    "Unreadable",
    "Wrong",
    "quantity",
    "shown",
    "unanswered",
]


# For the unit that is asked: what may stand beside the number, and its size in that unit.
SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "min": 60.0, "minutes": 60.0, "h": 3600.0}
UNITS: dict[str, dict[str, float]] = {
    "": {"": 1.0, "%": 0.01, "percent": 0.01, "x": 1.0, "×": 1.0, "times": 1.0},
    "%": {"": 1.0, "%": 1.0, "percent": 1.0, "per cent": 1.0},
    "s": {"": 1.0, **SECONDS},
    "ms": {"": 1.0, "milliseconds": 1.0, **{unit: 1000 * size for unit, size in SECONDS.items()}},
    "USD": {"": 1.0, "$": 1.0, "usd": 1.0, "us$": 1.0, "dollar": 1.0, "dollars": 1.0},
}
PATTERN = re.compile(
    r"(?:about|ca\.?|≈|~)?\s*(?P<before>\$|US\$|USD|€|EUR)?\s*(?P<number>[-+]?[\d.,]*\d(?:e[-+]?\d+)?)"
    r"(?:\s*/\s*(?P<below>\d+))?\s*(?P<after>[^\d\s/][^\d]*)?",
    re.IGNORECASE,
)


def quantity(answer: object, unit: str = "") -> float:
    """Read a number in the unit that is asked.

    Parameters
    ----------
    answer : object
        A number, or text such as ``"33 %"``, ``"12 ms"``, ``"1/3"``, ``"$ 20"``. A fraction of 1 is a share.
    unit : str
        The unit that is asked: ``"%"``, ``"s"``, ``"ms"``, ``"USD"``, or none for a plain number.

    Returns
    -------
    float
        The number in that unit.

    Raises
    ------
    Unreadable
        With words for what cannot be read.

    Examples
    --------
    >>> quantity("1/4", "%"), quantity("1.5 s", "ms"), quantity("$ 1,600", "USD"), quantity("25 %")
    (25.0, 1500.0, 1600.0, 0.25)
    """
    if isinstance(answer, bool):
        raise Unreadable("")
    if isinstance(answer, str):
        return _finite(_from_text(answer.strip(), unit))
    if isinstance(answer, Fraction) and unit == "%" and abs(answer) <= 1:
        return _finite(100 * answer)
    if isinstance(answer, Number):  # numpy's numbers are registered there too
        return _finite(answer)
    raise Unreadable("")


def _finite(number: object) -> float:
    try:
        found = float(number)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise Unreadable("") from None
    if not math.isfinite(found):
        raise Unreadable("")
    return found


def _from_text(text: str, unit: str) -> float:
    found = PATTERN.fullmatch(text)
    if not found:
        raise Unreadable("one number is asked" if re.search(r"\d", text) else "")
    number = found["number"]
    if "," in number and not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", number):
        raise Unreadable("write the decimal sign as a point, such as 33.3")
    written = ((found["before"] or "") + (found["after"] or "")).strip().rstrip(".").lower()
    if written not in UNITS[unit]:
        wanted = f"{unit} is asked" if unit else "a number without a unit is asked"
        raise Unreadable(f"{written} does not fit: {wanted}")
    try:
        value = float(number.replace(",", "")) / int(found["below"] or 1)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Unreadable("") from None
    share = unit == "%" and found["below"] and not written
    return (100 if share else UNITS[unit][written]) * value


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit, as a form of answer; `near` is how far from the right one it may be, in parts of it.

    Parameters
    ----------
    unit : str
        The unit that is asked; see `quantity`.
    example : str
        What an answer looks like.
    near : float
        Tolerated relative error.
    most : float
        What nobody can mean is above it.

    Examples
    --------
    >>> Quantity("ms", 'milliseconds, such as 12 or "12 ms"').read("0.02 s")
    20.0
    """

    unit: str
    example: str
    near: float = 0.01
    most: float = math.inf

    def read(self, answer: object) -> float:
        """Find the number."""
        number = quantity(answer, self.unit)
        if number < 0:
            raise Unreadable("it cannot be less than nothing")
        if number > self.most:
            raise Unreadable("that is far too much")
        return number

    def same(self, given: float, right: float) -> bool:
        """Tell whether an answer is near enough."""
        return abs(given - right) <= self.near * abs(right) + 1e-9


NUMBER = re.compile(r"\d+(\.\d+|/\d+)?")


class Form(Protocol):
    """How an answer is written."""

    @property
    def example(self) -> str:
        """What an answer looks like."""
        ...

    def read(self, answer: object) -> Any:
        """Return the answer in its plain form, or raise `Unreadable`."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, or a number; a number may carry the unit, and 0.67 is 2/3.

    Examples
    --------
    >>> Choice(("refused", "timeout")).read(" Timeout ")
    'timeout'
    >>> Choice(("1/3", "2/3")).read("67 %"), Choice(("30", "60"), "s").read("1 min")
    ('2/3', '60')
    """

    options: tuple[str, ...]
    unit: str = ""

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return "one of " + ", ".join(f'"{option}"' for option in self.options)

    def read(self, answer: object) -> str:
        """Find the word, or the number."""
        if isinstance(answer, set | frozenset | list | tuple) and len(answer) == 1:
            (answer,) = answer
        word = "" if isinstance(answer, float | Fraction) else _word(answer)
        return word if word in self.options else self._number(answer)

    def _number(self, answer: object) -> str:
        """Find the only option that is this number, where the options are numbers; of a fraction two digits do."""
        if not all(NUMBER.fullmatch(option) for option in self.options):
            raise Unreadable(self.example)
        given = quantity(answer, self.unit)
        sizes = {option: float(Fraction(option)) for option in self.options}
        near = [option for option, size in sizes.items() if abs(given - size) <= (0.005 if "/" in option else 1e-9)]
        # Fractions are worked out, not chosen from a list: another one is an answer, too.
        if not near and any("/" in option for option in self.options) and 0 <= given <= 10 * max(sizes.values()):
            return str(answer) if isinstance(answer, str) else f"{given:.4g}"
        if len(near) != 1:
            raise Unreadable(self.example)
        return near[0]


@dataclass(frozen=True, slots=True)
class Several:
    """Any number of things out of a list: a set, a list, or text with commas between.

    Examples
    --------
    >>> sorted(Several(("10.0.0.1", "10.0.0.2"), {"node-1": "10.0.0.1"}).read("node-1, 10.0.0.2"))
    ['10.0.0.1', '10.0.0.2']
    """

    options: tuple[str, ...]
    also: Mapping[str, str] | None = None

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return "a set such as {" + ", ".join(f'"{option}"' for option in self.options) + "}, or a part of it"

    def read(self, answer: object) -> frozenset[str]:
        """Find the things."""
        parts: Iterable[object]
        if isinstance(answer, str):
            parts = [part for part in answer.split(",") if part.strip()]
        elif isinstance(answer, set | frozenset | list | tuple | dict):
            parts = answer
        else:
            parts = [answer]
        found = {(self.also or {}).get(word, word) for word in map(_word, parts)}
        if not found <= set(self.options):
            raise Unreadable(self.example)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of 100; text may carry the sign, and a fraction is a share of 1.

    Examples
    --------
    >>> Percent().read("25 %"), Percent().read("1/4")
    (25.0, 25.0)
    """

    example: str = "a number from 0 to 100"

    def read(self, answer: object) -> float:
        """Find the number."""
        number = quantity(answer, "%")
        if not 0 <= number <= 100:
            raise Unreadable(self.example)
        return number

    def same(self, given: float, right: float) -> bool:
        """Tell whether an answer is the right one, rounded."""
        return abs(given - right) <= 0.5


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong answer that people give, and what to say to it.

    Parameters
    ----------
    given : object
        The answer, in its plain form; or a function of the answer and the right one.
    text : str
        Names the belief, grants what is right in it, says where it would hold. It may use ``{given}`` and
        ``{right}``.
    misconception : int, optional
        Its number in the course's list.
    """

    given: Any
    text: str
    misconception: int | None = None

    def fits(self, given: Any, right: Any) -> bool:
        """Tell whether this is the wrong answer that was given."""
        return bool(self.given(given, right) if callable(self.given) else given == self.given)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a lesson.

    Parameters
    ----------
    id, lesson, text : str
        Its name in `predict`, the lesson's file name, the question in a sentence.
    form : Form
        How the answer is written.
    setup : callable
        Makes the cluster of the question.
    answer : callable
        Computes the right answer on a cluster; it may change the cluster, which is a copy.
    right : str
        What to say to the right answer.
    wrong : tuple of Wrong
        Known wrong answers, tried in order.
    otherwise : str
        What to say to any other wrong answer.
    part : str
        Where it stands in its lesson: core, optional (Go further), exercise, or own numbers (`exercise`).
    """

    id: str
    lesson: str
    text: str
    form: Form
    setup: Callable[[], Cluster]
    answer: Callable[[Cluster], Any]
    right: str
    wrong: tuple[Wrong, ...] = ()
    otherwise: str = "The model says {right}. Run the cells above once more, and read what each line says."
    part: str = "core"

    def same(self, given: Any, right: Any) -> bool:
        """Tell whether an answer is right; of a number, near enough."""
        near = getattr(self.form, "same", None)
        return bool(near(given, right) if near else given == right)

    def solve(self, cluster: object = None) -> tuple[Any, bool]:
        """Compute the right answer, and tell whether it is that of the cluster that was given."""
        if isinstance(cluster, Cluster):
            try:
                return self.answer(cluster.copy()), True
            except Exception:
                # Whatever the learner did to this cluster: it has no answer, a fresh one has.
                pass
        return self.answer(self.setup()), False


def unanswered(answer: object) -> bool:
    """Tell whether nothing was filled in."""
    return answer is None or answer is ... or (isinstance(answer, str) and not answer.strip(" ."))


def shown(value: object) -> str:
    """Write an answer for the learner, whatever it is.

    Examples
    --------
    >>> shown(frozenset({"b", "a"})), shown(frozenset()), shown(12.5)
    ('a, b', 'none of them', '12.5')
    """
    if isinstance(value, set | frozenset):
        return ", ".join(sorted(map(str, value))) or "none of them"
    if isinstance(value, float):
        return f"{value:.4g}"
    try:
        text = value if isinstance(value, str) else repr(value)
        return text if len(text) <= 80 else text[:77] + "…"
    except Exception:  # a learner's own class
        return f"a {type(value).__name__}"


def _word(answer: object) -> str:
    """Read one thing: yes and no may be truth values, a node stands for its address."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, int):
        return str(answer)
    if isinstance(answer, Node):
        return answer.name
    if not isinstance(answer, str):
        raise Unreadable("")
    return answer.strip().strip("\"'").lower()


class Unreadable(Exception):
    """The answer is not of the form that the question asks for; the text says why, where that helps."""
