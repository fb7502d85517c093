"""What the provider has to do for a cluster: every entrance, and the bytes that pass it.

Which zones bytes leave is not decided here: `shares` and `entries` of the router say it, and this module weighs bytes
with their probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from ipaddress import ip_network
from typing import TYPE_CHECKING

from ..api import checks
from ..api.errors import NotExposed
from ..api.service import Service, ServicePort
from ..cloud.internal import AWS, is_internal
from ..cloud.providers import TO_POD, LoadBalancerKind
from ..cloud.shared_entries import APPLICATION_GATEWAY, SharedEntry, shared_entries
from ..router.router import entries, shares
from .charges import FOR_SHARED_ENTRIES, KINDS, NODEPORT, BilledEntry

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["MonthlyTraffic", "admitted_client", "exposures", "price_list"]

# Whose prices count where the model has no provider of that name: by the scheme of spec.providerID, and by the name of
# the one node.
SCHEMES = {"k3s://": "k3s", "hcloud://": "hetzner"}
NODES = {"docker-desktop": "docker-desktop"}

# The kinds of load balancer that a profile tells apart and a bill does not.
BILLED_AS = {
    "nlb_ip": "nlb", "nlb_instance": "nlb", "rbs": "forwarding_rule", "target_pool": "forwarding_rule",
    "no_floating_ip": "standard", "regional": "REGIONAL", "regional_network": "REGIONAL_NETWORK", "l2": "address",
    "bgp": "address", "l4": "load_balancer",
}  # fmt: skip
AZURE_ADDRESS = "service.beta.kubernetes.io/azure-pip-name"
DIGITALOCEAN_SIZE = "service.beta.kubernetes.io/do-loadbalancer-size-unit"


@dataclass(frozen=True, slots=True)
class MonthlyTraffic:
    """What passes in a month.

    Parameters
    ----------
    gb_per_month : float
        Request and response together, of all Services, which share it evenly.
    traffic_gb : mapping of str to float, optional
        Instead, by ``namespace/name``; a Service that is not named has none.
    request_share : float
        The part of the bytes that comes in.
    new_connections_per_s, active_connections, rule_evaluations_per_s : float
        Of all load balancers, which share them evenly.
    """

    gb_per_month: float = 1000.0
    traffic_gb: Mapping[str, float] | None = None
    request_share: float = 0.1
    new_connections_per_s: float = 0.0
    active_connections: float = 0.0
    rule_evaluations_per_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gb_per_month", "new_connections_per_s", "active_connections", "rule_evaluations_per_s"):
            checks.quantity(getattr(self, name), name)
        checks.share(self.request_share, "request_share")
        for name, gb in (self.traffic_gb or {}).items():
            checks.quantity(gb, f"traffic_gb of {name}")

    def gb_of(self, services: Mapping[str, object]) -> dict[str, float]:
        """Return the GB of each Service in a month, by ``namespace/name``."""
        if self.traffic_gb is None:
            return dict.fromkeys(services, self.gb_per_month / max(len(services), 1))
        given = {name if "/" in name else f"default/{name}": float(gb) for name, gb in self.traffic_gb.items()}
        if unknown := sorted(set(given) - set(services)):
            listed = ", ".join(services) or "none"
            raise ValueError(f"traffic_gb names {', '.join(unknown)}; the exposed Services are: {listed}")
        return {name: given.get(name, 0.0) for name in services}


def price_list(cluster: Cluster) -> str:
    """Return whose prices a cluster pays: its provider's, unless its nodes name others, or nobody who charges."""
    name = cluster.provider.name if cluster.provider is not None else "none"
    if name != "generic":
        return name
    found = {_named_by(node.name, node.provider_id or "") for node in cluster.nodes}
    return found.pop() or name if len(found) == 1 else name


def _named_by(name: str, provider_id: str) -> str:
    scheme = next((found for prefix, found in SCHEMES.items() if provider_id.startswith(prefix)), "")
    return scheme or NODES.get(name, "")


def exposures(
    cluster: Cluster, traffic: MonthlyTraffic, *, only: Collection[str] | None = None
) -> tuple[BilledEntry, ...]:
    """Return every entry that a provider sees: LoadBalancer and NodePort Services by name, then forgotten balancers.

    With `only`, the entries of these Services; the traffic is shared among all of them as before.
    """
    found: dict[str, tuple[Service, LoadBalancerKind | None]] = {}
    for service in cluster.services:
        kind = _kind(cluster, service) if service.type == "LoadBalancer" else None
        if service.type == "NodePort" or (kind is not None and not _refused(cluster, service, kind)):
            found[service.key] = service, kind
    gb = traffic.gb_of(found)
    balancers = sum(kind is not None for _, kind in found.values())
    listed = [
        _exposure(cluster, service, kind, gb[name], traffic, balancers)
        for name, (service, kind) in sorted(found.items())
        if only is None or name in only
    ]
    return (*listed, *_orphans(cluster), *_shared(cluster, {entry.name: entry for entry in listed}))


def _kind(cluster: Cluster, service: Service) -> LoadBalancerKind | None:
    """Return what load balancer a Service has or will have; some clouds ignore a change of mind."""
    wanted: LoadBalancerKind | None = cluster.provider.kind_of(service) if cluster.provider else None
    live = cluster.load_balancers.get(service.key)
    return live.kind if live and wanted and wanted.kind_change == "ignored" else wanted


def _refused(cluster: Cluster, service: Service, kind: LoadBalancerKind) -> bool:
    """Return True if the provider will never build what a Service asks for; one over a quota is billed."""
    built = service.key in cluster.load_balancers or bool(service.load_balancer_ingress)
    return not built and cluster.provider is not None and cluster.provider.problem(service, kind) is not None


def _exposure(
    cluster: Cluster,
    service: Service,
    kind: LoadBalancerKind | None,
    gb: float,
    traffic: MonthlyTraffic,
    balancers: int,
) -> BilledEntry:
    """Build the entry of one Service."""
    to_pod, to_node = _crossing(cluster, service, kind) if gb else (0.0, 0.0)
    request_gb, node_to_pod_gb = gb * traffic.request_share, gb * to_pod
    if kind is None:
        return BilledEntry(
            service.key, NODEPORT, ports=_ports(service), gb=gb, request_gb=request_gb, node_to_pod_gb=node_to_pod_gb
        )
    return replace(
        _balancer(cluster, service.key, service, kind),
        gb=gb,
        request_gb=request_gb,
        node_to_pod_gb=node_to_pod_gb,
        balancer_to_node_gb=gb * to_node,
        new_connections_per_s=traffic.new_connections_per_s / balancers,
        active_connections=traffic.active_connections / balancers,
        rule_evaluations_per_s=traffic.rule_evaluations_per_s / balancers,
    )


def _orphans(cluster: Cluster) -> Iterator[BilledEntry]:
    """Yield the load balancers that the cloud still holds and no Service uses: no traffic, but they cost."""
    for name, balancer in cluster.load_balancers.items():
        if balancer.orphan:
            yield _balancer(cluster, name, balancer.service, balancer.kind)


def _shared(cluster: Cluster, listed: Mapping[str, BilledEntry]) -> Iterator[BilledEntry]:
    """Yield what the cloud builds for Ingresses and Gateways; bytes of exposed Services behind one pass it too."""
    groups: dict[str, list[SharedEntry]] = {}
    whose = price_list(cluster)
    for one in shared_entries(cluster):
        if one.billed_as in (*KINDS.get(whose, ()), *FOR_SHARED_ENTRIES.get(whose, ())):
            shared = one.billed_as if one.billed_as == APPLICATION_GATEWAY else one.name
            groups.setdefault(shared, []).append(one)
    zones = max(len(set(_zones(cluster)) - {None}), 1)
    for name, sharing in groups.items():
        first, tls = sharing[0], any(one.tls for one in sharing)
        behind = [listed[key] for key in dict.fromkeys(key for one in sharing for key in one.services) if key in listed]
        yield BilledEntry(
            name,
            first.billed_as,
            internal=all(one.internal for one in sharing),
            ports=((80, "HTTP"), (443, "HTTPS")) if tls else ((80, "HTTP"),),
            zones=zones,
            gb=sum(one.gb for one in behind),
            request_gb=sum(one.request_gb for one in behind),
        )


def _balancer(cluster: Cluster, name: str, service: Service, kind: LoadBalancerKind) -> BilledEntry:
    """Build the entry of a load balancer without traffic."""
    zones = _zones(cluster)
    return BilledEntry(
        name,
        BILLED_AS.get(kind.name, kind.name),
        internal=is_internal(service, kind),
        ports=_ports(service),
        families=max(len(service.ip_families), 1),
        zones=max(len(set(zones) - {None}), 1),
        address=service.annotations.get(AZURE_ADDRESS) or service.load_balancer_ip,
        size_units=_size(service),
        tls=f"{AWS}ssl-cert" in service.annotations,
        targets=len(cluster.store.nodes),
        targets_per_zone=max(zones.values(), default=0),
    )


def _zones(cluster: Cluster) -> Counter[str | None]:
    """Return how many nodes each zone has."""
    store = cluster.store
    return store.cached("nodes in zones", store.node_version, lambda: Counter(n.zone for n in store.nodes.values()))


def _ports(service: Service) -> tuple[tuple[int, str], ...]:
    return tuple((port.port, port.protocol or "TCP") for port in service.ports)


def _size(service: Service) -> int:
    text = service.annotations.get(DIGITALOCEAN_SIZE, "")
    return max(int(text), 1) if text.isdecimal() else 1


# -- bytes that leave their zone --------------------------------------------------------------------------------------


def _crossing(cluster: Cluster, service: Service, kind: LoadBalancerKind | None) -> tuple[float, float]:
    """Return which shares leave their zone, from node to Pod and from load balancer to node; ports count alike.

    A Service beyond a quota is asked about as if there were none. What the cloud refuses for good lets no byte in,
    nor does a stored value that cannot be read.
    """
    for twin in _with_and_without_quotas(cluster):
        try:
            found = [_crossing_of(twin, service, port, kind) for port in service.ports]
        except (NotExposed, KeyError, ValueError):
            continue
        ports = max(len(found), 1)
        return float(sum(share for share, _ in found) / ports), float(sum(share for _, share in found) / ports)
    return 0.0, 0.0


def _crossing_of(
    cluster: Cluster, service: Service, port: ServicePort, kind: LoadBalancerKind | None
) -> tuple[Fraction, Fraction]:
    """Return the shares of one port.

    Where an annotation lets a load balancer send to every zone, its name has an address in each of Z zones: 1/Z of
    the connections reach each, and of those sent to a node or Pod, 1/Z started in its zone.
    """
    protocol, question = port.protocol or "TCP", (f"{service.key}:{port.port}", admitted_client(service))
    found = shares(cluster, *question, protocol=protocol)
    zones = set(_zones(cluster)) - {None}
    if not zones or kind is None or not kind.zonal or kind.keeps_zones(service):
        return found.crosses_zone, Fraction(0)
    reached = found.by_node if kind.data_path == TO_POD else entries(cluster, *question, protocol=protocol)
    return found.crosses_zone, sum(reached.values(), Fraction(0)) * (1 - Fraction(1, len(zones)))


def _with_and_without_quotas(cluster: Cluster) -> Iterator[Cluster]:
    yield cluster
    twin = cluster.copy()
    if twin.provider is not None:
        twin.provider = replace(twin.provider, kinds=tuple(replace(kind, quota=0) for kind in twin.provider.kinds))
    yield twin


def admitted_client(service: Service) -> str | None:
    """Return a client that the Service lets in; None for any."""
    for text in service.load_balancer_source_ranges:
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            continue
        return None if network.prefixlen == 0 else str(network[0])
    return None
