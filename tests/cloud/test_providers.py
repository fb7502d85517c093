"""The table of providers: every number with its source, health check times, the form of addresses."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

import k8sexpose as kx
from k8sexpose.api.service import LoadBalancerIngress, Service
from k8sexpose.cloud.front_door import front_door
from k8sexpose.cloud.providers import LoadBalancerKind, _profiles
from tests.cloud.helpers import TARGET_TYPE, TYPE, address, manifest, stand
from tests.cloud.provider_facts import provider_facts

NAMES = ["generic", "aws", "gcp", "azure", "digitalocean", "linode", "metallb", "kind", "minikube"]


def test_these_are_the_providers() -> None:
    assert list(_profiles()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_unit_source_and_date(name: str) -> None:
    facts = provider_facts(name)
    assert facts
    for fact in facts:
        assert fact.unit and len(fact.source) > 20 and re.fullmatch(r"20\d\d-\d\d-\d\d", fact.date), fact
    optional = {
        "sticky",
        "source_ip",
        "cross_zone_by",
        "preserve_by",
        "weighted_by",
        "retry_s",
        "being_created",
        "not_with",
        "change_error",
        "probe_by",
        "first_passes",
        "router_hash",
        "detail",
        "name",
    }
    wanted = {field.name for field in fields(LoadBalancerKind)} - optional - {"title", "controller"}
    for kind in _profiles()[name].kinds:
        given = {fact.name.split(".")[2] for fact in facts if fact.name.startswith(f"kinds.{kind.name}.")}
        assert wanted <= given, f"{kind.name} lacks {wanted - given}"
        assert kind.data_path in ("node_port", "vip", "pod")
        assert kind.targets_s <= kind.provisioning_s


@pytest.mark.parametrize(
    ("name", "kind", "cluster_s", "local_s", "data_path"),
    [  # shared facts: health_checks and data_path of prices.json
        ("aws", "classic", 60, 60, "node_port"),
        ("aws", "nlb", 90, 20, "node_port"),
        ("aws", "nlb_instance", 30, 20, "node_port"),
        ("aws", "nlb_ip", 30, 30, "pod"),
        ("gcp", "target_pool", 24, 24, "vip"),
        ("gcp", "rbs", 24, 6, "vip"),
        ("azure", "standard", 10, 10, "vip"),
        ("azure", "no_floating_ip", 10, 10, "node_port"),
        ("digitalocean", "regional_network", 9, 9, "vip"),
        ("digitalocean", "regional", 9, 9, "node_port"),
        ("linode", "nodebalancer", 10, 10, "node_port"),
        ("generic", "l4", 20, 20, "node_port"),
    ],
)
def test_health_check_times(name: str, kind: str, cluster_s: float, local_s: float, data_path: str) -> None:
    found = kx.provider(name).kind(kind)
    assert found.check_cluster.seconds_to_unhealthy == cluster_s
    assert found.check_local.seconds_to_unhealthy == local_s
    assert found.data_path == data_path


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(ValueError, match="generic, aws, gcp, azure, digitalocean, linode, metallb, kind, minikube"):
        kx.Cluster(provider="openstack")
    with pytest.raises(ValueError, match="there are: no_subnets"):
        kx.provider("aws", fail="flood")
    with pytest.raises(ValueError, match="there are: l2, bgp"):
        kx.provider("metallb", mode="l3")
    with pytest.raises(ValueError, match=r"no range of addresses such as 198\.51\.100\.0/29"):
        kx.provider("metallb", pool="somewhere")
    with pytest.raises(ValueError, match="provider is a name"):
        kx.Cluster(provider=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("provider", "annotations", "pattern"),
    [
        ("generic", {}, r"198\.51\.100\.\d+"),
        ("gcp", {}, r"198\.51\.100\.\d+"),
        ("aws", {}, r"a[0-9a-f]{31}-\d{10}\.us-east-1\.elb\.amazonaws\.com"),
        ("aws", {TYPE: "nlb"}, r"a[0-9a-f]{31}-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com"),
        (
            "aws",
            {TYPE: "external", TARGET_TYPE: "instance"},
            r"k8s-default-web-[0-9a-f]{10}-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com",
        ),
    ],
)
def test_addresses_have_the_providers_form_and_stay(provider: str, annotations: dict[str, str], pattern: str) -> None:
    first, second = (stand([1, 1], provider, annotations) for _ in range(2))
    foreseen = front_door(first, first.service("web")).address
    first.advance(600)
    second.advance(600)
    assert re.fullmatch(pattern, foreseen)
    assert address(first) == address(second) == f"http://{foreseen}"


def test_no_two_load_balancers_have_one_address() -> None:
    cluster = kx.Cluster()
    for number in range(300):
        cluster.create(manifest(f"web-{number}"))
    cluster.advance(60)
    found = {service.load_balancer_ingress[0].ip for service in cluster.services if service.type == "LoadBalancer"}
    assert len(found) == 300


# Forms of the guides of Elastic Load Balancing, of external-dns (its endings by region), and of controllers that write
# a name they were told: do-loadbalancer-hostname, load-balancer.hetzner.cloud/hostname, hostname-only-ingress.
HOSTS = (
    ("my-lb-1234567890.us-east-2.elb.amazonaws.com", "classic"),
    ("internal-my-lb-1234567890.us-east-2.elb.amazonaws.com", "classic"),
    ("dualstack.my-lb-1234567890.us-east-2.elb.amazonaws.com", "classic"),
    ("a112853ad588a48f1a2-1234567890.us-gov-west-1.elb.amazonaws.com", "classic"),
    ("cluster-lb-123456.cn-north-1.elb.amazonaws.com.cn", "classic"),
    ("my-nlb-1234567890abcdef.elb.us-east-2.amazonaws.com", "nlb"),
    ("k8s-shop-web-70e14f892f-fc1139a735d6d8f9.elb.us-gov-east-1.amazonaws.com", "nlb"),
    ("a40ddad4121f74da6bee4dacbf056e87-0dcb806a4efcaaf2.elb.cn-northwest-1.amazonaws.com.cn", "nlb"),
    ("web.example.com", None), ("nb-192-0-2-1.frankfurt.nodebalancer.linode.com", None), ("", None),
    ("elb.amazonaws.com", None), ("lb.elb.amazonaws.com.example.org", None), ("[redacted].elb.amazonaws.com", None),
)  # fmt: skip


@pytest.mark.parametrize(("host", "kind"), HOSTS)
@pytest.mark.parametrize("asked", ["classic", "nlb"])
def test_only_a_name_that_aws_gave_tells_the_kind(host: str, kind: str | None, asked: str) -> None:
    annotations = {TYPE: "nlb"} if asked == "nlb" else {}
    web = Service("web", type="LoadBalancer", annotations=annotations, load_balancer_ingress=ingress(host))
    aws = kx.provider("aws")
    found = aws.kind_of(web)
    assert found is not None and found.name == (kind or asked)
    refused = aws.problem(web, aws.kind(asked)) is not None
    # The controller looks at the ending .elb.amazonaws.com alone: a Classic of China is an NLB to it.
    seen = "nlb" if host.endswith(".cn") else kind
    assert refused is (seen not in (None, asked))


def ingress(host: str) -> tuple[LoadBalancerIngress, ...]:
    return (LoadBalancerIngress(hostname=host),) if host else ()
