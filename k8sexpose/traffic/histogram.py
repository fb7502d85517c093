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

    def add(self, values: Floats, starts: NDArray[np.integer], row: Ints, place: Ints | None = None) -> None:
        """Count values.

        Parameters
        ----------
        values : ndarray of float64, shape (rows, columns)
            Positive values; columns may be laid out along more than one axis.
        starts, row : ndarray of int
            From which column on they are of another slice, and which: slices of all groups are numbered, ascending.
        place : ndarray of int64, optional
            Memory of the layout of the values.
        """
        bits = values.view(np.int64)
        bins = ((int(bits.max()) >> SHIFT + WIDE << WIDE) - self._base) + (1 << WIDE)
        if bins > self.counts.shape[1]:
            self._grow(bins)
        shape, widths = values.shape[1:], np.append(starts[1:], values[0].size) - starts
        new = np.append(True, row[1:] != row[:-1])
        part, group, own = np.cumsum(new) - 1, row // self.slices, row[new]
        parts, first = len(own), int(group[0])
        groups = int(group[-1]) + 1 - first
        place = np.empty_like(bits) if place is None else place
        np.right_shift(bits, SHIFT, out=place)
        narrow = parts * bins <= values.size  # few slices: their wide bins are sums of the narrow ones
        offset = (part if narrow else group - first) * bins - self._base
        place += offset.repeat(widths).reshape(shape)
        found = _count(place, parts if narrow else groups, bins)
        if narrow:
            for one, counts in zip((own // self.slices).tolist(), found, strict=True):
                self.counts[one, :bins] += counts
            found = np.add.reduceat(found.reshape(-1), np.arange(0, found.size, 1 << WIDE)).reshape(parts, -1)
        else:
            self.counts[first : first + groups, :bins] += found
            np.right_shift(bits, SHIFT + WIDE, out=place)
            place += (part * (bins >> WIDE) - (self._base >> WIDE)).repeat(widths).reshape(shape)
            found = _count(place, parts, bins >> WIDE)
        self.sliced.reshape(-1, self.sliced.shape[2])[own, : bins >> WIDE] += found

    def take_back(self, row: Ints, number: Ints) -> None:
        """Take back what was counted as the smallest value of some slices."""
        if number.any():
            bin_ = (int(np.float64(self.smallest).view(np.int64)) >> SHIFT) - self._base
            np.subtract.at(self.counts[:, bin_], row // self.slices, number)
            np.subtract.at(self.sliced.reshape(-1, self.sliced.shape[2])[:, bin_ >> WIDE], row, number)

    def _grow(self, bins: int) -> None:
        """Make room for larger values."""
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
        upto = np.cumsum(counts, axis=1)
        total = upto[:, -1:]
        rank = np.maximum(wanted * total, 0.5)
        at = np.array([own.searchsorted(some) for own, some in zip(upto, rank, strict=True)])
        at = np.minimum(at, counts.shape[1] - 1)  # a part of which nothing was counted
        here = np.arange(len(counts))[:, None], at
        own = counts[here]
        low, high = (((at + self._base + edge) << SHIFT).view(np.float64) for edge in (0, 1))
        # Into the bin as far as the rank says.
        inside = low + (rank - (upto[here] - own)) / np.maximum(own, 1) * (high - low)
        return np.asarray(np.where(total > 0, inside, np.nan))


def _count(place: Ints, rows: int, bins: int) -> Ints:
    """Return how many values each bin holds."""
    return np.asarray(np.bincount(place.ravel(order="K"), minlength=rows * bins).reshape(rows, bins))
