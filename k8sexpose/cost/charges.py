"""What each provider charges for: the driver of the cost differs, so there is a function for each.

AWS counts load balancers, GCP forwarding rules, Azure rules on one load balancer that all Services share. A driver
says what is counted, and how much of it in a month; the price book says what one costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from .prices import CapacityUnit, PriceBook

__all__ = ["DRIVERS", "KINDS", "BilledEntry", "Charge", "Usage"]

NODEPORT = "nodeport"  # no load balancer at all
GB_UNITS = ("GB", "GiB")  # the provider's choice; never converted
FIRST_RULES = 5  # forwarding rules (GCP) and load balancer rules (Azure) that one price covers together


@dataclass(frozen=True, slots=True)
class BilledEntry:
    """One entrance, as the provider sees it: a Service's load balancer, one shared entry, or a NodePort.

    Parameters
    ----------
    name : str
        Such as ``namespace/name``.
    kind : str
        One of `KINDS`, or nodeport.
    internal : bool
        Whether it has no address on the internet.
    ports : tuple of (int, str)
        Number and protocol of each port.
    families : int
        1, or 2 where it answers IPv4 and IPv6.
    zones : int
        In how many zones it is.
    address : str
        Entries with the same one share an address; empty is one of its own.
    size_units : int
        DigitalOcean's size of a load balancer.
    tls : bool
        Whether the load balancer ends TLS.
    targets, targets_per_zone : int
        Nodes behind it; those in the zone that has the most.
    gb : float
        What passes in a month, request and response together.
    request_gb : float
        The part of it that comes in.
    node_to_pod_gb, balancer_to_node_gb : float
        The parts that leave their zone on these legs; the second only where that is charged.
    new_connections_per_s, active_connections, rule_evaluations_per_s : float
        What it is asked to do beside passing bytes.

    Examples
    --------
    >>> BilledEntry("default/web", "nlb", ports=((443, "TCP"), (53, "UDP"))).protocols
    ('TCP', 'UDP')
    """

    name: str
    kind: str
    internal: bool = False
    ports: tuple[tuple[int, str], ...] = ((80, "TCP"),)
    families: int = 1
    zones: int = 1
    address: str = ""
    size_units: int = 1
    tls: bool = False
    targets: int = 0
    targets_per_zone: int = 0
    gb: float = 0.0
    request_gb: float = 0.0
    node_to_pod_gb: float = 0.0
    balancer_to_node_gb: float = 0.0
    new_connections_per_s: float = 0.0
    active_connections: float = 0.0
    rule_evaluations_per_s: float = 0.0

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols of its ports."""
        return tuple(sorted({protocol for _, protocol in self.ports}))


@dataclass(frozen=True, slots=True)
class Charge:
    """A quantity that a provider charges for.

    Parameters
    ----------
    name : str
        The line of the bill.
    product : str
        In the price book.
    components : tuple of str
        The same; several where the book prices the parts of one quantity under different names.
    unit : str
        What is counted. GB means the provider's unit of bytes.
    quantity : float
        How many in a month.
    by_tier : bool
        Whether the tiers of the price cut this quantity; those of rules count rules, which is done already.
    """

    name: str
    product: str
    components: tuple[str, ...]
    unit: str
    quantity: float
    by_tier: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """How many of a quota, by its name in the price book, are used."""

    quota: str
    used: int


# The kinds of load balancer that each provider builds for a Service; the first is what one gets unasked.
KINDS: dict[str, tuple[str, ...]] = {
    "aws": ("classic", "nlb", "alb"),
    "gcp": ("forwarding_rule",),
    "azure": ("standard",),
    "digitalocean": ("REGIONAL_NETWORK", "REGIONAL"),
    "hetzner": ("lb11",),
    "linode": ("nodebalancer",),
    "metallb": ("address",),
    "oci": ("flexible", "network"),
    "ovh": ("S", "M", "L", "XL"),
    "k3s": ("servicelb",),
    "docker-desktop": ("host_port",),
    "generic": ("load_balancer",),
}
# What a cloud builds for Ingresses and Gateways, and for no Service.
FOR_SHARED_ENTRIES = {"azure": ("application_gateway",)}
# The kinds that are a load balancer of their own; Azure's Services share one, software that runs on nodes is none.
OWN = set(chain.from_iterable((*KINDS.values(), *FOR_SHARED_ENTRIES.values()))) - {
    "standard",
    "address",
    "servicelb",
    "host_port",
}


def load_balancers(exposures: Sequence[BilledEntry]) -> int:
    """Return how many load balancers run: on Azure one for all Services, elsewhere one each, on MetalLB none."""
    shared = {entry.internal for entry in exposures if entry.kind == "standard"}
    return sum(entry.kind in OWN for entry in exposures) + len(shared)


# -- AWS --------------------------------------------------------------------------------------------------------------


def aws(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for a load balancer each, its capacity units or bytes, and a public IPv4 address in each zone.

    Source: the price pages of Elastic Load Balancing (2026-09-20), of public IPv4 (2024-02-01) and the data
    transfer rows of the book.
    """
    hours = book.hours_per_month
    nlb, alb, classic = ([e for e in exposures if e.kind == kind] for kind in ("nlb", "alb", "classic"))
    yield Charge("Network load balancer", "nlb", ("nlb_hour",), "LB-hour", len(nlb) * hours)
    units = math.fsum(max(_unit_hours(entry, unit, hours) for unit in _nlcu(entry, book)) for entry in nlb)
    yield Charge("Load balancer capacity units (NLCU)", "nlb", ("nlb_nlcu_hour",), "NLCU-hour", units)
    yield Charge("Application load balancer", "alb", ("alb_hour",), "LB-hour", len(alb) * hours)
    units = math.fsum(_unit_hours(entry, book.capacity_units["LCU"], hours) for entry in alb)
    yield Charge("Load balancer capacity units (LCU)", "alb", ("alb_lcu_hour",), "LCU-hour", units)
    yield Charge("Classic load balancer", "classic_lb", ("clb_hour",), "LB-hour", len(classic) * hours)
    yield Charge("Classic load balancer data processed", "classic_lb", ("clb_data_gb",), "GB", _gb(classic))
    public = sum(entry.zones for entry in (*nlb, *alb, *classic) if not entry.internal)
    yield Charge("Public IPv4 address", "public_ipv4", ("public_ipv4_hour",), "IP-hour", public * hours)
    # Whoever sends a byte into another zone pays, and so does whoever receives it.
    crossing = math.fsum(entry.node_to_pod_gb for entry in exposures)
    yield Charge("cross-zone node to Pod, sender", "cross_az", ("cross_az_out",), "GB", crossing)
    yield Charge("cross-zone node to Pod, receiver", "cross_az", ("cross_az_in",), "GB", crossing)
    # Between an application or Classic load balancer and its targets nothing is charged.
    crossing = math.fsum(entry.balancer_to_node_gb for entry in nlb)
    yield Charge("cross-zone load balancer to node", "cross_az", ("nlb_cross_zone_per_gb",), "GB", crossing)


def _nlcu(entry: BilledEntry, book: PriceBook) -> list[CapacityUnit]:
    """Return the units a network load balancer is measured in: each protocol has its own."""
    names = {"UDP" if protocol == "UDP" else ("TLS" if entry.tls else "TCP") for protocol in entry.protocols}
    return [book.capacity_units[f"NLCU_{name}"] for name in sorted(names)]


def _unit_hours(entry: BilledEntry, unit: CapacityUnit, hours: float) -> float:
    return unit.unit_hours(
        gb=entry.gb,
        new_connections_per_s=entry.new_connections_per_s,
        active_connections=entry.active_connections,
        rule_evaluations_per_s=entry.rule_evaluations_per_s,
        hours=hours,
    )


def aws_quotas(exposures: Sequence[BilledEntry]) -> Iterator[Usage]:
    """Yield what AWS limits: load balancers in a region, listeners and targets of a network load balancer."""
    nlb = [entry for entry in exposures if entry.kind == "nlb"]
    for kind, quota in (("nlb", "nlb_per_region"), ("classic", "clb_per_region"), ("alb", "alb_per_region")):
        yield Usage(quota, sum(entry.kind == kind for entry in exposures))
    yield Usage("listeners_per_nlb", max((len(entry.ports) for entry in nlb), default=0))
    # Each port is a target group of its own, and a node counts in every group.
    yield Usage("targets_per_nlb_per_az", max((len(e.ports) * e.targets_per_zone for e in nlb), default=0))
    yield Usage("targets_per_nlb", max((len(e.ports) * e.targets for e in nlb), default=0))


# -- GCP and Azure: rules ---------------------------------------------------------------------------------------------


def gcp(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for forwarding rules, the first five as one, and for the bytes that come in.

    A rule carries one protocol and up to five ports, or a range: one Service needs one for each protocol. The load
    balancer passes packets on, and answers go straight to the client: only requests are processed by it. Source: the
    price pages of Cloud Load Balancing and VPC (2026-09-20).
    """
    balanced = _balanced(exposures)
    rules = sum(len(entry.protocols) * entry.families for entry in balanced)
    yield from _rules("Forwarding rules", "forwarding_rules", rules, book.hours_per_month)
    processed = math.fsum(entry.request_gb for entry in balanced)
    yield Charge("Data processed, inbound", "forwarding_rules", ("data_processed_in",), "GB", processed)
    addresses = _addresses(balanced) * book.hours_per_month
    yield Charge("IP address on a forwarding rule", "external_ip", ("ip_on_forwarding_rule",), "IP-hour", addresses)
    crossing = math.fsum(entry.node_to_pod_gb for entry in exposures)
    yield Charge("cross-zone node to Pod, sender", "inter_zone", ("inter_zone_vm_to_vm",), "GB", crossing)


def azure(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for rules on the one load balancer of the cluster, an address each, and all bytes.

    There is a rule for each port of each address, and the first five have one price, used or not. Internal Services
    share a second load balancer. Source: Azure's retail price meters (2026); traffic between zones is free (May 2024).
    """
    gateways = sum(entry.kind == "application_gateway" for entry in exposures)
    if gateways:  # the book has no price of it: a line without an amount
        hours = gateways * book.hours_per_month
        yield Charge("Application gateway", "application_gateway", ("gateway_hour",), "gateway-hour", hours)
    exposures = [entry for entry in exposures if entry.kind != "application_gateway"]
    balanced = _balanced(exposures)
    for internal, name in ((False, "Load balancer rules"), (True, "Internal load balancer rules")):
        rules = sum(len(entry.ports) * entry.families for entry in balanced if entry.internal is internal)
        yield from _rules(name, "standard_lb", rules, book.hours_per_month)
    addresses = _addresses(balanced) * book.hours_per_month
    yield Charge("Public IP address", "public_ip", ("standard_static_ipv4",), "IP-hour", addresses)
    yield Charge("Data processed", "standard_lb", ("data_processed",), "GB", _gb(balanced))
    crossing = math.fsum(entry.node_to_pod_gb for entry in exposures)
    yield Charge("cross-zone node to Pod", "inter_zone", ("inter_az",), "GB", crossing)


def azure_quotas(exposures: Sequence[BilledEntry]) -> Iterator[Usage]:
    """Yield what Azure limits: rules behind a node's interface and on a load balancer, addresses of both."""
    balanced = [entry for entry in _balanced(exposures) if entry.kind != "application_gateway"]
    rules = sum(len(entry.ports) * entry.families for entry in balanced)
    yield Usage("rules_per_nic", rules)
    yield Usage("rules_per_lb", rules)
    yield Usage("frontend_ips_per_lb", len({entry.address or entry.name for entry in balanced}))
    for plan in ("payg", "ea"):
        yield Usage(f"standard_public_ips_per_subscription_region_{plan}", _addresses(balanced))


def gcp_quotas(exposures: Sequence[BilledEntry]) -> Iterator[Usage]:
    """Yield what GCP limits for everybody; how many rules there may be is a matter of the project."""
    internal = (entry.targets for entry in exposures if entry.internal)
    yield Usage("nodes_behind_internal_lb_without_subsetting", max(internal, default=0))


def _rules(name: str, product: str, rules: int, hours: float) -> Iterator[Charge]:
    """Yield charges for rules: one price for the first five together, however few, and one for each further rule."""
    bundle = f"{name}, the first {FIRST_RULES} together"
    yield Charge(bundle, product, ("first_5_rules_bundle",), "hour", hours if rules else 0, False)
    further = max(rules - FIRST_RULES, 0)
    yield Charge(f"{name}, each further one", product, ("additional_rule",), "rule-hour", further * hours, False)


# -- one price for each load balancer ---------------------------------------------------------------------------------


def digitalocean(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for a load balancer each, by the nodes that it is made of, which its size says."""
    for kind, component in (("REGIONAL", "regional_lb_node_month"), ("REGIONAL_NETWORK", "regional_network_lb_month")):
        nodes = sum(entry.size_units for entry in exposures if entry.kind == kind)
        yield Charge(f"Load balancer ({kind})", "load_balancer", (component,), "LB-node-month", nodes)


def linode(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for a NodeBalancer each, by the hour up to a price for the month."""
    count, hours = len(_balanced(exposures)), book.hours_per_month
    region = book.region("linode", None)
    rates = [book.find("linode", "nodebalancer", f"nodebalancer_{name}", region) for name in ("hour", "month_cap")]
    if all(rates) and rates[0][0].price * hours < rates[1][0].price:
        yield Charge("NodeBalancer", "nodebalancer", ("nodebalancer_hour",), "LB-hour", count * hours)
    else:
        yield Charge("NodeBalancer", "nodebalancer", ("nodebalancer_month_cap",), "LB-month", count)


def hetzner(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for a load balancer each."""
    yield Charge("Load balancer LB11", "lb11", ("lb11_month",), "LB-month", len(_balanced(exposures)))


def hetzner_quotas(exposures: Sequence[BilledEntry]) -> Iterator[Usage]:
    """Yield the load balancers of a project."""
    yield Usage("lbs_per_project_default", len(_balanced(exposures)))


def ovh(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for a load balancer each, by its size: S by the month, the others by the hour."""
    for size in KINDS["ovh"]:
        count = sum(entry.kind == size for entry in exposures)
        by_month = size == "S"
        unit, quantity = ("LB-month", float(count)) if by_month else ("LB-hour", count * book.hours_per_month)
        component = f"flavor_{size}_{'month' if by_month else 'hour'}"
        yield Charge(f"Load balancer {size}", "octavia_lb", (component,), unit, quantity)


def oci(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for flexible load balancers, 744 hours of a month free; network load balancers cost nothing."""
    hours = book.hours_per_month
    flexible, network = (sum(e.kind == kind for e in exposures) for kind in ("flexible", "network"))
    yield Charge("Flexible load balancer", "flexible_lb", ("base_free", "base"), "LB-hour", flexible * hours)
    yield Charge("Network load balancer", "network_lb", ("network_lb",), "LB-hour", network * hours)


def metallb(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield the addresses of the pool: nobody charges for them, but there are only so many."""
    addresses = len({entry.address or entry.name for entry in _balanced(exposures)})
    yield Charge("Address of the pool", "metallb_kube_vip", ("lb",), "Service", addresses)


def k3s(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield the Services that ServiceLB serves from the nodes themselves: nobody charges for it."""
    yield Charge("ServiceLB of k3s", "load_balancer", ("servicelb",), "Service", len(_balanced(exposures)))


def docker_desktop(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield the Services that Docker Desktop publishes on the host: nobody charges for it."""
    yield Charge("Port of the host", "load_balancer", ("load_balancer",), "Service", len(_balanced(exposures)))


def generic(exposures: Sequence[BilledEntry], book: PriceBook) -> Iterator[Charge]:
    """Yield charges for a load balancer each, at a price that only you can give: no cloud is like this one."""
    yield Charge("Load balancer", "load_balancer", ("lb_month",), "LB-month", len(_balanced(exposures)))


def no_quotas(exposures: Sequence[BilledEntry]) -> Iterator[Usage]:
    """Yield nothing: no source shows a limit."""
    yield from ()


Driver = tuple[
    Callable[[Sequence[BilledEntry], PriceBook], Iterator[Charge]],
    Callable[[Sequence[BilledEntry]], Iterator[Usage]],
]
# What is charged, and what is limited; the first quota of a provider is the one on load balancers (Azure: on rules).
DRIVERS: dict[str, Driver] = {
    "aws": (aws, aws_quotas),
    "gcp": (gcp, gcp_quotas),
    "azure": (azure, azure_quotas),
    "digitalocean": (digitalocean, no_quotas),
    "hetzner": (hetzner, hetzner_quotas),
    "linode": (linode, no_quotas),
    "metallb": (metallb, no_quotas),
    "oci": (oci, no_quotas),
    "ovh": (ovh, no_quotas),
    "k3s": (k3s, no_quotas),
    "docker-desktop": (docker_desktop, no_quotas),
    "generic": (generic, no_quotas),
}


def _balanced(exposures: Sequence[BilledEntry]) -> list[BilledEntry]:
    return [entry for entry in exposures if entry.kind != NODEPORT]


def _gb(exposures: Sequence[BilledEntry]) -> float:
    return math.fsum(entry.gb for entry in exposures)


def _addresses(exposures: Sequence[BilledEntry]) -> int:
    """Return how many addresses are on the internet; Services that ask for the same one share it."""
    return len({entry.address or entry.name for entry in exposures if not entry.internal})
