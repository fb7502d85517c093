"""The API server's rules for a Service, in the order in which it reports them.

Each rule is a small function that yields `FieldError`s in the server's words. Rules look at one object (`validate`)
or at the change from one to the next (`validate_update`). Whether a nodePort lies in the range is no rule: the
allocator says that, earlier and alone.

Source: ``pkg/apis/core/validation/validation.go`` (kubernetes/kubernetes 1.36), ValidateServiceCreate,
ValidateServiceUpdate and what they call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from . import addresses, formats
from .addresses import parse_ip
from .errors import FieldError, Named, duplicate, forbidden, go_quote, invalid, required, unsupported
from .service import LoadBalancerIngress, Service, ServicePort
from .service_warnings import TOPOLOGY_HINTS, TOPOLOGY_MODE

__all__ = ["cluster_ip_errors", "status_errors", "validate", "validate_update"]

SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
MAX_ANNOTATIONS_BYTES = 256 * 1024
TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
POLICIES = ("Cluster", "Local")
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
ONLY_LOCAL_LOAD_BALANCER = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
UNCHANGEABLE = "may not change once set"

Errors = Iterator[FieldError]


def validate(service: Service) -> list[FieldError]:
    r"""Check a Service that is to be created.

    Examples
    --------
    >>> from k8sexpose.api.service import set_defaults
    >>> print(*validate(set_defaults(Service("web.app", type="ClusterIP"))), sep="\n")
    metadata.name: Invalid value: "web.app": must not contain dots
    spec.ports: Required value
    """
    return [*_metadata(service), *_kube_finalizers(service), *_spec(service, None)]


def validate_update(service: Service, old: Service) -> list[FieldError]:
    """Check a Service that is to replace `old`.

    Examples
    --------
    >>> old = Service("web", type="ClusterIP", cluster_ip="10.96.1.1", cluster_ips=("10.96.1.1",))
    >>> new = Service("web", type="ClusterIP", cluster_ip="10.96.1.2", cluster_ips=("10.96.1.2",))
    >>> print(validate_update(new, old)[0])
    spec.clusterIPs[0]: Invalid value: ["10.96.1.2"]: may not change once set
    """
    metadata = list(_metadata_update(service, old))
    return [
        *_metadata_of_any_object(service),
        *metadata,
        *metadata,  # once for objects of every kind, once for Services; the message names each once
        *_kube_finalizers(service),
        *_cluster_ips_kept(service, old),
        *_families_kept(service, old),
        *_load_balancer_class(service, old),
        *_health_check_port_kept(service, old),
        *_spec(service, old),
    ]


# -- metadata ----------------------------------------------------------------------------------------------------------


def _metadata(service: Service) -> Errors:
    """Check the metadata of a new Service (ValidateObjectMeta)."""
    if service.generate_name:
        for text in formats.dns_label(_masked(service.generate_name)):
            yield invalid("metadata.generateName", service.generate_name, text)
    if not service.name:
        yield required("metadata.name", "name or generateName is required")
    for text in formats.dns_label(service.name) if service.name else ():
        yield invalid("metadata.name", service.name, text)
    yield from _common_metadata(service)


def _metadata_of_any_object(service: Service) -> Errors:
    """Check what every object's metadata must fulfil, also on an update (validateCommonFields)."""
    for text in formats.path_segment(service.generate_name, prefix=True):
        yield invalid("metadata.generateName", service.generate_name, text)
    for text in formats.path_segment(service.name):
        yield invalid("metadata.name", service.name, text)
    yield from _common_metadata(service)


def _common_metadata(service: Service) -> Errors:
    for text in formats.dns_label(service.namespace):
        yield invalid("metadata.namespace", service.namespace, text)
    if service.generation < 0:
        yield invalid("metadata.generation", service.generation, "must be greater than or equal to 0")
    yield from _labels(service)
    yield from _annotations(service)
    yield from _owner_references(service)
    yield from _finalizers(service)


def _metadata_update(service: Service, old: Service) -> Errors:
    """Check what may not change in the metadata (ValidateObjectMetaAccessorUpdate)."""
    added = sorted(set(service.finalizers) - set(old.finalizers))
    if old.deletion_timestamp and added:
        listed = ", ".join(map(go_quote, added))
        detail = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield forbidden("metadata.finalizers", f"{detail} []string{{{listed}}}")
    for field, before, after in (
        ("uid", old.uid, Named(service.uid)),
        ("deletionTimestamp", old.deletion_timestamp, formats.utc(service.deletion_timestamp)),
        ("deletionGracePeriodSeconds", old.deletion_grace_period_s, service.deletion_grace_period_s),
    ):
        if before != after:
            yield invalid(f"metadata.{field}", after, "field is immutable")
    yield from _labels(service)
    yield from _annotations(service)
    yield from _owner_references(service)


def _owner_references(service: Service) -> Errors:
    field, controller = "metadata.ownerReferences", ""
    for owner in service.owner_references:
        group, _, version = owner.api_version.rpartition("/")
        version = "" if "/" in group else version
        if not version:
            yield invalid(f"{field}.apiVersion", owner.api_version, "version must not be empty")
        for name, value in (("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)):
            if not value:
                yield invalid(f"{field}.{name}", value, "must not be empty")
        if (group, version, owner.kind) == ("", "v1", "Event"):
            yield invalid(field, owner.to_dict(), "/v1, Kind=Event is disallowed from being an owner")
        if not owner.controller:
            continue
        if controller:
            shown = [one.to_dict() for one in service.owner_references]
            detail = 'Only one reference can have Controller set to true. Found "true" in references for'
            yield invalid(field, shown, f"{detail} {controller} and {owner.kind}/{owner.name}")
        controller = controller or f"{owner.kind}/{owner.name}"


def _finalizers(service: Service) -> Errors:
    for finalizer in service.finalizers:
        yield from (invalid("metadata.finalizers", finalizer, text) for text in formats.label_key(finalizer))
    if {"orphan", "foregroundDeletion"} <= set(service.finalizers):
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid("metadata.finalizers", list(service.finalizers), detail)


def _kube_finalizers(service: Service) -> Errors:
    for number, finalizer in enumerate(service.finalizers):
        if "/" not in finalizer and finalizer not in ("kubernetes", "orphan", "foregroundDeletion"):
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"metadata.finalizers[{number}]", finalizer, detail)


def _masked(prefix: str) -> str:
    """Return the generateName without its trailing dash: letters will follow it."""
    return f"{prefix[:-2]}a" if len(prefix) > 1 and prefix.endswith("-") and prefix[-2] != "-" else prefix


def _labels(service: Service) -> Errors:
    for key, value in service.labels.items():
        yield from (invalid("metadata.labels", key, text) for text in formats.label_key(key))
        yield from (invalid("metadata.labels", value, text) for text in formats.label_value(value))


def _annotations(service: Service) -> Errors:
    size = 0
    for key, value in service.annotations.items():
        yield from (invalid("metadata.annotations", key, text) for text in formats.label_key(key.lower()))
        size += len(key.encode("utf-8", "surrogatepass")) + len(value.encode("utf-8", "surrogatepass"))
    if size > MAX_ANNOTATIONS_BYTES:
        message = f"Too long: may not be more than {MAX_ANNOTATIONS_BYTES} bytes"
        yield FieldError("metadata.annotations", "FieldValueTooLong", message)


# -- the spec ----------------------------------------------------------------------------------------------------------


def _spec(service: Service, old: Service | None) -> Errors:
    yield from _topology_annotations(service)
    yield from _ports_present(service)
    yield from _headless(service)
    yield from _external_name(service)
    names: set[str] = set()
    for number, port in enumerate(service.ports):
        yield from _port(port, f"spec.ports[{number}]", names, len(service.ports) > 1)
        names.add(port.name)
    yield from _selector(service)
    yield from _affinity(service)
    yield from cluster_ip_errors(service, old)
    yield from _external_ips(service, old)
    if service.type not in TYPES:
        yield unsupported("spec.type", Named(service.type), TYPES)
    yield from _node_ports(service)
    yield from _repeated_ports(service)
    yield from _source_ranges(service, old)
    if service.type != "LoadBalancer" and service.allocate_load_balancer_node_ports is not None:
        yield forbidden("spec.allocateLoadBalancerNodePorts", ONLY_LOAD_BALANCER)
    yield from _load_balancer_class(service, None)
    yield from _external_traffic_policy(service)
    yield from _health_check_port(service)
    if service.internal_traffic_policy is not None and service.internal_traffic_policy not in POLICIES:
        yield unsupported("spec.internalTrafficPolicy", Named(service.internal_traffic_policy), POLICIES)
    if service.traffic_distribution is not None and service.traffic_distribution not in DISTRIBUTIONS:
        yield unsupported("spec.trafficDistribution", service.traffic_distribution, DISTRIBUTIONS)


def _topology_annotations(service: Service) -> Errors:
    mode, hints = (service.annotations.get(key) for key in (TOPOLOGY_MODE, TOPOLOGY_HINTS))
    if mode is not None and hints is not None and mode != hints:
        detail = f"must match annotations[{TOPOLOGY_HINTS}] when both are specified"
        yield invalid(f"metadata.annotations[{TOPOLOGY_MODE}]", mode, detail)


def _ports_present(service: Service) -> Errors:
    if not service.ports and not service.headless and service.type != "ExternalName":
        yield required("spec.ports")


def _headless(service: Service) -> Errors:
    if service.type in ("LoadBalancer", "NodePort") and service.cluster_ips == ("None",):
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {service.type} services")


def _external_name(service: Service) -> Errors:
    if service.type != "ExternalName":
        return
    detail = "may not be set for ExternalName services"
    fields = {
        "clusterIPs": service.cluster_ips, "ipFamilies": service.ip_families,
        "ipFamilyPolicy": service.ip_family_policy is not None,
    }  # fmt: skip
    yield from (forbidden(f"spec.{name}", detail) for name, value in fields.items() if value)
    if not service.external_name:
        yield required("spec.externalName")
        return
    name = service.external_name.removesuffix(".")
    yield from (invalid("spec.externalName", name, text) for text in formats.dns_subdomain(name))


def _port(port: ServicePort, path: str, earlier_names: set[str], name_required: bool) -> Errors:
    if not port.name:
        if name_required:
            yield required(f"{path}.name")
    else:
        yield from (invalid(f"{path}.name", port.name, text) for text in formats.dns_label(port.name))
        if port.name in earlier_names:
            yield duplicate(f"{path}.name", port.name)
    yield from (invalid(f"{path}.port", port.port, text) for text in formats.port_number(port.port))
    if port.protocol not in ("TCP", "UDP", "SCTP"):
        yield unsupported(f"{path}.protocol", Named(port.protocol), ("SCTP", "TCP", "UDP"))
    target = port.target_port
    texts = formats.port_name(target) if isinstance(target, str) else formats.port_number(target)
    yield from (invalid(f"{path}.targetPort", target, text) for text in texts)
    if port.app_protocol is not None:
        texts = formats.label_key(port.app_protocol)
        yield from (invalid(f"{path}.appProtocol", port.app_protocol, text) for text in texts)


def _selector(service: Service) -> Errors:
    for key, value in service.selector.items():
        yield from (invalid("spec.selector", key, text) for text in formats.label_key(key))
        yield from (invalid("spec.selector", value, text) for text in formats.label_value(value))


def _affinity(service: Service) -> Errors:
    if service.session_affinity not in ("ClientIP", "None"):
        yield unsupported("spec.sessionAffinity", Named(service.session_affinity), ("ClientIP", "None"))
    seconds = service.session_affinity_timeout_s
    if service.session_affinity == "ClientIP" and seconds is not None and not 0 < seconds <= 86400:
        field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        yield invalid(field, seconds, "must be greater than 0 and less than 86400")


def cluster_ip_errors(service: Service, old: Service | None) -> Errors:
    """Check clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy together; the allocator does so, too, and first.

    Source: ValidateServiceClusterIPsRelatedFields.
    """
    if service.type == "ExternalName":
        return
    errors = [*_cluster_ip_in_sync(service), *_families(service)]
    yield from errors
    ips, field = service.cluster_ips, "spec.clusterIPs"
    known = set(old.cluster_ips) if old else set()
    malformed = []
    for number, ip in enumerate(ips):
        if number == 0 and ip == "None":
            if len(ips) > 1:
                malformed.append(invalid(field, list(ips), "'None' must be the first and only value"))
        elif ip not in known:
            malformed += [invalid(f"{field}[{number}]", ip, text) for text in formats.ip(ip)]
    yield from malformed
    if len(ips) > 2:
        yield invalid(field, list(ips), "may only hold up to 2 values")
    if malformed:
        return
    if len(ips) > 1 and set(map(addresses.family, ips)) != {"IPv4", "IPv6"}:
        yield invalid(field, list(ips), "may specify no more than one IP for each IP family")
    elif not errors and len(ips) <= 2 and not service.headless:
        for number, (ip, family) in enumerate(zip(ips, service.ip_families, strict=False)):
            if addresses.family(ip) != family:
                detail = f"expected an {family} value as indicated by `ipFamilies[{number}]`"
                yield invalid(f"{field}[{number}]", ip, detail)


def _cluster_ip_in_sync(service: Service) -> Errors:
    ips, field = service.cluster_ips, "spec.clusterIPs"
    if service.cluster_ip and not ips:
        yield required(field)
    elif service.cluster_ip and ips[0] != service.cluster_ip:
        yield invalid(field, list(ips), "first value must match `clusterIP`")
    elif ips and not service.cluster_ip:
        yield invalid(field, list(ips), "must be empty when `clusterIP` is not specified")


def _families(service: Service) -> Errors:
    for number, family in enumerate(service.ip_families):
        field = f"spec.ipFamilies[{number}]"
        if family not in ("IPv4", "IPv6"):
            yield unsupported(field, Named(family), ("IPv4", "IPv6"))
        if family in service.ip_families[:number]:
            yield duplicate(field, Named(family))
    policies = ("PreferDualStack", "RequireDualStack", "SingleStack")
    if service.ip_family_policy is not None and service.ip_family_policy not in policies:
        yield unsupported("spec.ipFamilyPolicy", Named(service.ip_family_policy), policies)


def _external_ips(service: Service, old: Service | None) -> Errors:
    known = set(old.external_ips) if old else set()
    for number, ip in enumerate(service.external_ips):
        texts = ([] if ip in known else formats.ip(ip)) or formats.special_ip(ip)
        yield from (invalid(f"spec.externalIPs[{number}]", ip, text) for text in texts)


def _node_ports(service: Service) -> Errors:
    if service.type == "ClusterIP":
        for number, port in enumerate(service.ports):
            if port.node_port:
                yield forbidden(f"spec.ports[{number}].nodePort", "may not be used when `type` is 'ClusterIP'")
    seen: set[tuple[str, int]] = set()
    for number, port in enumerate(service.ports):
        if not port.node_port:
            continue
        if (port.protocol, port.node_port) in seen:
            yield duplicate(f"spec.ports[{number}].nodePort", port.node_port)
        seen.add((port.protocol, port.node_port))


def _repeated_ports(service: Service) -> Errors:
    seen: set[tuple[str, int]] = set()
    for number, port in enumerate(service.ports):
        if (port.protocol, port.port) in seen:
            shown = {
                "Name": "", "Protocol": port.protocol, "AppProtocol": None, "Port": port.port, "TargetPort": 0,
                "NodePort": 0,
            }  # fmt: skip
            yield duplicate(f"spec.ports[{number}]", shown)
        seen.add((port.protocol, port.port))


def _source_ranges(service: Service, old: Service | None) -> Errors:
    field, ranges = "spec.LoadBalancerSourceRanges", service.load_balancer_source_ranges
    annotation, annotation_field = service.annotations.get(SOURCE_RANGES), f"metadata.annotations[{SOURCE_RANGES}]"
    if ranges:
        if service.type != "LoadBalancer":
            yield forbidden(field, ONLY_LOAD_BALANCER)
        known = set(old.load_balancer_source_ranges) if old else set()
        for number, text in enumerate(ranges):
            if text not in known:
                yield from (invalid(f"{field}[{number}]", text, t) for t in formats.cidr(text.strip()))
    elif annotation is not None:
        if service.type != "LoadBalancer":
            yield forbidden(annotation_field, ONLY_LOAD_BALANCER)
        unchanged = old is not None and old.annotations.get(SOURCE_RANGES) == annotation
        if annotation.strip() and not unchanged:
            for text in annotation.strip().split(","):
                yield from (invalid(annotation_field, annotation, t) for t in formats.cidr(text.strip()))


def _load_balancer_class(service: Service, old: Service | None) -> Errors:
    field, name = "spec.loadBalancerClass", service.load_balancer_class
    if service.type == "LoadBalancer":
        if old is not None and old.type == "LoadBalancer" and old.load_balancer_class != name:
            yield invalid(field, name, UNCHANGEABLE)
        if name is not None:
            yield from (invalid(field, name, text) for text in formats.label_key(name))
    elif name is not None:
        yield forbidden(field, ONLY_LOAD_BALANCER)


def _external_traffic_policy(service: Service) -> Errors:
    field, policy = "spec.externalTrafficPolicy", service.external_traffic_policy
    if not service.externally_accessible:
        if policy:
            yield invalid(field, Named(policy), "may only be set for externally-accessible services")
    elif not policy:
        yield required(field)
    elif policy not in POLICIES:
        yield unsupported(field, Named(policy), POLICIES)


def _health_check_port(service: Service) -> Errors:
    field, number = "spec.healthCheckNodePort", service.health_check_node_port
    if not service.needs_health_check_node_port:
        if number:
            yield invalid(field, number, ONLY_LOCAL_LOAD_BALANCER)
    elif not number:
        yield required(field)
    else:
        yield from (invalid(field, number, text) for text in formats.port_number(number))


# -- what may not change -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """A list of at most two values, of which the first is fixed and the second may come and go."""

    field: str
    noun: str
    old: Sequence[str]
    new: Sequence[str]


def _cluster_ips_kept(service: Service, old: Service) -> Errors:
    pair = _Pair("spec.clusterIPs", "clusterIP", old.cluster_ips, service.cluster_ips)
    yield from _pair_kept(service, old, pair)


def _families_kept(service: Service, old: Service) -> Errors:
    pair = _Pair("spec.ipFamilies", "ipFamily", old.ip_families, service.ip_families)
    yield from _pair_kept(service, old, pair)


def _pair_kept(service: Service, old: Service, pair: _Pair) -> Errors:
    if "ExternalName" in (service.type, old.type) or (service.headless and old.headless):
        return
    shown = list(pair.new) or None
    if not pair.new and pair.old:
        yield invalid(f"{pair.field}[0]", shown, f"primary {pair.noun} can not be unset")
    for number, (before, after) in enumerate(zip(pair.old, pair.new, strict=False)):
        if before != after:
            yield invalid(f"{pair.field}[{number if pair.noun == 'clusterIP' else 0}]", shown, UNCHANGEABLE)
    if len(pair.old) == 2 and len(pair.new) == 1 and service.ip_family_policy != "SingleStack":
        detail = f"must be set to 'SingleStack' when releasing the secondary {pair.noun}"
        yield invalid("spec.ipFamilyPolicy", service.ip_family_policy, detail)


def _health_check_port_kept(service: Service, old: Service) -> Errors:
    needed = service.needs_health_check_node_port and old.needs_health_check_node_port
    if needed and service.health_check_node_port != old.health_check_node_port:
        yield forbidden("spec.healthCheckNodePort", "field is immutable")


def status_errors(service: Service, ingress: Sequence[LoadBalancerIngress]) -> list[FieldError]:
    """Check what a cloud controller writes into ``status.loadBalancer.ingress``.

    Examples
    --------
    >>> print(status_errors(Service("web", type="NodePort"), [LoadBalancerIngress("198.51.100.7", ip_mode="VIP")])[0])
    status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'
    """
    field = "status.loadBalancer.ingress"
    if service.type != "LoadBalancer" and ingress:
        return [forbidden(field, "may only be used when `spec.type` is 'LoadBalancer'")]
    return [
        replace(error, field=f"{field}[{number}].{error.field}")
        for number, entry in enumerate(ingress)
        for error in _ingress(entry)
    ]


def _ingress(entry: LoadBalancerIngress) -> Iterator[FieldError]:
    if entry.ip:
        yield from (invalid("ip", entry.ip, text) for text in formats.ip(entry.ip))
        if entry.ip_mode is None:
            yield required("ipMode", "must be specified when `ip` is set")
    elif entry.ip_mode is not None:
        yield forbidden("ipMode", "may not be specified when `ip` is not set")
    if entry.ip_mode is not None and entry.ip and entry.ip_mode not in ("Proxy", "VIP"):
        yield unsupported("ipMode", entry.ip_mode, ("Proxy", "VIP"))
    if entry.hostname:
        yield from (invalid("hostname", entry.hostname, text) for text in formats.dns_subdomain(entry.hostname))
        if parse_ip(entry.hostname) is not None:
            yield invalid("hostname", entry.hostname, "must be a DNS name, not an IP address")
