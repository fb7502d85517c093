"""Questions of lesson 6: how a queue grows, what skew costs, above which utilisation Local is slower than Cluster."""

from __future__ import annotations

from dataclasses import dataclass

from ...data import example
from ...model import Cluster
from ...traffic.policies import both_policies, crossover, view
from ...traffic.policy_comparison import expect
from ...traffic.queueing import response_ms
from ...traffic.simulation import simulate
from ..forms import Choice, Percent, Question, Wrong

__all__ = ["QUESTIONS", "Moved", "cluster_with"]

LESSON = "06_skew_and_latency"
NAME, APP = "public-api-lb", "api-backend"
HOP_MS, WORK_MS, WANTED_MS = 1.0, 10.0, 20.0
TIMES = ("23", "43", "100", "1000")
PLACES = ("5", "20", "45", "55")
FEW, FACTORS = 25_000, ("2", "4", "16", "64")
BY_UTILISATION = {
    "earlier": "at a lower utilisation", "same": "at the same utilisation", "later": "at a higher utilisation",
}  # fmt: skip
BY_WORKERS = {
    "lower": "at a lower utilisation than with one worker", "same": "at the same utilisation as with one worker",
    "higher": "at a higher utilisation than with one worker",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """A Pod is replaced by one on another node: an event for `simulate`.

    Parameters
    ----------
    at_s : float
        When, in seconds after the start.
    grace_s : float
        Seconds for which the old Pod goes on serving.
    pod : str
        The old Pod, alone on the first node.

    Examples
    --------
    >>> Moved(at_s=10, grace_s=15).grace_s
    15
    """

    at_s: float
    grace_s: float
    pod: str = f"{APP}-1"

    def do(self, cluster: Cluster) -> None:
        """Start the new Pod on the second node, and tell the old one to end."""
        counts = [sum(pod.node == node.name for pod in cluster.pods) for node in cluster.nodes]
        cluster.scale(APP, per_node=[counts[0], counts[1] + 1, *counts[2:]])
        cluster.terminate(self.pod, grace_s=self.grace_s)


def cluster_with(*per_node: int, policy: str = "Cluster", **patch: object) -> Cluster:
    """Build a cluster with the Service ``public-api-lb`` of lesson 2, and its Pods on the nodes as told.

    Parameters
    ----------
    *per_node : int
        Pods on each node.
    policy : str
        ``externalTrafficPolicy``.
    **patch : object
        Further fields of the Service's spec.

    Returns
    -------
    Cluster
        The cluster.

    Examples
    --------
    >>> len(cluster_with(2, 1).pods)
    3
    """
    cluster = Cluster(nodes=len(per_node))
    cluster.deploy(APP, per_node=list(per_node))
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy, **patch}})
    return cluster


def one_pod() -> Cluster:
    """Build a cluster with one node and one Pod."""
    return cluster_with(1)


def time_when_busy(cluster: Cluster) -> str:
    """Compute the mean response time of a Pod that is 90 % busy, and choose the nearest."""
    mean_ms = expect(cluster, NAME, utilisation=0.9).mean_ms
    return min(TIMES, key=lambda time: abs(float(time) - mean_ms))


def busy_at_most(_: Cluster) -> float:
    """Find the highest utilisation, in whole percent, at which a Pod answers within 20 ms on average."""
    return float(
        max(busy for busy in range(1, 100) if response_ms([1.0], busy / 100, WORK_MS).mean_ms <= WANTED_MS + 1e-9)
    )


def uneven() -> Cluster:
    """Build the cluster of the lesson: two Pods on one node, one on the other."""
    return cluster_with(2, 1)


def busiest(cluster: Cluster) -> float:
    """Compute how busy the busiest Pod is under Local at 60 %."""
    return 100 * expect(both_policies(cluster, NAME)["Local"], NAME, utilisation=0.6).busiest


def _crossings(cluster: Cluster, workers: int = 1) -> dict[str, float]:
    views = [view(one, NAME, hop_ms=HOP_MS) for one in both_policies(cluster, NAME).values()]
    return crossover(views, workers=workers)


def crossing_of_mean(cluster: Cluster) -> str:
    """Find the utilisation above which Local is slower on average, and choose the nearest."""
    found = 100 * _crossings(cluster)["mean"]
    return min(PLACES, key=lambda place: abs(float(place) - found))


def crossing_of_p99(cluster: Cluster) -> str:
    """Compare the crossovers of p99 and mean."""
    found = _crossings(cluster)
    return _word(found["p99"], found["mean"], ("earlier", "same", "later"))


def crossing_with_workers(cluster: Cluster) -> str:
    """Compare the crossover with four workers to that with one."""
    return _word(_crossings(cluster, 4)["mean"], _crossings(cluster)["mean"], ("lower", "same", "higher"))


def _word(one: float, other: float, words: tuple[str, str, str]) -> str:
    return words[1] if abs(one - other) < 1e-6 else words[0] if one < other else words[2]


def requests_for_a_quarter(cluster: Cluster) -> str:
    """Find how many times as many requests make the standard error of the mean a quarter as large."""

    def error_ms(requests: int) -> float:
        rate_rps = 0.6 * 100 * len(cluster.pods)
        return float(simulate(cluster, NAME, requests=requests, rate_rps=rate_rps).summary["mean_se_ms"])

    wanted = error_ms(FEW) / 4
    return min(FACTORS, key=lambda factor: abs(error_ms(FEW * int(factor)) - wanted))


QUESTIONS = (
    Question(
        "sk-queue", LESSON, "One Pod serves one request at a time, and the work for a request takes 10 ms on average. "
        "Requests arrive at random moments. When the Pod is busy 30 % of the time, the response time is about 14 ms on "
        "average, waiting included. What is it when the Pod is busy 90 % of the time?",
        Choice(TIMES, "ms"), one_pod, time_when_busy,
        right="The response time is the work divided by the free share of the Pod's time: 10 ms ÷ 0.1. At 30 % it "
        "is 10 ms ÷ 0.7.",
        wrong=(
            Wrong(
                "23",
                "Three times as many requests do arrive, so a wait that is three times as long, 13 ms instead of "
                "4.3 ms, looks right. But each request also finds a longer queue in front of it, so the wait grows "
                "much faster than the number of requests.",
            ),
            Wrong(
                "43",
                "Three times the requests do mean three times the work. But only the free time of the Pod can "
                "shorten the queue: seven tenths of its time at 30 %, one tenth at 90 %. So the response time is "
                "seven times as long.",
            ),
            Wrong(
                "1000",
                "When the Pod is busy 99 % of the time, this is right: a hundredth of its time is free, and 10 ms ÷ "
                "0.01 is one second. At 90 % a tenth of its time is free.",
            ),
        ),
    ),
    Question(
        "sk-capacity", LESSON, "A Pod serves one request at a time, and the work for a request takes 10 ms on average. "
        "Requests arrive at random moments. You want a mean response time of at most 20 ms. How busy may the Pod be?",
        Percent(), one_pod, busy_at_most,
        right="Half of the Pod's time must be free: 10 ms ÷ 0.5 is 20 ms.",
        wrong=(
            Wrong(
                lambda given, right: given >= 95,
                "Up to 100 % the Pod does keep up with its requests. But a Pod that just keeps up has a long queue: "
                "at 95 % the mean response time is 200 ms.",
            ),
            Wrong(
                lambda given, right: given > right,
                "At this utilisation the Pod still keeps up with its requests, that is right. But its free share is "
                "less than a half, and so the response time is more than twice the work.",
            ),
            Wrong(
                lambda given, right: given < right,
                "At this utilisation the mean response time is below 20 ms, that is right. But the Pod can do more: "
                "divide the work by the free share, and find the share that gives exactly 20 ms.",
            ),
        ),
    ),
    Question(
        "sk-busiest", LESSON, "Two Pods run on node-1 and one Pod on node-2. The policy is Local. On average the three "
        "Pods are 60 % busy. How busy is the busiest of them?",
        Percent(), uneven, busiest,
        right="Half of all requests arrive at node-2, and its only Pod must serve them all. A third would be its fair "
        "share, so it is 1.5 times as busy as the average Pod.",
        wrong=(
            Wrong(
                lambda given, right: 55 <= given <= 70,
                "Under Cluster every Pod is 60 % busy, that is right. Under Local each node gets the same share of "
                "the connections, however many Pods it has.",
                25,
            ),
            Wrong(
                lambda given, right: given < 55,
                "The two Pods that share a node are less busy than the average Pod, that is right. But the question is "
                "about the third Pod, which gets what these two do not get.",
                25,
            ),
            Wrong(
                lambda given, right: given >= 95,
                "Above an average of 67 % the busiest Pod would be full, because it is 1.5 times as busy as the "
                "average Pod. At an average of 60 % it is not.",
            ),
        ),
        otherwise="The Pod on node-2 serves half of all requests, where a third would be its fair share: it is 1.5 "
        "times as busy as the average Pod.",
    ),
    Question(
        "sk-turn", LESSON, "Two Pods run on node-1 and one Pod on node-2. The work for a request takes 10 ms, and an "
        "extra hop takes 1 ms. Above about which utilisation of the average Pod is Local slower than Cluster, on "
        "average over all requests?",
        Choice(PLACES, "%"), uneven, crossing_of_mean,
        right="Long before a Pod is full, its queue costs more time than the extra hop would.",
        wrong=(
            Wrong(
                "55",
                "Below 67 % no Pod is full, that is right. But requests arrive at random moments, so some of them "
                "wait at any utilisation, and most of them at the busiest Pod.",
                25,
            ),
            Wrong(
                "45",
                "If an extra hop took as long as the work for a request, 10 ms, this would be right. Here it takes a "
                "tenth of that, so a short wait at the busiest Pod already costs more.",
            ),
            Wrong(
                "5",
                "If an extra hop took a tenth of a millisecond, this would be right. Here it takes a whole "
                "millisecond, a tenth of the work.",
            ),
        ),
    ),
    Question(
        "sk-tail", LESSON, "Two Pods run on node-1 and one Pod on node-2. There is a utilisation above which the mean "
        "response time is longer under Local than under Cluster. Where does the p99 become longer under Local?",
        Choice(tuple(BY_UTILISATION), labels=BY_UTILISATION), uneven, crossing_of_p99,
        right="The slowest request in a hundred is one that waits at the busiest Pod. An extra hop adds one "
        "millisecond to it, and the longer queue adds much more.",
        wrong=(
            Wrong(
                "same",
                "If all requests became slower by the same time, there would be one such utilisation for the mean "
                "and the p99. But the extra hop adds one millisecond to each request that takes it, while most of "
                "the waiting falls on a few requests.",
            ),
            Wrong(
                "later",
                "An extra hop does add a millisecond to slow requests too. But the queue of the busiest Pod adds "
                "much more, and it adds it to the requests that are slow already.",
            ),
        ),
    ),
    Question(
        "sk-workers", LESSON, "Two Pods run on node-1 and one Pod on node-2. Each Pod now serves four requests at a "
        "time instead of one, and four times as many requests arrive, so the Pods are as busy as before. Where does "
        "Local become slower than Cluster on average?",
        Choice(tuple(BY_WORKERS), labels=BY_WORKERS), uneven, crossing_with_workers,
        right="A request waits only if all four workers of its Pod are busy. So requests wait less at every "
        "utilisation, and an uneven load costs less time.",
        wrong=(
            Wrong(
                "same",
                "Each worker is busy for the same share of the time, that is right. But the wait is shorter, because "
                "four workers are seldom busy all at once.",
            ),
            Wrong(
                "lower",
                "The busiest Pod does get more requests than before. But four workers share them, and a request "
                "waits only if all four are busy.",
            ),
        ),
    ),
    Question(
        "sk-precision", LESSON, "A simulation prints a mean response time with ± and a standard error. You want the "
        "number after ± to be a quarter as large. How many times as many requests must you simulate?",
        Choice(FACTORS), uneven, requests_for_a_quarter,
        right="The standard error shrinks with the square root of the number of requests: the square root of 16 is 4.",
        wrong=(
            Wrong(
                "4",
                "More requests do make the number more precise. But four times as many requests make the standard "
                "error half as large, not a quarter: it shrinks with the square root.",
            ),
            Wrong(
                "2",
                "More requests do help. But with twice as many the standard error is still about 0.7 times as large, "
                "because it shrinks with the square root of the number of requests.",
            ),
            Wrong(
                "64",
                "This many requests are enough, and more than you need: the square root of 64 is 8, so the number "
                "after ± would be an eighth.",
            ),
        ),
    ),
)  # fmt: skip
