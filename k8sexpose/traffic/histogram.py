"""A histogram with bins that grow with the value, so that quantiles need no list of all values.

A float is sign, exponent and mantissa: its highest bits *are* a logarithmic bin number. Cutting all but the first
eight bits of the mantissa divides each doubling into 256 bins, at most 0.4 % wide; no logarithm is taken, so that
every machine counts alike. (HdrHistogram does the same with integers.) How much a quantile moves by chance is read
from the same values, counted once more by slices of the run, in bins 16 times as wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .arrays import Floats, Indices, Ints

__all__ = ["BIN_WIDTH", "LogHistogram"]


MANTISSA_BITS = 52
KEPT_BITS = 8
BIN_WIDTH = 0.005  # rounded up
SHIFT = MANTISSA_BITS - KEPT_BITS
WIDE = 4  # bits more that are cut for the slices
SMALLEST = 2.0**-10


class LogHistogram:
    """Counts of values of several groups, in bins of at most 0.4 %, and of their slices in wider bins.

    Parameters
    ----------
    groups : int
        How many groups (Pods) are counted apart.
    smallest : float
        Where the first bin begins; no value is smaller, or it counts as this one.
    slices : int
        How many slices of each group are counted apart.

    Attributes
    ----------
    counts : ndarray of int64, shape (groups, bins)
        Values per bin; the table grows with the largest value seen, not with their number.
    sliced : ndarray of int64, shape (groups, slices, wide bins)
        The same by slice; 16 bins make a wide one.

    Examples
    --------
    >>> histogram = LogHistogram(1)
    >>> histogram.add(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([0]), np.array([0]))
    >>> bool(abs(histogram.quantiles([0.5], histogram.counts)[0, 0] - 2.0) < 0.01)
    True
    """

    def __init__(self, groups: int, smallest: float = SMALLEST, slices: int = 1) -> None:
        self.groups, self.slices = groups, slices
        self.smallest = max(smallest, SMALLEST)
        self._base = (int(np.float64(self.smallest).view(np.int64)) >> SHIFT + WIDE) << WIDE
        self.counts: Ints = np.zeros((groups, 0), dtype=np.int64)
        self.sliced: Ints = np.zeros((groups, slices, 0), dtype=np.int64)

    def add(self, values: Floats, starts: Indices, row: Indices, place: Ints | None = None) -> None:
        """Count values.

        Parameters
        ----------
        values : ndarray of float64, shape (rows, columns)
            Positive values.
        starts, row : ndarray of int
            From which column on they are of another slice, and which: slices of all groups are numbered, ascending.
        place : ndarray of int64, optional
            Memory of the same shape.
        """
        widths, group = np.append(starts[1:], values.shape[1]) - starts, row // self.slices
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))  # slice of each group
        place = np.right_shift(values.view(np.int64), SHIFT, out=place)
        bins = (int(place.max()) - self._base >> WIDE << WIDE) + (1 << WIDE)
        if bins > self.counts.shape[1]:
            self._grow(bins)
        place -= self._base
        count = _count_slices if len(row) * bins <= values.size else _count_groups
        found, wide = count(place, widths, first, bins)
        for number, own in zip(group[first].tolist(), found, strict=True):
            self.counts[number, :bins] += own
        self.sliced.reshape(-1, self.sliced.shape[2])[row, : bins >> WIDE] += wide

    def take_back(self, row: Ints, number: Ints) -> None:
        """Take back what was counted as the smallest value of some slices."""
        if number.any():
            bin_ = (int(np.float64(self.smallest).view(np.int64)) >> SHIFT) - self._base
            np.subtract.at(self.counts[:, bin_], row // self.slices, number)
            np.subtract.at(self.sliced.reshape(-1, self.sliced.shape[2])[:, bin_ >> WIDE], row, number)

    def _grow(self, bins: int) -> None:
        """Make room for larger values."""
        bins += -bins % (1 << KEPT_BITS + 2)
        counts, sliced = self.counts, self.sliced
        self.counts = np.zeros((self.groups, bins), dtype=np.int64)
        self.counts[:, : counts.shape[1]] = counts
        self.sliced = np.zeros((self.groups, self.slices, bins >> WIDE), dtype=np.int64)
        self.sliced[:, :, : sliced.shape[2]] = sliced

    def quantiles(self, levels: Sequence[float] | Floats, counts: Ints) -> Floats:
        """Return quantiles of parts.

        Parameters
        ----------
        levels : sequence of float, or ndarray of float64, shape (parts, levels)
            For example 0.5, 0.95, 0.99; where each part has its own, a row for each.
        counts : ndarray of int64, shape (parts, bins)
            Rows of the table, or sums of them.

        Returns
        -------
        ndarray of float64, shape (parts, levels)
            Within half a per cent; not a number where nothing was counted.

        Examples
        --------
        >>> histogram = LogHistogram(2)
        >>> histogram.add(np.array([[1.0, 3.0]]), np.array([0, 1]), np.array([0, 1]))
        >>> histogram.quantiles([0.5], histogram.counts).round().tolist()
        [[1.0], [3.0]]
        """
        wanted = np.broadcast_to(np.asarray(levels, dtype=np.float64), (len(counts), np.shape(levels)[-1]))
        if not counts.size:
            return np.full(wanted.shape, np.nan)
        wide = _widened(counts)
        upto, bins = np.cumsum(wide), wide.shape[1]  # of all parts, one after the other
        before = np.append(0, upto[bins - 1 :: bins])[:, None]
        total = np.diff(before, axis=0)
        rank = np.maximum(wanted * total, 0.5)
        at = upto.searchsorted(before[:-1] + np.ceil(rank).astype(np.int64))
        at = np.minimum(at, wide.size - 1)  # of a part of which nothing was counted
        left = rank - (upto[at] - before[:-1] - wide.reshape(-1)[at])  # of the rank, within the wide bin
        narrow = counts.reshape(-1, 1 << WIDE)[at]
        upto = np.cumsum(narrow, axis=2)
        within = np.minimum((upto < left[:, :, None]).sum(2), (1 << WIDE) - 1)
        place = (np.arange(at.size).reshape(at.shape) << WIDE) + within
        own, upto = narrow.reshape(-1)[place], upto.reshape(-1)[place]
        at = (at % bins << WIDE) + within + self._base
        low, high = ((at + edge << SHIFT).view(np.float64) for edge in (0, 1))
        inside = low + (left - (upto - own)) / np.maximum(own, 1) * (high - low)  # as far as the rank says
        return np.asarray(np.where(total > 0, inside, np.nan))


def _count_slices(place: Ints, widths: Indices, first: Indices, bins: int) -> tuple[Ints, Ints]:
    """Return the counts of groups in narrow bins, and of slices in wide ones: sums of the narrow bins of few slices."""
    place += (np.arange(len(widths)) * bins).repeat(widths)
    narrow = _count(place, len(widths), bins)
    found = narrow
    if len(first) < len(widths):
        edges = pairwise([*first.tolist(), len(widths)])
        found = np.array([np.add.reduce(narrow[begin:end], axis=0) for begin, end in edges])
    return found, _widened(narrow)


def _count_groups(place: Ints, widths: Indices, first: Indices, bins: int) -> tuple[Ints, Ints]:
    """Return the same for many slices: everything is counted twice, since their narrow bins would be too many."""
    one = np.arange(len(widths))
    part = first.searchsorted(one, side="right") - 1  # the group of each slice, in this table
    place += (part * bins).repeat(widths)
    found = _count(place, len(first), bins)
    place >>= WIDE
    place += ((one - part) * (bins >> WIDE)).repeat(widths)
    return found, _count(place, len(widths), bins >> WIDE)


def _widened(counts: Ints) -> Ints:
    """Add up the bins that make a wide one."""
    return np.asarray(np.einsum("ijk->ij", counts.reshape(len(counts), -1, 1 << WIDE)))


def _count(place: Ints, rows: int, bins: int) -> Ints:
    """Return how many values each bin holds."""
    return np.asarray(np.bincount(place.reshape(-1), minlength=rows * bins).reshape(rows, bins))
