"""Queues over several blocks."""

from __future__ import annotations

import numpy as np

from k8sexpose.traffic.queues import Queues


def test_backlog_is_carried_over() -> None:
    whole, parts = Queues(2), Queues(2)
    arrive, serve = np.array([0.0, 1.0, 2.0, 0.5, 1.5]), np.array([3.0, 3.0, 3.0, 1.0, 0.2])
    at_once = whole.serve(np.array([3, 2]), arrive, serve.copy())
    first = parts.serve(np.array([2, 1]), arrive[[0, 1, 3]], serve[[0, 1, 3]])
    second = parts.serve(np.array([1, 1]), arrive[[2, 4]], serve[[2, 4]])
    assert at_once[[0, 1, 3, 2, 4]].tolist() == [*first, *second] == [3.0, 6.0, 1.5, 9.0, 1.7]
