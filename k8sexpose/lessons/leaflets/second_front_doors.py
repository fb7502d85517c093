"""Questions of the leaflet on second front doors: source ranges, node ports switched off, external IPs."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import routes
from ..forms import OUTCOMES, Choice, Question, Wrong
from .shop import NAME, SETTLED_S, front_door, node_port, shop_cluster

__all__ = ["QUESTIONS", "connect"]

LESSON = "leaflets/second_front_doors"
OFFICE, STRANGER = "192.0.2.10", "203.0.113.7"
PAYMENT, TESTER, PAYER = "198.51.100.80:443", "test", "pod/shop-1"


def connect(cluster: Cluster, target: str, client: str = STRANGER) -> str:
    """Return in one line what a client gets: the outcome, and the reason or the Pod.

    Parameters
    ----------
    cluster : Cluster
        Any cluster; it stays as it is.
    target : str
        An address with its port, or the name of a Service.
    client : str
        As for `send`.

    Returns
    -------
    str
        Of several paths, the first.

    Examples
    --------
    >>> connect(Cluster(nodes=3), "10.0.0.1:30500")
    'refused: nothing listens on port 30500 of node-1, and no Service has this nodePort'
    """
    found = routes(cluster, target, client)[0]
    return "delivered" if found.delivered else f"{found.outcome}: {found.reason}"


def guarded() -> Cluster:
    """Build a cluster on GCP whose load balancer admits the addresses of one office."""
    return shop_cluster("gcp", manifest="shop-lb-office-only")


def running() -> Cluster:
    """Build a cluster whose load balancer delivers to node ports."""
    return shop_cluster("generic")


def without_node_port(provider: str = "generic") -> Cluster:
    """Build the same, created without a node port."""
    return shop_cluster(provider, manifest="shop-lb-without-node-port")


def stranger_at_node_port(cluster: Cluster) -> str:
    """Connect to the node port from an address that is not in the list."""
    return routes(cluster, node_port(cluster), STRANGER)[0].outcome


def switched_off(cluster: Cluster) -> str:
    """Set allocateLoadBalancerNodePorts to false on a Service that has a node port."""
    cluster.patch(NAME, {"spec": {"allocateLoadBalancerNodePorts": False}})
    cluster.advance(SETTLED_S)
    return "kept" if cluster.service(NAME).ports[0].node_port else "gone"


def at_the_load_balancer(cluster: Cluster) -> str:
    """Connect to the load balancer of a Service that has no node port."""
    if cluster.service(NAME).ports[0].node_port:
        raise ValueError("this Service has a node port")
    return routes(cluster, front_door(cluster), STRANGER)[0].outcome


def two_teams() -> Cluster:
    """Build a cluster with the Pods of two teams; one of them pays at a server outside."""
    cluster = Cluster(nodes=3)
    cluster.deploy(NAME, per_node=[0, 1, 0])
    cluster.deploy(TESTER, per_node=[1, 0, 0])
    return cluster


def who_answers(cluster: Cluster) -> str:
    """Let a team claim the server's address, and let the other team's Pod connect to it."""
    cluster.apply(example("test-with-external-ip"))
    found = routes(cluster, PAYMENT, PAYER)[0]
    if found.pod and found.pod.startswith(TESTER):
        return "pod"
    return "server" if found.outcome == "timeout" else "nobody"


QUESTIONS = (
    Question(
        "lb-stranger", LESSON, "loadBalancerSourceRanges lists the addresses of your office, and the firewall lets "
        "node ports through. A stranger connects to a node's address with the node port. What does the stranger get?",
        OUTCOMES, guarded, stranger_at_node_port,
        part="optional",
        right="The source ranges protect the load balancer's address and nothing else.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "The source ranges do protect the load balancer's address. But the node port is a second entrance, "
                "which they do not cover. A firewall could protect it, but here the firewall lets node ports through.",
                22,
            ),
        ),
    ),
    Question(
        "lb-node-port-off", LESSON, "A Service of type LoadBalancer is running. You patch it with "
        "allocateLoadBalancerNodePorts: false. Is its node port kept or gone?",
        Choice(("kept", "gone")), running, switched_off,
        part="optional",
        right="The field decides whether a node port is allocated. One that is allocated stays until you remove it.",
        wrong=(
            Wrong(
                "gone",
                "The field does keep new node ports from being allocated. A port that the Service already has stays "
                "until you also remove nodePort from the object.",
                23,
            ),
        ),
    ),
    Question(
        "lb-no-node-port", LESSON, "A new Service is created with allocateLoadBalancerNodePorts: false. Its load "
        "balancer delivers packets to node ports. What does a client get at the load balancer's address?",
        OUTCOMES, without_node_port, at_the_load_balancer,
        part="optional",
        right="The load balancer has no port to send to, so it drops the packet without an answer.",
        wrong=(
            Wrong(
                "delivered",
                "On GCP and with MetalLB this is right: packets arrive at the node with the load balancer's own "
                "address as destination, and need no node port. This kind of load balancer sends to a node port, and "
                "there is none.",
                23,
            ),
            Wrong(
                "refused",
                "A machine does refuse when a packet reaches it and no program listens on the port. Here the packet "
                "reaches the load balancer, which has no port to send it to and answers nothing.",
                23,
            ),
        ),
    ),
    Question(
        "hop-external-ip", LESSON, "A payment server outside the cluster has the address 198.51.100.80. A test team in "
        "your cluster creates a Service with externalIPs: [198.51.100.80]. Then a Pod of another team connects to "
        "198.51.100.80. Who answers?",
        Choice(
            ("server", "pod", "nobody"),
            labels={
                "server": "the payment server outside",
                "pod": "a Pod of the test team",
                "nobody": "nobody: the connection is refused",
            },
        ),
        two_teams, who_answers,
        part="optional",
        right="The rules of the Pod's own node take the packet before it leaves, and send it to the test team's Pod.",
        wrong=(
            Wrong(
                "server",
                "For clients outside the cluster this is right: the network sends them to the server. But every node "
                "of the cluster now has a rule for this address, and takes the packets of its own Pods before they "
                "leave.",
                5,
            ),
            Wrong(
                "nobody",
                "It would be good if the cluster refused an address that it does not own. But no program checks who "
                "owns it, and the rules send the packet to a Pod.",
            ),
        ),
    ),
)  # fmt: skip
