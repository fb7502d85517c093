"""Requests that remember nothing: each Pod's arrivals on their own.

Where every request is a connection of its own, and who asks decides at most where it goes, the requests of a Pod are
a Poisson stream that does not depend on the others (thinning). So nothing needs to be chosen for each request, and
nothing sorted: how many requests each Pod gets is drawn at once, and their arrivals are as many points on the time of
the run: exponential gaps, scaled to fill it.

The gaps come in chunks. How long a chunk lasts is drawn first, its gaps are scaled to that; so no chunk needs the
others, and the memory does not grow with the run. Each Pod has a part of the random stream for itself, in which a
chunk is the gaps and then the service times of its requests: whoever compares two policies with one seed compares the
same requests, Pod by Pod. Which way they came makes no queue longer, so that within a chunk they simply follow each
other way by way, as many as were drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .path_table import PathRow
from .random_streams import Floats, Indices
from .scan import LONG_ROWS, ROWS, places_beyond, responses, responses_of_several_workers
from .tally import Columns, Tally
from .workload import Workload

__all__ = ["Thinning"]

Ints = NDArray[np.int64]

BLOCK = 65_536  # requests: fits into the cache
DRAWN = 16_384  # requests drawn at a time where chunks are small
CHUNKS = 8  # of the average Pod, at least, where they can be of a useful length
COLUMNS = (16, 4096)  # of a chunk, at least and at most
WHOLE = 2048  # columns of a chunk that is a block of its own: its numbers are drawn where they are used
APART = 1 << 64  # from the stream of one Pod to that of the next


class Thinning:
    """Draws the requests of each Pod, serves and counts them.

    Examples
    --------
    >>> workload = Workload(requests=1000, rate_rps=50)
    >>> tally = Tally(workload, ["web-1"], ["node-1"], 0.1)
    >>> Thinning(workload, [PathRow("", "web-1", "node-1", 0.1)], np.ones(1), tally).run()
    >>> tally.answered.tolist()
    [1000]
    """

    def __init__(self, workload: Workload, paths: Sequence[PathRow], probabilities: Floats, tally: Tally) -> None:
        self.workload, self.tally = workload, tally
        self.rows = ROWS if workload.workers == 1 else LONG_ROWS
        seed = np.random.SeedSequence(workload.seed, spawn_key=(0,))
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self._origin = self.chance.bit_generator.state
        fewest, most = (max(number * ROWS // self.rows, 8) for number in COLUMNS)
        per_chunk = workload.requests // (CHUNKS * self.rows * max(len(tally.pods), 1))
        self.columns = min(max(per_chunk // fewest * fewest, fewest), most)
        self.size = self.rows * self.columns
        self._plan(paths, probabilities)
        self._now = 0.0  # of the Pod that the next block goes on with: its last arrival, what is left to do, in ticks
        self._left = np.zeros(workload.workers)
        self._taken = 0
        rows = int(tally.end_s / tally.row_s) + 1
        self._edges = np.arange(1, rows + 1) * (tally.row_s * 1000 / tally.tick_ms)
        self._before = np.full((len(tally.pods), rows), -1, dtype=np.int64)

    def run(self, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        size = block or (BLOCK if self.rows == ROWS else 8 * BLOCK)
        np.empty(16 * max(min(size, self.workload.requests), 512 * len(self.tally.pods)))  # untouched: see `engine`
        most = 1 if self.columns >= WHOLE else max(size // self.size, 1)
        busy = np.flatnonzero(self.chunk_size)
        for first in range(0, len(busy), most):
            self._serve(busy[first : first + most])
        self.tally.sample_ms[-(-self._taken // self.tally.stride) :] = np.nan
        self._timeline()

    # -- what is drawn before all requests ----

    def _plan(self, paths: Sequence[PathRow], probabilities: Floats) -> None:
        """Draw how many requests each Pod gets, and how long each of its chunks lasts."""
        tally, chance, pods = self.tally, self.chance, len(self.tally.pods)
        number = {pod: k for k, pod in enumerate(tally.pods)}
        pod_of = np.array([number[path.pod] if path.delivered and path.pod else pods for path in paths])
        common = self.workload.requests // (max(pods, 1) * self.size) + 1
        usual = chance.standard_gamma(float(self.size), (common, pods))  # first: the same under every policy
        duration = 1000 / tally.tick_ms * chance.standard_gamma(self.workload.requests + 1.0) / self.workload.rate_rps
        shares = np.bincount(pod_of, probabilities, pods + 1)
        self.counts = chance.multinomial(self.workload.requests, shares / shares.sum())
        # Of each Pod: its full chunks, one for the rest, and the time after its last request. The lost are not served.
        full = self.counts // self.size
        full[-1] = 0
        pod = np.repeat(np.arange(pods + 1), full + 1)
        first = np.cumsum(full + 1) - (full + 1)
        place = np.arange(len(pod)) - first[pod]
        self.chunk_pod, self.chunk_first = pod, place * self.columns
        sizes = np.full(len(pod), self.size)
        sizes[first + full] = self.counts - full * self.size
        lasts = sizes.astype(np.float64)
        known = (place < full[pod]) & (place < common)
        lasts[known] = usual[place[known], pod[known]]
        lasts[~known] = chance.standard_gamma(lasts[~known])
        after = chance.standard_gamma(1.0, pods + 1)
        scale = duration / (np.bincount(pod, lasts) + after)
        self.chunk_lasts = lasts * scale[pod]
        tally.end_s = float((duration - after * scale)[self.counts > 0].max()) * tally.tick_ms / 1000
        self._ways(paths, probabilities, pod_of, sizes, first)
        self.chunk_size = np.where(pod < pods, sizes, 0)

    def _ways(
        self, paths: Sequence[PathRow], probabilities: Floats, pod_of: Indices, sizes: Ints, first: Indices
    ) -> None:
        """Draw how many requests of each chunk came by ways of each length, and which ways these were."""
        pods, pod = len(self.tally.pods), self.chunk_pod
        lengths: list[dict[float, list[int]]] = [{} for _ in range(pods + 1)]
        chances, place = probabilities.tolist(), pod_of.tolist()
        for k, path in enumerate(paths):
            lengths[place[k]].setdefault(path.network_ms if path.delivered else 0.0, []).append(k)
        most = max(map(len, lengths))
        network_ms, weights = np.zeros((pods + 1, most)), np.zeros((pods + 1, most))
        for k, own in enumerate(lengths):
            network_ms[k, : len(own)] = list(own)
            weights[k, : len(own)] = [sum(chances[number] for number in numbers) for numbers in own.values()]
        weights[weights.sum(1) == 0, 0] = 1.0
        weights /= weights.sum(1, keepdims=True)
        came = sizes[:, None] if most == 1 else self.chance.multinomial(sizes, weights[pod])
        counts = np.zeros(len(paths), dtype=np.int64)
        for own, totals in zip(lengths, np.add.reduceat(came, first, axis=0).tolist(), strict=True):
            for total, numbers in zip(totals, own.values(), strict=False):
                if len(numbers) == 1:
                    counts[numbers[0]] = total
                elif total:
                    part = probabilities[numbers]
                    counts[numbers] = self.chance.multinomial(total, part / part.sum())
        self.tally.paths = list(paths)
        self.tally.path_counts = np.zeros((self.tally.slices, len(paths)), dtype=np.int64)
        self.tally.path_counts[0] = counts
        # A column belongs to the way of its first request; from the row on where the next way begins, that differs.
        upto = np.cumsum(came, axis=1)
        self.way_columns = np.diff(-(-upto // self.rows), axis=1, prepend=0)
        self.way_ms = network_ms[pod]
        self.way_column, self.way_row = np.divmod(upto[:, :-1], self.rows)
        self.way_more_ms = np.where((self.way_row > 0) & (upto[:, :-1] < upto[:, -1:]), np.diff(self.way_ms), 0.0)

    # -- blocks ----

    def _serve(self, chunks: Indices) -> None:
        """Draw the requests of some chunks, let them through, and count them."""
        tally, sizes, pods = self.tally, self.chunk_size[chunks], self.chunk_pod[chunks]
        widths = -(-sizes // self.rows)
        ends = np.cumsum(widths)
        begins, width = ends - widths, int(ends[-1])
        absent = places_beyond(sizes, self.rows, ends - 1)
        gaps, services = self._draw(chunks, begins, width, absent)
        new = np.flatnonzero(pods[1:] != pods[:-1]) + 1
        new = np.concatenate([[0], new])
        starts, own = begins[new], pods[new]
        group = np.repeat(pods, widths)
        place = np.arange(width)
        place += np.repeat(self.chunk_first[chunks] - begins, widths)
        part = (place * np.repeat(tally.slices / -(-self.counts[pods] // self.rows), widths)).astype(np.intp)
        lasts = np.add.reduce(gaps, axis=0)
        goes_on = bool(place[0])
        self._count_rows(own, starts, place, lasts, gaps, goes_on)
        left = np.zeros((len(own), self.workload.workers))
        if goes_on:
            left[0] = self._left
        if self.workload.workers == 1:
            out = responses(gaps, services, starts, left[:, 0])
            self._left = out[-1, -1:].copy()
        else:
            out, left = responses_of_several_workers(gaps, services, starts, left)
            self._left = left[-1]
        network_ms = np.repeat(self.way_ms[chunks].reshape(-1), self.way_columns[chunks].reshape(-1))
        mixed = []
        for way in range(self.way_ms.shape[1] - 1):
            at = np.flatnonzero(self.way_more_ms[chunks, way])
            some = chunks[at], way
            mixed.append((begins[at] + self.way_column[some], self.way_row[some], self.way_more_ms[some]))
        self._sample(tally.add(out, services, Columns(group, part, lasts, absent), network_ms, mixed), absent)

    def _draw(self, chunks: Indices, begins: Ints, width: int, absent: Indices) -> tuple[Floats, Floats]:
        """Draw the gaps and the service times of some chunks, in ticks."""
        sizes, pods, first = self.chunk_size[chunks], self.chunk_pod[chunks].tolist(), self.chunk_first[chunks].tolist()
        if len(chunks) == 1:
            self._seek(pods[0], first[0])
            gaps, services = self._numbers(1, width)[0]
        else:
            gaps, services = np.empty((2, self.rows, width))
            at = 0
            for pod, chunk, some, columns in self._alike(pods, first, sizes.tolist()):
                self._seek(pod, chunk)
                drawn = self._numbers(some, columns).transpose(1, 2, 0, 3)
                to = slice(at, at + some * columns)
                gaps[:, to].reshape(self.rows, some, columns)[:] = drawn[0]
                services[:, to].reshape(self.rows, some, columns)[:] = drawn[1]
                at = to.stop
        if len(absent):
            gaps.reshape(-1)[absent] = 0.0
            services.reshape(-1)[absent] = 0.0
        # Row by row in any case: NumPy would add up a single column in another order, and round otherwise.
        sums = np.add.reduce(gaps, axis=0) if width > 1 else np.cumsum(gaps, axis=0)[-1]
        scale = self.chunk_lasts[chunks] / np.add.reduceat(sums, begins)
        gaps *= scale[0] if len(chunks) == 1 else np.repeat(scale, np.diff(begins, append=width))
        services *= self.workload.service_ms / self.tally.tick_ms
        return np.rint(gaps, out=gaps), np.rint(services, out=services)

    def _alike(
        self, pods: Sequence[int], first: Sequence[int], sizes: Sequence[int]
    ) -> Iterator[tuple[int, int, int, int]]:
        """Yield chunks of one Pod that are as long: the Pod, the first one's place, how many, their columns."""
        at, most = 0, max(DRAWN // self.size, 1)
        while at < len(pods):
            some = 1
            while (
                some < most and at + some < len(pods) and (pods[at + some], sizes[at + some]) == (pods[at], sizes[at])
            ):
                some += 1
            yield pods[at], first[at], some, -(-sizes[at] // self.rows)
            at += some

    def _seek(self, pod: int, first: int) -> None:
        """Go to the stream of a Pod, at its first chunk."""
        if first == 0:
            self.chance.bit_generator.state = self._origin
            self.chance.bit_generator.advance((pod + 1) * APART)  # type: ignore[attr-defined]

    def _numbers(self, chunks: int, columns: int) -> Floats:
        """Return gaps and service times of chunks, each with mean 1, shape (chunks, 2, rows, columns)."""
        drawn = np.empty((chunks, 2, self.rows, columns))
        kind, sigma = self.workload.distribution, self.workload.sigma
        if kind == "exponential":
            self.chance.standard_exponential(out=drawn)
        for gaps, services in drawn if kind != "exponential" else ():
            self.chance.standard_exponential(out=gaps)
            services[:] = 1.0 if kind == "constant" else self.chance.lognormal(-(sigma**2) / 2, sigma, services.shape)
        return drawn

    # -- in the course of time ----

    def _count_rows(
        self, pods: Indices, starts: Indices, place: Indices, lasts: Floats, gaps: Floats, goes_on: bool
    ) -> None:
        """Count what came to each Pod before each row of the timeline that ends meanwhile."""
        ends = np.cumsum(lasts)  # of one Pod after the other
        begins = ends - lasts
        zero = begins[starts]
        if goes_on:
            zero[0] -= self._now
        edges = self._edges + zero[:, None]
        meanwhile = (edges > begins[starts][:, None]) & (edges <= ends[np.append(starts[1:], len(ends)) - 1][:, None])
        self._now = float(ends[-1] - zero[-1])
        number, row = np.nonzero(meanwhile)
        if not len(number):
            return
        edges = edges[number, row]
        column = np.searchsorted(ends, edges)
        arrivals = np.cumsum(gaps[:, column], axis=0)
        arrivals += begins[column]
        came = place[column] * self.rows + (arrivals < edges).sum(0)
        self._before[pods[number], row] = np.minimum(came, self.counts[pods[number]])

    def _timeline(self) -> None:
        """Fill the rows of the timeline."""
        tally, rows = self.tally, self._before.shape[1]
        tally.load = np.zeros((rows, len(tally.nodes) + 1), dtype=np.int64)
        place = {name: k for k, name in enumerate(tally.nodes)}
        home = {path.pod: place.get(path.node or "", len(place)) for path in tally.paths if path.delivered}
        before = np.where(self._before < 0, self.counts[:-1, None], self._before)
        before[:, -1] = self.counts[:-1]
        for pod, counts in zip(tally.pods, np.diff(before, axis=1, prepend=0), strict=True):
            if pod in home:
                tally.load[:, home[pod]] += counts
        if lost := int(self.counts[-1]):
            edges = np.minimum(np.arange(rows + 1) * tally.row_s, tally.end_s)
            tally.load[:, -1] += self.chance.multinomial(lost, np.diff(edges) / tally.end_s)

    def _sample(self, latency_ms: Floats, absent: Indices) -> None:
        """Keep every k-th latency, one Pod after the other, each in the order of arrival."""
        stride, count = self.tally.stride, latency_ms.size - len(absent)
        first = -self._taken % stride
        to = self.tally.sample_ms[-(-self._taken // stride) :][: -((first - count) // stride)]
        self._taken += count
        if len(absent):
            there = np.ones(latency_ms.shape, dtype=bool)
            there.reshape(-1)[absent] = False
            to[:] = latency_ms.T[there.T][first::stride]
        elif stride == 1:
            np.copyto(to.reshape(-1, self.rows), latency_ms.T)
        else:
            column, row = np.divmod(np.arange(first, count, stride, dtype=np.uint32), np.uint32(self.rows))
            to[:] = latency_ms[row, column]
