"""The difference between two clusters, in Python and on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.cli import main
from k8sexpose.report.diff import applied
from tests.report.helpers import LB, SAMPLE, cluster_of, edited, put

API_LOCAL = """\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, annotations: {service.beta.kubernetes.io/aws-load-balancer-type: nlb}}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: api}, ports: [{port: 443, targetPort: 8443}]}
"""


def test_a_policy_that_changes_shows_what_it_moves() -> None:
    before = cluster_of({"externalTrafficPolicy": "Cluster"}, per_node=(3, 1, 0))
    made = kx.diff(before, applied(before, {**_web({"externalTrafficPolicy": "Local"})}))
    found = {one.what: (one.before, one.after) for one in made.changes}
    assert found["policy"] == ("Cluster", "Local")
    assert found["busiest Pod over the mean"] == ("1.00", "2.00")
    assert found["extra hop"] == ("66.7%", "0.0%")
    assert (made.exposed_anew, made.exposed_no_more) == ((), ())
    assert {one.kind for one in made.new_findings} >= {"skew"} or made.new_findings


def _web(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {**LB, **spec}}


def test_the_same_cluster_does_not_differ() -> None:
    cluster = cluster_of({})
    made = kx.diff(cluster, cluster.copy())
    assert not made
    assert "Nothing that this report looks at differs" in made.to_markdown()


def test_services_exposed_anew_and_no_more_and_their_findings() -> None:
    none, one = kx.Cluster(nodes=2), kx.Cluster(nodes=2)
    one.apply(_web({}))
    new, gone = kx.diff(none, one), kx.diff(one, none)
    assert new.exposed_anew == gone.exposed_no_more == ("default/web",)
    assert [f.kind for f in new.new_findings] == [f.kind for f in gone.gone_findings] == ["no-endpoints", "pending"]
    assert new.gone_findings == gone.new_findings == ()


def test_a_new_load_balancer_without_an_address_is_a_note_and_a_graver_finding_is_new() -> None:
    before = cluster_of({"type": "ClusterIP"}, per_node=(1, 0, 0))
    before.set_ready("web-1", False)
    made = kx.diff(before, applied(before, _web({})))
    assert [(f.kind, f.severity) for f in made.new_findings] == [("no-endpoints", "problem"), ("pending", "note")]
    assert [(f.kind, f.severity) for f in made.gone_findings] == [("no-endpoints", "warning")]
    local = kx.Cluster(nodes=1, provider="kind")
    known = kx.diff(local, applied(local, _web({})))
    assert ("pending", "problem") in {(f.kind, f.severity) for f in known.new_findings}, "nobody makes one there"


@pytest.mark.parametrize("scheme", ["hcloud", "openstack"])
def test_nobody_knows_why_a_new_load_balancer_of_an_unknown_controller_waits(scheme: str) -> None:
    before = kx.Cluster(nodes=[kx.Node("n1", ("10.0.0.1",), provider_id=f"{scheme}://1")])
    place = {"load-balancer.hetzner.cloud/location": "fsn1"}
    after = applied(before, {**_web({}), "metadata": {"name": "web", "annotations": place}})
    assert ("pending", "note") in {(f.kind, f.severity) for f in kx.diff(before, after).new_findings}


def test_only_the_lines_that_change_are_explained() -> None:
    before = cluster_of({"type": "NodePort"})
    text = kx.diff(before, applied(before, _web({"type": "NodePort", "externalTrafficPolicy": "Local"}))).to_markdown()
    assert "| default/web | extra hop |" in text and "- extra hop, crosses a zone: the share" in text
    assert "- fairness:" not in text and "- busiest Pod" not in text


def test_a_difference_of_very_many_services_fits_a_comment_on_a_pull_request() -> None:
    before = cluster_of({"externalTrafficPolicy": "Cluster"}, per_node=(3, 1, 0))
    made = kx.diff(before, applied(before, _web({"externalTrafficPolicy": "Local"})))
    changes = [replace(one, service=f"n{n}/{'x' * 60}") for n in range(300) for one in made.changes]
    findings = [replace(one, service=f"n{n}/x", what=f"{n}") for n in range(300) for one in made.new_findings]
    many = replace(made, changes=tuple(changes), new_findings=tuple(findings), gone_findings=tuple(findings))
    text = many.to_markdown()
    assert len(text) < 65_536 and f"{len(changes) - 200:,} more rows are in the JSON: --format json." in text
    assert len(json.loads(many.to_json())["changes"]) == len(changes)
    assert "more rows" not in made.to_markdown()


def test_a_service_more_shares_the_traffic_and_changes_no_other() -> None:
    before = cluster_of({}, provider="aws")
    made = kx.diff(before, applied(before, {**_web({}), "metadata": {"name": "second"}}))
    assert (made.exposed_anew, made.changes) == (("default/second",), ())


def test_slices_of_a_dump_follow_a_port_that_is_renamed() -> None:
    before = kx.Cluster.from_json(SAMPLE, provider=None)
    after = applied(before, API_LOCAL.replace("port: 443", "name: https, port: 443"))
    assert kx.review(after).service("shop/api").ready == kx.review(before).service("shop/api").ready == 12


def test_command_with_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = tmp_path / "change.yaml"
    change.write_text(API_LOCAL)
    assert main(["diff", str(SAMPLE), "--apply", str(change)]) == 0
    text = capsys.readouterr().out
    assert "| shop/api | policy | Cluster | Local |" in text
    assert "USD a month (-2.67)" in text


def test_command_with_two_dumps_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = tmp_path / "after.json"
    after.write_text(edited(put("spec.ports.0.name", "another")))
    assert main(["diff", str(SAMPLE), str(after), "--format", "json", "--fail-on", "warning"]) == 3
    made = json.loads(capsys.readouterr().out)
    assert made["schema"] == "k8sexpose.diff/1"
    assert set(made) == {"schema", "made_by", "date", "exposed_anew", "exposed_no_more", "changes", "new_findings",
                         "gone_findings", "bill"}  # fmt: skip
    assert {one["service"] for one in made["new_findings"]} == {"shop/api"}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([str(SAMPLE)], 2, "name two dumps"),
        ([str(SAMPLE), str(SAMPLE), "--apply", "x.yaml"], 2, "name two dumps"),
        ([str(SAMPLE), "--apply", "no-such.yaml"], 1, "no-such.yaml"),
        (["no-such.json", str(SAMPLE)], 1, "no such file"),
        ([str(SAMPLE), str(SAMPLE), "-o", "page.txt"], 1, "written as .html, .htm, .md, .markdown, .json"),
        ([str(SAMPLE), str(SAMPLE), "--provider", "none"], 1, "there is no provider 'none'; there are: generic, aws"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(
    words: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["diff", *words]) == code
    said = capsys.readouterr().err
    assert message in said and "None for nobody" not in said


def test_a_manifest_that_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = tmp_path / "change.yaml"
    change.write_text(API_LOCAL.replace("port: 443", "port: 0"))
    assert main(["diff", str(SAMPLE), "--apply", str(change)]) == 1
    said = capsys.readouterr().err
    assert "spec.ports[0].port" in said and f"{change}: " in said, "what is wrong, and in which file"


def test_a_difference_is_a_page_too_and_may_be_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, page = tmp_path / "change.yaml", tmp_path / "page.html"
    change.write_text(API_LOCAL)
    for _ in range(2):  # the second time it replaces a page of ours
        assert main(["diff", str(SAMPLE), "--apply", str(change), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "<title>What the change does</title>" in text and "USD a month (-2.67)" in text


def test_shared_traffic_is_named_where_a_new_service_takes_a_part_of_it() -> None:
    one = cluster_of({})
    two = applied(one, {**_web({}), "metadata": {"name": "second"}})
    text = kx.diff(one, two).to_markdown()
    assert "share the assumed traffic evenly, 1 before and 2 after" in text
    assert (
        "share the assumed traffic"
        not in kx.diff(one, applied(one, _web({"externalTrafficPolicy": "Local"}))).to_markdown()
    )


def test_a_load_that_nobody_can_carry_is_said_so() -> None:
    even = cluster_of({}, per_node=(3, 1, 0))
    made = kx.diff(even, applied(even, _web({"externalTrafficPolicy": "Local"})), utilisation=0.9)
    [p99] = [one for one in made.changes if one.what == "p99"]
    assert p99.after == "overloaded" and p99.after_value is None
