"""How one question to the router grows with the cluster: ``python benchmarks/routing.py``.

A Service of 3 Pods under the policy Cluster, 30 Pods a node, 10,000 Services. Printed are ratios to the smallest
cluster, which do not depend on the machine; aim: `apply`, `send` and `routes` (one entry node) flat,
`shares` at most linear.

``python benchmarks/routing.py --calls`` counts Python calls instead: the work of one warm question, on any machine.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import k8sexpose as kx
from benchmarks.measure import best, cpu_s, exponent, in_turns, show
from k8sexpose.api.objects import Pod

NODES = (50, 500, 5000)
PODS_PER_NODE = 30
SERVICES = 10_000
LIMITS = {"routes, one entry node": 2.0}

# Another client each time: the same question is answered from memory.
CLIENTS = (f"198.51.{number // 250 % 250}.{number % 250 + 1}" for number in itertools.count())


def cluster_of(nodes: int) -> kx.Cluster:
    """Build the cluster from stored objects, so that no time goes into allocation."""
    cluster = kx.Cluster(nodes=[node(n) for n in range(nodes)], pod_cidr="10.128.0.0/9")
    for n in range(nodes):
        for k in range(PODS_PER_NODE):
            app = "web" if k == 0 and n < 3 else f"other-{k}"
            ip = f"10.{128 + n // 256}.{n % 256}.{k + 2}"
            cluster.store.put_pod(Pod(f"pod-{n}-{k}", node=f"node-{n}", ip=ip, labels={"app": app}))
    for k in range(SERVICES):
        cluster.store.put_service(service(f"service-{k}", f"nobody-{k}", k + 10, 0))
    cluster.store.put_service(service("web", "web", 1, 30080))
    return cluster


def node(n: int) -> kx.Node:
    """Make the n-th node, with a Pod range of its own."""
    address, pods = f"10.{n // 250}.{n % 250}.1", f"10.{128 + n // 256}.{n % 256}.0/24"
    return kx.Node(f"node-{n}", addresses=(address,), zone="abc"[n % 3], pod_cidr=pods)


def service(name: str, app: str, number: int, node_port: int) -> kx.Service:
    """Make a Service as stored; with a nodePort it is a LoadBalancer."""
    return kx.Service(
        name,
        type="LoadBalancer" if node_port else "ClusterIP",
        selector={"app": app},
        cluster_ip=f"172.16.{number // 250}.{number % 250}",
        ports=(kx.ServicePort(80, 8080, node_port, protocol="TCP"),),
        external_traffic_policy="Cluster",
        internal_traffic_policy="Cluster",
    )


def apply(cluster: kx.Cluster) -> object:
    """Apply a Service that differs from the one applied before."""
    spec = {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    metadata = {"name": "applied", "labels": {"turn": str(cluster.store.changes)}}
    return cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


QUESTIONS: dict[str, Callable[[kx.Cluster], object]] = {
    "apply, a changed Service": apply,
    "send, by name through the load balancer": lambda cluster: kx.send(cluster, "web"),
    "send, to one node": lambda cluster: kx.send(cluster, "10.0.0.1:30080"),
    "routes, one entry node": lambda cluster: kx.routes(cluster, "web", via="node-0"),
    "kube_proxy": lambda cluster: kx.kube_proxy(cluster, node="node-0", src="203.0.113.7", dst="10.0.0.1", port=30080),
    "shares": lambda cluster: kx.shares(cluster, "web", next(CLIENTS)),
}


def milliseconds(ask: Callable[[kx.Cluster], object], cluster: kx.Cluster, often: int = 20) -> float:
    """Measure the mean of some questions in a row."""
    return 1000 * cpu_s(lambda: [ask(cluster) for _ in range(often)]) / often


def count_calls(ask: Callable[[], object]) -> int:
    """Count the Python functions that a question calls, once its caches are warm."""
    ask()
    calls = 0

    def on_event(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(on_event)
    try:
        ask()
    finally:
        sys.setprofile(None)
    return calls - 1  # the question's own lambda


def show_calls() -> int:
    """Print how many calls a send by name makes, and one to a node port: naming the Service must cost little."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[3, 1, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    node_port = cluster.service("public-api-lb").ports[0].node_port
    to_port = count_calls(lambda: kx.send(cluster, f"10.0.0.1:{node_port}", seed=0))
    by_name = count_calls(lambda: kx.send(cluster, "public-api-lb", seed=0))
    show("send to a node port", f"{to_port} calls")
    show("send by name", f"{by_name} calls")
    return 0


def main(quick: bool = False) -> int:
    """Print the table; 1 where a limit is missed."""
    sizes = NODES[:2] if quick else NODES
    clusters = {nodes: cluster_of(nodes) for nodes in sizes}
    good = []
    for name, ask in QUESTIONS.items():
        for cluster in clusters.values():
            ask(cluster)  # the first question of a cluster is not counted
        works = {
            str(nodes): (lambda ask=ask, cluster=cluster: milliseconds(ask, cluster))
            for nodes, cluster in clusters.items()
        }
        times = tuple(best(in_turns(works, 5)).values())
        grown, limit = exponent(sizes, times), LIMITS.get(name)
        ratio = times[-1] / times[0]
        value = f"x {ratio:.1f}, n^{grown:.2f}"
        show(f"{name}: {sizes[0]} nodes", f"{times[0]:.2f} ms")
        met = None if limit is None else ratio <= limit
        good.append(show(f"{name}: {sizes[-1]:,} over {sizes[0]}", value, f"<= x {limit}" if limit else "", met))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(show_calls() if "--calls" in sys.argv else main(quick="--quick" in sys.argv))
