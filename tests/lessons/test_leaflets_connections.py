"""The leaflets on connections: kept ones, affinity, a Pod that calls itself, from inside, two protocols, updates."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

import k8sexpose as kx
from k8sexpose.lessons.leaflets.rolling_updates import keep_connection, last_answer_s, lost_requests, move_pod
from k8sexpose.lessons.sheet import QUESTIONS, Sheet

LEAFLETS = Path(__file__).resolve().parents[2] / "instructor" / "solutions" / "leaflets"
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
    "sk-rollout",
    "sk-grace",
    "rollout-cluster",
    "rollout-open",
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
        ("sk-rollout", "no", 14),
        ("sk-grace", 5, 14),
        ("sk-grace", 10, 14),
        ("sk-grace", 50, 14),
        ("rollout-cluster", "yes", 14),
        ("rollout-open", 0, 14),
        ("rollout-open", 20, 14),
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


def test_the_rounds_that_the_leaflet_names_are_those_that_it_shows() -> None:
    cells = {cell.id: cell for cell in nbformat.read(LEAFLETS / "kept_connections.ipynb", as_version=4).cells}
    rounds = cells["run-few"].outputs[0].text.splitlines()
    lucky = sum(0 not in map(int, re.findall(r"\d+", line)) for line in rounds)
    many = re.findall(r"\d+", cells["run-many"].outputs[0].text)
    told = cells["explain-few"].source
    assert f"in {lucky} of {len(rounds)} rounds, which is {lucky / len(rounds):.0%}".replace("%", " %") in told
    assert (
        f"In {many[1]} rounds it happened {many[0]} times, which is {100 * int(many[0]) / int(many[1]):.0f} %" in told
    )


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


def test_the_needed_time_is_interval_times_threshold_in_the_longest_case() -> None:
    cluster = QUESTIONS["sk-grace"].setup()
    lost = {at_s: lost_requests(cluster, grace_s=15, at_s=at_s) for at_s in (10, 14, 16, 18)}
    assert lost[10] > lost[14] > 0 == lost[16] == lost[18]
    assert not any(lost_requests(cluster, grace_s=20, at_s=at_s) for at_s in range(10, 20))
    # Under Cluster the sleep does not matter, and the two questions follow the learner's cluster.
    cluster.patch("public-api-lb", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert Sheet().check("sk-rollout", cluster, answer="no").correct
    assert Sheet().check("sk-grace", cluster, answer=5).correct


def test_a_kept_connection_stays_until_the_pod_ends() -> None:
    cluster = QUESTIONS["rollout-open"].setup()
    assert [last_answer_s(keep_connection(cluster, grace_s), "node-1") for grace_s in (5, 30, 45)] == [15, 40, 55]
    assert last_answer_s(move_pod(cluster, grace_s=45), "node-1") == 30
    nowhere = kx.simulate(cluster, "public-api-lb", requests=100, via="node-2")
    assert last_answer_s(nowhere, "node-1") == 0
