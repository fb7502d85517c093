"""The rules that look at one connection, node by node: which of them fit, and which one decided.

The rules are those of `kubeproxy.listing`; the packet is that of a `Route`. What the rules leave to chance is taken
from the route.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from ipaddress import ip_address, ip_network

from .._display import html_table, visible
from ..api.addresses import address, ip_version
from ..api.checks import check_arguments
from ..api.objects import Node
from ..cluster.state import ClusterState
from ..kubeproxy.iptables_text import saved
from ..kubeproxy.listing import rules_of
from ..kubeproxy.nft_text import worded
from ..kubeproxy.proxy import from_local_pod, is_own_address
from ..kubeproxy.rules import Action, Condition, Rule, RuleSet
from .path import OPEN_FLOW
from .route import NODE, POD, Hop, Route
from .router import send

__all__ = ["RuleStep", "RuleTrace", "trace"]

# Where no packet comes to the rules: the node is down, or the kernel discards the packet on arrival.
UNSEEN = ("node is down", "martian source", "goes in a circle", "comes back")
DECIDE = ("dnat", "choose dnat", "REJECT", "DROP", "ACCEPT")
# The chains that the kernel calls, by hook, in the order of their priority: table and chain.
HOOKS = {
    "iptables": {
        "PREROUTING": (("nat", "PREROUTING"),),
        "INPUT": (("filter", "INPUT"),),
        "FORWARD": (("filter", "FORWARD"),),
        "OUTPUT": (("nat", "OUTPUT"), ("filter", "OUTPUT")),
        "POSTROUTING": (("nat", "POSTROUTING"),),
    },
    "nftables": {
        "PREROUTING": (("", "filter-prerouting-pre-dnat"), ("", "nat-prerouting")),
        "INPUT": (("", "filter-input"),),
        "FORWARD": (("", "filter-forward"),),
        "OUTPUT": (("", "filter-output-pre-dnat"), ("", "nat-output"), ("", "filter-output")),
        "POSTROUTING": (("", "nat-postrouting"),),
    },
}


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One rule that looked at the connection.

    Parameters
    ----------
    node : str
        The node.
    hook : str
        Where in the kernel: PREROUTING, INPUT, FORWARD, OUTPUT or POSTROUTING.
    table, chain : str
        Where the rule stands; nftables has one table, whose name is left out.
    rule : str
        The rule as ``iptables-save`` or ``nft list table`` prints it.
    matched : bool
        Whether it fitted this connection.
    probability : Fraction
        How likely it fits a packet like this one that has come so far: 0, 1, or the chance of one endpoint, where
        the rule leaves the endpoint to chance.
    decided : bool
        Whether it settled what becomes of the connection on this node: a new destination, an answer, or silence.

    Examples
    --------
    >>> RuleStep("node-1", "PREROUTING", "nat", "PREROUTING", "-A PREROUTING -j KUBE-SERVICES", True).where
    'nat PREROUTING'
    """

    node: str
    hook: str
    table: str
    chain: str
    rule: str
    matched: bool
    probability: Fraction = Fraction(1)
    decided: bool = False

    @property
    def where(self) -> str:
        """Table and chain."""
        return f"{self.table} {self.chain}".strip()

    @property
    def answer(self) -> str:
        """Whether it fitted, in a word; with the chance where chance decided."""
        chance = f" ({self.probability})" if self.probability not in (0, 1) else ""
        return ("decides" if self.decided else "yes" if self.matched else "no") + chance


@dataclass(frozen=True, slots=True, repr=False)
class RuleTrace:
    """The rules that looked at one connection, in order.

    Parameters
    ----------
    route : Route
        The connection.
    mode : str
        ``iptables`` or ``nftables``.
    steps : tuple of RuleStep
        Every rule that was asked, whether it fitted or not.

    Examples
    --------
    >>> RuleTrace(Route(Fraction(1), "refused", "nothing listens"), "iptables").decisions
    ()
    """

    route: Route
    mode: str
    steps: tuple[RuleStep, ...] = field(default=())

    @property
    def matched(self) -> tuple[RuleStep, ...]:
        """The rules that fitted."""
        return tuple(step for step in self.steps if step.matched)

    @property
    def decisions(self) -> tuple[RuleStep, ...]:
        """The rule that decided, on each node where one did."""
        return tuple(step for step in self.steps if step.decided)

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield the lines of the table; rules that did not fit are counted where several follow one another."""
        missed: list[RuleStep] = []
        for step in self.steps:
            if missed and (step.matched or step.chain != missed[-1].chain or step.node != missed[-1].node):
                yield from _missed(missed)
                missed = []
            if step.matched:
                yield step.node, f"{step.hook}, {step.where}", step.rule, step.answer
            else:
                missed.append(step)
        yield from _missed(missed)

    @property
    def _caption(self) -> str:
        return f"{len(self.steps)} rules tried, {len(self.matched)} matched: {self.route.summary}"

    def __repr__(self) -> str:
        return f"<RuleTrace {self.mode}: {len(self.steps)} rules tried, {len(self.matched)} matched>"

    def __str__(self) -> str:
        rows = (f"  {node} {where}: {rule} [{answer}]" for node, where, rule, answer in self.rows())
        return "\n".join([self._caption, *rows])

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the rules in a terminal (IPython's hook)."""
        printer.text(visible(repr(self) if cycle else str(self)))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        return html_table(self._caption, ("node", "where", "rule", "matches"), self.rows(), unbroken=[0])


SHOWN = 2  # rules in a row that did not fit, up to which each is shown


def _missed(steps: Sequence[RuleStep]) -> Iterator[tuple[str, str, str, str]]:
    if len(steps) > SHOWN:
        first = steps[0]
        yield first.node, f"{first.hook}, {first.where}", f"… {len(steps)} rules", "no"
        return
    for step in steps:
        yield step.node, f"{step.hook}, {step.where}", step.rule, step.answer


def trace(
    cluster: ClusterState,
    route: Route | str,
    client: str | None = None,
    *,
    protocol: str = "TCP",
    via: str | Sequence[str] | None = None,
    seed: int | None = None,
) -> RuleTrace:
    """List the rules of kube-proxy that look at one connection, in order, on each node that it meets.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is, and no connection is counted.
    route : Route or str
        A way that `send` or `routes` has given; or a target as for `send`, with the other parameters.
    client, protocol, via, seed
        As for `send`, for a target.

    Returns
    -------
    RuleTrace
        A table in a notebook. IPv4 only.

    Raises
    ------
    NotExposed, UnknownName
        As for `send`.
    ValueError
        As for `send`; or the connection uses IPv6; or the rules of now lead elsewhere than the route, since the
        cluster has changed.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("web", per_node=[0, 1], port=8080)
    >>> _ = cluster.apply(
    ...     {
    ...         "apiVersion": "v1",
    ...         "kind": "Service",
    ...         "metadata": {"name": "web"},
    ...         "spec": {
    ...             "type": "NodePort",
    ...             "selector": {"app": "web"},
    ...             "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}],
    ...         },
    ...     }
    ... )
    >>> [step.rule.partition("-j ")[2] for step in trace(cluster, "10.0.0.1:30080").decisions]
    ['DNAT --to-destination 10.244.2.2:8080']
    """
    check_arguments(trace, locals())
    if isinstance(route, str):
        route = send(cluster.copy(), route, client, protocol=protocol, via=via, seed=seed)
    steps: list[RuleStep] = []
    for visit in _visits(cluster, route):
        steps += visit.steps()
    return RuleTrace(route, cluster.proxy.mode, tuple(steps))


# -- the nodes that a connection meets ----


def _visits(cluster: ClusterState, route: Route) -> Iterator[_Visit]:
    """Yield what comes to the rules: each node of the route, and the node of the Pod at its end."""
    last = None
    for hop in route.hops:
        if hop.kind == NODE and hop.at in cluster.store.nodes and hop.action not in UNSEEN:
            last = hop.at
            if not hop.action.endswith(OPEN_FLOW):  # the rules that choose look at the first packet of a flow only
                yield _Visit.of(cluster, route, hop, hop.at)
    end = route.hops[-1] if route.hops else None
    home = _home(cluster, end) if end is not None and end.kind == POD else None
    if end is not None and home is not None and home != last:
        yield _Visit.of(cluster, route, end, home)


def _home(cluster: ClusterState, hop: Hop) -> str | None:
    """Return the node to which the last leg leads; None where no packet comes to its rules."""
    ip = _split(hop.dst)[0]
    pod, node = cluster.store.pod_at(ip), cluster.store.node_at(ip)
    name = pod.node if pod else node.name if node else None
    return None if name is None or cluster.is_down(name) else name


def _split(text: str) -> tuple[str, int | None]:
    """Split ``ip:port``."""
    if ip_version(text):
        return text, None
    ip, _, port = text.rpartition(":")
    return ip.strip("[]"), int(port)


# -- one node ----


@dataclass(frozen=True, slots=True)
class _Packet:
    """The first packet of the connection, as rules see it."""

    src: str
    dst: str
    port: int | None
    protocol: str
    marked: bool = False
    rewritten: bool = False


@dataclass(slots=True)
class _Visit:
    """Takes a packet through the rules of one node."""

    cluster: ClusterState
    node: Node
    rules: RuleSet
    packet: _Packet
    goal: str | None  # the endpoint that chance or affinity has chosen, ip:port
    affinity: bool
    chains: dict[tuple[str, str], list[Rule]] = field(default_factory=dict)

    @classmethod
    def of(cls, cluster: ClusterState, route: Route, hop: Hop, node: str) -> _Visit:
        """Build it from a hop."""
        (src, _), (dst, port) = _split(hop.src), _split(hop.dst)
        if ip_version(dst) != 4:
            raise ValueError(f"the connection goes to {dst}: the rules are written for IPv4 only")
        rules = rules_of(cluster, node, route.as_if)
        packet = _Packet(src, dst, port, route.protocol.lower())
        goal = hop.new_dst if hop.kind == NODE else None
        return cls(cluster, cluster.store.nodes[node], rules, packet, goal, hop.affinity, rules.grouped())

    def steps(self) -> list[RuleStep]:
        """Return the rules that look, hook by hook, until one ends the way."""
        done: list[RuleStep] = []
        for hook, key in self._chains_called():
            if self._chain(hook, key, done) in ("DROP", "REJECT"):
                break
        arrived = address(self.packet.dst, self.packet.port) if self.packet.rewritten else None
        if arrived != self.goal:
            raise self._astray(arrived)
        return done

    def _chains_called(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield the chains that the kernel calls; where the packet goes on is asked once its destination is known."""
        sent_here = is_own_address(self.node, self.packet.src)
        called = HOOKS[self.rules.mode]
        first = "OUTPUT" if sent_here else "PREROUTING"
        yield from ((first, key) for key in called[first])
        own = is_own_address(self.node, self.packet.dst)
        further = ["POSTROUTING"] if sent_here else [] if own else ["FORWARD", "POSTROUTING"]
        for hook in [*further, *(["INPUT"] if own else [])]:
            yield from ((hook, key) for key in called[hook])

    def _astray(self, arrived: str | None) -> ValueError:
        """Build the error for a route that the rules of now do not give."""
        took, lead = self.goal or "no endpoint", arrived or "none"
        text = f"the route leads to {took} on {self.node.name}, the rules of now to {lead}"
        return ValueError(f"{text}: the cluster has changed since")

    def _chain(self, hook: str, key: tuple[str, str], done: list[RuleStep]) -> str:
        """Walk a chain, and note every rule that looks; return how the way through it ends."""
        for rule in self.chains.get(key, ()):
            probability = self._probability(rule)
            matched = probability > 0 and self._chosen(rule)
            decided = matched and any(self._decides(action) for action in rule.actions)
            text = worded(rule, listed=True) if self.rules.mode == "nftables" else saved(rule)
            looked_up = self._looked_up(rule) if matched else None
            if matched and _looks_up(rule):
                matched = looked_up is not None
                probability = Fraction(matched)
                decided = looked_up is not None and self._decides(looked_up)
            done.append(RuleStep(self.node.name, hook, *key, text, matched, probability, decided))
            if not matched:
                continue
            end = self._act(hook, key[0], (looked_up,) if looked_up else rule.actions, done)
            if end:
                return "" if end == "RETURN" else end
        return ""

    def _act(self, hook: str, table: str, actions: Sequence[Action], done: list[RuleStep]) -> str:
        """Do what a rule says; return how the way ends, or nothing where the chain goes on."""
        for action in actions:
            match action.kind:
                case "jump" | "goto":
                    end = self._chain(hook, (table, action.value), done)
                    if end or action.kind == "goto":
                        return end or "RETURN"
                case "choose goto":
                    return self._chain(hook, (table, self._way_to_goal(action.values)), done) or "RETURN"
                case "choose dnat":
                    # Where the chosen endpoint is gone, any other one shows that the route is of another time.
                    gone = self.goal is None or self.goal not in action.values
                    return self._rewrite(action.values[-1] if gone else str(self.goal))
                case "dnat":
                    return self._rewrite(action.value)
                case "mark":
                    self.packet = replace(self.packet, marked=True)
                case "unmark":
                    self.packet = replace(self.packet, marked=False)
                case "masquerade":
                    return "ACCEPT"
                case "ACCEPT" | "DROP" | "REJECT" | "RETURN":
                    return action.kind
        return ""

    def _decides(self, action: Action) -> bool:
        """Return True if an action settles what becomes of the packet; to let a rewritten one pass settles nothing."""
        return action.kind in DECIDE and not (action.kind == "ACCEPT" and self.packet.rewritten)

    def _rewrite(self, to: str) -> str:
        ip, port = _split(to)
        self.packet = replace(self.packet, dst=ip, port=port, rewritten=True)
        return "ACCEPT"

    # -- what a rule asks ----

    def _probability(self, rule: Rule) -> Fraction:
        """Return how likely a rule fits and leads to this endpoint, before chance has chosen."""
        if not all(self._holds(condition) for condition in rule.conditions):
            return Fraction(0)
        several = [len(action.values) for action in rule.actions if action.kind in ("choose dnat", "choose goto")]
        several += [int(condition.value) for condition in rule.conditions if condition.kind == "probability"]
        return Fraction(1, several[0]) if several else Fraction(1)

    def _chosen(self, rule: Rule) -> bool:
        """Return True unless chance or affinity has chosen another endpoint than the rule leads to."""
        asked = {condition.kind for condition in rule.conditions}
        if "remembered" in asked and not self.affinity:
            return False
        if asked.isdisjoint(("remembered", "probability")):
            return True
        return any(self._leads_to_goal(rule.table, action.value) for action in rule.actions)

    def _leads_to_goal(self, table: str, chain: str) -> bool:
        rules = self.chains.get((table, chain), ())
        return any(Action("dnat", self.goal or "") in rule.actions for rule in rules)

    def _way_to_goal(self, chains: Sequence[str]) -> str:
        """Return the chain of the chosen endpoint; where there is none any more, of another one."""
        return next((chain for chain in chains if self._leads_to_goal("", chain)), chains[-1])

    def _holds(self, condition: Condition) -> bool:
        """Return True if the packet fits a condition; chance and affinity are asked elsewhere."""
        packet = self.packet
        match condition.kind:
            case "source":
                found = self._among(packet.src, condition)
            case "destination":
                found = self._among(packet.dst, condition)
            case "interface":
                found = from_local_pod(self.cluster, self.node, packet.src)
            case "protocol":
                found = packet.protocol == condition.value
            case "port":
                found = packet.port == int(condition.value)
            case "source type":
                found = is_own_address(self.node, packet.src)
            case "destination type":
                found = is_own_address(self.node, packet.dst)
            case "mark":
                found = packet.marked
            case "state":
                states = condition.value.upper().split(",")
                found = "NEW" in states or ("DNAT" in states and packet.rewritten)
            case "hairpin":
                key = (packet.src, packet.dst, packet.protocol, str(packet.port))
                found = any(element.key == key for element in self.rules.elements[condition.value])
            case _:
                return True
        return found is not condition.negated

    def _among(self, ip: str, condition: Condition) -> bool:
        ranges: Sequence[str] = condition.values or (condition.value,)
        if condition.names_set:
            ranges = [element.key[0] for element in self.rules.elements[condition.value]]
        return any(ip_address(ip) in ip_network(text) for text in ranges)

    def _looked_up(self, rule: Rule) -> Action | None:
        """Return what a map says about the packet; None where it says nothing, or the rule asks no map."""
        packet = self.packet
        for action in rule.actions:
            if action.kind in LOOK_UP:
                port = (packet.protocol, str(packet.port))
                key = port if action.kind == "look up port" else (packet.dst, *port)
                elements = self.rules.elements[action.value]
                return next((element.action for element in elements if element.key == key), None)
        return None


LOOK_UP = ("look up", "look up port")


def _looks_up(rule: Rule) -> bool:
    return any(action.kind in LOOK_UP for action in rule.actions)
