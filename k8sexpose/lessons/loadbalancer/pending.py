"""The exercise of lesson 2 on events: five Services that stay pending, each for its own reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from ...cloud.providers import provider
from ...cloud.provisioning import provision
from ...kubectl import run
from ...model import Cluster
from ..exercise_table import ExerciseTable, counted
from ..forms import Choice, Unreadable, shown, unanswered

__all__ = ["Pending", "PendingCase", "pending_cases", "print_pending_cases", "why_pending"]

WORDS = Choice(("nobody", "pool", "protocols", "quota", "subnets"))
CASES = range(1, 6)
WAIT_S = 900.0
TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
TARGETS = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"


def _service(name: str, *protocols: str, **annotations: str) -> dict[str, Any]:
    ports = [{"name": p.lower(), "port": 443, "targetPort": 8080, "protocol": p} for p in protocols or ("TCP",)]
    spec = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": annotations}, "spec": spec}


def build(number: int, mend: str = "") -> Cluster:
    """Build one cluster, where the Service ``shop`` stays pending; or the same with one thing mended.

    Parameters
    ----------
    number : int
        Which case.
    mend : str
        What to mend, one of the words; a word that has nothing to do with the case changes nothing.
    """
    clouds: dict[int, Any] = {
        1: provider("metallb", pool="198.51.100.8/30" if mend == "pool" else "198.51.100.8/31"),
        2: provider("aws", load_balancer_controller=mend == "nobody"),
        3: provider("aws"),
        4: provider("azure", quota=None if mend == "quota" else 2),
        5: provider("aws", fail=() if mend == "subnets" else "no_subnets"),
    }
    others = {1: ("blog", "wiki"), 2: ("blog",), 4: ("blog", "wiki")}.get(number, ())
    asked = {2: {TYPE: "external", TARGETS: "instance"}, 3: {TYPE: "nlb"}}
    annotations = asked.get(number, {})
    protocols = ("TCP", "UDP") if number == 3 and mend != "protocols" else ("TCP",)
    cluster = Cluster(nodes=3, provider=clouds[number])
    cluster.deploy("web", per_node=[1, 1, 1])
    for other in others:
        cluster.apply(_service(other))
    cluster.advance(WAIT_S)
    cluster.apply(_service("shop", *protocols, **annotations))
    cluster.advance(WAIT_S)
    return cluster


def pending_cases() -> tuple[Cluster, ...]:
    """Build the five clusters of the exercise; in each the Service ``shop`` is pending.

    Returns
    -------
    tuple of Cluster
        The cases 1 to 5.

    Examples
    --------
    >>> len(pending_cases())
    5
    """
    return tuple(build(number) for number in CASES)


def print_pending_cases() -> None:
    """Print what kubectl prints of the Services and the events of each case.

    Examples
    --------
    >>> print_pending_cases()  # doctest: +ELLIPSIS
    Case 1
    NAME ...
    """
    for number, cluster in enumerate(pending_cases(), start=1):
        print(f"Case {number}\n{run(cluster, 'get svc').stdout}\n{run(cluster, 'get events').stdout}")


@cache
def reason(number: int, mend: str = "") -> str:
    """Say why ``shop`` stays pending; empty if it gets its address."""
    found = provision(build(number, mend), "shop")
    return found.reason if found.pending else ""


@dataclass(frozen=True, slots=True)
class PendingCase:
    """How one answer is judged.

    Parameters
    ----------
    number : int
        Which case.
    answer : str
        What the learner says.
    solved : bool
        Whether an address appears once that cause is removed.
    text : str
        What happens then.
    misconception : int, optional
        The belief behind a wrong answer, in the course's list.

    Examples
    --------
    >>> PendingCase(1, "pool", True, "an address appears").solved
    True
    """

    number: int
    answer: str
    solved: bool
    text: str
    misconception: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Pending(ExerciseTable):
    """All answers of the exercise; `solved` says whether every one is right.

    Parameters
    ----------
    rows : tuple of PendingCase
        One for each case.

    Examples
    --------
    >>> Pending((PendingCase(1, "pool", True, "An address appears."),)).solved
    True
    """

    ID: ClassVar[str] = "lb-why-pending"
    HEAD: ClassVar[tuple[str, ...]] = ("case", "your answer", "what happens when this cause is removed")

    rows: tuple[PendingCase, ...]

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which cases are explained."""
        return tuple(row.solved for row in self.rows)

    @property
    def begun(self) -> bool:
        """Whether any case was answered."""
        return any(row.answer for row in self.rows)

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for row in self.rows:
            yield str(row.number), row.answer, f"{'✓' if row.solved else '✗'} {row.text}"


def why_pending(why: object = None) -> Pending:
    """Remove the cause that you name in each case, and see whether an address appears.

    Parameters
    ----------
    why : mapping of int to str, optional
        For the number of a case one of ``nobody``, ``pool``, ``protocols``, ``quota``, ``subnets``.

    Returns
    -------
    Pending
        A table; nothing is ever raised.

    Examples
    --------
    >>> why_pending({1: "pool"}).rows[0].solved
    True
    >>> why_pending({1: "nobody"}).rows[0].misconception
    1
    """
    given = why if isinstance(why, Mapping) else {}
    return counted(Pending(tuple(_judge(number, given.get(number)) for number in CASES)))


def _judge(number: int, answer: object) -> PendingCase:
    if unanswered(answer):
        return PendingCase(number, "", False, f"no answer yet: {WORDS.example}")
    try:
        word = WORDS.read(answer)
    except Unreadable:
        return PendingCase(number, shown(answer), False, f"not understood: {WORDS.example}")
    still = reason(number, word)
    if not still:
        return PendingCase(number, word, True, "An address appears.")
    silent = not any(event.object == "service/shop" for event in build(number).events)
    if word == "nobody":
        text = "The Service has no address, that is true. But an event is about shop, so some controller handles it"
    elif silent:
        text = (
            "A controller that fails does say so in an event. Here other Services have events, and about shop there is"
            " none"
        )
    else:
        text = "This can be a reason, but the event gives another one"
    return PendingCase(number, word, False, f"{text}. It is still <pending>.", 1)
