"""``ssh`` to a node: the commands that show kube-proxy's rules there."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import ssh
from tests.router.helpers import cluster_with


@pytest.fixture(params=["iptables", "nftables"])
def cluster(request: pytest.FixtureRequest) -> kx.Cluster:
    return cluster_with([1, 1], proxy=kx.ProxyConfig(mode=request.param))


def test_the_whole_of_it_is_what_proxy_rules_writes(cluster: kx.Cluster) -> None:
    command = {"iptables": "iptables-save", "nftables": "nft list table ip kube-proxy"}[cluster.proxy.mode]
    wanted = kx.proxy_rules(cluster, node="node-2").text
    for words in (f"node-2 {command}", f"root@node-2 sudo {command}", ["node-2", *command.split()]):
        done = ssh(cluster, words)
        assert (done.rc, done.stdout, done.stderr) == (0, wanted, "")


def test_the_tool_of_the_other_mode_says_which_one_to_take(cluster: kx.Cluster) -> None:
    if cluster.proxy.mode == "nftables":
        done = ssh(cluster, "node-1 iptables-save -t nat")
        assert (done.rc, done.stdout) == (0, "")
        assert "try nft list table ip kube-proxy" in done.stderr
    else:
        done = ssh(cluster, "node-1 nft list table ip kube-proxy")
        assert done.rc == 1
        assert done.stderr.startswith("Error: No such file or directory\nlist table ip kube-proxy\n")
        assert "try iptables-save" in done.stderr


def test_one_table() -> None:
    cluster = cluster_with([1, 1])
    whole = kx.proxy_rules(cluster, node="node-1").text
    parts = [ssh(cluster, f"node-1 iptables-save -t {table}").stdout for table in ("mangle", "filter", "nat")]
    assert "".join(parts) == whole
    assert [part.splitlines()[0] for part in parts] == ["*mangle", "*filter", "*nat"]
    assert all(part.endswith("COMMIT\n") and part.count("COMMIT") == 1 for part in parts)


def test_grep_keeps_lines_with_a_plain_text() -> None:
    cluster = cluster_with([1, 1])
    whole = kx.proxy_rules(cluster, node="node-1").text.splitlines()
    found = ssh(cluster, "node-1 iptables-save | grep default/web").stdout.splitlines()
    assert found == [line for line in whole if "default/web" in line] != []
    assert ssh(cluster, "node-1 iptables-save | grep -i DEFAULT/WEB").stdout.splitlines() == found
    assert ssh(cluster, "node-1 iptables-save | grep -v default/web").stdout.splitlines() == [
        line for line in whole if "default/web" not in line
    ]
    assert ssh(cluster, "node-1 iptables-save | grep web | grep '^['").stdout == ""  # no pattern: a text


@pytest.mark.parametrize(
    "words",
    [
        "node-1", "node-1 uptime", "node-1 iptables-save -t raw", "node-1 iptables-save -c", "node-1 nft list sets",
        "node-1 iptables-save | wc -l", "node-1 iptables-save | grep", "node-1 iptables-save | grep -P x", "",
    ],
)  # fmt: skip
def test_any_other_command_says_what_there_is(words: str) -> None:
    done = ssh(cluster_with([1]), words)
    assert done.rc == 2
    assert "iptables-save [-t TABLE] and nft list table ip kube-proxy" in done.stderr
    assert done.stdout == ""


def test_a_node_that_does_not_answer() -> None:
    cluster = cluster_with([1, 1])
    cluster.fail("node-2")
    assert ssh(cluster, "node-2 iptables-save").stderr == "ssh: connect to host node-2 port 22: Connection timed out\n"
    unknown = ssh(cluster, "node-7 iptables-save")
    assert unknown.rc == 255
    assert unknown.stderr.splitlines() == [
        "ssh: Could not resolve hostname node-7: Name or service not known",
        "k8sexpose: the nodes are node-1, node-2",
    ]


def test_an_unclosed_quote() -> None:
    assert ssh(cluster_with([1]), "node-1 'iptables-save").rc == 2
