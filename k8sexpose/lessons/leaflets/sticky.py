"""Questions of lesson 1's Go further: kept connections, sessionAffinity, and a Pod that calls itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...data import example
from ...model import Cluster
from ...router.router import routes, send, shares
from ...traffic.simulation import simulate
from ..forms import Choice, Percent, Question, Several, Wrong
from ..nodeport.questions import LESSON, spread_out
from ..nodeport.questions import NAME as DEBUG

__all__ = ["QUESTIONS"]

NAME = "shop"
CLIENT, OFFICE, APPLIANCE = "203.0.113.7", "198.51.100.77", "192.168.0.9"
COLLEAGUES = 30


def pods_that_answer(cluster: Cluster, name: str, **load: Any) -> str:
    """Send requests, as for `simulate`, and count the Pods that answer any."""
    traffic = simulate(cluster, name, **load)
    return str(int((traffic.by_pod["requests"] > 0).sum()))


def pods_of_a_kept_connection(cluster: Cluster) -> str:
    """Send 300 requests over one connection."""
    return pods_that_answer(cluster, DEBUG, requests=300, clients=1, requests_per_connection=300)


def one_for_each(cluster: Cluster) -> float:
    """Return how likely it is that each Pod gets exactly one of as many connections as there are Pods, in percent."""
    parts = shares(cluster, DEBUG).by_pod.values()
    return float(100 * math.factorial(len(parts)) * math.prod(parts))


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
        "np-keepalive", LESSON, "One client keeps one connection open and sends 300 requests over it; three Pods. How "
        "many of them answer?",
        Choice(("1", "2", "3")), spread_out, pods_of_a_kept_connection,
        part="optional",
        right="The rules choose a Pod once for each connection, at its first packet. They never look at requests.",
        wrong=(
            Wrong(
                "3",
                "With a new connection for each request the requests would be spread, and a proxy that reads HTTP "
                "spreads them in any case. The kernel's rules see one connection, and choose its Pod once.",
                15,
            ),
            Wrong(
                "2",
                "Two connections may well be sent to two Pods. But all packets of one connection follow the choice "
                "that was made for its first packet.",
                15,
            ),
        ),
    ),
    Question(
        "np-one-each", LESSON, "Three clients keep one connection each; three Pods. How likely is it that each of the "
        "three Pods gets exactly one client, in percent?",
        Percent(), spread_out, one_for_each,
        part="optional",
        right="The second client must get another Pod than the first (2/3), and the third one must get the last Pod "
        "(1/3).",
        wrong=(
            Wrong(
                lambda given, right: given >= 99,
                "In ipvs mode kube-proxy does use the Pods in turn by default. The rules of iptables and nftables "
                "choose at random for each connection, and do not remember the last choice.",
                15,
            ),
            Wrong(
                lambda given, right: 30 <= given <= 40,
                "A third is the chance that one client meets one certain Pod. Here the second must miss the "
                "first one's Pod, and the third one both: 2/3 × 1/3, about {right} %.",
            ),
            Wrong(
                lambda given, right: given >= 40,
                "Over thousands of connections each Pod does get about a third. But three random choices seldom give"
                " three different Pods.",
            ),
        ),
        otherwise="The second must miss the first one's Pod, the third one both: 2/3 × 1/3, about {right} %.",
    ),
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
