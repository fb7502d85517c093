"""The controls of several explorers."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose._svg import images
from k8sexpose.widgets.explorers.node_port_range import node_port_range_explorer, port_wall_explorer


@pytest.mark.parametrize("make", [node_port_range_explorer, kx.life_explorer, kx.manifest_doctor])
def test_controls(make: Any) -> None:
    explorer = make()
    for name, control in explorer.controls.items():
        assert getattr(control, "label", "") or control.description, name
    bundle = explorer._repr_mimebundle_()
    assert explorer.picture.value == explorer.page() and images(explorer.page()) in bundle["text/html"]
    assert "0x" not in bundle["text/plain"]
    explorer.show_python.click()
    assert "kx.Cluster(" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == explorer.first


def test_the_old_name_stays() -> None:
    assert kx.port_wall_explorer is port_wall_explorer is kx.node_port_range_explorer
