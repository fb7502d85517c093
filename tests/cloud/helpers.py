"""Clusters with a LoadBalancer Service, and what their controllers said."""

from __future__ import annotations

from typing import Any

import k8sexpose as kx

TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
TARGET_TYPE = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
CROSS_ZONE = "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled"
EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
NLB_PRESERVE = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"
CLIENT = "203.0.113.10"
FAILED = "Error syncing load balancer: failed to ensure load balancer: "


def manifest(name: str = "web", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    base = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    metadata: dict[str, Any] = {"name": name} | ({"annotations": annotations} if annotations else {})
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": base | spec}


def stand(
    per_node: list[int], provider: Any = "generic", annotations: dict[str, str] | None = None, **spec: Any
) -> kx.Cluster:
    """A cluster with Pods, and a LoadBalancer Service `web`."""
    cluster = kx.Cluster(nodes=len(per_node), provider=provider)
    cluster.deploy("web", per_node=per_node)
    cluster.apply(manifest(annotations=annotations, **spec))
    return cluster


def address(cluster: kx.Cluster, name: str = "web") -> str:
    ingress = cluster.service(name).load_balancer_ingress
    return f"http://{ingress[0].address}" if ingress else ""


def told(cluster: kx.Cluster, name: str = "web") -> list[tuple[float, str, str, str, str]]:
    mine = [event for event in cluster.events if event.object == f"service/{name}"]
    return [(event.at_s, event.type, event.reason, event.message, event.source) for event in mine]


def reasons(cluster: kx.Cluster, name: str = "web") -> list[str]:
    return [reason for _, _, reason, _, _ in told(cluster, name)]


MIXED = [{"name": "t", "port": 4145, "protocol": "TCP"}, {"name": "u", "port": 4145, "protocol": "UDP"}]


def node(name: str, **changes: Any) -> kx.Node:
    return kx.Node(name, (f"10.0.0.{name[-1]}",), zone="a", pod_cidr=f"10.244.{name[-1]}.0/24", **changes)


def trace(cluster: kx.Cluster) -> tuple[Any, ...]:
    """Everything that the cloud and its controllers have written down."""
    return (
        dict(cluster.load_balancers),
        dict(cluster.cloud_state.progress),
        dict(cluster.cloud_state.addresses_held),
        cluster.events,
        list(cluster.clock.queue),
        cluster.now_s,
        (cluster.cloud_state.seen_changes, cluster.cloud_state.seen_node_version, cluster.cloud_state.seen_nodes),
        dict(cluster.store.services),
    )
