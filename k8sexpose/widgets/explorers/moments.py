"""The life of a load balancer, second by second: what stands in the status, and which targets are healthy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...cloud.load_balancer import target_health
from ...cloud.provisioning import provision
from ...data import example
from ...kubectl import run
from ...model import Cluster

__all__ = ["CRASHES", "DELETED", "END_S", "NAME", "NODES", "NOTHING", "PROVIDERS", "Life", "LifeSetting", "Moment"]

NAME, NODE, NODES = "public-api-lb", "node-1", ("node-1", "node-2", "node-3")
END_S = 360
SPEAKING = "metallb-controller"
PROVIDERS = {"generic": "generic", "aws": "aws", "metallb": "metallb", "none: nobody builds one": "none"}
NOTHING, CRASHES, DELETED = "nothing", f"{NODE} crashes", "the Service is deleted"


@dataclass(frozen=True, slots=True)
class LifeSetting:
    """What can be set in the explorer.

    Parameters
    ----------
    seconds : int
        The moment that is shown: seconds since ``kubectl apply``, from 0 to 360.
    provider : str
        ``generic``, ``aws``, ``metallb`` or ``none``.
    happens : str
        ``nothing``, ``node-1 crashes`` or ``the Service is deleted``.
    happens_at_s : int
        When.

    Examples
    --------
    >>> LifeSetting(29).moment.address, LifeSetting(30).moment.address
    ('<pending>', '198.51.100.125')
    """

    seconds: int = 15
    provider: str = "generic"
    happens: str = NOTHING
    happens_at_s: int = 90

    @property
    def life(self) -> Life:
        """The whole life."""
        at_s = 0 if self.happens == NOTHING else self.happens_at_s
        return _life(self.provider, self.happens, at_s)

    @property
    def moment(self) -> Moment:
        """What is the case at the moment that is shown."""
        return self.life.moments[self.seconds]

    @property
    def terminal(self) -> str:
        """What kubectl prints at that moment."""
        at_s = 0 if self.happens == NOTHING else self.happens_at_s
        return _terminal(self.provider, self.happens, at_s, self.seconds)

    @property
    def python(self) -> str:
        """The same as a program."""
        provider = "None" if self.provider == "none" else f'"{self.provider}"'
        lines = [
            f"cluster = kx.Cluster(nodes=3, provider={provider})",
            'cluster.deploy("api-backend", per_node=[1, 1, 1])',
            f'cluster.apply(kx.example("{NAME}"))',
        ]
        if self.happens == NOTHING or self.happens_at_s > self.seconds:
            lines.append(f"cluster.advance({self.seconds})")
        else:
            verb = f'cluster.fail("{NODE}")' if self.happens == CRASHES else f'cluster.delete("{NAME}")'
            lines += [f"cluster.advance({self.happens_at_s})", verb]
            lines.append(f"cluster.advance({self.seconds - self.happens_at_s})")
        return "\n".join([*lines, "%kubectl get svc", "%kubectl get events"]) + "\n"


# -- asking the model --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """What is the case at one moment.

    Parameters
    ----------
    address : str
        What stands under EXTERNAL-IP; empty once the Service is gone.
    targets : tuple of (str, bool)
        The load balancer's targets, and whether it takes each for healthy.

    Examples
    --------
    >>> Moment("<pending>").state("node-1")
    'no target'
    """

    address: str
    targets: tuple[tuple[str, bool], ...] = ()

    def state(self, node: str) -> str:
        """Say what a node is to the load balancer."""
        healthy = dict(self.targets).get(node)
        return "no target" if healthy is None else "healthy" if healthy else "unhealthy"


@dataclass(frozen=True, slots=True)
class Life:
    """A whole life: a moment for each second, and what happened.

    Parameters
    ----------
    moments : tuple of Moment
        From second 0 to the last.
    steps : tuple of (float, str, str, str)
        Seconds, who, what, and the reason of the event on the Service.

    Examples
    --------
    >>> [step[0] for step in LifeSetting().life.steps]
    [0.0, 0.0, 10.0, 30.0]
    """

    moments: tuple[Moment, ...]
    steps: tuple[tuple[float, str, str, str], ...]

    def spans(self, of: Any) -> Iterator[tuple[int, int, str]]:
        """Give the stretches in which a property of the moments stays the same: from, to, and what it is."""
        start, state = 0, of(self.moments[0])
        for second, moment in enumerate(self.moments[1:], 1):
            if of(moment) != state:
                yield start, second, state
                start, state = second, of(moment)
        yield start, len(self.moments) - 1, state


def _applied(provider: str) -> Cluster:
    cluster = Cluster(nodes=len(NODES), provider=None if provider == "none" else provider)
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    cluster.apply(example(NAME))
    return cluster


def _happen(cluster: Cluster, happens: str) -> None:
    if happens == CRASHES:
        cluster.fail(NODE)
    elif happens == DELETED:
        cluster.delete(NAME)


def _moment(cluster: Cluster) -> Moment:
    service = cluster.store.services.get(("default", NAME))
    if service is None:
        # The cloud may still be taking it down; the Service itself is what kubectl sees.
        return Moment("")
    address = next((entry.address for entry in service.load_balancer_ingress if entry.address), "<pending>")
    return Moment(address, tuple((target.name, target.healthy) for target in target_health(cluster, NAME)))


@lru_cache(maxsize=256)
def _life(provider: str, happens: str, happens_at_s: int) -> Life:
    cluster = _applied(provider)
    steps = [(step.at_s, step.actor, step.what, step.event) for step in provision(cluster, NAME).steps]
    moments = []
    for second in range(END_S + 1):
        if second:
            cluster.advance(1)
        if happens != NOTHING and second == happens_at_s:
            steps = [step for step in steps if step[0] <= second]
            known = len(cluster.events)
            _happen(cluster, happens)
            steps.append((float(second), "you" if happens == DELETED else "bad luck", happens, ""))
        moments.append(_moment(cluster))
        if happens != NOTHING and second >= happens_at_s:
            if moments[-2:-1]:
                steps += _flips(cluster, moments[-2], moments[-1])
            for event in cluster.events[known:]:
                if event.object == f"service/{NAME}":
                    steps.append((event.at_s, event.source, event.message, event.reason))
            known = len(cluster.events)
    return Life(tuple(moments), tuple(sorted(steps, key=lambda step: step[0])))


def _flips(cluster: Cluster, before: Moment, after: Moment) -> Iterator[tuple[float, str, str, str]]:
    """Give what the load balancer has changed its mind about."""
    if before.address and not after.address:
        yield cluster.now_s, "API server", "the Service is gone", ""
    if not after.address:
        return
    since = {target.name: target.since_s for target in target_health(cluster, NAME)}
    changed: dict[tuple[float, str], list[str]] = {}
    for node in NODES:
        if before.state(node) != after.state(node):
            changed.setdefault((since.get(node, cluster.now_s), after.state(node)), []).append(node)
    for (at_s, state), nodes in changed.items():
        # MetalLB runs no load balancer: its speakers watch each other.
        who = "speakers" if cluster.load_balancers["default/" + NAME].kind.controller == SPEAKING else "load balancer"
        yield at_s, who, f"{', '.join(nodes)}: {state}", ""


@lru_cache(maxsize=1024)
def _terminal(provider: str, happens: str, happens_at_s: int, seconds: int) -> str:
    cluster = _applied(provider)
    if happens == NOTHING or happens_at_s > seconds:
        cluster.advance(seconds)
    else:
        cluster.advance(happens_at_s)
        _happen(cluster, happens)
        cluster.advance(seconds - happens_at_s)
    shown = []
    for command in ("get svc", "get events"):
        done = run(cluster, command)
        shown.append(f"$ kubectl {command}\n{done.stdout}{done.stderr}")
    return "\n".join(shown)
