"""Questions of lesson 4: the address that Pods see, the share of the extra hop, and the one line that avoids it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...api.errors import ApiError
from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ..forms import Choice, Percent, Question, Wrong

__all__ = ["QUESTIONS", "stand_with", "who_is"]

LESSON = "04_extra_hop"
NAME, APP, CLIENT = "public-api-lb", "api-backend", "203.0.113.7"
SETTLED_S, CHECKED_S = 600.0, 60.0
PARTS = Choice(("0", "1/3", "1/2", "2/3", "1"))
PARTS_OF_THIRTY = Choice(("0", "1/3", "1/2", "2/3", "29/30", "1"))
SENDERS = Choice(
    ("client", "load balancer", "node-1", "node-2"),
    labels={
        "client": "the client's address, 203.0.113.7",
        "load balancer": "the address of the load balancer",
        "node-1": "the address of node-1, 10.0.0.1",
        "node-2": "the address of node-2, 10.0.0.2",
    },
)
ADDED = Choice(
    ("0.01", "1", "30"),
    "ms",
    labels={"0.01": "about 0.01 milliseconds", "1": "about 1 millisecond", "30": "about 30 milliseconds"},
)
ANSWERS = Choice(
    ("accepted", "ignored", "refused"),
    labels={
        "accepted": "accepted: the Service is created, and the field is stored",
        "ignored": "ignored: the Service is created, and the field is left out",
        "refused": "refused: the Service is not created",
    },
)


def stand_with(per_node: Sequence[int], policy: str = "Cluster", provider: Any = "generic") -> Cluster:
    """Build the cluster of lesson 4: Pods as told, and a Service of type LoadBalancer that has its address.

    Parameters
    ----------
    per_node : sequence of int
        How many Pods on each node.
    policy : str
        ``externalTrafficPolicy``.
    provider : object
        As for ``Cluster(provider=…)``.

    Returns
    -------
    Cluster
        All clocks have run out.

    Examples
    --------
    >>> str(shares(stand_with([1, 1, 1]), NAME).extra_hop)
    '2/3'
    """
    cluster = Cluster(nodes=len(per_node), provider=provider)
    cluster.deploy(APP, per_node=per_node)
    cluster.apply(example(NAME))
    if policy != "Cluster":
        cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy}})
    cluster.advance(SETTLED_S)
    return cluster


def who_is(cluster: Cluster, address: str | None) -> str:
    """Name whose address it is: the client's, a node's, or that of the load balancer.

    Examples
    --------
    >>> who_is(Cluster(nodes=2), "10.0.0.2"), who_is(Cluster(nodes=2), "203.0.113.7")
    ('node-2', 'client')
    """
    owners = {node.addresses[0]: node.name for node in cluster.nodes if node.addresses}
    return "client" if address == CLIENT else owners.get(address or "", "load balancer")


def seen_through(cluster: Cluster, entry: str | None = None) -> str:
    """Return whose address the Pod takes for the client's, of a request through the load balancer and a node."""
    found = next(way for way in routes(cluster, NAME, CLIENT, via=entry) if way.delivered)
    return who_is(cluster, found.client_seen)


def added_ms(cluster: Cluster) -> str:
    """Return by how much the round trip through node-2 is longer than that through node-1: the nearest power of ten."""
    far, near = (routes(cluster, NAME, CLIENT, via=entry)[0].latency_ms for entry in ("node-2", "node-1"))
    return min(ADDED.options, key=lambda option: abs(math.log(float(option) / max(far - near, 1e-6))))


def percent(share: Fraction) -> float:
    """Return a share as percent."""
    return 100 * float(share)


def hop_share(cluster: Cluster) -> str:
    """Return the fraction of the connections that takes the extra hop."""
    return str(shares(cluster, NAME).extra_hop)


def lost_after_switch(cluster: Cluster) -> str:
    """Return the fraction that is lost directly after the Service has got the line, before any health check."""
    if cluster.service(NAME).external_traffic_policy == "Local":  # the learner has seen it already
        cluster.patch(NAME, {"spec": {"externalTrafficPolicy": "Cluster"}})
        cluster.advance(CHECKED_S)
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": "Local"}})
    front = cluster.service(NAME).load_balancer_ingress[0].address
    return str(shares(cluster, f"{front}:80").lost)


def with_cluster_ip(cluster: Cluster) -> str:
    """Return what becomes of the field's default value in a Service of type ClusterIP."""
    spec = {"type": "ClusterIP", "externalTrafficPolicy": "Cluster", "ports": [{"port": 80}]}
    try:
        made = cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "inside"}, "spec": spec})
    except ApiError:
        return "refused"
    return "accepted" if made.to_dict()["spec"].get("externalTrafficPolicy") else "ignored"


def about(percent: float) -> Any:
    """Return a test whether an answer is near a number."""
    return lambda given, right: abs(given - percent) <= 0.5


STAYS = Wrong(
    "1/3",
    "This is the fraction that does not need the extra hop: one connection in three is sent to a Pod on the node "
    "where it arrived. The question asks for the others.",
)
PREFERS = (
    "A node that prefers its own Pods would make this right, and such a setting exists. By default all Pods of the "
    "Service are in one list, and the node chooses from it at random, wherever they run."
)

QUESTIONS = (
    Question(
        "hop-ms", LESSON, "node-1 and node-2 are in two zones of one region. How much longer is the round trip when a "
        "connection goes through node-2 to a Pod on node-1?",
        ADDED, lambda: stand_with([1, 0, 0]), added_ms,
        right="Two zones of a region are near each other, but the packet leaves the building, and the reply has to "
        "come back.",
        wrong=(
            Wrong(
                "0.01",
                "A packet that stays on one machine is about that fast. Here it leaves node-2, crosses the network "
                "between two zones, and the reply comes back the same distance.",
            ),
            Wrong(
                "30",
                "Between two distant regions this would be right. The zones of one region are near each other, so that "
                "machines in different zones can work together.",
            ),
        ),
    ),
    Question(
        "hop-address-far", LESSON, "A connection from the internet arrives at node-2, and the only Pod of the Service "
        "runs on node-1. Which source address does the Pod see?",
        SENDERS, lambda: stand_with([1, 0, 0]), lambda cluster: seen_through(cluster, "node-2"),
        right="The rules of node-2 replaced the source with its own address, before the packet went on to the Pod.",
        wrong=(
            Wrong(
                "client",
                "This load balancer does leave the client's address in the packet. But the node where the packet "
                "arrives replaces it with its own, so that the reply returns through this node.",
                7,
            ),
            Wrong(
                "load balancer",
                "A load balancer that ends connections itself does show its own address. This one forwards packets "
                "with the client's address, and the node then puts its own address into them.",
                7,
            ),
            Wrong(
                "node-1",
                "The Pod does run on node-1. But the address in the packet is that of the node which rewrote it, and "
                "that is node-2, where the packet arrived.",
                7,
            ),
        ),
    ),
    Question(
        "hop-address-near", LESSON, "A connection from the internet arrives at node-1, and the only Pod of the Service "
        "runs on node-1 too. Which source address does the Pod see?",
        SENDERS, lambda: stand_with([1, 0, 0]), lambda cluster: seen_through(cluster, "node-1"),
        right="The rules mark the packet for the replacement before they choose a Pod, so it is done for every Pod.",
        wrong=(
            Wrong(
                "client",
                "No other node is needed here, so the client's address would not have to be replaced. It is replaced "
                "nevertheless: the rules mark a packet from outside before they choose a Pod, so they do not know yet "
                "that the Pod is on this node.",
                7,
            ),
            Wrong(
                "load balancer",
                "A load balancer that ends connections itself would put its own address into the packet. This one "
                "leaves the client's there. The node then replaces it with its own, even if the Pod is on this node.",
                7,
            ),
            Wrong(
                "node-2",
                "node-2 does rewrite packets that arrive there. This connection arrives at node-1, where the Pod "
                "runs, so node-2 has no part in it.",
                7,
            ),
        ),
    ),
    Question(
        "hop-three", LESSON, "Three nodes, one Pod on each, and a load balancer that spreads connections evenly over "
        "the nodes. What fraction of the connections takes an extra hop?",
        PARTS, lambda: stand_with([1, 1, 1]), hop_share,
        right="Wherever a connection arrives, two of the three Pods are on other nodes.",
        wrong=(Wrong("0", PREFERS), STAYS),
        otherwise="Take a connection that arrives at node-1. Its Pod is one of three, chosen at random, and two of "
        "these three are on other nodes. For node-2 and node-3 it is the same.",
    ),
    Question(
        "hop-thirty", LESSON, "Three nodes with ten Pods on each node, and a load balancer that spreads connections "
        "evenly over the nodes. What fraction of the connections takes an extra hop?",
        PARTS_OF_THIRTY, lambda: stand_with([10, 10, 10]), hop_share,
        right="Twenty of the thirty Pods are on other nodes. More replicas change nothing.",
        wrong=(
            Wrong("0", PREFERS),
            STAYS,
            Wrong(
                "29/30",
                "It is right that a connection is sent to one Pod of thirty. But ten of the thirty Pods run on the "
                "node where it arrived, and each of these ten saves the hop.",
            ),
        ),
        otherwise="Twenty of the thirty Pods are on other nodes than the one where the connection arrived.",
    ),
    Question(
        "hop-one-node", LESSON, "Three nodes, all three Pods on node-1, and a load balancer that spreads connections "
        "evenly over the nodes. What fraction of the connections takes an extra hop?",
        PARTS, lambda: stand_with([3, 0, 0]), hop_share,
        right="The load balancer sends connections to all three nodes, and two of them have no Pod.",
        wrong=(
            Wrong(
                "0",
                "If the load balancer knew where the Pods are, it could send everything to node-1. By default it does "
                "not know: all three nodes are healthy, so each of them gets a third of the connections.",
            ),
            STAYS,
            Wrong(
                "1",
                "Most connections do need the hop. But one in three arrives at node-1, where all the Pods run, and "
                "stays there.",
            ),
        ),
        otherwise="A third of the connections arrive at each node. Only those that arrive at node-1 stay there.",
    ),
    Question(
        "hop-fifty-nodes", LESSON, "A Service has three Pods in a cluster of fifty nodes, and its load balancer "
        "spreads connections evenly over all nodes. What percentage of the connections takes an extra hop?",
        Percent(), lambda: stand_with([1, 1, 1] + [0] * 47), lambda cluster: percent(shares(cluster, NAME).extra_hop),
        right="The share is 1 − 1/50, because only one connection in fifty arrives at the node of its Pod.",
        wrong=(
            Wrong(
                about(66.7),
                "For three nodes this is right. Now most connections arrive at a node that has none of the three "
                "Pods, so the number of nodes decides, and it is fifty.",
            ),
            Wrong(
                about(100),
                "Nearly all of them do take the hop, that is right. But each of the fifty nodes gets the same part, so "
                "one connection in fifty arrives at the node of its own Pod.",
            ),
            Wrong(
                about(2),
                "This is the share that does not need the extra hop: one connection in fifty arrives at the node of "
                "its Pod. The question asks for the others.",
            ),
            Wrong(
                about(6),
                "Three of the fifty nodes have a Pod, so 6 % of the connections arrive at such a node, that is right. "
                "All others need the extra hop. And a node with a Pod uses its own only one time in three.",
            ),
            Wrong(
                about(94),
                "94 % of the connections arrive at a node without a Pod, and all of them take the hop, that is right. "
                "But a node with a Pod does not prefer it: two of three connections that arrive there take the hop.",
            ),
        ),
        otherwise="Whichever Pod is chosen, the connection arrives at the node of this Pod with probability 1/50; all "
        "others take the hop: {right} %.",
    ),
    Question(
        "hop-local-sees", LESSON, "A Service has externalTrafficPolicy: Local, and its load balancer does not change "
        "the source address of a packet. Which source address does the Pod see?",
        SENDERS, lambda: stand_with([1, 0, 0], "Local"), seen_through,
        right="The Pod is on the node where the packet arrives, so the reply passes this node anyway, and the source "
        "can stay as it is.",
        wrong=(
            Wrong(
                "load balancer",
                "A load balancer that ends connections itself would put its own address into the packet. This one "
                "forwards packets with the client's address, and the node leaves it there now.",
            ),
            Wrong(
                lambda given, right: given != right,
                "By default the node does put its own address into the packet. It needs that only so that replies "
                "return through it, and now the Pod is on this very node.",
            ),
        ),
    ),
    Question(
        "hop-switch", LESSON, "The only Pod runs on node-1, and the load balancer still sends connections evenly to "
        "three nodes. Now you set externalTrafficPolicy: Local. What fraction of the new connections is lost in the "
        "first seconds?",
        PARTS, lambda: stand_with([1, 0, 0]), lost_after_switch,
        right="The rules of node-2 and node-3 may not use a Pod on another node any more, and there is none on their "
        "own.",
        wrong=(
            Wrong(
                "0",
                "A few health checks later this is right. In the first seconds the load balancer does not know yet "
                "that node-2 and node-3 cannot serve the Service any more.",
                25,
            ),
            Wrong(
                "1/3",
                "This is the fraction that arrives at node-1, and it is served. What arrives at node-2 or node-3 is "
                "lost.",
            ),
            Wrong(
                "1",
                "Changing the line does not stop the Service: node-1 has a Pod and serves what arrives there, a third "
                "of the connections.",
            ),
        ),
        otherwise="Each node gets a third of the connections. Only node-1 has a Pod, so what arrives at the two others "
        "is lost.",
    ),
    Question(
        "hop-clusterip", LESSON, "A Service of type ClusterIP has the line externalTrafficPolicy: Cluster in its "
        "manifest; that is the default value. What does the API server do with this manifest?",
        ANSWERS, Cluster, with_cluster_ip,
        part="exercise",
        right="Nothing arrives from outside at a ClusterIP Service, so the API server forbids the field there, even "
        "with its default value.",
        wrong=(
            Wrong(
                "accepted",
                "On a NodePort or LoadBalancer Service the default can be written out. On a Service that is not "
                "reachable from outside the API server forbids the field, even with its default value.",
                10,
            ),
            Wrong(
                "ignored",
                "The API server does drop the field when you change the type of a Service that had it. But in a new "
                "manifest, where the field has no meaning, it is an error.",
                10,
            ),
        ),
    ),
)  # fmt: skip
