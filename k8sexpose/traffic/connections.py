"""Which way each request takes: connections are dealt, and requests follow their connection.

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

from .path_table import PathRow, PathTable
from .random_streams import Choice, Floats, Indices, hash_uniform

__all__ = ["Connections"]

# Salts: each question to the hash is another one.
WAY, AFFINITY, PLACE, REHASH = 1, 2, 3, 4
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
    lanes : list of PathRow
        Every lane that was ever dealt; a request is dealt to one by its number in this list.

    Examples
    --------
    >>> dealer = Connections(clients=1, per_connection=1, seed=0)
    >>> dealer.enter(PathTable({PathRow("node-1", "web-1"): 0.5, PathRow("node-2", "web-2"): 0.5}))
    >>> [dealer.lanes[k].pod for k in dealer.assign(np.array([0.1, 0.9]), None)]
    ['web-1', 'web-2']
    """

    def __init__(self, clients: int, per_connection: int, seed: int) -> None:
        self.clients, self.per_connection, self.seed = clients, per_connection, seed
        self.lanes: list[PathRow] = []
        self._numbers: dict[PathRow, int] = {}
        self._table = PathTable()
        self._states = self._turn = 0
        self._picked: dict[str, Indices] = {}
        keeps = clients if per_connection > 1 else 0
        self._current = np.zeros(keeps, dtype=np.intp)  # the lane of the open connection
        self._used = np.zeros(keeps, dtype=np.int64)  # requests that it has carried; 0: none is open
        self._connection = np.zeros(keeps, dtype=np.int64)  # its number
        self._broken = np.zeros(keeps, dtype=bool)  # it broke, and the client does not know yet
        self.number(DEAD)

    @property
    def needs_clients(self) -> bool:
        """True if it matters who asks."""
        return self.per_connection > 1 or self._table.affinity or self._table.assignment == "per_client"

    @property
    def remembers(self) -> bool:
        """True if the way of a request depends on the requests before it, and not on its client alone."""
        in_turn = self._table.assignment == "round_robin" and self._places.even
        return self.per_connection > 1 or in_turn

    def probabilities(self, weights: Floats) -> Floats:
        """Return how likely each path is, shape (paths,), given how often each client asks."""
        found, weights = np.zeros(len(self.lanes)), weights / weights.sum()
        if not self._in_two_steps:
            found[self._ids] = list(self._table.lanes.values())
            return found
        for number, (ids, shares) in enumerate(self._ways):
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
        return found

    @property
    def _in_two_steps(self) -> bool:
        return self._table.affinity or self._table.assignment != "per_connection"

    def number(self, lane: PathRow) -> int:
        """Return the number of a lane; a new one gets the next."""
        number = self._numbers.setdefault(lane, len(self.lanes))
        if number == len(self.lanes):
            self.lanes.append(lane)
        return number

    # -- another state of the cluster ----

    def enter(self, table: PathTable) -> None:
        """Assign new connections by this table from now on; open connections stay where they are."""
        if self._states and table.router_hash and table.places != self._table.places:
            self._rehash(self._table.places, table)
        self._table = table
        self._states += 1
        self._ids = np.array([self.number(lane) for lane in table.lanes], dtype=np.intp)
        self._any = Choice.of(list(table.lanes.values()))
        if not self._in_two_steps:
            return
        places: dict[str, list[tuple[int, float]]] = {}
        for lane, share in table.lanes.items():
            places.setdefault(lane.place, []).append((self.number(lane), share))
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
        stays = np.ones(len(self.lanes))
        for number, lane in enumerate(self.lanes):
            if lane.place not in before:
                continue
            if lane.place not in new:
                stays[number] = 0.0
            elif table.router_hash == MODULO:
                alike = (before[lane.place] - new[lane.place]) % common == 0
                stays[number] = common / len(new) if alike else 0.0
        drawn = hash_uniform(self.seed, REHASH, self._states, np.arange(len(self._used)), self._connection)
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

    def close(self, lanes: Set[int]) -> None:
        """Close the open connections of some rows: their clients open new ones."""
        ending = (self._used > 0) & np.isin(self._current, list(lanes))
        self._connection[ending] += 1
        self._used[ending] = 0

    def cut(self, lanes: Set[int]) -> None:
        """Break the open connections of some rows: the next request of each is lost, then follows a new one."""
        self._break((self._used > 0) & np.isin(self._current, list(lanes)))

    def _break(self, ending: NDArray[np.bool_]) -> None:
        """Break the open connections of some clients."""
        self._broken |= ending
        self._connection[ending] += 1
        self._used[ending] = 0

    # -- requests ----

    def assign(self, uniform: Floats, client: Indices | None) -> Indices:
        """Return the numbers of the lanes of requests, in the order they come; clients are None where none matters."""
        if self.per_connection == 1 or client is None:
            return self._open(client, uniform)
        return self._follow(client)

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
        lane = np.empty(len(uniform), dtype=np.intp)
        for number, (choice, ids) in enumerate(self._within):
            here = np.flatnonzero(place == number)
            lane[here] = ids[choice.pick(uniform[here])]
        return lane

    def _follow(self, client: Indices) -> Indices:
        """Put each request on its client's connection; a full one is followed by a new one."""
        narrow = client.astype(np.min_scalar_type(self.clients))  # so that NumPy sorts by radix
        order = np.argsort(narrow, kind="stable")
        who, counts = client[order], np.bincount(client, minlength=self.clients)
        ends = np.cumsum(counts)
        position = np.arange(len(who)) + np.repeat(self._used - (ends - counts), counts)
        further = position // self.per_connection
        position -= further * self.per_connection
        opens = position == 0
        asked = np.flatnonzero(counts)
        opens[ends[asked] - counts[asked]] = True  # or goes on with the connection that is open
        begins = np.flatnonzero(opens)
        first = who[begins]
        number = self._connection[first] + further[begins]  # further 0: the connection that is open, if one is
        lane = self._open(first, hash_uniform(self.seed, WAY, 0, first, number))
        carried = (further[begins] == 0) & (self._used[first] > 0)
        lane[carried] = self._current[first[carried]]
        lane[(further[begins] == 0) & self._broken[first]] = self._numbers[DEAD]
        lasts = np.diff(begins, append=len(who))
        lost = np.array([not one.delivered for one in self.lanes])
        again = lost[lane].any() and not lost[self._ids].all()
        lane = np.repeat(lane, lasts)
        if again:
            since = np.repeat(np.where(carried, self._used[first], 0), lasts)
            self._try_again(lane, lost, who, np.repeat(number, lasts), position, since)
        self._current[asked] = lane[ends[asked] - 1]
        self._broken[asked] = False
        closed, self._used = np.divmod(self._used + counts, self.per_connection)
        self._connection += closed
        dealt = np.empty_like(lane)
        dealt[order] = lane
        return dealt

    def _try_again(
        self, lane: Indices, lost: NDArray[np.bool_], who: Indices, number: Indices, position: Indices, since: Indices
    ) -> None:
        """Make a client whose connection failed open another one for its next request, until one is answered."""
        for attempt in range(1, self.per_connection):
            again = np.flatnonzero(lost[lane] & (position >= attempt) & (attempt >= since))
            if len(again):
                uniform = hash_uniform(self.seed, WAY, attempt, who[again], number[again])
                lane[again] = self._open(who[again], uniform)
            elif attempt >= since.max(initial=0):
                break


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
