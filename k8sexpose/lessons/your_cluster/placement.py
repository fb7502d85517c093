"""The Pods of a cluster, counted by their labels: what a Service's selector can find, and on which nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..._display import html_table
from ...api.objects import Pod
from ...model import Cluster

__all__ = ["PodsByLabel", "pods_by_label"]

HEAD = ("namespace", "label", "Pods", "ready", "Pods on each node, zone by zone")


@dataclass(frozen=True, slots=True, repr=False)
class PodsByLabel:
    """A table of Pods, a line for each label; shows as a table in a notebook.

    Parameters
    ----------
    rows : tuple of tuple of str
        Namespace, label, number of Pods, number of ready Pods, and how many are on each node of each zone.

    Examples
    --------
    >>> PodsByLabel((("shop", "app=api", "2", "2", "a: 1 1"),))
    namespace  label    Pods  ready  Pods on each node, zone by zone
    shop       app=api  2     2      a: 1 1
    """

    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        lines = [HEAD, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def _repr_html_(self) -> str:
        return html_table("Pods in the namespaces that have a Service with a selector", HEAD, self.rows)


def pods_by_label(cluster: Cluster) -> PodsByLabel:
    """Count the Pods of a cluster by namespace and labels, where a Service of that namespace selects Pods.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.

    Returns
    -------
    PodsByLabel
        The table.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> pods_by_label(cluster).rows
    (('default', 'app=api-backend', '3', '3', 'a: 2; b: 1'),)
    """
    spaces = {service.namespace for service in cluster.services if service.selector}
    groups: dict[tuple[str, str], list[Pod]] = defaultdict(list)
    for pod in cluster.pods:
        if pod.namespace in spaces:
            label = ",".join(f"{key}={value}" for key, value in sorted(pod.labels.items()))
            groups[pod.namespace, label].append(pod)
    return PodsByLabel(
        tuple(
            (space, label, str(len(pods)), str(sum(pod.ready for pod in pods)), "; ".join(_by_zone(cluster, pods)))
            for (space, label), pods in sorted(groups.items())
        )
    )


def _by_zone(cluster: Cluster, pods: Sequence[Pod]) -> Iterator[str]:
    """Yield for each zone how many of the Pods each of its nodes has; the zone by its last letter."""
    zones: dict[str, list[int]] = {}
    for node in cluster.nodes:
        zones.setdefault(node.zone or "", []).append(sum(pod.node == node.name for pod in pods))
    for zone, counts in sorted(zones.items()):
        numbers = " ".join(map(str, counts))
        yield f"{zone[-1:]}: {numbers}" if zone else numbers
