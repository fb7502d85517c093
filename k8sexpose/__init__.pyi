# Written by tools/generate/stub.py from the table of names in __init__.py: change that, and run it again.

from .api.errors import ApiError as ApiError
from .api.errors import ManifestError as ManifestError
from .api.errors import NotExposed as NotExposed
from .api.objects import Endpoint as Endpoint
from .api.objects import Node as Node
from .api.objects import Pod as Pod
from .api.objects import ProxyConfig as ProxyConfig
from .api.objects import Taint as Taint
from .api.service import Service as Service
from .api.service import ServicePort as ServicePort
from .cloud.load_balancer import target_health as target_health
from .cloud.providers import provider as provider
from .cloud.provisioning import Provisioning as Provisioning
from .cloud.provisioning import provision as provision
from .cost.alternatives import compare_exposure as compare_exposure
from .cost.alternatives import costs_by_services as costs_by_services
from .cost.alternatives import costs_by_traffic as costs_by_traffic
from .cost.billing import Bill as Bill
from .cost.billing import bill as bill
from .cost.prices import price_book as price_book
from .data import example as example
from .kubeproxy.health import HealthResponse as HealthResponse
from .kubeproxy.health import health_check as health_check
from .kubeproxy.health import healthz as healthz
from .kubeproxy.listing import ProxyRules as ProxyRules
from .kubeproxy.listing import proxy_rules as proxy_rules
from .kubeproxy.proxy import Verdict as Verdict
from .kubeproxy.proxy import kube_proxy as kube_proxy
from .model import Cluster as Cluster
from .plots.costs import plot_bill as plot_bill
from .plots.costs import plot_bills as plot_bills
from .plots.costs import plot_candidates as plot_candidates
from .plots.costs import plot_costs as plot_costs
from .plots.figure import describe as describe
from .plots.figure import show as show
from .plots.load_balancer import plot_crash as plot_crash
from .plots.load_balancer import plot_inside as plot_inside
from .plots.load_balancer import plot_provisioning as plot_provisioning
from .plots.network import plot_cluster as plot_cluster
from .plots.network import plot_route as plot_route
from .plots.node_ports import plot_node_ports as plot_node_ports
from .plots.node_ports import plot_success as plot_success
from .plots.policies import plot_policies as plot_policies
from .plots.policies import plot_skew as plot_skew
from .plots.traffic import plot_crossover as plot_crossover
from .plots.traffic import plot_latency as plot_latency
from .plots.traffic import plot_load as plot_load
from .plots.traffic import plot_sticky as plot_sticky
from .plots.traffic import plot_timeline as plot_timeline
from .report.diff import Diff as Diff
from .report.diff import diff as diff
from .report.review import Review as Review
from .report.review import review as review
from .router.reach import Entrance as Entrance
from .router.reach import Reach as Reach
from .router.reach import reach as reach
from .router.route import Hop as Hop
from .router.route import Route as Route
from .router.route import Shares as Shares
from .router.router import entries as entries
from .router.router import routes as routes
from .router.router import send as send
from .router.router import shares as shares
from .router.rule_trace import RuleTrace as RuleTrace
from .router.rule_trace import trace as trace
from .traffic.crash import watch_crash as watch_crash
from .traffic.policies import both_policies as both_policies
from .traffic.policies import policy_shares as policy_shares
from .traffic.policy_comparison import compare_policies as compare_policies
from .traffic.policy_comparison import latency_curves as latency_curves
from .traffic.policy_comparison import sticky_skew as sticky_skew
from .traffic.queueing import jain_index as jain_index
from .traffic.queueing import max_over_mean as max_over_mean
from .traffic.result import Traffic as Traffic
from .traffic.simulation import simulate as simulate
from .traffic.timeline import NodeDown as NodeDown
from .traffic.timeline import NodeUp as NodeUp
from .traffic.timeline import Rollout as Rollout
from .traffic.timeline import Scale as Scale
from .widgets.explorers.cost import cost_explorer as cost_explorer
from .widgets.explorers.doctor import manifest_doctor as manifest_doctor
from .widgets.explorers.failover import failover_explorer as failover_explorer
from .widgets.explorers.latency import latency_explorer as latency_explorer
from .widgets.explorers.life_cycle import life_explorer as life_explorer
from .widgets.explorers.node_port import nodeport_explorer as nodeport_explorer
from .widgets.explorers.node_port_range import node_port_range_explorer as node_port_range_explorer
from .widgets.explorers.node_port_range import port_wall_explorer as port_wall_explorer
from .widgets.explorers.policy import policy_explorer as policy_explorer
from .widgets.flow.widget import flow as flow

__all__ = [  # noqa: RUF022, the order of the table
    "Cluster",
    "ApiError",
    "ManifestError",
    "NotExposed",
    "Endpoint",
    "Node",
    "Pod",
    "ProxyConfig",
    "Taint",
    "Service",
    "ServicePort",
    "HealthResponse",
    "health_check",
    "healthz",
    "ProxyRules",
    "proxy_rules",
    "Verdict",
    "kube_proxy",
    "target_health",
    "provider",
    "Provisioning",
    "provision",
    "Hop",
    "Route",
    "Shares",
    "entries",
    "routes",
    "send",
    "shares",
    "Entrance",
    "Reach",
    "reach",
    "RuleTrace",
    "trace",
    "watch_crash",
    "both_policies",
    "policy_shares",
    "compare_policies",
    "latency_curves",
    "sticky_skew",
    "jain_index",
    "max_over_mean",
    "Traffic",
    "simulate",
    "NodeDown",
    "NodeUp",
    "Rollout",
    "Scale",
    "compare_exposure",
    "costs_by_services",
    "costs_by_traffic",
    "Bill",
    "bill",
    "price_book",
    "Diff",
    "diff",
    "Review",
    "review",
    "describe",
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
    "cost_explorer",
    "failover_explorer",
    "latency_explorer",
    "life_explorer",
    "manifest_doctor",
    "node_port_range_explorer",
    "nodeport_explorer",
    "policy_explorer",
    "port_wall_explorer",
    "flow",
    "example",
]

__version__: str

def load_ipython_extension(ipython: object) -> None: ...
