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

from .addresses import family
from .allocation import AllocationError, Allocator
from .errors import ApiError, FieldError, internal_error, invalid, invalid_object
from .formats import SUFFIX_LETTERS
from .service import Service, ServicePort, set_defaults
from .validation import cluster_ip_errors, validate, validate_update

__all__ = ["create", "update"]

MAX_GENERATED_PREFIX = 58


def create(service: Service, allocator: Allocator) -> Service:
    """Take a decoded Service through the pipeline of a POST.

    Parameters
    ----------
    service : Service
        As decoded.
    allocator : Allocator
        The pools for this request.

    Returns
    -------
    Service
        As it is to be stored.

    Raises
    ------
    ApiError
        422 Invalid or 500 InternalError, in the server's words.

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
    service = _generate_name(set_defaults(replace(service, load_balancer_ingress=())), allocator.rng)
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

    Parameters
    ----------
    service, old : Service
        The new object as decoded, and the stored one.
    allocator : Allocator
        The pools for this request.

    Returns
    -------
    Service
        As it is to be stored.

    Raises
    ------
    ApiError
        422 Invalid or 500, in the server's words.

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
    service = replace(
        service,
        load_balancer_ingress=old.load_balancer_ingress,
        deletion_timestamp=old.deletion_timestamp,
    )
    service = _drop_type_dependent_fields(service, old)
    _refuse(service, validate_update(service, old))
    return _as_read(service)


def _refuse(service: Service, errors: list[FieldError]) -> None:
    if errors:
        raise invalid_object("Service", service.name, errors)


def _as_read(service: Service) -> Service:
    """Drop what the server drops whenever it reads an ExternalName Service."""
    return replace(service, internal_traffic_policy=None) if service.type == "ExternalName" else service


def _generate_name(service: Service, rng: random.Random) -> Service:
    if service.name or not service.generate_name:
        return service
    suffix = "".join(rng.choice(SUFFIX_LETTERS) for _ in range(5))
    return replace(service, name=service.generate_name[:MAX_GENERATED_PREFIX] + suffix)


# -- what an update keeps and drops ------------------------------------------------------------------------------------


def _keep_allocated(service: Service, old: Service) -> Service:
    """Fill in allocated values that the client left out (patchAllocatedValues)."""
    if service.needs_cluster_ip and old.needs_cluster_ip:
        cluster_ip = service.cluster_ip or old.cluster_ip
        ips = service.cluster_ips
        if not ips and cluster_ip == old.cluster_ip:
            ips = old.cluster_ips
        service = replace(service, cluster_ip=cluster_ip, cluster_ips=ips)
    if service.needs_node_port and old.needs_node_port:
        service = replace(service, ports=_keep_node_ports(service.ports, old.ports))
    if service.needs_health_check_node_port and old.needs_health_check_node_port:
        number = service.health_check_node_port or old.health_check_node_port
        service = replace(service, health_check_node_port=number)
    return service


def _keep_node_ports(ports: tuple[ServicePort, ...], old: tuple[ServicePort, ...]) -> tuple[ServicePort, ...]:
    """Give a port without a nodePort the one that the port of the same name had, unless that is used elsewhere."""
    used = {port.node_port for port in old} & {port.node_port for port in ports}
    by_name = {port.name: port.node_port for port in old}
    kept = []
    for port in ports:
        before = by_name.get(port.name, 0)
        if port.node_port == 0 and before not in used:
            port = replace(port, node_port=before)
            used.add(before)
        kept.append(port)
    return tuple(kept)


def _sync_cluster_ips(service: Service, old: Service) -> Service:
    """Work out what a client meant that changed only one of clusterIP and clusterIPs (normalizeClusterIPs)."""
    ips = service.cluster_ips
    if old.cluster_ips and not ips and service.cluster_ip == old.cluster_ip:
        ips = old.cluster_ips
    if service.cluster_ip != old.cluster_ip and ips == old.cluster_ips:
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
    if service.type == "ExternalName":
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


def _allocate_ips(service: Service, old: Service | None, allocator: Allocator) -> Service:
    """Give the Service an address of each family; a headless one keeps its ``None``."""
    if not service.needs_cluster_ip or service.headless:
        return service
    if old is not None and old.needs_cluster_ip and len(service.cluster_ips) == len(service.ip_families):
        return service  # an address that changed is a matter for validation
    held = set(old.cluster_ips) if old is not None and old.needs_cluster_ip else set()
    ips = list(service.cluster_ips)
    for number, name in enumerate(service.ip_families):
        wanted = ips[number] if number < len(ips) else ""
        try:
            if wanted in held:
                continue
            picked = wanted or allocator.pick_ip(name)
            if wanted:
                allocator.take_ip(wanted)
        except AllocationError as error:
            if not wanted:
                raise internal_error(f'failed to allocate a serviceIP for Service "{service.name}": {error}') from None
            raise _ip_refused(service, [*ips], f"failed to allocate IP {wanted}: {error}") from None
        if not service.name:
            # The IPAddress object needs a parent; the real server fails here, on the first field it misses.
            detail = f'IPAddress.networking.k8s.io "{picked}" is invalid: spec.parentRef.name: Required value'
            raise _ip_refused(service, [wanted], f"failed to allocate IP{' ' if wanted else ''}{wanted}: {detail}")
        ips[number:] = [picked, *ips[number + 1 :]]
    return replace(service, cluster_ip=ips[0] if ips else "", cluster_ips=tuple(ips))


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
    held = {port.node_port for port in old.ports} | {old.health_check_node_port}
    if old.type not in ("NodePort", "LoadBalancer"):
        held = set()
    seen: set[tuple[str, int]] = set()
    ports = []
    for index, port in enumerate(service.ports):
        if port.node_port or service.needs_node_port:
            if not port.node_port:
                port = replace(port, node_port=_node_port(service, index, 0, allocator))
            elif port.node_port not in held and port.node_port not in allocator.taken_ports:
                _node_port(service, index, port.node_port, allocator)
            if (port.protocol, port.node_port) in seen:
                raise ApiError(500, "", f"duplicate nodePort: {{{port.protocol} {port.node_port}}}")
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
