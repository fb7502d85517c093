"""Questions of lesson 6's exercises: above which load the p99 is longer, and how many Pods make the skew small."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from ...model import Cluster
from ...traffic.policies import both_policies, crossover, policy_shares, view
from ..forms import Choice, Percent, Question, Wrong
from .questions import LESSON, NAME, cluster_with

__all__ = ["QUESTIONS"]

HOP_MS = 0.5
NODES, PODS = 3, range(3, 46)
EXCESS = Fraction(11, 10)


def ten_pods() -> Cluster:
    """Build the cluster of the first exercise."""
    return cluster_with(4, 3, 3)


def _crossings(cluster: Cluster) -> dict[str, float]:
    return crossover([view(one, NAME, hop_ms=HOP_MS) for one in both_policies(cluster, NAME).values()])


def p99_crossing(cluster: Cluster) -> float:
    """Find the utilisation above which the p99 is longer under Local, in percent."""
    return 100 * _crossings(cluster)["p99"]


def _mean_crossing() -> float:
    return 100 * _crossings(ten_pods())["mean"]


def enough_pods(_: Cluster) -> str:
    """Find the number of Pods from which on the busiest one stays near the mean, whatever the learner's cluster is."""
    return _enough()


@cache
def _enough() -> str:
    """Place ever more Pods evenly on three nodes: that takes a second, and gives the same each time."""

    def share_of_busiest(pods: int) -> Fraction:
        placed = cluster_with(*(len(range(node, pods, NODES)) for node in range(NODES)))
        return max(pod.share for pod in policy_shares(placed, NAME)["Local"].pods)

    uneven = [pods for pods in PODS if share_of_busiest(pods) * pods > EXCESS]
    return str(max(uneven) + 1)


QUESTIONS = (
    Question(
        "sk-p99-turns", LESSON, "Four Pods run on one node and three on each of two other nodes, with one worker each. "
        "An extra hop takes 0.5 ms, the work 10 ms. Above which utilisation is the p99 longer under Local than under "
        "Cluster?",
        Percent(), ten_pods, p99_crossing,
        part="exercise",
        right="The slowest requests are those that wait longest, and they wait at the busier Pods. The mean becomes "
        "longer at a much higher utilisation.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - _mean_crossing()) <= 1,
                "This is the utilisation above which the mean is longer under Local. The p99 consists mostly of "
                "waiting, and becomes longer at a lower utilisation: read the other star of the figure.",
            ),
            Wrong(
                lambda given, right: given >= 50,
                "At half load all Pods do keep up with their requests. But long before a Pod is full, the slowest "
                "requests wait: the figure marks the crossover of the p99 with the upper star.",
            ),
        ),
        otherwise="The figure marks two crossovers with a star, one for the mean and one for the p99. Draw it with "
        "hop_ms=0.5 and read the number beside the word p99.",
    ),
    Question(
        "sk-replicas", LESSON, "Pods are spread over three nodes as evenly as their number allows, and the policy is "
        "Local. Which is the smallest number of Pods such that, with this number or any larger one, the busiest Pod "
        "gets at most 10 % more than the average Pod?",
        Choice(("9", "12", "18", "19", "21")), ten_pods, enough_pods,
        part="exercise",
        right="With one Pod fewer there are 7 + 7 + 6 Pods, and each Pod on the node with six gets 11 % more than the "
        "average Pod.",
        wrong=(
            Wrong(
                lambda given, right: int(given) % NODES == 0,
                "A number that can be divided by three gives an even load, so this number itself is fine. But with "
                "one or two Pods more the load is uneven again, by more than 10 %.",
                25,
            ),
            Wrong(
                "19",
                "With exactly this number the load is even enough. But with one Pod more it is not: the worst case "
                "is a number that leaves one node with one Pod fewer than the others.",
                25,
            ),
        ),
    ),
)  # fmt: skip
