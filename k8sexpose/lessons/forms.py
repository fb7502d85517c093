"""What a question is: how its answer is written, how the model answers it, and what is behind wrong answers."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Number
from typing import Any, Protocol

from ..api.objects import Node
from ..model import Cluster

__all__ = [
    "OUTCOMES",
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


# For the unit that is asked: what may be written beside the number, and its size in that unit.
SECONDS = {
    "ms": 0.001, "msec": 0.001, "milliseconds": 0.001, "millisecond": 0.001, "s": 1.0, "sec": 1.0, "secs": 1.0,
    "second": 1.0, "seconds": 1.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0,
    "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip
PERCENT = ("%", "percent", "per cent", "per-cent", "pct")
MONEY = ("$", "usd", "us$", "dollar", "dollars")
UNITS: dict[str, dict[str, float]] = {
    "": {"": 1.0, "x": 1.0, "×": 1.0, "times": 1.0, **dict.fromkeys(PERCENT, 0.01)},
    "%": {"": 1.0, **dict.fromkeys(PERCENT, 1.0)},
    "s": {"": 1.0, **SECONDS},
    "ms": {"": 1.0, **{unit: 1000 * size for unit, size in SECONDS.items()}},
    "USD": {"": 1.0, **dict.fromkeys(MONEY, 1.0)},
    "GB": {"": 1.0, "gb": 1.0, "gigabyte": 1.0, "gigabytes": 1.0, "tb": 1000.0, "mb": 0.001},
}
# How often an amount comes is part of the question; whoever writes it too has said nothing else.
PER = re.compile(r"\s*(?:/|per|a|an|each|every)\s*(?:month|mo|hour|h)\s*$")
ABOUT = re.compile(r"^(?:about|around|roughly|approximately|approx\.?|almost|circa|ca\.?|≈|~|=)\s*", re.IGNORECASE)
PATTERN = re.compile(
    r"(?P<before>\$|US\$|USD|€|EUR)?\s*(?P<number>[-+]?[\d.,]*\d(?:e[-+]?\d+)?)"
    r"(?:\s*/\s*(?P<below>\d+))?\s*(?P<after>[^\d\s/][^\d]*)?",
    re.IGNORECASE,
)
COUNTS = {
    "no": "0", "none": "0", "zero": "0", "nothing": "0", "nil": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
    "once": "1", "twice": "2",
}  # fmt: skip
PARTS_OF_ONE = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
OF = re.compile(r"(\d+)\s*(?:of|out of|in)\s*(?:the\s*)?(\d+)")
EVERYTHING = {"all", "everything", "always", "all of it", "all of them", "every one", "every"}


def quantity(answer: object, unit: str = "") -> float:
    """Return the number of an answer, in the unit that is asked.

    Parameters
    ----------
    answer : object
        A number, or text such as ``"33 %"``, ``"12 ms"``, ``"1/3"``, ``"two thirds"``, ``"$ 20"``. Where percent is
        asked, a number between 0 and 1 without a sign is a share of 1: 0.67 is 67 %.
    unit : str
        The unit that is asked: ``"%"``, ``"s"``, ``"ms"``, ``"USD"``, ``"GB"``, or none for a plain number.

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
    >>> quantity("1/4", "%"), quantity("1.5 s", "ms"), quantity("$ 1,600", "USD"), quantity("25 %"), quantity(0.67, "%")
    (25.0, 1500.0, 1600.0, 0.25, 67.0)
    """
    if isinstance(answer, bool):
        raise Unreadable("")
    if isinstance(answer, str):
        return _finite(_from_text(answer.strip(), unit))
    if isinstance(answer, Number):  # numpy's numbers are registered there too
        number = _finite(answer)
        share = unit == "%" and (0 < number < 1 or (isinstance(answer, Fraction) and abs(answer) <= 1))
        return 100 * number if share else number
    raise Unreadable("")


def _finite(number: object) -> float:
    try:
        found = float(number)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise Unreadable("") from None
    if not math.isfinite(found):
        raise Unreadable("")
    return found


def _digits(text: str) -> str:
    """Return a text whose number words are digits: two thirds is 2/3, 5 of 9 is 5/9."""
    if len(text) > LONGEST:
        raise Unreadable("that is too long for a number")
    words = [COUNTS.get(word, word) for word in re.split(r"[\s-]+", text) if word not in ("a", "an", "the")]
    if words and words[-1] in PARTS_OF_ONE and len(words) <= 2:
        many = words[0] if len(words) == 2 else "1"
        if many.isdigit():
            return f"{many}/{PARTS_OF_ONE[words[-1]]}"
    joined = " ".join(words) if any(word in COUNTS for word in text.split()) else text
    found = OF.fullmatch(joined)
    return f"{found[1]}/{found[2]}" if found else joined


def _from_text(text: str, unit: str) -> float:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("⁄", "/").strip(" .!\"'`()[]{}")
    if unit == "%" and plain in EVERYTHING:
        return 100.0
    found = PATTERN.fullmatch(_digits(PER.sub("", ABOUT.sub("", plain))))
    if not found:
        raise Unreadable("one number is asked" if re.search(r"\d", text) else "")
    number = found["number"]
    if re.fullmatch(r"[-+]?\d+,\d{1,2}", number):  # 33,3: the comma of most of Europe
        number = number.replace(",", ".")
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
    share = unit == "%" and not written and (found["below"] or 0 < value < 1)
    return (100 if share else UNITS[unit][written]) * value


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


class Form(Protocol):
    """How an answer is written."""

    @property
    def example(self) -> str:
        """What an answer looks like."""
        ...

    def read(self, answer: object) -> Any:
        """Return the answer in its plain form, or raise `Unreadable`."""
        ...


# Other words for an option, wherever the option exists. The keys are as `_key` makes them.
ALSO: dict[str, tuple[str, ...]] = {
    "lb": ("load balancer",), "elb": ("load balancer",), "nlb": ("load balancer",), "loadbalancers": ("load balancer",),
    "loadbalancer": ("load balancer",), "balancer": ("load balancer",),
    "nodeport": ("node port",), "port": ("node port",), "nodeip": ("node",),
    "cloudcontroller": ("controller",), "cloudcontrollermanager": ("controller",), "ccm": ("controller",),
    "cloud": ("controller",), "kubeproxy": ("kube-proxy",), "proxy": ("kube-proxy",),
    "connectionrefused": ("refused",), "refuse": ("refused",), "refuses": ("refused",), "rejected": ("refused",),
    "reject": ("refused",), "econnrefused": ("refused",), "forbidden": ("refused",), "error": ("refused",),
    "timedout": ("timeout",), "connectiontimedout": ("timeout",), "timesout": ("timeout",), "hangs": ("timeout",),
    "silence": ("timeout",), "dropped": ("timeout",), "noanswer": ("timeout",), "connectiontimeout": ("timeout",),
    "answer": ("delivered",), "answers": ("delivered",), "anwered": ("delivered",), "answered": ("delivered",),
    "works": ("delivered",), "ok": ("delivered",), "itworks": ("delivered",), "success": ("delivered",),
    "reached": ("delivered",), "delivery": ("delivered",), "200": ("delivered",), "connected": ("delivered",),
    "y": ("yes",), "true": ("yes",), "itdoes": ("yes",), "n": ("no",), "false": ("no",), "itdoesnot": ("no",),
    "none": ("nobody", "0"), "noone": ("nobody",), "nothing": ("nobody", "0"), "nobody": ("0",),
    "customer": ("client",), "user": ("client",), "internet": ("client",), "outside": ("client",),
    "browser": ("client",), "outsideclient": ("client",),
    "thesame": ("same",), "equal": ("same",), "both": ("same",), "nodifference": ("same",),
    "lower": ("earlier",), "sooner": ("earlier",), "higher": ("later",),
    "removed": ("freed", "gone"), "cleared": ("freed", "gone"), "free": ("freed",), "released": ("freed", "gone"),
    "deleted": ("freed", "gone"), "stays": ("kept",), "remains": ("kept",), "unchanged": ("kept",),
}  # fmt: skip
DEEPEST = 3  # levels of an answer that are looked at
LONGEST = 400  # characters of a typed answer that are looked at
CLUTTER = re.compile(r"^(?:(?:the|an|a|my|only|just|option|answer|its|it is|on|at|from|port|through|via)\s+)+")
ADDRESS = re.compile(r"^(?:https?://)?(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])(?::\d+)?/?$")
NONE = {
    "none", "no", "noone", "nobody", "nothing", "neither", "zero", "0", "nonode", "nonodes", "empty", "nil", "nopod",
    "noneofthem", "noneofthese", "notone", "noneatall", "notany",
}  # fmt: skip
ALL = {"all", "everything", "every", "each", "everyone", "everybody", "any", "allofthem", "allofthese"}
EVERY = re.compile(
    r"(?:all|every|each|any)(?:\s+(?:of|the|them|these|those|two|three|four|five|six|\d+|one|"
    r"nodes?|pods?|services?|address(?:es)?|options?|answers?|ports?))*"
)
EXCEPT = re.compile(r"^(?:all|every\w*|each|any)\b.*?\b(?:but|except|without|apart from|other than)\b(?: for)?\s+(.+)$")
BETWEEN = re.compile(r"[,;|\n&+]|\band\b|\bor\b|\bund\b|\bplus\b")


def _key(word: str) -> str:
    """Return what is left of a word when case, quotes, brackets, blanks and hyphens do not count."""
    return re.sub(r"[\s_\-\"'`’(){}\[\]<>!?;,]|\.$", "", unicodedata.normalize("NFKC", word).casefold())


def _index(options: Iterable[str], also: Mapping[str, str] | None, labels: Mapping[str, str] | None) -> dict[str, str]:
    """Return every wording of every option, as `_key` makes it; what the question says itself comes first."""
    found = {_key(option): option for option in options}
    given = [*(also or {}).items(), *((label, option) for option, label in (labels or {}).items())]
    for word, option in given:
        found.setdefault(_key(word), option)
    for word, meant in ALSO.items():
        for option in meant:
            if option in options:
                found.setdefault(word, option)
    for word, option in [*((option, option) for option in options), *given]:
        numbered = re.fullmatch(r"[a-z]+-(\d+)", word)  # node-1: its number, too
        if numbered:
            found.setdefault(numbered[1], option)
    for count, digit in COUNTS.items():
        if digit in found:
            found.setdefault(count, found[digit])
    return found


def _match(word: str, index: Mapping[str, str]) -> str | None:
    """Return the option that a word means, if it means one."""
    text = unicodedata.normalize("NFKC", word[:LONGEST]).casefold().strip(" \t\n.\"'`’(){}[]")
    if re.match(r"-\s*\d", text):  # a sign is no hyphen
        return None
    bare = CLUTTER.sub("", text)
    address = ADDRESS.match(bare)
    for form in (text, bare, address[1].strip("[]") if address else bare):
        key = _key(form)
        for tried in (key, key.removesuffix("s"), f"{key}s", key.removesuffix("es")):
            if tried in index:
                return index[tried]
    return None


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
        return _match(_word(answer), _index(self.options, self.also, self.labels)) or self._number(answer)

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
        index = _index(self.options, self.also, self.labels)
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
        one = _match(text, index)
        if one:
            return frozenset({one})
        plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().strip(" .\"'`(){}[]")
        key = _key(plain)
        if key in NONE or re.fullmatch(r"(?:none|neither|no one|nobody|not any)(?: of .*)?|set", plain):
            return frozenset()
        left_out = EXCEPT.match(plain)
        if left_out:
            return frozenset(self.options) - self._text(left_out[1], index)
        if key in ALL or EVERY.fullmatch(plain) or (key == "both" and len(self.options) == 2):
            return frozenset(self.options)
        found: set[str] = set()
        for part in BETWEEN.split(plain):
            found |= self._listed(part.strip().removeprefix("both ").strip(), index)
        if not found:
            raise Unreadable(self.example)
        return frozenset(found)

    def _listed(self, part: str, index: Mapping[str, str]) -> set[str]:
        """Return what is named one after the other, with blanks between; the longest names are tried first."""
        words, found = part.split(), set()
        while words:
            for size in range(len(words), 0, -1):
                option = _match(" ".join(words[:size]), index)
                if option:
                    found.add(option)
                    words = words[size:]
                    break
            else:
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
            answer = re.split(r"[;,\n]\s*", answer.strip())
            answer = [re.sub(rf"^(?:{'|'.join(map(re.escape, self.parts))})\s*[:=]\s*", "", one) for one in answer]
        if isinstance(answer, Mapping):
            answer = [answer.get(name) for name in self.parts]
        if not isinstance(answer, list | tuple) or len(answer) != len(self.parts):
            raise Unreadable(f"{len(self.parts)} answers are asked: {', '.join(self.parts)}")
        found = []
        for given, (name, form) in zip(answer, self.parts.items(), strict=True):
            if unanswered(given):
                raise Unreadable(f"{name} is still empty")
            try:
                found.append(form.read(given))
            except Unreadable as problem:
                raise Unreadable(f"{name}: {str(problem) or form.example}") from None
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


def unanswered(answer: object) -> bool:
    """Tell whether nothing was filled in."""
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
    if isinstance(answer, Integral):  # numpy's too
        return str(answer)
    if isinstance(answer, Node):
        return answer.name
    if not isinstance(answer, str):
        raise Unreadable("")
    return answer.strip().strip("\"'").lower()


class Unreadable(Exception):
    """The answer is not of the form that the question asks for; the text says why, where that helps."""
