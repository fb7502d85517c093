"""A load balancer in the cloud: what it is, and which address it gets."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from ..api.checks import check_arguments
from ..api.objects import Event
from ..api.service import LoadBalancerIngress, Service
from ..cluster.state import ClusterState
from ..cluster.store import key_of
from .events import EVENT_TEXTS
from .health_checks import (
    EVERYBODY,
    NOBODY,
    CheckAnswers,
    CheckedTargets,
    all_targets,
    announced,
    answers,
    candidates,
    cluster_version,
)
from .probes import HealthCheck
from .providers import TO_POD, LoadBalancerKind, Provider

__all__ = [
    "LoadBalancer",
    "NoAddress",
    "TargetHealth",
    "address_owner",
    "choose_address",
    "over_quota",
    "target_health",
]

# Documentation and benchmarking ranges (RFC 5737, RFC 2544, RFC 3849): nobody on the internet has these addresses.
PUBLIC = ("198.51.100.0/24", "198.18.0.0/15")
CROWDED = 128  # from here on, the large range
PUBLIC_IPV6 = "2001:db8:100::"
SHARING = ("metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip")


@dataclass(frozen=True, slots=True, eq=False)
class LoadBalancer:
    """A load balancer that exists in the cloud and costs money, with what its targets answered last."""

    name: str
    owner: str
    kind: LoadBalancerKind
    ingress: LoadBalancerIngress
    created_s: float
    service: Service  # as it was when the controller last saw to it
    targets: CheckedTargets | None = None  # None until they are wired
    orphan: bool = False  # no Service uses it any more
    answers: CheckAnswers = NOBODY
    answers_of: tuple[object, ...] = ()  # the version of the cluster that these answers belong to
    announced: CheckAnswers = EVERYBODY  # which nodes want to announce the address, where nodes do

    def event(self, at_s: float, kind: str, reason: str, message: str, source: str) -> Event:
        """Build an event on the Service of this load balancer."""
        namespace, name = key_of(self.owner)
        return Event(at_s, kind, reason, message, f"service/{name}", namespace, source)


class NoAddress(Exception):
    """The pool has no address for a Service; the text is the controller's."""


def cloud_name(seed: int, service: Service, kind: LoadBalancerKind) -> str:
    """Return the name of a load balancer: ``a`` and the Service's UID without dashes, 32 letters (AWS, GCP)."""
    return "a" + _letters(f"{seed}/{service.key}/{kind.name}", 31)


def _letters(text: str, count: int) -> str:
    """Return so many letters of the hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]


def choose_address(
    cluster: ClusterState, provider: Provider, kind: LoadBalancerKind, service: Service, skipped: int = 0
) -> LoadBalancerIngress:
    """Return the address of a new load balancer, after `skipped` others; `NoAddress` if the pool has none."""
    name = cloud_name(cluster.seed, service, kind)
    digits = zlib.crc32(name.encode())
    match kind.address:
        case "classic":
            return LoadBalancerIngress(hostname=f"{name}-{digits:010d}.{provider.region}.elb.amazonaws.com")
        case "nlb":
            tail = _letters(name, 16)
            return LoadBalancerIngress(hostname=f"{name}-{tail}.elb.{provider.region}.amazonaws.com")
        case "k8s_nlb":
            short = f"k8s-{service.namespace[:8]}-{service.name[:8]}-{_letters(name, 10)}"
            return LoadBalancerIngress(hostname=f"{short}-{_letters(name, 16)}.elb.{provider.region}.amazonaws.com")
        case "pool":
            return LoadBalancerIngress(ip=_from_pool(cluster, provider.pool or "", service, skipped), ip_mode="VIP")
    if service.load_balancer_ip:
        return LoadBalancerIngress(ip=service.load_balancer_ip, ip_mode="VIP")
    if service.ip_families[:1] == ("IPv6",):
        return LoadBalancerIngress(ip=f"{PUBLIC_IPV6}{digits >> 16:x}:{digits & 0xFFFF:x}", ip_mode="VIP")
    crowded = len(cluster.cloud_state.addresses_held) > CROWDED
    for text in (provider.pool,) if provider.pool else PUBLIC[crowded:]:
        for ip in _starting_at(text, digits):
            if ip not in cluster.cloud_state.addresses_held:
                return LoadBalancerIngress(ip=ip, ip_mode="VIP")
    raise NoAddress("no available IPs")


def _starting_at(cidr: str, number: int) -> Iterator[str]:
    """Yield the host addresses of a range, beginning with one that a number chooses."""
    network = ip_network(cidr)
    count = max(network.num_addresses - 2, 1)
    for step in range(count):
        yield str(network[1 + (number + step) % count])


def _from_pool(cluster: ClusterState, pool: str, service: Service, skipped: int) -> str:
    """Return the first address that is free, or may be shared (``internal/allocator`` of MetalLB)."""
    wanted = service.load_balancer_ip
    if wanted:
        try:
            address = ip_address(wanted)
        except ValueError:
            raise NoAddress(f'invalid spec.loadBalancerIP "{wanted}"') from None
        inside = any(address in ip_network(text.strip()) for text in pool.split(","))
        if not inside:
            raise NoAddress(f'["{wanted}"] is not allowed in config')
        refusal = _refusal(cluster, service, wanted)
        if refusal:
            raise NoAddress(refusal)
        return wanted
    for text in pool.split(","):
        for address in ip_network(text.strip()):
            if _refusal(cluster, service, str(address)) is None:
                if skipped == 0:
                    return str(address)
                skipped -= 1
    raise NoAddress("no available IPs")


def _refusal(cluster: ClusterState, service: Service, address: str) -> str | None:
    """Return why a Service may not share an address with those that have it; None if nobody has it, or it may."""
    owners = cluster.cloud_state.addresses_held.get(address, ())
    for owner in owners:
        if owner == service.key:
            continue
        other = cluster.load_balancers[owner].service
        key = _sharing_key(service)
        if not key or key != _sharing_key(other):
            return f'can\'t change sharing key for "{service.key}", address also in use by {owner}'
        if {(p.port, p.protocol) for p in service.ports} & {(p.port, p.protocol) for p in other.ports}:
            port = next(
                p for p in service.ports if any((p.port, p.protocol) == (q.port, q.protocol) for q in other.ports)
            )
            return f'port {port.protocol}/{port.port} is already in use on "{address}"'
        if _backend_key(service) != _backend_key(other):
            return f'can\'t change sharing key for "{service.key}", address also in use by {owner}'
    return None


def _backend_key(service: Service) -> tuple[object, ...]:
    """Return what Services under Local must have in common to share an address: the Pods behind them."""
    if service.external_traffic_policy != "Local":
        return ()
    return service.namespace, *sorted(service.selector.items())


def _sharing_key(service: Service) -> str:
    """Return the key that Services which may share an address have in common; empty for none."""
    return next((service.annotations[key] for key in SHARING if service.annotations.get(key)), "")


def over_quota(cluster: ClusterState, kind: LoadBalancerKind, service: Service, ahead: int = 0) -> str | None:
    """Return what the cloud answers if it may not make one more load balancer of a kind, after `ahead` others."""
    if not kind.quota:
        return None
    same = (balancer for balancer in cluster.load_balancers.values() if balancer.kind.quota_error == kind.quota_error)
    there = sum(balancer.owner != service.key or balancer.orphan for balancer in same)
    return kind.quota_error if there + ahead >= kind.quota else None


def address_owner(nodes: Iterable[str], address: str) -> str | None:
    """Return the node that answers for an address in layer 2 (``speaker/layer2_controller.go`` of MetalLB)."""
    return min(nodes, key=lambda node: hashlib.sha256(f"{node}#{address}".encode()).digest(), default=None)


# -- its targets ----


def wired(cluster: ClusterState, balancer: LoadBalancer, *, known: bool = False) -> LoadBalancer:
    """Register the nodes (or Pods) that are targets now; those that are `known` were there for long."""
    first_passes = None if known else balancer.kind.first_passes
    check = balancer.kind.check(balancer.service)
    found = answers(cluster, balancer.service, check)
    names = target_names(cluster, balancer)
    if balancer.targets is None:
        targets = CheckedTargets.wire(names, check, found, cluster.now_s, first_passes)
    else:
        targets = balancer.targets.rewired(names, check, found, cluster.now_s, first_passes)
    wanted = _announced(cluster, balancer, check)
    return replace(balancer, targets=targets, answers=found, answers_of=cluster_version(cluster), announced=wanted)


def _announced(cluster: ClusterState, balancer: LoadBalancer, check: HealthCheck) -> CheckAnswers:
    """Return which nodes announce the address now: speakers watch the Service themselves."""
    current = cluster.store.services.get(key_of(balancer.owner), balancer.service)
    return announced(cluster, current, check)


def target_names(cluster: ClusterState, balancer: LoadBalancer) -> tuple[str, ...]:
    """Return the targets: nodes, or the addresses of ready endpoints where packets go straight to Pods."""
    if balancer.kind.data_path != TO_POD:
        return candidates(cluster)
    ready = (target.endpoint for target in all_targets(cluster, balancer.service) if target.endpoint.ready)
    return tuple(dict.fromkeys(endpoint.ip for endpoint in ready))


def check_targets(cluster: ClusterState, until_s: float) -> None:
    """Run the health checks of all load balancers from now to a later moment, while nothing else changes."""
    now_s = cluster.now_s
    if until_s <= now_s:
        return
    version = cluster_version(cluster)
    for key, balancer in list(cluster.load_balancers.items()):
        if balancer.targets is None:
            continue
        if balancer.answers_of != version:
            if balancer.kind.data_path == TO_POD:  # its controller follows the endpoints, not the nodes
                balancer = wired(cluster, balancer)
            else:
                found = answers(cluster, balancer.service, balancer.targets.check)
                wanted = _announced(cluster, balancer, balancer.targets.check)
                old, balancer = balancer, replace(balancer, answers=found, answers_of=version, announced=wanted)
                if wanted != old.announced:
                    announce(cluster, balancer, before=old)
            cluster.load_balancers[key] = balancer
        assert balancer.targets is not None
        targets = balancer.targets.after(balancer.answers, now_s, until_s)
        if targets is not balancer.targets:
            changed = cluster.load_balancers[key] = replace(balancer, targets=targets)
            announce(cluster, changed, before=balancer)


def announce(cluster: ClusterState, balancer: LoadBalancer, before: LoadBalancer | None = None) -> None:
    """Report which nodes announce an address (MetalLB), where that has changed."""
    speaker = EVENT_TEXTS[balancer.kind.controller].speaker
    if not speaker:
        return
    old = announcers(before) if before is not None else ()
    at_s = cluster.now_s
    if before is not None and balancer.targets is not None:
        # The checks have run ahead of the clock: another node answers once the first one is found dead, no sooner.
        at_s = max(at_s, balancer.targets.last_flip_s)
    for node in announcers(balancer):
        if node not in old:
            mode = "layer2" if balancer.kind.spread == "one_node" else "bgp"
            message = f'announcing from node "{node}" with protocol "{mode}"'
            cluster.report(balancer.event(at_s, "Normal", "nodeAssigned", message, speaker))


def announcers(balancer: LoadBalancer) -> tuple[str, ...]:
    """Return the nodes that announce the address of a load balancer."""
    alive = balancer.targets.healthy if balancer.targets is not None else ()
    healthy = tuple(name for name in alive if balancer.announced.of(name))
    if balancer.kind.spread != "one_node":
        return healthy
    owner = address_owner(healthy, balancer.ingress.address)
    return () if owner is None else (owner,)


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """What a load balancer thinks of one target.

    Parameters
    ----------
    name : str
        The node; the address of a Pod where packets go straight to Pods.
    healthy : bool
        Whether it gets new connections.
    since_s : float
        Since when, in cluster time.

    Examples
    --------
    >>> TargetHealth("node-1", True, 10).healthy
    True
    """

    name: str
    healthy: bool
    since_s: float


def target_health(cluster: ClusterState, service: str) -> tuple[TargetHealth, ...]:
    """Return the targets of a Service's load balancer, as they are now.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    service : str
        ``name`` or ``namespace/name``.

    Returns
    -------
    tuple of TargetHealth
        Empty where there is no load balancer yet, or its targets are not wired.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=1)
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> cluster.advance(30)
    >>> target_health(cluster, "public-api-lb")
    (TargetHealth(name='node-1', healthy=True, since_s=10.0),)
    """
    check_arguments(target_health, locals())
    live = cluster.load_balancers.get(cluster.service(service).key)
    if live is None or live.targets is None:
        return ()
    targets: CheckedTargets = live.targets
    wanted = _announced(cluster, live, targets.check)
    states = ((name, targets.state(name)) for name in targets.names)
    return tuple(TargetHealth(name, state.healthy and wanted.of(name), state.since_s) for name, state in states)


def next_flip_s(cluster: ClusterState) -> float | None:
    """Return when the next target changes its state if nothing else happens; None for never."""
    times = (
        balancer.targets.next_flip_s(answers(cluster, balancer.service, balancer.targets.check), cluster.now_s)
        for balancer in cluster.load_balancers.values()
        if balancer.targets is not None and not balancer.orphan
    )
    return min((time for time in times if time is not None), default=None)


def next_change_s(cluster: ClusterState) -> float | None:
    """Return when a step is due or a target changes its state, in cluster time later than now; None for never."""
    times = (cluster.clock.next_at_s, next_flip_s(cluster))
    return min((at_s for at_s in times if at_s is not None and at_s > cluster.now_s), default=None)
