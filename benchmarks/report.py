"""What a report costs, from the text of a dump to the page, in units of `json.loads` of the same text.

    python benchmarks/report.py

Clusters of 500 and 5,000 nodes with two Services a node, each with five Pods; 200 of the Services have a load balancer
in both, so that the growth is that of the cluster. CPU time of the process, since the machine may be busy, the best of
three turns of each. Memory is
that of a process of its own, which has the text and does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import k8sexpose as kx
from benchmarks.measure import best, cpu_s, exponent, in_turns, show

PODS = 5
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def dump(nodes: int, services: int, exposed: int = 200) -> dict[str, Any]:
    """Make a dump: every Service has five Pods; `exposed` of them have a load balancer."""
    every = max(services // exposed, 1)
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
        balanced = s % every == 0
        node_port = {"nodePort": 30000 + s // every} if balanced else {}
        port = {"port": 80, "targetPort": 8080, "protocol": "TCP"} | node_port
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


def measure(nodes: int) -> tuple[float, float]:
    """Load, review and write one dump; return the CPU seconds, and those of `json.loads` of the same text."""
    text = json.dumps(dump(nodes, 2 * nodes), indent=4)  # as kubectl prints it
    page = ""

    def work() -> None:
        nonlocal page
        page = kx.review(kx.Cluster.from_json(text, provider=None)).to_html()

    works = {"json": lambda: cpu_s(lambda: json.loads(text)), "report": lambda: cpu_s(work)}
    found = best(in_turns(works, 3))
    json_s, taken_s = found["json"], found["report"]
    print(f"{nodes:6,} nodes, {len(text) / 1e6:.0f} MB: json.loads {json_s:.2f} s, report {taken_s:.1f} s, "
          f"page of {len(page):,} characters")  # fmt: skip
    return taken_s, json_s


# The kernel's high-water mark of this program alone: ru_maxrss also counts the process that started it.
PEAK = """
import re, sys
import k8sexpose as kx
text = open(sys.argv[1], encoding="utf-8").read()
kx.review(kx.Cluster.from_json(text, provider=None)).to_html()
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""


def peak_mb(nodes: int) -> float:
    """Return the peak memory of a process that reads one dump as text and writes its page, in MB (Linux)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump.json"
        path.write_text(json.dumps(dump(nodes, 2 * nodes), indent=4), encoding="utf-8")
        done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main(quick: bool = False) -> int:
    """Compare two clusters, one ten times the other; the exit code says whether the limits are met."""
    sizes = (50, 500) if quick else (500, 5000)
    kx.review(kx.Cluster.from_json(dump(5, 10)))  # what is imported at first use counts for neither
    times = [measure(nodes) for nodes in sizes]
    ratio = times[-1][0] / times[-1][1]
    met = [show(f"report, {sizes[-1]:,} nodes: times json.loads", f"{ratio:.1f} x", "<= 5 x", quick or ratio <= 5)]
    grown = exponent((sizes[0], sizes[1]), (times[0][0], times[1][0]))
    met.append(show(f"report: {sizes[1]:,} nodes over {sizes[0]:,}", f"n^{grown:.2f}", "<= n^1.05", grown <= 1.05))
    if not quick and Path("/proc/self/status").is_file():
        peak = peak_mb(sizes[-1])
        met.append(show("report: peak memory, text included", f"{peak:.0f} MB", "<= 350 MB", peak <= 350))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
