"""The last exercise of lesson 2: a Service for two offices and nobody else, whichever door they try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..._display import html_table
from ...api.errors import ApiError, ManifestError, NotExposed
from ...api.service import Service
from ...model import Cluster
from ...router.router import routes
from ..forms import shown

__all__ = ["Door", "Doors", "offices"]

# Who tries, and whether they may come in. The last one is a neighbour of the second office's range.
CLIENTS = {
    "192.0.2.10": ("office 1", True),
    "203.0.113.70": ("office 2", True),
    "203.0.113.7": ("a stranger", False),
    "203.0.113.90": ("office 2's neighbour", False),
}
BELIEF = 22


@dataclass(frozen=True, slots=True)
class Door:
    """What one client gets at one door.

    Parameters
    ----------
    client, door : str
        Who tries, and where.
    outcome : str
        What comes of it.
    wanted : bool
        Whether it is as the offices want it.

    Examples
    --------
    >>> Door("a stranger", "node port", "delivered", False).wanted
    False
    """

    client: str
    door: str
    outcome: str
    wanted: bool


@dataclass(frozen=True, slots=True, repr=False)
class Doors:
    """Every client at every door; `solved` says whether all is as wanted.

    Parameters
    ----------
    rows : tuple of Door
        One for each attempt.
    problem : str
        Why nothing could be tried; empty otherwise.

    Examples
    --------
    >>> Doors((), "refused").solved
    False
    """

    rows: tuple[Door, ...]
    problem: str = ""

    @property
    def solved(self) -> bool:
        """True when the offices come in, and nobody else does."""
        return bool(self.rows) and all(row.wanted for row in self.rows)

    @property
    def misconception(self) -> int | None:
        """The belief that leaves a door open, in the course's list."""
        front = [row for row in self.rows if row.door == "load balancer"]
        open_beside = any(not row.wanted and row.door != "load balancer" for row in self.rows)
        return BELIEF if open_beside and all(row.wanted for row in front) else None

    @property
    def _caption(self) -> str:
        if self.problem:
            return self.problem
        why = " (the ranges guard the load balancer's address only)" if self.misconception else ""
        return f"{sum(row.wanted for row in self.rows)} of {len(self.rows)} as wanted{why}"

    def _cells(self) -> Iterator[tuple[str, str, str, str]]:
        for row in self.rows:
            yield row.client, row.door, row.outcome, "✓" if row.wanted else "✗"

    def __repr__(self) -> str:
        return "\n".join([self._caption, *("  " + " | ".join(cells) for cells in self._cells())])

    def _repr_html_(self) -> str:
        return html_table(self._caption, ("who", "door", "gets", "as wanted"), self._cells())


def offices(manifest: object = "") -> Doors:
    """Apply a manifest on a cluster at GCP, wait, and let offices and strangers try every door.

    Parameters
    ----------
    manifest : str
        The text of a manifest with one Service; the Pods have the label ``app: payroll`` and listen on 8080.

    Returns
    -------
    Doors
        A table of who gets what; nothing is ever raised.

    Examples
    --------
    >>> from k8sexpose.data import example
    >>> offices(example("payroll").read_text()).solved
    False
    """
    if not isinstance(manifest, str) or "\n" not in manifest:
        return Doors((), f"no manifest: {shown(manifest)}")
    cluster = Cluster(nodes=3, provider="gcp")
    cluster.deploy("payroll", per_node=[1, 1, 0])
    try:
        applied = [result.object for result in cluster.apply(manifest)]
    except ApiError as error:
        return Doors((), f"the API server refuses it: {error.message}")
    except (ManifestError, FileNotFoundError) as error:
        return Doors((), f"it never reaches the API server: {error}")
    services = [found for found in applied if isinstance(found, Service)]
    if len(services) != 1:
        return Doors((), f"one Service is wanted; these are {len(services)}")
    cluster.advance(300)
    try:
        return Doors(tuple(_try(cluster, cluster.service(services[0].key))))
    except (NotExposed, ValueError, KeyError) as error:
        return Doors((), f"nobody can try it: {error}")


def _try(cluster: Cluster, service: Service) -> Iterator[Door]:
    for port in service.ports:
        address = next((entry.address for entry in service.load_balancer_ingress if entry.address), None)
        for client, (name, may) in CLIENTS.items():
            outcome = _worst(cluster, f"{address}:{port.port}", client, may) if address else "no address"
            yield Door(f"{name} ({client})", "load balancer", outcome, may is (outcome == "delivered"))
        for client, (name, may) in CLIENTS.items():
            if may:
                continue
            who = f"{name} ({client})"
            if not port.node_port:
                yield Door(who, "node port", "there is none", True)
                continue
            targets = (f"{node.addresses[0]}:{port.node_port}" for node in cluster.nodes)
            found = [_worst(cluster, target, client, may) for target in targets]
            outcome = "delivered" if "delivered" in found else found[0]
            yield Door(who, f"node port {port.node_port}", outcome, outcome != "delivered")


def _worst(cluster: Cluster, target: str, client: str, may: bool) -> str:
    """Give the outcome that is furthest from what is wanted, of all ways that are possible."""
    outcomes = [way.outcome for way in routes(cluster, target, client)]
    return next((outcome for outcome in outcomes if may is not (outcome == "delivered")), outcomes[0])
