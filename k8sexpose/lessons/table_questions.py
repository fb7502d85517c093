"""The exercises that are judged in a table of their own: what `progress` counts of them is how many lines are right."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..model import Cluster
from .forms import Lines, Question

__all__ = ["TABLES"]


# id, lesson, number of lines, what is counted, what is to be done
_EXERCISES = (
    ("np-repair", "01_nodeport", 5, "manifests are repaired", "Repair five manifests: every node port must answer."),
    ("lb-why-pending", "02_loadbalancer", 5, "cases are explained", "Why is the Service pending in five clusters?"),
    ("lb-shop-front", "02_loadbalancer", 3, "wishes are granted", "Make a load balancer for the shop on AWS."),
    ("cost-half", "03_cost_warning", 9, "requirements are met", "Halve the bill, and keep what the users need."),
    ("loc-placement", "05_local", 1, "placement is even", "Place ten Pods on three nodes: none gets more than 10 %."),
    ("loc-five-cases", "05_local", 5, "cases are right", "Choose a policy, and the fact that decides, in five cases."),
    ("out-decisions", "07_ways_out", 5, "decisions are right", "Decide between Cluster and Local for five clusters."),
    ("own-mend", "08_your_cluster", 5, "goals are reached", "Mend four Services of the sample cluster."),
)  # fmt: skip


def _all(total: int, cluster: Cluster) -> float:
    return float(total)


def _questions() -> Iterator[Question]:
    for id, lesson, total, noun, text in _EXERCISES:
        yield Question(
            id, lesson, text, Lines(total, noun), Cluster, partial(_all, total),
            "Every line of the table is as it should be.", otherwise="The table says what is still missing.",
            part="exercise",
        )  # fmt: skip


TABLES: dict[str, Question] = {question.id: question for question in _questions()}
