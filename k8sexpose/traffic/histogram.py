"""A histogram with bins that grow with the value, so that quantiles need no list of all values.

A float is sign, exponent and mantissa: its highest bits *are* a logarithmic bin number. Cutting all but the first
eight bits of the mantissa divides each doubling into 256 bins, at most 0.4 % wide; no logarithm is taken, so that
every machine counts alike. (HdrHistogram does the same with integers.) How much a quantile moves by chance is read
from the same values, counted once more by slices of the run, in bins 16 times as wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["BIN_WIDTH", "LogHistogram"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

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
    >>> histogram.add(np.array([[1.0, 2.0, 3.0, 4.0]]), np.zeros(4, dtype=int), np.zeros(4, dtype=int))
    >>> bool(abs(histogram.quantiles([0.5])[0, 0] - 2.0) < 0.01)
    True
    """

    def __init__(self, groups: int, smallest: float = SMALLEST, slices: int = 1) -> None:
        self.groups, self.slices = groups, slices
        self.smallest = max(smallest, SMALLEST)
        self._base = (int(np.float64(self.smallest).view(np.int64)) >> SHIFT + WIDE) << WIDE
        self.counts: Ints = np.zeros((groups, 0), dtype=np.int64)
        self.sliced: Ints = np.zeros((groups, slices, 0), dtype=np.int64)

    def add(
        self, values: Floats, group: NDArray[np.integer], part: NDArray[np.integer], absent: Sequence[int] | Ints = ()
    ) -> None:
        """Count values.

        Parameters
        ----------
        values : ndarray of float64, shape (rows, columns)
            Positive values; those that are absent are overwritten.
        group, part : ndarray of int, shape (columns,)
            The group of each column, ascending, and its slice.
        absent : sequence of int
            Places in the flattened values that hold none.
        """
        if not values.size:
            return
        if len(absent):
            values.reshape(-1)[absent] = self.smallest
        first, groups = int(group[0]), int(group[-1]) + 1 - int(group[0])
        bits = values.view(np.int64)
        bins = max((int(bits.max()) >> SHIFT) - self._base, 0) + 1
        if bins > self.counts.shape[1]:
            self._grow(bins)
        wide = self.sliced.shape[2]
        sliced = (group - first) * self.slices + part
        place = bits >> SHIFT
        place += (group - first) * bins - self._base
        one = np.bincount(place.reshape(-1), minlength=groups * bins)
        np.right_shift(bits, SHIFT + WIDE, out=place)
        place += sliced * wide - (self._base >> WIDE)
        many = np.bincount(place.reshape(-1), minlength=groups * self.slices * wide)
        if len(absent):
            column = np.asarray(absent) % values.shape[1]
            at = (int(np.float64(self.smallest).view(np.int64)) >> SHIFT) - self._base
            np.subtract.at(one, (group[column] - first) * bins + at, 1)
            np.subtract.at(many, sliced[column] * wide + (at >> WIDE), 1)
        self.counts[first : first + groups, :bins] += one.reshape(groups, bins)
        self.sliced[first : first + groups] += many.reshape(groups, self.slices, wide)

    def _grow(self, bins: int) -> None:
        """Make room for larger values."""
        more = np.zeros((self.groups, bins - self.counts.shape[1]), dtype=np.int64)
        self.counts = np.concatenate([self.counts, more], axis=1)
        wide = (bins - 1 >> WIDE) + 1 - self.sliced.shape[2]
        self.sliced = np.concatenate([self.sliced, np.zeros((self.groups, self.slices, wide), dtype=np.int64)], axis=2)

    def quantiles(self, levels: Sequence[float] | Floats, parts: Sequence[Sequence[int]] | None = None) -> Floats:
        """Return quantiles of every group, or of parts that join several groups.

        Parameters
        ----------
        levels : sequence of float, or ndarray of float64, shape (parts, levels)
            For example 0.5, 0.95, 0.99; where each part has its own, a row for each.
        parts : sequence of sequence of int, optional
            The groups of each part; None: every group is a part.

        Returns
        -------
        ndarray of float64, shape (parts, levels)
            Within half a per cent; not a number where nothing was counted.

        Examples
        --------
        >>> histogram = LogHistogram(2)
        >>> histogram.add(np.array([[1.0, 3.0]]), np.array([0, 1]), np.array([0, 0]))
        >>> histogram.quantiles([0.5], [[0], [1], [0, 1]]).round().tolist()
        [[1.0], [3.0], [1.0]]
        """
        counts = self.counts.copy()
        if parts is not None:
            counts = np.empty((len(parts), counts.shape[1]), dtype=np.int64)
            for row, part in zip(counts, parts, strict=True):
                row[:] = self.counts[part[0]] if part else 0
                for one in part[1:]:
                    row += self.counts[one]
        wanted = np.broadcast_to(np.asarray(levels, dtype=np.float64), (len(counts), np.shape(levels)[-1]))
        if not counts.size:
            return np.full(wanted.shape, np.nan)
        below = np.cumsum(counts, axis=1, out=counts)
        total = below[:, -1:]
        rank = np.maximum(wanted * total, 0.5)
        whole = np.ceil(rank).astype(np.int64)  # of the type of the counts, else each search converts a row
        at = np.array([ranks.searchsorted(wanted) for ranks, wanted in zip(below, whole, strict=True)])
        at = np.minimum(at, below.shape[1] - 1)  # a part of which nothing was counted
        upto = np.take_along_axis(below, at, 1)
        before = np.where(at > 0, np.take_along_axis(below, at - 1, 1), 0)
        low, high = (((at + edge + self._base) << SHIFT).view(np.float64) for edge in (0, 1))
        # Into the bin as far as the rank says.
        inside = low + (rank - before) / np.maximum(upto - before, 1) * (high - low)
        return np.asarray(np.where(total > 0, inside, np.nan))
