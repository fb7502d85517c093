"""What the provider has to do for a cluster: every way in, and the bytes that take it.

Which zones bytes leave is not decided here: `shares` and `entries` of the router say it, and this module weighs bytes
with their probabilities.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from ipaddress import ip_network
from typing import TYPE_CHECKING

from .drivers import NODEPORT, Exposure
from .errors import NotExposed
from .profiles import provider
from .providers import TO_POD, LoadBalancerKind, Provider
from .router import entries, shares
from .service import Service, ServicePort

if TYPE_CHECKING:
    from .cluster import Cluster

__all__ = ["Traffic", "exposures", "profile_of"]

# The kinds of load balancer that a profile tells apart and a bill does not.
BILLED_AS = {
    "nlb_ip": "nlb", "nlb_instance": "nlb", "rbs": "forwarding_rule", "target_pool": "forwarding_rule",
    "no_floating_ip": "standard", "regional": "REGIONAL", "regional_network": "REGIONAL_NETWORK", "l2": "address",
    "bgp": "address", "l4": "load_balancer",
}  # fmt: skip
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
INTERNAL_BY = {
    f"{AWS}internal": lambda value: value not in ("", "false"),
    f"{AWS}scheme": lambda value: value == "internal",
    "networking.gke.io/load-balancer-type": lambda value: value == "Internal",
    "service.beta.kubernetes.io/azure-load-balancer-internal": lambda value: value == "true",
}
# The AWS load balancer controller keeps to itself unless told (facts of its annotations: "internal (default)").
INTERNAL_UNASKED = ("nlb_ip", "nlb_instance")
AZURE_ADDRESS = "service.beta.kubernetes.io/azure-pip-name"
DIGITALOCEAN_SIZE = "service.beta.kubernetes.io/do-loadbalancer-size-unit"


@dataclass(frozen=True, slots=True)
class Traffic:
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

    Examples
    --------
    >>> Traffic(1000, request_share=0.1).gb_of({"default/web": None, "default/api": None})
    {'default/web': 500.0, 'default/api': 500.0}
    """

    gb_per_month: float = 1000.0
    traffic_gb: Mapping[str, float] | None = None
    request_share: float = 0.1
    new_connections_per_s: float = 0.0
    active_connections: float = 0.0
    rule_evaluations_per_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gb_per_month", "new_connections_per_s", "active_connections", "rule_evaluations_per_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is a number from 0 on, not {getattr(self, name)!r}")
        if not 0 <= self.request_share <= 1:
            raise ValueError(f"request_share is a number from 0 to 1, not {self.request_share!r}")
        for name, gb in (self.traffic_gb or {}).items():
            if not 0 <= gb < math.inf:
                raise ValueError(f"traffic_gb of {name} is a number from 0 on, not {gb!r}")

    def gb_of(self, services: Mapping[str, object]) -> dict[str, float]:
        """Return the GB of each Service.

        Parameters
        ----------
        services : mapping
            By ``namespace/name``.

        Returns
        -------
        dict of str to float
            GB in a month.

        Raises
        ------
        ValueError
            If `traffic_gb` names a Service that is not exposed; the text lists those that are.
        """
        if self.traffic_gb is None:
            return dict.fromkeys(services, self.gb_per_month / max(len(services), 1))
        given = {name if "/" in name else f"default/{name}": float(gb) for name, gb in self.traffic_gb.items()}
        if unknown := sorted(set(given) - set(services)):
            listed = ", ".join(services) or "none"
            raise ValueError(f"traffic_gb names {', '.join(unknown)}; the exposed Services are: {listed}")
        return {name: given.get(name, 0.0) for name in services}


def profile_of(cluster: Cluster) -> Provider | None:
    """Return the profile of the cluster's provider; None where there is nobody.

    Parameters
    ----------
    cluster : Cluster
        The cluster.

    Returns
    -------
    Provider or None
        The profile.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> profile_of(Cluster(provider="aws")).name
    'aws'
    """
    given = cluster.provider
    return provider(given) if isinstance(given, str) else given


def exposures(cluster: Cluster, traffic: Traffic) -> tuple[Exposure, ...]:
    """List every way into a cluster: its LoadBalancer and NodePort Services, and what the cloud forgot to delete.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    traffic : Traffic
        What passes.

    Returns
    -------
    tuple of Exposure
        By name, the load balancers that no Service owns any more at the end. Services for which nobody here makes a
        load balancer are left out.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster()
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> [entry.kind for entry in exposures(cluster, Traffic())]
    ['load_balancer']
    """
    profile = profile_of(cluster)
    found: dict[str, tuple[Service, LoadBalancerKind | None]] = {}
    for service in cluster.services:
        kind = profile.kind_for(service) if profile else None
        if service.type == "NodePort" or kind is not None:
            found[service.key] = service, kind
    gb = traffic.gb_of(found)
    balancers = sum(kind is not None for _, kind in found.values())
    listed = [
        _exposure(cluster, service, kind, gb[name], traffic, balancers)
        for name, (service, kind) in sorted(found.items())
    ]
    return (*listed, *_orphans(cluster))


def _exposure(
    cluster: Cluster, service: Service, kind: LoadBalancerKind | None, gb: float, traffic: Traffic, balancers: int
) -> Exposure:
    """Describe one Service to the provider."""
    zones = Counter(node.zone for node in cluster.nodes)
    crossing = gb * float(_leaves_zone(cluster, service)) if gb else 0.0
    entry = Exposure(
        service.key,
        NODEPORT,
        ports=tuple((port.port, port.protocol or "TCP") for port in service.ports),
        gb=gb,
        request_gb=gb * traffic.request_share,
        node_to_pod_gb=crossing,
    )
    if kind is None:
        return entry
    return replace(
        entry,
        kind=BILLED_AS.get(kind.name, kind.name),
        internal=_is_internal(service, kind),
        families=max(len(service.ip_families), 1),
        zones=max(len(set(zones) - {None}), 1),
        address=service.annotations.get(AZURE_ADDRESS) or service.load_balancer_ip,
        size_units=_size(service),
        tls=f"{AWS}ssl-cert" in service.annotations,
        targets=len(cluster.nodes),
        targets_per_zone=max(zones.values(), default=0),
        balancer_to_node_gb=gb * float(_leaves_zone_at_the_balancer(cluster, service, kind)) if gb else 0.0,
        new_connections_per_s=traffic.new_connections_per_s / balancers,
        active_connections=traffic.active_connections / balancers,
        rule_evaluations_per_s=traffic.rule_evaluations_per_s / balancers,
    )


def _is_internal(service: Service, kind: LoadBalancerKind) -> bool:
    told = [ask(service.annotations[key]) for key, ask in INTERNAL_BY.items() if key in service.annotations]
    return any(told) if told else kind.name in INTERNAL_UNASKED


def _size(service: Service) -> int:
    text = service.annotations.get(DIGITALOCEAN_SIZE, "")
    return max(int(text), 1) if text.isdecimal() else 1


def _orphans(cluster: Cluster) -> tuple[Exposure, ...]:
    """List the load balancers that the cloud still holds and no Service owns: no traffic, but they cost."""
    return ()


# -- bytes that leave their zone --------------------------------------------------------------------------------------


def _leaves_zone(cluster: Cluster, service: Service) -> Fraction:
    """Return the share of connections whose node hands them to a Pod in another zone; ports count alike."""
    total = Fraction(0)
    for port in service.ports:
        try:
            total += shares(cluster, *_question(service, port), protocol=port.protocol or "TCP").crosses_zone
        except NotExposed:  # refused by the cloud: no byte comes this way
            continue
    return total / max(len(service.ports), 1)


def _leaves_zone_at_the_balancer(cluster: Cluster, service: Service, kind: LoadBalancerKind) -> Fraction:
    """Return the share that a load balancer hands to another zone, where an annotation lets it.

    Its name has an address in each of Z zones, so 1/Z of the connections reach each; wherever a connection is handed
    to, 1/Z of those to that zone started there.
    """
    zones = {node.zone for node in cluster.nodes} - {None}
    if not zones or not kind.zonal or kind.keeps_zones(service):
        return Fraction(0)
    arriving = Fraction(0)
    for port in service.ports:
        try:
            if kind.data_path == TO_POD:
                by_node = shares(cluster, *_question(service, port), protocol=port.protocol or "TCP").by_node
            else:
                by_node = entries(cluster, *_question(service, port), protocol=port.protocol or "TCP")
        except NotExposed:
            continue
        arriving += sum(by_node.values(), Fraction(0))
    return arriving / max(len(service.ports), 1) * (1 - Fraction(1, len(zones)))


def _question(service: Service, port: ServicePort) -> tuple[str, str | None]:
    """Name the target and the client of the connections to a port."""
    return f"{service.key}:{port.port}", _client(service)


def _client(service: Service) -> str | None:
    """Name a client that the Service lets in."""
    for text in service.load_balancer_source_ranges:
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            continue
        return None if network.prefixlen == 0 else str(network[0])
    return None
