"""Questions of lesson 2: who makes a load balancer, what it has inside, what its checks ask."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...api.objects import Node
from ...cloud.health_checks import EXCLUDED
from ...cloud.load_balancer import target_health
from ...cloud.providers import provider
from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ...traffic.crash import Crash, watch_crash
from ..forms import Blanks, Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "02_loadbalancer"
NAME = "public-api-lb"
HOUR_S = 3600.0
PARTS = Choice(("0", "1/9", "2/9", "1/3", "4/9", "5/9", "2/3", "1"))
INSIDE, STRANGER = "node/node-1", "203.0.113.7"


def lesson_cluster(cloud: Any = "generic", spec: Mapping[str, Any] | None = None, wait_s: float = 0) -> Cluster:
    """Build the cluster of lesson 2: a Pod on every node, and a Service of type LoadBalancer.

    Parameters
    ----------
    cloud : object
        As for ``Cluster(provider=…)``.
    spec : mapping, optional
        Fields that its manifest has beside those of the example, which then has no annotation.
    wait_s : float
        How long to wait afterwards.
    """
    cluster = Cluster(nodes=3, provider=cloud)
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    if spec is None:
        cluster.apply(example(NAME))
    else:
        ports = [{"port": 80, "targetPort": 8080}]
        body = {"type": "LoadBalancer", "selector": {"app": "api-backend"}, "ports": ports, **spec}
        cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": body})
    cluster.advance(wait_s)
    return cluster


def provisioned_cluster() -> Cluster:
    """Build the same, with its address in the status."""
    return lesson_cluster(wait_s=40)


def address(cluster: Cluster) -> str:
    """Read the address of the load balancer; empty while it is pending."""
    found = cluster.service(NAME).load_balancer_ingress
    return next((entry.address for entry in found if entry.address), "")


def front_url(cluster: Cluster) -> str:
    """Write the load balancer's address and port as a URL."""
    return f"http://{address(cluster)}:{cluster.service(NAME).ports[0].port}"


def node_port(cluster: Cluster) -> str:
    """Write the first node's address and the node port."""
    return f"{cluster.nodes[0].addresses[0]}:{cluster.service(NAME).ports[0].node_port}"


def _comes(cluster: Cluster) -> bool:
    cluster.advance(HOUR_S)
    return bool(address(cluster))


def waits_for(cluster: Cluster) -> str:
    """Take one after the other away, and see without which no address comes within an hour."""
    without: dict[str, Cluster] = {name: lesson_cluster() for name in ("pods", "kube-proxy")}
    without["controller"] = lesson_cluster(None)
    without["pods"].scale("api-backend", per_node=[0, 0, 0])
    for node in without["kube-proxy"].nodes:
        without["kube-proxy"].stop_proxy(node.name)
    needed = [name for name, each in without.items() if not _comes(each)]
    return needed[0] if needed else "nobody"


def doors(cluster: Cluster) -> frozenset[str]:
    """Try load balancer and node port from outside, and the clusterIP from a node."""
    service = cluster.service(NAME)
    tries = {
        "load balancer": (front_url(cluster), STRANGER),
        "node port": (node_port(cluster), STRANGER),
        "clusterip": (f"{service.cluster_ip}:{service.ports[0].port}", INSIDE),
    }
    return frozenset(
        name for name, (target, who) in tries.items() if all(way.delivered for way in routes(cluster, target, who))
    )


def cluster_ip_legs(cluster: Cluster) -> str:
    """Count the legs through the load balancer on which the packet carries the clusterIP."""
    inside = cluster.service(NAME).cluster_ip
    counts = (
        sum(inside in f"{hop.before} {hop.after}" for hop in way.hops) for way in routes(cluster, front_url(cluster))
    )
    return str(max(counts))


def _crash(cluster: Cluster) -> Crash:
    return watch_crash(cluster, NAME, cluster.nodes[0].name)


def _lost(cluster: Cluster, number: int) -> str:
    """Tell the part that the load balancer's client loses in the given step, counted from the crash."""
    steps = [step for step in _crash(cluster).steps if step.at_s >= 0]
    return str(steps[number].lost)


def slow_checks(cluster: Cluster) -> str:
    """Crash a node where the load balancer asks every 30 s; tell after how many seconds nothing more is lost."""
    slow = lesson_cluster(provider("generic", health_check_interval_s=30), wait_s=40)
    return f"{_crash(slow).healed_s or 0:g}"


def healthy_without_app(cluster: Cluster) -> str:
    """Let every Pod hang, wait, and count the targets that the load balancer calls healthy."""
    for pod in cluster.pods:
        cluster.set_ready(f"{pod.namespace}/{pod.name}", False)
    cluster.advance(120)
    return str(sum(target.healthy for target in target_health(cluster, NAME)))


def one_node() -> Cluster:
    """Build what kubeadm makes on one machine, with a cloud's controller."""
    labels = {EXCLUDED: "", "node-role.kubernetes.io/control-plane": ""}
    cluster = Cluster(nodes=[Node("node-1", ("10.0.0.1",), pod_cidr="10.244.1.0/24", labels=labels)])
    cluster.deploy("api-backend", per_node=[1])
    cluster.apply(example(NAME))
    cluster.advance(120)
    return cluster


def count_targets(cluster: Cluster) -> str:
    """Count the targets of the load balancer."""
    return str(len(target_health(cluster, NAME)))


def laptop() -> Cluster:
    """Build the cluster of lesson 2 where nobody makes load balancers."""
    return lesson_cluster("kind")


def after_an_hour(cluster: Cluster) -> frozenset[str]:
    """Wait for an hour; tell what there is: an address, an event, a node port that answers."""
    cluster.advance(HOUR_S)
    about = [event for event in cluster.events if event.object == f"service/{NAME}"]
    works = shares(cluster, node_port(cluster)).lost == 0
    found = {"address": bool(address(cluster)), "event": bool(about), "node port": works}
    return frozenset(word for word, there in found.items() if there)


def five_nodes() -> Cluster:
    """Build a cluster of five nodes with a Pod on each, and the load balancer of the lesson."""
    cluster = Cluster(nodes=5)
    cluster.deploy("api-backend", per_node=[1, 1, 1, 1, 1])
    cluster.apply(example(NAME))
    cluster.advance(40)
    return cluster


def lost_of_five(cluster: Cluster) -> tuple[float, float]:
    """Crash one node; tell in percent what is lost at first, and once the load balancer has noticed."""
    return 100 * float(Fraction(_lost(cluster, 0))), 100 * float(Fraction(_lost(cluster, 1)))


QUESTIONS = (
    Question(
        "lb-pending", LESSON, "You have just applied a Service of type LoadBalancer, and EXTERNAL-IP says <pending>. "
        "Which of these must be running before the Service can get an address?",
        Choice(
            ("nobody", "pods", "kube-proxy", "controller"),
            labels={
                "nobody": "nothing else: the API server is already working on the address",
                "pods": "Pods of this Service that are ready",
                "kube-proxy": "kube-proxy on the nodes",
                "controller": "a program that watches for such Services and calls the cloud",
            },
        ),
        lesson_cluster, waits_for,
        right="The Service is a request. An address appears when a controller sees this request and calls the cloud.",
        wrong=(
            Wrong(
                "nobody",
                "Where a cloud's controller runs, waiting is enough. But the API server finished its own part when it "
                "answered kubectl apply. Without the controller, the Service stays pending forever.",
                1,
            ),
            Wrong(
                "pods",
                "Without ready Pods no client gets an answer, that is true. But the load balancer gets its address "
                "whether or not a Pod is ready.",
                1,
            ),
            Wrong(
                "kube-proxy",
                "kube-proxy does write rules for the address, but only after the address has appeared in the status."
                " The address itself comes from another program.",
                1,
            ),
        ),
    ),
    Question(
        "lb-laptop", LESSON, "You apply the same Service of type LoadBalancer on kind, a cluster on your laptop with "
        "nothing added to it. What is there an hour later?",
        Several(
            ("address", "event", "node port"),
            {"nodeport": "node port", "port": "node port"},
            {
                "address": "an address under EXTERNAL-IP",
                "event": "an event that says why there is no address",
                "node port": "a node port that answers inside the laptop's own network",
            },
        ),
        laptop, after_an_hour,
        right="No program watches for such Services, so nothing happens and no event is written. The node port was "
        "allocated by the API server, so it works.",
        wrong=(
            Wrong(
                lambda given, right: "address" in given,
                "In a cloud, waiting helps, because a controller there makes the load balancer. On kind no such "
                "controller runs until you start one, so nobody sees the request.",
                1,
            ),
            Wrong(
                lambda given, right: "event" in given,
                "A controller that fails does report it in an event. Here there is no controller, so there is no "
                "program that could write the event.",
                1,
            ),
            Wrong(
                frozenset(),
                "The Service has no address, that is right. But its node port was allocated while kubectl apply ran, "
                "and a node port needs no cloud.",
                1,
            ),
        ),
    ),
    Question(
        "lb-doors", LESSON, "A Service of type LoadBalancer has its address. Through which of these entrances does a "
        "client reach a Pod?",
        Several(
            ("load balancer", "node port", "clusterip"),
            {
                "lb": "load balancer", "loadbalancer": "load balancer", "nodeport": "node port",
                "cluster ip": "clusterip",
            },
            {
                "load balancer": "the load balancer's address, port 80 (client on the internet)",
                "node port": "a node's address and the node port (client on the internet, firewall open)",
                "clusterip": "the ClusterIP, port 80 (process on a node)",
            },
        ),
        provisioned_cluster, doors,
        right="A LoadBalancer contains a NodePort, and a NodePort contains a ClusterIP.",
        wrong=(
            Wrong(
                frozenset({"load balancer"}),
                "Only one word in the manifest is different, that is right. But a LoadBalancer contains the node port "
                "and the ClusterIP, so these entrances still exist.",
            ),
            Wrong(
                frozenset(),
                "Without a single Pod that is ready this is right. Here three Pods are ready, and all three entrances "
                "lead to them.",
            ),
            Wrong(
                lambda given, right: "load balancer" not in given,
                "While the Service is pending, the load balancer leads nowhere, that is right. But now its address is "
                "in the status, and it leads to a Pod as well.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose does lead to a Pod. But the load balancer needs a port on the nodes, and the nodes' "
                "rules need the Service's list of Pods, so the other entrances still exist too.",
            ),
        ),
    ),
    Question(
        "lb-legs", LESSON, "A packet travels in three steps: client → load balancer → node → Pod. In how many of the "
        "three steps is the ClusterIP its source or its destination?",
        Choice(("0", "1", "2", "3")), provisioned_cluster, cluster_ip_legs,
        right="The nested boxes describe configuration. The node's rules send the packet straight to a Pod from the "
        "list.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "As a picture of the configuration this is right, and many drawings show it: load balancer, node "
                "port, ClusterIP, Pod. But the packet itself never carries the ClusterIP: the node replaces the "
                "destination with the address of a Pod at once.",
            ),
        ),
    ),
    Question(
        "lb-lost-first", LESSON, "Three nodes, each with one Pod. The load balancer sends a third of the new "
        "connections to each node, and each node sends a third of its connections to each Pod. node-1 fails, and "
        "neither the load balancer nor the cluster has noticed it yet. What fraction of the new connections is lost?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 0),
        right="A third of the connections arrive at the failed node. Of the other two thirds, a third is sent to the "
        "failed node's Pod.",
        wrong=(
            Wrong(
                "0",
                "After its next checks the load balancer knows about the failure, and then it helps. Until then it "
                "uses the results of the last checks, so it still sends connections to the failed node.",
            ),
            Wrong(
                "1/3",
                "A third is lost because it arrives at the failed node, that is right. But the other two nodes also "
                "send connections to the failed node's Pod. A delivered connection must avoid both: 1 − 2/3 × 2/3.",
            ),
            Wrong(
                "2/3",
                "Both dangers count, and each has a chance of one third. But connections that meet both of them are "
                "counted twice in this sum: those that arrive at the failed node and would go to its Pod.",
            ),
            Wrong(
                "4/9",
                "This is the fraction that gets through: 2/3 × 2/3. The question asks for the fraction that is lost.",
            ),
            Wrong(
                "2/9",
                "This is what the two other nodes lose: 2/3 × 1/3. You must add the third of the connections that "
                "arrive at the failed node.",
            ),
            Wrong(
                "1/9",
                "One combination in nine meets both dangers: it arrives at the failed node and would go to its Pod. "
                "But one danger alone is enough to lose a connection.",
            ),
            Wrong(
                "1",
                "A client that uses the failed node's own address does lose everything. The load balancer also sends "
                "to the two other nodes, and the Pods there answer.",
            ),
        ),
    ),
    Question(
        "lb-lost-then", LESSON, "The health checks have failed twice, so the load balancer sends nothing to node-1 any "
        "more. The Pod of node-1 is still in the Service's list. What fraction of the new connections is lost now?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 1),
        right="No connection arrives at node-1 any more, but the other nodes still send a third of theirs to its Pod.",
        wrong=(
            Wrong(
                "0",
                "The health check does stop connections to the failed node. Where a load balancer sends directly to "
                "Pods, nothing more would be lost. But here the rules on the other nodes still list the failed Pod.",
            ),
            Wrong(
                "2/9",
                "Before, the two other nodes received two thirds of the connections and lost a third of them: 2/9. Now "
                "they receive all connections, and still lose a third.",
            ),
            Wrong(
                "5/9",
                "Nobody tells the load balancer about the failure, that is right. But it has found out with its own "
                "checks, so no connection arrives at the failed node any more. Only the node's Pod is still listed.",
            ),
        ),
        otherwise="In the picture after the failure, strike out the row of node-1: six connections are left, all "
        "equally likely. Count those that are lost.",
    ),
    Question(
        "lb-lost-last", LESSON, "It is one minute after node-1 failed. Its Pod has not been replaced yet. What "
        "fraction of the load balancer's new connections is lost now?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 2),
        right="After 50 s the cluster removes the Pods of a silent node from the list, so nothing is sent to them.",
        wrong=(
            Wrong(
                "1/3",
                "A new Pod does start, but only about five minutes later. Before that, the failed Pod is removed from "
                "the list, and the two other Pods get all connections.",
            ),
            Wrong(
                "1",
                "For a client that uses node-1's own address everything stays lost. Through the load balancer "
                "nothing is lost any more, because both clocks have run out.",
            ),
            Wrong(
                lambda given, right: given != right,
                "In the first seconds connections are lost, that is right. By now both clocks have run out: the load "
                "balancer sends nothing to node-1, and the Pod of node-1 is no longer in the Service's list.",
            ),
        ),
    ),
    Question(
        "lb-slow-checks", LESSON, "A load balancer checks each node every 30 s, and removes it after two failed "
        "checks. The cluster removes the Pods of a silent node after 50 s. How long does it take, at most, "
        "until no connection is lost any more?",
        Choice(("30", "50", "60", "80", "110"), "s"), lesson_cluster, slow_checks,
        right="Both clocks start at the failure, and the slower one decides.",
        wrong=(
            Wrong(
                "110",
                "If one clock waited for the other, the times would add up. But the two clocks run at the same time "
                "and know nothing of each other.",
            ),
            Wrong(
                "80",
                "Both numbers matter, that is right. But the two clocks run at the same time, and the load "
                "balancer needs two failed checks.",
            ),
            Wrong(
                "50",
                "With checks every 10 s the cluster's clock is the slower one, and this would be right. Here the "
                "load balancer still sends to the failed node after the cluster has removed the Pod.",
            ),
            Wrong(
                "30",
                "The time between two checks is the right place to start. But one lost answer must not remove a "
                "good node, so the load balancer waits for a second failed check.",
            ),
        ),
    ),
    Question(
        "lb-check-app", LESSON, "Every Pod of the Service hangs, and none is ready. kube-proxy works on all three "
        "nodes. How many of the three nodes does our load balancer call healthy, two minutes later?",
        Choice(("0", "1", "2", "3")), provisioned_cluster, healthy_without_app,
        right="This load balancer asks kube-proxy on each node, and kube-proxy works.",
        wrong=(
            Wrong(
                "0",
                "Where a load balancer checks the Pods or the node port, its check does fail when no Pod is ready, so "
                "it would call no node healthy. This one asks kube-proxy on each node, and kube-proxy answers "
                "whatever the app does.",
                18,
            ),
            Wrong(
                lambda given, right: given != right,
                "Nodes do get different results when something differs between them. Here the check asks only "
                "kube-proxy, and kube-proxy runs in the same way on each node.",
                18,
            ),
        ),
    ),
    Question(
        "lb-one-node", LESSON, "A cluster has a single machine, set up with kubeadm. It runs the API server and also "
        "the Pod. A Service of type LoadBalancer gets its address. How many nodes does the load balancer send to?",
        Choice(
            ("0", "1"),
            labels={"0": "0 nodes: no client gets an answer", "1": "1 node: the machine that runs the Pod"},
        ),
        one_node, count_targets,
        right="On its control-plane node, kubeadm sets a label, and nodes with this label are not used as targets.",
        wrong=(
            Wrong(
                "1",
                "A control-plane node without the label does get traffic from load balancers. But kubeadm sets the "
                "label node.kubernetes.io/exclude-from-external-load-balancers on it. (The machine's node port does "
                "answer.)",
                13,
            ),
        ),
    ),
    Question(
        "lb-five-nodes", LESSON, "Five nodes, each with one Pod. The load balancer spreads new connections evenly over "
        "the nodes, and each node spreads its connections evenly over all Pods. One node fails. What percentage of "
        "the new connections is lost?",
        Blanks(
            {"before the failure has been noticed": Percent(), "once the load balancer has noticed it": Percent()}
        ),
        five_nodes, lost_of_five,
        part="exercise",
        right="A connection gets through with probability 4/5 × 4/5 at first, and with 4/5 once no connection "
        "arrives at the failed node.",
        wrong=(
            Wrong(
                lambda given, right: abs(given[0] - 20) < 0.5,
                "One node of five receives 20 %, that is right. But the four other nodes also send a fifth of their "
                "connections to the failed node's Pod: 1 − 4/5 × 4/5.",
            ),
            Wrong(
                lambda given, right: abs(given[0] - 40) < 0.5,
                "Both dangers count, and each has a chance of one fifth. But connections that meet both of them are "
                "counted twice in this sum. Multiply the chances of getting through: 4/5 × 4/5.",
            ),
            Wrong(
                lambda given, right: abs(given[0] - 64) < 0.5,
                "This is the percentage that gets through at first: 4/5 × 4/5. The question asks for what is lost.",
            ),
            Wrong(
                lambda given, right: abs(given[0] - right[0]) < 0.5 and given[1] < 0.5,
                "The first number is right. The second would be right for a load balancer that sends directly to "
                "Pods. Here the failed node's Pod stays in the list of the other nodes for longer.",
            ),
        ),
        otherwise="Draw the table of the lesson with five rows and five columns: 25 equally likely connections. "
        "Count those that are lost.",
    ),
)  # fmt: skip
