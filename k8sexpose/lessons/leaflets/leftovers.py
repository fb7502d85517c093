"""Questions of lesson 2's Go further: what a load balancer leaves behind, and which doors stay open beside it."""

from __future__ import annotations

from ...api.errors import ApiError
from ...cloud.provisioning import provision
from ...model import Cluster
from ...router.router import routes
from ..forms import OUTCOMES, Choice, Question, Wrong
from ..loadbalancer.questions import LESSON, NAME, STRANGER, front_url, lesson_cluster, node_port, provisioned_cluster

__all__ = ["QUESTIONS"]

NLB = {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}
OFFICE = "192.0.2.10"


def classic() -> Cluster:
    """Build the cluster of lesson 2 on AWS, without the annotation."""
    return lesson_cluster("aws", {}, wait_s=300)


def paid_after_annotation(cluster: Cluster) -> str:
    """Add the annotation, wait, and count the load balancers that the cloud holds."""
    cluster.patch(NAME, {"metadata": {"annotations": NLB}})
    cluster.advance(600)
    return str(len(cluster.load_balancers))


def paid_after_delete(cluster: Cluster) -> str:
    """Delete the Service after that, wait, and count again."""
    paid_after_annotation(cluster)
    cluster.delete(NAME)
    cluster.advance(600)
    return str(len(cluster.load_balancers))


def guarded() -> Cluster:
    """Build the cluster of lesson 2 on GCP, with one office allowed."""
    return lesson_cluster("gcp", {"loadBalancerSourceRanges": [f"{OFFICE}/32"]}, wait_s=120)


def stranger_at_node_port(cluster: Cluster) -> str:
    """Dial the node port from an address that is not in the list."""
    return routes(cluster, node_port(cluster), STRANGER)[0].outcome


def switched_off(cluster: Cluster) -> str:
    """Set allocateLoadBalancerNodePorts to false on a Service that has a node port."""
    cluster.patch(NAME, {"spec": {"allocateLoadBalancerNodePorts": False}})
    return "kept" if cluster.service(NAME).ports[0].node_port else "gone"


def never_switched_on(cluster: Cluster) -> str:
    """Create the Service with the field false, where the load balancer delivers to node ports."""
    fresh = lesson_cluster("generic", {"allocateLoadBalancerNodePorts": False}, wait_s=60)
    return routes(fresh, front_url(fresh))[0].outcome


def mixed(cluster: Cluster) -> str:
    """Create a Service with TCP and UDP on AWS, and wait."""
    ports = [{"name": p.lower(), "port": 443, "targetPort": 8080, "protocol": p} for p in ("TCP", "UDP")]
    try:
        fresh = lesson_cluster("aws", {"ports": ports})
    except ApiError:
        return "refused"
    return "pending" if provision(fresh, NAME).pending else "address"


QUESTIONS = (
    Question(
        "lb-annotation", LESSON, "On AWS you add the annotation nlb to a running Service. How many load balancers do "
        "you pay afterwards?",
        Choice(("0", "1", "2")), classic, paid_after_annotation,
        part="optional",
        right="{right}: the new one is made, and the old one is left behind, paid and unused.",
        wrong=(
            Wrong(
                "1",
                "You expected the annotation to convert the load balancer, or to be ignored. Some clouds do one or the "
                "other. On AWS the type is chosen at creation: a second one is made. You pay: {right}.",
                17,
            ),
            Wrong(
                "0",
                "You expected a refusal. Annotations are free text to the API server; nobody checks them. You pay: "
                "{right}.",
                17,
            ),
        ),
    ),
    Question(
        "lb-delete", LESSON, "Then you delete the Service and wait. How many do you pay now?",
        Choice(("0", "1", "2")), classic, paid_after_delete,
        part="optional",
        right="{right}: the controller deletes the one it knows. Nobody remembers the other.",
        wrong=(
            Wrong(
                "0",
                "You expected the deletion to clean up. It does clean up the load balancer that belongs to the "
                "Service, and the finalizer waits for that. The orphan belongs to nobody. You pay: {right}.",
                17,
            ),
            Wrong(
                "2",
                "You expected deletion to touch nothing in the cloud. Before finalizers it could happen. Now the "
                "object stays until its load balancer is gone. You pay: {right}.",
                17,
            ),
        ),
    ),
    Question(
        "lb-stranger", LESSON, "loadBalancerSourceRanges names your office. What does a stranger get at the node port?",
        OUTCOMES, guarded, stranger_at_node_port,
        part="optional",
        right="{right}: the ranges guard the load balancer's address, and nothing else.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "You expected the ranges to protect the app. They protect one address of it. The node port is a second "
                "front door; with a closed firewall it would be shut. The stranger gets: {right}.",
                22,
            ),
        ),
    ),
    Question(
        "lb-node-port-off", LESSON, "You patch allocateLoadBalancerNodePorts: false into a running Service. Is its "
        "node port kept or gone?",
        Choice(("kept", "gone")), provisioned_cluster, switched_off,
        part="optional",
        right="{right}: the field is about allocating. What is allocated stays until you remove it.",
        wrong=(
            Wrong(
                "gone",
                "You expected the field to remove node ports. It keeps new ones from being allocated. A port that is "
                "there goes when you take the nodePort out of the object too. It is {right}.",
                23,
            ),
        ),
    ),
    Question(
        "lb-no-node-port", LESSON, "A new Service with that field, and a load balancer that delivers to node ports. "
        "What does a client get?",
        OUTCOMES, lesson_cluster, never_switched_on,
        part="optional",
        right="{right}: there is no port on which the load balancer could deliver.",
        wrong=(
            Wrong(
                "delivered",
                "You expected the load balancer to find another way. GCP's, Azure's and MetalLB's have one: they "
                "deliver with their own address on the packet. This kind needs a node port. The client gets: {right}.",
                23,
            ),
            Wrong(
                "refused",
                "You expected somebody to say no. The load balancer has the address and listens, so nobody refuses; it "
                "just has nowhere to deliver. The client gets: {right}.",
                23,
            ),
        ),
    ),
    Question(
        "lb-mixed", LESSON, "TCP and UDP 443 in one Service of type LoadBalancer on AWS: refused by the API server, "
        "pending, or an address?",
        Choice(("refused", "pending", "address")), lesson_cluster, mixed,
        part="optional",
        right="{right}: the API server accepts it, this load balancer does not. The reason is in the events.",
        wrong=(
            Wrong(
                "address",
                "You expected that what is accepted will work. The API server checks the form; whether the cloud can "
                "do it is the provider's matter. Several can. Here it stays: {right}.",
                16,
            ),
            Wrong(
                "refused",
                "You expected the API server to refuse it. Before 1.24 it did. Now it accepts, and the cloud's "
                "controller says no later, in an event. It is {right}.",
                16,
            ),
        ),
    ),
)  # fmt: skip
