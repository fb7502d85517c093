"""%kubectl and %curl in a notebook."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import k8sexpose as kx
from k8sexpose.kubectl.magics import choose, split, variable

NODE_PORT = """apiVersion: v1
kind: Service
metadata: {name: debug}
spec:
  type: NodePort
  selector: {app: debug}
  ports: [{port: 80, targetPort: 8080, nodePort: 30007}]
"""


@pytest.fixture
def cluster() -> kx.Cluster:
    made = kx.Cluster(provider=None)
    made.deploy("debug", per_node=[1, 0, 0])
    made.apply(NODE_PORT)
    return made


Cell = Callable[[str], str]


@pytest.fixture
def cell(cluster: kx.Cluster, capsys: pytest.CaptureFixture[str]) -> Cell:
    """Run a cell in a shell of its own, which holds `cluster`; it never fails."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns["cluster"] = cluster

    def run_cell(text: str) -> str:
        capsys.readouterr()
        assert shell.run_cell(text).success, text
        printed = capsys.readouterr()
        assert not printed.err  # one stream for both, as with ! in a notebook
        return printed.out

    run_cell("%load_ext k8sexpose")
    return run_cell


def test_ssh_shows_the_rules_of_a_node(cluster: kx.Cluster, cell: Cell) -> None:
    rules = cell("%ssh node-2 iptables-save -t nat")
    assert rules.startswith("*nat\n:PREROUTING ACCEPT [0:0]\n")
    assert rules in kx.proxy_rules(cluster, node="node-2").text
    assert cell("%ssh node-2 uptime").startswith("k8sexpose does not model this command")
    assert cell("%ssh node-2 iptables-save | grep MASQUERADE").count("\n") == 1


def test_kubectl(cell: Cell) -> None:
    assert cell("%kubectl get svc debug").splitlines()[1].startswith("debug   NodePort")
    assert cell("%kubectl get svc nope") == 'Error from server (NotFound): services "nope" not found\n'
    both = cell("%kubectl get svc nope debug").splitlines()
    assert len(both) == 3 and both[2].startswith("Error from server")


def test_a_cell_is_the_input(cell: Cell, cluster: kx.Cluster) -> None:
    assert cell("%%kubectl apply -f -\n" + NODE_PORT.replace("30007", "30008")) == "service/debug configured\n"
    assert cluster.service("debug").ports[0].node_port == 30008
    err = cell("%%kubectl apply -f -\n" + NODE_PORT.replace("30007", "80"))
    assert err.startswith('The Service "debug" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port')
    err = cell("%%kubectl create -f -\na: [")
    assert err.startswith("error: error parsing STDIN: error converting YAML to JSON: yaml: ")


def test_curl(cell: Cell) -> None:
    assert cell("%curl http://10.0.0.2:30007") == "pod:    debug-1\nnode:   node-1\nclient: 10.0.0.2\n"
    err = cell("%curl http://10.0.0.2:30008")
    assert err == "curl: (7) Failed to connect to 10.0.0.2 port 30008 after 0 ms: Could not connect to server\n"


def test_names_are_put_in_and_json_is_left_alone(cell: Cell, cluster: kx.Cluster) -> None:
    cell("ip, name = '10.0.0.3', 'debug'")
    assert "debug-1" in cell("%curl http://{ip}:30007")
    assert "debug-1" in cell("%curl http://{cluster.nodes[0].addresses[0]}:30007")
    assert cell("%kubectl get svc $name -o name") == "service/debug\n"
    assert cell("""%kubectl patch svc {name} -p '{"spec":{"type":"LoadBalancer"}}'""") == "service/debug patched\n"
    assert cluster.service("debug").type == "LoadBalancer"


def test_another_cluster(cell: Cell) -> None:
    cell("import k8sexpose as kx; other = kx.Cluster(nodes=1, provider=None)")
    for words in ("--cluster other get nodes -o name", "get nodes -o name --cluster=other"):
        assert cell(f"%kubectl {words}") == "node/node-1\n"
    assert "timed out" in cell("%curl -m 1 http://10.0.0.3:30007 --cluster other")


def test_without_a_cluster(cell: Cell) -> None:
    cell("import k8sexpose as kx; other = kx.Cluster(provider=None); del cluster")
    want = "There is no variable 'cluster': run the cell that makes it, or make one with  cluster = kx.Cluster()"
    for line in "%kubectl get svc", "%curl http://10.0.0.1":
        assert cell(line) == f"{want}, or say --cluster other.\n"
    cell("del other")
    assert cell("%kubectl get svc") == f"{want}.\n"
    cell("cluster = 3")
    assert cell("%kubectl get svc").startswith("The variable cluster is no Cluster but of type int")


def test_unclosed_quotes(cell: Cell) -> None:
    assert cell("%kubectl get svc 'debug") == "error: No closing quotation\n"
    assert cell("%curl 'x") == "error: No closing quotation\n"


def test_no_process_and_no_socket(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a process or a socket")

    with monkeypatch.context() as patched:
        for owner, name in (
            (socket, "socket"), (socket, "create_connection"), (socket, "getaddrinfo"), (subprocess, "Popen"),
            (os, "system"), (os, "fork"), (os, "posix_spawn"), (os, "popen"),
        ):  # fmt: skip
            patched.setattr(owner, name, forbidden)
        with pytest.raises(AssertionError):
            subprocess.run(["true"])
        for text in (
            "%kubectl get svc,pods -A -o wide", "%kubectl describe svc debug", "%%kubectl apply -f -\n" + NODE_PORT,
            "%kubectl scale deployment debug --replicas=2", "%kubectl delete svc debug", "%kubectl edit svc debug",
            "%curl http://10.0.0.1:30007", "%curl http://example.com", "%curl -m 1 http://192.0.2.1",
            "%curl --client pod/debug-1 http://debug",
        ):  # fmt: skip
            cell(text)


def test_hostile_texts_are_printed_harmlessly(cell: Cell) -> None:
    note = r'{"metadata":{"annotations":{"note":"<script>alert(1)</script>\u001b]0;x\u0007\b\u202e"}}}'
    cell(f"%kubectl patch svc debug -p '{note}'")
    out = cell("%kubectl describe svc debug")
    assert r"<script>alert(1)</script>^[]0;x\x07\x08\u202e" in out
    err = cell("%curl http://\x1b[31m")
    assert "\x1b" not in err


def test_helpers() -> None:
    assert variable(["get", "--cluster"]) == ("", ["get"])
    want = "There is no variable 'name': run the cell that makes it, or make one with  cluster = kx.Cluster().\n"
    assert choose("", {}) == want
    json_text = """-p '{"a":1}' -o jsonpath={.items} {a: b} {unknown} $unknown"""
    assert split(json_text, {"a": 1}.__getitem__) == [
        "-p", '{"a":1}', "-o", "jsonpath={.items}", "{a:", "b}", "{unknown}", "$unknown",
    ]  # fmt: skip
