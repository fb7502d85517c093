"""Chance: choices with given weights, hashes that look random, how long requests take and who asks how often.

A run is drawn from NumPy's PCG64 generators in an order that its workload alone decides, so that the same seed gives
the same numbers. What must be the same again later (which node a sticky load balancer sends a client to) comes from a
hash, not from a generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Indices
from .workload import Workload

__all__ = ["Choice", "client_weights", "draw_services", "hash_uniform"]


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


def draw_services(workload: Workload, chance: np.random.Generator, out: Floats) -> Floats:
    """Draw how long workers need for requests, in units of the mean."""
    if workload.distribution == "exponential":
        return chance.standard_exponential(out=out)
    if workload.distribution == "lognormal":
        out[:] = chance.lognormal(-(workload.sigma**2) / 2, workload.sigma, out.shape)
    else:
        out[:] = 1.0
    return out


@lru_cache(maxsize=4)
def client_weights(clients: int, skew: float) -> Floats:
    """Return how often each client asks, together 1 (Zipf's law)."""
    # Long: the last bit of the power of a shorter number depends on the processor.
    weights = np.arange(1, clients + 1, dtype=np.longdouble) ** -np.longdouble(skew) if skew else np.ones(clients)
    found = np.asarray(weights / weights.sum(), dtype=np.float64)
    found.flags.writeable = False
    return found
