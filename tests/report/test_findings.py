"""Findings: each one where it holds, and absent where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.report.findings import EXPOSED_FINDERS, FINDERS, Finding
from tests.report.helpers import LB, cluster_of


def kinds(cluster: kx.Cluster, **options: Any) -> set[str]:
    return {finding.kind for finding in kx.review(cluster, **options).findings}


def test_a_sound_cluster_has_no_finding() -> None:
    assert kinds(cluster_of({})) == set()


UNREADY: Callable[[kx.Cluster], Any] = lambda c: [c.set_ready(f"web-{n}", False) for n in (1, 2, 3)]  # noqa: E731


@pytest.mark.parametrize(
    ("spec", "change", "words"),
    [
        ({"selector": {"app": "wbe"}}, None, "matches no Pod"),
        ({"selector": {"app": "web", "tier": "x"}}, None, "matches no Pod"),
        ({"selector": {"app": "webs"}}, None, "web-1 misses it by one label: app=web"),
        ({}, UNREADY, "none of them is ready: web-1, web-2, web-3"),
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
    assert len((*FINDERS, *EXPOSED_FINDERS)) == 11
    assert {one.kind for one in sample.findings} >= {
        "no-endpoints", "pending", "mixed-protocols", "pinned-node-port", "source-ranges-bypassed",
        "local-without-pods", "uneven-local",
    }  # fmt: skip
    reasons = " ".join(one.why for one in sample.findings if one.kind == "no-endpoints")
    assert "app=order matches no Pod" in reasons and "none of them is ready" in reasons and "is a name" in reasons


def test_finding_is_a_value() -> None:
    one = Finding("k", "note", "", "a", "b", "c")
    assert replace(one, kind="l") != one and str(one) == "note: a b c"
