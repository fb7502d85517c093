"""The verbs of an operator, and of bad luck: deploy, scale, roll out; crash, recover, stop kube-proxy.

Sources of the periods: ``pkg/controller/nodelifecycle`` (node-monitor-grace-period, 50 s since 1.32); the
``tolerationSeconds`` of 300 that every Pod gets (``plugin/pkg/admission/defaulttolerationseconds``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..api.checks import check_arguments, count, one_of, seconds, shown
from ..api.errors import ApiError, missing
from ..api.kinds import KEPT, WORKLOADS
from ..api.object_validation import check_metadata
from ..api.objects import ContainerPort, Deployment, Pod
from ..api.results import ApplyResult
from .controllers import remove_object, sync_workloads
from .scheduling import MOST_PODS, check_per_node, choose_node, new_pod
from .state import NODE_MONITOR_GRACE_S, ClusterState
from .store import Key, find
from .transaction import whole

__all__ = ["Operations"]

EVICTION_S = 300.0
LARGEST_PORT = 65535
PROTOCOLS = ("TCP", "UDP", "SCTP")


class Operations(ClusterState):
    """The verbs of an operator, and of bad luck; `k8sexpose.Cluster` has them all."""

    # -- deploying ------------------------------------------------------------------------------------------------

    @whole
    def deploy(
        self,
        name: str,
        per_node: Sequence[int] | None = None,
        *,
        replicas: int | None = None,
        port: int = 8080,
        container_port: int | None = None,
        port_name: str = "",
        protocol: str = "TCP",
        labels: Mapping[str, str] | None = None,
        namespace: str = "default",
        host_network: bool = False,
        answers: Mapping[str, int] | None = None,
    ) -> ApplyResult:
        """Run Pods.

        Parameters
        ----------
        name : str
            Name of the app; the Pods are called ``name-1``, ``name-2``, … and carry the label ``app=name``.
        per_node : sequence of int, optional
            How many on each node, in the order of the nodes.
        replicas : int, optional
            How many, placed by the scheduler; one if neither is given.
        port : int
            Where the process listens.
        container_port : int, optional
            What the container declares; ``port`` by default.
        port_name, protocol : str
            Name and protocol of the declared port.
        labels : mapping of str to str, optional
            Labels in place of ``app=name``.
        namespace : str
            Namespace of the Pods.
        host_network : bool
            The Pods share their node's network.
        answers : mapping of str to int, optional
            The HTTP status that the process answers, by path, for health checks that ask for one:
            ``{"/": 404}``. It answers 200 to every other path.

        Returns
        -------
        ApplyResult
            The Deployment; its ``pods`` are in the order they were made.

        Raises
        ------
        ApiError
            409 AlreadyExists: scale what is there.
        ValueError
            The numbers make no sense.

        Examples
        --------
        >>> from k8sexpose import Cluster
        >>> made = Cluster().deploy("api-backend", per_node=[1, 0, 1])
        >>> made
        deployment.apps/api-backend created
        >>> [pod.name for pod in made.pods]
        ['api-backend-1', 'api-backend-2']
        """
        check_arguments(Operations.deploy, locals())
        declared_labels = {"app": name} if labels is None else labels
        check_metadata("Deployment", name, namespace, declared_labels)
        for number, parameter in ((port, "port"), (container_port, "container_port")):
            if number is not None:
                count(number, parameter, at_most=LARGEST_PORT)
        one_of(protocol, "protocol", PROTOCOLS)
        if (namespace, name) in self._deployments:
            raise ApiError(409, "AlreadyExists", f'deployments.apps "{name}" already exists', hint="Use scale().")
        declared = ContainerPort(port if container_port is None else container_port, port_name, protocol)
        deployment = Deployment(name, namespace, dict(declared_labels), (declared,), (port,), host_network)
        deployment = replace(deployment, created_s=self.now_s, answers=_statuses(answers or {}))
        replicas = 1 if per_node is None and replicas is None else replicas
        pods = self._place(deployment, per_node, replicas)
        return ApplyResult("Deployment", namespace, name, "created", self.deployment(name, namespace), pods=pods)

    @whole
    def scale(
        self,
        name: str,
        per_node: Sequence[int] | None = None,
        *,
        replicas: int | None = None,
        namespace: str = "default",
        grace_s: float = 0,
    ) -> ApplyResult:
        """Change how many Pods run, and where.

        Parameters
        ----------
        name, namespace : str
            Which app.
        per_node : sequence of int, optional
            How many on each node, in the order of the nodes.
        replicas : int, optional
            How many in all; the newest go first, new ones go where there are fewest.
        grace_s : float
            Seconds for which surplus Pods go on serving while they terminate, as ``kubectl scale`` lets them; by
            default they end at once.

        Returns
        -------
        ApplyResult
            The Deployment; its ``pods`` are those that run now.

        Raises
        ------
        ApiError
            404 NotFound: there is no such app.
        ValueError
            The numbers make no sense, or a node has no address left.

        Examples
        --------
        >>> from k8sexpose import Cluster
        >>> cluster = Cluster()
        >>> _ = cluster.deploy("web", per_node=[3, 0, 0])
        >>> [pod.node for pod in cluster.scale("web", per_node=[1, 1, 1]).pods]
        ['node-1', 'node-2', 'node-3']
        """
        check_arguments(Operations.scale, locals())
        grace_s = seconds(grace_s, "grace_s")
        pods = self._place(self.deployment(name, namespace), per_node, replicas, grace_s)
        return ApplyResult("Deployment", namespace, name, "scaled", self.deployment(name, namespace), pods=pods)

    def _place(
        self, deployment: Deployment, per_node: Sequence[int] | None, replicas: int | None, grace_s: float = 0
    ) -> tuple[Pod, ...]:
        """Start and stop Pods of a Deployment until the numbers are as wanted."""
        names = list(self.store.nodes)
        running = [pod for pod in self.store.pods_of(deployment.namespace, deployment.name) if not pod.terminating]
        if per_node is not None:
            counts = check_per_node(per_node, len(names))
            wanted = dict(zip(names, counts + [0] * (len(names) - len(counts)), strict=True))
            for pod in reversed(running):
                surplus = sum(other.node == pod.node for other in running) > wanted.get(pod.node or "", 0)
                if surplus:
                    running.remove(pod)
                    self._end(pod, grace_s)
            for name in names:
                for _ in range(wanted[name] - sum(pod.node == name for pod in running)):
                    deployment = self._run(deployment, name)
        else:
            number = 0 if replicas is None else count(replicas, "replicas", at_least=0, at_most=MOST_PODS)
            for pod in running[number:]:
                self._end(pod, grace_s)
            for _ in range(number - len(running)):
                deployment = self._run(deployment, choose_node(self.store, deployment, self.down))
        self._deployments[deployment.namespace, deployment.name] = deployment
        return tuple(pod for pod in self.store.pods_of(deployment.namespace, deployment.name) if not pod.terminating)

    def _end(self, pod: Pod, grace_s: float) -> None:
        """Delete a Pod, at once or after it has terminated for some time."""
        if grace_s == 0:
            self.store.delete_pod((pod.namespace, pod.name))
        else:
            self.terminate(f"{pod.namespace}/{pod.name}", grace_s=grace_s)

    def _run(self, deployment: Deployment, home: str | None) -> Deployment:
        """Start one more Pod on a node, or on none; the Deployment returned counts it."""
        deployment, pod = new_pod(self.store, deployment, home)
        self.store.put_pod(replace(pod, created_s=self.now_s))
        return deployment

    @whole
    def rollout(
        self, name: str, *, namespace: str = "default", interval_s: float = 5, grace_s: float = 30
    ) -> ApplyResult:
        """Replace the Pods one after the other, as time advances, or as the strategy of its manifest says.

        Parameters
        ----------
        name, namespace : str
            Which app.
        interval_s : float
            Seconds from one Pod to the next; the first is replaced at once.
        grace_s : float
            Seconds for which an old Pod goes on serving while it terminates.

        Returns
        -------
        ApplyResult
            The Deployment.

        Raises
        ------
        ApiError
            404 NotFound: there is no such app.
        ValueError
            A number of seconds is none.

        Examples
        --------
        >>> from k8sexpose import Cluster
        >>> cluster = Cluster()
        >>> _ = cluster.deploy("web", per_node=[1, 1, 0])
        >>> cluster.rollout("web")
        deployment.apps/web restarted
        >>> cluster.advance(60)
        >>> [pod.name for pod in cluster.pods]
        ['web-3', 'web-4']
        """
        check_arguments(Operations.rollout, locals())
        interval_s, grace_s = seconds(interval_s, "interval_s"), seconds(grace_s, "grace_s")
        deployment = self.deployment(name, namespace)
        old = [pod for pod in self.store.pods_of(namespace, name) if not pod.terminating]
        at_a_time = deployment.at_a_time(len(old))
        for number, pod in enumerate(old):
            key, at_s = (namespace, pod.name), self.now_s + number // at_a_time * interval_s
            if deployment.recreate:
                self.terminate(f"{namespace}/{pod.name}", grace_s=grace_s)
                self.clock.schedule(self.now_s + grace_s, RecreateStep((namespace, name), pod.node))
            else:
                self.clock.schedule(at_s, RolloutStep(key, grace_s))
        return ApplyResult("Deployment", namespace, name, "restarted", deployment)

    def replace_pod(self, key: Key, grace_s: float) -> None:
        """Start a new Pod beside an old one, and terminate the old one."""
        pod = self.store.pods.get(key)
        if pod is None or pod.terminating or pod.app is None:
            return
        deployment = self.deployment(pod.app, pod.namespace)
        self._deployments[deployment.namespace, deployment.name] = self._run(deployment, pod.node)
        self.terminate(f"{pod.namespace}/{pod.name}", grace_s=grace_s)

    def start_pod(self, key: Key, node: str | None) -> None:
        """Start one more Pod of a Deployment that is still there, on a node that is."""
        deployment = self._deployments.get(key)
        if deployment is not None:
            home = node if node in self.store.nodes else choose_node(self.store, deployment, self.down)
            self._deployments[key] = self._run(deployment, home)

    # -- one Pod --------------------------------------------------------------------------------------------------

    @whole
    def set_ready(self, pod: str, ready: bool) -> None:
        """Set whether the readiness probe of a Pod succeeds."""
        check_arguments(Operations.set_ready, locals())
        self.store.put_pod(replace(self.pod(pod), ready=ready))

    @whole
    def terminate(self, pod: str, *, grace_s: float = 30) -> None:
        """Terminate a Pod: it goes on serving for the grace period, but is no longer ready for new connections.

        Nothing replaces it: `scale` or `rollout` do that.
        """
        check_arguments(Operations.terminate, locals())
        grace_s = seconds(grace_s, "grace_s")
        changed = replace(self.pod(pod), terminating=True)
        self.store.put_pod(changed)
        sync_workloads(self)
        self.clock.schedule(self.now_s + grace_s, PodGone((changed.namespace, changed.name)))

    @whole
    def relabel_pod(self, key: Key, labels: Mapping[str, str]) -> Pod:
        """Give a Pod other labels; one that its Deployment no longer selects is left alone, and a new one is started.

        Returns
        -------
        Pod
            The Pod afterwards.
        """
        pod = self.store.pods[key]
        selected = pod.app is not None and (pod.namespace, pod.app) in self._deployments
        changed = replace(pod, labels=dict(labels))
        if selected:
            deployment = self.deployment(pod.app or "", pod.namespace)
            if not deployment.labels.items() <= changed.labels.items():
                changed = replace(changed, app=None)
        self.store.put_pod(changed)
        if selected and changed.app is None and not pod.terminating:
            home = choose_node(self.store, deployment, self.down)
            self._deployments[deployment.namespace, deployment.name] = self._run(deployment, home)
        return changed

    def remove(self, kind: str, name: str, namespace: str) -> None:
        """Delete a Pod, Node, Deployment or EndpointSlice; Pods get their grace period."""
        if kind == "Pod":
            self.terminate(f"{namespace}/{name}")
        elif kind == "Node":
            self.store.delete_node(self.node(name).name)
        elif kind in WORKLOADS or kind in KEPT:
            for pod in remove_object(self, kind, namespace, name):
                self.terminate(f"{pod.namespace}/{pod.name}")
        elif kind == "Deployment":
            for pod in self.store.pods_of(namespace, self.deployment(name, namespace).name):
                self.terminate(f"{namespace}/{pod.name}")
            del self._deployments[namespace, name]
        elif kind == "EndpointSlice":
            error = partial(missing, "endpointslices.discovery.k8s.io", name)
            find(self.store.applied_slices, (namespace, name), error)
            self.store.delete_slice((namespace, name))

    # -- bad luck -------------------------------------------------------------------------------------------------

    @whole
    def fail(self, node: str) -> None:
        """Crash a node: packets to it vanish; after 50 s its Pods count as not ready, 300 s later they are evicted.

        Examples
        --------
        >>> from k8sexpose import Cluster
        >>> cluster = Cluster()
        >>> _ = cluster.deploy("web", per_node=[1, 0, 0])
        >>> cluster.fail("node-1")
        >>> cluster.pod("web-1").ready
        True
        >>> cluster.advance(50)
        >>> cluster.pod("web-1").ready
        False
        """
        check_arguments(Operations.fail, locals())
        if self.node(node).name in self.failed:
            return
        self.failed[node] = self.now_s
        lost_at_s = self.now_s + NODE_MONITOR_GRACE_S
        self.clock.schedule(lost_at_s, NodeUnreachable(node, self.now_s))
        self.clock.schedule(lost_at_s + EVICTION_S, PodsEvicted(node, self.now_s))

    @whole
    def recover(self, node: str) -> None:
        """Bring a failed node back; Pods that were not evicted are ready again."""
        check_arguments(Operations.recover, locals())
        self.node(node)
        self.failed.pop(node, None)
        for key in self._unreachable.pop(node, ()):
            pod = self.store.pods.get(key)
            if pod is not None and pod.terminating:
                self.store.delete_pod(key)
            elif pod is not None:
                self.store.put_pod(replace(pod, ready=True))

    def mark_unreachable(self, node: str) -> None:
        """Mark the Pods of a node that no longer reports as not ready."""
        lost = [pod for pod in self.store.pods_on(node) if pod.ready]
        self._unreachable[node] = tuple((pod.namespace, pod.name) for pod in lost)
        for pod in lost:
            self.store.put_pod(replace(pod, ready=False))

    def evict(self, node: str) -> None:
        """Delete the Pods of an unreachable node; their Deployments make new ones elsewhere."""
        for pod in self.store.pods_on(node):
            if pod.terminating or (pod.owner or "").startswith("DaemonSet/"):  # those tolerate the node's state
                continue
            # The kubelet that could confirm the end is unreachable: the object stays, terminating.
            self.store.put_pod(replace(pod, terminating=True))
            if pod.app is not None and (pod.namespace, pod.app) in self._deployments:
                deployment = self._deployments[pod.namespace, pod.app]
                home = choose_node(self.store, deployment, self.down)
                self._deployments[pod.namespace, pod.app] = self._run(deployment, home)
        sync_workloads(self)

    @whole
    def stop_proxy(self, node: str) -> None:
        """Stop kube-proxy on a node: the rules it wrote stay in the kernel, and no longer change."""
        check_arguments(Operations.stop_proxy, locals())
        if self.node(node).name not in self._stopped_proxies:
            self._stopped_proxies[node] = self.store.copy()

    @whole
    def start_proxy(self, node: str) -> None:
        """Start kube-proxy again: it catches up at once."""
        check_arguments(Operations.start_proxy, locals())
        self.node(node)
        self._stopped_proxies.pop(node, None)


@dataclass(frozen=True, slots=True)
class PodGone:
    """The grace period of a terminating Pod is over."""

    key: Key

    def __call__(self, cluster: Operations) -> None:
        """Remove the Pod."""
        pod = cluster.store.pods.get(self.key)
        if pod is not None and pod.terminating:
            cluster.store.delete_pod(self.key)
            sync_workloads(cluster)


@dataclass(frozen=True, slots=True)
class NodeUnreachable:
    """The node has not reported for the grace period: its Pods count as not ready."""

    node: str
    failed_at_s: float

    def __call__(self, cluster: Operations) -> None:
        """Mark the Pods of the node, if it is still the same failure."""
        if cluster.failed.get(self.node) == self.failed_at_s:
            cluster.mark_unreachable(self.node)


@dataclass(frozen=True, slots=True)
class PodsEvicted:
    """The tolerance for an unreachable node is over: its Pods are deleted, and made anew elsewhere."""

    node: str
    failed_at_s: float

    def __call__(self, cluster: Operations) -> None:
        """Evict the Pods of the node, if it is still the same failure."""
        if cluster.failed.get(self.node) == self.failed_at_s:
            cluster.evict(self.node)


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """One Pod of a rollout is due."""

    key: Key
    grace_s: float

    def __call__(self, cluster: Operations) -> None:
        """Replace the Pod, if it is still there."""
        cluster.replace_pod(self.key, self.grace_s)


@dataclass(frozen=True, slots=True)
class RecreateStep:
    """The old Pods of a Deployment with ``strategy: Recreate`` are gone: a new one is due."""

    key: Key
    node: str | None

    def __call__(self, cluster: Operations) -> None:
        """Start the Pod."""
        cluster.start_pod(self.key, self.node)


def _statuses(answers: Mapping[str, int]) -> dict[str, int]:
    """Return the statuses that a process answers, each path and number checked."""
    for path, status in answers.items():
        if not path.startswith("/"):
            raise ValueError(f'answers: {shown(path)} is no path such as "/healthz"')
        count(status, f"answers[{path!r}], an HTTP status,", at_least=100, at_most=599)
    return dict(answers)
