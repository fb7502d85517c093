"""Statements about providers and versions: what the lessons say, and where it was read.

k8sexpose/data/facts/*.toml hold one table for each: id, text (the very words of the lesson), lesson, value, source
(an address, or a path in an upstream repository), as_of (a date). `problems` finds where file and lesson disagree.
"""

from __future__ import annotations

import datetime
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course

from k8sexpose.lessons.sheet import QUESTIONS

FACTS = course.ROOT / "k8sexpose" / "data" / "facts"
KEYS = {"id", "text", "lesson", "value", "source", "as_of"}
GLOSSARY = "GLOSSARY"


def read(folder: Path = FACTS) -> list[dict[str, Any]]:
    """All facts of a folder, each with the name of its file."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found += [{**fact, "file": path.name} for fact in table.get("fact", [])]
    return found


def plain(text: object) -> str:
    """A text without line breaks and marks of emphasis: prose is wrapped, a fact is not."""
    return " ".join(re.sub(r"\*\*|\*|`", "", str(text)).split())


def texts() -> dict[str, str]:
    """What each part of the course says: its Markdown, its code, its questions and their feedback."""
    said = {part.name: [cell.source for cell in part.nb.cells] for part in course.parts()}
    for question in QUESTIONS.values():
        feedback = [question.text, question.right, question.otherwise, *(wrong.text for wrong in question.wrong)]
        labels = getattr(question.form, "labels", None) or {}
        said.setdefault(question.lesson, []).extend([*feedback, *labels.values()])
    said[GLOSSARY] = [(course.STUDENTS / "GLOSSARY.md").read_text(encoding="utf-8")]
    return {name: plain("\n".join(found)) for name, found in said.items()}


def problems(facts: list[dict[str, Any]], said: Mapping[str, str]) -> Iterator[str]:
    """Where a fact is incomplete, or its lesson says something else."""
    for fact in facts:
        name = f"{fact.get('file')}: {fact.get('id')}"
        missing = KEYS - fact.keys()
        if missing:
            yield f"{name} lacks {', '.join(sorted(missing))}"
            continue
        if not str(fact["source"]).strip():
            yield f"{name} has no source"
        try:
            datetime.date.fromisoformat(str(fact["as_of"]))
        except ValueError:
            yield f"{name}: {fact['as_of']!r} is no date such as 2026-11-29"
        if fact["lesson"] not in said:
            yield f"{name}: there is no lesson {fact['lesson']}"
        elif not plain(fact["text"]) or plain(fact["text"]) not in said[fact["lesson"]]:
            yield f"{name}: {fact['lesson']} does not say {fact['text']!r}"
    twice = Counter(fact.get("id") for fact in facts)
    yield from (f"two facts have the id {one}" for one, times in twice.items() if times > 1)
