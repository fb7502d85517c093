"""What is sent: how many requests, how often, by whom, and how long a worker needs for one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["DISTRIBUTIONS", "Workload"]

DISTRIBUTIONS = ("exponential", "lognormal", "constant")


@dataclass(frozen=True, slots=True)
class Workload:
    """The requests of a simulation.

    Parameters
    ----------
    requests : int
        How many.
    rate_rps : float
        How many come per second on average (Poisson arrivals).
    clients : int
        From how many clients.
    requests_per_connection : int
        How many requests a connection carries.
    service_ms : float
        Mean time that a worker needs for a request, in milliseconds.
    workers : int
        How many requests a Pod serves at once.
    distribution : str
        Of the service time: ``exponential``, ``lognormal`` or ``constant``.
    sigma : float
        Of the lognormal distribution: standard deviation of the logarithm.
    client_skew : float
        The k-th client asks in proportion to 1/k to this power (Zipf).
    seed : int
        Same seed, same numbers.

    Raises
    ------
    ValueError
        If a number makes no sense.

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
    sigma: float = 1.0
    client_skew: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("requests", "clients", "requests_per_connection", "workers"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} is a whole number from 1 on, not {value!r}")
        for name in ("rate_rps", "service_ms", "sigma"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name} is a number above 0, not {value!r}")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"distribution {self.distribution!r} is none of {', '.join(DISTRIBUTIONS)}")
        if not 0 <= self.client_skew < math.inf:
            raise ValueError(f"client_skew is a number from 0 on, not {self.client_skew!r}")

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
        """More than any time that can come up: all requests at one worker of one Pod."""
        return 4 * (1000 * self.duration_s + self.requests * self.service_ms)
