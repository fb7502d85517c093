"""kube-proxy's rules in nftables mode, as values; `nft_text` writes them.

Which endpoints a rule leads to, and what is refused, comes from `proxy.port_plan`, as for every verdict. Here stands
only in which chains, sets and maps kube-proxy writes that down.

Source (kubernetes/kubernetes): ``pkg/proxy/nftables/proxier.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .node_view import NodeView, PlannedPort
from .proxy import Detector
from .rules import Action, Condition, Element, Rule, RuleSet, digest, mark_of
from .service_ports import Target

__all__ = ["nftables_rules"]

TABLE = "ip kube-proxy"
TABLE_COMMENT = "rules for kube-proxy"
LOCALNET = "127.0.0.0/8"
NAME_LIMIT = 240  # letters of a name behind its prefix

CLUSTER_IPS, NODEPORT_IPS, HAIRPIN = "cluster-ips", "nodeport-ips", "hairpin-connections"
SERVICE_IPS, SERVICE_NODEPORTS = "service-ips", "service-nodeports"
NO_ENDPOINT_SERVICES, NO_ENDPOINT_NODEPORTS = "no-endpoint-services", "no-endpoint-nodeports"
FIREWALL_IPS = "firewall-ips"
SERVICES, MASQUERADING, CLUSTER_IPS_CHECK = "services", "masquerading", "cluster-ips-check"
SERVICE_CHECK, NODEPORT_CHECK = "service-endpoints-check", "nodeport-endpoints-check"
FIREWALL_CHECK, REJECT_CHAIN = "firewall-check", "reject-chain"


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the kernel calls a base chain."""

    kind: str
    hook: str
    priority: str  # as kube-proxy writes it
    listed: str  # as nft prints it


BASE_CHAINS = {
    "filter-prerouting-pre-dnat": Hook("filter", "prerouting", "-110", "dstnat - 10"),
    "filter-output-pre-dnat": Hook("filter", "output", "-110", "-110"),
    "filter-input": Hook("filter", "input", "0", "filter"),
    "filter-forward": Hook("filter", "forward", "0", "filter"),
    "filter-output": Hook("filter", "output", "0", "filter"),
    "nat-prerouting": Hook("nat", "prerouting", "-100", "dstnat"),
    "nat-output": Hook("nat", "output", "-100", "-100"),
    "nat-postrouting": Hook("nat", "postrouting", "100", "srcnat"),
}
# Base chain, whether only new connections are asked, where the jump leads.
JUMPS = (
    ("filter-prerouting-pre-dnat", True, FIREWALL_CHECK),
    ("filter-output-pre-dnat", True, FIREWALL_CHECK),
    ("filter-input", True, NODEPORT_CHECK),
    ("filter-input", True, SERVICE_CHECK),
    ("filter-forward", True, SERVICE_CHECK),
    ("filter-forward", True, CLUSTER_IPS_CHECK),
    ("filter-output", True, SERVICE_CHECK),
    ("filter-output", True, CLUSTER_IPS_CHECK),
    ("nat-prerouting", False, SERVICES),
    ("nat-output", False, SERVICES),
    ("nat-postrouting", False, MASQUERADING),
)
CHAINS = (
    NODEPORT_CHECK, SERVICE_CHECK, FIREWALL_CHECK, SERVICES, MASQUERADING, CLUSTER_IPS_CHECK, REJECT_CHAIN,
)  # fmt: skip
CHAIN_COMMENTS = {REJECT_CHAIN: f"helper for @{NO_ENDPOINT_SERVICES} / @{NO_ENDPOINT_NODEPORTS}"}

ADDRESS, SOCKET, PORT = "ipv4_addr", "ipv4_addr . inet_proto . inet_service", "inet_proto . inet_service"
SETS = {
    HAIRPIN: ("ipv4_addr . ipv4_addr . inet_proto . inet_service", "service hairpin connections"),
    CLUSTER_IPS: (ADDRESS, "Active ClusterIPs"),
    NODEPORT_IPS: (ADDRESS, "IPs that accept NodePort traffic"),
}
MAPS = {
    NO_ENDPOINT_SERVICES: (SOCKET, "vmap to drop or reject packets to services with no endpoints"),
    NO_ENDPOINT_NODEPORTS: (PORT, "vmap to drop or reject packets to service nodeports with no endpoints"),
    FIREWALL_IPS: (SOCKET, "destinations that are subject to LoadBalancerSourceRanges"),
    SERVICE_IPS: (SOCKET, "ClusterIP, ExternalIP and LoadBalancer IP traffic"),
    SERVICE_NODEPORTS: (PORT, "NodePort traffic"),
}


# -- the rules ---------------------------------------------------------------------------------------------------------


def nftables_rules(view: NodeView) -> RuleSet:
    """Build the rules, sets and maps that kube-proxy makes on a node in a full sync."""
    writer = _Writer()
    for name in (*SETS, *MAPS):
        if name != NODEPORT_IPS or view.node_port_ips is not None:
            writer.elements[name] = {}
    for name in (*BASE_CHAINS, *CHAINS):
        writer.chain(name)
    for chain, only_new, target in JUMPS:
        writer.rule(chain, [Condition("state", "new")] if only_new else [], [Action("jump", target)])
    _frame(view, writer)
    for ip in view.node_port_ips or ():
        writer.element(NODEPORT_IPS, (ip,))
    for port in view.ports:
        _Port(view, port, writer).write()
    return writer.rule_set()


@dataclass(slots=True)
class _Writer:
    """The chains, rules and elements so far."""

    chains: dict[tuple[str, str], None] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    elements: dict[str, dict[tuple[str, ...], Element]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def chain(self, name: str, owner: str = "") -> None:
        self.chains["", name] = None
        if owner:
            self.owners[name] = owner

    def rule(
        self,
        chain: str,
        conditions: Iterable[Condition],
        actions: Iterable[Action],
        comment: str = "",
        owner: str = "",
    ) -> None:
        self.rules.append(Rule("", chain, tuple(conditions), tuple(actions), owner, comment))

    def element(
        self, name: str, key: tuple[str, ...], action: Action | None = None, comment: str = "", owner: str = ""
    ) -> None:
        """Add an element; what has the same key already is replaced."""
        self.elements[name][key] = Element(key, action, comment, owner)

    def rule_set(self) -> RuleSet:
        elements = {name: tuple(found.values()) for name, found in self.elements.items()}
        return RuleSet("nftables", tuple(self.chains), tuple(self.rules), elements, self.owners)


def _frame(view: NodeView, writer: _Writer) -> None:
    """Write the rules that do not depend on Services."""
    config, mark = view.config, mark_of(view.config.masquerade_bit)
    if view.node_port_ips is None:
        # nodePorts on 127.0.0.0/8 do not work in this mode.
        spared = Condition("destination", LOCALNET, negated=True)
        refused, accepted = [spared], [Condition("destination type", "local"), spared]
    else:
        refused = accepted = [Condition("destination", NODEPORT_IPS, names_set=True)]
    writer.rule(NODEPORT_CHECK, refused, [Action("look up port", NO_ENDPOINT_NODEPORTS)])
    writer.rule(SERVICE_CHECK, [], [Action("look up", NO_ENDPOINT_SERVICES)])
    writer.rule(FIREWALL_CHECK, [], [Action("look up", FIREWALL_IPS)])
    to_cluster_ip = Condition("destination", CLUSTER_IPS, names_set=True)
    if config.masquerade_all:
        text = "masquerade all clusterIP traffic"
        writer.rule(SERVICES, [to_cluster_ip], [Action("mark", mark)], text)
    elif view.detector:
        text, strangers = "masquerade clusterIP traffic from outside cluster", from_pods(view.detector, negated=True)
        writer.rule(SERVICES, [to_cluster_ip, strangers], [Action("mark", mark)], text)
    writer.rule(SERVICES, [], [Action("look up", SERVICE_IPS)])
    writer.rule(SERVICES, accepted, [Action("look up port", SERVICE_NODEPORTS)])
    masquerade = Action("masquerade")
    writer.rule(MASQUERADING, [Condition("mark", mark)], [Action("unmark", mark), masquerade])
    writer.rule(MASQUERADING, [Condition("state", "dnat"), Condition("hairpin", HAIRPIN, names_set=True)], [masquerade])
    writer.rule(CLUSTER_IPS_CHECK, [to_cluster_ip], [Action("REJECT")], "Reject traffic to invalid ports of ClusterIPs")
    if view.service_cidrs:
        unallocated = Condition("destination", values=view.service_cidrs)
        writer.rule(CLUSTER_IPS_CHECK, [unallocated], [Action("DROP")], "Drop traffic to unallocated ClusterIPs")
    writer.rule(REJECT_CHAIN, [], [Action("REJECT")])


def from_pods(detector: Detector, *, negated: bool = False) -> Condition:
    """Build the condition that a Pod has sent the packet, as far as this node can tell."""
    if detector.kind == "source":
        return Condition("source", detector.value, negated)
    return Condition("interface", detector.value + ("*" if detector.kind == "prefix" else ""), negated)


def hashed(name: str) -> str:
    """Return a name behind its hash, cut to what nftables allows."""
    full = f"{digest(name, 8)}-{name}"
    return full if len(full) <= NAME_LIMIT else full[: NAME_LIMIT - 3] + "..."


class _Port:
    """Writes the chains, rules and elements of one Service port."""

    def __init__(self, view: NodeView, port: PlannedPort, writer: _Writer) -> None:
        self.view, self.port, self.info, self.plan, self.writer = view, port, port.info, port.plan, writer
        service = port.info.service
        self.base = f"{service.namespace}/{service.name}/{port.protocol}/{port.info.port.name}"
        name = hashed(self.base)
        self.svc, self.svl = f"service-{name}", f"local-{name}"
        self.ext, self.fw = f"external-{name}", f"firewall-{name}"
        self.internal = self.svl if self.info.internal_local else self.svc
        self.external = self.svl if self.info.external_local else self.svc
        self.sticky = port.remembers_s is not None

    def write(self) -> None:
        """Write all of them, in kube-proxy's order."""
        if self.sticky:
            for target in self.plan.reachable:
                self.writer.chain(self._endpoint(target), self.port.owner)
                affinity = self._affinity(target)
                self.writer.elements[affinity] = {}
                self.writer.owners[affinity] = self.port.owner
        used = {self.svc: bool(self.plan.cluster), self.svl: bool(self.plan.local), self.ext: self._has_external}
        for chain in (*(name for name, wanted in used.items() if wanted), *([self.fw] if self.port.guarded else [])):
            self.writer.chain(chain, self.port.owner)
        self._elements()
        if self._has_external:
            self._external_chain()
        if self.port.guarded:
            self._firewall_chain()
        for chain, targets in ((self.svc, self.plan.cluster), (self.svl, self.plan.local)):
            if targets:
                self._policy_chain(chain, targets)
        if self.sticky:
            for target in self.plan.reachable:
                self._endpoint_chain(target)

    @property
    def _has_external(self) -> bool:
        return self.plan.has_any and self.info.externally_accessible

    def _rule(self, chain: str, conditions: Iterable[Condition], actions: Iterable[Action], comment: str = "") -> None:
        self.writer.rule(chain, conditions, actions, comment, self.port.owner)

    # -- sets and maps ----

    def _elements(self) -> None:
        """Fill the sets and maps: which address leads where, and which is refused."""
        number, owner = str(self.info.port.port), self.port.owner
        self.writer.element(CLUSTER_IPS, (self.info.cluster_ip,), owner=owner)
        key = (self.info.cluster_ip, self.port.protocol, number)
        refusal = self.plan.internal_refusal
        if refusal is None:
            self.writer.element(SERVICE_IPS, key, Action("goto", self.internal), owner=owner)
        else:
            self._refuse(NO_ENDPOINT_SERVICES, key, refusal)
        for ip in (*self.info.external_ips, *self.info.load_balancer_vips):
            self._entry(SERVICE_IPS, NO_ENDPOINT_SERVICES, (ip, self.port.protocol, number))
        if self.port.guarded:
            for ip in self.info.load_balancer_vips:
                key = (ip, self.port.protocol, number)
                self.writer.element(FIREWALL_IPS, key, Action("goto", self.fw), owner=owner)
        if self.info.port.node_port:
            node_port = (self.port.protocol, str(self.info.port.node_port))
            self._entry(SERVICE_NODEPORTS, NO_ENDPOINT_NODEPORTS, node_port)
        for target in self.plan.reachable:
            if target.endpoint.node == self.view.node.name:
                ip = target.endpoint.ip
                self.writer.element(HAIRPIN, (ip, ip, self.port.protocol, str(target.port)), owner=owner)

    def _entry(self, accepted: str, refused: str, key: tuple[str, ...]) -> None:
        """Add an address or nodePort for traffic from outside."""
        if self.plan.has_any:
            self.writer.element(accepted, key, Action("goto", self.ext), owner=self.port.owner)
        if self.plan.external_refusal:
            self._refuse(refused, key, self.plan.external_refusal)

    def _refuse(self, name: str, key: tuple[str, ...], refusal: str) -> None:
        action = Action("goto", REJECT_CHAIN) if refusal == "REJECT" else Action(refusal)
        self.writer.element(name, key, action, self.info.name, self.port.owner)

    # -- chains ----

    def _external_chain(self) -> None:
        mark = Action("mark", mark_of(self.view.config.masquerade_bit))
        if not self.info.external_local:
            self._rule(self.ext, [], [mark], "masquerade")
        else:
            to_cluster = Action("goto", self.svc)
            if self.view.detector:
                self._rule(self.ext, [from_pods(self.view.detector)], [to_cluster], "short-circuit pod traffic")
            local = Condition("source type", "local")
            self._rule(self.ext, [local], [mark], "masquerade local traffic")
            self._rule(self.ext, [local], [to_cluster], "short-circuit local traffic")
        if not self.plan.external_refusal:
            self._rule(self.ext, [], [Action("goto", self.external)])

    def _firewall_chain(self) -> None:
        sources = self.port.allowed_sources(self.view.node_ip)
        self._rule(self.fw, [Condition("source", negated=True, values=tuple(sources))], [Action("DROP")])

    def _policy_chain(self, chain: str, targets: tuple[Target, ...]) -> None:
        """Write the chain of a policy: first those that affinity binds, then one of all endpoints by chance."""
        if not self.sticky:
            conditions = [Condition("protocol", self.port.protocol)]
            self._rule(chain, conditions, [Action("choose dnat", values=tuple(map(str, targets)))])
            return
        for target in targets:
            remembered = Condition("remembered", self._affinity(target), names_set=True, values=(self._timeout,))
            self._rule(chain, [remembered], [Action("goto", self._endpoint(target))])
        self._rule(chain, [], [Action("choose goto", values=tuple(map(self._endpoint, targets)))])

    def _endpoint_chain(self, target: Target) -> None:
        chain = self._endpoint(target)
        self._rule(chain, [], [Action("remember", self._affinity(target), (self._timeout,))])
        self._rule(chain, [Condition("protocol", self.port.protocol)], [Action("dnat", str(target))])

    @property
    def _timeout(self) -> str:
        return str(self.port.remembers_s)

    def _endpoint(self, target: Target) -> str:
        return f"endpoint-{self._target_name(target)}"

    def _affinity(self, target: Target) -> str:
        return f"affinity-{self._target_name(target)}"

    def _target_name(self, target: Target) -> str:
        return hashed(f"{self.base}__{target.endpoint.ip}/{target.port}")
