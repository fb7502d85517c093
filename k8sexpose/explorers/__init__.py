"""Explorers with a slider: labelled controls, and a picture that a pure function draws from their values."""

from __future__ import annotations

from .cost import CostExplorer, CostSetting, cost_explorer
from .slider import Slider

__all__ = ["CostExplorer", "CostSetting", "Slider", "cost_explorer"]
