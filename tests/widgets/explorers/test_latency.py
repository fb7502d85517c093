"""The latency explorer."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

import k8sexpose as kx
from k8sexpose._svg import images
from k8sexpose.lessons.skew_and_latency.questions import NAME
from k8sexpose.traffic.policy_comparison import CONFIGURATIONS, PolicyComparison, expect
from k8sexpose.widgets.explorers.latency import CONTROLS, latency_parts, verdict
from k8sexpose.widgets.explorers.latency_sides import (
    PLACES,
    LatencySetting,
    clusters_of,
    draw_sides,
    sample,
    turns_at,
)

pytestmark = pytest.mark.slow

LB = NAME


def one_change() -> list[LatencySetting]:
    """Every option of every control, one at a time, and the ends of the slider."""
    found = [LatencySetting(**{control.name: option}) for control in CONTROLS for option in control.options]
    return [*found, *(LatencySetting(utilisation=u) for u in (1, 67, 95)), LatencySetting(sticky=True),
            LatencySetting(crossover=True)]  # fmt: skip


@pytest.mark.parametrize("setting", one_change(), ids=str)
def test_every_control_draws_what_the_model_says(setting: LatencySetting) -> None:
    found = sample(setting)
    drawings = ElementTree.fromstring(draw_sides(setting, found)).findall(".//svg")
    assert len(drawings) == (3 if setting.crossover else 2)
    assert all(float(svg.attrib["width"]) <= 320 for svg in drawings), "a phone shows each of them whole"
    label = " ".join(svg.attrib["aria-label"] for svg in drawings)
    for name, traffic in found.traffic.items():
        assert f"{name}: " in label and f"p99 {traffic.summary['p99_ms']:.3g} ms" in label
    page = latency_parts(lambda asked: found).page(setting)
    ElementTree.fromstring(page.replace("&nbsp;", " "))
    assert verdict(setting, found).split(":")[0] in page
    assert ("becomes slower than Cluster above" in page) is setting.crossover


@pytest.mark.parametrize(("pods", "policy"), list(product(PLACES, CONFIGURATIONS)))
def test_every_pair_of_clusters(pods: str, policy: str) -> None:
    setting = LatencySetting(pods, policy=policy, crossover=True)
    clusters = clusters_of(pods, policy)
    assert sum(len(cluster.pods) for cluster in clusters.values()) == 2 * sum(setting.per_node)
    assert all(0 <= turn <= 1 for turn in turns_at(setting).values())
    if policy in ("Local, weighted by Pods", "IP targets, cross-zone on"):
        one = expect(clusters[policy], LB, utilisation=0.5)
        assert one.fairness == pytest.approx(1) and one.hop_share == 0


def test_the_program_gives_the_same() -> None:
    setting = LatencySetting("3 + 1", policy="Local, weighted by Pods", utilisation=40, clients=100, sticky=True)
    names: dict[str, Any] = {"kx": kx}
    *lines, last = setting.python.partition("kx.compare_policies(")[0::2]
    exec(lines[0], names)
    pd.testing.assert_frame_equal(eval("kx.compare_policies(" + last, names).table, sample(setting).table)


def test_controls_redraw_and_reset_once() -> None:
    asked: list[LatencySetting] = []

    def compare(setting: LatencySetting) -> PolicyComparison:
        asked.append(setting)
        return fixed

    fixed = sample(LatencySetting())
    explorer = kx.latency_explorer(compare=compare)
    explorer.controls["utilisation"].value = 40
    explorer.controls["policy"].value = "IP targets, cross-zone on"
    assert asked[-1] == LatencySetting(policy="IP targets, cross-zone on", utilisation=40)
    explorer.show_python.click()
    assert "utilisation=0.4" in explorer.code.value
    before = len(asked)
    explorer.reset.click()
    assert explorer.setting == LatencySetting() and len(asked) == before + 1 and explorer.code.value == ""


def test_a_placement_of_ones_own() -> None:
    explorer = kx.latency_explorer(pods="7 + 1", utilisation=10)
    assert explorer.setting.per_node == (7, 1) and "10% busy" in repr(explorer)
    bundle = explorer._repr_mimebundle_()
    assert (
        "application/vnd.jupyter.widget-view+json" in bundle and images(explorer.picture.value) in bundle["text/html"]
    )


def test_a_lesson_shows_only_the_controls_that_it_has_taught() -> None:
    explorer = kx.latency_explorer(controls=["utilisation", "pods"])
    assert list(explorer.children[0].children) == [explorer.controls["pods"], explorer.controls["utilisation"]]
    explorer.controls["utilisation"].value = 10
    assert explorer.setting == LatencySetting(utilisation=10)
    with pytest.raises(ValueError, match="utilization"):
        kx.latency_explorer(controls=["utilization"])


def test_the_verdict_says_whether_it_is_expected_and_what_overloaded_means() -> None:
    full = LatencySetting(utilisation=95)
    page = latency_parts().page(full)
    assert "At the p99 Cluster answers sooner" in page and "response time, sampled" in page
    assert "Expected by formula; the picture shows what was sampled" in page and "It is overloaded" in page
    assert "It is overloaded" not in latency_parts().page(LatencySetting())
    assert page.index('role="status"') < page.index("<svg"), "near the slider that is moved"


def test_the_verdict_is_a_sentence_that_can_be_read() -> None:
    zones = LatencySetting(policy="Cluster, PreferSameZone")
    assert "sooner: 25.7 ms, “Cluster, PreferSameZone” 59.3 ms" in verdict(zones, sample(zones))
    near = LatencySetting(utilisation=19)
    assert "Local answers sooner: 13 ms, Cluster 13 ms" not in verdict(near, sample(near))
