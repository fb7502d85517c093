"""The explorers: labelled controls, and a picture that a pure function draws from their values."""

from __future__ import annotations

from .cost import CostExplorer, CostSetting, cost_explorer
from .crash import CrashExplorer, CrashSetting, failover_explorer
from .explorer import Explorer
from .keys import Keys
from .latency import LatencyExplorer, latency_explorer
from .nodeport import NodePortExplorer, NodePortSetting, nodeport_explorer
from .policy import PolicyExplorer, PolicySetting, policy_explorer
from .sides import LatencySetting
from .slider import Slider

__all__ = [
    "CostExplorer",
    "CostSetting",
    "CrashExplorer",
    "CrashSetting",
    "Explorer",
    "Keys",
    "LatencyExplorer",
    "LatencySetting",
    "NodePortExplorer",
    "NodePortSetting",
    "PolicyExplorer",
    "PolicySetting",
    "Slider",
    "cost_explorer",
    "failover_explorer",
    "latency_explorer",
    "nodeport_explorer",
    "policy_explorer",
]
