"""``-o yaml`` and ``-o json``: objects as kubectl writes them.

Only what the model knows is written, and nothing is made up: there are no ``managedFields``, no container image, and
only a Service that the API server made has a ``uid`` and a ``resourceVersion``. ``creationTimestamp`` is the model's
clock, which starts with the year 2026. What is written here can be read back: ``Cluster.from_json`` takes
``get nodes,pods,services,endpointslices -A -o json``.

Sources: ``pkg/printers/{json,yaml}.go`` (cli-runtime); ``sigs.k8s.io/yaml/goyaml.v2/encode.go``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ..api.manifest import scalar
from ..api.objects import SERVICE_NAME_LABEL, ZONE_LABEL, Deployment, Endpoint, EndpointPort, EndpointSlice, Node, Pod
from ..api.service import Service
from ..api.three_way_patch import sorted_keys
from ..cluster.client_apply import live_object
from ..cluster.clock import timestamp
from ..cluster.endpoint_slices import CONTROLLER, MANAGED_BY_LABEL
from .event_series import EventSeries
from .printers import VERSION

__all__ = [
    "deployment_dict", "endpoints_dict", "event_dict", "listed", "node_dict", "own_list", "pod_dict", "present",
    "service_dict", "slice_dict", "to_json", "to_yaml",
]  # fmt: skip

Json = dict[str, Any]


# -- objects -----------------------------------------------------------------------------------------------------------


def service_dict(service: Service) -> Json:
    """Write a Service as the API server gives it, with kubectl's own annotation.

    Examples
    --------
    >>> service_dict(Service("web"))["metadata"]
    {'name': 'web', 'namespace': 'default', 'creationTimestamp': '2026-01-01T00:00:00Z'}
    """
    return live_object(service)


def node_dict(node: Node, *, ready: bool) -> Json:
    """Write a Node.

    Examples
    --------
    >>> node_dict(Node("node-1", addresses=("10.0.0.1",)), ready=False)["status"]["conditions"]
    [{'type': 'Ready', 'status': 'Unknown'}]
    """
    taints = [present(key=t.key, value=t.value, effect=t.effect) for t in node.taints]
    addresses = [{"type": "InternalIP", "address": ip} for ip in node.addresses]
    if node.external_ip:
        addresses.append({"type": "ExternalIP", "address": node.external_ip})
    addresses.append({"type": "Hostname", "address": node.name})
    ranges = (node.pod_cidr or "").split(",")
    # A node has its zone from this label: one that was made with a zone alone has no other place for it.
    labels = node.labels if not node.zone else {**node.labels, ZONE_LABEL: node.zone}
    metadata = _metadata(node.name, None, labels, node.created_s, deleting=node.deleting)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "spec": present(
            podCIDR=ranges[0], podCIDRs=ranges if ranges[0] else None, providerID=node.provider_id,
            taints=taints, unschedulable=node.unschedulable,
        ),
        "status": {
            "addresses": addresses,
            "conditions": _node_conditions(node, ready=ready),
            "nodeInfo": {"kubeletVersion": VERSION},
        },
    }  # fmt: skip


def _node_conditions(node: Node, *, ready: bool) -> list[Json]:
    """Write the conditions of a node: those that are stored; a node that no longer reports has all of them Unknown."""
    stored = {**node.conditions} or {"Ready": "True"}
    silent = not ready and node.is_ready
    return [{"type": kind, "status": "Unknown" if silent else status} for kind, status in stored.items()]


def pod_dict(pod: Pod) -> Json:
    """Write a Pod; its container carries the name of its app.

    Examples
    --------
    >>> pod_dict(Pod("web-1", ip="10.244.1.2", app="web"))["spec"]
    {'containers': [{'name': 'web'}]}
    """
    ports = [
        present(containerPort=p.port, name=p.name, protocol=p.protocol, hostPort=p.host_port, hostIP=p.host_ip)
        for p in pod.ports
    ]
    owners: list[Json] = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": pod.app}] if pod.app else []
    if pod.owner:
        kind, _, owner = pod.owner.partition("/")
        owners = [{"apiVersion": "apps/v1", "controller": True, "kind": kind, "name": owner}]
    metadata = _metadata(pod.name, pod.namespace, pod.labels, pod.created_s, deleting=pod.terminating)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata | present(ownerReferences=owners),
        "spec": present(
            containers=[present(name=pod.app or pod.name, ports=ports)], nodeName=pod.node,
            hostNetwork=pod.host_network,
        ),
        "status": present(
            conditions=[{"type": "Ready", "status": "True" if pod.ready else "False"}], phase=pod.phase, podIP=pod.ip,
            podIPs=[{"ip": ip} for ip in pod.addresses],
        ),
    }  # fmt: skip


def slice_dict(part: EndpointSlice) -> Json:
    """Write an EndpointSlice; the label that names its Service is always there.

    Examples
    --------
    >>> slice_dict(EndpointSlice("web-abcde", service="web"))["metadata"]["labels"]
    {'kubernetes.io/service-name': 'web'}
    """
    labels = {**part.labels, **({SERVICE_NAME_LABEL: part.service} if part.service else {})}
    return {
        "addressType": part.address_type,
        "apiVersion": "discovery.k8s.io/v1",
        "endpoints": [_endpoint(endpoint, part.namespace) for endpoint in part.endpoints],
        "kind": "EndpointSlice",
        "metadata": _metadata(part.name, part.namespace, labels, part.created_s) | _of_service(part),
        "ports": [_slice_port(port) for port in part.ports],
    }


def _of_service(part: EndpointSlice) -> Json:
    """Write whose a slice is that the controller made: its Service owns it, and its name begins with the Service's."""
    if part.labels.get(MANAGED_BY_LABEL) != CONTROLLER or not part.service:
        return {}
    owner = {
        "apiVersion": "v1", "blockOwnerDeletion": True, "controller": True, "kind": "Service", "name": part.service,
    }  # fmt: skip
    return {"generateName": f"{part.service}-", "ownerReferences": [owner]}


def _slice_port(port: EndpointPort) -> Json:
    # An empty name is a name: that of the only port of a Service.
    name = {} if port.name is None else {"name": port.name}
    return name | present(port=port.port, protocol=port.protocol, appProtocol=port.app_protocol)


def _endpoint(endpoint: Endpoint, namespace: str) -> Json:
    hints = present(
        forZones=[{"name": name} for name in endpoint.zone_hints],
        forNodes=[{"name": name} for name in endpoint.node_hints],
    )
    conditions = {"ready": endpoint.ready, "serving": endpoint.serving, "terminating": endpoint.terminating}
    target = {"kind": "Pod", "name": endpoint.pod, "namespace": namespace} if endpoint.pod else None
    return {"addresses": [endpoint.ip], "conditions": conditions} | present(
        hints=hints, nodeName=endpoint.node, targetRef=target, zone=endpoint.zone
    )


def endpoints_dict(service: Service, slices: Iterable[EndpointSlice]) -> Json:
    """Write the old Endpoints object of a Service.

    Examples
    --------
    >>> endpoints_dict(Service("web"), [])["kind"]
    'Endpoints'
    """
    subsets = []
    for part in slices:
        ready = [{"ip": e.ip} | present(nodeName=e.node) for e in part.endpoints if e.ready]
        others = [{"ip": e.ip} | present(nodeName=e.node) for e in part.endpoints if not e.ready and not e.terminating]
        ports = [present(name=p.name, port=p.port, protocol=p.protocol) for p in part.ports]
        if ready or others:
            subsets.append(present(addresses=ready, notReadyAddresses=others, ports=ports))
    metadata = _metadata(service.name, service.namespace, service.labels, service.created_s)
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata} | present(subsets=subsets)


def deployment_dict(deployment: Deployment, pods: Iterable[Pod]) -> Json:
    """Write a Deployment with the numbers of its Pods; the labels of its Pods stand for its own.

    Examples
    --------
    >>> deployment_dict(Deployment("web"), [Pod("web-1"), Pod("web-2", ready=False)])["status"]["readyReplicas"]
    1
    """
    wanted = [pod for pod in pods if not pod.terminating]
    ready = sum(pod.ready for pod in wanted)
    ports = [present(containerPort=p.port, name=p.name, protocol=p.protocol) for p in deployment.ports]
    labels = dict(deployment.labels)
    first, *others = deployment.images or ("",)
    containers = [present(name=deployment.name, image=first, ports=ports)]
    containers += [present(name=f"{deployment.name}-{k}", image=image) for k, image in enumerate(others, 2)]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(deployment.name, deployment.namespace, labels, deployment.created_s),
        "spec": {
            "progressDeadlineSeconds": 600,
            "replicas": len(wanted),
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": labels},
            "strategy": _strategy(deployment),
            "template": {
                "metadata": present(annotations=dict(deployment.notes)) | {"labels": labels},
                "spec": present(containers=containers, hostNetwork=deployment.host_network),
            },
        },
        "status": present(
            availableReplicas=ready, readyReplicas=ready, replicas=len(wanted), updatedReplicas=len(wanted)
        ),
    }


def _strategy(deployment: Deployment) -> Json:
    """Write the strategy of a Deployment; 25% each is the server's default."""
    if deployment.recreate:
        return {"type": "Recreate"}
    if deployment.max_surge is None and deployment.max_unavailable is None:
        return {"type": "RollingUpdate"}
    surge, unavailable = (
        "25%" if value is None else value for value in (deployment.max_surge, deployment.max_unavailable)
    )
    return {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}, "type": "RollingUpdate"}


def event_dict(seen: EventSeries) -> Json:
    """Write an Event.

    Examples
    --------
    >>> from k8sexpose.api.objects import Event
    >>> seen = EventSeries(Event(5, "Normal", "EnsuringLoadBalancer", "", "service/web"), "web.1", last_s=7)
    >>> event_dict(seen)["lastTimestamp"]
    '2026-01-01T00:00:07Z'
    """
    event = seen.event
    kind, _, name = event.object.partition("/")
    return {
        "apiVersion": "v1",
        "count": seen.count,
        "firstTimestamp": timestamp(event.at_s),
        "involvedObject": {"kind": kind.capitalize(), "name": name, "namespace": event.namespace},
        "kind": "Event",
        "lastTimestamp": timestamp(seen.last_s),
        "message": event.message,
        "metadata": _metadata(seen.name, event.namespace, {}, event.at_s),
        "reason": event.reason,
        "source": present(component=event.source),
        "type": event.type,
    }


def _metadata(
    name: str, namespace: str | None, labels: Mapping[str, str], created_s: float, *, deleting: bool = False
) -> Json:
    # When the deletion was asked for is not kept; that it was is what a reader of the object looks at.
    return present(
        name=name, namespace=namespace, labels=dict(labels), creationTimestamp=timestamp(created_s),
        deletionTimestamp=timestamp(created_s) if deleting else None,
    )  # fmt: skip


def present(**fields: Any) -> Json:
    """Keep the fields that are set."""
    return {name: value for name, value in fields.items() if value}


def listed(objects: Iterable[Json]) -> Json:
    """Put several objects into a List, as ``kubectl get`` does.

    Examples
    --------
    >>> listed([])
    {'apiVersion': 'v1', 'items': [], 'kind': 'List', 'metadata': {'resourceVersion': ''}}
    """
    return {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {"resourceVersion": ""}}


# -- text --------------------------------------------------------------------------------------------------------------


def own_list(items: Iterable[Json]) -> Json:
    """Put objects into a List as ``kubectl apply`` makes it (``printObjects``).

    Examples
    --------
    >>> own_list([{"kind": "Service", "apiVersion": "v1"}])
    {'kind': 'List', 'apiVersion': 'v1', 'metadata': {}, 'items': [{'apiVersion': 'v1', 'kind': 'Service'}]}
    """
    return {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": [sorted_keys(item) for item in items]}


def to_json(value: Json, *, sort: bool = True) -> str:
    """Write JSON as kubectl does.

    Parameters
    ----------
    value : dict
        Plain objects.
    sort : bool
        Objects that come from the server have their keys sorted; those that kubectl makes itself do not.

    Returns
    -------
    str
        Text that ends in a newline.

    Examples
    --------
    >>> print(to_json({"kind": "Pod", "apiVersion": "v1"}), end="")
    {
        "apiVersion": "v1",
        "kind": "Pod"
    }
    """
    text = json.dumps(value, indent=4, ensure_ascii=False, sort_keys=sort)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text + "\n"


def to_yaml(value: Json) -> str:
    r"""Write YAML as kubectl does: keys sorted, lists not indented, what could be read as no string in double quotes.

    Parameters
    ----------
    value : dict
        Plain objects.

    Returns
    -------
    str
        Text that ends in a newline.

    Examples
    --------
    >>> print(to_yaml({"b": "yes", "a": [{"port": 80}], "c": "two\nlines\n"}), end="")
    a:
    - port: 80
    b: "yes"
    c: |
      two
      lines
    """
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True)
    return text


class _Dumper(yaml.SafeDumper):
    """PyYAML with the quotes of Go's library."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


ODD_BREAKS = re.compile("[\x85\u2028\u2029]")
DATE = re.compile(r"\d{4}-\d\d?-\d\d?([Tt ].*)?")


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if scalar(text) != text or not text or DATE.fullmatch(text) or ODD_BREAKS.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
