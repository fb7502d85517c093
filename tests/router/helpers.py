"""Small clusters for the tests of routing."""

from __future__ import annotations

from typing import Any

import k8sexpose as kx

CLIENT = "203.0.113.10"


def cluster_with(per_node: list[int], spec: dict[str, Any] | None = None, **options: Any) -> kx.Cluster:
    """Nodes node-1… with Pods web-1… and a Service `web` (NodePort 30080, clusterIP 10.96.0.9 unless told)."""
    cluster = kx.Cluster(nodes=len(per_node), **options)
    cluster.deploy("web", per_node=per_node, port=8080)
    add_service(cluster, **(spec or {}))
    return cluster


def add_service(cluster: kx.Cluster, name: str = "web", **spec: Any) -> kx.Service:
    base = {
        "type": "NodePort",
        "selector": {"app": "web"},
        "clusterIP": "10.96.0.9",
        "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}],
    }
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": base | spec}
    if manifest["spec"]["type"] == "ClusterIP" and "ports" not in spec:  # type: ignore[index]
        manifest["spec"]["ports"] = [{"port": 80, "targetPort": 8080}]  # type: ignore[index]
    cluster.apply(manifest)
    return cluster.service(name)


def outcomes(cluster: kx.Cluster, target: str, client: str = CLIENT, **options: Any) -> dict[str, str]:
    """{Pod or outcome: source address that the Pod saw} of all ways."""
    ways = kx.routes(cluster, target, client, **options)
    return {way.pod or way.outcome: way.client_seen or "" for way in ways}
