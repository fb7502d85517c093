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
    """Deal as many connections as there are Pods; tell how likely every Pod gets one, in percent."""
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
    """Tell what part of the connections the busiest Pod gets once the first one was dealt, in percent."""
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
        right="{right}: the rules deal a connection once, at its first packet, and never look at requests.",
        wrong=(
            Wrong(
                "3",
                "You expected requests to be balanced. With a new connection for each request they would be, and a "
                "proxy that reads HTTP does it on any. Kernel rules see one connection, and deal it once: {right}.",
                15,
            ),
            Wrong(
                "2",
                "You expected the rules to think again after a while. Two connections may be dealt to two Pods. All "
                "packets of one connection follow its first: {right}.",
                15,
            ),
        ),
    ),
    Question(
        "np-one-each", LESSON, "Three clients keep one connection each; three Pods. How likely does each Pod get one "
        "client, in percent?",
        Percent(), spread_out, one_for_each,
        part="optional",
        right="about {right} %: the second must miss the first one's Pod (2/3), the third one both (1/3).",
        wrong=(
            Wrong(
                lambda given, right: given >= 99,
                "You expected kube-proxy to deal in turn. In ipvs mode it does by default. Rules of iptables and "
                "nftables throw dice for each connection, and forget the last throw: about {right} %.",
                15,
            ),
            Wrong(
                lambda given, right: 30 <= given <= 40,
                "A third is the chance that one client meets one certain Pod. Here the second must miss the "
                "first one's Pod, and the third one both: 2/3 × 1/3, about {right} %.",
            ),
            Wrong(
                lambda given, right: given >= 40,
                "You expected few connections to spread as many do. Over thousands, each Pod gets near a third. Three "
                "throws of the dice seldom show three different sides: about {right} %.",
            ),
        ),
        otherwise="The second must miss the first one's Pod, the third one both: 2/3 × 1/3, about {right} %.",
    ),
    Question(
        "np-affinity-nodes", LESSON, "sessionAffinity: ClientIP, three nodes, a Pod on each. One client tries all "
        "three windows. How many Pods may it meet?",
        Choice(("1", "2", "3")), sticky, pods_of_a_client,
        part="optional",
        right="{right}: each node remembers for itself, and tells no other.",
        wrong=(
            Wrong(
                "1",
                "You expected a client to stick to one Pod. At one window it does. But the memory is the node's own: "
                "node-2 has never seen this client, and deals anew. It may meet: {right}.",
                11,
            ),
            Wrong(
                "2",
                "You expected one Pod to be left over. Every node deals anew to any Pod of the list, so none "
                "is safe from this client. It may meet: {right}.",
                11,
            ),
        ),
    ),
    Question(
        "np-affinity-office", LESSON, "Thirty colleagues behind one office address dial node-1. How many Pods do they "
        "meet?",
        Choice(("1", "2", "3")), sticky, pods_of_an_office,
        part="optional",
        right="{right}: for the node, an address is a client. Thirty people are one.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "You expected each person to be a client. With an address each, you would be right. Behind a shared "
                "address the node sees one source, and remembers one Pod for it. They meet: {right}.",
                11,
            ),
        ),
    ),
    Question(
        "np-self-call", LESSON, "One of three Pods calls its own Service, on a network without hairpin mode. What part "
        "of its calls fails, in percent?",
        Percent(), plain, self_calls_lost,
        part="optional",
        right="{right} %: one call in three is dealt to the caller itself, and never comes back in.",
        wrong=(
            Wrong(
                lambda given, right: given <= 1,
                "You expected that a Pod can always call its own Service. Where the network sends packets back in "
                "where they came from (hairpin mode), it can. Without, it fails when dealt to itself: {right} %.",
                12,
            ),
            Wrong(
                lambda given, right: given >= 99,
                "You expected it never to work. It is dealt to any Pod of the list, as everybody is, and the other "
                "two answer. It fails when dealt to itself: {right} %.",
                12,
            ),
        ),
    ),
    Question(
        "np-appliance", LESSON, "An appliance shows its own address for every client, and uses node-1 only. Two Pods, "
        "ClientIP. What part goes to the busiest Pod, in percent?",
        Percent(), behind_appliance, busiest,
        part="optional",
        right="{right} %: one source, one node, one Pod. The other one idles.",
        wrong=(
            Wrong(
                lambda given, right: given <= 60,
                "You expected the clients to be spread over the Pods. If node-1 saw their addresses, they would be. It "
                "sees the appliance, so there is only one client: {right} %.",
                11,
            ),
        ),
    ),
    Question(
        "np-appliance-cure", LESSON, "Which of these spread the load again: more pods, longer timeout, no affinity?",
        Several(("more pods", "longer timeout", "no affinity")), behind_appliance, cures,
        part="optional",
        right="{right}: who must keep clients apart is the one who still sees them, the appliance.",
        wrong=(
            Wrong(
                lambda given, right: "more pods" in given,
                "You expected new Pods to take a part. They take new clients, and there are none: the one that node-1 "
                "sees is bound already. It helps: {right}.",
                11,
            ),
            Wrong(
                lambda given, right: "longer timeout" in given,
                "You expected the time to matter. A shorter one would let the client go sooner, if it were ever idle; "
                "every connection begins the time anew. It helps: {right}.",
                11,
            ),
            Wrong(
                frozenset(),
                "You expected no change in the Service to help. To keep clients at their Pods, none does: that is the "
                "appliance's matter. To spread the load, one does: {right}.",
                11,
            ),
        ),
    ),
)  # fmt: skip
