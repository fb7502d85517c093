"""Questions of the leaflet on deleting: what is cleaned up with a Service, and which load balancers are left behind."""

from __future__ import annotations

from ...cloud.providers import provider
from ...cost.billing import bill
from ...model import Cluster
from ..forms import Choice, Question, Wrong
from .shop import NAME, SETTLED_S, shop_cluster

__all__ = ["QUESTIONS", "held_by_the_cloud", "network_cluster"]

LESSON = "leaflets/deleting_and_orphans"
ANNOTATION = "service.beta.kubernetes.io/aws-load-balancer-type"
VERSION = "1.35"  # since 1.36 the controller refuses another type
COUNT = Choice(("0", "1", "2"))


def held_by_the_cloud(cluster: Cluster) -> None:
    """Print the load balancers that the cloud holds, and whether a Service of the cluster still owns them.

    Parameters
    ----------
    cluster : Cluster
        Any cluster.

    Examples
    --------
    >>> held_by_the_cloud(shop_cluster("aws"))
    Classic Load Balancer: belongs to shop
    """
    for balancer in cluster.load_balancers.values():
        owner = "an orphan, no Service owns it" if balancer.orphan else f"belongs to {balancer.owner.split('/')[1]}"
        print(f"{balancer.kind.title}: {owner}")
    if not cluster.load_balancers:
        print("no load balancer")


def classic() -> Cluster:
    """Build a cluster whose Service gets a Classic Load Balancer from a controller that changes the type on request."""
    return shop_cluster(provider("aws", version=VERSION))


def network_cluster() -> Cluster:
    """Build the same with the annotation from the beginning: it gets a Network Load Balancer.

    Returns
    -------
    Cluster
        With its Service ``shop`` on AWS.

    Examples
    --------
    >>> held_by_the_cloud(network_cluster())
    Network Load Balancer: belongs to shop
    """
    return shop_cluster(provider("aws", version=VERSION), annotations={ANNOTATION: "nlb"})


def annotate(cluster: Cluster, value: str | None) -> None:
    """Write or remove the annotation that chooses the type of load balancer, and wait."""
    cluster.patch(NAME, {"metadata": {"annotations": {ANNOTATION: value}}})
    cluster.advance(SETTLED_S)


def paid(cluster: Cluster) -> str:
    """Count the load balancers on the bill."""
    return str(bill(cluster, gb_per_month=0).load_balancers)


def still_listed(cluster: Cluster) -> str:
    """Delete the Service, and look one second later whether it is still in the list."""
    cluster.delete(NAME)
    cluster.advance(1)
    return "yes" if any(service.name == NAME for service in cluster.services) else "no"


def paid_after_annotation(cluster: Cluster) -> str:
    """Add the annotation, wait, and count."""
    annotate(cluster, "nlb")
    return paid(cluster)


def paid_after_delete(cluster: Cluster) -> str:
    """Add the annotation if it is not there, delete the Service, wait, and count."""
    if ANNOTATION not in cluster.service(NAME).annotations:
        annotate(cluster, "nlb")
    cluster.delete(NAME)
    cluster.advance(SETTLED_S)
    return paid(cluster)


def paid_without_annotation(cluster: Cluster) -> str:
    """Remove the annotation, wait, delete the Service, wait, and count."""
    annotate(cluster, None)
    cluster.delete(NAME)
    cluster.advance(SETTLED_S)
    return paid(cluster)


QUESTIONS = (
    Question(
        "del-finalizer", LESSON, "You run kubectl delete on a Service of type LoadBalancer; the cloud needs ten "
        "seconds to remove the load balancer. Is the Service still in the list one second later?",
        Choice(("yes", "no")), classic, still_listed,
        part="optional",
        right="The Service stays, marked for deletion, until its load balancer is gone.",
        wrong=(
            Wrong(
                "no",
                "A Service of type ClusterIP does disappear at once. A Service with a load balancer is only marked "
                "for deletion: it stays until the load balancer is gone, so that nobody forgets to remove it.",
                17,
            ),
        ),
    ),
    Question(
        "lb-annotation", LESSON, "A Service on AWS has had a Classic Load Balancer since it was created. With AWS's "
        "controller of version 1.35, you add the annotation nlb. How many load balancers do you pay for afterwards?",
        COUNT, classic, paid_after_annotation,
        part="optional",
        right="A Network Load Balancer is made, and the Classic one is left behind: paid for and unused.",
        wrong=(
            Wrong(
                "1",
                "Version 1.36 of the controller refuses such a change of the annotation, and then there is only one. "
                "Version 1.35 looks for a load balancer of the new type, finds none and makes it, and the first one "
                "stays.",
                17,
            ),
            Wrong(
                "0",
                "The API server does refuse a field that it does not know. But annotations are free text for it, so "
                "it accepts this change: the controller makes a load balancer of the new type, and the first one "
                "stays.",
                17,
            ),
        ),
    ),
    Question(
        "lb-delete", LESSON, "A Service on AWS had a Classic Load Balancer. Somebody added the annotation nlb, and "
        "AWS's controller of version 1.35 made a Network Load Balancer as well. You delete the Service and wait until "
        "it is gone. How many load balancers do you pay for now?",
        COUNT, classic, paid_after_delete,
        part="optional",
        right="The controller deletes the load balancer that it knows. No program remembers the other one.",
        wrong=(
            Wrong(
                "0",
                "Deleting the Service does delete the load balancer that belongs to it, and the finalizer waits for "
                "that. The orphan belongs to no Service any more, so nobody deletes it.",
                17,
            ),
            Wrong(
                "2",
                "Before Kubernetes used finalizers this could happen. Now the Service stays until the load balancer "
                "that belongs to it is gone, so only the orphan is left.",
                17,
            ),
        ),
    ),
    Question(
        "cost-orphan", LESSON, "A Service on AWS has had the annotation nlb since it was created. With AWS's "
        "controller of version 1.35, you remove the annotation, wait, and then delete the Service. How many load "
        "balancers do you still pay for?",
        COUNT, network_cluster, paid_without_annotation,
        part="optional",
        right="The Network Load Balancer from before the change still exists. Nothing in the cluster names it any "
        "more.",
        wrong=(
            Wrong(
                "0",
                "Deleting a Service does remove the load balancer that the Service has now. The one from before the "
                "change has no owner any more, so nobody deletes it and you go on paying.",
                17,
            ),
            Wrong(
                "2",
                "The first load balancer does stay, because the change of the annotation left it behind. The second "
                "one is deleted: a finalizer keeps the Service until the cloud has removed it.",
                17,
            ),
        ),
    ),
)  # fmt: skip
