"""Pools of node ports and cluster IPs: their edges, their static band, and what is never given twice."""

from __future__ import annotations

import random
from ipaddress import ip_address

import pytest

import k8sexpose as kx
from k8sexpose.api.allocation import AllocationError, Allocator, ip_pool, port_pool


@pytest.mark.parametrize(
    ("cidr", "first", "last"),
    [
        ("10.96.0.0/29", "10.96.0.1", "10.96.0.6"),  # neither the network's address nor the broadcast one
        ("10.96.0.0/16", "10.96.0.1", "10.96.255.254"),
        ("fd00:96::/125", "fd00:96::1", "fd00:96::7"),  # IPv6 has no broadcast address
    ],
)
def test_the_edges_of_a_range_of_addresses(cidr: str, first: str, last: str) -> None:
    pool = ip_pool(cidr)
    assert (str(ip_address(pool.first)), str(ip_address(pool.last))) == (first, last)
    assert pool.first in pool and pool.last in pool
    assert pool.first - 1 not in pool and pool.last + 1 not in pool


@pytest.mark.parametrize(
    ("cidr", "band"), [("10.96.0.0/28", 0), ("10.96.0.0/27", 16), ("10.96.0.0/22", 64), ("10.96.0.0/16", 256)]
)
def test_the_band_for_those_who_ask_for_an_address(cidr: str, band: int) -> None:
    """The band is counted from all addresses of the range, the two that are never given included."""
    pool = ip_pool(cidr)
    assert pool.static_size == band
    picked = {pool.pick(lambda number: False, random.Random(seed)) for seed in range(300)}
    assert min(picked) >= pool.first + band


def allocator(cidr: str, held: set[str]) -> Allocator:
    return Allocator(
        port_pool(30000, 30015), {"IPv4": ip_pool(cidr)}, lambda n: False, held.__contains__, random.Random(1)
    )


def test_an_address_that_a_stored_service_holds_is_never_picked() -> None:
    held = {f"10.96.0.{last}" for last in (1, 2, 3, 5)}
    pool = allocator("10.96.0.0/29", held)
    assert {pool.pick_ip("IPv4") for _ in range(2)} == {"10.96.0.4", "10.96.0.6"}
    with pytest.raises(AllocationError, match="range is full"):
        pool.pick_ip("IPv4")
    for taken in ("10.96.0.2", "10.96.0.4"):
        with pytest.raises(AllocationError, match="provided IP is already allocated"):
            pool.take_ip(taken)


def test_the_addresses_of_a_dump_are_held() -> None:
    services = [
        {
            "kind": "Service",
            "metadata": {"name": f"s{k}"},
            "spec": {"clusterIP": f"10.96.0.{k}", "ports": [{"port": 80}]},
        }
        for k in (1, 2, 3, 4, 6)
    ]
    cluster = kx.Cluster.from_json({"items": services}, service_cidr="10.96.0.0/29")
    fresh = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "new"}, "spec": {"ports": [{"port": 80}]}}
    assert cluster.create(fresh).cluster_ip == "10.96.0.5"


def test_a_dry_run_picks_dummies_beyond_the_range() -> None:
    dry = Allocator(port_pool(30000, 30015), {}, lambda n: False, lambda ip: False, random.Random(1), dry_run=True)
    assert [dry.pick_port(), dry.pick_port()] == [32769, 32770]
    dry.take_port(40000)
    assert dry.pick_port() == 40001
