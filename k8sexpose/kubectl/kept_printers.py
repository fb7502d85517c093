"""What ``kubectl get`` prints of workloads and of Ingress, Gateway and HTTPRoute, and how ``-o yaml`` writes them.

The objects are shown as they were written; the model adds the times and the numbers of Pods.

Sources: ``pkg/printers/internalversion/printers.go`` (kubernetes/kubernetes); ``additionalPrinterColumns`` of
``config/crd/standard`` (gateway-api).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..api.kinds import KeptObject
from ..api.objects import Pod
from ..api.workloads import Workload
from ..cluster.client_apply import with_last_applied
from ..cluster.clock import timestamp
from .tabwriter import NONE, age, pairs

__all__ = ["kept", "kept_dict", "workload", "workload_dict"]

Json = dict[str, Any]
HTTPS_PORTS, HTTP_PORTS = "80, 443", "80"
SHOWN_HOSTS = 3


def workload(shown: Workload, now_s: float, pods: Sequence[Pod], *, wide: bool = False) -> list[str]:
    """Print the cells of a StatefulSet, DaemonSet or ReplicaSet.

    Examples
    --------
    >>> workload(Workload("StatefulSet", "default", "db", replicas=2), 5, [Pod("db-0"), Pod("db-1", ready=False)])
    ['db', '1/2', '5s']
    """
    ready, current, old = sum(pod.ready for pod in pods), len(pods), age(now_s - shown.created_s)
    containers = _containers(shown.manifest)
    names, images = (",".join(str(one.get(key) or "") for one in containers) or NONE for key in ("name", "image"))
    selector = _spec(shown.manifest).get("selector") or {}
    wider = [names, images, pairs((selector.get("matchLabels") or {}).items())]
    if shown.kind == "StatefulSet":
        return [shown.name, f"{ready}/{shown.replicas}", old, *(wider[:2] if wide else ())]
    if shown.kind == "ReplicaSet":
        return [shown.name, str(shown.replicas), str(current), str(ready), old, *(wider if wide else ())]
    counts = [str(number) for number in (current, current, ready, current, ready)]
    return [shown.name, *counts, pairs(shown.placement.selector.items()), old, *(wider if wide else ())]


def kept(shown: KeptObject, now_s: float) -> list[str]:
    """Print the cells of an Ingress, a Gateway or an HTTPRoute.

    Examples
    --------
    >>> kept(KeptObject("HTTPRoute", "default", "web", manifest={"spec": {"hostnames": ["a.example"]}}), 5)
    ['web', '["a.example"]', '5s']
    """
    spec, old = _spec(shown.manifest), age(now_s - shown.created_s)
    status = shown.manifest.get("status") or {}
    if shown.kind == "Ingress":
        entries = (status.get("loadBalancer") or {}).get("ingress") or ()
        addresses = ",".join(str(entry.get("ip") or entry.get("hostname") or "") for entry in entries)
        ports = HTTPS_PORTS if spec.get("tls") else HTTP_PORTS
        return [shown.name, str(spec.get("ingressClassName") or NONE), _hosts(spec), addresses, ports, old]
    if shown.kind == "Gateway":
        addresses = ",".join(str(entry.get("value") or "") for entry in status.get("addresses") or ())
        conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or ()}
        programmed = str(conditions.get("Programmed") or "Unknown")
        return [shown.name, str(spec.get("gatewayClassName") or ""), addresses, programmed, old]
    names = ",".join(f'"{name}"' for name in spec.get("hostnames") or ())
    return [shown.name, f"[{names}]" if names else "", old]


def _hosts(spec: Mapping[str, Any]) -> str:
    """Print the hosts of an Ingress (``formatHosts``)."""
    hosts = [str(rule["host"]) for rule in spec.get("rules") or () if rule.get("host")]
    if not hosts:
        return "*"
    more = f" + {len(hosts) - SHOWN_HOSTS} more..." if len(hosts) > SHOWN_HOSTS else ""
    return ",".join(hosts[:SHOWN_HOSTS]) + more


def workload_dict(shown: Workload, pods: Iterable[Pod]) -> Json:
    """Write a workload with the numbers of its Pods."""
    found = list(pods)
    ready = sum(pod.ready for pod in found)
    if shown.kind == "DaemonSet":
        status = {
            "currentNumberScheduled": len(found), "desiredNumberScheduled": len(found), "numberAvailable": ready,
            "numberMisscheduled": 0, "numberReady": ready, "updatedNumberScheduled": len(found),
        }  # fmt: skip
    else:
        status = {"availableReplicas": ready, "readyReplicas": ready, "replicas": len(found)}
    return {**_written(shown.manifest, shown.namespace, shown.created_s), "status": status}


def kept_dict(shown: KeptObject) -> Json:
    """Write an object that is kept as it was written."""
    return _written(shown.manifest, shown.namespace, shown.created_s)


def _written(manifest: Mapping[str, Any], namespace: str, created_s: float) -> Json:
    sent = with_last_applied(manifest, namespace)
    return {**sent, "metadata": {**sent["metadata"], "creationTimestamp": timestamp(created_s)}}


def _spec(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("spec") or {}


def _containers(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    template = _spec(manifest).get("template") or {}
    return list((template.get("spec") or {}).get("containers") or ())
