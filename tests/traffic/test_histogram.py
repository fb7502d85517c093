"""The bins of latencies."""

from __future__ import annotations

import numpy as np

from k8sexpose.traffic.histogram import LogHistogram


def test_bins_are_narrow() -> None:
    values = np.geomspace(0.01, 1e6, 50_001)
    histogram = LogHistogram(1)
    histogram.add(values[None], np.zeros(len(values), dtype=int), np.zeros(len(values), dtype=int))
    levels = [0.01, 0.5, 0.9, 0.99]
    np.testing.assert_allclose(histogram.quantiles(levels, [[0]])[0], np.quantile(values, levels), rtol=0.004)


def test_slices_add_up_whichever_way_they_are_counted() -> None:
    """Few slices are counted in narrow bins, many in wide ones: the same table."""
    chance = np.random.default_rng(0)
    values = chance.lognormal(size=(4, 5000))
    part = np.arange(5000) // 1250
    group, absent = np.zeros(5000, dtype=int), np.array([7, 19_999])
    few, many = LogHistogram(1, slices=4), LogHistogram(1, slices=4)
    few.add(values.copy(), group, part, absent)
    for start in range(0, 5000, 5):  # so small that bins are more than values
        some = slice(start, start + 5)
        gone = np.array(
            [at % 5000 - start + at // 5000 * 5 for at in absent if start <= at % 5000 < start + 5], dtype=int
        )
        many.add(values[:, some].copy(), group[some], part[some], gone)
    bins = min(few.counts.shape[1], many.counts.shape[1])
    assert (few.counts[:, :bins] == many.counts[:, :bins]).all() and few.counts.sum() == many.counts.sum() == 19_998
    assert (few.sliced[:, :, : bins >> 4] == many.sliced[:, :, : bins >> 4]).all()
    assert few.sliced.sum() == many.sliced.sum() == 19_998
