"""Questions of lesson 5's exercises: from which load the tail turns, and from how many Pods on skew is small."""

from __future__ import annotations

from fractions import Fraction

from ...model import Cluster
from ...traffic.policies import both_policies, crossover, policy_shares, view
from ..forms import Choice, Percent, Question, Wrong
from .questions import LESSON, NAME, stand

__all__ = ["QUESTIONS"]

HOP_MS = 0.5
NODES, PODS = 3, range(3, 46)
EXCESS = Fraction(11, 10)


def ten_pods() -> Cluster:
    """Build the cluster of the first exercise."""
    return stand(4, 3, 3)


def _turns(cluster: Cluster) -> dict[str, float]:
    return crossover([view(one, NAME, hop_ms=HOP_MS) for one in both_policies(cluster, NAME).values()])


def p99_turns(cluster: Cluster) -> float:
    """Find the utilisation from which the p99 is worse under Local, in percent."""
    return 100 * _turns(cluster)["p99"]


def _mean_turns() -> float:
    return 100 * _turns(ten_pods())["mean"]


def enough_pods(_: Cluster) -> str:
    """Deal ever more Pods evenly over three nodes, and find from where on the busiest stays near the mean."""

    def share_of_busiest(pods: int) -> Fraction:
        placed = stand(*(len(range(node, pods, NODES)) for node in range(NODES)))
        return max(pod.share for pod in policy_shares(placed, NAME)["Local"].pods)

    uneven = [pods for pods in PODS if share_of_busiest(pods) * pods > EXCESS]
    return str(max(uneven) + 1)


QUESTIONS = (
    Question(
        "sk-p99-turns", LESSON, "4 + 3 + 3 Pods, one worker each, a hop of 0.5 ms: from which utilisation on, in "
        "percent, is the p99 worse under Local?",
        Percent(), ten_pods, p99_turns,
        part="exercise",
        right="The slowest requests wait longest, so they meet the busier Pods first. The mean crosses at a much "
        "higher utilisation.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - _mean_turns()) <= 1,
                "This is the utilisation where the mean crosses, and whoever looks at the mean only is content up to"
                " there. The p99 is made of waiting, and crosses at a lower one.",
            ),
            Wrong(
                lambda given, right: given >= 50,
                "For whether the Pods keep up at all, this is right. But the slowest requests wait long before a Pod"
                " is full.",
            ),
        ),
    ),
    Question(
        "sk-replicas", LESSON, "Three nodes, Pods spread as evenly as their number allows, Local: from how many Pods "
        "on is the busiest never more than 10 % above the mean?",
        Choice(("9", "12", "18", "19", "21")), ten_pods, enough_pods,
        part="exercise",
        right="With one Pod less the nodes have 7 + 7 + 6, and a Pod on the node with six gets 11 % more than the "
        "mean.",
        wrong=(
            Wrong(
                lambda given, right: int(given) % NODES == 0,
                "For a number that three divides, nothing is uneven, so this is right for that number. With one Pod "
                "more it is uneven again.",
                25,
            ),
            Wrong(
                "19",
                "At this number it is fine for the first time. With one Pod more it is uneven again: the worst case "
                "is a number that leaves one node a Pod short.",
                25,
            ),
        ),
    ),
)  # fmt: skip
