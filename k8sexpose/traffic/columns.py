"""Requests of many Pods side by side: time runs down columns, so that a queue can be served a row at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .arrays import Floats, Indices

__all__ = ["Columns", "Runs", "count_up"]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Where requests are: the columns of a Pod follow each other, and only the last of them may have empty places.

    Parameters
    ----------
    pods, sizes, starts, widths : ndarray of int, shape (pods,)
        The Pods that have requests, how many, the first column of each, and how many columns.
    shape : tuple of int
        Rows and columns.
    last : tuple of ndarray of int
        Row and column of the last request of each Pod.
    room : ndarray of int, shape (pods,)
        How many places at the end of each Pod are empty.
    absent : tuple of ndarray of int
        Row and column of each of these.

    Examples
    --------
    >>> columns = Columns.of(np.array([3, 0, 5]), rows=4)
    >>> columns.pods.tolist(), columns.starts.tolist(), columns.shape, [place.tolist() for place in columns.absent]
    ([0, 2], [0, 1], (4, 3), [[3, 1, 2, 3], [0, 2, 2, 2]])
    """

    pods: Indices
    sizes: Indices
    starts: Indices
    widths: Indices
    shape: tuple[int, int]
    last: tuple[Indices, Indices]
    room: Indices
    absent: tuple[Indices, Indices]

    @classmethod
    def of(cls, sizes: Indices, rows: int) -> Columns:
        """Make room for so many requests of each Pod."""
        pods = np.flatnonzero(sizes)
        sizes = sizes[pods]
        widths = -(-sizes // rows)
        ends, room = np.cumsum(widths), widths * rows - sizes
        width = int(ends[-1]) if len(ends) else 0
        column, row = np.divmod(sizes - 1, rows)
        starts = ends - widths
        empty = np.arange(room.sum()) + (ends * rows - np.cumsum(room)).repeat(room)
        absent = empty % rows, empty // rows
        return cls(pods, sizes, starts, widths, (rows, width), (row, starts + column), room, absent)

    def pod_at(self, columns: Indices) -> Indices:
        """Return which of the Pods columns belong to."""
        return np.searchsorted(self.starts, columns, side="right") - 1

    def spread(self, chance: np.random.Generator) -> Floats:
        """Spread the requests of each Pod from 0 to 1 as chance does: exponential gaps, scaled to fill the whole."""
        at = chance.standard_exponential(self.shape)
        at[self.absent] = 0.0
        for above, row in pairwise(at):
            np.add(above, row, out=row)
        before = np.cumsum(at[-1]) - at[-1]
        begins = before[self.starts]
        ends = at[self.last] + before[self.last[1]] + chance.standard_exponential(len(begins))
        at += before - begins.repeat(self.widths)
        at *= (1 / (ends - begins)).repeat(self.widths)
        return at

    def ordered(self, at: Floats) -> Floats:
        """Sort the times of each Pod, from 0 to 1, which follow each other in `at`, and write them down its columns.

        They are sorted by their first 16 bits (a radix sort), then as what is nearly in order (timsort): NumPy's own
        sort is a little faster on some processors, but takes five times as long on others that have AVX-512 as well.
        """
        rows, found = self.shape[0], np.empty(self.shape[::-1])
        flat, keys = found.reshape(-1), (at * 65_535).astype(np.uint16)
        first = 0
        for start, size in zip((self.starts * rows).tolist(), self.sizes.tolist(), strict=True):
            order = keys[first : first + size].argsort(kind="stable")
            own = at[first : first + size].take(order, mode="clip", out=flat[start : start + size])
            own.sort(kind="stable")
            first += size
        row, column = self.last
        found[self.absent[::-1]] = found[column, row].repeat(self.room)
        return np.ascontiguousarray(found.T)


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Values that many requests in a row have; the runs follow each other down the columns, and fill them.

    A column belongs to the run of its first request; where others begin within it, they differ from the one before.

    Examples
    --------
    >>> table = np.zeros((2, 3))
    >>> runs = Runs.of(np.array([1.0, 2.0, 5.0]), np.array([3, 2, 1]), rows=2)
    >>> table += runs.of_columns()
    >>> runs.correct(table)
    >>> table.T.reshape(-1).tolist()
    [1.0, 1.0, 1.0, 2.0, 2.0, 5.0]
    """

    values: Floats
    widths: Indices  # how many columns belong to each run
    row: Indices
    column: Indices
    more: Floats  # what the request at this row and column has more than the run before

    @classmethod
    def of(cls, values: Floats, lengths: Indices, rows: int) -> Runs:
        """Cut runs at the ends of columns."""
        ends = np.cumsum(lengths)
        begins = ends - lengths
        run = np.flatnonzero(begins % rows)
        number, begin = -begins[run] % rows, begins[run]
        row, column = (begin % rows).repeat(number) + count_up(number), (begin // rows).repeat(number)
        more = (values[run] - values[run - 1]).repeat(number)
        return cls(values, -(-ends // rows) - -(-begins // rows), row, column, more)

    def of_columns(self, runs: slice = slice(None)) -> Floats:
        """Return the value of each column of some runs."""
        return self.values[runs].repeat(self.widths[runs])

    def correct(self, table: Floats, first: int = 0) -> None:
        """Add to the requests of a table that begins with the given column what they have more than their column."""
        low, high = self.column.searchsorted((first, first + table.shape[1]))
        np.add.at(table, (self.row[low:high], self.column[low:high] - first), self.more[low:high])


def count_up(lengths: Indices) -> Indices:
    """Return 0, 1, 2 … so far for each length, one after the other."""
    first: Indices = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) - first.repeat(lengths)
