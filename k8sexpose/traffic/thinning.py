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

from .columns import Runs, count_up
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
        seed = np.random.SeedSequence(workload.seed, spawn_key=(0,))
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self._origin = self.chance.bit_generator.state
        per_pod = workload.requests / max(len(tally.pods), 1)
        chunks = math.ceil(per_pod / self.block)
        width = 8 * math.ceil((per_pod + SPREAD * math.sqrt(per_pod)) / (8 * chunks * self.rows))  # whole lines
        self.drawn, self.size = (self.rows, width), self.rows * width
        self._left = np.zeros((len(tally.pods), workload.workers))  # what each worker has left to do, in ticks
        self._plan()
        self._draw_ways()
        self._cut_slices()
        self._timeline()

    def run(self, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        tally, chunks = self.tally, len(self.chunk_pod)
        at_once = min(max((block or self.block // 2) // self.size, 1), chunks)
        # Fresh memory is slow: what is drawn comes into the same place again and again, unless it stays there.
        self._stay = tally.stride == 1 and at_once == 1
        self._gaps = np.empty((chunks if self._stay else at_once, *self.drawn))
        self._services = np.empty((at_once, *self.drawn))
        for first in range(0, chunks, at_once):
            self._serve(slice(first, min(first + at_once, chunks)))
        del self._gaps, self._services
        # At the foot of the last column of each Pod a request without work was served, and counted as the smallest.
        tally.histogram.take_back(self.last_slice, self.room)
        tally.slice_busy.reshape(-1)[self.last_slice] -= self.room * self._left[self.last_slice // tally.slices, 0]

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
        self.chunk_first, self.chunk_column = _bounds(sizes), _bounds(-(-sizes // self.rows))
        ends = np.where(own > 0, duration - after * scale, 0.0)
        tally.end_s = float(ends.max(initial=0.0) or duration) * tally.tick_ms / 1000

    def _draw_ways(self) -> None:
        """Draw by which ways the requests of each chunk came."""
        ways, pod, tally = self.ways, self.chunk_pod, self.tally
        self.chunk_ways = self.chance.multinomial(self.chunk_size, ways.weights[pod])
        lengths = self.chunk_ways.copy()
        lengths[:, -1] += -self.chunk_size % self.rows  # what is empty at the foot of a column
        self.network = Runs.of(tally.network_ticks(ways.network_ms)[pod].reshape(-1), lengths.reshape(-1), self.rows)
        totals = np.zeros(ways.network_ms.shape, dtype=np.int64)
        np.add.at(totals, pod, self.chunk_ways)
        totals[-1] = self.chance.multinomial(self.counts[-1], ways.weights[-1])
        counts = totals.reshape(-1)[ways.place]
        for numbers in ways.together:
            counts[numbers] = self.chance.multinomial(counts[numbers[0]], ways.within[numbers])
        tally.paths, tally.columns = list(ways.paths), ways.columns
        tally.path_counts = np.zeros((tally.slices, len(counts)), dtype=np.int64)
        tally.path_counts[0] = counts

    def _cut_slices(self) -> None:
        """Cut the columns of each Pod, which follow each other, in as many slices, equally long."""
        tally, own = self.tally, self.counts[:-1, None]
        widths = -(-own // self.rows)
        edges = -(-np.arange(tally.slices + 1) * widths // tally.slices)
        upto = np.minimum(edges * self.rows, own)
        np.subtract(upto[:, 1:], upto[:, :-1], out=tally.slice_counts)
        self.slice_row = np.flatnonzero(np.diff(edges))
        self.slice_column = (edges[:, :-1] + np.cumsum(widths)[:, None] - widths).reshape(-1)[self.slice_row]
        self.first_slice = (self.slice_column.searchsorted(self.chunk_column[:-1], side="right") - 1).tolist()
        self.end_slice = self.slice_column.searchsorted(self.chunk_column[1:]).tolist()
        # In which slice each Pod's last column is, and how much of it is empty.
        self.last_slice = self.slice_row[self.slice_column.searchsorted(np.cumsum(widths)[self.counts[:-1] > 0]) - 1]
        self.room = -own[own > 0] % self.rows

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
        tally, first, ways = self.tally, self.chunk_column[chunks.start], self.chunk_ways.shape[1]
        starts = [start - first for start in self.chunk_column[chunks.start : chunks.stop + 1]]
        gaps, services = self._draw(chunks, starts)
        sums = np.empty((3, gaps.shape[1]))
        np.add.reduce(services, axis=0, out=sums[1])
        np.add.reduce(gaps, axis=0, out=sums[2])
        network = self.network.of_columns(slice(chunks.start * ways, chunks.stop * ways))
        latencies = self._respond(chunks, starts, gaps, services, network, sums[1] - sums[2])
        np.add.reduce(latencies, axis=0, out=sums[0])
        sums[0] -= self.rows * network
        self.network.correct(latencies, first)
        self._fill(chunks, starts, latencies, tally.histogram.smallest)
        some = slice(self.first_slice[chunks.start], self.end_slice[chunks.stop - 1])
        place = self._services.reshape(-1)[: latencies.size].view(np.int64).reshape(latencies.shape)
        tally.add(latencies, np.maximum(self.slice_column[some] - first, 0), self.slice_row[some], sums, place)
        tally.keep(self.chunk_first[chunks.start], latencies, starts, self.chunk_size[chunks].tolist())

    def _draw(self, chunks: slice, starts: list[int]) -> tuple[Floats, Floats]:
        """Draw the gaps and the service times of chunks that follow each other, in whole ticks."""
        kind, sigma = self.workload.distribution, self.workload.sigma
        sizes, pods = self.chunk_size[chunks].tolist(), self.chunk_pod[chunks].tolist()
        gaps = self._gaps[chunks] if self._stay else self._gaps[: len(pods)]
        services = self._services[: len(pods)]
        last = self.chunk_pod[chunks.start - 1] if chunks.start else None
        for pod, size, own, work in zip(pods, sizes, gaps, services, strict=True):
            if pod != last:
                self.chance.bit_generator.state = self._origin
                self.chance.bit_generator.advance((pod + 1) * APART)  # type: ignore[attr-defined]
            last = pod
            self.chance.standard_exponential(out=own)
            if size < self.size:  # of the last chunk not all are needed
                whole, rest = divmod(size, self.rows)
                own[rest:, whole] = 0.0
                own[:, whole + 1 :] = 0.0
            if kind == "exponential":
                self.chance.standard_exponential(out=work)
            else:
                one = kind == "constant"
                work[:] = 1.0 if one else self.chance.lognormal(-(sigma**2) / 2, sigma, work.shape)
        gaps *= (self.chunk_lasts[chunks] / np.add.reduce(gaps, axis=1).sum(1))[:, None, None]
        services *= self.workload.service_ms / self.tally.tick_ms
        gaps, services = (_side_by_side(drawn, starts) for drawn in (gaps, services))
        self._fill(chunks, starts, services, 0.0)
        return np.rint(gaps, out=gaps), np.rint(services, out=services)

    def _fill(self, chunks: slice, starts: list[int], values: Floats, filler: float) -> None:
        """Write a value where there is no request: at the foot of the last column of a Pod."""
        for end, size in zip(starts[1:], self.chunk_size[chunks].tolist(), strict=True):
            if rest := size % self.rows:
                values[rest:, end - 1] = filler

    def _respond(
        self, chunks: slice, starts: list[int], gaps: Floats, services: Floats, network: Floats, grows: Floats
    ) -> Floats:
        """Return the time from each request to its answer, which takes the place of the gaps."""
        pods = self.chunk_pod[chunks]
        begins = [k for k, pod in enumerate(pods) if not k or pod != pods[k - 1]]
        start, own = np.array(starts)[begins], pods[begins]
        if self.workload.workers == 1:
            found, last = responses(gaps, services, start, self._left[own, 0], network, grows), np.array(starts[1:]) - 1
            self._left[pods, 0] = found[-1, last] - network[last]
            return found
        found, self._left[own] = responses_of_several_workers(gaps, services, start, self._left[own])
        return np.add(found, network, out=gaps)


def _side_by_side(tables: Floats, starts: list[int]) -> Floats:
    """Put the columns of tables side by side, of each as many as there is room for."""
    parts = [table[:, : stop - start] for table, (start, stop) in zip(tables, itertools.pairwise(starts), strict=True)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _bounds(lengths: Ints) -> list[int]:
    """Return where each of those begins that follow each other, and where the last one ends."""
    return [0, *np.cumsum(lengths).tolist()]
