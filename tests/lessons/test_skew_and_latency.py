"""Lesson 6: the drawn queue, the table of crossovers, and how a simulated time is written."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose._palette import CONCEPTS
from k8sexpose._svg import images
from k8sexpose.lessons import cluster_with, crossovers, queues, response_time
from k8sexpose.lessons.sheet import QUESTIONS
from k8sexpose.lessons.skew_and_latency.questions import FEW, NAME, requests_for_a_quarter
from k8sexpose.lessons.skew_and_latency.queues import counts_over_time, draw_queues
from k8sexpose.widgets.explorers.queue_view import requests_of


def test_the_picture_counts_what_the_queue_has() -> None:
    requests = requests_of(0.9, 1, 1000, (1, 2))
    counts = counts_over_time(requests)
    # At every moment the first request is in work and the others wait: served one after the other.
    for number, moment in ((0, 0.0), (250, 500.0), (499, 998.0)):
        here = [one for one in requests if one[0] <= moment < one[2]]
        assert counts[number] == len(here)
        assert sum(begins <= moment for _, begins, _ in here) <= 1
    svg = next(ElementTree.fromstring(f"<div>{draw_queues({90.0: requests})}</div>").iter("svg"))
    waiting = sum(max(count - 1, 0) for count in counts) / len(counts)
    assert f"90 % busy: {waiting:.1f} requests wait" in svg.attrib["aria-label"]
    tops = [float(one.attrib["y"]) for one in svg.iter() if one.tag.endswith("rect")]
    assert len(set(tops)) > 3


def test_the_time_axis_has_numbers_and_panels_have_one_scale() -> None:
    page = draw_queues({30.0: [[0, 0, 5]], 90.0: [[0, 0, 9], [1, 9, 12]]})
    svg = next(ElementTree.fromstring(f"<div>{page}</div>").iter("svg"))
    words = [one.text for one in svg.iter("text")]
    assert words.count("0.5 s") == words.count("1 s") == 2
    work = {one.get("height") for one in svg.iter("rect") if one.get("fill") == CONCEPTS["Pod"].color}
    assert work == {"5"} and float(svg.attrib["width"]) <= 320


def test_a_busier_pod_has_a_longer_queue() -> None:
    label = re.findall(r"(\d+) % busy: ([\d.]+) requests", queues(30, 60, 90).page)
    busy, waiting = zip(*((int(one), float(other)) for one, other in label), strict=True)
    assert busy == (30, 60, 90) and waiting[0] < waiting[1] < waiting[2]
    # About as long as the formula says on average: u² / (1 − u).
    assert waiting == pytest.approx((0.13, 0.9, 8.1), rel=0.35)


def test_without_a_kernel_the_queues_are_a_picture() -> None:
    shown = queues(60)._repr_mimebundle_()
    assert "<img" in shown["text/html"] and images(queues(60).page) in shown["text/html"]
    assert queues(60).children[0].rows[0]["busy"] == 60


@pytest.mark.parametrize("wrong", [(), (0,), (100,), (-5,), ("x",)])
def test_utilisations_that_make_no_sense(wrong: tuple[object, ...]) -> None:
    with pytest.raises((ValueError, TypeError), match="utilisation"):
        queues(*wrong)  # type: ignore[arg-type]


def test_response_times_have_their_precision() -> None:
    traffic = kx.simulate(cluster_with(1), NAME, rate_rps=60, requests=50_000)
    for kind in ("mean", "p99"):
        value, error = re.fullmatch(r"([\d.]+) ± ([\d.]+) ms", response_time(traffic, kind)).groups()  # type: ignore[union-attr]
        assert float(value) == pytest.approx(traffic.summary[f"{kind}_ms"], rel=0.1)
        assert float(error) == pytest.approx(traffic.summary[f"{kind}_se_ms"], rel=0.5)
    with pytest.raises(ValueError, match="kind is one of"):
        response_time(traffic, "p42")


def test_crossovers_are_those_of_the_curves() -> None:
    table = crossovers("4 + 3 + 3", "2 + 2", workers=[1, 4], hop_ms=0.5)
    found = kx.latency_curves(kx.both_policies(cluster_with(4, 3, 3), NAME), NAME, hop_ms=0.5).attrs
    assert table.iloc[0].tolist()[1:] == [f"{100 * found['mean']:.3g} %", f"{100 * found['p99']:.3g} %"]
    assert set(table.iloc[2:]["Local is slower on average above"]) == {"never"}


def squared_error(cluster: kx.Cluster, requests: int, seed: int) -> float:
    traffic = kx.simulate(cluster, NAME, requests=requests, rate_rps=180, seed=seed)
    return float(traffic.summary["mean_se_ms"] ** 2)


def test_the_answers_that_depend_on_chance_hold_for_other_runs() -> None:
    """Sixteen times the requests, a quarter of the standard error: not only with the seed of the question."""
    cluster = cluster_with(2, 1)
    assert requests_for_a_quarter(cluster) == "16"
    few, many = (
        np.mean([squared_error(cluster, FEW * times, seed) for seed in range(1, 11)]) ** 0.5 for times in (1, 16)
    )
    assert 3.3 < few / many < 4.8


def test_the_words_of_the_lesson_are_the_models() -> None:
    """Numbers that the feedback says by heart."""
    assert QUESTIONS["sk-capacity"].solve()[0] == 50
    both = kx.both_policies(cluster_with(2, 1), NAME)
    few = kx.latency_curves(both, NAME, hop_ms=0.1).attrs
    assert 100 * few["mean"] == pytest.approx(3.6, abs=0.1)  # "5 %" would be right for a tenth of a millisecond
    four = kx.latency_curves(both, NAME, hop_ms=1, workers=4).attrs
    assert 100 * four["mean"] == pytest.approx(40, abs=2)


def test_the_lesson_asks_for_a_precision_that_its_runs_reach() -> None:
    """Under Local the busiest Pod is 90 % busy; at 2 % its run ends at the largest number of requests instead."""
    for policy in kx.both_policies(cluster_with(2, 1), NAME).values():
        assert kx.simulate(policy, NAME, rate_rps=180, relative_error={"p99_ms": 0.03}).precision_reached
