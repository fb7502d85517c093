"""The cloud controllers: they see a Service, call the cloud, and write the address into the status.

A controller notices changes when the clock is about to move, so that all that happens at one moment counts as one
change, and acts by steps on the cluster's clock.

Source: ``controllers/service/controller.go`` (kubernetes/cloud-provider v0.36.2); the other controllers in
`k8sexpose.cloud.events`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import attrgetter

from ..api.objects import Node
from ..api.service import LoadBalancerIngress, Service
from ..cluster.state import ClusterState
from ..cluster.store import Key, key_of
from .events import EVENT_TEXTS
from .health_checks import candidates, excluded
from .load_balancer import (
    LoadBalancer,
    NoAddress,
    announce,
    check_targets,
    choose_address,
    cloud_name,
    over_quota,
    wired,
)
from .providers import AWS_CONTROLLER, IGNORED, IN_PLACE, IN_TREE, ORPHAN, REFUSED, LoadBalancerKind, Provider
from .providers import provider as profile

__all__ = ["CloudState", "ServiceController", "ServiceProgress", "needs_update", "start_controller"]


@dataclass(frozen=True, slots=True, eq=False)
class ServiceProgress:
    """How far a controller is with one Service: the version seen last, and the failures in a row."""

    seen: Service | None = None
    busy: bool = False  # a call to the cloud is under way; what changes meanwhile waits
    failures: int = 0
    attempt: int = 0  # the number of the call: a step that an earlier one has planned does nothing


def needs_update(old: Service, new: Service) -> bool:
    """Return True if a change to a Service is one that its load balancer must follow (``needsUpdate``)."""
    return _FOLLOWED(old) != _FOLLOWED(new) or len(old.ip_families) != len(new.ip_families)


_FOLLOWED = attrgetter(
    "type", "load_balancer_class", "load_balancer_source_ranges", "ports", "session_affinity",
    "session_affinity_timeout_s", "load_balancer_ip", "external_ips", "annotations", "external_traffic_policy",
    "health_check_node_port",
)  # fmt: skip
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 300.0


def _made_anew(live: LoadBalancer, service: Service, kind: LoadBalancerKind) -> bool:
    """Return True if another kind that is asked for becomes a load balancer of its own, and the old one stays."""
    if kind.kind_change == REFUSED:
        return not kind.is_taken_for_another(service)
    return kind.kind_change == ORPHAN or kind.controller != live.kind.controller


@dataclass(slots=True)
class CloudState:
    """What the controllers and the cloud remember of one cluster."""

    # By the ``namespace/name`` of their Service; orphans under a name of their own.
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    # From an address to the Services that hold it.
    addresses_held: dict[str, tuple[str, ...]] = field(default_factory=dict)
    progress: dict[Key, ServiceProgress] = field(default_factory=dict)
    # The versions of the store that the controllers have seen, and what they read of its nodes.
    seen_changes: int = -1
    seen_node_version: int = -1
    seen_nodes: tuple[object, ...] = ()

    def copy(self) -> CloudState:
        """Return a memory that changes apart from this one."""
        return replace(
            self,
            load_balancers=dict(self.load_balancers),
            addresses_held=dict(self.addresses_held),
            progress=dict(self.progress),
        )


@dataclass(frozen=True, slots=True, eq=False)
class ServiceController:
    """The controllers of one provider; of nobody where it is None."""

    provider: Provider | None

    def look(self, cluster: ClusterState, end_s: float) -> bool:
        """Notice changes, run the health checks up to the next step, and return True if one is due by the end."""
        next_s = cluster.clock.next_at_s
        if next_s is not None and next_s <= cluster.now_s:
            return True  # the moment is not over
        if self.provider is not None:
            self._watch(cluster)
        next_s = cluster.clock.next_at_s
        due = next_s is not None and next_s <= end_s
        check_targets(cluster, next_s if due and next_s is not None else end_s)
        return due

    # -- noticing ----

    def _watch(self, cluster: ClusterState) -> None:
        """Act on what has changed in the store since the last look."""
        changes, nodes = cluster.store.changes, cluster.store.node_version
        state: CloudState = cluster.cloud_state
        if state.seen_changes == changes:
            return
        if state.seen_node_version != nodes:
            self._sync_nodes(cluster)
        state.seen_changes, state.seen_node_version = changes, nodes
        services = cluster.store.services
        for key in [key for key in state.progress if key not in services]:
            self._forget(cluster, key)
        for key in [key for key, service in services.items() if self._is_new(cluster, key, service)]:
            self._sync(cluster, key)

    def _is_new(self, cluster: ClusterState, key: Key, service: Service) -> bool:
        """Return True if a Service concerns the controllers in a version that they have not seen."""
        work = cluster.cloud_state.progress.get(key)
        return service.type == "LoadBalancer" if work is None else work.seen is not service

    def _look_again(self, cluster: ClusterState) -> None:
        """Make the next look go through all Services."""
        cluster.cloud_state.seen_changes = -1

    def _sync(self, cluster: ClusterState, key: Key) -> None:
        """Bring the cloud in line with one Service."""
        assert self.provider is not None
        service, work = cluster.store.services[key], cluster.cloud_state.progress.get(key, ServiceProgress())
        if work.busy or work.seen is service:
            return
        live = cluster.load_balancers.get(service.key)
        wanted = None if service.deletion_timestamp else self.provider.kind_for(service)
        if wanted is None and not (live or self._finalizers(service)):
            cluster.cloud_state.progress.pop(key, None)
        elif wanted is None and live is not None and service.type == "LoadBalancer" and not service.deletion_timestamp:
            self._orphan(cluster, live)  # the annotation now names a controller that nobody has installed
        elif wanted is None:
            self._clean_up(cluster, key)
        elif live is None and service.load_balancer_ingress and work.seen is None:
            self._adopt(cluster, service, wanted)
        elif live is None or needs_update(live.service, service) or work.failures:
            self._ensure(cluster, key, wanted)
        else:
            cluster.cloud_state.progress[key] = replace(work, seen=service)

    def _finalizers(self, service: Service) -> set[str]:
        """Return the controllers' own finalizers that a Service carries."""
        assert self.provider is not None
        return {kind.finalizer for kind in self.provider.kinds} & set(service.finalizers)

    # -- making and changing ----

    def _ensure(self, cluster: ClusterState, key: Key, kind: LoadBalancerKind) -> None:
        """Call the cloud: make a load balancer, or update the one there is."""
        assert self.provider is not None
        service = cluster.store.services[key]
        live = cluster.load_balancers.get(service.key)
        if live is not None and live.kind.name != kind.name:
            if live.kind.controller == AWS_CONTROLLER != kind.controller:
                service, live = self._given_up(cluster, live, service), None
            elif _made_anew(live, service, kind):
                self._orphan(cluster, live)
                live = None
            elif kind.kind_change == IGNORED:
                kind = live.kind
        self._report(cluster, service, kind, "ensuring")
        if kind.finalizer and kind.finalizer not in service.finalizers:
            service = replace(service, finalizers=(*service.finalizers, kind.finalizer))
            cluster.store.put_service(service)
        work = cluster.cloud_state.progress.get(key, ServiceProgress())
        work = cluster.cloud_state.progress[key] = replace(work, seen=service, busy=True, attempt=work.attempt + 1)
        try:
            if live is None:
                live = self._order(cluster, service, kind)
            elif problem := self.provider.problem(service, kind):
                raise NoAddress(problem)
        except NoAddress as refusal:
            self._fail(cluster, key, kind, str(refusal))
            return
        if kind.controller == IN_TREE and not candidates(cluster):
            self._report(cluster, service, kind, "no_nodes")
        ready_s = live.created_s + kind.provisioning_s
        if cluster.now_s >= ready_s and live.targets is not None:
            ready_s = cluster.now_s + (0 if kind.being_created and not service.load_balancer_ingress else kind.update_s)
        elif kind.being_created:
            self._fail(cluster, key, kind, kind.being_created, retry_s=kind.retry_s)
            return
        cluster.clock.schedule(ready_s, Ready(self, key, work.attempt))

    def _order(self, cluster: ClusterState, service: Service, kind: LoadBalancerKind) -> LoadBalancer:
        """Order a new load balancer, which counts against the quota from now on; `NoAddress` if the cloud refuses."""
        provider = self.provider
        assert provider is not None
        problem = provider.problem(service, kind) or over_quota(cluster, kind, service)
        if problem:
            raise NoAddress(problem)
        made = self._keep(cluster, service, kind, choose_address(cluster, provider, kind, service))
        key = (service.namespace, service.name)
        cluster.clock.schedule(cluster.now_s + kind.targets_s, Wired(self, key, made.name))
        return made

    def _keep(
        self, cluster: ClusterState, service: Service, kind: LoadBalancerKind, ingress: LoadBalancerIngress
    ) -> LoadBalancer:
        """Add a load balancer to those that the cloud holds."""
        name = cloud_name(cluster.seed, service, kind)
        made = LoadBalancer(name, service.key, kind, ingress, cluster.now_s, service)
        cluster.load_balancers[service.key] = made
        held = cluster.cloud_state.addresses_held.get(ingress.address, ())
        cluster.cloud_state.addresses_held[ingress.address] = (*held, service.key)
        return made

    def wire(self, cluster: ClusterState, key: Key, name: str) -> None:
        """Register the nodes as targets; the health checks begin."""
        made = cluster.load_balancers.get("/".join(key))
        if made is not None and made.name == name and made.targets is None:
            cluster.load_balancers[made.owner] = wired(cluster, made)

    def _adopt(self, cluster: ClusterState, service: Service, kind: LoadBalancerKind) -> None:
        """Take over a load balancer that was there before the model looked: its address is in the status."""
        assert self.provider is not None
        kind = self.provider.kind_of(service) or kind
        found = self._keep(cluster, service, kind, service.load_balancer_ingress[0])
        cluster.load_balancers[service.key] = wired(cluster, found, known=True)
        cluster.cloud_state.progress[service.namespace, service.name] = ServiceProgress(seen=service)

    def publish(self, cluster: ClusterState, key: Key, attempt: int) -> None:
        """Finish a call to the cloud: the load balancer is as the Service wants it."""
        work, made = cluster.cloud_state.progress.get(key), cluster.load_balancers.get("/".join(key))
        if work is None or work.attempt != attempt or work.seen is None or made is None:
            return
        made = wired(cluster, replace(made, service=work.seen))
        if self.provider is not None and made.kind.kind_change == IN_PLACE:
            made = replace(made, kind=self.provider.kind_for(work.seen) or made.kind)
        cluster.load_balancers[made.owner] = made
        service = cluster.store.services.get(key)
        seen = work.seen
        if service is not None:
            self._report(cluster, service, made.kind, "ensured", address=made.ingress.address)
            announce(cluster, made)
            if service.load_balancer_ingress != (made.ingress,):
                patched = replace(service, load_balancer_ingress=(made.ingress,))
                cluster.store.put_service(patched)
                seen = patched if service is work.seen else seen
        cluster.cloud_state.progress[key] = replace(work, seen=seen, busy=False, failures=0)
        self._look_again(cluster)

    def _fail(
        self, cluster: ClusterState, key: Key, kind: LoadBalancerKind, problem: str, retry_s: float | None = None
    ) -> None:
        """Report a failure, and try again later: after 5 s, 10 s, 20 s, … 300 s."""
        service, work = cluster.store.services[key], cluster.cloud_state.progress[key]
        event_keys = ["public_ip"] if "PublicIP" in problem else []
        event_keys.append("over_quota" if problem == kind.quota_error else "failed")
        words = {
            "{quota}": str(kind.quota),
            "{service}": service.key,
            "{name}": cloud_name(cluster.seed, service, kind),
        }
        for word, text in words.items():
            problem = problem.replace(word, text)
        for event_key in event_keys:
            self._report(cluster, service, kind, event_key, problem=problem)
        cluster.cloud_state.progress[key] = replace(work, busy=retry_s is not None, failures=work.failures + 1)
        if EVENT_TEXTS[kind.controller].retries:
            delay_s = retry_s or min(FIRST_RETRY_S * 2**work.failures, LAST_RETRY_S)
            cluster.clock.schedule(cluster.now_s + delay_s, Retry(self, key, work.attempt))

    def retry(self, cluster: ClusterState, key: Key, attempt: int) -> None:
        """Try again, if nothing else has been tried since."""
        work = cluster.cloud_state.progress.get(key)
        if work is None or work.attempt != attempt:
            return
        cluster.cloud_state.progress[key] = replace(work, seen=None, busy=False)
        if key in cluster.store.services:
            self._sync(cluster, key)

    # -- taking away ----

    def _clean_up(self, cluster: ClusterState, key: Key) -> None:
        """Delete the load balancer of a Service that wants none any more."""
        service, work = cluster.store.services[key], cluster.cloud_state.progress.get(key, ServiceProgress())
        live = cluster.load_balancers.get(service.key)
        if live is not None and self._looks_for_another(service, live):
            self._orphan(cluster, live)
            live = None
        work = cluster.cloud_state.progress[key] = replace(work, seen=service, busy=True, attempt=work.attempt + 1)
        delay_s = 0.0
        if live is not None:
            self._report(cluster, service, live.kind, "deleting")
            delay_s = live.kind.deletion_s
        cluster.clock.schedule(cluster.now_s + delay_s, Cleaned(self, key, work.attempt))

    def _looks_for_another(self, service: Service, live: LoadBalancer) -> bool:
        """Return True if the annotation names another kind than there is: the controller finds none to delete.

        Source: EnsureLoadBalancerDeleted in ``pkg/providers/v1/aws.go`` (cloud-provider-aws 63ec440, 2026-07-07).
        """
        assert self.provider is not None
        asked = self.provider.kind_for(replace(service, type="LoadBalancer"))
        return asked is not None and asked.kind_change == REFUSED and asked.name != live.kind.name

    def release(self, cluster: ClusterState, key: Key, attempt: int) -> None:
        """Finish a deletion: the finalizer goes, and with it a Service that was only held by it."""
        work, service = cluster.cloud_state.progress.get(key), cluster.store.services.get(key)
        if work is None or work.attempt != attempt or service is None or self.provider is None:
            return
        live = cluster.load_balancers.get(service.key)
        kind = live.kind if live is not None else self._kind_of_finalizer(service)
        own = self._finalizers(service)
        freed = replace(service, finalizers=tuple(f for f in service.finalizers if f not in own))
        if freed.deletion_timestamp and not freed.finalizers:
            cluster.store.delete_service(key)
        else:
            cluster.store.put_service(replace(freed, load_balancer_ingress=()))
        if kind is not None:
            self._report(cluster, service, kind, "deleted")
        self._forget(cluster, key)

    def _kind_of_finalizer(self, service: Service) -> LoadBalancerKind | None:
        assert self.provider is not None
        return next((kind for kind in reversed(self.provider.kinds) if kind.finalizer in service.finalizers), None)

    def _forget(self, cluster: ClusterState, key: Key) -> None:
        """Remove the load balancer of a Service; Services that waited for its address try again."""
        cluster.cloud_state.progress.pop(key, None)
        gone = cluster.load_balancers.get("/".join(key))
        if gone is None:
            return
        self._take_away(cluster, gone)
        if not EVENT_TEXTS[gone.kind.controller].retries:
            for waiting, work in list(cluster.cloud_state.progress.items()):
                if work.failures:
                    cluster.cloud_state.progress[waiting] = replace(work, seen=None)
        self._look_again(cluster)

    def _take_away(self, cluster: ClusterState, gone: LoadBalancer) -> None:
        """Take a load balancer and its address out of the cloud."""
        cluster.load_balancers.pop(gone.owner, None)
        left = tuple(
            owner for owner in cluster.cloud_state.addresses_held.get(gone.ingress.address, ()) if owner != gone.owner
        )
        if left:
            cluster.cloud_state.addresses_held[gone.ingress.address] = left
        else:
            cluster.cloud_state.addresses_held.pop(gone.ingress.address, None)

    def _given_up(self, cluster: ClusterState, live: LoadBalancer, service: Service) -> Service:
        """Delete what the AWS load balancer controller made for a Service that is another controller's now.

        Source: ``controllers/service/service_controller.go`` and ``pkg/service/model_builder.go`` (Build) of
        aws-load-balancer-controller 225f445, 2026-08-17: a model without a load balancer, then the clean-up.
        """
        self._take_away(cluster, live)
        left = tuple(name for name in service.finalizers if name != live.kind.finalizer)
        freed = replace(service, finalizers=left, load_balancer_ingress=())
        cluster.store.put_service(freed)
        return freed

    def _orphan(self, cluster: ClusterState, live: LoadBalancer) -> None:
        """Leave a load balancer behind: no Service uses it, nobody deletes it, and it goes on costing money."""
        del cluster.load_balancers[live.owner]
        number = 1 + sum(
            balancer.orphan and balancer.owner == live.owner for balancer in cluster.load_balancers.values()
        )
        cluster.load_balancers[f"{live.owner} (orphan {number})"] = replace(live, orphan=True)
        cluster.cloud_state.progress.pop(key_of(live.owner), None)

    # -- nodes ----

    def _sync_nodes(self, cluster: ClusterState) -> None:
        """Update the targets where nodes came, went, or changed their exclusion label or provider ID."""
        shown = tuple(_trigger(node) for node in cluster.nodes)
        state: CloudState = cluster.cloud_state
        if shown == state.seen_nodes:
            return
        first = not state.seen_nodes
        state.seen_nodes = shown
        for key, balancer in list(cluster.load_balancers.items()):
            if first or balancer.orphan or balancer.targets is None:
                continue
            cluster.load_balancers[key] = wired(cluster, balancer)
            if balancer.kind.controller == IN_TREE:
                event_key = "updated" if candidates(cluster) else "no_nodes"
                self._report(cluster, balancer.service, balancer.kind, event_key)

    def _report(
        self, cluster: ClusterState, service: Service, kind: LoadBalancerKind, event_key: str, **words: str
    ) -> None:
        """Report an event of the controller, where it has one for this key."""
        event = EVENT_TEXTS[kind.controller].event(event_key, cluster.now_s, service, **words)
        if event is not None:
            cluster.report(event)


# -- steps on the clock ----


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A step that a controller has planned for one Service."""

    controller: ServiceController
    key: Key
    attempt: int


class Ready(_Step):
    """The cloud has done what it was asked to do."""

    __slots__ = ()

    def __call__(self, cluster: ClusterState) -> None:
        """Write the address into the status."""
        self.controller.publish(cluster, self.key, self.attempt)


class Retry(_Step):
    """The time to try again has come."""

    __slots__ = ()

    def __call__(self, cluster: ClusterState) -> None:
        """Try again, with the provider of now: what was wrong with it may have been mended."""
        now = cluster.controller if cluster.controller.provider is not None else self.controller
        now.retry(cluster, self.key, self.attempt)


class Cleaned(_Step):
    """The cloud has deleted the load balancer."""

    __slots__ = ()

    def __call__(self, cluster: ClusterState) -> None:
        """Take the finalizer off."""
        self.controller.release(cluster, self.key, self.attempt)


@dataclass(frozen=True, slots=True, eq=False)
class Wired:
    """The load balancer exists in the cloud: its targets are registered."""

    controller: ServiceController
    key: Key
    name: str

    def __call__(self, cluster: ClusterState) -> None:
        """Register the targets."""
        self.controller.wire(cluster, self.key, self.name)


def _trigger(node: Node) -> tuple[object, ...]:
    """Return what, when it changes, makes the controllers hand the nodes over anew."""
    return node.name, excluded(node.labels), node.provider_id


def start_controller(provider: Provider | str | None) -> tuple[Provider | None, ServiceController]:
    """Return the profile that a cluster's `provider` names, and its controllers; None is nobody."""
    if isinstance(provider, str):
        provider = profile(provider)
    if provider is not None and not isinstance(provider, Provider):
        raise ValueError(f"provider is a name, a profile made by kx.provider(), or None, not {provider!r}")
    return provider, ServiceController(provider)
