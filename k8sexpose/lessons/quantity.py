"""Numbers as people write them: with a unit, a percent sign, a currency, or as a fraction."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from numbers import Number

from .forms import Unreadable

__all__ = ["Quantity", "quantity"]

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
