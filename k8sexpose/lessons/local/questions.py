"""Questions of lesson 5: what externalTrafficPolicy Local costs, in targets, in dropped packets and in load."""

from __future__ import annotations

from ...cloud.load_balancer import target_health
from ...model import Cluster
from ...router.router import routes, shares
from ...traffic.crash import watch_crash
from ...traffic.policies import policy_shares
from ..extra_hop.questions import APP, CLIENT, NAME, about, percent, stand_with
from ..forms import OUTCOMES, Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "05_local"
PLACED = {"a": (1, 1, 1), "b": (4, 3, 3), "c": (2, 2, 0), "d": (3, 1, 0)}
EVEN = Several(
    tuple(PLACED),
    labels={
        "a": "1 + 1 + 1: one Pod on each node",
        "b": "4 + 3 + 3: as evenly as ten Pods can be placed on three nodes",
        "c": "2 + 2 + 0: two Pods on each of two nodes, none on the third",
        "d": "3 + 1 + 0: three Pods on one node, one Pod on another",
    },
)
TARGETS = Several(("node-1", "node-2", "node-3"))
LOST = Choice(("0", "1/3", "1/2", "5/9", "2/3", "1"))
SECONDS = Choice(
    ("10", "20", "50", "350"),
    "s",
    labels={
        "10": "after at most 10 seconds",
        "20": "after at most 20 seconds",
        "50": "after at most 50 seconds",
        "350": "after at most 350 seconds",
    },
)


def node_port(cluster: Cluster, node: str) -> str:
    """Return a node's address with the node port."""
    return f"{cluster.node(node).addresses[0]}:{cluster.service(NAME).ports[0].node_port}"


def outcome(cluster: Cluster, target: str, client: str = CLIENT) -> str:
    """Return what becomes of a request: of several possible outcomes the worst."""
    found = {way.outcome for way in routes(cluster, target, client)}
    return next((word for word in ("timeout", "refused") if word in found), "delivered")


def empty_node(cluster: Cluster) -> str:
    """Return what a client gets at the node port of node-2, where no Pod is."""
    return outcome(cluster, node_port(cluster, "node-2"))


def without_pods(cluster: Cluster) -> str:
    """Return what the same client gets when there is no Pod anywhere."""
    cluster.scale(APP, per_node=[0] * len(cluster.nodes))
    return empty_node(cluster)


def healthy(cluster: Cluster) -> frozenset[str]:
    """Return the targets that the load balancer calls healthy."""
    return frozenset(target.name for target in target_health(cluster, NAME) if target.healthy)


def _local(cluster: Cluster, number: int) -> float:
    """Return the share of a Pod under Local, in percent."""
    return percent(policy_shares(cluster, NAME)["Local"].pods[number].share)


def hottest(cluster: Cluster) -> str:
    """Return the load of the busiest Pod under Local over that of the average Pod, as a fraction."""
    pods = policy_shares(cluster, NAME)["Local"].pods
    return str(max(pod.share for pod in pods) * len(pods))


def even_placements(cluster: Cluster) -> frozenset[str]:
    """Return the placements under which all Pods get the same with Local."""
    busiest = {
        letter: policy_shares(stand_with(per_node), NAME)["Local"].hottest_over_mean
        for letter, per_node in PLACED.items()
    }
    return frozenset(letter for letter, times in busiest.items() if times == 1)


def lost_with_pod(cluster: Cluster) -> str:
    """Return the fraction that is lost when the Pod on node-1 becomes unready, before any health check."""
    pod = next(pod.name for pod in cluster.pods if pod.node == "node-1")
    cluster.set_ready(pod, False)
    front = cluster.service(NAME).load_balancer_ingress[0].address
    return str(shares(cluster, f"{front}:80").lost)


def first_loss(cluster: Cluster) -> str:
    """Return the fraction that is lost when node-1 crashes, before anybody notices."""
    steps = watch_crash(cluster, NAME, "node-1").steps
    return str(next(step.lost for step in steps if step.at_s >= 0))


def end_of_loss(cluster: Cluster) -> str:
    """Return the seconds from the crash of node-1 until nothing is lost any more."""
    steps = watch_crash(cluster, NAME, "node-1").steps
    return f"{next(step.at_s for step in steps if step.at_s >= 0 and not step.lost):g}"


QUESTIONS = (
    Question(
        "hop-healthy", LESSON, "A Service has externalTrafficPolicy: Local, and its only Pod runs on node-1. Which of "
        "the three nodes does the load balancer call healthy?",
        TARGETS, lambda: stand_with([1, 0, 0], "Local"), healthy,
        right="The health check asks each node whether it has a Pod of this Service that is ready.",
        wrong=(
            Wrong(
                frozenset(TARGETS.options),
                "All nodes do stay registered as targets, and all three machines are well. But the check now asks "
                "each node for a Pod of its own. A node without one answers that it has none, and its target is "
                "unhealthy.",
                25,
            ),
            Wrong(
                frozenset(),
                "If no node had a ready Pod, all three would be unhealthy, and the Service would be broken. Here "
                "node-1 has one, so its answer to the health check is positive.",
            ),
            Wrong(
                lambda given, right: not right <= given,
                "It is right that not all three nodes are healthy. But the unhealthy ones are the nodes without a Pod. "
                "node-1 has the Pod, so its answer to the health check is positive.",
            ),
        ),
        otherwise="The check asks each node for a ready Pod of its own. Only node-1 has one.",
    ),
    Question(
        "hop-red", LESSON, "A Service has externalTrafficPolicy: Local, and its only Pod runs on node-1. The cloud's "
        "console shows unhealthy targets. What fraction of the connections through the load balancer is lost?",
        LOST, lambda: stand_with([1, 0, 0], "Local"), lambda cluster: str(shares(cluster, NAME).lost),
        right="The load balancer sends nothing to unhealthy targets. This is how Local is meant to work.",
        wrong=(
            Wrong(
                "2/3",
                "If the load balancer still sent a third of the connections to each node, this would be right. But it "
                "leaves unhealthy targets out, so everything goes to node-1.",
                25,
            ),
            Wrong(
                "1",
                "If all targets were unhealthy, everything could be lost. Here one target, node-1, is healthy, and the "
                "load balancer sends every connection there.",
                25,
            ),
            Wrong(
                lambda given, right: given != right,
                "Unhealthy targets do look like a loss. But the load balancer sends nothing to them, and the one "
                "healthy target serves everything.",
                25,
            ),
        ),
    ),
    Question(
        "hop-empty-node", LESSON, "A Service has externalTrafficPolicy: Local, and its only Pod runs on node-1. A "
        "client on the internet connects directly to the node port of node-2. What does it get?",
        OUTCOMES, lambda: stand_with([1, 0, 0], "Local"), empty_node,
        right="The Service has a Pod, but not on node-2, and node-2 may not use another node's Pod. It drops the "
        "packet, and a dropped packet has no answer.",
        wrong=(
            Wrong(
                "delivered",
                "With the default, Cluster, the node port works on every node. Local forbids the extra hop, so a node "
                "without a Pod of its own cannot serve the connection.",
                25,
            ),
            Wrong(
                "refused",
                "A node refuses when the Service has no Pod anywhere. Here there is a Pod on another node, and for "
                "this case kube-proxy writes a rule that drops the packet without an answer.",
            ),
        ),
    ),
    Question(
        "hop-no-pods", LESSON, "A Service with externalTrafficPolicy: Local has no Pod on any node. A client on the "
        "internet connects directly to the node port of node-2. What does it get?",
        OUTCOMES, lambda: stand_with([1, 0, 0], "Local"), without_pods,
        right="When a Service has no Pod at all, every node refuses, with both policies.",
        wrong=(
            Wrong(
                "timeout",
                "While there are Pods on other nodes, Local does drop packets without an answer. When there is no Pod "
                "at all, kube-proxy writes a rule that refuses at once.",
            ),
            Wrong(
                "delivered",
                "No Pod can answer here. An answer does come back, but it is an error from the node itself, which "
                "knows that the list of Pods is empty.",
            ),
        ),
    ),
    Question(
        "hop-pair", LESSON, "A Service has externalTrafficPolicy: Local, with two Pods on node-1 and one Pod on "
        "node-2. What percentage of all connections does each of the two Pods on node-1 get?",
        Percent(), lambda: stand_with([2, 1]), lambda cluster: _local(cluster, 0),
        right="Half of the connections arrive at node-1, and its two Pods share them.",
        wrong=(
            Wrong(
                about(33.33),
                "With Cluster, connections do spread evenly over the Pods. With Local the load balancer first gives "
                "half to each node, and each node then spreads its half over its own Pods.",
                25,
            ),
            Wrong(
                about(50),
                "Half of the connections is what node-1 gets, so this is the right first step. But its two Pods share "
                "this half.",
            ),
        ),
        otherwise="The load balancer sees nodes, not Pods. First each of the two nodes gets half; then the two Pods on "
        "node-1 share their half: {right} %.",
    ),
    Question(
        "hop-lone", LESSON, "A Service has externalTrafficPolicy: Local, with two Pods on node-1 and one Pod on "
        "node-2. What percentage of all connections does the single Pod on node-2 get?",
        Percent(), lambda: stand_with([2, 1]), lambda cluster: _local(cluster, 2),
        right="It gets everything that arrives at node-2, which is twice as much as each of the other Pods gets.",
        wrong=(
            Wrong(
                about(33.33),
                "With Cluster, or with the same number of Pods on both nodes, the shares would be even. Here the "
                "single Pod on node-2 gets everything that node-2 gets.",
                25,
            ),
        ),
        otherwise="Two nodes have Pods, so each gets half of the connections. The single Pod does not share its half: "
        "{right} %.",
    ),
    Question(
        "hop-even", LESSON, "With externalTrafficPolicy: Local, which of these placements on three nodes give every "
        "Pod the same number of connections?",
        EVEN, Cluster, even_placements,
        right="What counts is that all nodes with Pods have equally many. A node without Pods gets no connections.",
        wrong=(
            Wrong(
                lambda given, right: "d" in given,
                "With Cluster every placement is even, 3 + 1 + 0 too. With Local each of its two nodes gets half, and "
                "three Pods share one half while a single Pod has the other half for itself.",
                25,
            ),
            Wrong(
                lambda given, right: "b" in given,
                "4 + 3 + 3 is nearly even, and no placement of ten Pods on all three nodes is better. But each node "
                "gets a third, and where four Pods share this third, each of them gets less than where three do.",
                25,
            ),
            Wrong(
                frozenset(),
                "With Local no placement is even in general, that is right. But 1 + 1 + 1 is, and so is 2 + 2 + 0: all "
                "nodes that have Pods have equally many, and the load balancer sends nothing to the third node.",
                25,
            ),
            Wrong(
                lambda given, right: "c" not in given,
                "2 + 2 + 0 looks uneven, because one node has no Pods. But the load balancer sends nothing there, and "
                "the two other nodes have two Pods each.",
                25,
            ),
            Wrong(
                lambda given, right: "a" not in given,
                "One Pod on each node looks like the placement for Cluster. But it is even with Local, too: each node "
                "gets a third, and so does its Pod.",
            ),
        ),
    ),
    Question(
        "hop-crash", LESSON, "A Service has externalTrafficPolicy: Local, and one Pod on each of three nodes. node-1 "
        "crashes. What fraction of new connections is lost before anybody notices?",
        LOST, lambda: stand_with([1, 1, 1], "Local"), first_loss,
        right="Only what arrives at the dead node is lost, because no other node sends anything to its Pod.",
        wrong=(
            Wrong(
                "5/9",
                "With Cluster, as in lesson 2, this is right: a connection is lost if it arrives at the dead node, "
                "or if another node sends it to the dead node's Pod. With Local the second cannot happen.",
            ),
            Wrong(
                "0",
                "After its next checks the load balancer does leave node-1 out. Until then it relies on the results "
                "of the last checks, and sends a third of the connections to node-1.",
            ),
            Wrong(
                "1",
                "A client that always uses the address of node-1, as in lesson 1, does lose everything. But the load "
                "balancer sends only a third of the connections there, and the two other nodes answer theirs.",
            ),
        ),
        otherwise="A third of the connections arrives at each node, and a node uses only its own Pod.",
    ),
    Question(
        "hop-crash-end", LESSON, "With externalTrafficPolicy: Local, node-1 crashes. The load balancer checks every "
        "10 seconds and leaves a node out after two failed checks. When is nothing lost any more?",
        SECONDS, lambda: stand_with([1, 1, 1], "Local"), end_of_loss,
        right="Once the load balancer leaves node-1 out, no connection arrives there, and no other node uses its Pod.",
        wrong=(
            Wrong(
                "50",
                "With Cluster this is right: until then the other nodes still choose the dead node's Pod. With Local "
                "they never do, so the health check of the load balancer is enough.",
            ),
            Wrong(
                "10",
                "The first failed check does come after at most 10 seconds. But the load balancer waits for two in a "
                "row, so that one lost packet does not put a node out of service.",
            ),
            Wrong(
                "350",
                "After 350 seconds the cluster does start a new Pod in place of the lost one. But long before that, "
                "all connections go to the two other nodes.",
            ),
        ),
    ),
    Question(
        "hop-pod-gone", LESSON, "A Service has externalTrafficPolicy: Local, and one Pod on each of three nodes. All "
        "nodes are well, but the Pod on node-1 is not ready any more. What fraction of new connections is lost in the "
        "first seconds?",
        LOST, lambda: stand_with([1, 1, 1], "Local"), lost_with_pod,
        right="There is no ready Pod on node-1, it may not use another node's Pod, and the load balancer does not know "
        "this yet.",
        wrong=(
            Wrong(
                "0",
                "With Cluster this is right: node-1 takes the Pod off its list at once, and uses the Pods on the other "
                "nodes. With Local it may not use them, so it drops what arrives until the load balancer has noticed.",
                25,
            ),
            Wrong(
                "1",
                "The two other nodes still have ready Pods, and they serve what arrives at them. Only what arrives at "
                "node-1 is lost.",
            ),
        ),
        otherwise="Until the next health checks have failed, node-1 gets a third of the connections, and it has no "
        "ready Pod for them.",
    ),
    Question(
        "hop-hottest", LESSON, "A Service has externalTrafficPolicy: Local, and 3 + 1 + 1 Pods on three nodes. How "
        "many times the load of the average Pod does the busiest Pod have?",
        Choice(("1", "5/4", "3/2", "5/3", "3")), lambda: stand_with([3, 1, 1]), hottest,
        part="exercise",
        right="The busiest Pod gets 1/3 of the connections, and the average Pod gets 1/5.",
        wrong=(
            Wrong(
                "3",
                "This compares the busiest Pod with the least busy one: 1/3 with 1/9. The question compares it with "
                "the average Pod, which gets 1/5, because there are five Pods.",
                25,
            ),
            Wrong(
                "1",
                "With Cluster all Pods get the same. With Local the nodes get equal shares first, however many Pods "
                "they have.",
                25,
            ),
        ),
        otherwise="The busiest Pod is alone on its node and gets 1/3 of all connections. Compare that with the average "
        "of five Pods.",
    ),
)  # fmt: skip
