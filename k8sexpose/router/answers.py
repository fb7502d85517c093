"""Questions to the router, each answered once as long as the cluster stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..cluster.state import ClusterState
from .node_classes import Bundle, bundles
from .query import Query

__all__ = ["Answer", "ask"]

MOST_KEPT = 2000  # answers


class Answer:
    """A question with its routes, which are followed when they are first asked for."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self._bundles: tuple[Bundle, ...] | None = None

    @property
    def bundles(self) -> tuple[Bundle, ...]:
        """The routes, those through nodes that decide alike only once."""
        if self._bundles is None:
            self._bundles = tuple(bundles(self.query))
        return self._bundles

    @property
    def entries(self) -> Mapping[str, Fraction]:
        """The share of each node by which packets enter; many answers hold the same mapping."""
        if self.query.client.node is not None:
            return {self.query.client.node: Fraction(1)}
        entry = self.query.entry
        return {} if entry.to_pod else entry.spread.by_name


def ask(
    cluster: ClusterState, target: str, client: str | None, protocol: str, via: str | Sequence[str] | None = None
) -> Answer:
    """Return the answer to a question, from memory where nothing has changed since it was asked last."""
    version = cluster.snapshot() | {"now_s": cluster.now_s}
    kept: dict[object, Answer] = cluster.store.cached("answers", version, dict)
    key = (target, client, protocol, via if via is None or isinstance(via, str) else tuple(via))
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = Answer(Query.read(cluster, target, client, protocol, via))
    return kept[key]
