"""Clusters and dumps for the tests of the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import k8sexpose as kx

SAMPLE = kx.example("sample-cluster")
LB: dict[str, Any] = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}


def cluster_of(spec: dict[str, Any], *, provider: Any = "generic", per_node: tuple[int, ...] = (1, 1, 1)) -> kx.Cluster:
    """Make three nodes, Pods of an app, and one Service whose load balancer is up."""
    cluster = kx.Cluster(nodes=3, provider=provider)
    cluster.deploy("web", per_node=list(per_node))
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {**LB, **spec}})
    cluster.advance(300)
    return cluster


def edited(change: Callable[[dict[str, Any]], object]) -> str:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    change(dump)
    return json.dumps(dump)


def service_at(dump: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(i for i in dump["items"] if i["kind"] == "Service" and i["metadata"]["name"] == "api")
    return found


def put(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(dump: dict[str, Any]) -> None:
        at, *rest = service_at(dump), *path.split(".")
        for key in rest[:-1]:
            at = at[int(key)] if key.isdigit() else at[key]
        at[rest[-1]] = value

    return change
