"""The explorers: labelled controls, and a picture that a pure function draws from their values.

`base` is what they share: `Parts` says what an explorer is made of, `Explorer` shows it; `keys` and `slider` are the
controls that ipywidgets lacks. Then one file each: `node_port`, `node_port_range`, `life_cycle`, `failover`, `policy`,
`latency` (its picture in `latency_sides`, its queues in `queue_view`), `cost`, `doctor` for manifests (what it says is
in `diagnosis`).

Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import Control, Explorer, Parts
    from .cost import CostSetting, cost_explorer
    from .doctor import DoctorSetting, manifest_doctor
    from .failover import CrashSetting, failover_explorer
    from .keys import Keys
    from .latency import latency_explorer
    from .latency_sides import LatencySetting
    from .life_cycle import LifeSetting, life_explorer
    from .node_port import NodePortSetting, nodeport_explorer
    from .node_port_range import RangeSetting, node_port_range_explorer, port_wall_explorer
    from .policy import PolicySetting, policy_explorer
    from .slider import Slider

__all__ = [
    "Control",
    "CostSetting",
    "CrashSetting",
    "DoctorSetting",
    "Explorer",
    "Keys",
    "LatencySetting",
    "LifeSetting",
    "NodePortSetting",
    "Parts",
    "PolicySetting",
    "RangeSetting",
    "Slider",
    "cost_explorer",
    "failover_explorer",
    "latency_explorer",
    "life_explorer",
    "manifest_doctor",
    "node_port_range_explorer",
    "nodeport_explorer",
    "policy_explorer",
    "port_wall_explorer",
]

_NAMES = {
    "base": "Control Explorer Parts",
    "cost": "CostSetting cost_explorer",
    "failover": "CrashSetting failover_explorer",
    "keys": "Keys",
    "latency": "latency_explorer",
    "latency_sides": "LatencySetting",
    "life_cycle": "LifeSetting life_explorer",
    "doctor": "DoctorSetting manifest_doctor",
    "node_port": "NodePortSetting nodeport_explorer",
    "node_port_range": "RangeSetting node_port_range_explorer port_wall_explorer",
    "policy": "PolicySetting policy_explorer",
    "slider": "Slider",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
