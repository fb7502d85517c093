"""Figures from results: a plot takes a result and returns the `Axes`; `show` puts it on the page with its description.

In reading order: `figure` makes a figure that belongs to nobody else and describes it in a sentence computed from the
data. `network` draws cluster and route, `node_ports` the range of node ports, `load_balancer` provisioning, a look
inside and a crash, `policies` skew under each policy, `traffic` load and latency, `costs` the bills.

No figure belongs to pyplot: nothing is shown twice, and no setting of matplotlib is changed. A figure has one colour
and one marker for each concept, from `k8sexpose._palette`. Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .costs import plot_bill, plot_bills, plot_candidates, plot_costs
    from .figure import Picture, describe, show
    from .load_balancer import plot_crash, plot_inside, plot_provisioning
    from .network import Stretch, legs, plot_cluster, plot_route
    from .node_ports import plot_node_ports, plot_success
    from .policies import plot_policies, plot_skew
    from .traffic import plot_crossover, plot_latency, plot_load, plot_sticky, plot_timeline

__all__ = [
    "Picture",
    "Stretch",
    "describe",
    "legs",
    "plot_bill",
    "plot_bills",
    "plot_candidates",
    "plot_cluster",
    "plot_costs",
    "plot_crash",
    "plot_crossover",
    "plot_inside",
    "plot_latency",
    "plot_load",
    "plot_node_ports",
    "plot_policies",
    "plot_provisioning",
    "plot_route",
    "plot_skew",
    "plot_sticky",
    "plot_success",
    "plot_timeline",
    "show",
]

_NAMES = {
    "costs": "plot_bill plot_bills plot_candidates plot_costs",
    "figure": "Picture describe show",
    "load_balancer": "plot_crash plot_inside plot_provisioning",
    "network": "Stretch legs plot_cluster plot_route",
    "node_ports": "plot_node_ports plot_success",
    "policies": "plot_policies plot_skew",
    "traffic": "plot_crossover plot_latency plot_load plot_sticky plot_timeline",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
