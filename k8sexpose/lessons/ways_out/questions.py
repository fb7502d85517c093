"""Questions of lesson 7: what even Pods do not cure, and how to get the client's address, no hop, and an even load."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import entries, routes
from ...traffic.policies import policy_shares
from ...traffic.policy_comparison import CONFIGURATIONS, Configuration, expect
from ...traffic.queueing import sticky_max_over_mean
from ...traffic.simulation import simulate
from ...traffic.timeline import Scale
from ..forms import Choice, Percent, Question, Several, Wrong
from ..skew_and_latency.questions import APP, NAME, cluster_with, uneven

__all__ = ["QUESTIONS", "ways_out"]

LESSON = "07_ways_out"
CLIENT = "203.0.113.7"
PROXY_PROTOCOL = "service.beta.kubernetes.io/linode-loadbalancer-default-proxy-protocol"
RATIOS = {
    "1.0": "as many as the average Pod", "1.15": "1.15 times as many", "1.5": "1.5 times as many",
    "3.0": "3 times as many",
}  # fmt: skip
SPREAD = {
    "1": "as busy as the average Pod", "1.17": "1.17 times as busy", "1.5": "1.5 times as busy", "2": "twice as busy",
}  # fmt: skip
SENDERS = {
    "client": "the client's address", "load balancer": "an address of the load balancer", "node": "a node's address",
}  # fmt: skip
FIXES = {
    "weights": CONFIGURATIONS["Local, weighted by Pods"],
    "ip targets": CONFIGURATIONS["IP targets, cross-zone on"],
    "same zone": CONFIGURATIONS["Cluster, PreferSameZone"],
    "proxy protocol": Configuration(
        "linode", {"metadata": {"annotations": {PROXY_PROTOCOL: "v2"}}}
    ),
}  # fmt: skip
WAYS = {
    "weights": "Local, and a load balancer that weights each node by its number of Pods",
    "ip targets": "a load balancer that sends to the Pods of all zones, not to nodes (IP targets)",
    "same zone": "Cluster, with trafficDistribution: PreferSameZone",
    "proxy protocol": "Cluster, with the client's address in a PROXY protocol header",
}


def ways_out(*per_node: int) -> dict[str, Cluster]:
    """Build a cluster for each way out of skew: with its provider, annotations and fields.

    Parameters
    ----------
    *per_node : int
        Pods on each node.

    Returns
    -------
    dict of str to Cluster
        By name: weights, ip targets, same zone, proxy protocol.

    Examples
    --------
    >>> ways_out(2, 1)["weights"].provider.name
    'gcp'
    """
    found = {}
    for name, way in FIXES.items():
        cluster = found[name] = Cluster(nodes=len(per_node), provider=way.provider)
        cluster.deploy(APP, per_node=list(per_node))
        cluster.apply(example(NAME))
        cluster.patch(NAME, way.patch)
    return found


def ten_even() -> Cluster:
    """Build a cluster with a Pod on each of ten nodes, under Local."""
    return cluster_with(*[1] * 10, policy="Local")


def busiest_with_few_clients(cluster: Cluster) -> str:
    """Ask how busy the busiest node is expected to be with 100 sticky clients, and choose the nearest."""
    cluster.service(NAME)
    nodes = len({pod.node for pod in cluster.pods})
    expected = sticky_max_over_mean(nodes, 100)
    return min(RATIOS, key=lambda ratio: abs(float(ratio) - expected))


def two_pods() -> Cluster:
    """Build a cluster with a Pod on each of two nodes."""
    return cluster_with(1, 1)


def pods_of_a_connection(cluster: Cluster) -> str:
    """Send 1,000 requests over one connection, scale to four Pods meanwhile, and count who answered."""
    grows = [Scale(APP, at_s=6, replicas=4)]
    traffic = simulate(cluster, NAME, requests=1000, rate_rps=50, clients=1, requests_per_connection=1000, events=grows)
    return str(int((traffic.by_pod["requests"] > 0).sum()))


def seven_pods() -> Cluster:
    """Build a cluster with seven Pods on three nodes, as evenly as this number allows."""
    return cluster_with(3, 2, 2)


def busiest_when_spread(cluster: Cluster) -> str:
    """Compute how busy the busiest Pod is under Local, over the average Pod, and choose the nearest."""
    found = policy_shares(cluster, NAME)["Local"].hottest_over_mean
    return min(SPREAD, key=lambda ratio: abs(float(ratio) - found))


def _with(way: str, cluster: Cluster) -> Cluster:
    """Return the cluster of a way out, with as many Pods on each node as this cluster has."""
    cluster.service(NAME)
    return ways_out(*(sum(pod.node == node.name for pod in cluster.pods) for node in cluster.nodes))[way]


def share_of_second_node(cluster: Cluster) -> float:
    """Compute what share a load balancer with weights sends to the second node, in percent."""
    twin = _with("weights", cluster)
    return float(100 * entries(twin, NAME)[cluster.nodes[1].name])


def seen_with_ip_targets(cluster: Cluster) -> str:
    """Send to IP targets at AWS, and tell what kind of address the Pod sees."""
    twin = _with("ip targets", cluster)
    (seen,) = {route.client_seen for route in routes(twin, NAME, CLIENT)}
    nodes = {address for node in twin.nodes for address in node.addresses}
    return "client" if seen == CLIENT else "node" if seen in nodes else "load balancer"


def _even_without_hop(cluster: Cluster) -> bool:
    one = expect(cluster, NAME, utilisation=0.5)
    return one.fairness > 0.999 and one.hop_share == 0


def fixes(cluster: Cluster) -> frozenset[str]:
    """Find the ways out that load all Pods evenly without an extra hop."""
    return frozenset(name for name in FIXES if _even_without_hop(_with(name, cluster)))


def all_three(cluster: Cluster) -> frozenset[str]:
    """Find the ways out that also leave the client's address in the packets that the Pods see."""
    found = fixes(cluster)
    return frozenset(
        name
        for name in found
        if {route.client_seen for route in routes(_with(name, cluster), NAME, CLIENT)} == {CLIENT}
    )


QUESTIONS = (
    Question(
        "sk-sticky", LESSON, "One Pod runs on each of ten nodes, and the policy is Local. A hundred clients send about "
        "the same number of requests each, and the load balancer always sends a client to the same node. How many "
        "requests does the busiest Pod get, compared with the average Pod?",
        Choice(tuple(RATIOS), labels=RATIOS), ten_even, busiest_with_few_clients,
        right="A hundred clients are spread over ten nodes by chance. Ten on each node is only the average: some "
        "nodes get far fewer clients, and one gets about fifteen.",
        wrong=(
            Wrong(
                "1.0",
                "If each connection went to a new random node, or if there were very many clients, an even placement "
                "would give an even load. A hundred clients are few.",
                25,
            ),
            Wrong(
                "1.15",
                "With a thousand clients the difference would be that small. With four times as many clients the "
                "unevenness halves, and here there are only a hundred.",
            ),
            Wrong(
                "3.0",
                "With six or seven clients the load would be that uneven. With a hundred it is more even.",
            ),
        ),
    ),
    Question(
        "sk-keepalive", LESSON, "One client keeps one connection open and sends 1,000 requests over it. While it does "
        "so, the app is scaled from two Pods to four. How many Pods answer these requests?",
        Choice(("1", "2", "3", "4")), two_pods, pods_of_a_connection,
        right="The node's rules choose a Pod for the first packet of a connection, and all later packets follow it.",
        wrong=(
            Wrong(
                "4",
                "A proxy that reads HTTP does spread single requests. The rules of kube-proxy choose a Pod once for "
                "each connection, at its first packet, so the new Pods get nothing.",
                15,
            ),
            Wrong(
                "2",
                "Two Pods do run when the connection is opened, and a second connection might reach the other one. But "
                "this connection stays with one Pod, for all of its requests.",
                15,
            ),
            Wrong(
                "3",
                "New connections would also be sent to the new Pods. This connection stays where it is.",
                15,
            ),
        ),
    ),
    Question(
        "sk-spread", LESSON, "A spread constraint with maxSkew: 1 places seven Pods as 3 + 2 + 2 on three nodes. The "
        "policy is Local. How busy is the busiest Pod, compared with the average Pod?",
        Choice(tuple(SPREAD), labels=SPREAD), seven_pods, busiest_when_spread,
        right="Each node gets a third of the requests. On a node with two Pods each of them gets a sixth, where a "
        "seventh would be its fair share: 7 ÷ 6 is 1.17.",
        wrong=(
            Wrong(
                "1",
                "With six or nine Pods the constraint gives the same number to every node, and then this is right. "
                "With seven, one node has a Pod more than the others, and the other nodes' Pods get more each.",
                25,
            ),
            Wrong(
                "1.5",
                "The Pods per node do have the ratio 3 to 2, and the busiest Pod gets 1.5 times as much as the "
                "least busy one. But the question compares it with the average of all seven Pods.",
                25,
            ),
            Wrong(
                "2",
                "Without the constraint the load can be that uneven and worse: with 5 + 1 + 1 Pods, a Pod that is "
                "alone on its node gets 2.33 times the average. But the constraint allows a difference of only one "
                "Pod between two nodes.",
                25,
            ),
        ),
    ),
    Question(
        "sk-weights", LESSON, "Two Pods run on node-1 and one Pod on node-2. The policy is Local, and the load "
        "balancer weights each node by its number of Pods. What percentage of the requests does it send to node-2?",
        Percent(), uneven, share_of_second_node,
        right="One of the three Pods runs on node-2, so node-2 gets a third of the requests.",
        wrong=(
            Wrong(
                lambda given, right: 45 <= given <= 55,
                "A load balancer that does not know the Pods sends each node the same share, and then this is right. "
                "With weights node-1 counts twice, because it has two Pods.",
                25,
            ),
        ),
        otherwise="The weights are 2 for node-1 and 1 for node-2, so node-2 gets one part of three.",
    ),
    Question(
        "sk-ip-client", LESSON, "A Network Load Balancer of AWS sends TCP connections to the Pods' own addresses (IP "
        "targets). Client IP preservation has its default setting. Which address does a Pod see as the sender?",
        Choice(tuple(SENDERS), labels=SENDERS), uneven, seen_with_ip_targets,
        right="No node replaces the address here, but the load balancer does: for TCP and IP targets AWS keeps the "
        "client's address only if you switch that on.",
        wrong=(
            Wrong(
                "client",
                "No node changes the packet any more, that is right, and if you switch on client IP preservation, the "
                "Pod sees the client's address. But for TCP and IP targets AWS replaces it by default with an "
                "address of the load balancer.",
                7,
            ),
            Wrong(
                "node",
                "With nodes as targets and the policy Cluster this is right. With IP targets the packet reaches the "
                "Pod without the NodePort rules of any node.",
                7,
            ),
        ),
    ),
    Question(
        "sk-ways", LESSON, "Two Pods run on node-1 and one Pod on node-2, each node in its own zone. Which of these "
        "give all three Pods the same load, without an extra hop?",
        Several(tuple(FIXES), labels=WAYS), uneven, fixes,
        right="With weights the load balancer knows how many Pods a node has. With IP targets it needs no node at all.",
        wrong=(
            Wrong(
                lambda given, right: "same zone" in given,
                "A preference for the same zone does save the hop into another zone. But a zone with one Pod keeps "
                "its whole share, as a node does under Local, so the load stays uneven.",
                25,
            ),
            Wrong(
                lambda given, right: "proxy protocol" in given,
                "The PROXY protocol does bring the client's address to the Pod under the policy Cluster, in a "
                "header. But the packet takes the same path, so the extra hop stays.",
                7,
            ),
            Wrong(
                frozenset(),
                "Each of the four costs something or needs something, and none of them fits every cluster, that is "
                "right. But two of them do give an even load without a hop: one tells the load balancer how many Pods "
                "are behind a node, and with the other it sends to the Pods itself.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose is right, but it is not all. The load is even when the load balancer knows how many "
                "Pods are behind a node, and also when it sends to the Pods itself.",
            ),
        ),
    ),
    Question(
        "sk-all-three", LESSON, "Two Pods run on node-1 and one Pod on node-2. Which of these ways out give "
        "all three: an even load, no extra hop, and the client's address as the sender of the packets that the Pods "
        "see? (At AWS, client IP preservation has its default setting.)",
        Several(tuple(FIXES), labels=WAYS), uneven, all_three,
        part="exercise",
        right="The policy Local keeps the client's address and avoids the hop, and the weights make the load even.",
        wrong=(
            Wrong(
                lambda given, right: "ip targets" in given,
                "IP targets do give an even load without an extra hop. But look at the sender's address that your "
                "loop printed for them: it is neither the client's nor a node's.",
                7,
            ),
            Wrong(
                lambda given, right: "same zone" in given,
                "A preference for the same zone does avoid the hop into another zone. But look at the load of the "
                "three Pods, and at the sender's address that your loop printed.",
                25,
            ),
            Wrong(
                lambda given, right: "proxy protocol" in given,
                "The PROXY protocol does tell the app who the client is. But it is a header inside the connection: "
                "the sender of the packets is still a node, and the extra hop is still there.",
                7,
            ),
            Wrong(
                frozenset(),
                "No single setting of Kubernetes alone gives all three, that is right. But together with a load "
                "balancer that cooperates, one of these ways out does.",
            ),
        ),
    ),
)  # fmt: skip
