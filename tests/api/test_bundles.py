"""Dumps in every form in which people have them, and what is none."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api import bundles
from k8sexpose.api.dump import read_dump

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1"}}
BARE = {"metadata": {"name": "n1"}}
LIST = {"apiVersion": "v1", "kind": "List", "items": [NODE, POD]}


def names(source: Any) -> list[str]:
    return sorted(one.name for one in read_dump(source).objects)


def text(value: Any) -> str:
    return json.dumps(value)


@pytest.mark.parametrize(
    "source",
    [
        text(LIST),
        text([NODE, POD]),
        text(NODE) + "\n" + text(POD),
        text({"apiVersion": "v1", "kind": "NodeList", "items": [BARE]}) + text({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "p1"}}]}),
        text([{"kind": "NodeList", "apiVersion": "v1", "items": [BARE]}, POD]),
        "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p1}\n",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n- {apiVersion: v1, kind: Pod, metadata: {name: p1}}\n",
        text(NODE) + '\n==== START logs for container c of pod a/b ====\n{"not": json\n==== END logs for container c of pod a/b ====\n' + text(POD),
        text(LIST).encode("utf-16"),
        gzip.compress(text(LIST).encode()),
        LIST,
        [NODE, POD],
    ],
)  # fmt: skip
def test_forms_of_a_dump(source: Any) -> None:
    assert names(source) == ["n1", "p1"]


def tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("nodes.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return data.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


BUNDLE = {
    "bundle/cluster-resources/nodes.json": text([BARE]).encode(),
    "bundle/cluster-resources/pods/default.json": text({"items": [{"metadata": {"name": "p1"}}]}).encode(),
    "bundle/logs/x.log": b"{{{{",
    "bundle/broken.json": b"{{{{",
    "bundle/other.json": b'{"some": "thing"}',
}


@pytest.mark.parametrize("data", [tar(BUNDLE), tar(BUNDLE, "w"), zipped(BUNDLE)])
def test_archives(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bundle.archive"
    path.write_bytes(data)
    assert names(path) == ["n1", "p1"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bundle.archive"]  # nothing was unpacked


def test_a_folder_and_several_files(tmp_path: Path) -> None:
    for name, content in BUNDLE.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (tmp_path / "bundle" / "pods.json").symlink_to("/etc/passwd")
    assert names(tmp_path) == ["n1", "p1"]
    place = tmp_path / "bundle/cluster-resources"
    assert names([place / "nodes.json", place / "pods/default.json"]) == ["n1", "p1"]


def test_the_later_one_of_a_name_counts() -> None:
    second = {**NODE, "spec": {"providerID": "kind://x"}}
    found = read_dump([NODE, second]).objects
    assert [getattr(one, "provider_id", None) for one in found] == ["kind://x"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{"kind": "Status", "apiVersion": "v1", "message": "nodes is forbidden"}', "is a Status.*nodes is forbidden"),
        ("{}", "empty object"),
        ("<!DOCTYPE html><html></html>", "HTML"),
        ("   \n", "is empty"),
        ("NAME   STATUS\nn1     Ready\n", "add -o json"),
        ("a: b: c\n", "neither JSON nor YAML"),
        ("just words\nand more\n", "is no dump"),
        ('{"items": {}}', "a list of items"),
        ('{"items": [3]}', r"items\[0\] is not an object"),
        (b"\x00\xff\xfe\x80", "neither text nor an archive"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (b"PK\x03\x04nothing", "cannot be read"),
        (zipped({"a.txt": b"x"}), "without a .json"),
    ],
)
def test_what_is_no_dump_is_named(source: Any, words: str) -> None:
    with pytest.raises(kx.ManifestError, match=words):
        kx.Cluster.from_json(source)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 1_000)
    with pytest.raises(kx.ManifestError, match="decompressed"):
        read_dump(gzip.compress(b" " * 2_000))
    with pytest.raises(kx.ManifestError, match="decompressed"):
        read_dump(zipped({"a.json": b" " * 600, "b.json": b" " * 600}))
    monkeypatch.setattr(bundles, "MAX_MEMBERS", 3)
    with pytest.raises(kx.ManifestError, match="more than 3 files"):
        read_dump(zipped(BUNDLE))
    monkeypatch.setattr(bundles, "MAX_YAML_BYTES", 10)
    with pytest.raises(kx.ManifestError, match="JSON is quick: kubectl get"):
        read_dump("apiVersion: v1\nkind: Node\n")


def test_aliases_that_repeat_a_text_are_refused() -> None:
    rows = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    rows += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(kx.ManifestError, match="aliases"):
        read_dump(rows)


def test_what_a_dump_lacks_is_not_what_it_says_is_none() -> None:
    assert read_dump({"kind": "PodList", "apiVersion": "v1", "items": []}).absent == {
        "Node",
        "Service",
        "EndpointSlice",
    }
    endpoints = {"kind": "EndpointsList", "apiVersion": "v1", "items": []}
    assert "EndpointSlice" not in read_dump(endpoints).absent


def test_hidden_addresses_of_every_kind() -> None:
    hidden = "***HIDDEN***"
    dump = [
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}, "spec": {"podCIDR": hidden},
         "status": {"addresses": [{"type": "InternalIP", "address": hidden}]}},
        {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "s"},
         "spec": {"type": "LoadBalancer", "clusterIP": hidden, "clusterIPs": [hidden], "ports": [{"port": 80}]},
         "status": {"loadBalancer": {"ingress": [{"ip": hidden}]}}},
        {"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "metadata": {"name": "e"},
         "addressType": "IPv4", "endpoints": [{"addresses": [hidden]}]},
    ]  # fmt: skip
    cluster = kx.Cluster.from_json(dump)
    assert cluster.node("n1").addresses == () and cluster.node("n1").pod_cidr is None
    assert cluster.service("s").cluster_ip.startswith("240.")
    assert kx.review(cluster).to_markdown()
