"""The table of lesson 2: what the health check of each load balancer asks, and how long a failed node stays in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..._display import html_table
from ...cloud.providers import provider

__all__ = ["HealthChecks", "health_checks"]

# Provider, kind of load balancer, and what the table calls it.
SHOWN = (
    ("generic", "l4", "this course"),
    ("gcp", "target_pool", "Google (GKE)"),
    ("azure", "standard", "Azure (AKS)"),
    ("linode", "nodebalancer", "Linode"),
    ("aws", "nlb", "AWS: NLB, in-tree controller"),
    ("aws", "nlb_instance", "AWS: NLB, AWS Load Balancer Controller"),
    ("aws", "nlb_ip", "AWS: NLB that sends directly to Pods"),
)
ASKED = {
    "kube_proxy": "kube-proxy on the node",
    "node_port": "the node port: some Pod, on any node, must accept",
    "pod": "the Pod itself",
}
HEAD = ("load balancer", "protocol", "what is asked", "every", "failures", "removed after at most")


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """The health check of each load balancer under the default policy; shows as a table in a notebook.

    Parameters
    ----------
    rows : tuple of tuple of str
        For each load balancer its name, the protocol, what is asked, how often, how many failures, and their product.

    Examples
    --------
    >>> HealthChecks(()).rows
    ()
    """

    rows: tuple[tuple[str, ...], ...]

    @property
    def _caption(self) -> str:
        return "What each health check asks, with the controllers' default values"

    def __repr__(self) -> str:
        return "\n".join([self._caption, " | ".join(HEAD), *(" | ".join(row) for row in self.rows)])

    def _repr_html_(self) -> str:
        return html_table(self._caption, HEAD, self.rows)


def health_checks() -> HealthChecks:
    """List what the health check of each load balancer asks, from the data of the providers.

    Returns
    -------
    HealthChecks
        A table.

    Examples
    --------
    >>> health_checks().rows[0][3:]
    ('10 s', '2', '20 s')
    """
    return HealthChecks(tuple(_rows()))


def _rows() -> Iterator[tuple[str, ...]]:
    for cloud, name, title in SHOWN:
        kind = next(kind for kind in provider(cloud).kinds if kind.name == name)
        asks = kind.check_cluster
        times = f"{asks.interval_s:g} s", str(asks.unhealthy), f"{asks.seconds_to_unhealthy:g} s"
        yield title, asks.protocol, ASKED[asks.port], *times
