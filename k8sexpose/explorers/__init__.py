"""The explorers: labelled controls, and a picture that a pure function draws from their values."""

from __future__ import annotations

from .cost import CostExplorer, CostSetting, cost_explorer
from .crash import CrashExplorer, CrashSetting, failover_explorer
from .explorer import Explorer
from .keys import Keys
from .nodeport import NodePortExplorer, NodePortSetting, nodeport_explorer
from .slider import Slider

__all__ = [
    "CostExplorer",
    "CostSetting",
    "CrashExplorer",
    "CrashSetting",
    "Explorer",
    "Keys",
    "NodePortExplorer",
    "NodePortSetting",
    "Slider",
    "cost_explorer",
    "failover_explorer",
    "nodeport_explorer",
]
