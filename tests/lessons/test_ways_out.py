"""Lesson 7: the ways out, and the decision table."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons import cluster_with, clusters_of_case, decide, five_clusters, ways_out
from k8sexpose.lessons.skew_and_latency.questions import NAME
from k8sexpose.lessons.ways_out.decisions import CASES, REASON, solve
from k8sexpose.lessons.ways_out.questions import WAYS
from tests.lessons.test_questions import Hostile


def test_the_decision_table() -> None:
    right = {name: solve(name)[:2] for name in CASES}
    assert set(right) == set(five_clusters().cases) and {why for _, why in right.values()} == set(REASON.options)
    assert decide(right).solved
    assert decide({name: [policy.upper(), f" {why} "] for name, (policy, why) in right.items()}).solved
    for name, (policy, why) in right.items():
        for other in REASON.options:
            row = next(row for row in decide({name: (policy, other)}).rows if row.name == name)
            assert row.solved is (other == why)
        wrong = "cluster" if policy == "local" else "local"
        row = next(row for row in decide({name: (wrong, why)}).rows if row.name == name)
        assert not row.solved and len(row.text) > 30
        assert row.misconception == {"address": 7, "hop": None}.get(why, 25)
        assert len(clusters_of_case(name)) == 2


@pytest.mark.parametrize(
    "answer", [None, 3, ..., "Local", {"shop": ...}, {"shop": ("Local",)}, {"shop": ("x", "hop")}, {"shop": Hostile()},
               {"shop": (Hostile(), Hostile())}, {"shop": (float("nan"), None)}, {Hostile: 1}],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_absurd_tables(answer: object) -> None:
    table = decide(answer)
    assert not table.solved and repr(table) and "<table" in table._repr_html_()


def test_ways_out() -> None:
    """What the lesson's table says of each: even or not, with or without an extra hop, and whose address."""
    assert list(ways_out(2, 1)) == list(WAYS) == ["weights", "ip targets", "same zone", "proxy protocol"]
    found = {}
    for name, cluster in ways_out(2, 1).items():
        shares = kx.shares(cluster, NAME)
        even = len(set(shares.by_pod.values())) == 1
        found[name] = (even, shares.extra_hop > 0, kx.send(cluster, NAME).client_seen == "203.0.113.7")
    assert found == {
        "weights": (True, False, True),
        "ip targets": (True, False, False),
        "same zone": (False, False, False),
        "proxy protocol": (True, True, False),
    }


def test_the_clients_of_few_connections_are_uneven() -> None:
    """A hundred clients on ten nodes: 1.5 times; a thousand: 1.15 times."""
    skew = kx.sticky_skew(cluster_with(*[1] * 10, policy="Local"), NAME, [100, 1000], runs=12)
    assert skew["mean"].tolist() == pytest.approx([1.5, 1.15], abs=0.1)
