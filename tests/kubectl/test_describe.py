"""kubectl describe."""

from __future__ import annotations

import re

import pytest

import k8sexpose as kx
from k8sexpose.api.objects import Endpoint, EndpointPort, EndpointSlice
from k8sexpose.kubectl import run
from k8sexpose.kubectl.describe import describe_service
from tests.kubectl.helpers import WEB, reported, service, stdout


def test_describe_events(cluster: kx.Cluster) -> None:
    reported(cluster)
    assert stdout(cluster, "describe svc web").partition("Events:")[2] == (
        "\n"
        "  Type     Reason                  Age                From                Message\n"
        "  ----     ------                  ----               ----                -------\n"
        "  Warning  SyncLoadBalancerFailed  18s                service-controller  Error syncing load balancer: quota\n"
        "  Normal   EnsuringLoadBalancer    13s (x2 over 19s)  service-controller  Ensuring load balancer\n"
        "  Normal   EnsuredLoadBalancer     10s                service-controller  Ensured load balancer\n"
    )


def test_describe_all_lines() -> None:
    annotations = {"long": "x" * 200, "lines": "a\nb\n", "short": "v"}
    made = kx.Service.from_dict(
        {
            "metadata": {"name": "web", "labels": {"b": "2", "a": "1"}, "annotations": annotations},
            "spec": {
                "type": "LoadBalancer", "loadBalancerIP": "198.51.100.9", "trafficDistribution": "PreferSameZone",
                "ipFamilies": ["IPv4", "IPv6"], "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00::9"],
                "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "h2c"}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.9", "ipMode": "VIP"}, {"hostname": "lb.example"}]}},
        }
    )  # fmt: skip
    lines = describe_service(made).splitlines()
    assert lines[2:4] == ["Labels:                   a=1", " " * 26 + "b=2"]
    assert lines[4:10] == [
        "Annotations:              lines:", " " * 28 + "a", " " * 28 + "b", " " * 26 + "long:",
        " " * 28 + "x" * 138 + "...", " " * 26 + "short: v",
    ]  # fmt: skip
    text = "\n".join(lines)
    for want in (
        "IP Families:              IPv4,IPv6", "IPs:                      10.96.0.9,fd00::9",
        "Desired LoadBalancer IP:  198.51.100.9", "LoadBalancer Ingress:     198.51.100.9 (VIP), lb.example",
        "TargetPort:               http/TCP", "AppProtocol:              h2c", "Traffic Distribution:     PreferSameZone",
    ):  # fmt: skip
        assert want in text


@pytest.mark.parametrize(
    ("ready", "shown"),
    [
        ([True, True], "10.0.0.0:80,10.0.0.1:80"),
        ([True, False], "10.0.0.0:80"),
        ([False], ""),
        ([True] * 5, "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."),
        ([True, True, True, False], "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 0 more..."),  # so does the real one
    ],
)
def test_describe_endpoints(ready: list[bool], shown: str) -> None:
    part = EndpointSlice(
        "e", ports=(EndpointPort(80),), endpoints=tuple(Endpoint(f"10.0.0.{k}", ready=r) for k, r in enumerate(ready))
    )
    line = next(
        line
        for line in describe_service(service(ports=(kx.ServicePort(80),)), [part]).splitlines()
        if "Endpoints" in line
    )
    assert line.removeprefix("Endpoints:").strip() == shown


def test_describe_takes_the_beginning_of_a_name(cluster: kx.Cluster) -> None:
    cluster.apply((WEB % "ClusterIP").replace("name: web", "name: web-2"))
    both = stdout(cluster, "describe svc we")
    assert re.findall(r"(?m)^Name: +(\S+)$", both) == ["web", "web-2"] and "Cluster\n\nName:" in both
    # Events are shown only with one object that was named in full.
    assert "Events" not in both + stdout(cluster, "describe svc") and "Events" in stdout(cluster, "describe svc web")
    assert run(cluster, "describe svc x").stderr == 'Error from server (NotFound): services "x" not found\n'
