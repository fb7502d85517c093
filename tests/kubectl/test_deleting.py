"""delete: its flags, and what it says."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import TW, WEB, stdout

GONE = 'service "web" deleted from default namespace\n'
FORCED = 'service "web" force deleted from default namespace\n'


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ("--wait=false", GONE), ("--wait", GONE), ("--now", GONE), ("--grace-period=0", GONE), ("--timeout=5s", GONE),
        ("--grace-period=5", GONE), ("-o name", "service/web\n"), ("--cascade=background", GONE),
        ("--grace-period=0 --force", FORCED), ("--force", FORCED),
    ],
)  # fmt: skip
def test_flags(cluster: kx.Cluster, flags: str, line: str) -> None:
    done = run(cluster, f"delete svc web {flags}")
    assert (done.rc, done.stdout) == (0, line)
    assert done.stderr.startswith("Warning: Immediate deletion does not wait") == ("--force" in flags)
    assert "web" not in [service.name for service in cluster.services]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("svc web --now --grace-period=5", "--now and --grace-period cannot be specified together"),
        ("svc web --force --grace-period=5", "--force and --grace-period greater than 0 cannot be specified together"),
        ("svc -l app=web --all", "setting 'all' parameter but found a non empty selector. "),
        ("svc web -l app=web", "name cannot be provided when a selector is specified"),
        ("svc web -o yaml", "unexpected -o output mode: yaml. We only support '-o name'"),
        ("svc web --cascade=x", 'invalid cascade value (x). Must be "background", "foreground", or "orphan"'),
        ("svc web -A", "a resource cannot be retrieved by name across all namespaces"),
        ("svc ''", "resource name may not be empty"),
        ("svc a%b", "invalid resource name \"a%b\": [may not contain '%']"),
        ("svc web -f -", "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as"),
    ],
)
def test_refusals(cluster: kx.Cluster, words: str, message: str) -> None:
    done = run(cluster, f"delete {words}", WEB % "NodePort")
    assert done.rc == 1 and done.stderr.startswith(f"error: {message}"), done
    assert cluster.service("web")


def test_by_choice(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "delete svc --field-selector metadata.name=web") == GONE
    assert stdout(cluster, "delete pods --all --now").count("deleted from default namespace") == 4
    cluster.advance(1)
    assert sorted(pod.name for pod in cluster.pods) == ["web-5", "web-6", "web-7", "web-8"]


def test_a_grace_period_is_kept_and_force_does_not_wait(cluster: kx.Cluster) -> None:
    stdout(cluster, "delete pod web-1 --grace-period=5")
    assert run(cluster, "delete pod web-2 --force").stdout == 'pod "web-2" force deleted from default namespace\n'
    assert [pod.name for pod in cluster.pods if pod.terminating] == ["web-1"]
    assert "web-2" not in [pod.name for pod in cluster.pods]
    cluster.advance(5)
    assert len(cluster.pods) == 4


def test_a_client_dry_run_asks_nobody(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "delete svc nope --dry-run=client") == (
        'service "nope" deleted from default namespace (dry run)\n'
    )


def test_files(cluster: kx.Cluster) -> None:
    done = run(cluster, "delete -f -", f"{TW}\n---\n{WEB % 'NodePort'}")
    assert done.stdout == GONE
    assert done.stderr == 'Error from server (NotFound): error when deleting "STDIN": services "tw" not found\n'
    assert stdout(cluster, "delete -f - --ignore-not-found", TW) == ""
