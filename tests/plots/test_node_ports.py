"""Figures of node ports and of success over time."""

from __future__ import annotations

import k8sexpose as kx
from k8sexpose.plots import describe
from tests.plots.helpers import texts


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
