"""What stands behind -f: folders, patterns, several files; and the verbs that read them."""

from __future__ import annotations

from pathlib import Path

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import TW, stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deeper").mkdir()
    for name in ("b.yaml", "a.yml", "c.json", "note.txt", "deeper/d.yaml"):
        (tmp_path / name).write_text(TW.replace("name: tw", f"name: {Path(name).stem}"))
    (tmp_path / "c.json").write_text(
        '{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"ports":[{"port":80}]}}'
    )
    return tmp_path


def test_a_folder(cluster: kx.Cluster, folder: Path) -> None:
    assert stdout(cluster, f"apply -f {folder}") == "service/a created\nservice/b created\nservice/c created\n"
    assert stdout(cluster, f"apply -R -f {folder}").splitlines() == [
        "service/a unchanged", "service/b unchanged", "service/c unchanged", "service/d created",
    ]  # fmt: skip


def test_patterns_and_several_files(cluster: kx.Cluster, folder: Path) -> None:
    assert stdout(cluster, ["create", "-f", f"{folder}/*.yaml", "-f", f"{folder}/a.yml"]) == (  # type: ignore[arg-type]
        "service/b created\nservice/a created\n"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope.yaml", 'error: the path "nope.yaml" does not exist\n'),
        ("https://example.com/a.yaml", "error: k8sexpose reads no URL: save https://example.com/a.yaml as a file"),
    ],
)
def test_nothing_is_done_if_one_is_missing(cluster: kx.Cluster, folder: Path, name: str, message: str) -> None:
    done = run(cluster, f"apply -f {folder / 'a.yml'} -f {name}")
    assert (done.rc, done.stdout) == (1, "") and done.stderr.startswith(message)
    assert "a" not in [service.name for service in cluster.services]


def test_a_folder_without_manifests(cluster: kx.Cluster, tmp_path: Path) -> None:
    assert run(cluster, f"apply -f {tmp_path}").stderr == (
        f"error: error reading [{tmp_path}]: recognized file extensions are [.json .yaml .yml]\n"
    )


def test_replace_force_and_the_saved_configuration(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "create -f - --save-config", TW) == "service/tw created\n"
    assert '"name":"tw"' in stdout(cluster, "apply view-last-applied svc/tw -o json").replace(" ", "")
    uid = stdout(cluster, "get svc tw -o jsonpath={.metadata.uid}")
    assert stdout(cluster, "replace --force -f -", TW) == (
        'service "tw" deleted from default namespace\nservice/tw replaced\n'
    )
    assert stdout(cluster, "get svc tw -o jsonpath={.metadata.uid}") != uid


def test_set_last_applied(cluster: kx.Cluster) -> None:
    stdout(cluster, "create -f -", TW)
    done = run(cluster, "apply set-last-applied -f -", TW)
    assert done.stderr.startswith("error: no last-applied-configuration annotation found on resource: tw, to create")
    assert stdout(cluster, "apply set-last-applied -f - --create-annotation", TW) == "service/tw configured\n"
    # Its annotation lacks the empty map of annotations that apply writes (GetApplyPatch, GetModifiedConfiguration).
    assert stdout(cluster, "apply -f -", TW) == "service/tw configured\n"
    assert stdout(cluster, "apply -f -", TW) == "service/tw unchanged\n"
    stdout(cluster, "apply set-last-applied -f -", TW)
    assert stdout(cluster, "apply set-last-applied -f -", TW) == "set-last-applied tw: no changes required.\n"


def test_a_stale_export_is_refused(cluster: kx.Cluster) -> None:
    """The resourceVersion of an exported manifest: what changed in between is not overwritten."""
    exported = stdout(cluster, "get svc web -o yaml")
    assert stdout(cluster, "replace -f -", exported) == "service/web replaced\n"
    stdout(cluster, "label svc web a=b")
    done = run(cluster, "replace -f -", exported)
    assert done.stderr.startswith('Error from server (Conflict): error when replacing "STDIN": Operation cannot be ')


def test_a_patch_file(cluster: kx.Cluster, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("spec: {type: ClusterIP}")
    assert stdout(cluster, f"patch svc web --patch-file {tmp_path / 'p.yaml'}") == "service/web patched\n"
    assert run(cluster, "patch svc web --patch-file nope").stderr == (
        "error: unable to read patch file: open nope: no such file or directory\n"
    )


def test_the_order_of_what_is_told(cluster: kx.Cluster) -> None:
    """apply reads everything first: what cannot be read is told first, what the server refuses behind it."""
    bad = TW.replace("port: 80", "port: 0")
    unread = TW.replace("name: tw", "name: x, labels: {a: 1}")
    done = run(cluster, "apply -f -", f"{bad}\n---\n{unread}\n---\n{TW.replace('tw', 'ok')}")
    assert done.stdout == "service/ok created\n"
    assert done.stderr.splitlines()[0].startswith('unable to decode "STDIN"')
    assert done.stderr.splitlines()[1].startswith('Error from server (Invalid): error when creating "STDIN"')
