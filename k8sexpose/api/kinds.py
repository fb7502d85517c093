"""The kinds of objects that a Kubernetes 1.36 server knows, and which of them the model keeps.

Three groups: kinds that the model works with (Service, Pod, …), kinds that it keeps and shows (Namespace, Ingress,
Gateway, HTTPRoute), and all other built-in kinds, which are passed over. The Gateway API's kinds count as built in,
because the model's cluster has its CRDs.

Sources: ``kubectl api-resources`` of 1.36 (``pkg/controlplane/apiserver``); ``config/crd/standard`` (gateway-api).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BUILT_IN", "CLUSTER_WIDE", "KEPT", "WORKLOADS", "KeptObject", "is_built_in", "passed_over", "resource_name"]

# By apiVersion.
BUILT_IN: dict[str, tuple[str, ...]] = {
    "v1": (
        "Binding", "ComponentStatus", "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node",
        "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController", "ResourceQuota",
        "Secret", "Service", "ServiceAccount",
    ),
    "admissionregistration.k8s.io/v1": (
        "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    ),
    "apiextensions.k8s.io/v1": ("CustomResourceDefinition",),
    "apiregistration.k8s.io/v1": ("APIService",),
    "apps/v1": ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "authentication.k8s.io/v1": ("SelfSubjectReview", "TokenReview"),
    "authorization.k8s.io/v1": (
        "LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview",
    ),
    "autoscaling/v1": ("HorizontalPodAutoscaler",),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "batch/v1": ("CronJob", "Job"),
    "certificates.k8s.io/v1": ("CertificateSigningRequest",),
    "coordination.k8s.io/v1": ("Lease",),
    "discovery.k8s.io/v1": ("EndpointSlice",),
    "events.k8s.io/v1": ("Event",),
    "flowcontrol.apiserver.k8s.io/v1": ("FlowSchema", "PriorityLevelConfiguration"),
    "gateway.networking.k8s.io/v1": ("BackendTLSPolicy", "GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute"),
    "gateway.networking.k8s.io/v1beta1": ("Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant"),
    "networking.k8s.io/v1": ("IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"),
    "node.k8s.io/v1": ("RuntimeClass",),
    "policy/v1": ("Eviction", "PodDisruptionBudget"),
    "rbac.authorization.k8s.io/v1": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "resource.k8s.io/v1": ("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "storage.k8s.io/v1": (
        "CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment", "VolumeAttributesClass",
    ),
}  # fmt: skip
CLUSTER_WIDE = frozenset((
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "FlowSchema", "GatewayClass", "IPAddress",
    "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration",
    "Namespace", "Node", "PersistentVolume", "PriorityClass", "PriorityLevelConfiguration", "ResourceSlice",
    "RuntimeClass", "ServiceCIDR", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
))  # fmt: skip
# What is stored and shown as it was written, and what starts Pods.
KEPT = ("Namespace", "Endpoints", "Ingress", "Gateway", "HTTPRoute")
WORKLOADS = ("StatefulSet", "DaemonSet", "ReplicaSet")


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object that the model stores and shows, and that decides about no packet.

    Parameters
    ----------
    kind, namespace, name : str
        What it is; a Namespace has an empty namespace.
    labels : mapping of str to str
        Its labels.
    manifest : mapping
        The object as it was written.
    created_s : float
        Cluster time of the creation, in seconds.

    Examples
    --------
    >>> KeptObject("Namespace", "", "shop").name
    'shop'
    """

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    created_s: float = field(default=0.0, repr=False)


def is_built_in(version: object, kind: object) -> bool:
    """Return True if a 1.36 server with the Gateway API's CRDs knows this kind.

    Examples
    --------
    >>> is_built_in("v1", "Secret"), is_built_in("extensions/v1beta1", "Ingress")
    (True, False)
    """
    return isinstance(version, str) and kind in BUILT_IN.get(version, ())


def resource_name(version: str, kind: str) -> str:
    """Return what kubectl calls a kind before the name of an object.

    Examples
    --------
    >>> resource_name("apps/v1", "DaemonSet"), resource_name("v1", "Secret")
    ('daemonset.apps', 'secret')
    """
    group = version.rpartition("/")[0]
    return f"{kind.lower()}.{group}" if group else kind.lower()


def passed_over(kinds: Iterable[str]) -> str:
    """Return the line on objects that the model passes over; empty for none.

    Examples
    --------
    >>> passed_over(["ConfigMap", "Secret", "ConfigMap"])
    'passed over: ConfigMap ×2, Secret'
    """
    counted = sorted(Counter(kinds).items())
    listed = (f"{kind} ×{count}" if count > 1 else kind for kind, count in counted)
    return f"passed over: {', '.join(listed)}" if counted else ""
