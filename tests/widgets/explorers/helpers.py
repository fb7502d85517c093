"""What the tests of explorers share."""

from __future__ import annotations

from xml.etree import ElementTree


def label(svg: str) -> str:
    return ElementTree.fromstring(svg).attrib["aria-label"]
