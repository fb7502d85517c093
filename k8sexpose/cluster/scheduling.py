"""Pods and where they run: what the Deployment controller, the scheduler and the CNI do, as far as routing sees it.

The scheduler here is a simple one, so that its choice can be foreseen: a Pod goes to the node that has the fewest Pods
of the same app, then by the order of the nodes; cordoned, tainted and failed nodes are passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from ipaddress import ip_network

from ..api.addresses import family
from ..api.objects import Deployment, Node, Pod
from ..api.service import Service, ServicePort
from .store import Store

__all__ = ["check_per_node", "choose_node", "kubernetes_service", "make_nodes", "new_pod", "with_address"]

FIRST_POD_HOST = 2
LARGEST_NODE_PREFIX = 24
ZONES = "abc"


def make_nodes(count: int, pod_cidr: str) -> list[Node]:
    """Build ``node-1`` … with addresses 10.0.0.1 …, zones a, b, c, a, … and a part of the Pod range each."""
    network = ip_network(pod_cidr)
    size = max(LARGEST_NODE_PREFIX, network.prefixlen)
    if count >= 2 ** (size - network.prefixlen):
        raise ValueError(f"{count} nodes with a /{size} of Pod addresses each do not fit into pod_cidr {pod_cidr}")
    nodes = []
    for number in range(1, count + 1):
        base = int(network.network_address) + number * 2 ** (network.max_prefixlen - size)
        zone = ZONES[(number - 1) % len(ZONES)]
        node_cidr = str(ip_network((base, size)))
        address = f"10.0.{number // 256}.{number % 256}"
        labels = {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": zone}
        nodes.append(Node(f"node-{number}", (address,), zone=zone, pod_cidr=node_cidr, labels=labels))
    return nodes


def kubernetes_service(ip: str) -> Service:
    """Build the Service ``kubernetes``, through which Pods reach the API server; every cluster has it."""
    return Service(
        "kubernetes", type="ClusterIP", ports=(ServicePort(443, 6443, name="https", protocol="TCP"),),
        cluster_ip=ip, cluster_ips=(ip,), ip_families=(family(ip),), ip_family_policy="SingleStack",
        session_affinity="None", internal_traffic_policy="Cluster",
        labels={"component": "apiserver", "provider": "kubernetes"},
    )  # fmt: skip


def choose_node(store: Store, deployment: Deployment, unusable: Collection[str]) -> str | None:
    """Return the node for one more Pod; None where no node takes any."""
    candidates = [
        node
        for node in store.nodes.values()
        if node.name not in unusable
        and not node.unschedulable
        and not any(taint.effect in ("NoSchedule", "NoExecute") for taint in node.taints)
    ]
    counts = {node.name: 0 for node in candidates}
    for pod in store.pods_of(deployment.namespace, deployment.name):
        if pod.node in counts and not pod.terminating:
            counts[pod.node] += 1
    return min(counts, key=lambda name: counts[name], default=None)


def new_pod(store: Store, deployment: Deployment, node: str | None) -> tuple[Deployment, Pod]:
    """Build the next Pod of a Deployment, with an address on its node; the Deployment returned counts it."""
    deployment = replace(deployment, made=deployment.made + 1)
    pod = Pod(
        name=f"{deployment.name}-{deployment.made}",
        namespace=deployment.namespace,
        node=node,
        labels=deployment.labels,
        ports=deployment.ports,
        listens=deployment.listens,
        host_network=deployment.host_network,
        app=deployment.name,
        ready=node is not None,
        phase="Running" if node else "Pending",
    )
    return deployment, with_address(store, pod)


def with_address(store: Store, pod: Pod) -> Pod:
    """Return a placed Pod with an address: its node's, or the next free one of the node's Pod range."""
    node = store.nodes.get(pod.node or "")
    if node is None or pod.ip:
        return pod
    if pod.host_network:
        return replace(pod, ip=node.internal_ip)
    if node.pod_cidr is None:
        raise ValueError(f"{node.name} has no podCIDR to take an address for {pod.name} from; give the Pod an IP")
    network = ip_network(node.pod_cidr.split(",")[0])
    used = {other.ip for other in store.pods_on(node.name)}
    for number in range(FIRST_POD_HOST, network.num_addresses - 1):
        ip = str(network.network_address + number)
        if ip not in used:
            return replace(pod, ip=ip)
    raise ValueError(f"{node.name} has no free Pod address left in {node.pod_cidr}")


def check_per_node(per_node: Sequence[int], nodes: int) -> list[int]:
    """Return how many Pods each node shall have, after a check of the numbers."""
    counts = list(per_node)
    if len(counts) > nodes:
        raise ValueError(f"per_node has {len(counts)} entries for {nodes} nodes")
    if any(not isinstance(count, int) or count < 0 for count in counts):
        raise ValueError(f"per_node counts Pods: whole numbers from 0 on, not {counts}")
    return counts
