"""Selectors: what they choose, and what is said of one that cannot be read."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.kubectl.selectors import requirements, selects

LABELS = {"app": "web", "tier": "front", "n": "5"}


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("", True), ("app=web", True), ("app==web,tier=front", True), ("app!=web", False), ("app", True),
        ("!app", False), ("! old", True), ("app in (web, api)", True), ("app notin (web)", False), ("x!=y", True),
        ("x notin (y)", True), ("x=", False), ("n>4", True), ("n<4", False), ("n>5", False), ("tier>1", False),
    ],
)  # fmt: skip
def test_selects(selector: str, holds: bool) -> None:
    assert selects(selector, LABELS) is holds


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a b", "unable to parse requirement: found 'b', expected: !=, <, =, ==, >, in, notin"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("app:web", 'unable to parse requirement: <nil>: Invalid value: "app:web": name part must consist of '),
        ("a=b/c", 'unable to parse requirement: values[0][a]: Invalid value: "b/c": a valid label must be an empty '),
    ],
)
def test_what_cannot_be_read(selector: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        requirements(selector)
    assert str(caught.value).startswith(message)


def test_the_answer_names_the_selector() -> None:
    done = run(kx.Cluster(), "get pods --field-selector spec.foo=x -l a")
    assert done.stderr == (
        'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "a", field '
        'selector "spec.foo=x": field label not supported: spec.foo\n'
    )


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("svc --field-selector metadata.name=web", ["service/web"]),
        ("svc --field-selector spec.type!=ClusterIP", ["service/web"]),
        ("svc --field-selector metadata.name!=web,spec.clusterIP=10.96.0.1", ["service/kubernetes"]),
        ("pods --field-selector spec.nodeName=node-2", ["pod/web-3"]),
        ("pods --field-selector status.phase=Pending", []),
        ("nodes --field-selector spec.unschedulable=false", ["node/node-1", "node/node-2", "node/node-3"]),
    ],
)
def test_field_selectors(cluster: kx.Cluster, command: str, names: list[str]) -> None:
    assert run(cluster, f"get {command} -o name").stdout.split() == names
