"""How a load balancer comes to life: the steps from ``<pending>`` to an address, or why it stays pending."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from .._display import html_table
from ..api.checks import check_arguments
from ..api.objects import Event
from ..api.service import Service
from ..cluster.state import ClusterState
from .events import EVENT_TEXTS
from .load_balancer import LoadBalancer
from .providers import NODE_PORT, TO_POD

__all__ = ["Provisioning", "ProvisioningStep", "ProvisioningWatch", "provision"]

LONGEST_S = 3600.0
FAILURES_SHOWN = 2
CALL = "sees the Service, and calls the cloud"


def _reasons(event_key: str) -> set[str]:
    """Return the reasons under which the controllers report an event."""
    return {events.texts[event_key][1] for events in EVENT_TEXTS.values() if event_key in events.texts}


CALLS = _reasons("ensuring")
DONE = _reasons("ensured")
FAILED = _reasons("failed") | _reasons("over_quota")


@dataclass(frozen=True, slots=True)
class ProvisioningStep:
    """One step from ``<pending>`` to an address.

    Parameters
    ----------
    at_s : float
        Cluster time, in seconds.
    actor : str
        The component that acts.
    what : str
        What it does.
    event : str
        Reason of the event on the Service; empty where there is none.

    Examples
    --------
    >>> str(ProvisioningStep(0, "API server", "has allocated nodePort 31234"))
    '     0 s  API server: has allocated nodePort 31234'
    """

    at_s: float
    actor: str
    what: str
    event: str = ""

    def __str__(self) -> str:
        return f"{self.at_s:6g} s  {self.actor}: {self.what}" + (f"  [{self.event}]" if self.event else "")


@dataclass(frozen=True, slots=True)
class Provisioning:
    """How one Service gets from ``<pending>`` to an address; shows as a table in a notebook.

    Parameters
    ----------
    service : str
        ``namespace/name``.
    steps : tuple of ProvisioningStep
        What happens, in order.
    address : str or None
        The address in the status in the end; None if it stays ``<pending>``.
    reason : str
        Why it stays ``<pending>``; empty otherwise.

    Examples
    --------
    >>> Provisioning("default/web", (), None, "no controller").pending
    True
    """

    service: str
    steps: tuple[ProvisioningStep, ...]
    address: str | None
    reason: str = ""

    @property
    def pending(self) -> bool:
        """True if the status will never have an address."""
        return self.address is None

    @property
    def seconds(self) -> float:
        """Seconds from the first step to the last."""
        return self.steps[-1].at_s - self.steps[0].at_s if self.steps else 0.0

    def __str__(self) -> str:
        return "\n".join([self._title(), *map(str, self.steps)])

    __repr__ = __str__

    def _title(self) -> str:
        return f"{self.service}: {self.address or f'<pending> for ever: {self.reason}'}"

    def _repr_html_(self) -> str:
        rows = [(f"{step.at_s:g} s", step.actor, step.what, step.event) for step in self.steps]
        return html_table(self._title(), ("time", "who", "what", "event"), rows, unbroken=[0])


def provision(cluster: ClusterState, service: str) -> Provisioning:
    """Preview how a Service gets its address; the cluster stays as it is.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    service : str
        ``name`` or ``namespace/name`` of a Service of type LoadBalancer.

    Returns
    -------
    Provisioning
        Timed steps until the address is in the status, or the reason why it never will be.

    Raises
    ------
    ApiError
        If there is no such Service.
    ValueError
        If it is not of type LoadBalancer.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster()
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> [step.at_s for step in provision(cluster, "public-api-lb").steps]
    [0.0, 0.0, 10.0, 30.0]
    """
    check_arguments(provision, locals())
    found = cluster.service(service)
    if found.type != "LoadBalancer":
        raise ValueError(f"{found.name} is of type {found.type}: nobody makes a load balancer for it")
    watched = ProvisioningWatch(cluster.copy(), found)
    end_s = cluster.now_s + LONGEST_S
    for _ in () if watched.address else watched.cluster.steps(end_s):
        watched.note()
        if watched.address or watched.hopeless:
            break
    address = watched.address
    return Provisioning(found.key, tuple(watched.steps), address, "" if address else watched.reason)


class ProvisioningWatch:
    """A cluster, in which the provisioning of one Service is watched: every step so far."""

    def __init__(self, cluster: ClusterState, service: Service) -> None:
        self.cluster = cluster
        self.service = service
        self.events = len(cluster.events)
        self.live: LoadBalancer | None = cluster.load_balancers.get(service.key)
        self.failures = 0
        self.last_failure = ""
        self.steps = [ProvisioningStep(cluster.now_s, "API server", _allocated(service))]
        if self.address:
            self.add("cloud controller", f"{self.address} stands in the status")

    @property
    def address(self) -> str | None:
        """The address in the status."""
        now = self.cluster.store.services.get((self.service.namespace, self.service.name))
        return (now.load_balancer_address or None) if now else None

    @property
    def hopeless(self) -> bool:
        """True if it has failed so often that no address is to be expected."""
        return self.failures >= FAILURES_SHOWN and self.live is None

    @property
    def reason(self) -> str:
        """The reason why there is no address."""
        if self.last_failure:
            return self.last_failure
        if self.service.load_balancer_class is not None:
            return f"nobody here serves the loadBalancerClass {self.service.load_balancer_class}, and no event says so"
        return "no controller here makes load balancers, and no event says so"

    def note(self) -> None:
        """Add what has happened since the last time to the steps."""
        before, self.live = self.live, self.cluster.load_balancers.get(self.service.key)
        # Health checks run ahead of the clock: what a speaker says after them is still to come.
        news = list(takewhile(lambda event: event.at_s <= self.cluster.now_s, self.cluster.events[self.events :]))
        self.events += len(news)
        mine = (f"service/{self.service.name}", self.service.namespace)
        about = [event for event in news if (event.object, event.namespace) == mine]
        if before is None and self.live is not None and not any(event.reason in CALLS for event in about):
            self.add(self.live.kind.controller, self._calls)
        if self.live is not None and self.live.targets is not None and (before is None or before.targets is None):
            self.add("speakers" if self.live.kind.address == "pool" else "cloud", _wired(self.live))
        for event in about:
            self._add_event(event)

    @property
    def _calls(self) -> str:
        """The step in which the controller sees the Service."""
        pool = self.live is not None and self.live.kind.address == "pool"
        return "sees the Service, and takes an address from its pool" if pool else CALL

    def _add_event(self, event: Event) -> None:
        """Add an event on the Service to the steps."""
        what = event.message
        if event.reason in CALLS:
            what = self._calls
        elif event.reason in DONE:
            what = f"writes {self.address} into the status"
        elif event.reason in FAILED:
            self.failures += 1
            self.last_failure = event.message
        self.add(event.source, what, event.reason)

    def add(self, actor: str, what: str, event: str = "") -> None:
        """Add a step that is done now."""
        self.steps.append(ProvisioningStep(self.cluster.now_s, actor, what, event))


def _allocated(service: Service) -> str:
    """Return the step in which the API server allocates ports."""
    ports = ", ".join(str(port.node_port) for port in service.ports if port.node_port)
    text = f"allocates nodePort {ports} while apply runs" if ports else "allocates no nodePort"
    if service.health_check_node_port:
        text += f", and healthCheckNodePort {service.health_check_node_port}"
    return text


def _wired(live: LoadBalancer) -> str:
    """Return the step in which the cloud registers the targets."""
    assert live.targets is not None
    count, kind = len(live.targets.names), live.kind
    if kind.data_path == TO_POD:
        return f"registers {count} Pods as targets, at their targetPort"
    ports = ", ".join(str(port.node_port) for port in live.service.ports if port.node_port)
    way = f"on nodePort {ports}" if kind.data_path == NODE_PORT else "with the load balancer's own address"
    if kind.address == "pool":
        return f"agree which of {count} nodes answers for the address"
    return f"registers {count} nodes as targets, {way}"
