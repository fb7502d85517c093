"""The visualizer's script in a real Chromium, with the real widget behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import k8sexpose as kx
from tests.browser import run_lessons
from tests.browser.flow_page import at_step, goes_on, page_with, served, state
from tests.widgets.flow.helpers import HOSTILE, flow_cluster, hostile_cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture
def shown(chromium: Browser) -> Iterator[tuple[Page, Any]]:
    """A page and its widget; still, so that no test waits for a movement."""
    flow = kx.flow(flow_cluster([2, 1, 0]), "flow-32000")
    page = page_with(chromium, flow, reduced_motion="reduce")
    yield page, flow
    assert page.evaluate("raised") == []
    page.close()


def said(page: Page) -> str:
    return page.locator(".kx-live").inner_text()


def columns(page: Page) -> list[str]:
    """What is said of the packet's addresses at the place of this step."""
    return page.get_by_role("table", name="The packet").get_by_role("columnheader").all_inner_texts()


def press(page: Page, name: str, key: str = "Enter") -> None:
    page.get_by_role("button", name=name, exact=True).press(key)


def test_steps_by_keyboard(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    total = len(flow.scene["steps"])
    assert said(page).startswith(f"Step 1 of {total} · client")
    for number in range(2, total + 1):
        press(page, "Step ▶")
        page.wait_for_function(at_step(number))
    assert page.locator("[data-end]:not([data-answer]):visible").count() == 1
    assert page.locator("[data-answer]:visible").count() == 1, "the way of the answer"
    assert page.evaluate("document.activeElement.textContent") == "Step ▶", "the focus stays at the last step"
    assert page.evaluate("saved.at(-1).step") == total
    press(page, "◀ Back")
    assert said(page).startswith(f"Step {total - 1} of")
    assert "SNAT" in page.locator(".kx-slip").inner_text() and page.locator(".kx-slip .kx-changed").count() == 2
    assert columns(page) == ["arrives with", "leaves with"]
    page.locator(".kx-trail button").first.press("Enter")
    assert said(page).startswith("Step 1 of") and columns(page) == ["sent with"]
    page.evaluate("number => model.set('step', number)", total)
    assert columns(page) == ["arrives with"], "it stays where it has arrived"


def test_later_legs_are_hidden(shown: tuple[Page, Any]) -> None:
    page, _ = shown
    assert page.locator("[data-leg]:visible").count() == 1 and page.locator("[data-end]:visible").count() == 0
    assert page.locator(".kx-hint").inner_text().startswith("How to read this. Circled numbers are the steps")


def test_a_node_and_a_pod_by_keyboard(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    assert page.locator(".kx-drawing [tabindex='0']").count() == 1, "one stop for Tab, arrows inside"
    page.locator(".kx-drawing [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert served(page, flow) == [{"do": "node", "name": "node-2"}] and flow.cluster.is_down("node-2")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert "node-2" in page.evaluate(focused) and "recovers" in page.evaluate(focused), "the focus stays"
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    assert served(page, flow) == [{"do": "pod", "name": "default/api-backend-3"}]
    assert not flow.cluster.pod("api-backend-3").ready
    page.keyboard.press("ArrowUp")
    assert "node-2" in page.evaluate(focused)
    page.keyboard.press("Home")
    assert "node-1" in page.evaluate(focused)


def test_a_click_with_the_mouse(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    page.locator("[data-key='node:node-3'] > rect").first.click(position={"x": 60, "y": 8})
    page.locator("[data-key='pod:default/api-backend-1']").click()
    assert [asked["do"] for asked in served(page, flow)] == ["node", "pod"]
    assert flow.cluster.is_down("node-3") and not flow.cluster.pod("api-backend-1").ready


def test_the_policy_switch(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    press(page, "Local")
    served(page, flow)
    assert flow.cluster.service("flow-32000").external_traffic_policy == "Local"
    pressed = page.get_by_role("group", name="externalTrafficPolicy").locator("[aria-pressed='true']")
    assert pressed.inner_text() == "Local"
    assert page.evaluate("document.activeElement.textContent") == "Local"


def test_after_a_change_it_plays_and_offers_a_hundred(chromium: Browser) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    page = page_with(chromium, flow, stopped=True)
    page.get_by_role("combobox", name="Speed").select_option("4")
    assert said(page).startswith("Step 1 of")
    press(page, "Local")
    served(page, flow)
    goes_on(page, at_step(len(flow.scene["steps"])))
    goes_on(page, "document.querySelector('button.kx-offer')?.textContent === 'Send 100'")
    press(page, "Send 100")
    served(page, flow)
    goes_on(page, "!document.querySelector('.kx-offer')")
    page.close()


def test_lost_packets_are_marked_and_the_clock_runs(chromium: Browser) -> None:
    cluster = flow_cluster()
    cluster.advance(60)
    flow = kx.flow(cluster, "198.51.100.241:80")
    page = page_with(chromium, flow, reduced_motion="reduce")
    page.locator("[data-key='node:node-1']").press("Enter")
    served(page, flow)
    said_of_it = (
        "Before, no connection was lost; now 7/9 of all connections are lost. The packet shows one that is lost."
    )
    assert page.locator(".kx-news").inner_text() == said_of_it
    assert flow.scene["outcome"] == "timeout", "a lost connection is played, since now some are lost"
    press(page, "+10 s")
    assert served(page, flow)[0]["seconds"] == 10
    assert page.locator(".kx-news").inner_text() == "Nothing changed in these 10 seconds."
    press(page, "Send 100")
    served(page, flow)
    page.wait_for_function("document.querySelector('.kx-shares caption').textContent.startsWith('100 sent')")
    marks = page.locator(".kx-grave").all_inner_texts()
    lost = sum(int(mark.split()[1]) for mark in marks)
    row = page.locator(".kx-shares tbody tr", has_text="lost").inner_text()
    assert lost == int(row.split("\t")[1]) > 0 and all(mark.endswith("in silence") for mark in marks)
    # A narrower page moves the nodes: the marks lie on them again.
    where = "[...document.querySelectorAll('.kx-grave')].map(mark => mark.style.transform)"
    before = page.evaluate(where)
    page.set_viewport_size({"width": 480, "height": 900})
    page.wait_for_function("saved.some(one => one.width < 500)")
    flow.width = page.evaluate("model.get('width')")
    served(page, flow)
    page.evaluate("scene => model.set('scene', scene)", state(flow)["scene"])
    drawn = page.locator(".kx-flow svg").first.bounding_box()
    boxes = [mark.bounding_box() for mark in page.locator(".kx-grave").all()]
    assert page.evaluate(where) != before and drawn
    assert all(box and drawn["x"] - 40 <= box["x"] <= drawn["x"] + drawn["width"] for box in boxes)
    # On a slow machine the play may have ended by itself.
    page.evaluate("[...document.querySelectorAll('button')].find(one => one.textContent === '❚❚ Pause')?.click()")
    press(page, "▶ Run clock")
    page.wait_for_function("sent.length > 0")
    assert served(page, flow)[0] == {"do": "advance", "seconds": 2, "quietly": True} and cluster.now_s >= 72
    assert page.locator(".kx-news").inner_text().startswith("The clock runs: 2 seconds pass")
    while page.get_by_role("button", name="❚❚ Pause clock").count():  # until the check notices, at t = 80 s
        page.wait_for_function("sent.length > 0")
        served(page, flow)
    noticed = page.locator(".kx-news").inner_text()
    assert noticed.startswith("The clock has stopped, because something changed. node-1 is now unhealthy")
    assert "sick" not in str(flow.scene["picture"]) and cluster.now_s == 80, "a crashed node looks crashed"
    page.close()


def test_the_rule_that_decided_is_folded_out(shown: tuple[Page, Any]) -> None:
    page, _ = shown
    for number in (2, 3):
        press(page, "Step ▶")
        page.wait_for_function(at_step(number))
    page.locator(".kx-rules summary").click()
    assert "DNAT" in page.locator(".kx-rules .kx-decides").inner_text()


def test_only_the_controls_that_are_asked_for(chromium: Browser) -> None:
    page = page_with(chromium, kx.flow(flow_cluster(), "flow-32000", controls=["play"]), reduced_motion="reduce")
    names = [name.strip() for name in page.locator(".kx-flow button:visible").all_inner_texts()]
    assert names == ["▶ Play", "◀ Back", "Step ▶", "↺ Replay", "client"]
    assert page.locator("[data-act]").count() == 0 and "Click" not in page.locator(".kx-hint").inner_text()
    page.close()


# Two boxes that share more than a few pixels, where one is text: [what, text, ...] for each pair.
OVERLAPS = """() => {
  const box = n => { const r = n.getBoundingClientRect(); return [r.left, r.top + 2, r.right, r.bottom - 2]; };
  const shared = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
    * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const drawn = n => n.getClientRects().length && !n.closest('.kx-later');
  const texts = [...document.querySelectorAll('.kx-drawing > svg:first-of-type text')].filter(drawn);
  const marks = [...document.querySelectorAll('.kx-badge, .kx-chip')].filter(drawn);
  const packet = document.querySelector('.kx-packet');
  return [
    ...texts.filter(t => shared(box(t), box(packet)) > 8).map(t => ['packet', t.textContent]),
    ...texts.flatMap((t, k) => texts.slice(k + 1).filter(u => shared(box(t), box(u)) > 8).map(u => [u.textContent, t.textContent])),
    ...marks.flatMap(m => texts.filter(t => !m.parentNode.contains(t) && shared(box(t), box(m)) > 12)
      .map(t => [m.getAttribute('class'), t.textContent])),
  ];
}"""
CROWDED = [
    ([3, 1, 0], "flow-32000", None, 1000),
    ([3, 1, 0], "flow-32000", None, 390),
    ([2, 1, 0], "10.96.217.45:80", "pod/api-backend-1", 1000),
    ([3, 2, 1] * 4, "flow-32000", None, 390),
    ([3] * 30, "flow-32000", None, 1000),
]


@pytest.mark.parametrize(("per_node", "target", "client", "width"), CROWDED, ids=range(len(CROWDED)))
def test_neither_packet_nor_mark_hides_words(
    chromium: Browser, per_node: list[int], target: str, client: str | None, width: int
) -> None:
    flow = kx.flow(flow_cluster(per_node), target, client)
    flow.width = width - 20
    page = page_with(chromium, flow, width, reduced_motion="reduce")
    found = []
    for number in range(1, len(flow.scene["steps"]) + 1):
        found += [(number, *pair) for pair in page.evaluate(OVERLAPS)]
        press(page, "Step ▶")
        page.wait_for_timeout(50)
    assert found == []
    page.close()


def test_no_text_is_small(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    for _ in flow.scene["steps"]:
        small = page.evaluate(
            """() => [...document.querySelectorAll('.kx-flow *')].filter(n => [...n.childNodes].some(c => c.nodeType === 3
                && c.textContent.trim()) && parseFloat(getComputedStyle(n).fontSize) < 12).map(n => n.outerHTML.slice(0, 90))"""
        )
        assert small == []
        press(page, "Step ▶")
        page.wait_for_timeout(50)


def test_a_hundred_fill_the_shares(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    press(page, "Send 100")
    served(page, flow)
    page.wait_for_function("document.querySelector('.kx-shares caption').textContent.startsWith('100 sent')")
    rows = page.locator(".kx-shares tbody tr").all_inner_texts()
    numbers = [int(row.split("\t")[1]) for row in rows]
    assert sum(numbers[:-1]) == 100 and rows[0].startswith("api-backend-1") and "1/3 = 33.3%" in rows[0]
    assert page.evaluate("document.querySelector('rect[data-bar]').getAttribute('width')") != "0"


def test_a_hundred_fly_and_all_arrive(chromium: Browser) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    page = page_with(chromium, flow, stopped=True)
    press(page, "Send 100")
    served(page, flow)
    page.wait_for_selector(".kx-dot", state="attached")
    goes_on(page, "document.querySelector('.kx-shares caption').textContent.startsWith('100 sent')")
    goes_on(page, "!document.querySelector('.kx-dot')")
    page.close()


def test_play_and_pause(chromium: Browser) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    page = page_with(chromium, flow, stopped=True)
    page.get_by_role("combobox", name="Speed").select_option("4")
    press(page, "▶ Play")
    assert page.get_by_role("button", name="❚❚ Pause").count() == 1
    goes_on(page, at_step(len(flow.scene["steps"])))
    goes_on(page, "[...document.querySelectorAll('button')].some(one => one.textContent === '▶ Play')")
    press(page, "↺ Replay")
    goes_on(page, at_step(2))
    press(page, "❚❚ Pause")
    paused = said(page)
    page.clock.run_for(60_000)
    assert said(page) == paused
    page.close()


LOOK = """() => [document.querySelector('.kx-live').textContent,
    [...document.querySelectorAll('[data-end]')].filter(end => getComputedStyle(end).display !== 'none').length,
    document.querySelector('[data-leg].kx-current').dataset.leg]"""


def test_a_step_is_shown_as_long_as_it_takes_to_read(chromium: Browser) -> None:
    flow = kx.flow(flow_cluster([1, 0, 0]), "flow-32000", via="node-2")
    page = page_with(chromium, flow, stopped=True)
    press(page, "▶ Play")
    shown: dict[str, int] = {}
    for _ in range(20_000):
        # All in one look: the movement does not wait for this test, and while it lasts no time is counted.
        told, ends, leg = page.evaluate(LOOK)
        now = told.partition(" of")[0]
        if now == f"Step {leg}":
            shown[now] = shown.get(now, 0) + 100
        if now == "Step 4":
            break
        assert not ends and "answers" not in told, "no end before the packet is there"
        page.clock.run_for(100)
    words = {f"Step {k}": len(step["text"].split()) for k, step in enumerate(flow.scene["steps"], 1)}
    # At 250 words a minute each word takes 240 ms; a quick reader has read a step before the next one begins.
    assert all(shown[step] >= 240 * words[step] for step in ("Step 1", "Step 2", "Step 3"))
    assert words["Step 3"] > 25 and shown["Step 3"] > shown["Step 1"] + 4000
    assert page.evaluate(LOOK)[1] == 2, "how it ends, and the way of the answer"
    page.close()


def test_the_clock_does_not_wait_for_a_packet(chromium: Browser) -> None:
    cluster = flow_cluster()
    flow = kx.flow(cluster, "flow-32000")
    page = page_with(chromium, flow, stopped=True)
    press(page, "▶ Play")
    page.clock.run_for(500)
    press(page, "▶ Run clock")
    assert page.get_by_role("button", name="▶ Play").count() == 1, "the packet rests"
    goes_on(page, "sent.length > 0")
    served(page, flow)
    assert cluster.now_s == 2
    page.close()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (650, 450)])
def test_what_plays_is_in_the_window(chromium: Browser, width: int, height: int) -> None:
    cluster = flow_cluster([1, 0, 0])
    flow = kx.flow(cluster, "flow-32000", via="node-2")
    flow.width = width - 20
    page = page_with(chromium, flow, width=width, reduced_motion="reduce", stopped=True)
    page.set_viewport_size({"width": width, "height": height})
    page.get_by_role("combobox", name="Speed").select_option("4")
    press(page, "▶ Play")
    for number in (2, 3, 4):
        goes_on(page, at_step(number))
        head = page.locator(".kx-top").bounding_box()
        for place in (page.locator(".kx-packet"), page.locator(".kx-live"), page.get_by_text("t = 0 s")):
            box = place.bounding_box()
            assert box and head and box["y"] >= 0 and box["y"] + box["height"] <= height, number
        packet = page.locator(".kx-packet").bounding_box()
        assert packet and packet["y"] >= head["y"] + head["height"] - 12, "not under what stays in sight"
    # Who clicks a Pod looks at its node: nothing is moved away, though a connection plays.
    page.locator("[data-act=pod]").press("Enter")
    before = page.evaluate("scrollY")
    served(page, flow)
    goes_on(page, at_step(2))
    assert abs(page.evaluate("scrollY") - before) < 20 and page.get_by_text("t = 0 s").is_visible()
    page.close()


def test_one_request_plays_by_itself(chromium: Browser) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    page = page_with(chromium, flow, stopped=True)
    press(page, "Send one")
    served(page, flow)
    goes_on(page, at_step(2))
    assert page.locator(".kx-shares caption").inner_text().startswith("1 sent")
    page.close()


def test_python_sets_the_step(shown: tuple[Page, Any]) -> None:
    page, _ = shown
    page.evaluate("model.set('step', 3)")
    assert said(page).startswith("Step 3 of")


def test_a_failing_callback_is_one_message(shown: tuple[Page, Any]) -> None:
    page, flow = shown
    flow.cluster.delete("flow-32000")
    press(page, "Send one")
    served(page, flow)
    assert "no Service 'flow-32000'" in page.get_by_role("alert").inner_text()
    flow.cluster.apply(kx.example("flow-32000"))
    press(page, "Send one")
    served(page, flow)
    assert page.get_by_role("alert").count() == 0


def test_a_dead_kernel_is_told(chromium: Browser) -> None:
    page = page_with(chromium, kx.flow(flow_cluster(), "flow-32000"), stopped=True)
    press(page, "Send one")
    page.clock.run_for(5900)
    assert not page.get_by_role("alert").count(), "a kernel may be slow"
    page.clock.run_for(200)
    assert "kernel" in page.get_by_role("alert").inner_text()
    page.close()


def test_hostile_text_is_text(chromium: Browser) -> None:
    flow = kx.flow(hostile_cluster(), "10.0.0.1:32000")
    page = page_with(chromium, flow)
    for number in range(2, len(flow.scene["steps"]) + 1):
        press(page, "Step ▶")
        page.wait_for_function(at_step(number))
    assert page.locator("#here script").count() == page.locator("#here [onload]").count() == 0
    assert "<script>" in page.locator(".kx-flow").inner_text()
    assert page.evaluate("raised") == []
    assert HOSTILE[:8] in page.locator("[data-act]").first.get_attribute("aria-label")
    page.close()


def test_only_drawings_are_built(shown: tuple[Page, Any]) -> None:
    page, _ = shown
    refused = page.evaluate("() => { try { build(['script', '', {}, 'x']); } catch (e) { return e.message; } }")
    assert "script" in refused


@pytest.mark.parametrize("width", [390, 600, 760, 1200])
def test_it_fits(chromium: Browser, width: int) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    page = page_with(chromium, flow, width=width)
    page.wait_for_function("width => Math.abs(saved.at(-1)?.width - width) < 40", arg=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_every_control_has_a_name_and_keeps_its_keys(shown: tuple[Page, Any]) -> None:
    page, _ = shown
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.kx-flow :is(button, select, [role=button], [tabindex="0"])')]
            .filter(n => !(n.getAttribute('aria-label') || n.textContent.trim() || n.closest('label'))
                || n.dataset.lmSuppressShortcuts !== 'true').map(n => n.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


@pytest.mark.parametrize("target", ["flow-32000", "10.0.0.3:30999"])
def test_axe_finds_nothing(chromium: Browser, target: str) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    page = page_with(chromium, kx.flow(flow_cluster(), target), reduced_motion="reduce")
    page.evaluate((Path(str(axe.__file__)).parent / "axe.min.js").read_text(encoding="utf-8"))
    violations = page.evaluate("async () => (await axe.run('.kx-flow')).violations.map(v => [v.id, v.impact, v.help])")
    assert violations == []
    page.close()


def test_a_view_that_goes_leaves_nothing(shown: tuple[Page, Any]) -> None:
    page, _ = shown
    assert page.evaluate("listening()") > 0
    page.evaluate("() => { cleanup(); document.querySelector('#here').replaceChildren(); }")
    assert page.evaluate("listening()") == 0
    page.evaluate("model.set('step', 2)")


def test_sixty_nodes_answer(chromium: Browser) -> None:
    flow = kx.flow(flow_cluster([10] * 60), "flow-32000")
    page = page_with(chromium, flow, width=1000, reduced_motion="reduce")
    folds = page.locator("[data-act='fold']")
    assert folds.count() == 3 and page.locator("[data-act='node']").count() <= 12
    folds.first.press("Enter")
    served(page, flow)
    assert folds.count() == 2 and page.locator("[data-act='node']").count() >= 20
    page.locator("[data-key='node:node-7']").press("Enter")
    served(page, flow)
    assert "crashed" in page.locator("[data-key='node:node-7']").get_attribute("aria-label")
    page.close()


def test_a_bar_fills_while_the_words_of_a_step_are_read(chromium: Browser) -> None:
    page = page_with(chromium, kx.flow(flow_cluster(), "flow-32000"), stopped=True)
    bar = page.locator(".kx-left")
    assert bar.is_hidden()
    press(page, "▶ Play")
    assert bar.is_visible() and page.evaluate("document.querySelector('.kx-left span').getAnimations().length") == 1
    press(page, "❚❚ Pause")
    assert bar.is_hidden()
    page.close()
