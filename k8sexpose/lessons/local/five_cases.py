"""The closing task of lesson 5: five short cases, which policy, and what decides; the model tries both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import fill
from typing import ClassVar

from ...data import example
from ...model import Cluster
from ...traffic.policies import POLICIES, PolicyShares, PolicyView, policy_shares
from ..exercise_table import ExerciseTable, counted
from ..extra_hop.questions import APP, CLIENT, NAME
from ..forms import Choice, Unreadable, shown, unanswered

__all__ = ["FiveCases", "PolicyCase", "five_cases", "which_policy"]

POLICY = Choice(("cluster", "local"))
REASON = Choice(
    ("address", "hop", "lost", "skew"),
    also={
        "client address": "address", "client's address": "address", "the client's address": "address",
        "extra hop": "hop", "lost connections": "lost", "load skew": "skew",
    },
)  # fmt: skip
ANSWER = 'a pair such as ("Local", "hop"); the reason is ' + REASON.example


@dataclass(frozen=True, slots=True)
class Case:
    """What a team has, and what it wants: a test for each wish, in the words of the reasons."""

    story: str
    per_node: tuple[int, ...]
    wishes: tuple[str, ...]
    provider: str = "generic"
    node_port: bool = False
    most_of_mean: float = 1.4


CASES: Mapping[int, Case] = {
    1: Case(
        "A log collector has one Pod on every node. The cloud charges for traffic between zones, and nobody needs to "
        "know who the client was.",
        (1, 1, 1), ("hop", "skew"),
    ),
    2: Case(
        "A login page has two Pods on each of two nodes, behind a load balancer that leaves the client's address in "
        "the packets. It must count failed logins for each client address.",
        (2, 2, 0), ("address", "skew", "lost"),
    ),
    3: Case(
        "An API does not use client addresses. It has four Pods on one node and one Pod on another. No Pod can take "
        "more than 1.4 times the load of the average Pod.",
        (4, 1, 0), ("skew", "lost"),
    ),
    4: Case(
        "A Service of type NodePort has no load balancer. Its DNS name has the addresses of all three nodes, and each "
        "client chooses one of them. The Pods run on two of the nodes, and no connection may be lost.",
        (2, 2, 0), ("lost", "skew"), node_port=True,
    ),
    5: Case(
        "From a public thread: a team sets Local, because its log shows the same private address for every client. "
        "But its load balancer ends the clients' connections and opens connections of its own. There are three Pods "
        "on one node and one Pod on another. No Pod may take more than 1.4 times the load of the average Pod.",
        (3, 1, 0), ("address", "skew"), provider="linode",
    ),
}  # fmt: skip

# What each wish asks of a side.
TESTS: Mapping[str, Callable[[Case, PolicyView], bool]] = {
    "address": lambda case, side: set(side.seen) == {CLIENT},
    "hop": lambda case, side: side.extra_hop == 0,
    "lost": lambda case, side: side.lost == 0,
    "skew": lambda case, side: side.hottest_over_mean <= case.most_of_mean,
}
# What a side does that misses the wish, and the belief behind choosing it.
MISSED: Mapping[str, tuple[str, int | None]] = {
    "address": ("the Pods see {seen}", 7),
    "hop": ("{hop:.0%} of the connections take an extra hop", None),
    "lost": ("{lost:.0%} of the connections are lost", 25),
    "skew": ("the busiest Pod gets {hottest:.3g} times the load of the average Pod", 25),
}


def five_cases() -> str:
    """Return the five cases.

    Returns
    -------
    str
        A numbered list.

    Examples
    --------
    >>> five_cases().startswith("1. A log collector")
    True
    """
    told = (fill(f"{number}. {case.story}", 96, subsequent_indent="   ") for number, case in CASES.items())
    return "\n".join(told)


@cache
def tried(number: int) -> PolicyShares:
    """Return what the router says about both policies, on the cluster of a case."""
    case = CASES[number]
    cluster = Cluster(nodes=len(case.per_node), provider=case.provider)
    cluster.deploy(APP, per_node=case.per_node)
    text = example(NAME).read_text(encoding="utf-8")
    cluster.apply(text.replace("type: LoadBalancer", "type: NodePort") if case.node_port else text)
    return policy_shares(cluster, NAME, CLIENT)


def missed(number: int, policy: str) -> tuple[str, ...]:
    """Return the wishes that a policy misses.

    Examples
    --------
    >>> missed(3, "Local"), missed(3, "Cluster")
    (('skew',), ())
    """
    case, side = CASES[number], tried(number)[policy]
    return tuple(wish for wish in case.wishes if not TESTS[wish](case, side))


def solution(number: int) -> tuple[str, frozenset[str]]:
    """Return the policy that misses fewer wishes, and the wishes that decide: those only the other one misses."""
    right, other = sorted(POLICIES, key=lambda policy: len(missed(number, policy)))
    return right, frozenset(missed(number, other)) - frozenset(missed(number, right))


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One answer, and what the model says to it.

    Parameters
    ----------
    number : int
        Which case.
    answer : str
        What the learner says.
    solved : bool
        Whether policy and reason are right.
    text : str
        What the model found.
    misconception : int, optional
        The belief behind a wrong answer, in the course's list.

    Examples
    --------
    >>> PolicyCase(1, "Local, hop", True, "right").solved
    True
    """

    number: int
    answer: str
    solved: bool
    text: str
    misconception: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class FiveCases(ExerciseTable):
    """All answers of the task; `solved` says whether every one is right.

    Parameters
    ----------
    rows : tuple of PolicyCase
        One for each case.

    Examples
    --------
    >>> FiveCases((PolicyCase(1, "Local, hop", True, "right"),)).solved
    True
    """

    ID: ClassVar[str] = "loc-five-cases"
    HEAD: ClassVar[tuple[str, ...]] = ("case", "your answer", "what the model found")

    rows: tuple[PolicyCase, ...]

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which cases are right."""
        return tuple(row.solved for row in self.rows)

    @property
    def begun(self) -> bool:
        """Whether any case was answered."""
        return any(row.answer for row in self.rows)

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for row in self.rows:
            yield str(row.number), row.answer, f"{'✓' if row.solved else '✗'} {row.text}"


def which_policy(choices: object = None) -> FiveCases:
    """Try both policies in each case, and compare with what you chose.

    Parameters
    ----------
    choices : mapping of int to (str, str), optional
        For the number of a case a policy, ``"Cluster"`` or ``"Local"``, and what decides: ``"address"``, ``"hop"``,
        ``"lost"`` or ``"skew"``.

    Returns
    -------
    FiveCases
        A table; nothing is ever raised.

    Examples
    --------
    >>> which_policy({1: ("Local", "hop")}).rows[0].solved
    True
    >>> which_policy({5: ("Local", "address")}).rows[4].misconception
    7
    """
    given = choices if isinstance(choices, Mapping) else {}
    return counted(FiveCases(tuple(_judge(number, given.get(number)) for number in CASES)))


def _read(answer: object) -> tuple[str, str]:
    """Return policy and reason, in whichever order and form they are given; `Unreadable` says what is missing."""
    parts = re.split(r"\s*[,;]\s*", answer) if isinstance(answer, str) else answer
    if not isinstance(parts, tuple | list) or len(parts) != 2:
        raise Unreadable("two words are asked, a policy and a reason")
    policies = [found for part in parts if (found := _option(POLICY, part))]
    reasons = [found for part in parts if (found := _option(REASON, part))]
    if not policies:
        raise Unreadable("it names no policy, Cluster or Local")
    if not reasons:
        raise Unreadable("it names a policy, but none of the four reasons")
    return policies[0].capitalize(), reasons[0]


def _option(form: Choice, part: object) -> str:
    """Return the option that a word means, or nothing."""
    try:
        return form.read(part)
    except Unreadable:
        return ""


def _judge(number: int, answer: object) -> PolicyCase:
    if unanswered(answer):
        return PolicyCase(number, "", False, f"no answer yet: give {ANSWER}")
    try:
        policy, reason = _read(answer)
    except Unreadable as problem:
        return PolicyCase(number, shown(answer), False, f"not understood: {problem}. Please give {ANSWER}")
    said = f"{policy}, {reason}"
    right, reasons = solution(number)
    other = next(name for name in POLICIES if name != right)
    if policy != right:
        wish = next(wish for wish in CASES[number].wishes if wish in reasons)
        # To hope for the address where no policy keeps it is that belief, whatever else goes wrong.
        hoped = reason == "address" and "address" in missed(number, policy)
        belief = 7 if hoped else MISSED[wish][1]
        found = _tell(number, policy, *(("address",) if hoped else ()), wish)
        return PolicyCase(
            number, said, False, f"Under {policy} {found}; under {right} {_tell(number, right, wish)}.", belief
        )
    if reason not in reasons:
        both = "; ".join(f"under {name} {_tell(number, name, reason)}" for name in POLICIES)
        why = "both policies do equally well here" if reason in CASES[number].wishes else "the case does not ask for it"
        return PolicyCase(number, said, False, f"The policy is right, but this fact does not decide: {why} ({both}).")
    return PolicyCase(number, said, True, f"Under {other} {_tell(number, other, reason)}.")


def _tell(number: int, policy: str, *wishes: str) -> str:
    """Return in numbers what a policy does about some wishes."""
    found = tried(number)
    side = found[policy]
    words = {
        "seen": found.sees(side), "hop": float(side.extra_hop), "lost": float(side.lost),
        "hottest": side.hottest_over_mean,
    }  # fmt: skip
    return ", and ".join(MISSED[wish][0].format(**words) for wish in wishes)
