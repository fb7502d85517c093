"""The site without a kernel, tried in a browser on one page that has a widget of each kind.

`tests/deep/test_site_pages.py` tries every widget of every page of the course.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import k8sexpose as kx
from k8sexpose.lessons.ask import Ask, ask, check
from k8sexpose.lessons.forms import UNITS, Unreadable, quantity, shown
from k8sexpose.lessons.skew_and_latency.queues import queues
from tests.browser import run_lessons
from tests.browser.site_page import (
    READY,
    Lesson,
    answer,
    explorers_agree,
    faults,
    flows_agree,
    opened,
    questions_agree,
    queues_agree,
    reveal,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import pages  # noqa: E402
from website import build  # noqa: E402
from website.recorder import Checked, Shown  # noqa: E402

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]

ASKED = ("np-ping", "np-number", "np-one-each", "lb-five-nodes")  # one, several, a number, two blanks
PAIR = ("np-selector", "np-firewall")  # asked one after the other, then checked


def cell(widget: Any, checked: tuple[Checked, ...] = (), source: str = "...") -> tuple[NotebookNode, Shown]:
    """A cell that showed a widget or a card, as a solution keeps it."""
    bundle = widget._repr_mimebundle_()
    page = (bundle if isinstance(bundle, dict) else bundle[0])["text/html"]
    data = {"text/html": page, "text/plain": repr(widget)}
    made = new_code_cell(source, outputs=[new_output("display_data", data=data)])
    return made, Shown([] if checked else [widget], list(checked))


def sample() -> tuple[NotebookNode, list[Shown]]:
    """A lesson with a widget of each kind, each small."""
    cluster = kx.Cluster(nodes=2)
    cluster.deploy("api-backend", per_node=[1, 1])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    cells = [(new_markdown_cell("# A sample\n\nText."), Shown())]
    for id in ASKED:
        question, card = ask(id), check(id)
        assert isinstance(question, Ask)
        cells += [cell(question, source=f'ask("{id}")'), cell(card, (Checked(id, None),), f'check("{id}")')]
        if id == ASKED[0]:  # what a cell prints waits for the answer, and so does the explanation
            cells.insert(-1, (new_code_cell("1", outputs=[new_output("stream", text="printed")]), Shown()))
            cells.insert(-1, (new_markdown_cell("<details><summary>Why</summary>\n\nBecause.\n\n</details>"), Shown()))
    cells.append((new_markdown_cell("## Targets that are healthy\n\nMore text."), Shown()))
    cells += [cell(ask(id), source=f'ask("{id}")') for id in PAIR]
    cells += [cell(check(id), (Checked(id, None),), f'check("{id}")') for id in PAIR]
    counted = [new_output("stream", text="4 of 4 right")]
    cells.append((new_code_cell("progress()", outputs=counted), Shown()))
    cells += [
        cell(kx.failover_explorer()),
        cell(kx.latency_explorer(controls=["utilisation"])),
        cell(queues(30)),
        cell(kx.flow(cluster.copy(), "public-api-lb", controls=["play", "clock", "nodes", "shares"])),
        cell(kx.flow(cluster.copy(), "public-api-lb", controls=["play", "send", "policy", "path", "pods", "shares"])),
    ]
    return new_notebook(cells=[made for made, _ in cells]), [shown for _, shown in cells]


class Site:
    """The sample's page in a browser."""

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        nb, found = sample()
        self.context, self.path, self.problems = context, folder / "sample.html", list[str]()
        self.lesson = Lesson(found, build.live_of(nb, found))
        names = pages.titles() | {"sample": "A sample"}
        html = pages.page("sample", names, pages.body(nb, self.lesson.live), live=True, data=True)
        build.put(folder, {"sample.html": html}, {"sample": self.lesson.live})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with run_lessons.browser() as context:
        made = Site(context, tmp_path_factory.mktemp("site"))
        yield made
        assert made.problems == []


def fresh(page: Page) -> None:
    """Open a page as one who has answered nothing."""
    page.evaluate("localStorage.clear()")
    page.reload()
    page.wait_for_function(READY)


def test_a_page_agrees_with_the_package(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        reveal(page)
        assert site.lesson.live.left_out == []
        explorers_agree(page, site.lesson)
        queues_agree(page, site.lesson)
        flows_agree(page, site.lesson, waits=(10, 60))
        questions_agree(page, site.lesson, most=2)
        page.set_viewport_size({"width": 390, "height": 900})
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert faults(page) == []


def test_a_line_shows_the_moment_of_the_dots_and_what_is_too_wide_says_so(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        reveal(page)
        queue = page.locator(".kx-is-queues")
        where = "line => line.getBoundingClientRect().x"
        before = queue.locator(".kx-queue-cursor").evaluate(where)
        queue.get_by_role("button", name="Step").click()
        assert queue.locator(".kx-queue-cursor").evaluate(where) > before
        hint, tall = page.locator(".kx-is-explorer").nth(0).locator(".kx-hint"), "hint => hint.offsetHeight"
        assert hint.evaluate(tall) == 0, "it fits"
        page.set_viewport_size({"width": 390, "height": 900})
        assert hint.evaluate(tall) > 12


def test_every_widget_obeys_the_keyboard_and_an_answer_stays(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        fresh(page)
        latency = page.locator(".kx-is-explorer").nth(1)
        queue = latency.get_by_role("img", name="Queues before the Pods")
        before = latency.get_attribute("data-at"), queue.get_attribute("aria-label")
        latency.get_by_role("slider").focus()
        page.keyboard.press("End")
        page.wait_for_function(f"document.querySelectorAll('.kx-is-explorer')[1].dataset.at !== '{before[0]}'")
        assert queue.get_attribute("aria-label") != before[1], "the busier, the longer the queues"
        latency.get_by_role("button", name="Step").focus()
        page.keyboard.press("Enter")
        failover = page.locator(".kx-is-explorer").nth(0)
        where = failover.get_attribute("data-at")
        failover.get_by_role("combobox").first.focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_function(f"document.querySelector('.kx-is-explorer').dataset.at !== '{where}'")
        node = page.locator(".kx-is-flow [data-act]").first
        node.focus()
        page.keyboard.press("Enter")
        assert "crashed" in str(node.get_attribute("aria-label"))
        assert page.locator(".kx-curtain").count() == 1, "what a cell prints waits for an answer"
        assert not page.get_by_text("Because.").is_visible()
        question = page.locator(".kx-is-question").first
        question.locator("input").first.focus()
        page.keyboard.press("Space")
        question.get_by_role("button", name="Keep my answer").focus()
        page.keyboard.press("Enter")
        page.wait_for_function("!document.querySelector('.kx-curtain')")
        assert page.get_by_text("Because.").is_visible()
        progress = page.locator(".kx-is-progress")
        assert "1 of " in progress.inner_text() and "4 of 4" not in progress.inner_text()
        page.reload()
        page.wait_for_function(READY)
        assert question.get_by_role("button", name="Change").is_visible()


TYPED = (
    "25", "25 %", "1/4", "0.25", "1", "100%", "about 33.3", "33,3", "≈ 12.5 percent", "1,200", "3 of it", "", "x", "-3",
    "2/3", "1/3 %", "1e2", "0", "66.", ".5", "12 ms",
    "1.400", "684.375", "999.999", "1.400,5", "1.400.000", "0,333", "83,333", "33,3333", "0.356",
)  # fmt: skip
WRITTEN = (
    0.0, 0.25, 12.5, 33.333333, 1234.0, 12345.6, 0.00001234, 1e9, 99999.9, 356.25, 1368.75, 260062.5, 9999.95, 1e16,
)  # fmt: skip


def test_numbers_are_read_and_written_as_python_does(site: Site) -> None:
    def read(text: str, unit: str) -> float | None:
        try:
            return quantity(text, unit)
        except Unreadable:
            return None

    given = [(text, unit, UNITS[unit]) for unit in ("%", "ms", "USD", "") for text in TYPED]
    with opened(site.context, site.path, site.problems) as page:
        here = page.evaluate("all => all.map(one => kx.numberOf(...one))", given)
        assert here == [pytest.approx(read(text, unit)) for text, unit, _ in given]
        assert page.evaluate("all => all.map(kx.shown)", WRITTEN) == [shown(value) for value in WRITTEN]


def test_the_search_finds_a_section(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        page.get_by_role("searchbox").fill("targets healthy")
        page.locator(".kx-search li a").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/sample.html#Targets-that-are-healthy")


def test_a_check_waits_for_both_answers_of_a_pair(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        fresh(page)
        first, second = (page.locator(f"#ask-{id}") for id in PAIR)
        card = page.locator(f"#check-{PAIR[0]}")
        answer(first, 0)
        card.locator(f"a[href='#ask-{PAIR[1]}']").wait_for()
        assert "Why:" not in card.inner_text(), "it may answer the other question"
        answer(second, 0)
        card.get_by_text("Why:").wait_for()


def test_answers_are_forgotten_when_the_reader_says_so_twice(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        fresh(page)
        question, forget = page.locator(".kx-is-question").first, page.get_by_role("button", name="Forget my answers")
        answer(question, 0)
        question.get_by_text("Kept: ").wait_for()
        page.once("dialog", lambda asked: asked.dismiss())
        forget.click()
        assert page.locator(".kx-is-progress table").count(), "the question was answered with no"
        page.once("dialog", lambda asked: asked.accept())
        with page.expect_navigation():
            forget.click()
        page.wait_for_function(READY)
        assert question.get_by_role("button", name="Keep my answer").is_visible()
        assert not question.locator("input:checked").count()
        assert "No answers yet" in page.locator(".kx-is-progress").inner_text()


def test_an_answer_that_cannot_be_read_leaves_the_form_open_and_the_old_one_kept(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        fresh(page)
        question = page.locator("#ask-np-one-each")
        answer(question, ["3"])
        kept = question.get_by_text("Kept: ").inner_text()
        answer(question, ["x"])
        question.get_by_text('I could not read "x". Please give').wait_for()
        assert kept in question.inner_text(), "the other answer counts"
        assert question.get_by_role("button", name="Keep my answer").is_visible()
        assert question.locator("input").is_enabled()


WIDE = "[...document.querySelectorAll('main .scroll')].find(node => node.scrollWidth > node.clientWidth + 100)"
MORE = "node => ['left', 'right'].filter(side => node.classList.contains(`kx-more-${side}`))"


def test_what_scrolls_fades_on_the_side_where_there_is_more(site: Site) -> None:
    with opened(site.context, site.path, site.problems, width=390) as page:
        region = page.evaluate_handle(WIDE).as_element()
        assert region is not None and region.evaluate(MORE) == ["right"]
        assert "gradient" in region.evaluate("node => getComputedStyle(node).maskImage")
        for left, sides in ((50, ["left", "right"]), (9999, ["left"])):
            region.evaluate("(node, left) => { node.scrollLeft = left; }", left)
            page.wait_for_function(f"([node, sides]) => String(({MORE})(node)) === String(sides)", arg=[region, sides])
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_function(f"node => !({MORE})(node).length", arg=region)
        assert region.evaluate("node => getComputedStyle(node).maskImage") == "none"


def test_what_comes_long_after_a_crash_is_left_to_the_notebook(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        flow = page.locator(".kx-is-flow").first
        said, later = flow.get_by_role("alert"), flow.get_by_role("button", name="+60 s")
        flow.locator("[data-act=node]").first.dispatch_event("click")
        for _ in range(2):  # the node is given up after 50 seconds: until 120, the page knows the cluster
            later.click()
            assert not said.is_visible()
        later.click()
        assert "follows the cluster until 70 s after its last change" in said.inner_text()
        # After five minutes the Pods leave the node: the page has not computed it, and shows what it knew.
        before = flow.locator("svg [data-act]").all_inner_texts()
        for _ in range(4):
            later.click()
        assert flow.locator("svg [data-act]").all_inner_texts() == before and said.is_visible()


def test_on_a_phone_the_card_of_a_packet_stays_in_sight(site: Site) -> None:
    with opened(site.context, site.path, site.problems, width=390) as page:
        flow = page.locator(".kx-is-flow").first
        card = flow.locator(".kx-card")
        flow.evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY + 250)")
        for place in (card, flow.get_by_role("button", name="Step")):
            box = place.bounding_box()
            assert box is not None and 0 <= box["y"] < 100
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_function("node => node.parentElement.matches('.kx-stage')", arg=card.element_handle())


def test_on_paper_a_check_that_waits_says_what_is_right(site: Site) -> None:
    with opened(site.context, site.path, site.problems) as page:
        fresh(page)
        check, flow = page.locator(".kx-is-check").first, page.locator(".kx-is-flow").first
        assert check.locator("a[href='#ask-np-ping']").is_visible() and flow.get_by_role("button").count()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert check.locator("details").is_visible() and not flow.get_by_role("button").count()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not check.locator("details").count() and flow.get_by_role("button").count()


def test_without_scripts_the_page_is_whole(site: Site) -> None:
    assert site.context.browser is not None
    context = site.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.path.as_uri())
    assert page.locator(".kx-is-question").first.inner_text().strip()
    assert page.locator(".kx-is-explorer img[alt]").count() and page.locator(".kx-is-explorer table").count()
    why = page.locator(".kx-is-check").first.get_by_text("Answer first")
    assert not why.is_visible(), "the answer is folded"
    page.emulate_media(media="print")
    assert why.is_visible(), "on paper it is not"
    context.close()
