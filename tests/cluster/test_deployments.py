"""Deployments: what rolls out, by which strategy, what is refused; addresses of both families; fields of slices."""

from __future__ import annotations

import json
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.router.helpers import add_service


def deployment(image: str = "app:1", notes: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"labels": {"app": "web"}} | ({"annotations": notes} if notes else {})
    containers = [{"name": "web", "image": image, "ports": [{"containerPort": 8080}]}]
    wanted = {"replicas": 4, "selector": {"matchLabels": {"app": "web"}}}
    template = {"metadata": metadata, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": wanted | {"template": template} | spec,
    }  # fmt: skip


def applied(**spec: Any) -> kx.Cluster:
    cluster = kx.Cluster(nodes=2)
    cluster.apply(deployment(**spec))
    return cluster


def names(cluster: kx.Cluster) -> list[str]:
    return [pod.name for pod in cluster.pods if not pod.terminating]


@pytest.mark.parametrize("change", [{"image": "app:2"}, {"notes": {"kubectl.kubernetes.io/restartedAt": "now"}}])
def test_another_image_or_annotation_of_the_template_rolls_out(change: dict[str, Any]) -> None:
    cluster = applied()
    assert str(cluster.apply(deployment())) == "deployment.apps/web unchanged"
    assert str(cluster.apply(deployment(**change))) == "deployment.apps/web configured"
    cluster.advance(100)
    assert names(cluster) == ["web-5", "web-6", "web-7", "web-8"]


def test_another_strategy_or_number_rolls_nothing_out() -> None:
    cluster = applied()
    cluster.apply(deployment(replicas=5, strategy={"type": "Recreate"}))
    cluster.advance(100)
    assert names(cluster) == ["web-1", "web-2", "web-3", "web-4", "web-5"]


def test_recreate_leaves_a_gap_in_which_nobody_answers() -> None:
    cluster = applied(strategy={"type": "Recreate"})
    add_service(cluster)
    cluster.apply(deployment("app:2", strategy={"type": "Recreate"}))
    cluster.advance(1)
    assert names(cluster) == []
    cluster.advance(60)
    assert names(cluster) == ["web-5", "web-6", "web-7", "web-8"] and kx.shares(cluster, "web").lost == 0


@pytest.mark.parametrize(
    ("rolling", "after_6_s"), [({"maxSurge": 2, "maxUnavailable": 0}, 4), ({"maxSurge": "25%"}, 4), ({"maxSurge": 1, "maxUnavailable": 0}, 2)]
)  # fmt: skip
def test_surge_and_unavailable_say_how_many_at_a_time(rolling: dict[str, Any], after_6_s: int) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    cluster = applied(strategy=strategy)
    cluster.apply(deployment("app:2", strategy=strategy))
    cluster.advance(6)
    assert sum(int(name.removeprefix("web-")) > 4 for name in names(cluster)) == after_6_s


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ({"type": "Rolling"}, 'spec.strategy.type: Unsupported value: "Rolling"'),
        ({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}, "may not be specified when strategy `type` is 'Recreate'"),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, "may not be 0 when `maxSurge` is 0"),
        ({"rollingUpdate": {"maxSurge": "a lot"}}, "a valid percent string"),
        ({"rollingUpdate": {"maxUnavailable": -1}}, "must be greater than or equal to 0"),
    ],
)  # fmt: skip
def test_strategies_that_are_refused(strategy: dict[str, Any], words: str) -> None:
    with pytest.raises(kx.ApiError) as refused:
        applied(strategy=strategy)
    assert words in str(refused.value)


def test_what_get_prints_is_unchanged_when_it_is_applied() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
    cluster = applied(notes={"a": "b"}, strategy=strategy)
    printed = run(cluster, "get deployment web -o yaml").stdout
    assert run(cluster, "apply -f -", stdin=printed).stdout == "deployment.apps/web unchanged\n"
    shown = json.loads(run(cluster, "get deployment web -o json").stdout)["spec"]
    assert shown["strategy"] == strategy and shown["progressDeadlineSeconds"] == 600
    assert shown["template"]["spec"]["containers"][0]["image"] == "app:1"


def test_a_pod_has_an_address_of_each_range_of_its_node() -> None:
    ranges = "10.244.1.0/24,fd00:10:244:1::/64"
    cluster = kx.Cluster(nodes=[kx.Node("n1", ("10.0.0.1", "2001:db8::1"), pod_cidr=ranges)])
    cluster.deploy("web", per_node=[2])
    assert [pod.addresses for pod in cluster.pods] == [
        ("10.244.1.2", "fd00:10:244:1::2"),
        ("10.244.1.3", "fd00:10:244:1::3"),
    ]
    assert kx.send(cluster, "[fd00:10:244:1::3]:8080", client="pod/web-1").pod == "web-2"
    cluster.apply(deployment() | {"metadata": {"name": "other"}})  # how many Pods fit is asked by one range
    assert len(cluster.pods) == 6


def test_a_slice_belongs_to_its_service_and_carries_the_application_protocol() -> None:
    cluster = kx.Cluster(nodes=1)
    cluster.deploy("web")
    add_service(cluster, ports=[{"port": 80, "targetPort": 8080, "appProtocol": "http"}])
    found = json.loads(run(cluster, "get endpointslices -o json").stdout)["items"]
    [part] = [one for one in found if one["metadata"]["name"].startswith("web-")]
    assert part["metadata"]["generateName"] == "web-"
    assert [(one["kind"], one["name"], one["controller"]) for one in part["metadata"]["ownerReferences"]] == [
        ("Service", "web", True)
    ]
    assert part["ports"] == [{"name": "", "port": 8080, "protocol": "TCP", "appProtocol": "http"}]


def test_a_nodes_external_address_works_from_a_pod_too() -> None:
    nodes = [
        kx.Node(f"n{k}", (f"10.0.0.{k}",), external_ip=f"203.0.113.{k}", pod_cidr=f"10.244.{k}.0/24") for k in (1, 2)
    ]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[1, 1])
    add_service(cluster)
    for place in ("203.0.113.1:30080", "203.0.113.2:30080"):
        assert kx.send(cluster, place, client="pod/web-1").delivered
