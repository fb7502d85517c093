"""The map of entrances: from where one comes, by which door, to which Service, and on nodes of which zones it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from .._palette import CONCEPTS
from .._svg import FAINT, Element, document, element, fit, path, rect, text
from ..api.addresses import ip_version
from ..cloud.shared_entries import SharedEntry, shared_entries
from ..router.reach import INTERNET, PRIVATE
from .reviewed import ReviewedFacts, ServiceReview

__all__ = ["entrance_map"]

ROWS = 12  # doors that are drawn; the rest is counted in words
WIDTH, ROW, BOX = 720.0, 34, 26
OUTSIDE, DOOR, TARGET, ZONE = (4, 116), (148, 152), (330, 196), (560, 156)  # left edge and width of each column
PLACES = {INTERNET: ("the", "internet"), PRIVATE: ("private", "network")}
HOSTS = ("host port", "host network")


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: where requests come from, the kind of entrance, its address, the Service, and the zones of its nodes.

    `arrives` is whether a packet gets to the door, `answered` whether somebody behind it answers.
    """

    who: str
    concept: str
    address: str
    target: str
    zones: frozenset[str]
    arrives: bool
    answered: bool


def entrance_map(made: ReviewedFacts) -> str:
    """Return the map as a drawing; empty where there is no way in.

    Examples
    --------
    >>> from k8sexpose import Cluster, review
    >>> entrance_map(review(Cluster()))
    ''
    """
    shared = [one for one in shared_entries(made.cluster) if one.billed_as]  # others enter through a Service
    names = {one.name for one in made.exposed[:ROWS]}.union(*(one.services for one in shared))
    homes = _homes(made, names)
    doors = [*_of_services(made, homes), *_of_hosts(made), *_of_shared(shared, homes)]
    shown = sorted(doors[:ROWS], key=lambda door: door.who != INTERNET)
    if not shown:
        return ""
    zones = dict(sorted(Counter(node.zone or "" for node in made.cluster.nodes).items())[:ROWS])
    columns = zip((OUTSIDE, DOOR, TARGET, ZONE), ("outside", "door", "Service", "nodes by zone"), strict=True)
    parts = [text(place[0], 22, words, color=FAINT, size=12) for place, words in columns]
    for who in PLACES:
        rows = [number for number, door in enumerate(shown) if door.who == who]
        if rows:
            parts.append(_box(OUTSIDE, _top(rows[0]), ROW * len(rows) - (ROW - BOX), "client", PLACES[who]))
    for number, door in enumerate(shown):
        parts += _drawn(door, _top(number), list(zones))
    parts += [
        _box(ZONE, _top(number), BOX, "node", [_zone(zone, f": {_nodes(count)}")])
        for number, (zone, count) in enumerate(zones.items())
    ]
    height = _top(max(len(shown), len(zones))) + 6.0
    if len(doors) > len(shown):
        parts.append(
            text(TARGET[0], height + 6, f"{len(doors) - len(shown):,} more are in the tables.", color=FAINT, size=12)
        )
        height += 16
    return document(f"Map of entrances. {' '.join(_told(shown))}", WIDTH, height, parts)


# -- the doors --------------------------------------------------------------------------------------------------------


def _of_services(made: ReviewedFacts, homes: Mapping[str, frozenset[str]]) -> Iterator[Door]:
    for one in made.exposed:
        kind = "load balancer" if one.type == "LoadBalancer" else "node port"
        own = next((entrance for entrance in one.entrances if entrance.kind == kind), None)
        arrives = own is not None or kind == "node port"
        who = INTERNET if own is None and kind == "load balancer" else own.who if own is not None else PRIVATE
        yield Door(who, kind, _address(one), one.name, homes.get(one.name, frozenset()), arrives, one.ready > 0)


def _address(one: ServiceReview) -> str:
    return one.address if one.type == "LoadBalancer" else f"node port {one.ports.partition(':')[2].partition('/')[0]}"


def _homes(made: ReviewedFacts, names: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the zones that hold ready endpoints, by Service."""
    store = made.cluster.store
    found: dict[str, frozenset[str]] = {}
    for service in made.cluster.services:
        if service.key in names:
            endpoints = chain.from_iterable(one.endpoints for one in store.slices(service))
            hosts = {endpoint.node for endpoint in endpoints if endpoint.ready and endpoint.node in store.nodes}
            found[service.key] = frozenset(store.nodes[host].zone or "" for host in hosts if host is not None)
    return found


def _of_hosts(made: ReviewedFacts) -> Iterator[Door]:
    """Yield the ports of nodes on which Pods listen themselves, where the internet reaches them."""
    store = made.cluster.store
    for one in made.internet:
        if one.kind in HOSTS:
            namespace, _, name = one.service.partition("/")
            pod = store.pods.get((namespace, name))
            node = store.nodes.get(pod.node or "") if pod is not None else None
            zones = frozenset([node.zone or ""] if node is not None else [])
            yield Door(one.who, "node", one.address, f"Pod {one.service}", zones, True, one.lost != 1)


def _of_shared(entries: Sequence[SharedEntry], homes: Mapping[str, frozenset[str]]) -> Iterator[Door]:
    """Yield what the cloud builds for Ingresses and Gateways."""
    for one in entries:
        who = PRIVATE if one.internal else INTERNET
        address = one.addresses[0] if one.addresses else "<pending>"
        zones = frozenset[str]().union(*(homes.get(name, ()) for name in one.services))
        yield Door(who, "shared entry", address, f"{one.kind} {one.key}", zones, bool(one.addresses), bool(zones))


# -- the drawing ------------------------------------------------------------------------------------------------------


def _top(row: int) -> float:
    return 40.0 + ROW * row


def _zone(name: str, count: str) -> str:
    return fit(name or "no zone", ZONE[1] - 14 - 6.6 * len(count), 6.6) + count


def _nodes(count: int) -> str:
    return f"{count:,} node{'' if count == 1 else 's'}"


def _drawn(door: Door, y: float, zones: Sequence[str]) -> Iterator[Element]:
    """Yield a door with what is before and behind it."""
    middle = y + BOX / 2
    yield _line(sum(OUTSIDE), middle, DOOR[0], middle, door.arrives)
    yield _line(sum(DOOR), middle, TARGET[0], middle, door.arrives and door.answered)
    for number, zone in enumerate(zones):
        if zone in door.zones:
            yield _line(sum(TARGET), middle, ZONE[0], _top(number) + BOX / 2, door.answered, 0.55)
    yield _box(DOOR, y, BOX, door.concept, [fit(_short(door.address), DOOR[1] - 14, 7.6)])
    yield _box(TARGET, y, BOX, "Pod", [fit(door.target, TARGET[1] - 14, 7.4)])


def _short(address: str) -> str:
    """Return the first label of a name in the DNS, in which load balancers of one cloud differ."""
    return address if ip_version(address) else address.partition(".")[0]


def _box(column: tuple[int, int], y: float, height: float, concept: str, lines: Sequence[str]) -> Element:
    (x, width), color = column, CONCEPTS[concept].color
    frame = rect(x, y, width, height, fill=color, fill_opacity=0.14, stroke=color, stroke_width=1.5, rx=4)
    lines = lines if height > BOX else [" ".join(lines)]
    first = y + height / 2 + 4 - 8 * (len(lines) - 1)
    words = (text(x + 8, first + 16 * k, line, size=12) for k, line in enumerate(lines))
    return element("g", "", [frame, *words])


def _line(x1: float, y1: float, x2: float, y2: float, passes: bool, opacity: float = 1.0) -> Element:
    way = f"M{x1:g} {y1:g} L{x2:g} {y2:g}"
    if passes:
        return path(way, stroke_width=1.2, stroke_opacity=opacity)
    return path(way, stroke=CONCEPTS["dropped"].color, stroke_width=2, stroke_dasharray="2 4")


def _told(shown: Sequence[Door]) -> Iterator[str]:
    """Yield the map in sentences, for those who cannot see it."""
    by_place: Mapping[str, str] = {INTERNET: "From the internet", PRIVATE: "From the private network"}
    for who, words in by_place.items():
        named = ", ".join(f"{door.target} by {door.address}" for door in shown if door.who == who and door.arrives)
        if named:
            yield f"{words}: {named}."
    for words, doors in (
        ("No packet arrives yet", [door for door in shown if not door.arrives]),
        ("Nobody answers", [door for door in shown if door.arrives and not door.answered]),
    ):
        if doors:
            yield f"{words}: {', '.join(door.target for door in doors)}."
