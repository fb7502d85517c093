"""Whether a load balancer faces the internet or the private network only, by the controller that reads the annotation.

The annotation of another controller says nothing: in-tree AWS ignores ``aws-load-balancer-scheme``, and makes a load
balancer on the internet.

Sources, each opened on 2026-11-29: ``pkg/providers/v1/aws.go`` (EnsureLoadBalancer, cloud-provider-aws 63ec440,
2026-07-07), ``pkg/service/model_build_load_balancer.go`` (buildLoadBalancerScheme, aws-load-balancer-controller
225f445, 2026-08-17), ``providers/gce/gce_annotations.go`` (GetLoadBalancerAnnotationType, cloud-provider-gcp
083ea28), ``pkg/consts/helpers.go`` (IsK8sServiceUsingInternalLoadBalancer, cloud-provider-azure 7b31c76, 2026-08-19),
``cloud-controller-manager/do/loadbalancers.go`` (getNetwork, digitalocean-cloud-controller-manager 70d527e,
2026-08-19), ``cloud/linode/loadbalancers.go`` (getFrontendVPCCreateOptions, linode-cloud-controller-manager b9aa901,
2026-08-20), ``pkg/openstack/loadbalancer.go`` (cloud-provider-openstack c453fb7, 2026-07-15),
``internal/annotation/load_balancer.go`` (hcloud-cloud-controller-manager 0091276),
``pkg/cloudprovider/providers/oci/load_balancer_spec.go`` (isInternalLB, oci-cloud-controller-manager 1100ac3,
2026-06-17). IBM, Alibaba, Tencent, Baidu: ``content/en/docs/concepts/services-networking/service.md`` (Internal load
balancer, kubernetes/website).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_network

from ..api.addresses import ip_version
from ..api.service import Service
from .providers import LoadBalancerKind

__all__ = ["AWS", "INTERNAL_BY", "PRIVATE_CLIENTS", "internal_annotation", "is_internal", "is_private"]

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
ORACLE_NLB = "oci-network-load-balancer.oraclecloud.com/internal"
TENCENT = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
BAIDU = "service.beta.kubernetes.io/cce-load-balancer-internal-vpc"
LINODE = "service.beta.kubernetes.io/linode-loadbalancer-frontend-"
LINODE_SUBNET, LINODE_NAME = f"{LINODE}subnet-id", f"{LINODE}subnet-name"
# AWS itself begins the name of an internal Classic with internal-, and takes no name of a load balancer that begins so
# ("Internal Classic Load Balancers" in the guide of Elastic Load Balancing). The scheme of one that is there stays.
INTERNAL_HOST = re.compile(r"internal-.+\.elb\.amazonaws\.com(\.cn)?")
# Of Google: classes go before annotations.
INTERNAL_CLASSES = ("networking.gke.io/l4-regional-internal", "networking.gke.io/l4-regional-internal-legacy")

Test = Callable[[str], bool]


def _true(value: str) -> bool:
    """Return what Go's strconv.ParseBool makes of a text; False where it makes nothing of it."""
    return value in ("1", "t", "T", "TRUE", "true", "True")


def _in_tree(value: str) -> bool:
    """Return what in-tree AWS makes of its annotation: anything but false is true, such as 0.0.0.0/0."""
    return value not in ("", "false")


TESTS: dict[str, Test] = {
    AWS_INTERNAL: _in_tree,
    AWS_SCHEME: lambda value: value == "internal",
    GCP_TYPE: lambda value: value in ("Internal", "internal"),
    OLD_GCP_TYPE: lambda value: value in ("Internal", "internal"),
    AZURE: lambda value: value.lower() == "true",
    DIGITALOCEAN: lambda value: value == "INTERNAL",
    LINODE_SUBNET: bool,
    LINODE_NAME: bool,
    OPENSTACK: _true,
    HETZNER: _true,
    ORACLE: _true,
    ORACLE_NLB: _true,
    IBM: lambda value: value == "private",
    ALIBABA: lambda value: value == "intranet",
    TENCENT: bool,
    BAIDU: lambda value: value == "true",
}
INTERNAL_BY = tuple(TESTS)
# What the controller of each kind of load balancer reads, the first one that is there counts; others are unread.
READ_BY: dict[str, tuple[str, ...]] = {
    "nlb_ip": (AWS_SCHEME, AWS_INTERNAL), "nlb_instance": (AWS_SCHEME, AWS_INTERNAL), "nlb": (AWS_INTERNAL,),
    "classic": (AWS_INTERNAL,), "rbs": (GCP_TYPE, OLD_GCP_TYPE), "target_pool": (GCP_TYPE, OLD_GCP_TYPE),
    "standard": (AZURE,), "no_floating_ip": (AZURE,), "regional": (DIGITALOCEAN,),
    "regional_network": (DIGITALOCEAN,), "nodebalancer": (LINODE_SUBNET, LINODE_NAME),
}  # fmt: skip
# The AWS load balancer controller makes internal ones unless it is told otherwise.
INTERNAL_UNASKED = ("nlb_ip", "nlb_instance")
OF_GOOGLE = ("rbs", "target_pool")
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
    if service.load_balancer_class in INTERNAL_CLASSES or any(_named_internal(service)):
        return True
    if service.load_balancer_class is not None and kind.name in OF_GOOGLE:
        return False
    for key in READ_BY[kind.name]:
        if key in service.annotations:
            test = _true if key == AWS_INTERNAL and kind.name in INTERNAL_UNASKED else TESTS[key]
            return test(service.annotations[key])
    return kind.name in INTERNAL_UNASKED


def _named_internal(service: Service) -> Iterator[bool]:
    return (bool(INTERNAL_HOST.fullmatch(entry.hostname)) for entry in service.load_balancer_ingress)


def internal_annotation(service: Service, kind: LoadBalancerKind | None = None) -> str | None:
    """Return the annotation that asks for an internal load balancer and that the controller of `kind` does not read.

    None where it is not known what the controller reads.
    """
    if kind is None or kind.name not in READ_BY:
        return None
    asked = (key for key, test in TESTS.items() if key in service.annotations and test(service.annotations[key]))
    return next((key for key in asked if key not in READ_BY[kind.name]), None)


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
