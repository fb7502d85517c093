"""The explorer of the node port range: its page is a function of what is set."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose._palette import CONCEPTS
from k8sexpose.widgets.explorers.node_port_range import (
    ASKED,
    NAMESPACES,
    NODE_PORT_RANGE,
    NUMBERS,
    PROTOCOLS,
    TAKEN,
    RangeSetting,
    draw_range,
    table,
)
from k8sexpose.widgets.explorers.node_port_range import rows as range_rows
from tests.widgets.explorers.helpers import label

pytestmark = pytest.mark.slow


def result(program: str) -> Any:
    """Run a program of Show Python; the value of its last line."""
    *lines, last = program.strip().split("\n")
    names: dict[str, Any] = {"kx": kx}
    exec("\n".join(lines), names)
    return eval(last, names)


@pytest.mark.parametrize("automatic", [0, 1, 50, 2682, NUMBERS - 1, NUMBERS])
def test_range_every_choice(automatic: int) -> None:
    for asked, protocol, namespace in product(ASKED.values(), PROTOCOLS, NAMESPACES):
        setting = RangeSetting(automatic, asked, protocol, namespace)
        told = label(draw_range(setting))
        assert f"{len(setting.taken.holders)} of {NUMBERS} taken" in told
        if not setting.answer.created:
            assert setting.answer.message in told
        table = list(range_rows(setting))
        assert next(row for row in table if "(chosen above)" in row[0])[3] in (
            f"created: {setting.answer.number}",
            setting.answer.words,
        )
        assert 'role="status"' in NODE_PORT_RANGE.page(setting)


@pytest.mark.parametrize(
    ("asked", "words"),
    [(80, "not in the valid range"), (TAKEN, "already allocated"), (32768, "not in the valid range"), (30050, "")],
)
def test_range_answers(asked: int, words: str) -> None:
    for protocol, namespace in product(PROTOCOLS, NAMESPACES):  # one list for all protocols and namespaces
        answer = RangeSetting(50, asked, protocol, namespace).answer
        assert words in answer.message and answer.created is not bool(words)


def test_the_question_can_be_seen_in_the_first_state() -> None:
    first = kx.node_port_range_explorer()
    assert first.setting.asked == 30050 and first.setting.answer.created
    words = "".join(ElementTree.fromstring(draw_range(first.setting)).itertext())
    assert "30050: created" in words and "static band 30000–30085" in words


def test_the_slider_ends_where_the_range_is_full() -> None:
    slider = kx.node_port_range_explorer().controls["automatic"]
    last = RangeSetting(slider.max)
    assert len(last.taken.holders) == NUMBERS and not last.taken.refused
    page = NODE_PORT_RANGE.page(last)
    assert "Every number of the dynamic band is taken" in page and "100.0%" not in page
    assert "2,682 of 2,682 taken: full" in page


def test_no_picture_has_a_colour_that_means_a_node_port_for_a_band() -> None:
    for setting in (RangeSetting(), RangeSetting(NUMBERS - 1)):
        assert CONCEPTS["node port"].color not in draw_range(setting)


def test_range_fills_the_dynamic_band_first() -> None:
    assert [taken for *_, taken in RangeSetting(2682).taken.bands] == [1, 2682]
    assert [taken for *_, taken in RangeSetting(2683).taken.bands] == [2, 2682]
    full = RangeSetting(NUMBERS, 0)
    assert len(full.taken.holders) == NUMBERS and "range is full" in full.taken.refused
    assert "range is full" in full.answer.message and "range is full" in NODE_PORT_RANGE.page(full)
    assert "Every number of the range is taken" in (full.answer.hint or "")


@pytest.mark.parametrize("setting", [RangeSetting(70, 0), RangeSetting(3, 30050, "UDP", "team-b")])
def test_range_python_gives_the_same(setting: RangeSetting) -> None:
    assert result(setting.python) == setting.answer.number


def test_a_rare_number_is_not_said_to_be_impossible() -> None:
    assert "1 / 2,682 = 0.04%" in table(RangeSetting(automatic=1))
    assert "= 0.0%" in table(RangeSetting(automatic=0))


@pytest.mark.parametrize("asked", [asked for asked in ASKED.values() if asked != 80])
def test_where_no_number_is_free_the_hint_names_none(asked: int) -> None:
    hint = table(RangeSetting(automatic=NUMBERS - 1, asked=asked)).partition("A hint from this course")[2]
    assert "leave" not in hint and "take another" not in hint
    assert "No number of the range is free" in hint
