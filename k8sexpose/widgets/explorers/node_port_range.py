"""The explorer of the node port range: which numbers are taken, and what your Service gets or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..._palette import CONCEPTS
from ..._svg import FAINT, RAISED, TEXT, Element, document, element, path, stripes, text
from ...api.checks import check_arguments
from ...api.errors import ApiError
from ...model import Cluster
from .base import Control, Explorer, Parts, table_of

__all__ = ["NODE_PORT_RANGE", "PortRange", "RangeSetting", "draw_range", "fill", "node_port_range_explorer"]
FIRST, LAST = 30000, 32767
NUMBERS = LAST - FIRST + 1
TAKEN, CHOSEN = 30007, 30050
LEFT_OUT = 0
ASKED = {
    "left out": LEFT_OUT, "80": 80, "30007": TAKEN, "30050": 30050, "31000": 31000, "32767": LAST, "32768": 32768,
}  # fmt: skip
PROTOCOLS, NAMESPACES = ("TCP", "UDP"), ("default", "team-b")


@dataclass(frozen=True, slots=True)
class RangeSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    automatic : int
        How many Services leave nodePort out, from 0 to 2767; they come before yours. With debug-svc that is the whole
        range.
    asked : int
        The nodePort that your Service asks for; 0 where it leaves it out.
    protocol, namespace : str
        Of your Service; ``debug-svc`` has 30007 over TCP in ``default``.

    Examples
    --------
    >>> RangeSetting(asked=30007, protocol="UDP", namespace="team-b").answer.words
    'Invalid value: 30007: provided port is already allocated'
    """

    automatic: int = 50
    asked: int = CHOSEN
    protocol: str = "TCP"
    namespace: str = "default"

    @property
    def taken(self) -> PortRange:
        """The numbers that are taken before your Service comes."""
        return _taken(self.automatic)

    @property
    def answers(self) -> dict[int, Answer]:
        """What the API server says to each number that can be chosen."""
        return _answers(self.automatic, self.protocol, self.namespace)

    @property
    def answer(self) -> Answer:
        """What it says to yours."""
        return self.answers[self.asked]

    @property
    def python(self) -> str:
        """The same as a program."""
        port = f', protocol="{self.protocol}"' + (f", nodePort={self.asked}" if self.asked else "")
        return (
            "def service(name, **port):\n"
            '    spec = {"type": "NodePort", "ports": [{"port": 80, **port}]}\n'
            '    return {"metadata": {"name": name}, "spec": spec}\n\n'
            "cluster = kx.Cluster()\n"
            f'_ = cluster.create(service("debug-svc", nodePort={TAKEN}))\n'
            f"for number in range({min(self.automatic, NUMBERS - 1)}):\n"
            '    _ = cluster.create(service(f"auto-{number + 1}"))\n'
            f'cluster.create(service("yours"{port}), namespace="{self.namespace}").ports[0].node_port\n'
        )


@dataclass(frozen=True, slots=True)
class PortRange:
    """The numbers that are taken.

    Parameters
    ----------
    holders : dict of int to str
        The Service that has a number.
    static : int
        The first number that automatic picks prefer; those below are for numbers that people choose.
    refused : str
        What the last of the Services was told that got no number; empty where all got one.

    Examples
    --------
    >>> RangeSetting(automatic=0).taken.holders
    {30007: 'debug-svc'}
    """

    holders: dict[int, str]
    static: int
    refused: str

    @property
    def free(self) -> int:
        """How many numbers of the range nobody has."""
        return NUMBERS - len(self.holders)

    def count(self, first: int, last: int) -> int:
        """Count the taken numbers from one number to another."""
        return sum(first <= number <= last for number in self.holders)

    def within(self, first: int, last: int) -> list[int]:
        """Return the taken numbers from one number to another."""
        return [number for number in self.holders if first <= number <= last]

    @property
    def bands(self) -> tuple[tuple[str, int, int, int], ...]:
        """Name, first and last number, and taken numbers of both bands."""
        edges = (("static band", FIRST, self.static - 1), ("dynamic band", self.static, LAST))
        return tuple((name, first, last, self.count(first, last)) for name, first, last in edges)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server says to one Service.

    Parameters
    ----------
    number : int, optional
        The nodePort that it got; None where it was refused.
    words : str
        The cause, in the server's words; empty where it was created.
    message : str
        The whole message.
    hint : str
        Our help, which is not the server's.

    Examples
    --------
    >>> Answer(30050).created
    True
    """

    number: int | None
    words: str = ""
    message: str = ""
    hint: str = ""

    @property
    def created(self) -> bool:
        """Whether it was created."""
        return self.number is not None


STRIDE = 64  # a cluster is kept for every so many Services, so that dragging is smooth


def _service(name: str, **port: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"type": "NodePort", "ports": [{"port": 80, **port}]}}


def _create(cluster: Cluster, first: int, last: int) -> str:
    """Create Services that leave nodePort out; return what the last refused one was told."""
    refused = ""
    for number in range(first, last + 1):
        try:
            cluster.create(_service(f"auto-{number}"))
        except ApiError as error:
            refused = error.message
    return refused


@lru_cache(maxsize=NUMBERS // STRIDE + 1)
def _milestone(number: int) -> Cluster:
    if number == 0:
        cluster = Cluster(nodes=1)
        cluster.create(_service("debug-svc", nodePort=TAKEN))
        return cluster
    cluster = _milestone(number - 1).copy()
    _create(cluster, (number - 1) * STRIDE + 1, number * STRIDE)
    return cluster


def fill(automatic: int) -> Iterator[float]:
    """Build the clusters up to a number of Services; yield the part that is done.

    Examples
    --------
    >>> list(fill(STRIDE))
    [0.5, 1.0]
    """
    count = automatic // STRIDE + 1
    for number in range(count):
        _milestone(number)
        yield (number + 1) / count


@lru_cache(maxsize=4)
def _cluster(automatic: int) -> tuple[Cluster, str]:
    cluster = _milestone(automatic // STRIDE).copy()
    return cluster, _create(cluster, automatic // STRIDE * STRIDE + 1, automatic)


@lru_cache(maxsize=512)
def _taken(automatic: int) -> PortRange:
    cluster, refused = _cluster(automatic)
    holders = {port.node_port: service.name for service in cluster.services for port in service.ports if port.node_port}
    pool = cluster.api.ports
    return PortRange(dict(sorted(holders.items())), pool.first + pool.static_size, refused)


@lru_cache(maxsize=512)
def _answers(automatic: int, protocol: str, namespace: str) -> dict[int, Answer]:
    cluster = _cluster(automatic)[0].copy()
    found = {}
    for asked in ASKED.values():  # the one that leaves it out is first: the others do not move the dice before it
        port = {"protocol": protocol, **({"nodePort": asked} if asked else {})}
        try:
            service = cluster.create(_service("yours", **port), namespace=namespace)
        except ApiError as error:
            words = error.causes[0].message if error.causes else error.message
            found[asked] = Answer(None, words, error.message, error.hint or "")
        else:
            found[asked] = Answer(service.ports[0].node_port)
            cluster.delete("yours", namespace=namespace)
    return found


# -- drawing ----

READING = (
    "Each small cell is one number. In each of the two bands they run from left to right, row after row. A filled "
    "square is a number that is taken. From the static band, which is striped, the API server picks a number only when "
    "nothing else is left. "
)
# Rows that fit a phone: 40 numbers of the static band in a row, and 64 of the dynamic band.
WIDTH, LEFT, TOP, GAP = 300, 12, 70, 50
STATIC_COLUMNS, COLUMNS = 40, 64
STRIPED = "url(#kx-static)"


@dataclass(frozen=True, slots=True)
class Band:
    """Where a band is drawn."""

    name: str
    first: int
    last: int
    taken: tuple[int, ...]
    top: float
    columns: int

    @property
    def cell(self) -> float:
        """The side of one number's cell, in pixels."""
        return (WIDTH - 2 * LEFT) / self.columns

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return -(-(self.last - self.first + 1) // self.columns)

    @property
    def floor(self) -> float:
        """The lower edge."""
        return self.top + self.rows * self.cell

    @property
    def full(self) -> bool:
        """Whether every number is taken."""
        return len(self.taken) == self.last - self.first + 1

    def place(self, number: int) -> tuple[float, float]:
        """Return the upper left corner of a number's cell."""
        row, column = divmod(number - self.first, self.columns)
        return LEFT + column * self.cell, self.top + row * self.cell


def _drawn_bands(found: PortRange) -> tuple[Band, Band]:
    """Return both bands, the dynamic one below."""
    (name, first, last, _), (below, begins, ends, _) = found.bands
    upper = Band(name, first, last, tuple(found.within(first, last)), TOP, STATIC_COLUMNS)
    taken = tuple(found.within(begins, ends))
    return upper, Band(below, begins, ends, taken, upper.floor + GAP, COLUMNS)


def draw_range(setting: RangeSetting) -> str:
    """Draw the range as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_range(RangeSetting()).startswith('<svg role="img" aria-label="Node ports 30000 to 32767: 51 of 2768')
    True
    """
    bands = _drawn_bands(setting.taken)
    parts = [stripes("kx-static", RAISED, FAINT, width=1.5)]
    for band, fill in zip(bands, (STRIPED, RAISED), strict=True):
        parts += _squares(band, fill)
        count = f"{len(band.taken):,} of {band.last - band.first + 1:,} taken"
        parts.append(text(LEFT, band.top - 20, f"{band.name} {band.first}–{band.last}", bold=True))
        parts.append(text(LEFT, band.top - 5, f"{count}: full" if band.full else count, size=12))
    parts += _mark(setting, bands)
    return document(_told(setting), WIDTH, bands[1].floor + 24, parts, grows=1.4)


def _squares(band: Band, fill: str) -> Iterator[Element]:
    """Yield a band with a square for each number that is taken; a full one is filled, thousands would only flicker."""
    yield path(_area(band), fill=fill, stroke=TEXT, stroke_width=0.75)
    if band.full:
        yield path(_area(band), fill=FAINT, stroke=TEXT, stroke_width=0.75)
        return
    side = band.cell - 1
    places = map(band.place, band.taken)
    squares = "".join(f"M{x + 0.5:.1f} {y + 0.5:.1f}h{side:.1f}v{side:.1f}h-{side:.1f}z" for x, y in places)
    yield path(squares, fill=TEXT, stroke=None)


def _area(band: Band) -> str:
    """Return the outline of a band: whole rows, and what is left of the last one."""
    x, y = band.place(band.last)
    right = LEFT + band.columns * band.cell
    return f"M{LEFT} {band.top:.1f} H{right:.1f} V{y:.1f} H{x + band.cell:.1f} V{band.floor:.1f} H{LEFT} Z"


def _mark(setting: RangeSetting, bands: tuple[Band, Band]) -> Iterator[Element]:
    """Mark the number that your Service got, or was refused; a number outside the range lies above or below it."""
    answer = setting.answer
    number = answer.number or setting.asked
    if not number:
        yield text(LEFT, 18, "no number is left for your Service", bold=True)
        return
    yield text(LEFT, 18, f"{number}: created" if answer.created else f"{number}: refused", bold=True)
    band = next((one for one in bands if one.first <= number <= one.last), None)
    if band is None:
        x, y = WIDTH - 24.0, 14.0 if number < FIRST else bands[1].floor + 12
    else:
        x, y = (value + band.cell / 2 for value in band.place(number))
    if answer.created:
        for color, width in ((TEXT, 6), (CONCEPTS["client"].color, 3)):
            yield element("circle", "", cx=x, cy=y, r=9, fill="none", stroke=color, stroke_width=width)
    else:
        cross = f"M{x - 8} {y - 8} l16 16 m0 -16 l-16 16"
        yield path(cross, stroke_width=7)
        yield path(cross, stroke=CONCEPTS["dropped"].color, stroke_width=4)


def _bands(found: PortRange) -> list[str]:
    return [
        f"{name} {first}–{last}: {count:,} of {last - first + 1:,} taken" for name, first, last, count in found.bands
    ]


def _told(setting: RangeSetting) -> str:
    found = setting.taken
    return (
        f"Node ports {FIRST} to {LAST}: {len(found.holders)} of {NUMBERS} taken; {'; '.join(_bands(found))}. "
        f"{verdict(setting)}"
    )


def verdict(setting: RangeSetting) -> str:
    """Return what becomes of your Service, in the API server's words where it is refused.

    Examples
    --------
    >>> verdict(RangeSetting(asked=30050))
    'Your Service asks for nodePort 30050: created.'
    """
    answer = setting.answer
    asks = f"asks for nodePort {setting.asked}" if setting.asked else "leaves nodePort out"
    if answer.created:
        return f"Your Service {asks}: created" + ("." if setting.asked else f", it got {answer.number}.")
    return f"Your Service {asks}: refused. The API server says: {answer.message}"


def rows(setting: RangeSetting) -> Iterator[tuple[str, str, str, str]]:
    """Yield the table: the number asked for, in which band it is, who has it, the answer.

    Examples
    --------
    >>> list(rows(RangeSetting(asked=30007)))[2]
    ('30007 (chosen above)', 'static band', 'debug-svc', 'Invalid value: 30007: provided port is already allocated')
    """
    found = setting.taken
    for words, asked in ASKED.items():
        where = next((name for name, first, last, _ in found.bands if first <= asked <= last), "outside the range")
        answer = setting.answers[asked]
        told = f"created: {answer.number}" if answer.created else answer.words
        yours = " (chosen above)" if asked == setting.asked else ""
        yield words + yours, where if asked else "any", found.holders.get(asked, ""), told


def reading(setting: RangeSetting) -> str:
    """Return how to read the picture of a setting."""
    if setting.answer.created:
        return READING + "The circle is the number that your Service got."
    return READING + ("The cross is the number that your Service asked for and did not get." if setting.asked else "")


def _chance(found: PortRange) -> str:
    """Return how likely a number of the dynamic band is taken that somebody chooses without looking."""
    name, first, last, count = found.bands[1]
    part = count / (last - first + 1)
    if part == 1:
        return f"Every number of the {name} is taken: whoever chooses one there is refused."
    percent = f"{part:.2%}" if 0 < part < 0.001 else f"{part:.1%}"
    return (
        f"A number that somebody chooses blindly in the {name} is already taken with a probability of "
        f"{count:,} / {last - first + 1:,} = {percent}."
    )


def table(setting: RangeSetting) -> str:
    """Return what every other number would have been answered, and what follows from it."""
    who = f"{setting.protocol}, namespace {setting.namespace}"
    head = ("nodePort in your manifest", "band", "taken before by", "the API server says")
    caption = f"What the API server says to your Service ({who})"
    refused, hint = setting.taken.refused, setting.answer.hint
    if hint and not setting.taken.free:
        hint = "No number of the range is free: delete a Service that has a node port."
    return table_of(
        caption, head, rows(setting), _chance(setting.taken),
        f"Not every Service without a nodePort line got a number: {refused}" if refused else "",
        f"A hint from this course, not from the API server: {hint}" if hint else "",
    )  # fmt: skip


NODE_PORT_RANGE: Parts[RangeSetting] = Parts(
    "Node port range explorer",
    (
        Control("automatic", "Services without a nodePort line", low=0, high=NUMBERS - 1),
        Control("asked", "nodePort in your manifest", tuple(ASKED.items())),
        Control("protocol", "Your protocol", PROTOCOLS),
        Control("namespace", "Your namespace", NAMESPACES),
    ),
    draw_range,
    verdict,
    reading,
    table,
    lambda setting: f"{len(setting.taken.holders)} of {NUMBERS} taken. {verdict(setting)}",
    lambda setting: fill(setting.automatic),
)


def node_port_range_explorer(setting: RangeSetting | None = None) -> Explorer[RangeSetting]:
    """Explore the range of node ports: who has which number, and what the API server says to one more Service.

    Parameters
    ----------
    setting : RangeSetting, optional
        Where to begin; by default fifty Services, and one more that asks for 30050, in the static band.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> node_port_range_explorer(RangeSetting(asked=31000))
    <Node port range explorer: 51 of 2768 taken. Your Service asks for nodePort 31000: created.>
    """
    check_arguments(node_port_range_explorer, locals())
    return Explorer(NODE_PORT_RANGE, setting or RangeSetting())


port_wall_explorer = node_port_range_explorer  # the name in version 0.1
