"""The resources that kubectl knows here: their names, how to find them, how to print them.

Sources: ``pkg/resource/{builder,selector}.go`` (cli-runtime), ``pkg/labels/selector.go`` (apimachinery).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ..api.documents import API_VERSIONS
from ..api.errors import bad_request, go_quote, missing
from ..api.kinds import BUILT_IN
from ..cluster.clock import timestamp
from ..model import Cluster
from . import kept_printers, printers
from . import serialization as wire
from .event_series import sightings
from .result import KubectlError
from .selectors import field_terms, requirements, selects
from .tabwriter import age

__all__ = ["NO_RESOURCES", "RESOURCES", "Resource", "check_segment", "find_resource", "named", "requests"]


# Kinds that a real cluster knows and this model does not: they deserve another answer than a misspelt kind.
OTHER_KINDS = frozenset(chain.from_iterable(BUILT_IN.values())) - {*API_VERSIONS, "Namespace", "Event"}


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
        """Every word that means it: ``deploy``, ``deployments.apps``, ``deployments.v1.apps``."""
        words = {self.singular, self.plural, *self.short}
        with_version = {f"{word}.v1.{self.group}" for word in words}
        with_dot = {f"{word}." for word in words}  # an empty group means any
        return words | with_version | with_dot | ({f"{word}.{self.group}" for word in words} if self.group else set())

    def listed(
        self, cluster: Cluster, namespace: str | None, selector: str = "", field_selector: str = ""
    ) -> list[Any]:
        """List the objects of a namespace, or of all (None), by namespace and name."""
        try:
            terms = field_terms(self.kind, field_selector)
            requirements(selector)
        except ValueError as error:
            what = f'"{self.group}/v1, Resource={self.plural}" that match label selector {go_quote(selector)}'
            raise bad_request(f"Unable to find {what}, field selector {go_quote(field_selector)}: {error}") from None
        chosen = [
            found
            for found in self.objects(cluster)
            if (not self.namespaced or namespace in (None, found.namespace))
            and (not selector or selects(selector, getattr(found, "labels", {})))
            and all(term.holds(self.to_dict(cluster, found)) for term in terms)
        ]
        return sorted(chosen, key=lambda found: (getattr(found, "namespace", ""), found.name))

    def get(self, cluster: Cluster, namespace: str, name: str) -> Any:
        """Return one object, or raise the server's NotFound."""
        check_segment(name)
        if self.namespaced:
            cluster.api.check_namespace(namespace)
        found = self.listed(cluster, namespace)
        for candidate in found:
            if candidate.name == name:
                return candidate
        raise missing(self.qualified_plural, name, (candidate.name for candidate in found))


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace; the model keeps no more of it than its name."""

    name: str

    @property
    def labels(self) -> dict[str, str]:
        """The label that the API server gives it."""
        return {"kubernetes.io/metadata.name": self.name}


# What every cluster has.
FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def namespaces(cluster: Cluster) -> list[Namespace]:
    """List the namespaces that exist; where every name is one, those of a new cluster and those that are used."""
    if cluster.api.namespaces is not None:
        return [Namespace(name) for name in cluster.api.namespaces]
    tables: tuple[tuple[Any, ...], ...] = (
        cluster.services, cluster.pods, cluster.deployments, tuple(cluster.workloads.values()),
    )  # fmt: skip
    used = {shown.namespace for shown in chain.from_iterable(tables)}
    used |= {name for kind, _, name in cluster.kept if kind == "Namespace"}
    return [Namespace(name) for name in used.union(FIRST_NAMESPACES)]


def namespace_dict(shown: Namespace) -> dict[str, Any]:
    """Write a namespace."""
    metadata = {"name": shown.name, "labels": shown.labels, "creationTimestamp": timestamp(0)}
    return {
        "apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }  # fmt: skip


def _pods_of(cluster: Cluster, deployment: Any) -> Sequence[Any]:
    return cluster.store.pods_of(deployment.namespace, deployment.name)


def _lost(cluster: Cluster, pod: Any) -> bool:
    return not pod.ready and (pod.namespace, pod.name) in cluster.lost_pods


def _workloads(kind: str) -> Callable[[Cluster], Iterable[Any]]:
    return lambda cluster: [found for key, found in cluster.workloads.items() if key[0] == kind]


def _kept(kind: str) -> Callable[[Cluster], Iterable[Any]]:
    return lambda cluster: [found for key, found in cluster.kept.items() if key[0] == kind]


def _owned(cluster: Cluster, owner: Any) -> list[Any]:
    return [pod for pod in cluster.pods if pod.owner == owner.owner and pod.namespace == owner.namespace]


def _workload_resource(kind: str, short: str) -> Resource:
    return Resource(
        kind, f"{kind.lower()}s", (short,), "apps", True, _workloads(kind),
        lambda c, o, wide: kept_printers.workload(o, c.now_s, _owned(c, o), wide=wide),
        lambda c, o: kept_printers.workload_dict(o, _owned(c, o)),
    )  # fmt: skip


def _kept_resource(kind: str, plural: str, short: tuple[str, ...], group: str) -> Resource:
    return Resource(
        kind, plural, short, group, True, _kept(kind),
        lambda c, o, wide: kept_printers.kept(o, c.now_s),
        lambda c, o: kept_printers.kept_dict(o),
    )  # fmt: skip


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
    _workload_resource("StatefulSet", "sts"),
    _workload_resource("DaemonSet", "ds"),
    _workload_resource("ReplicaSet", "rs"),
    _kept_resource("Ingress", "ingresses", ("ing",), "networking.k8s.io"),
    _kept_resource("Gateway", "gateways", ("gtw",), "gateway.networking.k8s.io"),
    _kept_resource("HTTPRoute", "httproutes", (), "gateway.networking.k8s.io"),
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
        "Namespace", "namespaces", ("ns",), "", False, namespaces,
        lambda c, o, wide: [o.name, "Active", age(c.now_s)],
        lambda c, o: namespace_dict(o),
    ),
    Resource(
        "Event", "events", ("ev",), "", True, lambda c: sightings(c.events),
        lambda c, o, wide: printers.event(o, c.now_s, wide=wide),
        lambda c, o: wire.event_dict(o),
    ),
)  # fmt: skip
BY_NAME = {name: resource for resource in RESOURCES for name in resource.names}
OTHER_NAMES = {f"{kind.lower()}{ending}" for kind in OTHER_KINDS for ending in ("", "s", "es")} - set(BY_NAME) | {
    "cm", "netpol", "networkpolicies", "pv", "pvc", "sa", "cj",
    "hpa", "pdb", "crd", "customresourcedefinitions", "componentstatuses", "leases",
}  # fmt: skip


def find_resource(word: str) -> Resource:
    """Return the resource that a word means.

    Parameters
    ----------
    word : str
        ``services``, ``service``, ``svc``, ``deployments.apps``, …; only a short name needs small letters.

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
    >>> find_resource("secrets")
    Traceback (most recent call last):
        ...
    k8sexpose.kubectl.result.KubectlError: k8sexpose does not model "secrets"; it has services, nodes, pods, \
deployments, statefulsets, daemonsets, replicasets, ingresses, gateways, httproutes, endpointslices, endpoints, \
namespaces, events
    """
    found = BY_NAME.get(word) or BY_NAME.get(word.lower())
    # kubectl takes its short names in small letters only.
    if found is not None and (word in BY_NAME or word.lower().partition(".")[0] not in found.short):
        return found
    if word.lower().partition(".")[0] in OTHER_NAMES:
        known = ", ".join(resource.plural for resource in RESOURCES)
        raise KubectlError(f'k8sexpose does not model "{word}"; it has {known}')
    raise KubectlError(f'the server doesn\'t have a resource type "{word.partition(".")[0]}"')


def check_segment(name: str) -> None:
    """Check that a name can be part of a URL, as kubectl does before it asks.

    Parameters
    ----------
    name : str
        Name of an object.

    Raises
    ------
    KubectlError
        It cannot.

    Examples
    --------
    >>> check_segment("a/b")
    Traceback (most recent call last):
        ...
    k8sexpose.kubectl.result.KubectlError: invalid resource name "a/b": [may not contain '/']
    """
    if not name:
        raise KubectlError("resource name may not be empty")
    problems = [f"may not be '{name}'"] if name in (".", "..") else []
    problems += [f"may not contain '{char}'" for char in "/%" if char in name]
    if problems:
        raise KubectlError(f"invalid resource name {go_quote(name)}: [{' '.join(problems)}]")


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
    names = list(words[1:])
    if names and "," in words[0] and "" in words[0].split(","):
        raise KubectlError(NO_SINGLE)
    types = list(chain.from_iterable(map(_types, words[0].split(","))))
    if not types:
        raise KubectlError("arguments must consist of a resource and a name")
    return [(resource, names) for resource in dict.fromkeys(types)]


NO_RESOURCES = """You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""

NO_SINGLE = "arguments in resource/name form must have a single resource and name"

# What ``all`` means to kubectl, as far as the model has it.
ALL = ("pods", "services", "daemonsets", "deployments", "replicasets", "statefulsets")


def _types(word: str) -> list[Resource]:
    if word.lower() == "all":
        return [BY_NAME[name] for name in ALL]
    return [find_resource(word)]


def named(words: Sequence[str]) -> list[tuple[Resource, str]]:
    """Read types and names, of which there must be some.

    Examples
    --------
    >>> [(resource.plural, name) for resource, name in named(["svc", "a", "b"])]
    [('services', 'a'), ('services', 'b')]
    """
    if not words:
        raise KubectlError(NO_RESOURCES)
    asked: list[tuple[Resource, str]] = []
    for resource, names in requests(words):
        asked += [(resource, name) for name in names]
    if not asked:
        raise KubectlError("resource(s) were provided, but no name was specified")
    return asked


def _typed(word: str, words: Sequence[str]) -> tuple[Resource, list[str]]:
    kind, slash, name = word.partition("/")
    if not slash:
        raise KubectlError(
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource "
            "resource/<resource_name>'"
        )
    if "/" in name:
        raise KubectlError("arguments in resource/name form may not have more than one slash")
    if not kind or not name or "," in kind:
        raise KubectlError(NO_SINGLE)
    return find_resource(kind), [name]
