"""Requests that remember nothing: each Pod's arrivals on their own.

Where every request is a connection of its own, and who asks decides at most where it goes, the requests of a Pod are
a Poisson stream that does not depend on the others (thinning). So nothing needs to be chosen for each request, and
nothing sorted: how many requests each Pod gets is drawn at once, and their arrivals are as many points on the time of
the run: exponential gaps, scaled to fill it.

The gaps come in chunks. How long a chunk lasts is drawn first, its gaps are scaled to that; so no chunk needs the
others, and the memory does not grow with the run. Each Pod has a part of the random stream for itself, in which a
chunk is the gaps and then the service times of its requests (of the last chunk, not all are needed): whoever compares
two policies with one seed compares the same requests, Pod by Pod. Which way they came makes no queue longer, so that
within a chunk they simply follow each other way by way, as many as were drawn. Nor does a result tell when a request
came: how many came in each row of the timeline is drawn, given how many came in all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .path_table import PathColumns, PathRow
from .random_streams import Floats, Indices
from .scan import LONG_ROWS, ROWS, responses, responses_of_several_workers
from .tally import Tally
from .workload import Workload

__all__ = ["Thinning", "Ways"]

Ints = NDArray[np.int64]

BLOCK = 65_536  # requests: what is kept of them fits into the cache
SPREAD = 2.5  # standard deviations by which a Pod may get more than its part, and still need no further chunk
APART = 1 << 64  # from the stream of one Pod to that of the next
LINE, PAGE = 64, 576  # bytes: arrays begin on a line of the cache, and not at the same place of a page


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How likely each path is, and how long the ways to each Pod are; the last row is for requests that are lost.

    Parameters
    ----------
    paths : sequence of PathRow
        The ways.
    columns : PathColumns
        The same as arrays.
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
        at = []
        for path in paths:
            pod = number[path.pod] if path.delivered and path.pod else len(pods)
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
        return cls(paths, columns, shares / shares.sum(), network_ms, weights, place, together, within)


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
        self.rows, self.block = (ROWS, BLOCK) if workload.workers == 1 else (LONG_ROWS, 16 * BLOCK)
        seed = np.random.SeedSequence(workload.seed, spawn_key=(0,))
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self._origin = self.chance.bit_generator.state
        per_pod = workload.requests / max(len(tally.pods), 1)
        chunks = math.ceil(per_pod / self.block)
        self.columns = 8 * math.ceil((per_pod + SPREAD * math.sqrt(per_pod)) / (8 * chunks * self.rows))  # whole lines
        self.size = self.rows * self.columns
        self._plan()
        self._order = np.arange(self.size).reshape(self.rows, self.columns).T.reshape(-1)  # of arrival
        self._left = np.zeros((len(tally.pods), workload.workers))  # what each worker has left to do, in ticks

    def run(self, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        tally, chunks = self.tally, len(self.chunk_pod)
        at_once = max((block or self.block) // self.size, 1)
        self._memory = _memory(min(at_once, chunks) * self.size)
        for first in range(0, chunks, at_once):
            self._serve(slice(first, min(first + at_once, chunks)))
        del self._memory
        tally.histogram.take_back(self.piece_row, self.piece_absent)  # what is absent was counted as the smallest
        tally.sample_ms[-(-int(self.counts[:-1].sum()) // tally.stride) :] = np.nan

    # -- what is drawn before all requests ----

    def _plan(self) -> None:
        """Draw how many requests each Pod gets, how long each of its chunks lasts, and what comes in each row."""
        tally, chance, pods, requests = self.tally, self.chance, len(self.tally.pods), self.workload.requests
        common = requests // (max(pods, 1) * self.size) + 1
        usual = chance.standard_gamma(float(self.size), (common, pods))  # first: the same under every policy
        duration = 1000 / tally.tick_ms * chance.standard_gamma(requests + 1.0) / self.workload.rate_rps
        self.counts = chance.multinomial(requests, self.ways.shares)
        number = -(-self.counts[:-1] // self.size)
        pod = np.repeat(np.arange(pods), number)
        place = np.arange(len(pod)) - np.repeat(np.cumsum(number) - number, number)
        sizes = np.minimum(self.counts[pod] - place * self.size, self.size)
        known = (sizes == self.size) & (place < common)
        lasts = np.empty(len(pod))
        lasts[known] = usual[place[known], pod[known]]
        lasts[~known] = chance.standard_gamma(sizes[~known].astype(np.float64))
        after = chance.standard_gamma(1.0, pods)  # from the last request of each Pod to the end
        scale = duration / (np.bincount(pod, lasts, pods) + after)
        self.chunk_pod, self.chunk_size, self.chunk_lasts = pod, sizes, lasts * scale[pod]
        self.chunk_first = np.cumsum(sizes) - sizes
        ends = np.where(self.counts[:-1] > 0, duration - after * scale, 0.0)
        tally.end_s = float(ends.max(initial=0.0) or duration) * tally.tick_ms / 1000
        self._mix(place == 0)
        self._timeline()

    def _mix(self, begins: NDArray[np.bool_]) -> None:
        """Draw by which ways the requests came, and cut the chunks where another way or slice begins."""
        ways, pod, tally, sizes = self.ways, self.chunk_pod, self.tally, self.chunk_size
        came = self.chance.multinomial(sizes, ways.weights[pod])
        totals = np.zeros(ways.network_ms.shape, dtype=np.int64)
        np.add.at(totals, pod, came)
        totals[-1] = self.chance.multinomial(self.counts[-1], ways.weights[-1])
        counts = totals.reshape(-1)[ways.place]
        for numbers in ways.together:
            counts[numbers] = self.chance.multinomial(counts[numbers[0]], ways.within[numbers])
        tally.paths, tally.columns = list(ways.paths), ways.columns
        tally.path_counts = np.zeros((tally.slices, len(counts)), dtype=np.int64)
        tally.path_counts[0] = counts
        # A column belongs to the way of its first request; from the row on where the next way begins, that differs.
        upto = np.cumsum(came, axis=1)
        before = upto - came
        ticks = tally.network_ticks(ways.network_ms)[pod]
        starts = np.arange(len(pod)) * self.columns
        way_starts = (starts[:, None] - (-before // self.rows)).reshape(-1)
        self.way_column, self.way_row = np.divmod(before[:, 1:], self.rows)
        here = (self.way_row > 0) & (before[:, 1:] < upto[:, -1:])
        self.way_more = np.where(here, np.diff(ticks), 0.0)
        # Slices of a Pod have equally many columns.
        used = -(-self.counts[:-1] // self.rows)
        parts = -(-np.arange(tally.slices) * used[:, None] // tally.slices)
        pod_starts = np.zeros(len(used), dtype=np.int64)
        pod_starts[pod[begins]] = starts[begins]
        pod_starts = np.maximum.accumulate(pod_starts)
        asked = np.flatnonzero(used)
        slice_starts = (pod_starts[asked][:, None] + parts[asked]).reshape(-1)
        bounds = np.unique(np.concatenate([starts, way_starts, slice_starts]))
        bounds = bounds[bounds < len(pod) * self.columns]
        part = np.searchsorted(slice_starts, bounds, side="right") - 1
        self.piece_row = asked[part // tally.slices] * tally.slices + part % tally.slices
        self.piece_network = ticks.reshape(-1)[np.searchsorted(way_starts, bounds, side="right") - 1]
        self.piece_width = np.diff(bounds, append=len(pod) * self.columns)
        self.piece_start = bounds
        self.chunk_piece = np.searchsorted(bounds, np.arange(len(pod) + 1) * self.columns)
        chunk = bounds // self.columns
        present = sizes[chunk] - (bounds - starts[chunk]) * self.rows
        present = np.clip(present, 0, self.piece_width * self.rows)
        self.piece_absent = self.piece_width * self.rows - present
        np.add.at(tally.slice_counts.reshape(-1), self.piece_row, present)

    def _timeline(self) -> None:
        """Draw how many requests came to each Pod, or were lost, in each row of the timeline."""
        tally = self.tally
        rows = int(tally.end_s / tally.row_s) + 1
        lasts = np.diff(np.minimum(np.arange(rows + 1) * tally.row_s, tally.end_s)) / tally.end_s
        tally.load = np.zeros((rows, len(tally.nodes) + 1), dtype=np.int64)
        place = {name: k for k, name in enumerate(tally.nodes)}
        home = {path.pod: place.get(path.node or "", len(place)) for path in tally.paths if path.delivered}
        at = [*(home.get(pod, len(place)) for pod in tally.pods), len(place)]
        by_place = np.bincount(at, self.counts, len(place) + 1).astype(np.int64)
        tally.load[:] = self.chance.multinomial(by_place, lasts).T

    # -- blocks ----

    def _serve(self, chunks: slice) -> None:
        """Draw the requests of some chunks, let them through, and count them; arrays are (rows, chunks, columns)."""
        tally, rows, pods = self.tally, self.rows, self.chunk_pod[chunks]
        size = len(pods) * self.size
        shape = len(pods), rows, self.columns
        memory = [part[:size] for part in self._memory]
        gaps, services, waits = (part.reshape(shape).swapaxes(0, 1) for part in memory)
        self._draw(chunks.start, gaps, services)
        # Where there is no request: after the last of a Pod.
        missing = self.size - self.chunk_size[chunks]
        chunk = np.repeat(np.arange(len(pods)), missing)
        column, row = np.divmod(np.arange(len(chunk)) + np.repeat(self.size - np.cumsum(missing), missing), rows)
        absent = chunk * self.size + row * self.columns + column
        memory[0][absent] = memory[1][absent] = 0.0
        lasts = _sums(gaps)
        scale = (self.chunk_lasts[chunks] / np.add.reduce(lasts, axis=1))[:, None]
        gaps *= scale
        services *= self.workload.service_ms / tally.tick_ms
        np.rint(gaps, out=gaps)
        np.rint(services, out=services)
        lasts *= scale
        pieces = slice(self.chunk_piece[chunks.start], self.chunk_piece[chunks.stop])
        network = self.piece_network[pieces].repeat(self.piece_width[pieces])
        starts = np.flatnonzero(pods[1:] != pods[:-1]) + 1
        own = pods[np.append(0, starts)]
        starts = np.append(0, starts * self.columns)
        sums = np.empty((3, lasts.size))
        np.rint(lasts.reshape(-1), out=sums[2])
        sums[1] = _sums(services).reshape(-1)
        if self.workload.workers == 1:
            out = responses(gaps, services, starts, self._left[own, 0], network, waits)
            self._left[own[-1], 0] = out[-1, -1, -1] - network[-1]
        else:
            flat = gaps.reshape(rows, -1), services.reshape(rows, -1)
            found, left = responses_of_several_workers(*flat, starts, self._left[own])
            self._left[own] = left
            out = np.add(found.reshape(gaps.shape), network.reshape(lasts.shape), out=gaps)
        memory[0][absent] = network[chunk * self.columns + column]
        busy = _sums(out).reshape(-1)
        np.subtract(busy, rows * network, out=sums[0])
        for way in range(self.way_more.shape[1]):
            at = np.flatnonzero(self.way_more[chunks, way])
            some = at + chunks.start, way
            out[:, at, self.way_column[some]] += self.way_more[some] * (np.arange(rows)[:, None] >= self.way_row[some])
        memory[0][absent] = tally.histogram.smallest
        starts = self.piece_start[pieces] - chunks.start * self.columns
        tally.add(out, starts, self.piece_row[pieces], sums, waits.view(np.int64))
        self._sample(chunks, out, memory[0])

    def _draw(self, first: int, gaps: Floats, services: Floats) -> None:
        """Draw the gaps and the service times of chunks that follow each other, each with mean 1."""
        kind, sigma = self.workload.distribution, self.workload.sigma
        for k in range(gaps.shape[1]):
            pod = int(self.chunk_pod[first + k])
            if first + k == 0 or self.chunk_pod[first + k - 1] != pod:
                self.chance.bit_generator.state = self._origin
                self.chance.bit_generator.advance((pod + 1) * APART)  # type: ignore[attr-defined]
            self.chance.standard_exponential(out=gaps[:, k])
            if kind == "exponential":
                self.chance.standard_exponential(out=services[:, k])
            else:
                one = kind == "constant"
                services[:, k] = 1.0 if one else self.chance.lognormal(-(sigma**2) / 2, sigma, services[:, k].shape)

    def _sample(self, chunks: slice, latencies: Floats, memory: Floats) -> None:
        """Keep every k-th latency, one Pod after the other, each in the order of arrival."""
        stride, tick_ms = self.tally.stride, self.tally.tick_ms
        first, sizes = self.chunk_first[chunks].tolist(), self.chunk_size[chunks].tolist()
        for k, (number, count) in enumerate(zip(first, sizes, strict=True)):
            skip, used = -number % stride, -(-count // self.rows)
            to = self.tally.sample_ms[-(-number // stride) :][: -((skip - count) // stride)]
            if stride == 1:
                whole = count // self.rows
                np.multiply(latencies[:, k, :whole].T, tick_ms, out=to[: whole * self.rows].reshape(whole, self.rows))
                np.multiply(latencies[: count % self.rows, k, used - 1], tick_ms, out=to[whole * self.rows :])
            else:
                np.multiply(memory[k * self.size :].take(self._order[skip:count:stride]), tick_ms, out=to)


def _sums(values: Floats) -> Floats:
    """Return the sum of each column; one column alone NumPy would add up in another order, and round otherwise."""
    return np.asarray(np.add.reduce(values, axis=0) if values[0].size > 1 else np.cumsum(values, axis=0)[-1])


def _memory(size: int) -> list[Floats]:
    """Return three arrays, used again by each block, that do not get in each other's way in the cache."""
    step = -(-(8 * size) // LINE) * LINE + PAGE
    memory = np.empty(3 * step // 8 + LINE // 8)
    skip = -memory.ctypes.data % LINE // 8
    return [memory[skip + k * step // 8 :][:size] for k in range(3)]
