"""Chance, in blocks: the same numbers for the same seed, whatever the size of the blocks (see `thinning` too).

Each kind of random number has a stream of its own: NumPy's PCG64 generator, seeded by
``SeedSequence(seed).spawn(4)`` in the order arrivals, service, ways, clients. Only draws are used that take the bits
of a stream one after the other, so that two blocks of 50 hold the same numbers as one of 100. What must be the same
again later (which node a sticky load balancer sends a client to) comes from a hash, not from a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """The random numbers of requests in the order in which they come, block after block.

    Arrivals and service times are whole numbers of ticks.

    Examples
    --------
    >>> from k8sexpose.traffic.workload import Workload
    >>> one, two = (Draws(Workload(), 2.0**-30) for _ in range(2))
    >>> bool((np.concatenate([one.arrivals(3), one.arrivals(2)]) == two.arrivals(5)).all())
    True
    """

    def __init__(self, workload: Workload, tick_ms: float) -> None:
        arrival, service, way, self._client_seed = np.random.SeedSequence(workload.seed).spawn(4)
        self._arrival, self._service, self._way = (_stream(child) for child in (arrival, service, way))
        self._workload = workload
        self._gap, self._mean = 1000 / workload.rate_rps / tick_ms, workload.service_ms / tick_ms
        self._asks: tuple[Choice, np.random.Generator] | None = None  # made when it first matters who asks
        self.now = 0.0

    def arrivals(self, count: int) -> Floats:
        """Return the next arrival times in ticks, shape (count,)."""
        gaps = self._arrival.standard_exponential(count)
        gaps *= self._gap
        np.rint(gaps, out=gaps)
        gaps[0] += self.now
        np.cumsum(gaps, out=gaps)
        self.now = float(gaps[-1])
        return gaps

    def services(self, count: int) -> Floats:
        """Return the next service times in ticks, shape (count,)."""
        sigma = self._workload.sigma
        if self._workload.distribution == "constant":
            times = np.ones(count)
        elif self._workload.distribution == "lognormal":
            times = self._service.lognormal(-(sigma**2) / 2, sigma, count)
        else:
            times = self._service.standard_exponential(count)
        times *= self._mean
        return np.rint(times, out=times)

    def ways(self, count: int) -> Floats:
        """Return uniform numbers that choose the ways of connections, shape (count,)."""
        return self._way.random(count)

    def clients(self, count: int) -> Indices:
        """Return who asks, shape (count,)."""
        if self._asks is None:
            self._asks = Choice.of(client_weights(self._workload)), _stream(self._client_seed)
        choice, stream = self._asks
        return choice.pick(stream.random(count))


def client_weights(workload: Workload) -> Floats:
    """Return how often each client asks, in any unit (Zipf's law)."""
    return np.asarray(np.arange(1.0, workload.clients + 1) ** -workload.client_skew)


def _stream(seed: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))
