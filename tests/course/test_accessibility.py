"""What a screen reader needs of a lesson: headings in order, words for every picture, links that say where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "instructor" / "solutions").glob("*.ipynb"))
SOLUTIONS = [*LESSONS, *sorted((ROOT / "instructor" / "solutions").glob("leaflets/*.ipynb"))]
GUIDES = [*(ROOT / "notebooks").glob("[A-Z]*.md"), *(ROOT / "instructor").glob("*.md")]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(GUIDES)]
EMPTY_WORDS = {"here", "click here", "link", "this", "more", "image", "figure", "plot", "picture"}


class Pictures(HTMLParser):
    """Notes each image and drawing without words, and each table without a head."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("aria-hidden") == "true" or given.get("role") == "presentation":
            return
        if tag == "img":
            self._said(tag, given.get("alt"))
        elif tag == "svg":
            self._said(tag, given.get("aria-label"))
            if given.get("role") not in ("img", "group", "figure"):
                self.faults.append(f"svg with role {given.get('role')}")

    def _said(self, tag: str, words: str | None) -> None:
        self.seen += 1
        if not words or len(words) < 15 or words.strip().lower() in EMPTY_WORDS:
            self.faults.append(f"{tag} is described as {words!r}")


def pictures(html: str) -> Pictures:
    parser = Pictures()
    parser.feed(html)
    return parser


def faults(markdown: str) -> Iterator[str]:
    """Find what is wrong in Markdown: skipped heading levels, pictures and links without words."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.M | re.S)
    levels = [len(mark) for mark in re.findall(r"^(#+) ", text, re.M)]
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"{levels.count(1)} first headings, the first of level {levels[0] if levels else None}"
    yield from (f"level {after} after {before}" for before, after in pairwise(levels) if after > before + 1)
    for mark, words in re.findall(r"(!?)\[([^\]]*)\]\(", text):
        if len(words.strip()) < 3 or words.strip().lower() in EMPTY_WORDS:
            yield f"{'picture' if mark else 'link'} with the words {words!r}"
    yield from pictures(text).faults


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages(path: Path) -> None:
    assert list(faults(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_lessons(path: Path) -> None:
    nb = nbformat.read(path, as_version=4)
    assert list(faults("\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown"))) == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_stored_picture_is_described(path: Path) -> None:
    nb = nbformat.read(path, as_version=4)
    found, bare = Pictures(), []
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            found.feed("".join(data.get("text/html", "")))
            # Lab ignores every description of a bare image: it has to come as HTML.
            if {"image/png", "image/svg+xml", "image/jpeg"} & set(data) and "text/html" not in data:
                bare.append(cell.id)
    assert not found.faults and not bare
    # A leaflet may show text alone: rules, or what a command prints.
    assert found.seen or path not in LESSONS


@pytest.mark.parametrize(
    "wrong",
    [
        "text without a heading", "# One\n\n### Three", "# One\n\n# Another", "# One\n\n![](a.png)", "# One\n\n[here](a.md)",
        '# One\n\n<img src="a.png">', '# One\n\n<img src="a.png" alt="plot">', '# One\n\n<svg role="img"></svg>',
        '# One\n\n<svg aria-label="three nodes and two Pods"></svg>',
    ],
)  # fmt: skip
def test_the_checker_sees_what_is_wrong(wrong: str) -> None:
    assert list(faults(wrong))
