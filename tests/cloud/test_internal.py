"""Which load balancers are internal: by the annotation or class that their controller reads, spelt as it reads it."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.api.service import LoadBalancerIngress, Service
from k8sexpose.cloud.internal import internal_annotation, is_internal
from tests.cloud.helpers import TARGET_TYPE, TYPE, stand

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AZURE = "service.beta.kubernetes.io/azure-load-balancer-internal"
OCEAN = "service.beta.kubernetes.io/do-loadbalancer-network"
LINODE = "service.beta.kubernetes.io/linode-loadbalancer-frontend-subnet-id"
GKE, LBC = "networking.gke.io/load-balancer-type", {TYPE: "external", TARGET_TYPE: "ip"}
LEGACY = "networking.gke.io/l4-regional-"


def internal(provider: str, annotations: dict[str, str], load_balancer_class: str | None = None) -> bool:
    service = Service("web", type="LoadBalancer", annotations=annotations, load_balancer_class=load_balancer_class)
    return is_internal(service, kx.provider(provider).kind_of(service))


@pytest.mark.parametrize(
    ("provider", "annotations", "expected"),
    [
        ("aws", {f"{AWS}internal": "0.0.0.0/0"}, True),
        ("aws", {f"{AWS}internal": "false"}, False),
        ("aws", {f"{AWS}internal": ""}, False),
        ("aws", {f"{AWS}internal": "False"}, True),  # in-tree compares with "false" to the letter
        ("aws", LBC, True),
        ("aws", LBC | {f"{AWS}scheme": "internet-facing"}, False),
        ("aws", LBC | {f"{AWS}internal": "False"}, False),  # the other controller parses it as a bool
        ("aws", LBC | {f"{AWS}internal": "f", f"{AWS}scheme": "internal"}, True),
        ("azure", {AZURE: "True"}, True),
        ("azure", {AZURE: "yes"}, False),
        ("gcp", {GKE: "Internal"}, True),
        ("gcp", {GKE: "INTERNAL"}, False),
        ("digitalocean", {OCEAN: "INTERNAL"}, True),
        ("digitalocean", {OCEAN: "internal"}, False),
        ("linode", {LINODE: "17"}, True),
        ("linode", {}, False),
    ],
)
def test_annotations_as_their_controllers_read_them(provider: str, annotations: dict[str, str], expected: bool) -> None:
    assert internal(provider, annotations) is expected


@pytest.mark.parametrize(
    ("name", "annotations", "expected"),
    [
        (f"{LEGACY}internal-legacy", {}, True),
        (f"{LEGACY}external-legacy", {GKE: "Internal"}, False),
        (f"{LEGACY}internal", {}, True),
        (f"{LEGACY}external", {}, False),
    ],
)
def test_a_class_of_google_goes_before_the_annotation(name: str, annotations: dict[str, str], expected: bool) -> None:
    assert internal("gcp", annotations, name) is expected
    cluster = stand([1], "gcp", annotations, loadBalancerClass=name)
    outcome = "timeout" if expected else "delivered"
    assert kx.send(cluster, "web", client="203.0.113.7").outcome == outcome


def test_a_network_that_digitalocean_does_not_know_is_refused() -> None:
    cluster = stand([1], "digitalocean", {OCEAN: "internal"})
    assert kx.provision(cluster, "web").reason.endswith("only LB networks supported are (EXTERNAL, INTERNAL)")


def test_nothing_is_said_of_an_annotation_whose_controller_is_not_known() -> None:
    hetzner = {"load-balancer.hetzner.cloud/disable-public-network": "true"}
    service = Service("web", type="LoadBalancer", annotations=hetzner)
    assert internal_annotation(service, kx.provider("generic").kinds[0]) is None
    assert internal_annotation(service, kx.provider("aws").kind("classic")) in hetzner


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("internal-web-1234567890.us-east-2.elb.amazonaws.com", True),
        ("internal-web-1234567890.cn-north-1.elb.amazonaws.com.cn", True),
        ("web-1234567890.us-east-2.elb.amazonaws.com", False),
        ("internal-web.example.com", False),
    ],
)
def test_the_name_of_a_classic_says_that_it_is_internal(host: str, expected: bool) -> None:
    web = Service("web", type="LoadBalancer", load_balancer_ingress=(LoadBalancerIngress(hostname=host),))
    assert is_internal(web, kx.provider("aws").kind("classic")) is expected
