"""The node port wall, the life of a load balancer and the manifest doctor: pages are functions of what is set."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.widgets.explorers.diagnosis import BROKEN, LONGEST, diagnose
from k8sexpose.widgets.explorers.doctor import DoctorSetting, doctor_page, draw_gates
from k8sexpose.widgets.explorers.life_cycle import (
    CRASHES,
    DELETED,
    END_S,
    NODES,
    NOTHING,
    PROVIDERS,
    LifeSetting,
    draw_life,
    life_page,
)
from k8sexpose.widgets.explorers.life_cycle import rows as life_rows
from k8sexpose.widgets.explorers.node_port_range import (
    ASKED,
    NAMESPACES,
    PROTOCOLS,
    TAKEN,
    WINDOWS,
    WallSetting,
    draw_wall,
    port_wall_explorer,
    wall_page,
)
from k8sexpose.widgets.explorers.node_port_range import rows as wall_rows

GOOD = BROKEN.replace("Loadbalancer", "LoadBalancer")


def label(svg: str) -> str:
    return ElementTree.fromstring(svg).attrib["aria-label"]


def result(program: str) -> Any:
    """Run a program of Show Python; the value of its last line."""
    *lines, last = program.strip().split("\n")
    names: dict[str, Any] = {"kx": kx}
    exec("\n".join(lines), names)
    return eval(last, names)


# -- the wall ----


@pytest.mark.parametrize("automatic", [0, 1, 50, 2682, WINDOWS - 1, WINDOWS])
def test_wall_every_choice(automatic: int) -> None:
    for asked, protocol, namespace in product(ASKED.values(), PROTOCOLS, NAMESPACES):
        setting = WallSetting(automatic, asked, protocol, namespace)
        told = label(draw_wall(setting))
        assert f"{len(setting.wall.holders)} of {WINDOWS} taken" in told
        if not setting.answer.created:
            assert setting.answer.message in told
        table = list(wall_rows(setting))
        assert next(row for row in table if "(yours)" in row[0])[3] in (
            f"created: {setting.answer.number}",
            setting.answer.words,
        )
        assert 'role="status"' in wall_page(setting)


@pytest.mark.parametrize(
    ("asked", "words"),
    [(80, "not in the valid range"), (TAKEN, "already allocated"), (32768, "not in the valid range"), (30050, "")],
)
def test_wall_answers(asked: int, words: str) -> None:
    for protocol, namespace in product(PROTOCOLS, NAMESPACES):  # one list for all protocols and namespaces
        answer = WallSetting(50, asked, protocol, namespace).answer
        assert words in answer.message and answer.created is not bool(words)


def test_wall_fills_the_dynamic_band_first() -> None:
    assert [taken for *_, taken in WallSetting(2682).wall.bands] == [1, 2682]
    assert [taken for *_, taken in WallSetting(2683).wall.bands] == [2, 2682]
    full = WallSetting(WINDOWS, 0)
    assert len(full.wall.holders) == WINDOWS and "range is full" in full.wall.refused
    assert "range is full" in full.answer.message and "range is full" in wall_page(full)
    assert "Every number of the range is taken" in (full.answer.hint or "")


@pytest.mark.parametrize("setting", [WallSetting(70, 0), WallSetting(3, 30050, "UDP", "team-b")])
def test_wall_python_gives_the_same(setting: WallSetting) -> None:
    assert result(setting.python) == setting.answer.number


# -- the life ----


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
        assert 'role="status"' in life_page(setting)


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


# -- the doctor ----

HOSTILE = [
    "", " \n", "null", "[]", "- 1", "a: [", "\t\x00<b>", "\ud800: 1", "[" * 3000, "/etc/hostname.yaml", "kind: [",
    "kind: List\napiVersion: v1\nitems: 5", "a: &a [1]\nb: &b [*a, *a]", "<script>alert(1)</script>: <b>",
    "apiVersion: v1\nkind: Service\nmetadata: {name: '<img src=x onerror=alert(1)>'}\nspec: {ports: [{port: 80}]}",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {a: '</pre><script>'}}\nspec: {ports: [{port: 80}]}",
    "apiVersion: v1\nkind: '<i>'\nmetadata: 7", "x" * (LONGEST + 1), (GOOD + "---\n") * 30, "{{ template }}", "? ? ?",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_doctor_takes_any_text(text: str) -> None:
    found = diagnose(text)
    page = doctor_page(DoctorSetting(text))
    page.encode()
    assert not {"<script", "<img", "<i>", "<b>"} & {part for part in ("<script", "<img", "<i>", "<b>") if part in page}
    assert "doctor's fault" not in found.verdict
    assert found.verdict in label(draw_gates(found))


def test_doctor_says_what_kubectl_says_and_keeps_the_hint_apart() -> None:
    found = diagnose(BROKEN)
    assert found.printed.startswith('The Service "public-api-lb" is invalid: spec.type: Unsupported value')
    assert found.hints == ("Values are case-sensitive: write LoadBalancer.",) and found.hints[0] not in found.printed
    assert "60,000 at most" in diagnose("x" * (LONGEST + 1)).verdict


def test_doctor_marks_what_the_server_added() -> None:
    (document,) = diagnose(GOOD).documents
    added = {line.strip() for line, is_added in document.lines if is_added}
    kept = {line.strip() for line, is_added in document.lines if not is_added}
    assert {"sessionAffinity: None", "externalTrafficPolicy: Cluster", "namespace: default"} <= added
    assert {"type: LoadBalancer", "port: 80", "targetPort: 8080", "app: api-backend"} <= kept
    page = doctor_page(DoctorSetting(GOOD))
    assert page.count("<ins ") == sum(is_added for _, is_added in document.lines)
    assert page.count(">+ ") == page.count("<ins ")


def test_doctor_goes_on_after_a_refusal() -> None:
    found = diagnose(f"{GOOD}---\n{BROKEN}")
    assert [document.stored for document in found.documents] == [True, False]
    assert "public-api-lb created" in found.printed and "1 of 2 objects is refused" in found.verdict


# -- all three ----


@pytest.mark.parametrize("make", [port_wall_explorer, kx.life_explorer, kx.manifest_doctor])
def test_controls(make: Any) -> None:
    explorer = make()
    for name, control in explorer.controls.items():
        assert getattr(control, "label", "") or control.description, name
    bundle = explorer._repr_mimebundle_()
    assert explorer.picture.value == explorer.page() and explorer.page() in bundle["text/html"]
    assert "0x" not in bundle["text/plain"]
    explorer.show_python.click()
    assert "kx.Cluster(" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == explorer.first
