"""The Service object: its fields, its defaults, and its form on the wire.

Field by field this is ``v1.Service`` (``staging/src/k8s.io/api/core/v1/types.go``), with Python names. "Unset"
and "set to an empty value" differ where the API keeps a pointer: there None is unset and ``""`` or False a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

__all__ = ["LoadBalancerIngress", "OwnerReference", "Service", "ServicePort", "set_defaults"]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
DEFAULT_AFFINITY_TIMEOUT_S = 10800


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One entry of ``spec.ports``.

    Parameters
    ----------
    port : int
        The number that the Service itself offers; 0 is unset.
    target_port : int or str
        Number, or name of a container port, on the Pod; 0 and ``""`` are unset.
    node_port : int
        The number on every node; 0 is unset.
    name, protocol : str
        Name of the port; TCP, UDP or SCTP.
    app_protocol : str, optional
        A hint for load balancers.

    Examples
    --------
    >>> ServicePort(80, 8080).to_dict()
    {'port': 80, 'targetPort': 8080}
    """

    port: int = 0
    target_port: int | str = 0
    node_port: int = 0
    name: str = ""
    protocol: str = ""
    app_protocol: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ServicePort:
        """Read an entry as stored; an absent field is unset."""
        return cls(
            port=int(data.get("port") or 0),
            target_port=data.get("targetPort") or 0,
            node_port=int(data.get("nodePort") or 0),
            name=data.get("name") or "",
            protocol=data.get("protocol") or "",
            app_protocol=data.get("appProtocol"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON names and values, unset fields left out."""
        return _present(
            name=self.name, protocol=self.protocol, appProtocol=_pointer(self.app_protocol), port=_always(self.port),
            targetPort=_always(self.target_port), nodePort=self.node_port,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoadBalancerIngress:
    """One address in ``status.loadBalancer.ingress``, written by a cloud controller.

    Parameters
    ----------
    ip, hostname : str
        The address, in one of two forms.
    ip_mode : str, optional
        ``VIP`` (kube-proxy may short-circuit it) or ``Proxy`` (it may not).

    Examples
    --------
    >>> LoadBalancerIngress(ip="198.51.100.7").address
    '198.51.100.7'
    """

    ip: str = ""
    hostname: str = ""
    ip_mode: str | None = None

    @property
    def address(self) -> str:
        """The IP address, or the host name."""
        return self.ip or self.hostname

    def to_dict(self) -> dict[str, Any]:
        """Return JSON names and values."""
        return _present(ip=self.ip, hostname=self.hostname, ipMode=_pointer(self.ip_mode))


@dataclass(frozen=True, slots=True)
class OwnerReference:
    """One entry of ``metadata.ownerReferences``: an object that this one goes with.

    Parameters
    ----------
    api_version, kind, name, uid : str
        Which object.
    controller, block_owner_deletion : bool, optional
        Whether it is the managing controller; whether it waits for this one when it is deleted.

    Examples
    --------
    >>> OwnerReference("apps/v1", "Deployment", "web", "1234").to_dict()
    {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name': 'web', 'uid': '1234'}
    """

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None
    block_owner_deletion: bool | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OwnerReference:
        """Read an entry; an absent field is unset."""
        return cls(
            api_version=data.get("apiVersion") or "",
            kind=data.get("kind") or "",
            name=data.get("name") or "",
            uid=data.get("uid") or "",
            controller=data.get("controller"),
            block_owner_deletion=data.get("blockOwnerDeletion"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON names and values; the four texts are always there."""
        return _present(
            apiVersion=_always(self.api_version), kind=_always(self.kind), name=_always(self.name),
            uid=_always(self.uid), controller=_pointer(self.controller),
            blockOwnerDeletion=_pointer(self.block_owner_deletion),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """A Kubernetes Service.

    Parameters
    ----------
    name, namespace, generate_name : str
        From the metadata.
    labels, annotations : mapping of str to str
        From the metadata.
    finalizers : tuple of str
        Who must agree before the object is gone.
    owner_references : tuple of OwnerReference
        Objects that this one goes with.
    uid, resource_version : str
        Which object this is, and which state of it; the server gives both.
    generation : int
        From the metadata; 0 is unset.
    deletion_timestamp : str, optional
        Set while a finalizer holds the deletion.
    deletion_grace_period_s : int, optional
        Seconds of grace of that deletion; 0 for Services.
    type : str
        ClusterIP, NodePort, LoadBalancer or ExternalName.
    ports : tuple of ServicePort
        ``spec.ports``.
    selector : mapping of str to str
        Labels that a Pod must carry; empty means that nobody makes EndpointSlices for it.
    cluster_ip, cluster_ips, ip_families, ip_family_policy
        The addresses inside the cluster.
    external_ips, external_name, external_traffic_policy, internal_traffic_policy
        As in ``spec``.
    hidden_internal_traffic_policy : str, optional
        What the server keeps for an ExternalName Service, shows to nobody, and knows again when the type changes.
    health_check_node_port : int
        Where load balancers ask under ``externalTrafficPolicy: Local``; 0 is unset.
    session_affinity : str
        None or ClientIP.
    session_affinity_timeout_s : int, optional
        ``sessionAffinityConfig.clientIP.timeoutSeconds``.
    load_balancer_ip, load_balancer_class, load_balancer_source_ranges, allocate_load_balancer_node_ports
        As in ``spec``.
    publish_not_ready_addresses : bool
        As in ``spec``.
    traffic_distribution : str, optional
        As in ``spec``.
    load_balancer_ingress : tuple of LoadBalancerIngress
        From the status.
    created_s : float
        Cluster time of the creation, in seconds.
    told : str
        What the verb of `Cluster` that returned it says it did, such as ``patched``; it makes no difference to
        comparisons.

    Examples
    --------
    >>> Service.from_dict({"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}).ports[0].port
    80
    """

    name: str
    namespace: str = "default"
    generate_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    deletion_grace_period_s: int | None = None
    type: str = ""
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    cluster_ip: str = ""
    cluster_ips: tuple[str, ...] = ()
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    external_ips: tuple[str, ...] = ()
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str | None = None
    hidden_internal_traffic_policy: str | None = None
    health_check_node_port: int = 0
    session_affinity: str = ""
    session_affinity_timeout_s: int | None = None
    load_balancer_ip: str = ""
    load_balancer_class: str | None = None
    load_balancer_source_ranges: tuple[str, ...] = ()
    allocate_load_balancer_node_ports: bool | None = None
    publish_not_ready_addresses: bool = False
    traffic_distribution: str | None = None
    load_balancer_ingress: tuple[LoadBalancerIngress, ...] = ()
    created_s: float = 0.0
    told: str = field(default="", compare=False, repr=False)

    def __repr__(self) -> str:
        if self.told:
            return f"service/{self.name} {self.told}"
        given = ((each.name, getattr(self, each.name)) for each in fields(self) if each.repr)
        return f"Service({', '.join(f'{name}={value!r}' for name, value in given)})"

    # -- what the type implies ------------------------------------------------------------------------------------

    @property
    def headless(self) -> bool:
        """True where DNS answers with Pod addresses and there is no clusterIP (``clusterIP: None``)."""
        return self.cluster_ips == ("None",) or (not self.cluster_ips and self.cluster_ip == "None")

    @property
    def externally_accessible(self) -> bool:
        """True where ``externalTrafficPolicy`` has a meaning (``pkg/apis/core/v1/helper`` ExternallyAccessible)."""
        return self.type in ("NodePort", "LoadBalancer") or (self.type == "ClusterIP" and bool(self.external_ips))

    @property
    def needs_cluster_ip(self) -> bool:
        """True for the types that get an address inside the cluster: all but ExternalName, misspelt ones included."""
        return self.type != "ExternalName"

    @property
    def needs_node_port(self) -> bool:
        """True where ports without a nodePort are given one."""
        return self.type == "NodePort" or (
            self.type == "LoadBalancer" and self.allocate_load_balancer_node_ports is not False
        )

    @property
    def needs_health_check_node_port(self) -> bool:
        """True for a LoadBalancer with ``externalTrafficPolicy: Local``."""
        return self.type == "LoadBalancer" and self.external_traffic_policy == "Local"

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def load_balancer_address(self) -> str:
        """The first address in the status: an IP address or a host name; empty while there is none."""
        return next((entry.address for entry in self.load_balancer_ingress if entry.address), "")

    # -- the wire -------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, created_s: float = 0.0) -> Service:
        """Read an object as stored: nothing is defaulted or checked."""
        metadata, spec = data.get("metadata") or {}, data.get("spec") or {}
        client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        status = (data.get("status") or {}).get("loadBalancer") or {}
        return cls(
            name=metadata.get("name") or "",
            namespace=metadata.get("namespace") or "default",
            generate_name=metadata.get("generateName") or "",
            labels=_strings(metadata.get("labels")),
            annotations=_strings(metadata.get("annotations")),
            finalizers=_texts(metadata.get("finalizers")),
            owner_references=_each(OwnerReference.from_dict, metadata.get("ownerReferences")),
            uid=metadata.get("uid") or "",
            resource_version=metadata.get("resourceVersion") or "",
            generation=int(metadata.get("generation") or 0),
            deletion_timestamp=metadata.get("deletionTimestamp"),
            deletion_grace_period_s=metadata.get("deletionGracePeriodSeconds"),
            type=spec.get("type") or "",
            ports=_each(ServicePort.from_dict, spec.get("ports")),
            selector=_strings(spec.get("selector")),
            cluster_ip=spec.get("clusterIP") or "",
            cluster_ips=_texts(spec.get("clusterIPs")),
            ip_families=_texts(spec.get("ipFamilies")),
            ip_family_policy=spec.get("ipFamilyPolicy"),
            external_ips=_texts(spec.get("externalIPs")),
            external_name=spec.get("externalName") or "",
            external_traffic_policy=spec.get("externalTrafficPolicy") or "",
            internal_traffic_policy=spec.get("internalTrafficPolicy"),
            health_check_node_port=int(spec.get("healthCheckNodePort") or 0),
            session_affinity=spec.get("sessionAffinity") or "",
            session_affinity_timeout_s=client_ip.get("timeoutSeconds"),
            load_balancer_ip=spec.get("loadBalancerIP") or "",
            load_balancer_class=spec.get("loadBalancerClass"),
            load_balancer_source_ranges=_texts(spec.get("loadBalancerSourceRanges")),
            allocate_load_balancer_node_ports=spec.get("allocateLoadBalancerNodePorts"),
            publish_not_ready_addresses=bool(spec.get("publishNotReadyAddresses")),
            traffic_distribution=spec.get("trafficDistribution"),
            load_balancer_ingress=ingress_from(status.get("ingress")),
            created_s=created_s,
        )

    def to_dict(self, *, bookkeeping: bool = False, stored: bool = False) -> dict[str, Any]:
        """Return the object as the API server returns it, unset fields left out.

        Parameters
        ----------
        bookkeeping : bool
            Keep kubectl's last-applied annotation, which is left out by default.
        stored : bool
            Keep all of it: that annotation, uid, resourceVersion, and what the server hides. This is the object that
            a patch is laid over.

        Returns
        -------
        dict
            Fresh plain objects, keyed by the JSON names.
        """
        annotations = {k: v for k, v in self.annotations.items() if bookkeeping or stored or k != LAST_APPLIED}
        internal_policy = self.internal_traffic_policy
        if stored and internal_policy is None:
            internal_policy = self.hidden_internal_traffic_policy
        affinity = None
        if self.session_affinity_timeout_s is not None:
            affinity = {"clientIP": {"timeoutSeconds": self.session_affinity_timeout_s}}
        metadata = _present(
            name=self.name, generateName=self.generate_name, namespace=self.namespace, uid=self.uid if stored else "",
            resourceVersion=self.resource_version if stored else "", generation=self.generation,
            deletionTimestamp=self.deletion_timestamp,
            deletionGracePeriodSeconds=_pointer(self.deletion_grace_period_s), labels=dict(self.labels),
            annotations=annotations, ownerReferences=[owner.to_dict() for owner in self.owner_references],
            finalizers=list(self.finalizers),
        )  # fmt: skip
        spec = _present(
            ports=[port.to_dict() for port in self.ports], selector=dict(self.selector), clusterIP=self.cluster_ip,
            clusterIPs=list(self.cluster_ips), type=self.type, externalIPs=list(self.external_ips),
            sessionAffinity=self.session_affinity, loadBalancerIP=self.load_balancer_ip,
            loadBalancerSourceRanges=list(self.load_balancer_source_ranges), externalName=self.external_name,
            externalTrafficPolicy=self.external_traffic_policy, healthCheckNodePort=self.health_check_node_port,
            publishNotReadyAddresses=self.publish_not_ready_addresses, sessionAffinityConfig=affinity,
            ipFamilies=list(self.ip_families), ipFamilyPolicy=_pointer(self.ip_family_policy),
            allocateLoadBalancerNodePorts=_pointer(self.allocate_load_balancer_node_ports),
            loadBalancerClass=_pointer(self.load_balancer_class),
            internalTrafficPolicy=_pointer(internal_policy),
            trafficDistribution=_pointer(self.traffic_distribution),
        )  # fmt: skip
        status = _present(ingress=[ingress.to_dict() for ingress in self.load_balancer_ingress])
        return {
            "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec,
            "status": {"loadBalancer": status},
        }  # fmt: skip


def set_defaults(service: Service) -> Service:
    """Fill in what the API server fills in before it looks at anything.

    Examples
    --------
    >>> set_defaults(Service("web", type="NodePort", ports=(ServicePort(80),))).ports[0]
    ServicePort(port=80, target_port=80, node_port=0, name='', protocol='TCP', app_protocol=None)
    """
    affinity = service.session_affinity or "None"
    timeout_s = service.session_affinity_timeout_s
    if affinity == "None":
        timeout_s = None
    elif affinity == "ClientIP" and timeout_s is None:
        timeout_s = DEFAULT_AFFINITY_TIMEOUT_S
    service = replace(
        service,
        session_affinity=affinity,
        session_affinity_timeout_s=timeout_s,
        type=service.type or "ClusterIP",
        ports=tuple(
            replace(port, protocol=port.protocol or "TCP", target_port=port.target_port or port.port)
            for port in service.ports
        ),
    )
    if service.externally_accessible and not service.external_traffic_policy:
        service = replace(service, external_traffic_policy="Cluster")
    if service.type in ("ClusterIP", "NodePort", "LoadBalancer") and service.internal_traffic_policy is None:
        service = replace(service, internal_traffic_policy="Cluster")
    if service.type == "LoadBalancer":
        allocate = service.allocate_load_balancer_node_ports
        service = replace(
            service,
            allocate_load_balancer_node_ports=True if allocate is None else allocate,
            load_balancer_ingress=tuple(
                replace(ingress, ip_mode="VIP") if ingress.ip and ingress.ip_mode is None else ingress
                for ingress in service.load_balancer_ingress
            ),
        )
    return service


def ingress_from(entries: Iterable[Mapping[str, Any]] | None) -> tuple[LoadBalancerIngress, ...]:
    """Read ``status.loadBalancer.ingress``."""
    return _each(_ingress, entries)


def _ingress(entry: Mapping[str, Any]) -> LoadBalancerIngress:
    return LoadBalancerIngress(entry.get("ip") or "", entry.get("hostname") or "", entry.get("ipMode"))


Read = TypeVar("Read")


# Most fields of most Services are absent.
def _each(read: Callable[[Mapping[str, Any]], Read], entries: Iterable[Any] | None) -> tuple[Read, ...]:
    """Read the entries of a list; a null one is an empty object, as Go reads it."""
    return tuple([read(entry or {}) for entry in entries]) if entries else ()


def _texts(values: Iterable[str | None] | None) -> tuple[str, ...]:
    return tuple([value or "" for value in values]) if values else ()


def _strings(mapping: Mapping[str, str | None] | None) -> dict[str, str]:
    """Read a map of strings; a null value is an empty string, as Go reads it."""
    return {key: value or "" for key, value in mapping.items()} if mapping else {}


class _Set:
    """A value that stays in the object even when it is empty."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _always(value: Any) -> _Set:
    return _Set(value)


def _pointer(value: Any) -> _Set | None:
    return None if value is None else _Set(value)


def _present(**fields: Any) -> dict[str, Any]:
    """Keep the fields that are set; an empty value counts as unset unless it is a pointer's."""
    return {
        name: value.value if isinstance(value, _Set) else value
        for name, value in fields.items()
        if isinstance(value, _Set) or value
    }
