"""Requests that remember nothing: each Pod's arrivals on their own.

Where every request is a connection of its own, and who asks decides at most where it goes, the requests of a Pod are
a Poisson stream that does not depend on the others (thinning). So nothing needs to be chosen for each request, and
nothing sorted: how many requests each Pod gets is drawn at once, and their arrivals are as many points on the time of
the run: exponential gaps, scaled to fill it.

The gaps come in chunks. How long a chunk lasts is drawn first, its gaps are scaled to that; so no chunk needs the
others, and the memory does not grow with the run. Each Pod has two parts of the random stream for itself, one for its
full chunks and one for the rest, in which a chunk is the gaps and then the service times of its requests: whoever
compares two policies with one seed compares the same requests, Pod by Pod. Which way they came makes no queue longer,
so that within a chunk they simply follow each other way by way, as many as were drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .path_table import PathRow
from .random_streams import Floats, Indices
from .scan import LONG_ROWS, ROWS, places_beyond, responses, responses_of_several_workers
from .tally import Columns, Tally
from .workload import Workload

__all__ = ["Thinning", "Ways"]

Ints = NDArray[np.int64]

BLOCK = 32_768  # requests: what is kept of them fits into the cache
CHUNKS = 8  # of the average Pod, at least, where they can be of a useful length
COLUMNS = (16, 2048)  # of a chunk, at least and at most
WIDE = 256  # columns of a chunk whose rows are worth a call of NumPy: it is computed where it was drawn
APART = 1 << 64  # from one part of the random stream to the next
LINE, PAGE = 64, 576  # bytes: arrays begin on a line of the cache, and not at the same place of a page


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How likely each path is, and how long the ways to each Pod are; the last row is for requests that are lost.

    Parameters
    ----------
    paths : sequence of PathRow
        The ways.
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
        weights = np.bincount(place, probabilities, network_ms.size)
        shared = np.flatnonzero(np.bincount(place) > 1)
        with np.errstate(invalid="ignore"):
            within = np.nan_to_num(probabilities / weights[place])
        weights = weights.reshape(network_ms.shape)
        shares = weights.sum(1)
        weights[shares == 0, 0] = 1.0
        weights /= weights.sum(1, keepdims=True)
        together = [np.flatnonzero(place == one) for one in shared]
        return cls(paths, shares / shares.sum(), network_ms, weights, place, together, within)


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
        self.rows = ROWS if workload.workers == 1 else LONG_ROWS
        seed = np.random.SeedSequence(workload.seed, spawn_key=(0,))
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self._origin = self.chance.bit_generator.state
        fewest, most = (max(number * ROWS // self.rows, 8) for number in COLUMNS)
        per_chunk = workload.requests // (CHUNKS * self.rows * max(len(tally.pods), 1))
        self.columns = min(max(per_chunk // fewest * fewest, fewest), most)
        self.size = self.rows * self.columns
        self._plan()
        self._left = np.zeros((len(tally.pods), workload.workers))  # what each worker has left to do, in ticks
        rows = int(tally.end_s / tally.row_s) + 1
        self._edges = np.rint(np.arange(1, rows + 1) * (tally.row_s * 1000 / tally.tick_ms)).astype(np.int64)
        self._before = np.full((len(tally.pods), rows), -1, dtype=np.int64)

    def run(self, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        at_once = max((block or (BLOCK if self.rows == ROWS else 16 * BLOCK)) // self.size, 1)
        busy = np.flatnonzero(self.chunk_size)
        stacked = busy[:0]
        if self.columns >= WIDE:
            stacked, busy = busy[: self.full], busy[self.full :]
        else:
            busy = busy[np.argsort(self.chunk_pod[busy], kind="stable")]
        self._memory = _memory(min(at_once, max(len(busy), len(stacked))) * self.size)
        for first in range(0, len(stacked), at_once):
            self._serve(stacked[first : first + at_once], stacked=True)
        for first in range(0, len(busy), at_once):
            self._serve(busy[first : first + at_once], stacked=False)
        del self._memory
        self.tally.sample_ms[-(-int(self.counts[:-1].sum()) // self.tally.stride) :] = np.nan
        self._timeline()

    # -- what is drawn before all requests ----

    def _plan(self) -> None:
        """Draw how many requests each Pod gets, and how long each of its chunks lasts: the full ones, then the rest."""
        tally, chance, pods, requests = self.tally, self.chance, len(self.tally.pods), self.workload.requests
        common = requests // (max(pods, 1) * self.size) + 1
        usual = chance.standard_gamma(float(self.size), (common, pods))  # first: the same under every policy
        duration = 1000 / tally.tick_ms * chance.standard_gamma(requests + 1.0) / self.workload.rate_rps
        self.counts = chance.multinomial(requests, self.ways.shares)
        # The lost are not served, and the time after a Pod's last request is drawn as well.
        number = self.counts // self.size
        number[-1] = 0
        self.full = full = int(number.sum())
        pod = np.concatenate([np.repeat(np.arange(pods + 1), number), np.arange(pods + 1)])
        first = np.repeat(np.cumsum(number) - number, number)
        place = np.concatenate([np.arange(full) - first, number])
        sizes = np.full(len(pod), self.size)
        sizes[full:] = self.counts - number * self.size
        known = np.flatnonzero(place[:full] < common)
        unknown = np.flatnonzero(np.append(place[:full] >= common, np.ones(pods + 1, dtype=bool)))
        lasts = np.empty(len(pod))
        lasts[known] = usual[place[known], pod[known]]
        lasts[unknown] = chance.standard_gamma(sizes[unknown].astype(np.float64))
        after = chance.standard_gamma(1.0, pods + 1)
        scale = duration / (np.bincount(pod, lasts) + after)
        lasts *= scale[pod]
        ends = np.cumsum(lasts[:full])
        before = np.bincount(pod[:full], lasts[:full], pods + 1)
        begins = np.concatenate([ends - lasts[:full] - np.repeat(np.cumsum(before) - before, number), before])
        tally.end_s = float((duration - after * scale)[self.counts > 0].max()) * tally.tick_ms / 1000
        self.chunk_pod, self.chunk_lasts, self.chunk_begins = pod, lasts, np.rint(begins).astype(np.int64)
        self.chunk_until = self.chunk_begins + lasts.astype(np.int64)
        following = np.arange(1, full + 1)
        following[np.cumsum(number)[number > 0] - 1] = full + np.flatnonzero(number)
        self.chunk_until[:full] = self.chunk_begins[following]
        self.chunk_column = place * self.columns
        self.chunk_first = (np.cumsum(self.counts) - self.counts)[pod] + place * self.size
        self._mix(sizes)
        self.chunk_size = np.where(pod < pods, sizes, 0)

    def _mix(self, sizes: Ints) -> None:
        """Draw how many requests of each chunk came by ways of each length, and which ways these were."""
        ways, pod, tally = self.ways, self.chunk_pod, self.tally
        lengths = ways.network_ms.shape[1]
        came = sizes[:, None] if lengths == 1 else self.chance.multinomial(sizes, ways.weights[pod])
        totals = np.zeros(ways.network_ms.shape, dtype=np.int64)
        np.add.at(totals, pod, came)
        counts = totals.reshape(-1)[ways.place]
        for numbers in ways.together:
            counts[numbers] = self.chance.multinomial(counts[numbers[0]], ways.within[numbers])
        tally.paths = list(ways.paths)
        tally.path_counts = np.zeros((tally.slices, len(counts)), dtype=np.int64)
        tally.path_counts[0] = counts
        # A column belongs to the way of its first request; from the row on where the next way begins, that differs.
        upto = np.cumsum(came, axis=1)
        self.way_columns = np.diff(-(-upto // self.rows), axis=1, prepend=0)
        self.way_ticks = tally.network_ticks(ways.network_ms)[pod]
        self.way_column, self.way_row = np.divmod(upto[:, :-1], self.rows)
        here = (self.way_row > 0) & (upto[:, :-1] < upto[:, -1:])
        self.way_more = np.where(here, np.diff(self.way_ticks), 0.0)

    # -- blocks ----

    def _serve(self, chunks: Indices, *, stacked: bool) -> None:
        """Draw the requests of some chunks, let them through, and count them.

        Full chunks may be stacked: an array is then a view, shape (rows, chunks, columns); else (rows, columns).
        """
        tally, rows, pods = self.tally, self.rows, self.chunk_pod[chunks]
        widths = -(-self.chunk_size[chunks] // rows)
        ends = np.cumsum(widths)
        begins, width = ends - widths, int(ends[-1])
        absent = ends[:0] if stacked else places_beyond(self.chunk_size[chunks], rows, ends - 1)
        gaps, services, waits = (part[: rows * width] for part in self._memory)
        if stacked:
            shape = len(chunks), rows, self.columns
            gaps, services, waits = (part.reshape(shape).swapaxes(0, 1) for part in (gaps, services, waits))
        else:
            gaps, services, waits = (part.reshape(rows, width) for part in (gaps, services, waits))
        self._draw(chunks, begins, gaps, services)
        if len(absent):
            gaps.reshape(-1)[absent] = services.reshape(-1)[absent] = 0.0
        # Row by row in any case: NumPy would add up a single column in another order, and round otherwise.
        lasts = (np.add.reduce(gaps, axis=0) if width > 1 else np.cumsum(gaps, axis=0)[-1]).reshape(-1)
        scale = self.chunk_lasts[chunks] / np.add.reduceat(lasts, begins)
        by_column = np.repeat(scale, widths)
        gaps *= scale[:, None] if stacked else scale[0] if len(chunks) == 1 else by_column
        services *= self.workload.service_ms / tally.tick_ms
        np.rint(gaps, out=gaps)
        np.rint(services, out=services)
        lasts *= by_column
        np.rint(lasts, out=lasts)
        place = np.arange(width) + np.repeat(self.chunk_column[chunks] - begins, widths)
        self._count_rows(chunks, begins, place, lasts.astype(np.int64), gaps)
        network = np.repeat(self.way_ticks[chunks].reshape(-1), self.way_columns[chunks].reshape(-1))
        new = np.concatenate([[0], np.flatnonzero(pods[1:] != pods[:-1]) + 1])
        starts, own = begins[new], pods[new]
        work = np.add.reduce(services, axis=0).reshape(-1)
        if self.workload.workers == 1:
            out = responses(gaps, services, starts, self._left[own, 0], network, waits)
            last = np.append(starts[1:], width) - 1
            self._left[own, 0] = out[-1].reshape(-1)[last] - network[last]
        else:
            out, self._left[own] = responses_of_several_workers(gaps, services, starts, self._left[own])
            out += network
        if len(absent):
            out.reshape(-1)[absent] = network[absent % width]
        busy = np.add.reduce(out, axis=0).reshape(-1) - rows * network
        layers = out if stacked else out[:, None]
        for way in range(self.way_more.shape[1]):
            at = np.flatnonzero(self.way_more[chunks, way])
            some = chunks[at], way
            layer, column = np.divmod(begins[at] + self.way_column[some], layers.shape[2])
            layers[:, layer, column] += self.way_more[some] * (np.arange(rows)[:, None] >= self.way_row[some])
        part = place * np.repeat(tally.slices / -(-self.counts[pods] // rows), widths)
        columns = Columns(np.repeat(pods, widths), part.astype(np.intp), np.stack([busy, work, lasts]), absent)
        tally.add(out, columns, waits.view(np.int64))
        self._sample(chunks, layers, absent)

    def _draw(self, chunks: Indices, begins: Ints, gaps: Floats, services: Floats) -> None:
        """Draw the gaps and the service times of some chunks, each with mean 1."""
        pods, widths = self.chunk_pod[chunks].tolist(), np.diff(begins, append=gaps[0].size).tolist()
        turn = (self.chunk_column[chunks] == 0) | (chunks >= self.full)
        for k, (pod, width, start, seek) in enumerate(zip(pods, widths, begins.tolist(), turn.tolist(), strict=True)):
            if seek:
                self.chance.bit_generator.state = self._origin
                stream = 2 * pod + 1 + int(chunks[k] >= self.full)
                self.chance.bit_generator.advance(stream * APART)  # type: ignore[attr-defined]
            if gaps.ndim == 3:
                self._numbers(gaps[:, k], services[:, k])
            elif len(pods) == 1:
                self._numbers(gaps, services)
            else:
                both = np.empty((2, self.rows, width))
                self._numbers(*both)
                gaps[:, start : start + width], services[:, start : start + width] = both

    def _numbers(self, gaps: Floats, services: Floats) -> None:
        """Draw the gaps and then the service times of a chunk."""
        self.chance.standard_exponential(out=gaps)
        kind, sigma = self.workload.distribution, self.workload.sigma
        if kind == "exponential":
            self.chance.standard_exponential(out=services)
        else:
            services[:] = 1.0 if kind == "constant" else self.chance.lognormal(-(sigma**2) / 2, sigma, services.shape)

    # -- in the course of time ----

    def _count_rows(self, chunks: Indices, begins: Ints, place: Ints, lasts: Ints, gaps: Floats) -> None:
        """Count what came to each Pod before each row of the timeline that ends within these chunks."""
        ends = np.cumsum(lasts)  # of one chunk after the other
        zero = (ends - lasts)[begins] - self.chunk_begins[chunks]
        first = np.searchsorted(self._edges, self.chunk_begins[chunks], side="right")
        number = np.searchsorted(self._edges, self.chunk_until[chunks], side="right") - first
        if not number.any():
            return
        row = np.arange(number.sum()) + np.repeat(first - (np.cumsum(number) - number), number)
        edges = self._edges[row] + np.repeat(zero, number)
        last = np.append(begins[1:], len(ends)) - 1
        column = np.minimum(np.searchsorted(ends, edges), np.repeat(last, number))
        arrivals = np.cumsum(_columns(gaps if gaps.ndim == 3 else gaps[:, None], column), axis=0)
        came = place[column] * self.rows + (arrivals < edges - (ends - lasts)[column]).sum(0)
        pod = np.repeat(self.chunk_pod[chunks], number)
        self._before[pod, row] = np.minimum(came, self.counts[pod])

    def _timeline(self) -> None:
        """Fill the rows of the timeline."""
        tally, rows = self.tally, self._before.shape[1]
        place = {name: k for k, name in enumerate(tally.nodes)}
        home = {path.pod: place.get(path.node or "", len(place)) for path in tally.paths if path.delivered}
        before = np.where(self._before < 0, self.counts[:-1, None], self._before)
        before[:, -1] = self.counts[:-1]
        tally.load = np.zeros((rows, len(tally.nodes) + 1), dtype=np.int64)
        at = [home.get(pod, len(place)) for pod in tally.pods]
        np.add.at(tally.load.T, at, np.diff(before, axis=1, prepend=0))
        if lost := int(self.counts[-1]):
            edges = np.minimum(np.arange(rows + 1) * tally.row_s, tally.end_s)
            tally.load[:, -1] += self.chance.multinomial(lost, np.diff(edges) / tally.end_s)

    def _sample(self, chunks: Indices, latencies: Floats, absent: Indices) -> None:
        """Keep every k-th latency, one Pod after the other, each in the order of arrival."""
        first, sizes = self.chunk_first[chunks], self.chunk_size[chunks]
        apart = np.flatnonzero(first[1:] != first[:-1] + sizes[:-1]) + 1
        width = -(-sizes // self.rows)
        ends = np.cumsum(width)
        there = None
        if len(absent):
            there = np.ones(latencies.shape, dtype=bool)
            there.reshape(-1)[absent] = False
        for start, stop in zip([0, *apart.tolist()], [*apart.tolist(), len(chunks)], strict=True):
            if latencies.shape[1] > 1:
                part = np.s_[:, start:stop]
            else:
                part = np.s_[:, :, int(ends[start] - width[start]) : int(ends[stop - 1])]
            count = int(sizes[start:stop].sum())
            self._keep(latencies[part], None if there is None else there[part], int(first[start]), count)

    def _keep(self, latencies: Floats, there: NDArray[np.bool_] | None, first: int, count: int) -> None:
        """Keep every k-th of the latencies that follow each other, from the request with this number on."""
        stride, tick_ms = self.tally.stride, self.tally.tick_ms
        skip = -first % stride
        to = self.tally.sample_ms[-(-first // stride) :][: -((skip - count) // stride)]
        turned = latencies.transpose(1, 2, 0)
        if there is not None and latencies.size > count:
            to[:] = turned[there.transpose(1, 2, 0)][skip::stride]
            to *= tick_ms
        elif stride == 1:
            np.multiply(turned, tick_ms, out=to.reshape(turned.shape))
        else:
            column, row = np.divmod(np.arange(skip, count, stride, dtype=np.uint32), np.uint32(self.rows))
            layer, column = np.divmod(column, np.uint32(latencies.shape[2]))
            np.multiply(latencies[row, layer, column], tick_ms, out=to)


def _columns(stacked: Floats, column: Indices) -> Floats:
    """Return some columns of stacked chunks."""
    layer, column = np.divmod(column, stacked.shape[2])
    return stacked[:, layer, column]


def _memory(size: int) -> list[Floats]:
    """Return three arrays, used again by each block, that do not get in each other's way in the cache."""
    step = -(-(8 * size) // LINE) * LINE + PAGE
    memory = np.empty(3 * step // 8 + LINE // 8)
    skip = -memory.ctypes.data % LINE // 8
    return [memory[skip + k * step // 8 :][:size] for k in range(3)]
