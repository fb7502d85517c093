"""Questions of lesson 0: refused or not, Pods and their labels, who reaches a ClusterIP, which port goes with it."""

from __future__ import annotations

from ...data import example
from ...kubectl.run import run
from ...model import Cluster
from ...router.router import send, shares
from ..forms import OUTCOMES, Choice, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "00_start_here"
APP = "api-backend"
CLIENT = "203.0.113.7"
UNUSED_PORT = 9999


def machines() -> Cluster:
    """Build three machines on which nothing runs yet."""
    return Cluster(nodes=3)


def two_deployments() -> Cluster:
    """Build the cluster of lesson 0 before it has a Service."""
    cluster = machines()
    cluster.deploy(APP, per_node=[1, 1, 0])
    cluster.deploy("frontend", per_node=[0, 0, 1])
    return cluster


def stand() -> Cluster:
    """Build the cluster of lesson 0: an app behind a ClusterIP Service, and another Pod that asks."""
    cluster = two_deployments()
    cluster.apply(example(APP))
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


def unused_port(cluster: Cluster) -> str:
    """Connect from outside to a node that runs, on a port where nothing listens."""
    return send(cluster, f"{cluster.nodes[1].addresses[0]}:{UNUSED_PORT}").outcome


def after_deletion(cluster: Cluster) -> str:
    """Delete a Pod of the Deployment, wait until it is gone, and look for a new one."""
    before = {pod.name: pod.ip for pod in cluster.pods if pod.app == APP}
    first = min(before)
    run(cluster, ["delete", "pod", first])
    cluster.advance(60)
    new = [pod for pod in cluster.pods if pod.app == APP and pod.name not in before]
    if not new:
        return "none"
    return "same" if new[0].ip == before[first] else "another"


def listed_pods(cluster: Cluster) -> str:
    """Start one more Pod with the label, and compare the Pods that the Service sends to with those before."""
    before = _reached(cluster)
    cluster.scale(APP, replicas=len(before) + 1)
    after = _reached(cluster)
    if after == before:
        return "fixed"
    return "labelled" if all(pod.app == APP for pod in cluster.pods if pod.name in after) else "every"


def _reached(cluster: Cluster) -> set[str]:
    """Return the Pods to which the Service sends connections."""
    service = cluster.service(APP)
    found = shares(cluster, f"{service.cluster_ip}:{service.ports[0].port}", client=_asker(cluster)).by_pod
    return set(found)


def _asker(cluster: Cluster) -> str:
    """Name a Pod that is not behind the Service."""
    selector = cluster.service(APP).selector.items()
    return next(f"pod/{pod.namespace}/{pod.name}" for pod in cluster.pods if not selector <= pod.labels.items())


def who_reaches(cluster: Cluster) -> frozenset[str]:
    """Try clusterIP:port from a Pod, a node and outside."""
    service = cluster.service(APP)
    target = f"{service.cluster_ip}:{service.ports[0].port}"
    askers = {"pod": _asker(cluster), "node": f"node/{cluster.nodes[0].name}", "client": CLIENT}
    return frozenset(word for word, who in askers.items() if send(cluster, target, client=who).delivered)


def pod_on_service_port(cluster: Cluster) -> str:
    """Ask a Pod's own address on the Service's port."""
    service = cluster.service(APP)
    backend = next(pod for pod in cluster.pods if service.selector.items() <= pod.labels.items())
    return send(cluster, f"{backend.ip}:{service.ports[0].port}", client=_asker(cluster)).outcome


def cluster_ip_on_target_port(cluster: Cluster) -> str:
    """Ask the clusterIP on the Pod's port."""
    service = cluster.service(APP)
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
        "start-refused", LESSON, "The machine with the address 10.0.0.2 is running. No program on it listens on port "
        "9999. A client connects to 10.0.0.2 on port 9999. What does the client get?",
        OUTCOMES, machines, unused_port,
        right="The machine receives the packet, finds no program for port 9999, and sends back an error at once.",
        wrong=(
            Wrong(
                "timeout",
                "It is true that no program is there to answer. The client would wait in vain if no machine received "
                "its packet. Here the machine is running, and its operating system sends back an error at once.",
            ),
            Wrong(
                "delivered",
                "It is true that the packet arrives at the machine. But an answer must come from a program, and no "
                "program listens on port 9999.",
            ),
        ),
    ),
    Question(
        "start-replaced", LESSON, "The Deployment api-backend was made with two Pods. Somebody deletes one of them. "
        "What do you find a minute later?",
        Choice(
            ("none", "same", "another"),
            labels={
                "none": "one Pod of api-backend: the deleted one is not replaced",
                "same": "two Pods of api-backend: the new one has the address of the deleted one",
                "another": "two Pods of api-backend: the new one has another address",
            },
        ),
        two_deployments, after_deletion,
        right="The Deployment replaces the Pod, and a new Pod gets an address of its own. A client that still uses the "
        "old address gets no answer.",
        wrong=(
            Wrong(
                "none",
                "A Pod that somebody starts without a Deployment is not replaced. But a Deployment goes on watching "
                "its Pods: it wants two, sees one, and starts another one.",
            ),
            Wrong(
                "same",
                "It is true that the Deployment replaces the Pod, and a container that is only restarted inside its "
                "Pod does keep the Pod's address. But a new Pod is another Pod: it has a new name and a new address.",
            ),
        ),
    ),
    Question(
        "start-selector", LESSON, "The Service api-backend has the selector app: api-backend. After the Service was "
        "created, you start one more Pod with the label app: api-backend. To which Pods does the Service now send "
        "connections?",
        Choice(
            ("fixed", "labelled", "every"),
            labels={
                "fixed": "only to the Pods that ran when the Service was created",
                "labelled": "to all Pods that carry the label, the new one too",
                "every": "to all Pods of the cluster, those of frontend too",
            },
        ),
        stand, listed_pods,
        right="Kubernetes compares labels all the time. Whenever a Pod with the label starts or ends, the list of the "
        "Service changes.",
        wrong=(
            Wrong(
                "fixed",
                "A list of addresses that somebody has written by hand would stay as it is. The list of a Service is "
                "made from the selector, and Kubernetes renews it whenever a Pod with the label starts or ends.",
                3,
            ),
            Wrong(
                "every",
                "All Pods are in one cluster, and each of them could be reached. But the Service sends only to Pods "
                "that carry every label of its selector. The label of frontend-1 is app: frontend.",
                3,
            ),
        ),
    ),
    Question(
        "start-who-reaches", LESSON, "Three senders try to connect to the ClusterIP on port 80. Who gets an answer? "
        "Tick everyone who does.",
        Several(
            ("pod", "node", "client"),
            also={"process": "node", "process on node": "node", "process on the node": "node"},
            labels={
                "pod": "the Pod frontend-1",
                "node": "a process on node-1",
                "client": "a client on the internet",
            },
        ),
        stand, who_reaches,
        right="The kernel of every node holds the rules for the ClusterIP. Packets that a Pod or a process on a node "
        "sends go through these rules; a packet from the internet never reaches them.",
        wrong=(
            Wrong(
                frozenset(),
                "It is true that no machine has this address. But on every node, rules in the kernel replace it with "
                "the address of a Pod before the packet leaves the node, so senders inside the cluster are served.",
            ),
            Wrong(
                lambda given, right: "client" in given - right,
                "A client on the internet can reach the addresses of the nodes, that is right. But no router outside "
                "the cluster knows the ClusterIP, so the packet of this client never arrives.",
            ),
            Wrong(
                lambda given, right: "pod" in right - given,
                "A Pod has an address of its own, that is right. But its packets leave through the kernel of its node, "
                "as those of a process on the node do, and the rules for the ClusterIP are in this kernel. Pods are "
                "the senders for which Services are made.",
            ),
            Wrong(
                lambda given, right: "node" in right - given and "pod" in given,
                "Services are made for Pods, that is right. But the rules are in the kernel of each node, so a "
                "process on the node is served too.",
            ),
        ),
    ),
    Question(
        "start-pod-port", LESSON, "The Pod frontend-1 connects to a Pod of api-backend at the Pod's own address, on "
        "port 80, the Service's port. What happens?",
        OUTCOMES, stand, pod_on_service_port,
        right="The packet arrives at the Pod, but its process listens only on the targetPort, 8080. So the connection "
        "is refused.",
        wrong=(
            Wrong(
                "delivered",
                "Where port and targetPort are the same number, the Pod does answer there. Here they differ, and "
                "only the ClusterIP translates one into the other.",
            ),
            Wrong(
                "timeout",
                "It is right that nothing listens on this port. But the Pod has this address and receives the packet, "
                "so the connection is refused at once. A timeout means that the packet was lost or dropped on its way.",
            ),
        ),
    ),
    Question(
        "start-clusterip-port", LESSON, "The Pod frontend-1 connects to the ClusterIP on port 8080, the Pod's port. "
        "What happens?",
        OUTCOMES, stand, cluster_ip_on_target_port,
        right="The rules look at address and port together. For port 8080 there is no rule, so nothing is replaced, "
        "and no machine has this address.",
        wrong=(
            Wrong(
                "delivered",
                "Where port and targetPort are the same number, this works. Here they differ, and there are rules only "
                "for the ClusterIP together with the Service's port.",
            ),
            Wrong(
                "refused",
                "A machine that receives the packet would refuse it. But no machine has the ClusterIP. There is no "
                "rule for port 8080, so the packet leaves the node and is lost. (This is so with the rules that "
                "kube-proxy writes by default, as in this cluster. Whoever runs a cluster can choose a newer "
                "form of rules, called nftables. It has one more rule, which refuses such packets, as you said.)",
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
                frozenset(),
                "No client outside reaches any of these addresses, that is right. But Pods and nodes reach both, each "
                "with the port that belongs to it.",
            ),
            Wrong(
                lambda given, right: "d" in given,
                "(d) is the right pair of address and port. But the client is outside, and no router there knows the"
                " ClusterIP.",
            ),
            Wrong(
                lambda given, right: "b" in given,
                "The process does listen on 8443. But nothing listens at the ClusterIP itself: a rule replaces address "
                "and port, and this rule is for port 443. For (b) there is no rule.",
            ),
            Wrong(
                lambda given, right: "c" in right - given,
                "Clients should use the Service, that is right. But nothing forbids (c): a node reaches every Pod "
                "directly, on the port where the Pod listens.",
            ),
            Wrong(
                lambda given, right: "a" in right - given,
                "(a) is the pair for which a Service is made: its own address with its own port.",
            ),
        ),
    ),
    Question(
        "start-container-port", LESSON, "In each of three Pods the process listens on port 3000. Each Pod has a "
        "Service. Which of the three Services answer?",
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
        right="The rules send to the number in targetPort. A containerPort is a note for people who read the manifest; "
        "it opens no port and closes none.",
        wrong=(
            Wrong(
                frozenset(),
                "A containerPort opens no port, that is right. But a process that listens needs no such line. Compare "
                "the targetPort of each Service with the port on which the process listens.",
                3,
            ),
            Wrong(
                frozenset({"a", "c"}),
                "In (a) and (c) the two lines agree with each other, and that looks right. But nobody compares them. "
                "Compare the targetPort of each Service with the port on which the process listens, 3000.",
                3,
            ),
            Wrong(
                frozenset({"a"}),
                "(a) does answer. In (b) and (c) containerPort is not the port on which the process listens, and that "
                "looks like a mistake. But packets go to the port in targetPort, whatever containerPort says.",
                3,
            ),
            Wrong(
                lambda given, right: "b" in right - given,
                "A containerPort of 9999 looks as if the process listened there. But packets go to the port in "
                "targetPort, whatever containerPort says: compare the targetPort with the port of the process, 3000.",
                3,
            ),
            Wrong(
                lambda given, right: "c" in given,
                "In (c) the two lines agree with each other, and that looks right. But neither of them opens a port. "
                "The rules send to the targetPort, so it must be the port on which the process listens, 3000.",
                3,
            ),
            Wrong(
                lambda given, right: "a" in right - given,
                "In (a) somebody wrote a containerPort that opens nothing, that is right. But its targetPort is the "
                "port on which the process listens, so the Service answers.",
                3,
            ),
        ),
    ),
)  # fmt: skip
