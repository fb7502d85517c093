"""Questions to the router, each answered once as long as the cluster stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ..api.service import Service
from ..cloud.front_door import Spread
from ..cluster.state import ClusterState
from .addressing import OUTSIDE
from .node_classes import Bundle, bundles
from .query import Query
from .route import Shares

__all__ = ["Answer", "ask"]

MOST_KEPT = 2000  # answers


class Answer:
    """A question with its routes, which are followed when they are first asked for."""

    def __init__(self, query: Query) -> None:
        self.client = query.client
        self.service: Service | None = query.destination.service
        self._query: Query | None = query
        self._spread: Spread | None = None
        self._bundles: tuple[Bundle, ...] = ()
        self._shares: Shares | None = None

    @property
    def bundles(self) -> tuple[Bundle, ...]:
        """The routes, those through nodes that decide alike only once."""
        if self._query is not None:
            self._bundles = tuple(bundles(self._query))
            if self.client.kind == OUTSIDE:
                self._spread = _spread(self._query)
            # The question holds the cluster, which holds the answers: let go, both are freed as soon as nobody asks.
            self._query = None
        return self._bundles

    @property
    def shares(self) -> Shares:
        """All routes added up, once; not to be changed."""
        if self._shares is None:
            self._shares = _added_up(self.bundles)
        return self._shares

    @property
    def entries(self) -> Mapping[str, Fraction]:
        """The share of each node by which packets enter; many answers hold the same mapping."""
        if self.client.node is not None:
            return {self.client.node: Fraction(1)}
        spread = self._spread if self._query is None else _spread(self._query)
        return {} if spread is None else spread.by_name


def _spread(query: Query) -> Spread | None:
    """Return the nodes by which the packets of a client outside enter; None where they go straight to Pods."""
    entry = query.entry
    return None if entry.to_pod else entry.spread


def _added_up(bundles: Iterable[Bundle]) -> Shares:
    """Return the share of each Pod and node, of what takes an extra hop, and of what is lost."""
    by_pod: dict[str, Fraction] = {}
    by_node: dict[str, Fraction] = {}
    extra_hop = crosses = lost = Fraction(0)
    for bundle in bundles:
        route = bundle.route
        if not route.delivered:
            lost += bundle.probability
            continue
        pod, node = route.pod or route.hops[-1].at, route.node or ""
        by_pod[pod] = by_pod[pod] + bundle.probability if pod in by_pod else bundle.probability
        by_node[node] = by_node[node] + bundle.probability if node in by_node else bundle.probability
        extra_hop += bundle.extra_hop
        crosses += bundle.crosses_zone
    return Shares(by_pod, by_node, extra_hop, crosses, lost)


def ask(
    cluster: ClusterState, target: str, client: str | None, protocol: str, via: str | Sequence[str] | None = None
) -> Answer:
    """Return the answer to a question, from memory where nothing has changed since it was asked last."""
    version = cluster.version()
    kept: dict[object, Answer] = cluster.store.cached("answers", version, dict)
    key = (target, client, protocol, via if via is None or isinstance(via, str) else tuple(via))
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = Answer(Query.read(cluster, target, client, protocol, via))
    return kept[key]
