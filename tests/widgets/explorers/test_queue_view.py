"""The queues that the latency explorer plays: their ratios are those of the setting."""

from __future__ import annotations

import json

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.widgets.explorers.latency_sides import LatencySetting, sample
from k8sexpose.widgets.explorers.queue_view import MOST_ROWS, requests_of, rows_of


@pytest.mark.parametrize(("busy", "workers"), [(0.5, 1), (0.9, 1), (0.8, 4)])
def test_a_pod_is_as_busy_as_it_is_said_to_be(busy: float, workers: int) -> None:
    times = np.array(requests_of(busy, workers, 60_000, (1,)))
    _, begins, ends = times.T
    worked = (np.minimum(ends, 60_000) - np.clip(begins, 0, 60_000)).clip(0).sum()
    assert worked / 60_000 / workers == pytest.approx(busy, rel=0.06)
    middle = np.array([((begins <= at) & (at < ends)).sum() for at in range(0, 60_000, 500)])
    assert middle.max() <= workers, "no more are served at once than there are workers"


def test_an_overloaded_pod_has_a_queue_that_grows() -> None:
    def waiting(at_ms: float) -> int:
        times = requests_of(1.3, 1, 4000, (2,), warm_ms=0)
        return sum(arrives <= at_ms < begins for arrives, begins, _ in times)

    assert waiting(3900) > 2 * waiting(1000) > 0


def test_every_policy_has_its_pods_and_many_are_cut() -> None:
    setting = LatencySetting("10 × 1", utilisation=60)
    rows = rows_of(setting, sample(setting))
    assert [row["policy"] for row in rows] == ["Cluster"] * MOST_ROWS + ["Local"] * MOST_ROWS
    assert len(json.dumps(rows)) < 100_000 and all(abs(row["busy"] - 60) <= 1 for row in rows)


def test_the_explorer_plays_what_is_set() -> None:
    explorer = kx.latency_explorer()
    assert explorer.live is not None
    before = explorer.live.widget.rows
    explorer.controls["utilisation"].value = 80
    assert explorer.live.widget.rows != before and max(row["busy"] for row in explorer.live.widget.rows) == 120


def test_pods_are_in_the_same_order_under_both_policies() -> None:
    setting = LatencySetting()
    rows = rows_of(setting, sample(setting))
    cluster, local = ([row["pod"] for row in rows if row["policy"] == policy] for policy in ("Cluster", "Local"))
    assert cluster == local == sorted(cluster)


def test_the_dots_are_as_slow_at_every_utilisation() -> None:
    for utilisation in (10, 60, 95):
        setting = LatencySetting(utilisation=utilisation)
        assert {row["window"] for row in rows_of(setting, sample(setting))} == {1000.0}
