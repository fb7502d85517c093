"""Questions of lesson 4 on Local: where it applies, what it drops, whom Pods see, and what it costs."""

from __future__ import annotations

from ...api.errors import ApiError
from ...cloud.load_balancer import target_health
from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ...traffic.crash import watch_crash
from ...traffic.policies import policy_shares
from ..extra_hop.questions import (
    APP,
    CLIENT,
    LESSON,
    NAME,
    PARTS,
    SENDERS,
    SETTLED_S,
    about,
    percent,
    seen_through,
    stand_with,
)
from ..forms import OUTCOMES, Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS"]

TARGETS = Several(("node-1", "node-2", "node-3"))


def node_port(cluster: Cluster, node: str) -> str:
    """Write a node's address and the node port."""
    return f"{cluster.node(node).addresses[0]}:{cluster.service(NAME).ports[0].node_port}"


def outcome(cluster: Cluster, target: str, client: str = CLIENT) -> str:
    """Name what becomes of a request: of several ways the worst."""
    found = {way.outcome for way in routes(cluster, target, client)}
    return next((word for word in ("timeout", "refused") if word in found), "delivered")


def empty_node(cluster: Cluster) -> str:
    """Dial the node port of node-2, where no Pod is."""
    return outcome(cluster, node_port(cluster, "node-2"))


def without_pods(cluster: Cluster) -> str:
    """Take all Pods away, then dial node-2."""
    cluster.scale(APP, per_node=[0] * len(cluster.nodes))
    return empty_node(cluster)


def with_cluster_ip(cluster: Cluster) -> str:
    """Write the field's default value into a Service of type ClusterIP."""
    spec = {"type": "ClusterIP", "externalTrafficPolicy": "Cluster", "ports": [{"port": 80}]}
    try:
        made = cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "inside"}, "spec": spec})
    except ApiError:
        return "refused"
    return "accepted" if made.to_dict()["spec"].get("externalTrafficPolicy") else "ignored"


def healthy(cluster: Cluster) -> frozenset[str]:
    """Name the targets that the load balancer calls healthy."""
    return frozenset(target.name for target in target_health(cluster, NAME) if target.healthy)


def inside() -> Cluster:
    """Build the stand with Local, its only Pod on node-1, and a customer inside: a Pod on node-2."""
    cluster = stand_with([1, 0, 0], "Local")
    cluster.deploy("shop", per_node=[0, 1, 0])
    return cluster


def inside_open() -> Cluster:
    """Build the same with a network that leaves a Pod its own address on the way to another node."""
    cluster = Cluster(nodes=3, cni_masquerade=False)
    cluster.deploy(APP, per_node=[1, 0, 0])
    cluster.deploy("shop", per_node=[0, 1, 0])
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.advance(SETTLED_S)
    return cluster


def from_inside(cluster: Cluster) -> frozenset[str]:
    """Let the Pod on node-2 dial (a) the load balancer, (b) its own node, (c) node-3."""
    front = cluster.service(NAME).load_balancer_ingress[0].address
    doors = {"a": f"{front}:80", "b": node_port(cluster, "node-2"), "c": node_port(cluster, "node-3")}
    return frozenset(
        letter for letter, target in doors.items() if outcome(cluster, target, "pod/shop-1") == "delivered"
    )


def _local(cluster: Cluster, number: int) -> float:
    """Share of a Pod under Local, in percent."""
    return percent(policy_shares(cluster, NAME)["Local"].pods[number].share)


def hottest(cluster: Cluster) -> str:
    """Load of the hottest Pod under Local over the mean, as a fraction."""
    pods = policy_shares(cluster, NAME)["Local"].pods
    return str(max(pod.share for pod in pods) * len(pods))


def first_loss(cluster: Cluster) -> str:
    """Crash node-1; tell the part that is lost before anybody notices."""
    steps = watch_crash(cluster, NAME, "node-1").steps
    return str(next(step.lost for step in steps if step.at_s >= 0))


QUESTIONS = (
    Question(
        "hop-clusterip", LESSON, "A Service of type ClusterIP with externalTrafficPolicy: Cluster, the default: what "
        "does the API server do?",
        Choice(("accepted", "ignored", "refused")), Cluster, with_cluster_ip,
        right="Nothing arrives from outside at a ClusterIP Service, so the API server forbids the field.",
        wrong=(
            Wrong(
                "accepted",
                "On a NodePort or LoadBalancer Service the default can be written out. On a Service that is not "
                "reachable from outside the API server forbids the field, even with its default; this is a common "
                "problem of Helm charts.",
                10,
            ),
            Wrong(
                "ignored",
                "The API server does drop the field when you change the type of a Service that had it. But in a "
                "manifest of yours, where the field has no meaning, it is an error.",
                10,
            ),
        ),
    ),
    Question(
        "hop-healthy", LESSON, "Local, and the only Pod on node-1: which targets does the load balancer call healthy?",
        TARGETS, lambda: stand_with([1, 0, 0], "Local"), healthy,
        right="The check asks kube-proxy for a Pod on this very node.",
        wrong=(
            Wrong(
                frozenset(TARGETS.options),
                "All nodes do stay registered as targets. But the check now asks each node for a Pod of its own, and"
                " a node without one answers 503.",
                25,
            ),
            Wrong(
                lambda given, right: not right <= given,
                "Two nodes have no Pod and are red, that is right. But the node that has the Pod answers 200 on the "
                "health check port.",
            ),
        ),
    ),
    Question(
        "hop-red", LESSON, "With those targets, what part of the load balancer's connections is lost?",
        PARTS, lambda: stand_with([1, 0, 0], "Local"), lambda cluster: str(shares(cluster, NAME).lost),
        right="Red keeps connections away from nodes that would drop them. This is intended.",
        wrong=(
            Wrong(
                "2/3",
                "With the policy Cluster, two red targets would be an incident. With Local, red means that this node"
                " has no Pod of this Service, so that nothing is sent there and nothing is lost.",
                25,
            ),
            Wrong(
                lambda given, right: given != right,
                "Red targets do look like a loss. But the load balancer sends nothing to them: the one healthy "
                "target gets everything.",
                25,
            ),
        ),
    ),
    Question(
        "hop-empty-node", LESSON, "Local, the only Pod on node-1; a client dials the node port of node-2 all the same. "
        "What does it get?",
        OUTCOMES, lambda: stand_with([1, 0, 0], "Local"), empty_node,
        right="The packet is dropped without an answer. The Service has Pods, but none here, and the node may not "
        "send it on.",
        wrong=(
            Wrong(
                "delivered",
                "Under Cluster the node port works on every node. Local forbids the extra hop, so a node without a "
                "Pod of its own cannot serve the connection.",
                25,
            ),
            Wrong(
                "refused",
                "When a Service has no Pod anywhere, the node does refuse. Here there is a Pod on another node, and "
                "Local drops the packet without an answer.",
            ),
        ),
    ),
    Question(
        "hop-no-pods", LESSON, "The same with no Pod anywhere: what does the client get?",
        OUTCOMES, lambda: stand_with([1, 0, 0], "Local"), without_pods,
        right="When the list of Pods is empty, the node refuses, whatever the policy.",
        wrong=(
            Wrong(
                "timeout",
                "While there are Pods on other nodes, Local does drop in silence. When there is no Pod at all, "
                "kube-proxy writes a rule that refuses at once.",
            ),
            Wrong("delivered", "There is nobody who could answer, that is true. But the node itself refuses, because "
            "it knows that the list of Pods is empty."),
        ),
    ),
    Question(
        "hop-local-sees", LESSON, "Local, a load balancer that passes packets on: whose address does the Pod see?",
        SENDERS, lambda: stand_with([1, 0, 0], "Local"), seen_through,
        right="No node sends the packet on, so no reply needs to return through a node, and the source stays.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "Under Cluster the node hides the client, and some load balancers do too. Here the load balancer "
                "forwards the packet unchanged, and with Local the node does not replace the source.",
            ),
        ),
    ),
    Question(
        "hop-inside", LESSON, "Local, the only Pod on node-1. A Pod on node-2 dials (a) the load balancer's address, "
        "(b) node-2's node port, (c) node-3's. Which answer?",
        Several(("a", "b", "c")), inside, from_inside,
        right="At the load balancer's address and at its own node a Pod is served as under Cluster. At node-3 it "
        "counts as traffic from outside.",
        wrong=(
            Wrong(
                lambda given, right: "a" not in given,
                "For a load balancer with a host name the packet does go out and come back through the front door, "
                "where Local holds. For an IP address the node's own rules take the packet at once, and serve the "
                "node's own Pods from the whole list.",
                5,
            ),
            Wrong(
                lambda given, right: "c" in given,
                "At its own node, Local does not bind a Pod. But a packet to node-3 carries node-2's address, and "
                "node-3 treats it as traffic from outside.",
                5,
            ),
            Wrong(
                lambda given, right: "b" not in given,
                "For a client outside, node-2 does drop the packet. For a Pod of its own it uses the whole list of "
                "Pods.",
                5,
            ),
        ),
    ),
    Question(
        "hop-pair", LESSON, "Local, two Pods on node-1 and one on node-2: what does each of the two get, in percent?",
        Percent(), lambda: stand_with([2, 1]), lambda cluster: _local(cluster, 0),
        right="Half of the connections arrive at node-1, and two Pods share them.",
        wrong=(
            Wrong(
                about(33.33),
                "Cluster does spread connections evenly over the Pods. Under Local the load balancer first gives "
                "half to each node, and each node then spreads its half over its own Pods.",
                25,
            ),
            Wrong(about(50), "This is the share of node-1, which is right as a first step. Its two Pods share it, so"
                             " each gets half of that."),
        ),
        otherwise="The load balancer sees nodes, not Pods: 1/(nodes with a Pod), then divided by the Pods there. "
        "{right} %.",
    ),
    Question(
        "hop-lone", LESSON, "And what does the lone Pod on node-2 get, in percent?",
        Percent(), lambda: stand_with([2, 1]), lambda cluster: _local(cluster, 2),
        right="It gets twice as much as either of the others, and one and a half times the mean.",
        wrong=(
            Wrong(
                about(33.33),
                "With equally many Pods on every node the shares do not change. Here the only Pod on node-2 gets "
                "everything that node-2 gets.",
                25,
            ),
        ),
        otherwise="Two nodes have Pods, so each gets half; the lone Pod does not share it: {right} %.",
    ),
    Question(
        "hop-crash", LESSON, "Local, a Pod on each of three nodes, and node-1 crashes: what part is lost before "
        "anybody notices?",
        PARTS, lambda: stand_with([1, 1, 1], "Local"), first_loss,
        right="Only the connections that arrive at the dead node are lost. No other node sends to its Pod.",
        wrong=(
            Wrong(
                "5/9",
                "Under Cluster, as in lesson 2, this is right: a connection is lost if it arrives at the dead node, "
                "or if it is sent to its Pod. With Local these two dangers are one.",
            ),
            Wrong(
                "0",
                "After its next checks the load balancer does know about the crash. Until then it uses the results "
                "of the last checks.",
            ),
        ),
    ),
    Question(
        "hop-hottest", LESSON, "Local, 3 + 1 + 1 Pods on three nodes: the load of the hottest Pod over the mean?",
        Choice(("1", "5/4", "3/2", "5/3", "3")), lambda: stand_with([3, 1, 1]), hottest,
        part="exercise",
        right="Pods ÷ (nodes with a Pod × the smallest number of Pods on one of them) = 5 ÷ (3 × 1).",
        wrong=(
            Wrong(
                "3",
                "This compares the busiest Pod with the least busy one: 1/3 with 1/9. The question compares it with "
                "the mean, which is 1/5 for five Pods.",
                25,
            ),
            Wrong("1", "Cluster does spread connections evenly over the Pods. Under Local the nodes get equal shares"
                       " first, however many Pods they have.", 25),
        ),
    ),
    Question(
        "hop-no-masquerade", LESSON, "The CNI leaves a Pod its own address on the way to another node. What does the "
        "Pod on node-2 get at node-3's node port, under Local?",
        OUTCOMES, inside_open,
        lambda cluster: outcome(cluster, node_port(cluster, "node-3"), "pod/shop-1"),
        part="optional",
        right="The reason is another one than before: the packet arrives, and its reply is lost.",
        wrong=(
            Wrong(
                "delivered",
                "node-3 does know a Pod by its address and serves it from the whole list, so the packet arrives. But"
                " the reply goes straight to the Pod on node-2, from an address to which the Pod never connected, "
                "and is thrown away.",
                5,
            ),
            Wrong("refused", "A node refuses when a Service has no Pod at all. Here there is one, on node-1, so the "
            "connection is not refused."),
        ),
    ),
)  # fmt: skip
