"""How much a simulated number would move if it were simulated again: standard errors from slices of the run.

Requests that follow each other are alike, because they stand in one queue. So the run of each Pod is cut into slices
that are long against the time in which a queue forgets, and the slices are compared with each other (batch means). How
long that is, theory says: a queue at utilisation ρ forgets within about ρ/(1−√ρ)² requests (Cohen 1982 for M/M/1;
times (1 + variation)/2 for other service times). Regenerative cycles would need no such choice, but a Pod with several
workers or with kept connections begins anew too seldom.

Pods are independent, so that their slices add up to those of the whole. The standard error of a quantile q is that of
the share of requests above q, carried over by the histogram. Where there are few slices it is widened as Student's
distribution asks, so that two standard errors to each side hold about 95 %. Where a run is too short for `FEWEST`
slices it is not a number: nothing is said rather than something wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .tally import Tally

__all__ = ["Precision", "measure", "plus_minus", "sides"]

FEWEST = 4  # slices
FEW = 8.0  # stretches for which a queue remembers, above a quantile that has a standard error
FORGOTTEN = 8.0  # a slice is so many times longer than the memory of its queue
NORMAL = 1.959964  # of 95 %


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """Standard errors of what a run says; not a number where it is too short.

    Parameters
    ----------
    mean_ms : float
        Of the mean latency.
    shares : ndarray of float64, shape (3,)
        Of the shares with an extra hop, across zones, and failed.
    quantiles : ndarray of float64, shape (pods + 1, levels)
        Of the share of requests below each quantile, of each Pod and of all.
    pod_share, utilisation : ndarray of float64, shape (pods,)
        Of each Pod.
    busiest : float
        The highest utilisation of a Pod whose run is too short, or of all where only the highest quantile has no
        standard error; 0 where neither is.
    wanted : float
        About how many requests would be enough; infinite where a Pod is overloaded.
    """

    mean_ms: float
    shares: Floats
    quantiles: Floats
    pod_share: Floats
    utilisation: Floats
    busiest: float
    wanted: float


def plus_minus(value: float, error: float) -> str:
    """Return a number of milliseconds with its standard error, as many digits as this leaves.

    Examples
    --------
    >>> plus_minus(87.3, 2.1), plus_minus(87.3, 0.14), plus_minus(1234.0, 100.0), plus_minus(87.3, math.nan)
    ('87 ± 2 ms', '87.30 ± 0.14 ms', '1,230 ± 100 ms', '87.3 ms')
    """
    if not error > 0:
        return f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"
    digits = -math.floor(math.log10(error / 1.95))  # one, or two where the first is a 1
    if digits < 0:
        return f"{round(value, digits):,.0f} ± {round(error, digits):,.0f} ms"
    return f"{value:,.{digits}f} ± {error:.{digits}f} ms"


def measure(tally: Tally, levels: tuple[float, ...], *, free: bool, steady: bool) -> Precision:
    """Return the standard errors of a run.

    Parameters
    ----------
    tally : Tally
        What was counted.
    levels : tuple of float
        The quantiles.
    free : bool
        Whether each request is a connection of its own, so that shares are counts of independent draws.
    steady : bool
        Whether nothing happens meanwhile: else there is no long run.
    """
    pods, work = len(tally.pods), tally.workload
    counts = tally.slice_counts.astype(np.float64)
    answered = counts.sum(1)
    utilisation = tally.utilisation
    memory = _memory(utilisation, work.variation)
    if not free:
        memory += work.clients * work.requests_per_connection * answered / work.requests
    slices = np.zeros(pods, dtype=np.int64)
    if steady:
        number = tally.slices
        while number >= FEWEST:
            slices[(slices == 0) & (answered >= number * FORGOTTEN * memory)] = number
            number //= 2
    short = (slices == 0) & (answered > 0)
    # Slices that touch are a little alike, so that they differ too little: by about their memory over their length.
    alike = np.where(slices > 0, memory, 0.0) * slices / np.maximum(answered, 1)
    more = np.sqrt(1 + alike)[:, None, None]
    pod_error, every = np.full((pods, len(levels)), np.nan), np.full(len(levels) + 1, np.nan)
    if slices.any():
        own, below = _below_quantiles(tally, counts, levels)
        variance = _variance(np.concatenate([own, below, _responses(tally, counts)], axis=1) * more, slices)
        freedom = _freedom(slices, answered / memory, np.array([*levels, *levels, 0.0]))
        pod_error = _errors(variance, freedom)[:, : len(levels)] / np.maximum(answered, 1)[:, None]
        if not short.any():
            asked = answered > 0
            every = _together(variance[asked, len(levels) :], freedom[asked, len(levels) :]) / answered.sum()
    busiest, wanted = 0.0, 0.0
    if short.any() or every[len(levels) - 1] + levels[-1] >= 1:
        apart = (answered / memory)[answered > 0]
        busiest = float(utilisation[short if short.any() else answered > 0].max())
        with np.errstate(divide="ignore"):
            longer = max(FEWEST * FORGOTTEN / apart.min(), FEW / (apart.sum() * (1 - levels[-1])))
        wanted = float(longer * work.requests)
    return Precision(
        math.sqrt(every[-1] ** 2 + _network_variance(tally)),
        _path_shares(tally, slices, free),
        np.concatenate([pod_error, every[None, :-1]]),
        _pod_shares(tally, counts, slices, free),
        utilisation * np.sqrt((1 + work.variation) / np.maximum(answered, 1)) if steady else np.full(pods, np.nan),
        busiest,
        wanted,
    )


def _memory(utilisation: Floats, variation: float) -> Floats:
    """Return for how many requests a queue remembers."""
    root = np.sqrt(np.minimum(utilisation, 1.0))
    with np.errstate(divide="ignore"):
        return np.asarray(1 + utilisation / (1 - root) ** 2 * max((1 + variation) / 2, 1.0))


def _below_quantiles(tally: Tally, counts: Floats, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return what each slice has too much below its Pod's quantile, and below that of all: (pods, levels, slices)."""
    wide = tally.histogram.sliced.astype(np.float64)
    of_pods, turned = wide.sum(1), wide.transpose(0, 2, 1)
    own, every = (_weights(bins, levels) @ turned for bins in (of_pods, of_pods.sum(0)[None]))
    expected = np.array(levels)[:, None] * counts[:, None]
    return own - expected, _in_its_time(every - expected, tally.slice_time)


def _in_its_time(excess: Floats, time: Floats) -> Floats:
    """Take off what a Pod exceeds by in the time of each slice: slices hold equal numbers, not equal times."""
    total = time.sum(1)
    rate = excess.sum(-1) / np.where(total > 0, total, 1.0)[:, None]
    return np.asarray(excess - rate[:, :, None] * time[:, None])


def _weights(bins: Floats, levels: tuple[float, ...]) -> Floats:
    """Return which part of each bin lies below each quantile, shape (groups, levels, bins)."""
    upto = np.cumsum(bins, axis=1)
    rank = np.array(levels)[None, :, None] * upto[:, None, -1:]
    before = (upto - bins)[:, None]
    return np.asarray(np.minimum(np.maximum((rank - before) / np.maximum(bins, 1)[:, None], 0.0), 1.0))


def _responses(tally: Tally, counts: Floats) -> Floats:
    """Return by how much the responses of each slice exceed the mean of all, in milliseconds."""
    spent_ms = tally.slice_busy * tally.tick_ms
    excess = spent_ms - spent_ms.sum() / max(counts.sum(), 1) * counts
    return _in_its_time(excess[:, None], tally.slice_time)


def _variance(excess: Floats, slices: NDArray[np.int64]) -> Floats:
    """Return the variance of the sum of the slices of each Pod, shape (pods, quantities)."""
    found = np.full(excess.shape[:2], np.nan)
    for number in set(slices.tolist()) - {0, 1}:
        some = slices == number
        merged = excess[some].reshape(int(some.sum()), excess.shape[1], number, -1).sum(3)
        found[some] = number * merged.var(axis=2, ddof=1)
    return found


def _freedom(slices: NDArray[np.int64], apart: Floats, levels: Floats) -> Floats:
    """Return how sure the variances are: the degrees of freedom of each Pod and level.

    Slices give one less than there are. But what lies above a high quantile comes in few long queues: no more of them
    tell something new than the share above it has of the stretches for which the queue remembers (`apart`).
    """
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (1 / _fewer(slices) + 1 / (apart[:, None] * (1 - levels))))


def _fewer(slices: NDArray[np.int64]) -> Floats:
    """Return one less than there are slices, shape (pods, 1)."""
    return slices.astype(np.float64)[:, None] - 1


def _errors(variance: Floats, freedom: Floats) -> Floats:
    """Return the standard error of the sum of the slices of each Pod."""
    return np.asarray(np.sqrt(variance) * _widened(freedom))


def _together(variance: Floats, freedom: Floats) -> Floats:
    """Return the standard error of the sum over all Pods."""
    total = variance.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        together = total**2 / (variance**2 / freedom).sum(0)
    return np.asarray(np.sqrt(total) * _widened(together))


def _widened(freedom: Floats) -> Floats:
    """Return the 97.5 % point of Student's distribution over the normal one (Cornish and Fisher 1937)."""
    part, square = 1 / np.maximum(np.nan_to_num(freedom, nan=1.0), 1.0), NORMAL**2
    return np.asarray(
        1
        + part * (square + 1) / 4
        + part**2 * (5 * square**2 + 16 * square + 3) / 96
        + part**3 * (3 * square**3 + 19 * square**2 + 17 * square - 15) / 384
    )


def sides(levels: tuple[float, ...], error: Floats) -> tuple[Floats, Floats]:
    """Return the levels one standard error below and above; not a number beyond the last."""
    high = np.array(levels) + error
    return np.maximum(np.array(levels) - error, 0.0), np.where(high < 1, high, np.nan)


def _network_variance(tally: Tally) -> float:
    """Return the variance of the mean of what the network adds, in square milliseconds."""
    counts = tally.path_counts.sum(0) * tally.columns.delivered
    added, total = tally.columns.network_ms, counts.sum()
    return float(counts @ (added - counts @ added / total) ** 2 / total**2) if total else math.nan


def _pod_shares(tally: Tally, counts: Floats, slices: NDArray[np.int64], free: bool) -> Floats:
    """Return the standard error of the share of each Pod."""
    sent = tally.path_counts.sum(1)
    share = counts.sum(1) / tally.workload.requests
    if free:
        return np.asarray(np.sqrt(share * (1 - share) / tally.workload.requests))
    excess = counts - share[:, None] * sent
    errors = _errors(_variance(excess[:, None], slices), _fewer(slices))
    return np.asarray(errors[:, 0] / tally.workload.requests)


def _path_shares(tally: Tally, slices: NDArray[np.int64], free: bool) -> Floats:
    """Return the standard errors of the shares with an extra hop, across zones, and failed."""
    counts = tally.path_counts @ tally.columns.kinds
    requests = tally.workload.requests
    share = counts.sum(0) / requests
    if free:
        return np.asarray(np.sqrt(share * (1 - share) / requests))
    excess = (counts - share * tally.path_counts.sum(1)[:, None]).T[None]
    least = np.array([slices[tally.answered > 0].min(initial=tally.slices)])
    return np.asarray(_errors(_variance(excess, least), _fewer(least))[0] / requests)
