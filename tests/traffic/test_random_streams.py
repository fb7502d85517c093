"""Random numbers: exact choices, even hashes."""

from __future__ import annotations

import numpy as np
import pytest

from k8sexpose.traffic.random_streams import Choice, hash_uniform


def test_choice_is_exact() -> None:
    weights = [0.5, 0.0, 0.125, 0.375]
    grid = (np.arange(4000) + 0.5) / 4000
    found = np.bincount(Choice.of(weights).pick(grid), minlength=4) / 4000
    assert found.tolist() == pytest.approx(weights, abs=5e-4)
    assert Choice.of([1, 1, 1]).pick(np.array([np.nextafter(1, 0)]))[0] == 2


def test_hashes_are_even_and_apart() -> None:
    one, two = (hash_uniform(7, salt, np.arange(100_000)) for salt in (1, 2))
    assert np.bincount((one * 10).astype(int)).std() < 300
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.02
