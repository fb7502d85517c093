"""The share of each place in new connections: equal, zone by zone, or by weight."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

from ..api.objects import Node

__all__ = ["Spread", "spread_over"]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The share of each node (or Pod) in new connections; without weights all have the same."""

    names: tuple[str, ...]
    weights: tuple[Fraction, ...] | None = None
    edges: tuple[float, ...] = field(init=False, default=(), repr=False)

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "edges", tuple(accumulate(map(float, self.weights))))

    def __iter__(self) -> Iterator[tuple[str, Fraction]]:
        even = Fraction(1, len(self.names)) if self.names else Fraction(0)
        return zip(self.names, self.weights or (even,) * len(self.names), strict=True)

    def shares(self) -> dict[str, Fraction]:
        """Return the share of each place; one that is named twice has the sum."""
        total: dict[str, Fraction] = {}
        for name, share in self:
            total[name] = total.get(name, Fraction(0)) + share
        return total

    def pick(self, number: float) -> tuple[str, Fraction]:
        """Return the place that a random number from 0 to 1 chooses, and its share."""
        if self.weights is None:
            return self.names[int(number * len(self.names))], Fraction(1, len(self.names))
        at = min(bisect_right(self.edges, number), len(self.names) - 1)
        return self.names[at], self.weights[at]


def spread_over(
    nodes: Mapping[str, Node],
    names: Iterable[str],
    *,
    zonal: bool = False,
    weights: Mapping[str, int] | None = None,
) -> Spread:
    """Return the shares of nodes: by weight; or the same for each zone, and in it for each node; or equal."""
    places = tuple(names)
    if weights and any(weights.get(name) for name in places):
        total = sum(weights.get(name, 0) for name in places)
        return Spread(places, tuple(Fraction(weights.get(name, 0), total) for name in places))
    if not zonal:
        return Spread(places)
    zones: dict[str | None, int] = {}
    for name in places:
        zone = nodes[name].zone
        zones[zone] = zones.get(zone, 0) + 1
    share = {zone: Fraction(1, len(zones) * count) for zone, count in zones.items()}
    return Spread(places, tuple(share[nodes[name].zone] for name in places))
