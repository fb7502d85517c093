"""Exercises that are judged in a table of their own: each counts for `progress`, and ends in the card of all exercises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8sexpose.lessons import (
    billing_service,
    decide,
    exercise_table,
    mend,
    repair,
    save,
    shop_front,
    try_placement,
    which_policy,
    why_pending,
)
from k8sexpose.lessons.extra_hop.billing import FIRST
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.lessons.table_questions import TABLES

ROOT = Path(__file__).resolve().parents[2]
REPAIRED = {
    1: {"nodePort: 2181": "nodePort: 30081"}, 2: {"name: web": "app: web"}, 3: {"http": "8080"}, 4: {"8081": "8080"},
    5: {"81, targetPort: 8080, nodePort: 30085": "81, targetPort: 8080, nodePort: 30086"},
}  # fmt: skip
# For each exercise: nothing given, a part of it, and how many lines are right then.
GIVEN: dict[str, tuple[Callable[[], Any], Callable[[], Any], int]] = {
    "np-repair": (lambda: repair({}), lambda: repair({1: REPAIRED[1]}), 1),
    "lb-why-pending": (lambda: why_pending({1: ...}), lambda: why_pending({1: "pool", 2: "pool"}), 1),
    "lb-shop-front": (lambda: shop_front(..., ..., 443, ...), lambda: shop_front("NodePort", "nlb", 443, 8443), 1),
    "cost-half": (lambda: save({}), lambda: save({"metrics": {"type": "ClusterIP"}}), 8),
    "hop-billing": (
        lambda: billing_service(FIRST),
        lambda: billing_service(FIRST.replace("type: ClusterIP", "type: NodePort")),
        2,
    ),
    "loc-placement": (lambda: try_placement([4, 3, 3]), lambda: try_placement([6, 2, 2]), 0),
    "loc-five-cases": (lambda: which_policy({}), lambda: which_policy({1: ("Local", "hop")}), 1),
    "out-decisions": (lambda: decide({"shop": ...}), lambda: decide({"search": ("Local", "hop")}), 0),
    "own-mend": (lambda: mend({}), lambda: mend({"shop/orders": {"selector": {"app": "orders"}}}), 2),
}


@pytest.fixture
def sheet(monkeypatch: pytest.MonkeyPatch) -> Sheet:
    mine = Sheet()
    monkeypatch.setattr(exercise_table, "SHEET", mine)
    return mine


def exercises(sheet: Sheet, id: str) -> str:
    """What `progress` says of the exercises of the lesson."""
    lesson = TABLES[id].lesson
    return next((row.exercises for row in sheet.progress().lessons if row.lesson == lesson), "not begun")


def test_every_table_is_here() -> None:
    assert set(GIVEN) == set(TABLES)


@pytest.mark.parametrize("id", GIVEN)
def test_nothing_given_is_no_answer(sheet: Sheet, id: str) -> None:
    table = GIVEN[id][0]()
    assert exercises(sheet, id) == "not begun" and not table.solved
    assert "No answer yet" in table._repr_html_() and "No answer yet" in repr(table)


@pytest.mark.parametrize("id", GIVEN)
def test_a_part_is_an_answer_that_is_not_right_yet(sheet: Sheet, id: str) -> None:
    _, begin, right = GIVEN[id]
    table = begin()
    entry = sheet.entries[id]
    assert (entry.answer, entry.correct) == (float(right), False)
    assert "1 of" in exercises(sheet, id) and "0 right" in exercises(sheet, id)
    assert table.card.correct is False and table.card.question == TABLES[id].text
    assert "✗ Not quite." in table._repr_html_() and "Hint" in repr(table)


def test_what_is_solved_counts_as_right(sheet: Sheet) -> None:
    repair({1: REPAIRED[1]})
    assert repair(REPAIRED).solved
    assert try_placement([5, 5, 0]).card.correct  # type: ignore[attr-defined]
    counted = sheet.progress().set_index("id")
    assert list(counted.loc["np-repair", ["first answer", "answer", "tries", "result"]]) == ["1", "5", 2, "right"]
    assert counted.loc["loc-placement", "result"] == "right"
    page = sheet.progress()._repr_html_()
    assert "1 of 5 manifests are repaired" in page and "5 of 5 manifests are repaired" in page
    assert "Open questions" in page and "Back to ClusterIP" not in page


def test_other_placements_of_the_lesson_are_no_answers(sheet: Sheet) -> None:
    try_placement([2, 1])
    assert not sheet.entries


def test_a_manifest_that_is_not_there_is_said(sheet: Sheet) -> None:
    table = repair({**REPAIRED, 6: {"a": "b"}})
    assert table.rows[-1].server == "was not asked: there is no manifest 6: they are 1 to 5"
    # It is said, and does not spoil the five that there are.
    assert table.solved and "does not count" in repr(table) and sheet.entries["np-repair"].correct


def test_an_exercise_is_forgotten_with_its_lesson(sheet: Sheet) -> None:
    repair(REPAIRED)
    assert sheet.reset("01") == 1 and not sheet.entries


def test_the_manifest_of_the_cell_is_the_one_that_counts_as_untouched() -> None:
    notebook = json.loads((ROOT / "notebooks/04_extra_hop.ipynb").read_text(encoding="utf-8"))
    cell = next("".join(cell["source"]) for cell in notebook["cells"] if cell["id"] == "hop-repair")
    assert cell.startswith(f'manifest = """{FIRST}"""')


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        (FIRST.replace("  externalTrafficPolicy: Cluster\n", ""), ["service/billing created", "type ClusterIP", "an answer"]),
        (FIRST, ["spec.externalTrafficPolicy: Invalid value", "there is no such Service", "there is no such Service"]),
        (FIRST.replace("  externalTrafficPolicy: Cluster", "  clusterIP: None"), ["created", "type", "no ClusterIP"]),
        (FIRST.replace("  externalTrafficPolicy: Cluster\n", "").replace("8080", "80"), ["created", "type", "does not listen"]),
        (FIRST.replace("name: billing", "name: other").replace("  externalTrafficPolicy: Cluster\n", ""),
         ["service/other created", "no such Service", "no such Service"]),
        ("\x1b[31m: [", ["error", "no such Service", "no such Service"]),
        (None, ["must be a text", "no such Service", "no such Service"]),
        ({"kind": "Service"}, ["must be a text", "no such Service", "no such Service"]),
    ],
)  # fmt: skip
def test_what_comes_of_the_manifest_of_billing(sheet: Sheet, manifest: object, found: list[str]) -> None:
    table = billing_service(manifest)
    assert table.solved is (found[-1] == "an answer")
    for (_, said, _), words in zip(table.rows, found, strict=True):
        assert words in said
    assert "\x1b" not in table._repr_html_() + repr(table)
