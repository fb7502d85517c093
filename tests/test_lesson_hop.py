"""Lesson 4: both policies side by side, their figures and explorer, the closing task."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.lessons import five_cases, which_policy
from k8sexpose.lessons.extra_hop.questions import NAME, stand_with
from k8sexpose.lessons.local.five_cases import CASES, REASON, missed, solution
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.widgets.explorers.policy import BALANCERS, CONTROLS, PLACES, PolicySetting, draw_policies, policy_page

PLACEMENTS = [(1, 1, 1), (2, 1), (2, 1, 0), (3, 1, 1), (5, 5, 0), (9, 1), (4, 3, 3)]
CLOUDS = ["generic", "aws", "gcp", "azure", "digitalocean", "linode", "metallb"]

# -- policy_shares ----


@pytest.mark.parametrize("per_node", PLACEMENTS, ids=str)
def test_formulas_where_the_load_balancer_is_even(per_node: tuple[int, ...]) -> None:
    found = kx.policy_shares(stand_with(per_node), NAME)
    nodes, pods = len(per_node), sum(per_node)
    used = [count for count in per_node if count]
    assert found["Cluster"].extra_hop == 1 - Fraction(1, nodes)
    assert found["Local"].extra_hop == 0
    assert {pod.share for pod in found["Cluster"].pods} == {Fraction(1, pods)}
    assert [pod.share for pod in found["Local"].pods] == [
        Fraction(1, len(used) * count) for count in used for _ in range(count)
    ]
    # Hottest over mean is mean over minimum, fairness harmonic mean over mean, of the nodes that have Pods.
    assert found["Local"].hottest_over_mean == pytest.approx(pods / (len(used) * min(used)))
    harmonic = len(used) / sum(1 / count for count in used)
    fairness = kx.jain_index([pod.share for pod in found["Local"].pods])
    assert fairness == pytest.approx(harmonic / (pods / len(used)))


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("per_node", [(2, 1, 0), (1, 1, 1, 0)], ids=str)
def test_sides_agree_with_the_router(cloud: str, per_node: tuple[int, ...]) -> None:
    cluster = stand_with(per_node, provider=cloud)
    found = kx.policy_shares(cluster, NAME)
    for side in found.sides:
        copy = cluster.copy()
        copy.patch(NAME, {"spec": {"externalTrafficPolicy": side.policy}})
        exact = kx.shares(copy, NAME)
        assert {pod.pod: pod.share for pod in side.pods if pod.share} == dict(exact.by_pod)
        assert (side.extra_hop, side.lost, side.crosses_zone) == (exact.extra_hop, exact.lost, exact.crosses_zone)
        assert dict(side.entries) == kx.entries(copy, NAME)
    assert "the Pods see" in repr(found) and "<table" in found._repr_html_()
    assert cluster.service(NAME).external_traffic_policy == "Cluster", "the cluster stays as it is"


def test_four_nodes_in_three_zones_at_aws() -> None:
    assert kx.policy_shares(stand_with((1, 1, 1, 0), provider="aws"), NAME)["Cluster"].extra_hop == Fraction(13, 18)


def test_a_crash_that_nobody_knows_of() -> None:
    found = kx.policy_shares(stand_with((1, 1, 1)), NAME, crashed="node-1")
    assert (found["Cluster"].lost, found["Local"].lost) == (Fraction(5, 9), Fraction(1, 3))
    assert [pod.share for pod in found["Local"].pods] == [0, Fraction(1, 3), Fraction(1, 3)]
    for side in found.sides:
        copy = stand_with((1, 1, 1), side.policy)
        assert next(step.lost for step in kx.watch_crash(copy, NAME, "node-1").steps if step.at_s >= 0) == side.lost


def test_who_is_seen() -> None:
    assert kx.policy_shares(stand_with((1, 1)), NAME).sides[1].seen == ("203.0.113.7",)
    found = kx.policy_shares(stand_with((1, 1), provider="linode"), NAME)
    assert found.sees(found["Local"]) == "10.0.9.9"
    nobody = kx.policy_shares(stand_with((0, 0)), NAME)
    assert nobody.sees(nobody["Local"]) == "nobody" and "no Pod" in repr(nobody)


def test_what_cannot_be_compared() -> None:
    cluster = kx.Cluster()
    cluster.apply(kx.example("api-backend"))
    with pytest.raises(kx.ApiError):
        kx.policy_shares(cluster, "api-backend")
    with pytest.raises(kx.ApiError):
        kx.policy_shares(cluster, "nobody")
    with pytest.raises(kx.NotExposed):
        kx.policy_shares(stand_with((1, 1), provider="kind"), NAME)


# -- figures ----


@pytest.mark.parametrize("per_node", [*PLACEMENTS, (0, 0), (20, 10)], ids=str)
def test_figure_of_shares(per_node: tuple[int, ...]) -> None:
    found = kx.policy_shares(stand_with(per_node), NAME)
    ax = kx.plot_policies(found)
    said = kx.describe(ax)
    for side in found.sides:
        assert f"{side.policy}: " in said and f"extra hop {100 * float(side.extra_hop):.3g} %" in said
    heights = sorted(round(bar.get_y() + bar.get_height(), 6) for bar in ax.patches)
    assert not found["Local"].pods or heights[-1] == round(
        100 * max(float(pod.share) for side in found.sides for pod in side.pods), 6
    )
    assert kx.show(ax).png.startswith(b"\x89PNG")


def test_figure_of_skew() -> None:
    placements = {str(p): kx.policy_shares(stand_with(p), NAME) for p in PLACEMENTS}
    said = kx.describe(kx.plot_skew(placements))
    assert "(2, 1): Cluster 1, Local 1.5" in said and "(9, 1): Cluster 1, Local 5" in said
    assert "No placement" in kx.describe(kx.plot_skew({}))


# -- explorer ----

SETTINGS = [PolicySetting(*values) for values in product(PLACES, BALANCERS, (False, True))]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_every_setting_draws_what_the_model_says(setting: PolicySetting) -> None:
    svg = ElementTree.fromstring(draw_policies(setting.found))
    label = svg.attrib["aria-label"]
    space = "{http://www.w3.org/2000/svg}" if svg.tag.startswith("{") else ""
    width, height = (float(number) for number in svg.attrib["viewBox"].split()[2:])
    for rect in svg.iter(f"{space}rect"):
        if "x" in rect.attrib:
            x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            assert x >= 0 and y >= 40 and x + w <= width and y + h <= height
    for side in setting.found.sides:
        assert f"extra hop {float(side.extra_hop):.1%}" in label
        assert (f"lost {float(side.lost):.1%}" in label) is bool(side.lost)
    page = policy_page(setting)
    assert page.count('role="status"') == 1 and page.count("<table") == 1 and "How to read this." in page


@pytest.mark.parametrize("setting", SETTINGS[:: len(SETTINGS) // 6], ids=repr)
def test_the_program_gives_the_same_shares(setting: PolicySetting) -> None:
    *lines, last = setting.python.strip().splitlines()
    scope: dict[str, Any] = {"kx": kx}
    exec("\n".join(lines), scope)
    assert eval(last, scope) == setting.found


def test_controls_and_reset() -> None:
    explorer = kx.policy_explorer(PolicySetting("2 + 1"))
    assert list(explorer.controls) == [name for name, _, _ in CONTROLS]
    before = explorer.picture.value
    explorer.controls["pods"].value = "5 + 5 + 0"
    explorer.controls["crashed"].value = True
    assert explorer.picture.value != before and "lost" in repr(explorer)
    explorer.show_python.click()
    assert "crashed=" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == PolicySetting("2 + 1") and explorer.picture.value == before
    assert "<svg" in explorer._repr_mimebundle_()["text/html"]


# -- the five cases ----

RIGHT = {number: (solution(number)[0], min(solution(number)[1])) for number in CASES}


def test_every_case_has_one_solution() -> None:
    assert which_policy(RIGHT).solved
    assert {policy for policy, _ in RIGHT.values()} == {"Cluster", "Local"}
    assert {reason for _, reason in RIGHT.values()} == set(REASON.options)
    assert all(len(missed(n, "Cluster")) != len(missed(n, "Local")) and len(solution(n)[1]) == 1 for n in CASES)
    assert five_cases().count("\n   ") >= 4 and five_cases().startswith("1. ")


@pytest.mark.parametrize(
    ("number", "policy", "reason"), list(product(CASES, ("Cluster", "Local"), REASON.options)), ids=str
)
def test_every_answer_is_judged(number: int, policy: str, reason: str) -> None:
    row = which_policy({number: (policy, reason)}).rows[number - 1]
    assert row.solved is ((policy, reason) == RIGHT[number])
    assert row.text and "{" not in row.text
    if row.solved:
        assert row.misconception is None


@pytest.mark.parametrize(
    ("number", "answer", "belief"),
    [(2, ("Cluster", "skew"), 7), (3, ("Local", "hop"), 25), (4, ("Local", "lost"), 25), (5, ("Local", "address"), 7)],
)
def test_beliefs(number: int, answer: tuple[str, str], belief: int) -> None:
    assert which_policy({number: answer}).rows[number - 1].misconception == belief


@pytest.mark.parametrize(
    "answer", [None, ..., "", "Local", ("Local",), ("Local", "hop", 1), ("maybe", "hop"), ("Local", "why"), 7, object()]
)
def test_absurd_answers(answer: object) -> None:
    found = which_policy({1: answer})
    assert not found.solved and not found.rows[0].solved and found.rows[0].text
    assert "0 of 5" in repr(found) and "<table" in found._repr_html_()
    assert not which_policy(answer).solved


# -- beliefs of this lesson ----


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("hop-address-near", "client", 7),
        ("hop-proxy-sees", "client", 7),
        ("hop-clusterip", "accepted", 10),
        ("hop-healthy", "node-1, node-2, node-3", 25),
        ("hop-red", "2/3", 25),
        ("hop-lone", 33.3, 25),
        ("hop-inside", "b", 5),
        ("hop-inside", "a, b, c", 5),
        ("hop-external-ip", "timeout", 5),
    ],
)
def test_wrong_answers_name_their_belief(question: str, answer: object, belief: int) -> None:
    sheet = Sheet()
    sheet.predict(question, answer)
    assert sheet.check(question).misconception == belief
