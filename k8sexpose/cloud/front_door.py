"""The load balancer in front of a Service as a packet meets it, now or once everything has settled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..api.checks import check_arguments
from ..api.errors import NotExposed
from ..api.service import LoadBalancerIngress, Service, ServicePort
from ..cluster.latency import latencies
from ..cluster.state import ClusterState
from ..kubeproxy.health import ready_local_endpoints
from ..kubeproxy.service_ports import targets
from .health_checks import CheckAnswers, CheckedTargets, announced, answers, candidates, is_candidate
from .internal import is_internal
from .load_balancer import LoadBalancer, NoAddress, address_owner, choose_address, over_quota
from .providers import IGNORED, NODE_PORT, ORPHAN, REFUSED, TO_POD, VIP, HealthCheck, LoadBalancerKind, has_annotations
from .providers import provider as profile
from .spread import Spread, spread_over

__all__ = ["NODE_PORT", "TO_POD", "VIP", "FrontDoor", "Spread", "front_door"]


@dataclass(frozen=True, slots=True, eq=False)
class FrontDoor:
    """The load balancer of one Service, as far as a packet is concerned.

    Parameters
    ----------
    service : Service
        The Service with the load balancer's address in its status.
    address : str
        Where clients connect: an IP address or a DNS name.
    spread : Spread
        The share of each node in new connections; of each ``ip:port`` of endpoints where `data_path` is ``pod``.
    data_path : str
        ``node_port`` (to NodeIP:nodePort), ``vip`` (the node sees the load balancer's address as destination)
        or ``pod`` (straight to the Pod).
    preserves_source, proxies : bool
        The node sees the client's address; the load balancer ends connections itself and opens its own.
    latency_ms : float
        What the load balancer adds to a round trip, in milliseconds.
    source_ip : str, optional
        Its own address towards the nodes, where the client's is not preserved.
    rule : str
        ``flow_hash``, ``round_robin``, ``one_node``, or ``source_ip``: all connections of a client go to one target.
    hairpin : bool
        A node may reach itself through it; where it may not, such packets are lost.
    title : str
        What kind of load balancer it is.
    check : HealthCheck, optional
        What it asks its targets, and how often.
    internal : bool
        It is on the private network only.
    router_hash : str
        Where a router spreads connections over nodes by a hash: ``modulo`` or ``resilient``.
    """

    service: Service
    address: str
    spread: Spread
    data_path: str = NODE_PORT
    preserves_source: bool = True
    proxies: bool = False
    latency_ms: float = 0.0
    source_ip: str | None = None
    rule: str = "flow_hash"
    hairpin: bool = True
    title: str = "load balancer"
    check: HealthCheck | None = None
    internal: bool = False
    router_hash: str = ""


def front_door(
    cluster: ClusterState, service: Service, *, port: ServicePort | None = None, settled: bool = True
) -> FrontDoor:
    """Return the load balancer of a Service; `NotExposed` if nobody builds one, or the cloud refuses to.

    Parameters
    ----------
    cluster, service : Cluster, Service
        A cluster, and a Service of type LoadBalancer.
    port : ServicePort, optional
        The port that is dialled: it decides on the endpoints where packets go straight to Pods; None for the first.
    settled : bool
        True: as it will be once provisioning is done and the health checks have settled. False: as it is now.
    """
    check_arguments(front_door, locals())
    live = cluster.load_balancers.get(service.key)
    shown = next((entry for entry in service.load_balancer_ingress if entry.address), None)
    kind = live.kind if live is not None and not settled else _kind_to_be(cluster, service, live)
    ingress = shown
    if kind is None and shown is None:
        raise NotExposed(_pending(service, "no controller here builds load balancers for it"))
    if kind is None:
        kind = profile("generic").kinds[0]  # somebody else wrote an address into the status
    elif shown is None or (live is not None and live.kind.name != kind.name and kind.kind_change in (ORPHAN, REFUSED)):
        ingress = (
            live.ingress if live is not None and live.kind.name == kind.name else _will_get(cluster, service, kind)
        )
        service = replace(service, load_balancer_ingress=(ingress,))
    assert ingress is not None
    wired = live.targets if live is not None and not settled else None
    check, keeps_source = kind.check(service), kind.keeps_source(service)
    return FrontDoor(
        service,
        ingress.address,
        _spread(cluster, service, kind, check, ingress.address, wired, port),
        data_path=kind.data_path,
        preserves_source=keeps_source,
        proxies=kind.proxies,
        latency_ms=latencies()[kind.latency].ms if kind.latency else 0.0,
        source_ip=kind.source_ip,
        rule=kind.rule(service),
        hairpin=kind.hairpin or not keeps_source,
        title=kind.full_title,
        check=check,
        internal=is_internal(service, kind),
        router_hash=kind.router_hash,
    )


def _kind_to_be(cluster: ClusterState, service: Service, live: LoadBalancer | None) -> LoadBalancerKind | None:
    """Return the kind of load balancer that the Service asks for now, whatever kind it has."""
    kind: LoadBalancerKind | None = cluster.provider.kind_of(service) if cluster.provider else None
    if kind is not None and live is not None and kind.kind_change == IGNORED:
        return live.kind
    return kind


def _pending(service: Service, why: str) -> str:
    """Return the sentence on a Service that gets no address, with the nodePorts that answer all the same."""
    ports = ", ".join(dict.fromkeys(str(port.node_port) for port in service.ports if port.node_port))
    why = why.rstrip(".")
    return f"{service.name} stays <pending>: {why}" + (f"; every node answers on its nodePort {ports}" if ports else "")


def _will_get(cluster: ClusterState, service: Service, kind: LoadBalancerKind) -> LoadBalancerIngress:
    """Return the address of a load balancer that is still to be made; `NotExposed` if it cannot be made."""
    assert cluster.provider is not None
    ahead = _ahead(cluster, service, kind) if kind.quota or kind.address == "pool" else 0
    problem = cluster.provider.problem(service, kind) or over_quota(cluster, kind, service, ahead)
    if problem is None:
        try:
            return choose_address(cluster, cluster.provider, kind, service, skipped=ahead)
        except NoAddress as refusal:
            problem = str(refusal)
    raise NotExposed(_pending(service, problem.replace("{quota}", str(kind.quota))))


def _ahead(cluster: ClusterState, service: Service, kind: LoadBalancerKind) -> int:
    """Count the Services that wait for a load balancer of this kind, and came before this one."""
    count = 0
    for other in cluster.store.services.values():
        if other.key == service.key:
            break
        wanted = cluster.provider.kind_for(other) if cluster.provider and other.type == "LoadBalancer" else None
        if wanted is not None and wanted.quota_error == kind.quota_error and other.key not in cluster.load_balancers:
            count += not other.load_balancer_ip
    return count


# -- who gets the next connection ----


def _spread(
    cluster: ClusterState,
    service: Service,
    kind: LoadBalancerKind,
    check: HealthCheck,
    address: str,
    wired: CheckedTargets | None,
    port: ServicePort | None,
) -> Spread:
    """Return the shares of the healthy targets: those of now where `wired` is given, else those that will be."""
    if kind.data_path == TO_POD:
        return _pod_spread(cluster, service, kind, check, wired, port)
    found = answers(cluster, service, check) if wired is None else None
    zonal = kind.keeps_zones(service)
    wanted = announced(cluster, service, check)
    if kind.spread != "one_node" and not has_annotations(service, kind.weighted_by):
        return _plain_spread(cluster, kind, zonal, wired or found, wanted)
    names = _healthy_nodes(cluster, kind, wired or found, wanted)
    if kind.spread == "one_node":
        owner = address_owner(names, address)
        return Spread(() if owner is None else (owner,))
    weights = None
    if service.needs_health_check_node_port and has_annotations(service, kind.weighted_by):
        weights = {name: ready_local_endpoints(cluster, service, name) for name in names}
    return spread_over(cluster.store.nodes, names, zonal=zonal, weights=weights)


Checked = CheckedTargets | CheckAnswers | None


def _plain_spread(
    cluster: ClusterState, kind: LoadBalancerKind, zonal: bool, checked: Checked, wanted: CheckAnswers
) -> Spread:
    """Return equal shares of nodes, or zone by zone; made anew only when something has changed."""
    store = cluster.store

    def make() -> Spread:
        return spread_over(store.nodes, _healthy_nodes(cluster, kind, checked, wanted), zonal=zonal)

    version = (checked, wanted, store.node_version, kind.when_none_healthy, zonal)
    return store.cached("spread", version, make)


def _healthy_nodes(
    cluster: ClusterState, kind: LoadBalancerKind, checked: Checked, wanted: CheckAnswers
) -> tuple[str, ...]:
    """Return the nodes that get new connections: the healthy ones, or those that announce the address.

    Where none is healthy, all or none get them, as the provider has it.
    """
    wired = checked if isinstance(checked, CheckedTargets) else None
    found = checked if isinstance(checked, CheckAnswers) else None
    nodes = cluster.store.nodes
    if wired is not None:
        names: tuple[str, ...] = wired.healthy
    elif found is not None and not found.others:
        names = tuple(sorted(name for name in found.named if name in nodes and is_candidate(nodes[name])))
    else:
        names = tuple(name for name in candidates(cluster) if found is None or found.of(name))
    if not names and kind.when_none_healthy == "all":
        names = wired.names if wired is not None else candidates(cluster)
    return tuple(name for name in names if name in nodes and wanted.of(name))


def _pod_spread(
    cluster: ClusterState,
    service: Service,
    kind: LoadBalancerKind,
    check: HealthCheck,
    wired: CheckedTargets | None,
    port: ServicePort | None,
) -> Spread:
    """Return the shares of the ready endpoints of one port; a zonal load balancer keeps to its own zone."""
    chosen = port or next(iter(service.ports), None)
    if chosen is None:
        return Spread(())
    family = 6 if service.ip_families[:1] == ("IPv6",) else 4
    ready = targets(cluster.store, service, chosen, family).ready
    found = answers(cluster, service, check) if wired is None else None
    passes = found.of if found is not None else lambda ip: wired is not None and wired.state(ip).healthy
    healthy = [target for target in ready if passes(target.endpoint.ip)]
    if not healthy and kind.when_none_healthy == "all":
        healthy = list(ready)
    nodes = cluster.store.nodes
    hosts = {str(target): nodes[target.endpoint.node] for target in healthy if target.endpoint.node in nodes}
    zonal = kind.keeps_zones(service) and len(hosts) == len(healthy)
    return spread_over(hosts, map(str, healthy), zonal=zonal)
