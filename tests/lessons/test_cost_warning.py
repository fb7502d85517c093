"""Lesson 3: its questions and its exercise."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.lessons import idle_costs, ingress_bill, save, shared_entry, zone_costs
from k8sexpose.lessons.cost_warning.questions import fifty_teams
from k8sexpose.lessons.sheet import Sheet

CLUSTER_IP = {"type": "ClusterIP"}
INSIDE: dict[str, Any] = {name: CLUSTER_IP for name in ("shop", "api", "docs", "blog", "metrics")}
LOCAL, SAME_ZONE = {"externalTrafficPolicy": "Local"}, {"trafficDistribution": "PreferSameZone"}


@pytest.fixture(scope="module")
def fifty() -> kx.Cluster:
    return fifty_teams()


# -- the questions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("cost-fifty", 30, 24),
        ("cost-fifty", "300 dollars", None),
        ("cost-fifty", "15000", None),
        ("cost-addresses", 1, None),
        ("cost-policy", "730 USD", None),
        ("cost-zones", {"aws", "gcp", "azure"}, None),
        ("cost-formula", {"aws", "gcp", "azure", "linode"}, 24),
        ("cost-formula", "aws, gcp, linode", None),
        ("cost-quota", True, 24),
        ("cost-busy", "shared", None),
        ("cost-ingress", 1, 24),
        ("cost-azure-part", "load balancers", 24),
        ("cost-six", 100, 24),
        ("cost-six", 0, 24),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and feedback.misconception == belief


def test_the_answer_follows_the_learners_cluster(fifty: kx.Cluster) -> None:
    assert Sheet().check("cost-fifty", fifty, answer=1400).correct
    assert Sheet().check("cost-policy", fifty, answer=487).correct
    few = kx.Cluster(nodes=3, provider="aws")
    few.apply(kx.example("public-api-lb"))
    assert Sheet().check("cost-quota", few, answer="yes").correct
    assert Sheet().check("cost-quota", fifty, answer="no").correct
    assert "one-more" not in {service.name for service in fifty.services}


# -- the exercise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "solved"),
    [
        (None, False),
        (INSIDE, False),  # few load balancers, but the bytes still cross
        ({name: LOCAL for name in ("gateway", "shop", "api", "docs", "blog", "metrics", "voice")}, False),
        ({**INSIDE, "gateway": LOCAL}, True),
        ({**INSIDE, "gateway": SAME_ZONE}, True),
        ({**INSIDE, "gateway": LOCAL, "voice": LOCAL}, True),
    ],
)
def test_half_the_bill_needs_both(change: object, solved: bool) -> None:
    result = save(change)
    assert result.solved is solved
    assert result.wishes[-1].granted is solved, "the other requirements are met in all of these"
    assert all(wish.granted for wish in result.wishes[:-1])


@pytest.mark.parametrize(
    ("name", "spec", "words", "belief"),
    [
        ("voice", CLUSTER_IP, "voice: clients", None),
        ("voice", {"type": "NodePort"}, "voice: clients", 19),
        ("shop", {"type": "NodePort"}, "shop: clients", 19),
        ("audit", {"externalTrafficPolicy": "Cluster"}, "audit: the Pod", 7),
        ("shop", {"selector": {"app": "blog"}}, "shop: clients", None),
        ("metrics", {"selector": {"app": "nobody"}}, "metrics: Pods", None),
        ("gateway", CLUSTER_IP, "shop: clients", None),
    ],
)
def test_a_saving_that_loses_somebody(name: str, spec: dict[str, Any], words: str, belief: int | None) -> None:
    result = save({**INSIDE, "gateway": LOCAL, name: spec})
    lost = next(wish for wish in result.wishes if wish.what.startswith(words))
    assert not result.solved and not lost.granted and lost.misconception == belief


@pytest.mark.parametrize(
    "change", [3, "x", [1], {"shop": 3}, {"nobody": CLUSTER_IP}, {3: {}}, {"shop": {"type": "Free"}}, {"shop": None}]
)
def test_absurd_changes(change: object) -> None:
    result = save(change)
    assert not result.solved
    assert repr(result) and "<table" in result._repr_html_()


def test_ingress_objects() -> None:
    assert ingress_bill(50).load_balancers == 50 and ingress_bill(50, grouped=True).load_balancers == 1
    table = kx.compare_exposure(50, "aws", gb_per_month=36_500)["total_per_month"]
    assert ingress_bill(50, grouped=True).total_per_month == pytest.approx(table["one_ingress"])
    assert ingress_bill(0).total_per_month == 0


# -- tables and the picture --------------------------------------------------------------------------------------------


def test_the_tables_are_the_bills() -> None:
    idle = {row[0]: row[1:] for row in idle_costs().rows}
    for cloud, title in {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "linode": "Linode"}.items():
        one = kx.compare_exposure(1, cloud, gb_per_month=0)["total_per_month"]["one_lb_each"]
        assert idle[title][0] == f"{one:,.2f}"
    assert [row[-1] for row in zone_costs().rows] == ["486.67", "243.33", "0.00"]
    assert "<table" in zone_costs()._repr_html_() and "AWS | 27.38" in repr(idle_costs())


def test_shared_entry() -> None:
    picture = shared_entry()._repr_html_()
    assert picture.count("reads the host name") == 3 and 'role="img"' in picture
    assert repr(shared_entry()) in picture


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("cost-six", 17, "remains to be paid"),
        ("cost-six", 30, "what was paid before"),
        ("cost-break-even", 919, "For the fifty Services"),
        ("cost-break-even", 500, "Divide the first by the second"),
    ],
)
def test_a_wrong_calculation_is_told_what_to_calculate(question: str, answer: float, said: str) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and said in repr(feedback)


def test_no_feedback_before_the_question_of_addresses_tells_their_number() -> None:
    for estimate in (30, 300, 1369, 15000):
        said = repr(Sheet().check("cost-fifty", answer=estimate))
        assert "each of three zones" not in said and "in every zone" not in said
