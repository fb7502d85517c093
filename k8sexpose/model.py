"""The cluster: the one thing in this package that changes.

It has few verbs: those of kubectl (`Cluster.apply`, `create`, `replace`, `patch`, `delete`), those of an operator
(`deploy`, `scale`, `rollout`, `terminate`, `set_ready`), those of bad luck (`fail`, `recover`, `stop_proxy`,
`start_proxy`) and the clock (`advance`). A verb that raises has changed nothing.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from ._display import html_table
from .api.allocation import ip_pool, port_pool
from .api.bundles import Source
from .api.checks import check_arguments, count, shown
from .api.checks import seconds as check_seconds
from .api.collector import collector_paused
from .api.documents import Item, read_items
from .api.dump import LeftOut, MaskedFields, read_dump
from .api.errors import ApiError, ManifestError, invalid, invalid_object
from .api.hints import hinted
from .api.kinds import CLUSTER_WIDE
from .api.live import ask_kubectl
from .api.objects import Deployment, EndpointSlice, Node, Pod, ProxyConfig
from .api.results import RESOURCES, ApplyResult, ApplyResults
from .api.service import Service
from .cloud.controller import CloudState, start_controller
from .cloud.load_balancer import next_change_s
from .cluster.apiserver import ApiServer
from .cluster.client_apply import apply_service
from .cluster.controllers import put_object, sync_workloads
from .cluster.operations import Operations
from .cluster.pod_update import updated_pod
from .cluster.scheduling import choose_node, kubernetes_service, make_nodes, pod_capacity, with_address, with_pod_ranges

__all__ = ["ApplyResult", "ApplyResults", "Cluster"]


SHOWN = 12
PLURALS = {"ingress": "ingresses", "endpoints": "endpoints"}
LARGEST_PORT = 65535
SMALLEST_RANGE = 4


def _told(verb: str, dry_run: bool) -> str:
    """Return what kubectl says that it did."""
    return f"{verb} (server dry run)" if dry_run else verb


def _replicas(manifest: Mapping[str, Any]) -> int:
    """Return how many Pods a Deployment's manifest asks for."""
    replicas = (manifest.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def _carried_over(made: Any, old: Any, now_s: float) -> Any:
    """Return a new state of an object with what no manifest says of it: since when it is there, and whose it is."""
    if old is None:
        return replace(made, created_s=now_s)
    if isinstance(made, Deployment):
        images = made.images or old.images  # the model's own output names them where it knows them
        return replace(
            made, created_s=old.created_s, made=old.made, listens=old.listens, answers=old.answers, images=images
        )
    return replace(made, created_s=old.created_s)


def _pods_differ(old: Deployment, new: Deployment) -> bool:
    """Return True if two states of a Deployment have Pods of different templates; its strategy is no part of them."""
    mine, its = ((d.labels, d.ports, d.host_network, d.images, d.notes) for d in (old, new))
    return mine != its


def _port_range(given: tuple[int, int]) -> tuple[int, int]:
    """Return the node port range after a check of both ends."""
    if len(given) != 2:
        raise ValueError(
            f"node_port_range has a first and a last port, such as (30000, 32767), not {len(given)} numbers"
        )
    first = count(given[0], "the first port of node_port_range", at_most=LARGEST_PORT)
    last = count(given[1], "the last port of node_port_range", at_most=LARGEST_PORT)
    if first > last:
        raise ValueError(f"node_port_range goes from the lower port to the higher one, not from {first} to {last}")
    return first, last


def _ranges(text: str, name: str) -> list[str]:
    """Return the address ranges of a text with commas; each is one of its family and has room for two addresses."""
    listed = [part.strip() for part in text.split(",")]
    for part in listed:
        try:
            network = ip_network(part)
        except ValueError as error:
            raise ValueError(
                f"{name} is a range of addresses such as 10.96.0.0/16, not {shown(part)}: {error}"
            ) from None
        if network.num_addresses < SMALLEST_RANGE:
            raise ValueError(f"{name} {part} is too small: a range has {SMALLEST_RANGE} addresses or more")
    if len({ip_network(part).version for part in listed}) < len(listed):
        raise ValueError(f"{name} has at most one range of each IP family, not {text}")
    return listed


class Cluster(Operations):
    """A Kubernetes cluster, as far as the way to its Services is concerned.

    Parameters
    ----------
    nodes : int or iterable of Node
        How many nodes (node-1 …, 10.0.0.1 …, zones a, b, c, a, …), or the nodes themselves.
    provider : str or profile, optional
        Who makes load balancers; None where nobody does.
    seed : int
        Decides everything that is random.
    proxy : ProxyConfig, optional
        Settings of kube-proxy.
    node_port_range : tuple of int
        First and last node port (``--service-node-port-range``).
    service_cidr : str
        Range of cluster IPs; two ranges, separated by a comma, make the cluster dual-stack.
    pod_cidr : str
        Range of Pod addresses.
    cni_masquerade : bool
        Pod traffic that leaves the Pod network carries its node's address.
    cni_bridge : bool
        Masqueraded traffic to a Pod on the same node shows the bridge's address.
    cni_hairpin : bool
        A Pod's connection to a Service may come back to the Pod itself.
    namespaces : iterable of str, optional
        The namespaces that exist; None for all.
    nodes_routable : bool
        Clients outside can route to node addresses.
    firewall : iterable of tuple of int
        Port ranges on node addresses that are closed to clients outside.

    Examples
    --------
    >>> cluster = Cluster(nodes=3)
    >>> cluster.deploy("api-backend", per_node=[2, 1, 0]).pods[0].ip
    '10.244.1.2'
    """

    def __init__(
        self,
        nodes: int | Iterable[Node] = 3,
        *,
        provider: Any = "generic",
        seed: int = 0,
        proxy: ProxyConfig | None = None,
        node_port_range: tuple[int, int] = (30000, 32767),
        service_cidr: str = "10.96.0.0/16",
        pod_cidr: str = "10.244.0.0/16",
        cni_masquerade: bool = True,
        cni_bridge: bool = False,
        cni_hairpin: bool = True,
        namespaces: Iterable[str] | None = None,
        nodes_routable: bool = True,
        firewall: Iterable[tuple[int, int]] = (),
    ) -> None:
        check_arguments(Cluster.__init__, locals())
        ports = _port_range(node_port_range)
        pod_ranges, ranges = _ranges(pod_cidr, "pod_cidr"), _ranges(service_cidr, "service_cidr")
        profile, controller = start_controller(provider)
        super().__init__(
            seed=seed,
            provider=profile,
            controller=controller,
            cloud_state=CloudState(),
            proxy=proxy or ProxyConfig(),
            service_cidr=service_cidr,
            pod_cidr=pod_cidr,
            cni_masquerade=cni_masquerade,
            cni_bridge=cni_bridge,
            cni_hairpin=cni_hairpin,
            nodes_routable=nodes_routable,
            firewall=firewall,
        )
        self.left_out: tuple[LeftOut, ...] = ()
        self.masked = MaskedFields()
        self.cut_off: tuple[str, ...] = ()
        pools = {f"IPv{ip_network(text).version}": ip_pool(text) for text in ranges}
        self.api = ApiServer(self.store, port_pool(*ports), pools, random.Random(seed), namespaces)
        pod_range = pod_ranges[0]
        made = with_pod_ranges(nodes, pod_range) if isinstance(nodes, Iterable) else make_nodes(nodes, pod_range)
        for node in made:
            if node.name in self.store.nodes:
                raise ValueError(f"two nodes have the name {node.name}")
            self.store.put_node(node)
        self.store.put_service(kubernetes_service(str(ip_network(ranges[0])[1])))

    @classmethod
    def from_json(cls, source: Source, **options: Any) -> Cluster:
        """Load a real cluster: what ``kubectl get nodes,pods,services,endpointslices -A -o json`` prints.

        Parameters
        ----------
        source : str, bytes, Path, mapping or sequence
            A path of a file (JSON, YAML), a folder or an archive (.tar.gz, .tar.xz, .zip), several paths, the text, or
            the objects. They are taken as stored: no defaulting, allocation, validation. What the dump lacks stands in
            `absent`.
        **options
            As for `Cluster`, nodes apart.

        Returns
        -------
        Cluster
            With the objects of the dump and no others. An object that cannot be read, because a field
            holds no address where one is expected, or a text instead of a number, is in ``left_out`` with that field.
            Where a word hides an address, the object is there without it, and ``masked`` counts such fields.

        Raises
        ------
        ManifestError
            When the dump cannot be read, or seems to end early: what stood behind its end would be taken for nothing.
            Of several files one that ends early is named in ``cut_off``.
        FileNotFoundError
            There is no such file.

        Examples
        --------
        >>> node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}}
        >>> Cluster.from_json({"kind": "List", "items": [node]}).nodes[0].name
        'n1'
        """
        cluster = cls(nodes=[], **options)
        cluster.store.delete_service(("default", "kubernetes"))
        put = {
            Node: cluster.store.put_node, Pod: cluster.store.put_pod, Service: cluster.store.put_service,
            EndpointSlice: cluster.store.put_slice,
        }  # fmt: skip
        with collector_paused():
            dump = read_dump(source)
            for item in dump.objects:
                put[type(item)](item)  # type: ignore[operator]
        cluster.kept = {(one.kind, one.namespace, one.name): one for one in dump.kept}
        for event in dump.events:
            cluster.report(event)
        cluster.absent, cluster.hidden = dump.absent, dump.hidden
        cluster.left_out, cluster.masked = dump.left_out, dump.masked
        cluster.cut_off, cluster.notes = dump.cut_off, dump.messages
        return cluster

    @classmethod
    def from_kubectl(cls, context: str | None = None, namespace: str | None = None, **options: Any) -> Cluster:
        """Load a real cluster by the ``kubectl`` on the PATH: ``get``, read only; then as `from_json`.

        Parameters
        ----------
        context, namespace : str, optional
            A context of the kubeconfig, and a namespace; None for the current context, and for all namespaces.
        **options
            As for `Cluster`, nodes apart.

        Returns
        -------
        Cluster
            With what kubectl was given; what it was refused stands in `absent` and, in its words, in `notes`.

        Raises
        ------
        ManifestError
            There is no kubectl, or it was given nothing; the text has its words.

        Examples
        --------
        >>> Cluster.from_kubectl("no-such-context")  # doctest: +SKIP
        """
        dump = ask_kubectl(context, namespace)
        cluster = cls.from_json(list(dump.lists), **options)
        cluster.notes = dump.notes
        return cluster

    # -- looking --------------------------------------------------------------------------------------------------

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the API server's last answer."""
        return self.api.warnings

    # -- the verbs of kubectl -------------------------------------------------------------------------------------

    def apply(self, source: str | Path | Mapping[str, Any], *, namespace: str = "default") -> ApplyResults:
        """Do what ``kubectl apply -f`` does, all or nothing.

        Parameters
        ----------
        source : str, Path or mapping
            A path (or one line that ends in .yaml, .yml or .json), the text of one or more documents, or one object.
        namespace : str
            Namespace for objects that name none.

        Returns
        -------
        ApplyResults
            A tuple of `ApplyResult`, one for each object, in the order of the text.

        Raises
        ------
        ApiError
            A document is refused; the cluster is as it was before the call.
        ManifestError
            A document cannot be read; nothing was applied. What is of a kind that the model does not work with comes
            back with the verb ``passed over``.
        FileNotFoundError
            There is no such file.
        """
        check_arguments(Cluster.apply, {**locals(), "source": ""})  # what is no manifest, read_items says
        items = read_items(source)
        with self._all_or_nothing():
            return ApplyResults(self.apply_item(item, namespace) for item in items)

    def apply_item(self, item: Item, namespace: str = "default", **options: Any) -> ApplyResult:
        """Apply one parsed object, a Service with options of `apply_service`; an `ApiError` changes nothing."""
        if not item.is_modelled:
            return item.passed_over(namespace)
        with self._all_or_nothing(), hinted(item.text, item.value):
            if item.is_kept:
                return self._apply_kept(item, namespace)
            if item.kind != "Service":
                validation = options.get("field_validation", "Strict")
                return self._apply_other(item, item.object(namespace, field_validation=validation))
            applied = apply_service(self.api, item.value, namespace, **options)
            service = applied.service
            return ApplyResult("Service", service.namespace, service.name, applied.verb, service, applied.warnings)

    def _apply_kept(self, item: Item, namespace: str) -> ApplyResult:
        """Store a workload, which starts its Pods, or an object that is only shown."""
        named = (item.value.get("metadata") or {}).get("namespace")
        if item.kind != "Namespace":
            self.api.check_namespace(named or namespace)
        verb, made = put_object(self, item.value, namespace)
        if item.kind == "Namespace" and self.api.namespaces is not None:
            self.api.namespaces |= {made.name}
        return ApplyResult(item.kind, made.namespace, made.name, verb, made)

    def create_item(self, item: Item, namespace: str = "default", field_validation: str = "Strict") -> ApplyResult:
        """Create one parsed object that is not a Service."""
        if item.is_kept:
            return self._create_kept(item, namespace)
        with self._all_or_nothing(), hinted(item.text, item.value):
            made = item.object(namespace, field_validation=field_validation, rng=self.api.rng)
            scope = "" if isinstance(made, Node) else made.namespace
            if (item.kind, scope, made.name) in self._manifests:
                group = RESOURCES[item.kind].partition(".")
                raise ApiError(409, "AlreadyExists", f'{group[0]}s{group[1]}{group[2]} "{made.name}" already exists')
            return self._apply_other(item, made)

    def _create_kept(self, item: Item, namespace: str) -> ApplyResult:
        """Create an object that `put_object` stores; an AlreadyExists changes nothing."""
        with self._all_or_nothing(), hinted(item.text, item.value):
            made = self._apply_kept(item, namespace)
            if made.verb != "created":
                group = RESOURCES[item.kind].partition(".")
                plural = PLURALS.get(group[0], f"{group[0]}s")
                raise ApiError(409, "AlreadyExists", f'{plural}{group[1]}{group[2]} "{made.name}" already exists')
            return made

    def _apply_other(self, item: Item, made: Node | Pod | EndpointSlice | Deployment) -> ApplyResult:
        """Apply one parsed object that is not a Service."""
        scope = "" if isinstance(made, Node) else made.namespace
        if scope:
            self.api.check_namespace(scope)
        key = (item.kind, scope, made.name)
        old = self._stored(item.kind, scope, made.name)
        if self._manifests.get(key) == item.value:
            return ApplyResult(item.kind, scope, made.name, "unchanged", made if old is None else old)
        verb = "created" if old is None else "configured"
        if isinstance(made, Pod) and old is not None:
            made = updated_pod(old, made, item.value, self._manifests.get(key))
        else:
            made = _carried_over(made, old, self.now_s)
        if made == old and self._replicas_are(made, item.value):
            self._manifests[key] = item.value
            return ApplyResult(item.kind, scope, made.name, "unchanged", old)
        try:
            made = self._put_other(made, item.value)
        except ValueError as error:  # no address is left for a Pod
            raise ApiError(422, "Invalid", str(error)) from None
        self._manifests[key] = item.value
        return ApplyResult(item.kind, scope, made.name, verb, made)

    def _put_other(
        self, made: Node | Pod | EndpointSlice | Deployment, manifest: Mapping[str, Any]
    ) -> Node | Pod | EndpointSlice | Deployment:
        """Store an object that is not a Service, and return it as stored."""
        match made:
            case Node():
                self.store.put_node(made)
                sync_workloads(self)
            case EndpointSlice():
                self.store.put_slice(made)
            case Deployment():
                self._apply_deployment(made, manifest)
            case Pod():
                home = made.node or choose_node(self.store, Deployment(made.name, made.namespace), self.down)
                made = with_address(self.store, replace(made, node=home))
                self.store.put_pod(made)
        return made

    def _stored(self, kind: str, namespace: str, name: str) -> Any:
        """Return the stored object; None if there is none."""
        if kind == "Node":
            return self.store.nodes.get(name)
        tables: dict[str, Mapping[tuple[str, str], Any]] = {
            "Pod": self.store.pods, "EndpointSlice": self.store.applied_slices, "Deployment": self._deployments,
        }  # fmt: skip
        return tables[kind].get((namespace, name))

    def _replicas_are(self, made: Node | Pod | EndpointSlice | Deployment, manifest: Mapping[str, Any]) -> bool:
        """Return True if as many Pods run as a manifest asks for; other kinds ask for none."""
        if not isinstance(made, Deployment):
            return True
        running = [pod for pod in self.store.pods_of(made.namespace, made.name) if not pod.terminating]
        return len(running) == _replicas(manifest)

    def _apply_deployment(self, made: Deployment, manifest: Mapping[str, Any]) -> None:
        """Start the Pods of a Deployment; a changed Pod template rolls out."""
        old = self._deployments.get((made.namespace, made.name))
        replicas = _replicas(manifest)
        room = pod_capacity(self.store)
        if replicas > room and not made.host_network:
            detail = f"the nodes of this cluster have addresses for {room} Pods"
            raise invalid_object("Deployment.apps", made.name, [invalid("spec.replicas", replicas, detail)])
        self._deployments[made.namespace, made.name] = made
        self.scale(made.name, replicas=replicas, namespace=made.namespace)
        if old is not None and _pods_differ(old, made):
            self.rollout(made.name, namespace=made.namespace)

    def create(
        self,
        manifest: str | bytes | Mapping[str, Any],
        *,
        namespace: str = "default",
        field_validation: str = "Strict",
        dry_run: bool = False,
    ) -> Service:
        """POST a Service; see `k8sexpose.cluster.apiserver.ApiServer.create`."""
        check_arguments(Cluster.create, {**locals(), "manifest": ""})
        with self._all_or_nothing(), hinted(manifest):
            made = self.api.create(manifest, namespace=namespace, field_validation=field_validation, dry_run=dry_run)
            return replace(made, told=_told("created", dry_run))

    def replace(
        self,
        manifest: str | bytes | Mapping[str, Any],
        *,
        name: str | None = None,
        namespace: str = "default",
        field_validation: str = "Strict",
        dry_run: bool = False,
    ) -> Service:
        """PUT a Service; see `k8sexpose.cluster.apiserver.ApiServer.replace`."""
        check_arguments(Cluster.replace, {**locals(), "manifest": ""})
        options: dict[str, Any] = {"field_validation": field_validation, "dry_run": dry_run}
        with self._all_or_nothing(), hinted(manifest):
            made = self.api.replace(manifest, name=name, namespace=namespace, **options)
            return replace(made, told=_told("replaced", dry_run))

    def patch(
        self, name: str, patch: Mapping[str, Any] | Sequence[Any] | None, *, namespace: str = "default", **options: Any
    ) -> Service:
        """PATCH a Service; see `k8sexpose.cluster.apiserver.ApiServer.patch`."""
        check_arguments(Cluster.patch, {**locals(), "patch": None})
        with self._all_or_nothing(), hinted("", patch):
            before = self.store.services.get((namespace, name))
            made = self.api.patch(name, patch, namespace=namespace, **options)
            verb = "patched" if made != before else "patched (no change)"
            return replace(made, told=_told(verb, bool(options.get("dry_run"))))

    def delete(self, name: str, *, kind: str = "Service", namespace: str = "default") -> ApplyResult:
        """Delete an object, as ``kubectl delete`` does.

        Returns
        -------
        ApplyResult
            Its object is the Service that a finalizer still holds, or None.

        Raises
        ------
        ApiError
            404 NotFound.
        ManifestError
            The kind is not modelled.
        """
        check_arguments(Cluster.delete, locals())
        with self._all_or_nothing():
            if kind == "Service":
                self.api.delete(name, namespace=namespace)
            elif kind in RESOURCES:
                self.remove(kind, name, namespace)
            else:
                raise ManifestError(f"not modelled: kind {kind}; there are {', '.join(RESOURCES)}")
            scope = "" if kind in CLUSTER_WIDE else namespace
            self._manifests.pop((kind, scope, name), None)
            held = self.store.services.get((namespace, name)) if kind == "Service" else None
            return ApplyResult(kind, scope, name, "deleted", held)

    def set_load_balancer(
        self, name: str, ingress: Sequence[Mapping[str, Any]], *, namespace: str = "default"
    ) -> Service:
        """Write the addresses into the status, as a cloud controller does."""
        check_arguments(Cluster.set_load_balancer, locals())
        with self._all_or_nothing():
            return replace(self.api.set_load_balancer(name, ingress, namespace=namespace), told="patched")

    def mend(self) -> None:
        """Mend the failures that the provider was given (``fail=``): the next try of its controller succeeds.

        Examples
        --------
        >>> from k8sexpose import example, provider
        >>> cluster = Cluster(provider=provider("aws", fail="no_subnets"))
        >>> _ = cluster.apply(example("public-api-lb"))
        >>> cluster.advance(60)
        >>> cluster.mend()
        >>> cluster.advance(900)
        >>> bool(cluster.service("public-api-lb").load_balancer_ingress)
        True
        """
        if self.provider is not None:
            self.provider, self.controller = start_controller(replace(self.provider, fail=()))

    # -- time -----------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Advance the clock, and do what becomes due: controllers' steps, health checks, grace periods.

        Parameters
        ----------
        seconds : float
            How long, from 0 on.

        Raises
        ------
        ValueError
            Time does not move backward, and the clock ends with the year 9999.

        Examples
        --------
        >>> cluster = Cluster()
        >>> cluster.advance(30)
        >>> cluster.now_s
        30.0
        """
        try:
            end_s = self.clock.now_s + check_seconds(seconds, "seconds")
            check_seconds(end_s, "the time that the clock would show")
        except ValueError as error:
            raise ValueError(f"time moves forward only: {error}") from None
        with self._all_or_nothing():
            for _ in self.steps(end_s):
                pass
            self.api.now_s = end_s

    def changes(self, until_s: float) -> Iterator[float]:
        """Advance to each moment at which a step is due or a target changes its state, and yield that moment.

        Parameters
        ----------
        until_s : float
            Cluster time; what happens later is left alone.

        Yields
        ------
        float
            Cluster time.

        Examples
        --------
        >>> cluster = Cluster()
        >>> cluster.fail("node-1")
        >>> list(cluster.changes(600))
        [50.0, 350.0]
        """
        at_s = next_change_s(self)
        while at_s is not None and at_s <= until_s:
            self.advance(at_s - self.now_s)
            yield at_s
            at_s = next_change_s(self)

    def copy(self) -> Cluster:
        """Return a cluster that goes on apart from this one.

        Examples
        --------
        >>> cluster = Cluster()
        >>> twin = cluster.copy()
        >>> _ = twin.deploy("web")
        >>> len(cluster.pods), len(twin.pods)
        (0, 1)
        """
        twin: Cluster = super().copy()
        twin.api = copy.copy(self.api)
        twin.api.store = twin.store
        twin.api.rng = copy.copy(self.api.rng)
        return twin

    def _restorer(self) -> Callable[[], None]:
        restore, rng = super()._restorer(), self.api.rng.getstate()
        now_s, revision, namespaces = self.api.now_s, self.api.revision, self.api.namespaces

        def restore_all() -> None:
            restore()
            self.api.rng.setstate(rng)
            self.api.now_s, self.api.revision, self.api.namespaces = now_s, revision, namespaces

        return restore_all

    # -- showing --------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        counts = f"{len(self.nodes)} nodes, {len(self.pods)} Pods, {len(self.services)} Services"
        return f"<Cluster: {counts}, t = {self.now_s:g} s>"

    def _repr_html_(self) -> str:
        rows = []
        for node in self.nodes[:SHOWN]:
            pods = [pod.name for pod in self.store.pods_on(node.name)]
            listed = ", ".join(pods[:SHOWN]) + (f" and {len(pods) - SHOWN} more" if len(pods) > SHOWN else "")
            state = "down" if self.is_down(node.name) else "up"
            rows.append((node.name, ", ".join(node.addresses), node.zone or "", state, listed))
        hidden = f", the first {SHOWN} shown" if len(self.nodes) > SHOWN else ""
        head = ("node", "address", "zone", "state", "Pods")
        return html_table(f"{len(self.nodes)} nodes{hidden}, t = {self.now_s:g} s", head, rows)
