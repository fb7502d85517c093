"""Who dials what: the client and the target of a question to the router, parsed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..api.addresses import address, canonical_ip, ip_version
from ..api.errors import NotExposed, unknown
from ..api.service import Service, ServicePort
from ..cluster.state import ClusterState
from ..cluster.store import find, key_of
from ..kubeproxy.proxy import primary_ip
from .cluster_dns import alias, resolve

__all__ = ["Client", "Destination", "find_client", "find_destination", "node_names", "resolved_for"]

OUTSIDE = "outside"
LOCALHOST, LOOPBACK = "localhost", "127.0.0.1"
POD = "pod"
NODE = "node"
DEFAULT_CLIENTS = {4: "203.0.113.7", 6: "2001:db8:7::7"}
SCHEME_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Client:
    """Who opens the connection: from outside, a Pod, or a node (which a hostNetwork Pod counts as)."""

    kind: str
    name: str
    ip: str
    node: str | None = None
    namespace: str = "default"


def find_client(cluster: ClusterState, text: str, family: int | None = None) -> Client:
    """Parse ``"203.0.113.7"``, ``"pod/web-1"``, ``"pod/shop/web-1"`` or ``"node/node-2"``.

    The IP family of the destination decides which address a node uses; None for IPv4.
    """
    if ip_version(text):
        return Client(OUTSIDE, "client", canonical_ip(text))
    kind, _, name = text.partition("/")
    if kind == NODE and name:
        return _node_client(cluster, name, name, family)
    if kind == POD and name:
        pod = find(cluster.store.pods, key_of(name), partial(unknown, "Pod", name))
        if pod.host_network and pod.node:
            return _node_client(cluster, pod.node, pod.name, family)
        if not pod.ip or not pod.node:
            raise ValueError(f"Pod {pod.name!r} is not running: it has no address yet")
        ip = next((one for one in pod.addresses if ip_version(one) == family), pod.ip)
        return Client(POD, pod.name, canonical_ip(ip), pod.node, pod.namespace)
    raise ValueError(f'client {text!r} is no address such as "203.0.113.7", no "pod/NAME" and no "node/NAME"')


def _node_client(cluster: ClusterState, node: str, name: str, family: int | None) -> Client:
    """Return a process of a node as client."""
    found = cluster.store.node(node)
    ip = primary_ip(found, family or 4) or primary_ip(found, 6)
    if ip is None:
        raise ValueError(f"node {node!r} has no address")
    return Client(NODE, name, ip, node)


@dataclass(frozen=True, slots=True)
class Destination:
    """What the client dials: an address, a DNS name, or a Service; None for what the target does not name."""

    ip: str | None = None
    port: int | None = None
    protocol: str = "TCP"
    service: Service | None = None
    service_port: ServicePort | None = None
    hostname: str | None = None
    resolved: tuple[str, ...] = ()  # what the cluster's DNS answers to a Pod that dials a name


def find_destination(cluster: ClusterState, text: str, protocol: str = "TCP") -> Destination:
    """Parse an address, ``"10.0.0.1:30007"``, a URL, ``"http://10.0.0.1"``, or a Service, ``"shop/web:http"``."""
    if protocol not in ("TCP", "UDP", "SCTP", "ICMP"):
        raise ValueError(f"protocol {protocol!r} is none of TCP, UDP, SCTP, ICMP")
    url = re.fullmatch(r"(https?)://([^/?#]+)([/?#].*)?", text.strip())
    host, port = _split(url[2] if url else text.strip())
    number = int(port) if port.isdigit() else (SCHEME_PORTS[url[1]] if url else None)
    if ip_version(host):
        return _address(text, host, number, protocol)
    if url or "." in host.rpartition("/")[2] or (host == LOCALHOST and number is not None):
        return _hostname(cluster, host, number or 80, protocol)
    service = find(cluster.store.services, key_of(host), partial(unknown, "Service", host))
    return _service(service, find_port(service, port, protocol), protocol)


def _split(netloc: str) -> tuple[str, str]:
    """Split ``host:port``; an IPv6 address is in brackets or has no port."""
    bracketed = re.fullmatch(r"\[([^]]*)\](?::(.*))?", netloc)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    if ip_version(netloc):
        return netloc, ""
    host, _, port = netloc.partition(":")
    return host, port


def _address(text: str, host: str, port: int | None, protocol: str) -> Destination:
    """Return an address as destination, its port checked."""
    if protocol == "ICMP":
        return Destination(canonical_ip(host), protocol=protocol)
    if port is None or not 0 < port < 65536:
        raise ValueError(f"{text!r} needs a port from 1 to 65535, such as {address(host, 30007)}")
    return Destination(canonical_ip(host), port, protocol)


def _hostname(cluster: ClusterState, host: str, port: int, protocol: str) -> Destination:
    """Return a DNS name as destination; only the names of load balancers are known outside."""
    for service in cluster.store.services_named(host):
        found = next((p for p in service.ports if p.port == port and (p.protocol or "TCP") == protocol), None)
        return Destination(None, port, protocol, service, found, host.lower())
    return Destination(None, port, protocol, hostname=host)


def resolved_for(cluster: ClusterState, destination: Destination, client: Client) -> Destination:
    """Return what a name means for a client: a Pod asks the DNS of the cluster, which knows Services."""
    host = destination.hostname
    if host == LOCALHOST and destination.service is None:
        return replace(destination, hostname=None, ip=LOOPBACK)
    if host is None or destination.service is not None or client.kind != POD:
        return destination
    found = resolve(cluster, host, client.namespace)
    if found:
        return replace(destination, hostname=None, ip=found[0], resolved=found)
    outside = alias(cluster, host, client.namespace)
    return destination if outside == host else _hostname(cluster, outside, destination.port or 80, destination.protocol)


def _service(service: Service, port: ServicePort, protocol: str) -> Destination:
    """Return a port of a Service as destination."""
    if protocol == "ICMP":
        return Destination(None, None, protocol, service, port)
    return Destination(None, port.port, port.protocol or "TCP", service, port)


def find_port(service: Service, wanted: str, protocol: str) -> ServicePort:
    """Return a port of a Service by name or number; a single one needs no choice."""
    if service.type == "ExternalName":
        raise NotExposed(f"{service.name} is an ExternalName Service: a DNS alias, with no way through the cluster")
    named = [p for p in service.ports if wanted in ("", p.name, str(p.port))]
    fitting = [p for p in named if (p.protocol or "TCP") == protocol] or named
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{p.name or p.port}" for p in service.ports)
    if not fitting:
        raise ValueError(f"Service {service.name!r} has no port {wanted!r}; it has {listed or 'none'}")
    raise ValueError(f'Service {service.name!r} has several ports: say "{service.name}:PORT", one of {listed}')


def node_names(cluster: ClusterState, via: str | Sequence[str] | None) -> tuple[str, ...]:
    """Parse `via`, one node or several; empty for None."""
    names = (via,) if isinstance(via, str) else tuple(via or ())
    for name in names:
        cluster.store.node(name)
    return names
