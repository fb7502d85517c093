"""The review of a cluster: its settings, the guessed provider, odd and incomplete dumps, the sample."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.report.assumptions import guess_provider, guess_region
from tests.report.helpers import SAMPLE, cluster_of, edited, put
from tools.generate import sample_cluster

pytestmark = pytest.mark.slow


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
    """It costs that Pod, not the report, and the report names it with the field."""
    cluster = kx.Cluster.from_json(dump)
    assert 'Pod shop/storefront-1: status.podIP: "10.244.1.x" is no IP address' in map(str, cluster.left_out)
    assert "storefront-1" not in [pod.name for pod in cluster.pods]
    found = [one for one in kx.review(cluster).findings if one.kind == "unreadable"]
    assert [(one.service, "status.podIP" in one.why) for one in found] == [("Pod shop/storefront-1", True)]


def test_the_cluster_that_was_asked_knows_its_provider() -> None:
    """`kx.flow` and `kx.bill` of a dump shall say what the review says."""
    dump = kx.Cluster.from_json(SAMPLE, provider=None)
    made = kx.review(dump)
    assert dump.provider is None and made.cluster.provider.name == made.provider == "aws"
    assert kx.bill(made.cluster).total_per_month == made.bill.total_per_month
    text = made.to_markdown()
    assert "Each Pod busy 50% of the time" in text.replace("\\", "") and "one request at a time" in text
    assert "4 requests at a time" in kx.review(dump, workers=4).to_markdown()
