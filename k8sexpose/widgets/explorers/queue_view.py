"""The queue before each Pod, made visible: requests as dots that arrive, wait, and are served at their true ratios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from ...plots.traffic import side_looks
from ...traffic.policy_comparison import PolicyComparison
from ...traffic.scan import responses_of_several_workers
from ..notebook_keys import with_notebook_keys
from .latency_sides import SERVICE_MS, LatencySetting

__all__ = ["QueueView", "requests_of", "rows_of"]

MOST_ROWS = 8  # Pods of one policy: the busiest and the least busy
MOST_REQUESTS = 160  # of one Pod, in the stretch that is played
WARM_MS, WINDOW_MS = 2000.0, 1000.0


def requests_of(
    busy: float, workers: int, window_ms: float, seed: tuple[int, ...], warm_ms: float = WARM_MS
) -> list[list[float]]:
    """Return when requests arrive at one Pod, when their work begins, and when it ends, in ms of the stretch.

    Parameters
    ----------
    busy : float
        Offered load of each worker, from 0; above 1 the queue grows.
    workers : int
        How many requests the Pod serves at once.
    window_ms : float
        Length of the stretch.
    seed : tuple of int
        The same seed, the same requests.
    warm_ms : float
        What is played before, unseen: the queue is as long as it is at any moment.

    Examples
    --------
    >>> requests_of(0.0, 1, 100, (0,))
    []
    >>> all(arrives <= begins < ends for arrives, begins, ends in requests_of(0.9, 1, 500, (0,)))
    True
    """
    rng = np.random.default_rng(seed)
    mean = busy * workers * (warm_ms + window_ms) / SERVICE_MS
    count = int(rng.poisson(mean))
    arrives = np.sort(rng.uniform(-warm_ms, window_ms, count))
    service = rng.exponential(SERVICE_MS, count)
    if not count:
        return []
    gaps = np.diff(arrives, prepend=arrives[0])[:, None]
    responses, _ = responses_of_several_workers(gaps, service[:, None], np.array([0]), np.zeros((1, workers)))
    ends = arrives + responses.ravel()
    begins = np.maximum(ends - service, arrives).round(1)
    times = np.column_stack([arrives.round(1), begins, np.maximum(ends.round(1), begins + 0.1)])
    return np.round(times[ends > 0], 1).tolist()  # type: ignore[no-any-return]


def rows_of(setting: LatencySetting, both: PolicyComparison) -> list[dict[str, Any]]:
    """Return what is played: for each policy its Pods, each with its requests."""
    looks = side_looks(list(both.expected))
    highest = max(
        one.utilisation * len(one.shares) * max(one.shares.values(), default=0) for one in both.expected.values()
    )
    window_ms = min(WINDOW_MS, MOST_REQUESTS * SERVICE_MS / max(highest * setting.workers, 0.01))
    found = []
    for side, (name, one) in enumerate(both.expected.items()):
        nodes = dict(zip(both.traffic[name].by_pod.index, both.traffic[name].by_pod["node"], strict=True))
        pods = sorted(one.shares, key=lambda pod: -one.shares[pod])
        if len(pods) > MOST_ROWS:
            pods = [*pods[: MOST_ROWS // 2], *pods[-MOST_ROWS // 2 :]]
        # The same order under both policies: a learner compares the two rows of a Pod.
        pods.sort(key=list(one.shares).index)
        for number, pod in enumerate(pods):
            busy = float(one.utilisation * len(one.shares) * one.shares[pod])
            requests = requests_of(busy, setting.workers, window_ms, (side, number, setting.utilisation))
            found.append(
                {
                    "policy": name, "color": looks[name].color, "pod": f"{pod} on {nodes.get(pod, '')}",
                    "busy": round(100 * busy), "requests": requests, "window": window_ms,
                }
            )  # fmt: skip
    return found


class QueueView(anywidget.AnyWidget):
    """The queues of a setting, played slowly; `show` gives it another setting.

    Examples
    --------
    >>> QueueView()
    <Queues of 0 Pods>
    """

    _esm = with_notebook_keys(Path(__file__).parent / "queue_view.js")
    _css = Path(__file__).parent / "queue_view.css"

    rows: Any = traitlets.List().tag(sync=True)
    workers = traitlets.Int(1).tag(sync=True)

    def show(self, setting: LatencySetting, both: PolicyComparison) -> None:
        """Play the queues of a setting."""
        with self.hold_sync():
            self.workers = setting.workers
            self.rows = rows_of(setting, both)

    def __repr__(self) -> str:
        return f"<Queues of {len(self.rows)} Pods>"
