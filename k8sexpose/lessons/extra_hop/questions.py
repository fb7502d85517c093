"""Questions of lesson 4 on Cluster: the address that Pods see, and how many connections make an extra hop."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ..forms import Choice, Question, Wrong

__all__ = ["QUESTIONS", "stand_with", "who_is"]

LESSON = "04_extra_hop"
NAME, APP, CLIENT = "public-api-lb", "api-backend", "203.0.113.7"
SETTLED_S = 600.0
PARTS = Choice(("0", "1/3", "1/2", "5/9", "2/3", "29/30", "1"))
SENDERS = Choice(("client", "load balancer", "node-1", "node-2"))


def stand_with(per_node: Sequence[int], policy: str = "Cluster", provider: Any = "generic") -> Cluster:
    """Build the stand of lesson 4: Pods as told, and a Service of type LoadBalancer that has its address.

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
    """Name whom the Pod takes for the client of a request through the load balancer, in by a node."""
    found = next(way for way in routes(cluster, NAME, CLIENT, via=entry) if way.delivered)
    return who_is(cluster, found.client_seen)


def percent(share: Fraction) -> float:
    """Write a share as percent."""
    return 100 * float(share)


def hop_share(cluster: Cluster) -> str:
    """Tell the part of the connections that makes an extra hop."""
    return str(shares(cluster, NAME).extra_hop)


def about(percent: float) -> Any:
    """Accept a number near another."""
    return lambda given, right: abs(given - percent) <= 0.5


STAYS = Wrong(
    "1/3",
    "This is the fraction that does not need the extra hop: one connection in three is sent to a Pod on the node "
    "where it arrived. The question asks for the others.",
)
PREFERS = (
    "With externalTrafficPolicy: Local a node does choose one of its own Pods. Under Cluster all Pods are in one "
    "list, and the node chooses from it at random, wherever they run."
)

QUESTIONS = (
    Question(
        "hop-address-far", LESSON, "In by node-2, the Pod on node-1, policy Cluster: whose address does the Pod see?",
        SENDERS, lambda: stand_with([1, 0, 0]), lambda cluster: seen_through(cluster, "node-2"),
        right="The node that sent the packet on replaced the source with its own address.",
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
                "unchanged, and the node then puts its own address into them.",
                7,
            ),
            Wrong(
                "node-1",
                "The Pod does run on that node. But the address in the packet is that of the node which rewrote it, "
                "and that is the node where the packet arrived.",
                7,
            ),
        ),
    ),
    Question(
        "hop-address-near", LESSON, "In by node-1, the Pod on node-1 too, policy Cluster: whose address does the Pod "
        "see?",
        SENDERS, lambda: stand_with([1, 0, 0]), lambda cluster: seen_through(cluster, "node-1"),
        right="The rules mark the packet for SNAT before they choose a Pod.",
        wrong=(
            Wrong(
                "client",
                "No other node is needed here, that is right, and with Local the Pod would see the client's address. "
                "Under Cluster a packet from outside is marked for SNAT before a Pod is chosen, wherever it runs.",
                7,
            ),
            Wrong(
                "load balancer",
                "A load balancer that ends connections itself shows its own address, if the node leaves it there. "
                "Under Cluster the node replaces the source with its own address, even for a Pod of its own.",
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
        "hop-three", LESSON, "Three nodes, a Pod on each, policy Cluster: what part of the connections makes an "
        "extra hop?",
        PARTS, lambda: stand_with([1, 1, 1]), hop_share,
        right="Wherever the connection arrives, two of the three Pods are on other nodes.",
        wrong=(Wrong("0", PREFERS), STAYS),
    ),
    Question(
        "hop-thirty", LESSON, "The same with ten Pods on each node: what part makes an extra hop?",
        PARTS, lambda: stand_with([10, 10, 10]), hop_share,
        right="Of thirty Pods twenty are on other nodes. More replicas change nothing.",
        wrong=(
            Wrong("0", PREFERS),
            STAYS,
            Wrong(
                "29/30",
                "It is right that a connection is sent to one Pod of thirty. But ten of the thirty Pods run on the "
                "node where it arrived, and any of these ten saves the hop.",
            ),
        ),
    ),
    Question(
        "hop-one-node", LESSON, "All three Pods on node-1: what part makes an extra hop?",
        PARTS, lambda: stand_with([3, 0, 0]), hop_share,
        right="The load balancer goes on sending to all three nodes, and two of them have no Pod.",
        wrong=(
            Wrong(
                "0",
                "With Local the health check does tell the load balancer where the Pods are. Under Cluster all three"
                " nodes are healthy, so each of them gets a third of the connections.",
            ),
            STAYS,
            Wrong(
                "1",
                "Most connections do need the hop. But one in three arrives at node-1, where all the Pods run, and "
                "stays there.",
            ),
        ),
    ),
)  # fmt: skip
