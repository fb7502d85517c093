"""Which way each request takes: connections are assigned, and requests follow their connection.

kube-proxy and load balancers choose once for each connection, at its first packet. What is the same for all requests
of a connection, or for all connections of a client, is remembered here: nothing for connections of one request, a
few numbers for each client where connections are kept alive.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Indices
from .path_table import PathRow, PathTable
from .random_streams import Choice, hash_uniform
from .workload import Workload

__all__ = ["Connections"]

# Salts: each question to the hash is another one.
AFFINITY, PLACE = 2, 3
MODULO = "modulo"

DEAD = PathRow("", outcome="timeout")  # a connection whose node has crashed


class Connections:
    """Assigns requests to rows of the path table, through all states of the cluster.

    Parameters
    ----------
    clients : int
        How many clients there are; each has one connection open at a time.
    per_connection : int
        How many requests a connection carries.
    seed : int
        Decides where sticky clients and kept connections go.

    Attributes
    ----------
    paths : list of PathRow
        Every path that was ever assigned; arrays name them by their numbers in this list.

    Examples
    --------
    >>> connections = Connections(clients=1, per_connection=2, seed=0)
    >>> connections.enter(PathTable({PathRow("node-1", "web-1"): 0.5, PathRow("node-2", "web-2"): 0.5}))
    >>> paths, requests, _ = connections.follow(np.array([0]), np.array([5]))
    >>> [connections.paths[k].pod for k in paths], requests.tolist()
    (['web-2', 'web-1', 'web-2'], [2, 2, 1])
    """

    def __init__(self, clients: int, per_connection: int, seed: int) -> None:
        self.clients, self.per_connection, self.seed = clients, per_connection, seed
        self.paths: list[PathRow] = []
        self._numbers: dict[PathRow, int] = {}
        self._table = PathTable()
        self._states = self._turn = 0
        self._picked: dict[str, Indices] = {}
        keeps = clients if per_connection > 1 else 0
        self._current = np.zeros(keeps, dtype=np.intp)  # the path of the open connection
        self._used = np.zeros(keeps, dtype=np.int64)  # requests that it has carried; 0: none is open
        self._broken = np.zeros(keeps, dtype=bool)  # it broke, and the client does not know yet
        self._chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(2,))))
        self.number(DEAD)

    @classmethod
    def of(cls, workload: Workload, table: PathTable) -> Connections:
        """Return the connections of a run before its first request."""
        found = cls(workload.clients, workload.requests_per_connection, workload.seed)
        found.enter(table)
        return found

    @property
    def remembers(self) -> bool:
        """True if the way of a request depends on the requests before it, and not on its client alone."""
        in_turn = self._table.assignment == "round_robin" and self._places.even
        return self.per_connection > 1 or in_turn

    def probabilities(self, weights: Floats) -> Floats:
        """Return how likely each path is, shape (paths,), given how often each client asks."""
        found = np.zeros(len(self.paths))
        if not self._in_two_steps:
            found[self._ids] = list(self._table.paths.values())
        for number, (ids, shares) in enumerate(self._ways if self._in_two_steps else ()):
            if self._table.assignment == "per_client":
                asks = np.where(self._entry == number, weights, 0.0)
            else:
                asks = weights * shares.sum()
            if not self._table.affinity:
                found[ids] += asks.sum() * shares / shares.sum()
            elif self._table.one_source:
                found[self._picks[number, 0]] += asks.sum()
            else:
                np.add.at(found, self._picks[number], asks)
        return np.asarray(found / found.sum())

    @property
    def _in_two_steps(self) -> bool:
        return self._table.affinity or self._table.assignment != "per_connection"

    def number(self, path: PathRow) -> int:
        """Return the number of a path; a new one gets the next."""
        number = self._numbers.setdefault(path, len(self.paths))
        if number == len(self.paths):
            self.paths.append(path)
        return number

    # -- another state of the cluster ----

    def enter(self, table: PathTable) -> None:
        """Assign new connections by this table from now on; open connections stay where they are."""
        if self._table.places and table.router_hash and table.places != self._table.places:
            self._rehash(self._table.places, table)
        self._table = table
        self._states += 1
        self._ids = np.array([self.number(path) for path in table.paths], dtype=np.intp)
        self._lost = np.array([not path.delivered for path in self.paths])
        if not self._in_two_steps:
            if self.per_connection > 1:  # else nobody asks
                self._any = Choice.of(list(table.paths.values()))
            return
        places: dict[str, list[tuple[int, float]]] = {}
        for path, share in table.paths.items():
            places.setdefault(path.place, []).append((self.number(path), share))
        weights = [sum(share for _, share in ways) for ways in places.values()]
        self._places = Choice.of(weights)
        self._ways = [
            (np.array([n for n, _ in ways], dtype=np.intp), np.array([share for _, share in ways]))
            for ways in places.values()
        ]
        self._within = [(Choice.of(shares), ids) for ids, shares in self._ways]
        if table.assignment == "per_client":
            self._entry = _rendezvous(self.clients, list(places), weights, self.seed)
        if table.affinity:
            self._remember(list(places))

    def _rehash(self, old: tuple[str, ...], table: PathTable) -> None:
        """Break the open connections that a router's hash now sends to another node, which knows nothing of them.

        A hash h goes to place h mod n of n places: of the connections of place i those stay whose node is now place
        j of m, and i and j have the same remainder by the common divisor of n and m.
        """
        new = {name: number for number, name in enumerate(table.places)}
        before = {name: number for number, name in enumerate(old)}
        common = math.gcd(len(old), len(new))
        stays = np.ones(len(self.paths))
        for number, path in enumerate(self.paths):
            if path.place not in before:
                continue
            if path.place not in new:
                stays[number] = 0.0
            elif table.router_hash == MODULO:
                alike = (before[path.place] - new[path.place]) % common == 0
                stays[number] = common / len(new) if alike else 0.0
        drawn = self._chance.random(len(self._used))
        self._break((self._used > 0) & (drawn >= stays[self._current]))

    def _remember(self, places: list[str]) -> None:
        """Assign every client at every place; a client whose endpoint is still there keeps it."""
        who = np.arange(1 if self._table.one_source else self.clients)
        for number, place in enumerate(places):
            choice, ids = self._within[number]
            key = zlib.crc32(place.encode())
            new = ids[choice.pick(hash_uniform(self.seed, AFFINITY, self._states, key, who))]
            old = self._picked.get(place)
            self._picked[place] = new if old is None else np.where(np.isin(old, ids), old, new)
        self._picks = np.stack([self._picked[place] for place in places])

    def close(self, paths: Set[int]) -> None:
        """Close the open connections of some rows: their clients open new ones."""
        self._used[np.isin(self._current, list(paths))] = 0

    def cut(self, paths: Set[int]) -> None:
        """Break the open connections of some rows: the next request of each is lost, then follows a new one."""
        self._break((self._used > 0) & np.isin(self._current, list(paths)))

    def _break(self, ending: NDArray[np.bool_]) -> None:
        """Break the open connections of some clients."""
        self._broken |= ending
        self._used[ending] = 0

    # -- requests ----

    def round_robin(self, count: int, weights: Floats) -> Indices:
        """Return the paths of requests that are connections of their own, one place after the other."""
        client = None
        if self._table.affinity:
            client = np.searchsorted(np.cumsum(weights)[:-1], self._chance.random(count), side="right")
        return self._open(client, self._chance.random(count))

    def _open(self, client: Indices | None, uniform: Floats) -> Indices:
        """Assign one new connection for each number: first a place, then a Pod."""
        if not self._in_two_steps:
            return self._ids[self._any.pick(uniform)]
        table = self._table
        if table.assignment == "per_client" and client is not None:
            place = self._entry[client]
        elif table.assignment == "round_robin" and self._places.even and self.per_connection == 1:
            place = (self._turn + np.arange(len(uniform))) % len(self._within)
            self._turn += len(uniform)
        else:
            place = self._places.pick(uniform)
        if table.affinity and client is not None:
            return np.asarray(self._picks[place, 0 if table.one_source else client])
        path = np.empty(len(uniform), dtype=np.intp)
        for number, (choice, ids) in enumerate(self._within):
            here = np.flatnonzero(place == number)
            path[here] = ids[choice.pick(uniform[here])]
        return path

    def follow(self, client: Indices, counts: Indices) -> tuple[Indices, Indices, Indices]:
        """Put requests of clients on their connections; return paths, requests on each, and paths of each client."""
        used, most, current = self._used[client], self.per_connection, self._current[client]
        upto = used + counts
        number = -(-upto // most)  # of connections: after a full one comes another, and the first may be open already
        after = np.cumsum(number)
        first = after - number
        who = np.repeat(client, number)
        lasts = np.full(len(who), most)
        lasts[after - 1] -= number * most - upto
        lasts[first] -= used
        path = self._open(who, self._chance.random(len(who)))
        lost, tries = self._lost, not self._lost[self._ids].all()
        goes_on = (used > 0) & ~(lost[current] & tries)
        path[first[goes_on]] = current[goes_on]
        path[first[self._broken[client]]] = self._numbers[DEAD]
        if tries and lost[path].any():
            path, lasts = self._try_again(path, lasts, who, lost)
            after = np.searchsorted(np.cumsum(lasts), np.cumsum(counts)) + 1
            number = np.diff(after, prepend=0)
        self._current[client] = path[after - 1]
        self._used[client] = upto % most
        self._broken[client] = False
        return path, lasts, number

    def _try_again(
        self, path: Indices, lasts: Indices, who: Indices, lost: NDArray[np.bool_]
    ) -> tuple[Indices, Indices]:
        """Make a client whose connection failed open another one for its next request, until one is answered."""
        while True:
            again = lost[path] & (lasts > 1)
            if not again.any():
                return path, lasts
            path, lasts, who = (np.repeat(some, 1 + again) for some in (path, lasts, who))
            second = np.flatnonzero(again) + np.arange(1, 1 + again.sum())
            lasts[second - 1] = 1
            lasts[second] -= 1
            path[second] = self._open(who[second], self._chance.random(len(second)))


def _rendezvous(clients: int, places: list[str], weights: list[float], seed: int) -> NDArray[np.intp]:
    """Send each client to one place by a hash: if a place goes, only its clients move (Thaler, Ravishankar 1998)."""
    best, entry = np.full(clients, np.inf), np.zeros(clients, dtype=np.intp)
    who = np.arange(clients)
    for number, (place, weight) in enumerate(zip(places, weights, strict=True)):
        drawn = hash_uniform(seed, PLACE, zlib.crc32(place.encode()), who)
        score = -np.log1p(-drawn) / weight
        entry[score < best] = number
        np.minimum(best, score, out=best)
    return entry
