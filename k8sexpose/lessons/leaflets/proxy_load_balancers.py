"""Questions of the leaflet on load balancers that end connections themselves."""

from __future__ import annotations

from ...model import Cluster
from ...router.router import routes
from ..forms import Choice, Question, Wrong
from .shop import NAME, SETTLED_S, front_door, shop_cluster

__all__ = ["QUESTIONS", "path", "with_proxy_mode"]

LESSON = "leaflets/proxy_load_balancers"
CLIENT, INSIDE = "203.0.113.7", "pod/curl-1"


def behind_a_proxy(provider: str = "linode") -> Cluster:
    """Build a cluster with Local, whose only shop Pod is on node-1, and a Pod curl-1 on node-2."""
    cluster = shop_cluster(provider, (1, 0, 0), policy="Local")
    cluster.deploy("curl", per_node=[0, 1, 0])
    return cluster


def with_proxy_mode(cluster: Cluster) -> Cluster:
    """Build the same cluster with ``ipMode: Proxy`` in the status of the shop.

    Parameters
    ----------
    cluster : Cluster
        A cluster whose shop has its address; it stays as it is.

    Returns
    -------
    Cluster
        One in which nodes send packets for this address to the load balancer.

    Examples
    --------
    >>> path(with_proxy_mode(behind_a_proxy()), "198.51.100.20:80", "pod/curl-1")
    'curl-1 → node-2 → load balancer → node-1 → shop-1'
    """
    made = cluster.copy()
    made.set_load_balancer(
        NAME, ingress=[{"ip": entrance.ip, "ipMode": "Proxy"} for entrance in made.service(NAME).load_balancer_ingress]
    )
    return made


def path(cluster: Cluster, target: str, client: str = CLIENT) -> str:
    """Return the stations of a connection in one line.

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
    >>> path(behind_a_proxy(), "shop")
    'client → load balancer → node-1 → shop-1'
    """
    return " → ".join(hop.at for hop in routes(cluster, target, client)[0].hops)


def address_seen(cluster: Cluster) -> str:
    """Tell who owns the address that the Pod sees: the client, a node, or the load balancer."""
    seen = next(route.client_seen for route in routes(cluster, NAME, CLIENT) if route.delivered)
    owners = {node.addresses[0]: node.name for node in cluster.nodes if node.addresses}
    return "client" if seen == CLIENT else owners.get(seen or "", "load balancer")


def without_pods(cluster: Cluster) -> str:
    """Remove every Pod, and connect through the load balancer."""
    cluster.scale(NAME, per_node=[0] * len(cluster.nodes))
    cluster.advance(SETTLED_S)
    return routes(cluster, NAME, CLIENT)[0].outcome


def passes_the_load_balancer(cluster: Cluster) -> str:
    """Let the Pod curl-1 connect to the load balancer's address, and see whether that is on its path."""
    return "yes" if "load balancer" in path(cluster, front_door(cluster), INSIDE) else "no"


SENDERS = Choice(
    ("client", "load balancer", "node-1", "node-2"),
    labels={
        "client": "the client's address",
        "load balancer": "an address of the load balancer",
        "node-1": "the address of node-1, where the Pod runs",
        "node-2": "the address of node-2",
    },
)

QUESTIONS = (
    Question(
        "hop-proxy-sees", LESSON, "The policy is Local, and the load balancer ends connections itself: it accepts the "
        "client's connection and opens a second one to a node. Whose address does the Pod see?",
        SENDERS, behind_a_proxy, address_seen,
        part="optional",
        right="The load balancer opened this connection itself. Local only keeps the node from replacing the source.",
        wrong=(
            Wrong(
                "client",
                "Where the load balancer leaves the client's address in the packet, Local does keep it. But this load "
                "balancer ends connections itself and opens new ones, and Local changes only what the node does.",
                7,
            ),
            Wrong(
                lambda given, right: given != right,
                "Under Cluster a node does replace the source with its own address. Local keeps it from doing so, and "
                "the source is still the load balancer, which opened this connection.",
                7,
            ),
        ),
    ),
    Question(
        "proxy-no-pods", LESSON, "A load balancer ends connections itself: it accepts the client's connection and "
        "opens a second one to a node. The Service has no Pod left. What does a client of the load balancer get?",
        Choice(
            ("refused", "timeout", "reset"),
            labels={
                "refused": "refused: no connection is made, an error comes back at once",
                "timeout": "timeout: nothing comes back, and the client gives up",
                "reset": "reset: a connection is made, and then it is cut off",
            },
        ),
        behind_a_proxy, without_pods,
        part="optional",
        right="The client's connection ends at the load balancer, which accepts it, finds no node, and closes it.",
        wrong=(
            Wrong(
                "refused",
                "A node whose Service has no Pod does refuse, and the client sees it where the load balancer only "
                "forwards packets. This one has accepted the client's connection itself, so it can only cut it off.",
            ),
            Wrong(
                "timeout",
                "A load balancer that forwards packets often stays silent when it has no healthy node. This one "
                "accepts the client's connection before it looks for a node, and then cuts it off.",
            ),
        ),
    ),
    Question(
        "proxy-inside", LESSON, "The load balancer has the address 198.51.100.20. A Pod of the same cluster connects "
        "to this address. Does its connection pass through the load balancer?",
        Choice(("yes", "no")), behind_a_proxy, passes_the_load_balancer,
        part="optional",
        right="The rules of the Pod's own node know this address, and send the packet straight to a Pod.",
        wrong=(
            Wrong(
                "yes",
                "For a client outside this is right, and also where the load balancer has a DNS name and no address "
                "in the status. But every node has rules for an address in the status, and takes the packets of its "
                "own Pods before they leave.",
                5,
            ),
        ),
    ),
)  # fmt: skip
