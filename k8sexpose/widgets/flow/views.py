"""The parts of a scene: who asks, the Service, the nodes with their Pods, and the shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .steps import node_place

__all__ = ["NodeView", "PodView", "Question", "ServiceView", "Share"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the router.

    Parameters
    ----------
    target : str
        As for `k8sexpose.send`.
    client : str, optional
        As for `k8sexpose.send`.
    protocol : str
        As for `k8sexpose.send`.
    via : str or sequence of str, optional
        As for `k8sexpose.send`.

    Examples
    --------
    >>> Question("web").protocol
    'TCP'
    """

    target: str
    client: str | None = None
    protocol: str = "TCP"
    via: str | Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """A Pod of the picture.

    Parameters
    ----------
    place, name, ip : str
        Its place, name and address.
    state : str
        ``ready``, ``not ready`` or ``terminating``.
    endpoint : bool
        Whether it belongs to the Service.
    asks : bool
        Whether it is the client.
    share : Fraction
        The share of all packets that it answers.

    Examples
    --------
    >>> PodView("pod:default/web-1", "web-1").state
    'ready'
    """

    place: str
    name: str
    ip: str = ""
    state: str = "ready"
    endpoint: bool = True
    asks: bool = False
    share: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the picture.

    Parameters
    ----------
    name, ip, zone : str
        Its name, first address and zone.
    down, proxy_stopped : bool
        Crashed; kube-proxy stopped.
    pods : tuple of PodView
        The Pods that matter here.
    others : int
        How many more Pods run on it.
    red : bool
        The load balancer's check of it fails.

    Examples
    --------
    >>> NodeView("node-1").place
    'node:node-1'
    """

    name: str
    ip: str = ""
    zone: str = ""
    down: bool = False
    proxy_stopped: bool = False
    pods: tuple[PodView, ...] = ()
    others: int = 0
    red: bool = False

    @property
    def place(self) -> str:
        """Its place in the picture."""
        return node_place(self.name)

    @property
    def share(self) -> Fraction:
        """The share of all packets that its Pods answer."""
        return sum((pod.share for pod in self.pods), Fraction(0))


@dataclass(frozen=True, slots=True)
class ServiceView:
    """The Service of the picture, and its three doors.

    Parameters
    ----------
    name, namespace, type : str
        Of the Service.
    inner : str
        ``clusterIP:port``; empty where there is none.
    window : int
        The nodePort; 0 where there is none.
    front : str
        ``address:port`` of the load balancer; empty where there is none.
    policy : str
        ``externalTrafficPolicy``; empty where the Service has none.

    Examples
    --------
    >>> ServiceView("web").label
    'web (ClusterIP)'
    """

    name: str
    namespace: str = "default"
    type: str = "ClusterIP"
    inner: str = ""
    window: int = 0
    front: str = ""
    policy: str = ""

    @property
    def label(self) -> str:
        """Name and type."""
        name = self.name if self.namespace == "default" else f"{self.namespace}/{self.name}"
        return f"{name} ({self.type})"


@dataclass(frozen=True, slots=True)
class Share:
    """One line of the table of shares.

    Parameters
    ----------
    place, label : str
        A Pod, a node, or ``lost`` and ``extra hop``.
    expected : Fraction
        The exact share.

    Examples
    --------
    >>> Share("lost", "lost", Fraction(1, 3)).text
    '1/3 = 33.3%'
    """

    place: str
    label: str
    expected: Fraction

    @property
    def text(self) -> str:
        """The share as a fraction and in percent."""
        percent = f"{float(self.expected):.1%}"
        return percent if self.expected.denominator in (1, 100) else f"{self.expected} = {percent}"
