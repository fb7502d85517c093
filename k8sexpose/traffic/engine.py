"""The simulation itself: blocks of requests, from arrival to answer.

For each block: draw arrivals and service times, deal the requests to lanes, sort them by Pod (their order in time
stays), let them through the queues, add the network, count. What is kept from block to block does not grow with the
number of requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .connections import DEAD, Connections
from .histogram import LogHistogram
from .queues import Queues
from .random_streams import Draws, Floats, Indices
from .timeline import State

__all__ = ["BLOCK", "Engine"]

BLOCK = 65_536  # fits into the cache; half of a short run, whose time goes into fresh memory
ROOM = 16  # arrays of a block's length: more than are alive at once
PER_POD = 512  # a block is long enough for so many requests a Pod, else NumPy's calls cost more than its work
SAMPLE = 1_000_000
ROWS = 600  # of the timeline, at most
TICK_MS = 2.0**-20


class Engine:
    """Plays requests through the states of a cluster, and counts.

    Parameters
    ----------
    draws : Draws
        The random numbers.
    dealer : Connections
        Deals requests to lanes.
    states : sequence of State
        The cluster over time.
    pods, nodes : sequence of str
        All Pods and nodes that can appear; tables are in this order.
    workers : int
        How many requests a Pod serves at once.
    requests : int
        How many requests.
    rate_rps : float
        Requests per second: decides how long a row of the timeline is.

    Attributes
    ----------
    lane_counts : ndarray of int64, shape (lanes,)
        Requests that came to their end on each lane: answered, or lost where the lane leads nowhere.
    answered : ndarray of int64, shape (pods,)
        Requests that each Pod answered.
    cut_off : int
        Requests that were on their way when a node crashed.
    latency_sum : int
        Sum of all latencies, in `TICK_MS`: whole numbers add up alike in any order.
    histogram : LogHistogram
        Latencies in milliseconds, by Pod.
    sample_ms : ndarray of float64
        Latencies of all requests, or of every k-th, in the order of arrival; not a number where one was lost.
    load : ndarray of int64, shape (rows, nodes + 1)
        Requests per row of the timeline and node that answered; the last column: lost.
    row_s : float
        How long a row of the timeline is, in seconds.
    end_s : float
        When the last request arrived.
    """

    def __init__(
        self,
        draws: Draws,
        dealer: Connections,
        states: Sequence[State],
        *,
        pods: Sequence[str],
        nodes: Sequence[str],
        workers: int,
        requests: int,
        rate_rps: float,
    ) -> None:
        self.draws, self.dealer, self.states = draws, dealer, states
        self.requests, self.pods, self.nodes = requests, list(pods), list(nodes)
        self.queues = Queues(len(pods), workers)
        self.stride = -(-requests // SAMPLE)
        self.sample_ms = np.empty(-(-requests // self.stride))
        self.latency_sum = 0
        self.lane_counts = np.zeros(0, dtype=np.int64)
        self.row_s = _row_s(requests / rate_rps)
        self.load = np.zeros((0, len(nodes) + 1), dtype=np.int64)
        self.answered = np.zeros(len(pods), dtype=np.int64)
        self.cut_off = 0
        self.end_s = 0.0
        lanes = [lane for state in states for lane in state.table.lanes if lane.delivered]
        nearest_ms = min((lane.network_ms for lane in lanes), default=0.0)
        self.histogram = LogHistogram(len(pods), nearest_ms)
        self._enter(0)

    def run(self, block: int | None = None) -> None:
        """Let all requests come.

        Parameters
        ----------
        block : int, optional
            How many at a time; changes no number.
        """
        size = block or max(min(BLOCK, self.requests // 2), PER_POD * len(self.pods), 1)
        np.empty(ROOM * size)  # never touched: the C library keeps as much freed memory as the largest array it freed
        for first in range(0, self.requests, size):
            count = min(size, self.requests - first)
            arrival_s = self.draws.arrivals(count)
            for part in self._parts(arrival_s):
                if part.stop > part.start:
                    self._serve(first + part.start, arrival_s[part])
            del arrival_s, part  # so that the next block takes this memory: fresh memory costs a short run dear
        self.end_s = self.draws.now_s

    def _parts(self, arrival_s: Floats) -> Iterator[slice]:
        """Divide a block where the cluster changes, and change it."""
        start = 0
        while self.states[self._state].end_s <= arrival_s[-1]:
            stop = int(np.searchsorted(arrival_s, self.states[self._state].end_s))
            yield slice(start, stop)
            start = stop
            self._enter(self._state + 1)
        yield slice(start, len(arrival_s))

    # -- the cluster changes ----

    def _enter(self, number: int) -> None:
        """Go on with another state of the cluster."""
        self._state = number
        state, dealer = self.states[number], self.dealer
        if state.crashed:
            dealer.cut({k for k, lane in enumerate(dealer.lanes) if lane.nodes & state.crashed})
            homes = {lane.pod for lane in dealer.lanes if lane.node in state.crashed}
            self.queues.clear(k for k, pod in enumerate(self.pods) if pod in homes)
        if state.closed:
            dealer.close({k for k, lane in enumerate(dealer.lanes) if lane in state.closed})
        dealer.enter(state.table)
        lanes, pods, nodes = dealer.lanes, _places(self.pods), _places(self.nodes)
        nowhere = np.min_scalar_type(len(self.pods))  # a narrow type: NumPy sorts it by radix
        self._pod = np.array([pods.get(lane.pod, len(pods)) for lane in lanes], dtype=nowhere)
        self._column = np.array([nodes.get(lane.node, len(nodes)) for lane in lanes], dtype=np.int64)
        self._network_ms = np.array([lane.network_ms for lane in lanes])
        crashes = [later for later in self.states[number + 1 :] if later.crashed]
        self._dies_s = None
        if crashes:
            dies_s = [min((s.start_s for s in crashes if s.crashed & lane.nodes), default=math.inf) for lane in lanes]
            self._dies_s = np.array(dies_s)
        self.lane_counts = _longer(self.lane_counts, len(lanes))

    # -- requests ----

    def _deal(self, count: int) -> Indices:
        """Draw what decides the way of each request, and deal them to lanes."""
        client = self.draws.clients(count) if self.dealer.needs_clients else None
        return self.dealer.assign(self.draws.ways(count) if self.dealer.per_connection == 1 else np.empty(0), client)

    def _serve(self, first: int, arrival_s: Floats) -> None:
        """Let a part of a block through, and count it."""
        count = len(arrival_s)
        lane = self._deal(count)
        by_lane = self._count(arrival_s, lane)
        counts = np.bincount(self._pod, weights=by_lane, minlength=len(self.pods) + 1).astype(np.int64)[:-1]
        # Requests of one Pod together, in the order in which they came; the lost ones stand last.
        order = np.argsort(self._pod[lane], kind="stable")[: counts.sum()]
        lane = lane[order]
        arrives_s = arrival_s[order]
        latency_ms = self.queues.serve(counts, arrives_s, self.draws.services(count)[order])
        late = None if self._dies_s is None else latency_ms > self._dies_s[lane]
        latency_ms -= arrives_s
        latency_ms *= 1000
        latency_ms += self._network_ms[lane]
        if late is not None and late.any():
            self._cut_off(arrives_s[late], lane[late])
            latency_ms, order, lane = latency_ms[~late], order[~late], lane[~late]
            counts = np.bincount(self._pod[lane], minlength=len(self.pods))
        self.answered += counts
        self.histogram.add(latency_ms, np.repeat(np.arange(len(counts), dtype=self._pod.dtype), counts))
        self._sample(first, count, order, latency_ms)
        latency_ms *= 1 / TICK_MS
        self.latency_sum += int(latency_ms.astype(np.int64).sum())

    def _count(self, arrival_s: Floats, lane: Indices) -> NDArray[np.int64]:
        """Count requests by lane, and by row of the timeline and node."""
        by_lane = np.bincount(lane, minlength=len(self.lane_counts))
        self.lane_counts += by_lane
        rows, columns = int(arrival_s[-1] / self.row_s) + 2, len(self.nodes) + 1
        if rows > len(self.load):
            self.load = _longer(self.load, rows)
        first = max(int(arrival_s[0] / self.row_s) - 1, 0)
        edges = np.searchsorted(arrival_s, np.arange(first, rows + 1) * self.row_s)
        place = np.repeat(np.arange(rows - first) * columns, np.diff(edges))
        place += self._column[lane]
        found = np.bincount(place, minlength=(rows - first) * columns)
        self.load[first:rows] += found.reshape(-1, columns)
        return by_lane

    def _cut_off(self, arrival_s: Floats, lane: Indices) -> None:
        """Take requests back that were on their way to an answer when a node crashed."""
        np.subtract.at(self.lane_counts, lane, 1)
        row = np.searchsorted(np.arange(len(self.load)) * self.row_s, arrival_s, side="right") - 1
        np.subtract.at(self.load, (row, self._column[lane]), 1)
        np.add.at(self.load[:, -1], row, 1)
        self.lane_counts[self.dealer.number(DEAD)] += len(lane)
        self.cut_off += len(lane)

    def _sample(self, first: int, count: int, order: Indices, latency_ms: Floats) -> None:
        if self.stride == 1:
            if len(order) < count:
                self.sample_ms[first : first + count] = np.nan
            self.sample_ms[first + order] = latency_ms
            return
        in_order = np.full(count, np.nan)
        in_order[order] = latency_ms
        chosen = in_order[-first % self.stride :: self.stride]
        start = -(-first // self.stride)
        self.sample_ms[start : start + len(chosen)] = chosen


def _longer(counts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Add rows of zeros."""
    longer = np.zeros((length, *counts.shape[1:]), dtype=np.int64)
    longer[: len(counts)] = counts
    return longer


def _places(names: Sequence[str]) -> dict[str | None, int]:
    return {name: k for k, name in enumerate(names)}


def _row_s(duration_s: float) -> float:
    """Choose how long a row of the timeline is: a second, or a round number of them."""
    wanted = max(1.0, duration_s / ROWS)
    power: float = 10 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))
