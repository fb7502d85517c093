"""Requests that remember something, or to which something happens, one window of time after the other.

A window is so short that the cluster does not change in it, and that its requests fit into the cache. How many come in
each is drawn at once. For each window: find when the requests of each Pod arrive (`_spread`, `_followed`), draw their
service times, let them through the Pod's queue (see `scan`), add the network, count. What is kept from window to window
does not grow with the number of requests. Where nothing is remembered and nothing happens, `thinning` is faster still.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Floats, Indices, Ints
from .columns import Columns, Runs
from .connections import DEAD, Connections
from .path_table import PathColumns, PathRow
from .random_streams import client_weights, draw_services
from .scan import LONG_ROWS, ROWS, responses, responses_of_several_workers
from .tally import Tally
from .timeline import State

__all__ = ["Engine", "Rerun"]

NOWHERE = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
WINDOW = 131_072
PER_POD = 512  # a window is long enough for so many requests a Pod, else NumPy's calls cost more than its work


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of the run: its requests, when it begins and ends in ticks, the state of the cluster, the slice."""

    first: int
    count: int
    start: float
    end: float
    state: int
    slice: int


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """The requests of a window: how many come by each path, and when those of each Pod and the lost ones come."""

    counts: Indices
    columns: Columns
    at: Floats
    lost: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rerun:
    """The same run once more, when somebody looks at single latencies or the timeline; few do, and both take time."""

    states: Sequence[State]

    def keep_sample(self, tally: Tally) -> None:
        """Hand all latencies to the tally."""
        tally.kept = self._again(tally).kept

    def draw_timeline(self, tally: Tally) -> Ints:
        """Return `Tally.load`."""
        return self._again(tally).load

    def _again(self, tally: Tally) -> Tally:
        again = tally.empty()
        Engine(Connections.of(tally.workload, self.states[0].table), self.states, again).run()
        return again


class Engine:
    """Plays requests through the states of a cluster, and counts; the first table of the connections is entered.

    Single latencies and the timeline are kept where `watch` is true; elsewhere a `Rerun` finds them.
    """

    def __init__(self, connections: Connections, states: Sequence[State], tally: Tally, *, watch: bool = True) -> None:
        self.connections, self.states, self.tally, self._watch = connections, states, tally, watch
        seeds = np.random.SeedSequence(tally.workload.seed).spawn(2)
        self.chance, self._service = (np.random.Generator(np.random.PCG64(seed)) for seed in seeds)
        self.rows = ROWS if tally.workload.workers == 1 else LONG_ROWS
        self._last = np.zeros(len(tally.pods))  # when the last request of each Pod arrived
        self._left = np.zeros((len(tally.pods), tally.workload.workers))  # what each worker had left to do then
        self._clients = client_weights(tally.workload.clients, tally.workload.client_skew)
        self._pods, self._nodes = ({name: k for k, name in enumerate(names)} for names in (tally.pods, tally.nodes))
        # Of each path: its Pod, in a narrow type that NumPy sorts by radix, and what the network adds.
        self._pod = np.empty(0, dtype=np.min_scalar_type(len(tally.pods)))
        self._network = np.empty(0)
        self._row = float(self._ticks(tally.row_s))  # of the timeline, in ticks
        self._home = np.full(len(tally.pods) + 1, len(tally.nodes))  # the column of each Pod in the timeline
        self._enter(0)

    def run(self) -> None:
        """Run all requests."""
        for window in self._windows():
            while self._state < window.state:
                self._enter(self._state + 1)
            if window.count:
                self._serve(window)
        self.tally.columns = PathColumns.of(self.tally.paths)

    def _windows(self) -> Iterator[Window]:
        """Cut the run where the cluster changes, where a slice ends, and wherever a window would be too long."""
        slices, requests = self.tally.slices, self.tally.workload.requests
        most = max(min(WINDOW, requests // 2), PER_POD * len(self.tally.pods), 1)
        end = float(self._ticks(self.chance.standard_gamma(requests + 1.0) / self.tally.workload.rate_rps))
        cuts = np.linspace(0.0, end, slices * -(-requests // (slices * most)) + 1)
        changes = self._ticks([state.start_s for state in self.states])
        edges = np.unique(np.rint(np.concatenate([cuts, changes[changes < end]])))
        counts = self.chance.multinomial(requests, np.diff(edges) / end)
        firsts = np.cumsum(counts) - counts
        states = np.searchsorted(changes, edges[:-1], side="right") - 1
        parts = np.minimum((edges[:-1] + edges[1:]) / 2 * slices // end, slices - 1).astype(np.intp)
        columns = (firsts, counts, edges[:-1], edges[1:], states, parts)
        return map(Window, *(column.tolist() for column in columns))

    def _ticks(self, seconds: Sequence[float] | float) -> Floats:
        return np.rint(np.asarray(seconds) * (1000 / self.tally.tick_ms))

    # -- the cluster changes ----

    def _enter(self, number: int) -> None:
        """Go on with another state of the cluster."""
        self._state = number
        state, connections, tally = self.states[number], self.connections, self.tally
        if state.crashed:
            connections.cut({k for k, path in enumerate(connections.paths) if path.nodes & state.crashed})
            homes = {path.pod for path in connections.paths if path.node in state.crashed}
            self._left[[k for k, pod in enumerate(tally.pods) if pod in homes]] = 0.0
        if state.closed:
            connections.close({k for k, path in enumerate(connections.paths) if path in state.closed})
        if number:
            connections.enter(state.table)
        tally.paths = connections.paths
        new = tally.paths[len(self._pod) :]
        pod = np.array([self._pods.get(path.pod or "", len(self._pods)) for path in new], dtype=self._pod.dtype)
        self._pod = np.append(self._pod, pod)
        self._home[pod] = [self._nodes.get(path.node or "", len(self._nodes)) for path in new]
        network = tally.network_ticks(np.array([path.network_ms for path in new]))
        self._network = np.append(self._network, network)
        self._dies = self._deaths(tally.paths)
        more = np.zeros((tally.slices, len(new)), dtype=np.int64)
        tally.path_counts = np.concatenate([tally.path_counts, more], axis=1)
        if not connections.remembers:
            self._chances = connections.probabilities(self._clients)

    def _deaths(self, paths: Sequence[PathRow]) -> Floats | None:
        """Return when a node of each path crashes, in ticks; None where none will."""
        crashes = [later for later in self.states[self._state + 1 :] if later.crashed]
        if not crashes:
            return None
        return self._ticks([min((s.start_s for s in crashes if s.crashed & p.nodes), default=math.inf) for p in paths])

    # -- when requests come, as parts of their window ----

    def _spread(self, count: int) -> Arrivals:
        """Draw the requests of each Pod on their own, as nothing is remembered."""
        counts = self.chance.multinomial(count, self._chances)
        columns, lost = self._columns(counts)
        return Arrivals(counts, columns, columns.spread(self.chance), self.chance.random(lost))

    def _followed(self, count: int) -> Arrivals:
        """Let clients ask, and bring the requests of each Pod together."""
        at, counts = self._round_robin(count) if self.connections.per_connection == 1 else self._on_connections(count)
        columns, lost = self._columns(counts)
        return Arrivals(counts, columns, columns.ordered(at), at[count - lost :])

    def _columns(self, counts: Indices) -> tuple[Columns, int]:
        """Make room for the requests of each Pod, given how many come by each path; return how many are lost, too."""
        sizes = np.bincount(self._pod, counts, len(self.tally.pods) + 1).astype(np.int64)
        return Columns.of(sizes[:-1], self.rows), int(sizes[-1])

    def _round_robin(self, count: int) -> tuple[Floats, Indices]:
        """Return when requests come, Pod by Pod, and how many by each path, where each goes to the next place."""
        path = self.connections.round_robin(count, self._clients)
        order = np.argsort(self._pod.take(path), kind="stable")
        at = Columns.of(np.array([count]), ROWS).spread(self.chance).T.reshape(-1)
        return at.take(order), np.bincount(path, minlength=len(self._pod))

    def _on_connections(self, count: int) -> tuple[Floats, Indices]:
        """Return the same where clients keep their connections."""
        counts = self.chance.multinomial(count, self._clients)
        asked = np.flatnonzero(counts)
        path, lasts, used = self.connections.follow(asked, counts[asked])
        # A connection is used for as many exponential gaps as it carries requests: the last of them ends that time, and
        # the others are anywhere within. What is left after the last connection of a client is one gap more.
        full = lasts == self.connections.per_connection
        lengths = np.empty(len(lasts))
        lengths[full] = self.chance.standard_gamma(float(self.connections.per_connection), int(full.sum()))  # faster
        lengths[~full] = self.chance.standard_gamma(lasts[~full].astype(np.float64))
        ends = np.cumsum(lengths)
        end = ends[np.cumsum(used) - 1]
        start = np.append(0.0, end[:-1])
        scale = (1 / (end - start + self.chance.standard_exponential(len(asked)))).repeat(used)
        starts = (ends - lengths - start.repeat(used)) * scale
        lengths *= scale
        order = np.argsort(self._pod.take(path), kind="stable")
        path, lasts, starts, lengths = path[order], lasts[order], starts[order], lengths[order]
        at = self.chance.random(count)
        at[np.cumsum(lasts) - 1] = 1.0
        at *= lengths.repeat(lasts)
        at += starts.repeat(lasts)
        return at, np.bincount(path, lasts, len(self._pod)).astype(np.int64)

    # -- serving ----

    def _serve(self, window: Window) -> None:
        """Serve the requests of a window, and count them."""
        arrivals = self._arrive(window)
        columns = arrivals.columns
        if not columns.shape[1]:
            return
        services = self._services(columns)
        sums = np.zeros((3, columns.shape[1]))
        np.add.reduce(services, axis=0, out=sums[1])
        out = self._respond(columns, arrivals.at, services, sums[1])
        late = self._cut_off(window, arrivals, out)
        out[columns.absent] = out[late] = 0.0
        np.add.reduce(out, axis=0, out=sums[0])
        order, places = self._paths(arrivals)
        network = Runs.of(self._network[order], places, self.rows)
        out += network.of_columns()
        network.correct(out)
        self._count(window, columns, out, late, sums, services.view(np.int64))

    def _arrive(self, window: Window) -> Arrivals:
        """Draw when the requests of a window arrive, in ticks, and count them."""
        tally = self.tally
        arrivals = self._followed(window.count) if self.connections.remembers else self._spread(window.count)
        for times in (arrivals.at, arrivals.lost):
            times *= window.end - window.start
            np.rint(times, out=times)
            times += window.start
        tally.path_counts[window.slice] += arrivals.counts
        end = max(arrivals.at[-1].max(initial=0.0), arrivals.lost.max(initial=0.0))
        tally.end_s = max(tally.end_s, float(end) * tally.tick_ms / 1000)
        if self._watch:
            self._timeline(window, arrivals)
        return arrivals

    def _services(self, columns: Columns) -> Floats:
        """Draw how long each request needs a worker, in ticks."""
        workload = self.tally.workload
        services = draw_services(workload, self._service, np.empty(columns.shape))
        services *= workload.service_ms / self.tally.tick_ms
        np.rint(services, out=services)
        services[columns.absent] = 0.0
        return services

    def _count(
        self,
        window: Window,
        columns: Columns,
        latencies: Floats,
        late: tuple[Indices, Indices],
        sums: Floats,
        memory: Ints,
    ) -> None:
        """Count the answered requests of a window: all but those that a crash has cut off."""
        tally, part = self.tally, window.slice
        latencies[columns.absent] = latencies[late] = tally.histogram.smallest
        row = columns.pods * tally.slices + part
        missing = columns.room + np.bincount(columns.pod_at(late[1]), minlength=len(row))
        tally.add(latencies, columns.starts, row, sums, memory)
        tally.histogram.take_back(row, missing)
        tally.slice_counts[columns.pods, part] += columns.sizes + columns.room - missing
        if self._watch:
            latencies[late] = np.nan
            tally.keep(window.first, latencies, columns.starts.tolist(), columns.sizes.tolist())

    def _respond(self, columns: Columns, at: Floats, services: Floats, work: Floats) -> Floats:
        """Return the time from arrival to departure of each request, shape (rows, columns)."""
        pods, starts = columns.pods, columns.starts
        before = np.append(0.0, at[-1, :-1])  # when the last request before each column arrived
        before[starts] = self._last[pods]
        self._last[pods] = at[columns.last]
        gaps = np.empty_like(at)
        np.subtract(at[0], before, out=gaps[0])
        np.subtract(at[1:], at[:-1], out=gaps[1:])
        if self.tally.workload.workers > 1:
            out, self._left[pods] = responses_of_several_workers(gaps, services, starts, self._left[pods])
            return out
        out = responses(gaps, services, starts, self._left[pods, 0], grows=work - (at[-1] - before))
        self._left[pods, 0] = out[columns.last]
        return out

    def _paths(self, arrivals: Arrivals) -> tuple[Indices, Indices]:
        """Return the paths Pod by Pod, and how many places each has: by which path one came makes no queue longer."""
        order = np.argsort(self._pod, kind="stable")
        order = order[: np.searchsorted(self._pod[order], len(self.tally.pods))]
        places, pods = arrivals.counts[order], arrivals.columns.pods
        places[np.searchsorted(self._pod[order], pods, side="right") - 1] += arrivals.columns.room
        return order, places

    def _timeline(self, window: Window, arrivals: Arrivals) -> None:
        """Count requests by row of the timeline and node."""
        tally, columns = self.tally, arrivals.columns
        first, stop = int(window.start / self._row), int(window.end / self._row) + 1
        rows, nodes = stop - first, len(tally.nodes)
        if stop > len(tally.load):
            more = np.zeros((stop - len(tally.load), nodes + 1), dtype=np.int64)
            tally.load = np.concatenate([tally.load, more])
        at, size = arrivals.at, rows * (nodes + 1)
        offset = (self._home[columns.pods] * rows - first).repeat(columns.widths)
        upper, lower = (at[[0, -1]] * (1 / self._row) + offset).astype(np.intp)
        cut = np.flatnonzero(upper != lower)  # columns in which a row ends
        inside = at.take(cut, axis=1) * (1 / self._row) + offset.take(cut)
        found = self.rows * np.bincount(upper[upper == lower], minlength=size)
        found += np.bincount(inside.astype(np.intp).reshape(-1), minlength=size)
        found -= np.bincount(lower[columns.last[1]], columns.room, size).astype(np.int64)
        by_row = found.reshape(-1, rows).T
        by_row[:, -1] += np.bincount((arrivals.lost / self._row - first).astype(np.intp), minlength=rows)
        tally.load[first:stop] += by_row

    def _cut_off(self, window: Window, arrivals: Arrivals, out: Floats) -> tuple[Indices, Indices]:
        """Take back the requests that are on their way to an answer when a node crashes; return where they are."""
        tally, columns = self.tally, arrivals.columns
        if self._dies is None or window.end + out.max() <= self._dies.min():
            return NOWHERE
        order, places = self._paths(arrivals)
        taken = order.repeat(places)
        for start, size in zip((columns.starts * self.rows).tolist(), columns.sizes.tolist(), strict=True):
            self.chance.shuffle(taken[start : start + size])  # here it matters by which path the last of them came
        path = taken.reshape(-1, self.rows).T
        out[columns.absent] = 0.0
        late = np.nonzero(arrivals.at + out > self._dies[path])
        lost = path[late]
        tally.path_counts[window.slice] -= np.bincount(lost, minlength=len(self._pod))
        tally.path_counts[window.slice, self.connections.number(DEAD)] += len(lost)
        row = (arrivals.at[late] * (1 / self._row)).astype(np.intp)
        np.subtract.at(tally.load, (row, self._home[self._pod[lost]]), 1)
        np.add.at(tally.load[:, -1], row, 1)
        return late[0], late[1]
