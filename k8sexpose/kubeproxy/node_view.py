"""What kube-proxy on one node knows when it writes its rules: settings, Service ports, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ..api.objects import Node, ProxyConfig
from ..api.service import DEFAULT_AFFINITY_TIMEOUT_S, Service
from ..cluster.state import ClusterState
from .proxy import (
    Detector,
    PortPlan,
    node_port_addresses,
    pod_detector,
    port_plan,
    primary_ip,
    service_cidrs,
    takes_localhost,
)
from .service_ports import ServicePortInfo, service_ports

__all__ = ["NodeView", "PlannedPort", "view_of"]

IPV4 = 4
PROTOCOLS = ("TCP", "UDP", "SCTP", None)  # None counts as TCP; a port of any other protocol has no rules


@dataclass(frozen=True, slots=True)
class PlannedPort:
    """One Service port, and what the node does with it."""

    info: ServicePortInfo
    plan: PortPlan

    @property
    def protocol(self) -> str:
        """The protocol in small letters, as rules write it."""
        return (self.info.port.protocol or "TCP").lower()

    @property
    def owner(self) -> str:
        """``namespace/name`` of the Service."""
        return self.info.service.key

    @property
    def remembers_s(self) -> int | None:
        """For how long a client keeps its endpoint, in seconds; None without session affinity."""
        if self.info.service.session_affinity != "ClientIP":
            return None
        return self.info.service.session_affinity_timeout_s or DEFAULT_AFFINITY_TIMEOUT_S

    @property
    def guarded(self) -> bool:
        """True if only some sources may reach a load balancer address of the port."""
        return bool(self.info.load_balancer_vips and self.info.source_ranges)

    def allowed_sources(self, node_ip: str | None) -> list[str]:
        """Return who may reach a guarded load balancer address; that address itself if the node may."""
        networks = [ip_network(text, strict=False) for text in self.info.source_ranges]
        through_node = node_ip is not None and any(ip_address(node_ip) in network for network in networks)
        return [*map(str, networks), *(self.info.load_balancer_vips if through_node else ())]


@dataclass(frozen=True, slots=True)
class NodeView:
    """What kube-proxy on a node knows, in IPv4."""

    node: Node
    config: ProxyConfig
    ports: tuple[PlannedPort, ...]  # by ``namespace/name:port`` and protocol; kube-proxy goes through them in no order
    detector: Detector | None
    node_ip: str | None
    node_port_ips: tuple[str, ...] | None  # None: every address of the node takes nodePorts
    localhost: bool  # nodePorts answer on 127.0.0.0/8
    service_cidrs: tuple[str, ...]

    @property
    def endpoints(self) -> int:
        """How many endpoints all ports have together, those that are not ready included."""
        return sum(len(port.info.targets.all) for port in self.ports)


def view_of(cluster: ClusterState, node: str, as_if: Service | None = None) -> NodeView:
    """Return what kube-proxy on a node knows; a stopped one knows what it knew then."""
    found, config = cluster.store.node(node), cluster.proxy
    store = cluster.rules(node)
    services = dict(store.services)
    if as_if is not None:
        services[as_if.namespace, as_if.name] = as_if
    infos: list[ServicePortInfo] = []
    for service in services.values():
        infos += [info for info in service_ports(store, service, IPV4) if info.port.protocol in PROTOCOLS]
    infos.sort(key=lambda info: (info.name, info.port.protocol or "TCP"))
    return NodeView(
        node=found,
        config=config,
        ports=tuple(PlannedPort(info, port_plan(info, found)) for info in infos),
        detector=pod_detector(cluster, found, IPV4),
        node_ip=primary_ip(found, IPV4),
        node_port_ips=node_port_addresses(config, found, IPV4),
        localhost=takes_localhost(config, IPV4),
        service_cidrs=service_cidrs(cluster, IPV4),
    )
