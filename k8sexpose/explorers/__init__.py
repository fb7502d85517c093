"""The explorers: labelled controls, and a picture that a pure function draws from their values."""

from __future__ import annotations

from .cost import CostExplorer, CostSetting, cost_explorer
from .crash import CrashExplorer, CrashSetting, failover_explorer
from .doctor import DoctorSetting, ManifestDoctor, manifest_doctor
from .explorer import Explorer
from .keys import Keys
from .latency import LatencyExplorer, latency_explorer
from .life import LifeExplorer, life_explorer
from .moments import LifeSetting
from .nodeport import NodePortExplorer, NodePortSetting, nodeport_explorer
from .policy import PolicyExplorer, PolicySetting, policy_explorer
from .sides import LatencySetting
from .slider import Slider
from .wall import PortWallExplorer, port_wall_explorer
from .windows import WallSetting

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
