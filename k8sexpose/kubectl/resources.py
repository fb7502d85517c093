"""The resources that kubectl knows here: their names, how to find them, how to print them.

Sources: ``pkg/resource/{builder,selector}.go`` (cli-runtime), ``pkg/labels/selector.go`` (apimachinery).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..api.errors import missing
from ..model import Cluster
from . import printers
from . import serialization as wire
from .event_series import sightings
from .result import KubectlError

__all__ = ["RESOURCES", "Resource", "find_resource", "requests", "selects"]


# Kinds that a real cluster knows and this model does not: they deserve another answer than a misspelt kind.
OTHER_KINDS = frozenset(
    (
        "ConfigMap", "Secret", "Namespace", "ServiceAccount", "Endpoints", "PersistentVolumeClaim", "PersistentVolume",
        "Event", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Ingress", "IngressClass", "NetworkPolicy",
        "Gateway", "GatewayClass", "HTTPRoute", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
        "HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceCIDR", "IPAddress",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """One type of objects.

    Parameters
    ----------
    kind : str
        ``Service``.
    plural : str
        ``services``.
    short : tuple of str
        Other names by which kubectl knows it.
    group : str
        API group; empty for the core.
    namespaced : bool
        False for what belongs to the whole cluster.
    objects : callable
        Gives all objects of a cluster.
    cells : callable
        Prints the cells of one object; wide or not.
    to_dict : callable
        Writes one object as plain objects.

    Examples
    --------
    >>> find_resource("svc").plural
    'services'
    """

    kind: str
    plural: str
    short: tuple[str, ...]
    group: str
    namespaced: bool
    objects: Callable[[Cluster], Iterable[Any]]
    cells: Callable[[Cluster, Any, bool], list[str]]
    to_dict: Callable[[Cluster, Any], dict[str, Any]]

    @property
    def singular(self) -> str:
        """``service``."""
        return self.kind.lower()

    @property
    def qualified(self) -> str:
        """The name that kubectl prints: ``service``, ``deployment.apps``."""
        return f"{self.singular}.{self.group}" if self.group else self.singular

    @property
    def qualified_plural(self) -> str:
        """The name that the API server prints: ``services``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def names(self) -> set[str]:
        """Every word that means this resource."""
        words = {self.singular, self.plural, *self.short}
        return words | {f"{word}.{self.group}" for word in (self.singular, self.plural) if self.group}

    def listed(self, cluster: Cluster, namespace: str | None, selector: str = "") -> list[Any]:
        """List the objects of a namespace, or of all (None), by namespace and name."""
        chosen = [
            found
            for found in self.objects(cluster)
            if (not self.namespaced or namespace in (None, found.namespace))
            and (not selector or selects(selector, getattr(found, "labels", {})))
        ]
        return sorted(chosen, key=lambda found: (getattr(found, "namespace", ""), found.name))

    def get(self, cluster: Cluster, namespace: str, name: str) -> Any:
        """Return one object, or raise the server's NotFound."""
        found = self.listed(cluster, namespace)
        for candidate in found:
            if candidate.name == name:
                return candidate
        raise missing(self.qualified_plural, name, (candidate.name for candidate in found))


def _pods_of(cluster: Cluster, deployment: Any) -> Sequence[Any]:
    return cluster.store.pods_of(deployment.namespace, deployment.name)


def _lost(cluster: Cluster, pod: Any) -> bool:
    return not pod.ready and (pod.namespace, pod.name) in cluster.lost_pods


def _all_slices(cluster: Cluster) -> list[Any]:
    """List the EndpointSlices of all Services, and those that somebody wrote for no Service."""
    found = {(part.namespace, part.name): part for part in cluster.store.applied_slices.values()}
    for service in cluster.services:
        found |= {(part.namespace, part.name): part for part in cluster.store.slices(service)}
    return list(found.values())


RESOURCES = (
    Resource(
        "Service", "services", ("svc",), "", True, lambda c: c.services,
        lambda c, o, wide: printers.service(o, c.now_s, wide=wide),
        lambda c, o: wire.service_dict(o),
    ),
    Resource(
        "Node", "nodes", ("no",), "", False, lambda c: c.nodes,
        lambda c, o, wide: printers.node(o, c.now_s, ready=c.node_ready(o.name), wide=wide),
        lambda c, o: wire.node_dict(o, ready=c.node_ready(o.name)),
    ),
    Resource(
        "Pod", "pods", ("po",), "", True, lambda c: c.pods,
        lambda c, o, wide: printers.pod(o, c.now_s, lost=_lost(c, o), wide=wide),
        lambda c, o: wire.pod_dict(o),
    ),
    Resource(
        "Deployment", "deployments", ("deploy",), "apps", True, lambda c: c.deployments,
        lambda c, o, wide: printers.deployment(o, c.now_s, _pods_of(c, o), wide=wide),
        lambda c, o: wire.deployment_dict(o, _pods_of(c, o)),
    ),
    Resource(
        "EndpointSlice", "endpointslices", (), "discovery.k8s.io", True, _all_slices,
        lambda c, o, wide: printers.endpoint_slice(o, c.now_s),
        lambda c, o: wire.slice_dict(o),
    ),
    Resource(
        "Endpoints", "endpoints", ("ep",), "", True,
        lambda c: [service for service in c.services if c.store.slices(service)],
        lambda c, o, wide: printers.endpoints(o, c.now_s, c.store.slices(o)),
        lambda c, o: wire.endpoints_dict(o, c.store.slices(o)),
    ),
    Resource(
        "Event", "events", ("ev",), "", True, lambda c: sightings(c.events),
        lambda c, o, wide: printers.event(o, c.now_s, wide=wide),
        lambda c, o: wire.event_dict(o),
    ),
)  # fmt: skip
BY_NAME = {name: resource for resource in RESOURCES for name in resource.names}
OTHER_NAMES = {f"{kind.lower()}{ending}" for kind in OTHER_KINDS for ending in ("", "s", "es")} | {
    "all", "cm", "ns", "rs", "sts", "ds", "ing", "ingresses", "netpol", "networkpolicies", "pv", "pvc", "sa", "cj",
    "hpa", "pdb", "crd", "customresourcedefinitions", "componentstatuses", "leases",
}  # fmt: skip


def find_resource(word: str) -> Resource:
    """Return the resource that a word means.

    Parameters
    ----------
    word : str
        ``services``, ``service``, ``svc``, ``deployments.apps``, … in any case of letters.

    Returns
    -------
    Resource
        The resource.

    Raises
    ------
    KubectlError
        There is none, or it is not modelled.

    Examples
    --------
    >>> find_resource("ingress")
    Traceback (most recent call last):
        ...
    k8sexpose.kubectl.result.KubectlError: k8sexpose does not model "ingress"; it has services, nodes, pods, \
deployments, endpointslices, endpoints, events
    """
    found = BY_NAME.get(word.lower())
    if found is not None:
        return found
    if word.lower().partition(".")[0] in OTHER_NAMES:
        known = ", ".join(resource.plural for resource in RESOURCES)
        raise KubectlError(f'k8sexpose does not model "{word}"; it has {known}')
    raise KubectlError(f'the server doesn\'t have a resource type "{word}"')


def requests(words: Sequence[str]) -> list[tuple[Resource, list[str]]]:
    """Read ``TYPE``, ``TYPE NAME…``, ``TYPE1,TYPE2`` and ``TYPE/NAME …``.

    Parameters
    ----------
    words : sequence of str
        What stands behind the verb.

    Returns
    -------
    list of (Resource, list of str)
        The types and the names; no names for all objects.

    Raises
    ------
    KubectlError
        The words make no sense.

    Examples
    --------
    >>> [(resource.plural, names) for resource, names in requests(["svc/web", "po/web-1"])]
    [('services', ['web']), ('pods', ['web-1'])]
    """
    if any("/" in word for word in words):
        return [_typed(word, words) for word in words]
    types, names = [find_resource(word) for word in words[0].split(",") if word], list(words[1:])
    if not types:
        raise KubectlError("arguments must consist of a resource and a name")
    return [(resource, names) for resource in dict.fromkeys(types)]


def _typed(word: str, words: Sequence[str]) -> tuple[Resource, list[str]]:
    kind, slash, name = word.partition("/")
    if not slash:
        raise KubectlError(
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource "
            "resource/<resource_name>'"
        )
    if not kind or not name or "/" in name:
        raise KubectlError("arguments in resource/name form must have a single resource and name")
    return find_resource(kind), [name]


# -- label selectors ---------------------------------------------------------------------------------------------------

_TERM = re.compile(
    r"\s*(?:(?P<not>!)\s*)?(?P<key>[A-Za-z0-9][-A-Za-z0-9_./]*)\s*"
    r"(?:(?P<op>==|=|!=)\s*(?P<value>[-A-Za-z0-9_.]*)|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*(?:,|$)"
)


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Tell whether labels satisfy a selector: ``app=web,tier!=back,zone in (a, b),!old``.

    Parameters
    ----------
    selector : str
        As behind ``-l``.
    labels : mapping of str to str
        Labels of an object.

    Returns
    -------
    bool
        True if every term holds.

    Raises
    ------
    KubectlError
        The selector cannot be read.

    Examples
    --------
    >>> selects("app=web,tier notin (back),!old", {"app": "web"})
    True
    """
    position = 0
    while position < len(selector):
        term = _TERM.match(selector, position)
        if term is None or (term["not"] and (term["op"] or term["set"])):
            raise KubectlError(f"unable to parse requirement: found '{selector[position:]}', which is no requirement")
        if not _holds(term, labels):
            return False
        position = term.end()
    return True


def _holds(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    value = labels.get(term["key"])
    if term["set"]:
        listed = value in {text.strip() for text in term["values"].split(",")}
        return listed == (term["set"] == "in")
    if term["op"]:
        return (value == term["value"]) == (term["op"] != "!=")
    return (value is None) == bool(term["not"])
