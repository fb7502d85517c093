"""What a question is: how its answer is written, how the model answers it, and what is behind wrong answers."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral
from typing import Any, Protocol

from ..api.objects import Node
from ..model import Cluster
from .quantities import COUNTS, LONGEST, UNITS, Unreadable, quantity
from .wordings import ALL, BETWEEN, BUT_NOT, EVERY, EXCEPT, NONE, NUMBERED, REASON, RUN, index_of, key, match, mentioned

__all__ = [
    "OUTCOMES",
    "UNITS",
    "Blanks",
    "Choice",
    "Estimate",
    "Form",
    "Lines",
    "Percent",
    "Quantity",
    "Question",
    "Several",
    "Unreadable",
    "Wrong",
    "accepts",
    "plain",
    "quantity",
    "shown",
    "unanswered",
]


def _bounded(number: float, most: float) -> float:
    if number < 0:
        raise Unreadable("it cannot be less than nothing")
    if number > most:
        raise Unreadable("that is far too much")
    return number


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
        """Return the number, or raise `Unreadable`."""
        return _bounded(quantity(answer, self.unit), self.most)

    def same(self, given: float, right: float) -> bool:
        """Return True if an answer is near enough."""
        return abs(given - right) <= self.near * abs(right) + 1e-9

    def show(self, value: object) -> str:
        """Return an answer with its unit."""
        return f"{shown(value)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A guess at a number that nobody can know: every number is accepted, and the feedback compares.

    Parameters
    ----------
    unit : str
        The unit that is asked; see `quantity`.
    example : str
        What an answer looks like.
    within : float
        What counts as a good guess: from right ÷ within to right × within.
    most : float
        What nobody can mean is above it.

    Examples
    --------
    >>> form = Estimate("USD", "an amount a month, such as 500")
    >>> form.read("about 1,000 dollars a month"), form.same(1000.0, 800.0), form.compared(200.0, 800.0)
    (1000.0, True, 'Your estimate is a quarter of that.')
    """

    unit: str
    example: str
    within: float = 1.5
    most: float = 1e8

    def read(self, answer: object) -> float:
        """Return the number, or raise `Unreadable`."""
        return _bounded(quantity(answer, self.unit), self.most)

    def same(self, given: float, right: float) -> bool:
        """Return True if the guess is a good one."""
        return right / self.within - 1e-9 <= given <= right * self.within + 1e-9

    def compared(self, given: float, right: float) -> str:
        """Return a sentence that compares the guess with the right number."""
        if not given or not right:
            return ""
        times = given / right
        if 0.9 <= times <= 1.1:
            return "Your estimate is within a tenth of that."
        if times > 1:
            return f"Your estimate is {times:.2g} times that."
        for word, part in ("a half", 2), ("a third", 3), ("a quarter", 4), ("a tenth", 10):
            if abs(times * part - 1) <= 0.1:
                return f"Your estimate is {word} of that."
        return f"Your estimate is {100 * times:.2g} % of that."

    def show(self, value: object) -> str:
        """Return an answer with its unit."""
        return f"{shown(value)} {self.unit}".rstrip()


NUMBER = re.compile(r"\d+(\.\d+|/\d+)?")
NOUNS = re.compile(r"(?<=\S)\s+(?:nodes?|pods?|of them|of these|addresses|load balancers?|requests?|hops?)[ .]*$")
LEADING = re.compile(r"(?:yes|no)\s*[,;:]|yes\s")
DOUBT = re.compile(r"\b(?:yes|no|or|perhaps|maybe|but)\b")
DEEPEST = 3  # levels of an answer that are looked at


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

    Parameters
    ----------
    options : tuple of str
        The answers, in the order in which they are shown.
    unit : str
        Unit of options that are numbers; see `quantity`.
    labels : mapping, optional
        What stands beside the radio button of an option, where that is more than the option itself.
    also : mapping, optional
        Other words for an option.

    Examples
    --------
    >>> Choice(("refused", "timeout")).read(" Timed out ")
    'timeout'
    >>> Choice(("1/3", "2/3")).read("67 %"), Choice(("30", "60"), "s").read("1 min")
    ('2/3', '60')
    """

    options: tuple[str, ...]
    unit: str = ""
    labels: Mapping[str, str] | None = None
    also: Mapping[str, str] | None = None

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return "one of " + ", ".join(f'"{option}"' for option in self.options)

    def read(self, answer: object) -> str:
        """Return the option that is meant, or raise `Unreadable`."""
        if isinstance(answer, set | frozenset | list | tuple) and len(answer) == 1:
            (answer,) = answer
        if isinstance(answer, float | Fraction):
            return self._number(answer)
        word, index = _word(answer), index_of(self.options, self.also, self.labels)
        one = match(word, index)
        if one:
            return one
        named = set(mentioned(word, index))
        if len(named) == 1:
            return named.pop()
        return self._end(word) or self._number(NOUNS.sub("", word))

    def _end(self, word: str) -> str | None:
        """Return the option that all or none of them means, or the yes or no before a sentence, where there is one."""
        plain = word.strip(" .!")
        options = self.options
        leading = LEADING.match(plain)
        if leading and set(options) == {"yes", "no"} and not DOUBT.search(plain[leading.end() :]):
            return leading[0].strip(" ,;:")
        if key(plain) in NONE:
            return next((option for option in ("nobody", "0") if option in options), None)
        counts = all(option.isdigit() for option in options) and [*map(int, options)] == [*range(len(options))]
        named = [digits for word, digits in COUNTS.items() if word in plain.split()[1:] and word != "one"]
        if (key(plain) in ALL or EVERY.fullmatch(plain)) and named in ([], [options[-1]]):
            return options[-1] if counts else "1" if any("/" in option for option in options) else None
        return None

    def _number(self, answer: object) -> str:
        """Return the only option that is this number, where options are numbers; of a fraction two digits do."""
        sizes = {option: float(Fraction(option)) for option in self.options if NUMBER.fullmatch(option)}
        if not sizes:
            raise Unreadable(self.example)
        given = quantity(answer, self.unit)
        near = [option for option, size in sizes.items() if abs(given - size) <= (0.005 if "/" in option else 1e-9)]
        if len(near) == 1:
            return near[0]
        # Fractions are worked out, and an amount is estimated; neither is chosen from a list.
        if len(sizes) == len(self.options) and 0 <= given <= 10 * max(sizes.values()):
            if any("/" in option for option in self.options):
                return str(answer) if isinstance(answer, str) else f"{given:.4g}"
            if self.unit and len(sizes) > 2:
                return min(sizes, key=lambda option: abs(sizes[option] - given))
        raise Unreadable(self.example)

    def show(self, value: object) -> str:
        """Return an answer as the radio button says it."""
        text = shown(value)
        label = (self.labels or {}).get(text)
        return label or (f"{text} {self.unit}".rstrip() if NUMBER.fullmatch(text) else text)


@dataclass(frozen=True, slots=True)
class Several:
    """Any number of things out of a list: a set, a list, or text with commas, blanks or "and" between.

    Parameters
    ----------
    options : tuple of str
        The things, in the order in which they are shown.
    also : mapping, optional
        Other words for an option.
    labels : mapping, optional
        What stands beside the check box of an option, where that is more than the option itself.

    Examples
    --------
    >>> form = Several(("10.0.0.1", "10.0.0.2"), {"node-1": "10.0.0.1", "node-2": "10.0.0.2"})
    >>> sorted(form.read("node 1 and 10.0.0.2:30007")), form.read("none of them") == frozenset()
    (['10.0.0.1', '10.0.0.2'], True)
    """

    options: tuple[str, ...]
    also: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return "a set such as {" + ", ".join(f'"{option}"' for option in self.options) + "}, or a part of it"

    def read(self, answer: object) -> frozenset[str]:
        """Return the things that are meant, or raise `Unreadable`."""
        index = index_of(self.options, self.also, self.labels)
        if isinstance(answer, str):
            return self._text(answer, index)
        if isinstance(answer, bool):
            raise Unreadable(self.example)
        parts: Iterable[object] = answer if isinstance(answer, set | frozenset | list | tuple | dict) else [answer]
        found: set[str] = set()
        for part in parts:
            found |= self._text(_word(part), index)
        return frozenset(found)

    def _text(self, text: str, index: Mapping[str, str]) -> frozenset[str]:
        """Return the things that a text names: all, none, all but some, or a list."""
        one = match(text, index)
        if one:
            return frozenset({one})
        plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().strip(" .!\"'`(){}[]")
        plain = NUMBERED.sub(r"\1-", REASON.sub("", plain))
        if key(plain) in NONE or re.fullmatch(r"(?:none|neither|no one|nobody|not any)(?: of .*)?|set", plain):
            return frozenset()
        left_out = EXCEPT.match(plain)
        if left_out:
            return frozenset(self.options) - self._text(left_out[1], index)
        if self._means_all(plain):
            return frozenset(self.options)
        but = BUT_NOT.match(plain)
        if but and not self._means_all(but[2].strip()):
            named = self._text(but[1], index) if but[1].strip() else frozenset(self.options)
            return named - self._text(but[2], index)
        found = self._run(plain, index) | self._letters(plain)
        for part in () if found else BETWEEN.split(plain):
            found |= self._listed(part.strip().removeprefix("both ").strip(), index)
        if not found:
            raise Unreadable(self.example)
        return frozenset(found)

    def _means_all(self, plain: str) -> bool:
        both = key(plain) == "both" and len(self.options) == 2
        return key(plain) in ALL or EVERY.fullmatch(plain) is not None or both

    def _run(self, plain: str, index: Mapping[str, str]) -> set[str]:
        """Return the options from one node to another: 1-3, or 10.0.0.1 to 10.0.0.3."""
        ends = RUN.match(plain)
        if not ends or not all(re.search(r"(?:^|[.-])\d{1,2}$", end) for end in ends.groups()):
            return set()
        first, last = (match(end, index) for end in ends.groups())
        if first is None or last is None or self.options.index(first) >= self.options.index(last):
            return set()
        return set(self.options[self.options.index(first) : self.options.index(last) + 1])

    def _letters(self, plain: str) -> set[str]:
        """Return options that are letters, written as one word: ac."""
        letters = set(plain) if all(len(option) == 1 and option.isalpha() for option in self.options) else set()
        return letters if len(letters) == len(plain) and letters <= set(self.options) else set()

    def _listed(self, part: str, index: Mapping[str, str]) -> set[str]:
        """Return what is named one after the other, with blanks between."""
        if not part:
            return set()
        one = match(part, index)
        found = {one} if one else set(mentioned(part, index))
        if not found:
            raise Unreadable(self.example)
        return found

    def show(self, value: object) -> str:
        """Return an answer as the check boxes say it, in their order."""
        if not isinstance(value, set | frozenset):
            return shown(value)
        labels = self.labels or {}
        return "; ".join(labels.get(one, one) for one in self.options if one in value) or "none of these"


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of 100; text may carry the sign, and a fraction or a number below 1 is a share of 1.

    Examples
    --------
    >>> Percent().read("25 %"), Percent().read("1/4"), Percent().read("0.25"), Percent().read("a quarter")
    (25.0, 25.0, 25.0, 25.0)
    """

    example: str = "a number from 0 to 100"
    unit: str = "%"

    def read(self, answer: object) -> float:
        """Return the number, or raise `Unreadable`."""
        number = _bounded(quantity(answer, "%"), math.inf)
        if number > 100:
            raise Unreadable("it cannot be more than 100 %")
        return number

    def same(self, given: float, right: float) -> bool:
        """Return True if an answer is the right one, rounded."""
        return abs(given - right) <= 0.5

    def show(self, value: object) -> str:
        """Return an answer with its unit."""
        return f"{shown(value)} %"


@dataclass(frozen=True, slots=True)
class Lines:
    """How many lines of a table are right.

    Parameters
    ----------
    total : int
        How many there are.
    noun : str
        What is counted, with its verb.

    Examples
    --------
    >>> Lines(5, "manifests are repaired").show(3.0)
    '3 of 5 manifests are repaired'
    """

    total: int
    noun: str

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return f"a number from 0 to {self.total}"

    def read(self, answer: object) -> float:
        """Return the number, or raise `Unreadable`."""
        number = quantity(answer)
        if not 0 <= number <= self.total or number % 1:
            raise Unreadable(self.example)
        return number

    def show(self, value: object) -> str:
        """Return how far somebody is, in words."""
        return f"{value:g} of {self.total} {self.noun}" if isinstance(value, int | float) else str(value)


@dataclass(frozen=True, slots=True)
class Blanks:
    """Several answers to one question, such as the share of each node; right if each of them is.

    Parameters
    ----------
    parts : mapping of str to Form
        Label of each blank, and the form of its answer. The answer is a tuple, in this order.

    Examples
    --------
    >>> form = Blanks({"node-1": Percent(), "node-2": Percent()})
    >>> form.read("75 %, 25 %"), form.read({"node-2": "1/4", "node-1": 75}), form.show((75.0, 25.0))
    ((75.0, 25.0), (75.0, 25.0), 'node-1: 75 %; node-2: 25 %')
    """

    parts: Mapping[str, Form]

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return "; ".join(f"{name}: {form.example}" for name, form in self.parts.items())

    def read(self, answer: object) -> tuple[Any, ...]:
        """Return the answers in order, or raise `Unreadable`."""
        if isinstance(answer, str):
            splits = (re.split(between, answer.strip()) for between in (r"[;,\n]\s*", r"[;,\n]\s*|\s+(?:and|/)\s+"))
            answer = next((parts for parts in splits if len(parts) == len(self.parts)), [])
            answer = [re.sub(rf"^(?:{'|'.join(map(re.escape, self.parts))})\s*[:=]\s*", "", one) for one in answer]
        if isinstance(answer, Mapping):
            answer = [answer.get(name) for name in self.parts]
        if not isinstance(answer, list | tuple) or len(answer) != len(self.parts):
            raise Unreadable(f"{len(self.parts)} answers are asked: {', '.join(self.parts)}")
        found = []
        for given, (name, form) in zip(answer, self.parts.items(), strict=True):
            if unanswered(given):
                raise Unreadable(f"“{name}” is still empty")
            try:
                found.append(form.read(given))
            except Unreadable as problem:
                raise Unreadable(f"“{name}”: {str(problem) or form.example}") from None
        return tuple(found)

    def same(self, given: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
        """Return True if each of the answers is right."""
        trios = zip(self.parts.values(), given, right, strict=True)
        return all(getattr(form, "same", operator.eq)(one, other) for form, one, other in trios)

    def show(self, value: object) -> str:
        """Return the answers with their labels."""
        if not isinstance(value, tuple):
            return shown(value)
        parts = zip(self.parts.items(), value, strict=True)
        return "; ".join(f"{name}: {getattr(form, 'show', shown)(one)}" for (name, form), one in parts)


OUTCOMES = Choice(
    ("delivered", "refused", "timeout"),
    labels={
        "delivered": "delivered: an answer comes back",
        "refused": "refused: an error comes back at once",
        "timeout": "timeout: nothing comes back, and the sender gives up",
    },
)


def accepts(form: Form, answer: object) -> bool:
    """Return True if a stored answer is one that the form can take."""
    match form:
        case Percent() | Quantity() | Estimate():
            return isinstance(answer, float)
        case Lines(total=total):
            return isinstance(answer, float) and 0 <= answer <= total
        case Several(options=options):
            return isinstance(answer, frozenset) and answer <= set(options)
        case Choice(options=options):
            fraction = any("/" in option for option in options)
            return isinstance(answer, str) and (answer in options or fraction)
        case Blanks(parts=parts):
            fits = isinstance(answer, tuple) and len(answer) == len(parts)
            return fits and all(map(accepts, parts.values(), answer))  # type: ignore[call-overload]
    return isinstance(answer, str)


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
        Where it stands in its lesson: core, optional (in a leaflet), exercise, or own numbers (`exercise`).
    exercise : str
        The exercise that it is a part of, where one has several questions; otherwise a question is one by itself.
    """

    id: str
    lesson: str
    text: str
    form: Form
    setup: Callable[[], Cluster]
    answer: Callable[[Cluster], Any]
    right: str
    wrong: tuple[Wrong, ...] = ()
    otherwise: str = "Run the cells above once more, and read what each line says."
    part: str = "core"
    exercise: str = ""

    def same(self, given: Any, right: Any) -> bool:
        """Return True if an answer is right; of a number, near enough."""
        near = getattr(self.form, "same", None)
        return bool(near(given, right) if near else given == right)

    def show(self, value: Any) -> str:
        """Return an answer as the learner reads it: with labels and units."""
        show = getattr(self.form, "show", None)
        return str(show(value)) if show else shown(value)

    def solve(self, cluster: object = None) -> tuple[Any, bool]:
        """Compute the right answer, and tell whether it is that of the cluster that was given."""
        if isinstance(cluster, Cluster):
            try:
                return self.answer(cluster.copy()), True
            except Exception:
                # Whatever the learner did to this cluster: it has no answer, a fresh one has.
                pass
        return self.answer(self.setup()), False


def plain(answer: Any, depth: int = 0) -> Any:
    """Return an answer without types of NumPy and pandas: its numbers, arrays and columns become Python's own.

    Examples
    --------
    >>> import numpy as np
    >>> plain(np.float32(0.5)), plain(np.array([4, 3])), plain({"node-1": np.int64(25)}), plain("25 %")
    (0.5, [4, 3], {'node-1': 25}, '25 %')
    """
    if type(answer).__module__.partition(".")[0] in ("numpy", "pandas"):
        listed = getattr(answer, "tolist", None)  # of a single number it gives the number
        return listed() if callable(listed) else answer
    if depth == DEEPEST:  # a list may hold itself
        return answer
    if isinstance(answer, dict):
        return {name: plain(value, depth + 1) for name, value in answer.items()}
    if type(answer) in (list, tuple, set, frozenset):
        return type(answer)(plain(one, depth + 1) for one in answer)
    return answer


def unanswered(answer: object, depth: int = 0) -> bool:
    """Tell whether nothing was filled in, nor in any place of a list or a mapping."""
    parts = list(answer.values()) if isinstance(answer, dict) else answer
    if isinstance(parts, list | tuple | set | frozenset) and depth < DEEPEST:
        return bool(parts) and all(unanswered(one, depth + 1) for one in parts)
    return answer is None or answer is ... or (isinstance(answer, str) and not answer.strip(" ."))


def shown(value: object) -> str:
    """Write an answer for the learner, whatever it is.

    Examples
    --------
    >>> shown(frozenset({"b", "a"})), shown(frozenset()), shown(12.5)
    ('a, b', 'none of these', '12.5')
    """
    value = plain(value)
    if isinstance(value, set | frozenset):
        return ", ".join(sorted(map(str, value))) or "none of these"
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    if isinstance(value, float):
        return _digits(value)
    try:
        # What is not filled in is shown as the cell has it: as three dots.
        text = value if isinstance(value, str) else repr(value).replace("Ellipsis", "...")
        return text if len(text) <= 80 else text[:77] + "…"
    except Exception:  # a learner's own class
        return f"a {type(value).__name__}"


def _digits(value: float) -> str:
    """Write a number as a learner writes it: whole where six digits do, else with four, and without powers of ten."""
    text = f"{value:.6g}"
    if float(text) != value:
        text = f"{value:.4g}"
    return str(math.floor(value + 0.5)) if "e+" in text and abs(value) < 1e15 else text


def _word(answer: object) -> str:
    """Read one thing: yes and no may be truth values, a node stands for its address."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, Integral):  # numpy's too
        return str(answer)
    if isinstance(answer, Node):
        return answer.name
    if not isinstance(answer, str):
        raise Unreadable("")
    return answer.strip().strip("\"'").lower()
