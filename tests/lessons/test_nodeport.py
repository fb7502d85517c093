"""Lesson 1: ports, rules without kube-proxy, numbers, an open range, kept connections, affinity."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.lessons import repair
from k8sexpose.lessons.sheet import Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("np-keepalive", 3, 15),
        ("np-one-each", 100, 15),
        ("np-one-each", 33.3, None),
        ("np-pin", "same", 2),
        ("np-pin", 31000, 2),
        ("np-which-nodes", {"10.0.0.1"}, 8),
        ("np-open-range", "one node", 8),
        ("np-open-range", "nowhere", 19),
        ("np-affinity-nodes", 1, 11),
        ("np-affinity-office", 3, 11),
        ("np-self-call", 0, 12),
        ("np-self-call", 100, 12),
        ("np-appliance", 50, 11),
        ("np-appliance-cure", {"more pods", "no affinity"}, 11),
        ("np-appliance-cure", "longer timeout", 11),
    ],
)
def test_misconceptions_about_lesson_one(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert not feedback.correct and feedback.misconception == belief


@pytest.mark.parametrize(("per_node", "percent"), [((1, 0, 0), 100), ((1, 1, 0), 50), ((2, 1, 1), 9.375)])
def test_connections_are_dealt_to_the_pods_of_the_learners_cluster(per_node: tuple[int, ...], percent: float) -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=list(per_node))
    cluster.apply(kx.example("debug-svc-nodeport"))
    # n! of the n ** n ways to deal give each of n Pods a connection.
    assert Sheet().check("np-one-each", cluster, answer=percent).correct
    assert Sheet().check("np-keepalive", cluster, answer=1).correct


def test_a_fix_of_a_wrong_shape_is_told_its_form() -> None:
    rows = repair({1: "nodePort: 30081", 2: {"name: web": "app: web"}}).rows
    assert rows[0].server.startswith('was not asked: fix[1] must be {"old text": "new text"}') and not rows[0].solved
    assert rows[1].solved
    assert all("must be" in row.server for row in repair(["nodePort: 30081"]).rows)
    assert not any("must be" in row.server for row in repair({1: ...}).rows)


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"http": 8080}, 'both texts need quotation marks: write "8080", and not 8080'),
        ({8080: "http"}, 'both texts need quotation marks: write "8080", and not 8080'),
        ({"targetport: http": "targetPort: 8080"}, "does not contain the text targetport: http; upper and lower case"),
        ({"port: 99": "port: 98"}, "its manifest does not contain the text port: 99"),
        ({"": "port: 98"}, "the old text is empty"),
    ],
)
def test_a_fix_that_cannot_be_used_says_why(edits: dict[object, object], said: str) -> None:
    row = repair({3: edits}).rows[2]
    assert said in row.server and row.client == "–" and not row.solved
    assert row.server.endswith("count") == ("case" in said)


def test_a_number_just_above_the_range_is_refused() -> None:
    feedback = Sheet().check("np-number", answer={30500, 32768})
    assert not feedback.correct and "32767" in feedback.text


@pytest.fixture
def cluster() -> kx.Cluster:
    """The cluster as the learner has it in section 5, with the other team's Service."""
    cluster = kx.Cluster(nodes=3)
    for app, service in ("web", "web-nodeport"), ("debug-tools", "debug-svc-nodeport"):
        cluster.deploy(app, per_node=[1, 0, 0])
        cluster.apply(kx.example(service))
    cluster.stop_proxy("node-2")
    cluster.scale("web", per_node=[1, 1, 0])
    cluster.start_proxy("node-2")
    run(cluster, "create service nodeport test-3 --tcp=80:8080 --node-port=30500")
    cluster.deploy("admin", per_node=[0, 0, 1])
    run(cluster, "create service nodeport admin --tcp=80:8080 --node-port=30600")
    return cluster


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("np-which-port", "32000"),
        ("np-stop-proxy", "old"),
        ("np-number", {"30500"}),
        ("np-collisions", {"c"}),
        ("np-firewall", 0),
        ("np-open-range", "every node"),
        ("np-hard-coded", 0),
    ],
)
def test_the_learners_own_cluster_gives_the_answer(cluster: kx.Cluster, question: str, answer: object) -> None:
    feedback = Sheet().check(question, cluster, answer=answer)
    assert feedback.correct and "fresh one" not in feedback.text


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("np-which-port", "80", "it belongs to the ClusterIP"),
        ("np-which-port", "8080", "belongs to the address of the Pod"),
        ("np-stop-proxy", "nobody", "only writes rules into the kernel"),
        ("np-stop-proxy", "both", "nobody writes it into the rules"),
        ("np-hard-coded", 33.3, "uses only one node"),
    ],
)
def test_a_wrong_answer_is_told_what_is_right_in_it(question: str, answer: object, words: str) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and words in feedback.text


def test_under_local_the_admin_page_is_open_on_one_node(cluster: kx.Cluster) -> None:
    cluster.patch("admin", {"spec": {"externalTrafficPolicy": "Local"}})
    assert Sheet().check("np-open-range", cluster, answer="one node").correct


def test_a_proxy_that_cannot_be_stopped_knows_the_new_pod(cluster: kx.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kx.Cluster, "stop_proxy", lambda self, node: None)
    assert Sheet().check("np-stop-proxy", cluster, answer="both").correct


def test_the_manifest_of_the_lesson_comments_its_three_ports() -> None:
    lines = kx.example("web-nodeport").read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0].strip() for line in lines if "# of " in line] == ["port", "nodePort", "targetPort"]
