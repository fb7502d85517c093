"""Figures: artists and descriptions, not pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.figure import Figure

import k8sexpose as kx
from k8sexpose._palette import CONCEPTS
from k8sexpose.plots import describe, legs


@pytest.fixture
def cluster() -> kx.Cluster:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=[1, 0, 0])
    cluster.apply(kx.example("debug-svc-nodeport"))
    return cluster


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def gids(ax: Any) -> list[str]:
    return [line.get_gid() for line in ax.lines]


def test_palette_never_uses_colour_alone() -> None:
    for name in ("client", "load balancer", "node", "Pod", "extra hop", "dropped"):
        others = [c for key, c in CONCEPTS.items() if key not in (name, "nowhere")]
        assert CONCEPTS[name].label
        assert CONCEPTS[name].color not in {c.color for c in others}
        assert CONCEPTS[name].marker not in {c.marker for c in others}


def test_cluster(cluster: kx.Cluster) -> None:
    ax = kx.plot_cluster(cluster, "debug-svc-nodeport")
    assert len(ax.patches) == 3
    assert gids(ax).count("Pod debug-tools-1") == 1
    assert [gid for gid in gids(ax) if gid.startswith("window")] == ["window node-1", "window node-2", "window node-3"]
    assert texts(ax).count("30007: delivered") == 3
    assert "node-3 (10.0.0.3) without Pods, window 30007 delivered." in describe(ax)
    assert "port 80; nodePort 30007; targetPort 8080" in describe(ax)


def test_cluster_shows_what_the_model_says(cluster: kx.Cluster) -> None:
    cluster.patch("debug-svc-nodeport", {"spec": {"externalTrafficPolicy": "Local"}})
    assert "30007: timeout" in texts(kx.plot_cluster(cluster, "debug-svc-nodeport"))
    cluster.fail("node-1")
    assert "node-1 (10.0.0.1) down" in describe(kx.plot_cluster(cluster, "debug-svc-nodeport"))


def test_a_proxy_that_never_heard_of_it_has_no_window() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.stop_proxy("node-2")
    cluster.deploy("debug-tools")
    cluster.apply(kx.example("debug-svc-nodeport"))
    ax = kx.plot_cluster(cluster, "debug-svc-nodeport")
    assert [gid for gid in gids(ax) if gid.startswith("window")] == ["window node-1"]
    assert "node-2 (10.0.0.2) without Pods, window 30007 no window" in describe(ax)


def test_many_pods_and_no_nodes() -> None:
    cluster = kx.Cluster(nodes=1)
    cluster.deploy("web", per_node=[40])
    assert "… and 34 more" in texts(kx.plot_cluster(cluster))
    assert describe(kx.plot_cluster(kx.Cluster(nodes=[]))).startswith("A cluster of 0 nodes")


def test_route(cluster: kx.Cluster) -> None:
    route = kx.send(cluster, "10.0.0.2:30007")
    ax = kx.plot_route(route)
    assert gids(ax) == ["client", "node", "Pod"]
    said = texts(ax)
    for leg in legs(route):
        source, _, target = leg.packet.partition(" → ")
        assert f"from {source}" in said and f"to {target}" in said
    assert "extra hop" in said
    assert [leg.concept for leg in legs(route)] == ["client", "extra hop"]
    assert "to node-2, to debug-tools-1 as 10.0.0.2 → 10.244.1.2:8080" in describe(ax)


@pytest.mark.parametrize(("target", "word"), [("10.0.0.1:31000", "refused"), ("10.96.0.1:443", "timeout")])
def test_a_lost_route_says_how(cluster: kx.Cluster, target: str, word: str) -> None:
    ax = kx.plot_route(kx.send(cluster, target))
    assert word in texts(ax) and word in describe(ax)


def test_node_ports(cluster: kx.Cluster) -> None:
    ax = kx.plot_node_ports(cluster)
    static, dynamic = ax.patches
    assert (static.get_x(), static.get_width()) == (30000, 86)
    assert (dynamic.get_x(), dynamic.get_x() + dynamic.get_width() - 1) == (30086, 32767)
    assert "30007 debug-svc-nodeport" in texts(ax) and "taken: 30007 by debug-svc-nodeport" in describe(ax)


def test_success() -> None:
    ax = kx.plot_success({"a": [(0, 1), (10, 0.5)], "b": [(0, 0.25), (10, 0.25)]})
    assert [list(line.get_ydata()) for line in ax.lines] == [[100, 50], [25, 25]]
    assert len({(line.get_color(), line.get_marker(), line.get_linestyle()) for line in ax.lines}) == 2
    assert describe(kx.plot_success({})) == "Success over 0 s: nobody asks."


def test_show_is_the_same_every_time_and_has_alt_text(cluster: kx.Cluster) -> None:
    first, second = (kx.show(kx.plot_cluster(cluster, "debug-svc-nodeport")) for _ in range(2))
    assert first.png == second.png and first.png.startswith(b"\x89PNG")
    page = first._repr_html_()
    assert f'alt="{describe(kx.plot_cluster(cluster, "debug-svc-nodeport"))}"' in page
    assert "How to read this." in page


def test_show_escapes() -> None:
    cluster = kx.Cluster(nodes=[kx.Node('<b>"x"', addresses=("10.0.0.1",))])
    page = kx.show(kx.plot_cluster(cluster))._repr_html_()
    assert "<b>" not in page and "&lt;b&gt;&quot;x&quot;" in page


def test_given_axes_are_used_and_pyplot_is_left_alone(cluster: kx.Cluster, tmp_path: Path) -> None:
    mine = Figure().add_subplot()
    assert kx.plot_cluster(cluster, ax=mine) is mine
    before = dict(matplotlib.rcParams)
    kx.show(kx.plot_route(kx.send(cluster, "10.0.0.2:30007")))
    assert before == dict(matplotlib.rcParams)
    pyplot = __import__("sys").modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
