"""The projector decks: one file each, with every question, every figure and every answer of the lesson's sections."""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from k8sexpose.lessons.sheet import QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402
import pages  # noqa: E402
import slides  # noqa: E402

pytestmark = pytest.mark.slow

every_lesson = pytest.mark.parametrize("part", course.lessons(), ids=lambda part: part.name)


@every_lesson
def test_a_deck_is_one_file_and_whole(part: course.Part) -> None:
    html = slides.written(part)
    # Its own keys are the only script; it loads nothing, and its pictures have words.
    assert pages.problems({"deck.html": html.replace(f"<script>{slides.KEYS}</script>", "")}) == []
    assert "<a class=" not in html and ".ipynb" not in re.sub(r"<pre>.*?</pre>", "", html, flags=re.S)
    core = [cell for section in course.sections(part) if section.core for cell in section.cells]
    for name in (name for cell in core for name in course.asks(cell) if name in QUESTIONS):
        assert html.count(f'<p class="question">{escape(QUESTIONS[name].text)}</p>') == 2, "asked, then answered"
    stored = sum(
        output.get("data", {}).get("text/html", "").count("<img ") for c in core for output in c.get("outputs", ())
    )
    assert html.count("<img ") >= stored - sum("progress(" in cell.source for cell in core)


def lesson(*cells: nbformat.NotebookNode) -> course.Part:
    first = new_markdown_cell(
        "# A <lesson>\n\nThe story. **Which?**\n\n## Objectives\n- **Tell** which.\n\n**Minutes.** 1"
    )
    return course.Part("09_x", new_notebook(cells=[first, *cells]))


def test_the_answer_comes_after_the_question_and_what_was_run() -> None:
    name = next(iter(QUESTIONS))
    run = new_code_cell("1 + 1", outputs=[new_output("execute_result", data={"text/plain": "2"}, execution_count=1)])
    steps = [
        new_markdown_cell("## 1. First\n\n*minutes 0–1*\n\nA word."),
        new_markdown_cell("**Predict.** The situation."),
        new_code_cell(f'ask("{name}", answer=1)'),
        run,
        new_markdown_cell("**Explain.**\n\n<details><summary>Open</summary>\n\nThe reason.\n\n</details>"),
        new_code_cell(f'check("{name}")'),
    ]
    deck = slides.deck(lesson(*steps))
    assert [one.kind for one in deck if one.kind] == ["Question", "Run", "Explanation", "Answer"]
    html = slides.written(lesson(*steps))
    assert "A &lt;lesson&gt;" in html and "<lesson>" not in html
    assert "minutes 0–1" not in html and "<details>" not in html and "answer=1" not in html
    assert html.index("The situation.") < html.index("The reason.")


def test_a_long_explanation_is_cut_between_paragraphs() -> None:
    code = "```\nfirst\n\nsecond\n```"
    long = "\n\n".join(["word " * 70, "word " * 70, code])
    first, second = slides.portions(long)
    assert first.split() == ["word"] * 70 and second.endswith(code)


def test_the_command_writes_what_is_wanted(tmp_path: Path) -> None:
    assert slides.main(["00", "--output", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["00_start_here.html"]
    with pytest.raises(SystemExit):
        slides.main(["no-such", "--output", str(tmp_path)])
