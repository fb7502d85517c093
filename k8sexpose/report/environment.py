"""What is around the Services of a real cluster: who makes load balancers, which data plane, what the dump lacks.

Where the model has no such controller it says so, and gives no advice on it. "Not known" is an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._display import listed
from ..api.objects import Event
from ..api.service import Service
from ..cloud.internal import AWS
from ..cloud.providers import AUTO_MODE
from ..model import Cluster

__all__ = [
    "GET", "Environment", "PendingReason", "as_in_a_manifest", "environment", "lacks", "pending_cause", "runs",
]  # fmt: skip

GET = "kubectl get nodes,pods,services,endpointslices,events -A -o json"
APP_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "name")
K3S_LABEL = "svccontroller.k3s.cattle.io/svcname"
FARGATE_LABEL, FARGATE = "eks.amazonaws.com/compute-type", "fargate"
OCTAVIA_MONITOR = "loadbalancer.openstack.org/enable-health-monitor"
HETZNER_PLACES = ("load-balancer.hetzner.cloud/location", "load-balancer.hetzner.cloud/network-zone")
METALLB_POOLS = ("metallb.io/address-pool", "metallb.universe.tf/address-pool")

# Controllers that the model does not have, by the scheme of spec.providerID.
OTHERS = {
    "openstack": "OpenStack Octavia", "hcloud": "the Hetzner Cloud controller", "oci": "Oracle Cloud's controller",
    "ibm": "IBM Cloud's controller", "vsphere": "the controller of a vSphere cluster",
    "scaleway": "Scaleway's controller",
    "exoscale": "Exoscale's controller", "vultr": "Vultr's controller", "upcloud": "UpCloud's controller",
    "equinixmetal": "Equinix Metal's controller", "ovhcloud": "OVHcloud's controller", "civo": "Civo's controller",
    "alicloud": "Alibaba Cloud's controller", "tencentcloud": "Tencent Cloud's controller",
    "huaweicloud": "Huawei Cloud's controller", "nutanix": "a controller of a Nutanix cluster",
    "baremetalhost": "a controller for bare metal", "metal3": "a controller for bare metal",
    "proxmox": "a controller for Proxmox", "cloudstack": "Apache CloudStack's controller",
    "brightbox": "Brightbox's controller", "packet": "Equinix Metal's controller",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Environment:
    """Who makes load balancers here, and which data plane carries the packets.

    Parameters
    ----------
    controller : str
        A sentence on who makes load balancers.
    modelled : bool
        Whether the model has that controller; without it there is no advice on its load balancers.
    data_plane : str
        A sentence on what carries out the rules on each node.
    name : str
        Short name of the controller: ``k3s``, ``openstack``, ``docker-desktop``; else that of the provider.
    """

    controller: str
    modelled: bool
    data_plane: str
    name: str = ""

    def no_advice(self, service: Service) -> str | None:
        """Return why the policies of a Service are not compared; None where they can be."""
        if self.modelled or service.type != "LoadBalancer":
            return None
        return f"its load balancer is made by {self.controller}, which is not modelled: no advice on it"


def environment(cluster: Cluster, provider: str, given: bool) -> Environment:
    """Return what surrounds the Services of a cluster; `given` if the provider was named by the reader."""
    data_plane = _data_plane(cluster)
    name, words, modelled = _controller(cluster, provider, given)
    return Environment(words, modelled, data_plane, name)


def _controller(cluster: Cluster, provider: str, given: bool) -> tuple[str, str, bool]:
    """Return the short name of who makes load balancers, words for it, and whether the model has it."""
    if given or provider not in ("generic",):
        return provider, _known_controller(cluster, provider), True
    if any(K3S_LABEL in pod.labels for pod in cluster.pods) or _scheme_of(cluster) == "k3s":
        return (
            "k3s",
            (
                "ServiceLB of k3s: a Pod on each node takes the port as its hostPort, nothing is paid, "
                "and under Local the "
                "status lists only the nodes with a ready Pod, so that the source is kept"
            ),
            True,
        )
    if any(node.name == "docker-desktop" for node in cluster.nodes):
        return "docker-desktop", "Docker Desktop: localhost of this computer, one load balancer for each port", True
    scheme = _scheme_of(cluster)
    if scheme in OTHERS:
        return scheme, OTHERS[scheme], False
    return "generic", "a controller that is not known; a load balancer that keeps the client's address is assumed", True


MAKERS = {
    "azure": "the controller of Azure",
    "digitalocean": "the controller of DigitalOcean",
    "gcp": "the controller of Google Cloud",
    "linode": "the controller of Linode (Akamai)",
    "metallb": "MetalLB; its address pools and advertisements are not in a dump",
    "minikube": "nobody, unless minikube tunnel runs, which gives each an address on this computer",
}


def _known_controller(cluster: Cluster, provider: str) -> str:
    """Return who makes load balancers at a provider that the model has."""
    if provider == "aws":
        auto = any(service.load_balancer_class == AUTO_MODE for service in cluster.services)
        if auto or any(node.labels.get(FARGATE_LABEL) == "auto" for node in cluster.nodes):
            return (
                "EKS Auto Mode: it is the controller of loadBalancerClass eks.amazonaws.com/nlb, the cluster's default"
            )
        if runs(cluster, "aws-load-balancer-controller"):
            return (
                "the AWS Load Balancer Controller (its Pods are in the dump) for type external and class "
                "service.k8s.aws/nlb, which from version 2.5 on its webhook gives to every new "
                "LoadBalancer Service; the "
                "in-tree controller for the others"
            )
        return "the in-tree controller of AWS; no Pod of the AWS Load Balancer Controller is in the dump"
    if provider == "kind":
        return (
            "nobody, or cloud-provider-kind, whose addresses are in Docker's network: macOS and Windows do "
            "not route there"
        )
    return MAKERS.get(provider, f"the controller of {provider}")


def _scheme_of(cluster: Cluster) -> str:
    """Return the scheme of most nodes' ``spec.providerID``; empty for none."""
    found = Counter(node.provider_id.partition("://")[0] for node in cluster.nodes if node.provider_id)
    return found.most_common(1)[0][0] if found else ""


def runs(cluster: Cluster, app: str) -> bool:
    """Return True if Pods of an app are in the cluster."""
    return any(value == app and label in APP_LABELS for _, label, value in cluster.store.pod_labels)


def _data_plane(cluster: Cluster) -> str:
    """Return a sentence on the data plane, and what differs where it is not kube-proxy."""
    proxy = runs(cluster, "kube-proxy")
    mode = proxy_mode(cluster)
    if runs(cluster, "cilium") or any(pod.name.startswith("anetd") for pod in cluster.pods):
        if proxy and _scheme_of(cluster) != "gce":
            return "kube-proxy beside Cilium: both run here; kube-proxy's rules are described."
        plane = "GKE Dataplane V2 (Cilium)" if _scheme_of(cluster) == "gce" else "Cilium"
        return (
            f"{plane} takes the place of kube-proxy. The endpoints and policies are the same; the source address under "
            "Cluster, how a connection is spread, and what listens on the health check port can differ from what is "
            "said here of kube-proxy."
        )
    if runs(cluster, "ovnkube-node") or any(pod.namespace == "openshift-ovn-kubernetes" for pod in cluster.pods):
        return (
            "OVN-Kubernetes takes the place of kube-proxy. The endpoints and policies are the same; the source address "
            "under Cluster and how a connection is spread can differ from what is said here of kube-proxy."
        )
    if any(pod.namespace == "openshift-sdn" for pod in cluster.pods):
        return "OpenShift SDN, whose Pods hold a kube-proxy (they are in the dump); mode iptables is assumed."
    if mode in ("ipvs", "kernelspace", "winuserspace", "userspace"):
        return f"kube-proxy in mode {mode} (its ConfigMap), which is not modelled; mode iptables is described."
    if mode:
        return f"kube-proxy in mode {mode} (its ConfigMap)."
    if proxy:
        return "kube-proxy (its Pods are in the dump); mode iptables is assumed."
    return "kube-proxy in mode iptables is assumed; no Pod of it, of Cilium or of OVN-Kubernetes is in the dump."


def proxy_mode(cluster: Cluster) -> str:
    """Return the mode that the ConfigMap of kube-proxy names; empty where it is not in the dump."""
    kept = cluster.kept.get(("ConfigMap", "kube-system", "kube-proxy"))
    data = kept.manifest.get("data") if kept is not None else None
    text = "\n".join(str(value) for value in data.values()) if isinstance(data, dict) else ""
    if not text:
        return ""
    found = re.search(r'(?m)^mode: *["\']?([a-z]*)["\']? *$', text)
    return (found[1] if found else "") or "iptables"


# -- what a dump lacks ------------------------------------------------------------------------------------------------

WORDS = {"Node": "Nodes", "Pod": "Pods", "EndpointSlice": "EndpointSlices", "Service": "Services"}
RESOURCES = {"Node": "nodes", "Pod": "pods", "EndpointSlice": "endpointslices", "Service": "services"}


def lacks(cluster: Cluster) -> Iterator[str]:
    """Yield the first lines of a report: what the dump lacks, what is therefore not judged, and how to get it."""
    absent = [kind for kind in WORDS if kind in cluster.absent]
    if absent:
        names = ", ".join(f"no {WORDS[kind]}" for kind in absent)
        missing = ",".join(RESOURCES[kind] for kind in absent)
        what = f"{names[:1].upper()}{names[1:]} in the dump"
        yield f"{what}: {_therefore(absent)}. Add them with: kubectl get {missing} -A -o json"
    for note in cluster.notes:
        yield f"Not given: {note}."
    written = [service.key for service in cluster.services if as_in_a_manifest(service)]
    if written:
        those = "1 Service is" if len(written) == 1 else f"{len(written)} Services are"
        yield (
            f"{those} here as in a manifest, and not as an API server stores it ({listed(written)}): no clusterIP, and "
            "node ports and addresses are not known. What manifests would change: k8sexpose diff DUMP --apply FILE"
        )
    if cluster.masked.count:
        yield _masked(cluster)
    if cluster.hidden:
        count = len(cluster.hidden)
        words = f"The addresses of {count} Pod{'' if count == 1 else 's'} were taken out of the dump"
        yield f"{words}: endpoints that need them are not judged."


def as_in_a_manifest(service: Service) -> bool:
    """Return True for a Service that no API server has stored: each that is stored has a clusterIP, or None for it."""
    return service.type != "ExternalName" and not service.cluster_ip


def _masked(cluster: Cluster) -> str:
    """Return how many fields hold a word in the place of an address, in how many objects, and the first few."""
    masked = cluster.masked
    kinds = [f"{n} {kind if n == 1 else WORDS.get(kind, kind)}" for kind, n in masked.objects.items()]
    objects = " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))
    fields = "1 field" if masked.count == 1 else f"{masked.count} fields"
    more = masked.count - len(masked.first)
    examples = "; ".join(map(str, masked.first)) + (f"; and {more} more" if more else "")
    return f"{fields} of {objects} hold{'s' if masked.count == 1 else ''} no address ({examples}): not known here."


def _therefore(absent: list[str]) -> str:
    """Return what cannot be said without some kinds of objects."""
    parts = []
    if "Pod" in absent and "EndpointSlice" in absent:
        parts.append("endpoints not judged")
    elif "EndpointSlice" in absent:
        parts.append("endpoints taken from the Pods")
    if "Node" in absent or "Pod" in absent:
        parts.append("policies not compared")
    if "Node" in absent:
        parts.append("nothing said of node ports and zones")
    if "Service" in absent:
        parts.append("nothing to review")
    return ", ".join(parts)


# -- why a load balancer has no address -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PendingReason:
    """Why a load balancer has no address, in words; `is_cause` is False where the dump does not hold the cause."""

    text: str
    is_cause: bool = True


def pending_cause(
    cluster: Cluster, around: Environment, service: Service, events: Sequence[Event]
) -> PendingReason | None:
    """Return why a load balancer has no address, or what one knows of its controller; None where that is nothing."""
    for event in reversed(events):
        about = (event.namespace, event.object) == (service.namespace, f"service/{service.name}")
        if about and event.type == "Warning":
            return PendingReason(f"its last warning says: {event.reason}: {event.message}")
    if around.name == "metallb":
        pool = next((service.annotations[key] for key in METALLB_POOLS if key in service.annotations), "")
        asked = f"it asks for the pool {pool!r}, and " if pool else ""
        unread = f"{asked}the address pools of MetalLB are not in the dump; look at the events"
        return PendingReason(unread, is_cause=False)
    if around.name == "aws" and service.load_balancer_class == AUTO_MODE:
        usual = "the subnets usually lack their tags, or the cluster has no Auto Mode: look at the events"
        auto = f"EKS Auto Mode is the controller of its class eks.amazonaws.com/nlb; when it makes none, {usual}"
        return PendingReason(auto, is_cause=False)
    found = _settings_cause(cluster, around, service)
    return PendingReason(found) if found is not None else None


def _settings_cause(cluster: Cluster, around: Environment, service: Service) -> str | None:
    """Return what in the Service or its cluster keeps its controller from making a load balancer."""
    if around.name == "aws":
        return _aws_cause(cluster, service)
    if around.name == "hcloud" and not any(key in service.annotations for key in HETZNER_PLACES):
        return (
            f"the annotation {HETZNER_PLACES[0]} or {HETZNER_PLACES[1]} is missing, and the controller "
            f"needs one of them "
            "unless its own settings name a place"
        )
    if around.name in ("docker-desktop", "k3s"):
        return _taken(cluster, around, service)
    return None


def _aws_cause(cluster: Cluster, service: Service) -> str | None:
    kind, target = service.annotations.get(f"{AWS}type"), service.annotations.get(f"{AWS}nlb-target-type")
    if kind == "external" and target not in ("ip", "instance") and service.load_balancer_class is None:
        return (
            "the AWS Load Balancer Controller ignores type external without the annotation "
            f"{AWS}nlb-target-type (ip or instance), and the in-tree controller leaves it alone: add that "
            f"annotation, or "
            "make it anew with spec.loadBalancerClass: service.k8s.aws/nlb"
        )
    wants = kind in ("external", "nlb-ip") or (service.load_balancer_class or "").startswith("service.k8s.aws/")
    if wants and not runs(cluster, "aws-load-balancer-controller"):
        return (
            "it asks for the AWS Load Balancer Controller, and no Pod of it is in the dump, so it counts "
            "as not installed: "
            "install it"
        )
    fargate = [node for node in cluster.nodes if node.labels.get(FARGATE_LABEL) == FARGATE]
    if cluster.nodes and len(fargate) == len(cluster.nodes) and target != "ip":
        return (
            "all nodes are Fargate, and targets of type instance are for EC2: use the AWS Load Balancer "
            "Controller with "
            f"{AWS}nlb-target-type: ip"
        )
    return None


def _taken(cluster: Cluster, around: Environment, service: Service) -> str | None:
    """Return who has a port already, where one machine has each port once."""
    mine = {(port.port, port.protocol or "TCP") for port in service.ports}
    for other in cluster.services:
        theirs = (
            {(port.port, port.protocol or "TCP") for port in other.ports} if other.type == "LoadBalancer" else set()
        )
        if other.key != service.key and mine & theirs and other.load_balancer_address:
            number = min(mine & theirs)[0]
            where = "localhost" if around.name == "docker-desktop" else "each node"
            return f"port {number} of {where} is taken by {other.key}, and there is one load balancer for each port"
    return None
