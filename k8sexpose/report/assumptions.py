"""A real cluster, made ready to be asked: whose it is, where it runs, and what is assumed because no dump says it.

Every assumption is written down in words; the report shows them all.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, product

from .._display import listed
from ..api import checks
from ..api.checks import shown
from ..api.dump import LeftOut
from ..api.errors import NotExposed, cut, go_quote
from ..api.objects import SERVICE_NAME_LABEL, Endpoint, EndpointSlice, Event
from ..api.service import Service
from ..api.validation import POLICIES, TYPES
from ..cloud.controller import start_controller
from ..cloud.front_door import front_door
from ..cloud.health_checks import all_targets
from ..cloud.providers import LoadBalancerKind, Provider, provider_names
from ..cloud.providers import provider as profile
from ..cost.charges import DRIVERS
from ..cost.prices import PriceBook
from ..cost.usage import MonthlyTraffic
from ..kubeproxy.service_ports import Target, targets
from ..model import Cluster
from ..traffic.queueing import check_service
from .environment import (
    OTHERS,
    Environment,
    PendingReason,
    as_in_a_manifest,
    environment,
    pending_cause,
    proxy_mode,
    runs,
)

__all__ = [
    "EXPOSED", "ReviewedCluster", "Sharers", "guess_provider", "guess_region", "load_in_words", "sharers", "survey",
    "traffic_in_words",
]  # fmt: skip

PROTOCOLS = ("TCP", "UDP", "SCTP")
EXPOSED = ("NodePort", "LoadBalancer")
REGION_LABEL, OLD_REGION_LABEL = "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"
# The scheme of spec.providerID is the name of the cloud provider (cloud-provider, GetInstanceProviderID).
SCHEMES = {
    "aws": "aws", "gce": "gcp", "azure": "azure", "digitalocean": "digitalocean", "linode": "linode", "kind": "kind",
    "minikube": "minikube",
}  # fmt: skip
ASSUMED = "a load balancer that keeps the client's address is assumed"
MINIKUBE_LABEL = "minikube.k8s.io/name"
AWS_CONTROLLER, METALLB = "aws-load-balancer-controller", "metallb"


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedCluster:
    """A copy of a cluster, with its provider's load balancers, and what is known or assumed about it.

    Parameters
    ----------
    cluster : Cluster
        A copy of the cluster, with the provider's load balancers, that nobody else changes.
    provider, region : str
        Whose cluster it is, and where.
    why : str
        How one knows.
    assumptions : tuple of str
        What no dump says.
    utilisation, service_ms : float
        Load of the average Pod, from 0 to 1; mean time for a request, in milliseconds.
    workers : int
        How many requests a Pod serves at once.
    set_aside : dict of str to str
        Services that no API server would store, by ``namespace/name``, and why; they are left out.
    around : Environment
        Who makes its load balancers, and which data plane it has.
    events : tuple of Event
        What its own controllers reported, without those of the copy.
    currency : str
        Of its prices; empty without a price list.
    """

    cluster: Cluster
    provider: str
    region: str
    why: str
    assumptions: tuple[str, ...] = ()
    utilisation: float = 0.5
    service_ms: float = 10.0
    workers: int = 1
    set_aside: Mapping[str, str] = field(default_factory=dict)
    around: Environment = field(default_factory=lambda: Environment("", True, ""))
    events: tuple[Event, ...] = ()
    currency: str = ""

    @property
    def absent(self) -> frozenset[str]:
        """The kinds of objects of which the dump says nothing."""
        return self.cluster.absent

    @property
    def judges_endpoints(self) -> bool:
        """Whether Pods or EndpointSlices are there to judge by."""
        return not {"Pod", "EndpointSlice"} <= self.absent

    @property
    def profile(self) -> Provider | None:
        """Who makes load balancers here."""
        found: Provider | None = self.cluster.provider
        return found

    @property
    def exposed(self) -> tuple[Service, ...]:
        """The Services that can be reached from outside: node ports and load balancers."""
        return tuple(service for service in self.cluster.services if service.type in EXPOSED)

    def kind(self, service: Service) -> LoadBalancerKind | None:
        """Return the kind of load balancer that a Service has or asks for; None if nobody makes it."""
        return self.profile.kind_of(service) if self.profile else None

    def ready(self, service: Service) -> tuple[Target, ...]:
        """Return the ready endpoints of a Service, over all ports and families."""
        return tuple(target for target in all_targets(self.cluster, service) if target.endpoint.ready)

    def hosts(self, service: Service) -> Counter[str]:
        """Return the number of ready Pods of each node, as the first port sees them."""
        homes: dict[str, str] = {}
        for port in service.ports[:1]:
            for family in (4, 6):
                for target in targets(self.cluster.store, service, port, family).ready:
                    # A Pod of a dual-stack Service is an endpoint of each family, and one Pod.
                    if target.endpoint.node:
                        homes.setdefault(
                            target.endpoint.pod or self._pod_name(target.endpoint.ip), target.endpoint.node
                        )
        return Counter(homes.values())

    def is_hidden(self, service: Service) -> bool:
        """Return True if the address of a Pod behind a Service was taken out of the dump."""
        hidden = self.cluster.hidden
        if not hidden:
            return False
        chosen = (pod for pod in self.cluster.pods if (pod.namespace, pod.name) in hidden)
        wanted = service.selector.items()
        return any(wanted and pod.namespace == service.namespace and wanted <= pod.labels.items() for pod in chosen)

    def judges(self, service: Service) -> bool:
        """Return True if the dump holds what decides on the endpoints of a Service: absent is not empty."""
        written = "EndpointSlice" in self.absent and not service.selector
        return self.judges_endpoints and not written and not self.is_hidden(service) and not self._lost(service)

    def _lost(self, service: Service) -> bool:
        """Return True if an object that is left out decides on the endpoints of a Service."""
        kinds = {"Pod"} if "EndpointSlice" in self.absent else {"EndpointSlice", "Endpoints"}
        return any(one.kind in kinds and belongs_to(one, service) for one in self.cluster.left_out)

    def strays(self, service: Service) -> tuple[str, ...]:
        """Return the ready endpoints whose Pod or node is not in the dump, or of which Pods and slices disagree.

        Packets to them cannot be followed: that the dump does not hold them is not that they are lost.
        """
        if not service.selector or {"Pod", "Node"} & self.absent or self.is_hidden(service):
            return ()
        ends = {target.endpoint.ip: target.endpoint for target in self.ready(service)}
        return tuple(filter(None, map(self._stray, ends.values())))

    def _stray(self, end: Endpoint) -> str | None:
        store = self.cluster.store
        pod = store.pod_at(end.ip)
        if pod is None:
            if store.node_at(end.ip) is not None:
                return None
            named = f" ({end.pod})" if end.pod else ""
            return f"an EndpointSlice lists {end.ip}{named}, and no Pod of the dump has this address"
        if pod.node not in store.nodes:
            other = f", and an EndpointSlice says {end.node}" if end.node not in (None, pod.node) else ""
            return f"{pod.name} says that it is on {pod.node or 'no node'}, which is no node of the dump{other}"
        if end.node not in (None, pod.node):
            return f"{pod.name} says that it is on {pod.node}, and an EndpointSlice says {end.node}"
        return None

    def _pod_name(self, ip: str) -> str:
        pod = self.cluster.store.pod_at(ip)
        return pod.name if pod is not None else ip

    def ready_count(self, service: Service) -> int:
        """Return the number of ready Pods or addresses behind the first port."""
        names: set[str] = set()
        for port in service.ports[:1]:
            for family in (4, 6):
                ready = targets(self.cluster.store, service, port, family).ready
                names |= {one.endpoint.pod or self._pod_name(one.endpoint.ip) for one in ready}
        return len(names)

    def pending(self, service: Service) -> PendingReason | None:
        """Return why a load balancer has no address; None where it has one, or is not asked for."""
        if as_in_a_manifest(service):
            return None
        if service.type != "LoadBalancer" or service.load_balancer_address:
            return None
        cause = pending_cause(self.cluster, self.around, service, self.events)
        if cause is not None:
            return replace(cause, text=f"{service.name} is <pending>: {cause.text}")
        if not self.around.modelled:
            unread = f"{self.around.controller} is not modelled: look at its events"
            return PendingReason(f"{service.name} is <pending>, and {unread}", is_cause=False)
        try:
            front_door(self.cluster, service)
        except NotExposed as reason:
            return PendingReason(str(reason))
        unknown = "the cause is not in the dump: wait, or look at its events"
        return PendingReason(f"{service.name} is <pending>, and {unknown}", is_cause=False)


def survey(
    cluster: Cluster,
    *,
    provider: str | None = None,
    region: str | None = None,
    book: PriceBook | None = None,
    utilisation: float = 0.5,
    service_ms: float = 10.0,
    workers: int = 1,
    private: bool = False,
) -> ReviewedCluster:
    """Return a cluster made ready to be asked, and what was assumed; provider and region are guessed where not given.

    Raises
    ------
    ValueError
        If there is no such provider or region, or a number makes no sense.
    """
    checks.utilisation(utilisation)
    check_service(service_ms, workers)
    if provider is not None and provider not in provider_names():  # and no word of None: to a report it is a guess
        raise ValueError(f"there is no provider {shown(provider)}; there are: {', '.join(provider_names())}")
    twin = cluster.copy()
    set_aside = _set_aside(twin)
    if proxy_mode(twin) == "nftables":
        twin.proxy = replace(twin.proxy, mode="nftables")
    name, why = (provider, f"{provider}: as you said") if provider else guess_provider(twin, private=private)
    assumptions = []
    if not _already(twin, name, provider):
        chosen, words = _profile(twin, name)
        assumptions += words
        twin.provider, twin.controller = start_controller(chosen)
    place, words = _region(twin, name, region, book, private=private)
    assumptions += words
    assumptions += _listening(twin)
    twin.advance(0)  # the cloud takes over the load balancers whose address is in a status
    assumptions.append(f"Load: {load_in_words(utilisation, service_ms, workers)}.")
    if not twin.cni_masquerade:
        assumptions.append("Pods leave the Pod network with their own address (no masquerading).")
    around = environment(twin, name, given=provider is not None)
    currency = book.currency(name) if book is not None and name in DRIVERS else ""
    return ReviewedCluster(
        twin, name, place, why, tuple(assumptions), utilisation, service_ms, workers, set_aside, around, cluster.events,
        currency,
    )  # fmt: skip


def load_in_words(utilisation: float, service_ms: float, workers: int) -> str:
    """Return the load that is assumed of every Service."""
    load = f"each Pod busy {utilisation:.0%} of the time on average, {service_ms:g} ms of work a request"
    at_a_time = "one request at a time" if workers == 1 else f"{workers} requests at a time"
    return f"{load}, {at_a_time}; many clients, a new connection for each request"


@dataclass(frozen=True, slots=True)
class Sharers:
    """Which exposed Services share the assumed traffic, and which do although one might think otherwise.

    Parameters
    ----------
    sharing, exposed : int
        How many do, of how many.
    without : tuple of str
        Those that get none, since nobody makes their load balancer.
    silent : tuple of str
        Those that get a share, and no Pod of theirs is ready.
    waiting : tuple of str
        Those that get a share, and wait for the address of their load balancer.
    """

    sharing: int
    exposed: int
    without: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def sharers(found: ReviewedCluster, entries: Collection[str]) -> Sharers:
    """Return who shares the traffic; `entries` names what the provider sees."""
    within = [service for service in found.exposed if service.key in entries]
    silent = [one.key for one in within if found.judges(one) and not found.ready_count(one)]
    waiting = [one.key for one in within if one.type == "LoadBalancer" and not one.load_balancer_ingress]
    without = [service.key for service in found.exposed if service.key not in entries]
    return Sharers(len(within), len(found.exposed), tuple(without), tuple(silent), tuple(waiting))


def traffic_in_words(traffic: MonthlyTraffic, who: Sharers) -> str:
    """Return the traffic that is assumed, and which of the exposed Services share it."""
    if traffic.traffic_gb is not None:
        return f"{math.fsum(traffic.traffic_gb.values()):,.10g} GB a month, by Service as you said"
    what = f"{traffic.gb_per_month:,.10g} GB a month, a tenth of it requests"
    if not who.sharing:
        return f"{what}, but no Service has a way for it"
    parts = [f"{what}, evenly over the exposed Services"]
    if who.sharing != who.exposed:
        parts = [f"{what}, evenly over {who.sharing} of the {who.exposed} exposed Services"]
        if who.without:
            parts.append(
                f"none for {listed(who.without)}, {_verb(who.without, 'which gets', 'which get')} no load balancer"
            )
        else:
            parts.append("one that gets no load balancer has none")
    if who.silent:
        parts.append(
            f"{listed(who.silent)} {_verb(who.silent, 'has', 'have')} a share, although no Pod answers there now"
        )
    if who.waiting:
        parts.append(f"{listed(who.waiting)} {_verb(who.waiting, 'counts', 'count')} as if no address were pending")
    return "; ".join(parts)


def _verb(names: Collection[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several


def belongs_to(left_out: LeftOut, service: Service) -> bool:
    """Return True if an object that is left out is, or may be, a part of a Service."""
    namespace, _, name = left_out.name.rpartition("/")
    if (namespace or "default") != service.namespace:
        return False
    if left_out.kind == "Endpoints":
        return name == service.name
    if left_out.kind == "EndpointSlice":
        return left_out.labels.get(SERVICE_NAME_LABEL) == service.name
    wanted = service.selector.items()
    return bool(wanted) and (not left_out.labels or wanted <= left_out.labels.items())


def _set_aside(twin: Cluster) -> dict[str, str]:
    """Return why exposed Services cannot be asked about, by ``namespace/name``, and take them out of the copy."""
    found = {f"{one.kind} {one.name}" if one.kind != "Service" else one.name: one.problem for one in twin.left_out}
    for service in twin.services:
        unknown = "; ".join(_unknown_words(service))
        if service.type in EXPOSED and not service.ports:
            found[service.key] = "spec.ports is empty"
        elif unknown:
            found[service.key] = unknown
        if service.key in found:
            twin.store.delete_service((service.namespace, service.name))
    return found


def _unknown_words(service: Service) -> Iterator[str]:
    """Yield the fields of a Service that hold none of their words: no API server stores that, so it was edited."""
    fields = [
        ("spec.type", service.type, TYPES), ("spec.externalTrafficPolicy", service.external_traffic_policy, POLICIES),
        ("spec.internalTrafficPolicy", service.internal_traffic_policy, POLICIES),
        ("spec.sessionAffinity", service.session_affinity, ("None", "ClientIP")),
    ]  # fmt: skip
    protocols = sorted({port.protocol for port in service.ports})
    for name, word, words in [*fields, *(("spec.ports[].protocol", one, PROTOCOLS) for one in protocols)]:
        if word and word not in words:
            meant = next((one for one in words if one.casefold() == word.strip().casefold()), None)
            hint = f"; capital and small letters count: write {meant}" if meant else ""
            yield f"{name} is {go_quote(cut(word))}, none of {', '.join(words)}{hint}"


def _already(twin: Cluster, name: str, asked: str | None) -> bool:
    """Return True if the cluster has this provider already, with settings of its own (a quota, a pool)."""
    return twin.provider is not None and twin.provider.name == name and (asked is None or asked == name)


# -- whose ------------------------------------------------------------------------------------------------------------


def guess_provider(cluster: Cluster, *, private: bool = False) -> tuple[str, str]:
    """Return whose cluster it is, and why: a provider was set, ``spec.providerID`` names it, or its Pods run there.

    With `private` a word that only this cluster has is not repeated.
    """
    given = cluster.provider.name if cluster.provider is not None else None
    if given not in (None, "generic"):
        return str(given), f"{given}: the cluster was made with this provider"
    schemes = Counter(_scheme(node.provider_id) for node in cluster.nodes)
    if runs(cluster, METALLB) and not set(schemes) & set(SCHEMES):
        return METALLB, f"{METALLB}: its Pods run in the cluster"
    del schemes[""]
    for scheme, count in schemes.most_common(1):
        evidence = f"spec.providerID of {_of(count, len(cluster.nodes))} names {scheme}"
        if scheme == "k3s":
            return "generic", f"generic: {evidence}, whose ServiceLB keeps the client's address under Local only"
        if scheme in SCHEMES:
            return SCHEMES[scheme], f"{SCHEMES[scheme]}: {evidence}"
        if private:
            evidence = f"spec.providerID of {_of(count, len(cluster.nodes))} names a provider"
        advice = "no advice on its load balancers" if scheme in OTHERS else ASSUMED
        return "generic", f"generic: {evidence}, which is not modelled; {advice}"
    if any(MINIKUBE_LABEL in node.labels for node in cluster.nodes):
        return "minikube", f"minikube: a node has the label {MINIKUBE_LABEL}"
    return "generic", f"generic: no node has a spec.providerID; {ASSUMED}"


def _of(count: int, nodes: int) -> str:
    return "the one node" if nodes == 1 else f"{count} of {nodes} nodes"


def _scheme(provider_id: str | None) -> str:
    found = re.match(r"([a-z0-9]+)://", provider_id or "")
    return found[1] if found else ""


def _profile(cluster: Cluster, name: str) -> tuple[Provider, list[str]]:
    if name == METALLB:  # its pools are not in the dump: no name of one is known to be wrong
        return replace(profile(name), annotations={}), []
    if name != "aws":
        return profile(name), []
    seen = runs(cluster, AWS_CONTROLLER)
    state = "its Pods are in the dump" if seen else "no Pod of it is in the dump, so it counts as not installed"
    return profile("aws", load_balancer_controller=seen), [f"AWS Load Balancer Controller: {state}."]


# -- where ------------------------------------------------------------------------------------------------------------


def guess_region(cluster: Cluster) -> str | None:
    """Return the region of most nodes, from their labels and zones; None if no node says it."""
    found = Counter(
        node.labels.get(REGION_LABEL) or node.labels.get(OLD_REGION_LABEL) or _region_of(node.zone)
        for node in cluster.nodes
    )
    del found[""]
    return found.most_common(1)[0][0] if found else None


def _region_of(zone: str | None) -> str:
    """Parse the region out of ``eu-west-1a`` (aws) or ``europe-west1-b`` (gcp)."""
    found = re.fullmatch(r"([a-z]{2}-[a-z-]+-\d)[a-z]|([a-z]+-[a-z]+\d+)-[a-z]", zone or "")
    return (found[1] or found[2]) if found else ""


def _region(
    cluster: Cluster, name: str, region: str | None, book: PriceBook | None, *, private: bool
) -> tuple[str, list[str]]:
    """Return the region of the prices, and what was assumed: yours, the nodes', or the provider's default."""
    if book is None or name not in DRIVERS:
        return region or "", []
    if region is not None:
        return book.region(name, region), []
    guessed = guess_region(cluster)
    default = book.region(name, None)
    shown = "the region of the nodes" if private else guessed
    if len(book.regions(name)) == 1:  # one price everywhere
        return default, []
    if guessed is None:
        return default, [f"Prices: {default or name}, because no node in the dump says where it is."]
    try:
        return book.region(name, guessed), [f"Prices: {guessed}, from the labels of the nodes."]
    except ValueError:
        return default, [f"Prices: {default or name}, because the price book has none for {shown}."]


# -- who listens ------------------------------------------------------------------------------------------------------


def _listening(twin: Cluster) -> list[str]:
    """Return how many Pods are made to listen where an endpoint leads, in words, since no dump says who listens."""
    silent: dict[tuple[str, str], set[int]] = {}
    for service in twin.services:
        if service.type in EXPOSED:
            for target in all_targets(twin, service):
                pod = twin.store.pod_at(target.endpoint.ip)
                if pod is not None and not pod.listens_on(target.port):
                    silent.setdefault((pod.namespace, pod.name), set()).add(target.port)
    for key, numbers in silent.items():
        pod = twin.store.pods[key]
        declared = (port.port for port in pod.ports) if pod.listens is None else pod.listens
        twin.store.put_pod(replace(pod, listens=(*declared, *sorted(numbers))))
    if not silent:
        return []
    pods = f"{len(silent)} Pod{' does' if len(silent) == 1 else 's do'}"
    return [f"{pods} not declare the port that a Service leads to; a process is assumed to listen."]


def apart(cluster: Cluster) -> Callable[[Service], Cluster]:
    """Return a function that builds a cluster of all nodes, one Service, and the Pods and endpoints behind it."""
    settings = (
        "proxy", "pod_cidr", "cni_masquerade", "cni_bridge", "cni_hairpin", "nodes_routable", "firewall", "seed",
    )  # fmt: skip
    base = Cluster(nodes=[], provider=cluster.provider)
    for node in cluster.nodes:  # as they are: a dump may say nothing of podCIDRs
        base.store.put_node(node)
    base.store.delete_service(("default", "kubernetes"))
    for name in settings:
        setattr(base, name, getattr(cluster, name))

    def make(service: Service) -> Cluster:
        one = base.copy()
        slices = cluster.store.slices(service)
        for endpoint in chain.from_iterable(part.endpoints for part in slices):
            pod = cluster.store.pod_at(endpoint.ip)
            if pod is not None:
                one.store.put_pod(pod)
        one.store.put_service(service)
        if _addresses(one.store.slices(service)) != _addresses(slices):
            for part in slices:  # not what the controller would write: kept as it is
                one.store.put_slice(part)
        return one

    return make


def _addresses(slices: Iterable[EndpointSlice]) -> set[tuple[str, bool, int | None]]:
    """Return what kube-proxy reads of EndpointSlices: address, readiness and number of each port."""
    pairs = chain.from_iterable(product(part.endpoints, part.ports) for part in slices)
    return {(endpoint.ip, endpoint.ready, port.port) for endpoint, port in pairs}
