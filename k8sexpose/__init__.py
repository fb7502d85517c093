"""k8sexpose: how Kubernetes puts a Service on the internet, as a faithful model.

Names are loaded when they are first used, so that ``import k8sexpose`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Finding": "findings",
    "Review": "report",
    "review": "report",
    "PolicyShares": "policies",
    "plot_policies": "plots",
    "plot_skew": "plots",
    "policy_explorer": "explorers",
    "policy_shares": "policies",
    "Crash": "failover",
    "failover_explorer": "explorers",
    "plot_crash": "plots",
    "plot_inside": "plots",
    "plot_provisioning": "plots",
    "watch_crash": "failover",
    "flow": "visualizer",
    "NodeDown": "timeline",
    "NodeUp": "timeline",
    "Rollout": "timeline",
    "Scale": "timeline",
    "Traffic": "traffic",
    "crossover_utilisation": "queueing",
    "effective_clients": "queueing",
    "response_quantile_ms": "queueing",
    "sticky_max_over_mean": "queueing",
    "jain_index": "queueing",
    "max_over_mean": "queueing",
    "simulate": "traffic",
    "Tradeoff": "tradeoff",
    "both_policies": "policies",
    "compare_policies": "tradeoff",
    "latency_curves": "turning",
    "sticky_skew": "turning",
    "latency_explorer": "explorers",
    "plot_crossover": "plots",
    "plot_latency": "plots",
    "plot_load": "plots",
    "plot_sticky": "plots",
    "plot_timeline": "plots",
    "wait_ms": "queueing",
    "nodeport_explorer": "explorers",
    "port_wall_explorer": "explorers",
    "life_explorer": "explorers",
    "manifest_doctor": "explorers",
    "describe": "plots",
    "plot_cluster": "plots",
    "plot_node_ports": "plots",
    "plot_route": "plots",
    "plot_success": "plots",
    "show": "plots",
    "costs_by_services": "costcurves",
    "costs_by_traffic": "costcurves",
    "cost_explorer": "explorers",
    "plot_bill": "plots",
    "plot_bills": "plots",
    "plot_candidates": "plots",
    "plot_costs": "plots",
    "price_book": "pricefile",
    "bill": "cost",
    "Bill": "cost",
    "compare_exposure": "comparison",
    "break_even_services": "comparison",
    "break_even_gb": "comparison",
    "Provider": "providers",
    "provider": "profiles",
    "provision": "provisioning",
    "Provisioning": "provisioning",
    "target_health": "cloud",
    "TargetHealth": "cloud",
    "HealthResponse": "health",
    "latencies": "latency",
    "front_door": "cloud",
    "FrontDoor": "cloud",
    "shares": "router",
    "send": "router",
    "routes": "router",
    "entries": "router",
    "Shares": "route",
    "Route": "route",
    "Hop": "route",
    "Verdict": "proxy",
    "health_check": "health",
    "healthz": "health",
    "keeps_flow": "proxy",
    "kube_proxy": "proxy",
    "ProxyRules": "listing",
    "proxy_rules": "listing",
    "RuleStep": "rule_trace",
    "RuleTrace": "rule_trace",
    "trace": "rule_trace",
    "ApiError": "errors",
    "Cluster": "cluster",
    "Endpoint": "objects",
    "example": "files",
    "ManifestError": "errors",
    "Node": "objects",
    "NotExposed": "errors",
    "Pod": "objects",
    "ProxyConfig": "objects",
    "Service": "service",
    "ServicePort": "service",
    "Taint": "objects",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Make ``%kubectl`` and ``%curl`` known to a notebook (``%load_ext k8sexpose``)."""
    from .kubectl.magics import load

    load(ipython)
