"""What a controller knows of one Service, and which changes make it act again.

Source: ``controllers/service/controller.go`` (kubernetes/cloud-provider v0.36.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..api.service import Service

__all__ = ["Work", "needs_update"]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Where a controller stands with one Service.

    Parameters
    ----------
    seen : Service, optional
        The version that was dealt with.
    busy : bool
        A call to the cloud is under way; what changes meanwhile waits.
    failures : int
        How often in a row it has failed.
    turn : int
        Counts the calls: a step of an earlier one has lost its meaning.
    problem : str
        What the last failure said.

    Examples
    --------
    >>> Work().busy
    False
    """

    seen: Service | None = None
    busy: bool = False
    failures: int = 0
    turn: int = 0
    problem: str = ""


def needs_update(old: Service, new: Service) -> bool:
    """Tell whether a change to a Service is one that its load balancer must follow.

    Selector, internalTrafficPolicy and trafficDistribution are not among them (``needsUpdate``).

    Parameters
    ----------
    old, new : Service
        Before and after.

    Returns
    -------
    bool
        True where the cloud is called again.

    Examples
    --------
    >>> needs_update(Service("web"), Service("web", annotations={"a": "b"}))
    True
    """
    return any(part(old) != part(new) for part in _UPDATES)


_UPDATES: tuple[Callable[[Service], object], ...] = (
    lambda s: s.type, lambda s: s.load_balancer_class, lambda s: s.load_balancer_source_ranges, lambda s: s.ports,
    lambda s: (s.session_affinity, s.session_affinity_timeout_s), lambda s: s.load_balancer_ip,
    lambda s: s.external_ips, lambda s: s.annotations, lambda s: s.external_traffic_policy,
    lambda s: s.health_check_node_port, lambda s: len(s.ip_families),
)  # fmt: skip
