"""The map of entrances: from where one comes, by which entrance, to which Service, and in which zones its Pods run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from .._palette import CONCEPTS
from .._svg import FAINT, Element, document, element, fit, path, rect, text
from ..api.addresses import ip_version
from ..cloud.internal import is_internal
from ..cloud.shared_entries import SharedEntry, shared_entries
from ..router.reach import INTERNET, PRIVATE
from .reviewed import ReviewedFacts, ServiceReview

__all__ = ["entrance_map"]

ROWS = 12  # entrances that are drawn; the rest is counted in words
WIDTH, ROW, BOX = 720.0, 34, 26
OUTSIDE, ENTRANCE, TARGET, ZONE = (4, 116), (146, 150), (322, 192), (546, 172)  # left edge and width of each column
PLACES = {INTERNET: ("the", "internet"), PRIVATE: ("private", "network")}
HOSTS = ("host port", "host network")


@dataclass(frozen=True, slots=True)
class DrawnEntrance:
    """One way in: where requests come from, the kind of entrance, its address, the Service, and the zones of its nodes.

    `arrives` is whether a packet gets to the entrance, `answered` whether somebody behind it answers.
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
    entrances = [*_of_services(made, homes), *_of_hosts(made), *_of_shared(shared, homes)]
    shown = sorted(entrances[:ROWS], key=lambda entrance: entrance.who != INTERNET)
    if not shown:
        return ""
    zones = dict(sorted(Counter(node.zone or "" for node in made.cluster.nodes).items())[:ROWS])
    columns = zip((OUTSIDE, ENTRANCE, TARGET, ZONE), ("outside", "entrance", "Service", "nodes by zone"), strict=True)
    parts = [text(place[0], 22, words, color=FAINT, size=12) for place, words in columns]
    for who in PLACES:
        rows = [number for number, entrance in enumerate(shown) if entrance.who == who]
        if rows:
            parts.append(_box(OUTSIDE, _top(rows[0]), ROW * len(rows) - (ROW - BOX), "client", PLACES[who]))
    for number, entrance in enumerate(shown):
        parts += _drawn(entrance, _top(number), list(zones))
    parts += [
        _box(ZONE, _top(number), BOX, "node", [_zone(zone, f": {_nodes(count)}")])
        for number, (zone, count) in enumerate(zones.items())
    ]
    height = _top(max(len(shown), len(zones))) + 6.0
    if len(entrances) > len(shown):
        more = f"{len(entrances) - len(shown):,} more are in the tables."
        parts.append(text(TARGET[0], height + 6, more, color=FAINT, size=12))
        height += 16
    return document(f"Map of entrances. {' '.join(_told(shown))}", WIDTH, height, parts)


# -- the entrances ----------------------------------------------------------------------------------------------------


def _of_services(made: ReviewedFacts, homes: Mapping[str, frozenset[str]]) -> Iterator[DrawnEntrance]:
    provider = made.cluster.provider
    services = {service.key: service for service in made.cluster.services}
    for one in made.exposed:
        kind = "load balancer" if one.type == "LoadBalancer" else "node port"
        own = next((entrance for entrance in one.entrances if entrance.kind == kind), None)
        arrives = own is not None or kind == "node port"
        who = own.who if own is not None else PRIVATE
        if own is None and kind == "load balancer":
            service = services[one.name]
            asked = provider.kind_of(service) if provider is not None else None
            who = PRIVATE if is_internal(service, asked) else INTERNET
        zones = homes.get(one.name, frozenset())
        yield DrawnEntrance(who, kind, _address(one), one.name, zones, arrives, one.ready > 0)


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


def _of_hosts(made: ReviewedFacts) -> Iterator[DrawnEntrance]:
    """Yield the ports of nodes on which Pods listen themselves, where the internet reaches them."""
    store = made.cluster.store
    for one in made.internet:
        if one.kind in HOSTS:
            namespace, _, name = one.service.partition("/")
            pod = store.pods.get((namespace, name))
            node = store.nodes.get(pod.node or "") if pod is not None else None
            zones = frozenset([node.zone or ""] if node is not None else [])
            yield DrawnEntrance(one.who, "node", one.address, f"Pod {one.service}", zones, True, one.lost != 1)


def _of_shared(entries: Sequence[SharedEntry], homes: Mapping[str, frozenset[str]]) -> Iterator[DrawnEntrance]:
    """Yield what the cloud builds for Ingresses and Gateways."""
    for one in entries:
        who = PRIVATE if one.internal else INTERNET
        address = one.addresses[0] if one.addresses else "<pending>"
        zones = frozenset[str]().union(*(homes.get(name, ()) for name in one.services))
        target = f"{one.kind} {one.key}"
        yield DrawnEntrance(who, "shared entry", address, target, zones, bool(one.addresses), bool(zones))


# -- the drawing ------------------------------------------------------------------------------------------------------


def _top(row: int) -> float:
    return 40.0 + ROW * row


def _zone(name: str, count: str) -> str:
    return fit(name or "no zone", ZONE[1] - 14 - 6.6 * len(count), 6.6) + count


def _nodes(count: int) -> str:
    return f"{count:,} node{'' if count == 1 else 's'}"


def _drawn(entrance: DrawnEntrance, y: float, zones: Sequence[str]) -> Iterator[Element]:
    """Yield an entrance with what is before and behind it."""
    middle = y + BOX / 2
    yield _line(sum(OUTSIDE), middle, ENTRANCE[0], middle, entrance.arrives)
    yield _line(sum(ENTRANCE), middle, TARGET[0], middle, entrance.arrives and entrance.answered)
    for number, zone in enumerate(zones):
        if zone in entrance.zones:
            yield _line(sum(TARGET), middle, ZONE[0], _top(number) + BOX / 2, entrance.answered, 0.55)
    yield _box(ENTRANCE, y, BOX, entrance.concept, [fit(_short(entrance.address), ENTRANCE[1] - 14, 7.6)])
    yield _box(TARGET, y, BOX, "Pod", [fit(entrance.target, TARGET[1] - 14, 7.4)])


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


def _told(shown: Sequence[DrawnEntrance]) -> Iterator[str]:
    """Yield the map in sentences, for those who cannot see it."""
    by_place: Mapping[str, str] = {INTERNET: "From the internet", PRIVATE: "From the private network"}
    for who, words in by_place.items():
        arriving = (entrance for entrance in shown if entrance.who == who and entrance.arrives)
        named = ", ".join(f"{entrance.target} by {entrance.address}" for entrance in arriving)
        if named:
            yield f"{words}: {named}."
    for words, entrances in (
        ("No packet arrives yet", [entrance for entrance in shown if not entrance.arrives]),
        ("Nobody answers", [entrance for entrance in shown if entrance.arrives and not entrance.answered]),
    ):
        if entrances:
            yield f"{words}: {', '.join(entrance.target for entrance in entrances)}."
