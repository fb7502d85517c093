"""Output as YAML and JSON, and reading it back."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.kubectl import serialization as wire
from tests.kubectl.helpers import WEB, stdout


def test_yaml_of_an_applied_service(cluster: kx.Cluster) -> None:
    text = stdout(cluster, "get svc web -o yaml")
    assert text.startswith(
        "apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\n"
        "    kubectl.kubernetes.io/last-applied-configuration: |\n"
        '      {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},"name":"web","namespace":"default"},'
    )
    assert '  creationTimestamp: "2026-01-01T00:00:00Z"\n' in text and text.endswith("status:\n  loadBalancer: {}\n")
    assert yaml.safe_load(text) == json.loads(stdout(cluster, "get svc web -o json"))


def test_lists(cluster: kx.Cluster) -> None:
    listed = json.loads(stdout(cluster, "get svc,pods -o json"))
    assert (listed["kind"], listed["metadata"], len(listed["items"])) == ("List", {"resourceVersion": ""}, 6)
    assert stdout(cluster, "get svc -n shop -o yaml") == (
        'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n'
    )


@pytest.mark.parametrize("text", ["yes", "n", "80", "1e3", "", "null", "~", "0x1F", "2026-01-01", "1.5", "08"])
def test_yaml_quotes_what_is_no_string(text: str) -> None:
    assert wire.to_yaml({"v": text}) == f'v: "{text}"\n'


@given(st.recursive(st.text(max_size=20), lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3)))
def test_yaml_and_json_are_read_back(value: object) -> None:
    made = {"value": value}
    assert json.loads(wire.to_json(made)) == made
    assert yaml.safe_load(wire.to_yaml(made)) == made


def test_json_escapes_markup(cluster: kx.Cluster) -> None:
    run(cluster, ["patch", "svc", "web", "-p", '{"metadata":{"annotations":{"a":"<b>&"}}}'])
    assert r'"a": "\u003cb\u003e\u0026"' in stdout(cluster, "get svc web -o json")


def test_the_dump_is_a_cluster(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-2", False)
    cluster.apply((WEB % "LoadBalancer").replace("name: web", "name: lb"))
    cluster.set_load_balancer("lb", ingress=[{"ip": "198.51.100.7"}])
    twin = kx.Cluster.from_json(stdout(cluster, "get nodes,pods,services,endpointslices -A -o json"), provider=None)
    assert len(twin.services) == len(cluster.services) and len(twin.pods) == 4
    port = cluster.service("web").ports[0].node_port
    for target in (f"10.0.0.1:{port}", f"10.0.0.3:{port}"):
        assert kx.shares(twin, target) == kx.shares(cluster, target)
