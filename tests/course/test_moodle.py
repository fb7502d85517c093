"""The export for a learning platform: read back, it asks what the course asks, and accepts what the course accepts."""

from __future__ import annotations

import html
import re
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from k8sexpose.lessons.forms import Blanks, Choice, Estimate, Percent, Quantity, Question, Several, Wrong
from k8sexpose.lessons.sheet import QUESTIONS
from k8sexpose.model import Cluster
from tests.lessons.answers import right_answer

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import moodle  # noqa: E402

pytestmark = pytest.mark.slow

# What Moodle takes as the share of an answer, in percent.
SHARES = {0, 100, 90, 80, 75, 70, 60, 50, 40, 30, 25, 20, 12.5, 10, 5} | {
    round(100 / parts, 5) for parts in (3, 6, 7, 8, 9)
}
HOSTILE = 'Is <script>a</script> & "b" }~#=\\ ]]> `c`?'


def read_back(questions: list[Question], figures: bool = False) -> dict[str, Element]:
    """Write, parse, and find each question by its id."""
    text = ElementTree.tostring(moodle.quiz(questions, figures), encoding="unicode")
    every = ElementTree.fromstring(text)
    return {one.findtext("idnumber", ""): one for one in every if one.get("type") != "category"}


def words(text: str | None) -> str:
    """HTML as plain text."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text or "")).split())


def asked(text: str) -> str:
    return " ".join(text.replace("`", " ").split())


def unquoted(text: str) -> str:
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


@pytest.fixture(scope="module")
def course() -> dict[str, Element]:
    return read_back(list(QUESTIONS.values()))


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=list(QUESTIONS))
def test_a_question_comes_back(question: Question, course: dict[str, Element]) -> None:
    found, right = course[question.id], right_answer(question.id)
    assert words(found.findtext("questiontext/text")).startswith(asked(question.text))
    answers = {one.findtext("text", ""): float(one.get("fraction", "")) for one in found.iter("answer")}
    assert {abs(share) for share in answers.values()} <= SHARES
    assert all(
        words(one.findtext("feedback/text")) for one in found.iter("answer") if float(one.get("fraction", "")) <= 0
    )
    if isinstance(question.form, Choice):
        assert [text for text, share in answers.items() if share == 100] == [
            moodle.rich(moodle.label(question.form, right))
        ]
        assert len(answers) == len(moodle.options(question.form, right))
    elif isinstance(question.form, Several):
        given = {moodle.rich(moodle.label(question.form, one)) for one in right} or {moodle.NONE}
        assert {text for text, share in answers.items() if share > 0} == given
        assert sum(share for share in answers.values() if share > 0) == pytest.approx(100, abs=0.001)
    elif isinstance(question.form, Blanks):
        assert len(re.findall(r"\{1:[A-Z]+:", found.findtext("questiontext/text", ""))) == len(question.form.parts)
    else:
        middle, tolerance = float(next(iter(answers))), float(found.findtext("answer/tolerance", ""))
        for number in middle - 0.99 * tolerance, middle + 0.99 * tolerance:
            assert question.same(number, right)
        assert not question.same(middle + 1.01 * tolerance + 1e-6 * abs(middle) + 1e-6, right)


def question(form: Any, right: Any, *wrong: Wrong) -> Question:
    template = HOSTILE.replace("}", "}}")  # feedback is a template
    why = template + " {right}"
    return Question("q", "04_extra_hop", HOSTILE, form, Cluster, lambda _: right, why, wrong, template)


@pytest.mark.parametrize(
    ("form", "right"),
    [
        (Choice((HOSTILE, "no")), HOSTILE),
        (Several((HOSTILE, "no")), frozenset()),
        (Several((HOSTILE, "no")), frozenset({HOSTILE, "no"})),
        (Percent(), 25.0),
        (Estimate("USD", "an amount"), 800.0),
        (Quantity("ms", "milliseconds"), 0.0),
        (
            Blanks({HOSTILE: Choice((HOSTILE, "no")), "b": Percent(), "c": Several(("x", HOSTILE))}),
            ("no", 5.0, frozenset("x")),
        ),
    ],
)
def test_hostile_words_come_back_as_they_were(form: Any, right: Any) -> None:
    found = read_back([question(form, right)])["q"]
    text = found.findtext("questiontext/text", "")
    assert asked(HOSTILE) in words(text)
    assert "<script" not in ElementTree.tostring(found, encoding="unicode").replace("&lt;", "(")
    assert "<script" not in "".join(found.itertext())


def test_an_embedded_answer_ends_where_it_should() -> None:
    form = Blanks({"a": Choice((HOSTILE, "no"))})
    text = read_back([question(form, ("no",))])["q"].findtext("questiontext/text", "")
    (blank,) = re.findall(r"\{1:MULTICHOICE:((?:\\.|[^\\}])*)\}", text)
    first, second = re.split(r"(?<!\\)~", blank)
    assert (unquoted(first), unquoted(second)) == (HOSTILE, "=no")


def test_known_wrong_answers_bring_their_feedback() -> None:
    known = Wrong("no", "That is how Local behaves."), Wrong(lambda given, right: False, "never")
    found = read_back([question(Choice(("yes", "no")), "yes", *known)])["q"]
    told = {one.findtext("text"): words(one.findtext("feedback/text")) for one in found.iter("answer")}
    assert told["no"].startswith("That is how Local behaves.")
    found = read_back([question(Percent(), 25.0, Wrong(50.0, "Half of them, if there were two."))])["q"]
    assert "Half of them" in found.findall("answer")[1].findtext("feedback/text", "")
    found = read_back([question(Several(("a", "b")), frozenset("a"), Wrong(frozenset("b"), "Only b."))])["q"]
    assert "Only b." in found.findtext("incorrectfeedback/text", "")


def test_a_question_about_pods_has_a_picture_with_words() -> None:
    def three() -> Cluster:
        cluster = Cluster(nodes=3)
        cluster.deploy("web", per_node=[1, 1, 0])
        return cluster

    asked = Question("q", "04_extra_hop", "Which?", Choice(("a", "b")), three, lambda _: "a", "So it is.")
    found = read_back([asked, question(Choice(("a", "b")), "a")], figures=True)
    assert found["q"].find("questiontext/file") is None, "a cluster without Pods is no picture"
    found = read_back([asked], figures=True)
    file, text = found["q"].find("questiontext/file"), found["q"].findtext("questiontext/text", "")
    assert file is not None and b64decode(file.text or "").startswith(b"\x89PNG")
    assert re.search(r'<img src="@@PLUGINFILE@@/cluster.png" alt="A cluster of 3 nodes[^"]+">', text)


def test_lessons_are_categories() -> None:
    every = moodle.quiz([question(Percent(), 25.0)], figures=False)
    assert [one.findtext("category/text") for one in every if one.get("type") == "category"] == [
        "$course$/top/k8sexpose/04_extra_hop"
    ]


def test_the_command_writes_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "some.xml"
    assert moodle.main(["--lessons", "00", "--no-figures", "--output", str(path)]) == 0
    wanted = {one.id for one in QUESTIONS.values() if one.lesson.startswith("00")}
    assert {one.text for one in ElementTree.parse(path).iter("idnumber")} == wanted
    with pytest.raises(SystemExit):
        moodle.main(["--lessons", "no-such", "--output", str(path)])
