"""Questions that one clicks: controls of every form, what is kept, the card, a page without a kernel."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from k8sexpose.lessons import ask, check, sheet
from k8sexpose.lessons.ask import EARLIER, NONE, WHY, Ask, Waiting, controls, html_page, read_draft, text_page
from k8sexpose.lessons.forms import Blanks, Estimate, Percent, Question
from k8sexpose.lessons.sheet import QUESTIONS, Sheet, judge
from k8sexpose.model import Cluster
from tests.lessons.answers import right_answer

SHARES = Question(
    "share-of-each", "05_local", "Which share does each node get? <b>", Blanks({"node-1": Percent(), "node-2": Percent()}),
    Cluster, lambda _: (75.0, 25.0), "The shares follow the Pods.",
)  # fmt: skip
BILL = Question(
    "a-bill", "03_cost_warning", "What do fifty load balancers cost a month?", Estimate("USD", "an amount"),
    Cluster, lambda _: 1500.0, "Each has an hourly price.", otherwise="Each has an hourly price.",
)  # fmt: skip
every_question = pytest.mark.parametrize("question", [*QUESTIONS.values(), SHARES, BILL], ids=lambda one: one.id)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Sheet:
    made = Sheet()
    monkeypatch.setattr(sheet, "SHEET", made)
    monkeypatch.setitem(QUESTIONS, SHARES.id, SHARES)
    monkeypatch.setitem(QUESTIONS, BILL.id, BILL)
    return made


def press(widget: Ask, draft: list[Any]) -> None:
    """What the browser sends when the button is pressed."""
    widget.draft = draft
    widget.request = {"number": widget.done + 1, "draft": draft}


@every_question
def test_the_right_answer_can_be_given_by_the_controls(question: Question) -> None:
    """What the controls of the kept answer say is the kept answer: nothing gets lost on the way to the browser."""
    made, right = Sheet(), right_answer(question.id)
    widget = Ask(question, made)
    assert widget.kept == "" and len(widget.draft) == len(widget.controls)
    assert widget.keep(right)
    again = Ask(question, made)
    assert again.kept == question.show(right) and again.draft == widget.draft
    draft, entry = again.draft, made.memory.pop(question.id)
    press(again, draft)
    assert not again.refused and question.same(made.memory[question.id].answer, entry.answer)


@every_question
def test_nothing_chosen_is_said_and_not_kept(question: Question) -> None:
    widget = Ask(question, Sheet())
    press(widget, widget.draft)
    assert widget.refused and widget.problem and widget.said and not widget.kept


@every_question
def test_a_page_without_a_kernel(question: Question) -> None:
    made = Sheet()
    open_page = html_page(question, None)
    assert "<details>" not in open_page and "<b>" not in open_page
    right = right_answer(question.id)
    made.note(question, right)
    page, text = html_page(question, made.memory[question.id]), text_page(question, made.memory[question.id])
    assert "<details><summary>Answer" in page and question.text in text and question.show(right) in text
    for control in controls(question):
        assert all(label in text for _, label in control.get("options", []))


def test_a_question_says_nothing_about_right_or_wrong() -> None:
    for answer in ({"10.0.0.1"}, {"10.0.0.1", "10.0.0.2", "10.0.0.3"}):
        shown = ask("np-which-nodes", answer=answer)
        assert isinstance(shown, Ask)
        assert "✓" not in repr(shown) + shown.said and "✗" not in repr(shown) + shown.said and not shown.verdict


def test_the_bundle_has_the_widget_and_both_texts() -> None:
    found = ask("np-which-nodes")
    data, _ = found._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(found) and "node-2 (10.0.0.2)" in data["text/html"]


def test_none_of_them_is_an_answer_and_nothing_ticked_is_not() -> None:
    question = QUESTIONS["np-which-nodes"]
    assert read_draft(question, [[]]) is ... and read_draft(question, [[NONE]]) == []
    widget = Ask(question, Sheet())
    press(widget, [[]])
    assert "tick" in widget.said
    press(widget, [[NONE]])
    assert widget.kept == "none of these"


@pytest.mark.parametrize(
    "draft", [None, 3, [], [[], []], [None], [[["x"]]], "x", [{"a": 1}], ["x" * 10_000_000]], ids=lambda d: repr(d)[:20]
)
def test_what_a_browser_may_send(draft: Any) -> None:
    for id in ("np-which-nodes", "np-ping", "np-hard-coded", "share-of-each"):
        widget = Ask(QUESTIONS[id], Sheet())
        widget.request = {"number": 1, "draft": draft}
        assert widget.refused and not widget.kept
        widget.request = {"number": "x"}


def test_what_was_typed_is_not_lost() -> None:
    made = Sheet()
    widget = Ask(BILL, made)
    press(widget, ["a lot"])
    assert widget.refused and "a lot" in widget.said and widget.draft == ["a lot"]
    again = Ask(BILL, made)  # the cell is run once more
    assert again.draft == ["a lot"]
    press(again, ["1000"])
    assert again.kept == "1000 USD" and Ask(BILL, made).draft == ["1000"]
    press(again, ["much"])
    assert again.refused and again.kept == "1000 USD" and made.memory["a-bill"].answer == 1000


def test_a_check_before_the_answer_fills_itself_in(fresh: Sheet) -> None:
    widget = ask("np-which-nodes")
    waiting = check("np-which-nodes")
    assert isinstance(waiting, Waiting) and waiting.correct is None and "Answer first" in repr(waiting)
    waiting._repr_mimebundle_()
    assert isinstance(widget, Ask)
    press(widget, [["10.0.0.1"]])
    assert "✗ Not quite." in waiting.card.value and "Correct answer" in waiting.card.value
    assert widget.verdict == f"✗ Not quite. {WHY}"
    press(widget, [["10.0.0.1", "10.0.0.2", "10.0.0.3"]])
    assert "✓ Right." in waiting.card.value and widget.verdict == f"✓ Right. {WHY}"


def test_a_verdict_belongs_to_its_answer(fresh: Sheet) -> None:
    widget = ask("np-which-nodes", answer="node-1")
    assert isinstance(widget, Ask)
    check("np-which-nodes")
    assert widget.verdict == f"✗ Not quite. {WHY}"
    ask("np-which-nodes", answer="node-2")
    assert widget.kept == "node-2 (10.0.0.2)" and widget.draft == [["10.0.0.2"]]
    assert widget.verdict == f"✗ Not quite. {EARLIER}"
    ask("np-which-nodes", answer="node-1")
    assert widget.verdict == f"✗ Not quite. {WHY}", "the card is about this answer again"
    ask("np-which-nodes", answer="node-2")
    check("np-which-nodes")
    assert widget.verdict == f"✗ Not quite. {WHY}"


def test_an_answer_that_nobody_checked_has_no_earlier_card(fresh: Sheet) -> None:
    widget = ask("np-which-nodes")
    assert isinstance(widget, Ask)
    press(widget, [["10.0.0.1"]])
    press(widget, [["10.0.0.2"]])
    assert widget.verdict == ""


def test_the_card_of_a_wrong_answer_follows_when_it_is_changed(fresh: Sheet) -> None:
    widget = ask("np-which-nodes", answer="node-1")
    assert isinstance(widget, Ask)
    wrong = check("np-which-nodes")
    assert isinstance(wrong, Waiting) and wrong.correct is False and wrong.misconception == 8
    shown = wrong._repr_mimebundle_()[0]
    assert "Your answer:" in shown["text/html"] and "✗ Not quite." in wrong.card.value
    press(widget, [["10.0.0.1", "10.0.0.2", "10.0.0.3"]])
    assert "✓ Right." in wrong.card.value and widget.verdict == f"✓ Right. {WHY}"
    assert fresh.progress().set_index("id").loc["np-which-nodes", "result"] == "right"


def test_a_card_that_follows_judges_the_cluster_of_its_cell(fresh: Sheet) -> None:
    cluster = QUESTIONS["np-ping"].setup()
    widget = ask("np-ping")
    waiting = check("np-ping", cluster)
    assert isinstance(widget, Ask) and isinstance(waiting, Waiting)
    waiting._repr_mimebundle_()
    cluster.fail("node-1")  # a later section
    press(widget, ["no"])
    assert "✗ Not quite." in waiting.card.value
    press(widget, ["yes"])
    assert "✓ Right." in waiting.card.value


def test_a_card_whose_cell_has_run_again_follows_no_more(fresh: Sheet) -> None:
    widget = ask("np-which-nodes", answer="node-1")
    assert isinstance(widget, Ask)
    old = check("np-which-nodes")
    assert isinstance(old, Waiting)
    old._repr_mimebundle_()
    press(widget, [["10.0.0.1", "10.0.0.2", "10.0.0.3"]])
    assert not isinstance(check("np-which-nodes"), Waiting)  # what is right is shown as it is, and stays
    press(widget, [["10.0.0.2"]])
    assert "✓ Right." in old.card.value
    assert widget.verdict == f"✗ Not quite. {EARLIER}"
    assert fresh.progress().set_index("id").loc["np-which-nodes", "result"] == "not yet"


def test_the_card_has_labelled_lines() -> None:
    feedback = check("np-which-nodes", answer="node-1")
    lines = repr(feedback).splitlines()
    assert lines[0] == "✗ Not quite."
    assert [line.partition(":")[0] for line in lines[1:]] == ["Question", "Your answer", "Correct answer", "Why"]
    for page in (feedback._repr_html_(), feedback._repr_markdown_()):
        assert "Correct answer:" in page and "node-3" in page


def test_the_card_compares_an_estimate() -> None:
    feedback = judge(BILL, 4500.0, 1500.0)
    assert feedback.correct is False and feedback.text.endswith("Your estimate is 3 times that.")
    assert judge(BILL, 1200.0, 1500.0).correct is True


def test_several_blanks_are_one_question() -> None:
    widget = ask("share-of-each", answer={"node-1": 75, "node-2": "1/4"})
    assert isinstance(widget, Ask)
    assert widget.kept == "node-1: 75 %; node-2: 25 %" and check("share-of-each").correct
    press(widget, ["75", ""])
    assert widget.refused and "“node-2” is still empty" in widget.said


@pytest.mark.parametrize(
    ("id", "draft", "said"),
    [
        ("np-ping", [""], "Choose one of the answers first."),
        ("np-hard-coded", [" "], "Write your answer into the box first."),
        ("np-number", [[]], 'Nothing is ticked. If none is right, tick "none of these".'),
    ],
)
def test_where_nothing_is_given_it_says_what_to_do(id: str, draft: list[object], said: str) -> None:
    widget = ask(id)
    assert isinstance(widget, Ask)
    press(widget, draft)
    assert widget.refused and widget.said == said


def test_a_number_that_is_too_large_is_said_to_be_so() -> None:
    widget = ask("np-hard-coded", answer="120")
    assert isinstance(widget, Ask)
    assert widget.refused and "it cannot be more than 100 %" in widget.said


def test_an_empty_set_gets_its_own_hint() -> None:
    card = check("start-pairs", answer=set())
    assert card.correct is False and "No client outside" in card.text and "Hint: " in repr(card)


def test_an_unknown_question_is_said() -> None:
    assert repr(ask("np-which-node")).endswith('Did you mean "np-which-nodes"?')


def test_texts_do_not_tell_the_learner_what_they_thought() -> None:
    for question in QUESTIONS.values():
        for wrong in question.wrong:
            assert not wrong.text.startswith(("You expected", "You counted", "You ")), wrong.text
            assert "The model says" not in wrong.text


def test_the_script_is_whole() -> None:
    script = Path(ask.__code__.co_filename).with_name("ask.js")
    text = script.read_text(encoding="utf-8")
    assert "fieldset" in text and "legend" in text and 'setAttribute("role", "status")' in text
    try:
        done = subprocess.run(["node", "--check", "--input-type=module"], input=text, text=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("node is not installed: the script is run in tests/browser only")
    assert done.returncode == 0, done.stderr
