"""Every lesson and leaflet keeps the outline (tools/outline.py), and each rule of the outline can fail."""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from k8sexpose.lessons import sheet
from k8sexpose.lessons.forms import Choice, Question
from k8sexpose.lessons.leaflets import LEAFLETS
from k8sexpose.model import Cluster
from k8sexpose.report import findings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402
import outline  # noqa: E402

PARTS = course.parts()
every_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
every_rule = pytest.mark.parametrize("rule", outline.RULES, ids=lambda rule: rule.__name__)


# --- the course -----------------------------------------------------------------------------------------------------


@every_part
@every_rule
def test_the_outline(part: course.Part, rule: outline.Rule) -> None:
    assert not list(rule(part))


def test_the_course_is_whole() -> None:
    """Nine lessons, and a leaflet for each file of questions in lessons/leaflets; nothing else."""
    assert [part.stem[:2] for part in course.lessons()] == [f"{number:02}" for number in range(9)]
    assert [part.name for part in course.leaflets()] == sorted(leaflet.LESSON for leaflet in LEAFLETS)


def test_a_question_has_one_home() -> None:
    """No id twice: neither in the questions' files nor in the notebooks."""
    written = Counter(question.id for lesson in sheet.LESSONS for question in lesson.QUESTIONS)
    asked = Counter(name for part in PARTS for cell in part.nb.cells for name in set(outline.asks(cell)))
    assert not {name: times for name, times in (written + Counter()).items() if times > 1}
    assert not {name: times for name, times in asked.items() if times > 1}


def test_every_question_belongs_to_a_notebook() -> None:
    names = {part.name for part in PARTS}
    assert not {question.id: question.lesson for question in sheet.QUESTIONS.values() if question.lesson not in names}


def test_what_the_report_finds_is_explained_somewhere() -> None:
    names = {part.name for part in PARTS}
    wanted = {findings.LESSONS.get(where, f"leaflets/{where}") for *_, where in findings.SHOWN_BY.values()}
    assert not wanted - names


@every_part
def test_the_student_notebook_is_clean(part: course.Part) -> None:
    """What a learner opens: no outputs, no answers, small."""
    path = (course.STUDENTS / part.name).with_suffix(".ipynb")
    nb = nbformat.read(path, as_version=4)
    assert not [cell.id for cell in nb.cells if cell.get("outputs") or cell.get("execution_count")]
    assert "widgets" not in nb.metadata
    assert not [cell.id for cell in nb.cells if "BEGIN SOLUTION" in cell.source or "HIDDEN TESTS" in cell.source]
    assert path.stat().st_size <= 150_000


# --- the rules can fail ---------------------------------------------------------------------------------------------


def question(name: str, lesson: str, part: str) -> Question:
    form = Choice(("refused", "timeout"))
    return Question(
        name, lesson, "What does a client see?", form, Cluster, lambda _: "timeout", "Nobody answers.", part=part
    )


ASKED = {
    one.id: one
    for one in (
        question("good-first", "04_good", "core"),
        question("good-second", "04_good", "core"),
        question("leaf-first", "leaflets/good", "optional"),
    )
}


@pytest.fixture(autouse=True)
def questions(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The small notebooks ask questions of their own."""
    if "part" not in request.fixturenames:
        monkeypatch.setattr(outline, "QUESTIONS", ASKED)


def unit(name: str) -> list[NotebookNode]:
    """One question, from its text to its card."""
    return [
        new_markdown_cell(f"**Predict.** What happens? {'word ' * 200}", id=f"{name}-predict"),
        new_code_cell(f'ask("{name}", answer="timeout")', id=f"{name}-ask"),
        new_code_cell(f"kx.send(cluster, {name!r})", id=f"{name}-run"),
        new_markdown_cell("**See.** Look at the last column.", id=f"{name}-see"),
        new_markdown_cell("**Explain.** Nobody answers.", id=f"{name}-explain"),
        new_code_cell(f'check("{name}", cluster)', id=f"{name}-check"),
    ]


def marked(source: str, name: str, **marks: Any) -> NotebookNode:
    cell = new_code_cell(source, id=name)
    cell.metadata["nbgrader"] = nbformat.from_dict({"grade_id": name, "schema_version": 3, **marks})
    return cell


def exercises() -> list[NotebookNode]:
    made = []
    for k in (1, 2):
        answer = f"answer_{k} = ...\n### BEGIN SOLUTION\nanswer_{k} = {k}\n### END SOLUTION"
        test = f"# Reserved.\n### BEGIN HIDDEN TESTS\nassert answer_{k} == {k}\n### END HIDDEN TESTS"
        made += [
            new_markdown_cell(f"**{k}. Count.** How many?", id=f"exercise-{k}"),
            marked(answer, f"answer-{k}", solution=True, grade=False, locked=False),
            marked(test, f"test-{k}", solution=False, grade=True, locked=True, points=2),
        ]
    return made


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


GOALS = "- **Predict** what a client sees.\n- **Tell** refused from timeout.\n"


def good_lesson() -> course.Part:
    start = "# The stand\n\nA lemonade stand. **Who can order?**\n\n"
    stated = f"## Objectives\n{GOALS}\n**Prerequisites.** [Lesson 1](01_nodeport.ipynb).\n\n**Minutes.** 5"
    cells = [
        new_markdown_cell(start + stated, id="title"),
        new_markdown_cell("## 1. Who answers?\n\n*minutes 0–3*", id="one"),
        *unit("good-first"),
        new_markdown_cell("## 2. Who does not?\n\n*minutes 3–5*", id="two"),
        *unit("good-second"),
        new_markdown_cell("## Exercises", id="exercises"),
        *exercises(),
        new_markdown_cell(f"## Recap\nYou can now:\n\n{GOALS}\nThree sentences to remember:\n\n- One.", id="recap"),
        new_markdown_cell("## Next\n[Lesson 6](06_skew_and_latency.ipynb): the concierge waits.", id="next"),
    ]
    return course.Part("04_good", notebook(cells))


def good_leaflet() -> course.Part:
    stated = "## Objectives\n- **Predict** what a client sees.\n\n**Prerequisites.** Lesson 1.\n\n**Minutes.** 3"
    cells = [
        new_markdown_cell(f"# A leaflet\n\n**Who answers?**\n\n{stated}", id="title"),
        new_markdown_cell("## Who answers?", id="one"),
        *unit("leaf-first"),
        new_markdown_cell("## Recap\nYou can now:\n\n- **Predict** what a client sees.", id="recap"),
        new_markdown_cell("## Back\n[Lesson 1](../01_nodeport.ipynb)", id="back"),
    ]
    return course.Part("leaflets/good", notebook(cells))


@pytest.mark.parametrize("good", [good_lesson, good_leaflet])
@every_rule
def test_a_good_part_breaks_no_rule(good: Callable[[], course.Part], rule: outline.Rule) -> None:
    assert not list(rule(good()))


def cell(part: course.Part, name: str) -> NotebookNode:
    return next(one for one in part.nb.cells if one.id == name)


def replace(name: str, old: str, new: str) -> Callable[[course.Part], None]:
    """Make a change of one cell."""

    def change(part: course.Part) -> None:
        found = cell(part, name)
        assert old in found.source
        found.source = found.source.replace(old, new)

    return change


def without(*names: str) -> Callable[[course.Part], None]:
    """Make a change that takes cells away."""
    return lambda part: part.nb.update(cells=[one for one in part.nb.cells if one.id not in names])


def insert(after: str, *new: NotebookNode) -> Callable[[course.Part], None]:
    """Make a change that puts cells below another."""

    def change(part: course.Part) -> None:
        at = part.nb.cells.index(cell(part, after)) + 1
        part.nb.cells[at:at] = copy.deepcopy(list(new))

    return change


def shows(name: str, output: NotebookNode) -> Callable[[course.Part], None]:
    return lambda part: cell(part, name).outputs.append(output)


def source(name: str, text: str) -> Callable[[course.Part], None]:
    return lambda part: cell(part, name).update(source=text)


def meta(name: str, **values: Any) -> Callable[[course.Part], None]:
    return lambda part: cell(part, name).metadata.nbgrader.update(values)


def flow_then(change: str) -> Callable[[course.Part], None]:
    """Draw a cluster, and change it in a later cell."""
    return insert("good-first-run", new_code_cell("kx.flow(cluster)", id="flow"), new_code_cell(change, id="change"))


PICTURE = new_output("display_data", data={"image/png": "AA=="})
BARE = new_output("display_data", data={"text/html": '<img src="data:,">'})
BAD = [
    ("title_and_question", replace("title", "# The stand", "The stand")),
    ("title_and_question", replace("title", "Who can order?", "Order.")),
    ("title_and_question", insert("one", new_markdown_cell("# Another"))),
    ("title_and_question", insert("one", new_markdown_cell("#### Skipped"))),
    ("objectives", replace("title", "**Predict**", "**Understand**")),
    ("objectives", replace("title", "**Predict**", "Predict")),
    ("objectives", replace("title", "- **Tell** refused from timeout.\n", "")),
    ("objectives", replace("title", "**Prerequisites.**", "Prerequisites:")),
    ("objectives", replace("title", "**Minutes.** 5", "5 minutes")),
    ("order_of_sections", insert("next", new_markdown_cell("## 3. Late"))),
    ("order_of_sections", insert("two", new_markdown_cell("## Go further (10 min)"))),
    ("order_of_sections", replace("two", "## 2.", "## 3.")),
    ("order_of_sections", without("recap")),
    ("order_of_sections", insert("recap", new_markdown_cell("## Recap"))),
    ("minutes", replace("title", "**Minutes.** 5", "**Minutes.** 7")),
    ("minutes", insert("one", new_markdown_cell("word " * 200))),
    ("minutes", insert("one", new_code_cell("kx.flow(cluster)\n"))),
    ("minutes", insert("one", new_code_cell("print(1)\n" * 10))),
    ("running_clock", replace("one", "*minutes 0–3*", "")),
    ("running_clock", replace("one", "0–3", "0–5")),
    ("running_clock", replace("two", "3–5", "3–6")),
    ("running_clock", replace("two", "3–5", "4–5")),
    ("running_clock", insert("one", new_markdown_cell("word " * 400))),
    ("recap_mirrors_objectives", replace("recap", "- **Tell**", "- **Name**")),
    ("recap_mirrors_objectives", replace("recap", GOALS, "- **Predict** everything.\n")),
    ("ends_with_a_link", replace("next", "](06_skew_and_latency.ipynb)", "](GLOSSARY.md)")),
    ("links_lead_somewhere", replace("next", "06_skew", "07_skew")),
    ("links_lead_somewhere", replace("next", "06_skew_and_latency.ipynb", "GLOSSARY.md#no-such-word")),
    ("links_lead_somewhere", replace("next", "06_skew_and_latency.ipynb", "#no-such-place")),
    ("links_lead_somewhere", replace("next", "06_skew_and_latency.ipynb", "leaflets/no_such.ipynb")),
    ("links_lead_somewhere", insert("one", new_markdown_cell('<a href="nowhere.md">there</a>'))),
    ("no_link_to_the_solutions", insert("one", new_markdown_cell("[all](../instructor/ANSWERS.md)"))),
    ("story_opens_and_closes", replace("two", "## 2. Who does not?", "## 2. Whom does the concierge ask?")),
    ("plain_english", replace("good-first-explain", "Nobody", "The packet is dealt. Nobody")),
    ("alone_in_its_cell", replace("good-first-ask", "ask(", "print(1)\nask(")),
    ("alone_in_its_cell", replace("good-first-check", 'check("', 'feedback = check("')),
    ("alone_in_its_cell", source("good-first-check", 'check("good-first")\ncheck("good-second")')),
    ("ask_run_see_explain_check", replace("good-first-predict", "**Predict.**", "Guess.")),
    ("ask_run_see_explain_check", without("good-first-check")),
    ("ask_run_see_explain_check", without("good-first-run")),
    ("ask_run_see_explain_check", without("good-first-explain")),
    ("ask_run_see_explain_check", insert("good-first-ask", new_markdown_cell("**Explain.** Too early."))),
    ("two_questions_at_most", insert("good-first-ask", new_code_cell('ask("a")'), new_code_cell('ask("b")'))),
    ("see_asks_nothing", replace("good-first-see", "Look at", "(1) Which is red? (2) Which is")),
    ("questions_stand_where_their_part_says", without("good-first-ask", "good-first-check")),
    ("questions_stand_where_their_part_says", insert("two", new_code_cell('ask("leaf-first")'))),
    ("questions_stand_where_their_part_says", insert("exercise-1", new_code_cell('ask("no-such")'))),
    ("asked_once", insert("two", new_code_cell('ask("good-first")'))),
    ("each_exercise_is_graded", without("test-2")),
    ("each_exercise_is_graded", without("exercise-2", "answer-2", "test-2")),
    ("each_exercise_is_graded", replace("exercise-2", "**2.", "**3.")),
    ("each_exercise_is_graded", meta("test-1", points=0)),
    ("each_exercise_is_graded", meta("test-1", locked=False)),
    ("each_exercise_is_graded", replace("test-1", "### BEGIN HIDDEN TESTS", "")),
    ("each_exercise_is_graded", replace("answer-1", "### BEGIN SOLUTION", "")),
    ("each_exercise_is_graded", replace("test-1", "answer_1", "answer_2")),
    ("each_exercise_is_graded", replace("test-1", "assert ", "")),
    ("each_exercise_is_graded", insert("one", marked("x = 1", "early", solution=True, grade=False))),
    ("nothing_graded_needs_a_leaflet", replace("exercise-1", "How many?", "See [it](leaflets/good.ipynb).")),
    ("nothing_graded_needs_a_leaflet", insert("exercise-1", new_code_cell('ask("leaf-first")'))),
    ("nothing_graded_needs_a_leaflet", replace("test-1", "assert", "from k8sexpose.lessons.leaflets import x\nassert")),
    ("beginners_python", source("good-first-run", "_ = kx.send(cluster)")),
    ("beginners_python", source("good-first-run", "display(*[1, 2])")),
    ("beginners_python", source("good-first-run", "print(*[1, 2])")),
    ("beginners_python", source("good-first-run", "first, second = ..., ...")),
    ("beginners_python", source("good-first-run", "a = 1; b = 2")),
    ("beginners_python", source("good-first-run", "for a, b in zip([1], [2]):\n    print(a)")),
    ("beginners_python", source("good-first-run", "print(a := 1)")),
    ("pictures_keep_their_cluster", flow_then('cluster.scale("web", replicas=2)')),
    ("pictures_keep_their_cluster", flow_then("%kubectl apply -f shop.yaml")),
    ("sound", shows("good-first-run", new_output("error", ename="ValueError", evalue="no", traceback=[]))),
    ("sound", shows("good-first-run", new_output("stream", name="stderr", text="a warning"))),
    ("sound", shows("good-first-run", PICTURE)),
    ("sound", shows("good-first-run", BARE)),
    ("sound", lambda part: part.nb.metadata.update(widgets={})),
    ("metadata", lambda part: part.nb.metadata.update(kernelspec={"name": "ir"})),
    ("metadata", lambda part: cell(part, "recap").update(id="title")),
    ("metadata", meta("answer-2", grade_id="answer-1")),
]
BAD_LEAFLETS = [
    ("order_of_sections", replace("back", "## Back", "## Next")),
    ("order_of_sections", insert("one", *(new_markdown_cell(f"## More {k}") for k in range(3)))),
    ("ends_with_a_link", replace("back", "../01_nodeport.ipynb", "the_rules.ipynb")),
    ("links_lead_somewhere", replace("back", "../01_nodeport.ipynb", "01_nodeport.ipynb")),
    ("links_lead_somewhere", insert("one", new_markdown_cell("[port](GLOSSARY.md)"))),
    ("each_exercise_is_graded", insert("one", marked("x = 1", "x", solution=True, grade=False))),
    ("questions_stand_where_their_part_says", insert("one", new_code_cell('ask("good-first")'))),
    ("minutes", replace("title", "**Minutes.** 3", "**Minutes.** 4")),
]  # fmt: skip
RULES = {rule.__name__: rule for rule in outline.RULES}


@pytest.mark.parametrize(("rule", "spoil"), BAD, ids=[f"{name}-{k}" for k, (name, _) in enumerate(BAD)])
def test_a_bad_lesson_breaks_its_rule(rule: str, spoil: Callable[[course.Part], None]) -> None:
    part = good_lesson()
    spoil(part)
    assert list(RULES[rule](part))


@pytest.mark.parametrize(
    ("rule", "spoil"), BAD_LEAFLETS, ids=[f"{name}-{k}" for k, (name, _) in enumerate(BAD_LEAFLETS)]
)
def test_a_bad_leaflet_breaks_its_rule(rule: str, spoil: Callable[[course.Part], None]) -> None:
    part = good_leaflet()
    spoil(part)
    assert list(RULES[rule](part))


@pytest.mark.parametrize(
    "change",
    [
        "cluster.advance(60)",
        "other.scale('web', replicas=2)",
        "%kubectl apply -f a.yaml --cluster other",
        "%kubectl get svc",
    ],
)
def test_a_flow_may_stay_where_its_cluster_is_not_changed(change: str) -> None:
    part = good_lesson()
    flow_then(change)(part)
    assert not list(outline.pictures_keep_their_cluster(part))


def test_every_rule_was_seen_to_fail() -> None:
    assert {name for name, _ in BAD} == set(RULES)


def test_an_optional_question_of_a_leaflet_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ASKED, "leaf-first", question("leaf-first", "leaflets/good", "core"))
    assert list(outline.questions_stand_where_their_part_says(good_leaflet()))


def test_the_readers_minutes() -> None:
    """140 words, ten lines of code and a block of ten, a question and a widget: each counted once."""
    cells = [
        new_markdown_cell("word " * 139 + "[word](with/a/long/target.md) <b></b>\n\n```\n" + "line\n" * 10 + "```"),
        new_code_cell("\n\n".join(["print(1)"] * 10)),
        new_code_cell('ask("good-first")'),
        new_code_cell('check("good-first")'),
    ]
    assert course.reading_s(cells) == pytest.approx(60 + 70 + 70 + 45)
    assert course.reading_s([new_code_cell("kx.flow(cluster)")]) == 107
    assert course.reading_s([new_code_cell("kx.flow(cluster).static()")]) == 7
    assert course.reading_s([new_code_cell("%kubectl get svc")]) == 7


def test_links_find_the_places_of_the_glossary(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('# Words\n\n## Extra hop\n\n<a id="endpoint"></a>\n\n### `targetPort`\n', encoding="utf-8")
    assert {"extra-hop", "endpoint", "targetport"} <= outline.anchors(page)
    assert (
        json.dumps(sorted(outline.anchors(page))).count("hop") == 2
    )  # as a code host writes it, and as JupyterLab does
