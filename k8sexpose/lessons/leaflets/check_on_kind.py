"""Questions of the leaflet check_on_kind, and the cluster that kind makes of its three lines."""

from __future__ import annotations

from ...api.objects import Node
from ...data import example
from ...model import Cluster
from ...router.router import send
from ..forms import OUTCOMES, Choice, Question, Wrong

__all__ = ["QUESTIONS", "kind_cluster"]

LESSON = "leaflets/check_on_kind"
NAME = "web-on-kind"
NAMES = ("kind-control-plane", "kind-worker", "kind-worker2")
ROLE = "node-role.kubernetes.io/control-plane"
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"  # kubeadm sets both on its control plane


def kind_cluster() -> Cluster:
    """Build what ``kind create cluster`` makes of a control plane and two workers: names, addresses, labels.

    Examples
    --------
    >>> [node.name for node in kind_cluster().nodes]
    ['kind-control-plane', 'kind-worker', 'kind-worker2']
    """
    nodes = []
    for number, name in enumerate(NAMES):
        labels = {ROLE: "", EXCLUDED: ""} if number == 0 else {}
        nodes.append(Node(name, (f"172.18.0.{number + 2}",), labels=labels))
    return Cluster(nodes, provider="kind")


def with_service(policy: str = "Cluster") -> Cluster:
    """Build the cluster with its Pod and its Service."""
    cluster = kind_cluster()
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy}})
    return cluster


def with_local() -> Cluster:
    """Build the cluster of section 3."""
    return with_service("Local")


def sender(cluster: Cluster) -> str:
    """Return the name of the node whose address the Pod sees, when the control plane asks the second worker."""
    seen = send(cluster, f"{_address(cluster, NAMES[2])}:32000", client=f"node/{NAMES[0]}").client_seen
    return next(node.name for node in cluster.nodes if seen in node.addresses)


def outcome(cluster: Cluster) -> str:
    """Return what the control plane gets from the second worker."""
    return send(cluster, f"{_address(cluster, NAMES[2])}:32000", client=f"node/{NAMES[0]}").outcome


def _address(cluster: Cluster, name: str) -> str:
    return next(node.addresses[0] for node in cluster.nodes if node.name == name)


QUESTIONS: tuple[Question, ...] = (
    Question(
        "kind-sender", LESSON, "A Pod runs on kind-worker, behind a NodePort with the policy Cluster. A program on "
        "kind-control-plane connects to the node port of kind-worker2. Whose address does the Pod see as the sender?",
        Choice(NAMES), with_service, sender,
        part="optional",
        right="The node that the connection arrived at puts its own address in place of the client's, so that the "
        "answer comes back through it.",
        wrong=(
            Wrong(
                "kind-control-plane",
                "The client is kind-control-plane, and under Local the Pod would see it. Under Cluster the node that "
                "the connection arrived at replaces the source address with its own.",
                7,
            ),
            Wrong(
                "kind-worker",
                "The Pod does run on kind-worker. But this node only receives the packet: its source was replaced "
                "earlier, on the node that the connection arrived at.",
            ),
        ),
    ),
    Question(
        "kind-local", LESSON, "A NodePort Service has externalTrafficPolicy: Local, and its only Pod runs on "
        "kind-worker. A program on kind-control-plane connects to the node port of kind-worker2. What does it get?",
        OUTCOMES, with_local, outcome,
        part="optional",
        right="This node has no Pod of its own and may not pass the packet on, so it drops it without an answer.",
        wrong=(
            Wrong(
                "refused",
                "With no Pod in the whole cluster this would be right. Here a Pod exists on another node, and the rule "
                "for this case drops the packet in silence.",
            ),
            Wrong(
                "delivered",
                "Under Cluster every node answers. Under Local a node chooses from its own Pods only, and "
                "kind-worker2 has none.",
                8,
            ),
        ),
    ),
)  # fmt: skip
