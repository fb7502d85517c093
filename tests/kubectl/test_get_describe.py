"""Which objects get and describe are asked for: names, types, labels, selectors."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.kubectl.selectors import selects
from tests.kubectl.helpers import answer, stdout


def test_nothing_found(cluster: kx.Cluster) -> None:
    assert answer(run(cluster, "get svc -n shop")) == {
        "rc": 0, "stdout": "", "stderr": "No resources found in shop namespace.\n",
    }  # fmt: skip
    assert run(cluster, "get events -A").stderr == "No resources found\n"
    assert run(cluster, "get pods,events -n shop").stderr == "No resources found in shop namespace.\n"


def test_names(cluster: kx.Cluster) -> None:
    cluster.scale("web", replicas=1)
    names = stdout(cluster, "get svc,no,deploy,po,endpointslices -o name").split()
    assert names[:6] == [
        "service/kubernetes",
        "service/web",
        "node/node-1",
        "node/node-2",
        "node/node-3",
        "deployment.apps/web",
    ]
    assert names[6] == "pod/web-1" and names[7].startswith("endpointslice.discovery.k8s.io/web-")


def test_several_types(cluster: kx.Cluster) -> None:
    text = stdout(cluster, "get svc,deploy")
    first, second = text.split("\n\n")
    assert first.splitlines()[1].startswith("service/kubernetes   ClusterIP")
    assert second.splitlines()[1].startswith("deployment.apps/web   4/4")


def test_words_in_any_order(cluster: kx.Cluster) -> None:
    want = stdout(cluster, "get svc web -o wide -n default")
    for words in (
        "-n default get svc web -o wide",
        "get -o=wide svc web",
        "get svc -owide web",
        "get -n default svc/web -o wide",
    ):
        assert stdout(cluster, words) == want


def test_what_exists_is_shown_and_the_rest_named(cluster: kx.Cluster) -> None:
    done = run(cluster, "get svc web a b")
    assert done.stdout.splitlines()[1].startswith("web") and done.rc == 1
    assert done.stderr == "".join(f'Error from server (NotFound): services "{name}" not found\n' for name in "ab")


def test_labels(cluster: kx.Cluster) -> None:
    assert len(stdout(cluster, "get pods -l app=web --no-headers").splitlines()) == 4
    assert stdout(cluster, "get pod web-1 --show-labels").splitlines()[1].endswith("app=web")
    assert (
        stdout(cluster, "get nodes -l 'topology.kubernetes.io/zone in (a, b)' -o name") == "node/node-1\nnode/node-2\n"
    )


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("a=1", True), ("a==1", True), ("a!=1", False), ("z!=1", True), ("a", True), ("!a", False), ("!z", True),
        ("a in (1,2),b", True), ("a notin (1)", False), ("z notin (1)", True), ("a=1,b=3", False), ("b=", False),
    ],
)  # fmt: skip
def test_selectors(selector: str, holds: bool) -> None:
    assert selects(selector, {"a": "1", "b": "2"}) == holds


def test_conditions_of_nodes_are_read_and_printed() -> None:
    def stored(name: str, **conditions: str) -> dict[str, object]:
        listed = [{"type": kind, "status": status} for kind, status in conditions.items()]
        addresses = [{"type": "InternalIP", "address": f"10.0.0.{name[-1]}"}]
        return {"kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses, "conditions": listed}}

    nodes = [stored("n1", MemoryPressure="True", Ready="True"), stored("n2", Ready="False"), stored("n3")]
    cluster = kx.Cluster.from_json({"items": nodes})
    rows = [line.split()[:2] for line in stdout(cluster, "get nodes --no-headers").splitlines()]
    assert rows == [["n1", "Ready"], ["n2", "NotReady"], ["n3", "Ready"]]
    paths = "{range .items[*].status.conditions[*]}{.type}={.status} {end}"
    assert (
        stdout(cluster, f"get nodes -o jsonpath='{paths}'") == "MemoryPressure=True Ready=True Ready=False Ready=True "
    )
    again = kx.Cluster.from_json(cluster_dump := stdout(cluster, "get nodes -o json"))
    assert stdout(again, "get nodes -o json") == cluster_dump
    cluster.fail("n1")
    cluster.advance(60)
    assert "MemoryPressure=Unknown Ready=Unknown" in stdout(cluster, f"get nodes -o jsonpath='{paths}'")
