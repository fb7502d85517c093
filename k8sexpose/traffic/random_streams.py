"""Chance, in blocks: the same numbers for the same seed, whatever the size of the blocks (see `thinning` too).

Each kind of random number has a stream of its own: NumPy's PCG64 generator, seeded by
``SeedSequence(seed).spawn(4)`` in the order arrivals, service, ways, clients. Only draws are used that take the bits
of a stream one after the other, so that two blocks of 50 hold the same numbers as one of 100. What must be the same
again later (which node a sticky load balancer sends a client to) comes from a hash, not from a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .workload import Workload

__all__ = ["Choice", "Draws", "client_weights", "hash_uniform"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Chooses among places with given weights, one uniform number each (alias method: Walker 1977, Vose 1991).

    Examples
    --------
    >>> Choice.of([1, 1, 2]).pick(np.array([0.0, 0.4, 0.99]))
    array([0, 1, 2])
    """

    keep: Floats
    other: Indices
    even: bool

    @classmethod
    def of(cls, weights: Sequence[float] | Floats) -> Choice:
        """Divide [0, 1) into equal slices, each shared by at most two places."""
        given = np.asarray(weights, dtype=np.float64)
        sizes = given / given.sum() * len(given)
        small = np.flatnonzero(sizes < 1 - 1e-12).tolist()
        large = np.flatnonzero(sizes > 1 + 1e-12).tolist()
        even = not small
        # Lists: one number at a time is dear in an array.
        size, keep, other = sizes.tolist(), [1.0] * len(given), list(range(len(given)))
        while small and large:
            less, more = small.pop(), large[-1]
            keep[less], other[less] = size[less], more
            size[more] -= 1 - size[less]
            if size[more] < 1:
                large.pop()
                if size[more] < 1 - 1e-12:
                    small.append(more)
        return cls(np.array(keep), np.array(other, dtype=np.intp), even)

    def pick(self, uniform: Floats) -> Indices:
        """Choose."""
        # A hair less than the count: the largest number below 1, times the count, may round up to it.
        at = uniform * np.nextafter(len(self.keep), 0)
        slices: Indices = at.astype(np.intp)
        if self.even:
            return slices
        at -= slices
        beyond = np.flatnonzero(at >= self.keep[slices])
        slices[beyond] = self.other[slices[beyond]]
        return slices


def hash_uniform(*keys: int | NDArray[np.integer]) -> Floats:
    """Turn whole numbers into numbers from 0 to below 1 that look random, the same ones every time.

    The finalizer of SplitMix64 (Steele, Lea, Flood 2014), once for each key.

    Examples
    --------
    >>> np.allclose(hash_uniform(1, np.arange(10_000)).mean(), 0.5, atol=0.01)
    True
    """
    state = np.zeros(1, dtype=np.uint64)
    for key in keys:
        part = np.asarray(key).astype(np.uint64)
        state = (state ^ part) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return np.asarray((state >> np.uint64(11)) * 2.0**-53)


class Draws:
    """The random numbers of requests that are served in the order in which they come; times are whole ticks.

    Examples
    --------
    >>> from k8sexpose.traffic.workload import Workload
    >>> draws = Draws(Workload(distribution="constant", clients=3), tick_ms=1.0)
    >>> draws.services((1, 2)).tolist(), len(draws.points_of(5))
    ([[10.0, 10.0]], 5)
    """

    def __init__(self, workload: Workload, tick_ms: float) -> None:
        self.workload, self.tick_ms = workload, tick_ms
        seeds = np.random.SeedSequence(workload.seed).spawn(3)
        self.chance, self._service, self._client = (np.random.Generator(np.random.PCG64(seed)) for seed in seeds)
        self._weights = client_weights(workload.clients, workload.client_skew)
        self._asks = Choice.of(self._weights)

    def duration(self) -> float:
        """Return how long the run lasts."""
        workload = self.workload
        gap_ms = 1000 / workload.rate_rps
        return float(np.rint(self.chance.standard_gamma(workload.requests + 1.0) * gap_ms / self.tick_ms))

    def services(self, shape: tuple[int, int]) -> Floats:
        """Return service times."""
        sigma = self.workload.sigma
        if self.workload.distribution == "constant":
            times = np.ones(shape)
        elif self.workload.distribution == "lognormal":
            times = self._service.lognormal(-(sigma**2) / 2, sigma, shape)
        else:
            times = self._service.standard_exponential(shape)
        times *= self.workload.service_ms / self.tick_ms
        return np.rint(times, out=times)

    def clients(self, count: int) -> Indices:
        """Return who asks, shape (count,)."""
        return self._asks.pick(self._client.random(count))

    def by_client(self, count: int) -> Indices:
        """Return how many of so many requests each client sends, shape (clients,)."""
        if 8 * len(self._weights) > count:
            return np.bincount(self.clients(count), minlength=len(self._weights))
        return self.chance.multinomial(count, self._weights)

    def points_of(self, count: int) -> Floats:
        """Return points from 0 to 1, spread by chance, in ascending order, shape (count,)."""
        columns = Columns.of(np.array([count]), 16)
        return self.points(columns).T.reshape(-1)[:count]

    def points(self, columns: Columns) -> Floats:
        """Return such points for each Pod, down its columns: exponential gaps, scaled to fill the whole."""
        at = self.chance.standard_exponential(columns.shape)
        at.reshape(-1)[columns.absent] = 0.0
        rows = list(at)
        for above, row in zip(rows, rows[1:], strict=False):
            np.add(above, row, out=row)
        before = np.cumsum(at[-1]) - at[-1]
        begins = before[columns.starts]
        ends = at[columns.last] + before[columns.last[1]] + self.chance.standard_exponential(len(begins))
        scale = 1 / (ends - begins)
        if len(begins) > 1:
            begins, scale = begins.repeat(columns.widths), scale.repeat(columns.widths)
        at += before - begins
        at *= scale
        return at


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Where requests are: time runs down the columns, and those of one Pod follow each other.

    Parameters
    ----------
    pods, sizes, starts : ndarray of int
        The Pods that have requests, how many, and the first column of each.
    shape : tuple of int
        Rows and columns.
    room, absent : ndarray of int
        How many places of each Pod's last column are empty, and where these are in memory.
    """

    pods: Indices
    sizes: Indices
    starts: Indices
    shape: tuple[int, int]
    room: Indices
    absent: Indices

    @classmethod
    def of(cls, sizes: Indices, rows: int) -> Columns:
        """Make room for so many requests of each Pod."""
        pods = np.flatnonzero(sizes)
        sizes = sizes[pods]
        room = -sizes % rows
        ends = np.cumsum(sizes + room)
        width = int(ends[-1]) // rows if len(ends) else 0
        empty = np.arange(room.sum()) + np.repeat(ends - np.cumsum(room), room)
        absent = empty % rows * width + empty // rows
        return cls(pods, sizes, (ends - sizes - room) // rows, (rows, width), room, absent)

    @property
    def last(self) -> tuple[Indices, Indices]:
        """Row and column of the last request of each Pod."""
        return (self.sizes - 1) % self.shape[0], self.starts + (self.sizes - 1) // self.shape[0]

    @property
    def widths(self) -> Indices:
        """How many columns each Pod has."""
        return (self.sizes + self.room) // self.shape[0]


@lru_cache(maxsize=4)
def client_weights(clients: int, skew: float) -> Floats:
    """Return how often each client asks, together 1 (Zipf's law)."""
    # Long: the last bit of the power of a shorter number depends on the processor.
    weights = np.arange(1, clients + 1, dtype=np.longdouble) ** -np.longdouble(skew) if skew else np.ones(clients)
    found = np.asarray(weights / weights.sum(), dtype=np.float64)
    found.flags.writeable = False
    return found
