"""Lesson 0: refused or timeout, Pods that are replaced, the list of a Service, address and port."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.lessons.sheet import Sheet


@pytest.fixture
def cluster() -> kx.Cluster:
    """The cluster as the learner has it after section 3."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 1, 0])
    cluster.deploy("frontend", per_node=[0, 0, 1])
    run(cluster, "delete pod api-backend-1")
    cluster.advance(60)
    cluster.apply(kx.example("api-backend"))
    cluster.scale("api-backend", per_node=[1, 1, 1])
    return cluster


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("start-refused", "timeout", "It is true that no program is there to answer."),
        ("start-refused", "delivered", "It is true that the packet arrives"),
        ("start-replaced", "none", "without a Deployment is not replaced"),
        ("start-replaced", "same", "restarted inside its Pod does keep the Pod's address"),
        ("start-selector", "fixed", "written by hand would stay as it is"),
        ("start-selector", "every", "carry every label of its selector"),
        ("start-who-reaches", {"pod"}, "a process on the node is served too"),
        ("start-clusterip-port", "refused", "nftables"),
        ("start-container-port", {"a", "b", "c"}, "neither of them opens a port"),
    ],
)
def test_a_wrong_answer_is_told_what_is_right_in_it(question: str, answer: object, words: str) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and words in feedback.text


@pytest.mark.parametrize(
    ("question", "answer"),
    [("start-refused", "refused"), ("start-replaced", "another"), ("start-selector", "labelled")],
)
def test_the_learners_own_cluster_gives_the_answer(cluster: kx.Cluster, question: str, answer: str) -> None:
    before = [pod.name for pod in cluster.pods]
    feedback = Sheet().check(question, cluster, answer=answer)
    assert feedback.correct and "fresh one" not in feedback.text
    assert [pod.name for pod in cluster.pods] == before, "a check changes nothing"


def test_a_port_that_answers_is_not_refused() -> None:
    spec = {"type": "NodePort", "selector": {"app": "api-backend"}, "ports": [{"port": 80, "nodePort": 9999}]}
    wide = kx.Cluster(nodes=3, node_port_range=(9000, 10000))
    wide.deploy("api-backend", per_node=[1, 0, 0], port=80)
    wide.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "open"}, "spec": spec})
    assert Sheet().check("start-refused", wide, answer="delivered").correct


def test_a_selector_without_the_new_pod_shows_in_the_answer(cluster: kx.Cluster) -> None:
    # Only the first Pods carry the second label, so one more Pod of the Deployment is not listed.
    for pod in list(cluster.pods):
        if pod.app == "api-backend":
            run(cluster, f"label pod {pod.name} tier=old")
    cluster.patch("api-backend", {"spec": {"selector": {"tier": "old"}}})
    assert Sheet().check("start-selector", cluster, answer="fixed").correct
