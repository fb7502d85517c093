"""The results of routing: one way a packet can take, and the shares of all ways together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from .._display import html_table, milliseconds, percent, visible
from ..api.service import Service

__all__ = ["Hop", "Route", "Shares"]

CLIENT = "client"
CLOUD = "cloud"
LOAD_BALANCER = "load balancer"
NODE = "node"
POD = "Pod"
NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Hop:
    """One place that the packet passes, and what happens to it there.

    Parameters
    ----------
    at : str
        Name of the place: the client, the load balancer, a node, a Pod.
    src, dst : str
        Source and destination as the packet arrives, ``ip:port`` where it has a port.
    action : str
        What happens here.
    latency_ms : float
        Round trip of the leg that leads here, in milliseconds.
    new_src, new_dst : str, optional
        Source and destination as the packet leaves, where they change.
    kind : str
        ``client``, ``cloud``, ``load balancer``, ``node``, ``Pod`` or ``nowhere``.
    affinity : bool
        Whether the endpoint was not chosen by chance: the Service remembers the client.

    Examples
    --------
    >>> print(Hop("node-1", "203.0.113.7", "10.0.0.1:30007", "DNAT", new_dst="10.244.1.2:8080"))
    node-1: 203.0.113.7 → 10.0.0.1:30007, leaves as 203.0.113.7 → 10.244.1.2:8080 (DNAT)
    """

    at: str
    src: str
    dst: str
    action: str
    latency_ms: float = 0.0
    new_src: str | None = None
    new_dst: str | None = None
    kind: str = NODE
    affinity: bool = field(default=False, repr=False)

    @property
    def before(self) -> str:
        """``source → destination`` as the packet arrives."""
        return f"{self.src} → {self.dst}"

    @property
    def after(self) -> str:
        """``source → destination`` as the packet leaves."""
        return f"{self.new_src or self.src} → {self.new_dst or self.dst}"

    def __str__(self) -> str:
        changed = f", leaves as {self.after}" if self.after != self.before else ""
        return f"{self.at}: {self.before}{changed} ({self.action})"


@dataclass(frozen=True, slots=True, repr=False)
class Route:
    """One way that a packet can take, from the client to its end.

    Parameters
    ----------
    probability : Fraction
        How often the packet goes this way.
    outcome : str
        ``delivered``, ``refused``, ``timeout``, ``reset`` (a load balancer ends the connection) or
        ``unresolved`` (no such name).
    reason : str
        Why it ends like this, in a sentence.
    pod : str, optional
        The Pod that answers; None unless a Pod does.
    hops : tuple of Hop
        The places that the packet passes, in order.
    client_seen : str, optional
        The source address that the Pod sees.
    extra_hop : bool
        Whether a packet from outside entered by one node and was answered on another.
    crosses_zone : bool
        Whether that same leg leads into another zone.
    entry : str, optional
        The node by which the packet entered.
    node : str, optional
        The node of the Pod that answers.
    protocol : str
        TCP, UDP, SCTP or ICMP.
    as_if : Service, optional
        The Service in the form in which it was asked for, where its load balancer has no address yet.

    Examples
    --------
    >>> Route(Fraction(1, 2), "delivered", "", pod="web-1", entry="node-1", node="node-1")
    <Route 1/2: node-1, delivered to web-1>
    """

    probability: Fraction
    outcome: str
    reason: str
    pod: str | None = None
    hops: tuple[Hop, ...] = ()
    client_seen: str | None = None
    extra_hop: bool = False
    crosses_zone: bool = False
    entry: str | None = None
    node: str | None = None
    protocol: str = "TCP"
    as_if: Service | None = field(default=None, compare=False)

    @property
    def delivered(self) -> bool:
        """True if the client gets an answer."""
        return self.outcome == "delivered"

    @property
    def latency_ms(self) -> float:
        """The round trip of all legs together, in milliseconds; the internet before the cluster counts 0."""
        return sum(hop.latency_ms for hop in self.hops)

    @property
    def summary(self) -> str:
        """The end of the way in a line."""
        if self.outcome != "delivered":
            return f"{self.outcome}: {self.reason}"
        remarks = [f"the Pod sees {self.client_seen}"] if self.client_seen else [self.reason]
        if self.extra_hop:
            remarks.append("extra hop into another zone" if self.crosses_zone else "extra hop")
        return f"delivered{f' to {self.pod}' if self.pod else ''} ({', '.join(remarks)})"

    def __repr__(self) -> str:
        entry = f"{self.entry}, " if self.entry else ""
        end = f"delivered to {self.pod}" if self.pod else self.outcome
        return f"<Route {self.probability}: {entry}{end}{', extra hop' if self.extra_hop else ''}>"

    def __str__(self) -> str:
        return "\n".join([self.summary, *(f"  {hop}" for hop in self.hops)])

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the hops in a terminal (IPython's hook)."""
        printer.text(visible(repr(self) if cycle else str(self)))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        rows = [
            (
                hop.at,
                hop.before,
                hop.after if hop.after != hop.before else "unchanged",
                hop.action,
                milliseconds(hop.latency_ms) if hop.latency_ms else "",
            )
            for hop in self.hops
        ]
        head = ("at", "arrives as", "leaves as", "what happens", "round trip")
        return html_table(self.summary, head, rows)


@dataclass(frozen=True, slots=True)
class Shares:
    """Where all packets go together, as exact fractions.

    Parameters
    ----------
    by_pod : mapping of str to Fraction
        The share of each Pod that can answer.
    by_node : mapping of str to Fraction
        The same by the node of the Pod.
    extra_hop : Fraction
        The share that enters by one node and is answered on another.
    crosses_zone : Fraction
        The share whose extra hop leads into another zone.
    lost : Fraction
        The share that nobody answers.

    Examples
    --------
    >>> Shares({"web-1": Fraction(1, 2)}, {"node-1": Fraction(1, 2)}, lost=Fraction(1, 2)).lost
    Fraction(1, 2)
    """

    by_pod: Mapping[str, Fraction] = field(default_factory=dict)
    by_node: Mapping[str, Fraction] = field(default_factory=dict)
    extra_hop: Fraction = Fraction(0)
    crosses_zone: Fraction = Fraction(0)
    lost: Fraction = Fraction(0)

    @property
    def summary(self) -> str:
        """The shares that are not a Pod's, in a line."""
        return (
            f"extra hop {percent(self.extra_hop)}, crosses a zone {percent(self.crosses_zone)}, "
            f"lost {percent(self.lost)}"
        )

    def __str__(self) -> str:
        rows = (f"  {pod}: {share} ({percent(share)})" for pod, share in self.by_pod.items())
        return "\n".join([self.summary, *rows])

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the shares in a terminal (IPython's hook)."""
        printer.text(visible(repr(self) if cycle else str(self)))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        rows = [(pod, str(share), percent(share)) for pod, share in self.by_pod.items()]
        return html_table(self.summary, ("Pod", "share", "percent"), rows)
