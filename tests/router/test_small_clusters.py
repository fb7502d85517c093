"""The laws of the router in small clusters: a seeded sample of all of them, which `make deep` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.kubeproxy.proxy import kube_proxy
from tests.router.small_clusters import (
    GONE,
    NOWHERE,
    READY,
    TERMINATING,
    Asked,
    Placed,
    Small,
    World,
    check,
    check_names,
    every_cluster,
)  # fmt: skip

pytestmark = pytest.mark.slow

SAMPLE, SEED = 40, 26


@pytest.mark.parametrize("small", Random(SEED).sample(list(every_cluster()), SAMPLE), ids=str)
def test_laws_in_a_sample_of_small_clusters(small: Small) -> None:
    ends = check(World(small))
    for names in small.renamings[-1:]:
        other = small.renamed(names)
        assert check_names(small, ends, {other: check(World(other))}) >= len(ends)


# -- the laws can be broken ----

TWO = Small(2, (Placed(READY, 1), Placed(READY, 2)), "Cluster", "Cluster", False, "iptables")
LOCAL = replace(TWO, pods=(Placed(READY, 1), Placed(READY, NOWHERE)), external="Local")
LEAVING = replace(TWO, pods=(Placed(GONE, 1), Placed(TERMINATING, 2)), external="Local", mode="nftables")

Change = Callable[[kx.Verdict], kx.Verdict]
BREAKS: dict[str, tuple[Small, Change]] = {
    "Cluster keeps the sender": (TWO, lambda verdict: replace(verdict, marked=False)),
    "Local loses it": (LOCAL, lambda verdict: replace(verdict, marked=True)),
    "the last endpoint is forgotten": (TWO, lambda verdict: replace(verdict, targets=verdict.targets[:1])),
    "terminating endpoints are forgotten": (LEAVING, lambda verdict: replace(verdict, action="REJECT", targets=())),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_wrong_verdict_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small, change = BREAKS[name]
    check(World(small))

    def wrong(*args: Any, **options: Any) -> kx.Verdict:
        verdict = kube_proxy(*args, **options)
        return change(verdict) if verdict.action == "DNAT" else verdict

    monkeypatch.setattr("k8sexpose.router.path.kube_proxy", wrong)
    with pytest.raises(AssertionError):
        check(World(small))


def test_a_wrong_health_check_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check(World(LEAVING))
    monkeypatch.setattr("k8sexpose.kubeproxy.health.ready_local_endpoints", lambda *args: 1)
    with pytest.raises(AssertionError):
        check(World(LEAVING))


def test_a_node_with_a_special_name_is_noticed() -> None:
    straight, crossed = LOCAL, LOCAL.renamed((2, 1))
    ends, there = check(World(straight)), check(World(crossed))
    assert check_names(straight, ends, {crossed: there}) == len(ends)
    asked = Asked("clusterIP", "outside", 1)
    with pytest.raises(AssertionError):
        check_names(straight, ends, {crossed: there | {asked: there[Asked("nodePort", "outside", 1, 1)]}})
