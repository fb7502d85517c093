"""The lesson "Your cluster": its questions, its exercise, its table, and the button that takes a dump."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.lessons import bring_dump, mend, pods_by_label
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.lessons.your_cluster.questions import four_nodes, sample
from k8sexpose.report.diff import applied

CLUSTER = {"externalTrafficPolicy": "Cluster"}
MENDED: dict[str, Any] = {
    "shop/orders": {"selector": {"app": "orders"}},
    "media/thumbs": {"ports": [{"port": 80, "targetPort": 8443}]},
    "monitoring/grafana": CLUSTER,
    "shop/storefront": CLUSTER,
}


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("own-internet", {"storefront", "api", "orders", "checkout", "stream"}, 1),
        ("own-internet", "all", 1),
        ("own-internet", {"storefront", "api", "orders", "checkout", "grafana"}, None),
        ("own-internet", "storefront, api, checkout", None),
        ("own-internet", "storefront, api, orders", None),
        ("own-internet", "api, orders, checkout", None),
        ("own-ledger", "delivered", 3),
        ("own-ledger", "timeout", None),
        ("own-change", {"p99", "bill", "address", "internet"}, None),
        ("own-change", {"p99", "bill"}, 7),
        ("own-change", {"p99", "address"}, None),
        ("own-change", {"bill", "address"}, None),
        ("own-served", {"storefront", "api", "checkout", "stream"}, 16),
        ("own-served", "storefront, api, checkout, orders", 3),
        ("own-served", ["storefront", "api", "checkout", "grafana"], 8),
        ("own-served", "api, checkout", 25),
        ("own-served", set(), 25),
        ("own-served", "storefront", None),
        ("own-policy", "api, checkout", 25),
        ("own-policy", set(), None),
        ("own-policy", "checkout", 25),
        ("own-turn", 90, None),
        ("own-turn", "20", None),
        ("own-turn", 50, None),
        ("own-worst-pod", 100, 25),
        ("own-worst-pod", 25, None),
        ("own-worst-pod", "12 %", None),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and feedback.misconception == belief


def test_a_likely_belief_gets_its_own_words_and_no_later_answer() -> None:
    """That private nodes shut the internet out is likely here; who answers is asked only in section 2."""
    for answer in (set(), "api", "orders, checkout", "grafana"):
        told = Sheet().check("own-internet", answer=answer).text
        assert "passes packets on to the nodes inside the private network" in told
        assert "selector" not in told and "answers nobody" not in told
    assert "selector" not in Sheet().check("own-internet", answer="storefront, api, checkout").text
    for answer in (set(), "orders", "grafana", "storefront"):
        assert "for api and checkout all is there" in Sheet().check("own-served", answer=answer).text


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("own-internet", "storefront, api, orders, checkout"),
        ("own-served", "api, checkout, storefront"),
        ("own-ledger", "connection refused"),
        ("own-policy", {"api"}),
        ("own-turn", 4),
        ("own-change", {"p99", "bill", "address"}),
        ("own-worst-pod", 40),
    ],
)
def test_right_answers(question: str, answer: object) -> None:
    assert Sheet().check(question, answer=answer).correct is True


@pytest.mark.parametrize(
    "question",
    ["own-internet", "own-served", "own-ledger", "own-policy", "own-turn", "own-change", "own-worst-pod"],
)
@pytest.mark.parametrize("answer", [..., None, "", 3.7j, object(), "nobody", b"x", -1, float("nan")])
def test_empty_and_absurd_answers(question: str, answer: object) -> None:
    assert Sheet().check(question, answer=answer).correct in (None, False)


def test_the_answer_follows_the_learners_cluster() -> None:
    cluster = sample()
    cluster.patch("grafana", {"spec": CLUSTER}, namespace="monitoring")
    assert Sheet().check("own-served", cluster, answer="api, checkout, storefront, grafana").correct
    ready = sample()
    ready.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ledger", "namespace": "payments"},
                 "spec": {"selector": {"app": "checkout"}, "ports": [{"port": 80, "targetPort": 8443}]}})  # fmt: skip
    for part in list(ready.store.applied_slices.values()):
        if part.service == "ledger":
            ready.store.delete_slice((part.namespace, part.name))
    assert Sheet().check("own-ledger", ready, answer="delivered").correct
    cluster.patch("storefront", {"spec": CLUSTER}, namespace="shop")
    assert Sheet().check("own-change", cluster, answer="none").correct, "nothing is changed twice"
    even = four_nodes()
    even.scale("api-backend", per_node=[1, 1, 1, 1])
    assert Sheet().check("own-worst-pod", even, answer=100).correct


# -- the exercise ------------------------------------------------------------------------------------------------------


def test_mended() -> None:
    assert mend(MENDED).solved and not mend().solved


@pytest.mark.parametrize("name", MENDED)
def test_every_patch_is_needed(name: str) -> None:
    made = mend({key: value for key, value in MENDED.items() if key != name})
    missing = [goal for goal in made.goals if not goal.reached]
    assert [name in goal.what for goal in missing] == [True] and missing[0].misconception in (3, 8, 25)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("monitoring/grafana", {"type": "ClusterIP"}), ("shop/storefront", {"type": "ClusterIP"}),
        ("shop/storefront", {"selector": {"app": "nobody"}}), ("media/thumbs", {"ports": [{"port": 80, "targetPort": "x"}]}),
        ("shop/orders", {"selector": {"app": "Order!"}}), ("shop/orders", {"selector": {"app": "mailer"}}),
        ("shop/storefront", {"selector": {"app": "api"}}),
    ],
)  # fmt: skip
def test_ways_around_the_goals(name: str, spec: dict[str, Any]) -> None:
    assert not mend({**MENDED, name: spec}).solved


def test_a_patch_without_a_namespace_is_told_what_is_missing() -> None:
    assert "write it before the name, such as 'shop/orders'" in mend({"orders": {}}).goals[0].found


@pytest.mark.parametrize(
    "patches", [3, "x", [1], {"shop/api": 3}, {3: {}}, {"a/b/c": {}}, {"shop/api": {"type": "Free"}}, None]
)
def test_absurd_patches(patches: object) -> None:
    made = mend(patches)
    assert not made.solved and repr(made) and "<table" in made._repr_html_()


# -- a dump of one's own -----------------------------------------------------------------------------------------------


def uploaded(content: bytes, ipywidgets_7: bool = False) -> tuple[kx.Cluster, str]:
    """What becomes of a file; the widget itself takes a value from the browser only, in ipywidgets 7."""
    button = bring_dump()
    about = {"name": "x.json", "type": "", "size": len(content)}
    now = ({**about, "content": content, "last_modified": datetime.now(UTC)},)
    before = {"x.json": {"metadata": about, "content": content}}
    button.button = SimpleNamespace(value=before if ipywidgets_7 else now)
    return button.cluster("none.json")


@pytest.mark.parametrize("ipywidgets_7", [False, True])
def test_the_upload_counts_first(ipywidgets_7: bool) -> None:
    dump = b'{"items": [{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"}}]}'
    cluster, words = uploaded(dump, ipywidgets_7)
    assert words == "This is the file that you uploaded, x.json." and [node.name for node in cluster.nodes] == ["n1"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"items": 3}'])
def test_a_broken_upload_is_told(content: bytes) -> None:
    cluster, words = uploaded(content)
    assert "cannot be read" in words and len(cluster.nodes) == 12


def test_an_upload_is_named_as_its_owner_named_it() -> None:
    assert (
        "cannot be read: x.json: it is not JSON to its end (line 1): the file seems to end early"
        in uploaded(b'{"items": [')[1]
    )
    assert "cannot be read: x.json is the table that kubectl prints" in uploaded(b"NAME   STATUS\nn1   Ready\n")[1]
    assert "x.json: its list has no end" in uploaded(b"apiVersion: v1\nitems:\n- {kind: Node}\n")[1]
    assert {".json", ".yaml", ".yml"} <= set(bring_dump().button.accept.split(","))


def test_a_name_without_a_file_is_told_with_those_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bring_dump().cluster()[1] == "This is the sample: there is no dump of yours yet."
    told = bring_dump().cluster("nofile.json")[1]
    assert (
        told == "This is the sample: there is no file nofile.json beside this notebook (no JSON or YAML file is there)."
    )
    (tmp_path / "mine.yaml").write_text("kind: List\nitems: []\n", encoding="utf-8")
    assert (
        bring_dump()
        .cluster("nofile.json")[1]
        .endswith("there is no file nofile.json beside this notebook (there are mine.yaml).")
    )
    assert f"in {tmp_path} (there are mine.yaml)" in bring_dump().cluster(str(tmp_path / "x"))[1]
    assert "and no folder nowhere" in bring_dump().cluster("nowhere/x.json")[1]


def test_goals_say_why_they_are_not_reached() -> None:
    made = mend({**MENDED, "monitoring/grafana": {"type": "LoadBalancer"}})
    assert [goal.found for goal in made.goals if not goal.reached] == ["its type is LoadBalancer"]
    told = mend({"shop/orders": {"selector": "app: orders"}}).goals[0].found
    assert (
        'In plain words: spec.selector: the text "app: orders" is given where a group of names with values belongs'
        in told
    )


def test_a_file_or_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"items": []}', encoding="utf-8")
    assert bring_dump().cluster(str(path))[1] == f"This is the file {path}."
    assert bring_dump().cluster(str(tmp_path))[1].startswith("This is the sample")
    assert repr(bring_dump()) == "<a button that takes a dump>"


# -- the table of Pods -------------------------------------------------------------------------------------------------


def test_pods_are_counted_by_label_node_and_zone() -> None:
    table = pods_by_label(sample())
    assert ("shop", "app=storefront", "9", "9", "a: 3 1 1 0; b: 1 0 1 0; c: 1 1 0 0") in table.rows
    assert ("payments", "app=ledger", "3", "0", "a: 0 0 0 1; b: 0 0 0 1; c: 0 0 0 1") in table.rows
    assert {row[0] for row in table.rows} == {"media", "monitoring", "payments", "shop"}
    assert "<table" in table._repr_html_() and repr(table).splitlines()[0].startswith("namespace")


def test_the_manifest_of_the_change_changes_the_policy_only() -> None:
    before = sample()
    after = applied(before, kx.example("storefront"))
    assert {one.service for one in kx.diff(before, after).changes} == {"shop/storefront"}
    old, new = (one.service("shop/storefront") for one in (before, after))
    assert replace(old, external_traffic_policy="Cluster", health_check_node_port=0) == replace(
        new, health_check_node_port=0, annotations=old.annotations, resource_version=old.resource_version
    )
