"""The state of a cluster: its settings, what is stored, the clock, what has failed, what the cloud holds.

`ClusterState` has no verb: it answers questions, it can be copied, and it undoes a block that fails. The verbs are
in `k8sexpose.cluster.operations` and `k8sexpose.model`; cloud, router and simulation need no more than the state.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..api.checks import port_ranges
from ..api.errors import missing
from ..api.kinds import KeptObject
from ..api.objects import Deployment, EndpointSlice, Event, Node, Pod, ProxyConfig
from ..api.service import Service
from ..api.workloads import Workload
from .clock import Clock
from .store import Key, Store, find, key_of

__all__ = ["NODE_MONITOR_GRACE_S", "ClusterState"]

NODE_MONITOR_GRACE_S = 50.0


class ClusterState:
    """What is in a cluster at one moment; `k8sexpose.Cluster` adds the verbs and describes the settings.

    `provider`, `controller` and `cloud_state` belong to `k8sexpose.cloud.controller`; they are kept here and not read.
    """

    def __init__(
        self,
        *,
        seed: int,
        provider: Any,
        controller: Any,
        cloud_state: Any,
        proxy: ProxyConfig,
        service_cidr: str,
        pod_cidr: str,
        cni_masquerade: bool,
        cni_bridge: bool,
        cni_hairpin: bool,
        nodes_routable: bool,
        firewall: Iterable[tuple[int, int]],
    ) -> None:
        self.store = Store(seed)
        self.mark = object()  # tells its snapshots from those of its copies
        self.clock = Clock()
        self.seed = seed
        self.provider = provider
        self.controller = controller
        self.cloud_state = cloud_state
        self.proxy = proxy
        self.service_cidr = service_cidr
        self.pod_cidr = pod_cidr
        self.cni_masquerade = cni_masquerade
        self.cni_bridge = cni_bridge
        self.cni_hairpin = cni_hairpin
        self.nodes_routable = nodes_routable
        self.firewall = firewall
        self.affinity: dict[Any, Any] = {}
        self.flows: dict[Any, Any] = {}
        self.sends = 0
        self.failed: dict[str, float] = {}
        self._deployments: dict[Key, Deployment] = {}
        self.workloads: dict[tuple[str, str, str], Workload] = {}
        self.kept: dict[tuple[str, str, str], KeptObject] = {}
        # Of a dump: the kinds that it says nothing of, and the Pods whose address was taken out.
        self.absent: frozenset[str] = frozenset()
        self.hidden: frozenset[Key] = frozenset()
        self.notes: tuple[str, ...] = ()  # what kubectl refused to give, in its words
        self._unreachable: dict[str, tuple[Key, ...]] = {}
        self._stopped_proxies: dict[str, Store] = {}
        self._manifests: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self._events: list[Event] = []

    # -- looking --------------------------------------------------------------------------------------------------

    @property
    def firewall(self) -> tuple[tuple[int, int], ...]:
        """Port ranges on node addresses that are closed to clients outside; may be assigned."""
        return self._firewall

    @firewall.setter
    def firewall(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._firewall = port_ranges(ranges, "firewall")

    @property
    def now_s(self) -> float:
        """Cluster time, in seconds."""
        return self.clock.now_s

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        return tuple(self.store.nodes.values())

    @property
    def pods(self) -> tuple[Pod, ...]:
        """All Pods."""
        return tuple(self.store.pods.values())

    @property
    def services(self) -> tuple[Service, ...]:
        """All Services, by namespace and name."""
        store = self.store
        return store.cached(
            "services", store.changes, lambda: tuple([store.services[key] for key in sorted(store.services)])
        )

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """All Deployments, by namespace and name."""
        return tuple(self._deployments[key] for key in sorted(self._deployments))

    @property
    def events(self) -> tuple[Event, ...]:
        """What controllers reported, in order."""
        return tuple(self._events)

    @property
    def load_balancers(self) -> dict[str, Any]:
        """The load balancers that the cloud holds, by the ``namespace/name`` of their Service."""
        held: dict[str, Any] = self.cloud_state.load_balancers
        return held

    @property
    def down(self) -> frozenset[str]:
        """Names of the nodes that have failed."""
        return frozenset(self.failed)

    @property
    def stopped_proxies(self) -> frozenset[str]:
        """Names of the nodes on which kube-proxy is stopped."""
        return frozenset(self._stopped_proxies)

    @property
    def lost_pods(self) -> frozenset[Key]:
        """Pods that count as not ready only because their node no longer reports."""
        return frozenset[Key]().union(*self._unreachable.values())

    def is_down(self, node: str) -> bool:
        """Return True if a node has failed."""
        return node in self.failed

    def node_ready(self, node: str) -> bool:
        """Return True if a node is Ready for the control plane, which notices a crash after the grace period."""
        stored = self.store.nodes.get(node)
        if stored is not None and not stored.is_ready:
            return False
        return self.now_s < self.failed.get(node, self.now_s) + NODE_MONITOR_GRACE_S

    def proxy_stopped(self, node: str) -> bool:
        """Return True if kube-proxy is stopped on a node."""
        return node in self._stopped_proxies

    def rules(self, node: str) -> Store:
        """Return what kube-proxy on a node knows: the store, or what it was when kube-proxy stopped."""
        return self._stopped_proxies.get(node, self.store)

    def node(self, name: str) -> Node:
        """Return a node by name; an `ApiError` (404) names those that exist."""
        return find(self.store.nodes, name, partial(missing, "nodes", name))

    def pod(self, name: str) -> Pod:
        """Return a Pod by ``name`` or ``namespace/name``; an `ApiError` (404) names those that exist."""
        key = key_of(name)
        return find(self.store.pods, key, partial(missing, "pods", key[1]))

    def service(self, name: str) -> Service:
        """Return a Service by ``name`` or ``namespace/name``; an `ApiError` (404) names those that exist."""
        key = key_of(name)
        return find(self.store.services, key, partial(missing, "services", key[1]))

    def deployment(self, name: str, namespace: str = "default") -> Deployment:
        """Return an app that `deploy` or a Deployment manifest made; an `ApiError` (404) names those that exist."""
        return find(self._deployments, (namespace, name), partial(missing, "deployments.apps", name))

    def endpoint_slices(self, name: str) -> tuple[EndpointSlice, ...]:
        """Return the EndpointSlices of a Service."""
        return self.store.slices(self.service(name))

    # -- changing -------------------------------------------------------------------------------------------------

    def report(self, event: Event) -> None:
        """Add an event, as a controller does."""
        self._events.append(event)

    def steps(self, until_s: float) -> Iterator[None]:
        """Yield after each thing that happens until a moment: the controllers look, a due step is done."""
        while self.controller.look(self, until_s):
            yield
            self.clock.pop()(self)
            yield
        yield
        self.clock.now_s = until_s

    def snapshot(self) -> dict[str, object]:
        """Return what can change, time apart: values are compared, and the store counts its changes."""
        # The store keeps answers by it. Were the API server in it, which has the store, then a cluster would hold
        # itself, and stay in memory until Python's collector looks for such circles.
        held = {name: value for name, value in vars(self).items() if not isinstance(value, Store | Clock)}
        kept = {name: _copied(value) for name, value in held.items() if name != "api"}
        return kept | {"changes": self.store.changes}

    def version(self) -> dict[str, object]:
        """Return what can change, with the time: what is computed from a cluster holds as long as this is the same."""
        return self.snapshot() | {"now_s": self.now_s}

    def copy(self) -> Any:
        """Return a cluster that goes on apart from this one."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            setattr(twin, name, value.copy() if isinstance(value, Store) else _copied(value))
        twin.mark = object()
        return twin

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Undo everything that the block has done if an error or an interrupt leaves it."""
        with self.store.journal.transaction(self._restorer()):
            yield

    def _restorer(self) -> Callable[[], None]:
        """Return a function that puts everything back that is not in the store; it may be called twice."""
        saved = {name: _copied(value) for name, value in vars(self).items() if not isinstance(value, Store)}
        return lambda: vars(self).update({name: _copied(value) for name, value in saved.items()})


def _copied(value: Any) -> Any:
    """Return a copy of what is changed in place; all other values are replaced as a whole."""
    return value.copy() if hasattr(value, "copy") else value
