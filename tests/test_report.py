"""The report on a real cluster: findings, the two policies, escaping, anonymity, the command."""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose import cli
from k8sexpose.report.assumptions import guess_provider, guess_region
from k8sexpose.report.document import marked
from k8sexpose.report.findings import FINDERS, Finding
from k8sexpose.traffic.policy_comparison import crossovers
from tools import sample_cluster

SAMPLE = kx.example("sample-cluster")
LB: dict[str, Any] = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}


def cluster_of(spec: dict[str, Any], *, provider: Any = "generic", per_node: tuple[int, ...] = (1, 1, 1)) -> kx.Cluster:
    """Make three nodes, Pods of an app, and one Service whose load balancer is up."""
    cluster = kx.Cluster(nodes=3, provider=provider)
    cluster.deploy("web", per_node=list(per_node))
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {**LB, **spec}})
    cluster.advance(300)
    return cluster


def kinds(cluster: kx.Cluster, **options: Any) -> set[str]:
    return {finding.kind for finding in kx.review(cluster, **options).findings}


@pytest.fixture(scope="module")
def sample() -> kx.Review:
    return kx.review(kx.Cluster.from_json(SAMPLE))


# -- findings ----------------------------------------------------------------------------------------------------------


def test_a_sound_cluster_has_no_finding() -> None:
    assert kinds(cluster_of({})) == set()


UNREADY: Callable[[kx.Cluster], Any] = lambda c: [c.set_ready(f"web-{n}", False) for n in (1, 2, 3)]  # noqa: E731


@pytest.mark.parametrize(
    ("spec", "change", "words"),
    [
        ({"selector": {"app": "wbe"}}, None, "matches no Pod"),
        ({"selector": {"app": "web", "tier": "x"}}, None, "matches no Pod"),
        ({"selector": {"app": "webs"}}, None, "web-1 misses it by one label: app=web"),
        ({}, UNREADY, "not ready: web-1, web-2, web-3"),
        ({"ports": [{"port": 80, "targetPort": "http"}]}, None, "targetPort http is a name"),
        ({"selector": None}, None, "no selector"),
    ],
)
def test_no_endpoints_and_why(spec: dict[str, Any], change: Any, words: str) -> None:
    cluster = cluster_of(spec)
    if change:
        change(cluster)
    found = [one for one in kx.review(cluster).findings if one.kind == "no-endpoints"]
    assert len(found) == 1 and words in found[0].why and found[0].severity == "problem"


def test_pods_in_another_namespace_are_pointed_at() -> None:
    cluster = kx.Cluster(nodes=1)
    cluster.deploy("web", per_node=[1], namespace="prod")
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": LB})
    assert any("namespace prod" in one.why for one in kx.review(cluster).findings)


def node_port(number: int) -> dict[str, Any]:
    return {"type": "NodePort", "ports": [{"port": 80, "targetPort": 8080, "nodePort": number}]}


@pytest.mark.parametrize(
    ("spec", "per_node", "options", "kind", "there"),
    [
        (node_port(31500), (1, 1, 1), {}, "pinned-node-port", True),
        (node_port(30086), (1, 1, 1), {}, "pinned-node-port", True),
        (node_port(30085), (1, 1, 1), {}, "pinned-node-port", False),
        ({"type": "NodePort"}, (1, 1, 1), {}, "pinned-node-port", False),
        ({"loadBalancerSourceRanges": ["198.51.100.0/24"]}, (1, 1, 1), {}, "source-ranges-bypassed", True),
        ({"loadBalancerSourceRanges": ["0.0.0.0/0"]}, (1, 1, 1), {}, "source-ranges-bypassed", False),
        (
            {"loadBalancerSourceRanges": ["198.51.100.0/24"], "externalTrafficPolicy": "Local"},
            (0, 0, 1), {}, "source-ranges-bypassed", True,
        ),
        ({"externalTrafficPolicy": "Local"}, (1, 1, 0), {}, "local-without-pods", True),
        ({"externalTrafficPolicy": "Local"}, (1, 1, 1), {}, "local-without-pods", False),
        ({"externalTrafficPolicy": "Cluster"}, (1, 1, 0), {}, "local-without-pods", False),
        ({"externalTrafficPolicy": "Local"}, (3, 1, 1), {}, "uneven-local", True),
        ({"externalTrafficPolicy": "Local"}, (2, 2, 2), {}, "uneven-local", False),
        ({"externalTrafficPolicy": "Cluster"}, (3, 1, 1), {}, "uneven-local", False),
        ({"sessionAffinity": "ClientIP"}, (1, 1, 1), {}, "affinity-without-source", True),
        ({"sessionAffinity": "ClientIP", "externalTrafficPolicy": "Local"}, (1, 1, 1), {}, "affinity-without-source", False),
        ({"ports": [{"port": 80, "targetPort": 9999}]}, (1, 1, 1), {}, "undeclared-port", True),
        ({}, (1, 1, 1), {}, "undeclared-port", False),
        ({"allocateLoadBalancerNodePorts": False}, (1, 1, 1), {}, "no-node-port", True),
    ],
)  # fmt: skip
def test_finding_present_and_absent(
    spec: dict[str, Any], per_node: tuple[int, ...], options: dict[str, Any], kind: str, there: bool
) -> None:
    assert (kind in kinds(cluster_of(spec, per_node=per_node), **options)) is there


def test_a_port_that_no_container_declares() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("web", per_node=[1, 1, 1], port=8080, container_port=8080)
    spec = {**LB, "ports": [{"port": 80, "targetPort": 9999}]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    made = kx.review(cluster)
    assert "undeclared-port" in {one.kind for one in made.findings}
    one = made.service("web").comparison
    assert one is not None and one.cluster.lost == 0, "an endpoint counts as answered: containerPort is documentation"


MIXED = {"ports": [{"name": "t", "port": 53}, {"name": "u", "port": 53, "protocol": "UDP"}]}


@pytest.mark.parametrize(
    ("provider", "spec", "found", "words"),
    [
        ("aws", MIXED, {"pending", "mixed-protocols"}, "mixed protocol"),
        ("gcp", {}, set(), ""),
        (None, {}, {"pending"}, "no controller here"),
        ("kind", {}, {"pending"}, "no controller here"),
        (kx.provider("generic", quota=1), {}, set(), ""),
        ("generic", {"loadBalancerClass": "acme.example/lb"}, {"pending"}, "no controller here"),
    ],
)
def test_pending_and_its_reason(provider: Any, spec: dict[str, Any], found: set[str], words: str) -> None:
    cluster = cluster_of(spec, provider=provider)
    made = kx.review(cluster, provider="kind" if provider is None else None)
    assert {one.kind for one in made.findings} & {"pending", "mixed-protocols"} == found
    assert all(words in one.why for one in made.findings if one.kind == "pending")


def test_pending_beyond_a_quota() -> None:
    cluster = cluster_of({}, provider=kx.provider("aws", quota=1))
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "more"}, "spec": LB})
    made = kx.review(cluster)
    pending = [one for one in made.findings if one.kind == "pending"]
    assert [one.service for one in pending] == ["default/more"] and "TooMany" in pending[0].why
    assert made.service("more").comparison is not None, "weighed as if it had its load balancer"


@pytest.mark.parametrize(("count", "severity"), [(10, None), (16, "warning"), (21, "problem")])
def test_quota(count: int, severity: str | None) -> None:
    cluster = kx.Cluster(nodes=1, provider="aws")  # 20 Classic Load Balancers in a region
    for number in range(count):
        cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{number}"}, "spec": LB})
    found = [one for one in kx.review(cluster).findings if one.kind == "quota"]
    assert [one.severity for one in found] == ([severity] if severity else [])


def test_no_node_may_be_a_target() -> None:
    label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    cluster = kx.Cluster(nodes=[kx.Node("n1", addresses=("10.0.0.1",), labels=label)])
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": LB})
    assert "no-targets" in kinds(cluster)


def test_every_finder_speaks_on_some_cluster(sample: kx.Review) -> None:
    assert len(FINDERS) == 11
    assert {one.kind for one in sample.findings} >= {
        "no-endpoints", "pending", "mixed-protocols", "pinned-node-port", "source-ranges-bypassed",
        "local-without-pods", "uneven-local",
    }  # fmt: skip
    reasons = " ".join(one.why for one in sample.findings if one.kind == "no-endpoints")
    assert "app=order matches no Pod" in reasons and "not ready" in reasons and "is a name" in reasons


def test_uneven_by_nodes_or_by_zones(sample: kx.Review) -> None:
    [zones] = [one.why for one in sample.findings if one.kind == "uneven-local"]
    assert zones == "The load balancer deals to zones, then to nodes, and they have 3, 1, 1, 1, 1, 1, 1 ready Pods."
    plain = kx.review(cluster_of({"externalTrafficPolicy": "Local"}, per_node=(3, 1, 1))).findings
    [nodes] = [one.why for one in plain if one.kind == "uneven-local"]
    assert nodes == "The load balancer deals to nodes, and they have 3, 1, 1 ready Pods."


# -- both policies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("per_node", "hottest"), [((2, 1, 0), 1.5), ((1, 1, 1), 1.0), ((3, 1, 1), 5 / 3)])
def test_the_views_are_the_routers(per_node: tuple[int, ...], hottest: float) -> None:
    cluster = cluster_of({}, per_node=per_node)
    one = kx.review(cluster).service("web").comparison
    assert one is not None
    for policy, view in one.views.items():
        cluster.patch("web", {"spec": {"externalTrafficPolicy": policy}})
        assert view.shares == kx.shares(cluster, "web")
    assert one.local.hottest == pytest.approx(hottest) and one.cluster.hottest == 1
    assert one.cluster.source == "a node's address" and one.local.source == "the client's address"


def test_latency_agrees_with_the_simulation() -> None:
    cluster = cluster_of({}, per_node=(2, 1, 0))
    one = kx.review(cluster, utilisation=0.5).service("web").comparison
    assert one is not None
    for policy, view in one.views.items():
        cluster.patch("web", {"spec": {"externalTrafficPolicy": policy}})
        drawn = kx.simulate(cluster, "web", requests=200_000, rate_rps=150, clients=5000)
        assert drawn.mean_ms == pytest.approx(view.mean_ms, rel=0.05)
        assert drawn.summary["p99_ms"] == pytest.approx(view.p99_ms, rel=0.08)


def test_the_advice_turns_where_it_says() -> None:
    cluster = cluster_of({}, per_node=(2, 1, 0))
    one = kx.review(cluster).service("web").comparison
    assert one is not None and one.turns_at_p99 is not None and one.turns_at is not None
    assert one.turns_at_p99 < one.turns_at
    for step, policy in ((-0.01, "Local"), (0.01, "Cluster")):
        found = kx.review(cluster, utilisation=one.turns_at_p99 + step).service("web").comparison
        assert found is not None and found.advice.policy == policy


def test_the_turn_is_that_of_lesson_5() -> None:
    cluster = cluster_of({}, per_node=(2, 1, 0))
    one = kx.review(cluster).service("web").comparison
    found = crossovers(tuple(kx.both_policies(cluster, "web").values()), "web")
    assert one is not None and sorted(found.values()) == pytest.approx([one.turns_at_p99, one.turns_at], abs=0.002)
    assert "<table" in one._repr_html_() and "recommended Cluster" in repr(one) and "It turns" in str(one)


def test_even_placement_never_turns() -> None:
    one = kx.review(cluster_of({})).service("web").comparison
    assert one is not None and one.turns_at == 1 and one.advice.policy == "Local"


def test_local_that_loses_is_not_recommended() -> None:
    one = kx.review(cluster_of({"type": "NodePort", "externalTrafficPolicy": "Local"}, per_node=(1, 0, 0)))
    found = one.service("web").comparison
    assert found is not None and found.advice.policy == "Cluster" and found.local.lost == pytest.approx(2 / 3)


def test_an_overloaded_pod_is_said() -> None:
    made = kx.review(cluster_of({}, per_node=(4, 1, 0)), utilisation=0.9)
    assert "overloaded" in made.to_markdown()


def test_the_crash_is_the_models() -> None:
    one = kx.review(cluster_of({})).service("web").comparison
    assert one is not None and "55.6%" in one.cluster.failure and "50 s" in one.cluster.failure
    assert "33.3%" in one.local.failure and "20 s" in one.local.failure


def test_the_crash_of_a_service_with_source_ranges(sample: kx.Review) -> None:
    one = sample.service("payments/checkout").comparison
    assert one is not None and "100%" not in one.cluster.failure


def test_costs_differ_by_the_bytes_between_zones() -> None:
    one = kx.review(cluster_of({}, provider="aws"), gb_per_month=300).service("web").comparison
    assert one is not None and one.cluster.cost is not None and one.local.cost is not None
    assert one.cluster.cost - one.local.cost == pytest.approx(300 * 2 / 3 * 0.02)


def test_the_cluster_stays_as_it_is() -> None:
    cluster = cluster_of({"externalTrafficPolicy": "Local"})
    before = cluster.services, cluster.nodes, cluster.pods, cluster.now_s, cluster.sends, cluster.events
    kx.review(cluster, anonymise=True)
    assert (cluster.services, cluster.nodes, cluster.pods, cluster.now_s, cluster.sends, cluster.events) == before


@pytest.mark.parametrize(
    "options", [{"utilisation": 0}, {"utilisation": 1}, {"service_ms": 0}, {"workers": 0}, {"workers": True},
                {"provider": "nobody"}, {"region": "mars", "provider": "aws"}, {"gb_per_month": -1}],
)  # fmt: skip
def test_absurd_settings(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        kx.review(cluster_of({}), **options)


# -- whose cluster -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider_id", "name"),
    [
        ("aws:///eu-west-1a/i-0abc", "aws"), ("gce://shop/europe-west1-b/n1", "gcp"),
        ("azure:///subscriptions/x", "azure"), ("digitalocean://123", "digitalocean"), ("linode://123", "linode"),
        ("kind://docker/kind/kind-control-plane", "kind"), ("minikube://m", "minikube"), ("hcloud://1", "generic"),
        ("", "generic"), (None, "generic"), ("<script>://", "generic"),
    ],
)  # fmt: skip
def test_the_provider_is_guessed_and_said(provider_id: str | None, name: str) -> None:
    cluster = kx.Cluster(nodes=[kx.Node("n1", addresses=("10.0.0.1",), provider_id=provider_id)])
    guess, why = guess_provider(cluster)
    assert guess == name and name in why
    assert why in kx.review(cluster).to_markdown().replace(":\\//", "://")


def test_other_signs_of_a_provider() -> None:
    assert guess_provider(kx.Cluster(nodes=[kx.Node("m", labels={"minikube.k8s.io/name": "m"})]))[0] == "minikube"
    cluster = kx.Cluster(nodes=1)
    cluster.deploy("speaker", per_node=[1], labels={"app": "metallb"}, namespace="metallb-system")
    assert guess_provider(cluster)[0] == "metallb"


@pytest.mark.parametrize(
    ("zone", "region"),
    [("us-east-1a", "us-east-1"), ("europe-west1-b", "europe-west1"), ("us-gov-west-1b", "us-gov-west-1"), ("b", None),
     (None, None)],
)  # fmt: skip
def test_region(zone: str | None, region: str | None) -> None:
    assert guess_region(kx.Cluster(nodes=[kx.Node("n", zone=zone)])) == region


# -- what is shown -----------------------------------------------------------------------------------------------------

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)>|[x](javascript:alert(1))`*_\n# h\n@me &lt; ${1} www.e.com'
)


def hostile_dump() -> dict[str, Any]:
    """Put hostile text into every string of the sample that is shown, and keep the references whole."""
    dump: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    for item in dump["items"]:
        metadata, spec = item["metadata"], item.get("spec", {})
        metadata["name"] += HOSTILE
        if "namespace" in metadata:
            metadata["namespace"] += HOSTILE
        labels = metadata.get("labels", {})
        for key in list(labels):
            labels[key] += HOSTILE
        for key in list(spec.get("selector") or {}):
            spec["selector"][key] += HOSTILE
        for port in spec.get("ports", []):
            port["name"] = port.get("name", "") + HOSTILE
            port["targetPort"] = port["targetPort"] if isinstance(port["targetPort"], int) else HOSTILE
        for container in spec.get("containers", []):
            for port in container.get("ports", []):
                port["name"] = HOSTILE
        if item["kind"] == "Service":
            for entry in item["status"]["loadBalancer"].get("ingress", []):
                entry["hostname"] = HOSTILE
            if "loadBalancerSourceRanges" in spec:
                spec["loadBalancerSourceRanges"].append(HOSTILE)
        if item["kind"] == "EndpointSlice":
            for port in item.get("ports", []):
                port["name"] = port.get("name", "") + HOSTILE
            for endpoint in item["endpoints"]:
                if "nodeName" in endpoint:
                    endpoint["nodeName"] += HOSTILE
                if "zone" in endpoint:
                    endpoint["zone"] += HOSTILE
                if "targetRef" in endpoint:
                    endpoint["targetRef"]["name"] += HOSTILE
        if "nodeName" in spec:
            spec["nodeName"] += HOSTILE
        if "providerID" in spec:
            spec["providerID"] += HOSTILE
    dump["items"].append(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "odd"},
         "spec": {"type": HOSTILE, "clusterIP": HOSTILE, "externalName": HOSTILE, "ports": [{"port": 1, "protocol": HOSTILE}]}}
    )  # fmt: skip
    return dump


class Tags(HTMLParser):
    """Collect every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= set(attrs)


def test_hostile_names_in_html() -> None:
    page = kx.review(kx.Cluster.from_json(hostile_dump())).to_html()
    assert page.count("alert(1)") > 50, "the names are shown"
    tags = Tags()
    tags.feed(page)
    assert tags.seen <= set(
        "html head meta title style body main h1 h2 h3 p strong ul li div table caption thead tbody tr th td".split()
    )
    assert {name for name, _ in tags.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope"
    }  # fmt: skip
    assert "default-src 'none'" in page


def test_hostile_names_in_markdown() -> None:
    text = kx.review(kx.Cluster.from_json(hostile_dump())).to_markdown()
    assert text.count("alert(1)") > 50
    assert not re.search(r"(?<!\\)[<>`*]", re.sub(r"\*\*[^*]*\*\*", "", text)), (
        "nothing that Markdown or HTML would read"
    )
    assert "@me" not in text and "](j" not in text.replace("\\](j", "") and "www.e" not in text
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert "# h" not in heads and sum(line.startswith("# ") for line in heads) == 1
    rows = [line for line in text.splitlines() if line.startswith("| ✗") or line.startswith("| \\!")]
    assert rows and all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows), "no cell breaks out of its table"


def test_hostile_names_in_the_notebook() -> None:
    tags = Tags()
    tags.feed(kx.review(kx.Cluster.from_json(hostile_dump()))._repr_html_())
    assert tags.seen <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize(
    "text", ["- a", "1. a", "+ a", "# a", "> a", "a\n\n# b", "\ud800", "\u202e", "\x1b[2J", "x" * 9000]
)
def test_marked(text: str) -> None:
    line = marked(text)
    assert not re.match(r"([-+#>]|\d+\.)\s", line) and "\n" not in line and len(line) <= 2100
    line.encode("utf-8")
    assert not re.search(r"[\x00-\x1f\u202e]", line)


def test_the_page_stands_alone(sample: kx.Review) -> None:
    page = sample.to_html()
    assert not re.search(r"<script|<link|@import|url\(|src=", page)
    assert "@media print" in page and "prefers-color-scheme: dark" in page
    levels = [int(level) for level in re.findall(r"<h([1-6])>", page)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert page.count('<th scope="row">') >= 30 and page.count("<thead>") == page.count("<table>")


# -- anonymity ---------------------------------------------------------------------------------------------------------


def secrets_of(dump: dict[str, Any]) -> set[str]:
    """List every name, label value, address and host name of a dump."""
    found: set[str] = set()
    for item in dump["items"]:
        metadata, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
        found |= {metadata["name"], metadata.get("namespace", ""), *metadata.get("labels", {}).values()}
        found |= {
            spec.get("providerID", ""),
            spec.get("clusterIP", ""),
            status.get("podIP", ""),
            spec.get("nodeName", ""),
        }
        found |= {entry["address"] for entry in status.get("addresses", [])}
        found |= set((spec.get("selector") or {}).values()) | set(spec.get("loadBalancerSourceRanges", []))
        found |= {entry.get("hostname", "") for entry in status.get("loadBalancer", {}).get("ingress", [])}
        for endpoint in item.get("endpoints", []):
            found |= {*endpoint["addresses"], endpoint.get("zone", "")}
    # What Kubernetes itself calls so, and what is in the words of the report.
    return {text for text in found if len(text) > 2} - {"default", "us-east-1", "web", "api"}


def test_anonymise_is_complete() -> None:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    for item in dump["items"]:
        for key in ("name", "namespace"):
            if key in item["metadata"]:
                item["metadata"][key] = f"zq{item['metadata'][key]}"
    names = secrets_of(dump)
    made = kx.review(kx.Cluster.from_json(dump), anonymise=True)
    for page in (made.to_html(), made.to_markdown(), str(made), repr(made.bill), str(made.services)):
        assert not [name for name in names if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", page)]


def test_anonymise_changes_no_number(sample: kx.Review) -> None:
    made = kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True)
    assert sorted(one.kind for one in made.findings) == sorted(one.kind for one in sample.findings)
    assert made.bill.total_per_month == sample.bill.total_per_month and made.provider == sample.provider

    def numbers(review: kx.Review) -> list[Any]:
        return sorted(
            [
                (
                    v.hottest,
                    v.p99_ms,
                    v.extra_hop,
                    v.cross_zone,
                    v.lost,
                    v.cost,
                    v.source,
                    one.comparison.turns_at or -1,
                )
                for one in review.exposed
                if one.comparison
                for v in one.comparison.views.values()
            ]
        )

    assert numbers(made) == numbers(sample)


def test_anonymise_is_consistent() -> None:
    made = kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True)
    exposed = {one.name for one in made.services}
    assert {one.service for one in made.findings if one.service} <= exposed
    again = kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True)
    assert made.to_html() == again.to_html()
    with pytest.raises(ValueError, match="anonymised"):
        kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True, traffic_gb={"shop/api": 1})


# -- the dump ----------------------------------------------------------------------------------------------------------


def test_the_sample_is_made_by_the_model() -> None:
    assert sample_cluster.dump(sample_cluster.build()) == SAMPLE.read_text(encoding="utf-8")


def test_the_sample_has_the_promised_size() -> None:
    cluster = kx.Cluster.from_json(SAMPLE)
    assert (len(cluster.nodes), len(cluster.pods), len(cluster.services)) == (12, 60, 9)
    assert len({node.zone for node in cluster.nodes}) == 3


def test_secrets_and_other_kinds_are_passed_over(sample: kx.Review) -> None:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    dump["items"].insert(
        0, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "c2VjcmV0"}}
    )
    dump["items"].append({"apiVersion": "x/v1", "kind": "Huge", "data": "y" * 1_000_000})
    for item in dump["items"]:
        if item["kind"] == "Pod":
            item["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]
            item["metadata"]["annotations"] = {"token": "hunter2"}
    page = kx.review(kx.Cluster.from_json(dump)).to_html()
    assert page == sample.to_html() and "hunter2" not in page


# -- the command -------------------------------------------------------------------------------------------------------


def command(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "k8sexpose.cli", *map(str, arguments)], input=stdin, capture_output=True, text=True,
        timeout=60, encoding="utf-8", cwd=cwd, env={**os.environ, "PYTHONPATH": str(Path(kx.__file__).parents[1])},
    )  # fmt: skip


def test_command_on_the_sample(tmp_path: Path, sample: kx.Review) -> None:
    done = command("report", SAMPLE, "-o", "report.html", cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr and "3 problems" in done.stdout
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == sample.to_html()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"], "nothing is written elsewhere"


def test_command_on_standard_input(sample: kx.Review) -> None:
    done = command("report", "-", stdin=SAMPLE.read_text(encoding="utf-8"))
    assert done.returncode == 0 and done.stdout.strip() == sample.to_markdown().strip()


def edited(change: Callable[[dict[str, Any]], object]) -> str:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    change(dump)
    return json.dumps(dump)


def service_at(dump: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(i for i in dump["items"] if i["kind"] == "Service" and i["metadata"]["name"] == "api")
    return found


def put(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(dump: dict[str, Any]) -> None:
        at, *rest = service_at(dump), *path.split(".")
        for key in rest[:-1]:
            at = at[int(key)] if key.isdigit() else at[key]
        at[rest[-1]] = value

    return change


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"), ("{", "not JSON"), ("[]", "list of items"), ("{'a': 1}", "not JSON"), ("\x00", "not JSON"),
        ('{"items": 3}', "list of items"), ('{"items": [3]}', "items[0]"), ("[" * 100_000, "not JSON"),
        (edited(put("spec.ports.0.port", "443")), "Service shop/api"),
        (edited(put("spec.ports", {})), "Service shop/api"), (edited(put("spec.selector", [])), "spec.selector"),
        (edited(put("metadata.labels", "x")), "metadata.labels"),
    ],
)  # fmt: skip
def test_broken_dumps(text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-8")
    assert cli.main(["report", str(path)]) == 1
    said = capsys.readouterr()
    assert words in said.err and not said.out
    assert said.err.count("\n") == 1 and said.err.startswith("k8sexpose: ")


def test_a_broken_dump_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text(edited(put("spec.ports.0.port", "443")), encoding="utf-8")
    done = command("report", tmp_path / "dump.json")
    assert done.returncode == 1 and "Service shop/api" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.clusterIP", "x"), ("spec.clusterIPs", ["x", ""]), ("spec.ports", []), ("spec.ports", None),
        ("spec.type", "Free"), ("spec.loadBalancerSourceRanges", ["x", "1.2.3.4/99"]), ("spec.externalIPs", ["x"]),
        ("spec.ipFamilies", ["IPv9"]), ("spec.externalTrafficPolicy", "Neither"), ("spec.selector", None),
        ("status.loadBalancer.ingress", [{}]), ("status.loadBalancer.ingress", [{"ip": "x"}]), ("metadata.name", ""),
        ("metadata.namespace", None), ("spec.ports.0.nodePort", -1), ("spec.ports.0.targetPort", ""),
        ("spec.ports.0.protocol", "ICMP"), ("spec.sessionAffinity", "Maybe"),
        ("metadata.annotations", {"kubectl.kubernetes.io/last-applied-configuration": "[[["}),
    ],
)  # fmt: skip
def test_odd_values_are_reviewed_all_the_same(path: str, value: object) -> None:
    dump = json.loads(edited(put(path, value)))
    for anonymise in (False, True):
        made = kx.review(kx.Cluster.from_json(dump), anonymise=anonymise)
        assert made.to_html() and made.to_markdown()
    if path in ("spec.ports", "spec.ports.0.protocol"):
        assert any(one.kind == "unreadable" for one in made.findings)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["items"].clear(),
        lambda d: d.update(items=[i for i in d["items"] if i["kind"] != "Node"]),
        lambda d: d.update(items=[i for i in d["items"] if i["kind"] != "Pod"]),
        lambda d: d.update(items=[i for i in d["items"] if i["kind"] != "EndpointSlice"]),
        lambda d: d.update(items=[i for i in d["items"] if i["kind"] != "Service"]),
        lambda d: [i["status"].update(addresses=[]) for i in d["items"] if i["kind"] == "Node"],
        lambda d: [i["status"].update(addresses=[{"type": "InternalIP", "address": "x"}]) for i in d["items"] if i["kind"] == "Node"],
        lambda d: [e.update(addresses=["x"]) for i in d["items"] for e in i.get("endpoints", [])],
        lambda d: [i["metadata"].update(name="same") for i in d["items"]],
    ],
)  # fmt: skip
def test_dumps_with_parts_missing(change: Callable[[dict[str, Any]], object]) -> None:
    dump = copy.deepcopy(json.loads(SAMPLE.read_text(encoding="utf-8")))
    change(dump)
    for anonymise in (False, True):
        assert kx.review(kx.Cluster.from_json(dump), anonymise=anonymise).to_markdown()


def test_a_service_that_is_being_deleted() -> None:
    """Its controller takes the load balancer down meanwhile: there is nothing to compare. (Found by the fuzzer.)"""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[2, 1, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    cluster.delete("public-api-lb")
    one = kx.review(cluster).service("public-api-lb")
    assert one.comparison is None and one.why_not == "it is being deleted"


def test_a_load_balancer_that_is_refused_costs_nothing() -> None:
    cluster = kx.Cluster.from_json(SAMPLE, provider="aws")
    assert any(one.service == "media/stream" and one.kind == "pending" for one in kx.review(cluster).findings)
    idle = kx.bill(cluster, gb_per_month=0).total_per_month
    cluster.delete("stream", namespace="media")
    assert kx.bill(cluster, gb_per_month=0).total_per_month == idle > 0
    cluster.delete("api", namespace="shop")
    cluster.advance(600)  # its finalizer goes when its load balancer is gone
    assert kx.bill(cluster, gb_per_month=0).total_per_month < idle


def test_a_pod_whose_address_is_none() -> None:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    pod = next(item for item in dump["items"] if item["kind"] == "Pod")
    pod["status"]["podIP"] = "10.244.1.x"
    with pytest.raises(kx.ManifestError, match=r'Pod shop/storefront-1: status\.podIP: "10\.244\.1\.x" is no IP'):
        kx.Cluster.from_json(dump)


def test_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = str(SAMPLE)
    copied = tmp_path / "dump.md"
    copied.write_bytes(SAMPLE.read_bytes())
    for arguments, words in (
        (["report", "nothing.json"], "no such file"),
        (["report", str(tmp_path)], "no such file"),
        (["report", sample, "-o", "x.pdf"], ".html"),
        (["report", str(copied), "-o", str(copied)], "is the dump itself"),
        (["report", sample, "-o", str(tmp_path / "no/such/folder.md")], "No such file"),
        (["report", sample, "--provider", "nobody"], "there are"),
        (["report", sample, "--region", "mars"], "there are"),
        (["report", sample, "--utilisation", "7"], "utilisation"),
        (["report", sample, "--prices", "none.toml"], ""),
    ):
        assert cli.main(arguments) == 1
        assert words in capsys.readouterr().err
    for arguments in ([], ["report"], ["report", sample, "--workers", "x"], ["other"]):
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        assert left.value.code == 2


def test_fail_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(SAMPLE), "--fail-on", "problem"]) == 3
    capsys.readouterr()


def test_anonymised_by_command(tmp_path: Path) -> None:
    output = tmp_path / "shared.md"
    assert cli.main(["report", str(SAMPLE), "--anonymise", "-o", str(output)]) == 0
    assert "checkout" not in output.read_text(encoding="utf-8")


def test_finding_is_a_value() -> None:
    one = Finding("k", "note", "", "a", "b", "c")
    assert replace(one, kind="l") != one and str(one) == "note: a b c"


def test_the_cluster_that_was_asked_knows_its_provider() -> None:
    """`kx.flow` and `kx.bill` of a dump shall say what the review says."""
    dump = kx.Cluster.from_json(SAMPLE, provider=None)
    made = kx.review(dump)
    assert dump.provider is None and made.cluster.provider.name == made.provider == "aws"
    assert kx.bill(made.cluster).total_per_month == made.bill.total_per_month
    text = made.to_markdown()
    assert "Each Pod busy 50% of the time" in text.replace("\\", "") and "one request at a time" in text
    assert "4 requests at a time" in kx.review(dump, workers=4).to_markdown()
