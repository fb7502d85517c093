"""First come, first served, for many requests at once: the two-level scan.

With one worker a request waits for what is left of the one before: W(n) = max(0, W(n−1) + S(n−1) − G(n)), where S is
the service time and G the gap since the last arrival (Lindley 1952). The requests of a Pod are written into columns
of `ROWS` that follow each other, so that time runs down a column. Within the columns the recursion is done a row at a
time, for all columns together; a column as a whole turns the response r of the last request before it into that of
its own last, max(A, B + r), and only these few numbers need a running sum and a running maximum.

All times are whole numbers of ticks (`tick_ms`), held in floats: their sums are exact, so that no number depends on
where a block or a column ends, or on the processor.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Indices

__all__ = ["LONG_ROWS", "ROWS", "responses", "responses_of_several_workers", "tick_ms"]


ROWS = 16  # of a column with one worker: few calls, and little is left for the slow scan
LONG_ROWS = 256  # with several workers: a column is long enough to forget how it began
WARM_ROWS = 128  # half of it mostly is, too
PASSES = 6  # over all columns, before the rest is done one request at a time
FEW = 24  # columns that are not worth a pass


def tick_ms(longest_ms: float) -> float:
    """Return the tick in milliseconds: a power of two, of which a float can count more than the longest time holds."""
    return 2.0 ** (math.ceil(math.log2(longest_ms)) - 50)


def responses(
    gaps: Floats,
    services: Floats,
    starts: Indices,
    backlog: Floats,
    network: Floats | None = None,
    grows: Floats | None = None,
) -> Floats:
    """Return the time from arrival to departure of each request, one worker a Pod, and what the network adds.

    `gaps` (since the Pod's last arrival) and `services` are in ticks, shape (rows, columns), and time runs down the
    columns. The result takes the place of `gaps`. `starts` is the first column of each Pod, `backlog` the response of
    its last request before these; `network` what each column adds, and `grows` by how much its services exceed its
    gaps, where somebody has added them up.

    Examples
    --------
    >>> gaps, services = np.array([[0.0], [1.0], [1.0], [7.0]]), np.full((4, 1), 2.0)
    >>> responses(gaps, services, np.array([0]), np.zeros(1)).ravel().tolist()
    [2.0, 3.0, 4.0, 2.0]
    """
    if grows is None:
        grows = np.asarray(np.add.reduce(services, axis=0) - np.add.reduce(gaps, axis=0))
    first_gap, nothing = gaps[0].copy(), np.zeros(len(grows))
    steps = np.subtract(services[:-1], gaps[1:], out=gaps[1:])
    wait = np.zeros(len(grows))  # of the last request, as if each column began without a queue
    for step in steps:
        np.add(wait, step, out=wait)
        np.maximum(wait, nothing, out=wait)  # a number in place of the row takes twice as long
    before = _responses_before(wait + services[-1], grows, starts, backlog)
    least, waits = nothing if network is None else network, gaps
    np.maximum(before - first_gap + least, least, out=waits[0])
    for wait, step in zip(waits, steps, strict=False):  # a step lies where the wait after it comes to lie
        np.add(wait, step, out=step)
        np.maximum(step, least, out=step)
    return np.add(waits, services, out=gaps)


def _responses_before(last: Floats, grows: Floats, starts: Indices, backlog: Floats) -> Floats:
    """Return the response of the last request before each column; `last` is that of its own, had it begun idle."""
    last[starts] = np.maximum(last[starts], backlog + grows[starts])
    total = np.cumsum(grows)
    last -= total
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(last)], strict=True):
        np.maximum.accumulate(last[start:stop], out=last[start:stop])
    before = np.empty_like(last)
    np.add(last[:-1], total[:-1], out=before[1:])
    before[starts] = backlog
    return before


# -- several workers ------------------------------------------------------------------------------------------------


def responses_of_several_workers(
    gaps: Floats, services: Floats, starts: Indices, free: Floats
) -> tuple[Floats, Floats]:
    """Return the time from arrival to departure of each request, and what the workers of each Pod have left to do.

    A request goes to the worker that is free first (Kiefer and Wolfowitz 1955). All columns are served side by side.
    How a column begins is what the last `WARM_ROWS` of the one before come to after an idle beginning; where that was
    wrong the column is served again, until none is.

    The rest is as for `responses`; `free` says how long each worker is busy after the Pod's last arrival before these,
    ascending, shape (pods, workers). What is empty at the foot of a column has no gap and no service time.

    Examples
    --------
    >>> gaps, services = np.array([[0.0], [1.0], [1.0]]), np.full((3, 1), 5.0)
    >>> out, left = responses_of_several_workers(gaps, services, np.array([0]), np.zeros((1, 2)))
    >>> out.ravel().tolist(), left.tolist()
    ([5.0, 5.0, 8.0], [[4.0, 8.0]])
    """
    out, begins = np.empty_like(gaps), np.zeros((free.shape[1], gaps.shape[1]))
    begins[:, 1:] = _side_by_side(gaps[-WARM_ROWS:], services[-WARM_ROWS:], begins)[:, :-1]
    begins[:, starts] = free.T
    ends = _side_by_side(gaps, services, begins, out)
    follows = np.ones(gaps.shape[1], dtype=bool)
    follows[starts] = False
    for _ in range(PASSES):
        wrong = follows[1:] & (begins[:, 1:] != ends[:, :-1]).any(axis=0)
        todo = np.flatnonzero(wrong) + 1
        begins[:, todo] = ends[:, todo - 1]
        if len(todo) <= FEW:
            break
        found = np.empty((len(gaps), len(todo)))
        ends[:, todo] = _side_by_side(gaps.take(todo, 1), services.take(todo, 1), begins[:, todo], found)
        out[:, todo] = found
    _one_by_one(gaps, services, begins, ends, out, todo, follows)
    return out, ends[:, np.append(starts[1:], gaps.shape[1]) - 1].T


def _side_by_side(gaps: Floats, services: Floats, begins: Floats, out: Floats | None = None) -> Floats:
    """Serve columns side by side, a row at a time, and return the times that the workers have left, in order."""
    now = np.zeros(services.shape[1])
    busy = list(begins.copy())
    leaves, later = np.empty_like(now), np.empty_like(now)
    for row, (gap, service) in enumerate(zip(gaps, services, strict=True)):
        now += gap
        np.maximum(busy[0], now, out=leaves)
        leaves += service
        if out is not None:
            np.subtract(leaves, now, out=out[row])
        for worker in range(1, len(busy)):
            np.maximum(leaves, busy[worker], out=later)
            np.minimum(leaves, busy[worker], out=busy[worker - 1])
            leaves, later = later, leaves
        busy[-1][:] = leaves
    ends = np.array(busy)
    ends -= now
    return np.asarray(np.maximum(ends, 0.0, out=ends))


def _one_by_one(
    gaps: Floats, services: Floats, begins: Floats, ends: Floats, out: Floats, todo: Indices, follows: NDArray[np.bool_]
) -> None:
    """Serve the columns that are left, a request at a time, and those that follow where they change."""
    waiting = set(todo.tolist())
    for column in range(min(waiting, default=0), len(follows) if waiting else 0):
        if column not in waiting:
            continue
        out[:, column], ends[:, column] = _in_turn(gaps[:, column], services[:, column], begins[:, column].tolist())
        after = column + 1
        if after < len(follows) and follows[after] and (begins[:, after] != ends[:, column]).any():
            begins[:, after] = ends[:, column]
            waiting.add(after)


def _in_turn(gaps: Floats, services: Floats, busy: list[float]) -> tuple[list[float], list[float]]:
    """Serve one request after the other; return their responses, and what each worker has left to do at the end."""
    now, found = 0.0, []
    for gap, service in zip(gaps.tolist(), services.tolist(), strict=True):
        now += gap
        first = busy[0]
        leaves = (first if first > now else now) + service
        heapq.heapreplace(busy, leaves)
        found.append(leaves - now)
    return found, sorted(max(free - now, 0.0) for free in busy)
