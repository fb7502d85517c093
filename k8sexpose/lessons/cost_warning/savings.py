"""The last exercise of lesson 3: eight Services at half the bill, and every requirement still met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...api.errors import ApiError, ManifestError, NotExposed
from ...cost.billing import Bill, bill
from ...data import example
from ...model import Cluster
from ...report.assumptions import EXPOSED
from ...router.route import Route
from ...router.router import routes
from ..exercise_table import ExerciseTable, counted
from ..forms import shown

__all__ = ["Savings", "Wish", "eight_services", "save"]

CLIENT = "203.0.113.7"
CUSTOMERS = ("shop", "api", "docs", "blog")
TRAFFIC_GB = {
    "gateway": 500.0, "shop": 3000.0, "api": 3000.0, "docs": 500.0, "blog": 500.0, "metrics": 0.0, "audit": 1000.0,
    "voice": 1500.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that must hold.

    Parameters
    ----------
    what : str
        The wish.
    found : str
        What the model found.
    granted : bool
        Whether it holds.
    misconception : int, optional
        The belief behind it where it does not.

    Examples
    --------
    >>> Wish("half the bill", "412 USD", False, 24).granted
    False
    """

    what: str
    found: str
    granted: bool
    misconception: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Savings(ExerciseTable):
    """What a set of changes does: every requirement, and the bill before and after.

    Parameters
    ----------
    wishes : tuple of Wish
        What must hold.
    before, after : Bill
        The bills.
    begun : bool
        Whether anything was changed.

    Examples
    --------
    >>> save().solved
    False
    """

    ID: ClassVar[str] = "cost-half"
    HEAD: ClassVar[tuple[str, ...]] = ("requirement", "what the model finds", "state")

    wishes: tuple[Wish, ...]
    before: Bill
    after: Bill
    begun: bool = False

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which requirements are met."""
        return tuple(wish.granted for wish in self.wishes)

    @property
    def _remark(self) -> str:
        return f"; {_usd(self.before)} a month before, {_usd(self.after)} now"

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for wish in self.wishes:
            yield wish.what, wish.found, "✓ met" if wish.granted else "✗ not yet"


def eight_services() -> Cluster:
    """Build the cluster of the exercise: three zones, a Pod of each app in each, eight load balancers.

    Returns
    -------
    Cluster
        The cluster.

    Examples
    --------
    >>> sum(service.type == "LoadBalancer" for service in eight_services().services)
    8
    """
    cluster = Cluster(nodes=3, provider="aws")
    for name in TRAFFIC_GB:
        udp = name == "voice"
        cluster.deploy(name, per_node=[1, 1, 1], port=3478 if udp else 8080, protocol="UDP" if udp else "TCP")
    cluster.apply(example("eight-services"))
    return cluster


def save(change: object = None) -> Savings:
    """Change the eight Services as given, and tell which requirements are met.

    Parameters
    ----------
    change : mapping of str to mapping, optional
        For the name of a Service the fields of its spec to set, as `kubectl patch` takes them:
        ``{"metrics": {"type": "ClusterIP"}}``.

    Returns
    -------
    Savings
        A table of the requirements, and the bills. Nothing is ever raised.

    Examples
    --------
    >>> save({"metrics": {"type": "ClusterIP"}}).after.load_balancers
    7
    """
    cluster = eight_services()
    before, refused = _bill(cluster), []
    for name, spec in change.items() if isinstance(change, Mapping) else ():
        try:
            if not isinstance(spec, Mapping):
                raise ManifestError(f"{shown(spec)} is not a dictionary of fields such as {{'type': 'ClusterIP'}}")
            cluster.patch(str(name), {"spec": dict(spec)})
        except ApiError as error:
            refused.append(f"{shown(name)}: {error.message}")
        except Exception as error:  # whatever a learner writes is told, not raised
            refused.append(f"{shown(name)}: {error}")
    after = _bill(cluster)
    wishes = [Wish("the API server accepts every change", "; ".join(refused) or "all accepted", not refused)]
    wishes += [_customers(cluster, name) for name in CUSTOMERS]
    wishes += [_front_door(cluster, "voice", "UDP"), _audit(cluster), _metrics(cluster), _half(before, after)]
    return counted(Savings(tuple(wishes), before, after, bool(change) and change is not ...))


def _bill(cluster: Cluster) -> Bill:
    """Return the bill; traffic for a Service without a load balancer passes the gateway."""
    exposed = {service.name for service in cluster.services if service.type in EXPOSED}
    through = math.fsum(gb for name, gb in TRAFFIC_GB.items() if name not in exposed)
    traffic = {name: gb for name, gb in TRAFFIC_GB.items() if name in exposed}
    if "gateway" in traffic:
        traffic["gateway"] += through
    return bill(cluster, traffic_gb=traffic)


def _usd(made: Bill) -> str:
    total = made.total_per_month
    return "unknown" if total is None else f"{total:,.2f} {made.currency}"


def _ways(cluster: Cluster, name: str, client: str, protocol: str = "TCP") -> tuple[Route, ...]:
    try:
        return routes(cluster, name, client=client, protocol=protocol)
    except (NotExposed, ValueError, KeyError):
        return ()


def _reached(ways: tuple[Route, ...], app: str) -> bool:
    return bool(ways) and all(way.delivered and str(way.pod).startswith(f"{app}-") for way in ways)


def _front_door(cluster: Cluster, name: str, protocol: str = "TCP") -> Wish:
    """Check that clients reach a Service through a load balancer of its own."""
    what = f"{name}: clients get an answer ({protocol})"
    kind = cluster.service(name).type
    if kind != "LoadBalancer":
        belief = 19 if kind == "NodePort" else None
        return Wish(what, f"a Service of type {kind} has no lasting address on the internet", False, belief)
    good = _reached(_ways(cluster, name, CLIENT, protocol), name)
    return Wish(what, "through its own load balancer" if good else "not every connection arrives", good)


def _customers(cluster: Cluster, name: str) -> Wish:
    """Check that an HTTP app is reached through its own load balancer, or through the gateway."""
    if cluster.service(name).type != "ClusterIP":
        return _front_door(cluster, name)
    what = f"{name}: clients get an answer (TCP)"
    if not _front_door(cluster, "gateway").granted:
        return Wish(what, "the gateway, through which clients come, gives no answer", False)
    good = _reached(_ways(cluster, name, "pod/gateway-1"), name)
    return Wish(what, "through the gateway" if good else "the gateway does not reach it", good)


def _audit(cluster: Cluster) -> Wish:
    door = _front_door(cluster, "audit")
    what = "audit: the Pod sees the client's address"
    if not door.granted:
        return Wish(what, door.found, False, door.misconception)
    seen = sorted({str(way.client_seen) for way in _ways(cluster, "audit", CLIENT)})
    return Wish(what, f"it sees {', '.join(seen)}", seen == [CLIENT], None if seen == [CLIENT] else 7)


def _metrics(cluster: Cluster) -> Wish:
    good = _reached(_ways(cluster, f"{cluster.service('metrics').cluster_ip}:80", "pod/shop-1"), "metrics")
    return Wish(
        "metrics: Pods of the cluster reach it", "shop-1 gets an answer" if good else "shop-1 gets no answer", good
    )


def _half(before: Bill, after: Bill) -> Wish:
    old, new = before.total_per_month or 0.0, after.total_per_month
    good = new is not None and new <= old / 2
    found = f"{_usd(after)}, before {_usd(before)}"
    if good:
        return Wish("at most half the bill", found, True)
    crossing = after.items[after.items["name"].str.startswith("cross-zone")]["monthly_cost"].sum()
    many = after.load_balancers > 3
    hint = f"{after.load_balancers} load balancers" + (" (which of them are necessary?)" if many else ", few enough")
    hint += f"; {crossing:,.2f} USD for traffic between zones"
    return Wish("at most half the bill", f"{found}: {hint}", False, 24 if many else None)
