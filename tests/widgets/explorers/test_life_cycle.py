"""The life of a load balancer: its page is a function of what is set."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

import k8sexpose as kx
from k8sexpose.widgets.explorers.life_cycle import (
    CRASHES,
    DELETED,
    END_S,
    LIFE,
    NODES,
    NOTHING,
    PROVIDERS,
    TOP,
    WIDTH,
    LifeSetting,
    _side_by_side,
    _x,
    draw_life,
    reading,
    verdict,
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
    crash = LifeSetting(120, happens=CRASHES)
    assert crash.moment.state("node-1") == "unhealthy" and crash.moment.state("node-2") == "healthy"
    assert LifeSetting(END_S, happens=DELETED).moment.address == ""
    assert "DeletedLoadBalancer" in LifeSetting(END_S, happens=DELETED).terminal
    assert {moment.address for moment in LifeSetting(provider="none").life.moments} == {"<pending>"}


def test_each_number_stands_at_its_moment_or_is_joined_to_it() -> None:
    # Steps at 0 s and 10 s are no longer drawn as one mark at 0 s.
    for setting in (LifeSetting(15), LifeSetting(15, happens=DELETED, happens_at_s=5)):
        svg = draw_life(setting)
        for at_s in {step[0] for step in setting.life.steps}:
            assert f"L{_x(at_s):.1f} {TOP - 4}" in svg


def test_numbers_side_by_side_stay_in_the_picture() -> None:
    wanted = [(WIDTH - 20.0 + k, 30.0) for k in range(4)] + [(WIDTH - 10.0, 8.0)]
    places = _side_by_side(wanted)
    edges = [(place - width / 2, place + width / 2) for place, (_, width) in zip(places, wanted, strict=True)]
    assert all(before[1] < after[0] for before, after in pairwise(edges))
    assert edges[-1][1] <= WIDTH


def test_a_step_tells_when_new_targets_become_healthy() -> None:
    steps = LifeSetting(240, "aws").life.steps
    assert [step[:3] for step in steps if step[0] == 90] == [(90, "load balancer", "node-1, node-2, node-3: healthy")]
    assert "first check" in reading(LifeSetting(240, "aws")) and "first check" not in reading(LifeSetting())
    # What a cloud does at once is no step of its own.
    assert [step[0] for step in LifeSetting().life.steps] == [0, 0, 10, 30]


def test_the_steps_to_an_address_are_told_also_when_something_happens_before() -> None:
    told = [step[2] for step in LifeSetting(END_S, "aws", CRASHES, 90).life.steps]
    assert any(what.startswith("writes a") and what.endswith("into the status") for what in told)
    early = [step[2] for step in LifeSetting(END_S, "generic", CRASHES, 5).life.steps]
    assert any(what.startswith("registers 3 nodes") for what in early)


def test_the_verdict_says_what_has_happened() -> None:
    assert verdict(LifeSetting(200, "aws", DELETED)).endswith("healthy. The Service is being deleted.")
    assert verdict(LifeSetting(99, "aws", DELETED)).endswith("node-3 healthy.")
    assert verdict(LifeSetting(105, "generic", CRASHES)).endswith("node-3 healthy. node-1 has crashed.")
    # By itself, nothing else falls on the moment at which something happens.
    for provider, happens in product(PROVIDERS.values(), (CRASHES, DELETED)):
        setting = LifeSetting(provider=provider, happens=happens)
        before = LifeSetting(provider=provider).life.steps
        assert setting.happens_at_s not in [step[0] for step in before]


def test_metallb_gives_an_address_that_looks_like_one_of_a_host() -> None:
    setting = LifeSetting(60, "metallb")
    assert not setting.moment.address.endswith(".0") and "layer2" in reading(setting)
    scope: dict[str, object] = {"kx": kx}
    exec(setting.python.partition("%")[0], scope)
    service = scope["cluster"].service("public-api-lb")  # type: ignore[attr-defined]
    assert service.load_balancer_ingress[0].ip == setting.moment.address


def test_metallb_announces_when_the_dead_node_is_found_dead() -> None:
    steps = LifeSetting(120, "metallb", CRASHES, 60).life.steps
    assert [(at_s, who) for at_s, who, *_ in steps[-2:]] == [(63, "speakers"), (63, "metallb-speaker")]
