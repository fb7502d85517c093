"""The course's list of misconceptions: what people believe, and what a real cluster does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .._display import html_table
from ..data import load

__all__ = ["Beliefs", "Misconception", "misconceptions"]


@dataclass(frozen=True, slots=True)
class Misconception:
    """One belief that public questions show again and again.

    Parameters
    ----------
    number : int
        Its number in the list, by which feedback names it.
    belief : str
        What people believe.
    truth : str
        What a real cluster does.

    Examples
    --------
    >>> Misconception(9, "any number will do", "30000 to 32767").number
    9
    """

    number: int
    belief: str
    truth: str


@dataclass(frozen=True, slots=True, repr=False)
class Beliefs:
    """Some of the list, as a table.

    Parameters
    ----------
    rows : tuple of Misconception
        The beliefs.

    Examples
    --------
    >>> Beliefs((Misconception(9, "any number will do", "30000 to 32767"),))
    9 | any number will do | 30000 to 32767
    """

    rows: tuple[Misconception, ...]

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for row in self.rows:
            yield str(row.number), row.belief, row.truth

    def __repr__(self) -> str:
        return "\n".join(" | ".join(cells) for cells in self._cells()) or "no belief of that number"

    def _repr_html_(self) -> str:
        return html_table("What people believe", ("number", "belief", "what a cluster does"), self._cells())


@cache
def the_list() -> dict[int, Misconception]:
    """Read the whole list, by number."""
    return {row["number"]: Misconception(**row) for row in load("misconceptions")["misconception"]}


def misconceptions(*numbers: int) -> Beliefs:
    """Show what the numbers in the feedback stand for.

    Parameters
    ----------
    *numbers : int
        Numbers of beliefs; without any, the whole list.

    Returns
    -------
    Beliefs
        A table. A number that is not in the list is left out.

    Examples
    --------
    >>> misconceptions(21).rows[0].belief
    'a ping tells whether the Service works'
    >>> len(misconceptions().rows)
    25
    """
    found = the_list()
    return Beliefs(tuple(row for number, row in found.items() if not numbers or number in numbers))
