"""The NodePort explorer: what it draws is a pure function of what is set."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose._svg import images
from k8sexpose.router.route import NOWHERE, Hop, Route
from k8sexpose.widgets.explorers.node_port import (
    CONTROLS,
    NODE_PORT_WAY,
    NODES,
    PLACES,
    NodePortSetting,
    draw_route,
    rows,
)

SETTINGS = [
    NodePortSetting(*values)
    for values in product(NODES, PLACES, (True, False), (8080, 8081), (True, False), (True, False))
]


def test_every_setting_draws_what_the_model_says() -> None:
    for setting in SETTINGS:
        route = setting.route
        svg = ElementTree.fromstring(draw_route(route))
        assert route.outcome in svg.attrib["aria-label"]
        words = "".join(svg.itertext())
        named = ["firewall" if hop.at == NOWHERE and setting.firewall_closed else hop.at for hop in route.hops]
        assert all(name in words for name in named)


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({}, "delivered", ""),
        ({"pods": "none"}, "refused", "no endpoints"),
        ({"selector_matches": False}, "refused", "no endpoints"),
        ({"target_port": 8081}, "refused", "does not listen on port 8081"),
        ({"firewall_closed": True}, "timeout", "firewall"),
        ({"crashed": True}, "timeout", "is down"),
    ],
)
def test_outcomes(change: dict[str, object], outcome: str, reason: str) -> None:
    route = replace(NodePortSetting(), **change).route
    assert route.outcome == outcome and reason in route.reason


def test_the_crash_stays_with_its_node() -> None:
    found = {node: NodePortSetting(node, crashed=True).route for node in NODES}
    assert {node: route.outcome for node, route in found.items()} == {
        "node-1": "delivered", "node-2": "timeout", "node-3": "delivered",
    }  # fmt: skip
    assert not any("node-1 is down" in words or "node-3 is down" in words for _, *words in rows(NodePortSetting()))
    page = NODE_PORT_WAY.page(NodePortSetting("node-3", crashed=True))
    assert "node-2 has crashed, but this connection does not need it" in page


def test_a_crashed_node_is_not_drawn_like_one_that_answers() -> None:
    def signs(setting: NodePortSetting) -> list[str | None]:
        svg = ElementTree.fromstring(draw_route(setting.route))
        return [shape.get("stroke-dasharray") for shape in svg.iter() if shape.tag.endswith("rect")]

    assert signs(NodePortSetting(pods="none")) == [None]
    assert signs(NodePortSetting(pods="none", crashed=True)) == ["4 3"]


def test_a_refusal_comes_back_and_a_timeout_does_not() -> None:
    def heads(setting: NodePortSetting) -> int:
        svg = ElementTree.fromstring(draw_route(setting.route))
        return sum(shape.tag.endswith("polygon") for shape in svg.iter())

    refused, silent = NodePortSetting(pods="none"), NodePortSetting(firewall_closed=True)
    assert (heads(refused), heads(silent)) == (2, 1)
    page = NODE_PORT_WAY.page(refused)
    assert "refuses (REJECT)" in page and "red arrow" not in page


def test_table_names_every_other_choice_once() -> None:
    found = rows(NodePortSetting())
    assert len(found) == sum(len(control.options) - 1 if control.options else 1 for control in CONTROLS)
    page = NODE_PORT_WAY.page(NodePortSetting())
    assert all(words.replace("'", "&#x27;") in page for words, *_ in found)


def test_another_pod_is_named_only_where_it_may_end_otherwise() -> None:
    spread = NodePortSetting(pods="one on every node")
    why = {words: (outcome, reason) for words, outcome, reason in rows(spread)}
    assert why["targetPort (the process listens on 8080): 8081"] == (
        "refused", "debug-tools-3 does not listen on port 8081; it is the same with the other Pods",
    )  # fmt: skip
    assert why["Node to which the client connects: node-1"][1].endswith("another connection may get another Pod")


def test_controls_redraw() -> None:
    explorer = kx.nodeport_explorer()
    assert "delivered" in explorer.picture.value
    explorer.controls["firewall_closed"].value = True
    assert explorer.setting == NodePortSetting(firewall_closed=True)
    assert explorer.picture.value == NODE_PORT_WAY.page(explorer.setting)


def test_controls_are_labelled() -> None:
    for name, control in kx.nodeport_explorer().controls.items():
        assert control.description, name


def test_the_page_stands_without_a_kernel() -> None:
    explorer = kx.nodeport_explorer(NodePortSetting(target_port=8081))
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert images(NODE_PORT_WAY.page(explorer.setting)) in bundle["text/html"]
    assert bundle["text/plain"] == repr(explorer) and "0x" not in repr(explorer)


def test_drawing_escapes() -> None:
    from fractions import Fraction

    hops = (Hop("<b>", "1", "2", '"act"', kind="client"), Hop("<i>", "1", "2", "x"))
    svg = draw_route(Route(Fraction(1), "timeout", "<u>", hops=hops))
    assert not {"<b>", "<i>", "<u>"} & {f"<{e.tag}>" for e in ElementTree.fromstring(svg).iter()}
