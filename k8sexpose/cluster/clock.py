"""The clock of a cluster, and what is due on it.

Time does not move until somebody advances it. A *step* is a value that, called with the cluster, does what is due; it
looks at the state it finds, so that a step whose reason is gone (the node came back) does nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ..api.checks import CLOCK_END_S, seconds

__all__ = ["Clock", "Step"]

Step = Callable[[Any], None]


@dataclass(slots=True)
class Clock:
    """Cluster time and the queue of due steps."""

    now_s: float = 0.0
    queue: list[tuple[float, int, Step]] = field(default_factory=list)
    scheduled: int = 0

    @property
    def next_at_s(self) -> float | None:
        """Cluster time of the next step; None if nothing is due."""
        return self.queue[0][0] if self.queue else None

    def schedule(self, at_s: float, step: Step) -> None:
        """Put a step on the queue; steps of the same moment run in the order they were put there.

        Every way into the queue leads through here: what is no number of seconds would stop the clock for all others.
        What lies beyond the end of the clock is never due, and not kept.
        """
        if isinstance(at_s, float) and CLOCK_END_S < at_s < float("inf"):
            return
        at_s = seconds(at_s, "the moment of a step")
        self.scheduled += 1
        heapq.heappush(self.queue, (max(at_s, self.now_s), self.scheduled, step))

    def pop(self) -> Step:
        """Take the next step, and move the clock to it."""
        self.now_s, _, step = heapq.heappop(self.queue)
        return step

    def copy(self) -> Clock:
        """Return a clock that goes on apart from this one."""
        return Clock(self.now_s, list(self.queue), self.scheduled)


def timestamp(now_s: float) -> str:
    """Return cluster time as RFC 3339; the clock starts with the year 2026."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=int(now_s))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
