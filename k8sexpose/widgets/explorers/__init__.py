"""The explorers: labelled controls, and a picture that a pure function draws from their values.

`base` is what they share: controls, picture, sentence, table, a page that keeps its height; `keys` and `slider` are
the controls that ipywidgets lacks. Then one file each: `node_port`, `node_port_range`, `life_cycle`, `failover`,
`policy`, `latency` (its picture in `latency_sides`), `cost`, `doctor` for manifests (what it says is in `diagnosis`).

Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import Explorer
    from .cost import CostExplorer, CostSetting, cost_explorer
    from .doctor import DoctorSetting, ManifestDoctor, manifest_doctor
    from .failover import CrashExplorer, CrashSetting, failover_explorer
    from .keys import Keys
    from .latency import LatencyExplorer, latency_explorer
    from .latency_sides import LatencySetting
    from .life_cycle import LifeExplorer, LifeSetting, life_explorer
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

_NAMES = {
    "base": "Explorer",
    "cost": "CostExplorer CostSetting cost_explorer",
    "failover": "CrashExplorer CrashSetting failover_explorer",
    "keys": "Keys",
    "latency": "LatencyExplorer latency_explorer",
    "latency_sides": "LatencySetting",
    "life_cycle": "LifeExplorer LifeSetting life_explorer",
    "doctor": "DoctorSetting ManifestDoctor manifest_doctor",
    "node_port": "NodePortExplorer NodePortSetting nodeport_explorer",
    "node_port_range": "PortWallExplorer WallSetting port_wall_explorer",
    "policy": "PolicyExplorer PolicySetting policy_explorer",
    "slider": "Slider",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
