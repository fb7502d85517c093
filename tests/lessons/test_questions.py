"""Predictions and checks: every question with its right answer, each wrong one, none, and absurd ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, combinations, product
from typing import Any

import pytest

from k8sexpose import Cluster, example
from k8sexpose.lessons import Feedback, ask, check_install, progress, repair
from k8sexpose.lessons.forms import Blanks, Choice, Estimate, Percent, Quantity, Question, Several
from k8sexpose.lessons.install import missing
from k8sexpose.lessons.sheet import QUESTIONS, Sheet, judge
from tests.lessons.answers import right_answer

every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=list(QUESTIONS))


class Hostile:
    """What no answer should be able to do."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


THREE = frozenset({"10.0.0.1", "10.0.0.2", "10.0.0.3"})
NOTHING = (..., None, "", "   ", "...", [None], {...}, (..., ...), {"node-1": ..., "node-2": ""})
ABSURD = (
    object(),
    Hostile(),
    1e9,
    -1,
    10**400,
    float("nan"),
    b"\xff",
    [[1]],
    {"zz": Hostile()},
    "<script>",
    lambda: 1,
)


def answers(question: Question) -> Iterator[Any]:
    """Every answer that the form can take; of numbers, some."""
    match question.form:
        case Choice(options):
            yield from options
        case Several(options):
            sizes = range(len(options) + 1)
            yield from (frozenset(part) for part in chain.from_iterable(combinations(options, n) for n in sizes))
        case Percent():
            yield from map(float, (0, 2, 6, 16.7, 25, 33.3, 40, 50, 66.7, 75, 94, 100))
        case Quantity():
            yield from (0.0, 1.0, 100.0, 213.75, 356.25, 375.0, 918.75, 260_000.0)
        case Estimate():
            yield from (0.0, 1.0, 30.0, 300.0, 1000.0, 15_000.0, 1e6)
        case Blanks(parts):
            yield from product((0.0, 20.0, 25.0, 36.0, 40.0, 64.0), repeat=len(parts))


def rounded(answer: Any, right: Any) -> bool:
    if isinstance(answer, float) and isinstance(right, float | int):
        return abs(answer - right) < 0.1
    return bool(answer == right)


@every_question
def test_right_answer(question: Question) -> None:
    right, from_given = question.solve()
    assert not from_given
    sheet = Sheet()
    noted = sheet.predict(question.id, right)
    assert noted.correct is None, "a prediction says nothing about right or wrong"
    feedback = sheet.check(question.id)
    assert feedback.correct is True and feedback.misconception is None
    assert "{" not in feedback.text


@every_question
def test_every_other_answer_is_wrong_and_is_told_why(question: Question) -> None:
    right = right_answer(question.id)
    # 33.3 is a third: an answer that is only rounded is right.
    wrong = [answer for answer in answers(question) if not rounded(answer, right)]
    if isinstance(question.form, Estimate):  # a good guess is right
        wrong = [answer for answer in wrong if not question.same(answer, right)]
    assert wrong
    for answer in wrong:
        feedback = judge(question, answer, right)
        assert feedback.correct is False
        assert "{" not in feedback.text and len(feedback.text) > 30


@every_question
def test_each_known_wrong_answer_is_reached(question: Question) -> None:
    right = right_answer(question.id)
    said = {judge(question, answer, right).text for answer in answers(question) if answer != right}
    for wrong in question.wrong:
        opening = wrong.text.partition("{")[0][:40]
        assert any(text.startswith(opening) for text in said), f"nobody gets: {wrong.text}"


@every_question
def test_nothing_filled_in(question: Question) -> None:
    for answer in NOTHING:
        sheet = Sheet()
        assert sheet.predict(question.id, answer).correct is None, answer
        feedback = sheet.check(question.id)
        assert feedback.correct is None and feedback.text.startswith("Answer first"), answer
        assert sheet.check(question.id, answer=answer).correct is None, answer
        assert sheet.progress().empty, answer


@every_question
def test_absurd_answers(question: Question) -> None:
    for number, absurd in enumerate(ABSURD):
        sheet = Sheet()
        noted = sheet.predict(question.id, absurd)
        assert noted.text.startswith("Not noted") and noted.correct is None, number
        assert sheet.check(question.id, answer=absurd).text == noted.text, number
        assert noted._repr_html_() and noted._repr_markdown_() and repr(noted), number


@pytest.mark.slow
@every_question
@pytest.mark.parametrize(
    "cluster",
    ["cluster", Cluster(nodes=1), Cluster(nodes=[])],
    ids=["text", "one node", "no node"],
)
def test_a_cluster_without_an_answer(question: Question, cluster: object) -> None:
    sheet = Sheet()
    sheet.predict(question.id, right_answer(question.id))
    feedback = sheet.check(question.id, cluster)
    assert feedback.correct in (True, False)
    if not isinstance(cluster, Cluster):
        assert feedback.correct and "fresh" in feedback.text


@pytest.mark.parametrize("name", [None, 3, "", "np-which-node", "<b>", ["np-which-nodes"], Hostile()], ids=type)
def test_unknown_question(name: Any) -> None:
    sheet = Sheet()
    for feedback in (sheet.predict(name, 1), sheet.check(name), sheet.check(name, answer=1)):
        assert feedback.correct is None and feedback.text.startswith("There is no question")
    if isinstance(name, str) and name == "np-which-node":
        assert '"np-which-nodes"' in sheet.check(name).text


def test_an_answer_that_changes_later_is_judged_on_the_cluster_of_its_check() -> None:
    cluster = QUESTIONS["np-ping"].setup()
    sheet = Sheet()
    sheet.check("np-ping", cluster, answer="no")
    cluster.fail("node-1")
    sheet.predict("np-ping", "yes")
    assert sheet.judged(QUESTIONS["np-ping"]).correct
    assert sheet.check("np-ping", cluster).correct is False, "the cell of the check runs again: it is asked anew"


def test_the_answer_is_that_of_the_learners_cluster() -> None:
    cluster = QUESTIONS["np-which-nodes"].setup()
    before = repr(cluster), cluster.sends
    cluster.fail("node-3")
    sheet = Sheet()
    sheet.predict("np-which-nodes", ["node-1", "10.0.0.2"])
    assert sheet.check("np-which-nodes", cluster).correct
    assert sheet.check("np-which-nodes").correct is False
    cluster.recover("node-3")
    assert (repr(cluster), cluster.sends) == before

    local = QUESTIONS["np-which-nodes"].setup()
    local.patch("web-nodeport", {"spec": {"externalTrafficPolicy": "Local"}})
    sheet.predict("np-which-nodes", local.nodes[0])
    assert sheet.check("np-which-nodes", local).correct
    assert sheet.check("np-which-nodes").misconception == 8


@pytest.mark.parametrize(
    "question", ["np-firewall", "np-open-range", "np-stop-proxy", "np-hard-coded", "np-back-again"]
)
def test_a_check_leaves_the_cluster_alone(question: str) -> None:
    cluster = QUESTIONS[question].setup()
    before = (cluster.firewall, cluster.nodes_routable, cluster.now_s, cluster.down, cluster.services, cluster.sends)
    Sheet().check(question, cluster, answer=right_answer(question))
    assert before == (
        cluster.firewall, cluster.nodes_routable, cluster.now_s, cluster.down, cluster.services, cluster.sends
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("np-which-nodes", "10.0.0.1", 8),
        ("np-number", "80, 8080, 30500", 9),
        ("np-number", {8080, 30500}, 9),
        ("np-collisions", "a", 2),
        ("np-collisions", ["b", "c"], 2),
        ("np-collisions", set(), 2),
        ("np-selector", "delivered", 3),
        ("np-ping", False, 21),
        ("np-firewall", 3, 19),
        ("np-back-first", "kept", 4),
        ("np-back-again", "freed", 4),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int) -> None:
    assert Sheet().check(question, answer=answer).misconception == belief


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("np-collisions", {"a", "b", "c"}, ("namespace", "UDP port")),
        ("hop-even", {"a", "b", "c", "d"}, ("4 + 3 + 3", "3 + 1 + 0")),
        ("hop-even", {"d"}, ("3 + 1 + 0", "2 + 2 + 0", "One Pod on each node")),
    ],
)
def test_each_of_several_mistakes_is_explained(question: str, answer: set[str], said: tuple[str, ...]) -> None:
    text = Sheet().check(question, answer=answer).text
    assert all(words in text for words in said)


def test_what_is_said_to_each_of_several_mistakes_can_be_told_apart() -> None:
    text = judge(QUESTIONS["np-collisions"], frozenset("ab"), frozenset("c")).text
    about = re.findall("You (?:ticked|did not tick) “[(]([abc])[)]", text)
    assert about == ["a", "b", "c"]
    assert text.index("You did not tick “(c)") < text.index("Within one Service")
    # One text needs no such sentence, neither where it is about two mistakes.
    assert "You ticked" not in judge(QUESTIONS["np-collisions"], frozenset("ac"), frozenset("c")).text
    assert "tick" not in judge(QUESTIONS["np-which-nodes"], frozenset(["10.0.0.2"]), THREE).text


@every_question
def test_no_answer_to_tick_is_told_only_to_look_once_more(question: Question) -> None:
    right = right_answer(question.id)
    for answer in answers(question) if isinstance(question.form, Several) else ():
        assert "Run the cells above once more" not in judge(question, answer, right).text, answer


def test_a_text_about_one_mistake_is_not_said_where_it_is_false() -> None:
    text = judge(QUESTIONS["hop-healthy"], frozenset({"node-2", "node-3"}), frozenset({"node-1"})).text
    assert "If no node had a ready Pod" not in text


def test_a_hint_is_about_one_mistake() -> None:
    question = QUESTIONS["start-pairs"]
    given, right = frozenset("abcd"), frozenset("ac")
    hint, whole = judge(question, given, right, told=False).text, judge(question, given, right).text
    assert "(b)" in whole and "(d)" in whole
    assert "(b)" not in hint and "(d)" in hint


def test_progress_keeps_the_first_answer() -> None:
    sheet = Sheet()
    sheet.predict("np-ping", "no")
    sheet.check("np-ping")
    sheet.predict("np-ping", "yes")
    sheet.predict("np-ping", "yes")
    sheet.check("np-ping")
    table = sheet.progress().set_index("id")
    row = table.loc["np-ping"]
    assert (row["first answer"], row["answer"], row["tries"], row["result"]) == ("no", "yes", 2, "right")
    assert table.loc["np-selector"]["result"] == "no answer"
    assert set(table["lesson"]) == {"01_nodeport"}
    assert "np-ping" in sheet.progress().to_csv()


def test_the_functions_share_one_sheet() -> None:
    ask("start-pod-port", answer="refused")
    assert "start-pod-port" in list(progress()["id"])


def test_feedback_is_escaped() -> None:
    feedback = Feedback(False, 8, "<script>alert(1)</script> *x*")
    assert "<script>" not in feedback._repr_html_() and "&lt;script" in feedback._repr_html_()
    assert "<script>" not in feedback._repr_markdown_() and r"\*x\*" in feedback._repr_markdown_()
    assert repr(feedback) == "✗ Not quite. <script>alert(1)</script> *x*"
    # A number that is not in the list is nobody's belief.
    assert repr(Feedback(False, 99, "x")) == "✗ Not quite. x"


def test_install() -> None:
    assert check_install().correct
    assert "make lab" in check_install("no-such-package").text
    assert "needed is" in missing("PyYAML>=999") and missing("PyYAML<1")


def test_install_in_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "emscripten")
    assert check_install().correct
    said = check_install("no-such-package").text
    assert "reload the page" in said
    assert not any(word in said for word in ("terminal", "make lab", "pip", "Restart"))


FIXES = {
    1: {"nodePort: 2181": "nodePort: 30281"},
    2: {"name: web": "app: web"},
    3: {"targetPort: http": "targetPort: 8080"},
    4: {"8081": "8080"},
    5: {"port: 81, targetPort: 8080, nodePort: 30085": "port: 81, targetPort: 8080"},
}


def test_repairs() -> None:
    broken = repair()
    assert not any(row.solved for row in broken.rows) and len(broken.rows) == 5
    assert [row.misconception for row in broken.rows] == [9, 3, 3, 3, 2]
    assert repair(FIXES).solved
    assert "<table" in repair(FIXES)._repr_html_() and "5 of 5" in repr(repair(FIXES))


@pytest.mark.parametrize(
    "fix",
    [None, 3, {1: 3}, {1: {3: 4}}, {1: {"": "x"}}, {1: {"nowhere": "x"}}, {9: {}}, {1: {"kind: Service": "\t"}}, [1]],
    ids=repr,
)
def test_repairs_that_make_no_sense(fix: object) -> None:
    assert not repair(fix).rows[0].solved


@pytest.mark.parametrize(
    "fix",
    [
        {2: {"kind: Service": "kind: Pod"}},
        {2: {"type: NodePort": "type: ClusterIP", ", nodePort: 30082": ""}},
        {5: {"\n  - {name: admin, port: 81, targetPort: 8080, nodePort: 30085}": ""}},
    ],
)
def test_a_repair_is_no_dodge(fix: dict[int, dict[str, str]]) -> None:
    number = next(iter(fix))
    assert not repair(fix).rows[number - 1].solved


def test_examples_are_there() -> None:
    for name in ("api-backend", "wrong-selector", "dns-tcp-udp", "broken-windows"):
        assert example(name).exists()


def test_an_exercise_tells_the_answer_at_the_third_try() -> None:
    sheet = Sheet()
    first, second, third = (sheet.check("start-pairs", answer=answer) for answer in ({"d"}, {"b"}, {"c"}))
    assert first.text.endswith("Try again.") and "8443" in second.text
    assert not first.right and not second.right and "Correct answer" not in repr(first) + second._repr_html_()
    assert third.right and f"Correct answer: {third.right}" in repr(third)
    # A question of the lesson is no exercise: what was run above has told it already.
    assert sheet.check("start-who-reaches", answer={"pod"}).right


def test_how_an_answer_may_be_written() -> None:
    sheet = Sheet()
    label = QUESTIONS["lb-pending"].form.show("controller")  # type: ignore[attr-defined]
    assert sheet.predict("lb-pending", {"controller"}).text == f"Noted: {label}"
    assert sheet.predict("lb-pending", {"controller", "pods"}).text.endswith(f"Kept: {label}.")
    # A fraction that is on no list is an answer; where percent is asked, a number below 1 is a share of 1.
    assert sheet.predict("hop-thirty", "9/10").text == "Noted: 9/10"
    assert sheet.check("hop-thirty").correct is False
    assert sheet.predict("hop-pair", 0.25).text == "Noted: 25 %"
    assert sheet.predict("hop-pair", "1/4").text == "Noted: 25 %"


SEVERAL = [question for question in QUESTIONS.values() if isinstance(question.form, Several)]


@pytest.mark.parametrize("question", SEVERAL, ids=lambda question: question.id)
def test_who_ticks_none_of_these_has_chosen_nothing(question: Question) -> None:
    right = question.answer(question.setup())
    found = next((wrong.text for wrong in question.wrong if wrong.fits(frozenset(), right)), question.otherwise)
    assert not right or "you chose" not in found.lower()


def test_who_ticks_a_part_is_told_of_the_other_part() -> None:
    for question, answer, missed in (
        ("cost-formula", {"aws"}, "Linode"),
        ("sk-ways", {"weights"}, "to the Pods itself"),
    ):
        said = Sheet().check(question, answer=answer).text
        assert "What you chose is right, but it is not all." in said and missed in said
