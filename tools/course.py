"""What the tools know of the course: its nine lessons and its leaflets, their headings, minutes and questions.

The minutes come from a model of a reader: 140 words of prose a minute, 7 s a line of code, 45 s a question (its answer
and its card), 100 s a widget. `tools/outline.py` compares it with what a lesson states, `tools/teaching.py` makes the
minute plans from it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
STUDENTS = ROOT / "notebooks"
SOLUTIONS = ROOT / "instructor" / "solutions"

# The line below the heading of a section: when a reader begins it, and when it ends.
CLOCK = re.compile(r"^\*minutes (\d+)–(\d+)\*$", re.MULTILINE)
WORDS_A_MINUTE = 140
CODE_LINE_S, QUESTION_S, WIDGET_S = 7, 45, 100
# For an exercise: to find the idea, and to write a line of the answer.
IDEA_S, WRITTEN_LINE_S = 120, 30
# The learner plays with these; `.static()` of one is only a picture.
WIDGETS = re.compile(r"flow|\w+_explorer|manifest_doctor|bring_dump")


@dataclass(frozen=True, slots=True)
class Part:
    """A lesson or a leaflet.

    Parameters
    ----------
    name : str
        Its name in the course: ``04_extra_hop``, ``leaflets/session_affinity``.
    nb : NotebookNode
        Its solution.
    """

    name: str
    nb: NotebookNode = field(repr=False)

    @property
    def leaflet(self) -> bool:
        return self.name.startswith("leaflets/")

    @property
    def stem(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def number(self) -> str:
        """A lesson's number as the text says it: 4."""
        return str(int(self.stem[:2]))

    @property
    def text(self) -> str:
        """All its Markdown."""
        return "\n\n".join(cell.source for cell in self.nb.cells if cell.cell_type == "markdown")

    @property
    def title(self) -> str:
        found = re.search(r"^# (.+)$", self.text, re.M)
        return found[1].strip() if found else ""

    @property
    def question(self) -> str:
        """The question in the first cell: the bold one, else the last sentence that asks."""
        first = self.nb.cells[0].source.partition("\n## ")[0].partition("\n")[2]
        bold = re.findall(r"\*\*([^*]+\?)\*\*", first)
        asked = bold or re.findall(r"[^.?!]+\?", first)
        return " ".join(asked[-1].replace("*", "").split()) if asked else ""

    @property
    def minutes(self) -> int | None:
        """What it says it takes."""
        found = re.search(r"\*\*Minutes\.\*\* (\d+)", section(self.text, "Objectives"))
        return int(found[1]) if found else None

    @property
    def points(self) -> int:
        return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in self.nb.cells)


@cache
def parts() -> tuple[Part, ...]:
    """The lessons in their order, then the leaflets by name."""
    paths = [*sorted(SOLUTIONS.glob("[0-9]*.ipynb")), *sorted(SOLUTIONS.glob("leaflets/*.ipynb"))]
    return tuple(Part(name(path), nbformat.read(path, as_version=4)) for path in paths)


def name(path: Path) -> str:
    """A notebook's name in the course."""
    return path.relative_to(SOLUTIONS).with_suffix("").as_posix()


def lessons() -> list[Part]:
    return [part for part in parts() if not part.leaflet]


def leaflets() -> list[Part]:
    return [part for part in parts() if part.leaflet]


# --- what stands in a notebook --------------------------------------------------------------------------------------


def without_code(markdown: str) -> str:
    """Markdown without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", markdown, flags=re.M | re.S)


def headings(markdown: str) -> list[tuple[int, str]]:
    """(level, words) of every heading."""
    found = re.findall(r"^(#{1,6}) (.+)$", without_code(markdown), re.M)
    return [(len(mark), words.strip()) for mark, words in found]


def section(markdown: str, title: str) -> str:
    """The Markdown under one H2 heading."""
    found = re.search(rf"^## {title}(?!\w).*?$(.*?)(?=^## |\Z)", markdown, re.M | re.S | re.I)
    return found[1] if found else ""


def bullets(markdown: str) -> list[str]:
    return re.findall(r"^(?:[-*]|\d+\.) +(.+)$", markdown, re.M)


@cache
def python(source: str) -> ast.Module:
    """The syntax tree of a code cell, to be read only; a magic is a call of get_ipython() in it."""
    return ast.parse(TransformerManager().transform_cell(source))


def called(node: ast.AST) -> str:
    """The last name of what a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def calls(source: str, function: str) -> Iterator[str]:
    """The first argument of every call of a function, where it is a constant."""
    for node in ast.walk(python(source)):
        if called(node) == function and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def asks(cell: NotebookNode) -> list[str]:
    """The ids of the questions that a cell asks."""
    return list(calls(cell.source, "ask")) if cell.cell_type == "code" else []


def checks(cell: NotebookNode) -> list[str]:
    """The ids of the questions that a cell checks."""
    return list(calls(cell.source, "check")) if cell.cell_type == "code" else []


def graded(cell: NotebookNode) -> bool:
    """Whether the cell is one of nbgrader's: an answer, or the tests of one."""
    return "nbgrader" in cell.metadata


@dataclass(frozen=True, slots=True)
class Section:
    """The cells under one H2 heading; those above the first have no title."""

    title: str
    cells: list[NotebookNode]

    @property
    def core(self) -> bool:
        """Whether the heading has a number: ``1. Which nodes answer?``."""
        return bool(re.match(r"\d+\. ", self.title))


def sections(part: Part) -> list[Section]:
    """The sections of a notebook."""
    found = [Section("", [])]
    for cell in part.nb.cells:
        heading = re.search(r"^## (.+)$", without_code(cell.source), re.M) if cell.cell_type == "markdown" else None
        if heading and not cell.source.startswith("# "):
            found.append(Section(heading[1].strip(), []))
        found[-1].cells.append(cell)
    return found


# --- the reader's minutes -------------------------------------------------------------------------------------------


def words(markdown: str) -> int:
    """How many words of a Markdown text are read: links as their words, no tags, no blocks of code."""
    prose = re.sub(r"<!--.*?-->|<[^>]+>", " ", without_code(markdown), flags=re.S)
    prose = re.sub(r"\]\([^)]*\)", " ", prose)
    return len(re.findall(r"\w[\w'’.:/-]*", prose))


def lines(source: str) -> int:
    """How many lines of code are read; blank ones are not."""
    return sum(bool(line.strip()) for line in source.splitlines())


def block_lines(markdown: str) -> int:
    """How many lines stand in blocks of code of a Markdown text."""
    return sum(lines(block) for block in re.findall(r"^ *```.*?\n(.*?)^ *```", markdown, re.M | re.S))


def widgets(source: str) -> int:
    """How many widgets a code cell shows."""
    nodes = list(ast.walk(python(source)))
    still = {id(node.func.value) for node in nodes if called(node) == "static" and isinstance(node.func, ast.Attribute)}
    return sum(bool(WIDGETS.fullmatch(called(node))) and id(node) not in still for node in nodes)


def reading_s(cells: list[NotebookNode]) -> float:
    """The seconds that a reader needs for cells, those of nbgrader apart."""
    seconds = 0.0
    for cell in cells:
        if cell.cell_type == "markdown":
            seconds += 60 * words(cell.source) / WORDS_A_MINUTE + CODE_LINE_S * block_lines(cell.source)
        elif asks(cell):
            seconds += QUESTION_S * len(asks(cell))
        elif not checks(cell) and not graded(cell):
            seconds += CODE_LINE_S * lines(cell.source) + WIDGET_S * widgets(cell.source)
    return seconds


def core_minutes(part: Part) -> float:
    """The minutes that a lesson or leaflet takes, its exercises apart."""
    return sum(reading_s(one.cells) for one in sections(part) if one.title != "Exercises") / 60


def clock(part: Part) -> list[tuple[str, float]]:
    """For each core section its title, and the minutes from the beginning to its end."""
    now, found = 0.0, []
    for one in sections(part):
        if one.title in ("Exercises", "Recap", "Next", "Back"):
            break
        now += reading_s(one.cells) / 60
        if one.core:
            found.append((one.title, now))
    # A lesson's minutes are those at the end of its last section: the recap belongs to it.
    return [*found[:-1], (found[-1][0], core_minutes(part))] if found else []


def exercise_minutes(part: Part) -> float:
    """The minutes that the exercises take: read, find the idea, write the answer."""
    cells = [cell for one in sections(part) if one.title == "Exercises" for cell in one.cells]
    seconds = reading_s(cells)
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            answer = [line for line in cell.source.splitlines() if not line.strip().startswith("#")]
            seconds += IDEA_S + WRITTEN_LINE_S * lines("\n".join(answer))
    return seconds / 60
