"""A node crashes: what two clients lose, and which clock ends it.

One client goes through the load balancer, the other wrote down the address of a node. Two clocks run at once. The load
balancer's checks take the node out of its targets: the packets stop coming in by it. The cluster's own watch over its
nodes takes the Pods out of the rules: the other nodes stop sending to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from .._display import html_table
from ..api.addresses import address, ip_version
from ..api.checks import check_arguments
from ..api.checks import seconds as check_seconds
from ..api.errors import NotExposed
from ..api.service import Service
from ..cloud.internal import PRIVATE_CLIENTS, is_internal
from ..cloud.load_balancer import target_health
from ..router.router import shares

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Crash", "CrashStep", "watch_crash"]


@dataclass(frozen=True, slots=True)
class CrashStep:
    """A stretch of time in which every request is lost with the same probability, and nobody else notices the crash.

    Parameters
    ----------
    at_s : float
        When it begins, in seconds after the crash; the first one begins before it.
    what : str
        What has happened at that moment.
    lost : Fraction
        The share of the new connections through the load balancer that is lost.
    lost_hard_coded : Fraction
        The same for the client that wrote down the node's address; 1 where there is no node port.
    """

    at_s: float
    what: str
    lost: Fraction
    lost_hard_coded: Fraction


@dataclass(frozen=True, slots=True)
class Crash:
    """What a crash costs the clients of a Service; shows as a table in a notebook.

    Parameters
    ----------
    service : str
        ``namespace/name``.
    node : str
        The node that crashes, and the one that the other client wrote down.
    before_s, end_s : float
        For how long the clients are watched before and after the crash, in seconds.
    steps : tuple of CrashStep
        In order of time.
    """

    service: str
    node: str
    before_s: float
    end_s: float
    steps: tuple[CrashStep, ...]

    @property
    def healed_s(self) -> float | None:
        """Seconds from the crash until the load balancer's client loses nothing any more; None where losses go on."""
        healed_s = None
        for step in reversed(self.steps):
            if step.at_s < 0 or step.lost:
                break
            healed_s = step.at_s
        return healed_s

    def __str__(self) -> str:
        return "\n".join([self._title, *(" | ".join(row) for row in self._rows())])

    __repr__ = __str__

    @property
    def _title(self) -> str:
        return f"{self.node} crashes at 0 s; fraction of the new connections to {self.service} that is lost"

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for step in self.steps:
            yield f"{step.at_s:g} s", step.what, _part(step.lost), _part(step.lost_hard_coded)

    def _repr_html_(self) -> str:
        head = ("from", "what has happened", "through the load balancer", f"at {self.node}'s own address")
        return html_table(self._title, head, self._rows(), unbroken=[0])


def _part(lost: Fraction) -> str:
    return f"{lost} ({float(lost):.1%})" if lost.denominator > 1 else f"{float(lost):.0%}"


def watch_crash(
    cluster: Cluster, service: str, node: str = "node-1", *, seconds: float = 120, before_s: float = 20
) -> Crash:
    """Crash a node on a copy of the cluster, and watch two clients of a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    service : str
        ``name`` or ``namespace/name`` of a Service whose load balancer has its address.
    node : str
        The node that crashes.
    seconds, before_s : float
        How long to watch after and before the crash, in seconds.

    Returns
    -------
    Crash
        A step for each time that somebody notices the crash, or that another part is lost.

    Raises
    ------
    ApiError
        If there is no such Service or node.
    NotExposed
        If the status has no address yet.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[1, 1, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> cluster.advance(40)
    >>> [(step.at_s, str(step.lost)) for step in watch_crash(cluster, "public-api-lb").steps]
    [(-20, '0'), (0.0, '5/9'), (20.0, '1/3'), (50.0, '0')]
    """
    check_arguments(watch_crash, locals())
    check_seconds(seconds, "seconds")
    check_seconds(before_s, "before_s")
    twin = cluster.copy()
    found = twin.service(service)
    twin.node(node)
    if not found.load_balancer_address:
        raise NotExposed(f"{found.name} has no address yet: move the clock with cluster.advance(seconds)")
    steps = [_step(twin, found, node, -before_s, "all is well")]
    twin.fail(node)
    begin_s = twin.now_s
    steps.append(_step(twin, found, node, 0.0, f"{node} crashes; nobody has noticed it yet"))
    before = _notices(twin, found, node)
    for _ in twin.changes(begin_s + seconds):
        notices = _notices(twin, found, node)
        news = "; ".join(notice for notice in notices if notice not in before)
        before = notices
        step, last = _step(twin, found, node, twin.now_s - begin_s, news or "other things change"), steps[-1]
        # That somebody notices is a step even where nothing more, or still everything, is lost.
        if news or (step.lost, step.lost_hard_coded) != (last.lost, last.lost_hard_coded):
            steps.append(step)
    return Crash(found.key, node, before_s, seconds, tuple(steps))


def _step(twin: Cluster, service: Service, node: str, at_s: float, what: str) -> CrashStep:
    """Return what is lost now, through the load balancer and at the node that was written down."""
    client, port, own = _client(twin, service), service.ports[0], twin.node(node).addresses

    def lost(target: str) -> Fraction:
        return shares(twin, target, client, protocol=port.protocol or "TCP").lost

    front = f"http://{address(service.load_balancer_address, port.port)}"
    hard = lost(address(own[0], port.node_port)) if own and port.node_port else Fraction(1)
    return CrashStep(at_s, what, lost(front), hard)


def _client(cluster: Cluster, service: Service) -> str | None:
    """Return a client that an internal load balancer answers; None for the usual one, on the internet."""
    kind = cluster.provider.kind_of(service) if cluster.provider is not None else None
    return PRIVATE_CLIENTS[ip_version(service.cluster_ip) or 4] if is_internal(service, kind) else None


def _notices(twin: Cluster, service: Service, node: str) -> tuple[str, ...]:
    """Return in words who has noticed the crash by now."""
    health = {target.name: target.healthy for target in target_health(twin, service.key)}
    words = []
    if health.get(node) is False:
        words.append(f"the checks have failed: {node} leaves the load balancer")
    if not twin.node_ready(node):
        hosts = any(pod.node == node for pod in twin.pods)
        pods = ": its Pods leave the rules of the other nodes" if hosts else ""
        words.append(f"the cluster gives {node} up{pods}")
    moved = [pod.name for pod in twin.pods if pod.node == node and pod.terminating]
    if moved:
        words.append(f"the Pods of {node} are made anew elsewhere")
    return tuple(words)
