"""Requests that remember something, or to which something happens: number by number, and on every machine."""

from __future__ import annotations

import hashlib
import heapq
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.traffic import engine
from k8sexpose.traffic.arrays import Floats
from k8sexpose.traffic.columns import Columns
from k8sexpose.traffic.connections import Connections
from k8sexpose.traffic.engine import Engine, Rerun
from k8sexpose.traffic.path_table import PathRow, PathTable, RequestTarget
from k8sexpose.traffic.tally import Tally
from k8sexpose.traffic.timeline import play, standing
from k8sexpose.traffic.workload import Workload
from tests.router.helpers import cluster_with
from tests.traffic.helpers import LB

CRASH = (kx.NodeDown("node-1", at_s=20),)
KINDS: list[dict[str, Any]] = [
    {"provider": "linode"},
    {"provider": "linode", "requests_per_connection": 7},
    {"requests_per_connection": 7, "clients": 20, "client_skew": 1.1},
    {"requests_per_connection": 3, "workers": 3, "distribution": "lognormal"},
    {"events": CRASH},
]


class Recorded(Engine):
    """Writes down what each Pod was asked and answered, one request after the other."""

    served: dict[int, list[tuple[float, float, float]]]

    def _respond(self, columns: Columns, at: Floats, services: Floats, work: Floats) -> Floats:
        came, lasts = at.copy(), services.copy()
        out = super()._respond(columns, at, services, work)
        for pod, start, size in zip(columns.pods, columns.starts, columns.sizes, strict=True):
            own = (some[:, start:].T.reshape(-1)[:size].tolist() for some in (came, lasts, out))
            self.served.setdefault(int(pod), []).extend(zip(*own, strict=True))
        return out


def run(provider: str = "generic", events: tuple[Any, ...] = (), **options: Any) -> tuple[Tally, Recorded]:
    cluster = cluster_with([2, 1, 0], LB, provider=provider)
    workload = Workload(**{"requests": 20_000, "rate_rps": 250.0 * options.get("workers", 1), "seed": 11} | options)
    asking = RequestTarget("web")
    states = play(cluster, asking, events, 1000) if events else standing(cluster, asking)
    connections = Connections.of(workload, states[0].table)
    tally = Tally(workload, ["web-1", "web-2", "web-3"], ["node-1", "node-2", "node-3"], 0.1)
    found = Recorded(connections, states, tally)
    found.served = {}
    found.run()
    return tally, found


@pytest.fixture
def _short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WINDOW", 3000)


@pytest.mark.usefixtures("_short_windows")
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_equals_a_plain_loop(kind: dict[str, Any]) -> None:
    tally, found = run(**kind)
    for pod, served in found.served.items():
        free = [0.0] * tally.workload.workers
        for (came, lasts, response), (before, *_) in zip(served, [served[0], *served], strict=False):
            assert came >= before
            leaves = max(free[0], came) + lasts
            heapq.heapreplace(free, leaves)
            assert response == leaves - came
        assert tally.slice_busy[pod].sum() == sum(response for *_, response in served)
        assert tally.slice_work[pod].sum() == sum(lasts for _, lasts, _ in served)
        assert tally.answered[pod] == len(served)
    spent = sum(response for served in found.served.values() for *_, response in served)
    network = (tally.network_ticks(tally.columns.network_ms) * tally.path_counts.sum(0))[tally.columns.delivered].sum()
    assert (tally.sample_ms / tally.tick_ms).sum() == spent + network


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_or_counted_twice(kind: dict[str, Any]) -> None:
    tally, found = run(**kind)
    requests, lost = tally.workload.requests, int(tally.path_counts.sum(0)[~tally.columns.delivered].sum())
    assert bool(lost) is bool(kind.get("events"))
    for counted in (tally.slice_counts, tally.histogram.counts, tally.histogram.sliced, tally.load[:, :-1]):
        assert counted.sum() == requests - lost
        assert counted.min() >= 0
    assert tally.path_counts.sum() == tally.load.sum() == requests
    assert len(tally.sample_ms) == requests - lost
    of_pods = [
        sum(n for path, n in zip(tally.paths, tally.path_counts.sum(0), strict=True) if path.pod == pod)
        for pod in tally.pods
    ]
    assert of_pods == tally.answered.tolist()
    arrivals = [came for served in found.served.values() for came, *_ in served]
    assert tally.end_s * 1000 / tally.tick_ms >= max(arrivals)
    if not lost:
        rows = np.bincount((np.array(arrivals) * tally.tick_ms / 1000 / tally.row_s).astype(int))
        assert tally.load.sum(1)[: len(rows)].tolist() == rows.tolist()


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_who_looks_later_sees_the_same(kind: dict[str, Any]) -> None:
    """Latencies and the timeline are found by the same run once more; what was counted stays as it was."""
    watched, found = run(**kind)
    tally, connections = watched.empty(), Connections.of(watched.workload, found.states[0].table)
    Engine(connections, found.states, tally, watch=False).run()
    assert not tally.kept and tally.end_s == watched.end_s
    tally.replay = Rerun(found.states)
    assert digest(tally) == digest(watched)


def test_arrivals_are_spread_evenly() -> None:
    """Gaps between the requests of a Pod to which clients come one by one vary as exponential ones do."""
    _, found = run(requests=40_000, clients=5000, requests_per_connection=2)
    for served in found.served.values():
        gaps = np.diff([came for came, *_ in served])
        assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.03)
        below = [np.mean(gaps < part * gaps.mean()) for part in (0.1, 0.5, 1, 2)]
        assert below == pytest.approx([0.0952, 0.3935, 0.6321, 0.8647], abs=0.015)


def test_a_client_whose_connection_fails_tries_again_at_its_next_request() -> None:
    """Half of all new connections are lost; each client loses requests until one is answered, then keeps that way."""
    paths = {PathRow("node-1", "web-1", "node-1"): 0.5, PathRow("node-2", outcome="timeout"): 0.5}
    dealer = Connections(clients=10_000, per_connection=100, seed=0)
    dealer.enter(PathTable(paths))
    everybody = np.arange(10_000)
    lost = []
    for counts in (np.full(10_000, 3), np.full(10_000, 1), np.full(10_000, 5)):
        path, lasts, number = dealer.follow(everybody, counts)
        assert lasts.sum() == counts.sum() and number.sum() == len(path)
        failed = np.array([not one.delivered for one in dealer.paths])[path].repeat(lasts).reshape(-1, counts[0])
        lost.extend(failed.T)
    table = np.array(lost).T
    assert not (table[:, 1:] & ~table[:, :-1]).any()  # who was answered once stays
    assert table.mean(0)[:5] == pytest.approx([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32], abs=0.015)


PROGRAM = """
from tests.traffic.test_engine import digests
print(digests())
"""


def digests() -> str:
    """Of all kinds but the lognormal one, whose last bit depends on the processor."""
    return " ".join(digest(run(**kind)[0]) for kind in KINDS if "distribution" not in kind)


def digest(tally: Tally) -> str:
    """A digest of all that was counted."""
    found = hashlib.sha256()
    for counted in (
        tally.sample_ms, tally.histogram.counts, tally.histogram.sliced, tally.load, tally.path_counts,
        tally.slice_counts, tally.slice_busy, tally.slice_work,
    ):  # fmt: skip
        found.update(np.ascontiguousarray(counted).tobytes())
    return found.hexdigest()[:16]


def test_the_same_on_every_machine() -> None:
    """Neither the hash seed nor the processor's extensions change a bit; recorded digests hold on other machines."""
    core = getattr(np, "_core", None) or np.core  # the latter before NumPy 2
    off = " ".join(core._multiarray_umath.__cpu_dispatch__)
    env = {**os.environ, "PYTHONHASHSEED": "1", "NPY_DISABLE_CPU_FEATURES": off}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=env, check=True)
    assert {digests(), done.stdout.strip()} == {RECORDED}


RECORDED = "6605fd5ce9e2ef9d f59f3b1f5c7fd208 56668a3b008b1f07 fadb565e8a88f15f"
