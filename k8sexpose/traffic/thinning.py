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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .path_table import PathRow
from .random_streams import Floats, Indices
from .scan import LONG_ROWS, ROWS, responses, responses_of_several_workers
from .tally import Tally
from .workload import Workload

__all__ = ["Thinning"]

Ints = NDArray[np.int64]

BLOCK = 65_536  # requests: fits into the cache
DRAWN = 16_384  # requests drawn at a time where chunks are small
CHUNKS = 8  # of the average Pod, at least, where they can be of a useful length
COLUMNS = (16, 4096)  # of a chunk, at least and at most
APART = 1 << 64  # from the stream of one Pod to that of the next


@dataclass(frozen=True, slots=True)
class Piece:
    """Some chunks of a Pod that are computed at once, and their columns in the block."""

    pod: int
    chunks: range
    columns: slice


class Thinning:
    """Draws the requests of each Pod, serves and counts them.

    Parameters
    ----------
    workload : Workload
        What is sent; one request a connection.
    paths : sequence of PathRow
        The ways.
    probabilities : ndarray of float64, shape (paths,)
        How likely each is; together 1.
    tally : Tally
        Counts.

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
        per_chunk = workload.requests // (CHUNKS * self.rows * max(len(tally.pods), 1))
        fewest, most = (max(number * ROWS // self.rows, 8) for number in COLUMNS)
        self.columns = min(max(1 << max(per_chunk.bit_length() - 1, 0), fewest), most)
        self.chunk = self.rows * self.columns
        self._plan(paths, probabilities)
        self._now = self._left = np.zeros(1)
        self._taken = 0
        self._before = np.zeros((len(tally.pods), 0), dtype=np.int64)

    def run(self, block: int | None = None) -> None:
        """Let all requests come, so many at a time; how many changes no number."""
        size = block or BLOCK if self.rows == ROWS else 8 * BLOCK
        np.empty(12 * min(size, self.workload.requests))  # untouched: see `engine`
        for pieces in self._blocks(max(size // self.chunk, 1)):
            self._serve(pieces)
        self._timeline()

    # -- what is drawn before all requests ----

    def _plan(self, paths: Sequence[PathRow], probabilities: Floats) -> None:
        """Draw how many requests each path gets, and how long each chunk lasts."""
        tally, chance = self.tally, self.chance
        number = {pod: k for k, pod in enumerate(tally.pods)}
        pods = len(number)
        pod_of = np.array([number.get(path.pod or "", pods) if path.delivered else pods for path in paths])
        common = self.workload.requests // (max(pods, 1) * self.chunk) + 1
        usual = chance.standard_gamma(float(self.chunk), (common, pods))  # first: the same under every policy
        duration_ms = 1000 * chance.standard_gamma(self.workload.requests + 1.0) / self.workload.rate_rps
        shares = np.bincount(pod_of, probabilities, pods + 1)
        self.counts = chance.multinomial(self.workload.requests, shares / shares.sum())
        full, self.rest = np.divmod(self.counts, self.chunk)
        full[-1], self.rest[-1] = 0, self.counts[-1]  # the lost ones are not served
        self.full = full
        # Of each Pod: its full chunks, the rest, and the time after its last request.
        self.first = np.cumsum(full + 2) - (full + 2)
        pod = np.repeat(np.arange(pods + 1), full + 2)
        place = np.arange(len(pod)) - self.first[pod]
        lasts = np.full(len(pod), float(self.chunk))
        lasts[self.first + full] = self.rest
        lasts[self.first + full + 1] = 1.0
        known = (place < full[pod]) & (place < common)
        lasts[known] = usual[place[known], pod[known]]
        lasts[~known] = chance.standard_gamma(lasts[~known])
        lasts *= (duration_ms / tally.tick_ms / np.bincount(pod, lasts))[pod]
        self.lasts = lasts
        end_ms = duration_ms - lasts[self.first + full + 1] * tally.tick_ms
        tally.end_s = float(end_ms[self.counts > 0].max()) / 1000
        self._ways(paths, probabilities, pod_of, lasts)

    def _ways(self, paths: Sequence[PathRow], probabilities: Floats, pod_of: Indices, lasts: Floats) -> None:
        """Draw how many requests of each chunk came by ways of each length, and which ways these were."""
        pods = len(self.tally.pods)
        lengths: list[dict[float, list[int]]] = [{} for _ in range(pods + 1)]
        for k, path in enumerate(paths):
            lengths[pod_of[k]].setdefault(path.network_ms if path.delivered else 0.0, []).append(k)
        most = max(map(len, lengths), default=1)
        self.network_ms, weights = np.zeros((pods + 1, most)), np.zeros((pods + 1, most))
        for pod, own in enumerate(lengths):
            self.network_ms[pod, : len(own)] = list(own)
            weights[pod, : len(own)] = [probabilities[ks].sum() for ks in own.values()]
        weights[weights.sum(1) == 0, 0] = 1.0
        weights /= weights.sum(1, keepdims=True)
        pod = np.repeat(np.arange(pods + 1), self.full + 1)
        sizes = np.full(len(pod), self.chunk)
        sizes[np.cumsum(self.full + 1) - 1] = self.rest
        if most == 1:
            self.chunk_ways = sizes[:, None]
        else:
            self.chunk_ways = self.chance.multinomial(sizes, weights[pod])
        self.chunk_first = np.cumsum(self.full + 1) - (self.full + 1)
        totals = np.add.reduceat(self.chunk_ways, self.chunk_first, axis=0)
        counts = np.zeros(len(paths), dtype=np.int64)
        for pod, own in enumerate(lengths):
            for total, ks in zip(totals[pod], own.values(), strict=False):
                chances = probabilities[ks]
                counts[ks] = total if len(ks) == 1 else self.chance.multinomial(total, chances / chances.sum())
        self.tally.paths = list(paths)
        self.tally.path_counts = np.zeros((self.tally.slices, len(paths)), dtype=np.int64)
        self.tally.path_counts[0] = counts

    # -- blocks ----

    def _blocks(self, chunks: int) -> Iterator[list[Piece]]:
        """Yield the pieces of each block: so many chunks, of one Pod after the other."""
        pieces: list[Piece] = []
        room, column = chunks, 0
        for pod, (full, rest) in enumerate(zip(self.full[:-1].tolist(), self.rest[:-1].tolist(), strict=True)):
            done, every = 0, full + (rest > 0)
            while done < every:
                some = range(done, min(done + room, every))
                width = (min(some.stop, full) - some.start) * self.columns
                width += -(-rest // self.rows) if some.stop > full else 0
                pieces.append(Piece(pod, some, slice(column, column + width)))
                done, room, column = some.stop, room - len(some), column + width
                if not room:
                    yield pieces
                    pieces, room, column = [], chunks, 0
        if pieces:
            yield pieces

    def _serve(self, pieces: Sequence[Piece]) -> None:
        """Draw the requests of a block, let them through, and count them."""
        width = pieces[-1].columns.stop
        gaps, services = np.empty((self.rows, width)), np.empty((self.rows, width))
        for piece in pieces:
            self._draw(piece, gaps, services)
        np.rint(gaps, out=gaps)
        np.rint(services, out=services)
        starts = np.array([piece.columns.start for piece in pieces])
        widths = np.diff(starts, append=width)
        group = np.repeat([piece.pod for piece in pieces], widths)
        place = np.arange(width) + np.repeat([piece.chunks.start * self.columns for piece in pieces] - starts, widths)
        part = place * self.tally.slices // -(-self.counts[group] // self.rows)
        real = np.minimum(self.counts[group] - place * self.rows, self.rows)
        lasts = np.add.reduce(gaps, axis=0)
        begins = self._begin(pieces, starts, lasts)
        size = len(self.tally.pods) * self.tally.slices
        spent = np.bincount(group * self.tally.slices + part, lasts, size)
        self.tally.slice_time += spent.reshape(self.tally.slice_time.shape)
        self._count_rows(pieces, begins, gaps)
        goes_on = pieces[0].chunks.start > 0
        if self.workload.workers == 1:
            backlog = np.zeros(len(pieces))
            backlog[0] = self._left[0] if goes_on else 0.0
            out = responses(gaps, services, starts, backlog)
            self._left = out[-1, -1:].copy()
        else:
            free = np.zeros((len(pieces), self.workload.workers))
            free[0] = self._left if goes_on else 0.0
            out, left = responses_of_several_workers(gaps, services, starts, free, real)
            self._left = left[-1]
        network_ms, mixed = self._network(pieces)
        ragged = np.flatnonzero(real < self.rows)
        absent = [np.arange(real[column], self.rows) * width + column for column in ragged.tolist()]
        nowhere = np.concatenate(absent) if absent else np.zeros(0, dtype=np.intp)
        latency_ms = self.tally.add(out, services, network_ms, group, part, nowhere, mixed)
        self._sample(pieces, latency_ms)

    def _draw(self, piece: Piece, gaps: Floats, services: Floats) -> None:
        """Draw gaps and service times of a piece, in ticks."""
        chance = self.chance
        if piece.chunks.start == 0:
            chance.bit_generator.state = self._origin
            chance.bit_generator.advance((piece.pod + 1) * APART)  # type: ignore[attr-defined]
        full, tick_ms = int(self.full[piece.pod]), self.tally.tick_ms
        service = self.workload.service_ms / tick_ms
        chunks, first = min(piece.chunks.stop, full) - piece.chunks.start, self.first[piece.pod]
        at, step = piece.columns.start, max(DRAWN // self.chunk, 1)
        for done in range(0, chunks, step):
            some = min(step, chunks - done)
            drawn = self._numbers(some, self.columns)
            lasts = self.lasts[first + piece.chunks.start + done :][:some]
            to = slice(at, at + some * self.columns)
            scale = lasts / np.add.reduce(drawn[:, 0].reshape(some, -1), axis=1)
            for kind, factor, out in ((0, scale[:, None], gaps), (1, service, services)):
                shaped = out[:, to].reshape(self.rows, some, self.columns)
                np.multiply(drawn[:, kind].transpose(1, 0, 2), factor, out=shaped)
            at = to.stop
        if piece.chunks.stop > full:
            rest = int(self.rest[piece.pod])
            drawn = self._numbers(1, -(-rest // self.rows))[0]
            if rest % self.rows:
                drawn[:, rest % self.rows :, -1] = 0.0
            to = slice(at, piece.columns.stop)
            np.multiply(drawn[0], self.lasts[first + full] / drawn[0].sum(), out=gaps[:, to])
            np.multiply(drawn[1], service, out=services[:, to])

    def _numbers(self, chunks: int, columns: int) -> Floats:
        """Return gaps and service times of chunks, each with mean 1, shape (chunks, 2, rows, columns)."""
        drawn = np.empty((chunks, 2, self.rows, columns))
        kind, sigma = self.workload.distribution, self.workload.sigma
        if kind == "exponential":
            self.chance.standard_exponential(out=drawn)
            return drawn
        for gaps, services in drawn:
            self.chance.standard_exponential(out=gaps)
            services[:] = 1.0 if kind == "constant" else self.chance.lognormal(-(sigma**2) / 2, sigma, services.shape)
        return drawn

    def _network(self, pieces: Sequence[Piece]) -> tuple[Floats, list[tuple[Indices, Ints, Floats]]]:
        """Return what the network adds in each column, and what more from some row on: columns, rows, milliseconds."""
        chunk = np.concatenate([self.chunk_first[piece.pod] + np.array(piece.chunks) for piece in pieces])
        pod = np.repeat([piece.pod for piece in pieces], [len(piece.chunks) for piece in pieces])
        counts, network_ms = self.chunk_ways[chunk], self.network_ms[pod]
        upto = np.cumsum(counts, axis=1)
        widths = -(-upto // self.rows)
        begins = np.cumsum(widths[:, -1]) - widths[:, -1]
        by_column = np.repeat(network_ms.reshape(-1), np.diff(widths, axis=1, prepend=0).reshape(-1))
        mixed = []
        for way in range(counts.shape[1] - 1):
            row = upto[:, way] % self.rows
            more = network_ms[:, way + 1] - network_ms[:, way]
            some = np.flatnonzero((row > 0) & (more != 0.0) & (upto[:, way] < upto[:, -1]))
            mixed.append((begins[some] + upto[some, way] // self.rows, row[some], more[some]))
        return by_column, mixed

    # -- in the course of time ----

    def _begin(self, pieces: Sequence[Piece], starts: Indices, lasts: Floats) -> Floats:
        """Return when each column begins: when the Pod's last request before it arrived, in ticks."""
        begins = np.cumsum(lasts)
        end = float(begins[-1])
        begins -= lasts
        ends = [*begins[starts[1:]].tolist(), end]
        before = self._now[0] if pieces[0].chunks.start else 0.0
        shift = np.array([before, *([0.0] * (len(pieces) - 1))]) - begins[starts]
        self._now = np.array([ends[-1] + shift[-1]])
        begins += np.repeat(shift, np.diff(starts, append=len(lasts)))
        return begins

    def _count_rows(self, pieces: Sequence[Piece], begins: Floats, gaps: Floats) -> None:
        """Count, for each row of the timeline that ends within a piece, the requests of its Pod that came before."""
        tick_s = self.tally.tick_ms / 1000
        if not self._before.shape[1]:
            rows = int(self.tally.end_s / self.tally.row_s) + 1
            self._before = np.full((len(self.tally.pods), rows), -1, dtype=np.int64)
        edges = np.arange(1, self._before.shape[1] + 1) * self.tally.row_s / tick_s
        width = len(begins)
        starts = np.array([piece.columns.start for piece in pieces])
        stops = np.append(starts[1:], width)
        ends = begins[stops - 1] + np.add.reduce(gaps[:, stops - 1], axis=0)
        first, last = np.searchsorted(edges, begins[starts]), np.searchsorted(edges, ends)
        number = np.repeat(np.arange(len(pieces)), last - first)
        if not len(number):
            return
        edge = np.arange(len(number)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
        edge += first[number]
        scale = 0.5 / max(float(ends.max()), 1.0)
        ascending = begins * scale + np.repeat(np.arange(len(pieces)), stops - starts)
        column = np.searchsorted(ascending, edges[edge] * scale + number, side="right") - 1
        column = np.clip(column, starts[number], stops[number] - 1)
        arrivals = np.cumsum(gaps[:, column], axis=0)
        row = (arrivals + begins[column] < edges[edge]).sum(0)
        pod = np.array([piece.pod for piece in pieces])[number]
        chunk = np.array([piece.chunks.start for piece in pieces])[number]
        before = chunk * self.chunk + (column - starts[number]) * self.rows + row
        self._before[pod, edge] = np.minimum(before, self.counts[pod])

    def _timeline(self) -> None:
        """Fill the rows of the timeline."""
        tally = self.tally
        rows = int(tally.end_s / tally.row_s) + 1
        tally.load = np.zeros((rows, len(tally.nodes) + 1), dtype=np.int64)
        place = {name: k for k, name in enumerate(tally.nodes)}
        home = {path.pod: place.get(path.node or "", len(place)) for path in tally.paths if path.delivered}
        if self._before.size:
            before = np.where(self._before < 0, self.counts[:-1, None], self._before)
            before[:, -1] = self.counts[:-1]
            here = np.diff(np.maximum.accumulate(before, axis=1), axis=1, prepend=0)
            for pod, counts in zip(tally.pods, here, strict=True):
                if pod in home:
                    tally.load[:, home[pod]] += counts
        lost = int(self.counts[-1])
        if lost:
            edges = np.minimum(np.arange(rows + 1) * tally.row_s, tally.end_s)
            tally.load[:, -1] += self.chance.multinomial(lost, np.diff(edges) / tally.end_s)

    def _sample(self, pieces: Sequence[Piece], latency_ms: Floats) -> None:
        """Keep every k-th latency, one Pod after the other, each in the order of arrival."""
        tally, stride = self.tally, self.tally.stride
        for piece in pieces:
            start = piece.chunks.start * self.chunk
            count = min(piece.chunks.stop * self.chunk, int(self.counts[piece.pod])) - start
            chosen = np.arange(-self._taken % stride, count, stride)
            to = tally.sample_ms[-(-self._taken // stride) :][: len(chosen)]
            own = latency_ms[:, piece.columns]
            whole = count // self.rows
            if stride == 1:
                np.copyto(to[: whole * self.rows].reshape(whole, self.rows), own[:, :whole].T)
                to[whole * self.rows :] = own[: count - whole * self.rows, -1]
            else:
                to[:] = own[chosen % self.rows, chosen // self.rows]
            self._taken += count
