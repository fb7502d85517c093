"""The server's first look at an object: are the types right, are the fields known.

The tables below are the Go structs of ``staging/src/k8s.io/api/core/v1/types.go`` as far as they matter here; the
sentences are those of ``sigs.k8s.io/json`` (a strict ``encoding/json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import go_quote
from .formats import rfc3339_problem
from .manifest import JsonNumber

__all__ = ["Decoded", "Struct", "decode"]

MAX_STRICT_ERRORS = 100


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


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder made of an object.

    Parameters
    ----------
    value : dict
        The known fields; null ones are left out.
    type_error : str, optional
        The first wrong type, in the server's words.
    strict_errors : tuple of str
        Unknown fields.

    Examples
    --------
    >>> decode({"port": "80"}, Struct("ServicePort", {"port": Int()})).type_error
    'json: cannot unmarshal string into Go struct field ServicePort.port of type int32'
    """

    value: dict[str, Any]
    type_error: str | None
    strict_errors: tuple[str, ...]


def decode(value: Mapping[str, Any], schema: Struct) -> Decoded:
    """Check an object against a struct, field by field in its own order.

    Parameters
    ----------
    value : mapping
        Plain objects, as `k8sexpose.manifest.parse` gives them.
    schema : Struct
        The struct.

    Returns
    -------
    Decoded
        Known fields and errors; nothing is raised.

    Examples
    --------
    >>> decode({"foo": 1}, Struct("ServicePort", {"port": Int()})).strict_errors
    ('unknown field "foo"',)
    """
    reader = _Reader()
    try:
        decoded = reader.struct(value, schema, (), "")
    except _FinalError as error:
        return Decoded({}, str(error), tuple(reader.strict_errors))
    return Decoded(decoded, reader.type_error, tuple(reader.strict_errors))


class _FinalError(Exception):
    """A value that reads itself (a time, ``targetPort``) has refused: the decoder stops, and tells this error only."""


@dataclass(slots=True)
class _Reader:
    type_error: str | None = None
    strict_errors: list[str] = field(default_factory=list)

    def struct(self, value: Mapping[str, Any], schema: Struct, path: tuple[str, ...], shown: str) -> dict[str, Any]:
        result = {}
        for name, item in value.items():
            item_shown = f"{shown}.{name}" if shown else name
            if name in schema.fields:
                decoded = self.read(item, schema.fields[name], schema.name, (*path, name), item_shown)
                if decoded is not None:
                    result[name] = decoded
            elif not schema.open and len(self.strict_errors) < MAX_STRICT_ERRORS:
                self.strict_errors.append(f"unknown field {go_quote(item_shown)}")
        return result

    def read(self, value: Any, schema: Schema, owner: str, path: tuple[str, ...], shown: str) -> Any:
        """Read one value; None where it is null or of a wrong type."""
        if value is None:
            return None
        match schema:
            case Struct() if isinstance(value, Mapping):
                return self.struct(value, schema, path, shown)
            case Many(item) if isinstance(value, list | tuple):
                return [
                    _zero(item) if read is None else read
                    for number, entry in enumerate(value)
                    for read in [self.read(entry, item, owner, path, f"{shown}[{number}]")]
                ]
            case Texts() if isinstance(value, Mapping):
                read_items = {key: self.read(item, Text(), owner, path, shown) for key, item in value.items()}
                return {key: item or "" for key, item in read_items.items()}
            case Text() if isinstance(value, str):
                return value
            case Bool() if isinstance(value, bool):
                return value
            case Int() | IntOrText() if _is_int(value) and _fits(value, schema.go):
                return value
            case IntOrText() if isinstance(value, str):
                return value
            case Time() if isinstance(value, str):
                return self._time(value)
            case Anything():
                return value
        self._wrong(value, schema, owner, path)
        return None

    def _time(self, value: str) -> str:
        problem = rfc3339_problem(value)
        if problem:
            raise _FinalError(problem)
        return value

    def _wrong(self, value: Any, schema: Schema, owner: str, path: tuple[str, ...]) -> None:
        where = ".".join((owner, *path))
        word = json_word(value, literal=isinstance(schema, Int | IntOrText))
        problem = f"json: cannot unmarshal {word} into Go struct field {where} of type {schema.go}"
        if isinstance(schema, IntOrText | Time):
            raise _FinalError(problem)
        self.type_error = self.type_error or problem


def json_word(value: Any, *, literal: bool = False) -> str:
    """Name the JSON type of a value as Go does; `literal` adds the digits of a number."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case JsonNumber():
            return f"number {value.literal}" if literal else "number"
        case int() | float():
            return f"number {value}" if literal else "number"
        case Mapping():
            return "object"
        case _:
            return "array"


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fits(value: int, go: str) -> bool:
    bits = 63 if go == "int64" else 31
    return bool(-(2**bits) <= value < 2**bits)


def _zero(schema: Schema) -> Any:
    return {} if isinstance(schema, Struct) else ""


# -- the structs -------------------------------------------------------------------------------------------------------

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
    "name": Text(), "restartPolicy": Text("v1.ContainerRestartPolicy"),
    "ports": Many(Struct("ContainerPort", {
        "name": Text(), "hostPort": Int(), "containerPort": Int(), "protocol": Text("v1.Protocol"), "hostIP": Text(),
    })),
}, open=True)  # fmt: skip
_POD_SPEC = Struct("PodSpec", {
    "containers": Many(_CONTAINER), "initContainers": Many(_CONTAINER), "nodeName": Text(), "hostNetwork": Bool(),
}, open=True)  # fmt: skip
_POD_STATUS = Struct("PodStatus", {
    "phase": Text("v1.PodPhase"), "podIP": Text(),
    "conditions": Many(Struct("PodCondition", {"type": Text(), "status": Text()}, open=True)),
}, open=True)  # fmt: skip
POD = Struct("Pod", {**_HEAD, "spec": _POD_SPEC, "status": _POD_STATUS})
_TEMPLATE = Struct("PodTemplateSpec", {"metadata": OBJECT_META, "spec": _POD_SPEC})
DEPLOYMENT = Struct("Deployment", {**_HEAD, "spec": Struct("DeploymentSpec", {
    "replicas": Int(), "template": _TEMPLATE,
    "selector": Struct("LabelSelector", {"matchLabels": Texts()}, open=True),
}, open=True)}, open=True)  # fmt: skip
NODE = Struct("Node", {
    **_HEAD,
    "spec": Struct("NodeSpec", {
        "podCIDR": Text(), "providerID": Text(), "unschedulable": Bool(),
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
    "ports": Many(Struct("EndpointPort", {"name": Text(), "port": Int(), "protocol": Text()}, open=True)),
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
