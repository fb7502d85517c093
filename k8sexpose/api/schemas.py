"""The form of the objects that the API server reads: every field with its Go type.

A `Struct` lists its fields in the order of the Go struct, which is the order in which errors come.
Source: ``staging/src/k8s.io/api`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "KEPT_SCHEMAS",
    "SCHEMAS", "SERVICE", "Anything", "Bool", "Int", "IntOrText", "Many", "Schema", "Struct", "Text", "Texts", "Time",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `go` is the name of its Go type."""

    go: str = "string"


@dataclass(frozen=True, slots=True)
class Int:
    """An integer of a size."""

    go: str = "int32"


@dataclass(frozen=True, slots=True)
class Bool:
    """A boolean."""

    go: str = "bool"


@dataclass(frozen=True, slots=True)
class IntOrText:
    """``targetPort``: a number, or the name of a container port."""

    go: str = "int32"


@dataclass(frozen=True, slots=True)
class Time:
    """A date and time in RFC 3339."""

    go: str = "string"


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that is kept as it is."""

    go: str = ""


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: Schema

    @property
    def go(self) -> str:
        """Name of the Go type."""
        return "[]" + self.item.go


@dataclass(frozen=True, slots=True)
class Texts:
    """A map from string to string."""

    go: str = "map[string]string"


@dataclass(frozen=True, slots=True)
class Struct:
    """An object with known fields; `open` ones have more fields than the model reads.

    Parameters
    ----------
    name : str
        Name of the Go struct.
    fields : mapping of str to schema
        The fields by their JSON names.
    open : bool
        Pass over fields that are not listed.

    Examples
    --------
    >>> Struct("ClientIPConfig", {"timeoutSeconds": Int()}).go
    'v1.ClientIPConfig'
    """

    name: str
    fields: Mapping[str, Schema]
    open: bool = False

    @property
    def go(self) -> str:
        """Name of the Go type."""
        return "v1." + self.name


Schema = Text | Int | Bool | IntOrText | Time | Anything | Many | Texts | Struct
_OWNER = Struct("OwnerReference", {
    "apiVersion": Text(), "kind": Text(), "name": Text(), "uid": Text("types.UID"), "controller": Bool(),
    "blockOwnerDeletion": Bool(),
})  # fmt: skip
_MANAGED = Struct("ManagedFieldsEntry", {
    "manager": Text(), "operation": Text("v1.ManagedFieldsOperationType"), "apiVersion": Text(), "time": Time(),
    "fieldsType": Text(), "fieldsV1": Anything(), "subresource": Text(),
})  # fmt: skip
OBJECT_META = Struct("ObjectMeta", {
    "name": Text(), "generateName": Text(), "namespace": Text(), "selfLink": Text(), "uid": Text("types.UID"),
    "resourceVersion": Text(), "generation": Int("int64"), "creationTimestamp": Time(), "deletionTimestamp": Time(),
    "deletionGracePeriodSeconds": Int("int64"), "labels": Texts(), "annotations": Texts(),
    "ownerReferences": Many(_OWNER), "finalizers": Many(Text()), "managedFields": Many(_MANAGED),
})  # fmt: skip
_PORT = Struct("ServicePort", {
    "name": Text(), "protocol": Text("v1.Protocol"), "appProtocol": Text(), "port": Int(), "targetPort": IntOrText(),
    "nodePort": Int(),
})  # fmt: skip
_AFFINITY = Struct("SessionAffinityConfig", {"clientIP": Struct("ClientIPConfig", {"timeoutSeconds": Int()})})
_SPEC = Struct("ServiceSpec", {
    "ports": Many(_PORT), "selector": Texts(), "clusterIP": Text(), "clusterIPs": Many(Text()),
    "type": Text("v1.ServiceType"), "externalIPs": Many(Text()), "sessionAffinity": Text("v1.ServiceAffinity"),
    "loadBalancerIP": Text(), "loadBalancerSourceRanges": Many(Text()), "externalName": Text(),
    "externalTrafficPolicy": Text("v1.ServiceExternalTrafficPolicy"), "healthCheckNodePort": Int(),
    "publishNotReadyAddresses": Bool(), "sessionAffinityConfig": _AFFINITY, "ipFamilies": Many(Text("v1.IPFamily")),
    "ipFamilyPolicy": Text("v1.IPFamilyPolicy"), "allocateLoadBalancerNodePorts": Bool(),
    "loadBalancerClass": Text(), "internalTrafficPolicy": Text("v1.ServiceInternalTrafficPolicy"),
    "trafficDistribution": Text(),
})  # fmt: skip
_INGRESS = Struct("LoadBalancerIngress", {
    "ip": Text(), "hostname": Text(), "ipMode": Text("v1.LoadBalancerIPMode"),
    "ports": Many(Struct("PortStatus", {"port": Int(), "protocol": Text("v1.Protocol"), "error": Text()})),
})  # fmt: skip
_CONDITION = Struct("Condition", {
    "type": Text(), "status": Text("v1.ConditionStatus"), "observedGeneration": Int("int64"),
    "lastTransitionTime": Time(), "reason": Text(), "message": Text(),
})  # fmt: skip
_STATUS = Struct("ServiceStatus", {
    "loadBalancer": Struct("LoadBalancerStatus", {"ingress": Many(_INGRESS)}), "conditions": Many(_CONDITION),
})  # fmt: skip
_HEAD: dict[str, Schema] = {"apiVersion": Text(), "kind": Text(), "metadata": OBJECT_META}
SERVICE = Struct("Service", {**_HEAD, "spec": _SPEC, "status": _STATUS})
_CONTAINER = Struct("Container", {
    "name": Text(), "image": Text(), "restartPolicy": Text("v1.ContainerRestartPolicy"),
    "ports": Many(Struct("ContainerPort", {
        "name": Text(), "hostPort": Int(), "containerPort": Int(), "protocol": Text("v1.Protocol"), "hostIP": Text(),
    })),
}, open=True)  # fmt: skip
_POD_SPEC = Struct("PodSpec", {
    "containers": Many(_CONTAINER), "initContainers": Many(_CONTAINER), "nodeName": Text(), "hostNetwork": Bool(),
    "readinessGates": Many(Struct("PodReadinessGate", {"conditionType": Text()}, open=True)),
}, open=True)  # fmt: skip
_POD_STATUS = Struct("PodStatus", {
    "phase": Text("v1.PodPhase"), "podIP": Text(), "podIPs": Many(Struct("PodIP", {"ip": Text()}, open=True)),
    "conditions": Many(Struct("PodCondition", {"type": Text(), "status": Text()}, open=True)),
}, open=True)  # fmt: skip
POD = Struct("Pod", {**_HEAD, "spec": _POD_SPEC, "status": _POD_STATUS})
_TEMPLATE = Struct("PodTemplateSpec", {"metadata": OBJECT_META, "spec": _POD_SPEC})
DEPLOYMENT = Struct("Deployment", {**_HEAD, "spec": Struct("DeploymentSpec", {
    "replicas": Int(), "template": _TEMPLATE,
    "selector": Struct("LabelSelector", {"matchLabels": Texts()}, open=True),
    "strategy": Struct("DeploymentStrategy", {
        "type": Text("v1.DeploymentStrategyType"),
        "rollingUpdate": Struct("RollingUpdateDeployment", {"maxSurge": IntOrText(), "maxUnavailable": IntOrText()}),
    }),
}, open=True)}, open=True)  # fmt: skip
_SELECTOR = Struct("LabelSelector", {
    "matchLabels": Texts(), "matchExpressions": Many(Struct("LabelSelectorRequirement", {
        "key": Text(), "operator": Text(), "values": Many(Text()),
    }, open=True)),
}, open=True)  # fmt: skip
_REQUIREMENT = Many(Struct("NodeSelectorRequirement", {
    "key": Text(), "operator": Text(), "values": Many(Text()),
}, open=True))  # fmt: skip
_NODE_SELECTOR = Struct("NodeSelector", {"nodeSelectorTerms": Many(Struct("NodeSelectorTerm", {
    "matchExpressions": _REQUIREMENT, "matchFields": _REQUIREMENT,
}, open=True))}, open=True)  # fmt: skip
_PLACED_SPEC = Struct("PodSpec", {
    **_POD_SPEC.fields, "nodeSelector": Texts(),
    "affinity": Struct("Affinity", {"nodeAffinity": Struct("NodeAffinity", {
        "requiredDuringSchedulingIgnoredDuringExecution": _NODE_SELECTOR,
    }, open=True)}, open=True),
    "tolerations": Many(Struct("Toleration", {
        "key": Text(), "operator": Text(), "value": Text(), "effect": Text(),
    }, open=True)),
}, open=True)  # fmt: skip
_PLACED = Struct("PodTemplateSpec", {"metadata": OBJECT_META, "spec": _PLACED_SPEC})


def _workload(kind: str) -> Struct:
    """Build the form of a StatefulSet, DaemonSet or ReplicaSet."""
    spec: dict[str, Schema] = {"selector": _SELECTOR, "template": _PLACED}
    if kind != "DaemonSet":
        spec["replicas"] = Int()
    if kind == "StatefulSet":
        spec["ordinals"] = Struct("StatefulSetOrdinals", {"start": Int()}, open=True)
    return Struct(kind, {**_HEAD, "spec": Struct(f"{kind}Spec", spec, open=True)}, open=True)


_ADDRESSES = Many(Struct("EndpointAddress", {
    "ip": Text(), "nodeName": Text(),
    "targetRef": Struct("ObjectReference", {"kind": Text(), "name": Text()}, open=True),
}, open=True))  # fmt: skip
ENDPOINTS = Struct("Endpoints", {**_HEAD, "subsets": Many(Struct("EndpointSubset", {
    "addresses": _ADDRESSES, "notReadyAddresses": _ADDRESSES,
    "ports": Many(Struct("EndpointPort", {"name": Text(), "port": Int(), "protocol": Text()}, open=True)),
}, open=True))}, open=True)  # fmt: skip
# Objects that are stored and shown as they are: only their metadata is looked at.
KEPT_SCHEMAS: dict[tuple[str, str], Struct] = {
    ("v1", "Endpoints"): ENDPOINTS,
    ("v1", "Namespace"): Struct("Namespace", _HEAD, open=True),
    ("networking.k8s.io/v1", "Ingress"): Struct("Ingress", _HEAD, open=True),
    ("gateway.networking.k8s.io/v1", "Gateway"): Struct("Gateway", _HEAD, open=True),
    ("gateway.networking.k8s.io/v1beta1", "Gateway"): Struct("Gateway", _HEAD, open=True),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): Struct("HTTPRoute", _HEAD, open=True),
    ("gateway.networking.k8s.io/v1beta1", "HTTPRoute"): Struct("HTTPRoute", _HEAD, open=True),
    ("apps/v1", "StatefulSet"): _workload("StatefulSet"),
    ("apps/v1", "DaemonSet"): _workload("DaemonSet"),
    ("apps/v1", "ReplicaSet"): _workload("ReplicaSet"),
}
NODE = Struct("Node", {
    **_HEAD,
    "spec": Struct("NodeSpec", {
        "podCIDR": Text(), "podCIDRs": Many(Text()), "providerID": Text(), "unschedulable": Bool(),
        "taints": Many(Struct("Taint", {"key": Text(), "value": Text(), "effect": Text()}, open=True)),
    }, open=True),
    "status": Struct("NodeStatus", {
        "addresses": Many(Struct("NodeAddress", {"type": Text(), "address": Text()}, open=True)),
        "conditions": Many(Struct("NodeCondition", {"type": Text(), "status": Text()}, open=True)),
    }, open=True),
})  # fmt: skip
_HINTS = Struct("EndpointHints", {
    "forZones": Many(Struct("ForZone", {"name": Text()})), "forNodes": Many(Struct("ForNode", {"name": Text()})),
})  # fmt: skip
ENDPOINT_SLICE = Struct("EndpointSlice", {
    **_HEAD,
    "addressType": Text("v1.AddressType"),
    "ports": Many(Struct("EndpointPort", {
        "name": Text(), "port": Int(), "protocol": Text(), "appProtocol": Text(),
    }, open=True)),
    "endpoints": Many(Struct("Endpoint", {
        "addresses": Many(Text()), "nodeName": Text(), "zone": Text(), "hints": _HINTS,
        "conditions": Struct("EndpointConditions", {"ready": Bool(), "serving": Bool(), "terminating": Bool()}),
        "targetRef": Struct("ObjectReference", {"kind": Text(), "name": Text()}, open=True),
    }, open=True)),
})  # fmt: skip
SCHEMAS: dict[tuple[str, str], Struct] = {
    ("v1", "Service"): SERVICE,
    ("v1", "Pod"): POD,
    ("v1", "Node"): NODE,
    ("apps/v1", "Deployment"): DEPLOYMENT,
    ("discovery.k8s.io/v1", "EndpointSlice"): ENDPOINT_SLICE,
}
