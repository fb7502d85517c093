"""The reader's own kubectl, by a stub on the PATH."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cli import main

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
STUB = """#!{python}
import json, sys
words = sys.argv[1:]
with open({log!r}, "a") as file:
    file.write(json.dumps(words) + "\\n")
answers = json.loads({answers!r})
resource = words[words.index("get") + 1].split(".")[0]
answer = answers.get(resource, answers.get("*"))
if isinstance(answer, str):
    sys.stderr.write(answer)
    sys.exit(1)
print(json.dumps({{"apiVersion": "v1", "kind": "List", "items": answer}}))
"""


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a kubectl on the PATH that gives these answers; return the file of what it was asked."""
    log = tmp_path / "asked"

    def install(answers: dict[str, Any]) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "kubectl"
        program.write_text(STUB.format(python=sys.executable, log=str(log), answers=json.dumps(answers)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder))
        return log

    return install


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stub is a script with a shebang line")


def asked(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_it_reads_and_nothing_else(stub: Any) -> None:
    log = stub({"nodes": [NODE], "*": []})
    cluster = kx.Cluster.from_kubectl("prod; rm -rf /", "shop")
    assert [node.name for node in cluster.nodes] == ["n1"]
    assert cluster.absent == frozenset() and cluster.notes == ()
    for words in asked(log):
        assert words[0] == "--context=prod; rm -rf /" and words[1] == "get"
        assert ("--namespace=shop" in words) is (words[2] != "nodes")


def test_what_is_forbidden_leaves_the_rest(stub: Any) -> None:
    refused = 'Error from server (Forbidden): nodes is forbidden: User "dev" cannot list resource "nodes"'
    stub({"nodes": refused, "*": []})
    cluster = kx.Cluster.from_kubectl()
    assert cluster.absent == {"Node"}
    assert 'User "dev" cannot list' in cluster.notes[0]
    made = kx.review(cluster)
    assert any("Forbidden" in line for line in made.lacks)


def test_no_context_is_said_in_kubectls_words(stub: Any) -> None:
    stub({"*": 'error: context "nowhere" does not exist\n'})
    with pytest.raises(kx.ManifestError, match='context "nowhere" does not exist'):
        kx.Cluster.from_kubectl("nowhere")


def test_no_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(kx.ManifestError, match="there is no kubectl on the PATH"):
        kx.Cluster.from_kubectl()


def test_the_command(stub: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stub({"nodes": [NODE], "*": []})
    kept = tmp_path / "kept.json"
    assert main(["report", "--context", "prod", "--save-dump", str(kept)]) == 0
    assert "1 node, 0 Pods, 0 Services" in capsys.readouterr().out
    assert kept.stat().st_mode & 0o077 == 0
    assert [node.name for node in kx.Cluster.from_json(kept).nodes] == ["n1"]
    assert main(["report", "--context", "prod", "--save-dump", str(kept)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["report", "--context", "", str(kept)]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["report"])
    assert main(["report", str(kept), str(kept)]) == 0
    assert main(["report", str(tmp_path / "nothing.json")]) == 1
