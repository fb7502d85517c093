"""StatefulSets, DaemonSets and ReplicaSets: the Pods they ask for, and the nodes that may run them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .objects import ContainerPort, Node, Pod

__all__ = ["Placement", "Workload", "implied_labels"]

# Every kubelet labels its node so; the nodes of the model run Linux on amd64 unless their labels say otherwise.
IMPLIED = {
    "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
    "beta.kubernetes.io/arch": "amd64",
}  # fmt: skip
# The taints that every Pod of a DaemonSet tolerates (pkg/controller/daemon/util/daemonset_util.go).
DAEMON_TOLERATES = (
    ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"), ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule"),
)  # fmt: skip
NETWORK_UNAVAILABLE = ("node.kubernetes.io/network-unavailable", "NoSchedule")

Json = Mapping[str, Any]


def implied_labels(node: Node) -> dict[str, str]:
    """Return the labels of a node, with those that its kubelet would add."""
    return {**IMPLIED, "kubernetes.io/hostname": node.name, **node.labels}


@dataclass(frozen=True, slots=True)
class Placement:
    """Which nodes a Pod template allows.

    Parameters
    ----------
    selector : mapping of str to str
        ``nodeSelector``.
    terms : tuple of mapping
        ``nodeSelectorTerms`` of the required node affinity: one of them must fit.
    tolerations : tuple of mapping
        ``tolerations``, with those that the controller adds.
    cordoned : bool
        Cordoned nodes are allowed, as for a DaemonSet.

    Examples
    --------
    >>> Placement(selector={"kubernetes.io/os": "linux"}).allows(Node("node-1"))
    True
    """

    selector: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[Json, ...] = ()
    tolerations: tuple[Json, ...] = ()
    cordoned: bool = False

    @classmethod
    def from_spec(cls, spec: Json, *, daemon: bool = False) -> Placement:
        """Read the ``spec`` of a Pod template."""
        affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
        required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
        added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in DAEMON_TOLERATES]
        if spec.get("hostNetwork"):
            key, effect = NETWORK_UNAVAILABLE
            added.append({"key": key, "operator": "Exists", "effect": effect})
        return cls(
            dict(spec.get("nodeSelector") or {}),
            tuple(required.get("nodeSelectorTerms") or ()),
            (*(spec.get("tolerations") or ()), *(added if daemon else ())),
            cordoned=daemon,
        )

    def allows(self, node: Node) -> bool:
        """Return True if the template's Pods may run on a node."""
        labels = implied_labels(node)
        if node.unschedulable and not self.cordoned:
            return False
        if not self.selector.items() <= labels.items():
            return False
        if self.terms and not any(_term_fits(term, labels, node.name) for term in self.terms):
            return False
        hard = (taint for taint in node.taints if taint.effect in ("NoSchedule", "NoExecute"))
        return all(self._tolerates(taint.key, taint.value, taint.effect) for taint in hard)

    def _tolerates(self, key: str, value: str, effect: str) -> bool:
        for one in self.tolerations:
            if one.get("effect") not in (None, "", effect):
                continue
            if one.get("operator") == "Exists":
                if one.get("key") in (None, "", key):
                    return True
            elif one.get("key") == key and (one.get("value") or "") == value:
                return True
        return False


def _term_fits(term: Json, labels: Mapping[str, str], name: str) -> bool:
    """Return True if a node has what one term of a node affinity wants; an empty term fits no node."""
    expressions = term.get("matchExpressions") or ()
    fields = term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    by_field = {"metadata.name": name}
    return all(_fits(one, labels) for one in expressions) and all(_fits(one, by_field) for one in fields)


def _fits(expression: Json, labels: Mapping[str, str]) -> bool:
    """Return True if labels satisfy one expression (``pkg/apis/core/v1/helper``)."""
    value = labels.get(expression.get("key") or "")
    wanted: Sequence[str] = expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            try:
                number, limit = int(value or ""), int(wanted[0])
            except (ValueError, IndexError):
                return False
            return number > limit if operator == "Gt" else number < limit
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Workload:
    """A StatefulSet, a DaemonSet or a ReplicaSet.

    Parameters
    ----------
    kind, namespace, name : str
        What it is.
    template : Pod
        What its Pods are like: labels, ports, network.
    placement : Placement
        Where they may run.
    replicas : int
        How many there shall be; a DaemonSet has one on each node that fits.
    first : int
        Number of the first Pod of a StatefulSet (``spec.ordinals.start``).
    labels : mapping of str to str
        Labels of the object itself.
    manifest : mapping
        The object as it was written.
    made : int
        How many Pods it has made so far.
    created_s : float
        Cluster time of the creation, in seconds.

    Examples
    --------
    >>> Workload("StatefulSet", "default", "db", replicas=2).owner
    'StatefulSet/db'
    """

    kind: str
    namespace: str
    name: str
    template: Pod = field(default_factory=lambda: Pod(""))
    placement: Placement = field(default_factory=Placement)
    replicas: int = 1
    first: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    made: int = 0
    created_s: float = field(default=0.0, repr=False)

    @property
    def owner(self) -> str:
        """What its Pods name as their controller."""
        return f"{self.kind}/{self.name}"

    @property
    def ports(self) -> tuple[ContainerPort, ...]:
        """The ports that its containers declare."""
        return self.template.ports

    @classmethod
    def from_dict(cls, kind: str, namespace: str, data: Json) -> Workload:
        """Read a manifest that has been decoded."""
        metadata, spec = data.get("metadata") or {}, data.get("spec") or {}
        template = spec.get("template") or {}
        replicas = spec.get("replicas")
        return cls(
            kind,
            namespace,
            metadata.get("name") or "",
            Pod.from_dict({"metadata": template.get("metadata"), "spec": template.get("spec")}),
            Placement.from_spec(template.get("spec") or {}, daemon=kind == "DaemonSet"),
            1 if replicas is None else replicas,
            (spec.get("ordinals") or {}).get("start") or 0,
            dict(metadata.get("labels") or {}),
            data,
        )


def selector_fits(spec: Json, labels: Mapping[str, str]) -> bool:
    """Return True if the selector of a workload selects the labels of its own template."""
    selector = spec.get("selector") or {}
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Iterable[Json] = selector.get("matchExpressions") or ()
    return wanted.items() <= labels.items() and all(_fits(one, labels) for one in expressions)
