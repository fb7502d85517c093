"""First come, first served: when each request leaves its Pod.

With one worker a request begins when it has arrived and the one before it has left: D(n) = max(T(n), D(n−1)) + S(n)
(Lindley 1952). Written with the sum of all service times so far, W(n) = S(1) + … + S(n), this is
D(n) = W(n) + max over k ≤ n of (T(k) − W(k−1)): a running sum and a running maximum, which NumPy does for whole
blocks. Sum and maximum are carried from block to block, so that no number depends on where a block ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .random_streams import Floats

__all__ = ["Queues"]


class Queues:
    """One queue for each Pod.

    Parameters
    ----------
    pods : int
        How many Pods.
    workers : int
        How many requests a Pod serves at once; with more than one the loop is in Python, and slower.

    Attributes
    ----------
    work_s : ndarray of float64, shape (pods,)
        Service time that each Pod has been asked for so far, in seconds.

    Examples
    --------
    >>> queues = Queues(1)
    >>> queues.serve(np.array([4]), np.array([0.0, 1.0, 2.0, 9.0]), np.array([2.0, 2.0, 2.0, 2.0]))
    array([ 2.,  4.,  6., 11.])
    """

    def __init__(self, pods: int, workers: int = 1) -> None:
        self.workers = workers
        self.work_s = np.zeros(pods)
        self._idle_s = np.full(pods, -np.inf)  # the running maximum: how long the Pod had nothing to do
        self._free_s = [[-np.inf] * workers for _ in range(pods)]  # when each worker is free

    def clear(self, pods: Iterable[int]) -> None:
        """Forget the backlog of Pods: their node has crashed."""
        for pod in pods:
            self._idle_s[pod] = -np.inf
            self._free_s[pod] = [-np.inf] * self.workers

    def serve(self, counts: NDArray[np.integer], arrival_s: Floats, service_s: Floats) -> Floats:
        """Let requests through, all of one Pod after the other.

        Parameters
        ----------
        counts : ndarray of int, shape (pods,)
            How many requests of the block each Pod gets.
        arrival_s : ndarray of float64, shape (n,)
            When they arrive, in seconds; ascending for each Pod.
        service_s : ndarray of float64, shape (n,)
            How long they are served, in seconds; used up.

        Returns
        -------
        ndarray of float64, shape (n,)
            When they leave, in seconds.
        """
        if not len(arrival_s):
            return np.empty(0)
        busy = np.flatnonzero(counts)
        ends = np.cumsum(counts)[busy]
        starts = ends - counts[busy]
        slices = [slice(*pair) for pair in zip(starts.tolist(), ends.tolist(), strict=True)]
        if self.workers > 1:
            return self._serve_many(busy, slices, arrival_s, service_s)
        before = self.work_s[busy]
        service_s[starts] += before
        for one in slices:
            np.add.accumulate(service_s[one], out=service_s[one])
        idle = np.empty_like(arrival_s)
        np.subtract(arrival_s[1:], service_s[:-1], out=idle[1:])
        idle[starts] = np.maximum(arrival_s[starts] - before, self._idle_s[busy])
        for one in slices:
            np.maximum.accumulate(idle[one], out=idle[one])
        self.work_s[busy] = service_s[ends - 1]
        self._idle_s[busy] = idle[ends - 1]
        idle += service_s
        return idle

    def _serve_many(
        self, busy: NDArray[np.integer], slices: list[slice], arrival_s: Floats, service_s: Floats
    ) -> Floats:
        """Give each request to the worker that is free first (Kiefer and Wolfowitz 1955)."""
        leaves = np.empty_like(arrival_s)
        for pod, one in zip(busy.tolist(), slices, strict=True):
            free, out = self._free_s[pod], []
            for arrives, lasts in zip(arrival_s[one].tolist(), service_s[one].tolist(), strict=True):
                first = free[0]
                left = (first if first > arrives else arrives) + lasts
                heapq.heapreplace(free, left)
                out.append(left)
            leaves[one] = out
            service_s[one.start] += self.work_s[pod]
            self.work_s[pod] = np.add.accumulate(service_s[one])[-1]
        return leaves
