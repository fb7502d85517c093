"""The leaflet check_on_kind: its questions, and the cluster that kind makes."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons.leaflets.check_on_kind import kind_cluster, with_local, with_service
from k8sexpose.lessons.sheet import Sheet


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("kind-sender", "kind-control-plane", 7), ("kind-sender", "kind-worker", None),
        ("kind-local", "refused", None), ("kind-local", "delivered", 8),
    ],
)  # fmt: skip
def test_wrong_answers(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and feedback.misconception == belief


@pytest.mark.parametrize(("question", "answer"), [("kind-sender", "kind-worker2"), ("kind-local", "timed out")])
def test_right_answers(question: str, answer: object) -> None:
    assert Sheet().check(question, answer=answer).correct is True


def test_the_answers_follow_the_learners_cluster() -> None:
    assert Sheet().check("kind-local", with_service(), answer="delivered").correct


def test_the_cluster_is_the_one_that_kind_makes() -> None:
    cluster = kind_cluster()
    assert [node.name for node in cluster.nodes] == ["kind-control-plane", "kind-worker", "kind-worker2"]
    assert cluster.provider.name == "kind"
    assert "node-role.kubernetes.io/control-plane" in cluster.nodes[0].labels and not cluster.nodes[1].labels


def test_the_manifest_puts_its_pod_on_the_first_worker() -> None:
    cluster = with_local()
    (pod,) = cluster.pods
    assert pod.node == "kind-worker"
    route = kx.send(cluster, "172.18.0.3:32000", client="node/kind-control-plane")
    assert (route.outcome, route.client_seen) == ("delivered", "172.18.0.2")
