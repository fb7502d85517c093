"""Questions of the leaflet on zones at AWS: where connections arrive, and what that does to the extra hop."""

from __future__ import annotations

from fractions import Fraction

from ...model import Cluster
from ...router.router import entries, shares
from ..extra_hop.questions import about
from ..forms import Choice, Percent, Question, Wrong
from .deleting_and_orphans import ANNOTATION
from .shop import NAME, SETTLED_S, shop_cluster

__all__ = ["QUESTIONS", "cross_zone", "network_load_balancer"]

LESSON = "leaflets/zones_at_aws"
CROSS_ZONE = "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled"


def network_load_balancer(per_node: tuple[int, ...] = (1, 1, 1, 0), policy: str = "Cluster") -> Cluster:
    """Build a cluster on AWS in three zones, whose Service has a Network Load Balancer.

    Parameters
    ----------
    per_node : tuple of int
        How many Pods each node has; the nodes are in the zones a, b, c, a, ….
    policy : str
        ``externalTrafficPolicy``.

    Returns
    -------
    Cluster
        With its Service ``shop``.

    Examples
    --------
    >>> str(shares(network_load_balancer(), "shop").extra_hop)
    '13/18'
    """
    cluster = shop_cluster("aws", per_node, policy=policy, annotations={ANNOTATION: "nlb"})
    cluster.advance(SETTLED_S)
    return cluster


def cross_zone(cluster: Cluster) -> Cluster:
    """Build the same cluster with cross-zone load balancing switched on.

    Parameters
    ----------
    cluster : Cluster
        A cluster on AWS; it stays as it is.

    Returns
    -------
    Cluster
        One in which the load balancer knows it.

    Examples
    --------
    >>> str(shares(cross_zone(network_load_balancer()), "shop").extra_hop)
    '3/4'
    """
    made = cluster.copy()
    made.patch(NAME, {"metadata": {"annotations": {CROSS_ZONE: "true"}}})
    made.advance(SETTLED_S)
    return made


def arrive_at(cluster: Cluster, node: str) -> str:
    """Return the fraction of the connections that arrive at a node."""
    return str(entries(cluster, NAME).get(node, Fraction(0)))


def hop_percent(cluster: Cluster) -> float:
    """Return the percentage of connections that take an extra hop."""
    return float(100 * shares(cluster, NAME).extra_hop)


def with_cross_zone(cluster: Cluster) -> str:
    """Switch cross-zone load balancing on, and compare the fraction of extra hops."""
    before, after = shares(cluster, NAME).extra_hop, shares(cross_zone(cluster), NAME).extra_hop
    return "higher" if after > before else "lower" if after < before else "same"


def local_percent(cluster: Cluster) -> float:
    """Return what the Pod on node-2 gets, in percent."""
    (pod,) = (pod for pod in cluster.pods if pod.node == "node-2")
    return float(100 * shares(cluster, NAME).by_pod[pod.name])


QUESTIONS = (
    Question(
        "zones-entry", LESSON, "An AWS Network Load Balancer serves four healthy nodes: node-1 and node-4 in zone a, "
        "node-2 in zone b, node-3 in zone c. What fraction of the connections arrives at node-1?",
        Choice(("1/6", "1/4", "1/3", "1/2")), network_load_balancer, lambda cluster: arrive_at(cluster, "node-1"),
        part="optional",
        right="Each zone gets a third, and the two nodes of zone a share their third.",
        wrong=(
            Wrong(
                "1/4",
                "A load balancer that spreads evenly over all nodes gives each of four nodes a quarter. This one "
                "first spreads over the zones, a third for each, and in zone a two nodes share the third.",
            ),
            Wrong(
                "1/3",
                "This is the share of zone a, which is right as a first step. Zone a has two nodes, and they share "
                "it.",
            ),
            Wrong(
                "1/2",
                "In zone a node-1 does get half. But it is half of what zone a gets, and that is a third of all "
                "connections.",
            ),
        ),
    ),
    Question(
        "hop-zones", LESSON, "An AWS Network Load Balancer serves four nodes: node-1 and node-4 in zone a, node-2 in "
        "zone b, node-3 in zone c. node-1, node-2 and node-3 have one Pod each, node-4 has none; the policy is "
        "Cluster. What percentage of the connections takes an extra hop?",
        Percent(), network_load_balancer, hop_percent,
        part="optional",
        right="The node without a Pod sends all of its connections to other nodes, and each of the others sends two "
        "thirds.",
        wrong=(
            Wrong(
                about(75),
                "1 − 1/N with N = 4 would be right for a load balancer that spreads evenly over all nodes. This one "
                "spreads evenly over zones, so each of the two nodes in zone a gets a sixth.",
            ),
            Wrong(
                about(66.67),
                "1 − 1/N is right for three nodes, or three zones, that all have a Pod. Here node-4 gets connections "
                "too, and must send every one of them to another node.",
            ),
        ),
        otherwise="First see where connections arrive: a third for each zone, and in zone a a sixth for each node. "
        "Then see what each node sends to other nodes: node-4 sends everything, and the others send two thirds. "
        "Together this is {right} %.",
    ),
    Question(
        "zones-cross", LESSON, "An AWS Network Load Balancer serves node-1 and node-4 in zone a, node-2 in zone b and "
        "node-3 in zone c; only node-4 has no Pod, and the policy is Cluster. You switch on cross-zone load balancing, "
        "so that all four nodes get equal parts. What happens to the fraction of connections with an extra hop?",
        Choice(
            ("lower", "same", "higher"),
            labels={"lower": "it becomes lower", "same": "it stays the same", "higher": "it becomes higher"},
        ),
        network_load_balancer, with_cross_zone,
        part="optional",
        right="The node without a Pod now gets a quarter of the connections instead of a sixth.",
        wrong=(
            Wrong(
                "lower",
                "An even spread does help where nodes were overloaded. It does not save hops: node-4 has no Pod, and "
                "now gets a larger part of the connections, all of which must go on to another node.",
            ),
            Wrong(
                "same",
                "For nodes that have a Pod nothing changes: they send two thirds to other nodes. But node-4, which "
                "sends everything to other nodes, now gets a larger part.",
            ),
        ),
    ),
    Question(
        "zones-local", LESSON, "An AWS Network Load Balancer, with cross-zone load balancing off, serves node-1 and "
        "node-4 in zone a, node-2 in zone b and node-3 in zone c. Each node has one Pod, and the policy is Local. What "
        "percentage of the connections does the Pod on node-2 get?",
        Percent(), lambda: network_load_balancer((1, 1, 1, 1), "Local"), local_percent,
        part="optional",
        right="In zone b there is only node-2, so its Pod gets the whole third of this zone.",
        wrong=(
            Wrong(
                about(25),
                "Four nodes with one Pod each would share evenly behind a load balancer that spreads over nodes. "
                "This one spreads over zones, and node-2 has zone b to itself.",
                25,
            ),
            Wrong(
                lambda given, right: given < 20,
                "The Pods on node-1 and node-4 do get little, a sixth each, because they share zone a. node-2 is "
                "alone in zone b, so its Pod gets the part of the whole zone.",
            ),
        ),
        otherwise="Each zone gets a third. node-2 is the only node of zone b, and under Local it uses only its own "
        "Pod, so this Pod gets {right} %.",
    ),
)  # fmt: skip
