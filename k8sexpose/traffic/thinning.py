"""Requests that remember nothing: each Pod's arrivals on their own.

Where every request is a connection of its own, and who asks decides at most where it goes, the requests of a Pod are
a Poisson stream that does not depend on the others (thinning). So nothing needs to be chosen for each request, and
nothing sorted: how many requests each Pod gets is drawn at once, and their arrivals are as many points on the time of
the run: exponential gaps, scaled to fill it.

The gaps come in chunks. How long a chunk lasts is drawn first, its gaps are scaled to that; so no chunk needs the
others, and the memory does not grow with the run. Each Pod has a part of the random stream for itself, in which a
chunk is the gaps and then the service times of its requests (of the last chunk, not all are needed: what is too many
is served as requests without work, and taken back at the end): whoever compares two policies with one seed compares
the same requests, Pod by Pod. Which way they came makes no queue longer, so that within a chunk they simply follow
each other way by way, as many as were drawn. Nor does a result tell when a request came: how many came in each row of
the timeline is drawn, given how many came in all.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .columns import add_runs, count_up
from .path_table import PathColumns, PathRow
from .random_streams import Floats, Indices
from .scan import LONG_ROWS, ROWS, responses, responses_of_several_workers
from .tally import Tally
from .workload import Workload

__all__ = ["Thinning", "Ways"]

Ints = NDArray[np.int64]

BLOCK = 131_072  # requests: fewer take longer, for each call of NumPy costs as much as a thousand of them
SPREAD = 2.5  # standard deviations by which a Pod may get more than its part, and still need no further chunk
APART = 1 << 64  # from the stream of one Pod to that of the next


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How likely each path is, and how long the ways to each Pod are; the last row is for requests that are lost.

    Parameters
    ----------
    paths : sequence of PathRow
        The ways.
    columns : PathColumns
        The same as arrays.
    homes : sequence of str, optional
        The node of each Pod, and None at the end.
    shares : ndarray of float64, shape (pods + 1,)
        What part of all requests each Pod gets.
    network_ms, weights : ndarray of float64, shape (pods + 1, lengths)
        The lengths of the ways to each Pod, and what part of its requests comes by each.
    place : ndarray of int, shape (paths,)
        Where in the flattened table of lengths each path belongs.
    together : sequence of ndarray of int
        Paths that share a place.
    within : ndarray of float64, shape (paths,)
        What part of the requests of its place each path has.
    """

    paths: Sequence[PathRow]
    columns: PathColumns
    homes: Sequence[str | None]
    shares: Floats
    network_ms: Floats
    weights: Floats
    place: Indices
    together: Sequence[Indices]
    within: Floats

    @classmethod
    def of(cls, paths: Sequence[PathRow], probabilities: Floats, pods: Sequence[str]) -> Ways:
        """Sort paths by Pod and length."""
        number = {pod: k for k, pod in enumerate(pods)}
        lengths: list[dict[float, int]] = [{} for _ in range(len(pods) + 1)]
        at, homes = [], dict.fromkeys(range(len(pods) + 1))
        for path in paths:
            pod = number[path.pod] if path.delivered and path.pod else len(pods)
            homes[pod] = path.node if path.delivered else None
            length = path.network_ms if path.delivered else 0.0
            at.append((pod, lengths[pod].setdefault(length, len(lengths[pod]))))
        most = max(map(len, lengths))
        network_ms = np.zeros((len(lengths), most))
        for row, own in zip(network_ms, lengths, strict=True):
            row[: len(own)] = list(own)
        place = np.array([pod * most + column for pod, column in at])
        weights: Floats = np.bincount(place, probabilities, network_ms.size).astype(np.float64)
        shared = np.flatnonzero(np.bincount(place) > 1)
        with np.errstate(invalid="ignore"):
            within = np.nan_to_num(probabilities / weights[place])
        weights = weights.reshape(network_ms.shape)
        shares = weights.sum(1)
        weights[shares == 0, 0] = 1.0
        weights = weights / weights.sum(1, keepdims=True)
        together = [np.flatnonzero(place == one) for one in shared]
        columns = PathColumns.of(paths)
        return cls(
            paths, columns, list(homes.values()), shares / shares.sum(), network_ms, weights, place, together, within
        )


class Thinning:
    """Draws the requests of each Pod, serves and counts them.

    Examples
    --------
    >>> workload = Workload(requests=1000, rate_rps=50)
    >>> tally = Tally(workload, ["web-1"], ["node-1"], 0.1)
    >>> Thinning(workload, Ways.of([PathRow("", "web-1", "node-1", 0.1)], np.ones(1), ["web-1"]), tally).run()
    >>> tally.answered.tolist()
    [1000]
    """

    def __init__(self, workload: Workload, ways: Ways, tally: Tally) -> None:
        self.workload, self.ways, self.tally = workload, ways, tally
        self.rows, self.block = (ROWS, BLOCK) if workload.workers == 1 else (LONG_ROWS, 4 * BLOCK)
        self.at_once = self.block // 2 if workload.workers == 1 else self.block
        seed = np.random.SeedSequence(workload.seed, spawn_key=(0,))
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self._origin = self.chance.bit_generator.state
        per_pod = workload.requests / max(len(tally.pods), 1)
        chunks = math.ceil(per_pod / self.block)
        self.columns = 8 * math.ceil((per_pod + SPREAD * math.sqrt(per_pod)) / (8 * chunks * self.rows))  # whole lines
        self.size = self.rows * self.columns
        self._left = np.zeros((len(tally.pods), workload.workers))  # what each worker has left to do, in ticks
        self._plan()
        self._draw_ways()
        self._cut_slices()
        self._timeline()

    def run(self, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        tally, chunks = self.tally, len(self.chunk_pod)
        at_once = max((block or self.at_once) // self.size, 1)
        for first in range(0, chunks, at_once):
            self._serve(slice(first, min(first + at_once, chunks)))
        # Where there is no request, one without work was served, and counted as the smallest.
        row = self.slice_row
        absent = self.slice_room - tally.slice_counts.reshape(-1)[row]
        tally.histogram.take_back(row, absent)
        tally.slice_busy.reshape(-1)[row] -= absent * self._left[row // tally.slices, 0]

    # -- what is drawn before all requests ----

    def _plan(self) -> None:
        """Draw how many requests each Pod gets, and how long each of its chunks lasts."""
        tally, chance, pods, requests = self.tally, self.chance, len(self.tally.pods), self.workload.requests
        common = requests // (max(pods, 1) * self.size) + 1
        usual = chance.standard_gamma(float(self.size), (common, pods))  # first: the same under every policy
        duration = 1000 / tally.tick_ms * chance.standard_gamma(requests + 1.0) / self.workload.rate_rps
        self.counts = chance.multinomial(requests, self.ways.shares)
        own = self.counts[:-1]
        number = -(-own // self.size)
        pod, place = np.arange(pods).repeat(number), count_up(number)
        sizes = np.minimum(own[pod] - place * self.size, self.size)
        known = (sizes == self.size) & (place < common)
        lasts = np.empty(len(pod))
        lasts[known] = usual[place[known], pod[known]]
        lasts[~known] = chance.standard_gamma(sizes[~known].astype(np.float64))
        after = chance.standard_gamma(1.0, pods)  # from the last request of each Pod to the end
        scale = duration / (np.bincount(pod, lasts, pods) + after)
        self.chunk_pod, self.chunk_size, self.chunk_lasts = pod, sizes, lasts * scale[pod]
        self.chunk_first, self.chunk_start = _bounds(sizes), np.arange(len(pod)) * self.columns
        ends = np.where(own > 0, duration - after * scale, 0.0)
        tally.end_s = float(ends.max(initial=0.0) or duration) * tally.tick_ms / 1000

    def _draw_ways(self) -> None:
        """Draw by which ways the requests of each chunk came."""
        ways, pod, tally = self.ways, self.chunk_pod, self.tally
        self.chunk_ways = came = self.chance.multinomial(self.chunk_size, ways.weights[pod])
        totals = np.zeros(ways.network_ms.shape, dtype=np.int64)
        np.add.at(totals, pod, came)
        totals[-1] = self.chance.multinomial(self.counts[-1], ways.weights[-1])
        counts = totals.reshape(-1)[ways.place]
        for numbers in ways.together:
            counts[numbers] = self.chance.multinomial(counts[numbers[0]], ways.within[numbers])
        tally.paths, tally.columns = list(ways.paths), ways.columns
        tally.path_counts = np.zeros((tally.slices, len(counts)), dtype=np.int64)
        tally.path_counts[0] = counts
        self.way_ticks = tally.network_ticks(ways.network_ms)[pod]

    def _cut_slices(self) -> None:
        """Cut the columns of each Pod in as many slices, equally long."""
        tally, own = self.tally, self.counts[:-1]
        used = -(-own[:, None] // self.rows)
        edges = -(-np.arange(tally.slices + 1) * used // tally.slices)
        upto = np.minimum(edges * self.rows, own[:, None])
        np.subtract(upto[:, 1:], upto[:, :-1], out=tally.slice_counts)
        chunks = -(-own // self.size)
        starts = (edges[:, :-1] + ((np.cumsum(chunks) - chunks) * self.columns)[:, None]).reshape(-1)
        widths = np.append(starts[1:], len(self.chunk_pod) * self.columns) - starts
        self.slice_row = np.flatnonzero(widths)
        self.slice_start, self.slice_room = starts[self.slice_row], widths[self.slice_row] * self.rows
        self.first_slice = (self.slice_start.searchsorted(self.chunk_start, side="right") - 1).tolist()
        self.end_slice = self.slice_start.searchsorted(self.chunk_start + self.columns).tolist()

    def _timeline(self) -> None:
        """Draw how many requests came to each Pod, or were lost, in each row of the timeline."""
        tally = self.tally
        rows = int(tally.end_s / tally.row_s) + 1
        lasts = np.diff(np.minimum(np.arange(rows + 1) * tally.row_s, tally.end_s)) / tally.end_s
        tally.load = np.zeros((rows, len(tally.nodes) + 1), dtype=np.int64)
        place = {name: k for k, name in enumerate(tally.nodes)}
        at = [place.get(home or "", len(place)) for home in self.ways.homes]
        by_place = np.bincount(at, self.counts, len(place) + 1).astype(np.int64)
        tally.load[:] = self.chance.multinomial(by_place, lasts).T

    # -- blocks ----

    def _serve(self, chunks: slice) -> None:
        """Draw the requests of some chunks, let them through, and count them; all arrays are (rows, columns)."""
        tally, first = self.tally, chunks.start * self.columns
        gaps, services = self._draw(chunks)
        self._fill(chunks, gaps, 0.0)
        self._fill(chunks, services, 0.0)
        lasts = np.add.reduce(gaps, axis=0).reshape(-1, self.columns).sum(1)
        by_chunk = gaps.reshape(self.rows, -1, self.columns)
        by_chunk *= (self.chunk_lasts[chunks] / lasts)[:, None]
        services *= self.workload.service_ms / tally.tick_ms
        np.rint(gaps, out=gaps)
        np.rint(services, out=services)
        sums = np.empty((3, gaps.shape[1]))
        np.add.reduce(services, axis=0, out=sums[1])
        np.add.reduce(gaps, axis=0, out=sums[2])
        latencies = self._responses(chunks, gaps, services, sums[1] - sums[2])
        np.add.reduce(latencies, axis=0, out=sums[0])
        lengths = self.chunk_ways[chunks].copy()
        lengths[:, -1] += self.size - self.chunk_size[chunks]
        add_runs(latencies, self.way_ticks[chunks].reshape(-1), lengths.reshape(-1))
        self._fill(chunks, latencies, tally.histogram.smallest)
        some = slice(self.first_slice[chunks.start], self.end_slice[chunks.stop - 1])
        starts = np.maximum(self.slice_start[some] - first, 0)
        tally.add(latencies, starts, self.slice_row[some], sums, services.view(np.int64))
        sizes = self.chunk_size[chunks]
        tally.keep(self.chunk_first[chunks.start], latencies, np.arange(len(sizes)) * self.columns, sizes)

    def _draw(self, chunks: slice) -> tuple[Floats, Floats]:
        """Draw the gaps and the service times of chunks that follow each other, each with mean 1."""
        kind, sigma = self.workload.distribution, self.workload.sigma
        pods = self.chunk_pod[chunks].tolist()
        shape = len(pods), self.rows, self.columns
        both = np.empty(shape), np.empty(shape)
        last = self.chunk_pod[chunks.start - 1] if chunks.start else None
        for pod, gaps, services in zip(pods, *both, strict=True):
            if pod != last:
                self.chance.bit_generator.state = self._origin
                self.chance.bit_generator.advance((pod + 1) * APART)  # type: ignore[attr-defined]
            last = pod
            self.chance.standard_exponential(out=gaps)
            if kind == "exponential":
                self.chance.standard_exponential(out=services)
            else:
                one = kind == "constant"
                services[:] = 1.0 if one else self.chance.lognormal(-(sigma**2) / 2, sigma, services.shape)
        gaps, services = (drawn.swapaxes(0, 1).reshape(self.rows, -1) for drawn in both)
        return gaps, services

    def _fill(self, chunks: slice, values: Floats, filler: float) -> None:
        """Write a value where there is no request: after the last of a Pod."""
        for first, size in zip(itertools.count(0, self.columns), self.chunk_size[chunks].tolist(), strict=False):
            if size < self.size:
                whole, rest = divmod(size, self.rows)
                values[..., rest:, first + whole] = filler
                values[..., first + whole + 1 : first + self.columns] = filler

    def _responses(self, chunks: slice, gaps: Floats, services: Floats, grows: Floats) -> Floats:
        """Return the time from each request to its departure, which takes the place of the gaps."""
        pods = self.chunk_pod[chunks]
        own, begins = np.unique(pods, return_index=True)
        starts = begins * self.columns
        if self.workload.workers == 1:
            found = responses(gaps, services, starts, self._left[own, 0], grows)
            self._left[pods, 0] = found[-1, self.columns - 1 :: self.columns]
            return found
        found, self._left[own] = responses_of_several_workers(gaps, services, starts, self._left[own])
        return found


def _bounds(lengths: Ints) -> list[int]:
    """Return where each of those begins that follow each other, and where the last one ends."""
    return [0, *np.cumsum(lengths).tolist()]
