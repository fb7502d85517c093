"""How Kubernetes puts a Service on the internet, as a faithful model.

First steps, in a notebook or at a Python prompt::

    import k8sexpose as kx

    cluster = kx.Cluster(nodes=3)  # three nodes, in the zones a, b and c
    cluster.deploy("api-backend", per_node=[3, 1, 0])  # four Pods, labelled app=api-backend
    cluster.apply(kx.example("public-api-lb"))  # a Service, as kubectl apply would send it
    kx.send(cluster, "public-api-lb")  # one request, hop by hop

Then ask the same cluster

- which ways there are, and how probable each is: ``kx.routes``, ``kx.shares``; by which node: ``kx.entries``
- what one node does with one packet: ``kx.kube_proxy``
- what many requests feel, and what it costs: ``kx.simulate``, ``kx.bill``, ``kx.compare_exposure``
- how it looks, with controls: ``kx.flow`` and the explorers, ``kx.policy_explorer`` and others
- what your own cluster does: ``kx.Cluster.from_json``, ``kx.review``

``%load_ext k8sexpose`` makes ``%kubectl``, ``%curl`` and ``%ssh`` known to a notebook. The lessons open with
``k8sexpose lab`` in a terminal. ``help(kx.Cluster)``, or ``kx.Cluster?`` in a notebook, explains a name, with an
example.

Names are loaded when they are first used, so that ``import k8sexpose`` costs next to nothing.
"""

from __future__ import annotations

# Only for type checkers, which know the name: typing and what it loads cost more than all the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

# tools/generate/stub.py writes __init__.pyi from this table, for editors and type checkers.
_NAMES = {
    "model": "Cluster",
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
    "traffic.crash": "watch_crash",
    "traffic.policies": "both_policies policy_shares",
    "traffic.policy_comparison": "compare_policies latency_curves sticky_skew",
    "traffic.queueing": "jain_index max_over_mean",
    "traffic.simulation": "Traffic simulate",
    "traffic.timeline": "NodeDown NodeUp Rollout Scale",
    "cost.alternatives": "compare_exposure costs_by_services costs_by_traffic",
    "cost.billing": "Bill bill",
    "cost.prices": "price_book",
    "report.diff": "Diff diff",
    "report.review": "Review review",
    "plots": (
        "describe plot_bill plot_bills plot_candidates plot_cluster plot_costs plot_crash plot_crossover "
        "plot_inside plot_latency plot_load plot_node_ports plot_policies plot_provisioning plot_route "
        "plot_skew plot_sticky plot_success plot_timeline show"
    ),
    "widgets.explorers": (
        "cost_explorer failover_explorer latency_explorer life_explorer manifest_doctor "
        "node_port_range_explorer nodeport_explorer policy_explorer port_wall_explorer"
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

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = _load(_HOME[name], name)
        globals()[name] = value
        return value
    for module, names in _LEFT.items():
        for text in names.split():
            before, _, now = text.partition("=")
            if before == name:
                import warnings

                said = f"kx.{name} is no longer offered here; write: from k8sexpose.{module} import {now or name}"
                warnings.warn(said, DeprecationWarning, stacklevel=2)
                return _load(module, now or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _load(module: str, name: str) -> Any:
    import importlib

    try:
        return getattr(importlib.import_module(f".{module}", __name__), name)
    except ImportError as error:
        from .lab import explain_import

        raise explain_import(f"kx.{name}", error) from error


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__spec__", "__version__"]


def load_ipython_extension(ipython: Any) -> None:
    """Make ``%kubectl``, ``%curl`` and ``%ssh`` known to a notebook, and explain names that nothing has given yet."""
    from .kubectl import magics

    magics.load(ipython)
    ipython.set_custom_exc((NameError,), _explain_name)


def _explain_name(*error: Any, **options: Any) -> None:
    """Explain a name that nothing has given yet; the lessons are loaded only then."""
    from .lessons.unknown_names import explain

    explain(*error, **options)
