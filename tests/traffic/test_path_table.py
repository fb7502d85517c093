"""The paths of a target, by place and together."""

from __future__ import annotations

from typing import Any

import pytest

from k8sexpose.traffic.path_table import RequestTarget, read_table
from tests.router.helpers import cluster_with
from tests.traffic.helpers import LB, LOCAL


def test_paths_by_place_and_together_have_the_same_shares() -> None:
    cluster = cluster_with([3, 0, 2, 1, 0], LB)
    both = [read_table(cluster, RequestTarget("web"), by_place=by_place) for by_place in (False, True)]
    assert both[0].shares == both[1].shares
    costs = [sum(path.network_ms * float(share) for path, share in table.paths.items()) for table in both]
    assert costs[0] == pytest.approx(costs[1])
    kinds = [
        {(path.pod, path.extra_hop, path.crosses_zone, round(path.network_ms, 9)): 0 for path in table.paths}
        for table in both
    ]
    assert kinds[0].keys() == kinds[1].keys()


@pytest.mark.parametrize("policy", [LB, LOCAL])
@pytest.mark.parametrize("down", [False, True])
def test_paths_of_some_nodes_apart(policy: dict[str, Any], down: bool) -> None:
    """The same paths as by place, where the other nodes are taken together."""
    cluster = cluster_with([3, 0, 2, 1, 0, 1], policy)
    via = [node.name for node in cluster.nodes]  # a load balancer that has not noticed
    if down:
        cluster.fail("node-3")
    apart = {"node-1", "node-3"}
    tables = [
        read_table(cluster, RequestTarget("web", via=tuple(via)), by_place=by_place, apart=apart)
        for by_place in (True, False)
    ]
    sums: list[dict[Any, float]] = [{}, {}]
    for table, found in zip(tables, sums, strict=True):
        for path, share in table.paths.items():
            place = path.place if path.place in apart else ""
            ms = round(path.network_ms, 6) if path.delivered else 0
            key = place, path.pod, path.node, path.extra_hop, path.crosses_zone, path.outcome, ms
            found[key] = found.get(key, 0.0) + share
    assert sums[0] == pytest.approx(sums[1])
    assert sum(sums[1].values()) == pytest.approx(1)
    assert tables[0].shares == tables[1].shares
