"""The explorers: labelled controls, and a picture that a pure function draws from their values."""

from __future__ import annotations

from .base import Explorer
from .cost import CostExplorer, CostSetting, cost_explorer
from .failover import CrashExplorer, CrashSetting, failover_explorer
from .keys import Keys
from .latency import LatencyExplorer, latency_explorer
from .latency_sides import LatencySetting
from .life_cycle import LifeExplorer, LifeSetting, life_explorer
from .manifest_doctor import DoctorSetting, ManifestDoctor, manifest_doctor
from .node_port import NodePortExplorer, NodePortSetting, nodeport_explorer
from .node_port_range import PortWallExplorer, WallSetting, port_wall_explorer
from .policy import PolicyExplorer, PolicySetting, policy_explorer
from .slider import Slider

__all__ = [
    "CostExplorer",
    "CostSetting",
    "CrashExplorer",
    "CrashSetting",
    "DoctorSetting",
    "Explorer",
    "Keys",
    "LatencyExplorer",
    "LatencySetting",
    "LifeExplorer",
    "LifeSetting",
    "ManifestDoctor",
    "NodePortExplorer",
    "NodePortSetting",
    "PolicyExplorer",
    "PolicySetting",
    "PortWallExplorer",
    "Slider",
    "WallSetting",
    "cost_explorer",
    "failover_explorer",
    "latency_explorer",
    "life_explorer",
    "manifest_doctor",
    "nodeport_explorer",
    "policy_explorer",
    "port_wall_explorer",
]
