"""Lesson 5: two policies side by side, the figures, the latency explorer, the decision table."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

import k8sexpose as kx
from k8sexpose.lessons import Moved, clusters_of_case, decide, five_clusters, stand, ways_out
from k8sexpose.lessons.skew_and_latency.questions import NAME
from k8sexpose.lessons.ways_out.decisions import CASES, REASON, solve
from k8sexpose.plots import describe
from k8sexpose.plots.traffic import side_looks
from k8sexpose.traffic.policy_comparison import CONFIGURATIONS, PolicyComparison, crossovers, expect
from k8sexpose.widgets.explorers.latency import CONTROLS, LatencyExplorer, latency_page, verdict
from k8sexpose.widgets.explorers.latency_sides import (
    PLACES,
    LatencySetting,
    clusters_of,
    draw_sides,
    sample,
    turns_at,
)
from tests.test_lessons import Hostile
from tests.test_user_cases_routing import Case

LB = NAME


@pytest.fixture(scope="module")
def both() -> dict[str, kx.Cluster]:
    return kx.both_policies(stand(2, 1), LB)


# -- expected beside sampled -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("utilisation", [0.2, 0.5])
def test_expected_is_what_a_long_sample_shows(both: dict[str, kx.Cluster], workers: int, utilisation: float) -> None:
    requests = 400_000 if workers == 1 else 100_000
    table = kx.compare_policies(
        both, LB, utilisation=utilisation, workers=workers, hop_ms=1, requests=requests, clients=100_000
    ).table
    for name in both:
        assert table.loc[name, "sampled_mean_ms"] == pytest.approx(table.loc[name, "mean_ms"], rel=0.03)
        assert table.loc[name, "sampled_p50_ms"] == pytest.approx(table.loc[name, "p50_ms"], rel=0.03)
        assert table.loc[name, "sampled_p99_ms"] == pytest.approx(table.loc[name, "p99_ms"], rel=0.06)


def test_shares_and_hops_are_the_routers(both: dict[str, kx.Cluster]) -> None:
    for cluster in both.values():
        one, shares = expect(cluster, LB, utilisation=0.5), kx.shares(cluster, LB)
        assert one.shares == pytest.approx({pod: float(share) for pod, share in shares.by_pod.items()})
        assert one.hop_share == pytest.approx(float(shares.extra_hop))


def test_an_overloaded_pod_has_no_mean(both: dict[str, kx.Cluster]) -> None:
    result = kx.compare_policies(both, LB, utilisation=0.7, requests=2000)
    assert result.table.loc["Local", "mean_ms"] == float("inf") and result.expected["Local"].busiest > 1
    assert "overloaded" in repr(result) and result.faster == {"mean": "Cluster", "p99": "Cluster"}


def test_what_cannot_be_compared() -> None:
    nobody = kx.both_policies(stand(0, 0), LB)
    with pytest.raises(ValueError, match="nobody answers"):
        expect(nobody["Local"], LB, utilisation=0.5)
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="utilisation"):
            expect(nobody["Local"], LB, utilisation=bad)
    with pytest.raises(ValueError, match="two clusters"):
        kx.latency_curves({"one": stand(1)}, LB)
    with pytest.raises(kx.ApiError):
        kx.both_policies(stand(1), "nobody")


@pytest.mark.parametrize(
    ("per_node", "mean", "p99", "four"),
    [((2, 1), 0.195, 0.065, 0.386), ((3, 1), 0.101, 0.029, 0.269), ((4, 3, 3), 0.491, 0.255, 0.653),
     ((5, 4, 1), 0.073, 0.020, 0.186), ((2,) * 9 + (1,), 0.334, 0.156, 0.442)],
)  # fmt: skip
def test_crossovers_as_recorded(per_node: tuple[int, ...], mean: float, p99: float, four: float) -> None:
    """Facts, queueing.md 2.4: hop 1 ms on work of 10 ms."""
    clusters = tuple(kx.both_policies(stand(*per_node), LB).values())
    found = crossovers(clusters, LB, hop_ms=1)
    assert (found["mean"], found["p99"]) == pytest.approx((mean, p99), abs=0.001)
    assert crossovers(clusters, LB, hop_ms=1, workers=4)["mean"] == pytest.approx(four, abs=0.001)


def test_the_curves_cross_where_they_say(both: dict[str, kx.Cluster]) -> None:
    curves = kx.latency_curves(both, LB, hop_ms=1)
    for kind in ("mean", "p99"):
        ahead = curves[f"Local {kind}_ms"] < curves[f"Cluster {kind}_ms"]
        assert ahead[ahead.index < curves.attrs[kind]].all() and not ahead[ahead.index > curves.attrs[kind]].any()


# -- figures -----------------------------------------------------------------------------------------------------------


def test_plot_load(both: dict[str, kx.Cluster]) -> None:
    result = kx.compare_policies(both, LB, utilisation=0.6, requests=20_000)
    ax = kx.plot_load(result.traffic)
    bars = {bars[0].get_gid(): [bar.get_height() for bar in bars] for bars in ax.containers}
    assert bars["expected Local"] == pytest.approx([45, 45, 90], rel=0.05)
    assert bars["sampled Local"] == pytest.approx((100 * result.traffic["Local"].by_pod.utilisation).tolist())
    assert {"mean", "full"} <= {line.get_gid() for line in ax.lines}
    nodes = kx.plot_load(result.traffic, by="node")
    assert describe(nodes).startswith("Load of each node, in percent of all requests: Cluster: node-1 6")
    assert "api-backend-3 on node-2" in describe(ax)


def test_plot_latency_marks_the_quantiles(both: dict[str, kx.Cluster]) -> None:
    result = kx.compare_policies(both, LB, utilisation=0.6, requests=5000)
    ax = kx.plot_latency(result.traffic)
    marked = [float(line.get_xdata()[0]) for line in ax.lines if line.get_gid() == "p99_ms"]
    assert marked == pytest.approx([one.summary["p99_ms"] for one in result.traffic.values()])


def test_plots_of_nothing() -> None:
    lost = kx.simulate(stand(0, 0), LB, requests=100)
    for ax in (kx.plot_load(lost), kx.plot_latency(lost), kx.plot_timeline(lost)):
        assert kx.show(ax).alt


def test_plot_crossover(both: dict[str, kx.Cluster]) -> None:
    ax = kx.plot_crossover(kx.latency_curves(both, LB, hop_ms=1), at=0.3)
    stars = {line.get_gid(): float(line.get_xdata()[0]) for line in ax.lines if "crossing" in str(line.get_gid())}
    assert stars == pytest.approx({"crossing mean": 19.5, "crossing p99": 6.5}, abs=0.1)
    even = kx.latency_curves(kx.both_policies(stand(1, 1), LB), LB, hop_ms=1)
    assert "Local is never slower on average, and never slower at the p99" in describe(kx.plot_crossover(even))


@pytest.mark.parametrize("per_node", [(5, 4, 1), (2, 1), (9, 1)])
def test_labels_of_the_crossover_stay_off_the_axis(per_node: tuple[int, ...]) -> None:
    found = kx.latency_curves(kx.both_policies(stand(*per_node), LB), LB, hop_ms=1, points=20)
    ax = kx.plot_crossover(found)
    ax.figure.canvas.draw()
    axis = ax.get_window_extent()
    for label in ax.texts:
        assert label.get_window_extent().y0 > axis.y0 + 2, label.get_text()


def test_plot_timeline_and_sticky() -> None:
    cluster = stand(1, 1, 1, policy="Local")
    traffic = kx.simulate(cluster, LB, requests=6000, rate_rps=100, events=[Moved(at_s=10, grace_s=5)])
    ax = kx.plot_timeline({"grace 5 s": traffic})
    assert "between 15 s and 30 s" in describe(ax)
    assert [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "change"] == list(traffic.changes_s)
    skew = kx.sticky_skew(stand(*[1] * 10, policy="Local"), LB, [100, 10_000], runs=6)
    assert skew["mean"].tolist() == pytest.approx(skew["expected"].tolist(), rel=0.15)
    assert "10,000 clients 1.0" in describe(kx.plot_sticky(skew))


def test_looks_differ_without_colour() -> None:
    looks = side_looks(["Cluster", "Local", "a", "b", "c"]).values()
    assert len({look.marker for look in looks}) == len({look.line for look in looks}) == 5


# -- the explorer ------------------------------------------------------------------------------------------------------


def one_change() -> list[LatencySetting]:
    """Every option of every control, one at a time, and the ends of the slider."""
    found = [LatencySetting(**{name: option}) for name, _, options in CONTROLS for option in options]
    return [*found, *(LatencySetting(utilisation=u) for u in (1, 67, 95)), LatencySetting(sticky=True),
            LatencySetting(crossover=True)]  # fmt: skip


@pytest.mark.parametrize("setting", one_change(), ids=str)
def test_every_control_draws_what_the_model_says(setting: LatencySetting) -> None:
    found = sample(setting)
    svg = ElementTree.fromstring(draw_sides(setting, found))
    label = svg.attrib["aria-label"]
    for name, traffic in found.traffic.items():
        assert f"{name}: " in label and f"p99 {traffic.summary['p99_ms']:.3g} ms" in label
    page = latency_page(setting, found)
    ElementTree.fromstring(page.replace("&nbsp;", " "))
    assert verdict(setting, found).split(":")[0] in page
    assert ("It turns at" in page) is setting.crossover


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
    explorer = LatencyExplorer(compare=compare)
    explorer.controls["utilisation"].value = 60
    explorer.controls["policy"].value = "IP targets, cross-zone on"
    assert asked[-1] == LatencySetting(policy="IP targets, cross-zone on", utilisation=60)
    explorer.show_python.click()
    assert "utilisation=0.6" in explorer.code.value
    before = len(asked)
    explorer.reset.click()
    assert explorer.setting == LatencySetting() and len(asked) == before + 1 and explorer.code.value == ""


def test_a_placement_of_ones_own() -> None:
    explorer = kx.latency_explorer(pods="7 + 1", utilisation=10)
    assert explorer.setting.per_node == (7, 1) and "10 % busy" in repr(explorer)
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle and explorer.picture.value in bundle["text/html"]


# -- the exercises -----------------------------------------------------------------------------------------------------


def test_the_decision_table() -> None:
    right = {name: solve(name)[:2] for name in CASES}
    assert set(right) == set(five_clusters().cases) and {why for _, why in right.values()} == set(REASON.options)
    assert decide(right).solved
    assert decide({name: [policy.upper(), f" {why} "] for name, (policy, why) in right.items()}).solved
    for name, (policy, why) in right.items():
        for other in REASON.options:
            row = next(row for row in decide({name: (policy, other)}).rows if row.name == name)
            assert row.solved is (other == why)
        wrong = "cluster" if policy == "local" else "local"
        row = next(row for row in decide({name: (wrong, why)}).rows if row.name == name)
        assert not row.solved and row.text.startswith("You ")
        assert row.misconception == {"address": 7, "hop": None}.get(why, 25)
        assert len(clusters_of_case(name)) == 2


@pytest.mark.parametrize(
    "answer", [None, 3, ..., "Local", {"shop": ...}, {"shop": ("Local",)}, {"shop": ("x", "hop")}, {"shop": Hostile()},
               {"shop": (Hostile(), Hostile())}, {"shop": (float("nan"), None)}, {Hostile: 1}],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_absurd_tables(answer: object) -> None:
    table = decide(answer)
    assert not table.solved and repr(table) and "<table" in table._repr_html_()


def test_ways_out() -> None:
    assert list(ways_out(2, 1)) == ["weights", "ip targets", "same zone", "proxy protocol"]


# -- what people asked in public (conformance/user-cases.json) ---------------------------------------------------------


class _Replaced:
    """web-1 ends on node-a, and web-2 is ready on node-b at once."""

    def __init__(self, case: Case, at_s: float, grace_s: float) -> None:
        self.case, self.at_s, self.grace_s = case, at_s, grace_s

    def do(self, cluster: kx.Cluster) -> None:
        ports = [{"containerPort": 8080}]
        pod = {"name": "web-2", "node": "node-b", "ip": "10.244.2.10", "labels": {"app": "web"}, "ready": True}
        cluster.apply(self.case.pod(pod | {"ports": ports}))
        cluster.terminate("web-1", grace_s=self.grace_s)


@pytest.mark.parametrize("grace_s", [30, 10])
def test_local_rolling_terminating(grace_s: float) -> None:
    """user case local-rolling-terminating: checks every 10 s, two of them decide."""
    case = Case("local-rolling-terminating")
    cluster = case.cluster()
    during = cluster.copy()
    _Replaced(case, 0, grace_s).do(during)
    assert kx.health_check(during, "web", node="node-a").status == 503
    assert {way.pod for way in kx.routes(during, "web", via="node-a")} == {"web-1"}
    traffic = kx.simulate(cluster, "web", requests=6000, rate_rps=100, events=[_Replaced(case, 10, grace_s)])
    lost = traffic.timeline.t_s[traffic.timeline.ok_share < 0.999]
    assert lost.empty if grace_s == 30 else (lost.min(), lost.max()) == (20, 29)
    assert traffic.timeline.ok_share[20:29].max() == (1 if grace_s == 30 else 0)


def test_a_terminating_pod_beside_a_ready_one_gets_nothing() -> None:
    """user case local-rolling-terminating, third line: one ready and one terminating Pod on a node."""
    cluster = stand(2, 0, policy="Local")
    cluster.terminate("api-backend-1", grace_s=30)
    assert {way.pod for way in kx.routes(cluster, LB, via="node-1")} == {"api-backend-2"}


def test_local_weighted_under_load() -> None:
    """user case local-weighted: a load balancer that reads the weights makes Local even."""
    weighted, plain = ways_out(3, 1, 1)["weights"], stand(3, 1, 1, policy="Local")
    hottest = [kx.simulate(c, LB, requests=100_000, clients=100_000).summary.max_over_mean for c in (weighted, plain)]
    assert hottest == pytest.approx([1, 5 / 3], rel=0.03)


def test_affinity_not_shared_between_nodes_under_load() -> None:
    """user case affinity-not-shared-between-nodes: one client, up to a Pod per node; with a sticky one in front, one."""
    cluster = stand(1, 1, 1, sessionAffinity="ClientIP")
    met = [int((kx.simulate(cluster, LB, requests=300, clients=1, seed=k).by_pod.requests > 0).sum()) for k in range(9)]
    assert 1 < max(met) <= 3
    one = kx.simulate(cluster, LB, requests=300, clients=1, sticky=True).by_pod.requests
    assert sorted(one) == [0, 0, 300]


def test_hop_fraction_one_per_node_under_load() -> None:
    """user case hop-fraction-one-per-node: 1 - 1/N, whatever the placement."""
    for per_node in ((1, 1), (1, 1, 1), (3, 0, 0), (10, 10, 10)):
        traffic = kx.simulate(stand(*per_node), LB, requests=50_000, clients=50_000)
        assert traffic.summary.extra_hop_share == pytest.approx(1 - 1 / len(per_node), abs=0.01)
