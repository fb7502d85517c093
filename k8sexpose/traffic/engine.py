"""Requests that remember something, in the order in which they come: kept connections, round robin, events.

For each block: draw arrivals and service times, assign the requests to paths, bring those of a Pod together (their
order in time stays), let them through its queue (see `scan`), add the network, count. What is kept from block to block
does not grow with the number of requests. Where requests remember nothing, `thinning` does the same faster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .connections import DEAD, Connections
from .path_table import PathColumns, PathRow
from .random_streams import Draws, Floats, Indices
from .scan import LONG_ROWS, ROWS, responses, responses_of_several_workers
from .tally import Tally
from .timeline import State

__all__ = ["Engine"]

BLOCK = 65_536  # fits into the cache; half of a short run, whose time goes into fresh memory
PER_POD = 512  # a block is long enough for so many requests a Pod, else NumPy's calls cost more than its work


class Engine:
    """Plays requests through the states of a cluster, and counts; the first table of the connections is entered."""

    def __init__(self, connections: Connections, states: Sequence[State], tally: Tally) -> None:
        self.connections, self.states, self.tally = connections, states, tally
        self.draws = Draws(tally.workload, tally.tick_ms)
        self.rows = ROWS if tally.workload.workers == 1 else LONG_ROWS
        self._last = np.zeros(len(tally.pods))  # when the last request of each Pod arrived
        self._left = np.zeros((len(tally.pods), tally.workload.workers))  # what each worker had left to do then
        self._enter(0)

    def run(self, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        requests = self.tally.workload.requests
        least = max(min(BLOCK, requests // 2), PER_POD * len(self.tally.pods), 1)
        slice_size = -(-requests // self.tally.slices)
        size = block or (-(-slice_size // -(-slice_size // least)) if slice_size >= least // 2 else least)
        for first in range(0, requests, size):
            arrival = self.draws.arrivals(min(size, requests - first))
            for part in self._parts(first, arrival):
                if part.stop > part.start:
                    self._serve(first + part.start, arrival[part])
            del arrival, part  # so that the next block takes this memory: fresh memory costs a short run dear
        self.tally.end_s = self._seconds(self.draws.now)
        self.tally.columns = PathColumns.of(self.tally.paths)

    def _seconds(self, ticks: float) -> float:
        return ticks * self.tally.tick_ms / 1000

    def _ticks(self, seconds: NDArray[Any] | float) -> Floats:
        return np.asarray(np.asarray(seconds) * (1000 / self.tally.tick_ms))

    def _parts(self, first: int, arrival: Floats) -> Iterator[slice]:
        """Divide a block where the cluster changes and where a slice of the run ends, and change the cluster."""
        start, slices, requests = 0, self.tally.slices, self.tally.workload.requests
        ends = -(-np.arange(1, slices) * requests // slices) - first
        ends = ends[(ends > 0) & (ends < len(arrival))].tolist()
        while True:
            changes = np.searchsorted(arrival, self._ticks(self.states[self._state].end_s))
            stop = min(int(changes), len(arrival), *ends[:1])
            yield slice(start, stop)
            if stop == len(arrival) and changes == stop:
                return
            if ends and stop == ends[0]:
                ends.pop(0)
            if changes == stop:
                self._enter(self._state + 1)
            start = stop

    # -- the cluster changes ----

    def _enter(self, number: int) -> None:
        """Go on with another state of the cluster."""
        self._state = number
        state, connections, tally = self.states[number], self.connections, self.tally
        if state.crashed:
            connections.cut({k for k, path in enumerate(connections.lanes) if path.nodes & state.crashed})
            homes = {path.pod for path in connections.lanes if path.node in state.crashed}
            self._left[[k for k, pod in enumerate(tally.pods) if pod in homes]] = 0.0
        if state.closed:
            connections.close({k for k, path in enumerate(connections.lanes) if path in state.closed})
        if number:
            connections.enter(state.table)
        paths, pods, nodes = connections.lanes, _places(tally.pods), _places(tally.nodes)
        nowhere = np.min_scalar_type(len(pods))  # a narrow type: NumPy sorts it by radix
        self._pod = np.array([pods.get(path.pod, len(pods)) for path in paths], dtype=nowhere)
        self._column = np.array([nodes.get(path.node, len(nodes)) for path in paths], dtype=np.int64)
        self._network = tally.network_ticks(np.array([path.network_ms for path in paths]))
        self._dies = self._deaths(paths)
        tally.paths = paths
        more = np.zeros((tally.slices, len(paths) - tally.path_counts.shape[1]), dtype=np.int64)
        tally.path_counts = np.concatenate([tally.path_counts, more], axis=1)

    def _deaths(self, paths: Sequence[PathRow]) -> Floats | None:
        """Return when a node of each path crashes, in ticks; None where none will."""
        crashes = [later for later in self.states[self._state + 1 :] if later.crashed]
        if not crashes:
            return None
        dies_s = [min((s.start_s for s in crashes if s.crashed & path.nodes), default=math.inf) for path in paths]
        return self._ticks(np.array(dies_s))

    # -- requests ----

    def _assign(self, count: int) -> Indices:
        """Draw what decides the way of each request, and assign them to paths."""
        client = self.draws.clients(count) if self.connections.needs_clients else None
        uniform = self.draws.ways(count) if self.connections.per_connection == 1 else np.empty(0)
        return self.connections.assign(uniform, client)

    def _serve(self, first: int, arrival: Floats) -> None:
        """Serve the requests that belong to one state and one slice of the run, and count them."""
        count, tally = len(arrival), self.tally
        part = first * tally.slices // tally.workload.requests
        path = self._assign(count)
        self._count(part, arrival, path)
        service = self.draws.services(count)
        pod = self._pod[path]
        counts = np.bincount(pod, minlength=len(tally.pods) + 1)[:-1]
        busy = np.flatnonzero(counts)
        if not len(busy):
            tally.keep(first, np.full(count, np.nan))
            return
        # Requests of one Pod together, in the order in which they came, with room up to whole columns.
        sizes, rows = counts[busy], self.rows
        room = -sizes % rows
        widths = (sizes + room) // rows
        ends = np.cumsum(widths)
        starts, width = ends - widths, int(ends[-1])
        filled = np.concatenate([pod, np.repeat(busy, room).astype(pod.dtype)])
        order = np.argsort(filled, kind="stable")[: rows * width]
        empty = np.flatnonzero(order >= count)
        arrives, services = arrival.take(order, mode="clip"), service.take(order, mode="clip")
        path = path.take(order, mode="clip")
        services[empty] = 0.0
        services = _down(services, rows)
        out = self._respond(busy, sizes, starts, arrives, services, empty)
        if self._dies is not None:
            late = np.flatnonzero(arrives + out.T.reshape(-1) > self._dies[path])
            late = late[order[late] < count]
            self._cut_off(part, arrives[late], path[late])
            empty = np.concatenate([empty, late])
        absent = empty % rows * width + empty // rows
        out.reshape(-1)[absent] = 0.0
        sums = np.stack([np.add.reduce(out, axis=0), np.add.reduce(services, axis=0), np.zeros(width)])
        out += _down(self._network.take(path), rows)
        out.reshape(-1)[absent] = tally.histogram.smallest
        row = busy * tally.slices + part
        tally.slice_counts[busy, part] += widths * rows
        tally.add(out, starts, row, sums, services.view(np.int64))
        which, number = np.unique(np.searchsorted(starts, absent % width, side="right") - 1, return_counts=True)
        tally.slice_counts[busy[which], part] -= number
        tally.histogram.take_back(row[which], number)
        out *= tally.tick_ms
        order[empty] = count
        in_order = np.full(count + 1, np.nan)
        in_order[order] = out.T.reshape(-1)
        tally.keep(first, in_order[:-1])

    def _respond(
        self, busy: Indices, sizes: Indices, starts: Indices, arrives: Floats, services: Floats, empty: Indices
    ) -> Floats:
        """Return the time from arrival to departure of each request, shape (rows, columns)."""
        gaps = np.empty_like(arrives)
        np.subtract(arrives[1:], arrives[:-1], out=gaps[1:])
        first = starts * self.rows
        gaps[first] = arrives[first] - self._last[busy]
        gaps[empty] = 0.0
        last = first + sizes - 1
        self._last[busy] = arrives[last]
        gaps = _down(gaps, self.rows)
        if self.tally.workload.workers > 1:
            out, self._left[busy] = responses_of_several_workers(gaps, services, starts, self._left[busy])
            return out
        out = responses(gaps, services, starts, self._left[busy, 0])
        self._left[busy, 0] = out[last % self.rows, last // self.rows]
        return out

    def _count(self, part: int, arrival: Floats, path: Indices) -> None:
        """Count requests by path, and by row of the timeline and node."""
        tally = self.tally
        tally.path_counts[part] += np.bincount(path, minlength=len(self._pod))
        start_s, end_s = self._seconds(float(arrival[0])), self._seconds(float(arrival[-1]))
        rows, columns = int(end_s / tally.row_s) + 2, len(tally.nodes) + 1
        if rows > len(tally.load):
            tally.load = np.concatenate([tally.load, np.zeros((rows - len(tally.load), columns), dtype=np.int64)])
        first = max(int(start_s / tally.row_s) - 1, 0)
        edges = np.searchsorted(arrival, self._ticks(np.arange(first, rows + 1) * tally.row_s))
        place = np.repeat(np.arange(rows - first) * columns, np.diff(edges))
        place += self._column[path]
        found = np.bincount(place, minlength=(rows - first) * columns)
        tally.load[first:rows] += found.reshape(-1, columns)

    def _cut_off(self, part: int, arrival: Floats, path: Indices) -> None:
        """Take requests back that were on their way to an answer when a node crashed."""
        tally = self.tally
        np.subtract.at(tally.path_counts[part], path, 1)
        row = np.searchsorted(self._ticks(np.arange(len(tally.load)) * tally.row_s), arrival, side="right") - 1
        np.subtract.at(tally.load, (row, self._column[path]), 1)
        np.add.at(tally.load[:, -1], row, 1)
        tally.path_counts[part, self.connections.number(DEAD)] += len(path)


def _down(values: Floats, rows: int) -> Floats:
    """Write values down columns."""
    return np.ascontiguousarray(values.reshape(-1, rows).T)


def _places(names: Sequence[str]) -> dict[str | None, int]:
    return {name: k for k, name in enumerate(names)}
