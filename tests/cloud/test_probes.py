"""What Azure's probe asks, by annotation and appProtocol, and what a Pod answers; the first state of a new target."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cloud.front_door import front_door
from tests.cloud.helpers import TYPE, address, manifest, stand

P = "service.beta.kubernetes.io/"
ALL = f"{P}azure-load-balancer-health-probe-"
OWN = f"{P}port_80_health-probe_"


def azure(annotations: dict[str, str], answers: dict[str, int] | None = None, **spec: Any) -> kx.Cluster:
    cluster = kx.Cluster(nodes=2, provider="azure")
    cluster.deploy("web", per_node=[1, 1], answers=answers)
    cluster.apply(manifest(annotations=annotations, **spec))
    return cluster


def port(**fields: Any) -> list[dict[str, Any]]:
    return [{"port": 80, "targetPort": 8080} | fields]


@pytest.mark.parametrize(
    ("annotations", "app_protocol", "asked"),
    [
        ({}, None, ("TCP", "")),
        ({}, "http", ("HTTP", "/")),
        ({}, "kubernetes.io/h2c", ("TCP", "")),
        ({f"{ALL}protocol": "https"}, None, ("HTTPS", "/")),
        ({f"{ALL}protocol": "tcp"}, "http", ("HTTP", "/")),
        ({f"{OWN}protocol": "Tcp", f"{ALL}protocol": "http"}, "http", ("TCP", "")),
        (
            {f"{OWN}protocol": "http", f"{OWN}request-path": "/own", f"{ALL}request-path": "/all"},
            None,
            ("HTTP", "/own"),
        ),
        ({f"{ALL}request-path": "/all"}, "http", ("HTTP", "/all")),
        ({f"{ALL}request-path": "/all"}, None, ("TCP", "")),
    ],
)
def test_the_order_of_protocol_and_path(
    annotations: dict[str, str], app_protocol: str | None, asked: tuple[str, str]
) -> None:
    fields = {} if app_protocol is None else {"appProtocol": app_protocol}
    cluster = azure(annotations, ports=port(**fields))
    check = front_door(cluster, cluster.service("web")).check
    assert check is not None and (check.protocol, check.path) == asked
    assert (check.port, check.interval_s, check.unhealthy, check.healthy) == ("node_port", 5, 2, 2)


def test_a_pod_that_answers_404_to_the_path_takes_every_node_out() -> None:
    cluster = azure({}, {"/": 404}, ports=port(appProtocol="http"))
    cluster.advance(300)
    assert kx.shares(cluster, "web").lost == 1
    cluster.patch("web", {"metadata": {"annotations": {f"{ALL}request-path": "/healthz"}}})
    assert kx.shares(cluster, "web").lost == 0
    cluster.advance(60)
    assert len(kx.entries(cluster, address(cluster))) == 2


def test_under_local_kube_proxy_is_asked_and_annotations_change_the_times_only() -> None:
    cluster = azure(
        {f"{ALL}protocol": "http", f"{ALL}request-path": "/x", f"{ALL}interval": "7", f"{ALL}num-of-probe": "3"},
        {"/x": 500}, externalTrafficPolicy="Local",
    )  # fmt: skip
    check = front_door(cluster, cluster.service("web")).check
    assert check is not None and (check.port, check.path) == ("health_check_node_port", "/healthz")
    assert (check.interval_s, check.unhealthy, check.healthy) == (7, 3, 3)
    assert kx.shares(cluster, "web").lost == 0


@pytest.mark.parametrize(("named", "asked"), [("10256", "kube_proxy"), ("81", "node_port"), ("admin", "node_port")])
def test_the_port_that_an_annotation_names(named: str, asked: str) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": 9}]
    path = {f"{OWN}protocol": "http", f"{OWN}request-path": "/healthz"}
    cluster = azure({f"{OWN}port": named, **path}, ports=ports, externalTrafficPolicy="Local")
    check = front_door(cluster, cluster.service("web")).check
    assert check is not None and check.port == asked
    # Nobody listens on port 9 of the Pods: a probe of that port passes nowhere.
    assert kx.shares(cluster, "web:http").lost == (0 if asked == "kube_proxy" else 1)


def test_a_rule_without_a_probe_sends_to_every_node() -> None:
    for cluster in (
        azure({f"{P}port_80_no_probe_rule": "true"}, externalTrafficPolicy="Local"),
        azure({}, ports=port(protocol="UDP")),
    ):
        cluster.advance(300)
        cluster.fail("node-1")
        cluster.advance(40)
        assert len(front_door(cluster, cluster.service("web"), settled=False).spread.names) == 2
        assert [target.healthy for target in kx.target_health(cluster, "web")] == [True, True]


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({f"{ALL}interval": "4"}, "the minimum value of interval is 5"),
        ({f"{OWN}num-of-probe": "1"}, "the minimum value of num-of-probe is 2"),
        ({f"{ALL}interval": "soon"}, 'parsing "soon": invalid syntax'),
        ({f"{ALL}interval": "60", f"{ALL}num-of-probe": "2"}, "total probe should be less than 120"),
        ({f"{OWN}port": "gone"}, "port gone not found in service"),
        ({f"{OWN}port": "70000"}, "port 70000 is out of range"),
    ],
)
def test_annotations_that_azure_refuses(annotations: dict[str, str], words: str) -> None:
    cluster = azure(annotations)
    assert words in kx.provision(cluster, "web").reason


@pytest.mark.parametrize("answers", [{"healthz": 200}, {"/": 9}, {"/": True}])
def test_answers_have_a_path_and_a_status(answers: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="answers"):
        kx.Cluster().deploy("web", answers=answers)


# -- new targets ----


@pytest.mark.parametrize(
    ("provider", "annotations", "seconds"),
    [
        ("generic", {}, 0),  # as this course defines it: the first check is made at once
        ("aws", {}, 20),  # Classic: two checks of 10 s
        ("aws", {TYPE: "nlb"}, 30),  # one check of 30 s, although it takes three to come back
        ("gcp", {}, 8),
        ("azure", {}, 5),  # one check, although it takes two to come back
        ("metallb", {}, 0),
    ],
)
def test_a_new_node_gets_connections_after_its_first_checks(
    provider: str, annotations: dict[str, str], seconds: float
) -> None:
    cluster = stand([1, 1], provider, annotations)
    cluster.advance(600)
    cluster.apply(
        {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-9"},
            "spec": {"podCIDR": "10.244.9.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.9"}]},
        }
    )  # fmt: skip
    cluster.advance(0.5)
    start = {target.name: target for target in kx.target_health(cluster, "web")}["node-9"]
    assert start.healthy is (seconds == 0)
    cluster.advance(100)
    [found] = [target for target in kx.target_health(cluster, "web") if target.name == "node-9"]
    assert found.healthy
    if seconds:
        # The checks go on in step with those of the old targets: the first one comes within an interval.
        interval = seconds / 2 if provider == "aws" and not annotations else seconds
        assert 600 + seconds - interval <= found.since_s <= 600 + seconds


def test_targets_of_a_dump_were_there_for_long() -> None:
    ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.50"}]}}
    dump = {
        "items": [
            {"kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
            manifest(ports=port(nodePort=30080)) | {"status": ingress},
        ]
    }  # fmt: skip
    cluster = kx.Cluster.from_json(dump, provider="gcp")
    cluster.advance(1)
    assert [target.healthy for target in kx.target_health(cluster, "web")] == [True]


@pytest.mark.parametrize(("path", "lost"), [("/healthz", 0), ("/livez", 0), ("/other", 1)])
def test_the_two_paths_that_kube_proxy_answers(path: str, lost: int) -> None:
    cluster = azure({f"{OWN}protocol": "http", f"{OWN}request-path": path, f"{OWN}port": "10256"})
    cluster.advance(300)
    assert kx.shares(cluster, "web").lost == lost
