"""A placement of Pods to try: what each Pod gets under both policies."""

from __future__ import annotations

from collections.abc import Sequence

from ...traffic.policies import PolicyShares, policy_shares
from ..extra_hop.questions import NAME, stand_with

__all__ = ["try_placement"]


def try_placement(per_node: Sequence[int]) -> PolicyShares:
    """Place Pods on the nodes of a fresh cluster, and see what each Pod gets under both policies.

    Parameters
    ----------
    per_node : sequence of int
        How many Pods on each node.

    Returns
    -------
    PolicyShares
        A table; ``["Local"].hottest_over_mean`` is the load of the busiest Pod over that of the average one.

    Examples
    --------
    >>> try_placement([2, 1])["Local"].hottest_over_mean
    1.5
    """
    return policy_shares(stand_with(per_node), NAME)
