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


def objects_with(value: str, cidr: str = "10.244.1.0/24") -> list[dict[str, Any]]:
    """One object of each kind, with a value in the place of its first address."""
    return [
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}, "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
         "status": {"addresses": [{"type": "InternalIP", "address": value}, {"type": "Hostname", "address": "n1"}]}},
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"nodeName": "n1"},
         "status": {"podIP": value, "podIPs": [{"ip": value}]}},
        {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "s"},
         "spec": {"clusterIP": "10.96.0.7", "externalIPs": [value], "ports": [{"port": 80}]}},
        {"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "metadata": {"name": "e"},
         "addressType": "IPv4", "endpoints": [{"addresses": [value]}]},
    ]  # fmt: skip


WORDS = ["REDACTED", "[redacted]", "***HIDDEN***", "x.x.x.x", "<ip>", "***TOKEN_IP_A1B2***", "ip-10-0-0-1.ec2.internal"]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_in_the_place_of_an_address_is_said(word: str) -> None:
    cluster = kx.Cluster.from_json(objects_with(word))
    assert not cluster.left_out and cluster.pod("p").ip is None and cluster.node("n1").addresses == ()
    assert (cluster.masked.count, dict(cluster.masked.objects)) == (
        5, {"Node": 1, "Pod": 1, "Service": 1, "EndpointSlice": 1},
    )  # fmt: skip
    first = kx.review(cluster).lacks[0]
    assert first.startswith("5 fields of 1 Node, 1 Pod, 1 Service and 1 EndpointSlice hold no address")
    assert f'Node n1: status.addresses[0].address: "{word}"' in first and "and 2 more" in first
    hidden = kx.review(cluster, anonymise=True).lacks[0]
    assert word not in hidden and "n1" not in hidden


MISTYPED = ["10.0.0.300", "10,0,0,1", "10.0.0", "1O.0.0.1", "10.0.0.1/24", "fd00::zz", "1921681", "10.0.0.1 ", "::1::"]


@pytest.mark.parametrize("text", MISTYPED)
def test_a_mistyped_address_costs_its_object(text: str) -> None:
    cluster = kx.Cluster.from_json(objects_with(text))
    said = [str(one) for one in cluster.left_out]
    places = ["Node n1: status.addresses[0].address", "Pod p: status.podIP", "Service s: spec.externalIPs[0]"]
    places.append("EndpointSlice e: endpoints[0].addresses[0]")
    assert said == [f'{place}: "{text}" is no IP address' for place in places]
    assert not cluster.nodes and not cluster.pods and cluster.masked.count == 0


@pytest.mark.parametrize(
    ("cidr", "left_out"), [("10.244.1.0/33", True), ("10.244.1/24", True), ("10.244.0.0-24", True), ("HIDDEN", False)]
)
def test_a_pod_range_that_is_none(cidr: str, left_out: bool) -> None:
    cluster = kx.Cluster.from_json(objects_with("10.0.0.1", cidr)[:1])
    if left_out:
        assert [str(one) for one in cluster.left_out] == [f'Node n1: spec.podCIDR: "{cidr}" is no range of addresses']
    else:
        assert cluster.node("n1").pod_cidr is None and cluster.masked.count == 2
        assert 'spec.podCIDR: "HIDDEN"' in "".join(kx.review(cluster).lacks)


def test_addresses_of_other_spellings_are_read() -> None:
    cluster = kx.Cluster.from_json(objects_with("010.0.0.001", "10.244.1.7/24"))
    assert cluster.node("n1").addresses == ("10.0.0.1",) and cluster.pod("p").ip == "10.0.0.1"
    assert cluster.node("n1").pod_cidr == "10.244.1.7/24"
    assert not cluster.left_out and cluster.masked.count == 0 and not kx.review(cluster).lacks


def test_words_and_slips_in_endpoints() -> None:
    def endpoints(ip: str) -> dict[str, Any]:
        subsets = [{"addresses": [{"ip": "10.9.9.9"}, {"ip": ip}], "ports": [{"port": 80}]}]
        return {"kind": "Endpoints", "apiVersion": "v1", "metadata": {"name": "web"}, "subsets": subsets}

    hidden = kx.Cluster.from_json([endpoints("HIDDEN")])
    assert 'Endpoints web: subsets[0].addresses[1].ip: "HIDDEN"' in map(str, hidden.masked.first)
    wrong = kx.Cluster.from_json([endpoints("10.9.9.999")])
    assert [str(one) for one in wrong.left_out] == [
        'Endpoints web: subsets[0].addresses[1].ip: "10.9.9.999" is no IP address'
    ]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("config.openshift.io/v1", "Ingress"), ("serving.knative.dev/v1", "Service"),
        ("networking.istio.io/v1", "Gateway"), ("config.openshift.io/v1", "Node"),
    ],
)  # fmt: skip
def test_kinds_of_the_same_name_are_another_groups(version: str, kind: str) -> None:
    """As in a must-gather of OpenShift, where the configuration of the cluster has an Ingress too."""
    other = {"apiVersion": version, "kind": kind, "metadata": {"name": "cluster"}, "spec": {"domain": "example.com"}}
    listed = {"apiVersion": version, "kind": f"{kind}List", "items": [{"metadata": {"name": "cluster"}}]}
    for dump in (other, listed, [other]):
        found = read_dump(dump)
        assert not found.objects and not found.kept and "Service" in found.absent and "Node" in found.absent


def test_an_archive_in_xz(tmp_path: Path) -> None:
    lzma = pytest.importorskip("lzma")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        text = json.dumps(NODE).encode()
        member = tarfile.TarInfo("must-gather/cluster-scoped-resources/core/nodes/n1.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    path = tmp_path / "must-gather.tar.xz"
    path.write_bytes(packed.getvalue())
    assert [one.name for one in read_dump(path).objects] == ["n1"]
    path.write_bytes(packed.getvalue()[:-20])
    with pytest.raises(kx.ManifestError, match="cut off"):
        read_dump(path)
    path.write_bytes(packed.getvalue()[:6] + b"nonsense")
    with pytest.raises(kx.ManifestError, match="cannot be read"):
        read_dump(path)
    path.write_bytes(lzma.compress(json.dumps(NODE).encode()))
    assert [one.name for one in read_dump(path).objects] == ["n1"]


@pytest.mark.parametrize(
    ("gates", "told"),
    [
        (3, 'spec.readinessGates: the number "3" is given where a list belongs'),
        (["a"], 'spec.readinessGates[0]: the text "a" is given where a group of names with values belongs'),
        ([{"conditionType": ["x"]}], "spec.readinessGates[0].conditionType: a list is given where a text belongs"),
    ],
)
def test_gates_of_a_pod_that_mean_nothing_cost_the_pod(gates: Any, told: str) -> None:
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": {"readinessGates": gates},
    }  # fmt: skip
    cluster = kx.Cluster.from_json(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, NODE]}))
    assert [str(one) for one in cluster.left_out] == [f"Pod web-1: {told}"]
    assert len(cluster.nodes) == 1 and not cluster.pods
