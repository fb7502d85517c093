"""A cluster without its names: for sharing a report.

Names, labels, addresses and host names are replaced, each by the same word wherever it occurs, so that selectors still
select and EndpointSlices still lead to their Pods. What is left is what Kubernetes or a provider gives to everybody:
the label that keeps a node out of load balancers, the annotations that a provider reads, port numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from ..api.addresses import canonical_ip, ip_version
from ..api.dump import LeftOut
from ..api.kinds import KeptObject
from ..api.objects import ContainerPort, Endpoint, EndpointPort, EndpointSlice, Node, Pod
from ..api.service import LAST_APPLIED, LoadBalancerIngress, Service, ServicePort
from ..cloud.controller import CloudState, start_controller
from ..cloud.health_checks import EXCLUDED
from ..cloud.internal import AWS, INTERNAL_BY, is_private
from ..cloud.providers import CLASS, Provider
from ..cloud.providers import provider as profile
from ..cloud.shared_entries import ALB, ALB_NOTES, APPLICATION_GATEWAY, AZURE_PRIVATE, shared_entries
from ..cluster.clock import Clock
from ..cluster.endpoint_slices import TOPOLOGY_ANNOTATIONS
from ..cost.usage import AZURE_ADDRESS, DIGITALOCEAN_SIZE
from ..kubeproxy.health import AUTOSCALER_TAINT
from ..model import Cluster
from .environment import HETZNER_PLACES, METALLB_POOLS, OCTAVIA_MONITOR
from .findings import written_node_ports

__all__ = ["anonymised", "without_values"]

INTERNAL_VALUES = ("true", "false", "INTERNAL", "internal", "internet-facing", "Internal", "External", "0.0.0.0/0", "")
NAMING = (AZURE_ADDRESS, f"{AWS}ssl-cert")  # that there is one counts, or which are the same, not what it says
# By family, and whether the address is of a private network: who reaches it must stay the same.
ADDRESSES = {
    (4, True): ip_network("10.0.0.0/8"), (4, False): ip_network("198.18.0.0/15"),
    (6, True): ip_network("fd00::/32"), (6, False): ip_network("2001:db8::/32"),
}  # fmt: skip
# Annotations that decide on a finding; their values are replaced unless they mean something.
DECIDING = (OCTAVIA_MONITOR, *HETZNER_PLACES, *METALLB_POOLS, *TOPOLOGY_ANNOTATIONS)
MEANING = ("true", "false", "Auto", "auto", "Disabled")


class Names:
    """Words that replace others, the same one each time."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {}
        self.count: dict[str, int] = {}

    def word(self, kind: str, text: str) -> str:
        """Return the word for a name; nothing stays nothing."""
        if not text:
            return text
        if (kind, text) not in self.known:
            self.count[kind] = self.count.get(kind, 0) + 1
            self.known[kind, text] = f"{kind}-{self.count[kind]}"
        return self.known[kind, text]

    def known_word(self, text: Any) -> Any:
        """Return a word of Kubernetes as it is, and another word for any other."""
        return text if text is None or text in WORDS else self.word("word", text)

    def maybe(self, kind: str, text: str | None) -> str | None:
        """Return the word for a name that may be missing."""
        return None if text is None else self.word(kind, text)

    def address(self, text: str) -> str:
        """Return an address for an address; ``None`` (a headless Service) stays."""
        if not text or text == "None":
            return text
        try:
            family = ip_address(text).version
        except ValueError:
            return self.word("address", text)
        room = ADDRESSES[family, is_private(text)]
        return str(room[1 + self._place(f"ip{family} {room}", canonical_ip(text))])

    def network(self, text: str) -> str:
        """Return a range for a range of addresses, of the same size."""
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            return self.word("range", text)
        if network.prefixlen == 0:
            return str(network)
        first = {4: "100.64.0.0", 6: "2001:db8:ffff::"}[network.version]
        size = network.num_addresses
        start = int(ip_address(first)) + size * (1 + self._place(f"range{network}", str(network)))
        return f"{ip_address(start - start % size)}/{network.prefixlen}"

    def _place(self, kind: str, text: str) -> int:
        word = self.word(kind, text)
        return int(word.rpartition("-")[2])

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return labels with other keys and values."""
        return {self.word("label", key): self.word("value", value) for key, value in labels.items()}


def without_values(problem: str) -> str:
    """Return what is wrong with a field, without the value that it holds."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '"…"', problem)


# Words of Kubernetes; any other word in their place is somebody's own.
WORDS = frozenset(
    (
        "ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Cluster", "Local", "None", "ClientIP", "TCP", "UDP",
        "SCTP", "IPv4", "IPv6", "SingleStack", "PreferDualStack", "RequireDualStack", "PreferClose", "PreferSameZone",
        "PreferSameNode", "VIP", "Proxy", "FQDN", "Running", "Pending", "Succeeded", "Failed", "Unknown",
    )
)  # fmt: skip


def anonymised(cluster: Cluster) -> Cluster:
    """Return a cluster of the same shape with other names and addresses, and without ``spec.providerID``."""
    twin, names = cluster.copy(), Names()
    kept = _read_by(cluster.provider)
    for pod in cluster.pods:
        twin.store.delete_pod((pod.namespace, pod.name))
    for part in cluster.store.applied_slices.values():
        twin.store.delete_slice((part.namespace, part.name))
    for service in cluster.services:
        twin.store.delete_service((service.namespace, service.name))
    for node in cluster.nodes:
        twin.store.delete_node(node.name)
    for node in cluster.nodes:
        twin.store.put_node(_node(node, names))
    for pod in cluster.pods:
        twin.store.put_pod(_pod(pod, names))
    for service in cluster.services:
        twin.store.put_service(_service(service, names, kept))
    for part in cluster.store.applied_slices.values():
        twin.store.put_slice(_slice(part, names))
    twin.kept = {(one.kind, one.namespace, one.name): one for one in _kept(cluster, names)}
    twin.workloads, twin._events, twin.notes = {}, [], ()  # their texts hold names
    twin.hidden = frozenset(
        (names.word("namespace", one), names.word("pod", f"{one}/{two}")) for one, two in twin.hidden
    )
    nameless = tuple(LeftOut(one.kind, "…", without_values(one.problem)) for one in twin.masked.first)
    twin.masked = replace(twin.masked, first=nameless)
    twin.clock, twin.cloud_state = Clock(cluster.now_s), CloudState()
    twin.provider, twin.controller = start_controller(cluster.provider)
    twin.advance(0)  # the load balancers are taken over under their new names
    twin.failed = {names.word("node", name): at_s for name, at_s in cluster.failed.items()}
    return twin


def _read_by(provider: Provider | None) -> dict[str, set[str]]:
    """Return the annotations that providers read, with the values that mean something to them."""
    kept: dict[str, set[str]] = {}
    for profiled in (provider, *map(profile, ("aws", "gcp", "azure", "digitalocean", "linode"))):
        if profiled is None:
            continue
        for key, rule in profiled.annotations.items():
            kept.setdefault(key, set()).update(rule.values)
        for kind in profiled.kinds:
            for wanted in (*kind.selected_by, kind.cross_zone_by, kind.preserve_by, kind.weighted_by):
                for key, value in wanted.items():
                    kept.setdefault(key, set()).add(value)
    for key in INTERNAL_BY:
        kept.setdefault(key, set()).update(INTERNAL_VALUES)
    return kept


def _node(node: Node, names: Names) -> Node:
    return replace(
        node,
        name=names.word("node", node.name),
        addresses=tuple(map(names.address, node.addresses)),
        external_ip=names.address(node.external_ip) if node.external_ip else None,
        zone=names.maybe("zone", node.zone),
        pod_cidr=None,
        labels={EXCLUDED: node.labels[EXCLUDED] and "true"} if EXCLUDED in node.labels else {},
        taints=tuple(taint for taint in node.taints if taint.key == AUTOSCALER_TAINT),
        provider_id=None,
    )


def _pod(pod: Pod, names: Names) -> Pod:
    return replace(
        pod,
        name=names.word("pod", f"{pod.namespace}/{pod.name}"),
        namespace=names.word("namespace", pod.namespace),
        node=names.maybe("node", pod.node),
        ip=names.address(pod.ip) if pod.ip else pod.ip,
        labels=names.labels(pod.labels),
        ports=tuple(_container_port(port, names) for port in pod.ports),
        phase=names.known_word(pod.phase),
        app=None,
        ips=tuple(map(names.address, pod.ips)),
        owner=names.maybe("owner", pod.owner),
    )


def _container_port(port: ContainerPort, names: Names) -> ContainerPort:
    host_ip = names.address(port.host_ip)
    return ContainerPort(
        port.port, names.word("port", port.name), names.known_word(port.protocol), port.host_port, host_ip
    )


def _service(service: Service, names: Names, kept: Mapping[str, set[str]]) -> Service:
    annotations = {key: value for key, value in service.annotations.items() if value in kept.get(key, ())}
    annotations |= {
        key: names.word("annotation", service.annotations[key]) for key in NAMING if key in service.annotations
    }
    annotations |= {
        key: text if text in MEANING else names.word("annotation", text)
        for key, text in service.annotations.items()
        if key in DECIDING
    }
    if (size := service.annotations.get(DIGITALOCEAN_SIZE, "")).isdecimal():
        annotations[DIGITALOCEAN_SIZE] = size
    if pinned := sorted(written_node_ports(service)):
        annotations[LAST_APPLIED] = json.dumps({"spec": {"ports": [{"nodePort": number} for number in pinned]}})
    known = service.load_balancer_class in kept.get(CLASS, ())
    return replace(
        service,
        name=names.word("service", service.key),
        namespace=names.word("namespace", service.namespace),
        generate_name="",
        labels={},
        annotations=annotations,
        finalizers=(),
        owner_references=(),
        uid="",
        resource_version="",
        ports=tuple(_service_port(port, names) for port in service.ports),
        selector=names.labels(service.selector),
        type=names.known_word(service.type),
        external_traffic_policy=names.known_word(service.external_traffic_policy),
        internal_traffic_policy=names.known_word(service.internal_traffic_policy),
        session_affinity=names.known_word(service.session_affinity),
        traffic_distribution=names.known_word(service.traffic_distribution),
        ip_family_policy=names.known_word(service.ip_family_policy),
        ip_families=tuple(map(names.known_word, service.ip_families)),
        cluster_ip=names.address(service.cluster_ip),
        cluster_ips=tuple(map(names.address, service.cluster_ips)),
        external_ips=tuple(map(names.address, service.external_ips)),
        external_name=names.word("host", service.external_name),
        load_balancer_ip=names.address(service.load_balancer_ip),
        load_balancer_class=service.load_balancer_class if known else names.maybe("class", service.load_balancer_class),
        load_balancer_source_ranges=tuple(map(names.network, service.load_balancer_source_ranges)),
        load_balancer_ingress=tuple(_ingress(entry, names) for entry in service.load_balancer_ingress),
    )


def _kept(cluster: Cluster, names: Names) -> Iterator[KeptObject]:
    """Yield Ingresses, Gateways and their routes as far as a report reads them, with other names."""
    for one in shared_entries(cluster):
        namespace = one.key.partition("/")[0]
        new = names.word("namespace", namespace), names.word(one.kind.lower(), one.key)
        known = one.class_name if one.known else names.word("class", one.class_name)
        hosts = [names.word("host", host) for host in one.hosts]
        keys = [(names.word("namespace", key.partition("/")[0]), names.word("service", key)) for key in one.services]
        ends = [_ingress(LoadBalancerIngress(**_address_field(text)), names) for text in one.addresses]
        if one.kind == "Gateway":
            listeners = [{"hostname": host, "protocol": "HTTPS" if one.tls else "HTTP"} for host in hosts or [""]]
            spec: dict[str, Any] = {"gatewayClassName": known, "listeners": listeners}
            status: dict[str, Any] = {"addresses": [{"value": end.address} for end in ends]}
            refs = [{"name": service, "namespace": space} for space, service in keys]
            parent = [{"name": new[1], "namespace": new[0]}]
            route = {"spec": {"parentRefs": parent, "rules": [{"backendRefs": refs}]}}
            yield KeptObject("HTTPRoute", new[0], names.word("route", one.key), manifest=route)
        else:
            paths = [{"backend": {"service": {"name": service}}} for _, service in keys]
            rules = [{"host": host, "http": {"paths": paths}} for host in hosts or [""]]
            spec = {"ingressClassName": known, "rules": rules, "tls": [{}] if one.tls else []}
            status = {"loadBalancer": {"ingress": [{"ip": end.ip, "hostname": end.hostname} for end in ends]}}
        scheme = (
            {f"{ALB_NOTES}scheme": "internal" if one.internal else "internet-facing"} if one.billed_as == ALB else {}
        )
        group = {f"{ALB_NOTES}group.name": names.word("group", one.group)} if one.group else {}
        private = {AZURE_PRIVATE: "true"} if one.internal and one.billed_as == APPLICATION_GATEWAY else {}
        metadata = {"annotations": {**scheme, **group, **private}}
        yield KeptObject(one.kind, *new, manifest={"metadata": metadata, "spec": spec, "status": status})


def _address_field(text: str) -> dict[str, str]:
    return {"ip": text} if ip_version(text) else {"hostname": text}


def _service_port(port: ServicePort, names: Names) -> ServicePort:
    target = names.word("port", port.target_port) if isinstance(port.target_port, str) else port.target_port
    return replace(
        port, name=names.word("port", port.name), target_port=target, app_protocol=None,
        protocol=names.known_word(port.protocol),
    )  # fmt: skip


def _ingress(entry: LoadBalancerIngress, names: Names) -> LoadBalancerIngress:
    host = f"{names.word('lb', entry.hostname)}.example.com" if entry.hostname else ""
    return LoadBalancerIngress(names.address(entry.ip), host, names.known_word(entry.ip_mode))


def _slice(part: EndpointSlice, names: Names) -> EndpointSlice:
    return replace(
        part,
        name=names.word("slice", f"{part.namespace}/{part.name}"),
        namespace=names.word("namespace", part.namespace),
        service=names.word("service", f"{part.namespace}/{part.service}") if part.service else "",
        ports=tuple(
            EndpointPort(p.port, names.maybe("port", p.name), names.known_word(p.protocol)) for p in part.ports
        ),
        address_type=names.known_word(part.address_type),
        endpoints=tuple(_endpoint(one, part.namespace, names) for one in part.endpoints),
        labels={},
    )


def _endpoint(one: Endpoint, namespace: str, names: Names) -> Endpoint:
    return replace(
        one,
        ip=names.address(one.ip),
        node=names.maybe("node", one.node),
        zone=names.maybe("zone", one.zone),
        zone_hints=_words("zone", one.zone_hints, names),
        node_hints=_words("node", one.node_hints, names),
        pod=names.word("pod", f"{namespace}/{one.pod}") if one.pod else None,
    )


def _words(kind: str, texts: Iterable[str], names: Names) -> tuple[str, ...]:
    return tuple(names.word(kind, text) for text in texts)
