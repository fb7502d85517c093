"""The share of each place in new connections: equal, zone by zone, or by weight."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import Any

from ..api.objects import Node

__all__ = ["Spread", "spread_over"]


@dataclass(frozen=True, slots=True, eq=False)
class SpreadClass:
    """Places of one kind, in order, and the share of all of them together."""

    kind: Hashable
    names: tuple[str, ...]
    share: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The share of each node (or Pod) in new connections; without weights all have the same."""

    names: tuple[str, ...]
    weights: tuple[Fraction, ...] | None = None
    edges: tuple[float, ...] = field(init=False, default=(), repr=False)
    known: dict[str, Any] = field(init=False, default_factory=dict, repr=False)  # what was worked out before

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "edges", tuple(accumulate(map(float, self.weights))))

    def __iter__(self) -> Iterator[tuple[str, Fraction]]:
        even = Fraction(1, len(self.names)) if self.names else Fraction(0)
        return zip(self.names, self.weights or (even,) * len(self.names), strict=True)

    def shares(self) -> dict[str, Fraction]:
        """Return the share of each place; one that is named twice has the sum."""
        return dict(self.by_name)

    def share_of(self, name: str) -> Fraction:
        """Return the share of one place."""
        return self.by_name.get(name, Fraction(0))

    def place_of(self, name: str) -> int:
        """Return where a name stands first in the order of places; -1 for one that is none."""
        if "places" not in self.known:
            self.known["places"] = {found: k for k, found in reversed(tuple(enumerate(self.names)))}
        place: int = self.known["places"].get(name, -1)
        return place

    @property
    def by_name(self) -> Mapping[str, Fraction]:
        """The share of each place, in a mapping that is made once and not to be changed."""
        if "shares" not in self.known:
            total = dict(self)
            if len(total) != len(self.names):
                total = dict.fromkeys(self.names, Fraction(0))
                for name, share in self:
                    total[name] += share
            self.known["shares"] = total
        shares: dict[str, Fraction] = self.known["shares"]
        return shares

    def classes(self, kinds: Mapping[str, Hashable]) -> tuple[SpreadClass, ...]:
        """Return the places by kind; the same mapping is asked for again and again, so the answer is kept."""
        kept = self.known.get("classes")
        if kept is None or kept[0] is not kinds:
            kept = self.known["classes"] = kinds, self._classes(kinds)
        classes: tuple[SpreadClass, ...] = kept[1]
        return classes

    def _classes(self, kinds: Mapping[str, Hashable]) -> tuple[SpreadClass, ...]:
        named: dict[Hashable, list[str]] = {}
        for name in self.names:
            named.setdefault(kinds[name], []).append(name)
        if self.weights is None:
            even = Fraction(1, len(self.names)) if self.names else Fraction(0)
            return tuple(SpreadClass(kind, tuple(names), even * len(names)) for kind, names in named.items())
        same = {id(weight): weight for weight in self.weights}  # few: each zone has one
        counts: dict[Hashable, Counter[int]] = {}
        for name, weight in zip(self.names, self.weights, strict=True):
            counts.setdefault(kinds[name], Counter())[id(weight)] += 1
        totals = {kind: sum((same[one] * n for one, n in found.items()), Fraction(0)) for kind, found in counts.items()}
        return tuple(SpreadClass(kind, tuple(names), totals[kind]) for kind, names in named.items())

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
