"""label and annotate; the words are those of a real kubectl."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import stdout


@pytest.fixture
def shop() -> kx.Cluster:
    made = kx.Cluster(provider=None)
    made.create(
        "{metadata: {name: web, labels: {app: web, tier: x}, annotations: {note: a}}, spec: {ports: [{port: 80}]}}"
    )
    return made


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("a=b", "labeled"), ("tier=x", "not labeled"), ("tier=y --overwrite", "labeled"), ("tier-", "unlabeled"),
        ("a=b tier-", "modified"), ("tier- --overwrite", "unlabeled"), ("a=", "labeled"), ("a=b a=c", "labeled"),
        ("a=b --dry-run=client", "labeled (dry run)"), ("a=b --dry-run=server", "labeled (server dry run)"),
    ],
)  # fmt: skip
def test_label(shop: kx.Cluster, words: str, line: str) -> None:
    before = shop.service("web").labels
    assert stdout(shop, f"label svc web {words}") == f"service/web {line}\n"
    changed = line in ("labeled", "modified", "unlabeled")
    assert (shop.service("web").labels != before) is changed


def test_a_label_that_is_not_there(shop: kx.Cluster) -> None:
    assert stdout(shop, "label svc web nope-") == 'label "nope" not found.\nservice/web not labeled\n'


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("label svc web tier=y", "'tier' already has a value (x), and --overwrite is false"),
        ("label svc web a=b/c", 'invalid label value: "a=b/c": a valid label must be an empty string or consist of'),
        ("label svc web a=b=c", "invalid label spec: a=b=c"),
        ("label svc web a=b a-", "can not both modify and remove a label in the same command"),
        ("label svc a=b web", "all resources must be specified before label changes: web"),
        ("label svc web", "at least one label update is required"),
        ("label a=b", "one or more resources must be specified as <resource> <name> or <resource>/<name>"),
        ("label deploy/x a=b", 'deployments.apps "x" not found'),
        (
            "annotate svc web note=b",
            "--overwrite is false but found the following declared annotation(s): 'note' already has a value (a)",
        ),
        (
            "annotate svc web x=y x-",
            "can not both modify and remove the following annotation(s) in the same command: x",
        ),
        ("annotate svc web", "at least one annotation update is required"),
        ("annotate node node-1 a=b", "k8sexpose annotates Services only, not nodes"),
    ],
)
def test_refusals(shop: kx.Cluster, command: str, message: str) -> None:
    done = run(shop, command)
    assert done.rc == 1 and message in done.stderr.partition(": ")[2], done


def test_lists(shop: kx.Cluster) -> None:
    assert stdout(shop, "label svc web --list") == "app=web\ntier=x\n"
    assert stdout(shop, "annotate svc web --list") == "note=a\n"


def test_annotate(shop: kx.Cluster) -> None:
    assert stdout(shop, "annotate svc web x=y note-") == "service/web annotated\n"
    assert dict(shop.service("web").annotations) == {"x": "y"}
    assert stdout(shop, "annotate svc web x=y -o jsonpath={.metadata.annotations}") == '{"x":"y"}'


def test_a_zone_is_a_label(shop: kx.Cluster) -> None:
    assert stdout(shop, "label node node-1 topology.kubernetes.io/zone=q --overwrite") == "node/node-1 labeled\n"
    assert shop.node("node-1").zone == "q"


def test_a_pod_that_is_no_longer_selected_is_replaced_and_stays(cluster: kx.Cluster) -> None:
    """The way to look at a sick Pod: it leaves the Service, and a new one takes its place."""
    assert stdout(cluster, "label pod web-1 app=debug --overwrite") == "pod/web-1 labeled\n"
    ready = [endpoint.pod for part in cluster.endpoint_slices("web") for endpoint in part.endpoints]
    assert sorted(filter(None, ready)) == ["web-2", "web-3", "web-4", "web-5"]
    assert cluster.pod("web-1").app is None
    assert stdout(cluster, "label pod web-2 x=y") == "pod/web-2 labeled\n"
    assert cluster.pod("web-2").app == "web"
