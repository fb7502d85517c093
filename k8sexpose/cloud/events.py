"""What each cloud controller reports about a Service: its events, in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..api.objects import Event
from ..api.service import Service

__all__ = ["EVENT_TEXTS", "EventTexts"]

NORMAL, WARNING = "Normal", "Warning"


@dataclass(frozen=True, slots=True)
class EventTexts:
    """The events of one controller: type, reason and message of each, by a key of ours."""

    source: str
    texts: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    retries: bool = True
    speaker: str = ""  # the component that reports which node announces an address, where one does

    def event(self, name: str, at_s: float, service: Service, **words: str) -> Event | None:
        """Build an event; None if this controller reports nothing of the kind."""
        if name == "over_quota" and name not in self.texts:
            name = "failed"
        if name not in self.texts:
            return None
        kind, reason, message = self.texts[name]
        for word, text in {"service": service.key, **words}.items():
            message = message.replace(f"{{{word}}}", text)
        source = "azure-cloud-provider" if name == "public_ip" else self.source
        return Event(at_s, kind, reason, message, f"service/{service.name}", service.namespace, source)


EVENT_TEXTS: Mapping[str, EventTexts] = {
    # controllers/service/controller.go (kubernetes/cloud-provider v0.36.2)
    "service-controller": EventTexts(
        "service-controller",
        {
            "ensuring": (NORMAL, "EnsuringLoadBalancer", "Ensuring load balancer"),
            "ensured": (NORMAL, "EnsuredLoadBalancer", "Ensured load balancer"),
            "deleting": (NORMAL, "DeletingLoadBalancer", "Deleting load balancer"),
            "deleted": (NORMAL, "DeletedLoadBalancer", "Deleted load balancer"),
            "updated": (NORMAL, "UpdatedLoadBalancer", "Updated load balancer with new hosts"),
            "no_nodes": (WARNING, "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer"),
            "failed": (
                WARNING,
                "SyncLoadBalancerFailed",
                "Error syncing load balancer: failed to ensure load balancer: {problem}",
            ),
            # cloud-provider-azure reports this one before the failure.
            "public_ip": (WARNING, "CreateOrUpdatePublicIPAddress", "{problem}"),
        },
    ),
    # aws-load-balancer-controller, HEAD 225f445
    "aws-load-balancer-controller": EventTexts(
        "service",
        {
            "ensured": (NORMAL, "SuccessfullyReconciled", "Successfully reconciled"),
            "failed": (WARNING, "FailedBuildModel", "Failed build model due to {problem}"),
            "over_quota": (WARNING, "FailedDeployModel", "Failed deploy model due to {problem}"),
        },
    ),
    # ingress-gce pkg/l4 (GKE with backend services), HEAD acbcf5d
    "loadbalancer-controller": EventTexts(
        "loadbalancer-controller",
        {
            "ensuring": (NORMAL, "ADD", "{service}"),
            "ensured": (
                NORMAL,
                "SyncLoadBalancerSuccessful",
                "Successfully ensured L4 External LoadBalancer resources",
            ),
            "deleted": (NORMAL, "DeletedLoadBalancer", "Deleted L4 External LoadBalancer"),
            "failed": (
                WARNING,
                "SyncExternalLoadBalancerFailed",
                "Error ensuring Resource for L4 External LoadBalancer, err: {problem}",
            ),
        },
    ),
    # metallb controller and speaker, 7938d3f89; what fails waits until an address is given back
    "metallb-controller": EventTexts(
        "metallb-controller",
        {
            "ensured": (NORMAL, "IPAllocated", 'Assigned IP ["{address}"]'),
            "failed": (WARNING, "AllocationFailed", 'Failed to allocate IP for "{service}": {problem}'),
        },
        retries=False,
        speaker="metallb-speaker",
    ),
}
