"""Make a projector deck for each lesson, from its solution: questions, figures, explanations, what to remember.

    python tools/slides.py [NAME …] [--output DIR]      (default: every lesson, into build/slides)

A deck is one HTML file that loads nothing. Arrow keys, Page Up and Page Down, blank: the next slide and the one before;
n: the lesson's prose as notes; printing gives a handout with the notes. The cells are rendered by nbconvert's filters,
as the pages are (tools/pages.py). Its own slides are not used, because they load reveal.js from another host.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course
import pages
from course import Part

from k8sexpose.lessons.ask import text_page
from k8sexpose.lessons.forms import Question
from k8sexpose.lessons.sheet import QUESTIONS, judge

TOOLS = Path(__file__).resolve().parent
WORDS_A_SLIDE = 100
# Keys lead to another slide. A slide that is taller than the screen is drawn smaller, down to 60 %, then scrolled.
KEYS = """
const slides = [...document.querySelectorAll("section")];
const fit = () => slides.forEach((one) => {
  one.style.zoom = 1;
  const height = one.scrollHeight;
  if (height > innerHeight + 1) one.style.zoom = Math.max(0.6, innerHeight / height);
});
const here = () => slides.findLastIndex((one) => one.getBoundingClientRect().top < innerHeight / 2);
const go = (to) => slides[Math.max(0, Math.min(to, slides.length - 1))].scrollIntoView();
const down = () => {
  const rest = slides[here()].getBoundingClientRect().bottom - innerHeight;
  if (rest > 40) scrollBy(0, Math.min(rest, 0.8 * innerHeight)); else go(here() + 1);
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1}[event.key];
  if (step) event.preventDefault();
  if (step > 0) down();
  if (step < 0) go(here() - 1);
  if (event.key === "Home") go(0);
  if (event.key === "End") go(slides.length - 1);
  if (event.key === "n") { document.body.classList.toggle("with-notes"); fit(); }
});
addEventListener("resize", fit);
fit();
"""


@dataclass(slots=True)
class Slide:
    """One screen: what it is, its HTML, and notes in Markdown."""

    kind: str
    body: str
    notes: str = ""


def unfolded(markdown: str) -> str:
    """Markdown without the marks of what is folded, the names of steps and the clock: a deck has slides instead."""
    text = re.sub(r"</?details>|<summary>.*?</summary>", "", markdown, flags=re.S)
    text = re.sub(r"^\*\*(Predict|See|Explain|Check|Run)\.\*\* ?", "", text, flags=re.M)
    return course.CLOCK.sub("", text).strip()


def portions(markdown: str) -> list[str]:
    """Cut a text between paragraphs, so that no slide is full of words; a block of code stays whole."""
    blocks = re.split(r"\n\n+(?=(?:[^`]|`(?!``))*(?:```(?:[^`]|`(?!``))*```(?:[^`]|`(?!``))*)*\Z)", markdown)
    found: list[str] = []
    for block in filter(str.strip, blocks):
        if found and course.words(found[-1] + block) <= WORDS_A_SLIDE:
            found[-1] += f"\n\n{block}"
        else:
            found.append(block)
    return found


# --- the slides of a lesson -----------------------------------------------------------------------------------------


def opening(part: Part) -> Iterator[Slide]:
    """The title with the question, and the objectives."""
    story = part.nb.cells[0].source.partition("\n## ")[0].partition("\n")[2].strip()
    asked = f'<p class="question">{escape(part.question)}</p>'
    yield Slide("", f"<h1>{escape(part.title)}</h1>\n{asked}", notes=story)
    goals = re.split(r"^\*\*Prerequisites", course.section(part.text, "Objectives"), flags=re.M)[0]
    yield Slide("", pages.prose(f"## Objectives\n{goals}"))


def question_slide(question: Question, situation: str) -> Slide:
    """The situation, the question and its options; the answer has a slide of its own."""
    _, *lines = text_page(question, None).splitlines()
    choices = (re.sub(r"^\s*[(\[] ?[)\]]\s*", "", line).strip() for line in lines[:-1])
    options = "".join(f"<li>{escape(line)}</li>" for line in choices if line)
    asked = f'<p class="question">{escape(question.text)}</p>\n<ul class="options">{options}</ul>'
    return Slide("Question", f"{pages.prose(situation)}\n{asked}")


def answer_slide(question: Question) -> Slide:
    """The right answer, and why."""
    right = question.answer(question.setup())
    why = judge(question, right, right).text
    told = f'<p class="right"><b>{escape(question.show(right))}</b></p>\n<p>{escape(why)}</p>'
    return Slide("Answer", f'<p class="question">{escape(question.text)}</p>\n{told}')


def code_slide(cell: NotebookNode) -> Slide | None:
    """A cell and what it shows; a cell without an output is not for the projector."""
    results = "".join(map(pages.output, cell.get("outputs", ())))
    if not results or re.search(r"check_install|progress\(|import k8sexpose", cell.source):
        return None
    return Slide("Run", f'{pages.highlight(cell.source)}<div class="output">{results}</div>')


def section_slides(section: course.Section) -> Iterator[Slide]:
    """The slides of one core section."""
    first, *rest = portions(unfolded(section.cells[0].source))
    yield Slide("", pages.prose(first))
    situation, notes = "", "\n\n".join(rest)
    for cell in section.cells[1:]:
        if cell.cell_type == "markdown":
            said = [word.lower() for word in re.findall(r"^\*\*([A-Z][a-z]+)\.\*\*", cell.source, re.M)]
            text = unfolded(cell.source)
            if "predict" in said:
                situation = text
            elif "explain" in said:
                yield from (Slide("Explanation", pages.prose(some)) for some in portions(text))
            else:
                notes = f"{notes}\n\n{text}".strip()
            continue
        for name in course.asks(cell):
            if name in QUESTIONS:
                yield question_slide(QUESTIONS[name], situation)
                situation = ""
        for name in course.checks(cell):
            if name in QUESTIONS:
                yield answer_slide(QUESTIONS[name])
        if not course.asks(cell) and not course.checks(cell) and (made := code_slide(cell)):
            made.notes, notes = notes, ""
            yield made
    if notes:
        yield from (Slide("", pages.prose(some)) for some in portions(notes))


def deck(part: Part) -> list[Slide]:
    """All slides of a lesson."""
    slides = list(opening(part))
    for section in course.sections(part):
        if section.core:
            slides += section_slides(section)
    exercises = re.findall(r"^\*\*(\d\. [^*]+)\*\*", course.section(part.text, "Exercises"), re.M)
    listed = "".join(f"<li>{escape(one[3:])}</li>" for one in exercises)
    slides.append(Slide("", f"<h2>Exercises</h2>\n<ol>{listed}</ol>"))
    recap = course.section(part.text, "Recap")
    for number, some in enumerate(portions(unfolded(recap))):
        slides.append(Slide("", pages.prose(some if number else f"## Recap\n\n{some}")))
    return slides


# --- the file -------------------------------------------------------------------------------------------------------


def unlinked(html: str) -> str:
    """A deck is one file: links to other pages are words in it, and headings need no mark to link to."""
    without_marks = re.sub(r'<a class="anchor-link"[^>]*>.*?</a>', "", html)
    return re.sub(r'<a [^>]*href="(?!https?:)[^"]*"[^>]*>(.*?)</a>', r"\1", without_marks)


def written(part: Part) -> str:
    """The HTML of a deck."""
    slides = deck(part)
    made = []
    for number, slide in enumerate(slides, 1):
        kind = f'<p class="kind">{slide.kind}</p>\n' if slide.kind else ""
        notes = f'\n<aside class="notes" aria-label="Notes">{pages.prose(slide.notes)}</aside>' if slide.notes else ""
        foot = f"<footer>{escape(part.title)} · {number} of {len(slides)}</footer>"
        made.append(f'<section aria-label="Slide {number}">\n{kind}{slide.body}{notes}\n{foot}\n</section>')
    style = "".join((TOOLS / name).read_text(encoding="utf-8") for name in ("pages.css", "slides.css"))
    body = unlinked("\n".join(made))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(part.title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
<script>{KEYS}</script>
</body>
</html>
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", help="how their names begin, such as 04; none: all lessons")
    parser.add_argument("--output", type=Path, default=course.ROOT / "build" / "slides", metavar="DIR")
    options = parser.parse_args(argv)
    names = tuple(options.lessons) or ("",)
    wanted = [part for part in course.lessons() if part.stem.startswith(names)]
    if not wanted:
        parser.error("no lesson has a name that begins so")
    options.output.mkdir(parents=True, exist_ok=True)
    for part in wanted:
        path = options.output / f"{part.stem}.html"
        path.write_text(written(part), encoding="utf-8", newline="\n")
        print(f"{path}: {len(deck(part))} slides, {path.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
