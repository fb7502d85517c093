"""What the API server stores, with the look-ups that routing needs.

Every object is kept once. The look-ups (by address, port and label) follow each change, so that no question walks
the whole cluster. The node ports and cluster IPs in use are such look-ups, too: there is no second list that could
disagree with what the Services hold.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from ..api.addresses import canonical_ip
from ..api.errors import unknown
from ..api.formats import SUFFIX_LETTERS
from ..api.objects import EndpointSlice, Node, Pod
from ..api.service import Service
from .endpoint_slices import endpoint_slices
from .transaction import Journal

__all__ = ["Key", "Store", "find", "key_of"]

Key = tuple[str, str]
Found = TypeVar("Found")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


class Index(Generic[K, V]):
    """The keys of all objects that have a property, in the order they came."""

    def __init__(self) -> None:
        self.entries: dict[K, dict[V, None]] = {}
        self._own: set[K] | None = None  # the properties whose keys no copy shares; None for all

    def __contains__(self, prop: K) -> bool:
        return prop in self.entries

    def add(self, prop: K, key: V) -> None:
        """Note that the object `key` has the property."""
        keys = self.entries.get(prop) if self._own is None else self._keys(prop)
        if keys is None:
            self.entries[prop] = {key: None}
        else:
            keys[key] = None

    def discard(self, prop: K, key: V) -> None:
        """Forget that the object `key` has the property."""
        keys = self._keys(prop)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self.entries[prop]

    def _keys(self, prop: K) -> dict[V, None] | None:
        """Return the keys of a property to be changed, apart from those that a copy holds."""
        keys = self.entries.get(prop)
        if self._own is not None and prop not in self._own:
            if keys is not None:
                keys = self.entries[prop] = dict(keys)
            self._own.add(prop)  # last: an interrupt may come between any two lines
        return keys

    def copy(self) -> Index[K, V]:
        """Return an index that changes apart from this one; keys are copied when one of both changes them."""
        twin: Index[K, V] = Index()
        twin.entries = dict(self.entries)
        self._own, twin._own = set(), set()
        return twin

    def get(self, prop: K) -> tuple[V, ...]:
        """Return the keys of all objects that have the property."""
        return tuple(self.entries.get(prop, ()))


class Store:
    """Nodes, Pods, Services and EndpointSlices, each by name and by what packets look for.

    The seed decides the letters at the end of the names of EndpointSlices.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.changes = 0
        self.nodes: dict[str, Node] = {}
        self.pods: dict[Key, Pod] = {}
        self.services: dict[Key, Service] = {}
        self.applied_slices: dict[Key, EndpointSlice] = {}
        self._node_names: Index[str, str] = Index()
        self._node_names_outside: Index[str, str] = Index()
        self._pods_at: Index[str, Key] = Index()
        self._pods_on: Index[str, Key] = Index()
        self._pods_of: Index[Key, Key] = Index()
        self._pods_labelled: Index[tuple[str, str, str], Key] = Index()
        self._services_at: Index[str, Key] = Index()
        self._services_named: Index[str, Key] = Index()
        self._services_on: Index[int, Key] = Index()
        self._ports_held: Index[int, Key] = Index()
        self._ips_held: Index[str, Key] = Index()
        self._slices_of: Index[Key, Key] = Index()
        self._label_changes: dict[tuple[str, str, str], int] = {}
        self._node_changes = 0
        self._cache: dict[Hashable, tuple[object, Any]] = {}
        self.journal = Journal()

    # -- changes --------------------------------------------------------------------------------------------------

    def _remember(self, undo: Callable[[], None]) -> None:
        """Note how to undo the change that comes next."""
        self.changes += 1
        self.journal.note(undo)

    def put_node(self, node: Node) -> None:
        """Store a node, in place of the one with its name."""
        old = self.nodes.get(node.name)
        self._remember(lambda: self.put_node(old) if old else self.delete_node(node.name))
        self.delete_node(node.name, keep_place=True)
        self.nodes[node.name] = node
        for address in node.addresses:
            self._node_names.add(canonical_ip(address), node.name)
        if node.external_ip:
            self._node_names_outside.add(canonical_ip(node.external_ip), node.name)

    def delete_node(self, name: str, *, keep_place: bool = False) -> None:
        """Forget a node; `keep_place` is for one that is replaced at once."""
        old = self.nodes.get(name)
        if old is not None:
            if not keep_place:
                order = list(self.nodes)
                self._remember(lambda: self._put_back(old, order))
            for address in old.addresses:
                self._node_names.discard(canonical_ip(address), name)
            if old.external_ip:
                self._node_names_outside.discard(canonical_ip(old.external_ip), name)
            if not keep_place:
                del self.nodes[name]
        self._node_changes += 1

    def _put_back(self, node: Node, order: list[str]) -> None:
        """Store a node that was deleted, in its old place: load balancers spread in this order."""
        self.put_node(node)
        self.nodes = {name: self.nodes[name] for name in order}

    def put_pod(self, pod: Pod) -> None:
        """Store a Pod, in place of the one with its name."""
        key = (pod.namespace, pod.name)
        old = self.pods.get(key)
        self._remember(lambda: self.put_pod(old) if old else self.delete_pod(key))
        if old is not None:
            self._unindex_pod(key)
        self.pods[key] = pod
        for ip in pod.addresses:
            self._pods_at.add(canonical_ip(ip), key)
        if pod.node:
            self._pods_on.add(pod.node, key)
        if pod.app:
            self._pods_of.add((pod.namespace, pod.app), key)
        for label in _labels(pod):
            self._pods_labelled.add(label, key)
            self._label_changes[label] = self._label_changes.get(label, 0) + 1

    def delete_pod(self, key: Key) -> None:
        """Forget a Pod."""
        old = self.pods.get(key)
        if old is not None:
            self._remember(lambda: self.put_pod(old))
            self._unindex_pod(key)
            del self.pods[key]

    def _unindex_pod(self, key: Key) -> None:
        old = self.pods.get(key)
        if old is None:
            return
        for ip in old.addresses:
            self._pods_at.discard(canonical_ip(ip), key)
        if old.node:
            self._pods_on.discard(old.node, key)
        if old.app:
            self._pods_of.discard((old.namespace, old.app), key)
        for label in _labels(old):
            self._pods_labelled.discard(label, key)
            self._label_changes[label] = self._label_changes.get(label, 0) + 1

    def put_service(self, service: Service) -> None:
        """Store a Service, in place of the one with its name."""
        key = (service.namespace, service.name)
        old = self.services.get(key)
        self._remember(lambda: self.put_service(old) if old else self.delete_service(key))
        self._index_service(old, Index.discard)
        self.services[key] = service
        self._index_service(service, Index.add)

    def delete_service(self, key: Key) -> None:
        """Forget a Service; its ports and addresses are free again."""
        old = self.services.get(key)
        if old is not None:
            self._remember(lambda: self.put_service(old))
            self._index_service(old, Index.discard)
            del self.services[key]

    def _index_service(self, service: Service | None, change: Callable[..., None]) -> None:
        if service is None:
            return
        key = (service.namespace, service.name)
        for ip in service_ips(service):
            change(self._services_at, ip, key)
        for ingress in service.load_balancer_ingress:
            change(self._services_named, ingress.hostname.lower(), key)
        for port in service.ports:
            if port.node_port:
                change(self._services_on, port.node_port, key)
        for number in held_ports(service):
            change(self._ports_held, number, key)
        for ip in held_ips(service):
            change(self._ips_held, ip, key)

    def put_slice(self, endpoint_slice: EndpointSlice) -> None:
        """Store an EndpointSlice that somebody applied; it replaces the model's own for its Service."""
        key = (endpoint_slice.namespace, endpoint_slice.name)
        old = self.applied_slices.get(key)
        self._remember(lambda: self.put_slice(old) if old else self.delete_slice(key))
        if old is not None:
            self._slices_of.discard((old.namespace, old.service), key)
        self.applied_slices[key] = endpoint_slice
        self._slices_of.add((endpoint_slice.namespace, endpoint_slice.service), key)

    def delete_slice(self, key: Key) -> None:
        """Forget an EndpointSlice that somebody applied."""
        old = self.applied_slices.get(key)
        if old is not None:
            self._remember(lambda: self.put_slice(old))
            self._slices_of.discard((old.namespace, old.service), key)
            del self.applied_slices[key]

    # -- look-ups -------------------------------------------------------------------------------------------------

    def node(self, name: str) -> Node:
        """Return the node of this name; an `UnknownName` names those that exist."""
        return find(self.nodes, name, partial(unknown, "node", name))

    def node_at(self, ip: str) -> Node | None:
        """Return the node that has this address on an interface."""
        names = self._node_names.get(canonical_ip(ip))
        return self.nodes[names[0]] if names else None

    def node_behind(self, external_ip: str) -> Node | None:
        """Return the node that the cloud reaches by this external address."""
        names = self._node_names_outside.get(canonical_ip(external_ip))
        return self.nodes[names[0]] if names else None

    @property
    def node_version(self) -> int:
        """Number that changes with every change to the nodes."""
        return self._node_changes

    def pod_at(self, ip: str) -> Pod | None:
        """Return the Pod with this address; hostNetwork Pods are found by their node."""
        for key in self._pods_at.get(canonical_ip(ip)):
            if not self.pods[key].host_network:
                return self.pods[key]
        return None

    def pods_on(self, node: str) -> tuple[Pod, ...]:
        """Return the Pods of a node."""
        return tuple(self.pods[key] for key in self._pods_on.get(node))

    def pods_of(self, namespace: str, app: str) -> tuple[Pod, ...]:
        """Return the Pods of a Deployment, in the order they were made."""
        return tuple(sorted((self.pods[key] for key in self._pods_of.get((namespace, app))), key=_number))

    def services_at(self, ip: str) -> tuple[Service, ...]:
        """Return the Services with this clusterIP, externalIP or load balancer address."""
        return tuple(self.services[key] for key in self._services_at.get(canonical_ip(ip)))

    def services_named(self, hostname: str) -> tuple[Service, ...]:
        """Return the Services whose load balancer has this host name."""
        return tuple(self.services[key] for key in self._services_named.get(hostname.lower()) if hostname)

    def services_on(self, node_port: int) -> tuple[Service, ...]:
        """Return the Services with this nodePort."""
        return tuple(self.services[key] for key in self._services_on.get(node_port))

    def health_checks_on(self, number: int) -> tuple[Service, ...]:
        """Return the Services with this healthCheckNodePort."""
        services = (self.services[key] for key in self._ports_held.get(number))
        return tuple(service for service in services if service.health_check_node_port == number)

    def port_in_use(self, number: int) -> bool:
        """Return True if a Service holds this node port, or has it as its healthCheckNodePort."""
        return number in self._ports_held

    def ip_in_use(self, ip: str) -> bool:
        """Return True if a Service holds this clusterIP."""
        return canonical_ip(ip) in self._ips_held

    def slices(self, service: Service) -> tuple[EndpointSlice, ...]:
        """Return the EndpointSlices of a Service: those that somebody applied, else the controller's."""
        key = (service.namespace, service.name)
        applied = self._slices_of.get(key)
        if applied:
            return tuple([self.applied_slices[name] for name in applied])
        version = (service, self._node_changes, *(self._label_changes.get(label) for label in _selector(service)))

        def make() -> tuple[EndpointSlice, ...]:
            pods, nodes = self._candidates(service), self.nodes.values()
            return endpoint_slices(service, pods, self.nodes.get, self._suffix(key), nodes)

        return self.cached(("slices", key), version, make)

    def cached(self, name: Hashable, version: object, make: Callable[[], Found]) -> Found:
        """Return what `make` makes, and make it anew only when the version differs from the last one of this name."""
        kept = self._cache.get(name)
        if kept is None or kept[0] != version:
            kept = self._cache[name] = (version, make())
        made: Found = kept[1]
        return made

    def _candidates(self, service: Service) -> Iterator[Pod]:
        """Return the Pods that carry the rarest label of the selector."""
        found = [self._pods_labelled.get(label) for label in _selector(service)]
        return (self.pods[key] for key in min(found, key=len, default=()))

    @property
    def pod_labels(self) -> Collection[tuple[str, str, str]]:
        """The labels that Pods carry: namespace, key and value."""
        return self._pods_labelled.entries.keys()

    def pods_selected(self, service: Service) -> tuple[Pod, ...]:
        """Return the Pods that the selector of a Service names, whatever their state."""
        wanted = service.selector.items()
        return tuple(pod for pod in self._candidates(service) if wanted <= pod.labels.items())

    def _suffix(self, key: Key) -> Callable[[int], str]:
        """Return what makes the letters at the end of a slice's name from its number."""

        def letters(number: int) -> str:
            code = zlib.crc32(f"{self.seed}/{key}/{number}".encode())
            return "".join(SUFFIX_LETTERS[code // 27**place % 27] for place in range(5))

        return letters

    def copy(self) -> Store:
        """Return a store that changes apart from this one (the objects themselves never change)."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(twin, name, dict(value))
            elif isinstance(value, Index):
                setattr(twin, name, value.copy())
        twin.journal = Journal()
        return twin


def key_of(name: str) -> Key:
    """Parse ``name`` or ``namespace/name``."""
    namespace, _, short = name.rpartition("/")
    return namespace or "default", short


def find(objects: Mapping[K, Found], key: K, error: Callable[[Iterable[str]], Exception]) -> Found:
    """Return the object with this key; where there is none, raise the error that is made of the names that exist."""
    if key not in objects:
        raise error([_shown(known) for known in objects])
    return objects[key]


def _shown(key: object) -> str:
    """Return a key as people write it: a node's name, ``name`` in the default namespace, ``namespace/name``."""
    return key if isinstance(key, str) else "/".join(key).removeprefix("default/")  # type: ignore[arg-type]


def service_ips(service: Service) -> list[str]:
    """Return every address that a packet to the Service may carry, nodes apart."""
    ips = [ip for ip in service.cluster_ips or (service.cluster_ip,) if ip and ip != "None"]
    ips += service.external_ips
    ips += [ingress.ip for ingress in service.load_balancer_ingress if ingress.ip]
    return list(dict.fromkeys(map(canonical_ip, ips)))


def held_ports(service: Service) -> list[int]:
    """Return the numbers that the Service takes out of the node port pool."""
    if service.type not in ("NodePort", "LoadBalancer"):
        return []
    numbers = [port.node_port for port in service.ports]
    if service.needs_health_check_node_port:
        numbers.append(service.health_check_node_port)
    return [number for number in dict.fromkeys(numbers) if number]


def held_ips(service: Service) -> list[str]:
    """Return the addresses that the Service takes out of the cluster IP pool."""
    if service.type == "ExternalName":
        return []
    return [canonical_ip(ip) for ip in service.cluster_ips or (service.cluster_ip,) if ip and ip != "None"]


def _number(pod: Pod) -> int:
    """Return the number at the end of the name of a Deployment's Pod."""
    return int(pod.name.rpartition("-")[2])


def _labels(pod: Pod) -> list[tuple[str, str, str]]:
    return [(pod.namespace, key, value) for key, value in pod.labels.items()]


def _selector(service: Service) -> list[tuple[str, str, str]]:
    return [(service.namespace, key, value) for key, value in service.selector.items()]
