"""Drawings that become images: what a page without its own SVG still shows."""

from __future__ import annotations

import base64
import re
from html import unescape
from xml.etree import ElementTree

import k8sexpose as kx
from k8sexpose._svg import clean, document, images, rect

# The first and the last character of each range, and their neighbours.
FORBIDDEN = "\x00\x08\x0b\x0c\x0e\x1f\u202a\u202e\u2066\u2069\ud800\udfff\ufffe\uffff"
ALLOWED = "\t\n\r \x7f\u2029\u202f\u2065\u206a\ud7ff\ue000\ufffd\U00010000\U0010ffff"


def test_what_an_svg_cannot_hold_is_replaced() -> None:
    assert clean(FORBIDDEN) == "\ufffd" * len(FORBIDDEN)
    assert clean(ALLOWED) == ALLOWED


def drawings(page: str) -> list[ElementTree.Element]:
    return [
        ElementTree.fromstring(base64.b64decode(data))
        for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    ]


def test_an_image_keeps_drawing_description_and_width() -> None:
    told = """It's a "<wall>" & more"""
    first_drawing = str(document(told, 30, 20, [rect(1, 0, 5, 5)]))
    page = images(f"<p>a</p>{first_drawing}<p>b</p>{document('Two.', 5, 5, [])}")
    assert "<svg" not in page and page.startswith("<p>a</p><img ") and "<p>b</p>" in page
    assert [unescape(alt) for alt in re.findall(r'alt="([^"]*)"', page)] == [told, "Two."]
    first, second = drawings(page)
    assert first.tag == "{http://www.w3.org/2000/svg}svg" and first.attrib["aria-label"] == told
    assert first.find("{http://www.w3.org/2000/svg}rect") is not None
    assert 'width="30"' in page and second.attrib["viewBox"] == "0 0 5 5"


def test_an_image_brings_colours_for_both_grounds() -> None:
    (drawing,) = drawings(images(str(document("A.", 5, 5, []))))
    style = drawing[0].text or ""
    assert "prefers-color-scheme: dark" in style and "background" in style
    wanted = set(re.findall(r"var\((--jp-[\w-]+)", "".join(ElementTree.tostring(drawing, "unicode"))))
    assert wanted <= set(re.findall(r"(--jp-[\w-]+):", style))


def test_stored_outputs_hold_no_drawing_that_a_sanitizer_takes_out() -> None:
    cluster = kx.Cluster()
    cluster.deploy("api-backend", per_node=[3, 1, 0])
    cluster.apply(kx.example("public-api-lb"))
    data, _ = kx.flow(cluster, "public-api-lb")._repr_mimebundle_()
    pages = ((data["text/html"], 1), (kx.policy_explorer()._repr_mimebundle_()["text/html"], 2))
    for page, count in pages:
        assert "<svg" not in page and len(drawings(page)) == count
        # Every colour that the drawing asks the page for is one that it brings.
        for drawing in drawings(page):
            text = ElementTree.tostring(drawing, "unicode")
            colours = {name for name in re.findall(r"var\((--jp-[\w-]+)", text) if "font-family" not in name}
            assert colours <= set(re.findall(r"(--jp-[\w-]+):", text)), colours
