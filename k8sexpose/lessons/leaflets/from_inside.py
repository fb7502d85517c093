"""Questions of the leaflet from_inside: what a Pod gets that uses the entrances made for clients outside."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import routes
from ..forms import OUTCOMES, Choice, Question, Several, Wrong
from ..local.questions import outcome

__all__ = ["QUESTIONS"]

LESSON = "leaflets/from_inside"
NAME, BACKEND, CALLER = "public-api-lb", "api-backend", "pod/shop-1"
HOST_NAME = "lb.example.com"
SETTLED_S = 600.0
DOORS = Several(
    ("a", "b", "c"),
    labels={
        "a": "the IP address of the load balancer",
        "b": "the node port of its own node, node-2",
        "c": "the node port of node-3",
    },
)


def inside() -> Cluster:
    """Build a LoadBalancer Service with Local, its only Pod on node-1, and a caller inside: a Pod on node-2."""
    cluster = Cluster(nodes=3)
    cluster.deploy(BACKEND, per_node=[1, 0, 0])
    cluster.deploy("shop", per_node=[0, 1, 0])
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.advance(SETTLED_S)
    return cluster


def served_doors(cluster: Cluster) -> frozenset[str]:
    """Let the caller connect to (a) the load balancer, (b) its own node, (c) node-3; name those that answer."""
    service = cluster.service(NAME)
    front, number = service.load_balancer_ingress[0].address, service.ports[0].node_port
    own, other = (cluster.node(name).addresses[0] for name in ("node-2", "node-3"))
    doors = {"a": f"{front}:80", "b": f"{own}:{number}", "c": f"{other}:{number}"}
    return frozenset(letter for letter, target in doors.items() if outcome(cluster, target, CALLER) == "delivered")


def named() -> Cluster:
    """Build the same with a host name in place of the load balancer's IP address."""
    cluster = inside()
    cluster.set_load_balancer(NAME, ingress=[{"hostname": HOST_NAME}])
    return cluster


def passes_load_balancer(cluster: Cluster) -> str:
    """Let the caller connect to the address in the status; tell whether the load balancer is on the path."""
    front = cluster.service(NAME).load_balancer_ingress[0]
    paths = routes(cluster, f"http://{front.hostname or front.ip}", CALLER)
    return "yes" if any(hop.at == "load balancer" for path in paths for hop in path.hops) else "no"


def internal() -> Cluster:
    """Build a ClusterIP Service with internalTrafficPolicy: Local, Pods on node-1 and node-3, a caller on node-2."""
    cluster = Cluster(nodes=3)
    cluster.deploy(BACKEND, per_node=[1, 0, 1])
    cluster.deploy("shop", per_node=[0, 1, 0])
    cluster.apply(example(BACKEND))
    cluster.patch(BACKEND, {"spec": {"internalTrafficPolicy": "Local"}})
    return cluster


def at_cluster_ip(cluster: Cluster) -> str:
    """Let the caller connect to the ClusterIP."""
    return outcome(cluster, f"{cluster.service(BACKEND).cluster_ip}:80", CALLER)


QUESTIONS = (
    Question(
        "hop-inside", LESSON, "A LoadBalancer Service has externalTrafficPolicy: Local, and its only Pod runs on "
        "node-1. A Pod on node-2 connects to three entrances of this Service. Which of them answer?",
        DOORS, inside, served_doors,
        part="optional",
        right="The rules of node-2 know the load balancer's IP address and its own node port, and for a connection "
        "from one of its own Pods they choose from the whole list of Pods. At node-3 the packet counts as traffic "
        "from outside.",
        wrong=(
            Wrong(
                lambda given, right: "a" not in given,
                "If the load balancer had a host name, the packet would leave the cluster and return through the load "
                "balancer, where Local holds. For an IP address the rules of node-2 handle the packet at once, and "
                "for a connection from one of its own Pods they choose from the whole list.",
                5,
            ),
            Wrong(
                lambda given, right: "c" in given,
                "At its own node, Local does not restrict a Pod. But the packet to node-3 carries node-2's address, "
                "and node-3 treats it as traffic from outside. It has no Pod of the Service, so it drops the packet.",
                5,
            ),
            Wrong(
                lambda given, right: "b" not in given,
                "For a client outside, node-2 does drop the packet. For a connection from one of its own Pods it "
                "chooses from the whole list of Pods.",
                5,
            ),
        ),
    ),
    Question(
        "inside-host-name", LESSON, "The status of a LoadBalancer Service holds a host name and no IP address. A Pod "
        "inside the cluster connects to this name. Does its connection pass through the load balancer?",
        Choice(("yes", "no")), named, passes_load_balancer,
        part="optional",
        right="The rules of kube-proxy match IP addresses. For a host name there is no rule, so the packet goes to the "
        "load balancer like that of any other client.",
        wrong=(
            Wrong(
                "no",
                "With an IP address in the status this is right: the node's rules know the address and handle the "
                "packet at once. But rules match IP addresses, and kube-proxy does not look up host names.",
                5,
            ),
        ),
    ),
    Question(
        "inside-internal", LESSON, "A ClusterIP Service has internalTrafficPolicy: Local and Pods on node-1 and "
        "node-3. A Pod on node-2 connects to the ClusterIP. What does it get?",
        OUTCOMES, internal, at_cluster_ip,
        part="optional",
        right="The rules of node-2 may use only Pods on node-2, and there are none. They drop the packet without an "
        "answer.",
        wrong=(
            Wrong(
                "delivered",
                "With externalTrafficPolicy: Local this would be right, because that field does not restrict the "
                "ClusterIP. internalTrafficPolicy: Local is the field for the ClusterIP, and it forbids the Pods on "
                "other nodes, even when there is no Pod on this one.",
                5,
            ),
            Wrong(
                "refused",
                "A node does refuse when a Service has no Pod anywhere. Here there are two, on other nodes, and in "
                "this case the node drops the packet without an answer.",
            ),
        ),
    ),
)  # fmt: skip
