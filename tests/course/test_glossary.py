"""The glossary: every word has one place, both on a code host and in JupyterLab, and every link to a word finds it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import k8sexpose.lessons
from k8sexpose.report.findings import LESSONS as FOLLOW

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "instructor" / "solutions"
GLOSSARY = (ROOT / "notebooks" / "GLOSSARY.md").read_text(encoding="utf-8")
PAGES = sorted(SOLUTIONS.rglob("*.ipynb"))
WORDS = re.findall(r"^### (.+)$", GLOSSARY, re.M)


def place(words: str) -> str:
    """The place of a heading as GitHub writes it; JupyterLab keeps capital letters and signs."""
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def entry(word: str) -> str:
    """What the glossary says of a word."""
    found = re.search(rf"^### {re.escape(word)}$(.*?)(?=^##|^<a |\Z)", GLOSSARY, re.M | re.S)
    assert found
    return found[1].strip()


def lessons() -> Iterator[str]:
    """Each lesson and leaflet that has questions, and each that a finding of the report names."""
    yield from FOLLOW.values()
    for module in pkgutil.walk_packages(k8sexpose.lessons.__path__, "k8sexpose.lessons."):
        name = getattr(importlib.import_module(module.name), "LESSON", None)
        if name is not None:
            yield name


def links(path: Path) -> list[tuple[str, str]]:
    """(file, word) of every link to the glossary in the Markdown of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.findall(r"\]\(((?:\.\./)?GLOSSARY\.md)(?:#([^)\s]*))?\)", text)


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_a_linked_word_is_in_the_glossary(path: Path) -> None:
    known = {*map(place, WORDS), *re.findall(r'<a id="([^"]+)"', GLOSSARY)}
    up = "../" * (len(path.relative_to(SOLUTIONS).parts) - 1)
    for file, word in links(path):
        assert file == f"{up}GLOSSARY.md"
        assert not word or word in known, f"{path.stem} links to {word}, which the glossary does not have"


def test_each_word_has_one_place_that_both_readers_find() -> None:
    places = [place(word) for word in WORDS]
    assert len(set(places)) == len(places) > 100
    for word in WORDS:
        if place(word) != word.replace(" ", "-"):
            assert f'<a id="{place(word)}"></a>\n\n### {word}\n' in GLOSSARY, word


def test_the_list_at_the_top_has_every_word_in_order() -> None:
    listed = re.findall(r"\[([^\]]+)\]\(#([^)]+)\)", GLOSSARY.partition("\n## The story")[0])
    assert [name for name, _ in listed] == sorted(WORDS, key=str.casefold)
    assert all(place(name) == link for name, link in listed)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_explained_in_whole_sentences_and_names_its_lesson(word: str) -> None:
    said = entry(word)
    (link,) = re.findall(r"\[[^\]]+\]\((?:leaflets/)?[\w-]+\.ipynb\)", said)
    assert said.endswith(f"{link}.")
    explained = said.removesuffix(f"{link}.").strip()
    assert explained[0].isupper() or explained[0] == "`"
    assert explained.endswith(".") and len(explained.split()) >= 6


def test_links_to_lessons_lead_to_lessons() -> None:
    known = set(lessons())
    assert {link for link in re.findall(r"\]\(([^#)]+)\.ipynb\)", GLOSSARY)} <= known


def test_the_story_leads_to_words() -> None:
    story = GLOSSARY.partition("## The story")[2].partition("\n## ")[0]
    places = re.findall(r"\]\(#([^)]+)\)", story)
    assert len(places) > 10 and set(places) <= {place(word) for word in WORDS}
