"""The four questions to the router: every way from a client to a Pod, their shares, the entries, or one request.

`entries` says by which node the packet comes in, `kube_proxy` what that node does with it. `shares` multiplies
the two, `routes` lists every way, `send` takes one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from ..api.checks import LARGEST_PORT, check_arguments, count
from ..cluster.state import ClusterState
from .answers import ask
from .path import RandomPathTracer
from .query import Query
from .route import Route, Shares

__all__ = ["entries", "routes", "send", "shares"]


def send(
    cluster: ClusterState,
    target: str,
    client: str | None = None,
    *,
    protocol: str = "TCP",
    via: str | Sequence[str] | None = None,
    seed: int | None = None,
    source_port: int | None = None,
) -> Route:
    """Open one connection.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it counts the connections, and remembers clients where a Service asks for affinity.
    target : str
        ``"ip:port"``, ``"http://ip"``, ``"http://name"``, or a Service: ``"name"``, ``"namespace/name:port"``.
    client : str, optional
        An address outside (the default, ``"203.0.113.7"``), ``"pod/NAME"`` or ``"node/NAME"``. Where none is
        given, a ClusterIP Service is asked by a Pod, and an internal load balancer from the private network.
    protocol : str
        TCP, UDP, SCTP or ICMP.
    via : str or sequence of str, optional
        Nodes by which a packet from outside arrives.
    seed : int, optional
        Pins the choices; without it the k-th connection of a cluster makes its own, the same on every machine.
    source_port : int, optional
        The port that the client sends from, 1 to 65535. A second `send` from it is another packet of the same flow:
        the nodes remember its endpoint (conntrack), whatever has become of the Service. TCP stays there in any case;
        UDP is moved once the endpoint no longer serves and another one does. None: each connection is a new one.

    Returns
    -------
    Route
        The way it took.

    Raises
    ------
    NotExposed
        If nothing leads to the Service from where this client is.
    UnknownName
        If a Service, node or Pod does not exist (it is a KeyError).
    ValueError
        If target or client cannot be read, or the source port is none.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> send(cluster, "10.0.0.1:30007").outcome
    'refused'
    """
    check_arguments(send, locals())
    if source_port is not None:
        count(source_port, "source_port", at_most=LARGEST_PORT)
        if protocol == "ICMP":
            raise ValueError("source_port: ICMP has no ports, and a ping belongs to no flow here")
    question = Query.read(cluster, target, client, protocol, via)
    chance = Random(f"{cluster.seed}/{cluster.sends}" if seed is None else f"seed {seed}")
    tracer = RandomPathTracer(
        cluster, question.client, question.via, question.as_if, chance=chance, source_port=source_port
    )
    route = next(question.ways(tracer))
    cluster.sends += 1
    return route


def routes(
    cluster: ClusterState,
    target: str,
    client: str | None = None,
    *,
    protocol: str = "TCP",
    via: str | Sequence[str] | None = None,
) -> tuple[Route, ...]:
    """List every way that a connection can take, with its probability.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    target, client, protocol, via
        As for `send`.

    Returns
    -------
    tuple of Route
        The ways; their probabilities sum to 1.

    Raises
    ------
    NotExposed, UnknownName, ValueError
        As for `send`.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> [route.outcome for route in routes(cluster, "10.0.0.1:30007")]
    ['refused']
    """
    check_arguments(routes, locals())
    question = Query.read(cluster, target, client, protocol, via)
    return tuple(question.ways(question.tracer()))


def entries(
    cluster: ClusterState,
    target: str,
    client: str | None = None,
    *,
    protocol: str = "TCP",
    via: str | Sequence[str] | None = None,
) -> dict[str, Fraction]:
    """Return the nodes by which a connection enters the cluster, each with its share.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    target, client, protocol, via
        As for `send`.

    Returns
    -------
    dict of str to Fraction
        By node. Empty where no packet comes in, or the load balancer delivers straight to Pods.

    Raises
    ------
    NotExposed, UnknownName, ValueError
        As for `send`.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> entries(cluster, "10.0.0.1:30007", via=None)
    {'node-1': Fraction(1, 1)}
    """
    check_arguments(entries, locals())
    return dict(ask(cluster, target, client, protocol, via).entries)


def shares(
    cluster: ClusterState,
    target: str,
    client: str | None = None,
    *,
    protocol: str = "TCP",
    via: str | Sequence[str] | None = None,
) -> Shares:
    """Add up all ways: the exact share of each Pod, and what is lost.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    target, client, protocol, via
        As for `send`.

    Returns
    -------
    Shares
        Fractions; those of the Pods and what is lost sum to 1.

    Raises
    ------
    NotExposed, UnknownName, ValueError
        As for `send`.

    Examples
    --------
    >>> from k8sexpose import Cluster, Node
    >>> cluster = Cluster(nodes=[Node("node-1", addresses=("10.0.0.1",))])
    >>> shares(cluster, "10.0.0.1:30007").lost
    Fraction(1, 1)
    """
    check_arguments(shares, locals())
    kept = ask(cluster, target, client, protocol, via).shares
    return replace(kept, by_pod=dict(kept.by_pod), by_node=dict(kept.by_node))
