"""A question to the router: one client, one target, and every way between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from ipaddress import ip_address

from ..api.addresses import ip_version
from ..api.errors import NotExposed
from ..api.service import Service
from ..cloud.front_door import FrontDoor, Spread, front_door
from ..cloud.internal import PRIVATE_CLIENTS
from ..cluster.state import ClusterState
from ..kubeproxy.service_ports import cluster_ip_of, targets
from .addressing import (
    DEFAULT_CLIENTS,
    OUTSIDE,
    POD,
    Client,
    Destination,
    find_client,
    find_destination,
    node_names,
    resolved_for,
)
from .entry import Entry, Packet, dialled_ip, load_balancer_entry, lost, outside_entry
from .path import PathSoFar, PathTracer
from .route import Route

__all__ = ["Query"]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A client, a target, and the nodes by which the packet must come."""

    cluster: ClusterState
    client: Client
    destination: Destination
    via: tuple[str, ...]
    door: FrontDoor | None
    packet: Packet

    @classmethod
    def read(
        cls,
        cluster: ClusterState,
        target: str,
        client: str | None,
        protocol: str,
        via: str | Sequence[str] | None,
    ) -> Query:
        """Parse the texts of a question, and provision the load balancer that the target names."""
        destination = find_destination(cluster, target, protocol)
        service = destination.service
        if client is None and service is not None and service.type not in ("NodePort", "LoadBalancer"):
            client = _some_pod(cluster, service)
        family = _family(destination)
        asker = find_client(cluster, client or DEFAULT_CLIENTS[family], family)
        destination = resolved_for(cluster, destination, asker)
        service = destination.service
        via_nodes = node_names(cluster, via)
        balancer = _balancer_of(cluster, destination)
        if client is None and balancer is not None and balancer.internal:
            asker = find_client(cluster, PRIVATE_CLIENTS[family], family)
        ip = destination.ip
        if ip is None and service is not None:
            ip = balancer.address if balancer else _dialled_cluster_ip(service)
        packet = Packet(asker.ip, ip or destination.hostname or "", destination.port, destination.protocol)
        return cls(cluster, asker, destination, via_nodes, balancer, packet)

    @property
    def as_if(self) -> Service | None:
        """The Service as it will be, where it is asked for by its name; None where every node knows it as it is."""
        balancer, destination = self.door, self.destination
        if balancer is None or destination.hostname is not None:
            return None
        known = balancer.service is destination.service and not self.cluster.stopped_proxies
        return None if known else balancer.service

    @property
    def entry(self) -> Entry:
        """The nodes by which a client outside enters."""
        return outside_entry(self.cluster, self.destination, self.door, self.packet, self.via)

    # -- the ways ----

    def tracer(self) -> PathTracer:
        """Return what follows the packets of this client everywhere they may go."""
        return PathTracer(self.cluster, self.client, self.via, self.as_if)

    def ways(self, tracer: PathTracer) -> Iterator[Route]:
        """Yield every way from the client to an end, or the one that the tracer chooses."""
        if self.client.kind == OUTSIDE:
            yield from tracer.come_in(self.entry, self.start(), self.packet)
        else:
            yield from self._from_inside(tracer)

    def start(self, probability: Fraction = Fraction(1)) -> PathSoFar:
        """Return the beginning of a path that packets take with this probability."""
        return PathSoFar(probability, at=self.client.node)

    def _from_inside(self, tracer: PathTracer) -> Iterator[Route]:
        """Follow the packet of a Pod or a node: its own node's kube-proxy sees it first."""
        balancer, packet = self.door, self.packet
        if self.client.kind == POD and ip_version(packet.dst) and ip_address(packet.dst).is_loopback:
            yield tracer.to_itself(packet, self.start())
        elif self.destination.service is None and self.destination.hostname is not None:
            no_address = lost(f"there is no address for the name {self.destination.hostname}", "unresolved")
            yield from tracer.come_in(no_address, self.start(), packet)
        elif balancer is not None and ip_version(balancer.address) is None:
            # A load balancer with a name only: kube-proxy knows nothing of it, the packet goes out.
            entry = load_balancer_entry(self.cluster, balancer, self.destination.service_port, packet, self.via)
            yield from tracer.come_in(entry, self.start(), packet)
        else:
            for dialled, share in self._dialled(tracer, packet):
                yield from tracer.enter(self.client.node or "", dialled, self.start(share))

    def _dialled(self, tracer: PathTracer, packet: Packet) -> Iterator[tuple[Packet, Fraction]]:
        """Yield the packets that a client inside may send: several where the name has several addresses."""
        service, port = self.destination.service, self.destination.service_port
        if len(self.destination.resolved) > 1:
            ips = self.destination.resolved
            for number, share in tracer.choose(Spread(tuple(str(k) for k in range(len(ips))))):
                yield replace(packet, dst=ips[int(number)]), share
        elif service is not None and port is not None and service.headless:
            ready = targets(self.cluster.store, service, port, 4).ready
            if not ready:
                raise NotExposed(f"{service.name} is headless and has no ready Pod: its name has no address")
            for number, share in tracer.choose(Spread(tuple(str(k) for k in range(len(ready))))):
                found = ready[int(number)]
                pod_port = found.port if packet.port is not None else None
                yield replace(packet, dst=found.endpoint.ip, port=pod_port), share
        elif service is not None and port is not None and service.type == "NodePort":
            nodes = self.cluster.store.nodes
            for name, share in tracer.choose(Spread(tuple(nodes))):
                ip = dialled_ip(self.cluster, nodes[name], packet)
                yield replace(packet, dst=ip, port=port.node_port if packet.port is not None else None), share
        else:
            yield packet, Fraction(1)


def _balancer_of(cluster: ClusterState, destination: Destination) -> FrontDoor | None:
    """Return the load balancer that a target names: by a Service's name as it will be, by its DNS name as it is."""
    service = destination.service
    if service is None or service.type != "LoadBalancer":
        return None
    return front_door(cluster, service, port=destination.service_port, settled=destination.hostname is None)


def _family(destination: Destination) -> int:
    """Return the IP family of what is dialled: 4, unless it has IPv6 addresses only."""
    if destination.ip is not None:
        return ip_version(destination.ip) or 4
    service = destination.service
    addresses = " ".join(service.cluster_ips or (service.cluster_ip or "",)) if service is not None else ""
    return 6 if ":" in addresses and "." not in addresses else 4


def _dialled_cluster_ip(service: Service) -> str | None:
    """Return the clusterIP that is dialled, IPv4 first; None where there is none."""
    return cluster_ip_of(service, 4) or cluster_ip_of(service, 6)


def _some_pod(cluster: ClusterState, service: Service) -> str:
    """Return a Pod as client of a Service that only Pods can ask: one of another app, where there is one."""
    own = service.selector.items()
    running = (pod for pod in cluster.store.pods.values() if pod.ip and pod.node and not cluster.is_down(pod.node))
    first = next(running, None)
    if first is None:
        raise NotExposed(f"{service.name} is a ClusterIP Service: only a Pod or a node can ask it, and no Pod runs")
    other = (
        first
        if not own <= first.labels.items()
        else next((pod for pod in running if not own <= pod.labels.items()), first)
    )
    return f"pod/{other.namespace}/{other.name}"
