"""What is sent: how many requests, how often, by whom, and how long a worker needs for one."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["DISTRIBUTIONS", "Workload"]

DISTRIBUTIONS = ("exponential", "lognormal", "constant")


@dataclass(frozen=True, slots=True)
class Workload:
    """The requests of a simulation: the parameters of `simulate` that describe them, which checks the numbers.

    Examples
    --------
    >>> Workload(requests=6000, rate_rps=300).duration_s
    20.0
    """

    requests: int = 100_000
    rate_rps: float = 300.0
    clients: int = 200
    requests_per_connection: int = 1
    service_ms: float = 10.0
    workers: int = 1
    distribution: str = "exponential"
    sigma: float = 1.0  # standard deviation of the logarithm of a lognormal service time
    client_skew: float = 0.0  # exponent of Zipf's law
    seed: int = 0

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"distribution {self.distribution!r} is none of {', '.join(DISTRIBUTIONS)}")

    @property
    def duration_s(self) -> float:
        """How long the requests come, on average, in seconds."""
        return self.requests / self.rate_rps

    @property
    def variation(self) -> float:
        """Variance of the service time over its squared mean."""
        return {"exponential": 1.0, "constant": 0.0}.get(self.distribution, math.expm1(self.sigma**2))

    @property
    def longest_ms(self) -> float:
        """More than any time that can occur, even if one worker of one Pod serves all requests, in milliseconds."""
        return 4 * (1000 * self.duration_s + self.requests * self.service_ms)
