"""How a number is written: with its unit, as a fraction, in words, worked out, and with what people put around it."""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction
from numbers import Number

__all__ = ["COUNTS", "LONGEST", "UNITS", "Unreadable", "quantity"]

LONGEST = 400  # characters of a typed answer that are looked at


class Unreadable(Exception):
    """The answer is not of the form that the question asks for; the text says why, where that helps."""


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
    "USD": {"": 1.0, **dict.fromkeys(MONEY, 1.0), "k": 1000.0, **{f"{word}k": 1000.0 for word in MONEY[:3]}},
    "GB": {"": 1.0, "gb": 1.0, "gigabyte": 1.0, "gigabytes": 1.0, "tb": 1000.0, "mb": 0.001},
}
# How often an amount comes is part of the question; whoever writes it too has said nothing else.
PER = re.compile(r"\s*(?:/|per|a|an|each|every)\s*(?:month|mo|hour|h)\s*$")
ABOUT = re.compile(
    r"^(?:(?:about|around|roughly|approximately|approx\.?|almost|circa|ca\.?|at most|at least|up to|exactly|still|just|"
    r"only|number|port|≈|~|=|:)\s*)+"
)
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
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SIZES = {**{word: int(digits) for word, digits in COUNTS.items()}, **{word: 10 * k for k, word in enumerate(TENS, 2)}}
TIMES = {"hundred": 100, "thousand": 1000}
ORDINALS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
PARTS_OF_ONE = {
    "half": 2, "halves": 2, "quarter": 4, "quarters": 4,
    **{word: k for k, word in enumerate(ORDINALS, 3)}, **{f"{word}s": k for k, word in enumerate(ORDINALS, 3)},
}  # fmt: skip
# Thousands with a blank or an apostrophe between; a vulgar fraction behind a whole number, and what that is read as.
THOUSANDS = re.compile(r"(?<=\d)[ '’\u00a0\u202f](?=\d{3}(?!\d))")
VULGAR = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")
# In much of Europe a point parts the thousands, and a comma begins the decimals. Of one point with three digits after
# it nobody can tell which it is; a price or an amount of data may be meant either way, a percentage may not.
EUROPEAN = re.compile(r"[-+]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})")
TWO_READINGS = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
IN_THOUSANDS = ("USD", "GB")
COMMA = re.compile(r"[-+]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))")
# A decimal sign with nothing before it, as in .5: without the nought it would be taken for the end of a sentence.
NO_NOUGHT = re.compile(r"(?<![\d.,])[.,](?=\d)")
MIXED = re.compile(r"(\d+)\s+(\d+)/(\d+)\s*([^\d]*)")
# What has no number but says how much.
ENDS = {"": ("none", "nothing", "none at all", "nobody", "no one"), "%": ("none", "nothing", "none at all", "no one")}
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
        try:
            return _finite(_from_text(answer.strip(), unit))
        except OverflowError:
            raise Unreadable("that is too long for a number") from None
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
    spelt = _spelt_out(text)
    if spelt:
        return spelt
    words = [COUNTS.get(word, word) for word in re.split(r"[\s-]+", text) if word not in ("a", "an", "the")]
    if words and words[-1] in PARTS_OF_ONE and len(words) <= 2:
        many = words[0] if len(words) == 2 else "1"
        if many.isdigit():
            return f"{many}/{PARTS_OF_ONE[words[-1]]}"
    joined = " ".join(words) if any(word in COUNTS for word in text.split()) else text
    found = OF.fullmatch(joined)
    return f"{found[1]}/{found[2]}" if found else joined


def _spelt_out(text: str) -> str:
    """Return a text that begins with a number of several words, such as ninety-eight percent, with its digits."""
    words = re.split(r"[\s-]+", text)
    if words[0] in ("a", "an") and len(words) > 1 and words[1] in TIMES:
        words[0] = "one"
    size, used = 0, 0
    for word in words:
        if word in SIZES:
            size += SIZES[word]
        elif word in TIMES and used:
            size *= TIMES[word]
        else:
            break
        used += 1
    spelt = any(word in TENS or word in TIMES for word in words[:used])
    return " ".join([str(size), *words[used:]]) if spelt and words[used : used + 1] != ["of"] else ""


def _worked_out(text: str) -> Fraction:
    """Return the value of a sum or a product of numbers and fractions, such as 1 - 1/50.

    Raises
    ------
    Unreadable
        If it is none.
    """
    parts = re.split(r"([+*×·]|(?<=[\d\s])[-−–])", text.replace(" ", ""))
    try:
        terms = [Fraction(one) for one in parts[::2]]
    except (ValueError, ZeroDivisionError):
        raise Unreadable("one number is asked") from None
    total, product = Fraction(0), terms[0]
    for sign, term in zip(parts[1::2], terms[1:], strict=True):
        if sign in "*×·":
            product *= term
        else:
            total, product = total + product, term if sign == "+" else -term
    return total + product


def _with_point(number: str, unit: str) -> str:
    """Return a number without signs between its thousands, and with a point before its decimals.

    Raises
    ------
    Unreadable
        If it can be read in two ways, or in none.
    """
    if unit in IN_THOUSANDS and TWO_READINGS.fullmatch(number):
        raise Unreadable(f"it can mean {number.replace('.', '')} or {_in_cents(number)}: write one of these")
    if EUROPEAN.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    if COMMA.fullmatch(number) or (unit == "%" and re.fullmatch(r"[-+]?\d+,\d{3}", number)):
        return number.replace(",", ".")
    if "," in number and not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", number):
        raise Unreadable("write the decimal sign as a point, such as 33.3")
    return number.replace(",", "")


def _in_cents(number: str) -> str:
    """Round three decimals to two: what is asked about must have a form that can be read in one way only."""
    sign, digits = ("-" if number.startswith("-") else ""), re.sub(r"\D", "", number)
    whole, cents = divmod((int(digits) + 5) // 10, 100)
    return f"{sign}{whole}.{cents:02d}".rstrip("0").rstrip(".")


SUM = re.compile(r"[\d.]+(?:/\d+)?(?:\s*[-+*×·−–]\s*[\d.]+(?:/\d+)?){1,8}")


def _from_text(text: str, unit: str) -> float:
    if len(text) > LONGEST:
        raise Unreadable("that is too long for a number")
    spaced = NO_NOUGHT.sub("0.", VULGAR.sub(" ", text))
    plain = unicodedata.normalize("NFKC", spaced).casefold().replace("⁄", "/").strip(" .!\"'`()[]{}")
    plain = THOUSANDS.sub("", ABOUT.sub("", plain))
    if unit == "%" and plain in EVERYTHING:
        return 100.0
    if plain in ENDS.get(unit, ()):
        return 0.0
    if plain in ("50/50", "fifty-fifty", "fifty fifty") and unit == "%":
        return 50.0
    if unit == "":
        plain = re.sub(r"^(\d+)\s*:\s*(\d+)$", r"\1/\2", plain)  # a ratio
    mixed = MIXED.fullmatch(plain)
    if mixed and int(mixed[3]):
        plain = f"{int(mixed[1]) + int(mixed[2]) / int(mixed[3])} {mixed[4]}".strip()
    if "/" in plain and SUM.fullmatch(plain):
        worked = float(_worked_out(plain))
        return 100 * worked if unit == "%" and abs(worked) <= 1 else worked
    found = PATTERN.fullmatch(_digits(PER.sub("", plain)))
    if not found:
        raise Unreadable("one number is asked" if re.search(r"\d", text) else "")
    number = _with_point(found["number"], unit)
    written = ((found["before"] or "") + (found["after"] or "")).strip().rstrip(".").lower()
    if written not in UNITS[unit]:
        wanted = f"{unit} is asked" if unit else "a number without a unit is asked"
        raise Unreadable(f"{written} does not fit: {wanted}")
    try:
        value = float(number) / int(found["below"] or 1)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Unreadable("") from None
    share = unit == "%" and not written and (found["below"] or 0 < value < 1)
    return (100 if share else UNITS[unit][written]) * value
