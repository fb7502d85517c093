"""The failover explorer."""

from __future__ import annotations

from itertools import product
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose._svg import images
from k8sexpose.widgets.explorers.failover import CONTROLS, CRASH, PLACES, CrashSetting, draw_crash

SETTINGS = [CrashSetting(*values) for values in product(CONTROLS[0].options, PLACES)]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_every_setting_draws_what_the_model_says(setting: CrashSetting) -> None:
    svg = ElementTree.fromstring(draw_crash(setting))
    label = svg.attrib["aria-label"]
    for step in setting.crash.steps:
        if step.at_s >= 0:
            assert f"from {step.at_s:g} s {float(step.lost):.1%}" in label
    assert f"{2 * setting.interval_s} s" in label and "50 s" in label
    assert CRASH.page(setting).count("<table") == 1


@pytest.mark.parametrize("setting", SETTINGS[:3] + SETTINGS[-1:], ids=repr)
def test_the_program_gives_the_same_crash(setting: CrashSetting) -> None:
    *lines, last = setting.python.strip().splitlines()
    scope: dict[str, object] = {"kx": kx}
    exec("\n".join(lines), scope)
    assert eval(last, scope) == setting.crash


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_the_table_has_a_row_for_each_clock(setting: CrashSetting) -> None:
    noticed = {step.at_s for step in setting.crash.steps if step.at_s > 0}
    assert noticed == {length_s for _, length_s in setting.clocks}


def test_a_loss_that_stays_is_written_once() -> None:
    crash = CrashSetting(60).crash
    parts = [str(step.lost) for step in crash.steps if 0 < step.lost < 1]
    for part in set(parts):
        assert draw_crash(CrashSetting(60)).count(f">{part}<") == 1


def test_controls() -> None:
    explorer = kx.failover_explorer()
    assert all(control.description for control in explorer.controls.values())
    explorer.controls["interval_s"].value = 30
    assert explorer.setting == CrashSetting(30) and explorer.picture.value == CRASH.page(CrashSetting(30))
    explorer.show_python.click()
    assert "health_check_interval_s=30" in explorer.code.value
    explorer.controls["interval_s"].value = 60
    assert "health_check_interval_s=60" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == CrashSetting() and explorer.code.value == ""
    bundle = explorer._repr_mimebundle_()
    assert images(CRASH.page(CrashSetting())) in bundle["text/html"] and "0x" not in bundle["text/plain"]
