"""The policy explorer."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.widgets.explorers.policy import BALANCERS, CONTROLS, PLACES, POLICY, PolicySetting, draw_policies

SETTINGS = [PolicySetting(*values) for values in product(PLACES, BALANCERS, (False, True))]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_every_setting_draws_what_the_model_says(setting: PolicySetting) -> None:
    drawings = ElementTree.fromstring(draw_policies(setting)).findall(".//svg")
    assert len(drawings) == len(setting.found.sides) == 2
    for side, svg in zip(setting.found.sides, drawings, strict=True):
        label = svg.attrib["aria-label"]
        width, height = (float(number) for number in svg.attrib["viewBox"].split()[2:])
        assert width <= 320, "a phone shows it whole"
        for rect in svg.iter("rect"):
            if "x" in rect.attrib:
                x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
                assert x >= 0 and y >= 40 and x + w <= width and y + h <= height
        assert f"extra hop {float(side.extra_hop):.1%}" in label
        assert (f"lost {float(side.lost):.1%}" in label) is bool(side.lost)
    page = POLICY.page(setting)
    assert page.count('role="status"') == 1 and page.count("<table") == 1 and "How to read this." in page


@pytest.mark.parametrize("setting", SETTINGS[:: len(SETTINGS) // 6], ids=repr)
def test_the_program_gives_the_same_shares(setting: PolicySetting) -> None:
    *lines, last = setting.python.strip().splitlines()
    scope: dict[str, Any] = {"kx": kx}
    exec("\n".join(lines), scope)
    assert eval(last, scope) == setting.found


def test_it_begins_as_lesson_5_says_and_tells_two_nodes_from_three() -> None:
    control = kx.policy_explorer().controls["pods"]
    assert control.value == "2 + 1" and control.label == "2 + 1 (2 nodes)"
    assert "2 + 1 + 0 (3 nodes, 1 without Pods)" in [words for words, _ in control.options]


def test_what_is_lost_is_written_where_there_is_room() -> None:
    svg = ElementTree.fromstring(draw_policies(PolicySetting("1 + 1 + 1 + 0", crashed=True))).find(".//svg")
    assert svg is not None
    ground = next(one for one in svg.iter("rect") if one.get("height") == "48")
    (lost,) = (one for one in svg.iter("text") if (one.text or "").endswith(" lost"))
    assert 6.5 * len(lost.text or "") <= float(ground.attrib["width"])


def test_controls_and_reset() -> None:
    explorer = kx.policy_explorer(PolicySetting("2 + 1"))
    assert list(explorer.controls) == [control.name for control in CONTROLS]
    before = explorer.picture.value
    explorer.controls["pods"].value = "2 + 2 + 0"
    explorer.controls["crashed"].value = True
    assert explorer.picture.value != before and "lost" in repr(explorer)
    explorer.show_python.click()
    assert "crashed=" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == PolicySetting("2 + 1") and explorer.picture.value == before
    assert "data:image/svg+xml" in explorer._repr_mimebundle_()["text/html"]
