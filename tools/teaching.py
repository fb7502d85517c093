"""Write the tables of the teaching kit from the lessons and the model; ``--check`` only compares.

The table of lessons in instructor/INSTRUCTORS.md, and instructor/ANSWERS.md: each question, its right answer as the
model computes it, and the beliefs that its feedback names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from k8sexpose.lessons import misconceptions
from k8sexpose.lessons.forms import Question, shown
from k8sexpose.lessons.sheet import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "instructor" / "solutions"
INSTRUCTORS = ROOT / "instructor" / "INSTRUCTORS.md"
ANSWERS = ROOT / "instructor" / "ANSWERS.md"
MARKS = "<!-- lessons: written by tools/teaching.py -->", "<!-- end -->"


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ").replace("$", "\\$").replace("<", "\\<")


def lesson_row(path: Path) -> str:
    nb = nbformat.read(path, as_version=4)
    text = "\n\n".join(one.source for one in nb.cells if one.cell_type == "markdown")
    title = re.search(r"^# (.+)$", text, re.M)
    goals = re.search(r"^## Objectives\n(.*?)^\*\*Prerequisites", text, re.M | re.S)
    core = re.search(r"^\*\*Minutes\.\*\* (\d+)", text, re.M)
    more = re.search(r"^## Go further.*\((\d+) min\)", text, re.M)
    assert title and goals and core, path
    verbs = [f"{verb.lower()} {rest}" for verb, rest in re.findall(r"^- \*\*(\w+)\*\* (.+?)(?:\.|$)", goals[1], re.M)]
    points = sum(one.metadata.get("nbgrader", {}).get("points", 0) for one in nb.cells)
    asked = [question for question in QUESTIONS.values() if question.lesson == path.stem]
    cells = (
        f"[{title[1]}](../notebooks/{path.stem}.ipynb)", f"{core[1]}{f' + {more[1]}' if more else ''}",
        "; ".join(verbs), f"{len(asked)} questions, {points} points",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def lessons() -> str:
    head = ["| lesson | minutes | you can then | asked and graded |", "|---|---|---|---|"]
    return "\n".join([*head, *map(lesson_row, sorted(SOLUTIONS.glob("*.ipynb")))])


def answer_row(question: Question) -> str:
    beliefs = sorted({wrong.misconception for wrong in question.wrong if wrong.misconception})
    right = shown(question.answer(question.setup()))
    return f"| `{question.id}` | {cell(question.text)} | {cell(right)} | {', '.join(map(str, beliefs))} |"


def answers() -> Iterator[str]:
    yield "# Questions and answers\n"
    yield "For instructors. Written by `make notebooks`: the model computes each answer, as `check` does.\n"
    for lesson in sorted({question.lesson for question in QUESTIONS.values()}):
        yield f"## {lesson}\n"
        yield "| id | question | right answer | beliefs its feedback names |\n|---|---|---|---|"
        yield from (answer_row(question) for question in QUESTIONS.values() if question.lesson == lesson)
        yield ""
    yield "## The beliefs, and how to meet them\n"
    yield "In the order of how often public questions show them, with the questions that meet each: predict first.\n"
    yield "| | belief | what a real cluster does | met by |\n|---|---|---|---|"
    for row in misconceptions().rows:
        met = [q.id for q in QUESTIONS.values() if any(wrong.misconception == row.number for wrong in q.wrong)]
        yield f"| {row.number} | {cell(row.belief)} | {cell(row.truth)} | {', '.join(f'`{one}`' for one in met)} |"


def written() -> dict[Path, str]:
    """Make both files, as they should be."""
    text = INSTRUCTORS.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    return {
        INSTRUCTORS: f"{before}{MARKS[0]}\n{lessons()}\n{MARKS[1]}{after}",
        ANSWERS: "\n".join(answers()) + "\n",
    }


def main() -> int:
    stale = [path for path, text in written().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path, text in written().items():
            path.write_text(text, encoding="utf-8")
    elif stale:
        print("out of date, run make notebooks:", ", ".join(path.name for path in stale))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
