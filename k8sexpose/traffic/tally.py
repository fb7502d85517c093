"""What is counted of a run: by path, by Pod, by bin of latency, by row of the timeline.

Everything is counted in whole numbers, requests or ticks of time, so that the order in which blocks come changes
nothing; and by slices of the run as well, for the standard errors (see `precision`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .histogram import LogHistogram
from .path_table import PathRow
from .random_streams import Floats, Indices
from .scan import tick_ms
from .workload import Workload

__all__ = ["Tally"]

Ints = NDArray[np.int64]

SAMPLE = 1_000_000
ROWS = 600  # of the timeline, at most
SLICES = 32
PER_SLICE = 512  # requests of a Pod


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

    Attributes
    ----------
    tick_ms : float
        The unit of `busy`, `slice_busy` and `slice_time`, in milliseconds.
    slices : int
        Into how many slices the run of each Pod is divided.
    paths : list of PathRow
        The ways that requests went.
    path_counts : ndarray of int64, shape (slices, paths)
        Requests that came to their end on each path: answered, or lost where the path leads nowhere.
    answered : ndarray of int64, shape (pods,)
        Requests that each Pod answered.
    cut_off : int
        Requests that were on their way when a node crashed.
    busy : ndarray of float64, shape (pods,)
        Service time that each Pod was asked for, in ticks.
    slice_counts, slice_busy, slice_time : ndarray of float64, shape (pods, slices)
        Requests answered, the sum of their responses in ticks, and how long the slice lasted, in ticks.
    histogram : LogHistogram
        Latencies in milliseconds, by Pod.
    sample_ms : ndarray of float64
        Latencies of all requests, or of every k-th; not a number where one was lost.
    load : ndarray of int64, shape (rows, nodes + 1)
        Requests per row of the timeline and node that answered; the last column: lost.
    row_s : float
        How long a row of the timeline is, in seconds.
    end_s : float
        When the last request arrived.
    """

    def __init__(self, workload: Workload, pods: Sequence[str], nodes: Sequence[str], nearest_ms: float) -> None:
        self.workload, self.pods, self.nodes = workload, list(pods), list(nodes)
        self.tick_ms = tick_ms(workload.longest_ms)
        per_pod = workload.requests / max(len(pods), 1)
        self.slices = min(max(2 ** int(math.log2(max(per_pod / PER_SLICE, 1))), 4), SLICES)
        self.paths: list[PathRow] = []
        self.path_counts: Ints = np.zeros((self.slices, 0), dtype=np.int64)
        self.answered: Ints = np.zeros(len(pods), dtype=np.int64)
        self.cut_off = 0
        self.busy = np.zeros(len(pods))
        self.slice_counts, self.slice_busy, self.slice_time = (np.zeros((len(pods), self.slices)) for _ in range(3))
        self.histogram = LogHistogram(len(pods), nearest_ms, self.slices)
        self.stride = -(-workload.requests // SAMPLE)
        self.sample_ms = np.empty(-(-workload.requests // self.stride))
        self.row_s = _row_s(workload.duration_s)
        self.load: Ints = np.zeros((0, len(nodes) + 1), dtype=np.int64)
        self.end_s = 0.0

    def add(
        self,
        responses: Floats,
        services: Floats,
        network_ms: Floats,
        group: Indices,
        part: Indices,
        absent: Indices,
        mixed: Sequence[tuple[Indices, Ints, Floats]] = (),
    ) -> Floats:
        """Count answered requests; return their latencies in milliseconds, in place of the responses.

        Parameters
        ----------
        responses, services : ndarray of float64, shape (rows, columns)
            In ticks.
        network_ms : ndarray of float64, shape (columns,) or (rows, columns)
            What the network adds, in milliseconds.
        group, part : ndarray of int, shape (columns,)
            The Pod of each column, ascending, and its slice.
        absent : ndarray of int
            Places in the flattened arrays that hold no request, or one that was not answered.
        mixed : sequence of tuple
            Columns, the row of each from which on the network adds more, and how much more, in milliseconds.
        """
        responses.reshape(-1)[absent] = 0.0
        first, pods = int(group[0]), int(group[-1]) + 1 - int(group[0])
        here = slice(first, first + pods)
        at = (group - first) * self.slices + part
        size = pods * self.slices
        counts = np.bincount(at, minlength=size) * float(len(responses))
        np.subtract.at(counts, at[absent % len(group)], 1.0)
        self.slice_counts[here] += counts.reshape(pods, -1)
        self.slice_busy[here] += np.bincount(at, np.add.reduce(responses, axis=0), size).reshape(pods, -1)
        self.busy[here] += np.bincount(group - first, np.add.reduce(services, axis=0), pods)
        self.answered[here] += counts.reshape(pods, -1).sum(1).astype(np.int64)
        responses *= self.tick_ms
        responses += network_ms
        for column, row, more_ms in mixed:
            responses[:, column] += more_ms * (np.arange(len(responses))[:, None] >= row)
        self.histogram.add(responses, group, part, absent)
        return responses


def _row_s(duration_s: float) -> float:
    """Choose how long a row of the timeline is: a second, or a round number of them."""
    wanted = max(1.0, duration_s / ROWS)
    power: float = 10 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))
