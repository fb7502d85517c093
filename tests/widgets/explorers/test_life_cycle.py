"""The life of a load balancer: its page is a function of what is set."""

from __future__ import annotations

from itertools import product

import pytest

from k8sexpose.widgets.explorers.life_cycle import (
    CRASHES,
    DELETED,
    END_S,
    LIFE,
    NODES,
    NOTHING,
    PROVIDERS,
    LifeSetting,
    draw_life,
)
from k8sexpose.widgets.explorers.life_cycle import rows as life_rows
from tests.widgets.explorers.helpers import label


@pytest.mark.parametrize(("provider", "happens"), list(product(PROVIDERS.values(), (NOTHING, CRASHES, DELETED))))
def test_life_every_choice(provider: str, happens: str) -> None:
    for happens_at_s, seconds in product((5, 90, END_S), (0, 5, 61, 240, END_S)):
        setting = LifeSetting(seconds, provider, happens, happens_at_s)
        told = label(draw_life(setting))
        moment = setting.moment
        assert (moment.address or "the Service is gone") in told
        assert all(f"{node} {moment.state(node)}" in told for node in NODES if moment.address)
        times = [row[1] for row in life_rows(setting)]
        assert times == sorted(times, key=lambda words: float(words[:-2]))
        assert all(f"{row[1]} {row[3]}" in told for row in life_rows(setting))
        assert ("public-api-lb   LoadBalancer" in setting.terminal) is bool(moment.address)
        assert 'role="status"' in LIFE.page(setting)


def test_life_of_the_generic_provider() -> None:
    assert LifeSetting(9).moment.targets == ()
    assert LifeSetting(10).moment.state("node-1") == "healthy"
    assert "<pending>" in LifeSetting(29).terminal and "198.51.100.125" in LifeSetting(30).terminal
    crash = LifeSetting(110, happens=CRASHES)
    assert crash.moment.state("node-1") == "unhealthy" and crash.moment.state("node-2") == "healthy"
    assert LifeSetting(END_S, happens=DELETED).moment.address == ""
    assert "DeletedLoadBalancer" in LifeSetting(END_S, happens=DELETED).terminal
    assert {moment.address for moment in LifeSetting(provider="none").life.moments} == {"<pending>"}


def test_metallb_announces_when_the_dead_node_is_found_dead() -> None:
    steps = LifeSetting(120, "metallb", CRASHES, 60).life.steps
    assert [(at_s, who) for at_s, who, *_ in steps[-2:]] == [(63, "speakers"), (63, "metallb-speaker")]
