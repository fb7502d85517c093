"""Questions of lesson 0: who reaches a ClusterIP, and which port goes with which address."""

from __future__ import annotations

from ..cluster import Cluster
from ..files import example
from ..router import send
from .question import Choice, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "00_start_here"
CLIENT = "203.0.113.7"
OUTCOMES = Choice(("delivered", "refused", "timeout"))


def stand() -> Cluster:
    """Build the cluster of lesson 0: an app behind a ClusterIP Service, and another Pod that asks."""
    cluster = Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 1, 0])
    cluster.deploy("frontend", per_node=[0, 0, 1])
    cluster.apply(example("api-backend"))
    return cluster


def _asker(cluster: Cluster) -> str:
    """Name a Pod that is not behind the Service."""
    selector = cluster.service("api-backend").selector.items()
    return next(f"pod/{pod.namespace}/{pod.name}" for pod in cluster.pods if not selector <= pod.labels.items())


def who_reaches(cluster: Cluster) -> frozenset[str]:
    """Try clusterIP:port from a Pod, a node and outside."""
    service = cluster.service("api-backend")
    target = f"{service.cluster_ip}:{service.ports[0].port}"
    askers = {"pod": _asker(cluster), "node": f"node/{cluster.nodes[0].name}", "client": CLIENT}
    return frozenset(word for word, who in askers.items() if send(cluster, target, client=who).delivered)


def pod_on_service_port(cluster: Cluster) -> str:
    """Ask a Pod's own address on the Service's port."""
    service = cluster.service("api-backend")
    backend = next(pod for pod in cluster.pods if service.selector.items() <= pod.labels.items())
    return send(cluster, f"{backend.ip}:{service.ports[0].port}", client=_asker(cluster)).outcome


def cluster_ip_on_target_port(cluster: Cluster) -> str:
    """Ask the clusterIP on the Pod's port."""
    service = cluster.service("api-backend")
    return send(cluster, f"{service.cluster_ip}:{service.ports[0].target_port}", client=_asker(cluster)).outcome


QUESTIONS = (
    Question(
        "start-who-reaches", LESSON, "Who reaches the clusterIP on port 80: a Pod, a node, a client?",
        Several(("pod", "node", "client"), {"customer": "client", "clients": "client", "pods": "pod", "nodes": "node"}),
        stand, who_reaches,
        right="{right}: the rules for the clusterIP stand in the kernel of every node, and nowhere else.",
        wrong=(
            Wrong(
                frozenset(),
                "You expected nobody: no machine has this address. True, it is on no interface. The kernel rules "
                "replace it before the packet leaves the node. The model says: {right}.",
            ),
            Wrong(
                lambda given, right: "client" in given - right,
                "You let the client in: an address, so it can be dialled. That holds inside the cluster. "
                "Outside, no router knows the clusterIP. The model says: {right}.",
            ),
            Wrong(
                lambda given, right: "node" in right - given,
                "You left out the node: a Service serves Pods. Pods are what it is made for. But the rules stand in "
                "each node's kernel, so a process on the node is served too. The model says: {right}.",
            ),
        ),
    ),
    Question(
        "start-pod-port", LESSON, "A Pod dials another Pod's own address on the Service's port, 80. What happens?",
        OUTCOMES, stand, pod_on_service_port,
        right="{right}: the Pod is there, but its process listens on the targetPort only.",
        wrong=(
            Wrong(
                "delivered",
                "You expected the Service's port to work at the Pod too. Where port and targetPort are the same number "
                "it does. Here they differ, and only the clusterIP translates. The model says: {right}.",
            ),
            Wrong(
                "timeout",
                "You expected silence: nothing listens. Nothing does, but the Pod's kernel is alive and says so at "
                "once. Silence is for packets that nobody picks up. The model says: {right}.",
            ),
        ),
    ),
    Question(
        "start-clusterip-port", LESSON, "A Pod dials the clusterIP on the Pod's port, 8080. What happens?",
        OUTCOMES, stand, cluster_ip_on_target_port,
        right="{right}: the rules match address and port together. No rule, no rewriting, nobody at that address.",
        wrong=(
            Wrong(
                "delivered",
                "You expected the targetPort to work at the clusterIP too. Where port and targetPort are the same "
                "number it does. The rules match clusterIP and port together. The model says: {right}.",
            ),
            Wrong(
                "refused",
                "You expected a no. Some kube-proxy modes (nftables) do say it. In iptables mode no rule "
                "matches, so nobody is there to refuse. The model says: {right}.",
            ),
        ),
    ),
)  # fmt: skip
