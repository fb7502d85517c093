"""Where one can read about each kind of finding: the documents of Kubernetes and of the controllers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OF_KIND", "SOURCES", "Source"]

DOCS = "https://kubernetes.io/docs/"
SERVICE = f"{DOCS}concepts/services-networking/service/"
PROXY = f"{DOCS}reference/networking/virtual-ips/"
BALANCER = f"{DOCS}tasks/access-application-cluster/create-external-load-balancer/"
OCTAVIA = (
    "https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/"
    "expose-applications-using-loadbalancer-type-service.md"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A document, and where it is."""

    title: str
    url: str


DEBUG = Source("Kubernetes: Debug Services", f"{DOCS}tasks/debug/debug-application/debug-service/")
LABELS = Source("Kubernetes: Well-Known Labels", f"{DOCS}reference/labels-annotations-taints/")
LOAD_BALANCER = Source("Kubernetes: Service, type LoadBalancer", f"{SERVICE}#loadbalancer")
EXTERNAL_POLICY = Source("Kubernetes: External traffic policy", f"{PROXY}#external-traffic-policy")
SLICES = Source("Kubernetes: EndpointSlices", f"{DOCS}concepts/services-networking/endpoint-slices/")
SOURCES = {
    "no-endpoints": DEBUG,
    "undeclared-port": DEBUG,
    "pinned-node-port": Source("Kubernetes: Service, ranges of node ports", f"{SERVICE}#avoid-nodeport-collisions"),
    "node-port-range": Source("Kubernetes: Service, choosing your own port", f"{SERVICE}#nodeport-custom-port"),
    "public-node-port": Source("Kubernetes: Service, type NodePort", f"{SERVICE}#type-nodeport"),
    "source-ranges-bypassed": LOAD_BALANCER,
    "pending": LOAD_BALANCER,
    "mixed-protocols": Source(
        "Kubernetes: Load balancers with mixed protocol types", f"{SERVICE}#load-balancers-with-mixed-protocol-types"
    ),
    "no-targets": LABELS,
    "no-node-port": Source(
        "Kubernetes: Service, load balancers without node ports", f"{SERVICE}#load-balancer-nodeport-allocation"
    ),
    "internal-unread": Source("Kubernetes: Service, internal load balancer", f"{SERVICE}#internal-load-balancer"),
    "refused-update": Source(
        "cloud-provider-aws: Service controller",
        "https://github.com/kubernetes/cloud-provider-aws/blob/master/docs/service_controller.md",
    ),
    "probe-path": Source(
        "cloud-provider-azure: Azure LoadBalancer", "https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/"
    ),
    "local-without-pods": EXTERNAL_POLICY,
    "uneven-local": Source(
        "Kubernetes: Limitations when preserving source IPs",
        f"{BALANCER}#caveats-and-limitations-when-preserving-source-ips",
    ),
    "uneven-zones": Source(
        "AWS: Target groups for Network Load Balancers, cross-zone load balancing",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html",
    ),
    "no-monitor": Source("cloud-provider-openstack: Services of type LoadBalancer", OCTAVIA),
    "pods-off-the-targets": LABELS,
    "affinity-without-source": Source("Kubernetes: Session affinity", f"{PROXY}#session-affinity"),
    "external-ips": Source("Kubernetes: Service, external IPs", f"{SERVICE}#external-ips"),
    "internal-local-holes": Source(
        "Kubernetes: Service Internal Traffic Policy", f"{DOCS}concepts/services-networking/service-traffic-policy/"
    ),
    "being-deleted": Source("Kubernetes: Garbage collecting load balancers", BALANCER),
    "topology-without-hints": Source(
        "Kubernetes: Topology Aware Routing", f"{DOCS}concepts/services-networking/topology-aware-routing/"
    ),
    "node-not-ready": Source("Kubernetes: Node Status", f"{DOCS}reference/node/node-status/"),
    "old-zone-labels": LABELS,
    "pods-on-nodes": Source("Kubernetes: Configuration Best Practices", f"{DOCS}concepts/configuration/overview/"),
    "one-family": Source("Kubernetes: IPv4/IPv6 dual-stack", f"{DOCS}concepts/services-networking/dual-stack/"),
    "dump-disagrees": SLICES,
    "held-twice": Source("Kubernetes: Service, ranges of node ports", f"{SERVICE}#avoid-nodeport-collisions"),
    "unreadable": Source("Kubernetes: Service", SERVICE),
}
# For an object that cannot be read.
OF_KIND = {
    "Pod": Source("Kubernetes: Pods", f"{DOCS}concepts/workloads/pods/"),
    "Node": Source("Kubernetes: Nodes", f"{DOCS}concepts/architecture/nodes/"),
    "EndpointSlice": SLICES,
    "Endpoints": Source("Kubernetes: Service, Endpoints", f"{SERVICE}#endpoints"),
}
