"""The tables of each kind."""

from __future__ import annotations

import re

import pytest

import k8sexpose as kx
from k8sexpose.api.objects import EndpointPort, EndpointSlice
from k8sexpose.kubectl import printers, run
from k8sexpose.kubectl import tabwriter as layout
from tests.kubectl.helpers import service, stdout


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1.5, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (599, "9m59s"), (600, "10m"),
        (10799, "179m"), (10800, "3h"), (28740, "7h59m"), (28800, "8h"), (172799, "47h"), (172800, "2d"),
        (180000, "2d2h"), (691200, "8d"), (730 * 86400 - 1, "729d"), (730 * 86400, "2y"), (800 * 86400, "2y70d"),
        (8 * 365 * 86400, "8y"),
    ],
)  # fmt: skip
def test_age(seconds: float, text: str) -> None:
    assert layout.age(seconds) == text


def test_age_follows_the_clock(cluster: kx.Cluster) -> None:
    cluster.advance(90)
    cluster.scale("web", replicas=5)
    cluster.advance(40)
    rows = {line.split()[0]: line.split()[-1] for line in stdout(cluster, "get pods").splitlines()[1:]}
    assert (rows["web-1"], rows["web-5"]) == ("2m10s", "40s")
    assert stdout(cluster, "get nodes").splitlines()[1].split()[-2] == "2m10s"


@pytest.mark.parametrize(
    ("ingress", "wide", "shown"),
    [
        ([{"ip": "198.51.100.17"}], False, "198.51.100.17"),
        ([{"hostname": "a1b2.elb.amazonaws.com"}], False, "a1b2.elb.amaz..."),
        ([{"hostname": "a1b2.elb.amazonaws.com"}], True, "a1b2.elb.amazonaws.com"),
        ([{"ip": "10.0.0.9"}, {"ip": "10.0.0.8"}], True, "10.0.0.8,10.0.0.9"),
        ([], False, "<pending>"),
    ],
)
def test_external_ip(ingress: list[dict[str, str]], wide: bool, shown: str) -> None:
    made = kx.Service.from_dict({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": ingress}}})
    assert printers.external_ip(made, wide=wide) == shown


def test_external_ip_of_other_types() -> None:
    assert printers.external_ip(service(type="NodePort")) == "<none>"
    assert printers.external_ip(service(type="ClusterIP", external_ips=("203.0.113.5", "203.0.113.6"))) == (
        "203.0.113.5,203.0.113.6"
    )
    assert printers.external_ip(service(type="ExternalName", external_name="db.example.com")) == "db.example.com"


def test_nodes(cluster: kx.Cluster) -> None:
    labels = "{node-role.kubernetes.io/worker: '', node-role.kubernetes.io/edge: '', kubernetes.io/role: old}"
    cluster.apply(
        f"{{apiVersion: v1, kind: Node, metadata: {{name: extra, labels: {labels}}}, spec: {{unschedulable: true}}}}"
    )
    cluster.fail("node-2")
    assert "NotReady" not in stdout(cluster, "get nodes")
    cluster.advance(50)
    lines = [line.split() for line in stdout(cluster, "get nodes -o wide").splitlines()]
    assert (
        lines[0]
        == "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME".split()
    )
    assert lines[1][:3] == ["extra", "Ready,SchedulingDisabled", "edge,old,worker"]
    assert lines[3] == ["node-2", "NotReady", "<none>", "50s", "v1.36.2", "10.0.0.2", "<none>", *["<unknown>"] * 3]


def test_pods(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    cluster.terminate("web-2")
    rows = {line.split()[0]: line.split()[1:4] for line in stdout(cluster, "get pods").splitlines()}
    assert rows["web-1"] == ["0/1", "Running", "0"]
    assert rows["web-2"] == ["1/1", "Terminating", "0"]
    head, row = stdout(cluster, "get pod web-3 -o wide").splitlines()
    assert re.split(r" {3,}", head)[5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert row.split()[5:] == ["10.244.2.2", "node-2", "<none>", "<none>"]


def test_pods_of_a_lost_node_look_well_for_long(cluster: kx.Cluster) -> None:
    # The container was ready when the kubelet reported last: READY says so, the endpoints do not.
    cluster.fail("node-2")
    cluster.advance(60)
    assert not cluster.pod("web-3").ready
    assert stdout(cluster, "get pod web-3").splitlines()[1].split()[1:3] == ["1/1", "Running"]
    cluster.advance(300)
    assert stdout(cluster, "get pod web-3").splitlines()[1].split()[1:3] == ["1/1", "Terminating"]


def test_deployments(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    assert stdout(cluster, "get deploy") == (
        "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    3/4     4            3           0s\n"
    )


def test_endpoint_slices(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-4", False)
    cells = re.split(r" {3,}", stdout(cluster, "get endpointslices").splitlines()[1])
    assert cells[1:] == ["IPv4", "8080", "10.244.1.2,10.244.1.3,10.244.2.2 + 1 more...", "0s"]
    assert (
        printers.endpoint_slice(EndpointSlice("e", ports=(EndpointPort(None), EndpointPort(None, "http"))), 0)[2]
        == "*,http"
    )
    cluster.scale("web", replicas=0)
    assert stdout(cluster, "get endpointslices").splitlines()[1].split()[2:4] == ["<unset>", "<unset>"]


def test_endpoints(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    done = run(cluster, "get ep web")
    assert done.stdout.splitlines()[1].split()[1] == "10.244.1.3:8080,10.244.2.2:8080,10.244.3.2:8080"
    assert done.stderr == "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n"
    cluster.scale("web", replicas=0)
    assert run(cluster, "get ep web").stdout.splitlines()[1].split()[1] == "<none>"
