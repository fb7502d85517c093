"""The bins of latencies."""

from __future__ import annotations

import numpy as np

from k8sexpose.traffic.histogram import LogHistogram


def test_bins_are_narrow() -> None:
    values = np.geomspace(0.01, 1e6, 50_001)
    histogram = LogHistogram(1)
    histogram.add(values[None], np.array([0]), np.array([0]))
    levels = [0.01, 0.5, 0.9, 0.99]
    np.testing.assert_allclose(
        histogram.quantiles(levels, histogram.counts)[0], np.quantile(values, levels), rtol=0.004
    )


def test_slices_add_up_whichever_way_they_are_counted() -> None:
    """Few slices are counted in narrow bins, many in wide ones: the same table."""
    chance = np.random.default_rng(0)
    values = chance.lognormal(size=(4, 5000))
    few, many = LogHistogram(1, slices=4), LogHistogram(1, slices=4)
    few.add(values, np.arange(4) * 1250, np.arange(4))
    for start in range(0, 5000, 5):  # so small that bins are more than values
        many.add(values[:, start : start + 5], np.array([0]), np.array([start // 1250]))
    bins = min(few.counts.shape[1], many.counts.shape[1])
    assert (few.counts[:, :bins] == many.counts[:, :bins]).all() and few.counts.sum() == many.counts.sum() == 20_000
    assert (few.sliced[:, :, : bins >> 4] == many.sliced[:, :, : bins >> 4]).all()
    assert few.sliced.sum() == many.sliced.sum() == 20_000


def test_the_smallest_can_be_taken_back() -> None:
    histogram = LogHistogram(2, 1.0, slices=2)
    histogram.add(np.array([[1.0, 1.0, 3.0]]), np.array([0, 1]), np.array([1, 3]))
    histogram.take_back(np.array([1, 3]), np.array([1, 1]))
    assert histogram.counts.sum(1).tolist() == [0, 1] and histogram.sliced.sum(2).tolist() == [[0, 0], [0, 1]]
