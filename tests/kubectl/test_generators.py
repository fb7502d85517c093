"""kubectl expose and kubectl create."""

from __future__ import annotations

import yaml

import k8sexpose as kx
from k8sexpose.api.objects import ContainerPort
from k8sexpose.kubectl import run
from tests.kubectl.helpers import stdout


def test_expose(cluster: kx.Cluster) -> None:
    cluster.deploy("api", port=9000, labels={"app": "api", "tier": "back"})
    assert (
        stdout(cluster, "expose deployment api --type=NodePort --port=80 --target-port=9000") == "service/api exposed\n"
    )
    made = cluster.service("api")
    assert (made.selector, made.type, made.ports[0].port, made.ports[0].target_port) == (
        {"app": "api", "tier": "back"}, "NodePort", 80, 9000,
    )  # fmt: skip
    assert stdout(cluster, "expose pod web-1 --name one") == "service/one exposed\n"  # the port that it declares
    assert cluster.service("one").ports[0].port == 8080
    text = stdout(cluster, "expose svc web --name two --port 81 --type LoadBalancer --dry-run=client -o yaml")
    assert yaml.safe_load(text)["spec"] == {
        "ports": [{"port": 81, "protocol": "TCP", "targetPort": 81}], "selector": {"app": "web"}, "type": "LoadBalancer",
    }  # fmt: skip
    assert "two" not in stdout(cluster, "get svc -o name")


def test_expose_gives_several_ports_names(cluster: kx.Cluster) -> None:
    ports = (ContainerPort(80), ContainerPort(53, protocol="UDP"))
    cluster.store.put_pod(kx.Pod("p", labels={"app": "p"}, ports=ports))
    run(cluster, "expose pod p")
    assert [(p.name, p.port, p.protocol) for p in cluster.service("p").ports] == [
        ("port-1", 80, "TCP"),
        ("port-2", 53, "UDP"),
    ]


def test_create_services(cluster: kx.Cluster) -> None:
    for words, type_ in (
        ("clusterip c --tcp=80", "ClusterIP"),
        ("loadbalancer l --tcp=80:http --tcp=443", "LoadBalancer"),
    ):
        assert stdout(cluster, f"create service {words}") == f"service/{words.split()[1]} created\n"
        assert cluster.service(words.split()[1]).type == type_
    assert [(p.name, p.target_port) for p in cluster.service("l").ports] == [("80-http", "http"), ("443", 443)]
    assert (
        stdout(cluster, "create svc clusterip h --clusterip=None --dry-run=server")
        == "service/h created (server dry run)\n"
    )
    assert stdout(cluster, "create svc externalname e --external-name db.example.com -o name") == "service/e\n"
    assert cluster.service("e").external_name == "db.example.com"


def test_create_deployment(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "create deployment api --image=r.example/nginx:1 --replicas=2 --port=80") == (
        "deployment.apps/api created\n"
    )
    assert [pod.ports[0].port for pod in cluster.pods if pod.app == "api"] == [80, 80]
    text = stdout(cluster, "create deployment d --image=r.example/nginx:1 --dry-run=client -o yaml")
    assert "      - image: r.example/nginx:1\n        name: nginx\n        resources: {}\n" in text
