"""What load balancers are like: the values that describe one, and who makes it.

A provider offers one or more *kinds* of load balancer; annotations or ``spec.loadBalancerClass`` choose among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from ipaddress import ip_network
from typing import Any

from ..api.addresses import ip_version
from ..api.checks import check_arguments, count, one_of, positive, shown
from ..api.service import Service
from ..data import load
from .kind_ports import PortMapping, read_port_mappings
from .probes import HealthCheck, azure_probe, azure_problem

__all__ = ["AnnotationRule", "HealthCheck", "LoadBalancerKind", "Provider", "has_annotations", "provider"]

CLASS = "spec.loadBalancerClass"
NODE_PORT = "node_port"
VIP = "vip"
TO_POD = "pod"
BY_CLIENT = "source_ip"
IN_TREE = "service-controller"
REFUSED, ORPHAN, IN_PLACE, IGNORED = "refused", "orphan", "in_place", "ignored"
HASHES = ("modulo", "resilient")
REFUSES_SINCE = 36  # 1.36.0 of cloud-provider-aws
# The names that AWS gives: a Classic ends in .REGION.elb.amazonaws.com, an NLB in .elb.REGION.amazonaws.com; in China
# .cn follows. Whatever else a status holds, such as a name that a controller was told to write, says nothing of a kind.
CLASSIC_HOST = re.compile(r".+-\d+\.[a-z0-9-]+\.elb\.amazonaws\.com(\.cn)?")
NETWORK_HOST = re.compile(r".+-[0-9a-f]{16}\.elb\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
CLASSIC_ENDING = ".elb.amazonaws.com"


@dataclass(frozen=True, slots=True)
class AnnotationRule:
    """The values that an annotation may have, and what the controller answers to another one."""

    values: tuple[str, ...]  # empty: any value
    error: str  # empty: the controller ignores the value in silence

    def problem(self, key: str, value: str) -> str | None:
        """Return what the controller answers to a value; None if it accepts or ignores it."""
        if not self.error or not self.values or value in self.values:
            return None
        return self.error.format(key=key, value=value)


@dataclass(frozen=True, slots=True, eq=False)
class LoadBalancerKind:
    """One kind of load balancer.

    Parameters
    ----------
    name, title : str
        Short name, and name for people, as it is said behind "a".
    controller : str
        The controller that makes it: the source of its events.
    data_path : str
        ``node_port`` (to NodeIP:nodePort), ``vip`` (the node sees the load balancer's address as destination) or
        ``pod`` (straight to the Pod).
    preserves_source, proxies : bool
        The node sees the client's address; the load balancer ends connections and opens its own.
    spread : str
        ``flow_hash``, ``round_robin``, or ``one_node`` (each address on one node).
    zonal : bool
        Each zone keeps to its own targets, except with the annotations `cross_zone_by`.
    address : str
        Form of the address: ``ip``, ``pool``, ``classic``, ``nlb`` or ``k8s_nlb``.
    check_cluster, check_local : HealthCheck
        The health check under each ``externalTrafficPolicy``.
    when_none_healthy : str
        ``all`` targets get traffic, or ``none``.
    provisioning_s, targets_s, update_s, deletion_s : float
        Seconds until the address is in the status; until the targets are wired; for a change; for a deletion.
    quota : int
        How many there may be; 0 for no limit.
    quota_error : str
        What the cloud answers beyond it.
    latency : str
        Row of ``latency.toml``; empty for none.
    finalizer : str
        What the controller puts on the Service; empty for none.
    selected_by : tuple of mapping of str to str
        Annotations (or ``spec.loadBalancerClass``) that choose this kind, each mapping alone; empty for the default.
    protocols : tuple of str
        What it can listen to.
    mixed_protocols, affinity, hairpin : bool
        TCP and UDP in one Service; ``sessionAffinity: ClientIP``; a target may be its own client.
    kind_change : str
        What an annotation that asks for another kind does to one that exists: ``orphan`` (a new one is made, the
        old one stays and is paid), ``refused`` (once it has an address), ``in_place`` or ``ignored``.
    change_error : str
        What the controller answers where it refuses such a change.
    probe_by : str
        Whose annotations change the health check: ``azure``; empty for nobody's.
    first_passes : int, optional
        How many checks a new target must pass before it gets connections. None: it counts as its first check, made
        at once, finds it.
    detail : str
        What tells it from others of the same title; empty for none.
    router_hash : str
        Where a router spreads connections: ``modulo`` (a change of the set of nodes moves most connections that are
        open) or ``resilient`` (only those of the nodes that left); empty for no router.
    source_ip : str, optional
        Its address towards the nodes, where it does not keep the client's.
    cross_zone_by, preserve_by, weighted_by : mapping of str to str
        Annotations that open every zone to all targets; keep the client's address; weight by local Pods.
    sticky : bool
        ``sessionAffinity: ClientIP`` is for it too: it sends all connections of a client to one target.
    retry_s : float, optional
        Seconds after which the controller looks again while the cloud is busy.
    being_created : str, optional
        What the controller reports meanwhile.
    not_with : tuple of mapping of str to str
        Annotations by which its controller leaves a Service to somebody else.
    """

    name: str
    title: str
    controller: str
    data_path: str
    preserves_source: bool
    proxies: bool
    spread: str
    zonal: bool
    address: str
    check_cluster: HealthCheck
    check_local: HealthCheck
    when_none_healthy: str
    provisioning_s: float
    targets_s: float
    update_s: float
    deletion_s: float
    quota: int
    quota_error: str
    latency: str
    finalizer: str
    selected_by: tuple[Mapping[str, str], ...]
    protocols: tuple[str, ...]
    mixed_protocols: bool
    affinity: bool
    hairpin: bool
    kind_change: str
    source_ip: str | None = None
    cross_zone_by: Mapping[str, str] = field(default_factory=dict)
    preserve_by: Mapping[str, str] = field(default_factory=dict)
    weighted_by: Mapping[str, str] = field(default_factory=dict)
    sticky: bool = False
    retry_s: float | None = None
    being_created: str | None = None
    not_with: tuple[Mapping[str, str], ...] = ()
    change_error: str = ""
    probe_by: str = ""
    first_passes: int | None = None
    detail: str = ""
    router_hash: str = ""

    @property
    def full_title(self) -> str:
        """Its title, and what tells it from others of the same title."""
        return f"{self.title}, {self.detail}" if self.detail else self.title

    def check(self, service: Service) -> HealthCheck:
        """Return the health check for a Service; annotations that the controller refuses change nothing."""
        check = self._plain_check(service)
        if not self.probe_by or azure_problem(service, check) is not None:
            return check
        return azure_probe(service, check)

    def _plain_check(self, service: Service) -> HealthCheck:
        """Return the health check without annotations."""
        return self.check_local if service.needs_health_check_node_port else self.check_cluster

    def check_problem(self, service: Service) -> str | None:
        """Return what the controller answers to annotations on the health check; None if it reads none, or all."""
        return azure_problem(service, self._plain_check(service)) if self.probe_by else None

    def is_selected(self, service: Service) -> bool:
        """Return True if a Service asks for this kind."""
        if any(has_annotations(service, left) for left in self.not_with):
            return False
        if not self.selected_by:
            return service.load_balancer_class is None
        return any(_matches(service, wanted) for wanted in self.selected_by)

    def is_at(self, service: Service) -> bool:
        """Return True if the address of a Service has the form that this kind gives, or none that is known.

        Sources: the DNS names of load balancers in the guides of Elastic Load Balancing; for China ``provider/aws`` of
        external-dns, which lists the endings by region.
        """
        other = NETWORK_HOST if self.address == "classic" else CLASSIC_HOST
        return not other.fullmatch(_host(service))

    def is_taken_for_another(self, service: Service) -> bool:
        """Return True if the controller takes the address of a Service for that of another kind, and refuses it.

        It looks at the ending alone, which a Classic of China does not have: it takes that one for an NLB.

        Source: ``pkg/providers/v1/aws_validations.go`` of cloud-provider-aws, since 54ac0d6 (2026-01-05, v1.36.0).
        """
        host = _host(service)
        if not (CLASSIC_HOST.fullmatch(host) or NETWORK_HOST.fullmatch(host)):
            return False  # a dump whose names were taken out or replaced says nothing of it
        return host.endswith(CLASSIC_ENDING) is not (self.address == "classic")

    def rule(self, service: Service) -> str:
        """Return how it assigns connections to targets: its `spread`, or ``source_ip`` where clients stick."""
        return BY_CLIENT if self.sticky and service.session_affinity == "ClientIP" else self.spread

    def keeps_zones(self, service: Service) -> bool:
        """Return True if each zone keeps to its own targets."""
        return self.zonal and not has_annotations(service, self.cross_zone_by)

    def keeps_source(self, service: Service) -> bool:
        """Return True if the node sees the client's address."""
        return self.preserves_source or has_annotations(service, self.preserve_by)


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """A profile: who makes load balancers for a cluster, and which.

    Parameters
    ----------
    name, title : str
        Short name, and name for people.
    kinds : tuple of LoadBalancerKind
        What it offers; of those that a Service asks for, the first one counts. None for kind and minikube.
    annotations : mapping of str to AnnotationRule
        What its controllers look at.
    failures : mapping of str to str
        The failures that it can be made to have, and what it answers then.
    fail : tuple of str
        Those that it has.
    pool : str, optional
        The addresses that may be handed out, as CIDR (several with commas).
    region : str
        Part of DNS names.
    missing_controllers : tuple of str
        Controllers that are not installed: nobody serves what they would.
    port_mappings : tuple of PortMapping
        What the machine publishes of the nodes that run on it (kind's ``extraPortMappings``).

    Examples
    --------
    >>> from k8sexpose import provider
    >>> [kind.name for kind in provider("azure").kinds]
    ['no_floating_ip', 'standard']
    """

    name: str
    title: str
    kinds: tuple[LoadBalancerKind, ...] = ()
    annotations: Mapping[str, AnnotationRule] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    fail: tuple[str, ...] = ()
    pool: str | None = None
    region: str = "us-east-1"
    missing_controllers: tuple[str, ...] = ()
    port_mappings: tuple[PortMapping, ...] = ()

    def __repr__(self) -> str:
        return f"<provider {self.name}: {', '.join(kind.name for kind in self.kinds) or 'makes no load balancers'}>"

    def kind(self, name: str) -> LoadBalancerKind:
        """Return a kind by its name."""
        return next(kind for kind in self.kinds if kind.name == name)

    def kind_for(self, service: Service) -> LoadBalancerKind | None:
        """Return the kind that a Service asks for; None if nobody here serves it."""
        if service.type != "LoadBalancer":
            return None
        found = next((kind for kind in self.kinds if kind.is_selected(service)), None)
        if found is None or service.load_balancer_class == AUTO_MODE:  # its controller is no Pod in the cluster
            return found
        return None if found.controller in self.missing_controllers else found

    def kind_of(self, service: Service) -> LoadBalancerKind | None:
        """Return the kind that a Service has: where a change is refused, its address shows what it was made as."""
        asked = self.kind_for(service)
        if asked is None or asked.kind_change != REFUSED or asked.is_at(service):
            return asked
        same = (kind for kind in self.kinds if kind.kind_change == REFUSED and kind.is_at(service))
        return next(same, asked)

    def problem(self, service: Service, kind: LoadBalancerKind) -> str | None:
        """Return why the cloud refuses a Service, in its own words; None if it does not."""
        for failure in self.fail:
            return self.failures[failure]
        if kind.kind_change == REFUSED and kind.is_taken_for_another(service):
            return kind.change_error
        for key, value in service.annotations.items():
            rule = self.annotations.get(key)
            refused = rule.problem(key, value) if rule else None
            if refused:
                return refused
        if kind.controller == AWS_CONTROLLER and kind.data_path == NODE_PORT and _without_node_port(service):
            return "unable to support instance target type with an unallocated NodePort"
        unread = kind.check_problem(service)
        if unread is not None:
            return unread
        protocols = {port.protocol or "TCP" for port in service.ports}
        if len(protocols) > 1 and not kind.mixed_protocols:
            return "mixed protocol is not supported for LoadBalancer"
        for protocol in sorted(protocols - set(kind.protocols)):
            return f"Protocol {protocol} not supported by LoadBalancer"
        if service.session_affinity == "ClientIP" and not kind.affinity:
            return "unsupported load balancer affinity: ClientIP"
        return None


def _host(service: Service) -> str:
    """Return the name in the DNS that the status gives first; empty for none."""
    return service.load_balancer_ingress[0].hostname if service.load_balancer_ingress else ""


def _without_node_port(service: Service) -> bool:
    """Return True if a port has no nodePort, and none was wanted.

    Source: buildTargetType in ``pkg/service/model_build_target_group.go`` (aws-load-balancer-controller 225f445,
    2026-08-17).
    """
    return service.allocate_load_balancer_node_ports is False and any(not port.node_port for port in service.ports)


def has_annotations(service: Service, wanted: Mapping[str, str]) -> bool:
    """Return True if a Service has these annotations; a list of attributes may hold the wanted one among others."""
    return bool(wanted) and all(
        service.annotations.get(key) == value or value in service.annotations.get(key, "").split(",")
        for key, value in wanted.items()
    )


def _matches(service: Service, wanted: Mapping[str, str]) -> bool:
    """Return True if a Service has this class and these annotations."""
    if service.load_balancer_class != wanted.get(CLASS):
        return False
    return all(service.annotations.get(key) == value for key, value in wanted.items() if key != CLASS)


AWS_CONTROLLER = "aws-load-balancer-controller"
AUTO_MODE = "eks.amazonaws.com/nlb"  # spec.loadBalancerClass of EKS Auto Mode
DEFAULT_POOL = "198.51.100.0/24"
CHECKS = ("check_cluster", "check_local")


def provider(
    name: str,
    *,
    health_check_interval_s: float | None = None,
    quota: int | None = None,
    fail: str | Sequence[str] = (),
    pool: str | None = None,
    mode: str | None = None,
    region: str = "us-east-1",
    source_ip: str | None = None,
    load_balancer_controller: bool = True,
    version: str = "1.36",
    router_hash: str | None = None,
    extra_port_mappings: Sequence[Mapping[str, object]] = (),
) -> Provider:
    """Choose who makes load balancers, with settings of your own.

    Parameters
    ----------
    name : str
        generic, aws, gcp, azure, digitalocean, linode, metallb, kind or minikube.
    health_check_interval_s : float, optional
        Seconds between two health checks, in place of the provider's.
    quota : int, optional
        How many load balancers there may be.
    fail : str or sequence of str
        What shall go wrong, such as ``"no_subnets"`` (aws).
    pool : str, optional
        The addresses to hand out, as CIDR.
    mode : str, optional
        ``l2`` (the default) or ``bgp`` (metallb).
    region : str
        Part of DNS names (aws).
    source_ip : str, optional
        Address of a load balancer towards the nodes, where it does not keep the client's.
    load_balancer_controller : bool
        Whether the AWS load balancer controller is installed (aws).
    version : str
        Of the controller that comes with the cluster (aws): since 1.36 it refuses another type of load balancer where
        there is one; before, it made a second one and left the first behind.
    router_hash : str, optional
        How the router in front of MetalLB in BGP mode spreads connections: ``modulo`` (the default: a change of the
        set of nodes breaks most open connections) or ``resilient`` (those of the nodes that left).
    extra_port_mappings : sequence of mapping
        What ``localhost:PORT`` reaches (kind), as in kind's configuration:
        ``[{"containerPort": 30080, "hostPort": 8080}]``; ``node`` names one that is not the first.

    Returns
    -------
    Provider
        The profile, for ``Cluster(provider=…)``.

    Raises
    ------
    ValueError
        If there is no such provider, mode or failure; the text lists those that exist.

    Examples
    --------
    >>> provider("metallb", pool="198.51.100.0/29", mode="bgp").kinds[0].spread
    'flow_hash'
    """
    check_arguments(provider, locals())
    known = _profiles()
    if name not in known:
        raise ValueError(f"there is no provider {name!r}; there are {', '.join(known)}, and None for nobody")
    found = known[name]
    broken = (fail,) if isinstance(fail, str) else tuple(fail)
    for failure in broken:
        if failure not in found.failures:
            listed = ", ".join(found.failures) or "none"
            raise ValueError(f"provider {name!r} has no failure {failure!r}; there are: {listed}")
    kinds = found.kinds
    if name == "metallb" or mode is not None:
        kinds = tuple(kind for kind in kinds if kind.name == (mode or "l2"))
        if not kinds:
            modes = ", ".join(kind.name for kind in found.kinds) if name == "metallb" else "none"
            raise ValueError(f"provider {name!r} has no mode {mode!r}; there are: {modes}")
    if health_check_interval_s is not None:
        positive(health_check_interval_s, "health_check_interval_s", at_least=SHORTEST_CHECK_S, at_most=LONGEST_CHECK_S)
    if quota is not None:
        count(quota, "quota, a number of load balancers,")
    if pool is not None:
        _check_pool(pool)
    if source_ip is not None and not ip_version(source_ip):
        raise ValueError(f"source_ip is an IP address such as 10.0.0.250, not {shown(source_ip)}")
    if extra_port_mappings and name != "kind":
        raise ValueError(f'extra_port_mappings belongs to provider("kind"), not to {name!r}')
    if router_hash is not None:
        one_of(router_hash, "router_hash", HASHES)
        if not any(kind.router_hash for kind in kinds):
            raise ValueError('router_hash belongs to provider("metallb", mode="bgp"): others have none')
        kinds = tuple(replace(kind, router_hash=router_hash) for kind in kinds)
    if not re.fullmatch(r"1\.\d{1,3}", version):
        raise ValueError(f'version is that of a controller, such as "1.35", not {shown(version)}')
    if int(version[2:]) < REFUSES_SINCE:
        kinds = tuple(replace(kind, kind_change=ORPHAN) if kind.kind_change == REFUSED else kind for kind in kinds)
    return replace(
        found,
        kinds=tuple(_tuned(kind, health_check_interval_s, quota, source_ip) for kind in kinds),
        fail=broken,
        pool=pool or found.pool,
        region=region,
        missing_controllers=() if load_balancer_controller else (AWS_CONTROLLER,),
        port_mappings=read_port_mappings(extra_port_mappings),
    )


def _tuned(
    kind: LoadBalancerKind, interval_s: float | None, quota: int | None, source_ip: str | None
) -> LoadBalancerKind:
    """Return a kind with the settings that are given."""
    if interval_s is not None:
        slower = {name: replace(getattr(kind, name), interval_s=interval_s) for name in CHECKS}
        kind = replace(kind, **slower)
    if quota is not None:
        kind = replace(kind, quota=quota)
    return replace(kind, source_ip=source_ip) if source_ip is not None else kind


def _check_pool(pool: str) -> None:
    """Check that a pool is a list of ranges; a ValueError names the one that is none."""
    for text in pool.split(","):
        try:
            ip_network(text.strip())
        except ValueError as error:
            message = f"pool {text.strip()!r} is no range of addresses such as 198.51.100.0/29: {error}"
            raise ValueError(message) from None


SHORTEST_CHECK_S, LONGEST_CHECK_S = 1e-3, 86_400.0


def provider_names() -> tuple[str, ...]:
    """Return the names that `provider` knows."""
    return tuple(_profiles())


@cache
def _profiles() -> dict[str, Provider]:
    """Return all profiles, by name."""
    return {name: _profile(name, entry) for name, entry in load("providers").items() if name != "sources"}


def _profile(name: str, entry: Mapping[str, Any]) -> Provider:
    """Parse one provider of ``providers.toml``."""
    rules = {
        key: AnnotationRule(tuple(rule["values"]["value"]), rule["error"]["value"])
        for key, rule in entry.get("annotations", {}).items()
    }
    failures = {key: failure["value"] for key, failure in entry.get("failures", {}).items()}
    kinds = tuple(_kind(key, kind) for key, kind in entry.get("kinds", {}).items())
    pool = DEFAULT_POOL if name == "metallb" else None
    return Provider(name, entry["title"], kinds, rules, failures, pool=pool)


def _kind(name: str, entry: Mapping[str, Any]) -> LoadBalancerKind:
    """Parse one kind of load balancer of ``providers.toml``."""
    given: dict[str, Any] = {
        key: spec["value"] if isinstance(spec, Mapping) else spec for key, spec in entry.items()
    } | {"name": name}
    unknown = set(given) - {known.name for known in fields(LoadBalancerKind)}
    if unknown:
        raise ValueError(f"providers.toml: kind {name} has unknown fields {sorted(unknown)}")
    for key in CHECKS:
        given[key] = HealthCheck(**given[key])
    for key in ("selected_by", "protocols", "not_with"):
        given[key] = tuple(given.get(key, ()))
    return LoadBalancerKind(**given)
