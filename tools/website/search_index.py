"""Write the index of the search: what a reader sees of every section, and the words that find it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser

__all__ = ["index_script"]

# What a cell prints may answer a question, and so does the answer key: neither is found.
UNSEEN, FOLDED = ("output", "answer", "kx-curtain"), ("highlight",)
NOT_FOUND = ("ANSWERS.html",)
MINUTES = re.compile(r"^minutes \d+–\d+ ")  # how long a section takes says nothing of what is in it
WORD = re.compile(r"\w[\w./:=-]*\w|\w")


class Sections(HTMLParser):
    """Cuts a page into its sections; what is folded, and code, is kept as words only."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[str]] = [["", "", "", ""]]  # anchor, heading, text, words
        self.heading = self.inside = False
        self.open: list[tuple[str, str]] = []  # elements that hide something or could, and how

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note where a section begins, and what hides its contents."""
        given = dict(attributes)
        if tag == "main":
            self.inside = True
        if tag in ("h1", "h2", "h3") and self.inside:
            self.heading = True
            self.found.append([given.get("id") or "", "", "", ""])
        if tag in ("style", "svg", "summary", "details", "div"):
            self.open.append((tag, _kind(tag, (given.get("class") or "").split())))

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends."""
        self.inside = self.inside and tag != "main"
        self.heading = self.heading and tag not in ("h1", "h2", "h3")
        if tag in ("p", "li", "b", "td", "th"):
            self.handle_data(" ")
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        """Keep what is seen as it is, and what is folded as words."""
        kinds = {kind for _, kind in self.open}
        if self.inside and "unseen" not in kinds:
            self.found[-1][3 if "folded" in kinds else 1 if self.heading else 2] += f"{data} " if kinds - {""} else data


def _kind(tag: str, classes: list[str]) -> str:
    """Return how an element hides its contents: unseen, folded, or not at all."""
    if tag in ("style", "svg", "summary") or set(classes) & set(UNSEEN):
        return "unseen"
    return "folded" if tag == "details" or set(classes) & set(FOLDED) else ""


def index_script(pages: Mapping[str, str]) -> str:
    """Return the index: place, page, heading, text and further words of every section."""
    rows = []
    for name, html in pages.items():
        if name in NOT_FOUND:
            continue
        called = re.search(r"<title>(.*?)</title>", html)
        cut = Sections()
        cut.feed(html)
        for anchor, heading, text, folded in cut.found:
            seen = MINUTES.sub("", " ".join(text.split()))
            words = " ".join(sorted({word.lower() for word in WORD.findall(folded)}))
            if seen or words:
                place = f"{name}#{anchor}" if anchor else name
                title = unescape(called[1]) if called else name
                rows.append([place, title, heading.replace("¶", "").strip(), seen, words])
    return f"window.kx.index = {json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n"
