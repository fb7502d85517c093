"""Clusters whose packets end in every way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import k8sexpose as kx
from k8sexpose.widgets.flow.scene import MANY_NODES, FlowQuery

HOSTILE = '<script>alert("x")</script><b onload=evil()>&amp;\'\x00\u202e]]>'


def flow_cluster(per_node: list[int] | None = None, **options: Any) -> kx.Cluster:
    per_node = [2, 1, 0] if per_node is None else per_node
    cluster = kx.Cluster(nodes=len(per_node), **options)
    cluster.deploy("api-backend", per_node=per_node)
    cluster.apply(kx.example("flow-32000"))
    return cluster


def hostile_cluster() -> kx.Cluster:
    """What `from_json` takes as stored, with markup wherever a text can stand."""
    spec = {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "externalTrafficPolicy": HOSTILE,
            "selector": {"app": "x"}, "ports": [{"port": 80, "targetPort": 8080, "nodePort": 32000}]}  # fmt: skip
    objects = [
        {"kind": "Node", "apiVersion": "v1",
         "metadata": {"name": HOSTILE, "labels": {"topology.kubernetes.io/zone": HOSTILE}},
         "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": HOSTILE, "namespace": "default", "labels": {"app": "x"}},
         "spec": {"nodeName": HOSTILE}, "status": {"podIP": "10.244.1.2", "phase": "Running"}},
        {"kind": "Service", "apiVersion": "v1",
         "metadata": {"name": HOSTILE, "namespace": "default", "annotations": {HOSTILE: HOSTILE}},
         "spec": spec, "status": {"loadBalancer": {"ingress": [{"hostname": HOSTILE}]}}},
    ]  # fmt: skip
    return kx.Cluster.from_json({"kind": "List", "items": objects})


def hop_kinds() -> Iterator[tuple[str, kx.Cluster, FlowQuery]]:
    """Clusters, targets and clients that end in every way a packet can end."""
    yield "load balancer", flow_cluster(), FlowQuery("flow-32000")
    yield "node port", flow_cluster(), FlowQuery("10.0.0.3:32000")
    yield "cluster ip from a Pod", flow_cluster(), FlowQuery("10.96.217.45:80", "pod/api-backend-1")
    yield "cluster ip from outside", flow_cluster(), FlowQuery("10.96.217.45:80", "203.0.113.7")
    yield "node as client", flow_cluster(), FlowQuery("10.0.0.3:32000", "node/node-2")
    yield "refused", flow_cluster(), FlowQuery("10.0.0.3:30999")
    yield "no Pods", flow_cluster([0, 0]), FlowQuery("10.0.0.1:32000")
    yield "no such name", flow_cluster(), FlowQuery("http://elsewhere.example")
    yield "nobody there", flow_cluster(), FlowQuery("192.0.2.9:80")
    yield "Pod straight", flow_cluster(), FlowQuery("10.244.2.2:8080", "pod/api-backend-1")
    local = flow_cluster()
    local.patch("flow-32000", {"spec": {"externalTrafficPolicy": "Local"}})
    yield "dropped", local, FlowQuery("10.0.0.3:32000")
    yield "kept source", local, FlowQuery("flow-32000")
    crashed = flow_cluster()
    crashed.fail("node-1")
    yield "crashed", crashed, FlowQuery("10.0.0.1:32000")
    yield "Pod on a crashed node", crashed, FlowQuery("flow-32000")
    wrong = kx.Cluster(nodes=1)
    wrong.deploy("api-backend", port=9090)
    wrong.apply(kx.example("flow-32000"))
    yield "closed port", wrong, FlowQuery("flow-32000")
    bare = kx.Cluster(nodes=[kx.Node("only", addresses=("10.0.0.1",), external_ip="203.0.113.99")])
    yield "translated", bare, FlowQuery("203.0.113.99:32000")
    yield "dense", flow_cluster([3] * 30), FlowQuery("flow-32000")
    yield "hidden nodes", flow_cluster([1] * (MANY_NODES + 60)), FlowQuery("flow-32000")
    host = kx.Cluster(nodes=2)
    host.deploy("api-backend", per_node=[1, 0], host_network=True)
    host.apply(kx.example("flow-32000"))
    yield "host network", host, FlowQuery("flow-32000")
    yield "via", flow_cluster(), FlowQuery("flow-32000", via="node-2")
    yield "hostile", hostile_cluster(), FlowQuery("10.0.0.1:32000")


CASES = list(hop_kinds())
