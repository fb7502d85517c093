"""The cluster: the one thing that changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .objects import EndpointSlice, Node, Pod, ProxyConfig
from .service import Service
from .store import Store

__all__ = ["Cluster"]


class Cluster:
    """A Kubernetes cluster, as far as Services are concerned."""

    def __init__(
        self,
        nodes: int | Iterable[Node] = 3,
        *,
        provider: object = "generic",
        seed: int = 0,
        proxy: ProxyConfig | None = None,
        node_port_range: tuple[int, int] = (30000, 32767),
        service_cidr: str = "10.96.0.0/16",
        pod_cidr: str = "10.244.0.0/16",
        cni_masquerade: bool = True,
        cni_bridge: bool = False,
        cni_hairpin: bool = True,
        namespaces: Iterable[str] | None = None,
        nodes_routable: bool = True,
        firewall: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.store = Store(seed)
        self.seed = seed
        self.proxy = proxy or ProxyConfig()
        self.service_cidr = service_cidr
        self.pod_cidr = pod_cidr
        self.cni_masquerade = cni_masquerade
        self.cni_bridge = cni_bridge
        self.cni_hairpin = cni_hairpin
        self.nodes_routable = nodes_routable
        self.firewall = tuple(firewall)
        self.now_s = 0.0
        for node in nodes if not isinstance(nodes, int) else ():
            self.store.put_node(node)

    @classmethod
    def from_json(cls, source: str | Path | Mapping[str, Any], **options: Any) -> Cluster:
        data = source if isinstance(source, Mapping) else json.loads(Path(source).read_text())
        cluster = cls(nodes=[], **options)
        for item in data["items"]:
            kind = item.get("kind")
            if kind == "Node":
                cluster.store.put_node(Node.from_dict(item))
            elif kind == "Pod":
                cluster.store.put_pod(Pod.from_dict(item))
            elif kind == "Service":
                cluster.store.put_service(Service.from_dict(item))
            elif kind == "EndpointSlice":
                cluster.store.put_slice(EndpointSlice.from_dict(item))
        return cluster

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(self.store.nodes.values())

    def service(self, name: str) -> Service:
        namespace, _, short = name.rpartition("/")
        return self.store.services[namespace or "default", short]

    def rules(self, node: str) -> Store:
        """What kube-proxy on `node` knows: the store, or, where it is stopped, the store of that moment."""
        return self.store
