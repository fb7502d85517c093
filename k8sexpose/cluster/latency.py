"""How long one leg of a path takes; the numbers are in ``data/latency.toml``, with source and date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..api.objects import Node
from ..data import load

__all__ = ["Latency", "crosses_zone", "latencies", "leg_ms"]


@dataclass(frozen=True, slots=True)
class Latency:
    """The round trip of one kind of leg; `measured_ms` is the lowest and highest number of the sources, if any."""

    what: str
    ms: float
    measured_ms: tuple[float, ...]
    source: str
    date: str


@cache
def latencies() -> dict[str, Latency]:
    """Return the latencies by kind of leg, such as ``same_node``, ``cross_zone`` or ``load_balancer_l4``."""
    table = load("latency")
    return {
        name: Latency(entry["what"], entry["value"], tuple(entry["measured"]), entry["source"], str(entry["date"]))
        for name, entry in table.items()
    }


def leg_ms(start: Node | None, end: Node | None) -> float:
    """Return the round trip between two nodes in ms; None is a place outside, whose distance is not modelled."""
    if start is None or end is None:
        return 0.0
    if start.name == end.name:
        return latencies()["same_node"].ms
    return latencies()["cross_zone" if crosses_zone(start, end) else "same_zone"].ms


def crosses_zone(start: Node | None, end: Node | None) -> bool:
    """Return True if two nodes are in different zones, both known."""
    return bool(start and end and start.zone and end.zone and start.zone != end.zone)
