"""How long one leg of a way takes; the numbers stand in ``data/latency.toml``, with source and date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..api.objects import Node
from ..data import load

__all__ = ["Latency", "crosses_zone", "latencies", "leg_ms"]


@dataclass(frozen=True, slots=True)
class Latency:
    """The round trip of one kind of leg.

    Parameters
    ----------
    what : str
        The leg, in words.
    ms : float
        The value that the model uses, in milliseconds.
    measured_ms : tuple of float
        The lowest and the highest number of the sources; empty where there is none.
    source, date : str
        Where the numbers come from.

    Examples
    --------
    >>> latencies()["cross_zone"].ms > latencies()["same_zone"].ms
    True
    """

    what: str
    ms: float
    measured_ms: tuple[float, ...]
    source: str
    date: str


@cache
def latencies() -> dict[str, Latency]:
    """Read the table of latencies.

    Returns
    -------
    dict of str to Latency
        By kind of leg: ``same_node``, ``same_zone``, ``cross_zone``, ``load_balancer_l4``, …

    Examples
    --------
    >>> latencies()["same_node"].what
    'node to Pod, or Pod to Pod, on one node'
    """
    table = load("latency")
    return {
        name: Latency(entry["what"], entry["value"], tuple(entry["measured"]), entry["source"], str(entry["date"]))
        for name, entry in table.items()
    }


def leg_ms(start: Node | None, end: Node | None) -> float:
    """Return the round trip between two nodes in milliseconds; an unknown zone counts as the same.

    Parameters
    ----------
    start, end : Node or None
        The two nodes; None is a place outside the cluster, whose distance is not modelled.

    Returns
    -------
    float
        The round trip.

    Examples
    --------
    >>> leg_ms(Node("node-1", zone="a"), Node("node-2", zone="b"))
    0.8
    """
    if start is None or end is None:
        return 0.0
    if start.name == end.name:
        return latencies()["same_node"].ms
    return latencies()["cross_zone" if crosses_zone(start, end) else "same_zone"].ms


def crosses_zone(start: Node | None, end: Node | None) -> bool:
    """Tell whether two nodes stand in different zones, both known.

    Parameters
    ----------
    start, end : Node or None
        The two nodes.

    Returns
    -------
    bool
        False where a zone is unknown.

    Examples
    --------
    >>> crosses_zone(Node("node-1", zone="a"), Node("node-2"))
    False
    """
    return bool(start and end and start.zone and end.zone and start.zone != end.zone)
