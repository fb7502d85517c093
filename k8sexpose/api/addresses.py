"""IP addresses: parsing as the API server does, one spelling for each, families."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

__all__ = []


def parse_ip(value: str) -> IPv4Address | IPv6Address | None:
    """Parse an address as the API server always did: with leading zeros in decimal parts, without a zone."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", value):
        parts = [int(part[-9:]) if part.lstrip("0")[9:] == "" else 256 for part in value.split(".")]
        return IPv4Address(".".join(map(str, parts))) if max(parts) < 256 else None
    try:
        return IPv6Address(value) if "%" not in value else None
    except ValueError:
        return None


# Parsing takes long, and the same addresses and ranges come again and again.
address_of = lru_cache(maxsize=1 << 16)(ip_address)
network_of = lru_cache(maxsize=1 << 12)(ip_network)


def family(value: str) -> str:
    """Return ``IPv4`` or ``IPv6`` for a well-formed address."""
    return "IPv6" if ":" in value else "IPv4"


# An IPv4 address in its one canonical form, which is how nearly all of them come.
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
PLAIN_IPV4 = re.compile(rf"{OCTET}\.{OCTET}\.{OCTET}\.{OCTET}").fullmatch


def canonical_ip(text: str) -> str:
    """Write an address in its one canonical form, so that equal addresses are equal texts."""
    return text if PLAIN_IPV4(text) else _canonical_ip(text)


@lru_cache(maxsize=1 << 16)
def _canonical_ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return text


def address(ip: str, port: int | None) -> str:
    """Write ``ip:port``, an IPv6 address in brackets; without a port the address alone."""
    if port is None:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def ip_version(text: str | None) -> int | None:
    """Return 4 or 6, or None for a text that is no address."""
    if not text:
        return None
    return 4 if PLAIN_IPV4(text) else _ip_version(text)


@lru_cache(maxsize=1 << 16)
def _ip_version(text: str) -> int | None:
    try:
        return ip_address(text).version
    except ValueError:
        return None


@lru_cache(maxsize=1 << 12)
def of_family(cidrs: str | None, family: int) -> tuple[str, ...]:
    """Return the CIDRs of a family from a list with commas; bits behind a mask do not count, as in Go."""
    listed = [cidr.strip() for cidr in (cidrs or "").split(",") if cidr.strip()]
    networks = [ip_network(cidr, strict=False) for cidr in listed]
    return tuple(str(network) for network in networks if network.version == family)
