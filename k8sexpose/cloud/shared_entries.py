"""Ingresses and Gateways: who serves each, what the cloud builds for it, and which Services stand behind it.

They are stored as they were written, and no packet is routed by them. Whose they are is told by their class; where the
class says nothing, or a controller inside the cluster serves them, the entrance is the Service of that controller.

Sources: ``docs/guide/ingress/annotations.md`` (aws-load-balancer-controller 225f445, 2026-08-17: class ``alb``,
``scheme`` internal by default, one load balancer for each ``group.name``); ``pkg/annotations/ingress.go``
(ingress-gce acbcf5d, 2026-08-21: classes ``gce`` and ``gce-internal``, none counts as ``gce``); the classes of GKE's
Gateways, ``gke-l7-…``; ``pkg/annotations`` (application-gateway-kubernetes-ingress: ``azure/application-gateway``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..api.kinds import KeptObject
from ..cluster.state import ClusterState
from .internal import is_private
from .providers import AWS_CONTROLLER

__all__ = ["SharedEntry", "faces_the_internet", "shared_entries"]

ALB, RULE, APPLICATION_GATEWAY = "alb", "forwarding_rule", "application_gateway"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
ALB_NOTES = "alb.ingress.kubernetes.io/"
AZURE_PRIVATE = "appgw.ingress.kubernetes.io/use-private-ip"
# What the load balancer controller of AWS calls the load balancers that it makes for Ingresses.
ALB_HOST = re.compile(r"(internal-)?k8s-[a-z0-9-]+\.[a-z0-9-]+\.elb\.amazonaws\.com(\.cn)?")
IN_CLUSTER = re.compile(
    r"nginx|traefik|haproxy|contour|kong|istio|cilium|envoy|^eg$|openshift|webapprouting|skipper|apisix|emissary"
)


@dataclass(frozen=True, slots=True)
class SharedEntry:
    """One Ingress or Gateway.

    Parameters
    ----------
    kind, key, class_name : str
        Ingress or Gateway; ``namespace/name``; its class, empty where none is named.
    made_by : str
        Who serves it, in words.
    billed_as : str
        What the cloud builds for it: ``alb``, ``forwarding_rule``, ``application_gateway``; empty for nothing.
    group : str
        Entries with the same one share a load balancer; empty is one of its own.
    internal : bool
        Whether that is on the private network only.
    hosts : tuple of str
        The names that it answers to; empty for all.
    services : tuple of str
        The Services behind it, as ``namespace/name``.
    addresses : tuple of str
        Those in its status.
    tls : bool
        Whether it ends TLS too.
    known : bool
        Whether it is known what serves it.
    ports : tuple of int
        On which it listens, where it says so, as a Gateway does.

    Examples
    --------
    >>> SharedEntry("Ingress", "default/web", "nginx", "nginx in the cluster").billed_as
    ''
    """

    kind: str
    key: str
    class_name: str
    made_by: str
    billed_as: str = ""
    group: str = ""
    internal: bool = False
    hosts: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    tls: bool = False
    known: bool = True
    ports: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What a bill calls it: its group, where it shares a load balancer."""
        return f"Ingress group {self.group}" if self.group else f"{self.kind} {self.key}"


def shared_entries(cluster: ClusterState) -> tuple[SharedEntry, ...]:
    """Return the Ingresses and Gateways of a cluster, by kind, namespace and name.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> shared_entries(Cluster())
    ()
    """
    routes = [one for one in cluster.kept.values() if one.kind == "HTTPRoute"]
    found = []
    for place in sorted(cluster.kept):
        one = cluster.kept[place]
        if one.kind == "Ingress":
            found.append(_ingress(cluster, one))
        elif one.kind == "Gateway":
            found.append(_gateway(cluster, one, routes))
    return tuple(found)


# -- Ingress ----


def _ingress(cluster: ClusterState, one: KeptObject) -> SharedEntry:
    spec, notes = _map(one.manifest, "spec"), _notes(one)
    named = str(spec.get("ingressClassName") or notes.get(CLASS_ANNOTATION) or "")
    addresses = tuple(
        _addresses(_list(_map(_map(one.manifest, "status"), "loadBalancer"), "ingress"), "ip", "hostname")
    )
    made_by, billed, internal, known = _served(cluster, named, notes, addresses)
    rules = _list(spec, "rules")
    return SharedEntry(
        "Ingress", f"{one.namespace}/{one.name}", named, made_by, billed,
        str(notes.get(f"{ALB_NOTES}group.name") or "") if billed == ALB else "",
        internal, tuple(dict.fromkeys(str(rule["host"]) for rule in rules if rule.get("host"))),
        tuple(dict.fromkeys(f"{one.namespace}/{name}" for name in _backends(spec, rules))), addresses,
        bool(_list(spec, "tls")) or f"{ALB_NOTES}certificate-arn" in notes, known,
    )  # fmt: skip


def _served(
    cluster: ClusterState, named: str, notes: Mapping[str, Any], addresses: tuple[str, ...]
) -> tuple[str, str, bool, bool]:
    """Return who serves an Ingress, what the cloud builds, whether that is internal, and whether this is known."""
    profile = cluster.provider
    owner = profile.name if profile is not None else ""
    if named == "alb" or (owner == "aws" and not IN_CLUSTER.search(named) and any(map(ALB_HOST.fullmatch, addresses))):
        missing = profile is not None and AWS_CONTROLLER in profile.missing_controllers and not addresses
        internal = notes.get(f"{ALB_NOTES}scheme", "internal") != "internet-facing"
        if missing:
            return "nobody: the AWS load balancer controller is not installed", "", internal, True
        return "an Application Load Balancer of the AWS load balancer controller", ALB, internal, True
    if named in ("gce", "gce-internal") or (not named and owner == "gcp"):
        return "an Application Load Balancer of GKE", RULE, named == "gce-internal", True
    if named in ("azure/application-gateway", "azure-application-gateway"):
        private = str(notes.get(AZURE_PRIVATE, "")).lower() == "true"
        return "an Application Gateway of Azure, which all Ingresses of it share", APPLICATION_GATEWAY, private, True
    return _inside(named)


def _inside(named: str) -> tuple[str, str, bool, bool]:
    """Return the same for a class that a controller in the cluster serves, or that nobody knows."""
    if IN_CLUSTER.search(named):
        return "a controller in the cluster, behind a Service of its own", "", False, True
    what = f"the class {named}" if named else "the default class, which is not in the dump"
    return f"not known: {what}", "", False, False


def _backends(spec: Mapping[str, Any], rules: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names of the Services behind an Ingress."""
    parts = [_map(spec, "defaultBackend")]
    parts += [_map(path, "backend") for rule in rules for path in _list(_map(rule, "http"), "paths")]
    for part in parts:
        name = _map(part, "service").get("name")
        if name:
            yield str(name)


# -- Gateway ----


def _gateway(cluster: ClusterState, one: KeptObject, routes: list[KeptObject]) -> SharedEntry:
    spec = _map(one.manifest, "spec")
    named = str(spec.get("gatewayClassName") or "")
    mine = [route for route in routes if _is_parent(one, route)]
    listeners = _list(spec, "listeners")
    hosts = [str(listener["hostname"]) for listener in listeners if listener.get("hostname")]
    hosts += [str(host) for route in mine for host in _map(route.manifest, "spec").get("hostnames") or ()]
    if named.startswith("gke-l7-"):
        internal = "rilb" in named or "internal" in named
        made_by, billed, known = "an Application Load Balancer of GKE", RULE, True
    else:
        made_by, billed, internal, known = _inside(named)
    addresses = tuple(_addresses(_list(_map(one.manifest, "status"), "addresses"), "value"))
    tls = any(str(listener.get("protocol")) in ("HTTPS", "TLS") for listener in listeners)
    ports = [listener["port"] for listener in listeners if isinstance(listener.get("port"), int)]
    return SharedEntry(
        "Gateway", f"{one.namespace}/{one.name}", named, made_by, billed, "", internal, tuple(dict.fromkeys(hosts)),
        tuple(dict.fromkeys(name for route in mine for name in _targets(route))), addresses, tls, known,
        tuple(dict.fromkeys(ports)),
    )  # fmt: skip


def _is_parent(gateway: KeptObject, route: KeptObject) -> bool:
    """Return True if a route names a Gateway."""
    parents = _list(_map(route.manifest, "spec"), "parentRefs")
    named = ((str(one.get("namespace") or route.namespace), one.get("name")) for one in parents)
    return (gateway.namespace, gateway.name) in named


def _targets(route: KeptObject) -> Iterator[str]:
    """Yield the Services that a route leads to."""
    for rule in _list(_map(route.manifest, "spec"), "rules"):
        for one in _list(rule, "backendRefs"):
            if one.get("name") and one.get("kind", "Service") == "Service":
                yield f"{one.get('namespace') or route.namespace}/{one['name']}"


# -- what was written, whatever its form ----


def _map(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list | tuple) else []


def _notes(one: KeptObject) -> Mapping[str, Any]:
    return _map(_map(one.manifest, "metadata"), "annotations")


def _addresses(entries: list[Mapping[str, Any]], *keys: str) -> Iterator[str]:
    for entry in entries:
        text = next((entry[key] for key in keys if entry.get(key)), None)
        if text is not None:
            yield str(text)


def faces_the_internet(entry: SharedEntry) -> bool:
    """Return True if what the cloud built for it is on the internet."""
    return bool(entry.billed_as) and not entry.internal and not any(map(is_private, entry.addresses))
