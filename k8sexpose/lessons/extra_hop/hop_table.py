"""Where connections arrive and where their Pods are, as a table: the picture behind 1 − 1/N."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..._display import html_table
from ...model import Cluster
from ...router.router import entries, shares

__all__ = ["HopTable", "hop_table"]


@dataclass(frozen=True, slots=True, repr=False)
class HopTable:
    """The share of the connections for each pair of nodes.

    Parameters
    ----------
    pods : mapping of str to int
        How many Pods answer on each node that has any.
    parts : mapping of str to mapping of str to Fraction
        For each node where connections arrive: the share that is sent to the Pods of each node.

    Examples
    --------
    >>> HopTable({"node-1": 1}, {"node-1": {"node-1": Fraction(1)}}).extra_hop
    Fraction(0, 1)
    """

    pods: Mapping[str, int]
    parts: Mapping[str, Mapping[str, Fraction]]

    @property
    def extra_hop(self) -> Fraction:
        """The share that is sent to another node than the one where it arrived."""
        every = ((entry, node, part) for entry, row in self.parts.items() for node, part in row.items())
        return sum((part for entry, node, part in every if entry != node), Fraction(0))

    @property
    def _caption(self) -> str:
        return f"Extra hop: {self.extra_hop} of the connections"

    @property
    def _head(self) -> list[str]:
        counts = (f"{count} Pod on" if count == 1 else f"{count} Pods on" for count in self.pods.values())
        return ["arrives at", *(f"{count} {node}" for count, node in zip(counts, self.pods, strict=True))]

    def _rows(self) -> Iterator[list[str]]:
        for entry, row in self.parts.items():
            cells = ((node, row.get(node, Fraction(0))) for node in self.pods)
            yield [
                entry,
                *(f"{part} {'stays' if entry == node else 'extra hop'}" if part else "0" for node, part in cells),
            ]

    def __repr__(self) -> str:
        lines = (" | ".join(cells) for cells in [self._head, *self._rows()])
        return "\n".join([self._caption, *(f"  {line}" for line in lines)])

    def _repr_html_(self) -> str:
        return html_table(self._caption, self._head, self._rows())


def hop_table(cluster: Cluster, service: str) -> HopTable:
    """Return where the connections of a Service arrive, and on which nodes the Pods are that answer them.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service : str
        Name of the Service.

    Returns
    -------
    HopTable
        One row for each node where connections arrive, one column for each node that has Pods of the Service.

    Examples
    --------
    >>> from .questions import NAME, stand_with
    >>> hop_table(stand_with([1, 1]), NAME)
    Extra hop: 1/2 of the connections
      arrives at | 1 Pod on node-1 | 1 Pod on node-2
      node-1 | 1/4 stays | 1/4 extra hop
      node-2 | 1/4 extra hop | 1/4 stays
    """
    where = {pod.name: pod.node for pod in cluster.pods}
    answer = shares(cluster, service).by_pod
    pods: dict[str, int] = {}
    for node in cluster.nodes:
        count = sum(1 for pod, share in answer.items() if share and where.get(pod) == node.name)
        if count:
            pods[node.name] = count
    parts = {
        entry: {node: comes * part for node, part in shares(cluster, service, via=entry).by_node.items()}
        for entry, comes in entries(cluster, service).items()
    }
    return HopTable(pods, parts)
