"""The bins of latencies."""

from __future__ import annotations

import numpy as np

from k8sexpose.traffic.histogram import LogHistogram


def test_bins_are_narrow() -> None:
    values = np.geomspace(0.01, 1e6, 50_001)
    histogram = LogHistogram(1)
    histogram.add(values, np.zeros(len(values), dtype=int))
    levels = [0.01, 0.5, 0.9, 0.99]
    np.testing.assert_allclose(histogram.quantiles(levels)[0], np.quantile(values, levels), rtol=0.004)
