"""The targets of a load balancer: which are healthy, and since when.

A target is checked every interval from the moment the load balancer exists; a number of equal answers in a row
changes its state. Between two movements of the clock nothing in the cluster changes, so the answers of all checks in
between are the same, and the states follow by counting: no step of the clock is spent on a check.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..api.objects import Node
from ..api.service import Service
from ..cluster.state import ClusterState
from ..kubeproxy.health import eligible, ready_local_endpoints
from ..kubeproxy.proxy import is_own_address, kube_proxy, primary_ip
from ..kubeproxy.service_ports import Target, targets
from .probes import SPEAKER, HealthCheck

__all__ = ["CheckAnswers", "CheckedTargets", "TargetState", "all_targets", "announced", "answers", "candidates"]

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
HTTP_OK = 200
FALSE = ("0", "f", "F", "false", "False", "FALSE")  # what Go's strconv.ParseBool calls false


# -- which nodes are targets ----


def candidates(cluster: ClusterState) -> tuple[str, ...]:
    """Return the nodes that the service controller hands to load balancers; readiness plays no part.

    Source: ``controllers/service/controller.go`` stableNodeSetPredicates (kubernetes/cloud-provider v0.36.2).
    """
    store = cluster.store

    def make() -> tuple[str, ...]:
        return tuple(name for name, node in store.nodes.items() if is_candidate(node))

    return store.cached("candidates", store.node_version, make)


def is_candidate(node: Node) -> bool:
    """Return True if a node is handed to load balancers."""
    return eligible(node) and not excluded(node.labels)


def excluded(labels: Mapping[str, str]) -> bool:
    """Return True if the label keeps a node out of load balancers: since 1.34, Go reads its value as a bool."""
    return EXCLUDED in labels and labels[EXCLUDED] not in FALSE


# -- what a check is answered ----


@dataclass(frozen=True, slots=True)
class CheckAnswers:
    """The answer of most targets to a check, and the exceptions."""

    others: bool
    named: frozenset[str] = frozenset()

    def of(self, name: str) -> bool:
        """Return True if a target passes."""
        return self.others is not (name in self.named)


NOBODY, EVERYBODY = CheckAnswers(False), CheckAnswers(True)


def cluster_version(cluster: ClusterState) -> tuple[object, ...]:
    """Return what the answers to health checks depend on."""
    return cluster.store.changes, cluster.down, cluster.stopped_proxies


def answers(cluster: ClusterState, service: Service, check: HealthCheck) -> CheckAnswers:
    """Return what the targets of a Service answer to a check: nodes, or addresses where Pods are targets."""
    if check.port == "kube_proxy" and check.path in ("", "/healthz"):
        return _kube_proxies(cluster)
    if check.port == "none":
        return EVERYBODY
    version = (cluster_version(cluster), service, check)
    return cluster.store.cached(("answers", service.key, check.port), version, lambda: _ask(cluster, service, check))


def _ask(cluster: ClusterState, service: Service, check: HealthCheck) -> CheckAnswers:
    """Ask every target, by the rule for the port that is checked."""
    if check.port == "kube_proxy":  # by a path that an annotation gives
        return CheckAnswers(True, cluster.down | cluster.stopped_proxies) if check.path == "/livez" else NOBODY
    if check.port == "health_check_node_port":
        current = cluster.store.services.get((service.namespace, service.name), service)
        if current.health_check_node_port != service.health_check_node_port:
            return NOBODY  # the port that the load balancer asks is no longer served
        return _local(cluster, service)
    if check.port == "pod":
        ready = (target for target in all_targets(cluster, service) if target.endpoint.ready)
        return CheckAnswers(False, frozenset(t.endpoint.ip for t in ready if _connects(cluster, t, check)))
    if check.port == SPEAKER:
        return CheckAnswers(True, cluster.down)  # whether it lives; what it announces changes without a check
    return _node_ports(cluster, service, check)


def announced(cluster: ClusterState, service: Service, check: HealthCheck) -> CheckAnswers:
    """Return which nodes announce the address of a Service, as far as its endpoints and its policy decide.

    A speaker announces and withdraws as soon as it sees a change, without a timer. That of a dead node sees none: what
    it announced stays until the others miss it.

    Source: ShouldAnnounce in ``speaker/{bgp,layer2}_controller.go`` (metallb 7938d3f89, 2026-07-19).
    """
    if check.port != SPEAKER:
        return EVERYBODY
    version = (cluster_version(cluster), service)
    return cluster.store.cached(("announced", service.key), version, lambda: _announced(cluster, service))


def _announced(cluster: ClusterState, service: Service) -> CheckAnswers:
    """Work out which nodes announce an address; one whose network is not available announces none."""
    wanted = _wanted(cluster, service)
    cut_off = {n.name for n in cluster.nodes if n.conditions.get("NetworkUnavailable") == "True"}
    if not cut_off:
        return wanted
    return CheckAnswers(False, frozenset(n.name for n in cluster.nodes if n.name not in cut_off and wanted.of(n.name)))


def _wanted(cluster: ClusterState, service: Service) -> CheckAnswers:
    """Return which nodes announce an address by its policy and its endpoints."""
    found = list(all_targets(cluster, service))
    if service.external_traffic_policy == "Local":
        ready = {target.endpoint.node for target in found if target.endpoint.ready and target.endpoint.node}
        last = {target.endpoint.node for target in found if target.endpoint.node in cluster.down}
        return CheckAnswers(False, frozenset(name for name in ready | last if name))
    if any(target.endpoint.ready for target in found):
        return EVERYBODY
    return CheckAnswers(False, cluster.down if found else frozenset())


def _kube_proxies(cluster: ClusterState) -> CheckAnswers:
    """Ask kube-proxy's own health check."""
    store = cluster.store
    silent = cluster.down | cluster.stopped_proxies

    def make() -> CheckAnswers:
        return CheckAnswers(True, silent.union(name for name, node in store.nodes.items() if not eligible(node)))

    return store.cached("kube-proxies", (store.node_version, silent), make)


def _local(cluster: ClusterState, service: Service) -> CheckAnswers:
    """Ask the nodes for ready endpoints of their own."""
    passing = (
        name
        for name in _hosts(cluster, service)
        if name in cluster.store.nodes
        and not cluster.is_down(name)
        and not cluster.proxy_stopped(name)
        and ready_local_endpoints(cluster, service, name)
    )
    return CheckAnswers(False, frozenset(passing))


def _node_ports(cluster: ClusterState, service: Service, check: HealthCheck) -> CheckAnswers:
    """Open a connection to the nodePort of every node, which any Pod may answer; the first port, or the one named.

    Nodes without endpoints of their own decide alike, zone by zone, so one of them is asked for all. A connection
    that happens to meet a dead endpoint counts as answered as long as another one answers.
    """
    nodes = cluster.store.nodes
    special = {*_hosts(cluster, service), *cluster.stopped_proxies, *cluster.down, *_closed(cluster)}
    passing = {name: _node_port_answers(cluster, service, name, check) for name in special if name in nodes}
    by_zone: dict[str | None, bool] = {}
    zones = _nodes_by_zone(cluster)
    for zone, names in zones.items():
        first = next((name for name in names if name not in special), None)
        if first is not None:
            by_zone[zone] = _node_port_answers(cluster, service, first, check)
    others = any(by_zone.values()) if by_zone else any(passing.values())
    for zone, passes in by_zone.items():
        if passes is not others:
            passing.update((name, passes) for name in zones[zone] if name not in special)
    return CheckAnswers(others, frozenset(name for name, passes in passing.items() if passes is not others))


def _closed(cluster: ClusterState) -> tuple[str, ...]:
    """Return the names of the nodes that forward no packets."""
    store = cluster.store

    def make() -> tuple[str, ...]:
        return tuple(name for name, node in store.nodes.items() if not node.forwards)

    return store.cached("closed nodes", store.node_version, make)


def _nodes_by_zone(cluster: ClusterState) -> Mapping[str | None, tuple[str, ...]]:
    """Return the names of the nodes of each zone."""
    store = cluster.store

    def make() -> dict[str | None, tuple[str, ...]]:
        found: dict[str | None, list[str]] = {}
        for name, node in store.nodes.items():
            found.setdefault(node.zone, []).append(name)
        return {zone: tuple(names) for zone, names in found.items()}

    return store.cached("nodes by zone", store.node_version, make)


def _node_port_answers(cluster: ClusterState, service: Service, name: str, check: HealthCheck) -> bool:
    """Return True if some endpoint answers on the nodePort of a node as the check wants it."""
    node = cluster.store.nodes[name]
    port = next((one for one in service.ports if one.node_port and check.number in (0, one.node_port)), None)
    ip = primary_ip(node, 4) or primary_ip(node, 6)
    if port is None or ip is None or cluster.is_down(name):
        return False
    verdict = kube_proxy(cluster, node=name, src=None, dst=ip, port=port.node_port, protocol=port.protocol or "TCP")
    here = (target for target in verdict.targets if node.forwards or is_own_address(node, target.endpoint.ip))
    return any(_connects(cluster, target, check) for target in here)


def _connects(cluster: ClusterState, target: Target, check: HealthCheck) -> bool:
    """Return True if a process answers at an endpoint; to an HTTP check with status 200."""
    store, ip = cluster.store, target.endpoint.ip
    pod, host = store.pod_at(ip), store.node_at(ip)
    if pod is not None:
        answers_well = not check.protocol.startswith("HTTP") or pod.status_of(check.path) == HTTP_OK
        home = store.nodes.get(pod.node or "")
        listens = home is not None and not cluster.is_down(home.name) and pod.listens_on(target.port)
        reached = home is not None and (home.forwards or pod.host_network)
        return listens and reached and answers_well
    if host is not None:
        return not cluster.is_down(host.name)
    return target.endpoint.node is None or not cluster.is_down(target.endpoint.node)


def all_targets(cluster: ClusterState, service: Service) -> Iterator[Target]:
    """Yield the endpoints of a Service, over all ports."""
    for port in service.ports:
        for family in (4, 6):
            yield from targets(cluster.store, service, port, family).all


def _hosts(cluster: ClusterState, service: Service) -> dict[str, None]:
    """Return the nodes with endpoints of a Service, in order."""
    return {target.endpoint.node: None for target in all_targets(cluster, service) if target.endpoint.node}


# -- states over time ----


@dataclass(frozen=True, slots=True)
class TargetState:
    """What a load balancer thinks of a target, since when, and how many checks in a row have said the opposite."""

    healthy: bool
    since_s: float
    streak: int = 0

    def after(self, passes: bool, check: HealthCheck, *, start_s: float, since_s: float, until_s: float) -> TargetState:
        """Return the state after the checks in a stretch of time in which every answer was the same.

        A check at the very end still finds the old answer: what changes at that moment is noticed by the next one.
        """
        first = checks_until(start_s, check, since_s)
        count = checks_until(start_s, check, until_s) - first
        if passes is self.healthy:
            return replace(self, streak=0) if count and self.streak else self
        needed = self._threshold(check) - self.streak
        if count < needed:
            return replace(self, streak=self.streak + count) if count else self
        return TargetState(passes, start_s + (first + needed) * check.interval_s)

    def flips_at_s(self, passes: bool, check: HealthCheck, *, start_s: float, now_s: float) -> float | None:
        """Return when the state will change if the answer stays as it is; None for never."""
        if passes is self.healthy:
            return None
        needed = self._threshold(check) - self.streak
        return start_s + (checks_until(start_s, check, now_s) + needed) * check.interval_s

    def _threshold(self, check: HealthCheck) -> int:
        return check.unhealthy if self.healthy else check.healthy


def new_target(check: HealthCheck, first_passes: int, now_s: float) -> TargetState:
    """Return the state of a target that must pass some checks before it gets connections."""
    return TargetState(False, now_s, max(check.healthy - first_passes, 0))


def checks_until(start_s: float, check: HealthCheck, at_s: float) -> int:
    """Count the checks up to a moment, the first one an interval after the start."""
    return max(math.floor((at_s - start_s) / check.interval_s + 1e-9), 0)


@dataclass(frozen=True, slots=True, eq=False)
class CheckedTargets:
    """The targets of one load balancer, with their states: one state for most of them, and the exceptions."""

    names: tuple[str, ...]
    check: HealthCheck
    start_s: float
    others: TargetState
    named: Mapping[str, TargetState] = field(default_factory=dict)

    @classmethod
    def wire(
        cls,
        names: tuple[str, ...],
        check: HealthCheck,
        found: CheckAnswers,
        now_s: float,
        first_passes: int | None = None,
    ) -> CheckedTargets:
        """Register targets; a new one must pass so many checks first, or counts as one made at once finds it."""
        if first_passes is not None:
            return cls(names, check, now_s, new_target(check, first_passes, now_s))
        exceptions = {name: TargetState(not found.others, now_s) for name in found.named}
        return cls(names, check, now_s, TargetState(found.others, now_s), exceptions)

    def state(self, name: str) -> TargetState:
        """Return the state of a target."""
        return self.named.get(name, self.others)

    @property
    def healthy(self) -> tuple[str, ...]:
        """The targets that get new connections."""
        return tuple(name for name in self.names if self.state(name).healthy)

    def after(self, found: CheckAnswers, since_s: float, until_s: float) -> CheckedTargets:
        """Return the targets after a stretch of time in which every check was answered alike."""
        if self._at_rest(found):
            return self
        others = self._step(self.others, found.others, since_s, until_s)
        named = {
            name: self._step(self.state(name), found.of(name), since_s, until_s) for name in {*self.named, *found.named}
        }
        kept = {name: state for name, state in named.items() if state != others or found.of(name) is not found.others}
        return replace(self, others=others, named=kept)

    def _step(self, state: TargetState, passes: bool, since_s: float, until_s: float) -> TargetState:
        return state.after(passes, self.check, start_s=self.start_s, since_s=since_s, until_s=until_s)

    def _at_rest(self, found: CheckAnswers) -> bool:
        """Return True if every answer agrees with the state: time alone changes nothing then."""
        if self.others.healthy is not found.others or self.others.streak:
            return False
        states = [(self.state(name), found.of(name)) for name in {*self.named, *found.named}]
        return all(state.healthy is passes and not state.streak for state, passes in states)

    @property
    def last_flip_s(self) -> float:
        """When the state of a target changed last."""
        return max(state.since_s for state in (self.others, *self.named.values()))

    def next_flip_s(self, found: CheckAnswers, now_s: float) -> float | None:
        """Return when the next target changes its state if nothing else happens; None for never."""
        states = [(self.others, found.others), *((self.state(n), found.of(n)) for n in {*self.named, *found.named})]
        times = (state.flips_at_s(ok, self.check, start_s=self.start_s, now_s=now_s) for state, ok in states)
        return min((time for time in times if time is not None), default=None)

    def rewired(
        self,
        names: tuple[str, ...],
        check: HealthCheck,
        found: CheckAnswers,
        now_s: float,
        first_passes: int | None = None,
    ) -> CheckedTargets:
        """Return the targets after the controller has handed over a new list, or another check."""
        old = set(self.names)
        named = {name: state for name, state in self.named.items() if name in old}
        for name in names:
            if name in old:
                continue
            if first_passes is not None:
                named[name] = new_target(check, first_passes, now_s)
            elif found.of(name) is not self.others.healthy:
                named[name] = TargetState(found.of(name), now_s)
        return replace(self, names=names, check=check, named=named)
