"""What a verb did, as kubectl prints it: one line an object."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._display import LITERAL, visible

if TYPE_CHECKING:
    from .kinds import KeptObject
    from .objects import Deployment, EndpointSlice, Node, Pod
    from .service import Service
    from .workloads import Workload

__all__ = ["RESOURCES", "ApplyResult", "ApplyResults"]

RESOURCES = {
    "Service": "service", "Pod": "pod", "Node": "node", "Deployment": "deployment.apps",
    "EndpointSlice": "endpointslice.discovery.k8s.io", "StatefulSet": "statefulset.apps", "DaemonSet": "daemonset.apps",
    "ReplicaSet": "replicaset.apps", "Namespace": "namespace", "Endpoints": "endpoints",
    "Ingress": "ingress.networking.k8s.io", "Gateway": "gateway.gateway.networking.k8s.io",
    "HTTPRoute": "httproute.gateway.networking.k8s.io",
}  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class ApplyResult:
    """What a verb of `Cluster` did with one object; it shows itself as kubectl prints it.

    Parameters
    ----------
    kind, namespace, name : str
        The object; cluster-wide kinds have an empty namespace.
    verb : str
        ``created``, ``configured``, ``unchanged``, ``scaled``, ``restarted`` or ``deleted``; ``passed over`` where the
        model does not work with the kind.
    object : Service, Pod, Node, EndpointSlice, Deployment, Workload or KeptObject, optional
        The object afterwards; None where it is gone, or was passed over.
    warnings : tuple of str
        What the server advised against.
    pods : tuple of Pod
        The Pods that run afterwards, where the verb was `deploy` or `scale`.
    resource : str
        What kubectl calls a kind that is not in `RESOURCES`.

    Examples
    --------
    >>> ApplyResult("Service", "default", "web", "created", None)
    service/web created
    """

    kind: str
    namespace: str
    name: str
    verb: str
    object: Service | Pod | Node | EndpointSlice | Deployment | Workload | KeptObject | None
    warnings: tuple[str, ...] = ()
    pods: tuple[Pod, ...] = ()
    resource: str = ""

    def __str__(self) -> str:
        if self.verb == "deleted":
            where = f" from {self.namespace} namespace" if self.namespace else ""
            return f'{RESOURCES[self.kind]} "{self.name}" deleted{where}'
        return f"{self.resource or RESOURCES[self.kind]}/{self.name} {self.verb}"

    def __repr__(self) -> str:
        return visible("\n".join(_lines(self)))

    def _repr_html_(self) -> str:
        return html_lines(_lines(self))


class ApplyResults(tuple[ApplyResult, ...]):
    """What `Cluster.apply` did, object by object: a tuple that shows itself as kubectl prints it.

    Examples
    --------
    >>> web = ApplyResult("Service", "default", "web", "created", None)
    >>> ApplyResults([web, web])
    service/web created
    service/web created
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return html_lines([line for result in self for line in _lines(result)])


def _lines(result: ApplyResult) -> list[str]:
    """Return what a terminal shows of a result: the warnings first, as they come first on a terminal."""
    return [*(f"Warning: {warning}" for warning in result.warnings), str(result)]


def html_lines(lines: list[str]) -> str:
    """Return lines of a terminal in HTML."""
    style = "margin: 0; white-space: pre-wrap"
    text = html.escape(visible("\n".join(lines)))
    return f'<pre class="{LITERAL}" style="{style}">{text}</pre>'
