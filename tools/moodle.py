"""Export the questions of the course for a learning platform, as Moodle XML.

    python tools/moodle.py [--lessons 04 05 session_affinity …] [--no-figures] [--output FILE]

Everything comes from the same `Question` data as in the notebooks: the text, the options, the answer as the model
computes it, the feedback for each known wrong answer. A question about a cluster with Pods has a picture of it. One
category for each lesson or leaflet. Default: all questions, into build/moodle.xml.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import matplotlib.pyplot as plt

from k8sexpose import plot_cluster, show
from k8sexpose.lessons.forms import Blanks, Choice, Estimate, Form, Percent, Quantity, Question, Several, shown
from k8sexpose.lessons.sheet import QUESTIONS, judge
from k8sexpose.model import Cluster

ROOT = Path(__file__).resolve().parent.parent
NONE = "none of these"
PICTURE = "cluster.png"
MOST_NODES = 12  # more do not fit into the picture of a question
# What XML 1.0 cannot hold at all.
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def rich(text: str) -> str:
    """Plain text of a question as HTML; words in backticks are code."""
    escaped = html.escape(UNFIT.sub("", text), quote=False)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)


def put(parent: Element, tag: str, content: str, **attributes: str) -> Element:
    """Add an element that holds a <text>, as most of Moodle's do."""
    made = SubElement(parent, tag, attributes)
    SubElement(made, "text").text = UNFIT.sub("", content)
    return made


def plain(parent: Element, **values: object) -> None:
    """Add elements that hold one value each."""
    for tag, value in values.items():
        SubElement(parent, tag).text = str(value)


# --- the parts of a question ----------------------------------------------------------------------------------------


def start(kind: str, question: Question, text: str, right: Any, figures: bool) -> Element:
    """A question with all that does not depend on its form; `text` is HTML."""
    made = Element("question", type=kind)
    put(made, "name", question.id)
    picture = figure(question) if figures else None
    said = f"<p>{text}</p>"
    if picture:
        said += f'<p><img src="@@PLUGINFILE@@/{PICTURE}" alt="{html.escape(picture[1])}"></p>'
    asked = put(made, "questiontext", said, format="html")
    if picture:
        SubElement(asked, "file", name=PICTURE, path="/", encoding="base64").text = b64encode(picture[0]).decode()
    put(made, "generalfeedback", f"<p>{rich(judge(question, right, right).text)}</p>", format="html")
    plain(made, defaultgrade=1, penalty="0.3333333", hidden=0, idnumber=question.id)
    return made


def figure(question: Question) -> tuple[bytes, str] | None:
    """The picture of a question's cluster and its words, if the question is about a cluster with Pods."""
    cluster = question.setup()
    if not isinstance(cluster, Cluster) or not cluster.pods or len(cluster.nodes) > MOST_NODES:
        return None
    picture = show(plot_cluster(cluster))
    plt.close("all")
    return picture.png, picture.alt


def answer(question: Element, text: str, fraction: float, feedback: str, tolerance: float | None = None) -> None:
    """Add one answer; `fraction` is in percent, with five digits as Moodle's list has them."""
    made = put(question, "answer", text, fraction=f"{fraction:.5f}".rstrip("0").rstrip("."), format="html")
    if tolerance is not None:
        plain(made, tolerance=f"{tolerance:.6g}")
    put(made, "feedback", f"<p>{rich(feedback)}</p>", format="html")


def label(form: Any, option: str) -> str:
    """An option as its button says it."""
    return form.show(frozenset({option}) if isinstance(form, Several) else option)


def known(question: Question, right: Any) -> Iterator[tuple[Any, str]]:
    """Each wrong answer that is written down as a value, with its feedback."""
    for wrong in question.wrong:
        if not callable(wrong.given) and not question.same(wrong.given, right):
            yield wrong.given, judge(question, wrong.given, right).text


def otherwise(question: Question, right: Any) -> str:
    return question.otherwise.format(given="this", right=shown(right))


# --- the kinds of questions -----------------------------------------------------------------------------------------


def choice(question: Question, right: Any, figures: bool) -> Element:
    """One of several options, with the feedback of each."""
    made = start("multichoice", question, rich(question.text), right, figures)
    plain(made, single="true", shuffleanswers="false", answernumbering="none")
    for option in options(question.form, right):
        same = question.same(option, right)
        answer(made, rich(label(question.form, option)), 100 if same else 0, judge(question, option, right).text)
    return made


def options(form: Any, right: Any) -> list[str]:
    """The options of a choice; an amount that is not among them was rounded to one."""
    return list(form.options) if str(right) in form.options else [*form.options, str(right)]


def several(question: Question, right: Any, figures: bool) -> Element:
    """Any number of options; each one that is ticked wrongly takes away what a right one gives."""
    made = start("multichoice", question, rich(question.text), right, figures)
    plain(made, single="false", shuffleanswers="false", answernumbering="none")
    for option, share in shares(question.form, right).items():
        said = NONE if option == NONE else label(question.form, option)
        answer(made, rich(said), share, "" if share > 0 else "This one does not belong to the answer.")
    told = [f"<p>{rich(otherwise(question, right))}</p>"]
    told += [f"<p>{rich(question.show(given))}: {rich(text)}</p>" for given, text in known(question, right)]
    put(made, "incorrectfeedback", "".join(told), format="html")
    put(made, "partiallycorrectfeedback", "".join(told), format="html")
    return made


def shares(form: Any, right: Any) -> dict[str, float]:
    """What each option gives, in percent; where none is right, an option that says so gives all."""
    if not right:
        return {NONE: 100.0} | dict.fromkeys(form.options, -100.0)
    wrong = len(form.options) - len(right)
    return {one: 100 / len(right) if one in right else -100 / max(wrong, 1) for one in form.options}


def bounds(form: Any, right: float) -> tuple[float, float]:
    """What a number may be at least and at most."""
    match form:
        case Percent():
            return right - 0.5, right + 0.5
        case Estimate(within=within):
            return right / within, right * within
        case Quantity(near=near):
            return right - near * abs(right) - 1e-9, right + near * abs(right) + 1e-9
    raise TypeError(f"{form!r} is no number")


def number(question: Question, right: Any, figures: bool) -> Element:
    """A number with a tolerance; known wrong ones have their feedback."""
    unit = question.form.unit
    asked = f"{rich(question.text)} <em>(a number{f', in {rich(unit)}' if unit else ''})</em>"
    made = start("numerical", question, asked, right, figures)
    low, high = bounds(question.form, right)
    answer(made, f"{(low + high) / 2:.6g}", 100, judge(question, right, right).text, (high - low) / 2)
    for given, text in known(question, right):
        if isinstance(given, int | float):
            answer(made, f"{given:.6g}", 0, text, 0.5 if isinstance(question.form, Percent) else 0.01 * abs(given))
    answer(made, "*", 0, otherwise(question, right), 0)
    plain(made, unitgradingtype=0, unitpenalty="0.1000000", showunits=3, unitsleft=0)
    return made


def blanks(question: Question, right: Any, figures: bool) -> Element:
    """Several answers to one question: Moodle's embedded answers."""
    lines = [
        f"{rich(name)}: {embedded(form, one)}"
        for (name, form), one in zip(question.form.parts.items(), right, strict=True)
    ]
    return start("cloze", question, f"{rich(question.text)}</p><p>{'<br>'.join(lines)}", right, figures)


def embedded(form: Form, right: Any) -> str:
    """One blank, in the notation of embedded answers."""
    match form:
        case Choice():
            marked = [
                f"{'=' if option == right else ''}{quoted(label(form, option))}" for option in options(form, right)
            ]
            return f"{{1:MULTICHOICE:{'~'.join(marked)}}}"
        case Several():
            marked = [
                f"%{share:.5g}%{quoted(label(form, one))}" for one, share in shares(form, right).items() if one != NONE
            ]
            return f"{{1:MULTIRESPONSE:{'~'.join(marked)}}}"
    low, high = bounds(form, right)
    unit = getattr(form, "unit", "")
    return f"{{1:NUMERICAL:={(low + high) / 2:.6g}:{(high - low) / 2:.6g}}}{f' {rich(unit)}' if unit else ''}"


def quoted(text: str) -> str:
    """A text in which nothing is a mark of embedded answers."""
    return re.sub(r'([\\}#~/"])', r"\\\1", html.escape(UNFIT.sub("", text), quote=False))


KINDS: tuple[tuple[Any, Callable[[Question, Any, bool], Element]], ...] = (
    (Choice, choice), (Several, several), (Blanks, blanks), (Percent | Quantity | Estimate, number),
)  # fmt: skip


def exported(question: Question, figures: bool) -> Element:
    """One question."""
    right = question.answer(question.setup())
    for form, make in KINDS:
        if isinstance(question.form, form):
            return make(question, right, figures)
    raise TypeError(f"{question.id} has a form that is not exported: {question.form!r}")


def quiz(questions: Iterable[Question], figures: bool = True) -> Element:
    """All questions, each lesson in a category of its own."""
    made = Element("quiz")
    lesson = ""
    for question in sorted(questions, key=lambda one: one.lesson):
        if question.lesson != lesson:
            lesson = question.lesson
            # A slash divides categories: leaflets have one above them.
            put(SubElement(made, "question", type="category"), "category", f"$course$/top/k8sexpose/{lesson}")
        made.append(exported(question, figures))
    return made


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", nargs="*", default=[], metavar="NAME", help="how their names begin; none: all")
    parser.add_argument("--no-figures", action="store_true", help="leave the pictures out")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "moodle.xml", metavar="FILE")
    options = parser.parse_args(argv)
    names = tuple(options.lessons) or ("",)
    wanted = [one for one in QUESTIONS.values() if one.lesson.rpartition("/")[2].startswith(names)]
    if not wanted:
        parser.error("no lesson has a name that begins so")
    tree = ElementTree.ElementTree(quiz(wanted, not options.no_figures))
    ElementTree.indent(tree)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    tree.write(options.output, encoding="utf-8", xml_declaration=True)
    print(f"{options.output}: {len(wanted)} questions, {options.output.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
