"""Findings on who reaches a cluster, and on what surrounds its Services: entrances, controllers, nodes, zones.

As in `k8sexpose.report.findings`, each is a small function, asks the model, and says what it heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .._display import listed
from ..api.addresses import address, ip_version
from ..api.objects import OLD_ZONE_LABEL, ZONE_LABEL
from ..api.service import Service
from ..cloud.health_checks import EXCLUDED, excluded
from ..cloud.internal import internal_annotation, is_internal, is_private
from ..cloud.providers import TO_POD
from ..router.router import shares
from .environment import FARGATE, FARGATE_LABEL, OCTAVIA_MONITOR
from .findings import NOTE, PROBLEM, UNEVEN, WARNING, Asked, Finding, outside_default

__all__ = ["CLUSTER_FINDERS", "SERVICE_FINDERS"]

TOPOLOGY = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")
HINTS_FROM = 3  # endpoints in each zone, from which on the controller gives hints


# -- one Service ------------------------------------------------------------------------------------------------------


def internal_unread(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if an annotation asks for an internal load balancer, and the controller does not read it."""
    kind = asked.survey.kind(service)
    if service.type != "LoadBalancer" or kind is None or is_internal(service, kind):
        return
    key = internal_annotation(service, kind)
    shown = [entry.ip for entry in service.load_balancer_ingress if entry.ip]
    if key is None or any(is_private(ip) for ip in shown):
        return
    yield Finding(
        "internal-unread", WARNING, service.key,
        f"It asks to be internal by the annotation {key}, and its load balancer faces the internet.",
        f"Its {kind.title} is made by a controller that does not read this annotation.",
        "Use the annotation that this controller reads, or the controller that reads this one, and check the address.",
    )  # fmt: skip


def refused_update(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if the controller refuses a Service that has its load balancer: no change is followed."""
    profile = asked.survey.profile
    wanted = profile.kind_for(service) if profile is not None and service.load_balancer_ingress else None
    problem = profile.problem(service, wanted) if profile is not None and wanted is not None else None
    if wanted is not None and problem is not None:
        yield Finding(
            "refused-update", WARNING, service.key,
            "Its controller refuses it as it is now, and follows no change: its load balancer stays as it was made.",
            f'The controller ({wanted.controller}) answers: "{problem}".',
            "Put the field or annotation back to what it was, or make a second Service and move the clients.",
        )  # fmt: skip


def probe_by_path(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a health check asks the application itself for a path, which must be answered with 200."""
    kind = asked.survey.kind(service)
    if service.type != "LoadBalancer" or kind is None or not kind.probe_by:
        return
    check = kind.check(service)
    if check.port == "node_port" and check.protocol.startswith("HTTP"):
        yield Finding(
            "probe-path", NOTE, service.key,
            f"The load balancer asks every node for {check.protocol} GET {check.path} on the node port.",
            "Annotation or appProtocol makes the probe speak HTTP. Any answer of the Pods other than status 200, also "
            "404 or a redirect, takes the node out; where all do, nobody is served. No dump says what they answer.",
            "Name a path that answers 200 without a login by azure-load-balancer-health-probe-request-path.",
        )  # fmt: skip


def external_ips(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a Service has externalIPs, which are deprecated."""
    if service.external_ips:
        public = [ip for ip in service.external_ips if not is_private(ip)]
        who = "the internet" if public else "the private network"
        yield Finding(
            "external-ips", WARNING, service.key,
            f"It is reachable on its externalIPs {', '.join(service.external_ips)}.",
            f"Whoever's packets reach a node with this destination is answered, here {who}, whatever the type of the "
            "Service. The field is deprecated since 1.36: it lets anybody who may write Services take over an address.",
            "Use a load balancer, and refuse externalIPs by admission (DenyServiceExternalIPs).",
        )  # fmt: skip


def public_node_ports(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a NodePort Service answers on public addresses of nodes."""
    if service.type != "NodePort":
        return
    cluster = asked.survey.cluster
    public = [ip for node in cluster.nodes for ip in (node.external_ip, *node.addresses) if ip and not is_private(ip)]
    numbers = [port.node_port for port in service.ports if port.node_port]
    if public and numbers:
        places = list(dict.fromkeys(public))
        shown = ", ".join(address(places[0], number) for number in numbers)
        more = f" and {len(places) - 1} more address{'' if len(places) == 2 else 'es'}" if len(places) > 1 else ""
        yield Finding(
            "public-node-port", NOTE, service.key,
            f"Its node port is on public addresses of nodes: {shown}{more}.",
            "The internet reaches it there, unless a firewall closes the port; no firewall is in the dump.",
            "Close the port in the firewall, or use a ClusterIP where only Pods ask.",
            f"curl -v http://{address(places[0], numbers[0])}/",
        )  # fmt: skip


def internal_local_holes(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if ``internalTrafficPolicy: Local`` leaves nodes without an endpoint: packets are dropped."""
    if service.internal_traffic_policy != "Local" or not asked.survey.ready_count(service):
        return
    nodes = asked.survey.cluster.nodes
    hosts = asked.survey.hosts(service)
    empty = [node.name for node in nodes if not hosts[node.name]]
    if empty:
        yield Finding(
            "internal-local-holes", NOTE, service.key,
            f"It is unreachable from {len(empty)} of {len(nodes)} nodes: {listed(empty)}.",
            "internalTrafficPolicy: Local, and these nodes have no ready Pod of it: kube-proxy drops the "
            "packets of their "
            "Pods without an answer, and the caller waits for a timeout.",
            "Run a Pod of it on every node (DaemonSet), or use internalTrafficPolicy: Cluster.",
        )  # fmt: skip


def being_deleted(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a Service is under deletion, and a finalizer holds it."""
    if service.deletion_timestamp:
        held = f"The finalizer {', '.join(service.finalizers)} holds it" if service.finalizers else "Nothing holds it"
        yield Finding(
            "being-deleted", WARNING, service.key, "It is being deleted.",
            f"{held}: a controller has to let it go first, and until then its load balancer is paid.",
            "Look at its events; do not take the finalizer off before the load balancer is gone.",
        )  # fmt: skip


def topology_without_hints(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if topology-mode is Auto and no endpoint has hints."""
    key = next((key for key in TOPOLOGY if service.annotations.get(key, "").lower() == "auto"), None)
    if key is None:
        return
    slices = asked.survey.cluster.store.slices(service)
    ends = [end for part in slices for end in part.endpoints if end.ready]
    if ends and not all(end.zone_hints for end in ends):
        nodes = asked.survey.cluster.store.nodes
        zones = Counter(end.zone or nodes[end.node].zone or "no zone" for end in ends if end.node in nodes)
        counts = ", ".join(f"{zone}: {count}" for zone, count in sorted(zones.items()))
        yield Finding(
            "topology-without-hints", NOTE, service.key,
            f"{key.partition('/')[2]}: Auto, and its endpoints have no hints: traffic goes to every zone.",
            f"The controller gives hints from about {HINTS_FROM} endpoints in each zone on, in the measure "
            f"of the nodes' "
            f"CPUs. Ready endpoints: {counts or 'none'}.",
            "Run more Pods, evenly over the zones, or write spec.trafficDistribution: PreferSameZone, "
            "which needs neither.",
        )  # fmt: skip


def no_monitor(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a load balancer without health checks is in front of ``externalTrafficPolicy: Local``."""
    if asked.survey.around.name != "openstack" or not service.needs_health_check_node_port:
        return
    if service.annotations.get(OCTAVIA_MONITOR, "").lower() == "true":
        return
    cluster, hosts = asked.survey.cluster, asked.survey.hosts(service)
    if not hosts or not service.ports or not service.load_balancer_ingress:
        return
    nodes = [node.name for node in cluster.nodes]
    empty = sum(1 for name in nodes if not hosts[name])
    port = service.ports[0]
    lost = shares(cluster, f"{service.key}:{port.port}", protocol=port.protocol, via=nodes).lost
    if lost:
        yield Finding(
            "no-monitor", PROBLEM, service.key,
            f"Local, and Octavia checks no health: {lost.numerator} of {lost.denominator} connections are lost.",
            f"Octavia has no monitor by default (create-monitor), so it sends to all {len(nodes)} nodes, "
            f"and {empty} of "
            "them have no Pod and drop the packets.",
            f'Write the annotation {OCTAVIA_MONITOR}: "true", or use Cluster.',
        )  # fmt: skip


def missed_nodes(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if Pods of a Local Service run on nodes to which the load balancer does not send."""
    if not service.needs_health_check_node_port:
        return
    kind = asked.survey.kind(service)
    if kind is None or kind.data_path == "pod":
        return
    hosts = asked.survey.hosts(service)
    nodes = {node.name: node for node in asked.survey.cluster.nodes}
    out = [name for name in sorted(hosts) if name in nodes and excluded(nodes[name].labels)]
    serverless = [name for name in sorted(hosts) if name in nodes and nodes[name].labels.get(FARGATE_LABEL) == FARGATE]
    for names, why in ((out, f"by its label {EXCLUDED}"), (serverless, "because it is Fargate")):
        if names:
            pods = sum(hosts[name] for name in names)
            yield Finding(
                "pods-off-the-targets", WARNING, service.key,
                f"{listed(names)} is excluded from load balancers, and {pods} ready "
                f"Pod{' of it gets' if pods == 1 else 's of it get'} nothing there.",
                f"Under Local a Pod is reached through its own node only, and that node is no target {why}.",
                "Take the label off, move the Pods, or use Cluster.",
            )  # fmt: skip


def uneven_zones(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if a load balancer that delivers to Pods gives each zone the same, and zones differ in Pods."""
    one, kind = asked.compared(service), asked.survey.kind(service)
    if one is None or kind is None or kind.data_path != TO_POD or not kind.keeps_zones(service):
        return
    busiest = one.views[one.now].hottest
    if busiest >= UNEVEN:
        nodes = asked.survey.cluster.store.nodes
        zones: Counter[str] = Counter()
        for name, count in asked.survey.hosts(service).items():
            zones[(nodes[name].zone if name in nodes else None) or "no zone"] += count
        counts = ", ".join(f"{zone}: {count}" for zone, count in sorted(zones.items()))
        crossed = ", ".join(f"{key}: {value}" for key, value in kind.cross_zone_by.items())
        crossing = f", or let the load balancer cross zones ({crossed})" if crossed else ""
        yield Finding(
            "uneven-zones", WARNING, service.key, f"The busiest Pod gets {busiest:.2f} times the mean.",
            f"The load balancer delivers straight to the Pods and gives each zone the same share, however many Pods "
            f"it has. Ready Pods: {counts}.",
            f"Spread the Pods evenly over the zones (topologySpreadConstraints, maxSkew 1){crossing}.",
        )  # fmt: skip


# -- the cluster ------------------------------------------------------------------------------------------------------


def not_ready_nodes(asked: Asked) -> Iterator[Finding]:
    """Yield a finding if nodes are not ready: what runs there counts as lost."""
    names = [node.name for node in asked.survey.cluster.nodes if not node.is_ready]
    if names:
        pods = sum(1 for pod in asked.survey.cluster.pods if pod.node in names and not pod.host_network)
        yield Finding(
            "node-not-ready", NOTE, "",
            f"{listed(names)} {'is' if len(names) == 1 else 'are'} NotReady.",
            f"{pods} Pod{' is' if pods == 1 else 's are'} bound to {'it' if len(names) == 1 else 'them'}: the "
            "endpoints there are not ready, and nothing is sent to them, although Pods may still be listed as running.",
            "Find out why the kubelet does not report; Pods without a controller do not come back elsewhere.",
        )  # fmt: skip


def old_zone_labels(asked: Asked) -> Iterator[Finding]:
    """Yield a finding if nodes have their zone in the old label only."""
    nodes = asked.survey.cluster.nodes
    old = [node.name for node in nodes if OLD_ZONE_LABEL in node.labels and ZONE_LABEL not in node.labels]
    if old:
        yield Finding(
            "old-zone-labels", NOTE, "",
            f"{listed(old)}: only the label {OLD_ZONE_LABEL} names the zone.",
            f"Since 1.17 it is {ZONE_LABEL}, which kube-proxy and the EndpointSlice controller read; the "
            f"report takes the "
            "zone from the old one.",
            f"Label the nodes with {ZONE_LABEL}, or renew them.",
        )  # fmt: skip


def pods_on_the_internet(asked: Asked) -> Iterator[Finding]:
    """Yield a finding if Pods listen on public addresses of their nodes by hostPort or hostNetwork."""
    found = [one for one in asked.internet if one.kind in ("host port", "host network")]
    if found:
        yield Finding(
            "pods-on-nodes", NOTE, "",
            f"{len(found)} port{'' if len(found) == 1 else 's'} of Pods {'is' if len(found) == 1 else 'are'} on public "
            f"addresses of nodes: {listed([f'{one.address} ({one.kind}, {one.service})' for one in found])}.",
            "hostPort and hostNetwork need no Service: the internet reaches the Pod through its node, "
            "unless a firewall "
            "closes the port.",
            "Close what nobody outside needs.",
        )  # fmt: skip


def odd_node_ports(asked: Asked) -> Iterator[Finding]:
    """Yield a finding if node ports lie outside the default range: the cluster has another one."""
    odd = outside_default(asked)
    if odd:
        pool = asked.survey.cluster.api.ports
        yield Finding(
            "node-port-range", NOTE, "",
            f"The node port range is wider than the default: nodePort {', '.join(map(str, odd[:5]))} is in use.",
            f"The default is {pool.first}-{pool.first + pool.size - 1}; which numbers the API server picks "
            f"by itself, and "
            "which it leaves alone, depends on --service-node-port-range, which no dump holds.",
            "Look at the flag of kube-apiserver before you pin a number.",
        )  # fmt: skip


def two_families(asked: Asked) -> Iterator[Finding]:
    """Yield a finding if nodes have two families of addresses and Services stay in one."""
    families = {ip_version(ip) for node in asked.survey.cluster.nodes for ip in node.addresses}
    single = [s.key for s in asked.survey.exposed if len(s.ip_families) == 1 and s.ip_family_policy == "SingleStack"]
    if {4, 6} <= families and single:
        yield Finding(
            "one-family", NOTE, "",
            f"The nodes have IPv4 and IPv6 addresses, and {len(single)} exposed "
            f"Service{' answers' if len(single) == 1 else 's answer'} on one family only: {listed(single)}.",
            "ipFamilyPolicy: SingleStack. A client that uses the other family is refused.",
            "Write ipFamilyPolicy: PreferDualStack where both are wanted.",
        )  # fmt: skip


SERVICE_FINDERS = (
    internal_unread, refused_update, probe_by_path, external_ips, public_node_ports, internal_local_holes,
    being_deleted, topology_without_hints, no_monitor, missed_nodes, uneven_zones,
)  # fmt: skip
CLUSTER_FINDERS = (not_ready_nodes, old_zone_labels, pods_on_the_internet, odd_node_ports, two_families)
