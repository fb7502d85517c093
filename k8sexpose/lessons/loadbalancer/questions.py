"""Questions of lesson 2: who makes a load balancer, what it has inside, whom its checks ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...api.objects import Node
from ...cloud.health_checks import EXCLUDED
from ...cloud.load_balancer import target_health
from ...cloud.providers import provider
from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ...traffic.crash import Crash, watch_crash
from ..forms import Choice, Question, Several, Wrong

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


QUESTIONS = (
    Question(
        "lb-pending", LESSON, "Right after apply, EXTERNAL-IP says <pending>. Without which of these does it stay so?",
        Choice(("nobody", "pods", "kube-proxy", "controller")), lesson_cluster, waits_for,
        right="The Service is a request. An address appears when a controller sees this request and calls the cloud.",
        wrong=(
            Wrong(
                "nobody",
                "Where a cloud's controller runs, waiting is right. But the API server has already done its part, "
                "within apply: without the part in the correct answer, the Service stays pending for ever.",
                1,
            ),
            Wrong(
                "pods",
                "Some controllers do wait until there are healthy targets. But the address of the load balancer does"
                " not depend on any Pod.",
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
        "lb-laptop", LESSON, "On kind, an hour after apply: which are there, an address, an event that says why not, a "
        "node port that answers?",
        Several(("address", "event", "node port"), {"nodeport": "node port", "port": "node port"}),
        laptop, after_an_hour,
        right="No program watches for such Services, so nothing happens and no event says so. What the API server "
        "gave you works.",
        wrong=(
            Wrong(
                lambda given, right: "address" in given,
                "In a cloud waiting does help, because a controller there makes the load balancer. On kind no such "
                "controller runs, so nobody sees the request.",
                1,
            ),
            Wrong(
                lambda given, right: "event" in given,
                "A controller that fails does report it in an event. Here there is no controller, so there is nobody"
                " who could write one.",
                1,
            ),
            Wrong(
                frozenset(),
                "The Service has no address, that is right. But its node port was allocated within apply, and needs "
                "no cloud.",
                1,
            ),
        ),
    ),
    Question(
        "lb-doors", LESSON, "Type LoadBalancer: which of load balancer, node port and clusterIP lead to a Pod?",
        Several(("load balancer", "node port", "clusterip"), {
            "lb": "load balancer", "loadbalancer": "load balancer", "nodeport": "node port", "cluster ip": "clusterip",
        }),
        provisioned_cluster, doors,
        right="Each type contains the one before it.",
        wrong=(
            Wrong(
                frozenset({"load balancer"}),
                "The word in the manifest is replaced, that is right. But a LoadBalancer contains the node port and "
                "the ClusterIP, unless you switch node ports off.",
            ),
            Wrong(
                lambda given, right: "load balancer" not in given,
                "While the Service is pending this is right. Here the address of the load balancer is in the status,"
                " and it leads to a Pod.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose does lead to a Pod. But the load balancer needs a port on the nodes, and the nodes' "
                "rules need the Service's list of Pods, so the other entrances still exist too.",
            ),
        ),
    ),
    Question(
        "lb-legs", LESSON, "From the client through the load balancer: on how many legs does the packet carry the "
        "clusterIP?",
        Choice(("0", "1", "2", "3")), provisioned_cluster, cluster_ip_legs,
        right="The nested boxes are configuration. The node's rules send the packet straight to a Pod from the list.",
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
        "lb-lost-first", LESSON, "node-1 of three crashes, a Pod on each. What part of the load balancer's new "
        "connections is lost in the first seconds?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 0),
        right="A third of the connections arrives at the dead node. Of the other two thirds, a third is sent to the "
        "dead Pod.",
        wrong=(
            Wrong(
                "0",
                "After its next checks the load balancer does know. Until then it uses the results of the last "
                "checks, so connections may still be sent to the dead node.",
            ),
            Wrong(
                "1/3",
                "This counts one of two dangers, and with Local it would be right. The dead node is an entrance and "
                "also the place of a Pod, and a connection must avoid both: 1 − 2/3 × 2/3.",
            ),
            Wrong(
                "2/3",
                "Both dangers count, and each is a third. But the connections that meet both of them, which arrive "
                "at the dead node and are sent to the dead Pod, are counted twice in this sum.",
            ),
            Wrong(
                "4/9",
                "This is the fraction that gets through: 2/3 × 2/3. The question asks for the fraction that is lost.",
            ),
        ),
    ),
    Question(
        "lb-lost-then", LESSON, "The checks have failed, node-1 has left the load balancer. What part is lost now?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 1),
        right="No connection arrives at node-1 any more, but the other nodes still send a third of theirs to its Pod.",
        wrong=(
            Wrong(
                "0",
                "The health check does take the node out as an entrance, and where the load balancer sends straight "
                "to Pods this would be all. But the rules on the other nodes still list the dead node's Pod.",
            ),
            Wrong(
                "2/9",
                "Two thirds is what the live nodes got before. Now they get all connections, and send a third of "
                "these to the dead Pod.",
            ),
            Wrong(
                "5/9",
                "Nobody tells the load balancer about the crash, that is right. But it found out with its own "
                "checks, so no connection arrives at the dead node any more; only the node's Pod is still in the "
                "list.",
            ),
        ),
    ),
    Question(
        "lb-lost-last", LESSON, "A minute after the crash, the Pod of node-1 is not yet replaced. What part is lost?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 2),
        right="After 50 s the cluster takes the Pods of a silent node out of the list.",
        wrong=(
            Wrong(
                "1/3",
                "A new Pod does start, but five minutes later. Before that, the dead Pod is removed from the list, "
                "and the two other Pods get all connections.",
            ),
            Wrong(
                lambda given, right: given != right,
                "For a client that uses node-1's own address everything stays lost. Through the load balancer "
                "nothing is lost any more, because both clocks have run out.",
            ),
        ),
    ),
    Question(
        "lb-slow-checks", LESSON, "Checks every 30 s, two must fail; the cluster needs 50 s. After how many seconds "
        "is nothing more lost?",
        Choice(("30", "50", "60", "80", "110"), "s"), lesson_cluster, slow_checks,
        right="Both clocks begin with the crash, and the slower one decides.",
        wrong=(
            Wrong(
                "110",
                "If one clock waited for the other, the times would add up. But these two run at the same time and "
                "know nothing of each other.",
            ),
            Wrong(
                "80",
                "Both numbers are used, that is right. But the two clocks run at the same time, and the load "
                "balancer needs two failed checks.",
            ),
            Wrong(
                "50",
                "With checks every 10 s the cluster's clock is the slower one, and this would be right. Here the "
                "load balancer still sends to the dead node after the cluster has removed the Pod.",
            ),
            Wrong(
                "30",
                "The time of one check is the right place to start. But a single lost answer must not take out a "
                "good node, so the load balancer waits for a second failed check.",
            ),
        ),
    ),
    Question(
        "lb-check-app", LESSON, "Every Pod hangs and is no longer ready. How many of the three targets does the load "
        "balancer call healthy, two minutes later?",
        Choice(("0", "1", "2", "3")), provisioned_cluster, healthy_without_app,
        right="The check asks kube-proxy on the node, and kube-proxy works.",
        wrong=(
            Wrong(
                "0",
                "Where Pods are the targets the check does ask the app, and so it does with appProtocol: http on "
                "Azure. Here it asks kube-proxy on each node, whatever the app does.",
                18,
            ),
            Wrong(
                lambda given, right: given != right,
                "Targets do differ when something on the nodes differs. Here the check asks kube-proxy only, and "
                "kube-proxy runs in the same way on each node.",
                18,
            ),
        ),
    ),
    Question(
        "lb-one-node", LESSON, "kubeadm on one machine, which is control plane and runs the Pod: how many targets has "
        "the load balancer?",
        Choice(("0", "1")), one_node, count_targets,
        right="kubeadm gives its control-plane node the label that leaves it out.",
        wrong=(
            Wrong(
                "1",
                "A control-plane node without the label does get traffic from load balancers. But kubeadm sets the "
                "label node.kubernetes.io/exclude-from-external-load-balancers on it, although its node port "
                "answers.",
                13,
            ),
        ),
    ),
)  # fmt: skip
