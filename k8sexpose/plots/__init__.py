"""Figures from results: a plot takes a result and returns the `Axes`; `show` puts it on the page, with its description.

No figure belongs to pyplot: nothing is shown twice, no setting of matplotlib is changed. Every figure brings its own
light background, so that it reads on a dark page too.
"""

from __future__ import annotations

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
