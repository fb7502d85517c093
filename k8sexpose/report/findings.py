"""What is wrong, or soon will be, with the routes into a cluster: one small function for each finding.

A finding never decides how packets go: it asks the model, and says what it heard.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import Any

from .._display import listed
from ..api.addresses import address, ip_version
from ..api.errors import NotExposed
from ..api.objects import Pod
from ..api.service import LAST_APPLIED, Service, ServicePort
from ..cloud.health_checks import EXCLUDED, candidates, is_candidate
from ..cloud.providers import NODE_PORT
from ..cluster.endpoint_slices import target_port
from ..cost.billing import Bill
from ..kubeproxy.service_ports import targets
from ..router.reach import Entrance
from ..router.router import shares
from .assumptions import EXPOSED, ReviewedCluster
from .environment import as_in_a_manifest
from .finding_sources import OF_KIND, SOURCES, Source
from .policy_advice import ServiceComparison

__all__ = [
    "FINDERS",
    "NOTE",
    "SEVERITIES",
    "UNEVEN",
    "Asked",
    "Finding",
    "find_all",
    "outside_default",
    "written_node_ports",
]

PROBLEM, WARNING, NOTE = "problem", "warning", "note"
SEVERITIES = (PROBLEM, WARNING, NOTE)
API_SERVER = "default/kubernetes"  # its endpoints are written by the API server itself
SEARCHED = 5000  # Pods in which a near miss is looked for
UNEVEN = 1.2  # hottest over mean: a fifth more than its part
NEAR = 0.8  # of a quota
OUTSIDERS = ("192.0.2.99", "203.0.113.199", "2001:db8:ffff::99", "2001:db8:eeee::99")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a cluster.

    Parameters
    ----------
    kind : str
        Short name, the same in every report: ``no-endpoints``, ``pending``, …
    severity : str
        ``problem`` (somebody is not served), ``warning`` (will hurt), ``note`` (good to know).
    service : str
        ``namespace/name``; empty for the whole cluster.
    what, why, fix : str
        What was found, where it comes from, what to do.
    command : str
        The command that shows it.
    field : str
        The field of the object that it is about.
    lesson : str
        The lesson that explains it.
    source, url : str
        The document that it rests on, and where one can read it.
    cause_known : bool
        Whether `why` is a cause; False where the dump does not hold it.
    """

    kind: str
    severity: str
    service: str
    what: str
    why: str
    fix: str
    command: str = ""
    field: str = ""
    lesson: str = ""
    source: str = ""
    url: str = ""
    cause_known: bool = True

    def __str__(self) -> str:
        where = f" {self.service}" if self.service else ""
        return f"{self.severity}{where}: {self.what} {self.why} {self.fix}"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """All that a finding may look at.

    Parameters
    ----------
    survey : ReviewedCluster
        The cluster.
    comparisons : mapping of str to ServiceComparison or str
        Both policies, by Service.
    bill : Bill
        The bill, with the quotas.
    internet : tuple of Entrance
        All that the internet reaches.
    labelled : dict
        The Pods by namespace and label, made when it is first needed.
    """

    survey: ReviewedCluster
    comparisons: Mapping[str, ServiceComparison | str]
    bill: Bill
    internet: tuple[Entrance, ...] = ()
    labelled: dict[tuple[str, str, str], list[Pod]] = field(default_factory=dict)

    def compared(self, service: Service) -> ServiceComparison | None:
        """Return both policies of a Service, if they could be compared."""
        found = self.comparisons.get(service.key)
        return found if isinstance(found, ServiceComparison) else None


Finder = Callable[[Asked, Service], Iterator[Finding]]


ClusterFinder = Callable[[Asked], Iterator[Finding]]
LESSONS = {
    1: "01_nodeport", 2: "02_loadbalancer", 3: "03_cost_warning", 4: "04_extra_hop", 5: "05_local",
    6: "06_skew_and_latency", 7: "07_ways_out", 8: "08_your_cluster",
}  # fmt: skip
SVC, SLICES = (
    "kubectl get service {name} -n {namespace} -o yaml",
    ("kubectl get endpointslices -n {namespace} -l kubernetes.io/service-name={name} -o yaml"),
)
NODES, DESCRIBE = "kubectl get nodes -o wide", "kubectl describe service {name} -n {namespace}"
# By kind of finding: the command that shows it, the field, the lesson (its number) or leaflet that explains it.
SHOWN_BY: dict[str, tuple[str, str, int | str]] = {
    "no-endpoints": (SLICES, "spec.selector", 1),
    "undeclared-port": (SVC, "spec.ports[].targetPort", 1),
    "pinned-node-port": (SVC, "spec.ports[].nodePort", 1),
    "node-port-range": ("kubectl get services -A -o wide", "spec.ports[].nodePort", 1),
    "public-node-port": ("curl -v http://ADDRESS:NODEPORT", "spec.ports[].nodePort", 1),
    "source-ranges-bypassed": (SVC, "spec.loadBalancerSourceRanges", "second_front_doors"),
    "pending": (DESCRIBE, "status.loadBalancer.ingress", 2),
    "mixed-protocols": (SVC, "spec.ports[].protocol", "tcp_and_udp"),
    "no-targets": ("kubectl get nodes --show-labels", "metadata.labels", 2),
    "no-node-port": (SVC, "spec.allocateLoadBalancerNodePorts", "second_front_doors"),
    "internal-unread": (SVC, "metadata.annotations", 2),
    "refused-update": (DESCRIBE, "metadata.annotations", 2),
    "probe-path": ("curl -i http://NODE:NODEPORT/", "metadata.annotations", 2),
    "quota": ("kubectl get services -A -o wide", "spec.type", 3),
    "local-without-pods": (SLICES, "spec.externalTrafficPolicy", 5),
    "uneven-local": (SLICES, "spec.externalTrafficPolicy", 6),
    "uneven-zones": (SLICES, "metadata.annotations", 6),
    "no-monitor": (SLICES, "spec.externalTrafficPolicy", 5),
    "pods-off-the-targets": ("kubectl get nodes --show-labels", "spec.externalTrafficPolicy", 5),
    "affinity-without-source": (SVC, "spec.sessionAffinity", "session_affinity"),
    "external-ips": (SVC, "spec.externalIPs", "second_front_doors"),
    "internal-local-holes": (SLICES, "spec.internalTrafficPolicy", "from_inside"),
    "being-deleted": (SVC, "metadata.deletionTimestamp", "deleting_and_orphans"),
    "topology-without-hints": (SLICES, "metadata.annotations", 7),
    "node-not-ready": (NODES, "status.conditions", 5),
    "old-zone-labels": ("kubectl get nodes --show-labels", "metadata.labels", 4),
    "pods-on-nodes": ("kubectl get pods -A -o wide", "spec.containers[].ports[].hostPort", 8),
    "one-family": ("kubectl get services -A -o yaml", "spec.ipFamilyPolicy", 1),
    "dump-disagrees": ("kubectl get pods -n {namespace} -o wide", "spec.nodeName", 8),
    "held-twice": ("kubectl get services -A -o wide", "spec.ports[].nodePort", 1),
    "unreadable": (SVC, "spec", 1),
}


def shown_by(finding: Finding) -> Finding:
    """Return a finding with the command that shows it, its field, its lesson, and the document that it rests on."""
    if finding.kind not in SHOWN_BY:
        return finding
    command, field_name, lesson = SHOWN_BY[finding.kind]
    namespace, _, name = finding.service.rpartition("/")
    words = finding.command or command.format(name=name or "NAME", namespace=namespace or "NAMESPACE")
    where = f"leaflets/{lesson}" if isinstance(lesson, str) else LESSONS[lesson]
    found = SOURCES.get(finding.kind, Source(finding.source, finding.url))
    if finding.kind == "unreadable" and " " in finding.service:
        found = OF_KIND.get(finding.service.partition(" ")[0], Source("", ""))
    return replace(finding, command=words, field=field_name, lesson=where, source=found.title, url=found.url)


def find_all(
    asked: Asked, finders: Sequence[Finder] = (), cluster_finders: Sequence[ClusterFinder] = ()
) -> tuple[Finding, ...]:
    """Return all findings, the most severe first; `finders` are asked beside those of this file."""
    found = list(quotas(asked))
    for look in cluster_finders:
        found += look(asked)
    found += [_unreadable(key, why) for key, why in asked.survey.set_aside.items()]
    for service in asked.survey.cluster.services:
        exposed = EXPOSED_FINDERS if service.type in EXPOSED else ()
        for finder in (*FINDERS, *exposed, *finders):
            try:
                found.extend(finder(asked, service))
            except (ValueError, KeyError) as error:  # what is stored may be what no API server of today would store
                found.append(_unreadable(service.key, str(error)))
    shown = map(shown_by, dict.fromkeys(found))
    return tuple(sorted(shown, key=lambda one: (SEVERITIES.index(one.severity), one.service, one.kind)))


def _unreadable(key: str, why: str) -> Finding:
    """Return the finding on a Service, by ``namespace/name``, or on another object, by its kind and this name."""
    kind, _, full = key.rpartition(" ")
    namespace, _, name = full.rpartition("/")
    resource = (kind or "Service").lower()
    place = f" -n {namespace}" if namespace else ""
    return Finding(
        "unreadable", WARNING, key, "It is left out: it holds a value that the model cannot read.", f"{why}.",
        f"Compare its fields with what kubectl explain {resource} says, and make the dump anew.",
        f"kubectl get {resource} {name}{place} -o yaml",
    )  # fmt: skip


# -- endpoints --------------------------------------------------------------------------------------------------------


def no_endpoints(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a port leads to no ready Pod, and whether selector, readiness or a port name is why."""
    if (
        service.type == "ExternalName"
        or not service.ports
        or service.key == API_SERVER
        or not asked.survey.judges(service)
    ):
        return
    empty = [port for port in service.ports if not _ready(asked, service, port)]
    if not empty:
        return
    ports = ", ".join(str(port.port) for port in empty)
    pods = _selected(asked, service)
    severity = PROBLEM if service.type in EXPOSED else WARNING
    what = f"Port {ports} has no ready endpoint: connections are refused."
    yield Finding("no-endpoints", severity, service.key, what, *_why_empty(asked, service, pods, empty))


def _ready(asked: Asked, service: Service, port: ServicePort) -> bool:
    if {"EndpointSlice", "Node"} <= asked.survey.absent and service.selector:
        # Without Nodes and EndpointSlices, as in kubectl get all, the Pods themselves say it.
        pods = (pod for pod in _selected(asked, service) if pod.phase == "Running" and not pod.terminating)
        return any(pod.ready and target_port(port, pod) is not None for pod in pods)
    store = asked.survey.cluster.store
    return any(targets(store, service, port, family).ready for family in (4, 6))


def _selected(asked: Asked, service: Service) -> list[Pod]:
    """Return the Pods that the selector names, whatever their state."""
    if not asked.labelled:
        for pod in asked.survey.cluster.pods:
            for key, value in pod.labels.items():
                asked.labelled.setdefault((pod.namespace, key, value), []).append(pod)
    found = [asked.labelled.get((service.namespace, *label), []) for label in service.selector.items()]
    return [pod for pod in min(found, key=len, default=[]) if service.selector.items() <= pod.labels.items()]


def _why_empty(asked: Asked, service: Service, pods: list[Pod], empty: list[ServicePort]) -> tuple[str, str]:
    """Return why a Service has no ready endpoint, and what to do."""
    if not service.selector:
        return (
            "It has no selector, so nobody makes EndpointSlices for it, and none was written by hand.",
            "Write a selector, or an EndpointSlice.",
        )
    selector = ",".join(f"{key}={value}" for key, value in sorted(service.selector.items()))
    if not pods and "Pod" in asked.survey.absent:
        return "Its EndpointSlices list no ready address; why, the Pods would tell, and they are not in the dump.", (
            "Look at its Pods: kubectl get pods."
        )
    if not pods:
        near = _nearest(asked, service)
        return f"Its selector {selector} matches no Pod of namespace {service.namespace}.{near}", (
            "Correct the selector, or deploy the Pods."
        )
    live = [pod for pod in pods if pod.phase not in ("Succeeded", "Failed")]
    nameless = [port for port in empty if any(target_port(port, pod) is None for pod in live)]
    if live and nameless:
        names = ", ".join(str(port.target_port) for port in nameless)
        offered = sorted({port.name for port in chain.from_iterable(pod.ports for pod in live) if port.name})
        words = f"they name {', '.join(offered)}" if offered else "they name no port"
        return (
            f"targetPort {names} is a name, and no container of {listed([pod.name for pod in live])} has a port "
            f"of that name and protocol: {words}."
        ), "Use the name that the containers have, or the number."
    waiting = [pod for pod in live if not pod.ready or pod.terminating or not pod.ip]
    if waiting:
        return (
            f"{_matching(pods)} its selector, and {_unready(len(waiting), len(pods))}: "
            f"{listed([pod.name for pod in waiting])}."
        ), "kubectl describe pod tells why the readiness probe fails, or why the Pod does not start."
    if not live:
        ended = (
            "The one Pod that matches its selector has"
            if len(pods) == 1
            else f"The {len(pods)} Pods that match it have"
        )
        return f"{ended} ended.", "Look at their Deployment or Job."
    return (
        f"{_matching(live, 'ready ')} its selector {selector}, but its EndpointSlices do not list them.",
        "Look who writes the EndpointSlices, and whether the dump is of one moment.",
    )


def _unready(waiting: int, pods: int) -> str:
    if waiting == pods:
        return "it is not ready" if pods == 1 else "none of them is ready"
    return f"{waiting} of them {'is' if waiting == 1 else 'are'} not ready"


def _matching(pods: Sequence[Pod], kind: str = "") -> str:
    return f"{len(pods)} {kind}{'Pod matches' if len(pods) == 1 else 'Pods match'}"


def _nearest(asked: Asked, service: Service) -> str:
    """Return a sentence on Pods that miss the selector by one label, or by their namespace; empty if there is none."""
    wanted = service.selector
    some = asked.survey.cluster.pods[:SEARCHED]
    for pod in some:
        if pod.namespace == service.namespace:
            for key, value in wanted.items():
                others = {name: label for name, label in wanted.items() if name != key}
                near = others or _alike(value, pod.labels.get(key, ""))
                if pod.labels.get(key, value) != value and others.items() <= pod.labels.items() and near:
                    return f" {pod.name} misses it by one label: {key}={pod.labels[key]}."
    for pod in some:
        if pod.namespace != service.namespace and wanted.items() <= pod.labels.items():
            return f" Pods with these labels run in namespace {pod.namespace}; a selector does not look there."
    return ""


def _alike(one: str, other: str) -> bool:
    return bool(one) and bool(other) and (one in other or other in one)


def undeclared_port(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if no container declares the port: documentation only, but often a typing error."""
    for port in service.ports:
        if not isinstance(port.target_port, int) or not _ready(asked, service, port):
            continue
        pods = [pod for pod in asked.survey.cluster.store.pods_selected(service) if pod.ports]
        declared = sorted({one.port for one in chain.from_iterable(pod.ports for pod in pods)})
        if pods and port.target_port not in declared:
            yield Finding(
                "undeclared-port", NOTE, service.key,
                f"targetPort {port.target_port} is declared by no container of its Pods.",
                f"They declare {', '.join(map(str, declared))}. That is documentation only, but if nothing listens on "
                f"{port.target_port}, connections are refused although endpoints are listed.",
                "Try it from another Pod, or correct targetPort.",
            )  # fmt: skip


# -- node ports -------------------------------------------------------------------------------------------------------


def pinned_node_port(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if the manifest pins a nodePort of the band from which the API server picks by itself."""
    pool = asked.survey.cluster.api.ports
    written = written_node_ports(service)
    pinned = sorted(number for number in written if number in pool and number >= pool.first + pool.static_size)
    if pinned and not outside_default(asked):  # where the range is not the default one, no band is known
        band = f"{pool.first}-{pool.first + pool.static_size - 1}"
        yield Finding(
            "pinned-node-port", WARNING, service.key,
            f"Its manifest pins nodePort {', '.join(map(str, pinned))}, in the band of automatic picks.",
            f"In another cluster, or after a deletion, the number may be taken by a pick; only {band} is left alone.",
            f"Pin a number of {band}, or none.",
        )  # fmt: skip


def outside_default(asked: Asked) -> list[int]:
    """Return the node ports that lie outside the range of the model."""
    cluster = asked.survey.cluster
    store, pool = cluster.store, cluster.api.ports

    def make() -> list[int]:
        numbers = {port.node_port for one in store.services.values() for port in one.ports if port.node_port}
        return sorted(number for number in numbers if number not in pool)

    return store.cached(("node ports outside", pool.first, pool.size), store.changes, make)


def written_node_ports(service: Service) -> set[int]:
    """Return the node ports of the manifest that kubectl applied last."""
    if LAST_APPLIED not in service.annotations:
        return set()
    try:
        manifest: Any = json.loads(service.annotations[LAST_APPLIED])
        ports = manifest["spec"]["ports"]
        numbers = [port.get("nodePort") for port in ports]
        return {number for number in numbers if isinstance(number, int)}
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return set()


def source_ranges(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a nodePort answers a client that the source ranges shut out."""
    cluster, family = asked.survey.cluster, ip_version(service.cluster_ip) or 4
    port = next((port for port in service.ports if port.node_port), None)
    outsider = _shut_out(service, family)
    if service.type != "LoadBalancer" or port is None or outsider is None:
        return
    hosts = asked.survey.hosts(service)
    by_answer = sorted(cluster.nodes, key=lambda node: not hosts[node.name])  # under Local only these answer
    node = next((node for node in by_answer if ip_version(node.internal_ip) == family), None)
    if node is None:
        return
    dialled = address(node.internal_ip or "", port.node_port)
    try:
        found = shares(cluster, dialled, outsider, protocol=port.protocol or "TCP")
    except NotExposed:
        return
    if found.lost < 1:
        public = any(node.external_ip for node in cluster.nodes)
        who = "Anybody on the internet, as nodes have external addresses," if public else "Whoever can reach a node"
        ranges = ", ".join(service.load_balancer_source_ranges)
        yield Finding(
            "source-ranges-bypassed", WARNING, service.key,
            f"loadBalancerSourceRanges ({ranges}) guard the load balancer, not nodePort {port.node_port}.",
            f"{who} is answered at {dialled}, also from an address that is in none of these ranges, unless a firewall "
            "closes the port.",
            "Close the port in the firewall, or write a NetworkPolicy.",
        )  # fmt: skip


def _shut_out(service: Service, family: int) -> str | None:
    """Return a client that the source ranges do not let in; None if they let in everybody."""
    networks = []
    for text in service.load_balancer_source_ranges:
        try:
            networks.append(ip_network(text.strip(), strict=False))
        except ValueError:
            continue
    clients = [ip_address(text) for text in OUTSIDERS if ip_version(text) == family]
    shut = (client for client in clients if networks and not any(client in network for network in networks))
    return next((str(client) for client in shut), None)


def _uses_node_port(asked: Asked, service: Service) -> bool:
    kind = asked.survey.kind(service)
    return kind is None or kind.data_path == NODE_PORT


# -- load balancers ---------------------------------------------------------------------------------------------------


def pending(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a load balancer has no address, with the model's reason."""
    reason = asked.survey.pending(service)
    if reason is not None:
        where = "its events, which kubectl describe service shows."
        usual = f"Remove this cause. What its controller says is in {where}" if reason.is_cause else f"Look at {where}"
        yield Finding(
            "pending", PROBLEM, service.key, "It has no address: EXTERNAL-IP is <pending>.", _sentence(reason.text),
            WITHOUT_CLOUD.get(asked.survey.provider, usual), cause_known=reason.is_cause,
        )  # fmt: skip


WITHOUT_CLOUD = {  # what gives a load balancer an address on a machine of one's own
    "kind": "Run cloud-provider-kind, which gives it an address; or use its node port, or kubectl port-forward.",
    "minikube": "Run minikube tunnel, which gives it an address; or use its node port, or kubectl port-forward.",
}


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def mixed_protocols(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if one load balancer has TCP and UDP: the API server accepts it, the cloud may not."""
    protocols = sorted({port.protocol or "TCP" for port in service.ports})
    kind = asked.survey.kind(service)
    if service.type != "LoadBalancer" or len(protocols) < 2:
        return
    refused = asked.survey.profile.problem(service, kind) if asked.survey.profile and kind else None
    yield Finding(
        "mixed-protocols", WARNING if refused else NOTE, service.key,
        f"It has ports of {' and '.join(protocols)}.",
        f'The controller ({kind.controller}) answers: "{refused}".' if refused and kind
        else f"A {kind.title} takes both; another provider may refuse." if kind
        else "The API server accepts it; whether a load balancer does depends on the provider.",
        "Make two Services, one for each protocol." if refused else "Nothing, while it stays with this provider.",
    )  # fmt: skip


def no_targets(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if no node may become a target, as in a cluster with control-plane nodes only."""
    cluster = asked.survey.cluster
    if service.type == "LoadBalancer" and cluster.nodes and _uses_node_port(asked, service) and not candidates(cluster):
        yield Finding(
            "no-targets", PROBLEM, service.key, "No node may become a target of its load balancer.",
            "All nodes are excluded by the label node.kubernetes.io/exclude-from-external-load-balancers, or are being "
            "removed.", "Take the label off the nodes that shall serve.",
        )  # fmt: skip


def no_node_port(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if the load balancer delivers to a nodePort, and there is none."""
    bare = [port for port in service.ports if not port.node_port and not as_in_a_manifest(service)]
    if service.type == "LoadBalancer" and bare and asked.survey.kind(service) and _uses_node_port(asked, service):
        yield Finding(
            "no-node-port", PROBLEM, service.key,
            f"Port {', '.join(str(port.port) for port in bare)} has no nodePort, and its load balancer delivers there.",
            "allocateLoadBalancerNodePorts: false is for load balancers that deliver elsewhere.",
            "Allow node ports again, or choose a load balancer with Pods as targets.",
        )  # fmt: skip


def quotas(asked: Asked) -> Iterator[Finding]:
    """Yield a finding for each quota of the provider that is nearly used up."""
    for use in asked.bill.quotas:
        if use.used < NEAR * use.limit:
            continue
        balancers = [service for service in asked.survey.cluster.services if service.type == "LoadBalancer"]
        served = all(service.load_balancer_address for service in balancers)
        raised = "Ask the provider to raise it, or share" if use.adjustable else "Share"
        if use.over and served:
            yield Finding(
                "quota", NOTE, "",
                f"{use.used} are used of a quota that allows {use.limit} by default: {_quota(use.name)}.",
                "All of them have an address, so your quota is higher than the default one.",
                "Nothing; look at your quota before you make many more.", source=use.source,
            )  # fmt: skip
            continue
        yield Finding(
            "quota", PROBLEM if use.over else WARNING, "",
            f"{use.used} of {use.limit} are used of a quota: {_quota(use.name)}.",
            "Each Service of type LoadBalancer takes one more; beyond the quota it stays <pending>.",
            f"{raised} one entry among several Services (Gateway API or Ingress).", source=use.source,
        )  # fmt: skip


QUOTA_WORDS = {
    "nlb": "Network Load Balancers", "alb": "Application Load Balancers", "clb": "Classic Load Balancers",
    "ips": "IP addresses", "ip": "IP address", "az": "zone", "payg": "(pay as you go)",
    "subscription": "subscription and",
}  # fmt: skip


def _quota(name: str) -> str:
    """Return the name of a quota in words."""
    return " ".join(QUOTA_WORDS.get(word, word) for word in name.split("_"))


# -- Local ------------------------------------------------------------------------------------------------------------


def local_without_pods(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if some nodes have no Pod under Local: by design behind a load balancer, else a loss."""
    one = asked.compared(service)
    if one is None or one.now != "Local":
        return
    nodes = asked.survey.cluster.store.nodes
    empty = len(nodes) - len(nodes.keys() & asked.survey.hosts(service).keys())
    if not empty:
        return
    have = "has" if empty == 1 else "have"
    if one.local.lost:
        yield Finding(
            "local-without-pods", PROBLEM, service.key,
            f"Local, and {empty} of {len(nodes)} nodes {have} no ready Pod: {one.local.lost:.1%} of the connections "
            "are lost.", "A node without a Pod drops them without an answer: the client waits for a timeout.",
            "Use Cluster, or a Pod on every node that clients use, or a load balancer that checks health.",
        )  # fmt: skip
    else:
        these = "this node" if empty == 1 else "one of these nodes"
        yield Finding(
            "local-without-pods", NOTE, service.key,
            f"Local, and {empty} of {len(nodes)} nodes {have} no ready Pod.", _why_no_fault(asked, service, empty),
            f"Nothing. A client that uses the nodePort of {these} gets a timeout.",
        )  # fmt: skip


def _why_no_fault(asked: Asked, service: Service, empty: int) -> str:
    """Return why nobody is lost although nodes have no Pod of a Local Service."""
    kind = asked.survey.kind(service)
    if kind is not None and kind.spread == "one_node":
        return "Only a node with a ready Pod announces the address: that the others do not is no fault."
    if asked.survey.around.name == "k3s":
        return "ServiceLB lists only nodes with a ready Pod in the status, so that nobody is sent to the others."
    its = "Its health check answers" if empty == 1 else "Their health checks answer"
    red = "a red target in the cloud's console is" if empty == 1 else "red targets in the cloud's console are"
    return f"{its} 503 on purpose: {red} no incident."


def uneven_local(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if Pods that share a node with few others get more under Local."""
    one = asked.compared(service)
    if one is not None and one.now == "Local" and one.local.hottest >= UNEVEN:
        why, fix = _why_uneven(asked, service, one.local.hottest)
        yield Finding(
            "uneven-local", WARNING, service.key,
            f"Local, and the busiest Pod gets {one.local.hottest:.2f} times the mean.", why, fix,
        )  # fmt: skip


def _why_uneven(asked: Asked, service: Service, hottest: float) -> tuple[str, str]:
    """Return why the Pods of a Local Service are loaded unevenly, and what to do: the cause that is found."""
    hosts, kind = asked.survey.hosts(service), asked.survey.kind(service)
    nodes = asked.survey.cluster.store.nodes
    out = sorted(name for name in hosts if name in nodes and not is_candidate(nodes[name]))
    if out:
        pods = sum(hosts[name] for name in out)
        return (
            f"{listed(out)} {'is' if len(out) == 1 else 'are'} excluded from load balancers by the label "
            f"{EXCLUDED} or a "
            f"taint, and {'its Pod gets' if pods == 1 else f'the {pods} Pods there get'} nothing.",
            "Take the label off the node, or move the Pods to nodes that are targets.",
        )
    if kind is not None and kind.spread == "one_node":
        return (
            "One node announces the address (layer 2), and under Local only the Pods on it get connections.",
            "Use Cluster, BGP mode, or several Services with an address each.",
        )
    counts = sorted(hosts.values(), reverse=True)
    numbers = ", ".join(map(str, counts[:10])) + (", …" if len(counts) > 10 else "")
    by_nodes = sum(counts) / (len(counts) * min(counts)) + 0.005
    zones = Counter(nodes[name].zone for name in hosts if name in nodes)
    if kind is not None and kind.keeps_zones(service) and len(zones) > 1 and hottest > by_nodes:
        by_zone = ", ".join(f"{zone or 'no zone'}: {count}" for zone, count in sorted(zones.items(), key=str))
        return (
            f"The load balancer spreads over zones, then over nodes, and they have {numbers} ready Pods; "
            f"nodes with a Pod "
            f"by zone: {by_zone}.",
            "Spread the Pods evenly over zones and nodes (topologySpreadConstraints, maxSkew 1), or use Cluster.",
        )
    return (
        f"The load balancer spreads over nodes, and they have {numbers} ready Pods.",
        "Spread the Pods evenly over nodes (topologySpreadConstraints, maxSkew 1), or use Cluster.",
    )


def useless_affinity(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if ClientIP affinity goes by a source address that is not the client's."""
    one = asked.compared(service)
    if one is None or service.session_affinity != "ClientIP" or one.now not in one.views:
        return
    now = one.views[one.now]
    if now.source != "the client's address":
        yield Finding(
            "affinity-without-source", WARNING, service.key,
            f"sessionAffinity: ClientIP, but the Pod sees {now.source}.",
            f"Each node keeps its own list, by the source address that it sees, and connections enter by "
            f"{len(asked.survey.cluster.nodes)} nodes: another entry node, another Pod.",
            "Use Local where it keeps the client's address, or a cookie in an HTTP proxy.",
        )  # fmt: skip


FINDERS: tuple[Finder, ...] = (no_endpoints, undeclared_port, pinned_node_port)
# They have something to say of node ports and load balancers only.
EXPOSED_FINDERS: tuple[Finder, ...] = (
    source_ranges, pending, mixed_protocols, no_targets, no_node_port, local_without_pods, uneven_local,
    useless_affinity,
)  # fmt: skip
