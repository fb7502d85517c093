"""Every small cluster, every question: 2,784 clusters with 113,760 questions, and each with its nodes renamed.

Three minutes on one core. `tests/router/test_small_clusters.py` takes a sample of them in every run.
"""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.router.small_clusters import Small, World, check, check_names, every_cluster, every_question


def test_how_many_there_are() -> None:
    clusters = list(every_cluster())
    assert len(set(clusters)) == len(clusters) == 2784
    assert sum(1 for small in clusters for _ in every_question(small)) == 113_760


def settings_of(small: Small) -> tuple[object, ...]:
    return small.nodes, small.external, small.internal, small.affinity, small.mode


def by_settings(small: Small) -> str:
    return str(settings_of(small))


GROUPS = {key: list(found) for key, found in groupby(sorted(every_cluster(), key=by_settings), settings_of)}


@pytest.mark.parametrize("key", GROUPS, ids=lambda key: "-".join(map(str, key)))
def test_every_law_in_every_small_cluster(key: tuple[object, ...]) -> None:
    ends = {small: check(World(small)) for small in GROUPS[key]}
    compared = sum(check_names(small, found, ends) for small, found in ends.items())
    nodes = key[0]
    assert compared == sum(map(len, ends.values())) * {1: 0, 2: 1, 3: 5}[nodes]  # type: ignore[index]
