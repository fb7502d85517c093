"""Figures of load, latency, crossover and time."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.lessons import Moved, cluster_with
from k8sexpose.lessons.skew_and_latency.questions import NAME
from k8sexpose.plots import describe
from k8sexpose.plots.traffic import side_looks

LB = NAME


@pytest.fixture(scope="module")
def both() -> dict[str, kx.Cluster]:
    return kx.both_policies(cluster_with(2, 1), LB)


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
    lost = kx.simulate(cluster_with(0, 0), LB, requests=100)
    for ax in (kx.plot_load(lost), kx.plot_latency(lost), kx.plot_timeline(lost)):
        assert kx.show(ax).alt


def test_plot_crossover(both: dict[str, kx.Cluster]) -> None:
    ax = kx.plot_crossover(kx.latency_curves(both, LB, hop_ms=1), at=0.3)
    stars = {line.get_gid(): float(line.get_xdata()[0]) for line in ax.lines if "crossing" in str(line.get_gid())}
    assert stars == pytest.approx({"crossing mean": 19.5, "crossing p99": 6.5}, abs=0.1)
    even = kx.latency_curves(kx.both_policies(cluster_with(1, 1), LB), LB, hop_ms=1)
    assert "Local is never slower on average, and never slower at the p99" in describe(kx.plot_crossover(even))


@pytest.mark.parametrize("per_node", [(5, 4, 1), (2, 1), (9, 1)])
def test_labels_of_the_crossover_stay_off_the_axis(per_node: tuple[int, ...]) -> None:
    found = kx.latency_curves(kx.both_policies(cluster_with(*per_node), LB), LB, hop_ms=1, points=20)
    ax = kx.plot_crossover(found)
    ax.figure.canvas.draw()
    axis = ax.get_window_extent()
    for label in ax.texts:
        assert label.get_window_extent().y0 > axis.y0 + 2, label.get_text()


def test_plot_timeline_and_sticky() -> None:
    cluster = cluster_with(1, 1, 1, policy="Local")
    traffic = kx.simulate(cluster, LB, requests=6000, rate_rps=100, events=[Moved(at_s=10, grace_s=5)])
    ax = kx.plot_timeline({"grace 5 s": traffic})
    assert "between 15 s and 30 s" in describe(ax)
    assert [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "change"] == list(traffic.changes_s)
    skew = kx.sticky_skew(cluster_with(*[1] * 10, policy="Local"), LB, [100, 10_000], runs=6)
    assert skew["mean"].tolist() == pytest.approx(skew["expected"].tolist(), rel=0.15)
    assert "10,000 clients 1.0" in describe(kx.plot_sticky(skew))


def test_looks_differ_without_colour() -> None:
    looks = side_looks(["Cluster", "Local", "a", "b", "c"]).values()
    assert len({look.marker for look in looks}) == len({look.line for look in looks}) == 5
    assert not any("/" in look.hatch for look in looks), "slanted stripes are the extra hop"
    assert len({look.hatch for look in looks}) == 5
