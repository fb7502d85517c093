"""What kind publishes of its nodes on the machine that it runs on: ``extraPortMappings``.

Sources: ``pkg/cluster/internal/providers/docker/provision.go`` (generatePortMappings, kubernetes-sigs/kind 00b38e3):
each entry becomes ``docker run --publish=ADDRESS:HOSTPORT:CONTAINERPORT/PROTOCOL``; the address is all, the protocol
TCP unless they are given. A container's ports are published when it is made: later entries need another cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from ..api.addresses import ip_version
from ..api.checks import count, one_of, shown

__all__ = ["GATEWAYS", "PortMapping", "read_port_mappings"]

KEYS = ("containerPort", "hostPort", "listenAddress", "protocol", "node")
PROTOCOLS = ("TCP", "UDP", "SCTP")
LARGEST_PORT = 65535
# Docker's proxy opens the connection anew, from the gateway of kind's network.
GATEWAYS = {4: "172.18.0.1", 6: "fc00:f853:ccd:e793::1"}


@dataclass(frozen=True, slots=True)
class PortMapping:
    """One entry: a port of the machine that leads to a port of a node; "" is the first node."""

    host_port: int
    container_port: int
    listen_address: str = ""
    protocol: str = "TCP"
    node: str = ""

    def takes(self, ip: str, port: int | None, protocol: str) -> bool:
        """Return True if a packet to an address of the machine comes in here."""
        if (self.host_port, self.protocol) != (port, protocol):
            return False
        listens = ip_address(self.listen_address) if self.listen_address else None
        return listens is None or listens.is_unspecified or listens == ip_address(ip)


def read_port_mappings(entries: Iterable[Mapping[str, object]]) -> tuple[PortMapping, ...]:
    """Read entries as they stand in kind's configuration, with ``node`` for one that is not the first.

    Examples
    --------
    >>> read_port_mappings([{"containerPort": 30080, "hostPort": 8080}])[0].takes("127.0.0.1", 8080, "TCP")
    True
    """
    return tuple(map(_read, entries))


def _read(entry: Mapping[str, object]) -> PortMapping:
    for key in entry:
        one_of(key, "a key of extra_port_mappings", KEYS)
    for key in ("containerPort", "hostPort"):
        if key not in entry:
            raise ValueError(f"extra_port_mappings: {shown(dict(entry))} has no {key}")
    container = count(entry["containerPort"], "containerPort", at_most=LARGEST_PORT)
    host = count(entry["hostPort"], "hostPort", at_most=LARGEST_PORT)
    protocol, listens = entry.get("protocol", "TCP"), entry.get("listenAddress", "")
    one_of(protocol, "protocol", PROTOCOLS)
    if listens and not (isinstance(listens, str) and ip_version(listens)):
        raise ValueError(f"listenAddress is an IP address such as 127.0.0.1, not {shown(listens)}")
    return PortMapping(host, container, str(listens), str(protocol), str(entry.get("node", "")))
