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


# -- every number of a range, once ----


@pytest.mark.parametrize(("first", "last"), [(30000, 30015), (30000, 30016), (30000, 30063), (7, 7)])
def test_a_range_is_given_out_number_by_number_and_the_static_band_last(first: int, last: int) -> None:
    pool = port_pool(first, last)
    one = Allocator(pool, {}, lambda n: False, lambda ip: False, random.Random(3))
    found = [one.pick_port() for _ in range(last - first + 1)]
    assert sorted(found) == list(range(first, last + 1))
    assert sorted(found[-pool.static_size :] if pool.static_size else []) == list(
        range(first, first + pool.static_size)
    )
    with pytest.raises(AllocationError, match=r"^range is full$"):
        one.pick_port()


def test_automatic_picks_start_anywhere_above_the_static_band() -> None:
    pool = port_pool(30000, 30063)
    found = {pool.pick(lambda number: False, random.Random(seed)) for seed in range(600)}
    assert found == set(range(30016, 30064))
    # What is taken is passed over upward, and after the last number comes the first one of the band again.
    free = {30020}
    assert all(pool.pick(lambda number: number not in free, random.Random(seed)) == 30020 for seed in range(30))


@pytest.mark.parametrize(
    ("count", "band"),
    [(1, 0), (16, 0), (17, 16), (512, 16), (544, 17), (2768, 86), (4095, 127), (4096, 128), (9999, 128)],
)
def test_the_band_for_those_who_ask_for_a_port(count: int, band: int) -> None:
    """KEP-3668: of at most 16 ports none; else a part in 32, from 16 to 128."""
    assert port_pool(10000, 9999 + count).static_size == band


def test_the_band_of_a_large_range_of_ipv6() -> None:
    pool = ip_pool("fd00:96::/108")
    assert (pool.static_size, pool.size, pool.text) == (256, 2**20 - 1, "fd00:96::/108")


# -- what one asks for ----

PORTS = port_pool(30000, 30063)
IPS = {"IPv4": ip_pool("10.96.0.0/28"), "IPv6": ip_pool("fd00:96::/112")}


def asked(dry_run: bool = False) -> Allocator:
    held = {"10.96.0.3", "fd00:96::3"}
    return Allocator(PORTS, IPS, {30003}.__contains__, held.__contains__, random.Random(2), dry_run)


@pytest.mark.parametrize("number", [29999, 30064])
def test_a_port_outside_the_range_is_refused_unless_it_is_a_dry_run(number: int) -> None:
    with pytest.raises(AllocationError) as refused:
        asked().take_port(number)
    assert str(refused.value) == "provided port is not in the valid range. The range of valid ports is 30000-30063"
    assert asked(dry_run=True).take_port(number) == number


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_port_is_taken_once(dry_run: bool) -> None:
    one = asked(dry_run)
    assert [one.take_port(number) for number in (30000, 30063)] == [30000, 30063]
    for number in (30003, 30000, 30063):
        with pytest.raises(AllocationError, match=r"^provided port is already allocated$"):
            one.take_port(number)


def test_a_port_that_one_asked_for_is_picked_for_no_other() -> None:
    one = asked()
    for number in range(30016, 30063):
        one.take_port(number)
    assert one.pick_port() == 30063


@pytest.mark.parametrize("ip", ["10.96.0.3", "fd00:96::3"])
def test_an_address_is_taken_once_and_a_dry_run_does_not_ask(ip: str) -> None:
    with pytest.raises(AllocationError, match=r"^provided IP is already allocated$"):
        asked().take_ip(ip)
    asked(dry_run=True).take_ip(ip)
    one = asked()
    one.take_ip("fd00:96::0:5")
    with pytest.raises(AllocationError, match=r"^provided IP is already allocated$"):
        one.take_ip("fd00:96:0::5")


@pytest.mark.parametrize("ip", ["10.96.0.0", "10.96.0.15", "10.97.0.1", "fd00:97::1"])
def test_an_address_outside_the_range_is_refused_in_two_ways(ip: str) -> None:
    with pytest.raises(AllocationError) as refused:
        asked().take_ip(ip)
    assert str(refused.value) == "the provided network does not match the current range"
    with pytest.raises(AllocationError) as refused:
        asked(dry_run=True).take_ip(ip)
    where = "fd00:96::/112" if ":" in ip else "10.96.0.0/28"
    expected = f"the provided IP ({ip}) is not in the valid range. The range of valid IPs is {where}"
    assert str(refused.value) == expected


def test_a_dry_run_is_given_the_address_of_the_network_every_time() -> None:
    dry = asked(dry_run=True)
    assert [dry.pick_ip(family) for family in ("IPv4", "IPv4", "IPv6")] == ["10.96.0.0", "10.96.0.0", "fd00:96::"]


def test_every_address_of_a_range_is_given_once() -> None:
    one = asked()
    found = [one.pick_ip("IPv4") for _ in range(13)]
    assert sorted(ip_address(ip) for ip in found) == [ip_address(f"10.96.0.{k}") for k in range(1, 15) if k != 3]
    with pytest.raises(AllocationError, match=r"^range is full$"):
        one.pick_ip("IPv4")
    assert int(ip_address("fd00:96::100")) < int(ip_address(one.pick_ip("IPv6"))) <= int(ip_address("fd00:96::ffff"))
