"""What a cluster is made of beside Services: nodes, Pods, endpoints, and kube-proxy's settings.

All of them are plain values. Objects are not checked: they may come from a real cluster as stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from .checks import check_fields

__all__ = [
    "ContainerPort",
    "Deployment",
    "Endpoint",
    "EndpointPort",
    "EndpointSlice",
    "Event",
    "Node",
    "Pod",
    "ProxyConfig",
    "Taint",
]

ZONE_LABEL = "topology.kubernetes.io/zone"
OLD_ZONE_LABEL = "failure-domain.beta.kubernetes.io/zone"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a node: it keeps Pods or load balancers away.

    Parameters
    ----------
    key, value, effect : str
        As in ``spec.taints`` of a Node.

    Examples
    --------
    >>> Taint("ToBeDeletedByClusterAutoscaler", effect="NoSchedule").key
    'ToBeDeletedByClusterAutoscaler'
    """

    key: str
    value: str = ""
    effect: str = ""

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster.

    Parameters
    ----------
    name : str
        Name of the Node object.
    addresses : tuple of str
        Addresses on the node's interfaces; the first is the InternalIP.
    external_ip : str, optional
        Address that the cloud translates to the first one.
    zone : str, optional
        Availability zone; None takes it from the label ``topology.kubernetes.io/zone``.
    pod_cidr : str, optional
        Range the node's Pods take their addresses from.
    labels : mapping of str to str
        Labels of the Node object.
    taints : tuple of Taint
        Taints of the Node object.
    provider_id : str, optional
        ``spec.providerID``, from which the cloud can be guessed.
    unschedulable, deleting : bool
        Cordoned; being deleted.
    created_s : float
        Cluster time of the creation, in seconds.
    conditions : mapping of str to str
        Status of each condition, such as ``{"Ready": "True"}``; empty where nothing is known.
    forwards : bool
        Whether its kernel forwards packets. False is what ``net.ipv4.ip_forward = 0`` does, or a FORWARD chain that
        drops: the node itself answers, and nothing gets through it to a Pod.

    Examples
    --------
    >>> Node("node-1", addresses=("10.0.0.1",), zone="a").internal_ip
    '10.0.0.1'
    """

    name: str
    addresses: tuple[str, ...] = ()
    external_ip: str | None = None
    zone: str | None = None
    pod_cidr: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    provider_id: str | None = None
    unschedulable: bool = False
    deleting: bool = False
    created_s: float = field(default=0.0, repr=False)
    conditions: Mapping[str, str] = field(default_factory=dict, repr=False)
    forwards: bool = field(default=True, repr=False)

    @property
    def is_ready(self) -> bool:
        """False where the condition Ready is there and not True."""
        return self.conditions.get("Ready", "True") == "True"

    def __post_init__(self) -> None:
        check_fields(self)
        if self.zone is None and self.labels.get(ZONE_LABEL):
            object.__setattr__(self, "zone", self.labels[ZONE_LABEL])

    @property
    def internal_ip(self) -> str | None:
        """The first address, or None."""
        return self.addresses[0] if self.addresses else None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Node:
        """Read a Node object as stored."""
        metadata, spec = data.get("metadata") or {}, data.get("spec") or {}
        listed = (data.get("status") or {}).get("addresses") or ()
        by_type = [(entry.get("type"), entry["address"]) for entry in listed if entry.get("address")]
        external = [address for kind, address in by_type if kind == "ExternalIP"]
        labels = dict(metadata.get("labels") or {})
        return cls(
            name=metadata.get("name") or "",
            addresses=tuple(address for kind, address in by_type if kind == "InternalIP"),
            external_ip=external[0] if external else None,
            zone=labels.get(ZONE_LABEL) or labels.get(OLD_ZONE_LABEL) or _zone_of(spec.get("providerID") or ""),
            pod_cidr=",".join(spec.get("podCIDRs") or ()) or spec.get("podCIDR"),
            labels=labels,
            taints=tuple(
                Taint(taint.get("key") or "", taint.get("value") or "", taint.get("effect") or "")
                for taint in spec.get("taints") or ()
            ),
            provider_id=spec.get("providerID"),
            unschedulable=bool(spec.get("unschedulable")),
            deleting=bool(metadata.get("deletionTimestamp")),
            conditions={
                str(entry.get("type")): str(entry.get("status"))
                for entry in (data.get("status") or {}).get("conditions") or ()
            },
        )


def _zone_of(provider_id: str) -> str | None:
    """Parse the zone out of ``aws:///us-east-1a/i-0`` or ``gce://project/us-central1-b/node``."""
    found = re.match(r"aws:///([a-z0-9-]+)/|gce://[^/]+/([a-z0-9-]+)/", provider_id)
    return (found[1] or found[2]) if found else None


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares: documentation, and a name that ``targetPort`` may use.

    Parameters
    ----------
    port : int
        ``containerPort``.
    name, protocol : str
        As in ``spec.containers[].ports[]``.
    host_port : int
        Port of the node that leads here too (``hostPort``); 0 for none.
    host_ip : str
        The one address of the node that has it (``hostIP``); empty for all.

    Examples
    --------
    >>> ContainerPort(8080, name="http").protocol
    'TCP'
    """

    port: int
    name: str = ""
    protocol: str = "TCP"
    host_port: int = 0
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class Pod:
    """One Pod, as far as routing is concerned.

    Parameters
    ----------
    name, namespace : str
        Name and namespace.
    node : str, optional
        Node it runs on; None while it is not placed.
    ip : str, optional
        Its address; a hostNetwork Pod has the node's.
    labels : mapping of str to str
        What selectors look at.
    ports : tuple of ContainerPort
        Declared ports.
    listens : tuple of int, optional
        Ports on which the process really listens. None: on the declared ones, and on every port where
        none is declared; a hostNetwork Pod listens on declared ports only.
    ready, terminating, host_network : bool
        Ready condition; being deleted; shares the node's network.
    phase : str
        ``status.phase``.
    app : str, optional
        Name of the Deployment that owns it.
    created_s : float
        Cluster time of the creation, in seconds.
    ips : tuple of str
        All its addresses, one of each family (``status.podIPs``); empty where `ip` is the only one.
    owner : str, optional
        Its controller, as ``DaemonSet/edge``; None for the Pods of a Deployment and for those without one.
    answers : mapping of str to int
        The HTTP status that its process answers, by path; 200 to every path that is not there.

    Examples
    --------
    >>> Pod("web-1", ports=(ContainerPort(8080),)).listens_on(80)
    False
    """

    name: str
    namespace: str = "default"
    node: str | None = None
    ip: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[ContainerPort, ...] = ()
    listens: tuple[int, ...] | None = None
    ready: bool = True
    terminating: bool = False
    host_network: bool = False
    phase: str = "Running"
    app: str | None = None
    created_s: float = field(default=0.0, repr=False)
    ips: tuple[str, ...] = ()
    owner: str | None = None
    answers: Mapping[str, int] = field(default_factory=dict, repr=False)

    def status_of(self, path: str) -> int:
        """Return the HTTP status that the process answers to a path."""
        return self.answers.get(path, 200)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All its addresses, the first one first."""
        first = (self.ip,) if self.ip else ()
        return tuple(dict.fromkeys((*first, *self.ips))) if self.ips else first

    def listens_on(self, port: int) -> bool:
        """Return True if a connection to `port` finds a process."""
        if self.listens is not None:
            return port in self.listens
        anywhere = not self.ports and not self.host_network
        return anywhere or any(declared.port == port for declared in self.ports)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Pod:
        """Read a Pod object as stored; without a status it counts as running, and ready if no gate of it waits."""
        metadata, spec, status = data.get("metadata") or {}, data.get("spec") or {}, data.get("status") or {}
        # A dump has very many Pods: what is absent costs no call.
        listed, owners = status.get("podIPs"), metadata.get("ownerReferences")
        conditions, gates = status.get("conditions"), spec.get("readinessGates")
        ips = [entry["ip"] for entry in listed if entry.get("ip")] if listed else ()
        return cls(
            name=metadata.get("name") or "",
            namespace=_once(metadata.get("namespace")) or "default",
            node=_once(spec.get("nodeName")),
            ip=status.get("podIP") or next(iter(ips), None),
            labels={_once(key): _once(text) for key, text in (metadata.get("labels") or {}).items()},
            ports=_container_ports(spec) if "containers" in spec or "initContainers" in spec else (),
            ready=_is_ready(conditions or (), gates or ()) if conditions or gates else True,
            terminating=bool(metadata.get("deletionTimestamp")),
            host_network=bool(spec.get("hostNetwork")),
            phase=_once(status.get("phase")) or "Running",
            ips=tuple(ips) if len(ips) > 1 else (),
            owner=_owner(owners) if owners else None,
        )


def _once(text: Any) -> Any:
    """Return a text that very many Pods have, such as the name of a node, in the one copy that all of them share."""
    return intern(text) if text.__class__ is str else text


def _is_ready(conditions: Iterable[Mapping[str, Any]], gates: Iterable[Mapping[str, Any]]) -> bool:
    """Return True for a Pod that is ready: by the condition Ready and those of its gates."""
    found = {entry.get("type"): entry.get("status") for entry in conditions}
    wanted = [gate.get("conditionType") for gate in gates]
    unsaid = "True" if wanted or not found else "False"
    return found.get("Ready", unsaid) == "True" and all(found.get(gate) == "True" for gate in wanted)


def _container_ports(spec: Mapping[str, Any]) -> tuple[ContainerPort, ...]:
    """Return the ports that the containers of a Pod declare, and its sidecars."""
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    declared = [port for c in [*(spec.get("containers") or ()), *sidecars] for port in c.get("ports") or ()]
    made = [
        ContainerPort(
            port.get("containerPort") or 0,
            port.get("name") or "",
            port.get("protocol") or "TCP",
            port.get("hostPort") or 0,
            port.get("hostIP") or "",
        )
        for port in declared
    ]
    return tuple(made)


def _owner(references: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the controller that a Pod names, as ``DaemonSet/edge``."""
    for reference in references:
        if reference.get("controller"):
            return f"{reference.get('kind') or ''}/{reference.get('name') or ''}"
    return None


@dataclass(frozen=True, slots=True)
class EndpointPort:
    """A port of an EndpointSlice, joined to a Service port by name and protocol.

    Parameters
    ----------
    port : int, optional
        Number on the Pod.
    name : str, optional
        Name of the Service port ("" for an unnamed one).
    protocol : str
        TCP, UDP or SCTP.
    app_protocol : str, optional
        ``appProtocol`` of the Service port.

    Examples
    --------
    >>> EndpointPort(8080).name
    ''
    """

    port: int | None
    name: str | None = ""
    protocol: str = "TCP"
    app_protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address in an EndpointSlice.

    Parameters
    ----------
    ip : str
        ``addresses[0]``, the only one kube-proxy uses.
    node, zone : str, optional
        Where it runs.
    ready, serving, terminating : bool
        The conditions, with the API's meaning of a missing one already filled in.
    zone_hints, node_hints : tuple of str
        ``hints.forZones`` and ``hints.forNodes``.
    pod : str, optional
        Name of the Pod behind it (``targetRef``).

    Examples
    --------
    >>> Endpoint("10.244.1.2", node="node-1").ready
    True
    """

    ip: str
    node: str | None = None
    zone: str | None = None
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    zone_hints: tuple[str, ...] = ()
    node_hints: tuple[str, ...] = ()
    pod: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """A list of endpoints that share the same ports.

    Parameters
    ----------
    name, namespace : str
        Of the slice itself.
    service : str
        Name of the Service (label ``kubernetes.io/service-name``).
    ports : tuple of EndpointPort
        Ports of every endpoint in it.
    endpoints : tuple of Endpoint
        The addresses.
    address_type : str
        ``IPv4`` or ``IPv6``.
    labels : mapping of str to str
        Labels of the slice.
    created_s : float
        Cluster time of the creation, in seconds.

    Examples
    --------
    >>> EndpointSlice("web-abc", service="web").endpoints
    ()
    """

    name: str
    namespace: str = "default"
    service: str = ""
    ports: tuple[EndpointPort, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    address_type: str = "IPv4"
    labels: Mapping[str, str] = field(default_factory=dict)
    created_s: float = field(default=0.0, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EndpointSlice:
        """Read an EndpointSlice object as stored; an endpoint without an address is passed over."""
        metadata = data.get("metadata") or {}
        labels = dict(metadata.get("labels") or {})
        return cls(
            name=metadata.get("name") or "",
            namespace=metadata.get("namespace") or "default",
            service=labels.get(SERVICE_NAME_LABEL) or "",
            ports=tuple(
                EndpointPort(port.get("port"), port.get("name"), port.get("protocol") or "TCP", port.get("appProtocol"))
                for port in data.get("ports") or ()
            ),
            endpoints=tuple([_endpoint(entry) for entry in data.get("endpoints") or () if entry.get("addresses")]),
            address_type=data.get("addressType") or "IPv4",
            labels=labels,
        )


def _endpoint(entry: Mapping[str, Any]) -> Endpoint:
    conditions, hints = entry.get("conditions"), entry.get("hints")
    target = entry.get("targetRef") or {}
    return Endpoint(
        entry["addresses"][0],
        _once(entry.get("nodeName")),
        _once(entry.get("zone")),
        conditions.get("ready") is not False if conditions else True,
        conditions.get("serving") is not False if conditions else True,
        conditions.get("terminating") is True if conditions else False,
        _names(hints, "forZones") if hints else (),
        _names(hints, "forNodes") if hints else (),
        target.get("name") if (target.get("kind") or "Pod") == "Pod" else None,
    )


def _names(hints: Mapping[str, Any], field_name: str) -> tuple[str, ...]:
    return tuple(hint.get("name") or "" for hint in hints.get(field_name) or ())


DETECTORS = ("ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix")
INTERFACE = re.compile(r"[A-Za-z0-9_.@-]{1,15}")


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """Settings of kube-proxy, the same on every node.

    Parameters
    ----------
    mode : str
        ``iptables`` or ``nftables``.
    detect_local : str or None
        How a Pod's packet is recognised: ``ClusterCIDR``, ``NodeCIDR``, ``BridgeInterface``, ``InterfaceNamePrefix``,
        or None (no detector).
    cluster_cidr : str, optional
        Range of all Pods; None takes the cluster's ``pod_cidr``. Several ranges are separated by commas.
    masquerade_all : bool
        ``--masquerade-all``.
    localhost_nodeports : bool
        ``--iptables-localhost-nodeports``.
    nodeport_addresses : tuple of str, optional
        ``--nodeport-addresses``: CIDRs, or ``("primary",)``; None is the mode's default.
    bridge_interface, interface_name_prefix : str
        The bridge of the Pods, and what the names of the Pods' interfaces begin with (``--pod-bridge-interface``,
        ``--pod-interface-name-prefix``), for the two detectors of that name.
    service_cidrs : tuple of str, optional
        The ranges that kube-proxy knows from ServiceCIDR objects (nftables); None takes the cluster's
        ``service_cidr``, an empty tuple is a kube-proxy that has not heard of any.
    masquerade_bit : int
        The bit of the mark on packets to masquerade, 0 to 31.
    conntrack_tcp_be_liberal, nfacct : bool
        What the node's kernel brings: ``nf_conntrack_tcp_be_liberal``, and counters that iptables can count with.

    Raises
    ------
    ValueError
        If the mode or the detector is unknown, a detector has no interface, or the bit is no bit of a mark.

    Examples
    --------
    >>> ProxyConfig().mode
    'iptables'
    """

    mode: str = "iptables"
    detect_local: str | None = "ClusterCIDR"
    cluster_cidr: str | None = None
    masquerade_all: bool = False
    localhost_nodeports: bool = True
    nodeport_addresses: tuple[str, ...] | None = None
    bridge_interface: str = ""
    interface_name_prefix: str = ""
    service_cidrs: tuple[str, ...] | None = None
    masquerade_bit: int = 14
    conntrack_tcp_be_liberal: bool = False
    nfacct: bool = True

    def __post_init__(self) -> None:
        check_fields(self)
        if self.mode not in ("iptables", "nftables"):
            raise ValueError(f"mode {self.mode!r} of kube-proxy is not modelled: there are iptables and nftables")
        if self.detect_local not in (*DETECTORS, None):
            raise ValueError(
                f"detect_local {self.detect_local!r} is unknown: there are {', '.join(DETECTORS)}, and None"
            )
        if self.detect_local == "BridgeInterface" and not INTERFACE.fullmatch(self.bridge_interface):
            raise ValueError("detect_local BridgeInterface needs the name of a bridge: bridge_interface='cbr0'")
        if self.detect_local == "InterfaceNamePrefix" and not INTERFACE.fullmatch(self.interface_name_prefix):
            raise ValueError("detect_local InterfaceNamePrefix needs a prefix: interface_name_prefix='veth'")
        for name in ("nodeport_addresses", "service_cidrs"):
            listed = getattr(self, name)
            if isinstance(listed, str):
                raise ValueError(f"{name} is a list of ranges, not one text: ({listed!r},)")
            object.__setattr__(self, name, None if listed is None else tuple(listed))
        if not 0 <= self.masquerade_bit <= 31:
            raise ValueError(f"masquerade_bit is a number from 0 to 31, not {self.masquerade_bit}")


@dataclass(frozen=True, slots=True)
class Event:
    """What a controller reports about an object (``kubectl get events``).

    Parameters
    ----------
    at_s : float
        Cluster time, in seconds.
    type, reason, message : str
        As in an Event object; type is ``Normal`` or ``Warning``.
    object : str
        ``service/web``.
    namespace : str
        Namespace of the object.
    source : str
        The reporting component.

    Examples
    --------
    >>> Event(0.0, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "service/web").type
    'Normal'
    """

    at_s: float
    type: str
    reason: str
    message: str
    object: str
    namespace: str = "default"
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their names."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A set of like Pods.

    Parameters
    ----------
    name, namespace : str
        Name and namespace; the Pods are called ``name-1``, ``name-2``, ….
    labels : mapping of str to str
        Labels of the Pods.
    ports : tuple of ContainerPort
        What the container declares.
    listens : tuple of int, optional
        Where the process really listens; None: where it declares.
    host_network : bool
        Pods share their node's network.
    made : int
        How many Pods it has made so far, for their names.
    created_s : float
        Cluster time of the creation, in seconds.
    answers : mapping of str to int
        The HTTP status that its Pods answer, by path; 200 to every path that is not there.
    images : tuple of str
        What its containers run: no packet depends on it, and another one rolls out.
    notes : tuple of (str, str)
        Annotations of its Pod template: another one rolls out, as ``kubectl rollout restart`` writes it.
    recreate : bool
        ``strategy: Recreate``: all old Pods go before the first new one comes.
    max_surge, max_unavailable : int or str, optional
        How many Pods more, and fewer, there may be during a rollout: a number or a percentage; None where it is not
        said, and Pods are replaced one by one.

    Examples
    --------
    >>> Deployment("web", labels={"app": "web"}, ports=(ContainerPort(8080),)).made
    0
    """

    name: str
    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[ContainerPort, ...] = ()
    listens: tuple[int, ...] | None = None
    host_network: bool = False
    made: int = 0
    created_s: float = field(default=0.0, repr=False)
    answers: Mapping[str, int] = field(default_factory=dict, repr=False)
    images: tuple[str, ...] = field(default=(), repr=False)
    notes: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    recreate: bool = field(default=False, repr=False)
    max_surge: int | str | None = field(default=None, repr=False)
    max_unavailable: int | str | None = field(default=None, repr=False)

    def at_a_time(self, replicas: int) -> int:
        """Return how many Pods a rollout replaces at a time (``ResolveFenceposts``): 25% each where one is not said."""
        if self.max_surge is None and self.max_unavailable is None:
            return 1
        surge = _part("25%" if self.max_surge is None else self.max_surge, replicas, up=True)
        unavailable = _part("25%" if self.max_unavailable is None else self.max_unavailable, replicas, up=False)
        return max(surge + unavailable, 1)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Deployment:
        """Read a Deployment manifest; what matters stands in its Pod template."""
        template = Pod.from_dict((data.get("spec") or {}).get("template") or {})
        metadata = data.get("metadata") or {}
        return cls(
            name=metadata.get("name") or "",
            namespace=metadata.get("namespace") or "default",
            labels=template.labels,
            ports=template.ports,
            host_network=template.host_network,
            **_of_template(data.get("spec") or {}),
        )


def _of_template(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Read what of a Deployment decides on a rollout, and on no packet."""
    template = spec.get("template") or {}
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    images = tuple(str(one.get("image") or "") for one in containers)
    notes = (template.get("metadata") or {}).get("annotations") or {}
    return {
        "images": images if any(images) else (),
        "notes": tuple(sorted((str(key), str(text)) for key, text in notes.items())),
        "recreate": strategy.get("type") == "Recreate",
        "max_surge": rolling.get("maxSurge"),
        "max_unavailable": rolling.get("maxUnavailable"),
    }


def _part(value: int | str, whole: int, *, up: bool) -> int:
    """Return a number, or a percentage of a whole, rounded up or down."""
    if isinstance(value, int):
        return value
    percent = int(value.rstrip("%") or 0)
    return -(-percent * whole // 100) if up else percent * whole // 100
