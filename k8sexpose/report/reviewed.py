"""What a review has found, as values: what is drawn or written as JSON is computed from these."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..cost.billing import Bill
from ..cost.usage import MonthlyTraffic
from ..model import Cluster
from ..router.reach import Entrance
from .assumptions import EXPOSED
from .environment import Environment
from .findings import Finding
from .policy_advice import ServiceComparison

__all__ = ["ReviewedFacts", "ServiceReview"]


@dataclass(frozen=True, slots=True)
class ServiceReview:
    """One Service: how it is exposed, and both policies.

    Parameters
    ----------
    name, type : str
        ``namespace/name``, and type.
    address, ports, reached_by : str
        Where it is dialled, on which ports, and who reaches it.
    ready : int
        Ready Pods behind its first port.
    comparison : ServiceComparison, optional
        Both policies; None where there is nothing to compare.
    why_not : str
        Why there is not.
    entrances : tuple of Entrance
        Every entrance, as `kx.reach` lists them.
    judged : bool
        Whether the dump tells which endpoints are ready.
    """

    name: str
    type: str
    address: str
    ports: str
    reached_by: str
    ready: int
    comparison: ServiceComparison | None = None
    why_not: str = ""
    entrances: tuple[Entrance, ...] = ()
    judged: bool = True

    @property
    def ready_text(self) -> str:
        """The number of ready Pods, or that the dump does not tell."""
        return str(self.ready) if self.judged else "not known"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReviewedFacts:
    """The fields of a review; `k8sexpose.Review` describes them."""

    provider: str
    region: str
    guess: str
    size: str
    findings: tuple[Finding, ...]
    services: tuple[ServiceReview, ...]
    bill: Bill
    assumptions: tuple[str, ...]
    cluster: Cluster
    estimate: Bill
    utilisation: float = 0.5
    service_ms: float = 10.0
    workers: int = 1
    lacks: tuple[str, ...] = ()
    around: Environment | None = None
    internet: tuple[Entrance, ...] = ()
    traffic: MonthlyTraffic = field(default_factory=MonthlyTraffic)
    sharing: int = 0

    @property
    def exposed(self) -> tuple[ServiceReview, ...]:
        """The Services with a node port or a load balancer."""
        return tuple(one for one in self.services if one.type in EXPOSED)
