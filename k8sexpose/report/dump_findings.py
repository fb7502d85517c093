"""Findings on the dump itself: where it says what no cluster can say, nothing may rest on it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from .._display import listed
from ..api.dump import HIDDEN_IPS
from ..api.service import Service
from ..cluster.store import held_ips, held_ports
from .findings import WARNING, Asked, Finding

__all__ = ["dump_disagrees", "held_twice"]


def dump_disagrees(asked: Asked, service: Service) -> Iterator[Finding]:
    """Yield a finding if the dump does not hold the Pod or the node of a ready endpoint, or says two things of it."""
    strays = asked.survey.strays(service)
    if strays:
        more = f", and {len(strays) - 1} more" if len(strays) > 1 else ""
        yield Finding(
            "dump-disagrees", WARNING, service.key,
            "The dump does not agree with itself on where the Pods of this Service are.",
            f"{strays[0][:1].upper()}{strays[0][1:]}{more}. Whether packets arrive there is not known here, so its "
            "policies are not compared.",
            "Make the dump anew, with all kinds in one command. If it was edited, compare these fields.",
        )  # fmt: skip


def held_twice(asked: Asked) -> Iterator[Finding]:
    """Yield a finding for each node port and each clusterIP that two Services hold: no API server stores that."""
    holders: dict[tuple[str, str], list[str]] = {}
    for service in asked.survey.cluster.services:
        for number in held_ports(service):
            holders.setdefault(("nodePort", str(number)), []).append(service.key)
        for ip in held_ips(service):
            if ip_address(ip) not in HIDDEN_IPS:
                holders.setdefault(("clusterIP", ip), []).append(service.key)
    for (what, held), names in holders.items():
        if len(names) > 1:
            yield Finding(
                "held-twice", WARNING, "", f"{len(names)} Services have the {what} {held}: {listed(names)}.",
                f"A {what} belongs to one Service in the whole cluster, and the API server refuses a second one. So "
                "this dump was edited, or put together of several.",
                "Make the dump anew. Until then do not rely on what is said of these Services.",
            )  # fmt: skip
