"""Questions of lesson 0: who reaches a ClusterIP, and which port goes with which address."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import send
from ..forms import OUTCOMES, Choice, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "00_start_here"
CLIENT = "203.0.113.7"


def stand() -> Cluster:
    """Build the cluster of lesson 0: an app behind a ClusterIP Service, and another Pod that asks."""
    cluster = Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 1, 0])
    cluster.deploy("frontend", per_node=[0, 0, 1])
    cluster.apply(example("api-backend"))
    return cluster


def till() -> Cluster:
    """Build the cluster of the first exercise: other ports, and a Pod that asks."""
    cluster = Cluster(nodes=3)
    cluster.deploy("till", per_node=[1, 1, 0], port=8443)
    cluster.deploy("frontend", per_node=[0, 0, 1])
    cluster.apply(_service("till", 443, 8443))
    return cluster


def notes() -> Cluster:
    """Build the cluster of the second exercise: a process on 3000, and what container and Service say of it."""
    cluster = Cluster(nodes=3)
    cluster.deploy("frontend", per_node=[0, 0, 1])
    for letter, container_port, target_port in ("a", 3000, 3000), ("b", 9999, 3000), ("c", 9999, 9999):
        cluster.deploy(letter, per_node=[1, 0, 0], port=3000, container_port=container_port)
        cluster.apply(_service(letter, 80, target_port))
    return cluster


def _service(app: str, port: int, target_port: int) -> dict[str, object]:
    """Write a Service of an app, under the app's name."""
    spec = {"selector": {"app": app}, "ports": [{"port": port, "targetPort": target_port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": app}, "spec": spec}


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


def pairs_that_answer(cluster: Cluster) -> frozenset[str]:
    """Try four pairs of address and port."""
    service = cluster.service("till")
    port = service.ports[0]
    pod = next(pod for pod in cluster.pods if pod.app == "till")
    ways = {
        "a": (f"{service.cluster_ip}:{port.port}", "pod/frontend-1"),
        "b": (f"{service.cluster_ip}:{port.target_port}", "pod/frontend-1"),
        "c": (f"{pod.ip}:{port.target_port}", f"node/{cluster.nodes[2].name}"),
        "d": (f"{service.cluster_ip}:{port.port}", CLIENT),
    }
    return frozenset(letter for letter, (target, who) in ways.items() if send(cluster, target, client=who).delivered)


def services_that_answer(cluster: Cluster) -> frozenset[str]:
    """Ask each of the three Services from a Pod."""
    ips = {letter: cluster.service(letter).cluster_ip for letter in "abc"}
    return frozenset(one for one, ip in ips.items() if send(cluster, f"{ip}:80", client="pod/frontend-1").delivered)


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
    Question(
        "start-pairs", LESSON, "Service till: port 443, targetPort 8443. Which answer: (a) a Pod dials clusterIP:443, "
        "(b) a Pod dials clusterIP:8443, (c) a node dials a Pod's address:8443, (d) a client dials clusterIP:443?",
        Several(("a", "b", "c", "d")), till, pairs_that_answer,
        part="exercise",
        right="{right}: clusterIP with port, a Pod's address with targetPort, and both from inside only.",
        wrong=(
            Wrong(
                lambda given, right: "d" in given,
                "You let the client in with (d). With the right pair of address and port, but outside: no router "
                "there knows the clusterIP. The model says: {right}.",
            ),
            Wrong(
                lambda given, right: "b" in given,
                "You took (b): the process does listen on 8443. At the clusterIP nobody listens at all; a rule "
                "translates, and the rule is for 443. The model says: {right}.",
            ),
            Wrong(
                lambda given, right: "c" in right - given,
                "You left out (c): clients shall use the Service. They should, but nothing forbids the direct way: "
                "nodes reach every Pod, on the port where it listens. The model says: {right}.",
            ),
            Wrong(
                lambda given, right: "a" in right - given,
                "You left out (a), the pair that a Service is made for: its own address with its own port. "
                "The model says: {right}.",
            ),
        ),
    ),
    Question(
        "start-container-port", LESSON, "The process listens on 3000. containerPort and targetPort: (a) 3000 and 3000, "
        "(b) 9999 and 3000, (c) 9999 and 9999. Which Services answer?",
        Several(("a", "b", "c")), notes, services_that_answer,
        part="exercise",
        right="{right}: the rules send to targetPort as a number. A containerPort is a note to the reader; no packet "
        "reads it.",
        wrong=(
            Wrong(
                lambda given, right: "b" in right - given,
                "You expected containerPort to open the port, as the reporter did. Where targetPort is a name, "
                "containerPort is looked up by that name. A number goes straight to the process. It is {right}.",
                3,
            ),
            Wrong(
                lambda given, right: "c" in given,
                "You expected that it is enough if targetPort and containerPort agree. They do, but the process "
                "listens elsewhere, and its kernel refuses. The model says: {right}.",
                3,
            ),
        ),
    ),
)  # fmt: skip
