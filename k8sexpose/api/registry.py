"""What the API server does with a Service between reading and storing it.

`create` and `update` are the pipeline, one step a line: default → keep what the client left out → sync → families →
IPs → ports → healthCheckNodePort → wipe what the type no longer has → validate. An allocation error comes alone and
first; validation errors come together. Nothing is stored here: a refused Service leaves no trace.

Sources: ``pkg/registry/core/service/storage/{storage,alloc}.go``, ``pkg/registry/core/service/strategy.go``
(kubernetes/kubernetes).
"""

from __future__ import annotations

import random
from dataclasses import replace

from . import formats
from .addresses import family
from .allocation import AllocationError, Allocator
from .errors import (
    ApiError,
    FieldError,
    go_quote,
    internal_error,
    invalid,
    invalid_object,
    plain_error,
    required,
)  # fmt: skip
from .formats import SUFFIX_LETTERS
from .service import Service, ServicePort, set_defaults
from .validation import cluster_ip_errors, validate, validate_update

__all__ = ["create", "update"]

MAX_GENERATED_PREFIX = 58


def create(service: Service, allocator: Allocator) -> Service:
    """Take a decoded Service through the pipeline of a POST.

    Examples
    --------
    >>> from k8sexpose.api.allocation import ip_pool, port_pool
    >>> pools = Allocator(
    ...     port_pool(30000, 32767),
    ...     {"IPv4": ip_pool("10.96.0.0/16")},
    ...     lambda n: False,
    ...     lambda ip: False,
    ...     random.Random(0),
    ... )
    >>> create(Service("web", type="NodePort", ports=(ServicePort(80, node_port=30080),)), pools).ports[0].node_port
    30080
    """
    service = replace(
        service, load_balancer_ingress=(), deletion_timestamp=None, deletion_grace_period_s=None,
    )  # fmt: skip
    service = _generate_name(set_defaults(service), allocator.rng)
    if service.cluster_ip and not service.cluster_ips:
        service = replace(service, cluster_ips=(service.cluster_ip,))
    service = _init_families(service, None, allocator)
    service = _allocate_ips(service, None, allocator)
    service = _allocate_node_ports(service, allocator)
    service = _allocate_health_check_port(service, None, allocator)
    _refuse(service, validate(service))
    return _as_read(service)


def update(service: Service, old: Service, allocator: Allocator) -> Service:
    """Take a decoded Service through the pipeline of a PUT or PATCH.

    Examples
    --------
    >>> from k8sexpose.api.allocation import ip_pool, port_pool
    >>> pools = Allocator(
    ...     port_pool(30000, 32767),
    ...     {"IPv4": ip_pool("10.96.0.0/16")},
    ...     lambda n: False,
    ...     lambda ip: False,
    ...     random.Random(0),
    ... )
    >>> old = create(Service("web", type="NodePort", ports=(ServicePort(80, node_port=30080),)), pools)
    >>> update(Service("web", ports=(ServicePort(80),)), old, pools).ports[0].node_port
    0
    """
    service = set_defaults(replace(service, created_s=old.created_s))
    service = _keep_allocated(service, old)
    service = _sync_cluster_ips(service, old)
    service = _init_families(service, old, allocator)
    service = _allocate_ips(service, old, allocator)
    service = _update_node_ports(service, old, allocator)
    service = _allocate_health_check_port(service, old, allocator)
    service = _keep_system_fields(service, old)
    service = _drop_type_dependent_fields(service, old)
    _refuse(service, validate_update(service, old))
    return _as_read(service)


def _refuse(service: Service, errors: list[FieldError]) -> None:
    if errors:
        raise invalid_object("Service", service.name, errors)


def _as_read(service: Service) -> Service:
    """Hide what the server does not show of an ExternalName Service, but keeps."""
    if service.type != "ExternalName":
        return replace(service, hidden_internal_traffic_policy=None)
    hidden = service.internal_traffic_policy
    return replace(service, internal_traffic_policy=None, hidden_internal_traffic_policy=hidden)


def _generate_name(service: Service, rng: random.Random) -> Service:
    if service.name or not service.generate_name:
        return service
    return replace(service, name=generated_name(service.generate_name, rng))


def generated_name(prefix: str, rng: random.Random) -> str:
    """Return a name that begins with a generateName (``apiserver/pkg/storage/names/generate.go``)."""
    return prefix[:MAX_GENERATED_PREFIX] + "".join(rng.choice(SUFFIX_LETTERS) for _ in range(5))


# -- what an update keeps and drops ------------------------------------------------------------------------------------


def _keep_system_fields(service: Service, old: Service) -> Service:
    """Fill in what an update leaves out of the server's own fields (BeforeUpdate); what it changes is validated."""
    grace = service.deletion_grace_period_s
    return replace(
        service,
        uid=service.uid or old.uid,
        generation=old.generation,
        load_balancer_ingress=old.load_balancer_ingress,
        deletion_timestamp=old.deletion_timestamp or service.deletion_timestamp,
        deletion_grace_period_s=old.deletion_grace_period_s if grace is None else grace,
    )


def _keep_allocated(service: Service, old: Service) -> Service:
    """Fill in allocated values that the client left out (patchAllocatedValues)."""
    if service.needs_cluster_ip and old.needs_cluster_ip:
        service = replace(
            service,
            cluster_ip=service.cluster_ip or old.cluster_ip,
            cluster_ips=service.cluster_ips or old.cluster_ips,
        )
    if service.needs_node_port and old.needs_node_port:
        service = replace(service, ports=_keep_node_ports(service.ports, old.ports))
    if service.needs_health_check_node_port and old.needs_health_check_node_port:
        number = service.health_check_node_port or old.health_check_node_port
        service = replace(service, health_check_node_port=number)
    return service


def _keep_node_ports(ports: tuple[ServicePort, ...], old: tuple[ServicePort, ...]) -> tuple[ServicePort, ...]:
    """Assign a port without a nodePort the one that the port of the same name had, unless that is used elsewhere.

    Two ports of one name are given the same number; allocation then refuses it.
    """
    used = {port.node_port for port in old} & {port.node_port for port in ports}
    by_name = {port.name: port.node_port for port in old if port.node_port not in used}
    return tuple(port if port.node_port else replace(port, node_port=by_name.get(port.name, 0)) for port in ports)


def _sync_cluster_ips(service: Service, old: Service) -> Service:
    """Work out what a client meant that changed clusterIP and left clusterIPs as they were (normalizeClusterIPs)."""
    ips = service.cluster_ips
    if not ips and service.cluster_ip == old.cluster_ip:
        ips = old.cluster_ips
    elif ips == old.cluster_ips and service.cluster_ip != old.cluster_ip:
        ips = (service.cluster_ip,) if service.cluster_ip else ()
    return replace(service, cluster_ips=ips)


def _drop_type_dependent_fields(service: Service, old: Service) -> Service:
    """Wipe what the new type does not have, unless the client changed it, too (then validation refuses it)."""
    changes: dict[str, object] = {}
    if service.type == "ExternalName" and old.type != "ExternalName":
        if (service.cluster_ip, service.cluster_ips) == (old.cluster_ip, old.cluster_ips):
            changes |= {"cluster_ip": "", "cluster_ips": ()}
        if service.ip_families == old.ip_families:
            changes["ip_families"] = ()
        if service.ip_family_policy == old.ip_family_policy:
            changes["ip_family_policy"] = None
    with_node_ports = ("NodePort", "LoadBalancer")
    if old.type in with_node_ports and service.type not in with_node_ports and _no_new_node_port(service, old):
        changes["ports"] = tuple(replace(port, node_port=0) for port in service.ports)
    left_health_check = old.needs_health_check_node_port and not service.needs_health_check_node_port
    if left_health_check and service.health_check_node_port == old.health_check_node_port:
        changes["health_check_node_port"] = 0
    if service.type != "LoadBalancer":
        changes["load_balancer_ingress"] = ()
        if old.type == "LoadBalancer":
            if service.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports:
                changes["allocate_load_balancer_node_ports"] = None
            if service.load_balancer_class == old.load_balancer_class:
                changes["load_balancer_class"] = None
    unreachable = old.externally_accessible and not service.externally_accessible
    if unreachable and service.external_traffic_policy == old.external_traffic_policy:
        changes["external_traffic_policy"] = ""
    return replace(service, **changes)  # type: ignore[arg-type]


def _no_new_node_port(service: Service, old: Service) -> bool:
    before, after = ({port.node_port for port in s.ports if port.node_port} for s in (old, service))
    return after <= before


# -- families and cluster IPs ------------------------------------------------------------------------------------------


def _init_families(service: Service, old: Service | None, allocator: Allocator) -> Service:
    """Settle ipFamilyPolicy and ipFamilies (initIPFamilyFields): three stages, each of which may refuse alone."""
    if service.type == "ExternalName" or _stays_prefer_dual_stack(service, old):
        return service
    _refuse(service, list(cluster_ip_errors(service, old)))
    headless_alone = service.headless and not service.selector
    policy = service.ip_family_policy or (old.ip_family_policy if old else None)
    policy = policy or ("RequireDualStack" if headless_alone else "SingleStack")
    service, errors = _infer_families(replace(service, ip_family_policy=policy), old, allocator)
    _refuse(service, errors)
    configured = list(allocator.ips)
    if not headless_alone:
        _refuse(service, list(_unconfigured(service, configured)))
    families = service.ip_families or (configured[0],)
    wanted = ["IPv4", "IPv6"] if headless_alone else configured
    if policy != "SingleStack":
        families += tuple(name for name in wanted if name not in families)
    return replace(service, ip_families=families)


def _infer_families(service: Service, old: Service | None, allocator: Allocator) -> tuple[Service, list[FieldError]]:
    """Add the families of the given addresses; report what SingleStack does not allow."""
    errors: list[FieldError] = []
    families, ips, policy = list(service.ip_families), service.cluster_ips, service.ip_family_policy
    field = "spec.ipFamilyPolicy"
    if policy == "SingleStack":
        downgraded = old is not None and old.ip_family_policy != "SingleStack"
        if downgraded and old is not None and ips == old.cluster_ips:
            ips = ips[:1]
        if downgraded and old is not None and service.ip_families == old.ip_families:
            families = families[:1]
        needed = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
        if len(ips) > 1:
            errors.append(invalid(field, policy, f"{needed} cluster IPs are specified"))
        if len(families) > 1:
            errors.append(invalid(field, policy, f"{needed} IP families are specified"))
    elif old is not None and old.type != "ExternalName":
        for noun, before, after in (("cluster IP", old.cluster_ips, ips), ("IP family", old.ip_families, families)):
            if len(before) == 2 and len(after) == 1:
                errors.append(invalid(field, policy, f"must be 'SingleStack' to release the secondary {noun}"))
    for number, ip in enumerate(ips):
        if ip == "None" or number < len(families):
            continue
        if family(ip) in allocator.ips:
            families.append(family(ip))
        else:
            detail = f"{family(ip)} is not configured on this cluster"
            errors.append(invalid(f"spec.clusterIPs[{number}]", list(ips), detail))
    return replace(service, ip_families=tuple(families), cluster_ips=ips), errors


def _unconfigured(service: Service, configured: list[str]) -> list[FieldError]:
    errors = []
    if service.ip_family_policy == "RequireDualStack" and len(configured) < 2:
        detail = "this cluster is not configured for dual-stack services"
        errors.append(invalid("spec.ipFamilyPolicy", service.ip_family_policy, detail))
    for number, name in enumerate(service.ip_families):
        if name not in configured:
            errors.append(invalid(f"spec.ipFamilies[{number}]", name, "not configured on this cluster"))
    return errors


def _stays_prefer_dual_stack(service: Service, old: Service | None) -> bool:
    """Return True where nothing changes for a PreferDualStack Service: it is neither upgraded nor downgraded."""
    if old is None or service.type != old.type or service.type not in ("ClusterIP", "NodePort", "LoadBalancer"):
        return False
    if service.ip_family_policy != "PreferDualStack" or old.ip_family_policy not in (None, "PreferDualStack"):
        return False
    return (service.cluster_ips, service.ip_families) == (old.cluster_ips, old.ip_families)


def _allocate_ips(service: Service, old: Service | None, allocator: Allocator) -> Service:
    """Assign the Service an address of each family; a headless one keeps its ``None``.

    On an update only an address that is missing is allocated; one that changed is a matter for validation.
    """
    if service.type == "ExternalName" or _stays_prefer_dual_stack(service, old):
        return service
    first = 0
    if old is not None and old.type != "ExternalName":
        if old.cluster_ips[:1] == ("None",) or len(old.ip_families) != 1 or len(service.ip_families) != 2:
            return service
        if service.ip_families[1] not in allocator.ips:
            return service  # the real server panics here; validation will say that the address may not change
        first = 1
    elif service.cluster_ips[:1] == ("None",):
        return service
    ips = [*service.cluster_ips, *[""] * (len(service.ip_families) - len(service.cluster_ips))]
    for number, name in list(enumerate(service.ip_families))[first:]:
        ips[number] = _allocate_ip(service, name, ips[number], ips, allocator)
    return replace(service, cluster_ip=ips[0] if first == 0 and ips else service.cluster_ip, cluster_ips=tuple(ips))


def _allocate_ip(service: Service, family_name: str, wanted: str, ips: list[str], allocator: Allocator) -> str:
    """Take the wanted address, or pick one; the error shows all of `ips`."""
    try:
        if wanted:
            allocator.take_ip(wanted)
        picked = wanted or allocator.pick_ip(family_name)
    except AllocationError as error:
        if not wanted:
            what = f"a serviceIP for Service {go_quote(service.name)}"
            raise internal_error(f"failed to allocate {what}: {error}") from None
        raise _ip_refused(service, ips, f"failed to allocate IP {wanted}: {error}") from None
    problems = [] if allocator.dry_run else _parent_errors(service)
    if problems:
        # The IPAddress object needs a parent; what its name lacks is said here, before the Service is validated.
        texts = ", ".join(map(str, problems))
        listed = f"[{texts}]" if len(problems) > 1 else texts
        detail = f'IPAddress.networking.k8s.io "{picked}" is invalid: {listed}'
        raise _ip_refused(service, ips, f"failed to allocate IP{' ' if wanted else ''}{wanted}: {detail}")
    return picked


def _parent_errors(service: Service) -> list[FieldError]:
    field = "spec.parentRef.name"
    if not service.name:
        return [required(field)]
    return [invalid(field, service.name, text) for text in formats.path_segment(service.name)]


def _ip_refused(service: Service, shown: list[str], detail: str) -> ApiError:
    return invalid_object("Service", service.name, [invalid("spec.clusterIPs", shown, detail)])


# -- ports -------------------------------------------------------------------------------------------------------------


def _allocate_node_ports(service: Service, allocator: Allocator) -> Service:
    """Allocate on create (initNodePorts): ports with the same number share a nodePort."""
    if service.type not in ("NodePort", "LoadBalancer"):
        return service
    by_number: dict[int, int] = {}
    ports = []
    for index, port in enumerate(service.ports):
        if port.node_port or service.needs_node_port:
            shared = by_number.get(port.port, 0)
            if not shared:
                requested = (p.node_port for p in service.ports if p.port == port.port and p.node_port)
                shared = by_number[port.port] = _node_port(service, index, next(requested, 0), allocator)
                port = replace(port, node_port=shared)
            elif not port.node_port:
                port = replace(port, node_port=shared)
            elif port.node_port != shared:
                _node_port(service, index, port.node_port, allocator)
        ports.append(port)
    return replace(service, ports=tuple(ports))


def _update_node_ports(service: Service, old: Service, allocator: Allocator) -> Service:
    """Allocate on update (updateNodePorts): what the Service holds already is not allocated again."""
    if service.type not in ("NodePort", "LoadBalancer"):
        return service
    held = {port.node_port for port in old.ports}  # whatever its type was: an ExternalName keeps numbers unchecked
    allocated: set[int] = set()
    seen: set[tuple[str, int]] = set()
    ports = []
    for index, port in enumerate(service.ports):
        if port.node_port or service.needs_node_port:
            if not port.node_port:
                port = replace(port, node_port=_node_port(service, index, 0, allocator))
            elif port.node_port not in held | allocated:
                allocated.add(_node_port(service, index, port.node_port, allocator))
            if (port.protocol, port.node_port) in seen:
                raise plain_error(f"duplicate nodePort: {{{port.protocol} {port.node_port}}}")
            seen.add((port.protocol, port.node_port))
        ports.append(port)
    return replace(service, ports=tuple(ports))


def _node_port(service: Service, index: int, requested: int, allocator: Allocator) -> int:
    try:
        return allocator.take_port(requested) if requested else allocator.pick_port()
    except AllocationError as error:
        if not requested:
            raise internal_error(f"failed to allocate a nodePort: {error}") from None
        cause = invalid(f"spec.ports[{index}].nodePort", requested, str(error))
        raise invalid_object("Service", service.name, [cause]) from None


def _allocate_health_check_port(service: Service, old: Service | None, allocator: Allocator) -> Service:
    """Take a healthCheckNodePort when the Service comes to need one; its errors are internal ones."""
    if not service.needs_health_check_node_port or (old is not None and old.needs_health_check_node_port):
        return service
    requested = service.health_check_node_port
    try:
        number = allocator.take_port(requested) if requested else allocator.pick_port()
    except AllocationError as error:
        what = f"requested HealthCheck NodePort {requested}" if requested else "a HealthCheck NodePort 0"
        raise internal_error(f"failed to allocate {what}: {error}") from None
    return replace(service, health_check_node_port=number)
