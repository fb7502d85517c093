"""Dumps whose file was cut off on its way, or holds messages of kubectl: what is missing is never taken for nothing."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import k8sexpose as kx
from k8sexpose.api.damage import CutOff
from k8sexpose.api.dump import read_dump

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"clusterIP": "10.96.0.7", "ports": [{"port": 80}], "type": "ClusterIP"},
    "status": {"loadBalancer": {}},
}  # fmt: skip
LIST = {"apiVersion": "v1", "items": [NODE, SERVICE], "kind": "List", "metadata": {"resourceVersion": ""}}
YAML, JSON = yaml.safe_dump(LIST), json.dumps(LIST, indent=4) + "\n"


def names(source: Any) -> list[str]:
    return sorted(one.name for one in read_dump(source).objects)


@pytest.mark.parametrize("text", [YAML, JSON], ids=["YAML", "JSON"])
def test_a_file_is_whole_or_refused_wherever_it_is_cut(text: str, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    begin = text.index("items")
    for end in range(begin, len(text)):
        path.write_text(text[:end], encoding="utf-8")
        try:
            assert names(path) == ["n1", "web"], f"cut at {end}"
        except CutOff as error:
            assert "seems to end early" in str(error) and str(error).startswith("dump: ")
    assert names(text) == ["n1", "web"]


@pytest.mark.parametrize("size", [1_000, 200_000])
def test_a_cut_list_of_json_of_any_length(size: int) -> None:
    text = json.dumps({**LIST, "items": [NODE] * (size // 60)})
    with pytest.raises(kx.ManifestError, match=r"not JSON to its end \(line 1\): the file seems to end early"):
        read_dump(text[:-70])


@pytest.mark.parametrize(
    "text",
    [
        "items:\n- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n",
        "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n1}}",
        "apiVersion: v1\nitems:\n- metadata: {name: n1}\nkind: NodeList\n",
        "apiVersion: v1\nkind: Node\nmetadata:\n  name: n1",
        json.dumps({"apiVersion": "v1", "items": [NODE]}),
    ],
)
def test_whole_files_that_look_otherwise_are_read(text: str) -> None:
    assert names(text) == ["n1"]


def test_lists_one_after_the_other_need_a_line_between_them() -> None:
    """In YAML the second one would take the place of the first."""
    with pytest.raises(kx.ManifestError, match="write a line --- between them"):
        read_dump(YAML + YAML)
    assert names(f"{YAML}---\n{YAML}") == ["n1", "web"]
    assert names(
        "apiVersion: v1\nkind: Node\nmetadata:\n  name: n1\n  annotations:\n    x: |\n      apiVersion: v1\n"
    ) == ["n1"]


def test_a_slip_above_is_no_early_end() -> None:
    with pytest.raises(kx.ManifestError, match="neither JSON nor YAML") as caught:
        read_dump(YAML.replace("name: n1", "name: 'n1", 1))
    assert not isinstance(caught.value, CutOff)


def test_one_cut_file_among_many_is_named(tmp_path: Path) -> None:
    files = {"pods/shop.yaml": YAML[:-60], "nodes.json": json.dumps({"items": [NODE]}), "broken.json": "{{{"}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in files.items():
            target = tmp_path / "folder" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    (tmp_path / "bundle.tar.gz").write_bytes(data.getvalue())
    for source in (tmp_path / "folder", tmp_path / "bundle.tar.gz"):
        cluster = kx.Cluster.from_json(source)
        assert [one.replace("\\", "/") for one in cluster.cut_off] == ["pods/shop.yaml"]
        assert "1 file of the dump seems to end early" in " ".join(kx.review(cluster).lacks)
        hidden = " ".join(kx.review(cluster, anonymise=True).lacks)
        assert "seems to end early" in hidden and "shop" not in hidden


ERROR = 'error: the server doesn\'t have a resource type "slices"'
FORBIDDEN = 'Error from server (Forbidden): nodes is forbidden: User "me" cannot list resource "nodes"'
KLOG = "E1130 12:00:00.123456     123 memcache.go:265] couldn't get the server's API group list"


@pytest.mark.parametrize("text", [YAML, JSON], ids=["YAML", "JSON"])
@pytest.mark.parametrize("message", [ERROR, FORBIDDEN, KLOG])
def test_an_error_of_kubectl_in_the_file_is_told_apart(text: str, message: str) -> None:
    for source in (f"{message}\n{text}", f"{text}{message}\n", f"\n{message}\nWarning: old\n{text}{FORBIDDEN}"):
        cluster = kx.Cluster.from_json(source)
        assert [node.name for node in cluster.nodes] == ["n1"] and cluster.service("shop/web")
        assert cluster.notes[0] == message
        assert f"Not given: {message}." in kx.review(cluster).lacks


def test_a_warning_of_kubectl_is_passed_over() -> None:
    for text in (YAML, JSON):
        found = read_dump(f"Warning: v1 Endpoints is deprecated in v1.33+; it's old\n{text}")
        assert len(found.objects) == 2 and not found.messages


def test_a_file_of_messages_alone_says_so() -> None:
    with pytest.raises(kx.ManifestError, match="holds messages of kubectl, and no objects: error: the server"):
        read_dump(f"{ERROR}\n")
