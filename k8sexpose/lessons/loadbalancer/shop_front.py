"""The second exercise of lesson 2: four values that make a load balancer for a shop on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...api.errors import ApiError, ManifestError, NotExposed
from ...api.service import Service
from ...model import Cluster
from ...router.router import routes
from ..exercise_table import ExerciseTable, counted
from ..forms import shown, unanswered

__all__ = ["ShopFront", "shop_front"]

TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
CLIENT_PORT, POD_PORT = 443, 8443


@dataclass(frozen=True, slots=True, repr=False)
class ShopFront(ExerciseTable):
    """What comes of four values; `solved` says whether the shop is reached as wanted.

    Parameters
    ----------
    rows : tuple of (str, str, bool)
        What is wanted, what was found, and whether it is as wanted.
    manifest : str
        The Service that was applied.

    Examples
    --------
    >>> ShopFront((), "").solved
    False
    """

    ID: ClassVar[str] = "lb-shop-front"
    HEAD: ClassVar[tuple[str, ...]] = ("wanted", "what happens", "as wanted")

    rows: tuple[tuple[str, str, bool], ...]
    manifest: str

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which wishes are granted."""
        return tuple(good for _, _, good in self.rows)

    @property
    def begun(self) -> bool:
        """Whether all four values were given."""
        return bool(self.manifest)

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for wanted, found, good in self.rows:
            yield wanted, found, "✓" if good else "✗"


def shop_front(
    service_type: object = None, annotation: object = None, port: object = None, target_port: object = None
) -> ShopFront:
    """Apply a Service for the Pods of the shop with the given values on AWS, wait, and let a client connect.

    Parameters
    ----------
    service_type, annotation, port, target_port : object
        The Service's type, the value of the annotation that chooses the load balancer, and the two ports.

    Returns
    -------
    ShopFront
        A table of what is wanted and what happens; nothing is ever raised.

    Examples
    --------
    >>> shop_front("NodePort", "nlb", 443, 8443).solved
    False
    """
    values = {"service_type": service_type, "annotation": annotation, "port": port, "target_port": target_port}
    empty = [name for name, value in values.items() if unanswered(value)]
    if empty:
        return ShopFront((("four values", f"still empty: {', '.join(empty)}", False),), "")
    cluster = Cluster(nodes=3, provider="aws")
    cluster.deploy("shop", per_node=[1, 1, 1], port=POD_PORT)
    manifest = _manifest(service_type, annotation, port, target_port)
    try:
        cluster.apply(manifest)
    except ApiError as error:
        return counted(ShopFront((("the API server accepts the Service", error.message, False),), manifest))
    except (ManifestError, FileNotFoundError) as error:
        return counted(ShopFront((("the manifest can be read", str(error), False),), manifest))
    cluster.advance(600)
    return counted(ShopFront(tuple(_judge(cluster)), manifest))


def _manifest(service_type: object, annotation: object, port: object, target_port: object) -> str:
    """Write the manifest of the shop; what does not fit on one line of YAML is shortened."""
    kind, name, outside, inside = (
        shown(value).replace("\n", " ") for value in (service_type, annotation, port, target_port)
    )
    return (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\n  annotations:\n"
        f'    {TYPE}: "{name}"\n'
        f"spec:\n  type: {kind}\n  selector:\n    app: shop\n  ports:\n"
        f"  - port: {outside}\n    targetPort: {inside}\n"
    )


def _judge(cluster: Cluster) -> Iterator[tuple[str, str, bool]]:
    service = cluster.service("shop")
    yield "the API server accepts the Service", "accepted", True
    made = next((balancer.kind.full_title for balancer in cluster.load_balancers.values()), _why_none(service))
    yield "AWS builds a Network Load Balancer", made, made.startswith("Network Load Balancer")
    yield f"a client on the internet gets an answer on port {CLIENT_PORT}", *_answer(cluster, service)


def _why_none(service: Service) -> str:
    """Return why nobody has built a load balancer."""
    if service.type != "LoadBalancer":
        return f"none: type {service.type} asks for no load balancer"
    return (
        f'none: the annotation "{service.annotations.get(TYPE, "")}" tells the in-tree controller to leave the Service '
        "to another controller, and this cluster has no other"
    )


def _answer(cluster: Cluster, service: Service) -> tuple[str, bool]:
    """Return what a client on the internet gets on the shop's port."""
    address = service.load_balancer_address
    if not address:
        pending = service.type == "LoadBalancer"
        return "EXTERNAL-IP is still <pending>" if pending else f"type {service.type} has no EXTERNAL-IP", False
    if all(port.port != CLIENT_PORT for port in service.ports):
        return f"the load balancer listens on port {service.ports[0].port}", False
    try:
        found = routes(cluster, f"{address}:{CLIENT_PORT}")
    except (NotExposed, ValueError, KeyError) as error:
        return str(error), False
    good = all(route.delivered for route in found)
    return (found[0].outcome if good else next(route.reason for route in found if not route.delivered)), good
