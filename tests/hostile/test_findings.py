"""Hostile input: what `tests/hostile/fuzz.py` once found, one test for each finding, and the corners it starts from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx

pytestmark = pytest.mark.slow

WEB: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]},
}
ENTRY_POINTS: dict[str, Callable[[kx.Cluster, Any], object]] = {
    "apply": lambda cluster, value: cluster.apply(value),
    "create": lambda cluster, value: cluster.create(value),
    "patch": lambda cluster, value: cluster.patch("here", value),
    "from_json": lambda _, value: kx.Cluster.from_json({"items": [value]}),
}


def cluster() -> kx.Cluster:
    made = kx.Cluster(nodes=2)
    made.create({**WEB, "metadata": {"name": "here"}})
    return made


def kept(held: kx.Cluster) -> str:
    return json.dumps([service.to_dict(bookkeeping=True) for service in held.services]) + repr(held.events)


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({**WEB, "spec": {"selector": {"app": [b"x"]}}}, r"spec\.selector\.app\[0\]: a value of type bytes"),
        ({**WEB, "metadata": {"name": "web", 1: 2}}, r"metadata: the key 1 of type int"),
        ({**WEB, "spec": {"ports": [{"port": float("nan")}]}}, r"spec\.ports\[0\]\.port: the number nan"),
        ({**WEB, "spec": {"ports": {80}}}, r"spec\.ports: a value of type set"),
        ({**WEB, "metadata": {"name": "web", "labels": {"a": "\ud800"}}}, r"metadata\.labels\.a: a lone surrogate"),
        ({**WEB, "spec": object()}, r"spec: a value of type object"),
    ],
    ids=["bytes", "key", "nan", "set", "surrogate", "object"],
)
def test_objects_that_json_cannot_carry(entry_point: str, value: Any, where: str) -> None:
    here = cluster()
    before = kept(here)
    with pytest.raises(kx.ManifestError, match=where):
        ENTRY_POINTS[entry_point](here, value)
    assert kept(here) == before


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_an_object_within_itself(entry_point: str) -> None:
    loop: dict[str, Any] = {**WEB}
    loop["spec"] = loop
    with pytest.raises(kx.ManifestError, match="nested deeper than 60 levels"):
        ENTRY_POINTS[entry_point](cluster(), loop)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join(['*' + before] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "[" * 100_000,
        "{a: " * 5_000,
        "- " * 50_000,
        "a: &x [*x]",
        "a: b\n" * 2_500_000,
        "\0",
        "kind: Service\0",
        "\ud800",
        "\ufeff" * 3,
        "!!python/object/apply:os.system [touch owned]",
        "!!python/name:os.system",
        "kind: !!python/object/new:type [z, !!python/tuple [], {}]",
        "a: [" + "x, " * 120_000 + "]",
        "<<: *x",
        "<<: [1, 2]",
        "? [a, b]\n: c",
        "%YAML 9.9\n---\na",
        "apiVersion: v1\nkind: Service\nspec: " + "9" * 100_000,
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [" + "{port: 80}," * 30_000 + "]}",
        "---\n".join(f"apiVersion: v1\nkind: Service\nmetadata: {{name: s{n}}}\n" for n in range(2_001)),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_text_that_means_harm(text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = cluster()
    before = kept(here)
    # A dump is JSON: all other text names a file.
    for entry_point in (here.apply, here.create, *([kx.Cluster.from_json] if text[0] in "[{" else [])):
        with pytest.raises((kx.ManifestError, kx.ApiError)) as told:
            entry_point(text)
        assert str(told.value).strip()
    assert kept(here) == before and not list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x80" * 1000, bytes(range(256))])
def test_bytes_that_are_no_text(data: bytes, tmp_path: Any) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    for entry_point in (cluster().apply, kx.Cluster.from_json):
        with pytest.raises((kx.ManifestError, kx.ApiError)):
            entry_point(path)


ASK = """
import sys
said = []
def hook(event, args):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.")):
        said.append(event)
        raise RuntimeError(event)
import k8sexpose as kx
from k8sexpose.kubectl import curl, run
import numpy, pandas, matplotlib.figure, ipywidgets, anywidget  # what these do at import is theirs
[getattr(kx, name) for name in kx.__all__]
sys.addaudithook(hook)
cluster = kx.Cluster(nodes=3)
cluster.deploy("api-backend", per_node=[2, 1, 0])
for path in sorted(kx.example("public-api-lb").parent.glob("*.yaml")):
    run(cluster.copy(), f"apply -f {path}")
cluster.apply(kx.example("public-api-lb"))
for line in ("get svc,pods,nodes -A -o wide", "describe svc public-api-lb", "get svc -o yaml; touch owned", "apply -f http://x/y"):
    run(cluster, line)
for line in ("public-api-lb", "http://public-api-lb/", "http://10.0.0.1:30000/`id`", "https://example.com"):
    curl(cluster, line)
kx.send(cluster, "public-api-lb"), kx.routes(cluster, "public-api-lb"), kx.shares(cluster, "public-api-lb")
kx.simulate(cluster, "public-api-lb", requests=1000)
kx.bill(cluster), kx.compare_exposure(), kx.provision(cluster, "public-api-lb")
sample = kx.Cluster.from_json(kx.example("sample-cluster"))
review = kx.review(sample)
review.to_html(), review.to_markdown()
flow = kx.flow(cluster, "public-api-lb")
flow.static()._repr_html_()
kx.policy_explorer(), kx.cost_explorer()
print("quiet" if not said else said)
"""


def test_no_process_and_no_socket() -> None:
    """The magics, the model and the widgets start nothing and call nobody: an audit hook would hear it."""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
    assert done.stdout.strip().endswith("quiet"), done.stdout[-500:] + done.stderr[-3000:]


@pytest.mark.parametrize(
    ("number", "is_a"),
    [
        ("9" * 100_000, "string"),
        ("9" * 30, "number"),
        ("0x" + "f" * 17, "string"),
        ("0" * 6_000 + "80", "fine"),
        ("1e999", "string"),
    ],
    ids=["hundred thousand digits", "thirty", "hexadecimal", "zeros before", "exponent"],
)
def test_numbers_that_no_machine_word_holds(number: str, is_a: str) -> None:
    """Go reads a decimal number beyond 64 bits as a float, and as text what no float holds (go-yaml, resolve.go)."""
    text = f"apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: [{{port: {number}}}]}}"
    if is_a == "fine":
        assert cluster().apply(text)[0].object.ports[0].port == 80
        return
    with pytest.raises(kx.ApiError, match=f"cannot unmarshal {is_a}"):
        cluster().apply(text)


def test_a_long_number_in_json() -> None:
    text = json.dumps(WEB).replace("80", "9" * 5_000)
    with pytest.raises(kx.ApiError, match="cannot unmarshal"):
        cluster().apply(text)
    with pytest.raises(kx.ManifestError, match="not JSON"):
        kx.Cluster.from_json(text)


@pytest.mark.parametrize("annotation", ["[" * 200_000, "9" * 5_000, "{", "null", "[1]"])
def test_an_annotation_that_is_no_manifest(annotation: str) -> None:
    """kubectl keeps what was applied last in an annotation; a stranger's dump may hold anything there."""
    held = kx.Cluster.from_json({"items": [{**WEB, "metadata": {"name": "web", "annotations": {LAST: annotation}}}]})
    held.apply({**WEB, "metadata": {"name": "web", "labels": {"tier": "front"}}})
    assert held.service("web").labels == {"tier": "front"}
    kx.review(held).to_html()


LAST = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.mark.parametrize("value", [[{}], 3, None, object()], ids=["list", "number", "nothing", "object"])
def test_things_that_are_no_manifest(value: Any) -> None:
    for entry_point in (cluster().apply, cluster().create):
        with pytest.raises(kx.ManifestError, match="a manifest is text, a Path or a mapping"):
            entry_point(value)


def test_a_namespace_that_is_no_text() -> None:
    with pytest.raises(kx.ApiError, match=r"ObjectMeta\.metadata\.namespace of type string"):
        cluster().apply({**WEB, "metadata": {"name": "web", "namespace": {"": ""}}})


def test_metallb_is_asked_for_what_is_no_address() -> None:
    here = kx.Cluster(nodes=2, provider="metallb")
    here.apply({**WEB, "spec": {"type": "LoadBalancer", "loadBalancerIP": "not-an-ip", "ports": [{"port": 80}]}})
    here.advance(60)
    assert any('invalid spec.loadBalancerIP "not-an-ip"' in event.message for event in here.events)


def test_a_node_without_an_address() -> None:
    addresses = [
        {"type": "InternalIP"},
        {"type": "InternalIP", "address": None},
        {"type": "ExternalIP", "address": None},
    ]
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"addresses": addresses}}
    held = kx.Cluster.from_json({"items": [node]})
    assert "<table" in held._repr_html_() and held.nodes[0].addresses == ()


def test_a_price_file_with_half_a_provider() -> None:
    with pytest.raises(ValueError, match=r"providers\.aws: regions not set"):
        kx.price_book({"providers": {"aws": {"currency": "USD", "default_region": "us-east-1"}}})


def test_a_file_name_longer_than_any() -> None:
    for entry_point in (cluster().apply, kx.Cluster.from_json):
        with pytest.raises(FileNotFoundError, match="does not exist"):
            entry_point("a" * 5_000 + ".yaml")


def test_the_fuzzer_itself_runs() -> None:
    """The long run is by hand (`make fuzz`); one block of inputs shows that it can, however slow the machine is."""
    command = [sys.executable, "tests/hostile/fuzz.py", "--inputs", "200", "--seed", "1", "--limit", "1000"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 inputs" in done.stdout and "0 findings" in done.stdout
