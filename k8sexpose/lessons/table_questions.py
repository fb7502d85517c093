"""The exercises that no lesson asks with `ask` or `check`: those judged in a table, and those with one's own numbers.

What `progress` counts of a table is how many lines are right. The numbers of one's own are made by `own_numbers`; here
is what is known of such an exercise before it is begun, and after a restart of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..model import Cluster
from .forms import Form, Lines, Percent, Quantity, Question, Several, Unreadable

__all__ = ["ASKED_WITH_OWN_NUMBERS", "CALLS", "OWN", "OWN_NUMBERS", "TABLES"]

OWN = "own numbers"
# id, lesson, the function that judges it, number of lines, what is counted, what is to be done
_EXERCISES = (
    ("np-repair", "01_nodeport", "repair", 5, "manifests are repaired",
     "Repair five manifests: every node port must answer."),
    ("lb-why-pending", "02_loadbalancer", "why_pending", 5, "cases are explained",
     "Why is the Service pending in five clusters?"),
    ("lb-shop-front", "02_loadbalancer", "shop_front", 3, "wishes are granted",
     "Make a load balancer for the shop on AWS."),
    ("cost-half", "03_cost_warning", "save", 9, "requirements are met",
     "Halve the bill, and keep what the users need."),
    ("hop-billing", "04_extra_hop", "billing_service", 3, "conditions are met",
     "Change the manifest until the API server creates the Service."),
    ("loc-placement", "05_local", "try_placement", 1, "placement is even",
     "Place ten Pods on three nodes: none gets more than 10 %."),
    ("loc-five-cases", "05_local", "which_policy", 5, "cases are right",
     "Choose a policy, and the fact that decides, in five cases."),
    ("out-decisions", "07_ways_out", "decide", 5, "decisions are right",
     "Decide between Cluster and Local for five clusters."),
    ("own-mend", "08_your_cluster", "mend", 5, "goals are reached", "Mend four Services of the sample cluster."),
)  # fmt: skip

EVERY = "Every line of the table is as it should be."
OTHERS = f"{EVERY} (Another answer that achieves this is right, too.)"
# What is said to a right answer, where it is not that others count, too.
SOLVED = {
    "loc-placement": "No Pod gets more than a tenth, because all nodes that have Pods have equally many. (This is so "
    "with 5 + 5 + 0 and with 10 + 0 + 0, in any order: each of these lists is right.)",
    "lb-why-pending": EVERY,
    "loc-five-cases": EVERY,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an answer, in words: an answer that can be shown, and not be given.

    Examples
    --------
    >>> Said().show("every window leads to your Pods")
    'every window leads to your Pods'
    """

    example: str = ""

    def read(self, answer: object) -> Any:
        """Raise `Unreadable`: the numbers of the exercise are not known here."""
        raise Unreadable("")

    def show(self, value: object) -> str:
        """Return the words."""
        return str(value)


# id, lesson, how it is answered, what is asked
_OWN: tuple[tuple[str, str, Form, str], ...] = (
    ("window", "01_nodeport", Said(), "Write a Service of type NodePort with a number that lasts."),
    ("crash", "02_loadbalancer", Percent(), "What part of the connections is lost right after a crash?"),
    ("entry", "03_cost_warning", Quantity("USD", ""), "How many USD a month does one shared entry save?"),
    ("hops", "04_extra_hop", Percent(), "What share of the connections takes an extra hop?"),
    ("queue", "06_skew_and_latency", Quantity("ms", ""), "What is the mean response time of the Pod on node-2?"),
    ("broken", "08_your_cluster", Several(("basket", "courier", "ledger", "notes", "photos", "radio")),
     "Which of the six Services answer every connection of clients outside?"),
)  # fmt: skip
# The others are for instructors to give.
ASKED_WITH_OWN_NUMBERS = ("hops",)


def _all(total: int, cluster: Cluster) -> float:
    return float(total)


def _unknown(cluster: Cluster) -> None:
    """Return no answer: it depends on whose numbers they are."""


def _tables() -> Iterator[Question]:
    for id, lesson, _, total, noun, text in _EXERCISES:
        yield Question(
            id, lesson, text, Lines(total, noun), Cluster, partial(_all, total),
            SOLVED.get(id, OTHERS), otherwise="The table says what is still missing.",
            part="exercise",
        )  # fmt: skip


def _own_numbers() -> Iterator[Question]:
    for id, lesson, form, text in _OWN:
        asked = f"With numbers of your own: {text}"
        yield Question(id, lesson, asked, form, Cluster, _unknown, "", part=OWN, exercise=id)


TABLES: dict[str, Question] = {question.id: question for question in _tables()}
OWN_NUMBERS: dict[str, Question] = {question.id: question for question in _own_numbers()}
# How the cell of such an exercise is found: by the call of this function.
CALLS: dict[str, str] = {id: f"{function}(" for id, _, function, *_ in _EXERCISES}
