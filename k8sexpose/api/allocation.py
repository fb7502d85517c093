"""Handing out node ports and cluster IPs.

A pool is a range of numbers of which the lower part, the *static band*, is left for those who ask for a certain
number; automatic picks start at random in the rest. Which numbers are taken is not kept here: the Services say so.

Sources: ``pkg/registry/core/service/portallocator/allocator.go``, ``…/allocator/bitmap.go``,
``…/ipallocator/cidrallocator.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from .addresses import canonical_ip, family

__all__ = ["AllocationError", "Allocator", "Pool", "ip_pool", "port_pool"]

FIRST_DRY_RUN_PORT = 32769


class AllocationError(Exception):
    """A number cannot be had; the text is the allocator's."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A range of numbers to hand out.

    Parameters
    ----------
    first, size : int
        The lowest number, and how many there are.
    static_size : int
        How many of them, from the lowest on, automatic picks leave alone as long as they can.
    text : str
        The range as it is written in messages.

    Examples
    --------
    >>> pool = port_pool(30000, 32767)
    >>> pool.static_size, pool.last
    (86, 32767)
    """

    first: int
    size: int
    static_size: int
    text: str = ""

    @property
    def last(self) -> int:
        """The highest number."""
        return self.first + self.size - 1

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def pick(self, taken: Callable[[int], bool], rng: random.Random) -> int:
        """Pick a free number: from a random start upward, first in the upper band, then in the static one.

        Examples
        --------
        >>> port_pool(30000, 30015).pick(lambda number: number != 30003, random.Random(0))
        30003
        """
        bands = [(self.first + self.static_size, self.size - self.static_size), (self.first, self.static_size)]
        for lowest, count in bands:
            start = rng.randrange(count) if count else 0
            for step in range(count):
                number = lowest + (start + step) % count
                if not taken(number):
                    return number
        raise AllocationError("range is full")


def port_pool(first: int, last: int) -> Pool:
    """Return the pool of node ports (``--service-node-port-range``).

    Examples
    --------
    >>> port_pool(30000, 30015).static_size
    0
    """
    size = last - first + 1
    return Pool(first, size, _static_size(size, 32, 128), f"{first}-{last}")


def ip_pool(cidr: str) -> Pool:
    """Return the pool of cluster IPs of a ServiceCIDR, as numbers; network and broadcast address are left out.

    Examples
    --------
    >>> pool = ip_pool("10.96.0.0/16")
    >>> str(IPv4Address(pool.first)), str(IPv4Address(pool.first + pool.static_size))
    ('10.96.0.1', '10.96.1.1')
    """
    network = ip_network(cidr)
    # IPv6 has no broadcast address; the real allocator stops at 2**62 addresses, which nobody will notice.
    usable = network.num_addresses - (2 if network.version == 4 else 1)
    static_size = _static_size(network.num_addresses, 16, 256)
    return Pool(int(network.network_address) + 1, usable, static_size, str(network))


def _static_size(size: int, divisor: int, largest: int) -> int:
    return 0 if size <= 16 else min(max(16, size // divisor), largest)


@dataclass(slots=True)
class Allocator:
    """The pools, seen by one request: what it takes stays with it until the Service is stored.

    Parameters
    ----------
    ports : Pool
        The node port range.
    ips : mapping of str to Pool
        The cluster IP range of each IP family of the cluster, the primary one first.
    port_in_use, ip_in_use : callable
        Tell what the stored Services hold.
    rng : random.Random
        Source of the automatic picks.
    dry_run : bool
        Check, but pick dummies.

    Examples
    --------
    >>> allocator = Allocator(port_pool(30000, 32767), {}, lambda n: n == 30080, lambda ip: False, random.Random(0))
    >>> allocator.take_port(30080)
    Traceback (most recent call last):
        ...
    k8sexpose.api.allocation.AllocationError: provided port is already allocated
    """

    ports: Pool
    ips: Mapping[str, Pool]
    port_in_use: Callable[[int], bool]
    ip_in_use: Callable[[str], bool]
    rng: random.Random
    dry_run: bool = False
    taken_ports: set[int] = field(default_factory=set)
    taken_ips: set[str] = field(default_factory=set)

    def take_port(self, number: int) -> int:
        """Take this number; a dry run does not look at the range."""
        if number not in self.ports and not self.dry_run:
            valid = f"The range of valid ports is {self.ports.text}"
            raise AllocationError(f"provided port is not in the valid range. {valid}")
        if self._port_taken(number):
            raise AllocationError("provided port is already allocated")
        self.taken_ports.add(number)
        return number

    def pick_port(self) -> int:
        """Take any free number."""
        if self.dry_run:
            number = max(self.taken_ports, default=FIRST_DRY_RUN_PORT - 1) + 1
        else:
            number = self.ports.pick(self._port_taken, self.rng)
        self.taken_ports.add(number)
        return number

    def take_ip(self, ip: str) -> None:
        """Take this address; a dry run does not ask whether somebody has it."""
        pool = self.ips[family(ip)]
        if int(ip_address(ip)) not in pool:
            if self.dry_run:
                where = f"The range of valid IPs is {pool.text}"
                raise AllocationError(f"the provided IP ({ip}) is not in the valid range. {where}")
            raise AllocationError("the provided network does not match the current range")
        if self.dry_run:
            return
        if canonical_ip(ip) in self.taken_ips or self.ip_in_use(ip):
            raise AllocationError("provided IP is already allocated")
        self.taken_ips.add(canonical_ip(ip))

    def pick_ip(self, of_family: str) -> str:
        """Take any free address of a family; a dry run gives the network address."""
        pool = self.ips[of_family]
        kind = IPv6Address if of_family == "IPv6" else IPv4Address
        if self.dry_run:
            return str(kind(pool.first - 1))
        ip = str(kind(pool.pick(lambda number: self._ip_taken(str(kind(number))), self.rng)))
        self.taken_ips.add(ip)
        return ip

    def _port_taken(self, number: int) -> bool:
        return number in self.taken_ports or self.port_in_use(number)

    def _ip_taken(self, ip: str) -> bool:
        return ip in self.taken_ips or self.ip_in_use(ip)
