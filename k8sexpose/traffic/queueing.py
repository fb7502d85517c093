"""Formulas of queueing theory: what load and skew cost in waiting time, without a simulation.

All of them are textbook results for a first-come-first-served queue with Poisson arrivals: M/M/1 and M/M/c (Erlang
1917), M/G/1 (Pollaczek 1930, Khinchine 1932), the fairness index (Jain, Chiu, Hawe 1984). What this module adds is
the *crossover*: the utilisation from which ``externalTrafficPolicy: Local``, which saves a hop and skews the load,
answers later than ``Cluster``, which does neither.

Throughout, `utilisation` is that of the average Pod, and a Pod with the share s of P Pods carries P·s times that. A
public formula checks its arguments once; the function of the same name with an underscore takes them as they are, since
the search for a root calls it again and again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from numbers import Real

from ..api import checks

__all__ = [
    "Response",
    "crossover_utilisation",
    "effective_clients",
    "erlang_c",
    "jain_index",
    "max_over_mean",
    "response_ms",
    "response_quantile_ms",
    "response_tail",
    "sticky_max_over_mean",
    "wait_ms",
]

Share = float | Fraction
P99 = 0.99
DOUBLINGS = 200  # of a bracket; far more than a float can hold
MANY_WORKERS = 1000  # from here on the asymptotic formula is exact to eight digits, and costs nothing
MOST_WORKERS = 10**12
LARGEST_MS = 1e12
KEPT = 1024  # results that are kept of a formula: Services whose Pods are spread alike have the same


def check_service(service_ms: object, workers: object, hop_ms: object = 0.0) -> None:
    """Check the numbers that say how a Pod serves, and what an extra hop adds."""
    checks.positive(service_ms, "service_ms", at_most=LARGEST_MS)
    checks.count(workers, "workers", at_most=MOST_WORKERS)
    checks.quantity(hop_ms, "hop_ms", at_most=LARGEST_MS)


def _checked_shares(shares: object) -> tuple[Share, ...]:
    """Return the shares of Pods after a check: numbers from 0 on, together about 1."""
    found = checks.shares(shares, "shares")
    total = sum(map(float, found))
    if not math.isclose(total, 1, rel_tol=1e-3):
        raise ValueError(f"shares are parts of the whole and sum to 1, not to {total:g}")
    return found


def erlang_c(workers: int, utilisation: float) -> float:
    """Return the probability that a request has to wait (M/M/c): Erlang's C.

    Examples
    --------
    >>> erlang_c(1, 0.8)
    0.8
    >>> round(erlang_c(4, 0.8), 4)
    0.5964
    """
    checks.count(workers, "workers", at_most=MOST_WORKERS)
    return _erlang_c(int(workers), checks.quantity(utilisation, "utilisation"))


@lru_cache(maxsize=4096)
def _erlang_c(workers: int, utilisation: float) -> float:
    if utilisation >= 1:
        return 1.0
    if utilisation == 0:
        return 0.0
    if workers >= MANY_WORKERS:
        blocked = _blocked_of_many(workers, utilisation)
    else:
        blocked = 1.0  # Erlang's B by its recursion, which cannot overflow
        for busy in range(1, workers + 1):
            blocked = workers * utilisation * blocked / (busy + workers * utilisation * blocked)
    return blocked / (1 - utilisation * (1 - blocked))


def _blocked_of_many(workers: int, utilisation: float) -> float:
    """Return Erlang's B for many workers: the Poisson probability of exactly c, over that of at most c.

    The first is Stirling's series, the second the uniform asymptotic expansion of the incomplete gamma function
    Q(c + 1, a) (Temme 1979; NIST Digital Library of Mathematical Functions, 8.12).
    """
    offered = workers * utilisation
    distance = -math.log1p(utilisation - 1) - (1 - utilisation)
    exactly = math.exp(-workers * distance - 1 / (12 * workers)) / math.sqrt(2 * math.pi * workers)
    order = workers + 1
    ratio = offered / order
    eta = -math.sqrt(max(2 * (ratio - 1 - math.log(ratio)), 0.0))
    correction = 1 / (ratio - 1) - 1 / eta if eta < -1e-4 else -1 / 3
    spread = math.exp(-order * eta * eta / 2) / math.sqrt(2 * math.pi * order)
    at_most = math.erfc(eta * math.sqrt(order / 2)) / 2 + spread * correction
    return exactly / at_most


def wait_ms(utilisation: float, service_ms: float, *, workers: int = 1, variation: float = 1.0) -> float:
    """Return the mean time in the queue, before the service begins.

    Parameters
    ----------
    utilisation : float
        Load of each worker; from 1 on the queue grows without end.
    service_ms : float
        Mean service time, in milliseconds.
    workers : int
        How many requests the Pod serves at once.
    variation : float
        Variance of the service time over its squared mean: exponential 1, constant 0, lognormal exp(sigma²) − 1.

    Returns
    -------
    float
        Milliseconds. Exact for M/M/c (``variation=1``) and M/G/1 (``workers=1``); otherwise M/M/c times
        (1 + variation)/2, the usual approximation (Lee and Longton 1959).

    Examples
    --------
    >>> round(wait_ms(0.8, 10), 6)  # M/M/1: four service times
    40.0
    >>> round(wait_ms(0.8, 10, variation=0), 6)  # constant service: half of that
    20.0
    >>> round(wait_ms(0.8, 10, workers=4), 3)
    7.455
    """
    checks.quantity(utilisation, "utilisation")
    check_service(service_ms, workers)
    checks.quantity(variation, "variation")
    return _wait_ms(float(utilisation), float(service_ms), int(workers), float(variation))


def _wait_ms(utilisation: float, service_ms: float, workers: int, variation: float) -> float:
    if utilisation >= 1:
        return math.inf
    exponential_ms = _erlang_c(workers, utilisation) * service_ms / (workers * (1 - utilisation))
    return exponential_ms * (1 + variation) / 2


def response_tail(time_ms: float, utilisation: float, service_ms: float, *, workers: int = 1) -> float:
    """Return the probability that wait and service together take longer than `time_ms` (M/M/c).

    Examples
    --------
    >>> round(response_tail(0, 0.8, 10), 3), round(response_tail(230.26, 0.8, 10), 3)
    (1.0, 0.01)
    """
    checks.quantity(utilisation, "utilisation")
    check_service(service_ms, workers)
    if isinstance(time_ms, bool | str) or not isinstance(time_ms, Real) or math.isnan(time_ms):
        raise ValueError(f"time_ms is a number of milliseconds, not {checks.shown(time_ms)}")
    return _response_tail(float(time_ms), float(utilisation), float(service_ms), int(workers))


def _response_tail(time_ms: float, utilisation: float, service_ms: float, workers: int) -> float:
    if time_ms <= 0 or utilisation >= 1:
        return 1.0
    waits, rate = _erlang_c(workers, utilisation), 1 / service_ms
    drain = workers * rate * (1 - utilisation)  # the wait, if there is one, is exponential with this rate
    served_late = math.exp(-rate * time_ms)
    if math.isclose(drain, rate, rel_tol=1e-9):
        both_late = (1 + rate * time_ms) * served_late
    else:
        both_late = (drain * served_late - rate * math.exp(-drain * time_ms)) / (drain - rate)
    return (1 - waits) * served_late + waits * both_late


def response_quantile_ms(
    quantile: float,
    utilisation: float,
    service_ms: float,
    *,
    workers: int = 1,
    shares: Sequence[Share] = (1.0,),
    hop_share: float = 0.0,
    hop_ms: float = 0.0,
) -> float:
    """Return a quantile of the response time over all Pods (M/M/c each).

    Parameters
    ----------
    quantile : float
        For example 0.99.
    utilisation, service_ms, workers
        As for `wait_ms`; utilisation is that of the average Pod.
    shares : sequence of float or Fraction
        The share of each Pod.
    hop_share, hop_ms : float
        The share of requests with an extra hop, and its round trip in milliseconds.

    Returns
    -------
    float
        Milliseconds; infinite where a Pod is overloaded.

    Examples
    --------
    >>> round(response_quantile_ms(0.99, 0.8, 10), 2)
    230.26
    """
    checks.quantity(utilisation, "utilisation")
    check_service(service_ms, workers, hop_ms)
    checks.quantile(quantile)
    checks.share(hop_share, "hop_share")
    found = _checked_shares(shares)
    return _kept_quantile_ms(
        quantile, float(utilisation), float(service_ms), int(workers), found, float(hop_share), float(hop_ms)
    )


def _response_quantile_ms(
    quantile: float,
    utilisation: float,
    service_ms: float,
    workers: int,
    shares: tuple[Share, ...],
    hop_share: float = 0.0,
    hop_ms: float = 0.0,
) -> float:
    loads = _loads(shares, utilisation)
    if any(load >= 1 for _, load in loads):
        return math.inf

    def tail(time_ms: float) -> float:
        return sum(share * _response_tail(time_ms, load, service_ms, workers) for share, load in loads)

    def in_time(time_ms: float) -> float:
        late = (1 - hop_share) * tail(time_ms) + hop_share * tail(time_ms - hop_ms)
        return (1 - quantile) - late

    return _root(in_time, service_ms)


# The search for a crossover asks for many quantiles, none of which is needed again: it goes past this.
_kept_quantile_ms = lru_cache(maxsize=KEPT)(_response_quantile_ms)


def _loads(shares: Sequence[Share], utilisation: float) -> list[tuple[float, float]]:
    """Return the share of the requests that meet each load, and the load: Pods with equal shares count once."""
    counted = Counter(map(float, shares))
    return [(share * count, utilisation * len(shares) * share) for share, count in counted.items() if share]


@dataclass(frozen=True, slots=True)
class Response:
    """Time to the answer over all Pods, in milliseconds; infinite where one is overloaded."""

    mean_ms: float
    p50_ms: float
    p99_ms: float


def response_ms(
    shares: Sequence[Share],
    utilisation: float,
    service_ms: float,
    *,
    workers: int = 1,
    hop_share: float = 0.0,
    hop_ms: float = 0.0,
    network_ms: float = 0.0,
) -> Response:
    """Return the response time over all Pods, of which each gets its share of the requests (M/M/c each).

    Parameters
    ----------
    shares : sequence of float or Fraction
        The share of each Pod; together 1. A Pod that gets nothing counts in the average load.
    utilisation, service_ms, workers, hop_share, hop_ms
        As for `response_quantile_ms`.
    network_ms : float
        What the network adds to every request, in milliseconds.
    """
    checks.quantity(utilisation, "utilisation")
    check_service(service_ms, workers, hop_ms)
    checks.share(hop_share, "hop_share")
    found = _checked_shares(shares)
    mean_ms = _mean_wait_ms(found, utilisation, service_ms, workers) + service_ms + hop_share * hop_ms
    p50_ms, p99_ms = (
        _kept_quantile_ms(
            level, float(utilisation), float(service_ms), int(workers), found, float(hop_share), float(hop_ms)
        )
        for level in (0.5, P99)
    )
    return Response(network_ms + mean_ms, network_ms + p50_ms, network_ms + p99_ms)


def _mean_wait_ms(
    shares: Sequence[Share], utilisation: float, service_ms: float, workers: int, variation: float = 1.0
) -> float:
    loads = _loads(shares, utilisation)
    return sum(share * _wait_ms(load, service_ms, workers, variation) for share, load in loads)


def crossover_utilisation(
    shares: Sequence[Share],
    *,
    hop_ms: float,
    hop_share: Share,
    service_ms: float = 10.0,
    workers: int = 1,
    variation: float = 1.0,
    quantile: float | None = None,
) -> float:
    """Return the utilisation from which the skewed policy answers later than the even one with its extra hops.

    Parameters
    ----------
    shares : sequence of float or Fraction
        The share of each Pod under the skewed policy (Local); together 1.
    hop_ms : float
        Round trip of the extra hop under the even policy (Cluster), in milliseconds.
    hop_share : float or Fraction
        The share of requests that take it.
    service_ms, workers, variation
        As for `wait_ms`.
    quantile : float, optional
        Which quantile to compare, such as 0.99, for exponential service; None compares the mean.

    Returns
    -------
    float
        The utilisation of the average Pod: below it Local is faster, above it Cluster. It is 1 where all Pods have
        equal shares, so that Local is never slower, and 0 where the hop costs nothing.

    Raises
    ------
    ValueError
        If a quantile is asked for a service time that is not exponential.

    Notes
    -----
    Solves Σ s·W(ρ·P·s) − W(ρ) = h·q, where h is the hop, q the share that takes it and W the mean wait: the left
    side starts at 0 and grows without bound until the busiest Pod is overloaded, so that there is one root.

    Examples
    --------
    Two Pods on one node and one on the other, a hop of 1 ms, work of 10 ms:

    >>> round(crossover_utilisation([0.25, 0.25, 0.5], hop_ms=1, hop_share=0.5), 3)
    0.195
    >>> round(crossover_utilisation([0.25, 0.25, 0.5], hop_ms=1, hop_share=0.5, quantile=0.99), 3)
    0.065
    """
    check_service(service_ms, workers, hop_ms)
    checks.share(hop_share, "hop_share")
    checks.quantity(variation, "variation")
    if quantile is not None:
        checks.quantile(quantile)
        if variation != 1:
            raise ValueError("a quantile has a formula for exponential service only: variation=1")
    found = _checked_shares(shares)
    return _crossover_utilisation(found, float(hop_ms), float(hop_share), service_ms, workers, variation, quantile)


@lru_cache(maxsize=KEPT)
def _crossover_utilisation(
    shares: tuple[Share, ...],
    hop_ms: float,
    hop_share: float,
    service_ms: float,
    workers: int,
    variation: float,
    quantile: float | None,
) -> float:
    limit = 1 / (len(shares) * float(max(shares)))
    if limit > 1 - 1e-12:
        return 1.0
    hops_ms = hop_ms * hop_share
    if hops_ms <= 0:
        return 0.0

    def skewed_is_later_by(utilisation: float) -> float:
        if utilisation >= limit:
            return math.inf
        if quantile is None:
            skewed_ms = _mean_wait_ms(shares, utilisation, service_ms, workers, variation)
            return skewed_ms - _wait_ms(utilisation, service_ms, workers, variation) - hops_ms
        skewed_ms = _response_quantile_ms(quantile, utilisation, service_ms, workers, shares)
        return skewed_ms - _response_quantile_ms(quantile, utilisation, service_ms, workers, (1.0,), hop_share, hop_ms)

    return _root(skewed_is_later_by, limit)


def _root(rising: Callable[[float], float], upper: float) -> float:
    """Return where a rising function passes 0, from 0 on; `upper` is doubled until it lies beyond.

    Inverse quadratic interpolation where the last points allow it, else bisection (Chandrupatla 1997): it needs about
    ten values of the function, and bisection alone forty.
    """
    lower, below = 0.0, -math.inf
    for _ in range(DOUBLINGS):
        above = rising(upper)
        if above >= 0:
            break
        lower, below, upper = upper, above, 2 * upper
    x1, f1, x2, f2, part = upper, above, lower, below, 0.5
    while abs(x1 - x2) > 1e-12 * upper:
        x = x1 + part * (x2 - x1)
        if x in (x1, x2):
            break
        f = rising(x)
        if (f >= 0) == (f1 >= 0):
            x3, f3 = x1, f1
        else:
            x3, f3, x2, f2 = x2, f2, x1, f1
        x1, f1 = x, f
        part = _next_part((x1, x2, x3), (f1, f2, f3))
    return (x1 + x2) / 2


def _next_part(x: tuple[float, float, float], f: tuple[float, float, float]) -> float:
    """Return how far to go from the first point to the second, which lie on both sides of the root."""
    (x1, x2, x3), (f1, f2, f3) = x, f
    least = 2.5e-13 * max(abs(x1), abs(x2)) / abs(x2 - x1) if x2 != x1 else 0.5
    if not all(map(math.isfinite, f)) or f3 in (f1, f2) or least >= 0.5:
        return 0.5
    xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    if not (phi**2 < xi and (1 - phi) ** 2 < 1 - xi):
        return 0.5
    part = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return min(1 - least, max(least, part))


def jain_index(loads: Sequence[Share]) -> float:
    """Return Jain's index of fairness: 1 where all loads are alike, 1/n where one carries everything.

    Parameters
    ----------
    loads : sequence of float or Fraction
        Load of each Pod, in any unit.

    Returns
    -------
    float
        (Σ x)² / (n·Σ x²); not a number where there is no load.

    Examples
    --------
    >>> round(jain_index([0.25, 0.25, 0.5]), 3)
    0.889
    """
    loads = checks.shares(loads, "loads")
    square = sum(float(load) ** 2 for load in loads)
    return sum(map(float, loads)) ** 2 / (len(loads) * square) if square else math.nan


def max_over_mean(loads: Sequence[Share]) -> float:
    """Return the load of the busiest Pod over that of the average one.

    Parameters
    ----------
    loads : sequence of float or Fraction
        Load of each Pod, in any unit.

    Returns
    -------
    float
        From 1 on; not a number where there is no load.

    Examples
    --------
    >>> max_over_mean([0.25, 0.25, 0.5])
    1.5
    """
    loads = checks.shares(loads, "loads")
    total = float(sum(loads))
    return float(max(loads)) * len(loads) / total if total else math.nan


def effective_clients(weights: Sequence[float]) -> float:
    """Return how many clients with equal shares would skew sticky load balancing as much as these do.

    Parameters
    ----------
    weights : sequence of float
        Share of each client, in any unit.

    Returns
    -------
    float
        (Σ w)² / Σ w². With C of them and K nodes the load of a node varies by √((K−1)/C) of its mean.

    Examples
    --------
    >>> effective_clients([1.0] * 200)
    200.0
    >>> round(effective_clients([1 / rank**1.1 for rank in range(1, 1001)]))
    21
    """
    weights = checks.shares(weights, "weights")
    return len(weights) * jain_index(weights)


def sticky_max_over_mean(nodes: int, clients: float) -> float:
    """Return the expected load of the busiest node where a hash spreads sticky clients evenly over nodes.

    Parameters
    ----------
    nodes : int
        How many nodes share the clients.
    clients : float
        How many clients; where some ask more often than others, their `effective_clients`.

    Returns
    -------
    float
        Load of the busiest node over the mean: 1 + d·√(nodes/clients), where d is the expected maximum of as many
        standard normal numbers as there are nodes. A good approximation where every node has several clients.

    Examples
    --------
    >>> [round(sticky_max_over_mean(10, clients), 3) for clients in (100, 1000, 10_000)]
    [1.487, 1.154, 1.049]
    """
    checks.count(nodes, "nodes", at_most=MOST_WORKERS)
    checks.positive(clients, "clients")

    def normal_cdf(x: float) -> float:
        return (1 + math.erf(x / math.sqrt(2))) / 2

    # The expected maximum of n numbers is the integral of 1 - F^n above 0, less that of F^n below it.
    step = 0.001
    points = [(k + 0.5) * step for k in range(10_000)]
    expected = sum(1 - normal_cdf(x) ** nodes - normal_cdf(-x) ** nodes for x in points) * step
    return 1 + expected * math.sqrt(nodes / clients)
