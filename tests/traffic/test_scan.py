"""The two-level scan: number by number as a plain loop, to the last bit."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from k8sexpose.traffic.scan import LONG_ROWS, ROWS, responses, responses_of_several_workers

COUNTS = (5000, 333, 1, 40_000)


def one_by_one(gaps: list[float], services: list[float], workers: int) -> list[float]:
    """Serve each request by the worker that is free first."""
    free, now, found = [0.0] * workers, 0.0, []
    for gap, service in zip(gaps, services, strict=True):
        now += gap
        leaves = max(free[0], now) + service
        heapq.heapreplace(free, leaves)
        found.append(leaves - now)
    return found


@pytest.mark.parametrize(
    ("workers", "utilisation", "rows"),
    [(1, 0.5, ROWS), (1, 0.95, ROWS), (1, 1.1, ROWS), (3, 0.7, LONG_ROWS), (4, 0.95, 64), (2, 1.2, 64)],
)
def test_equals_a_plain_loop(workers: int, utilisation: float, rows: int) -> None:
    chance = np.random.default_rng(workers)
    gaps, services, expected = [], [], []
    for count in COUNTS:
        gap = np.rint(chance.standard_exponential(count) * 1e6)
        service = np.rint(chance.standard_exponential(count) * 1e6 * utilisation * workers)
        expected.append(one_by_one(gap.tolist(), service.tolist(), workers))
        room = (0, -count % rows)
        gaps.append(np.pad(gap, room).reshape(-1, rows).T)
        services.append(np.pad(service, room).reshape(-1, rows).T)
    starts = np.cumsum([0, *(one.shape[1] for one in gaps[:-1])])
    both = np.hstack(gaps), np.hstack(services)
    if workers == 1:
        found = responses(*both, starts, np.zeros(len(COUNTS)))
    else:
        found = responses_of_several_workers(*both, starts, np.zeros((len(COUNTS), workers)))[0]
    for start, one in zip(starts.tolist(), expected, strict=True):
        assert found[:, start:].T.reshape(-1)[: len(one)].tolist() == one


@pytest.mark.parametrize("workers", [1, 3])
def test_backlog_is_carried_over(workers: int) -> None:
    """Cut anywhere between columns, the parts are served as the whole."""
    chance = np.random.default_rng(5)
    gaps, services = (np.rint(chance.standard_exponential((16, 60)) * scale) for scale in (1e6, 0.9e6 * workers))
    start = np.zeros(1, dtype=np.intp)
    if workers == 1:
        whole = responses(gaps.copy(), services, start, np.zeros(1))
        first = responses(gaps[:, :23].copy(), services[:, :23], start, np.zeros(1))
        second = responses(gaps[:, 23:].copy(), services[:, 23:], start, first[-1, -1:])
    else:
        whole, _ = responses_of_several_workers(gaps, services, start, np.zeros((1, workers)))
        first, left = responses_of_several_workers(gaps[:, :23], services[:, :23], start, np.zeros((1, workers)))
        second, _ = responses_of_several_workers(gaps[:, 23:], services[:, 23:], start, left)
    assert (np.hstack([first, second]) == whole).all()
