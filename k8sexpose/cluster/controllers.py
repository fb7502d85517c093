"""The controllers of StatefulSets, DaemonSets and ReplicaSets: which Pods there are, their names and their nodes.

Names: a StatefulSet numbers its Pods from ``spec.ordinals.start`` on; a DaemonSet and a ReplicaSet add five letters.
Nodes: a DaemonSet has a Pod on every node that its template allows; the others go where the scheduler puts them, which
here is the allowed node with the fewest Pods of the same owner.

Sources: ``pkg/controller/{statefulset,daemon,replicaset}`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..api.decode import decode
from ..api.endpoints import mirrored_slices
from ..api.errors import ApiError, FieldError, bad_request, invalid, invalid_object, required
from ..api.formats import SUFFIX_LETTERS
from ..api.kinds import CLUSTER_WIDE, WORKLOADS, KeptObject, resource_name
from ..api.objects import Node, Pod
from ..api.schemas import KEPT_SCHEMAS
from ..api.workloads import Workload, selector_fits
from .scheduling import MOST_PODS, pod_capacity, with_address
from .state import ClusterState

__all__ = ["put_object", "remove_object", "sync_workloads"]

GRACE_S = 30.0


def put_object(cluster: ClusterState, manifest: Mapping[str, Any], namespace: str) -> tuple[str, KeptObject | Workload]:
    """Store an object that is kept or starts Pods; return the verb and the object. An ApiError says what is refused."""
    kind, version = manifest["kind"], manifest["apiVersion"]
    decoded = decode(manifest, KEPT_SCHEMAS[version, kind])
    metadata = decoded.value.get("metadata") or {}
    name = metadata.get("name") or ""
    if decoded.type_error:
        text = f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {kind}: {decoded.type_error}'
        raise bad_request(text)
    scope = "" if kind in CLUSTER_WIDE else metadata.get("namespace") or namespace
    if not name:
        raise _refused(version, kind, name, [required("metadata.name", "name or generateName is required")])
    labels = dict(metadata.get("labels") or {})
    key = (kind, scope, name)
    if kind not in WORKLOADS:
        before = cluster.kept.get(key)
        verb = "created" if before is None else "unchanged" if before.manifest == manifest else "configured"
        created_s = cluster.now_s if before is None else before.created_s
        kept = cluster.kept[key] = KeptObject(kind, scope, name, labels, manifest, created_s)
        if kind == "Endpoints":
            _mirror(cluster, kept, decoded.value)
        return verb, kept
    errors = list(_workload_errors(kind, decoded.value))
    if errors:
        raise _refused(version, kind, name, errors)
    made = replace(Workload.from_dict(kind, scope, decoded.value), manifest=manifest)
    room = pod_capacity(cluster.store) if not made.template.host_network else MOST_PODS
    if made.replicas > room:
        detail = f"the nodes of this cluster have addresses for {room} Pods"
        raise _refused(version, kind, name, [invalid("spec.replicas", made.replicas, detail)])
    return _put_workload(cluster, key, made)


def _refused(version: str, kind: str, name: str, errors: list[FieldError]) -> ApiError:
    group = version.rpartition("/")[0]
    return invalid_object(f"{kind}.{group}" if group else kind, name, errors)


def _workload_errors(kind: str, value: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what the server refuses of a workload (``pkg/apis/apps/validation``)."""
    spec = value.get("spec") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    selector = spec.get("selector") or {}
    if (spec.get("replicas") or 0) < 0:
        yield invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    if not spec.get("selector"):
        yield required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        word = kind.lower() if kind != "ReplicaSet" else "deployment"
        yield invalid("spec.selector", dict(selector), f"empty selector is invalid for {word}")
    if not spec.get("selector") or not selector_fits(spec, labels):
        text = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", dict(labels), text)


def _mirror(cluster: ClusterState, kept: KeptObject, value: Mapping[str, Any]) -> None:
    """Store the slices that the mirroring controller makes; of a Service with a selector they are not mirrored."""
    service = cluster.store.services.get((kept.namespace, kept.name))
    if service is not None and service.selector:
        return
    for key in [key for key in cluster.store.applied_slices if key[1].startswith(f"{kept.name}-mirrored-")]:
        if key[0] == kept.namespace:
            cluster.store.delete_slice(key)
    for one in mirrored_slices({**value, "metadata": {"name": kept.name, "namespace": kept.namespace}}):
        cluster.store.put_slice(one)


def _put_workload(cluster: ClusterState, key: tuple[str, str, str], made: Workload) -> tuple[str, Workload]:
    """Store a workload and let its controller work; a StatefulSet and a DaemonSet remake Pods of another template."""
    old = cluster.workloads.get(key)
    made = replace(made, created_s=cluster.now_s if old is None else old.created_s, made=old.made if old else 0)
    if old is not None and old.manifest == made.manifest:
        return "unchanged", old
    if old is not None and old.template != made.template and made.kind != "ReplicaSet":
        for pod in _pods(cluster, old):
            cluster.store.delete_pod((pod.namespace, pod.name))
    cluster.workloads[key] = made
    sync_workloads(cluster)
    return ("created" if old is None else "configured"), cluster.workloads[key]


def remove_object(cluster: ClusterState, kind: str, namespace: str, name: str) -> tuple[Pod, ...]:
    """Forget an object that `put_object` stored; return the Pods that nobody looks after any more."""
    table: dict[tuple[str, str, str], Any] = cluster.workloads if kind in WORKLOADS else cluster.kept
    key = (kind, "" if kind in CLUSTER_WIDE else namespace, name)
    if key not in table:
        version = next(version for version, known in KEPT_SCHEMAS if known == kind)
        resource, dot, group = resource_name(version, kind).partition(".")
        plural = {"ingress": "ingresses", "endpoints": "endpoints"}.get(resource, f"{resource}s")
        raise ApiError(404, "NotFound", f'{plural}{dot}{group} "{name}" not found')
    gone = table.pop(key)
    if kind == "Endpoints":
        for slice_key in [one for one in cluster.store.applied_slices if one[0] == namespace]:
            if slice_key[1].startswith(f"{name}-mirrored-"):
                cluster.store.delete_slice(slice_key)
    return tuple(_pods(cluster, gone)) if kind in WORKLOADS else ()


# -- Pods --------------------------------------------------------------------------------------------------------------


def sync_workloads(cluster: ClusterState) -> None:
    """Start the Pods that are missing and end those that are too many, workload by workload."""
    for key, workload in list(cluster.workloads.items()):
        cluster.workloads[key] = _SYNC[workload.kind](cluster, workload)


def _pods(cluster: ClusterState, workload: Workload) -> list[Pod]:
    """Return the Pods of a workload, in the order they were made."""
    return [pod for pod in cluster.pods if pod.owner == workload.owner and pod.namespace == workload.namespace]


def _sync_stateful(cluster: ClusterState, workload: Workload) -> Workload:
    """Keep one Pod for each number; the one that terminates must be gone before its successor starts."""
    wanted = [f"{workload.name}-{number}" for number in range(workload.first, workload.first + workload.replicas)]
    for pod in _pods(cluster, workload):
        if pod.name not in wanted and not pod.terminating:
            cluster.store.delete_pod((pod.namespace, pod.name))
    for name in wanted:
        if (workload.namespace, name) not in cluster.store.pods:
            workload = _start(cluster, workload, name, _choose(cluster, workload))
    return workload


def _sync_daemon(cluster: ClusterState, workload: Workload) -> Workload:
    """Keep one Pod on each node that the template allows."""
    served: dict[str, Pod] = {}
    for pod in _pods(cluster, workload):
        home = cluster.store.nodes.get(pod.node or "")
        if home is not None and home.name not in served and workload.placement.allows(home):
            served[home.name] = pod  # also one that terminates: its successor starts when it is gone
        elif not pod.terminating:
            cluster.store.delete_pod((pod.namespace, pod.name))
    for node in cluster.nodes:
        if node.name not in served and workload.placement.allows(node) and not cluster.is_down(node.name):
            free = _ports_are_free(cluster, workload, node)
            workload = _start(cluster, workload, _letters(cluster, workload), node.name if free else None)
    return workload


def _sync_replicas(cluster: ClusterState, workload: Workload) -> Workload:
    """Keep the number of Pods; the newest go first."""
    running = [pod for pod in _pods(cluster, workload) if not pod.terminating]
    for pod in running[workload.replicas :]:
        cluster.store.delete_pod((pod.namespace, pod.name))
    for _ in range(workload.replicas - len(running)):
        workload = _start(cluster, workload, _letters(cluster, workload), _choose(cluster, workload))
    return workload


_SYNC = {"StatefulSet": _sync_stateful, "DaemonSet": _sync_daemon, "ReplicaSet": _sync_replicas}


def _start(cluster: ClusterState, workload: Workload, name: str, node: str | None) -> Workload:
    """Start one Pod, on a node or on none; the workload returned counts it."""
    pod = replace(
        workload.template, name=name, namespace=workload.namespace, node=node, owner=workload.owner,
        ready=node is not None, phase="Running" if node else "Pending", created_s=cluster.now_s,
    )  # fmt: skip
    cluster.store.put_pod(with_address(cluster.store, pod))
    return replace(workload, made=workload.made + 1)


def _choose(cluster: ClusterState, workload: Workload) -> str | None:
    """Return the allowed node with the fewest Pods of this workload; None where no node takes one."""
    counts = {
        node.name: 0
        for node in cluster.nodes
        if not cluster.is_down(node.name)
        and workload.placement.allows(node)
        and _ports_are_free(cluster, workload, node)
    }
    for pod in _pods(cluster, workload):
        if pod.node in counts and not pod.terminating:
            counts[pod.node] += 1
    return min(counts, key=lambda name: counts[name], default=None)


def _ports_are_free(cluster: ClusterState, workload: Workload, node: Node) -> bool:
    """Return True if no Pod of a node has a host port that the template wants (plugin NodePorts of the scheduler)."""
    wanted = set(host_ports(workload.template))
    return not wanted or all(wanted.isdisjoint(host_ports(pod)) for pod in cluster.store.pods_on(node.name))


def host_ports(pod: Pod) -> list[tuple[int, str]]:
    """Return the ports of its node that a Pod takes: ``hostPort``, and every declared one of a hostNetwork Pod."""
    if pod.host_network:
        return [(port.port, port.protocol) for port in pod.ports]
    return [(port.host_port, port.protocol) for port in pod.ports if port.host_port]


def _letters(cluster: ClusterState, workload: Workload) -> str:
    """Return the name of the next Pod, with five letters at its end."""
    number = workload.made
    while True:
        code = zlib.crc32(f"{cluster.seed}/{workload.namespace}/{workload.owner}/{number}".encode())
        name = f"{workload.name}-" + "".join(SUFFIX_LETTERS[code // 27**place % 27] for place in range(5))
        if (workload.namespace, name) not in cluster.store.pods:
            return name
        number += 1
