"""How the review grows with the cluster: a ratio of times, not a time.

    python benchmarks/report.py

Clusters of 50, 500 and 5,000 nodes with two Services a node (one in fifty with a load balancer, each with five Pods).
Ten would be growth in step with the cluster; where each Service is dealt over all nodes it is more.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import k8sexpose as kx
from benchmarks.measure import exponent, show

PODS = 5
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def dump(nodes: int, services: int) -> dict[str, Any]:
    """Make a dump: every Service has five Pods; one in fifty has a load balancer."""
    items: list[dict[str, Any]] = []
    for n in range(nodes):
        zone = ZONES[n % 3]
        items.append({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": f"n{n}", "labels": {"topology.kubernetes.io/zone": zone}},
            "spec": {"providerID": f"aws:///{zone}/i-{n:017x}"},
            "status": {"addresses": [{"type": "InternalIP", "address": f"10.{n // 60000}.{n // 250}.{n % 250 + 1}"}]},
        })  # fmt: skip
    for s in range(services):
        balanced = s % 50 == 0
        port = {"port": 80, "targetPort": 8080, "protocol": "TCP"} | ({"nodePort": 30000 + s // 50} if balanced else {})
        spec: dict[str, Any] = {
            "type": "LoadBalancer" if balanced else "ClusterIP", "selector": {"app": f"s{s}"},
            "clusterIP": f"172.{16 + s // 62500}.{s // 250}.{s % 250 + 1}", "ipFamilies": ["IPv4"],
            "ports": [port],
        }  # fmt: skip
        meta = {
            "name": f"s{s}",
            "namespace": "default",
            "annotations": {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"},
        }
        status = {"loadBalancer": {"ingress": [{"hostname": f"lb{s}.elb.amazonaws.com"}]} if balanced else {}}
        items.append({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec, "status": status})
        endpoints = []
        for p in range(PODS):
            ip, node = f"100.{64 + s // 12500}.{s // 50 % 250}.{s % 50 * PODS + p + 1}", f"n{(s * 7 + p * 11) % nodes}"
            items.append({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"s{s}-{p}", "namespace": "default", "labels": {"app": f"s{s}"}},
                "spec": {"nodeName": node}, "status": {"podIP": ip, "phase": "Running"},
            })  # fmt: skip
            endpoints.append({"addresses": [ip], "nodeName": node, "targetRef": {"kind": "Pod", "name": f"s{s}-{p}"}})
        items.append({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": f"s{s}-x", "namespace": "default", "labels": {"kubernetes.io/service-name": f"s{s}"}},
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}], "endpoints": endpoints,
        })  # fmt: skip
    return {"kind": "List", "items": items}


def measure(nodes: int, services: int) -> float:
    """Review one cluster; return the seconds it took."""
    made = dump(nodes, services)
    start_s = time.perf_counter()
    cluster = kx.Cluster.from_json(made)
    loaded_s = time.perf_counter() - start_s
    review = kx.review(cluster)
    reviewed_s = time.perf_counter() - start_s - loaded_s
    page = review.to_html()
    total_s = time.perf_counter() - start_s
    print(
        f"{nodes:6,} nodes, {services:6,} Services: load {loaded_s:.1f} s, review {reviewed_s:.1f} s, "
        f"page {total_s - loaded_s - reviewed_s:.1f} s ({len(page):,} characters); {review.summary}"
    )
    return total_s


def main(quick: bool = False) -> int:
    """Compare clusters, each ten times the one before."""
    sizes = (50, 500) if quick else (50, 500, 5000)
    times = tuple(measure(nodes, 2 * nodes) for nodes in sizes)
    for before, after in pairwise(range(len(sizes))):
        ends = (sizes[before], sizes[after]), (times[before], times[after])
        ratio, grown = times[after] / times[before], exponent(*ends)
        show(f"report: {sizes[after]:,} nodes over {sizes[before]:,}", f"x {ratio:.1f}, n^{grown:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
