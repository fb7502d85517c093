"""Pods and where they run: what the Deployment controller, the scheduler and the CNI do, as far as routing sees it.

The scheduler here is a simple one, so that its choice can be foreseen: a Pod goes to the node that has the fewest Pods
of the same app, then by the order of the nodes; cordoned, tainted and failed nodes are passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice

from ..api.addresses import family
from ..api.checks import count
from ..api.objects import Deployment, Node, Pod
from ..api.service import Service, ServicePort
from .store import Store

__all__ = [
    "check_per_node",
    "choose_node",
    "kubernetes_service",
    "make_nodes",
    "new_pod",
    "pod_capacity",
    "with_address",
    "with_pod_ranges",
]

FIRST_POD_HOST = 2
MOST_PODS = 150_000  # of one cluster: the largest that Kubernetes is tested with
MOST_NODES = 5_000
LARGEST_NODE_PREFIX = 24
ZONES = "abc"


def make_nodes(number_of_nodes: int, pod_cidr: str) -> list[Node]:
    """Build ``node-1`` … with addresses 10.0.0.1 …, zones a, b, c, a, … and a part of the Pod range each."""
    count(number_of_nodes, "nodes", at_least=0, at_most=MOST_NODES)
    size = _node_prefix(pod_cidr)
    ranges = list(islice(_node_ranges(pod_cidr), number_of_nodes))
    if len(ranges) < number_of_nodes:
        raise ValueError(
            f"{number_of_nodes} nodes with a /{size} of Pod addresses each do not fit into pod_cidr {pod_cidr}"
        )
    nodes = []
    for number, node_cidr in enumerate(ranges, 1):
        zone = ZONES[(number - 1) % len(ZONES)]
        address = f"10.0.{number // 256}.{number % 256}"
        labels = {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": zone}
        nodes.append(Node(f"node-{number}", (address,), zone=zone, pod_cidr=str(node_cidr), labels=labels))
    return nodes


def with_pod_ranges(nodes: Iterable[Node], pod_cidr: str) -> list[Node]:
    """Return nodes of which each has a podCIDR: one that has none gets the next free part of the cluster's range.

    Source: ``pkg/controller/nodeipam/ipam/range_allocator.go``, which leaves a node that has a range alone, too.
    """
    given = list(nodes)
    written = [cidr.strip() for node in given if node.pod_cidr is not None for cidr in node.pod_cidr.split(",")]
    taken = [ip_network(cidr, strict=False) for cidr in written]
    free = (part for part in _node_ranges(pod_cidr) if not any(_overlap(part, other) for other in taken))
    found = []
    for node in given:
        part = None if node.pod_cidr is not None else next(free, None)
        if node.pod_cidr is None and part is None:
            raise ValueError(f"pod_cidr {pod_cidr} has no /{_node_prefix(pod_cidr)} left for the node {node.name}")
        found.append(node if part is None else replace(node, pod_cidr=str(part)))
    return found


def _node_prefix(pod_cidr: str) -> int:
    """Return the length of the prefix that a node's part of the Pod range has."""
    return max(LARGEST_NODE_PREFIX, ip_network(pod_cidr).prefixlen)


def _node_ranges(pod_cidr: str) -> Iterator[IPv4Network | IPv6Network]:
    """Yield the parts of the Pod range that nodes get, in order; the first one stays free."""
    network, size = ip_network(pod_cidr), _node_prefix(pod_cidr)
    for number in range(1, 2 ** (size - network.prefixlen)):
        base = int(network.network_address) + number * 2 ** (network.max_prefixlen - size)
        yield ip_network((base, size))


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    """Return True if two ranges have an address in common."""
    return one.version == other.version and one.overlaps(other)


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
        answers=deployment.answers,
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
    used = {ip for other in store.pods_on(node.name) for ip in other.addresses}
    found = [_free_address(store, node, cidr.strip(), used) for cidr in node.pod_cidr.split(",")]
    return replace(pod, ip=found[0], ips=tuple(found) if len(found) > 1 else ())


def _free_address(store: Store, node: Node, cidr: str, used: Collection[str]) -> str:
    """Return the next free address of one of a node's Pod ranges: a Pod has one of each family."""
    network = ip_network(cidr)
    for number in range(FIRST_POD_HOST, network.num_addresses - 1):
        ip = str(network.network_address + number)
        if ip not in used and store.pod_at(ip) is None:  # two nodes may have one range, where somebody says so
            return ip
    raise ValueError(f"{node.name} has no free Pod address left in {cidr}")


def pod_capacity(store: Store) -> int:
    """Return for how many Pods the nodes have addresses; where there is no node, Pods wait without one."""
    if not store.nodes:
        return MOST_PODS
    firsts = [node.pod_cidr.split(",")[0].strip() for node in store.nodes.values() if node.pod_cidr]
    ranges = [ip_network(cidr, strict=False) for cidr in firsts]
    return min(sum(max(part.num_addresses - 1 - FIRST_POD_HOST, 0) for part in ranges), MOST_PODS)


def check_per_node(per_node: Sequence[int], nodes: int) -> list[int]:
    """Return how many Pods each node shall have, after a check of the numbers."""
    counts = list(per_node)
    if len(counts) > nodes:
        raise ValueError(f"per_node has {len(counts)} entries for {nodes} nodes")
    return [
        count(value, f"per_node[{number}], a number of Pods,", at_least=0, at_most=MOST_PODS)
        for number, value in enumerate(counts)
    ]
