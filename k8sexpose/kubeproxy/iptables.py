"""kube-proxy's rules in iptables mode, as values; `iptables_text` writes them.

Which endpoints a rule leads to, and what is refused, comes from `proxy.port_plan`, as for every verdict. Here stands
only in which chains, and in which order, kube-proxy writes that down.

Source (kubernetes/kubernetes): ``pkg/proxy/iptables/proxier.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .node_view import NodeView, PlannedPort
from .proxy import Detector
from .rules import Action, Condition, Rule, RuleSet, digest, mark_of
from .service_ports import Target

__all__ = ["iptables_rules"]

MANGLE = "mangle"
FILTER = "filter"
NAT = "nat"
SERVICES, EXTERNAL, FORWARD, NODEPORTS = "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS"
PROXY_FIREWALL, FIREWALL, CANARY = "KUBE-PROXY-FIREWALL", "KUBE-FIREWALL", "KUBE-PROXY-CANARY"
POSTROUTING, MARK_MASQ = "KUBE-POSTROUTING", "KUBE-MARK-MASQ"
LOCALNET = "127.0.0.0/8"
LARGE_CLUSTER_ENDPOINTS = 1000
LOCALHOST_COUNTER, INVALID_COUNTER = "localhost_nps_accepted_pkts", "ct_state_invalid_dropped_pkts"

# The chains that the kernel brings, in the order in which iptables-save prints tables and chains.
BUILT_IN = {
    MANGLE: ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    FILTER: ("INPUT", "FORWARD", "OUTPUT"),
    NAT: ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}
FRAME = {
    FILTER: (SERVICES, EXTERNAL, FORWARD, NODEPORTS, PROXY_FIREWALL, FIREWALL),
    NAT: (SERVICES, NODEPORTS, POSTROUTING, MARK_MASQ),
}
# Table, chain, whether only new connections are asked, comment, where the jump leads. kube-proxy puts each of them on
# top of those before it; they are listed as they end up.
JUMPS = (
    (FILTER, "INPUT", False, "", FIREWALL),
    (FILTER, "INPUT", True, "kubernetes load balancer firewall", PROXY_FIREWALL),
    (FILTER, "INPUT", False, "kubernetes health check service ports", NODEPORTS),
    (FILTER, "INPUT", True, "kubernetes externally-visible service portals", EXTERNAL),
    (FILTER, "FORWARD", True, "kubernetes load balancer firewall", PROXY_FIREWALL),
    (FILTER, "FORWARD", False, "kubernetes forwarding rules", FORWARD),
    (FILTER, "FORWARD", True, "kubernetes service portals", SERVICES),
    (FILTER, "FORWARD", True, "kubernetes externally-visible service portals", EXTERNAL),
    (FILTER, "OUTPUT", False, "", FIREWALL),
    (FILTER, "OUTPUT", True, "kubernetes load balancer firewall", PROXY_FIREWALL),
    (FILTER, "OUTPUT", True, "kubernetes service portals", SERVICES),
    (NAT, "PREROUTING", False, "kubernetes service portals", SERVICES),
    (NAT, "OUTPUT", False, "kubernetes service portals", SERVICES),
    (NAT, "POSTROUTING", False, "kubernetes postrouting rules", POSTROUTING),
)


def iptables_rules(view: NodeView) -> RuleSet:
    """Build the rules that kube-proxy writes on a node in a full sync, in the order in which it writes them."""
    writer = _Writer()
    for table, names in BUILT_IN.items():
        for name in (*names, *FRAME.get(table, ()), CANARY):
            writer.chain(table, name)
    for table, chain, only_new, text, target in JUMPS:
        asked = [state("NEW")] if only_new else []
        writer.rule(table, chain, [*asked, *([comment(text)] if text else [])], jump(target))
    _first(view, writer)
    quiet = view.endpoints > LARGE_CLUSTER_ENDPOINTS
    for port in view.ports:
        _Port(view, port, writer, quiet).write()
    _last(view, writer)
    return writer.rule_set()


@dataclass(slots=True)
class _Writer:
    """The chains and rules so far."""

    chains: dict[tuple[str, str], None] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    def chain(self, table: str, name: str, owner: str = "") -> None:
        self.chains[table, name] = None
        if owner:
            self.owners[name] = owner

    def rule(
        self, table: str, chain: str, conditions: Iterable[Condition], action: Action | None, owner: str = ""
    ) -> None:
        self.rules.append(Rule(table, chain, tuple(conditions), (action,) if action else (), owner))

    def rule_set(self) -> RuleSet:
        return RuleSet("iptables", tuple(self.chains), tuple(self.rules), {}, self.owners)


def comment(text: str) -> Condition:
    """Build a comment."""
    return Condition("comment", text)


def state(value: str, *, negated: bool = False) -> Condition:
    """Build the condition that a connection is in one of these states."""
    return Condition("state", value, negated)


def jump(chain: str) -> Action:
    """Build the jump to a chain."""
    return Action("jump", chain)


def from_pods(detector: Detector, *, negated: bool = False) -> Condition:
    """Build the condition that a Pod has sent the packet, as far as this node can tell."""
    if detector.kind == "source":
        return Condition("source", detector.value, negated)
    return Condition("interface", detector.value + ("+" if detector.kind == "prefix" else ""), negated)


def _first(view: NodeView, writer: _Writer) -> None:
    """Write the rules that come before those of the Services."""
    mark = mark_of(view.config.masquerade_bit)
    writer.rule(NAT, POSTROUTING, [Condition("mark", mark, negated=True)], Action("RETURN"))
    writer.rule(NAT, POSTROUTING, [], Action("unmark", mark))
    writer.rule(NAT, POSTROUTING, [comment("kubernetes service traffic requiring SNAT")], Action("masquerade"))
    writer.rule(NAT, MARK_MASQ, [], Action("mark", mark))
    if view.localhost:
        conditions = [
            comment("block incoming localnet connections"),
            Condition("destination", LOCALNET),
            Condition("source", LOCALNET, negated=True),
            state("RELATED,ESTABLISHED,DNAT", negated=True),
        ]
        writer.rule(FILTER, FIREWALL, conditions, Action("DROP"))


def _last(view: NodeView, writer: _Writer) -> None:
    """Write the rules that come after those of the Services."""
    text = comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain")
    if view.node_port_ips is None:
        local = Condition("destination type", "LOCAL")
        spared = [] if view.localhost else [Condition("destination", LOCALNET, negated=True)]
        writer.rule(NAT, SERVICES, [text, local, *spared], jump(NODEPORTS))
    for ip in view.node_port_ips or ():
        writer.rule(NAT, SERVICES, [text, Condition("destination", ip)], jump(NODEPORTS))
    mark = mark_of(view.config.masquerade_bit)
    if not view.config.conntrack_tcp_be_liberal:
        counted = [Condition("counter", INVALID_COUNTER)] if view.config.nfacct else []
        writer.rule(FILTER, FORWARD, [state("INVALID"), *counted], Action("DROP"))
    marked = [comment("kubernetes forwarding rules"), Condition("mark", mark)]
    writer.rule(FILTER, FORWARD, marked, Action("ACCEPT"))
    known = [comment("kubernetes forwarding conntrack rule"), state("RELATED,ESTABLISHED")]
    writer.rule(FILTER, FORWARD, known, Action("ACCEPT"))


class _Port:
    """Writes the rules of one Service port."""

    def __init__(self, view: NodeView, port: PlannedPort, writer: _Writer, quiet: bool) -> None:
        self.view, self.port, self.info, self.plan = view, port, port.info, port.plan
        self.writer = writer
        self.quiet = quiet
        letters = digest(self.info.name + port.protocol, 16)
        self.svc, self.svl = f"KUBE-SVC-{letters}", f"KUBE-SVL-{letters}"
        self.ext, self.fw = f"KUBE-EXT-{letters}", f"KUBE-FW-{letters}"
        self.internal = self.svl if self.info.internal_local else self.svc
        self.external = self.svl if self.info.external_local else self.svc
        self.guarded = port.guarded and self.plan.has_any

    def write(self) -> None:
        """Write all of them, in kube-proxy's order."""
        self._cluster_ip()
        for ip in self.info.external_ips:
            self._entry(ip, "external IP", self.ext)
            self._refuse(ip)
        for ip in self.info.load_balancer_vips:
            self._entry(ip, "loadbalancer IP", self.fw if self.guarded else self.ext)
            if self.guarded:
                text = f"{self.info.name} traffic not accepted by {self.fw}"
                self._rule(FILTER, PROXY_FIREWALL, [comment(text), *self._to(ip)], Action("DROP"))
        for ip in self.info.load_balancer_vips:
            self._refuse(ip)
        if self.info.port.node_port:
            self._node_port(self.info.port.node_port)
        self._health_check()
        self._masquerade_cluster_ip()
        if self.plan.has_any and self.info.externally_accessible:
            self._external_chain()
        if self.guarded:
            self._firewall_chain()
        for chain, targets in ((self.svc, self.plan.cluster), (self.svl, self.plan.local)):
            if targets:
                self._policy_chain(chain, targets)
        for target in self.plan.reachable:
            self._endpoint_chain(target)

    def _rule(self, table: str, chain: str, conditions: Iterable[Condition], action: Action | None) -> None:
        self.writer.rule(table, chain, conditions, action, self.port.owner)

    def _to(self, ip: str) -> list[Condition]:
        """The conditions that the packet is for the port on this address."""
        port = Condition("port", str(self.info.port.port))
        return [Condition("protocol", self.port.protocol), Condition("destination", ip), port]

    def _says(self, words: str) -> Condition:
        return comment(f"{self.info.name} {words}")

    # -- the chains that all Services share ----

    def _cluster_ip(self) -> None:
        ip, refusal = self.info.cluster_ip, self.plan.internal_refusal
        if refusal is None:
            self._rule(NAT, SERVICES, [self._says("cluster IP"), *self._to(ip)], jump(self.internal))
        else:
            self._rule(FILTER, SERVICES, [self._refusal(refusal), *self._to(ip)], Action(refusal))

    def _refusal(self, action: str) -> Condition:
        return self._says("has no endpoints" if action == "REJECT" else "has no local endpoints")

    def _entry(self, ip: str, words: str, chain: str) -> None:
        if self.plan.has_any:
            self._rule(NAT, SERVICES, [self._says(words), *self._to(ip)], jump(chain))

    def _refuse(self, ip: str) -> None:
        refusal = self.plan.external_refusal
        if refusal:
            self._rule(FILTER, EXTERNAL, [self._refusal(refusal), *self._to(ip)], Action(refusal))

    def _node_port(self, number: int) -> None:
        name, protocol = comment(self.info.name), Condition("protocol", self.port.protocol)
        port, refusal = Condition("port", str(number)), self.plan.external_refusal
        if self.plan.has_any:
            if self.view.localhost and self.view.config.nfacct:
                counted = [Condition("destination", LOCALNET), port, Condition("counter", LOCALHOST_COUNTER)]
                self._rule(NAT, NODEPORTS, [name, protocol, *counted], jump(self.ext))
            self._rule(NAT, NODEPORTS, [name, protocol, port], jump(self.ext))
        if refusal:
            local = Condition("destination type", "LOCAL")
            self._rule(FILTER, EXTERNAL, [self._refusal(refusal), local, protocol, port], Action(refusal))

    def _health_check(self) -> None:
        service = self.info.service
        if service.needs_health_check_node_port and service.health_check_node_port:
            port = Condition("port", str(service.health_check_node_port))
            conditions = [self._says("health check node port"), Condition("protocol", "tcp"), port]
            self._rule(FILTER, NODEPORTS, conditions, Action("ACCEPT"))

    # -- the chains of the port ----

    def _masquerade_cluster_ip(self) -> None:
        config, detector = self.view.config, self.view.detector
        if self.plan.internal_refusal or not (config.masquerade_all or detector):
            return
        strangers = [from_pods(detector, negated=True)] if detector and not config.masquerade_all else []
        conditions = [self._says("cluster IP"), *self._to(self.info.cluster_ip), *strangers]
        self._rule(NAT, self.internal, conditions, jump(MARK_MASQ))

    def _external_chain(self) -> None:
        self.writer.chain(NAT, self.ext, self.port.owner)
        where = f"{self.info.name} external destinations"
        if not self.info.external_local:
            self._rule(NAT, self.ext, [comment(f"masquerade traffic for {where}")], jump(MARK_MASQ))
        else:
            if self.view.detector:
                pods = [comment(f"pod traffic for {where}"), from_pods(self.view.detector)]
                self._rule(NAT, self.ext, pods, jump(self.svc))
            local = Condition("source type", "LOCAL")
            self._rule(NAT, self.ext, [comment(f"masquerade LOCAL traffic for {where}"), local], jump(MARK_MASQ))
            self._rule(NAT, self.ext, [comment(f"route LOCAL traffic for {where}"), local], jump(self.svc))
        if not self.plan.external_refusal:
            self._rule(NAT, self.ext, [], jump(self.external))

    def _firewall_chain(self) -> None:
        self.writer.chain(NAT, self.fw, self.port.owner)
        for source in self.port.allowed_sources(self.view.node_ip):
            conditions = [self._says("loadbalancer IP"), Condition("source", source)]
            self._rule(NAT, self.fw, conditions, jump(self.ext))
        text = f"other traffic to {self.info.name} will be dropped by {PROXY_FIREWALL}"
        self._rule(NAT, self.fw, [comment(text)], None)

    def _policy_chain(self, chain: str, targets: tuple[Target, ...]) -> None:
        """Write SVC or SVL: first those that affinity binds, then one endpoint after the other by chance."""
        self.writer.chain(NAT, chain, self.port.owner)
        if self.port.remembers_s is not None:
            for target in targets:
                sep = self._sep(target)
                remembered = Condition("remembered", sep, values=(str(self.port.remembers_s),))
                self._rule(NAT, chain, [*self._leads_to(target), remembered], jump(sep))
        for number, target in enumerate(targets):
            left = len(targets) - number
            chance = [Condition("probability", str(left))] if left > 1 else []
            self._rule(NAT, chain, [*self._leads_to(target), *chance], jump(self._sep(target)))

    def _leads_to(self, target: Target) -> list[Condition]:
        return [] if self.quiet else [comment(f"{self.info.name} -> {target}")]

    def _sep(self, target: Target) -> str:
        return f"KUBE-SEP-{digest(f'{self.info.name}{self.port.protocol}{target}', 16)}"

    def _endpoint_chain(self, target: Target) -> None:
        """Write SEP: a Pod that reaches itself is masqueraded, then the destination is rewritten."""
        sep = self._sep(target)
        self.writer.chain(NAT, sep, self.port.owner)
        name = [] if self.quiet else [comment(self.info.name)]
        self._rule(NAT, sep, [*name, Condition("source", target.endpoint.ip)], jump(MARK_MASQ))
        remember = [] if self.port.remembers_s is None else [Condition("remember", sep)]
        conditions = [*name, *remember, Condition("protocol", self.port.protocol)]
        self._rule(NAT, sep, conditions, Action("dnat", str(target)))
