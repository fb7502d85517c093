"""What the engineer of an ordinary cluster reads: no sentence that is true elsewhere only, no number that is left out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cost.prices import price_book
from k8sexpose.report.entrance_map import entrance_map
from k8sexpose.report.finding_cards import finding_cards
from k8sexpose.report.finding_sources import SOURCES
from k8sexpose.report.findings import SHOWN_BY, Finding
from tests.cloud.test_shared_entries import dump, gateway, ingress
from tests.report.helpers import LB, cluster_of


def of_one_node(provider: str, spec: dict[str, Any]) -> kx.Review:
    cluster = kx.Cluster(nodes=1, provider=provider)
    cluster.deploy("web", per_node=[1])
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {**LB, **spec}})
    return kx.review(cluster)


def test_the_bill_says_which_traffic_it_does_not_count() -> None:
    made = kx.review(dump(ingress("a", service="inside"), provider="aws"))
    said = "Traffic through Ingress default/a is not known and not counted"
    assert said in made.to_markdown() and any(said in one for one in made.assumptions)
    assert "not counted" not in kx.review(cluster_of({})).to_markdown()


def test_an_ingress_without_its_service_is_marked() -> None:
    made = ingress("a")
    made["spec"]["defaultBackend"] = {"service": {"name": "nowhere", "port": {"number": 80}}}
    text = kx.review(dump(made, provider="aws")).to_markdown()
    assert "default/nowhere (no such Service)" in text and "default/web (no such Service)" not in text


def test_a_gateway_listens_on_its_own_ports() -> None:
    made = kx.review(dump(*gateway("gke-l7-global-external-managed", "203.0.113.9"), provider="gcp"))
    listeners = {one["port"] for one in gateway("x", "203.0.113.9")[0]["spec"]["listeners"]}
    assert {one.address for one in made.internet} == {f"203.0.113.9:{port}" for port in listeners}
    assert "Gateway default/edge by 203.0.113.9" in entrance_map(made)


def test_in_layer_2_nobody_is_told_to_spread_pods() -> None:
    compared = kx.review(cluster_of({}, provider="metallb")).service("web").comparison
    assert compared is not None and "however they are spread" in " ".join(compared.advice.reasons)
    assert "would remove the skew" not in " ".join(compared.advice.reasons)
    local = kx.review(cluster_of({"externalTrafficPolicy": "Local"}, provider="metallb", per_node=(1, 0, 0)))
    [one] = [one for one in local.findings if one.kind == "local-without-pods"]
    assert "announces the address" in one.why and "cloud" not in str(one)


def test_one_node_has_no_other_node() -> None:
    made = of_one_node("kind", {"type": "NodePort"}).service("web").comparison
    assert made is not None and "there is no other node" in made.local.failure
    assert (made.local.cost, made.cluster.cost) == (0, 0), "nobody charges for what kind does"


@pytest.mark.parametrize(("provider", "way"), [("kind", "cloud-provider-kind"), ("minikube", "minikube tunnel")])
def test_a_pending_load_balancer_on_ones_own_machine_has_a_way_out(provider: str, way: str) -> None:
    made = of_one_node(provider, {})
    assert [way in one.fix for one in made.findings if one.kind == "pending"] == [True]
    assert "nobody through a load balancer" in made.service("web").reached_by
    assert 'stroke-dasharray="2 4"' in entrance_map(made), "nothing arrives at it"


def test_money_has_its_currency_everywhere() -> None:
    cluster = cluster_of({}, provider="aws")
    text = kx.review(cluster).to_markdown()
    assert re.search(r"which adds [0-9.]+ USD to the bill", text)
    assert not re.search(r"which adds [0-9.]+ to", text)


def test_a_price_that_nobody_shows_is_never_a_silent_zero() -> None:
    made = kx.review(cluster_of({}, provider="generic"))
    assert made.bill.total_per_month is None
    assert "unknown: the price book has no price for Load balancer" in made.to_markdown()
    assert "| no price in the book |  | no price in the book |" in made.to_markdown()


def test_what_is_said_of_many_services_is_one_card() -> None:
    said = [Finding("pending", "problem", f"a/s{n}", "It waits.", "Because.", "Wait.", f"look s{n}") for n in range(3)]
    cards = list(finding_cards([*said, Finding("pending", "problem", "a/t", "It waits.", "Else.", "Wait.")]))
    assert [card.about for card in cards] == ["3 Services", "a/t"]
    assert ("Services", "a/s0, a/s1, a/s2") in cards[0].lines


def test_every_kind_of_finding_has_a_source_and_each_address_is_of_https() -> None:
    assert set(SHOWN_BY) - set(SOURCES) == {"quota"}, "a quota has the source of its number"
    urls = [one.url for one in SOURCES.values()] + [row.url for row in price_book().prices if row.url]
    assert len(urls) > 100 and all(url.startswith("https://") for url in urls)
    with pytest.raises(ValueError, match=r"sources\.mine\.url is an address that begins with https://"):
        price_book({"sources": {"mine": {"title": "Mine", "url": "javascript:alert(1)"}}})


ZONES = ("us-east-1a", "us-east-1a", "us-east-1b")
ADVANCED = "service.beta.kubernetes.io/aws-load-balancer-"


@pytest.mark.parametrize("crosses", [False, True])
def test_zones_with_unequally_many_pods_are_named_where_the_load_balancer_delivers_to_pods(crosses: bool) -> None:
    provider = kx.provider("aws", load_balancer_controller=True)
    nodes = [kx.Node(f"n{n}", (f"10.0.0.{n}",), zone=zone) for n, zone in enumerate(ZONES, 1)]
    cluster = kx.Cluster(nodes=nodes, provider=provider)
    cluster.deploy("web", per_node=[2, 1, 1])
    annotations = {f"{ADVANCED}type": "external", f"{ADVANCED}nlb-target-type": "ip"}
    if crosses:
        annotations[f"{ADVANCED}attributes"] = "load_balancing.cross_zone.enabled=true"
    metadata = {"name": "web", "annotations": annotations}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": LB})
    cluster.advance(600)
    made = kx.review(cluster)
    found = [one for one in made.findings if one.kind == "uneven-zones"]
    assert [one.what for one in found] == ([] if crosses else ["The busiest Pod gets 2.00 times the mean."])
    assert all("us-east-1a: 3, us-east-1b: 1" in one.why and "cross_zone" in one.fix for one in found)
    compared = made.service("web").comparison
    assert compared is not None and len(compared.advice.reasons) == (1 if crosses else 2)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (("2024-05 and later", "2024-08-30 / 2026-04-03", "undated copy"), "2024-05 to 2026-04-03"),
        (("2026-09-11..21",), "2026-09-11"),
        (("undated copy; list not older than mid-2016",), ""),
    ],
)
def test_the_dates_of_prices_are_dates(dates: tuple[str, ...], words: str) -> None:
    made = kx.review(cluster_of({}, provider="aws"))
    items = made.estimate.items.head(1).loc[[0] * len(dates)].assign(as_of=list(dates))
    page = replace(made, estimate=replace(made.estimate, items=items)).to_markdown()
    head = page.partition("## ")[0]
    assert (f"its prices are of {words}." in head) if words else ("its prices" not in head)


def test_what_one_node_alone_has_is_said_of_one() -> None:
    made = kx.review(cluster_of({"externalTrafficPolicy": "Local"}, per_node=(1, 1, 0)))
    assert [one.what for one in made.findings] == ["Local, and 1 of 3 nodes has no ready Pod."]
    assert [(one.why, one.fix) for one in made.findings] == [
        ("Its health check answers 503 on purpose: a red target in the cloud's console is no incident.",
         "Nothing. A client that uses the nodePort of this node gets a timeout.")
    ]  # fmt: skip


def test_the_traffic_is_shared_by_those_who_get_some() -> None:
    one = cluster_of({}, provider="aws")
    assert "evenly over the exposed Services." in kx.review(one).to_markdown()
    ports = [{"name": p, "port": 53, "targetPort": 8080, "protocol": p.upper()} for p in ("tcp", "udp")]
    refused = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "dns"}, "spec": {**LB, "ports": ports}}
    one.apply(refused)
    made = kx.review(one)
    told = " ".join(made.assumptions)
    assert made.sharing == 1 and "evenly over 1 of the 2 exposed Services; none for default/dns, which gets no" in told
    assert "a share" not in told and "pending" not in told
    [pending] = [found for found in made.findings if found.kind == "pending"]
    assert pending.cause_known and pending.fix.startswith("Remove this cause")
    for name in ("web-1", "web-2", "web-3"):
        one.set_ready(name, False)
    assert "default/web has a share, although no Pod answers there now" in " ".join(kx.review(one).assumptions)


def test_a_pending_load_balancer_that_is_counted_is_said() -> None:
    cluster = kx.Cluster(nodes=3, provider="gcp")
    cluster.deploy("web", per_node=[1, 1, 1])
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": LB})
    assert "default/web counts as if no address were pending" in " ".join(kx.review(cluster).assumptions)


def test_a_table_of_findings_has_few_columns_and_whole_commands() -> None:
    """With a column for each text the longest one is two words a line, and the command is cut."""
    page = kx.review(cluster_of({"externalTrafficPolicy": "Local"}, per_node=(3, 1, 0)))._repr_html_()
    assert page.count("<th ") == 3 and "table-layout: auto" in page
    assert '<code style="white-space: pre-wrap">kubectl get endpointslices -n default' in page


def test_costs_of_a_policy_have_their_currency() -> None:
    one = kx.review(cluster_of({}, provider="aws")).service("web").comparison
    assert one is not None and " USD</td>" in one._repr_html_()
    assert "cost of this Service alone, in a month" in one._repr_html_()


def test_who_passes_by_the_source_ranges_is_said_in_words() -> None:
    made = kx.review(cluster_of({"loadBalancerSourceRanges": ["198.51.100.0/24"]}))
    [found] = [one for one in made.findings if one.kind == "source-ranges-bypassed"]
    assert found.why.startswith("Whoever can reach a node is answered at 10.0.0.1:") and "192.0.2" not in found.why


def test_who_reaches_a_service_is_one_sentence_and_an_internal_one_of_google_has_no_target_pool() -> None:
    internal = {"networking.gke.io/load-balancer-type": "Internal"}
    made = {}
    for name, asked in (("out", {}), ("in", internal)):
        cluster = kx.Cluster(nodes=1, provider="gcp")
        cluster.deploy("web", per_node=[1])
        metadata = {"name": "web", "annotations": asked}
        cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": LB})
        cluster.advance(300)
        made[name] = kx.review(cluster).service("web").reached_by.partition(";")[0]
    assert made == {
        "out": "internet, through a passthrough network load balancer (target pool)",
        "in": "private network only, through an internal passthrough network load balancer",
    }
