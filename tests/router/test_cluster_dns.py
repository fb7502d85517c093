"""Names inside the cluster: what a Pod gets when it dials the name of a Service."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import k8sexpose as kx
from tests.router.helpers import CLIENT, add_service, cluster_with


def asked(cluster: kx.Cluster, target: str, client: str = "pod/client-1") -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for way in kx.routes(cluster, target, client):
        end = way.pod or way.outcome
        found[end] = found.get(end, Fraction(0)) + way.probability
    return found


def with_client(spec: dict[str, Any]) -> kx.Cluster:
    cluster = cluster_with([1, 1], spec)
    cluster.deploy("client", per_node=[1, 0])
    return cluster


def alias(cluster: kx.Cluster, name: str, to: str) -> None:
    spec = {"type": "ExternalName", "externalName": to}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


@pytest.mark.parametrize(
    "target",
    [
        "http://web", "http://web:80/path", "http://web.default", "http://WEB.default.svc", "web.default.svc:80",
        "web.default.svc.cluster.local:80", "http://web.default.svc.cluster.local.",
    ],
)  # fmt: skip
def test_a_pod_reaches_a_service_by_each_of_its_names(target: str) -> None:
    cluster = with_client({"type": "ClusterIP"})
    assert asked(cluster, target) == {"web-1": Fraction(1, 2), "web-2": Fraction(1, 2)}
    assert kx.shares(cluster, target, "pod/client-1").by_pod == asked(cluster, target)
    assert kx.send(cluster, target, "pod/client-1").hops[0].dst == "10.96.0.9:80"


@pytest.mark.parametrize("target", ["http://web.shop", "http://web.default.svc.cluster", "http://nope"])
def test_a_name_that_no_service_has(target: str) -> None:
    assert asked(with_client({"type": "ClusterIP"}), target) == {"unresolved": 1}


def test_a_short_name_is_looked_for_in_the_pods_own_namespace() -> None:
    cluster = with_client({"type": "ClusterIP"})
    cluster.deploy("client", per_node=[1, 0], namespace="shop")
    assert asked(cluster, "http://web", "pod/shop/client-1") == {"unresolved": 1}
    assert set(asked(cluster, "http://web.default", "pod/shop/client-1")) == {"web-1", "web-2"}


@pytest.mark.parametrize("client", [CLIENT, "node/node-1"])
def test_only_pods_ask_the_dns_of_the_cluster(client: str) -> None:
    assert asked(with_client({"type": "ClusterIP"}), "http://web.default.svc.cluster.local", client) == {
        "unresolved": 1
    }


def test_a_headless_service_has_the_addresses_of_its_ready_pods_and_no_port_of_its_own() -> None:
    cluster = with_client({"type": "ClusterIP", "clusterIP": "None"})
    assert asked(cluster, "http://web:8080") == {"web-1": Fraction(1, 2), "web-2": Fraction(1, 2)}
    assert asked(cluster, "http://web:80") == {"refused": 1}  # nothing translates 80 into 8080
    cluster.set_ready("web-1", False)
    assert asked(cluster, "http://web:8080") == {"web-2": 1}
    cluster.set_ready("web-2", False)
    assert asked(cluster, "http://web:8080") == {"unresolved": 1}


def test_an_external_name_leads_to_another_service() -> None:
    cluster = with_client({"type": "ClusterIP"})
    alias(cluster, "front", "web.default.svc.cluster.local")
    alias(cluster, "old", "front.default.svc.cluster.local")
    for target in ("http://front", "http://old"):
        assert set(asked(cluster, target)) == {"web-1", "web-2"}


def test_an_external_name_leads_out_of_the_cluster_to_a_load_balancer() -> None:
    cluster = with_client({"type": "LoadBalancer"})
    cluster.set_load_balancer("web", ingress=[{"hostname": "lb.example"}])
    alias(cluster, "out", "lb.example")
    assert set(asked(cluster, "http://out")) <= {"web-1", "web-2", "timeout"}
    assert asked(cluster, "http://out") == asked(cluster, "http://lb.example")
    alias(cluster, "db", "db.example.com")
    [way] = kx.routes(cluster, "http://db", "pod/client-1")
    assert (way.outcome, way.reason) == ("unresolved", "there is no address for the name db.example.com")


def test_aliases_in_a_circle_have_no_address() -> None:
    cluster = with_client({"type": "ClusterIP"})
    alias(cluster, "a", "b.default.svc.cluster.local")
    alias(cluster, "b", "a.default.svc.cluster.local")
    assert asked(cluster, "http://a") == {"unresolved": 1}


def test_a_service_beside_the_alias() -> None:
    """The port is the dialled one: an alias has no ports."""
    cluster = with_client({"type": "ClusterIP"})
    add_service(cluster, "other", type="ClusterIP", clusterIP="10.96.0.10", ports=[{"port": 81, "targetPort": 8080}])
    alias(cluster, "front", "other.default.svc.cluster.local")
    assert set(asked(cluster, "http://front:81")) == {"web-1", "web-2"}
    assert set(asked(cluster, "http://front:80")) == {"timeout"}
