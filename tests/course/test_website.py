"""What the site stores for its pages: packed and read again, and the feedback along the line of numbers."""

from __future__ import annotations

import json
import re
import sys
import zlib
from base64 import b64decode
from dataclasses import replace
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

import k8sexpose as kx
from k8sexpose.lessons.forms import Percent
from k8sexpose.lessons.sheet import QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import pages  # noqa: E402
from website import flows, packing, questions, reference, states  # noqa: E402
from website.build import Live  # noqa: E402
from website.search_index import index_script  # noqa: E402

pytestmark = pytest.mark.slow

PERCENTS = [question for question in QUESTIONS.values() if isinstance(question.form, Percent)]


def unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(b64decode(text), -15))


def pages_of(text: str) -> list[str]:
    """Read pages as site.js does."""
    stored = unpacked(text)
    if "pages" in stored:
        return list(stored["pages"])
    found: dict[int, str] = {}
    for numbers, around, fills in stored["gaps"]:
        for at, number in enumerate(numbers):
            parts = [words + (fills[k][at] if k < len(fills) else "") for k, words in enumerate(around)]
            found[number] = "".join(parts)
    return [found[number] for number in range(len(found))]


@given(st.lists(st.text(alphabet="ab1. <>", max_size=30), min_size=1, max_size=6))
def test_pages_come_back_as_they_were(texts: list[str]) -> None:
    assert pages_of(packing.pages_packed(texts)) == texts
    assert pages_of(packing.packed({"gaps": packing._with_gaps(texts)})) == texts


def test_every_setting_of_an_explorer_is_stored() -> None:
    explorer = kx.failover_explorer()
    data = states.explorer_data(explorer)
    assert data is not None and len(data["dials"]) == 2
    stored = [page for chunk in data["chunks"] for page in pages_of(chunk)]
    first, second = (explorer.parts.controls[number] for number in data["order"])
    expected = [
        pages.tidy(explorer.parts.page(replace(explorer.first, **{first.name: one, second.name: other})))
        for one in first.options
        for other in second.options
    ]
    assert stored == expected


def test_a_box_for_text_has_no_end() -> None:
    assert states.explorer_data(kx.manifest_doctor()) is None


@pytest.mark.parametrize("question", PERCENTS[:6], ids=lambda question: question.id)
def test_the_line_of_numbers_says_what_check_says(question: Any) -> None:
    right, _ = question.solve()
    edges, found = questions.number_line(
        lambda given: replace(questions.card_of(question, given, right), answer=""),
        questions._points(question.form, right),
    )
    assert edges == sorted(edges) and edges[0] == 0.0
    for tenth in range(1001):
        given = tenth / 10
        at = max(k for k, edge in enumerate(edges) if edge <= given)
        assert found[at] == replace(questions.card_of(question, given, right), answer=""), given


def test_each_field_between_two_blanks_has_its_card() -> None:
    question = QUESTIONS["lb-five-nodes"]
    right, _ = question.solve()
    judged = questions._judged(question, right, "", told=True)
    first, second = (0, 10, 19.4, 19.6, 20, 35.4, 36, 36.6, 40, 64, 100), (0, 0.4, 0.6, 19.4, 20, 20.6, 100)
    for answer in product(first, second):
        places = [sum(edge <= one for edge in edges) - 1 for edges, one in zip(judged["edges"], answer, strict=True)]
        card = replace(questions.card_of(question, answer, right), answer=questions.ANSWER)
        found = judged["cards"]["|".join(map(str, places))]
        assert found == [card.opening, card._repr_html_(), questions.ANSWER], answer


def test_feedback_cannot_be_read_at_a_glance() -> None:
    data = questions.question_data(QUESTIONS["np-number"])
    assert data is not None
    state, told = data["seed"], bytearray()
    for byte in b64decode(data["judged"]):
        state = (state * 1664525 + 1013904223) % 2**32
        told.append(byte ^ (state >> 24))
    cards = json.loads(zlib.decompress(bytes(told), -15))["told"]["cards"]
    assert len(cards) == 2 ** len(QUESTIONS["np-number"].form.options)
    assert "Right" not in json.dumps({name: value for name, value in data.items() if name != "judged"})


def test_a_folded_answer_shows_the_same_words_without_naming_them() -> None:
    card = '<p class="a">5 &lt; 6: <strong>Right</strong> “é”</p>'
    there = questions.veiled(card)
    assert unescape(there) == unescape(card) and re.findall("<.*?>", there) == re.findall("<.*?>", card)
    assert not re.search(r"Right|&lt;|“", there)
    live = Live(places={(0, 0): [(0, "check")]})
    assert "Right" not in str(live.html(0, 0, card))


def test_the_answer_of_a_question_is_at_its_check() -> None:
    form = "<ul></ul><details><summary>Answer</summary><p>node-1</p></details>"
    asked, checked = {"kind": "question", "id": "a"}, {"kind": "check", "id": "a"}
    places = {(0, 0): [(0, "question")], (1, 0): [(1, "check")]}
    assert "node-1" not in str(Live([asked, checked], places).html(0, 0, form))
    assert "node-1" in str(Live([asked, {**checked, "id": "b"}], places).html(0, 0, form)), "else it would be nowhere"


def test_a_widget_that_stays_a_picture_leads_to_jupyterlite_where_that_is() -> None:
    for lite, link in (
        (False, 'href="#run"'),
        (True, 'href="lite/lab/index.html?path=leaflets/manifest_doctor.ipynb"'),
    ):
        (part,) = (one for one in pages.course.parts() if one.stem == "manifest_doctor")
        cell = next(k for k, one in enumerate(part.nb.cells) if one.get("outputs"))
        live = Live(places={(cell, 0): [(0, "still")]})
        html = pages.lesson(part, pages.titles(), lite, live)
        assert link in html.partition('class="kx-left"')[2].partition("</p>")[0]


def test_a_visualizer_knows_every_click_and_what_the_checks_do_then() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    flow = kx.flow(cluster, "public-api-lb", controls=["play", "clock", "nodes"])
    explored = flows.states_of(flow)
    crashed = explored.start.clicked("node", "node-1")
    found = [state for state in explored.states if state.setting == crashed and state.came_from == explored.start]
    assert len(found) > 1, "the check notices the crash some seconds later"
    assert found[0].cluster.is_down("node-1") and found[0].at_s == 0 and found[-1].settled
    both = crashed.clicked("node", "node-2")
    assert explored.settled[both].cluster.down == {"node-1", "node-2"}
    assert "node:node-3" not in dict(explored.choices(both)), "two faults at once, and no third"
    assert not cluster.down, "the lesson's own cluster stays as it is"


def test_the_slider_of_the_range_stops_where_the_static_band_fills() -> None:
    (dial, *_) = states.dials_of(kx.node_port_range_explorer()) or []
    assert dial.control.name == "automatic"
    stops = [value for value in dial.values if 2682 <= value <= 2768]
    assert stops[0] == 2682 and stops[-1] == 2767, "the dynamic band is full, then the static one"
    assert len(stops) >= 5 and 50 in dial.values


ANSWERED = """<title>A page</title><main><h1 id="top">Top</h1><p>Before you know.</p>
<h2 id="rules">1. Rules<a class="anchor-link">¶</a></h2><p>Watch the packet.</p>
<div class="highlight"><pre>kx.send(cluster)</pre></div><div class="output"><pre>after 127000 ms</pre></div>
<details class="kx-curtain"><summary>What</summary><div class="output"><pre>30085</pre></div></details>
<details><summary>Open</summary><p>This is called SNAT.</p></details>
<details class="answer"><summary>The answer</summary><p>secret</p></details><p>The end.</p></main>"""


def test_the_search_finds_what_is_seen_and_folded_words_but_no_result() -> None:
    script = index_script({"a.html": ANSWERED, "ANSWERS.html": ANSWERED})
    top, rules = json.loads(script.removeprefix("window.kx.index = ").rstrip(";\n"))
    assert top == ["a.html#top", "A page", "Top", "Before you know.", ""]
    assert rules[:4] == ["a.html#rules", "A page", "1. Rules", "Watch the packet. The end."]
    assert "snat" in rules[4].split() and "kx.send" in rules[4]
    assert not any(word in script for word in ("127000", "30085", "secret", "ANSWERS")), "these are answers"


def test_how_long_a_section_takes_is_not_what_it_says() -> None:
    script = index_script(
        {"a.html": "<title>A</title><main><h2>1</h2><p><em>minutes 0–5</em></p>\n<p>In 5 minutes</p></main>"}
    )
    assert "minutes 0" not in script and "In 5 minutes" in script


def test_the_reference_can_be_left_and_its_signs_say_where_they_lead() -> None:
    made = reference.tended(
        '<head></head><nav class="pdoc"><label></label><div></div></nav><h6 id="a">Returns</h6>'
        '<a class="headerlink" href="#Cluster"></a><p>At a prompt::</p>',
        "../",
    )
    assert '<div><a class="start" href="../index.html">' in made and "<style>" in made
    assert '<h2 class="part" id="a">Returns</h2>' in made and "prompt:</p>" in made
    assert 'aria-label="Link to Cluster"' in made


def test_a_name_that_the_reference_does_not_show_is_no_link(tmp_path: Path) -> None:
    html = '<p id="a.b"><a href="#a.b">b</a> <a href="#a.gone">gone</a> <a href="other.html#x">x</a></p>'
    made = reference.tended(f"<head></head>{html}", "../")
    assert '<a href="#a.b">b</a> gone <a' in made
    (tmp_path / "api").mkdir()
    (tmp_path / "api/page.html").write_text(html)
    (tmp_path / "api/other.html").write_text("")
    dead = ("#a.gone", "other.html#x")
    assert reference.dead_links(tmp_path) == [f"api/page.html: {link} leads nowhere" for link in dead]


def cell_with(source: str, printed: str = "", **metadata: Any) -> Any:
    outputs = [new_output("stream", text=printed)] if printed else []
    return new_code_cell(source, outputs=outputs, metadata=metadata)


def test_what_a_cell_prints_is_folded_until_its_question_is_checked() -> None:
    graded = {"grade": True, "grade_id": "x", "locked": False, "points": 1, "schema_version": 3, "solution": True}
    solution = 'share = ...\n### BEGIN SOLUTION\nshare = "5/3"\n### END SOLUTION'
    cells = [
        cell_with('ask("np-ping")'), cell_with("first()", "printed before"), cell_with('check("np-ping")', "the card"),
        cell_with("second()", "  printed after"), cell_with("progress()", "11 of 11 right"),
        cell_with(solution, nbgrader={**graded, "task": False}), cell_with(f"{pages.RESERVED}, leave it as it is."),
    ]  # fmt: skip
    html = pages.body(new_notebook(cells=cells))
    fold = re.search(r'<details class="kx-curtain" data-kx-ids="np-ping">.*?</details>', html, re.DOTALL)
    assert fold and "printed before" in fold[0] and "the card" not in fold[0]
    assert html.count("kx-curtain") == 1 and '<span class="line" style="--blanks: 2">  printed after' in html
    assert "11 of 11" not in html, "the progress of whoever ran the solution is not the reader's"
    answer = re.search(r"The answer</summary>(.*?)</details>", html, re.DOTALL)
    assert answer and "5/3" in answer[1] and "..." not in re.sub("<[^>]*>", "", answer[1])
    assert pages.RESERVED not in html


def test_a_page_with_scripts_loads_only_its_own() -> None:
    rendered = pages.render(lives={part.stem: Live() for part in pages.course.parts()})
    assert pages.problems(rendered) == []
    assert '<script defer src="assets/04_extra_hop.js">' in rendered["04_extra_hop.html"]
    index = index_script(rendered)
    assert "05_local.html#" in index
