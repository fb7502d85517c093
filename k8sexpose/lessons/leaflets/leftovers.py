"""Questions of lesson 2's Go further: what a load balancer leaves behind, and which doors stay open beside it."""

from __future__ import annotations

from ...api.errors import ApiError
from ...cloud.providers import provider
from ...cloud.provisioning import provision
from ...model import Cluster
from ...router.router import routes
from ..forms import OUTCOMES, Choice, Question, Wrong
from ..loadbalancer.questions import LESSON, NAME, STRANGER, front_url, lesson_cluster, node_port, provisioned_cluster

__all__ = ["QUESTIONS"]

NLB = {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}
OFFICE = "192.0.2.10"


def classic() -> Cluster:
    """Build the cluster of lesson 2 on AWS, without the annotation; the controller is one that does not refuse it."""
    return lesson_cluster(provider("aws", version="1.35"), {}, wait_s=300)


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
        "lb-annotation", LESSON, "On AWS, with a controller of version 1.35, you add the annotation nlb to a running "
        "Service. How many load balancers do you pay afterwards?",
        Choice(("0", "1", "2")), classic, paid_after_annotation,
        part="optional",
        right="The new load balancer is made, and the old one is left behind: paid for and unused. A controller of "
        "version 1.36 refuses the change.",
        wrong=(
            Wrong(
                "1",
                "Some clouds convert the load balancer, and others ignore the annotation. On AWS its type is fixed "
                "when it is created, so a second load balancer is made and the first one stays.",
                17,
            ),
            Wrong(
                "0",
                "A wrong field is refused, that is true. But annotations are free text for the API server, and "
                "nobody checks them.",
                17,
            ),
        ),
    ),
    Question(
        "lb-delete", LESSON, "Then you delete the Service and wait. How many do you pay now?",
        Choice(("0", "1", "2")), classic, paid_after_delete,
        part="optional",
        right="The controller deletes the load balancer it knows. No program remembers the other one.",
        wrong=(
            Wrong(
                "0",
                "Deleting the Service does delete the load balancer that belongs to it, and the finalizer waits for "
                "that. The orphan belongs to no Service any more, so nobody deletes it.",
                17,
            ),
            Wrong(
                "2",
                "Before Kubernetes used finalizers this could happen. Now the Service stays until its load balancer "
                "is gone.",
                17,
            ),
        ),
    ),
    Question(
        "lb-stranger", LESSON, "loadBalancerSourceRanges names your office. What does a stranger get at the node port?",
        OUTCOMES, guarded, stranger_at_node_port,
        part="optional",
        right="The source ranges protect the load balancer's address, and nothing else.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "The source ranges do protect the load balancer's address. But the node port is a second entrance, "
                "which they do not cover; a closed firewall would protect it.",
                22,
            ),
        ),
    ),
    Question(
        "lb-node-port-off", LESSON, "You patch allocateLoadBalancerNodePorts: false into a running Service. Is its "
        "node port kept or gone?",
        Choice(("kept", "gone")), provisioned_cluster, switched_off,
        part="optional",
        right="The field decides about allocating. A port that is allocated stays until you remove it.",
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
        "lb-no-node-port", LESSON, "A new Service with that field, and a load balancer that delivers to node ports. "
        "What does a client get?",
        OUTCOMES, lesson_cluster, never_switched_on,
        part="optional",
        right="There is no port to which the load balancer could send.",
        wrong=(
            Wrong(
                "delivered",
                "On GCP, Azure and with MetalLB this is right: their load balancers deliver packets with their own "
                "address as destination, and need no node port. This kind of load balancer sends to a node port, and"
                " there is none.",
                23,
            ),
            Wrong(
                "refused",
                "A machine that is reached and has nothing there does refuse. Here the load balancer has the address"
                " and accepts the packet, but it has no place to send it.",
                23,
            ),
        ),
    ),
    Question(
        "lb-mixed", LESSON, "TCP and UDP 443 in one Service of type LoadBalancer on AWS: refused by the API server, "
        "pending, or an address?",
        Choice(("refused", "pending", "address")), lesson_cluster, mixed,
        part="optional",
        right="The API server accepts the Service, this load balancer does not. The reason is in the events.",
        wrong=(
            Wrong(
                "address",
                "Several clouds can build it. But the API server only checks the form of the object, and this "
                "cloud's controller cannot build it, so no address appears.",
                16,
            ),
            Wrong(
                "refused",
                "Before Kubernetes 1.24 the API server did refuse it. Now it accepts the object, and the cloud's "
                "controller reports the failure later, in an event.",
                16,
            ),
        ),
    ),
)  # fmt: skip
