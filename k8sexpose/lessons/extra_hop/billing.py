"""The third exercise of lesson 4: a ClusterIP Service that a template has given a line too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...api.service import Service
from ...kubectl import run as kubectl
from ...model import Cluster
from ...router.router import routes
from ..exercise_table import ExerciseTable, counted
from ..forms import shown, unanswered

__all__ = ["FIRST", "Billing", "billing_service"]

NAME, TYPE, PORT, POD_PORT = "billing", "ClusterIP", 80, 8080
CREATED = "the API server creates the Service"
OPEN = (f"the Service {NAME} has the type {TYPE}", f"a Pod of the cluster gets an answer on port {PORT}")
NOT_CREATED = "there is no such Service"
# What is written in the cell of the exercise: nobody has answered while it is unchanged.
FIRST = """
apiVersion: v1
kind: Service
metadata:
  name: billing
spec:
  type: ClusterIP
  externalTrafficPolicy: Cluster
  selector:
    app: billing
  ports:
  - port: 80
    targetPort: 8080
"""


@dataclass(frozen=True, slots=True, repr=False)
class Billing(ExerciseTable):
    """What comes of a manifest; `solved` says whether it makes the Service that the team needs.

    Parameters
    ----------
    rows : tuple of (str, str, bool)
        What is wanted, what was found, and whether it is as wanted.
    begun : bool
        Whether the manifest was changed.

    Examples
    --------
    >>> Billing(()).solved
    False
    """

    ID: ClassVar[str] = "hop-billing"
    HEAD: ClassVar[tuple[str, ...]] = ("wanted", "what happens", "as wanted")

    rows: tuple[tuple[str, str, bool], ...]
    begun: bool = False

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which conditions are met."""
        return tuple(good for _, _, good in self.rows)

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for wanted, found, good in self.rows:
            yield wanted, found, "✓" if good else "✗"


def billing_service(manifest: object = None) -> Billing:
    r"""Apply a manifest to a fresh cluster with the Pods of billing, and let another Pod connect to the Service.

    Parameters
    ----------
    manifest : object
        The text of the manifest.

    Returns
    -------
    Billing
        A table of what is wanted and what happens. Nothing is ever raised.

    Examples
    --------
    >>> billing_service(FIRST.replace("  externalTrafficPolicy: Cluster\n", "")).solved
    True
    """
    begun = not unanswered(manifest) and manifest != FIRST
    return counted(Billing(tuple(_judge(manifest)), begun))


def _judge(manifest: object) -> Iterator[tuple[str, str, bool]]:
    cluster = Cluster(nodes=3)
    cluster.deploy(NAME, per_node=[1, 1, 0], port=POD_PORT)
    cluster.deploy("checkout", per_node=[0, 0, 1])
    if not isinstance(manifest, str):
        said, good = f"the manifest must be a text, and not {shown(manifest)}", False
    else:
        applied = kubectl(cluster, "apply -f -", stdin=manifest)
        said, good = (applied.stderr or applied.stdout).strip(), applied.rc == 0
    yield CREATED, said, good
    found = next((service for service in cluster.services if service.name == NAME), None)
    if found is None:
        yield from ((wanted, NOT_CREATED, False) for wanted in OPEN)
        return
    yield OPEN[0], f"type {found.type}", found.type == TYPE
    yield OPEN[1], *_answer(cluster, found)


def _answer(cluster: Cluster, service: Service) -> tuple[str, bool]:
    """Return what a Pod gets at the ClusterIP of a Service."""
    if service.cluster_ip in ("", "None"):
        return "the Service has no ClusterIP", False
    ways = routes(cluster, f"{service.cluster_ip}:{PORT}", client="pod/checkout-1")
    bad = next((way.reason for way in ways if not way.delivered), "")
    return bad or "an answer", not bad
