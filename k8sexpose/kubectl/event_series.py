"""Events as they are kept: the same thing seen again is one Event object with a count.

Source: ``staging/src/k8s.io/client-go/tools/record/{event,events_cache}.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..api.objects import Event

__all__ = ["EventSeries", "sightings"]

# The model's clock starts with the year 2026.
EPOCH_NS = 1_767_225_600 * 10**9


@dataclass(frozen=True, slots=True)
class EventSeries:
    """An Event object.

    Parameters
    ----------
    event : Event
        As it was seen first.
    name : str
        Name of the Event object: what it is about, and the time in nanoseconds.
    count : int
        How often it was seen.
    last_s : float
        When it was seen last, in seconds.

    Examples
    --------
    >>> seen = [Event(at_s, "Normal", "EnsuringLoadBalancer", "Ensuring", "service/web") for at_s in (0, 5)]
    >>> [(sighting.name, sighting.count) for sighting in sightings(seen)]
    [('web.18867251edfa0000', 2)]
    """

    event: Event
    name: str
    count: int = 1
    last_s: float = 0.0

    @property
    def namespace(self) -> str:
        """Namespace of the object that it is about."""
        return self.event.namespace


def sightings(events: Iterable[Event]) -> list[EventSeries]:
    """Put together what was seen several times; the order is that of the Event objects' names.

    Parameters
    ----------
    events : iterable of Event
        In the order in which they were reported.

    Returns
    -------
    list of EventSeries
        The Event objects.
    """
    kept: dict[Event, EventSeries] = {}
    for number, event in enumerate(events):
        known = kept.get(same := replace(event, at_s=0.0))
        if known is not None:
            kept[same] = replace(known, count=known.count + 1, last_s=event.at_s)
            continue
        # No two are made in the same nanosecond.
        moment = EPOCH_NS + round(event.at_s * 10**9) + number
        kept[same] = EventSeries(event, f"{event.object.partition('/')[2]}.{moment:x}", last_s=event.at_s)
    return sorted(kept.values(), key=lambda seen: (seen.namespace, seen.name))
