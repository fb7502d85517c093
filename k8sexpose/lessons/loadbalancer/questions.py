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
from ...router.router import entries, routes, shares
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


def pool() -> Cluster:
    """Build the cluster of lesson 2 with MetalLB in layer 2."""
    return lesson_cluster("metallb", wait_s=30)


def entry_nodes(cluster: Cluster) -> str:
    """Count the nodes by which packets to the one address come in."""
    return str(sum(part > 0 for part in entries(cluster, f"{address(cluster)}:80").values()))


QUESTIONS = (
    Question(
        "lb-pending", LESSON, "Right after apply, EXTERNAL-IP says <pending>. Without which of these does it stay so?",
        Choice(("nobody", "pods", "kube-proxy", "controller")), lesson_cluster, waits_for,
        right="{right}: the Service is a request. An address comes when a controller sees it and calls a cloud.",
        wrong=(
            Wrong(
                "nobody",
                "You expected the API server to be at work on it: one only has to wait. It has done its part, within "
                "apply. Where a cloud's controller runs, waiting is right. Without {right} it is pending for ever.",
                1,
            ),
            Wrong(
                "pods",
                "You expected the address to wait for Pods that are ready. Some controllers do wait with the targets; "
                "the address does not depend on any Pod. It waits for: {right}.",
                1,
            ),
            Wrong(
                "kube-proxy",
                "You expected kube-proxy to open the way first. It writes rules on the nodes, and it writes them for "
                "the address once that stands in the status. The address itself comes from: {right}.",
                1,
            ),
        ),
    ),
    Question(
        "lb-laptop", LESSON, "On kind, an hour after apply: which are there, an address, an event that says why not, a "
        "node port that answers?",
        Several(("address", "event", "node port"), {"nodeport": "node port", "port": "node port"}),
        laptop, after_an_hour,
        right="{right}: nobody watches, so nothing happens and nobody says so. What the API server gave you works.",
        wrong=(
            Wrong(
                lambda given, right: "address" in given,
                "You expected that waiting helps: type LoadBalancer makes a load balancer. In a cloud somebody does. "
                "On kind nobody is there to see the request. There is: {right}.",
                1,
            ),
            Wrong(
                lambda given, right: "event" in given,
                "You expected an error to be reported. A controller that fails does report it. Where there is none, "
                "there is nobody to write the event. There is: {right}.",
                1,
            ),
            Wrong(
                frozenset(),
                "You expected nothing to work while it is pending. The node port was there within apply, and "
                "asks no cloud. There is: {right}.",
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
        right="{right}: each type contains the one before it.",
        wrong=(
            Wrong(
                frozenset({"load balancer"}),
                "You expected the new type to take the place of the old one. The word is replaced, but what it stood "
                "for stays inside, unless you switch node ports off. These lead to a Pod: {right}.",
            ),
            Wrong(
                lambda given, right: "load balancer" not in given,
                "You expected no way through the load balancer. While it is pending that is so. Here its address "
                "stands in the status. These lead to a Pod: {right}.",
            ),
            Wrong(
                lambda given, right: given < right,
                "You expected {given} only. The load balancer needs a port on the nodes, and the node's rules need the "
                "Service's list of Pods, so both are still there. These lead to a Pod: {right}.",
            ),
        ),
    ),
    Question(
        "lb-legs", LESSON, "From the client through the load balancer: on how many legs does the packet carry the "
        "clusterIP?",
        Choice(("0", "1", "2", "3")), provisioned_cluster, cluster_ip_legs,
        right="{right}: the boxes are configuration. The node's rules go straight to a Pod from the list.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "You expected the packet to pass through the boxes: load balancer, node port, clusterIP, Pod. So many "
                "drawings show it, and as a picture of configuration it is right. Legs with the clusterIP: {right}.",
            ),
        ),
    ),
    Question(
        "lb-lost-first", LESSON, "node-1 of three crashes, a Pod on each. What part of the load balancer's new "
        "connections is lost in the first seconds?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 0),
        right="{right}: a third comes in by the dead node; of the other two thirds, a third is dealt to the dead Pod.",
        wrong=(
            Wrong(
                "0",
                "You expected the load balancer to know at once. It knows what its last checks said. Whoever comes "
                "before the next ones may be sent to the dead node. Lost: {right}.",
            ),
            Wrong(
                "1/3",
                "You counted one of two dangers. The node is an entrance and the place of a Pod, and a connection must "
                "get past both: 1 − 2/3 × 2/3. With Local it would be 1/3. Lost: {right}.",
            ),
            Wrong(
                "2/3",
                "You added both dangers, a third each, and counted those twice that meet both: in by the dead node, "
                "on to the dead Pod. Lost: {right}.",
            ),
            Wrong(
                "4/9",
                "You computed the part that gets through: 2/3 × 2/3. Lost: {right}.",
            ),
        ),
    ),
    Question(
        "lb-lost-then", LESSON, "The checks have failed, node-1 has left the load balancer. What part is lost now?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 1),
        right="{right}: nobody comes in by node-1 any more, but the other nodes still deal to its Pod.",
        wrong=(
            Wrong(
                "0",
                "You expected the check to take the Pod out too. It takes out an entrance. Where the load balancer "
                "sends straight to Pods that would be the same thing. The rules of the nodes still list it: {right}.",
            ),
            Wrong(
                "2/9",
                "You kept two thirds of the connections for the live nodes. That is what they got before. Now they get "
                "all, and deal a third of all to the dead Pod. Lost: {right}.",
            ),
            Wrong(
                "5/9",
                "You expected no change: the load balancer would have to be told. It found out by asking. Its own "
                "part is mended, that of the node's Pod is not. Lost: {right}.",
            ),
        ),
    ),
    Question(
        "lb-lost-last", LESSON, "A minute after the crash, the Pod of node-1 is not yet replaced. What part is lost?",
        PARTS, provisioned_cluster, lambda cluster: _lost(cluster, 2),
        right="{right}: after 50 s the cluster takes the Pods of a silent node out of the list.",
        wrong=(
            Wrong(
                "1/3",
                "You expected the loss to last until a new Pod runs. New Pods come after five minutes more. But the "
                "list of Pods is shortened before: two Pods take all. Lost: {right}.",
            ),
            Wrong(
                lambda given, right: given != right,
                "You expected some loss to stay. For the client that wrote down node-1 all is lost, for ever. Here "
                "both clocks have run out. Lost: {right}.",
            ),
        ),
    ),
    Question(
        "lb-slow-checks", LESSON, "Checks every 30 s, two must fail; the cluster needs 50 s. After how many seconds "
        "is nothing more lost?",
        Choice(("30", "50", "60", "80", "110"), "s"), lesson_cluster, slow_checks,
        right="{right} s: both clocks begin with the crash, and the slower one decides.",
        wrong=(
            Wrong(
                "110",
                "You added the clocks: first one notices, then the other. That holds where one waits for the other. "
                "These two run at once and know nothing of each other. It is {right} s.",
            ),
            Wrong(
                "80",
                "You added one check to the cluster's 50 s. The two clocks run at once, and the load balancer wants "
                "two failed checks. It is {right} s.",
            ),
            Wrong(
                "50",
                "You took the cluster's clock. With checks every 10 s it is the slower one. Here the load balancer "
                "still sends to the dead node when the cluster has finished. It is {right} s.",
            ),
            Wrong(
                "30",
                "You let one failed check suffice. A single lost answer would then take a good node out, so they wait "
                "for a second one. It is {right} s.",
            ),
        ),
    ),
    Question(
        "lb-check-app", LESSON, "Every Pod hangs and is no longer ready. How many of the three targets does the load "
        "balancer call healthy, two minutes later?",
        Choice(("0", "1", "2", "3")), provisioned_cluster, healthy_without_app,
        right="{right}: the check asks kube-proxy on the node, which is well.",
        wrong=(
            Wrong(
                "0",
                "You expected the check to ask your app. With Pods as targets it would, and with Azure's "
                "appProtocol: http. Here it asks kube-proxy on each node, whatever the app does. Healthy: {right}.",
                18,
            ),
            Wrong(
                lambda given, right: given != right,
                "You expected the targets to differ. Nothing differs between the nodes, neither in Pods nor in "
                "kube-proxy, and the check asks kube-proxy only. Healthy: {right}.",
                18,
            ),
        ),
    ),
    Question(
        "lb-one-node", LESSON, "kubeadm on one machine, which is control plane and runs the Pod: how many targets has "
        "the load balancer?",
        Choice(("0", "1")), one_node, count_targets,
        right="{right}: kubeadm labels its control plane to be left out.",
        wrong=(
            Wrong(
                "1",
                "You expected the control-plane node to serve load balancers too. It does if nobody labelled it. "
                "kubeadm sets exclude-from-external-load-balancers, though the node port answers. Targets: {right}.",
                13,
            ),
        ),
    ),
    Question(
        "lb-metallb", LESSON, "MetalLB in layer 2, three nodes, one address: by how many nodes do its packets come in?",
        Choice(("1", "2", "3")), pool, entry_nodes,
        right="{right}: one node answers for the address, and all packets come in there. With BGP it would be 3.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "You expected MetalLB to spread traffic over the nodes, as a load balancer is a load balancer. With "
                "BGP it does. In layer 2 one node answers for each address. Nodes: {right}.",
                20,
            ),
        ),
    ),
)  # fmt: skip
