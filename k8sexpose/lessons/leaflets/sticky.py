"""Questions of lesson 1's Go further: sessionAffinity, and a Pod that calls itself."""

from __future__ import annotations

from collections.abc import Callable

from ...data import example
from ...model import Cluster
from ...router.router import routes, send, shares
from ..forms import Choice, Percent, Question, Several, Wrong
from ..nodeport.questions import LESSON

__all__ = ["QUESTIONS"]

NAME = "shop"
CLIENT, OFFICE, APPLIANCE = "203.0.113.7", "198.51.100.77", "192.168.0.9"
COLLEAGUES = 30


def sticky(per_node: tuple[int, ...] = (1, 1, 1)) -> Cluster:
    """Build the cluster of Go further: a Service with affinity, on a network without hairpin mode."""
    cluster = Cluster(nodes=3, cni_hairpin=False)
    cluster.deploy(NAME, per_node=list(per_node))
    cluster.apply(example("sticky-shop"))
    return cluster


def plain() -> Cluster:
    """Build the same without affinity."""
    cluster = sticky()
    cluster.patch(NAME, {"spec": {"sessionAffinity": "None"}})
    return cluster


def _window(cluster: Cluster, node: int = 0) -> str:
    return f"{cluster.nodes[node].addresses[0]}:{cluster.service(NAME).ports[0].node_port}"


def pods_of_a_client(cluster: Cluster) -> str:
    """Let a client connect by the first node; count the Pods that it may meet by all of them."""
    cluster.affinity = {}
    send(cluster, _window(cluster), CLIENT)
    found = (routes(cluster, _window(cluster, number), CLIENT) for number in range(len(cluster.nodes)))
    return str(len({way.pod for ways in found for way in ways}))


def pods_of_an_office(cluster: Cluster) -> str:
    """Let colleagues behind one address connect by the first node, and count the Pods that they meet."""
    cluster.affinity = {}
    return str(len({send(cluster, _window(cluster), OFFICE).pod for _ in range(COLLEAGUES)}))


def self_calls_lost(cluster: Cluster) -> float:
    """Let a Pod call the clusterIP of its own Service."""
    service, pod = cluster.service(NAME), cluster.pods[0]
    target = f"{service.cluster_ip}:{service.ports[0].port}"
    return float(100 * shares(cluster, target, client=f"pod/{pod.namespace}/{pod.name}").lost)


def behind_appliance() -> Cluster:
    """Build the cluster of the exercise: two Pods behind an appliance with one address, which uses one node."""
    return sticky((1, 1, 0))


def busiest(cluster: Cluster) -> float:
    """Tell what part of the connections the busiest Pod gets once the first one was sent, in percent."""
    send(cluster, _window(cluster), APPLIANCE)
    return float(100 * max(shares(cluster, _window(cluster), APPLIANCE).by_pod.values()))


CURES: dict[str, Callable[[Cluster], object]] = {
    "more pods": lambda cluster: cluster.scale(NAME, per_node=[2, 2, 2]),
    "longer timeout": lambda cluster: cluster.patch(
        NAME, {"spec": {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}}}
    ),
    "no affinity": lambda cluster: cluster.patch(NAME, {"spec": {"sessionAffinity": "None"}}),
}


def cures(cluster: Cluster) -> frozenset[str]:
    """Try each change on a fresh cluster; tell which ones spread the connections."""
    helped = set()
    for name, change in CURES.items():
        fresh = behind_appliance()
        change(fresh)
        if busiest(fresh) < 100:
            helped.add(name)
    return frozenset(helped)


QUESTIONS = (
    Question(
        "np-affinity-nodes", LESSON, "sessionAffinity: ClientIP, three nodes, a Pod on each. One client connects to "
        "the node port of all three nodes. At most how many different Pods can it meet?",
        Choice(("1", "2", "3")), sticky, pods_of_a_client,
        part="optional",
        right="Each node remembers for itself, and tells no other node.",
        wrong=(
            Wrong(
                "1",
                "At one node the client does always reach the same Pod. But each node remembers for itself: node-2 "
                "has never seen this client, and chooses again.",
                11,
            ),
            Wrong(
                "2",
                "It is right that the client meets more than one Pod. But every node chooses from the whole list, so"
                " no Pod is left out for certain.",
                11,
            ),
        ),
    ),
    Question(
        "np-affinity-office", LESSON, "Thirty colleagues behind one office address connect to node-1. How many "
        "different Pods do they meet?",
        Choice(("1", "2", "3")), sticky, pods_of_an_office,
        part="optional",
        right="For the node, an address is a client. Thirty people behind one address are one client.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "If each person had an address of their own, this would be right. Behind a shared address the node "
                "sees one source, and remembers one Pod for it.",
                11,
            ),
        ),
    ),
    Question(
        "np-self-call", LESSON, "One of three Pods calls its own Service, with hairpin mode switched off. What "
        "percentage of its calls fails?",
        Percent(), plain, self_calls_lost,
        part="optional",
        right="One call in three is sent back to the caller itself, and without hairpin mode this packet never comes "
        "back.",
        wrong=(
            Wrong(
                lambda given, right: given <= 1,
                "Where the network returns packets to the interface they came from (hairpin mode), a Pod can always "
                "call its own Service. Without hairpin mode the call fails whenever the rules choose the Pod itself.",
                12,
            ),
            Wrong(
                lambda given, right: given >= 99,
                "The call does fail without hairpin mode when the rules choose the Pod itself. But they choose one "
                "of three Pods at random, and the other two answer.",
                12,
            ),
        ),
    ),
    Question(
        "np-appliance", LESSON, "An appliance shows its own address for every client, and uses node-1 only. Two Pods, "
        "ClientIP. What percentage goes to the busiest Pod?",
        Percent(), behind_appliance, busiest,
        part="optional",
        right="There is one source address, so one node remembers one Pod. The other Pod gets nothing.",
        wrong=(
            Wrong(
                lambda given, right: given <= 60,
                "If node-1 saw the clients' addresses, they would be spread over the Pods. It sees the address of "
                "the appliance only, so for the node there is one client.",
                11,
            ),
        ),
    ),
    Question(
        "np-appliance-cure", LESSON, "Which of these spread the load again: more pods, longer timeout, no affinity?",
        Several(("more pods", "longer timeout", "no affinity")), behind_appliance, cures,
        part="optional",
        right="Clients can be told apart only where their addresses are still seen, and that is in the appliance.",
        wrong=(
            Wrong(
                lambda given, right: "more pods" in given,
                "New Pods do get new clients. But there are none here: the only client that node-1 sees is already "
                "bound to its Pod.",
                11,
            ),
            Wrong(
                lambda given, right: "longer timeout" in given,
                "A shorter time would release the client earlier, if it were ever idle. But every new connection "
                "starts the time again.",
                11,
            ),
            Wrong(
                frozenset(),
                "No change in the Service can keep each client at its own Pod here, that is right. But one change "
                "spreads the load again, and that is the question.",
                11,
            ),
        ),
    ),
)  # fmt: skip
