"""Figures of both policies."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

import k8sexpose as kx
from k8sexpose.lessons.extra_hop.questions import NAME, stand_with

PLACEMENTS = [(1, 1, 1), (2, 1), (2, 1, 0), (3, 1, 1), (5, 5, 0), (9, 1), (4, 3, 3)]


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


@pytest.mark.parametrize("per_node", [(2, 1), (3, 2, 2), (3, 3, 2), (9, 9, 2), (20, 10)], ids=str)
def test_shares_of_many_pods_fit_beside_the_list_of_files(per_node: tuple[int, ...]) -> None:
    ax = kx.plot_policies(kx.policy_shares(stand_with(per_node), NAME))
    least = re.search(r"min-width: (\d+)px", kx.show(ax)._repr_html_())
    assert least and int(least[1]) <= 740  # pixels beside the list of files
    ax.figure.figure.draw_without_rendering()  # type: ignore[union-attr]
    names = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert not any(one.overlaps(other) for one, other in pairwise(names))


def test_figure_of_skew() -> None:
    placements = {str(p): kx.policy_shares(stand_with(p), NAME) for p in PLACEMENTS}
    said = kx.describe(kx.plot_skew(placements))
    assert "(2, 1): Cluster 1, Local 1.5" in said and "(9, 1): Cluster 1, Local 5" in said
    assert "No placement" in kx.describe(kx.plot_skew({}))
