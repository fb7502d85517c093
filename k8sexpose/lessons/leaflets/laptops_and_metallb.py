"""Questions of the leaflet on laptops and MetalLB: who gives a Service its address where there is no cloud."""

from __future__ import annotations

from ...cloud.providers import provider
from ...kubectl import run
from ...model import Cluster
from ...router.router import entries, routes
from ..forms import OUTCOMES, Choice, Question, Wrong
from .shop import NAME, node_port, shop_cluster

__all__ = ["QUESTIONS", "install_metallb", "metallb_cluster"]

LESSON = "leaflets/laptops_and_metallb"
HOUR_S, MINUTE_S = 3600.0, 60.0
DUMP = "get nodes,pods,services,endpointslices -A -o json"


def install_metallb(cluster: Cluster) -> Cluster:
    """Build the same cluster with MetalLB running in it, one minute later.

    Parameters
    ----------
    cluster : Cluster
        The cluster as it is; it stays so.

    Returns
    -------
    Cluster
        With the same objects, none of them touched.

    Examples
    --------
    >>> waiting = shop_cluster("kind", wait_s=3600)
    >>> install_metallb(waiting).service("shop").load_balancer_ingress[0].ip
    '198.51.100.0'
    """
    made = Cluster.from_json(run(cluster, DUMP).stdout, provider="metallb")
    made.advance(MINUTE_S)
    return made


def gets_an_address(cluster: Cluster) -> str:
    """Install MetalLB, and look whether the Service has an address a minute later."""
    return "yes" if install_metallb(cluster).service(NAME).load_balancer_ingress else "no"


def on_a_mac() -> Cluster:
    """Build a kind cluster whose nodes' addresses lead nowhere on the laptop."""
    return shop_cluster("kind", wait_s=MINUTE_S, nodes_routable=False)


def metallb_cluster(mode: str = "l2") -> Cluster:
    """Build a cluster with MetalLB whose Service has its address.

    Parameters
    ----------
    mode : str
        ``l2`` or ``bgp``.

    Returns
    -------
    Cluster
        Three nodes, a Pod on each.

    Examples
    --------
    >>> len(entries(metallb_cluster("l2"), "shop")), len(entries(metallb_cluster("bgp"), "shop"))
    (1, 3)
    """
    return shop_cluster(provider("metallb", mode=mode), wait_s=MINUTE_S)


def entry_nodes(cluster: Cluster) -> str:
    """Count the nodes through which packets for the Service's address enter."""
    return str(len(entries(cluster, NAME)))


QUESTIONS = (
    Question(
        "laptop-late", LESSON, "On kind, a Service of type LoadBalancer has been pending for an hour. Now MetalLB, a "
        "controller for such Services, is installed. Nobody touches the Service. Does it get an address?",
        Choice(("yes", "no")), lambda: shop_cluster("kind", wait_s=HOUR_S), gets_an_address,
        part="optional",
        right="The request is stored in the Service, and it does not expire. A new controller reads all Services and "
        "acts on it.",
        wrong=(
            Wrong(
                "no",
                "It is right that nobody worked on this request for an hour. But it is stored in the Service and does "
                "not expire: a controller that starts later reads all Services and finds it.",
                1,
            ),
        ),
    ),
    Question(
        "laptop-browser", LESSON, "On a Mac, kind has made a cluster; each of its nodes is a container. A browser on "
        "the Mac opens the address of node-1 with the node port of the Service. What does the browser get?",
        OUTCOMES, on_a_mac, lambda cluster: routes(cluster, node_port(cluster))[0].outcome,
        part="optional",
        right="The containers run inside a virtual machine, and the Mac has no route to their network.",
        wrong=(
            Wrong(
                "delivered",
                "On Linux this usually works, because the containers' network belongs to the machine itself. On a "
                "Mac the containers run inside a virtual machine, and the Mac has no route to their addresses: "
                "nothing comes back.",
                6,
            ),
            Wrong(
                "refused",
                "A machine does refuse when a packet reaches it and no program listens on the port. Here no packet "
                "reaches the node, so it cannot refuse: the Mac has no route to the containers' network.",
                6,
            ),
        ),
    ),
    Question(
        "lb-metallb", LESSON, "MetalLB runs in layer 2 mode in a cluster of three nodes, and a Service has one "
        "address. Through how many nodes do the packets for this address enter the cluster?",
        Choice(("1", "2", "3")), metallb_cluster, entry_nodes,
        part="optional",
        right="In layer 2 mode one node answers for the address, and all packets arrive there. With BGP it would be "
        "three.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "With BGP, MetalLB does spread traffic over the nodes. In layer 2 mode one node answers for each "
                "address, and all packets for this address arrive there.",
                20,
            ),
        ),
    ),
)  # fmt: skip
