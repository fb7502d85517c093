"""The windows of the node port range: who has which, and what the API server says to one more Service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...api.errors import ApiError
from ...model import Cluster

__all__ = [
    "ASKED",
    "FIRST",
    "LAST",
    "NAMESPACES",
    "PROTOCOLS",
    "TAKEN",
    "WINDOWS",
    "Answer",
    "Wall",
    "WallSetting",
    "fill",
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


# -- asking the model --------------------------------------------------------------------------------------------------


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
