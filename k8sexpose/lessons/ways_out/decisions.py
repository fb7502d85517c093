"""The closing task of lesson 7: five clusters, a policy for each, and what decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from ..._display import html_table
from ...model import Cluster
from ...router.router import routes
from ...traffic.policies import both_policies, crossover, view
from ...traffic.policy_comparison import compare_policies
from ..exercise_table import ExerciseTable, counted
from ..forms import Choice, Unreadable, shown, unanswered
from ..skew_and_latency.questions import NAME, cluster_with

__all__ = ["Decisions", "FiveClusters", "Row", "clusters_of_case", "decide", "five_clusters"]

CLIENT = "203.0.113.7"
RUNS = 3
POLICY = Choice(("cluster", "local"))
REASON = Choice(("hop", "skew", "tail", "clients", "address"))


@dataclass(frozen=True, slots=True)
class Case:
    """One of the five clusters."""

    story: str
    per_node: tuple[int, ...]
    busy: int
    matters: str = "mean"
    workers: int = 1
    hop_ms: float = 1.0
    sticky_clients: int | None = None


CASES = {
    "shop": Case("Three Pods, two of them on one node; each serves four requests at once.", (2, 1), 30, workers=4),
    "search": Case(
        "The same placement, but a Pod serves one request at a time; the team has promised a p99.", (2, 1), 10, "p99"
    ),
    "replicas": Case(
        "Four replicas on three nodes; topologySpreadConstraints allow a difference of one, as "
        "kubernetes/website#38652 suggests.",
        (2, 1, 1), 55,
    ),
    "game": Case(
        "A Pod on each of ten nodes. There are a hundred clients, and the load balancer always sends a client to the "
        "same node.", (1,) * 10, 70, sticky_clients=100,
    ),
    "audit": Case(
        "Pods placed at random, and each must log the client's address (kubernetes/kubernetes#97147 asks "
        "why the only Pod of a node gets more than the others).", (5, 4, 1), 20, "address",
    ),
}  # fmt: skip
BELIEFS = {"address": 7, "skew": 25, "tail": 25, "clients": 25, "hop": None}
TELLS = {
    "hop": "On a busier Service the uneven load does cost more time than the extra hop. At this utilisation it does "
    "not.",
    "skew": "With the same number of Pods on every node, Local does save the hop and costs nothing. Here the numbers "
    "differ, and the Service is busy.",
    "tail": "For the mean, Local is better here. But the promise is about the slowest request in a hundred.",
    "clients": "With thousands of clients, an even placement does give an even load. Here the clients are few.",
    "address": "For speed alone this is a good choice. But under Cluster the Pods log the node's address instead of "
    "the client's.",
}


@dataclass(frozen=True, slots=True, repr=False)
class FiveClusters:
    """What is known of the five clusters, as a table.

    Parameters
    ----------
    cases : dict of str to Case
        By name.

    Examples
    --------
    >>> print(five_clusters())  # doctest: +ELLIPSIS
    shop | 2 + 1 | 4 | 30 % | 1 ms | mean | Three Pods, two of them on one node; ...
    """

    cases: dict[str, Case]

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for name, case in self.cases.items():
            even = len(set(case.per_node)) == 1
            pods = f"{len(case.per_node)} × {case.per_node[0]}" if even else " + ".join(map(str, case.per_node))
            yield name, pods, str(case.workers), f"{case.busy} %", f"{case.hop_ms:g} ms", case.matters, case.story

    def __repr__(self) -> str:
        return "\n".join(" | ".join(cells) for cells in self._cells())

    def _repr_html_(self) -> str:
        head = (
            "cluster",
            "Pods per node",
            "workers per Pod",
            "utilisation",
            "extra hop",
            "what matters",
            "description",
        )
        return html_table("Five clusters", head, self._cells())


def five_clusters() -> FiveClusters:
    """Describe the five clusters.

    Returns
    -------
    FiveClusters
        A table.

    Examples
    --------
    >>> list(five_clusters().cases)
    ['shop', 'search', 'replicas', 'game', 'audit']
    """
    return FiveClusters(CASES)


def clusters_of_case(name: str) -> dict[str, Cluster]:
    """Build one of the five clusters, under both policies.

    Parameters
    ----------
    name : str
        shop, search, replicas, game or audit.

    Returns
    -------
    dict of str to Cluster
        By name of the policy; the Service is ``public-api-lb``.

    Examples
    --------
    >>> len(clusters_of_case("game")["Local"].nodes)
    10
    """
    return both_policies(cluster_with(*CASES[name].per_node), NAME)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the decision table.

    Parameters
    ----------
    name, answer : str
        Which cluster, and what the learner says.
    found : str
        What the model finds; empty while there is no answer.
    solved : bool
        Whether policy and reason are right.
    text : str
        What to say.
    misconception : int, optional
        The belief behind a wrong policy, in the course's list.

    Examples
    --------
    >>> Row("shop", "Local, hop", "Local is slower above 38.6 %", True, "right").solved
    True
    """

    name: str
    answer: str
    found: str
    solved: bool
    text: str
    misconception: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Decisions(ExerciseTable):
    """The decision table; `solved` says whether every line is right.

    Parameters
    ----------
    rows : tuple of Row
        One for each cluster.

    Examples
    --------
    >>> Decisions((Row("shop", "Local, hop", "", True, "right"),)).solved
    True
    """

    ID: ClassVar[str] = "out-decisions"
    HEAD: ClassVar[tuple[str, ...]] = ("cluster", "your decision", "what the model finds", "result")

    rows: tuple[Row, ...]

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which decisions are right."""
        return tuple(row.solved for row in self.rows)

    @property
    def begun(self) -> bool:
        """Whether any cluster was answered."""
        return any(row.answer for row in self.rows)

    def _cells(self) -> Iterator[tuple[str, str, str, str]]:
        for row in self.rows:
            yield row.name, row.answer, row.found, f"{'✓' if row.solved else '✗'} {row.text}"


@cache
def solve(name: str) -> tuple[str, str, str]:
    """Find the policy, what decides, and the numbers behind it."""
    case, clusters = CASES[name], clusters_of_case(name)
    if case.matters == "address":
        seen = {policy: {str(way.client_seen) for way in routes(c, NAME, CLIENT)} for policy, c in clusters.items()}
        policy = next(policy for policy, found in seen.items() if found == {CLIENT})
        other = next(found for found in seen.values() if found != {CLIENT})
        return (
            policy.lower(),
            "address",
            f"{policy}: Pods see the client; under the other policy {', '.join(sorted(other))}",
        )
    views = [view(one, NAME, hop_ms=case.hop_ms) for one in clusters.values()]
    above = crossover(views, workers=case.workers)
    if case.sticky_clients:
        times = _sampled(case, clusters)
        policy = min(times, key=lambda one: times[one])
        why = "clients" if policy == "Cluster" and above["mean"] >= 1 else "hop"
        return policy.lower(), why, f"mean in a simulation: {', '.join(f'{n} {ms:,.0f} ms' for n, ms in times.items())}"
    busy = case.busy / 100
    found = f"Local is slower above {100 * above['mean']:.3g} % (mean) and {100 * above['p99']:.3g} % (p99)"
    if busy < above[case.matters]:
        return "local", "hop", found
    return "cluster", "tail" if busy < above["mean"] else "skew", found


def _sampled(case: Case, clusters: Mapping[str, Cluster]) -> dict[str, float]:
    runs = [
        compare_policies(
            clusters, NAME, utilisation=case.busy / 100, hop_ms=case.hop_ms, workers=case.workers,
            clients=case.sticky_clients or 1000, sticky=True, seed=seed,
        ).table["sampled_mean_ms"]
        for seed in range(RUNS)
    ]  # fmt: skip
    return {policy: sum(float(run[policy]) for run in runs) / RUNS for policy in clusters}


def decide(table: object = None) -> Decisions:
    """Judge a decision table.

    Parameters
    ----------
    table : mapping of str to (str, str), optional
        For the name of a cluster the policy, ``"Cluster"`` or ``"Local"``, and what decides: ``"hop"``, ``"skew"``,
        ``"tail"``, ``"clients"`` or ``"address"``.

    Returns
    -------
    Decisions
        A table; nothing is ever raised.

    Examples
    --------
    >>> decide({"search": ("Local", "hop")}).rows[1].misconception
    25
    """
    given = table if isinstance(table, Mapping) else {}
    return counted(Decisions(tuple(_judge(name, given.get(name)) for name in CASES)))


def _judge(name: str, answer: object) -> Row:
    how = 'a pair such as ("Cluster", "hop")'  # right for none of them
    if unanswered(answer):
        return Row(name, "", "", False, f"no answer yet: {how}")
    try:
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise Unreadable(how)
        policy, why = POLICY.read(answer[0]), REASON.read(answer[1])
    except Unreadable as problem:
        return Row(name, shown(answer), "", False, f"not understood: {str(problem) or how}")
    right, reason, found = solve(name)
    said = f"{policy.capitalize()}, {why}"
    if policy != right:
        return Row(name, said, found, False, TELLS[reason], BELIEFS[reason])
    if why != reason:
        text = (
            "The policy is right, but another reason decides. Compare the utilisation with the numbers on the left, "
            "and look at what matters to this team."
        )
        return Row(name, said, found, False, text)
    return Row(name, said, found, True, "right")
