"""Who reaches a Service: from where, by which entrance, seen as which address, and what share is lost.

Three groups of clients are told apart: the internet, the private network of the nodes, and the cluster itself. Whether
an address belongs to the internet is read from the address; whether a load balancer does, from the annotation that its
controller reads. Firewalls and routes of the cloud stand in no dump, and are not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from .._display import html_table, percent, visible
from ..api.addresses import address, ip_version
from ..api.checks import check_arguments
from ..api.errors import NotExposed
from ..api.objects import Node, Pod
from ..api.service import Service, ServicePort
from ..cloud.front_door import FrontDoor, front_door
from ..cloud.internal import PRIVATE_CLIENTS, is_private
from ..cloud.shared_entries import SharedEntry, faces_the_internet, shared_entries
from ..cluster.state import ClusterState
from ..kubeproxy.service_ports import cluster_ip_of
from .addressing import DEFAULT_CLIENTS
from .answers import ask

__all__ = ["CLUSTER", "INTERNET", "PRIVATE", "Entrance", "Reach", "internet_entrances", "reach", "reach_of"]

INTERNET, PRIVATE, CLUSTER = "internet", "private network", "cluster"
ORDER = (INTERNET, PRIVATE, CLUSTER)
MOST_NODES = 50  # whose node ports are asked one by one
HEAD = ("who", "entrance", "address", "seen as", "lost")


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way in.

    Parameters
    ----------
    who : str
        ``internet``, ``private network`` or ``cluster``.
    kind : str
        ``load balancer``, ``node port``, ``external IP``, ``host port``, ``host network``, ``cluster IP``, ``Ingress``
        or ``Gateway``.
    service : str
        ``namespace/name`` of the Service; of the Pod, Ingress or Gateway, where the entrance is its own.
    address : str
        What the client dials.
    seen_as : str
        Whose address the Pod sees; empty where nothing comes through, or it is not known.
    lost : Fraction, optional
        The share of new connections that nobody answers; None where it is not known.
    note : str
        What else there is to know: who is let in, on how many nodes.

    Examples
    --------
    >>> Entrance("internet", "load balancer", "default/web", "203.0.113.9:80").who
    'internet'
    """

    who: str
    kind: str
    service: str
    address: str
    seen_as: str = ""
    lost: Fraction | None = None
    note: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of a table."""
        share = "not known" if self.lost is None else percent(self.lost)
        where = f"{self.address} ({self.note})" if self.note else self.address
        return self.who, self.kind, where, self.seen_as or "not known", share


@dataclass(frozen=True, slots=True, repr=False)
class Reach:
    """Who reaches one Service; shows as a table.

    Parameters
    ----------
    service : str
        ``namespace/name``.
    entrances : tuple of Entrance
        Those of the internet first.

    Examples
    --------
    >>> Reach("default/web", ()).internet
    False
    """

    service: str
    entrances: tuple[Entrance, ...]

    @property
    def internet(self) -> bool:
        """Whether anybody on the internet can dial it."""
        return any(one.who == INTERNET for one in self.entrances)

    @property
    def who(self) -> tuple[str, ...]:
        """The groups of clients that have an entrance, the widest first."""
        return tuple(group for group in ORDER if any(one.who == group for one in self.entrances))

    def __iter__(self) -> Iterator[Entrance]:
        return iter(self.entrances)

    def __len__(self) -> int:
        return len(self.entrances)

    def __str__(self) -> str:
        rows = [HEAD, *(one.cells for one in self.entrances)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
        lines = [
            "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([f"Who reaches {self.service}", *lines])

    def __repr__(self) -> str:
        return visible(str(self))

    def _repr_html_(self) -> str:
        return html_table(f"Who reaches {self.service}", HEAD, (one.cells for one in self.entrances))


def reach(cluster: ClusterState, service: str) -> Reach:
    """Tell who reaches a Service, and how.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service : str
        ``name`` or ``namespace/name``.

    Returns
    -------
    Reach
        A table: who, by which entrance, at which address, seen as whom, and which share of new connections is lost.

    Raises
    ------
    ApiError
        404 NotFound: there is no such Service.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("api-backend", per_node=[1, 1, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> cluster.advance(60)
    >>> reach(cluster, "public-api-lb").who
    ('internet', 'private network', 'cluster')
    """
    check_arguments(reach, locals())
    return reach_of(cluster, cluster.service(service))


def reach_of(cluster: ClusterState, found: Service) -> Reach:
    """Return who reaches a Service that is at hand; one of a dump may have a name that nobody could ask for."""
    listed = [
        *_from_outside(cluster, found), *_pods_of(cluster, found), *_cluster_ip(cluster, found),
    ]  # fmt: skip
    return Reach(found.key, tuple(sorted(listed, key=lambda one: ORDER.index(one.who))))


def internet_entrances(cluster: ClusterState, known: Mapping[str, Reach] | None = None) -> tuple[Entrance, ...]:
    """Return all that the internet reaches: of every Service, and of Pods that listen on their node's address.

    What `known` holds of a Service, by ``namespace/name``, is not asked again.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> internet_entrances(Cluster())
    ()
    """
    found: dict[tuple[str, str], Entrance] = {}
    for service in cluster.services:
        told = known.get(service.key) if known is not None else None
        for one in _from_outside(cluster, service) if told is None else told:
            if one.kind in OUTSIDE_KINDS:
                found.setdefault((one.service, one.address), one)
    for pod in cluster.pods:
        if pod.ports:
            for one in _pod(cluster, pod):
                found.setdefault(("", one.address), one)
    for shared in shared_entries(cluster):
        for one in _shared(shared):
            found.setdefault(("", one.address), one)
    return tuple(one for one in found.values() if one.who == INTERNET)


# -- the entrances ----------------------------------------------------------------------------------------------------

OUTSIDE_KINDS = ("load balancer", "node port", "external IP")


def _from_outside(cluster: ClusterState, service: Service) -> Iterator[Entrance]:
    """Yield the entrances of a Service itself, from outside the cluster."""
    for make in (_load_balancer, _node_ports, _external_ips):
        yield from make(cluster, service)


def _load_balancer(cluster: ClusterState, service: Service) -> Iterator[Entrance]:
    """Yield the load balancer's address with each port."""
    if service.type != "LoadBalancer":
        return
    try:
        balancer = front_door(cluster, service)
    except (NotExposed, ValueError, KeyError):
        return
    if balancer.address in ("", "localhost"):
        who, note = PRIVATE, "this computer only"
    else:
        private = balancer.internal or is_private(balancer.address)
        who, note = (PRIVATE if private else INTERNET), ""
    ranges = ", ".join(service.load_balancer_source_ranges)
    note = f"only {ranges}" if ranges else note or ("internal" if balancer.internal else "")
    for port in service.ports:
        client = _client(service, who, balancer)
        target = f"{service.key}:{port.port}"
        seen, lost = _asked(cluster, target, client, port.protocol or "TCP")
        yield Entrance(who, "load balancer", service.key, _shown(balancer.address, port), seen, lost, note)


def _client(service: Service, who: str, balancer: FrontDoor) -> str | None:
    """Return a client that the load balancer lets in; None for the usual one."""
    for text in service.load_balancer_source_ranges:
        first, _, bits = text.strip().partition("/")
        if ip_version(first):
            return None if bits == "0" else first
    return PRIVATE_CLIENTS[ip_version(balancer.address) or 4] if who == PRIVATE else None


def _shown(ip: str, port: ServicePort, number: int | None = None) -> str:
    protocol = port.protocol or "TCP"
    return address(ip, number or port.port) + ("" if protocol == "TCP" else f"/{protocol}")


def _node_ports(cluster: ClusterState, service: Service) -> Iterator[Entrance]:
    """Yield each node port, on the public addresses of nodes and on their private ones."""
    if service.type not in ("NodePort", "LoadBalancer"):
        return
    for port in service.ports:
        if port.node_port:
            for who in (INTERNET, PRIVATE):
                places = _node_addresses(cluster, who, service)
                if places:
                    yield _node_port(cluster, service, port, who, places)


def _node_addresses(cluster: ClusterState, who: str, service: Service) -> tuple[str, ...]:
    """Return the addresses of nodes that a group of clients can dial, in the families of a Service."""
    store = cluster.store
    families = frozenset(6 if name == "IPv6" else 4 for name in service.ip_families or ("IPv4",))

    def make() -> tuple[str, ...]:
        found: list[str] = []
        for node in store.nodes.values():
            outside = () if node.external_ip is None else (node.external_ip,)
            ips = (*outside, *node.addresses) if who == INTERNET else node.addresses
            found += (ip for ip in ips if ip and is_private(ip) is not (who == INTERNET))
        return tuple(ip for ip in dict.fromkeys(found) if ip_version(ip) in families)

    return store.cached(("addresses of nodes", who, families), store.node_version, make)


def _node_port(cluster: ClusterState, service: Service, port: ServicePort, who: str, places: Sequence[str]) -> Entrance:
    """Return one node port for one group of clients, each node as likely as the others."""
    clients = DEFAULT_CLIENTS if who == INTERNET else PRIVATE_CLIENTS
    protocol, number = port.protocol or "TCP", port.node_port or 0
    dialled = [(address(ip, number), clients[ip_version(ip) or 4]) for ip in places[:MOST_NODES]]
    lost: Fraction | None = None
    seen = ""
    if len(places) <= MOST_NODES:
        asked = [_asked(cluster, target, client, protocol) for target, client in dialled]
        known = [one for _, one in asked if one is not None]
        lost = sum(known, Fraction(0)) / len(known) if len(known) == len(places) else None
        # Where only some nodes answer, what a Pod sees is what those connections show that came through.
        through = [one for one, share in asked if one and share != 1]
        seen = next((one for one in (*through, *(one for one, _ in asked)) if one), "")
    more = f"and {len(places) - 1} more" if len(places) > 1 else ""
    suffix = "" if protocol == "TCP" else f"/{protocol}"
    return Entrance(who, "node port", service.key, dialled[0][0] + suffix, seen, lost, more)


def _external_ips(cluster: ClusterState, service: Service) -> Iterator[Entrance]:
    """Yield the externalIPs: whoever's packets the network brings to a node with this destination."""
    for ip in service.external_ips:
        who = PRIVATE if is_private(ip) else INTERNET
        clients = PRIVATE_CLIENTS if who == PRIVATE else DEFAULT_CLIENTS
        for port in service.ports:
            via = list(islice(cluster.store.nodes, MOST_NODES))
            seen, lost = "", None
            if via:
                target, protocol = address(ip, port.port), port.protocol or "TCP"
                seen, lost = _asked(cluster, target, clients[ip_version(ip) or 4], protocol, via)
            note = "if the network routes it to a node"
            yield Entrance(who, "external IP", service.key, _shown(ip, port), seen, lost, note)


def _pods_of(cluster: ClusterState, service: Service) -> Iterator[Entrance]:
    """Yield the entrances of the Pods behind a Service: ports of their nodes that lead to them."""
    for pod in cluster.store.pods_selected(service):
        yield from _pod(cluster, pod)


def _pod(cluster: ClusterState, pod: Pod) -> Iterator[Entrance]:
    """Yield the ports of its node that lead to a Pod: ``hostPort``, and the ports of a hostNetwork Pod."""
    node = cluster.store.nodes.get(pod.node or "")
    if node is None or pod.phase not in ("Running", "Pending"):
        return
    for port in pod.ports:
        number = port.port if pod.host_network else port.host_port
        if not number or port.host_ip in ("127.0.0.1", "::1"):
            continue
        kind = "host network" if pod.host_network else "host port"
        for who, ip in _places(node, port.host_ip):
            suffix = "" if port.protocol == "TCP" else f"/{port.protocol}"
            lost = Fraction(0) if pod.ready else Fraction(1)
            name = f"{pod.namespace}/{pod.name}"
            yield Entrance(
                who, kind, name, address(ip, number) + suffix, "the client's address", lost, f"Pod {pod.name}"
            )


def _shared(entry: SharedEntry) -> Iterator[Entrance]:
    """Yield the addresses of what the cloud built for an Ingress or a Gateway; who is behind it decides on the rest."""
    if not faces_the_internet(entry):
        return
    hosts = ", ".join(entry.hosts) or "any host"
    for ip in entry.addresses:
        for number in entry.ports or ((80, 443) if entry.tls else (80,)):
            note = f"{hosts}; for {', '.join(entry.services) or 'no Service'}"
            yield Entrance(
                INTERNET, entry.kind, entry.key, address(ip, number), "the load balancer's address", None, note
            )


def _places(node: Node, host_ip: str) -> Iterator[tuple[str, str]]:
    """Yield who dials a node at which address."""
    for ip in dict.fromkeys(one for one in (node.external_ip, *node.addresses) if one):
        if host_ip in ("", "0.0.0.0", "::", ip):
            yield (PRIVATE if is_private(ip) else INTERNET), ip


def _cluster_ip(cluster: ClusterState, service: Service) -> Iterator[Entrance]:
    """Yield the clusterIP, which Pods and nodes dial."""
    ip = cluster_ip_of(service, 4) or cluster_ip_of(service, 6)
    if ip is None:
        return
    nodes = cluster.store.nodes.values()
    node = next((node for node in nodes if not cluster.is_down(node.name) and node.addresses), None)
    for port in service.ports:
        seen, lost = "", None
        if node is not None:
            seen, lost = _asked(cluster, address(ip, port.port), f"node/{node.name}", port.protocol or "TCP")
        note = f"asked from {node.name}" if node is not None and service.internal_traffic_policy == "Local" else ""
        yield Entrance(CLUSTER, "cluster IP", service.key, _shown(ip, port), seen, lost, note)


# -- what a client meets ----------------------------------------------------------------------------------------------


def _asked(
    cluster: ClusterState, target: str, client: str | None, protocol: str, via: Iterable[str] = ()
) -> tuple[str, Fraction | None]:
    """Return whose address the Pod sees, and the share that is lost; the words are the router's."""
    try:
        answer = ask(cluster, target, client, protocol, tuple(via) or None)
        delivered = [bundle for bundle in answer.bundles if bundle.route.delivered]
    except (NotExposed, ValueError, KeyError):
        return "", None
    lost = 1 - sum((bundle.probability for bundle in delivered), Fraction(0))
    seen = next((bundle.route.client_seen for bundle in delivered if bundle.route.client_seen), None)
    if seen is None:
        return ("nothing: no connection came through" if lost == 1 else ""), lost
    if seen == answer.client.ip:
        return "the client's address", lost
    return ("a node's address" if cluster.store.node_at(seen) is not None else "the load balancer's address"), lost
