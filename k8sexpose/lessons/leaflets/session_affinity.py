"""Questions of the leaflet session_affinity: who remembers a client, and what a client is."""

from __future__ import annotations

from collections.abc import Callable

from ...data import example
from ...model import Cluster
from ...router.router import routes, send, shares
from ..forms import Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS", "sticky_shop"]

LESSON = "leaflets/session_affinity"
NAME = "shop"
CLIENT, OFFICE, APPLIANCE = "203.0.113.7", "198.51.100.77", "192.168.0.9"
COLLEAGUES = 30


def sticky_shop(per_node: tuple[int, ...] = (1, 1, 1)) -> Cluster:
    """Build the cluster of the leaflet: a NodePort Service with sessionAffinity: ClientIP."""
    cluster = Cluster(nodes=3)
    cluster.deploy(NAME, per_node=list(per_node))
    cluster.apply(example("sticky-shop"))
    return cluster


def _node_port(cluster: Cluster, node: int = 0) -> str:
    return f"{cluster.nodes[node].addresses[0]}:{cluster.service(NAME).ports[0].node_port}"


def pods_of_a_client(cluster: Cluster) -> str:
    """Let a client connect through the first node; count the Pods that it may meet through all of them."""
    cluster.affinity = {}
    send(cluster, _node_port(cluster), CLIENT)
    found = (routes(cluster, _node_port(cluster, number), CLIENT) for number in range(len(cluster.nodes)))
    return str(len({way.pod for ways in found for way in ways}))


def pods_of_an_office(cluster: Cluster) -> str:
    """Let colleagues behind one address connect through the first node, and count the Pods that they meet."""
    cluster.affinity = {}
    return str(len({send(cluster, _node_port(cluster), OFFICE).pod for _ in range(COLLEAGUES)}))


def behind_appliance() -> Cluster:
    """Build the cluster of the last section: two Pods behind an appliance with one address, which uses one node."""
    return sticky_shop((1, 1, 0))


def busiest(cluster: Cluster) -> float:
    """Compute the share of the busiest Pod once a first connection was sent, in percent."""
    send(cluster, _node_port(cluster), APPLIANCE)
    return float(100 * max(shares(cluster, _node_port(cluster), APPLIANCE).by_pod.values()))


CURES: dict[str, Callable[[Cluster], object]] = {
    "more pods": lambda cluster: cluster.scale(NAME, per_node=[2, 2, 2]),
    "longer timeout": lambda cluster: cluster.patch(
        NAME, {"spec": {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}}}
    ),
    "no affinity": lambda cluster: cluster.patch(NAME, {"spec": {"sessionAffinity": "None"}}),
}


def cures(cluster: Cluster) -> frozenset[str]:
    """Try each change on a cluster that has served the appliance before; tell which ones spread the connections."""
    helped = set()
    for name, change in CURES.items():
        fresh = behind_appliance()
        busiest(fresh)
        change(fresh)
        if busiest(fresh) < 100:
            helped.add(name)
    return frozenset(helped)


QUESTIONS = (
    Question(
        "np-affinity-nodes", LESSON, "A Service of type NodePort has sessionAffinity: ClientIP and a Pod on each of "
        "three nodes. One client connects to the node port of all three nodes, again and again. How many different "
        "Pods can it meet at most?",
        Choice(("1", "2", "3")), sticky_shop, pods_of_a_client,
        part="optional",
        right="Each node remembers its clients for itself, and tells no other node.",
        wrong=(
            Wrong(
                "1",
                "At one node the client does always reach the same Pod. But each node remembers its clients for "
                "itself: node-2 has never seen this client, and chooses a Pod of its own.",
                11,
            ),
            Wrong(
                "2",
                "It is right that the client can meet more than one Pod. But each of the three nodes chooses from all "
                "three Pods, so three different choices are possible.",
                11,
            ),
        ),
    ),
    Question(
        "np-affinity-office", LESSON, "A Service has sessionAffinity: ClientIP and three Pods. Thirty colleagues in an "
        "office share one public address. All of them connect to the node port of node-1. How many different Pods do "
        "they meet?",
        Choice(("1", "2", "3")), sticky_shop, pods_of_an_office,
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
        "np-appliance", LESSON, "An appliance in front of the cluster replaces the address of every client with its "
        "own and sends everything to node-1. The Service has sessionAffinity: ClientIP and two Pods. A thousand "
        "clients connect. What percentage of the connections does the busiest Pod get?",
        Percent(), behind_appliance, busiest,
        part="optional",
        right="There is one source address, so node-1 remembers one Pod. The other Pod gets nothing.",
        wrong=(
            Wrong(
                lambda given, right: given <= 60,
                "If node-1 saw the clients' addresses, they would be spread over the two Pods. It sees only the "
                "address of the appliance, so for the node there is one client.",
                11,
            ),
        ),
        otherwise="node-1 sees one source address, so it keeps one entry. Every connection follows this entry to the "
        "same Pod, and none reaches the other Pod.",
    ),
    Question(
        "np-appliance-cure", LESSON, "All clients reach node-1 with the address of one appliance, and one of two Pods "
        "gets all connections because of sessionAffinity: ClientIP. Which of these changes spread the connections "
        "over the Pods again?",
        Several(
            ("more pods", "longer timeout", "no affinity"),
            labels={
                "more pods": "more Pods: start four more of them",
                "longer timeout": "longer timeout: let the node remember for a whole day",
                "no affinity": "no affinity: set sessionAffinity to None",
            },
        ),
        behind_appliance, cures,
        part="optional",
        right="Without affinity the node chooses a Pod at random for each connection. (To keep each client at its own "
        "Pod as well, you must tell the clients apart by something other than the address, such as a cookie.)",
        wrong=(
            Wrong(
                lambda given, right: "more pods" in given,
                "New Pods do get new clients. But there are no new clients here: the only client that node-1 sees "
                "already has an entry, which leads to its Pod.",
                11,
            ),
            Wrong(
                lambda given, right: "longer timeout" in given,
                "A shorter time would make the node forget the client earlier, if it were ever idle. A longer time "
                "only keeps the entry longer, and every new connection starts the time again.",
                11,
            ),
            Wrong(
                frozenset(),
                "It is right that no change in the Service can keep each client at its own Pod here. But one change "
                "spreads the connections again, and that is the question.",
                11,
            ),
        ),
    ),
)  # fmt: skip
