"""Write the tables of the teaching kit from the lessons and the model; ``--check`` only compares.

In README.md and instructor/INSTRUCTORS.md the tables of lessons and leaflets and the minute plans, each between two
marks; and instructor/ANSWERS.md: each question, its right answer as the model computes it, and the beliefs that its
feedback names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course
from course import Part

from k8sexpose.lessons import misconceptions
from k8sexpose.lessons.forms import Question
from k8sexpose.lessons.sheet import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]
INSTRUCTORS = ROOT / "instructor" / "INSTRUCTORS.md"
ANSWERS = ROOT / "instructor" / "ANSWERS.md"
README = ROOT / "README.md"
BY = "written by tools/teaching.py -->"
END = f"<!-- end of what is {BY}"
# A cut inside a lesson is taken where it makes the sessions more even by more than this, in square minutes.
CUT = 30.0
# Each minute beyond the end of a session weighs as much as so many square minutes.
OVER = 100.0


def cell(text: object) -> str:
    """A text that stands in a cell of a Markdown table."""
    line = str(text).replace("|", "\\|").replace("\n", " ").replace("$", "\\$")
    words = line.split("`")
    words[::2] = [word.replace("<", "\\<") for word in words[::2]]  # between backticks a backslash would be seen
    return "`".join(words)


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A Markdown table; its cells are Markdown already."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


# --- lessons and leaflets -------------------------------------------------------------------------------------------


def link(part: Part, folder: str) -> str:
    number = "" if part.leaflet else f"{part.stem[:2]} "
    return f"[{number}{cell(part.title)}]({folder}/{part.name}.ipynb)"


def goals(part: Part) -> str:
    """What one can do afterwards, in a line."""
    stated = course.bullets(course.section(part.text, "Objectives"))
    return cell("; ".join(re.sub(r"\*\*(\w+)\*\*", lambda word: word[1].lower(), one).rstrip(".") for one in stated))


def unlinked(markdown: str) -> str:
    """Markdown with the words of its links only: a link of a lesson leads elsewhere from here."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)


def graded(part: Part) -> str:
    asked = sum(question.lesson == part.name for question in QUESTIONS.values())
    return f"{asked} questions, {part.points} points" if part.points else f"{asked} questions"


def lessons() -> str:
    """The table of lessons for instructors."""
    head = ("lesson", "minutes", "minutes of exercises", "you can then", "asked and graded")
    rows = [
        (
            link(part, "../notebooks"),
            part.minutes,
            round(course.exercise_minutes(part)),
            unlinked(goals(part)),
            graded(part),
        )
        for part in course.lessons()
    ]
    return table(head, rows)


def belongs_to(part: Part) -> str:
    """The lesson to which a leaflet leads back."""
    found = re.search(r"\((?:\.\./)?(\d\d)_\w+\.ipynb", course.section(part.text, "Back"))
    return str(int(found[1])) if found else ""


def leaflets() -> str:
    """The table of leaflets for instructors."""
    rows = [
        (link(part, "../notebooks"), part.minutes, belongs_to(part), unlinked(goals(part)), graded(part))
        for part in course.leaflets()
    ]
    return table(("leaflet", "minutes", "lesson", "you can then", "asked"), rows)


def readme_lessons() -> str:
    every = course.lessons()
    rows = [(link(part, "notebooks"), part.minutes, cell(part.question)) for part in every]
    total = sum(part.minutes or 0 for part in every)
    work = round(sum(course.exercise_minutes(part) for part in every))
    together = f"Together {total} minutes. The exercises at the end of the lessons take about {work} minutes more."
    return f"{table(('lesson', 'minutes', 'the question'), rows)}\n\n{together}"


def readme_leaflets() -> str:
    rows = [(link(part, "notebooks"), part.minutes, cell(part.question)) for part in course.leaflets()]
    return table(("leaflet", "minutes", "the question"), rows)


# --- minute plans ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A core section of a lesson, which is not interrupted."""

    lesson: Part
    number: int
    minutes: int


def steps(part: Part) -> list[Step]:
    """The core sections of a lesson with their minutes, as its clock says them."""
    ends = [said(part, words) or round(now) for words, now in course.clock(part)]
    return [Step(part, k + 1, after - before) for k, (before, after) in enumerate(pairwise([0, *ends]))]


def said(part: Part, title: str) -> int | None:
    found = course.CLOCK.search(course.section(part.text, re.escape(title)))
    return int(found[2]) if found else None


def divided(every: list[Step], sessions: int, length: int) -> list[list[Step]]:
    """Cut the sections into sessions that are as even as can be; a cut between two lessons is preferred.

    No session is longer than `length` if that can be.
    """
    mean = sum(step.minutes for step in every) / sessions

    def cost(start: int, end: int) -> float:
        load = sum(step.minutes for step in every[start:end])
        inside = end < len(every) and every[end - 1].lesson == every[end].lesson
        return (load - mean) ** 2 + CUT * inside + OVER * max(load - length, 0)

    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}
    for count in range(1, sessions + 1):
        for end in range(count, len(every) + 1):
            starts = [start for start in range(end) if (count - 1, start) in best]
            if starts:
                best[count, end] = min((best[count - 1, start][0] + cost(start, end), start) for start in starts)
    cuts = [len(every)]
    for count in range(sessions, 0, -1):
        cuts.insert(0, best[count, cuts[0]][1])
    return [every[start:end] for start, end in pairwise(cuts)]


def told(session: list[Step]) -> str:
    """What a session holds: lesson 1; lesson 2, sections 1 to 3."""
    found = []
    for lesson, some in groupby(session, key=lambda step: step.lesson):
        numbers = [step.number for step in some]
        first, last, every = numbers[0], numbers[-1], len(steps(lesson))
        part = f", sections {first} to {last}" if last > first else f", section {first}"
        found.append(f"lesson {lesson.number}{'' if len(numbers) == every else part}")
    return "; ".join(found)


def plan(sessions: int, length: int, home: tuple[str, ...] = ()) -> str:
    """A table of sessions; where minutes are left in one, they go to the exercises of its lessons."""
    taught = [part for part in course.lessons() if part.number not in home]
    rows: list[tuple[object, ...]] = []
    for number, session in enumerate(divided([step for part in taught for step in steps(part)], sessions, length), 1):
        load = sum(step.minutes for step in session)
        done = {step.lesson.name: step.lesson for step in session if step.number == len(steps(step.lesson))}
        work = round(sum(map(course.exercise_minutes, done.values())))
        left = max(length - load, 0)
        rest = f"{left} of {work}" if left < work else f"{work}"
        rows.append((number, told(session), load, rest if left >= 5 else f"0 of {work}"))
    total = sum(part.minutes or 0 for part in taught)
    at_home = sum(part.minutes or 0 for part in course.lessons() if part.number in home)
    words = f" Lessons {', '.join(home)} are done at home ({at_home} minutes)." if home else ""
    head = ("session", "together", "minutes", "minutes of exercises in class")
    return f"**{sessions} × {length} minutes**: {total} minutes of lessons.{words}\n\n{table(head, rows)}"


def plans() -> str:
    """Both minute plans."""
    return f"{plan(4, 75)}\n\n{plan(3, 90, ('0', '3', '8'))}"


# --- answers --------------------------------------------------------------------------------------------------------


def answer_row(question: Question) -> tuple[object, ...]:
    beliefs = sorted({wrong.misconception for wrong in question.wrong if wrong.misconception})
    right = question.show(question.answer(question.setup()))
    return f"`{question.id}`", cell(question.text), cell(right), ", ".join(map(str, beliefs))


def answers() -> Iterator[str]:
    """The lines of ANSWERS.md."""
    yield "# Questions and answers\n"
    yield "For instructors. Written by `make notebooks`: the model computes each answer, as `check` does.\n"
    for lesson in sorted({question.lesson for question in QUESTIONS.values()}):
        yield f"## {lesson}\n"
        rows = [answer_row(question) for question in QUESTIONS.values() if question.lesson == lesson]
        yield table(("id", "question", "right answer", "beliefs its feedback names"), rows) + "\n"
    yield "## The beliefs, and how to meet them\n"
    yield "In the order of how often public questions show them, with the questions that meet each of them.\n"
    beliefs = []
    for row in misconceptions().rows:
        met = [q.id for q in QUESTIONS.values() if any(wrong.misconception == row.number for wrong in q.wrong)]
        beliefs.append((row.number, cell(row.belief), cell(row.truth), ", ".join(f"`{one}`" for one in met)))
    yield table(("", "belief", "what a real cluster does", "met by"), beliefs)


# --- the files ------------------------------------------------------------------------------------------------------

BLOCKS: dict[Path, dict[str, Callable[[], str]]] = {
    INSTRUCTORS: {"lessons": lessons, "leaflets": leaflets, "plans": plans},
    README: {"lessons": readme_lessons, "leaflets": readme_leaflets},
}


def filled(text: str, blocks: dict[str, Callable[[], str]]) -> str:
    """Put what the functions make between the marks of a text."""
    for name, make in blocks.items():
        mark = f"<!-- {name}: {BY}"
        before, found, rest = text.partition(mark)
        if not found or END not in rest:
            raise SystemExit(f"no marks for {name}: {mark} … {END}")
        text = f"{before}{mark}\n{make()}\n{END}{rest.partition(END)[2]}"
    return text


def written() -> dict[Path, str]:
    """Make all files, as they should be."""
    made = {path: filled(path.read_text(encoding="utf-8"), blocks) for path, blocks in BLOCKS.items()}
    return made | {ANSWERS: "\n".join(answers()) + "\n"}


def main() -> int:
    stale = [path for path, text in written().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path, text in written().items():
            path.write_text(text, encoding="utf-8", newline="\n")
    elif stale:
        print("out of date, run make notebooks:", ", ".join(path.name for path in stale))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
