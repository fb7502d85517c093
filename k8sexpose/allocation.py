"""Handing out node ports and cluster IPs.

A pool is a range of numbers of which the lower part, the *static band*, is left for those who ask for a certain
number; automatic picks start at random in the rest. Which numbers are taken is not kept here: the Services say so.

Sources: ``pkg/registry/core/service/portallocator/allocator.go``, ``…/allocator/bitmap.go``,
``…/ipallocator/cidrallocator.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

__all__ = ["AllocationError", "Pool", "ip_pool", "port_pool"]


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

    Examples
    --------
    >>> pool = port_pool(30000, 32767)
    >>> pool.static_size, pool.last
    (86, 32767)
    """

    first: int
    size: int
    static_size: int

    @property
    def last(self) -> int:
        """The highest number."""
        return self.first + self.size - 1

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def pick(self, taken: Callable[[int], bool], rng: random.Random) -> int:
        """Pick a free number: from a random start upward, first in the upper band, then in the static one.

        Parameters
        ----------
        taken : callable
            Tells whether a number is in use.
        rng : random.Random
            Source of the random start.

        Returns
        -------
        int
            A number that is not taken.

        Raises
        ------
        AllocationError
            ``range is full``.

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
    return Pool(first, size, _static_size(size, 32, 128))


def ip_pool(cidr: str) -> Pool:
    """Return the pool of cluster IPs of a ServiceCIDR, as numbers; network and broadcast address are left out.

    Examples
    --------
    >>> pool = ip_pool("10.96.0.0/16")
    >>> str(ip_address(pool.first)), str(ip_address(pool.first + pool.static_size))
    ('10.96.0.1', '10.96.1.1')
    """
    network = ip_network(cidr)
    # IPv6 has no broadcast address; the real allocator stops at 2**62 addresses, which nobody will notice.
    usable = network.num_addresses - (2 if network.version == 4 else 1)
    return Pool(int(network.network_address) + 1, usable, _static_size(network.num_addresses, 16, 256))


def _static_size(size: int, divisor: int, largest: int) -> int:
    return 0 if size <= 16 else min(max(16, size // divisor), largest)
