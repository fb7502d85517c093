"""Requests that remember nothing: each Pod's arrivals on their own.

Where every request is a connection of its own, and who asks decides at most where it goes, the requests of a Pod are
a Poisson stream that does not depend on the others (thinning). So nothing needs to be chosen for each request, and
nothing sorted: how many requests each Pod gets is drawn at once, and their arrivals are as many points on the time of
the run: exponential gaps, scaled to fill it.

The gaps come in chunks. How long a chunk lasts is drawn first, and its gaps are scaled to that; so no chunk needs the
others, and the memory does not grow with the run. Each Pod has a part of the random stream for itself, in which a
chunk is the gaps and then the service times of its requests. A chunk is always drawn whole, also the last one, of which
not all is needed: so whoever compares two policies with one seed compares the same requests, Pod by Pod.

Two things are not drawn for each request. Which way it came makes no queue longer, so that within a chunk requests
follow each other way by way, as many by each as were drawn (`_draw_ways`). And no number tells when a request came: how
many came in each row of the timeline is drawn, given how many came in all (`draw_timeline`).

First all is drawn that is not a request's own (`_plan` and what follows); then block after block is drawn and served
(`_serve`), and counted (`_count`). Single latencies are not kept: when somebody looks at them, the same draws are
served once more (`keep_sample`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .arrays import Floats, Ints
from .columns import Runs, count_up
from .random_streams import draw_services
from .scan import LONG_ROWS, ROWS, responses, responses_of_several_workers
from .tally import Tally
from .ways import Ways
from .workload import Workload

__all__ = ["Thinning"]


BLOCK = 131_072  # requests: fewer take longer, for each call of NumPy costs as much as a thousand of them
SPREAD = 3.0  # standard deviations by which a Pod may get more than its part, and still need no further chunk
APART = 1 << 64  # from the stream of one Pod to that of the next


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Chunks that are served together, in a table whose columns are those of the first chunk, of the second, and so on.

    Parameters
    ----------
    chunks : slice
        Which ones.
    pods, sizes : list of int
        The Pod of each, and how many requests it has.
    edges : list of int
        Where the columns of each begin, and where the last ones end.
    """

    chunks: slice
    pods: list[int]
    sizes: list[int]
    edges: list[int]

    def fill(self, table: Floats, value: float) -> None:
        """Write a value where there is no request: at the foot of the last column of a Pod."""
        for end, size in zip(self.edges[1:], self.sizes, strict=True):
            if rest := size % len(table):
                table[rest:, end - 1] = value


class Thinning:
    """Draws the requests of each Pod, serves and counts them.

    Examples
    --------
    >>> workload = Workload(requests=1000, rate_rps=50)
    >>> tally = Tally(workload, ["web-1"], ["node-1"], 0.1)
    >>> from k8sexpose.traffic.path_table import PathRow
    >>> ways = Ways.of([PathRow("", "web-1", "node-1", 0.1)], np.ones(1), ["web-1"])
    >>> Thinning(workload, ways, tally).run(tally)
    >>> tally.answered.tolist()
    [1000]
    """

    def __init__(self, workload: Workload, ways: Ways, tally: Tally) -> None:
        self.workload, self.ways, self.tick_ms = workload, ways, tally.tick_ms
        self.rows, self.block = (ROWS, BLOCK) if workload.workers == 1 else (LONG_ROWS, 4 * BLOCK)
        seed = np.random.SeedSequence(workload.seed, spawn_key=(0,))
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self._origin = self.chance.bit_generator.state
        per_pod = workload.requests / max(len(tally.pods), 1)
        chunks = math.ceil(per_pod / self.block)
        width = 8 * math.ceil((per_pod + SPREAD * math.sqrt(per_pod)) / (8 * chunks * self.rows))  # whole lines
        self.drawn, self.size = (self.rows, width), self.rows * width
        self._left = np.zeros((len(tally.pods), workload.workers))  # what each worker has left to do, in ticks
        self._plan(tally)
        self._draw_ways(tally)
        self._cut_slices(tally)
        self._planned = self.chance.bit_generator.state

    def run(self, tally: Tally, block: int | None = None) -> None:
        """Run all requests, so many at a time; how many at a time changes no number."""
        for served in self._blocks(block):
            self._count(tally, served, *self._serve(served))
        # At the foot of the last column of each Pod a request without work was served, and counted as the smallest.
        tally.histogram.take_back(self.last_slice, self.room)
        tally.slice_busy.reshape(-1)[self.last_slice] -= self.room * self._left[self.last_slice // tally.slices, 0]
        tally.replay = self

    def keep_sample(self, tally: Tally) -> None:
        """Serve all requests once more, and keep their latencies: the same, since the draws are."""
        for served in self._blocks():
            latencies, _ = self._serve(served)
            tally.keep(self.chunk_first[served.chunks.start], latencies.copy(), served.edges, served.sizes)

    # -- what is drawn before all requests ----

    def _plan(self, tally: Tally) -> None:
        """Draw how many requests each Pod gets, and how long each of its chunks lasts."""
        chance, pods, requests = self.chance, len(tally.pods), self.workload.requests
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

    def _draw_ways(self, tally: Tally) -> None:
        """Draw by which ways the requests of each chunk came."""
        ways, pod = self.ways, self.chunk_pod
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

    def _cut_slices(self, tally: Tally) -> None:
        """Cut the columns of each Pod, which follow each other, in as many slices, equally long."""
        own = self.counts[:-1, None]
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

    def draw_timeline(self, tally: Tally) -> Ints:
        """Draw how many requests came to each Pod, or were lost, in each row of the timeline."""
        self.chance.bit_generator.state = self._planned
        rows = int(tally.end_s / tally.row_s) + 1
        lasts = np.diff(np.minimum(np.arange(rows + 1) * tally.row_s, tally.end_s)) / tally.end_s
        place = {name: k for k, name in enumerate(tally.nodes)}
        at = [place.get(home or "", len(place)) for home in self.ways.homes]
        by_place = np.bincount(at, self.counts, len(place) + 1).astype(np.int64)
        return np.ascontiguousarray(self.chance.multinomial(by_place, lasts).T)

    # -- blocks ----

    def _blocks(self, block: int | None = None) -> Iterator[Block]:
        """Cut the run into blocks, and begin with idle workers."""
        chunks = len(self.chunk_pod)
        at_once = max((block or self.block) // self.size, 1)
        self._left[:] = 0.0
        # Fresh memory is slow: all blocks use the same.
        self._drawn, self._tables = np.empty(self.drawn), np.empty((2, min(at_once, chunks) * self.size))
        for first in range(0, chunks, at_once):
            some, column = slice(first, min(first + at_once, chunks)), self.chunk_column[first]
            edges = [edge - column for edge in self.chunk_column[first : some.stop + 1]]
            yield Block(some, self.chunk_pod[some].tolist(), self.chunk_size[some].tolist(), edges)
        del self._drawn, self._tables

    def _serve(self, block: Block) -> tuple[Floats, Floats]:
        """Draw the requests of a block and let them through.

        Returns their latencies, shape (rows, columns), and for each column the sums of responses, services and gaps.
        """
        chunks = block.chunks
        gaps, services = self._draw(block)
        sums = np.empty((3, gaps.shape[1]))
        np.add.reduce(services, axis=0, out=sums[1])
        np.add.reduce(gaps, axis=0, out=sums[2])
        ways = self.chunk_ways.shape[1]
        network = self.network.of_columns(slice(chunks.start * ways, chunks.stop * ways))
        latencies = self._respond(block, gaps, services, network, sums[1] - sums[2])
        np.add.reduce(latencies, axis=0, out=sums[0])
        sums[0] -= self.rows * network
        self.network.correct(latencies, self.chunk_column[chunks.start])
        return latencies, sums

    def _count(self, tally: Tally, block: Block, latencies: Floats, sums: Floats) -> None:
        """Count the requests of a block; their memory is used for it."""
        chunks = block.chunks
        block.fill(latencies, tally.histogram.smallest)
        some = slice(self.first_slice[chunks.start], self.end_slice[chunks.stop - 1])
        starts = np.maximum(self.slice_column[some] - self.chunk_column[chunks.start], 0)
        tally.add(latencies, starts, self.slice_row[some], sums, latencies.view(np.int64))

    def _draw(self, block: Block) -> tuple[Floats, Floats]:
        """Draw the gaps and the service times of a block, in whole ticks."""
        first, shape = block.chunks.start, (self.rows, block.edges[-1])
        gaps, services = (table[: shape[0] * shape[1]].reshape(shape) for table in self._tables)
        drawn, service_ticks = self._drawn, self.workload.service_ms / self.tick_ms
        last = self.chunk_pod[first - 1] if first else None
        for pod, size, (start, stop) in zip(block.pods, block.sizes, pairwise(block.edges), strict=True):
            if pod != last:
                self.chance.bit_generator.state = self._origin
                self.chance.bit_generator.advance((pod + 1) * APART)  # type: ignore[attr-defined]
            last = pod
            self.chance.standard_exponential(out=drawn)
            if size < self.size:  # of the last chunk not all are needed
                drawn[size % self.rows :, size // self.rows] = 0.0
            gaps[:, start:stop] = drawn[:, : stop - start]
            draw_services(self.workload, self.chance, drawn)
            np.multiply(drawn[:, : stop - start], service_ticks, out=services[:, start:stop])
        totals = np.add.reduceat(np.add.reduce(gaps, axis=0), block.edges[:-1])
        gaps *= (self.chunk_lasts[block.chunks] / totals).repeat(np.diff(block.edges))
        block.fill(services, 0.0)
        return np.rint(gaps, out=gaps), np.rint(services, out=services)

    def _respond(self, block: Block, gaps: Floats, services: Floats, network: Floats, grows: Floats) -> Floats:
        """Return the time from each request to its answer, which takes the place of the gaps."""
        pods = np.array(block.pods)
        begins = [k for k, pod in enumerate(block.pods) if not k or pod != block.pods[k - 1]]
        starts, own = np.array(block.edges)[begins], pods[begins]
        if self.workload.workers > 1:
            found, self._left[own] = responses_of_several_workers(gaps, services, starts, self._left[own])
            return np.add(found, network, out=gaps)
        found, last = (
            responses(gaps, services, starts, self._left[own, 0], network, grows),
            np.array(block.edges[1:]) - 1,
        )
        self._left[pods, 0] = found[-1, last] - network[last]
        return found


def _bounds(lengths: Ints) -> list[int]:
    """Return where each of those begins that follow each other, and where the last one ends."""
    return [0, *np.cumsum(lengths).tolist()]
