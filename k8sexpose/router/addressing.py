"""Who dials what: reading the client and the target of a question to the router."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..api.addresses import address, canonical_ip, ip_version
from ..api.errors import NotExposed, unknown
from ..api.objects import Pod
from ..api.service import Service, ServicePort
from ..cluster.state import ClusterState
from ..kubeproxy.proxy import primary_ip

__all__ = ["Client", "Destination", "find_client", "find_destination", "node_names"]

OUTSIDE, POD, NODE = "outside", "pod", "node"
DEFAULT_CLIENTS = {4: "203.0.113.7", 6: "2001:db8:7::7"}
SCHEME_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Client:
    """Who opens the connection.

    Parameters
    ----------
    kind : str
        ``outside``, ``pod`` or ``node``; a hostNetwork Pod is a process of its node.
    name : str
        How it is called in the hops.
    ip : str
        Its address.
    node : str, optional
        The node it runs on.

    Examples
    --------
    >>> Client("outside", "client", "203.0.113.7").node is None
    True
    """

    kind: str
    name: str
    ip: str
    node: str | None = None


def find_client(cluster: ClusterState, text: str, family: int | None = None) -> Client:
    """Read ``"203.0.113.7"``, ``"pod/web-1"``, ``"pod/shop/web-1"`` or ``"node/node-2"``.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    text : str
        The client.
    family : int, optional
        IP family of the destination: decides which address a node uses.

    Returns
    -------
    Client
        The client.

    Raises
    ------
    UnknownName
        If there is no such Pod or node.
    ValueError
        If it is none of these forms, or has no address.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> find_client(Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))]), "node/node-1").ip
    '10.0.0.1'
    """
    if ip_version(text):
        return Client(OUTSIDE, "client", canonical_ip(text))
    kind, _, name = text.partition("/")
    if kind == NODE and name:
        return _node_client(cluster, name, name, family)
    if kind == POD and name:
        pod = _pod(cluster, name)
        if pod.host_network and pod.node:
            return _node_client(cluster, pod.node, pod.name, family)
        if not pod.ip or not pod.node:
            raise ValueError(f"Pod {pod.name!r} is not running: it has no address yet")
        return Client(POD, pod.name, canonical_ip(pod.ip), pod.node)
    raise ValueError(f'client {text!r} is no address such as "203.0.113.7", no "pod/NAME" and no "node/NAME"')


def _node_client(cluster: ClusterState, node: str, name: str, family: int | None) -> Client:
    found = cluster.store.node(node)
    ip = primary_ip(found, family or 4) or primary_ip(found, 6)
    if ip is None:
        raise ValueError(f"node {node!r} has no address")
    return Client(NODE, name, ip, node)


def _pod(cluster: ClusterState, name: str) -> Pod:
    namespace, _, short = name.rpartition("/")
    pods = cluster.store.pods
    if (namespace or "default", short) not in pods:
        raise unknown("Pod", name, (pod if ns == "default" else f"{ns}/{pod}" for ns, pod in pods))
    return pods[namespace or "default", short]


@dataclass(frozen=True, slots=True)
class Destination:
    """What the client dials.

    Parameters
    ----------
    text : str
        As it was written.
    ip : str, optional
        The address; None for a name.
    port : int, optional
        The port; None for ICMP.
    protocol : str
        TCP, UDP, SCTP or ICMP.
    service : Service, optional
        The Service, where the target is one, or is the name of its load balancer.
    service_port : ServicePort, optional
        The chosen port of the Service.
    hostname : str, optional
        The name, where the target is a DNS name.

    Examples
    --------
    >>> Destination("10.0.0.1:30007", ip="10.0.0.1", port=30007).service is None
    True
    """

    text: str
    ip: str | None = None
    port: int | None = None
    protocol: str = "TCP"
    service: Service | None = None
    service_port: ServicePort | None = None
    hostname: str | None = None

    @property
    def address(self) -> str:
        """The target as a hop shows it."""
        return address(self.ip or self.hostname or self.text, self.port)


def find_destination(cluster: ClusterState, text: str, protocol: str = "TCP") -> Destination:
    """Read an address, a URL or the name of a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    text : str
        ``"10.0.0.1:30007"``, ``"http://10.0.0.1"``, ``"http://lb.example.com"``, ``"web"``, ``"shop/web"``
        or ``"shop/web:http"``.
    protocol : str
        TCP, UDP, SCTP or ICMP (which takes a bare address).

    Returns
    -------
    Destination
        What is dialled.

    Raises
    ------
    UnknownName
        If there is no such Service.
    NotExposed
        If it is an ExternalName Service.
    ValueError
        If the port is missing, or is none of the Service's.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> find_destination(Cluster(), "http://10.0.0.1").port
    80
    """
    if protocol not in ("TCP", "UDP", "SCTP", "ICMP"):
        raise ValueError(f"protocol {protocol!r} is none of TCP, UDP, SCTP, ICMP")
    url = re.fullmatch(r"(https?)://([^/?#]+)([/?#].*)?", text.strip())
    host, port = _split(url[2] if url else text.strip())
    number = int(port) if port.isdigit() else (SCHEME_PORTS[url[1]] if url else None)
    if ip_version(host):
        return _address(text, host, number, protocol)
    if url or "." in host.rpartition("/")[2]:
        return _hostname(cluster, text, host, number or 80, protocol)
    service = find_service(cluster, host)
    return _service(text, service, find_port(service, port, protocol), protocol)


def _split(netloc: str) -> tuple[str, str]:
    """Split ``host:port``; IPv6 addresses stand in brackets or have no port."""
    bracketed = re.fullmatch(r"\[([^]]*)\](?::(.*))?", netloc)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    if ip_version(netloc):
        return netloc, ""
    host, _, port = netloc.partition(":")
    return host, port


def _address(text: str, host: str, port: int | None, protocol: str) -> Destination:
    if protocol == "ICMP":
        return Destination(text, ip=canonical_ip(host), protocol=protocol)
    if port is None or not 0 < port < 65536:
        raise ValueError(f"{text!r} needs a port from 1 to 65535, such as {address(host, 30007)}")
    return Destination(text, ip=canonical_ip(host), port=port, protocol=protocol)


def _hostname(cluster: ClusterState, text: str, host: str, port: int, protocol: str) -> Destination:
    """Resolve a DNS name: only the names of load balancers are known outside."""
    for service in cluster.store.services_named(host):
        found = next((p for p in service.ports if p.port == port and (p.protocol or "TCP") == protocol), None)
        return Destination(
            text, port=port, protocol=protocol, service=service, service_port=found, hostname=host.lower()
        )
    return Destination(text, port=port, protocol=protocol, hostname=host)


def _service(text: str, service: Service, port: ServicePort, protocol: str) -> Destination:
    if protocol == "ICMP":
        return Destination(text, protocol=protocol, service=service, service_port=port)
    return Destination(text, port=port.port, protocol=port.protocol or "TCP", service=service, service_port=port)


def find_service(cluster: ClusterState, name: str) -> Service:
    """Return a Service by ``name`` or ``namespace/name``; `UnknownName` tells which there are."""
    namespace, _, short = name.rpartition("/")
    services = cluster.store.services
    if (namespace or "default", short) not in services:
        raise unknown("Service", name, (svc if ns == "default" else f"{ns}/{svc}" for ns, svc in services))
    return services[namespace or "default", short]


def find_port(service: Service, wanted: str, protocol: str) -> ServicePort:
    """Choose a port of a Service by name or number; a single one needs no choice."""
    if service.type == "ExternalName":
        raise NotExposed(f"{service.name} is an ExternalName Service: a DNS alias, with no way through the cluster")
    listed = ", ".join(f"{p.name or p.port}" for p in service.ports)
    named = [p for p in service.ports if wanted in ("", p.name, str(p.port))]
    fitting = [p for p in named if (p.protocol or "TCP") == protocol] or named
    if not fitting:
        raise ValueError(f"Service {service.name!r} has no port {wanted!r}; it has {listed or 'none'}")
    if len(fitting) > 1:
        raise ValueError(f'Service {service.name!r} has several ports: say "{service.name}:PORT", one of {listed}')
    return fitting[0]


def node_names(cluster: ClusterState, via: str | Sequence[str] | None) -> tuple[str, ...]:
    """Read `via`: one node, or several.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    via : str or sequence of str or None
        Names of nodes.

    Returns
    -------
    tuple of str
        The names; empty for None.

    Raises
    ------
    UnknownName
        If a node does not exist.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> node_names(Cluster(nodes=[Node("node-1")]), "node-1")
    ('node-1',)
    """
    names = (via,) if isinstance(via, str) else tuple(via or ())
    for name in names:
        cluster.store.node(name)
    return names
