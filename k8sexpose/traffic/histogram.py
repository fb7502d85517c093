"""A histogram with bins that grow with the value, so that quantiles need no list of all values.

A float is sign, exponent and mantissa: its highest bits *are* a logarithmic bin number. Cutting all but the first
eight bits of the mantissa divides each doubling into 256 bins, at most 0.4 % wide; no logarithm is taken, so that
every machine counts alike. (HdrHistogram does the same with integers.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogHistogram"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MANTISSA_BITS = 52
KEPT_BITS = 8
SHIFT = MANTISSA_BITS - KEPT_BITS
SMALLEST = 2.0**-10
LARGEST = 2.0**40


def _bits(values: Floats) -> Ints:
    return values.view(np.int64) >> SHIFT


class LogHistogram:
    """Counts of values of several groups, in bins of at most 0.4 %.

    Parameters
    ----------
    groups : int
        How many groups (Pods) are counted apart.
    smallest : float
        Where the first bin begins; what is smaller goes into it too.

    Attributes
    ----------
    counts : ndarray of int64, shape (bins, groups)
        Values per bin; the table grows with the largest value seen, not with their number.

    Examples
    --------
    >>> histogram = LogHistogram(1)
    >>> histogram.add(np.array([1.0, 2.0, 3.0, 4.0]), np.zeros(4, dtype=np.int64))
    >>> bool(abs(histogram.quantiles([0.5])[0, 0] - 2.0) < 0.01)
    True
    """

    def __init__(self, groups: int, smallest: float = SMALLEST) -> None:
        self.groups = groups
        self.smallest = max(smallest, SMALLEST)
        self._base = int(_bits(np.array([self.smallest]))[0])
        self.counts: Ints = np.zeros((0, groups), dtype=np.int64)

    def add(self, values: Floats, group: NDArray[np.integer]) -> None:
        """Count values.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            Positive values.
        group : ndarray of int, shape (n,)
            The group of each.
        """
        if not len(values):
            return
        place = np.clip(values, self.smallest, LARGEST).view(np.int64)
        place >>= SHIFT
        place -= self._base
        place *= self.groups
        place += group
        found = np.bincount(place)
        bins = -(-len(found) // self.groups)
        if bins > len(self.counts):
            more = np.zeros((bins - len(self.counts), self.groups), dtype=np.int64)
            self.counts = np.concatenate([self.counts, more])
        self.counts.reshape(-1)[: len(found)] += found

    def quantiles(self, levels: Sequence[float], parts: Sequence[Sequence[int]] | None = None) -> Floats:
        """Return quantiles of every group, or of parts that join several groups.

        Parameters
        ----------
        levels : sequence of float
            For example 0.5, 0.95, 0.99.
        parts : sequence of sequence of int, optional
            The groups of each part; None: every group is a part.

        Returns
        -------
        ndarray of float64, shape (parts, levels)
            Within half a per cent; not a number where nothing was counted.

        Examples
        --------
        >>> histogram = LogHistogram(2)
        >>> histogram.add(np.array([1.0, 3.0]), np.array([0, 1]))
        >>> histogram.quantiles([0.5], [[0], [1], [0, 1]]).round().tolist()
        [[1.0], [3.0], [1.0]]
        """
        counts = self.counts.T.copy()
        if parts is not None:
            joined = np.empty((len(parts), counts.shape[1]), dtype=np.int64)
            for row, part in zip(joined, parts, strict=True):
                row[:] = counts[part[0]] if part else 0
                for one in part[1:]:
                    row += counts[one]
            counts = joined
        if not counts.size:
            return np.full((len(counts), len(levels)), np.nan)
        below = np.cumsum(counts, axis=1, out=counts)
        total = below[:, -1:]
        rank = np.maximum(np.asarray(levels) * total, 0.5)
        whole = np.ceil(rank).astype(np.int64)  # of the type of the counts, else each search converts a row
        at = np.array([ranks.searchsorted(wanted) for ranks, wanted in zip(below, whole, strict=True)])
        at = np.minimum(at, below.shape[1] - 1)  # a part of which nothing was counted
        upto = np.take_along_axis(below, at, 1)
        before = np.where(at > 0, np.take_along_axis(below, at - 1, 1), 0)
        low, high = (((at + edge + self._base) << SHIFT).view(np.float64) for edge in (0, 1))
        # Into the bin as far as the rank says.
        inside = low + (rank - before) / np.maximum(upto - before, 1) * (high - low)
        return np.asarray(np.where(total > 0, inside, np.nan))
