"""What is counted of a run: by path, by Pod, by bin of latency, by row of the timeline.

Everything is counted in whole numbers, requests or ticks of time, so that the order in which blocks come changes
nothing; and by slices of the run as well, for the standard errors (see `precision`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from .arrays import Floats, Indices, Ints
from .histogram import LogHistogram
from .path_table import PathColumns, PathRow
from .scan import tick_ms
from .workload import Workload

__all__ = ["SLICES", "Tally"]


SAMPLE = 1_000_000
ROWS = 600  # of the timeline, at most
SLICES = 16
PER_SLICE = 512  # requests of a Pod


class Replay(Protocol):
    """A run that can be drawn again, number by number: what few people look at waits until somebody does."""

    def keep_sample(self, tally: Tally) -> None:
        """Hand all latencies to `Tally.keep`."""

    def draw_timeline(self, tally: Tally) -> Ints:
        """Return `Tally.load`."""


class Tally:
    """The counts of a run.

    Parameters
    ----------
    workload : Workload
        What is sent.
    pods, nodes : sequence of str
        All Pods and nodes that can appear; tables are in this order.
    nearest_ms : float
        The shortest way through the network, in milliseconds: no latency is smaller.
    most : int
        How many slices the run is divided into at most.

    Attributes
    ----------
    tick_ms : float
        The unit of time, in milliseconds.
    slices : int
        Into how many slices the run of each Pod is divided.
    paths : list of PathRow
        The ways that requests went.
    columns : PathColumns
        The same as arrays, once the run is over.
    path_counts : ndarray of int64, shape (slices, paths)
        Requests that came to their end on each path: answered, or lost where the path leads nowhere.
    slice_counts : ndarray of int64, shape (pods, slices)
        Requests answered.
    slice_busy, slice_work, slice_time : ndarray of float64, shape (pods, slices)
        The sum of their responses, the service time that was asked for, how long the slice lasted; in ticks.
    histogram : LogHistogram
        Latencies in ticks, by Pod.
    replay : Replay, optional
        What makes the next two when somebody looks at them, where the run itself did not.
    kept : list of tuple
        Tables of latencies, not yet put in order: first columns and sizes as for `keep`.
    sample_ms : ndarray of float64
        Latencies of all requests that were answered, or of every k-th, Pod by Pod.
    load : ndarray of int64, shape (rows, nodes + 1)
        Requests per row of the timeline and node that answered; the last column: lost.
    row_s : float
        How long a row of the timeline is, in seconds.
    end_s : float
        When the last request arrived.
    """

    def __init__(
        self, workload: Workload, pods: Sequence[str], nodes: Sequence[str], nearest_ms: float, most: int = SLICES
    ) -> None:
        self.workload, self.pods, self.nodes, self.nearest_ms = workload, list(pods), list(nodes), nearest_ms
        self.tick_ms = tick_ms(workload.longest_ms)
        per_pod = workload.requests / max(len(pods), 1)
        self.slices = min(max(2 ** int(math.log2(max(per_pod / PER_SLICE, 1))), 4), most)
        self.paths: list[PathRow] = []
        self.columns: PathColumns
        self.path_counts: Ints = np.zeros((self.slices, 0), dtype=np.int64)
        shape = len(pods), self.slices
        self.slice_counts: Ints = np.zeros(shape, dtype=np.int64)
        self._sums = np.zeros((3, len(pods) * self.slices))
        self.slice_busy, self.slice_work, self.slice_time = self._sums.reshape(3, *shape)
        self.histogram = LogHistogram(len(pods), float(self.network_ticks(nearest_ms)), self.slices)
        self.stride = -(-workload.requests // SAMPLE)
        self.kept: list[tuple[Floats, Sequence[int], Sequence[int]]] = []
        self.row_s = _row_s(workload.duration_s)
        self.replay: Replay | None = None
        self.end_s = 0.0

    def empty(self) -> Tally:
        """Return the tally of the same run before it begins."""
        return Tally(self.workload, self.pods, self.nodes, self.nearest_ms, self.slices)

    @property
    def answered(self) -> Ints:
        """Requests that each Pod answered."""
        return np.asarray(self.slice_counts.sum(axis=1))

    @property
    def utilisation(self) -> Floats:
        """Of each worker of each Pod: work that was asked for over time."""
        asked_ms = self.slice_work.sum(1) * self.tick_ms
        return np.asarray(asked_ms / (1000 * self.end_s * self.workload.workers))

    def network_ticks(self, network_ms: Floats | float) -> Floats:
        """Return what the network adds in ticks, one at least, so that no latency is 0."""
        return np.asarray(np.maximum(np.rint(np.asarray(network_ms) / self.tick_ms), 1.0))

    def add(self, latencies: Floats, starts: Indices, row: Indices, sums: Floats, place: Ints | None = None) -> None:
        """Count answered requests.

        Parameters
        ----------
        latencies : ndarray of float64, shape (rows, columns)
            In ticks.
        starts, row : ndarray of int
            From which column on they are of another Pod or slice, and which: its row of `slice_counts`, flattened.
        sums : ndarray of float64, shape (3, columns)
            The sums of the responses, the service times and the gaps of each column, in ticks.
        place : ndarray of int64, optional
            Memory of the shape of the latencies.
        """
        self._sums[:, row] += np.add.reduceat(sums, starts, axis=1)
        self.histogram.add(latencies, starts, row, place)

    def keep(self, first: int, latencies: Floats, starts: Sequence[int], sizes: Sequence[int]) -> None:
        """Keep every k-th of the latencies that follow each other, Pod by Pod; not a number where there is no answer.

        Parameters
        ----------
        first : int
            The number of the first, among all requests.
        latencies : ndarray of float64, shape (rows, columns)
            In ticks. Where all are kept, the table itself is kept, and put in order when somebody looks.
        starts, sizes : sequence of int
            The first column of each Pod, and how many requests stand from there on, down the columns.
        """
        if self.stride == 1:
            self.kept.append((latencies, starts, sizes))
            return
        for own in _in_order(latencies, starts, sizes):
            some = own[-first % self.stride :: self.stride].copy()
            self.kept.append((some[:, None], [0], [len(some)]))
            first += len(own)

    @cached_property
    def load(self) -> Ints:  # noqa: D102
        return self.replay.draw_timeline(self) if self.replay else np.zeros((0, len(self.nodes) + 1), dtype=np.int64)

    @cached_property
    def sample_ms(self) -> Floats:  # noqa: D102
        if self.replay:
            self.replay.keep_sample(self)
        parts = [own for table in self.kept for own in _in_order(*table)]
        found = np.concatenate([np.empty(0), *parts])
        self.kept.clear()
        found *= self.tick_ms
        return np.asarray(found[~np.isnan(found)])


def _in_order(table: Floats, starts: Sequence[int], sizes: Sequence[int]) -> Iterator[Floats]:
    """Return the numbers of each Pod in order: down its columns, from its first one on."""
    for start, size in zip(starts, sizes, strict=False):
        yield table[:, start : start - (-size // len(table))].T.reshape(-1)[:size]


def _row_s(duration_s: float) -> float:
    """Choose how long a row of the timeline is: a second, or a round number of them."""
    wanted = max(1.0, duration_s / ROWS)
    power: float = 10 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))
