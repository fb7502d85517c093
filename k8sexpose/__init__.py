"""k8sexpose: how Kubernetes puts a Service on the internet, as a faithful model.

Names are loaded when they are first used, so that ``import k8sexpose`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

__version__ = "0.1.0"

_NAMES = {
    "api.errors": "ApiError ManifestError NotExposed",
    "api.objects": "Endpoint Node Pod ProxyConfig Taint",
    "api.service": "Service ServicePort",
    "kubeproxy.health": "HealthResponse health_check healthz",
    "kubeproxy.listing": "ProxyRules proxy_rules",
    "kubeproxy.proxy": "Verdict kube_proxy",
    "cloud.load_balancer": "target_health",
    "cloud.providers": "provider",
    "cloud.provisioning": "Provisioning provision",
    "router.route": "Hop Route Shares",
    "router.router": "entries routes send shares",
    "router.reach": "Entrance Reach reach",
    "router.rule_trace": "RuleTrace trace",
    "model": "Cluster",
    "traffic.crash": "watch_crash",
    "traffic.policies": "both_policies policy_shares",
    "traffic.policy_comparison": "compare_policies latency_curves sticky_skew",
    "traffic.queueing": "jain_index max_over_mean",
    "traffic.simulation": "Traffic simulate",
    "traffic.timeline": "NodeDown NodeUp Rollout Scale",
    "cost.alternatives": "compare_exposure costs_by_services costs_by_traffic",
    "cost.billing": "Bill bill",
    "cost.prices": "price_book",
    "report.review": "Review review",
    "plots": (
        "describe plot_bill plot_bills plot_candidates plot_cluster plot_costs plot_crash plot_crossover "
        "plot_inside plot_latency plot_load plot_node_ports plot_policies plot_provisioning plot_route "
        "plot_skew plot_sticky plot_success plot_timeline show"
    ),
    "widgets.explorers": (
        "cost_explorer failover_explorer latency_explorer life_explorer manifest_doctor "
        "nodeport_explorer policy_explorer port_wall_explorer"
    ),
    "widgets.flow": "flow",
    "data": "example",
}

# Names that left this level in 0.2: they are imported from their modules, where one of them has another name now.
_LEFT = {
    "cluster.latency": "latencies",
    "kubeproxy.proxy": "keeps_flow",
    "cloud.front_door": "FrontDoor front_door",
    "cloud.load_balancer": "TargetHealth",
    "cloud.providers": "Provider",
    "traffic.crash": "Crash",
    "traffic.policies": "PolicyShares",
    "traffic.policy_comparison": "Tradeoff=PolicyComparison",
    "traffic.queueing": "crossover_utilisation effective_clients response_quantile_ms sticky_max_over_mean wait_ms",
    "cost.alternatives": "break_even_gb break_even_services",
    "report.findings": "Finding",
}


_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}
_OLD_HOME = {
    name.partition("=")[0]: (module, name.partition("=")[2] or name)
    for module, names in _LEFT.items()
    for name in names.split()
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _OLD_HOME:
        module, now = _OLD_HOME[name]
        said = f"kx.{name} is no longer offered here; write: from k8sexpose.{module} import {now}"
        warnings.warn(said, DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(f".{module}", __name__), now)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Make ``%kubectl``, ``%curl`` and ``%ssh`` known to a notebook (``%load_ext k8sexpose``)."""
    from .kubectl.magics import load

    load(ipython)
