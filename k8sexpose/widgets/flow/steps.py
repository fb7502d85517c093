"""The steps of one way, each with a sentence: what was done to the packet, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...api.objects import Pod
from ...router.route import CLIENT, CLOUD, LOAD_BALANCER, NODE, POD, Hop, Route

if TYPE_CHECKING:
    from ...model import Cluster

__all__ = ["Step", "place_of", "steps_of"]

# The places of a picture that are not a node's or a Pod's.
OUTSIDE, FRONT, BETWEEN, ELSEWHERE = "client", "lb", "cloud", "elsewhere"

ENDS = {
    "refused": "Refused: {}. The client learns at once that its connection is refused.",
    "timeout": "Timed out: {}. No answer comes: the client waits, and gives up.",
    "reset": "Reset: {}. The load balancer had already accepted the connection, and now resets it.",
    "unresolved": "No such name: {}.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the packet: the leg that leads here, and what happens here.

    Parameters
    ----------
    number : int
        From 1 on.
    at, came_from : str
        Places of the picture; the first step comes from nowhere ("").
    who, text : str
        Who does it, and what is done, in a sentence.
    before, after : tuple of str
        Source and destination as the packet arrives, and as it leaves.
    rewriting : str
        ``DNAT``, ``SNAT``, ``DNAT + SNAT``; ``rewritten`` at a load balancer; or nothing.
    latency_ms : float
        Round trip of the leg that leads here, in milliseconds.
    extra_hop, crosses_zone : bool
        Whether the leg that leads here is the extra hop, and leads into another zone.
    end : str
        The outcome, on the last step.
    where : str
        Name of the place.

    Examples
    --------
    >>> Step(1, "client", "", "client", "It asks.", ("a", "b"), ("a", "c")).changed
    ('destination',)
    """

    number: int
    at: str
    came_from: str
    who: str
    text: str
    before: tuple[str, str]
    after: tuple[str, str]
    rewriting: str = ""
    latency_ms: float = 0.0
    extra_hop: bool = False
    crosses_zone: bool = False
    end: str = ""
    where: str = ""

    @property
    def changed(self) -> tuple[str, ...]:
        """Which of source and destination are rewritten here."""
        pairs = zip(("source", "destination"), self.before, self.after, strict=True)
        return tuple(field for field, old, new in pairs if old != new)


def steps_of(cluster: Cluster, route: Route) -> tuple[Step, ...]:
    """Tell one way step by step.

    Examples
    --------
    >>> from k8sexpose import Cluster, send
    >>> cluster = Cluster()
    >>> for step in steps_of(cluster, send(cluster, "10.0.0.1:30007")):
    ...     print(f"{step.number}. {step.who}: {step.text}")
    1. client: The client sends a packet to 10.0.0.1:30007.
    2. node-1: Refused: nothing listens on port 30007 of node-1, and no Service has this nodePort. The client learns at once that its connection is refused.
    """  # noqa: E501 - the sentence is one line
    steps: list[Step] = []
    for number, hop in enumerate(route.hops, 1):
        last = number == len(route.hops)
        following = None if last else route.hops[number]
        at, came_from = place_of(cluster, hop), steps[-1].at if steps else ""
        far = route.extra_hop and last
        steps.append(
            Step(
                number, at, came_from, _who(hop, last, route), _sentence(hop, following, route, number),
                (hop.src, hop.dst), (hop.new_src or hop.src, hop.new_dst or hop.dst), _rewriting(hop), hop.latency_ms,
                far, far and route.crosses_zone, route.outcome if last else "", hop.at,
            )
        )  # fmt: skip
    return tuple(steps)


def _rewriting(hop: Hop) -> str:
    if hop.kind == LOAD_BALANCER:
        # It may as well end the connection and open one of its own.
        return "rewritten" if hop.new_dst or hop.new_src else ""
    return " + ".join(name for name, new in (("DNAT", hop.new_dst), ("SNAT", hop.new_src)) if new)


def _who(hop: Hop, last: bool, route: Route) -> str:
    if hop.kind == NODE and (not last or hop.action in ("DROP", "REJECT")):
        return f"rules on {hop.at}"
    if hop.kind == POD or (hop.kind == CLIENT and "/" not in hop.at and hop.at != OUTSIDE):
        return hop.at if hop.kind == POD else f"{hop.at} (the client)"
    return hop.at


def _sentence(hop: Hop, following: Hop | None, route: Route, number: int) -> str:
    if number == 1:
        asker = "The client" if hop.at == OUTSIDE else hop.at
        return f"{asker} sends a packet to {hop.dst}."
    if following is None:
        return _last(hop, route)
    if hop.kind == LOAD_BALANCER:
        return f"The load balancer {hop.action}{_written(hop)}."
    if hop.kind == CLOUD:
        return f"The cloud translates the external address to the node's own ({hop.action}): {hop.new_dst or hop.dst}."
    if hop.kind != NODE:
        return f"{hop.at}: {hop.action}."
    if hop.new_dst:
        return _dealt(hop, following)
    source = f", and the CNI writes {hop.new_src} as source (SNAT)" if hop.new_src else ""
    return f"No rule on {hop.at} matches: the packet goes on with its destination unchanged{source}."


def _written(hop: Hop) -> str:
    new = [f"{new} as {field}" for field, new in (("destination", hop.new_dst), ("source", hop.new_src)) if new]
    return f" and writes {' and '.join(new)}" if new else ", and leaves the addresses as they are"


def _dealt(hop: Hop, following: Hop) -> str:
    text = (
        f"The rules that kube-proxy wrote on {hop.at} choose {following.at} and put its address in the destination "
        f"(DNAT)"
    )
    if hop.new_src and "CNI" in hop.action:
        return f"{text}; the CNI puts {hop.new_src} in the source (SNAT)."
    if hop.new_src:
        return f"{text} and {hop.new_src} in the source (SNAT): the answer has to come back through {hop.at}."
    return f"{text}. The source stays as it was."


def _last(hop: Hop, route: Route) -> str:
    if route.outcome != "delivered":
        return ENDS.get(route.outcome, "Lost: {}.").format(route.reason)
    back = _way_back(route)
    if route.client_seen is None:
        return f"{route.reason}. {back}"
    true = route.hops[0].src
    whose = "the client's own address" if route.client_seen == true else f"not the client's, which was {true}"
    zone = " into another zone" if route.crosses_zone else ""
    crossing = f" The packet took an extra hop{zone}." if route.extra_hop else ""
    return f"{hop.at} answers. The sender address that it sees is {route.client_seen}: {whose}.{crossing} {back}"


def _way_back(route: Route) -> str:
    """Say what the answer passes: each place that has replaced an address, since no other knows the old one."""
    asker = "the client" if route.hops[0].at == OUTSIDE else route.hops[0].at
    called = {LOAD_BALANCER: "the load balancer", CLOUD: "the cloud"}
    places = [called.get(hop.kind, hop.at) for hop in reversed(route.hops) if hop.new_dst or hop.new_src]
    if not places:
        return f"The answer goes straight back to {asker}."
    puts = "which puts back what it replaced" if len(places) == 1 else "which put back what they replaced"
    return f"The answer goes back to {asker} through {' and '.join(places)}, {puts}."


# -- places ----


def place_of(cluster: Cluster, hop: Hop) -> str:
    """Say where in the picture a hop is: ``client``, ``lb``, ``node:NAME``, ``pod:NAMESPACE/NAME``.

    Examples
    --------
    >>> from k8sexpose import Cluster, Hop
    >>> place_of(Cluster(), Hop("node-1", "203.0.113.7", "10.0.0.1:30007", "DNAT"))
    'node:node-1'
    """
    if hop.kind == LOAD_BALANCER:
        return FRONT
    if hop.kind == CLOUD:
        return BETWEEN
    if hop.kind == NODE:
        return node_place(hop.at)
    if hop.kind in (CLIENT, POD):
        return _inside(cluster, hop) or (OUTSIDE if hop.kind == CLIENT else ELSEWHERE)
    return ELSEWHERE


def _inside(cluster: Cluster, hop: Hop) -> str:
    """Find the Pod or node whose address this is; a hostNetwork Pod shares its node's."""
    ip = ip_of(hop.src if hop.kind == CLIENT else hop.dst)
    pod, node = cluster.store.pod_at(ip), cluster.store.node_at(ip)
    if pod is None and node is not None:
        pod = next((p for p in cluster.store.pods_on(node.name) if p.host_network and p.name == hop.at), None)
    if pod is not None:
        return pod_place(pod)
    return node_place(node.name) if node else ""


def node_place(name: str) -> str:
    """Name the place of a node."""
    return f"node:{name}"


def pod_place(pod: Pod) -> str:
    """Name the place of a Pod."""
    return f"pod:{pod.namespace}/{pod.name}"


def ip_of(address: str) -> str:
    """Return the address of ``ip``, ``ip:port`` or ``[ip]:port``.

    Examples
    --------
    >>> ip_of("[2001:db8::1]:80"), ip_of("2001:db8::1"), ip_of("10.0.0.1:80")
    ('2001:db8::1', '2001:db8::1', '10.0.0.1')
    """
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address if address.count(":") > 1 else address.partition(":")[0]
