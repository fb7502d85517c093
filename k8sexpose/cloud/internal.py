"""Whether a load balancer faces the internet or the private network only, by the controller that reads the annotation.

The annotation of another controller says nothing: in-tree AWS ignores ``aws-load-balancer-scheme``, and makes a load
balancer on the internet.

Sources: ``pkg/providers/v1/aws.go`` (cloud-provider-aws), ``pkg/service/model_build_load_balancer.go``
(aws-load-balancer-controller), ``providers/gce/gce_annotations.go`` (cloud-provider-gcp),
``pkg/consts/consts.go`` (cloud-provider-azure), ``cloud-controller-manager/do/lb_annotations.go``
(digitalocean-cloud-controller-manager), ``pkg/openstack/loadbalancer.go`` (cloud-provider-openstack),
``internal/annotation/load_balancer.go`` (hcloud-cloud-controller-manager).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network

from ..api.addresses import ip_version
from ..api.service import Service
from .providers import LoadBalancerKind

__all__ = ["INTERNAL_BY", "PRIVATE_CLIENTS", "internal_annotation", "is_internal", "is_private"]

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AWS_INTERNAL, AWS_SCHEME = f"{AWS}internal", f"{AWS}scheme"
GCP_TYPE, OLD_GCP_TYPE = "networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type"
AZURE = "service.beta.kubernetes.io/azure-load-balancer-internal"
DIGITALOCEAN = "service.beta.kubernetes.io/do-loadbalancer-network"
OPENSTACK = "service.beta.kubernetes.io/openstack-internal-load-balancer"
HETZNER = "load-balancer.hetzner.cloud/disable-public-network"
ORACLE = "service.beta.kubernetes.io/oci-load-balancer-internal"
IBM = "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type"
ALIBABA = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type"

Test = Callable[[str], bool]


def _true(value: str) -> bool:
    return value.strip().lower() in ("1", "t", "true", "yes", "y")


TESTS: dict[str, Test] = {
    AWS_INTERNAL: lambda value: value not in ("", "false"),
    AWS_SCHEME: lambda value: value == "internal",
    GCP_TYPE: lambda value: value.lower() == "internal",
    OLD_GCP_TYPE: lambda value: value.lower() == "internal",
    AZURE: lambda value: value == "true",
    DIGITALOCEAN: lambda value: value.upper() == "INTERNAL",
    OPENSTACK: _true,
    HETZNER: _true,
    ORACLE: _true,
    IBM: lambda value: value == "private",
    ALIBABA: lambda value: value == "intranet",
}
INTERNAL_BY = tuple(TESTS)
# What the controller of each kind of load balancer reads, the first one that is there counts; others are unread.
READ_BY: dict[str, tuple[str, ...]] = {
    "nlb_ip": (AWS_SCHEME, AWS_INTERNAL), "nlb_instance": (AWS_SCHEME, AWS_INTERNAL), "nlb": (AWS_INTERNAL,),
    "classic": (AWS_INTERNAL,), "rbs": (GCP_TYPE, OLD_GCP_TYPE), "target_pool": (GCP_TYPE, OLD_GCP_TYPE),
    "standard": (AZURE,), "no_floating_ip": (AZURE,), "regional": (DIGITALOCEAN,),
    "regional_network": (DIGITALOCEAN,),
}  # fmt: skip
# The AWS load balancer controller makes internal ones unless it is told otherwise.
INTERNAL_UNASKED = ("nlb_ip", "nlb_instance")
PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7",
        "fe80::/10", "::1/128",
    )
)  # fmt: skip
# Somebody in the same private network, and not in the cluster.
PRIVATE_CLIENTS = {4: "10.255.255.7", 6: "fd00:ffff::7"}


def is_internal(service: Service, kind: LoadBalancerKind | None) -> bool:
    """Return True if the load balancer of a Service is reachable from the private network only.

    Examples
    --------
    >>> from k8sexpose import provider
    >>> web = Service("web", type="LoadBalancer", annotations={AWS_SCHEME: "internal"})
    >>> is_internal(web, provider("aws").kind("classic")), is_internal(web, provider("aws").kind("nlb_ip"))
    (False, True)
    """
    if kind is None or kind.name not in READ_BY:
        return False
    for key in READ_BY[kind.name]:
        if key in service.annotations:
            return TESTS[key](service.annotations[key])
    return kind.name in INTERNAL_UNASKED


def internal_annotation(service: Service, kind: LoadBalancerKind | None = None) -> str | None:
    """Return the annotation that asks for an internal load balancer and that the controller of `kind` does not read."""
    asked = (key for key, test in TESTS.items() if key in service.annotations and test(service.annotations[key]))
    read = READ_BY.get(kind.name, ()) if kind is not None else ()
    return next((key for key in asked if key not in read), None)


@lru_cache(maxsize=1 << 16)
def is_private(ip: str) -> bool:
    """Return True if an address is known in a private network only.

    Examples
    --------
    >>> is_private("192.168.1.12"), is_private("203.0.113.7")
    (True, False)
    """
    version = ip_version(ip)
    if version is None:
        return False
    parsed = ip_address(ip)
    return any(parsed in network for network in PRIVATE if network.version == version)
