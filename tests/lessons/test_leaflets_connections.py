"""The leaflets on connections: kept ones, affinity, a Pod that calls itself, from inside, two protocols, updates."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons.sheet import QUESTIONS, Sheet

OPTIONAL = [
    "np-keepalive",
    "np-one-each",
    "kept-remedies",
    "np-affinity-nodes",
    "np-affinity-office",
    "np-appliance",
    "np-appliance-cure",
    "np-self-call",
    "self-alone",
    "self-sees",
    "hop-inside",
    "inside-host-name",
    "inside-internal",
    "udp-other-protocol",
    "udp-apply",
    "lb-mixed",
]


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("np-keepalive", 3, 15),
        ("np-one-each", 100, 15),
        ("np-one-each", 33.3, None),
        ("kept-remedies", {"scale", "close"}, 15),
        ("kept-remedies", "timeout", 15),
        ("kept-remedies", "none", 15),
        ("np-affinity-nodes", 1, 11),
        ("np-affinity-nodes", 2, 11),
        ("np-affinity-office", 3, 11),
        ("np-appliance", 50, 11),
        ("np-appliance-cure", {"more pods", "no affinity"}, 11),
        ("np-appliance-cure", "longer timeout", 11),
        ("np-self-call", 0, 12),
        ("np-self-call", 100, 12),
        ("np-self-call", 66.7, None),
        ("self-alone", 33.3, 12),
        ("self-alone", 0, 12),
        ("self-sees", "pod", None),
        ("hop-inside", "b", 5),
        ("hop-inside", {"a", "b", "c"}, 5),
        ("hop-inside", "a", 5),
        ("inside-host-name", "no", 5),
        ("inside-internal", "delivered", 5),
        ("inside-internal", "refused", None),
        ("udp-other-protocol", "delivered", 16),
        ("udp-apply", "both", 16),
        ("udp-apply", "UDP", None),
        ("lb-mixed", "address", 16),
        ("lb-mixed", "refused", 16),
    ],
)
def test_beliefs(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert not feedback.correct and feedback.misconception == belief


@pytest.mark.parametrize("id", OPTIONAL)
def test_a_leaflet_is_optional(id: str) -> None:
    question = QUESTIONS[id]
    assert question.part == "optional" and question.lesson.startswith("leaflets/")


def test_a_new_pod_serves_a_kept_connection_only_after_it_was_closed() -> None:
    cluster = QUESTIONS["kept-remedies"].setup()
    assert Sheet().check("kept-remedies", cluster, answer="close").correct
    # With a single Pod there is nothing to choose from, until the app grows.
    cluster.scale("debug-tools", per_node=[1, 0, 0])
    assert Sheet().check("kept-remedies", cluster, answer="none").correct


def test_affinity_follows_the_learners_cluster() -> None:
    cluster = QUESTIONS["np-affinity-nodes"].setup()
    cluster.scale("shop", per_node=[1, 0, 0])
    assert Sheet().check("np-affinity-nodes", cluster, answer=1).correct
    plain = QUESTIONS["np-appliance"].setup()
    plain.patch("shop", {"spec": {"sessionAffinity": "None"}})
    assert Sheet().check("np-appliance", plain, answer=50).correct


def test_hairpin_mode_mends_the_call_to_itself() -> None:
    cluster = QUESTIONS["self-sees"].setup()
    for question in "np-self-call", "self-alone":
        assert Sheet().check(question, cluster, answer=0).correct
    # With ten Pods one call in ten fails.
    without = QUESTIONS["np-self-call"].setup()
    without.scale("api-backend", per_node=[4, 3, 3])
    assert Sheet().check("np-self-call", without, answer=10).correct


def test_what_a_pod_gets_follows_the_learners_cluster() -> None:
    cluster = QUESTIONS["hop-inside"].setup()
    assert Sheet().check("inside-host-name", cluster, answer="no").correct
    cluster.patch("public-api-lb", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert Sheet().check("hop-inside", cluster, answer="all").correct
    everywhere = QUESTIONS["inside-internal"].setup()
    everywhere.scale("api-backend", per_node=[1, 1, 1])
    assert Sheet().check("inside-internal", everywhere, answer="delivered").correct


def test_a_service_with_both_protocols_offers_both() -> None:
    cluster = QUESTIONS["lb-mixed"].setup()
    cluster.apply(kx.example("http3"))
    cluster.advance(60)
    assert Sheet().check("udp-other-protocol", cluster, answer="delivered").correct
    assert Sheet().check("udp-apply", cluster, answer="both").correct
