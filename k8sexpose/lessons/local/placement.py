"""A placement of Pods to try: what each Pod gets under both policies, and the exercise that asks for an even one."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import ClassVar, SupportsIndex

from ...traffic.policies import PolicyShares, policy_shares
from ..exercise_table import ExerciseTable, counted
from ..extra_hop.questions import NAME, stand_with
from ..feedback import Feedback
from ..forms import shown

__all__ = ["Placement", "try_placement"]

PODS, NODES, MOST = 10, 3, 10  # of the exercise: Pods, nodes, and the most that a Pod may get, in percent
FIRST = [4, 3, 3]  # what stands in the cell of the exercise
MANY = 1000  # nodes, and Pods: more would take minutes
FORM = "A placement is a list with one whole number for each node, such as [2, 1]; this is not"


class Placement(PolicyShares, ExerciseTable):
    """A placement with as many Pods and nodes as the exercise: the same table, and a card below it.

    Examples
    --------
    >>> try_placement([3, 3, 4]).solved
    False
    """

    __slots__ = ()

    ID: ClassVar[str] = "loc-placement"

    @property
    def marks(self) -> tuple[bool, ...]:
        """Whether no Pod gets more than it may."""
        return (all(100 * pod.share <= MOST for pod in self["Local"].pods),)

    @property
    def begun(self) -> bool:
        """Whether it is another placement than the one that stands in the cell."""
        return self._per_node != FIRST

    @property
    def _per_node(self) -> list[int]:
        nodes = [pod.node for pod in self["Local"].pods]
        return [nodes.count(node) for node in self.nodes]

    @property
    def _answer(self) -> str:
        return f"{' + '.join(map(str, self._per_node))} Pods"

    def __repr__(self) -> str:
        return f"{PolicyShares.__repr__(self)}\n{self.card!r}"

    def _repr_html_(self) -> str:
        return PolicyShares._repr_html_(self) + self.card._repr_html_()


def _is_placement(per_node: object) -> bool:
    if not isinstance(per_node, list | tuple) or not per_node:
        return False
    if not all(isinstance(count, SupportsIndex) and not isinstance(count, bool) for count in per_node):
        return False
    counts = [index(count) for count in per_node]
    return min(counts) >= 0 and 0 < sum(counts) <= MANY and len(counts) <= MANY


def try_placement(per_node: Sequence[int]) -> PolicyShares | Feedback:
    """Place Pods on the nodes of a fresh cluster, and see what each Pod gets under both policies.

    Parameters
    ----------
    per_node : sequence of int
        How many Pods on each node.

    Returns
    -------
    PolicyShares
        A table; ``["Local"].hottest_over_mean`` is the load of the busiest Pod over that of the average one. With as
        many Pods and nodes as in the exercise it is a `Placement`, and counts for `progress`. What is no placement
        gets a `Feedback` that says so; nothing is raised.

    Examples
    --------
    >>> try_placement([2, 1])["Local"].hottest_over_mean
    1.5
    >>> try_placement("5,5,0")
    → A placement is a list with one whole number for each node, such as [2, 1]; this is not: 5,5,0
    """
    if not _is_placement(per_node):
        return Feedback(None, None, f"{FORM}: {shown(per_node)}")
    found = policy_shares(stand_with(per_node), NAME)
    if (sum(per_node), len(per_node)) != (PODS, NODES):
        return found
    return counted(Placement(found.service, found.nodes, found.sides, found.client))
