"""What kube-proxy knows about one port of a Service, and which of its endpoints a node may use.

Sources (kubernetes/kubernetes): ``pkg/proxy/serviceport.go``, ``pkg/proxy/endpointslicecache.go``,
``pkg/proxy/topology.go``, and ``cmd/kube-proxy/app/server.go`` for what kube-proxy does not watch at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from ..api.addresses import address, canonical_ip, ip_version
from ..api.objects import Endpoint, EndpointSlice
from ..api.service import Service, ServicePort
from ..cluster.store import Store

__all__ = ["Categories", "ServicePortInfo", "Target", "Targets", "categorize_endpoints"]

PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"
HEADLESS_LABEL = "service.kubernetes.io/headless"


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint with the port that one Service port leads to."""

    endpoint: Endpoint
    port: int

    def __str__(self) -> str:
        return address(self.endpoint.ip, self.port)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """All endpoints of one Service port, sorted as kube-proxy sorts them, and split once."""

    all: tuple[Target, ...] = ()
    ready: tuple[Target, ...] = ()
    terminating: tuple[Target, ...] = ()  # those that still serve
    on_node: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    # What the hints name; empty if one ready endpoint has no such hint, since none counts then.
    node_hints: frozenset[str] = frozenset()
    zone_hints: frozenset[str] = frozenset()

    @classmethod
    def of(cls, targets: Iterable[Target]) -> Targets:
        """Build them from the endpoints of one Service port, sorted and split."""
        listed = tuple(sorted(targets, key=str))
        ready = tuple(target for target in listed if target.endpoint.ready)
        on_node: dict[str, list[Target]] = {}
        for target in listed:
            if target.endpoint.node is not None:
                on_node.setdefault(target.endpoint.node, []).append(target)
        return cls(
            all=listed,
            ready=ready,
            terminating=_terminating(listed),
            on_node={node: tuple(found) for node, found in on_node.items()},
            node_hints=_hints([target.endpoint.node_hints for target in ready]),
            zone_hints=_hints([target.endpoint.zone_hints for target in ready]),
        )


NOBODY = Targets()


def _terminating(targets: Iterable[Target]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.endpoint.serving and target.endpoint.terminating)


def _hints(hints: list[tuple[str, ...]]) -> frozenset[str]:
    return frozenset[str]().union(*hints) if all(hints) else frozenset()


@dataclass(frozen=True, slots=True)
class Categories:
    """The endpoints that one node may use under each policy, and whether a usable one exists anywhere."""

    cluster: tuple[Target, ...]
    local: tuple[Target, ...]
    has_any: bool

    @property
    def all_reachable(self) -> tuple[Target, ...]:
        """Every endpoint that the node needs a rule for."""
        if not self.local:
            return self.cluster
        return tuple(sorted({*self.cluster, *self.local}, key=str))


def categorize_endpoints(
    targets: Targets,
    *,
    node: str,
    zone: str | None = None,
    uses_cluster: bool = True,
    uses_local: bool = True,
    same_node_hints: bool = True,
) -> Categories:
    """Return the endpoints that kube-proxy on a node uses; terminating ones only where no ready one is left.

    Source: ``pkg/proxy/topology.go`` CategorizeEndpoints; node hints count under the feature gate
    ``PreferSameTrafficDistribution``.
    """
    cluster: tuple[Target, ...] = ()
    if uses_cluster:
        if same_node_hints and node in targets.node_hints:
            cluster = tuple(target for target in targets.ready if node in target.endpoint.node_hints)
        elif zone in targets.zone_hints:
            cluster = tuple(target for target in targets.ready if zone in target.endpoint.zone_hints)
        else:
            cluster = targets.ready
        cluster = cluster or targets.terminating
    local: tuple[Target, ...] = ()
    if uses_local:
        here = targets.on_node.get(node, ())
        local = tuple(target for target in here if target.endpoint.ready) or _terminating(here)
    return Categories(cluster, local, has_any=bool(targets.ready or targets.terminating))


@dataclass(frozen=True, slots=True, eq=False)
class ServicePortInfo:
    """What kube-proxy keeps of one port of a Service, for one IP family."""

    service: Service
    port: ServicePort
    family: int
    cluster_ip: str
    targets: Targets

    @property
    def name(self) -> str:
        """``namespace/name:port``, as kube-proxy names it in its rules."""
        return f"{self.service.key}:{self.port.name}" if self.port.name else self.service.key

    @property
    def load_balancer_vips(self) -> tuple[str, ...]:
        """Load balancer addresses that kube-proxy answers itself: not ipMode Proxy, not host names."""
        ingress = self.service.load_balancer_ingress
        return _of_family((entry.ip for entry in ingress if entry.ip_mode in (None, "VIP")), self.family)

    @property
    def external_ips(self) -> tuple[str, ...]:
        """``spec.externalIPs`` of this family."""
        return _of_family(self.service.external_ips, self.family)

    @property
    def source_ranges(self) -> tuple[str, ...]:
        """``loadBalancerSourceRanges`` of this family; a range /0 allows everybody, as an empty list does."""
        ranges = [text.strip() for text in self.service.load_balancer_source_ranges]
        ranges = [text for text in ranges if ip_network(text, strict=False).version == self.family]
        return () if any(text.endswith("/0") for text in ranges) else tuple(ranges)

    @property
    def externally_accessible(self) -> bool:
        """True if the port can be reached by more than the clusterIP."""
        return bool(self.port.node_port or self.load_balancer_vips or self.external_ips)

    @property
    def external_local(self) -> bool:
        """True under ``externalTrafficPolicy: Local``."""
        return self.externally_accessible and self.service.external_traffic_policy == "Local"

    @property
    def internal_local(self) -> bool:
        """True under ``internalTrafficPolicy: Local``."""
        return self.service.internal_traffic_policy == "Local"

    @property
    def uses_cluster(self) -> bool:
        """True if some traffic of the port may go to every endpoint."""
        return not self.internal_local or self.externally_accessible

    @property
    def uses_local(self) -> bool:
        """True if some traffic of the port may only go to endpoints of the node."""
        return self.internal_local or self.external_local

    def categorize(self, node: str, zone: str | None, *, same_node_hints: bool = True) -> Categories:
        """Return the endpoints that this node uses for the port."""
        return categorize_endpoints(
            self.targets,
            node=node,
            zone=zone,
            uses_cluster=self.uses_cluster,
            uses_local=self.uses_local,
            same_node_hints=same_node_hints,
        )


def cluster_ip_of(service: Service, family: int) -> str | None:
    """Return the clusterIP of a family; None for a Service that kube-proxy passes over."""
    if service.type == "ExternalName":
        return None
    found = _of_family(service.cluster_ips or (service.cluster_ip,), family)
    return found[0] if found else None


def _of_family(ips: Iterable[str], family: int) -> tuple[str, ...]:
    return tuple(canonical_ip(ip) for ip in ips if ip_version(ip) == family)


def is_watched(service: Service) -> bool:
    """Return True if kube-proxy looks after a Service: the label ``service-proxy-name`` leaves it to another proxy."""
    return PROXY_NAME_LABEL not in service.labels


def service_ports(store: Store, service: Service, family: int) -> Iterator[ServicePortInfo]:
    """Yield the ports of a Service as kube-proxy knows them; none without a clusterIP of the family."""
    cluster_ip = cluster_ip_of(service, family)
    if cluster_ip is not None and is_watched(service):
        for port in service.ports:
            yield ServicePortInfo(service, port, family, cluster_ip, targets(store, service, port, family))


def targets(store: Store, service: Service, port: ServicePort, family: int) -> Targets:
    """Return the endpoints behind a Service port; those in slices labelled as headless are for DNS alone."""
    slices = store.slices(store.services.get((service.namespace, service.name), service))
    kind = f"IPv{family}"
    if kind not in [one.address_type for one in slices]:
        return NOBODY  # most Services have one family, and nothing is kept of the other
    headless = service.headless
    name = ("targets", service.namespace, service.name, port.name, port.protocol, family, headless)
    return store.cached(name, slices, lambda: targets_of(slices, port, family, headless))


def targets_of(slices: Iterable[EndpointSlice], port: ServicePort, family: int, headless: bool = True) -> Targets:
    """Return the endpoints of a Service port in the slices: by port name and protocol, never by number."""
    kind = f"IPv{family}"
    slices = [one for one in slices if one.address_type == kind and (headless or HEADLESS_LABEL not in one.labels)]
    if not slices:
        return NOBODY
    found: dict[str, Target] = {}
    for target in _joined(slices, port, family):
        # The same address twice, during an update: the one that is not terminating counts.
        where = str(target)
        if where not in found or not target.endpoint.terminating:
            found[where] = target
    return Targets.of(found.values())


def _joined(slices: Iterable[EndpointSlice], port: ServicePort, family: int) -> Iterator[Target]:
    protocol = port.protocol or "TCP"
    for one in slices:
        if one.address_type != f"IPv{family}":
            continue
        numbers = [p.port for p in one.ports if p.name == port.name and p.protocol == protocol]
        # kube-proxy passes an address of the other family over, in whichever slice it stands.
        fitting = [endpoint for endpoint in one.endpoints if ip_version(endpoint.ip) == family]
        for number in numbers:
            if number:
                yield from [Target(endpoint, number) for endpoint in fitting]
