"""Ingresses and Gateways: who serves them, what is billed for them, what the report says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cloud.shared_entries import shared_entries
from k8sexpose.router.reach import internet_entrances
from tests.cloud.helpers import manifest

ALB = "alb.ingress.kubernetes.io/"
HOST = "k8s-shop-web-0123456789-123.us-east-1.elb.amazonaws.com"


def ingress(
    name: str, class_name: str | None = "alb", host: str = "", service: str = "web", to: str = "", **notes: str
) -> dict[str, Any]:
    rule: dict[str, Any] = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
        "service": {"name": service, "port": {"number": 80}}}}]}}  # fmt: skip
    if host:
        rule["host"] = host
    spec: dict[str, Any] = {"rules": [rule]} | ({"ingressClassName": class_name} if class_name else {})
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec}
    made["metadata"]["annotations"] = {
        key.replace("_", "-") if "/" in key else key: text for key, text in notes.items()
    }
    if to:
        made["status"] = {"loadBalancer": {"ingress": [{"hostname" if "." in to and to[0] == "k" else "ip": to}]}}
    return made


def gateway(class_name: str, address: str = "") -> list[dict[str, Any]]:
    api = "gateway.networking.k8s.io/v1"
    listeners = [{"name": "https", "protocol": "HTTPS", "port": 443, "hostname": "a.example"}]
    made = {"apiVersion": api, "kind": "Gateway", "metadata": {"name": "edge"}, "spec": {
        "gatewayClassName": class_name, "listeners": listeners}}  # fmt: skip
    if address:
        made["status"] = {"addresses": [{"type": "IPAddress", "value": address}]}
    route = {"apiVersion": api, "kind": "HTTPRoute", "metadata": {"name": "r"}, "spec": {
        "parentRefs": [{"name": "edge"}], "hostnames": ["b.example"],
        "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}}  # fmt: skip
    return [made, route]


def dump(*objects: dict[str, Any], provider: str | None) -> kx.Cluster:
    nodes = [
        {"kind": "Node", "metadata": {"name": f"n{k}", "labels": {"topology.kubernetes.io/zone": f"z{k}"}},
         "status": {"addresses": [{"type": "InternalIP", "address": f"10.0.0.{k}"}]}}
        for k in (1, 2, 3)
    ]  # fmt: skip
    port = {"port": 80, "targetPort": 8080, "nodePort": 30080}
    web = manifest(type="NodePort", clusterIP="10.96.0.7", ports=[port])
    return kx.Cluster.from_json({"items": [*nodes, web, *objects]}, provider=provider)


def lines(cluster: kx.Cluster) -> dict[str, float]:
    items = kx.bill(cluster, gb_per_month=0).items
    return dict(zip(items["name"], items["monthly_quantity"], strict=True))


def test_an_alb_for_each_ingress_and_one_for_each_group() -> None:
    group = {f"{ALB}group.name": "shop"}
    cluster = dump(ingress("a"), ingress("b"), ingress("c", **group), ingress("d", **group), provider="aws")
    assert [one.billed_as for one in shared_entries(cluster)] == ["alb"] * 4
    assert lines(cluster)["Application load balancer"] == 3 * 730
    assert "Public IPv4 address" not in lines(cluster)  # internal unless the scheme says otherwise
    facing = dump(ingress("a", **{f"{ALB}scheme": "internet-facing"}), provider="aws")
    assert lines(facing)["Public IPv4 address"] == 3 * 730
    assert kx.bill(facing, gb_per_month=500).items["name"].str.contains("LCU").any()


@pytest.mark.parametrize("class_name", ["nginx", "traefik", "openshift-default"])
def test_an_ingress_of_a_controller_in_the_cluster_costs_nothing_of_its_own(class_name: str) -> None:
    cluster = dump(ingress("a", class_name, to="203.0.113.9"), provider="aws")
    [one] = shared_entries(cluster)
    assert one.known and one.billed_as == "" and "in the cluster" in one.made_by
    assert not lines(cluster) and not internet_entrances(cluster)


def test_a_class_that_nobody_knows_is_not_guessed() -> None:
    [one] = shared_entries(dump(ingress("a", "ours"), provider="azure"))
    assert not one.known and one.made_by == "not known: the class ours" and one.billed_as == ""
    [one] = shared_entries(dump(ingress("a", None), provider="aws"))
    assert one.made_by == "not known: the default class, which is not in the dump"


def test_without_a_class_the_address_or_the_cloud_tells() -> None:
    assert [one.billed_as for one in shared_entries(dump(ingress("a", None, to=HOST), provider="aws"))] == ["alb"]
    assert [one.billed_as for one in shared_entries(dump(ingress("a", None), provider="gcp"))] == ["forwarding_rule"]


def test_google_counts_a_rule_for_each_protocol() -> None:
    made = ingress("a", "gce", to="203.0.113.9")
    made["spec"]["tls"] = [{"secretName": "t"}]
    cluster = dump(made, ingress("b", "gce-internal"), *gateway("gke-l7-rilb"), provider="gcp")
    assert [one.internal for one in shared_entries(cluster)] == [True, False, True]
    assert lines(cluster)["Forwarding rules, the first 5 together"] == 730  # 2 + 1 + 2 rules
    assert [one.address for one in internet_entrances(cluster)] == ["203.0.113.9:80", "203.0.113.9:443"]


def test_all_ingresses_of_azure_share_one_gateway_whose_price_is_not_known() -> None:
    azure = "azure-application-gateway"
    cluster = dump(ingress("a", azure), ingress("b", azure), provider="azure")
    assert lines(cluster)["Application gateway"] == 730
    assert kx.bill(cluster, gb_per_month=0).total_per_month is None
    assert kx.review(cluster).bill.load_balancers == 1


def test_a_gateway_has_the_hosts_and_services_of_its_routes() -> None:
    [one] = shared_entries(dump(*gateway("istio", "203.0.113.9"), provider="aws"))
    assert (one.hosts, one.services, one.tls) == (("a.example", "b.example"), ("default/web",), True)
    assert one.billed_as == "" and one.addresses == ("203.0.113.9",)


def test_an_alb_whose_controller_is_missing_is_made_by_nobody() -> None:
    cluster = dump(ingress("a"), provider=None)
    made = kx.review(cluster, provider="aws")  # no Pod of the controller is in the dump
    assert "Application load balancer" not in set(made.bill.items["name"])
    assert "nobody: the AWS load balancer controller is not installed" in made.to_markdown()


def test_the_report_lists_them_and_hides_their_names() -> None:
    scheme = {f"{ALB}scheme": "internet-facing", f"{ALB}group.name": "secret-group"}
    made = ingress("secret-name", host="secret.example", to=HOST, **scheme)
    cluster = dump(made, *gateway("secret-class"), provider="aws")
    open_report = kx.review(cluster)
    text = open_report.to_markdown().replace("\\", "")
    assert "## Ingresses and Gateways" in text and "secret.example" in text and "default/web" in text
    assert f"{HOST}:80" in text.partition("## What the internet reaches")[2]
    told = json.loads(open_report.to_json())
    assert [one["name"] for one in told["shared_entries"]] == ["default/edge", "default/secret-name"]
    assert {one["kind"] for one in told["internet"]} == {"Ingress"} and told["lacks"] == list(open_report.lacks)
    hidden = kx.review(cluster, anonymise=True)
    assert "secret" not in hidden.to_markdown() + hidden.to_json() and "Ingresses and Gateways" in hidden.to_markdown()
    assert hidden.bill.total_per_month == open_report.bill.total_per_month > 0


@pytest.mark.parametrize("spec", [None, [], "x", {"rules": {}}, {"rules": ["x"]}, {"rules": [{"http": []}]}])
def test_ingresses_of_a_wrong_form_end_no_report(spec: object) -> None:
    odd = {"kind": "Ingress", "metadata": {"name": "a"}, "spec": spec, "status": {"loadBalancer": [1]}}
    assert kx.review(dump(odd, provider="aws")).to_markdown()
