"""The explorer of the node port range: a wall of windows, and the number that your Service gets or is refused."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..._display import html_table
from ..._palette import CONCEPTS
from ..._svg import FAINT, TEXT, label_text, svg
from ...api.errors import ApiError
from ...model import Cluster
from .base import Explorer, choice, framed
from .slider import Slider

__all__ = [
    "ASKED",
    "FIRST",
    "LAST",
    "NAMESPACES",
    "PROTOCOLS",
    "TAKEN",
    "WINDOWS",
    "Answer",
    "PortWallExplorer",
    "Wall",
    "WallSetting",
    "draw_wall",
    "fill",
    "port_wall_explorer",
    "wall_page",
]
FIRST, LAST = 30000, 32767
WINDOWS = LAST - FIRST + 1
TAKEN = 30007
LEFT_OUT = 0
ASKED = {
    "left out": LEFT_OUT, "80": 80, "30007": TAKEN, "30050": 30050, "31000": 31000, "32767": LAST, "32768": 32768,
}  # fmt: skip
PROTOCOLS, NAMESPACES = ("TCP", "UDP", "SCTP"), ("default", "team-b")


@dataclass(frozen=True, slots=True)
class WallSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    automatic : int
        How many Services leave nodePort out, from 0 to 2768; they come before yours.
    asked : int
        The nodePort that your Service asks for; 0 where it leaves it out.
    protocol, namespace : str
        Of your Service; ``debug-svc`` has 30007 over TCP in ``default``.

    Examples
    --------
    >>> WallSetting(asked=30007, protocol="UDP", namespace="team-b").answer.words
    'Invalid value: 30007: provided port is already allocated'
    """

    automatic: int = 50
    asked: int = TAKEN
    protocol: str = "TCP"
    namespace: str = "default"

    @property
    def wall(self) -> Wall:
        """The windows that are taken before your Service comes."""
        return _wall(self.automatic)

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
            f"for number in range({min(self.automatic, WINDOWS - 1)}):\n"
            '    _ = cluster.create(service(f"auto-{number + 1}"))\n'
            f'cluster.create(service("yours"{port}), namespace="{self.namespace}").ports[0].node_port\n'
        )


@dataclass(frozen=True, slots=True)
class Wall:
    """The windows that are taken.

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
    >>> WallSetting(automatic=0).wall.holders
    {30007: 'debug-svc'}
    """

    holders: dict[int, str]
    static: int
    refused: str

    def taken(self, first: int, last: int) -> int:
        """Count the taken windows from one number to another."""
        return sum(first <= number <= last for number in self.holders)

    @property
    def bands(self) -> tuple[tuple[str, int, int, int], ...]:
        """Name, first and last number, and taken windows of both bands."""
        edges = (("static band", FIRST, self.static - 1), ("dynamic band", self.static, LAST))
        return tuple((name, first, last, self.taken(first, last)) for name, first, last in edges)


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


@lru_cache(maxsize=WINDOWS // STRIDE + 1)
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
def _wall(automatic: int) -> Wall:
    cluster, refused = _cluster(automatic)
    holders = {port.node_port: service.name for service in cluster.services for port in service.ports if port.node_port}
    pool = cluster.api.ports
    return Wall(dict(sorted(holders.items())), pool.first + pool.static_size, refused)


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


# -- drawing -----------------------------------------------------------------------------------------------------------

READING = (
    "Each small cell is one number; they run down, column after column, from 30000 at the top left. A cell with a "
    "square in it is taken. Automatic picks leave the static band alone as long as they can. The circle is the number "
    "that your Service got; a cross is one that it asked for and was refused."
)
WIDTH, LEFT, TOP, CELL, ROWS = 780, 46, 56, 4, 16
COLUMNS = -(-WINDOWS // ROWS)


def _place(number: int) -> tuple[int, int]:
    """Return the upper left corner of a window; numbers outside the range lie beside the wall."""
    if number < FIRST:
        return LEFT - 24, TOP + ROWS * CELL // 2
    if number > LAST:
        return LEFT + COLUMNS * CELL + 20, TOP + ROWS * CELL // 2
    column, row = divmod(number - FIRST, ROWS)
    return LEFT + column * CELL, TOP + row * CELL


def draw_wall(setting: WallSetting) -> str:
    """Draw the windows as SVG that follows JupyterLab's theme.

    Parameters
    ----------
    setting : WallSetting
        What is set.

    Returns
    -------
    str
        An ``<svg>`` element with a description.

    Examples
    --------
    >>> draw_wall(WallSetting()).startswith('<svg role="img" aria-label="Node ports 30000 to 32767: 51 of 2768')
    True
    """
    wall = setting.wall
    parts = []
    for (_, first, last, _), concept in zip(wall.bands, ("window", "node"), strict=True):
        parts.append(_area(first, last, CONCEPTS[concept].color))
    squares = "".join(f"M{x} {y}h3v3h-3z" for x, y in map(_place, wall.holders))
    parts.append(f'<path d="{squares}" fill="{TEXT}"/>')
    parts.append(label_text(LEFT, TOP + ROWS * CELL + 16, str(FIRST), size=12, color=FAINT))
    edge = _place(wall.static)[0] + CELL
    parts.append(label_text(edge + 40, TOP + ROWS * CELL + 16, f"{wall.static} …", size=12, color=FAINT))
    parts.append(label_text(LEFT + COLUMNS * CELL, TOP + ROWS * CELL + 16, str(LAST), "end", size=12, color=FAINT))
    for row, (concept, words) in enumerate(zip(("window", "node"), _bands(wall), strict=True)):
        x, y = LEFT + 350 * row, TOP + ROWS * CELL + 40
        color = CONCEPTS[concept].color
        parts.append(
            f'<rect x="{x}" y="{y - 11}" width="14" height="14" fill="{color}" fill-opacity="0.45" stroke="{color}"/>'
        )
        parts.append(label_text(x + 22, y, words))
    parts += _mark(setting)
    return svg(_told(setting), WIDTH, TOP + ROWS * CELL + 50, parts)


def _area(first: int, last: int, color: str) -> str:
    """Draw a band: whole columns, and the steps at its ends."""
    (x, y), (end_x, end_y) = _place(first), _place(last)
    floor = TOP + ROWS * CELL
    path = f"M{x} {y} V{floor} H{end_x} V{end_y + CELL} H{end_x + CELL} V{TOP} H{x + (CELL if y > TOP else 0)} V{y} Z"
    return f'<path d="{path}" fill="{color}" fill-opacity="0.45" stroke="{color}"/>'


def _bands(wall: Wall) -> list[str]:
    return [
        f"{name} {first}–{last}: {taken:,} of {last - first + 1:,} taken" for name, first, last, taken in wall.bands
    ]


def _mark(setting: WallSetting) -> Iterator[str]:
    """Mark the number that your Service got, or was refused."""
    answer = setting.answer
    number = answer.number or setting.asked
    if not number:
        yield label_text(LEFT, 22, "no number is left for your Service", bold=True)
        return
    x, y = (value + 1.5 for value in _place(number))
    anchor = "start" if x < 200 else "end" if x > WIDTH - 200 else "middle"
    words = f"{number}: created" if answer.created else f"{number}: refused"
    yield label_text(min(max(x, 8), WIDTH - 8), 22, words, anchor, bold=True)
    yield f'<path d="M{x} 28 V{y - 10}" stroke="{TEXT}" stroke-width="1.5"/>'
    if answer.created:
        yield f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{TEXT}" stroke-width="6"/>'
        yield f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{CONCEPTS["client"].color}" stroke-width="3"/>'
    else:
        cross = f"M{x - 8} {y - 8} l16 16 m0 -16 l-16 16"
        yield f'<path d="{cross}" fill="none" stroke="{TEXT}" stroke-width="7"/>'
        yield f'<path d="{cross}" fill="none" stroke="{CONCEPTS["dropped"].color}" stroke-width="4"/>'


def _told(setting: WallSetting) -> str:
    wall = setting.wall
    return (
        f"Node ports {FIRST} to {LAST}: {len(wall.holders)} of {WINDOWS} taken; {'; '.join(_bands(wall))}. "
        f"{said(setting)}"
    )


def said(setting: WallSetting) -> str:
    """Say what becomes of your Service, in the API server's words where it is refused.

    Examples
    --------
    >>> said(WallSetting(asked=30050))
    'Your Service asks for nodePort 30050: created.'
    """
    answer = setting.answer
    asks = f"asks for nodePort {setting.asked}" if setting.asked else "leaves nodePort out"
    if answer.created:
        return f"Your Service {asks}: created" + ("." if setting.asked else f", it got {answer.number}.")
    return f"Your Service {asks}. {answer.message}"


def rows(setting: WallSetting) -> Iterator[tuple[str, str, str, str]]:
    """Give the table: the number asked for, where it lies, who has it, the answer.

    Examples
    --------
    >>> list(rows(WallSetting()))[2]
    ('30007 (yours)', 'static band', 'debug-svc', 'Invalid value: 30007: provided port is already allocated')
    """
    wall = setting.wall
    for words, asked in ASKED.items():
        where = next((name for name, first, last, _ in wall.bands if first <= asked <= last), "outside the range")
        answer = setting.answers[asked]
        told = f"created: {answer.number}" if answer.created else answer.words
        yours = " (yours)" if asked == setting.asked else ""
        yield words + yours, where if asked else "any", wall.holders.get(asked, ""), told


def wall_page(setting: WallSetting) -> str:
    """Write the picture, the answer, and what every other number would have been answered.

    Parameters
    ----------
    setting : WallSetting
        What is set.

    Returns
    -------
    str
        HTML; the answer is announced to screen readers.

    Examples
    --------
    >>> "provided port is already allocated" in wall_page(WallSetting())
    True
    """
    who = f"{setting.protocol}, namespace {setting.namespace}"
    head = ("nodePort asked for", "where", "taken by", "the API server")
    table = html_table(f"One more Service ({who}), whichever number it asks for", head, rows(setting))
    name, first, last, taken = setting.wall.bands[1]
    chance = (
        f"A number that somebody chooses blindly in the {name} collides with the probability "
        f"{taken:,} / {last - first + 1:,} = {taken / (last - first + 1):.1%}."
    )
    more = [chance]
    if setting.wall.refused:
        more.append(f"Not every Service that left it out got a number: {setting.wall.refused}")
    if setting.answer.hint:
        more.append(f"Hint, which is ours and not the server's: {setting.answer.hint}")
    below = "".join(f"<p>{html.escape(words)}</p>" for words in more)
    rest = f'<div style="display: inline-block">{table}</div><div style="min-height: 8em">{below}</div>'
    return framed(draw_wall(setting), said(setting), READING, rest, height_em=48)


# -- the widget --------------------------------------------------------------------------------------------------------


class PortWallExplorer(Explorer[WallSetting]):
    """Controls above the wall of node ports; `setting` holds their values.

    Parameters
    ----------
    setting : WallSetting, optional
        Where to begin, and where Reset leads back to.

    Examples
    --------
    >>> explorer = PortWallExplorer()
    >>> explorer.controls["asked"].value = 30050
    >>> explorer
    <Port wall explorer: 51 of 2768 taken. Your Service asks for nodePort 30050: created.>
    """

    tall_px = 704

    def __init__(self, setting: WallSetting | None = None) -> None:
        super().__init__(setting or WallSetting())

    def make_controls(self) -> dict[str, Any]:
        """Make the slider and three drop-downs."""
        first = self.first
        return {
            "automatic": Slider(label="Leave it out", min=0, max=WINDOWS, value=first.automatic),
            "asked": choice("You ask for", list(ASKED.items()), first.asked),
            "protocol": choice("Your protocol", PROTOCOLS, first.protocol),
            "namespace": choice("Your namespace", NAMESPACES, first.namespace),
        }

    def work(self) -> Iterator[float]:
        """Create the Services, some at a time."""
        return fill(self.setting.automatic)

    def page(self) -> str:
        """Write the page for the present setting."""
        return wall_page(self.setting)

    def summary(self) -> str:
        """Say how full the wall is, and what becomes of your Service."""
        return f"Port wall explorer: {len(self.setting.wall.holders)} of {WINDOWS} taken. {said(self.setting)}"


def port_wall_explorer(setting: WallSetting | None = None) -> PortWallExplorer:
    """Explore the range of node ports: who has which number, and what the API server says to one more Service.

    Parameters
    ----------
    setting : WallSetting, optional
        Where to begin; by default fifty Services, and one more that asks for a number that is taken.

    Returns
    -------
    PortWallExplorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> port_wall_explorer(WallSetting(asked=31000))
    <Port wall explorer: 51 of 2768 taken. Your Service asks for nodePort 31000: created.>
    """
    return PortWallExplorer(setting)
