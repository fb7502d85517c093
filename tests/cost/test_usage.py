"""What of a cluster is billed: kinds of load balancers, quotas, orphans, bytes between zones."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from tests.cost.helpers import AWS, cost, manifest, three_zones

LBC = {f"{AWS}type": "external", f"{AWS}nlb-target-type": "instance"}


@pytest.mark.parametrize(
    ("annotations", "spec", "kind"),
    [
        ({}, {}, "Classic load balancer"),
        ({f"{AWS}type": "nlb"}, {}, "Network load balancer"),
        (LBC, {}, "Network load balancer"),
        ({}, {"loadBalancerClass": "service.k8s.aws/nlb"}, "Network load balancer"),
    ],
)
def test_annotations_choose_the_load_balancer(annotations: dict[str, str], spec: dict[str, Any], kind: str) -> None:
    bill = kx.bill(three_zones("aws", manifest(annotations=annotations, **spec)))
    assert kind in set(bill.items["name"])
    assert bill.load_balancers == 1


@pytest.mark.parametrize(
    ("annotations", "public"),
    [
        ({f"{AWS}type": "nlb"}, True),
        ({f"{AWS}type": "nlb", f"{AWS}internal": "true"}, False),
        ({f"{AWS}type": "nlb", f"{AWS}internal": "false"}, True),
        # The AWS load balancer controller keeps to itself unless told.
        (LBC, False),
        ({**LBC, f"{AWS}scheme": "internet-facing"}, True),
        # The in-tree controller does not read the scheme.
        ({f"{AWS}type": "nlb", f"{AWS}scheme": "internal"}, True),
    ],
)
def test_internal_load_balancers_have_no_public_address(annotations: dict[str, str], public: bool) -> None:
    bill = kx.bill(three_zones("aws", manifest(annotations=annotations)))
    assert (cost(bill, "Public IPv4") == pytest.approx(3 * 730 * 0.005)) is public


def test_azure_services_share_a_load_balancer_and_may_share_an_address() -> None:
    own = kx.bill(three_zones("azure", *(manifest(f"web-{k}") for k in range(50))), gb_per_month=0)
    pip = {"service.beta.kubernetes.io/azure-pip-name": "shared"}
    shared = kx.bill(
        three_zones("azure", *(manifest(f"web-{k}", pip) for k in range(50))),
        gb_per_month=0,
    )
    assert own.load_balancers == shared.load_balancers == 1
    assert own.total_per_month - shared.total_per_month == pytest.approx(49 * 3.65)
    assert {use.name: use.used for use in own.quotas}["rules_per_nic"] == 50
    assert [use.name for use in own.over_quota] == ["standard_public_ips_per_subscription_region_payg"]


def test_ports_are_rules_on_azure_and_free_on_aws_and_gcp() -> None:
    ports = [{"name": f"p{k}", "port": 80 + k, "targetPort": 8080} for k in range(7)]
    for provider, more in (("azure", 2 * 730 * 0.01), ("gcp", 0), ("aws", 0)):
        one, many = (three_zones(provider, manifest(**spec)) for spec in ({}, {"ports": ports}))
        assert kx.bill(many).total_per_month - kx.bill(one).total_per_month == pytest.approx(more)


def test_services_beyond_a_quota_are_billed_and_reported() -> None:
    nlb = [manifest(f"web-{k}", {f"{AWS}type": "nlb"}) for k in range(51)]
    bill = kx.bill(three_zones("aws", *nlb), gb_per_month=0)
    assert cost(bill, "Network load balancer") == pytest.approx(51 * 730 * 0.0225)
    assert [str(use) for use in bill.over_quota] == ["nlb_per_region: 51 of 50, too many"]
    frame = kx.compare_exposure(51)
    assert frame["over_quota"].to_dict()["one_lb_each"]
    assert not frame["over_quota"].to_dict()["one_ingress"]
    assert kx.compare_exposure(21, load_balancer="classic").loc["one_lb_each", "quota"] == 20


def test_bytes_beyond_a_quota_cross_zones_too() -> None:
    nlb = [manifest(f"web-{k}", {f"{AWS}type": "nlb"}) for k in range(52)]
    assert cost(kx.bill(three_zones("aws", *nlb), gb_per_month=300), "cross-zone") == pytest.approx(200 * 0.02)


def test_what_the_cloud_forgot_is_billed() -> None:
    found = three_zones("aws", manifest())
    found.advance(1000)
    before = kx.bill(found, gb_per_month=0)
    external = {f"{AWS}type": "external", f"{AWS}nlb-target-type": "instance", f"{AWS}scheme": "internet-facing"}
    found.apply(manifest(annotations=external))
    found.advance(1000)
    after = kx.bill(found, gb_per_month=0)
    assert (before.load_balancers, after.load_balancers) == (1, 2)
    orphan, new = 730 * (0.025 + 3 * 0.005), 730 * (0.0225 + 3 * 0.005)
    assert before.total_per_month == pytest.approx(orphan)
    assert after.total_per_month == pytest.approx(orphan + new)


def test_source_ranges_let_somebody_in() -> None:
    ranges = {"loadBalancerSourceRanges": ["192.0.2.0/24"]}
    bill = kx.bill(three_zones("gcp", manifest(**ranges)), gb_per_month=300)
    assert cost(bill, "cross-zone") == pytest.approx(200 * 0.01)


def test_traffic_by_service() -> None:
    local = {f"{AWS}type": "nlb"}
    found = three_zones("aws", manifest("a", local), manifest("b", local, externalTrafficPolicy="Local"))
    assert cost(kx.bill(found, traffic_gb={"default/b": 900}), "cross-zone") == 0
    assert cost(kx.bill(found, traffic_gb={"a": 900}), "cross-zone") == pytest.approx(600 * 0.02)
    with pytest.raises(ValueError, match=r"default/c; the exposed Services are: default/a, default/b"):
        kx.bill(found, traffic_gb={"default/c": 1})


def test_a_nodeport_costs_the_bytes_that_cross_only() -> None:
    found = three_zones("aws", manifest(type="NodePort"))
    bill = kx.bill(found, gb_per_month=300)
    assert bill.load_balancers == 0
    assert bill.total_per_month == pytest.approx(200 * 0.02)


def test_services_that_nobody_serves_are_not_billed() -> None:
    assert kx.bill(three_zones("aws", manifest(loadBalancerClass="example.com/other"))).items.empty
    for provider in (None, "kind", "minikube"):
        bill = kx.bill(three_zones(provider, manifest()))
        assert (bill.total_per_month, bill.load_balancers) == (0, 0)


def test_metallb_gives_addresses_only() -> None:
    bill = kx.bill(three_zones("metallb", manifest("a"), manifest("b")))
    assert (bill.total_per_month, bill.load_balancers) == (0, 0)
    assert list(bill.items["monthly_quantity"]) == [2]
    assert [str(use) for use in bill.quotas] == ["ip_pool: 2 of 256"]
    small = three_zones(kx.provider("metallb", pool="198.51.100.0/31"), *(manifest(f"web-{k}") for k in range(3)))
    assert [str(use) for use in kx.bill(small).over_quota] == ["ip_pool: 3 of 2, too many"]


@pytest.mark.parametrize(("kind", "total"), [({}, 45), ({"do-loadbalancer-type": "REGIONAL"}, 36)])
def test_digitalocean_charges_for_the_nodes_of_a_load_balancer(kind: dict[str, str], total: float) -> None:
    asked = {f"service.beta.kubernetes.io/{key}": value for key, value in kind.items()}
    annotations = {**asked, "service.beta.kubernetes.io/do-loadbalancer-size-unit": "3"}
    assert kx.bill(three_zones("digitalocean", manifest(annotations=annotations))).total_per_month == total


def test_an_outbound_rule_is_azures() -> None:
    bills = [kx.bill(three_zones("linode", manifest()), outbound_rule=rule) for rule in (False, True)]
    assert bills[0].items.equals(bills[1].items)


def test_a_line_has_the_unit_of_its_price() -> None:
    bill = kx.bill(three_zones("gcp", manifest()), region="us-central1", gb_per_month=100)
    assert set(bill.items["unit"]) >= {"GiB"}
