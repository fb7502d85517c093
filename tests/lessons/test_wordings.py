"""How people write an answer: every sensible wording of a table is read, and what means nothing is refused."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from k8sexpose.lessons import shop_front
from k8sexpose.lessons.answer_file import written
from k8sexpose.lessons.forms import (
    OUTCOMES,
    Blanks,
    Choice,
    Estimate,
    Form,
    Percent,
    Quantity,
    Several,
    Unreadable,
    accepts,
    quantity,
    shown,
)
from k8sexpose.lessons.sheet import QUESTIONS, Sheet

NODES = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
ADDRESSES = QUESTIONS["np-which-nodes"].form
SENDERS = QUESTIONS["hop-address-far"].form
PLACES = QUESTIONS["start-who-reaches"].form
LETTERS = QUESTIONS["np-collisions"].form
DOORS = QUESTIONS["lb-doors"].form
SERVED = QUESTIONS["own-served"].form
FIXES = QUESTIONS["sk-ways"].form
CONTROLLER = QUESTIONS["lb-pending"].form
LOST = QUESTIONS["lb-lost-last"].form
COUNT = QUESTIONS["np-firewall"].form
YES = QUESTIONS["np-ping"].form
SAME = QUESTIONS["np-pin"].form
PAIRS = QUESTIONS["start-pairs"].form
CLOUDS = QUESTIONS["cost-formula"].form
ANSWERS = QUESTIONS["hop-clusterip"].form
HOTTEST = QUESTIONS["hop-hottest"].form
BREAK_EVEN = QUESTIONS["cost-break-even"].form
TWO_SHARES = QUESTIONS["lb-five-nodes"].form
TARGETS = Several(("node-1", "node-2", "node-3"))
TWO = Several(("orders", "checkout"))
SECONDS, MS = Quantity("s", "a time"), Quantity("ms", "a time")
COST = Estimate("USD", "an amount")
SHARES = Blanks({"node-1": Percent(), "node-2": Percent(), "node-3": Percent()})

WORDINGS: list[tuple[Form, Any, Any]] = [
    # Those that version 0.1.0 refused.
    (ADDRESSES, "all", set(NODES)),
    (ADDRESSES, "none", set()),
    (COUNT, "zero", "0"),
    (PLACES, "pod and node", {"pod", "node"}),
    (LETTERS, "(c)", {"c"}),
    (CONTROLLER, "the controller", "controller"),
    (CONTROLLER, "cloud-controller-manager", "controller"),
    (SENDERS, "LB", "load balancer"),
    (SENDERS, "node1", "node-1"),
    (OUTCOMES, "connection refused", "refused"),
    (SERVED, "storefront api checkout", {"storefront", "api", "checkout"}),
    (FIXES, "ip-targets", {"ip targets"}),
    (ADDRESSES, "10.0.0.1:30007", {"10.0.0.1"}),
    (LOST, 2 / 3, "2/3"),
    (LOST, "0.67", "2/3"),
    (LOST, "67 %", "2/3"),
    # Several.
    (ADDRESSES, "all three", set(NODES)),
    (ADDRESSES, "All of them.", set(NODES)),
    (ADDRESSES, "every node", set(NODES)),
    (ADDRESSES, "none of them", set()),
    (ADDRESSES, "no one", set()),
    (ADDRESSES, "neither", set()),
    (ADDRESSES, "0", set()),
    (ADDRESSES, "set()", set()),
    (ADDRESSES, "only node-1", {"10.0.0.1"}),
    (ADDRESSES, "Node 1", {"10.0.0.1"}),
    (ADDRESSES, "node 1 and 2", {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, "node-1 & node-3", {"10.0.0.1", "10.0.0.3"}),
    (ADDRESSES, "http://10.0.0.2:30007/", {"10.0.0.2"}),
    (ADDRESSES, "{10.0.0.1, 10.0.0.2}", {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, "['10.0.0.1', '10.0.0.2']", {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, "all but node-3", {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, "all except node 3", {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, ["10.0.0.1:30007", "node-2"], {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, ("node_1",), {"10.0.0.1"}),
    (TARGETS, "node1; node3", {"node-1", "node-3"}),
    (TARGETS, "node-1\nnode-2", {"node-1", "node-2"}),
    (TWO, "both", {"orders", "checkout"}),
    (TWO, "both orders and checkout", {"orders", "checkout"}),
    (PLACES, "Pods, Nodes", {"pod", "node"}),
    (PLACES, "the pod, a process on node-1", {"pod", "node"}),
    (PLACES, "customers", {"client"}),
    (PLACES, {"Pod", "NODE"}, {"pod", "node"}),
    (LETTERS, "a, c", {"a", "c"}),
    (LETTERS, "(a) and (c)", {"a", "c"}),
    (LETTERS, "option b", {"b"}),
    (DOORS, "LB, NodePort and ClusterIP", {"load balancer", "node port", "clusterip"}),
    (DOORS, "cluster IP", {"clusterip"}),
    # One of a few.
    (OUTCOMES, "Timed out", "timeout"),
    (OUTCOMES, "time-out", "timeout"),
    (OUTCOMES, "it works", "delivered"),
    (OUTCOMES, "ok", "delivered"),
    (OUTCOMES, "rejected", "refused"),
    (OUTCOMES, "refused: an error comes back at once", "refused"),
    (OUTCOMES, {"timeout"}, "timeout"),
    (YES, True, "yes"),
    (YES, "Y", "yes"),
    (YES, "no.", "no"),
    (YES, "it does not", "no"),
    (COUNT, "none", "0"),
    (COUNT, "three", "3"),
    (COUNT, 3.0, "3"),
    (COUNT, np.int64(2), "2"),
    (SAME, "both are equally likely", "same"),
    (SAME, "equal", "same"),
    (SAME, 30050, "30050"),
    (LOST, "two thirds", "2/3"),
    (LOST, Fraction(1, 3), "1/3"),
    (LOST, "5 of 9", "5/9"),
    (LOST, "5 out of 9", "5/9"),
    (LOST, "66.7 percent", "2/3"),
    (LOST, "nothing", "0"),
    # Numbers.
    (Percent(), "2/3", 200 / 3),
    (Percent(), 2 / 3, 200 / 3),
    (Percent(), "0.67", 67.0),
    (Percent(), ".5", 50.0),
    (Percent(), ",25", 25.0),
    (Percent(), ".5 %", 0.5),
    (Percent(), "67%", 67.0),
    (Percent(), "33,3 %", 33.3),
    (Percent(), "about a third", 100 / 3),
    (Percent(), "half", 50.0),
    (Percent(), "three quarters", 75.0),
    (Percent(), "one in three", 100 / 3),
    (Percent(), "0.5 %", 0.5),
    (Percent(), "1 percent", 1.0),
    (Percent(), "all", 100.0),
    (Percent(), "zero", 0.0),
    (SECONDS, "2 minutes", 120.0),
    (SECONDS, "50s", 50.0),
    (SECONDS, "about 90 seconds", 90.0),
    (MS, "0.02 s", 20.0),
    (MS, "12 msec", 12.0),
    (COST, "$1,200", 1200.0),
    (COST, "1000", 1000.0),
    (COST, "roughly 800 dollars a month", 800.0),
    (COST, "20 USD/month", 20.0),
    (SHARES, "25, 25, 50", (25.0, 25.0, 50.0)),
    (SHARES, "25 %; 25 %; a half", (25.0, 25.0, 50.0)),
    (SHARES, {"node-3": 50, "node-1": "1/4", "node-2": 25}, (25.0, 25.0, 50.0)),
    (SHARES, "node-1: 25, node-2: 25, node-3: 50", (25.0, 25.0, 50.0)),
    # Collected from a second reader, who wrote whatever came to mind: half of these were refused, or read wrongly.
    (OUTCOMES, "it gets a connection refused error", "refused"),
    (OUTCOMES, "refused - RST comes back", "refused"),
    (OUTCOMES, "no response", "timeout"),
    (OUTCOMES, "it hangs", "timeout"),
    (OUTCOMES, "dropped silently", "timeout"),
    (OUTCOMES, "gets an answer", "delivered"),
    (OUTCOMES, "timeout, because nothing listens there", "timeout"),
    (PAIRS, "a c", {"a", "c"}),
    (PAIRS, "ac", {"a", "c"}),
    (PAIRS, "a & c only", {"a", "c"}),
    (PAIRS, "a) and c)", {"a", "c"}),
    (PAIRS, "not b", {"a", "c", "d"}),
    (PLACES, "pod/node", {"pod", "node"}),
    (PLACES, "not the client", {"pod", "node"}),
    (PLACES, "pod, node but not client", {"pod", "node"}),
    (PLACES, "everyone except the client", {"pod", "node"}),
    (PLACES, "the Pod and the process on the node", {"pod", "node"}),
    (ADDRESSES, "nodes 1 and 3", {"10.0.0.1", "10.0.0.3"}),
    (ADDRESSES, "1-3", set(NODES)),
    (ADDRESSES, "10.0.0.1 to 10.0.0.2", {"10.0.0.1", "10.0.0.2"}),
    (ADDRESSES, "node-1 only", {"10.0.0.1"}),
    (ADDRESSES, "node-1, because the Pod is there", {"10.0.0.1"}),
    (ADDRESSES, "not node-2", {"10.0.0.1", "10.0.0.3"}),
    (DOORS, "the load balancer only", {"load balancer"}),
    (SENDERS, "10.0.0.2", "node-2"),
    (SENDERS, "the address of node-2", "node-2"),
    (SENDERS, "node2's IP", "node-2"),
    (SENDERS, "client IP", "client"),
    (SENDERS, "203.0.113.7", "client"),
    (YES, "nope", "no"),
    (YES, "yes, it is answered", "yes"),
    (COUNT, "0 nodes", "0"),
    (COUNT, "none of them", "0"),
    (COUNT, "all three", "3"),
    (COUNT, "all", "3"),
    (SAME, "equally likely", "same"),
    (SAME, "number 31000", "31000"),
    (LOST, "five ninths", "5/9"),
    (LOST, "1/3 + 2/9", "5/9"),
    (LOST, "everything", "1"),
    (LOST, "none at all", "0"),
    (CLOUDS, "Amazon and Linode", {"aws", "linode"}),
    (CLOUDS, "google", {"gcp"}),
    (ANSWERS, "the field is ignored", "ignored"),
    (ANSWERS, "accepts it", "accepted"),
    (HOTTEST, "5:3", "5/3"),
    (HOTTEST, "1.67x", "5/3"),
    (Percent(), "66⅔ %", 200 / 3),
    (Percent(), "⅔", 200 / 3),
    (Percent(), "1 - 1/50", 98.0),
    (Percent(), "ninety-eight percent", 98.0),
    (Percent(), "fifty-fifty", 50.0),
    (Percent(), "50/50", 50.0),
    (Percent(), "a hundred", 100.0),
    (SECONDS, "at most 60 s", 60.0),
    (COST, "$1.2k", 1200.0),
    (COST, "1 200", 1200.0),
    (COST, "1'200", 1200.0),
    (COST, "a thousand", 1000.0),
    (BREAK_EVEN, "about 356 GB/h", 356.0),
    (BREAK_EVEN, "356 GB per hour", 356.0),
    (TWO_SHARES, "36% and 20%", (36.0, 20.0)),
    (TWO_SHARES, "36 % / 20 %", (36.0, 20.0)),
]


@pytest.mark.parametrize(("form", "answer", "meant"), WORDINGS, ids=range(len(WORDINGS)))
def test_every_sensible_wording(form: Form, answer: Any, meant: Any) -> None:
    read = form.read(answer)
    if isinstance(meant, float | tuple) and not isinstance(form, Choice):
        assert read == pytest.approx(meant)
    else:
        assert read == meant
    # What is kept is what can be read back from the file.
    assert accepts(form, read)


def test_the_table_is_long_enough() -> None:
    assert len(WORDINGS) >= 150


NUMPY: list[tuple[str, Any, Any]] = [
    ("lb-lost-last", np.float32(2 / 3), "2/3"),
    ("lb-lost-last", np.float64(1 / 3), "1/3"),
    ("np-firewall", np.int64(0), "0"),
    ("np-firewall", np.array(0), "0"),
    ("np-ping", np.bool_(True), "yes"),
    ("np-ping", np.str_("no"), "no"),
    ("np-which-nodes", np.array(["node-1", "node-3"]), {"10.0.0.1", "10.0.0.3"}),
    ("np-which-nodes", pd.Series(["node-2"]), {"10.0.0.2"}),
    ("np-number", [np.int64(80), np.int32(30500)], {"80", "30500"}),
    ("hop-pair", np.float32(0.25), 25.0),
    ("np-hard-coded", np.int8(67), 67.0),
]


@pytest.mark.parametrize(("id", "answer", "meant"), NUMPY, ids=range(len(NUMPY)))
def test_numbers_of_numpy_are_answers(id: str, answer: Any, meant: Any) -> None:
    """What a learner has computed is an answer as it is, and is kept and shown like one that is typed."""
    mine = Sheet()
    said, kept = mine.note(QUESTIONS[id], answer)
    assert kept and mine.memory[id].answer == (pytest.approx(meant) if isinstance(meant, float) else meant)
    assert "np." not in said.text and "array" not in said.text
    written(mine.memory)


def test_numbers_of_numpy_in_exercises() -> None:
    assert shop_front("LoadBalancer", "nlb", np.int64(443), np.int64(8443)).solved
    assert "443" in shown(np.int64(443)) and "np" not in shown((np.float64(0.5), np.int64(3)))


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        (ADDRESSES, "10.0.0.9"),
        (ADDRESSES, "node-4"),
        (ADDRESSES, "all but node-9"),
        (ADDRESSES, "maybe"),
        (ADDRESSES, "node-1 perhaps"),
        (ADDRESSES, "not all"),
        (ADDRESSES, "3-1"),
        (ADDRESSES, "node-1 to node-9"),
        (PAIRS, "acx"),
        (PAIRS, "aa"),
        (OUTCOMES, "refused or timeout"),
        (OUTCOMES, "not refused"),
        (OUTCOMES, "I do not get an answer"),
        (SENDERS, "not the client"),
        (SENDERS, "10.0.0.9"),
        (YES, "yes and no"),
        (YES, "no idea"),
        (YES, "yes, or no"),
        (COUNT, "all five"),
        (Percent(), "1/0 + 1"),
        (Percent(), "1 / 2 / 3"),
        (Percent(), "9" * 399),
        (Percent(), "1/2 + " + "9" * 380 + "/1"),
        (Percent(), "one two"),
        (LETTERS, "z"),
        (OUTCOMES, "perhaps"),
        (OUTCOMES, 3),
        (OUTCOMES, {"refused", "timeout"}),
        (COUNT, "-1"),
        (COUNT, 4),
        (YES, 2),
        (Percent(), 101),
        (Percent(), "-5 %"),
        (Percent(), "12 ms"),
        (Percent(), "25 or 50"),
        (SECONDS, "5 %"),
        (SECONDS, -1),
        (COST, "-20"),
        (COST, "much"),
        (COST, 1e12),
        (SHARES, "25, 25"),
        (SHARES, {"node-1": 25}),
        (SHARES, "25, 25, 500"),
        (SHARES, 3),
        (ADDRESSES, "x" * 100_000),
        (Percent(), "1" * 100_000),
        (Percent(), "a " * 100_000),
    ],
    ids=lambda value: repr(sorted(value) if isinstance(value, set | frozenset) else value)[:30],
)
def test_what_means_nothing_is_refused(form: Form, answer: Any) -> None:
    with pytest.raises(Unreadable):
        form.read(answer)


def test_the_feedback_compares_an_estimate() -> None:
    assert COST.same(1000.0, 800.0) and not COST.same(1300.0, 800.0) and not COST.same(500.0, 800.0)
    said = {given: COST.compared(given, 900.0) for given in (0.0, 90.0, 300.0, 450.0, 900.0, 2700.0)}
    assert said[0.0] == ""
    assert "a tenth of that" in said[90.0] and "a third" in said[300.0] and "a half" in said[450.0]
    assert "within a tenth" in said[900.0] and "3 times that" in said[2700.0]


def test_a_share_below_one_is_a_share_of_one_only_where_percent_is_asked() -> None:
    assert quantity(0.25, "%") == 25 and quantity("0.25", "%") == 25
    assert quantity(0.25) == 0.25 and quantity("0.25", "s") == 0.25
    assert quantity("0.25 %", "%") == 0.25 and quantity(1, "%") == 1


@pytest.mark.parametrize(
    ("text", "unit", "means"),
    [
        ("1,400", "USD", 1400), ("1400", "USD", 1400), ("1.4", "USD", 1.4), ("1.40", "USD", 1.4), ("1.4k", "USD", 1400),
        ("1.400,50 $", "USD", 1400.5), ("1.400.000", "USD", 1.4e6), ("0.356", "GB", 0.356), ("0,356", "GB", 0.356),
        ("83,333", "%", 83.333), ("83.333 %", "%", 83.333), ("1.167", "", 1.167), ("0,333", "s", 0.333),
        ("33,3333", "ms", 33.3333), ("12,345", "ms", 12345),
    ],
)  # fmt: skip
def test_points_and_commas_are_read_as_they_are_meant(text: str, unit: str, means: float) -> None:
    assert quantity(text, unit) == pytest.approx(means)


@pytest.mark.parametrize(("text", "unit"), [("1.400", "USD"), ("$ 1.400 a month", "USD"), ("356.250", "GB")])
def test_a_point_before_three_digits_is_asked_about(text: str, unit: str) -> None:
    with pytest.raises(Unreadable, match=r"it can mean (1400 or 1\.4|356250 or 356\.25): write one of these"):
        quantity(text, unit)
    kept = Sheet().predict("cost-fifty", "1.400")
    assert "I could not read 1.400 (it can mean 1400 or 1.4: write one of these)" in kept.text


@pytest.mark.parametrize(
    ("text", "forms"),
    [("684.375", ("684375", "684.38")), ("999.999", ("999999", "1000")), ("100.000", ("100000", "100"))],
)
def test_both_forms_that_are_offered_can_be_read(text: str, forms: tuple[str, str]) -> None:
    """Who has worked out 684.375 and is offered 684.375 again would never get on."""
    with pytest.raises(Unreadable, match=" or ".join(map(re.escape, forms))):
        quantity(text, "USD")
    assert [quantity(form, "USD") for form in forms] == [float(form) for form in forms]


def test_a_number_is_shown_as_it_was_written() -> None:
    given = (356.25, 260062.5, 100 / 3, 1368.75, 25000.0, 1e9, 12.5, 1e-5)
    assert [shown(number) for number in given] == [
        "356.25", "260063", "33.33", "1368.75", "25000", "1000000000", "12.5", "1e-05",
    ]  # fmt: skip


def test_what_a_form_accepts_from_a_file() -> None:
    assert accepts(ADDRESSES, frozenset({"10.0.0.1"})) and not accepts(ADDRESSES, frozenset({"10.9.9.9"}))
    assert not accepts(ADDRESSES, "10.0.0.1") and not accepts(OUTCOMES, "nowhere") and not accepts(Percent(), "25")
    assert not accepts(SHARES, (25.0, 25.0)) and not accepts(SHARES, (25.0, 25.0, "x"))
