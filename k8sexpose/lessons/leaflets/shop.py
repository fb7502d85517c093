"""The cluster that several leaflets share: a shop, and a Service of type LoadBalancer in front of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...data import example
from ...model import Cluster

__all__ = ["NAME", "SETTLED_S", "front_door", "node_port", "shop_cluster"]

NAME = "shop"
SETTLED_S = 900.0  # by then every provider's load balancer is built, and its checks have settled


def shop_cluster(
    provider: Any,
    per_node: Sequence[int] = (1, 1, 1),
    *,
    manifest: str = "shop-lb",
    policy: str = "Cluster",
    annotations: Mapping[str, str] | None = None,
    wait_s: float = SETTLED_S,
    **options: Any,
) -> Cluster:
    """Build the cluster of a leaflet: Pods as told, and a Service of type LoadBalancer.

    Parameters
    ----------
    provider : object
        As for ``Cluster(provider=…)``.
    per_node : sequence of int
        How many Pods each node has.
    manifest : str
        Name of the example that is applied.
    policy : str
        ``externalTrafficPolicy``.
    annotations : mapping, optional
        What the Service has from the beginning.
    wait_s : float
        How long to wait afterwards.
    **options
        As for `Cluster`.

    Returns
    -------
    Cluster
        With its Service ``shop``.

    Examples
    --------
    >>> shop_cluster("metallb").service("shop").load_balancer_ingress[0].ip
    '198.51.100.0'
    """
    cluster = Cluster(nodes=len(per_node), provider=provider, **options)
    cluster.deploy(NAME, per_node=per_node)
    cluster.apply(example(manifest))
    if annotations:
        cluster.patch(NAME, {"metadata": {"annotations": dict(annotations)}})
    if policy != "Cluster":
        cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy}})
    cluster.advance(wait_s)
    return cluster


def node_port(cluster: Cluster, node: int = 0) -> str:
    """Return the address of a node with the node port of the shop."""
    return f"{cluster.nodes[node].addresses[0]}:{cluster.service(NAME).ports[0].node_port}"


def front_door(cluster: Cluster) -> str:
    """Return the address of the shop's load balancer with its port."""
    entrance = cluster.service(NAME).load_balancer_ingress[0]
    return f"{entrance.address}:{cluster.service(NAME).ports[0].port}"
