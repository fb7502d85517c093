"""The still picture: XML, described, without a style sheet, hostile text stays text."""

from __future__ import annotations

import html
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose._svg import STYLE, Element, clean, element, fit
from k8sexpose.widgets.flow.curves import trace
from k8sexpose.widgets.flow.drawing import draw
from k8sexpose.widgets.flow.layout import lay_out
from k8sexpose.widgets.flow.scene import FlowQuery, make_scene
from k8sexpose.widgets.flow.still import Still, reading_of
from tests.widgets.flow.helpers import CASES, HOSTILE, flow_cluster, hostile_cluster

SVG = "{http://www.w3.org/2000/svg}"


def test_the_still_picture_is_xml_and_described(case: tuple[kx.Cluster, FlowQuery]) -> None:
    scene = make_scene(*case)
    still = Still(scene)
    root = ET.fromstring(still.svg)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert root.get("aria-label") == clean(scene.description).replace("\n", " ")
    allowed = {f"{SVG}{tag}" for tag in ("svg", "g", "rect", "circle", "path", "polyline", "polygon", "text", "title")}
    assert {node.tag for node in root.iter()} <= allowed
    names = {name for node in root.iter() for name in node.attrib}
    assert not any(name.startswith(("on", "data-")) or "href" in name for name in names)
    assert "<script" not in still.html and "<b onload" not in still.html
    badges = [
        node.text
        for node in root.iter(f"{SVG}text")
        if "font-weight:700;text-anchor:middle" in (node.get("style") or "")
    ]
    assert {str(step.number) for step in scene.steps} <= set(badges)
    for step in scene.steps:
        assert html.escape(clean(step.text)) in still.html


def test_hostile_text_stays_text() -> None:
    still = kx.flow(hostile_cluster(), "10.0.0.1:32000").static()
    assert html.escape(clean(HOSTILE)) in still.html
    assert "\x00" not in still.html and "\u202e" not in still.html
    shown = "".join(ET.fromstring(still.svg).itertext())
    assert clean(HOSTILE) in shown
    plain = json.dumps(kx.flow(hostile_cluster(), "10.0.0.1:32000").scene)
    assert "\\u0000" not in plain


def test_the_still_picture_needs_no_style_sheet_and_has_fallback_colours() -> None:
    svg = Still(make_scene(flow_cluster(), FlowQuery("flow-32000"))).svg
    assert "class=" not in svg and "<style" not in svg and " id=" not in svg
    assert all(", #" in part or "font-family" in part for part in svg.split("var(--jp-ui-font-color")[1:])


def test_same_scene_same_picture() -> None:
    one, two = (kx.flow(flow_cluster(), "flow-32000").static().html for _ in range(2))
    assert one == two


@pytest.mark.parametrize(("via", "per_node"), [("node-2", [1, 0, 0]), ("node-3", [1, 0, 0]), ("node-2", [0, 0, 1])])
def test_the_words_of_an_extra_hop_do_not_lie_where_it_begins(via: str, per_node: list[int]) -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=per_node)
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    scene = make_scene(cluster, FlowQuery("public-api-lb", None, "TCP", via))
    layout = lay_out(scene, 600)
    leg = trace(scene.steps, layout, scene.node_port)[-1]
    words = next(chip for chip in chips(draw(scene, layout)) if chip.text.startswith("extra hop"))
    wide, middle = len(words.text) * 6.3 + 14, float(words.attrs["x"])
    begins = leg.points[0][0]
    assert not middle - wide / 2 <= begins <= middle + wide / 2
    frame = layout.frames["front"]
    assert frame.x < middle - wide / 2 and middle + wide / 2 < frame.right


def chips(drawn: Element) -> Iterator[Element]:
    if drawn.look == "chip-text":
        yield drawn
    for child in drawn.children:
        yield from chips(child)


def test_looks_have_names() -> None:
    def looks(drawn: Any) -> Iterator[str]:
        yield drawn.look
        for child in drawn.children:
            yield from looks(child)

    for _, cluster, question in CASES:
        scene = make_scene(cluster, question)
        assert set(looks(draw(scene, lay_out(scene), live=True))) <= {*STYLE, ""}


@pytest.mark.parametrize("width", range(0, 200, 13))
def test_fit_keeps_to_its_room(width: int) -> None:
    for text in ("a", "api-backend-1", "x" * 63):
        assert len(fit(text, width)) <= max(int(width / 6.4), 3)


def test_an_element_keeps_its_attributes() -> None:
    drawn = element("text", "small", "a < b & c", x=1.26, data_key="k", aria_label='"')
    assert drawn.svg() == '<text x="1.3" aria-label="&quot;">a &lt; b &amp; c</text>'
    assert drawn.plain() == ["text", "small", {"x": 1.3, "data-key": "k", "aria-label": '"'}, "a < b & c"]


def test_what_a_whole_bar_stands_for_is_said_where_it_is_not_all() -> None:
    many = make_scene(flow_cluster([1] * 12), FlowQuery("flow-32000"))
    assert many.dense and "the whole bar stands for 12.5% of all connections" in reading_of(many)
    few = make_scene(flow_cluster([1, 1, 1]), FlowQuery("flow-32000"))
    assert not few.dense and "whole bar" not in reading_of(few)
