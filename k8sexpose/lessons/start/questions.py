"""Questions of lesson 0: who reaches a ClusterIP, and which port goes with which address."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import send
from ..forms import OUTCOMES, Question, Several, Wrong

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
        "start-who-reaches", LESSON, "Three senders try to connect to the ClusterIP on port 80. Who gets an answer?",
        Several(
            ("pod", "node", "client"),
            labels={
                "pod": "the Pod frontend-1",
                "node": "a process on node-1",
                "client": "a client on the internet",
            },
        ),
        stand, who_reaches,
        right="The kernel of every node holds the rules for the ClusterIP. Packets of Pods and of processes on a node "
        "pass these rules; a packet from the internet never reaches them.",
        wrong=(
            Wrong(
                frozenset(),
                "It is true that no machine has this address: it is on no interface. But rules in the kernel replace"
                " it before the packet leaves a node, so senders inside the cluster are served.",
            ),
            Wrong(
                lambda given, right: "client" in given - right,
                "Inside the cluster everybody can connect to this address. Outside, no router knows the ClusterIP, "
                "so the client's packet never arrives.",
            ),
            Wrong(
                lambda given, right: "node" in right - given,
                "Services are made for Pods, that is right. But the rules are in the kernel of each node, so a "
                "process on the node is served too.",
            ),
        ),
    ),
    Question(
        "start-pod-port", LESSON, "The Pod frontend-1 connects to a backend Pod's own address on port 80, the "
        "Service's port. What happens?",
        OUTCOMES, stand, pod_on_service_port,
        right="The Pod is there, but its process listens on the targetPort, 8080, only.",
        wrong=(
            Wrong(
                "delivered",
                "Where port and targetPort are the same number, the Pod does answer there. Here they differ, and "
                "only the ClusterIP translates one into the other.",
            ),
            Wrong(
                "timeout",
                "It is right that nothing listens on this port. But the Pod's kernel is alive and refuses at once. A"
                " timeout means that nobody received the packet.",
            ),
        ),
    ),
    Question(
        "start-clusterip-port", LESSON, "The Pod frontend-1 connects to the ClusterIP on port 8080, the Pod's port. "
        "What happens?",
        OUTCOMES, stand, cluster_ip_on_target_port,
        right="The rules match address and port together. For port 8080 there is no rule, so nothing is replaced, and "
        "no machine has this address.",
        wrong=(
            Wrong(
                "delivered",
                "Where port and targetPort are the same number, this works. Here they differ, and the rules match "
                "the ClusterIP and the Service's port together.",
            ),
            Wrong(
                "refused",
                "A machine that receives the packet would refuse it. But there is no machine behind the ClusterIP. No"
                " rule fits port 8080, so the packet goes on and is lost. (With nftables rules, the other kind, it "
                "would be refused.)",
            ),
        ),
    ),
    Question(
        "start-pairs", LESSON, "The Service till has port 443 and targetPort 8443. Which connections are answered?",
        Several(
            ("a", "b", "c", "d"),
            labels={
                "a": "(a) a Pod connects to the ClusterIP on 443",
                "b": "(b) a Pod connects to the ClusterIP on 8443",
                "c": "(c) a process on a node connects to a Pod's address on 8443",
                "d": "(d) a client on the internet connects to the ClusterIP on 443",
            },
        ),
        till, pairs_that_answer,
        part="exercise",
        right="The ClusterIP goes with port, a Pod's address goes with targetPort, and both are reached from inside "
        "only.",
        wrong=(
            Wrong(
                lambda given, right: "d" in given,
                "(d) is the right pair of address and port. But the client is outside, and no router there knows the"
                " ClusterIP.",
            ),
            Wrong(
                lambda given, right: "b" in given,
                "The process does listen on 8443. But nothing listens at the ClusterIP itself: a rule translates, "
                "and the rule is for port 443.",
            ),
            Wrong(
                lambda given, right: "c" in right - given,
                "Clients should use the Service, that is right. But nothing forbids (c): a node reaches every Pod "
                "directly, on the port where the Pod listens.",
            ),
            Wrong(
                lambda given, right: "a" in right - given,
                "(a) is missing, and it is the pair for which a Service is made: its own address with its own port.",
            ),
        ),
    ),
    Question(
        "start-container-port", LESSON, "In three Pods the process listens on 3000. Which of their Services answer?",
        Several(
            ("a", "b", "c"),
            labels={
                "a": "(a) containerPort 3000, targetPort 3000",
                "b": "(b) containerPort 9999, targetPort 3000",
                "c": "(c) containerPort 9999, targetPort 9999",
            },
        ),
        notes, services_that_answer,
        part="exercise",
        right="The rules send to the number in targetPort. A containerPort is a note for the reader; no packet looks "
        "at it.",
        wrong=(
            Wrong(
                lambda given, right: "b" in right - given,
                "Where targetPort is a name, containerPort matters: the name is looked up there. Here targetPort is "
                "a number, so packets go straight to the process on that port.",
                3,
            ),
            Wrong(
                lambda given, right: "c" in given,
                "containerPort only informs people; it opens nothing. Traffic goes to targetPort, so targetPort must "
                "be 3000, the port on which the process listens.",
                3,
            ),
        ),
    ),
)  # fmt: skip
